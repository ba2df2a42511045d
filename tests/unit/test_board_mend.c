/* SPDX-License-Identifier: MIT */
/* Each test runs over LittleFS 2, LittleFS 1 and FAT (quirkyboard), and first proves that the board below answers wrongly. */
#include "board/board_mend.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "board/board_cache.h"
#include "tests/unit/ask.h"
#include "tests/unit/boardfile.h"
#include "tests/unit/quirkyboard.h"

enum { LFS2 = QUIRKYBOARD_LFS2, LFS1 = QUIRKYBOARD_LFS1, FAT = QUIRKYBOARD_FAT, KINDS = QUIRKYBOARD_KINDS };

static struct {
	struct board *mend, *quirky, *fake;
	enum quirkyboard_kind kind;
} test;

static bool cached; /* whether a cache is to be between, as in a mount */

static void open_kind(enum quirkyboard_kind kind)
{
	test.kind = kind;
	assert_int_equal(quirkyboard_open(&test.quirky, kind), 0);
	test.mend = test.quirky;
	if (cached)
		assert_int_equal(board_cache_open(&test.mend, test.mend, 10000000, NULL), 0);
	assert_int_equal(board_mend_open(&test.mend, test.mend, NULL, NULL), 0);
	test.fake = quirkyboard_below(test.quirky);
}

static void make_dir(const char *path)
{
	assert_int_equal(board_mkdir(test.fake, path), 0);
}

/* A tree for each test: /d is empty, /full holds f, /file is one. */
static void make_tree(enum quirkyboard_kind kind)
{
	open_kind(kind);
	make_dir("/d");
	make_dir("/full");
	boardfile_put(test.fake, "/full/f", "inside");
	boardfile_put(test.fake, "/file", "text");
}

static void end_tree(void)
{
	assert_int_equal(quirkyboard_losses(test.quirky), 0);
	board_close(test.mend);
}

/* What CALL of BOARD answers on each of LittleFS 2, LittleFS 1 and FAT, every time on a tree of its own... */
#define BELOW(call, ...)                                        \
	do {                                                    \
		static const int answers[] = {__VA_ARGS__};     \
		for (int kind = 0; kind < KINDS; kind++) {      \
			make_tree((enum quirkyboard_kind)kind); \
			struct board *board = test.quirky;      \
			assert_int_equal(call, answers[kind]);  \
			board_close(test.mend);                 \
		}                                               \
	} while (0)

/* ... and what it answers mended, whichever it is; then AFTERWARDS is done. */
#define MENDED(call, answer, afterwards)                        \
	do {                                                    \
		for (int kind = 0; kind < KINDS; kind++) {      \
			make_tree((enum quirkyboard_kind)kind); \
			struct board *board = test.mend;        \
			assert_int_equal(call, answer);         \
			afterwards;                             \
			end_tree();                             \
		}                                               \
	} while (0)

static void a_rename_onto_itself_is_nothing(void **state)
{
	(void)state;
	BELOW((board_rename(board, "/file", "/file", false), ask_stat(board, "/file")), 'f', -ENOENT, 'f');
	BELOW((board_rename(board, "/d", "/d", false), ask_stat(board, "/d")), 'd', -ENOENT, 'd');
	MENDED(board_rename(board, "/file", "/file", false), 0, boardfile_expect(test.fake, "/file", "text"));
	MENDED(board_rename(board, "/d", "/d", false), 0, assert_int_equal(ask_stat(board, "/d"), 'd'));
	MENDED(board_rename(board, "/full", "/full", false), 0, boardfile_expect(test.fake, "/full/f", "inside"));
	MENDED(board_rename(board, "/file", "/file", true), -EEXIST, (void)0);
	MENDED(board_rename(board, "/none", "/none", false), -ENOENT, (void)0);
}

static void a_directory_does_not_replace_a_file(void **state)
{
	(void)state;
	BELOW(board_rename(board, "/d", "/file", false), -ENOTDIR, -EISDIR, 0);
	MENDED(board_rename(board, "/d", "/file", false), -ENOTDIR, boardfile_expect(test.fake, "/file", "text"));
}

static void a_file_does_not_replace_a_directory(void **state)
{
	(void)state;
	MENDED(board_rename(board, "/file", "/d", false), -EISDIR, (void)0);
	MENDED(board_rename(board, "/file", "/full", false), -EISDIR, (void)0);
	MENDED(board_rename(board, "/full/f", "/full", false), -EISDIR, (void)0);
}

static void a_directory_replaces_an_empty_one(void **state)
{
	(void)state;
	BELOW(board_rename(board, "/full", "/d", false), 0, 0, -EISDIR);
	MENDED(board_rename(board, "/full", "/d", false), 0, boardfile_expect(test.fake, "/d/f", "inside"));
	MENDED((board_rename(board, "/full", "/d", false), ask_stat(board, "/full")), -ENOENT, (void)0);
	MENDED(board_rename(board, "/full", "/d", true), -EEXIST, (void)0);
}

static void a_directory_does_not_replace_a_full_one(void **state)
{
	(void)state;
	BELOW(board_rename(board, "/d", "/full", false), -ENOTEMPTY, -ENOTEMPTY, -EISDIR);
	MENDED(board_rename(board, "/d", "/full", false), -ENOTEMPTY, boardfile_expect(test.fake, "/full/f", "inside"));
	MENDED((board_rename(board, "/d", "/full", false), ask_stat(board, "/d")), 'd', (void)0);
	MENDED((make_dir("/full/sub"), board_rename(board, "/full/sub", "/full", false)), -ENOTEMPTY, (void)0);
}

static void a_directory_does_not_go_into_itself(void **state)
{
	(void)state;
	BELOW((board_rename(board, "/full", "/full/sub", false), ask_stat(board, "/full")), -ENOENT, -ENOENT, -ENOENT);
	MENDED(board_rename(board, "/full", "/full/sub", false), -EINVAL, boardfile_expect(test.fake, "/full/f", "inside"));
	MENDED((make_dir("/full/sub"), board_rename(board, "/full", "/full/sub/deep", false)), -EINVAL,
	       boardfile_expect(test.fake, "/full/f", "inside"));
	MENDED(board_rename(board, "/full", "/full/none/deep", false), -ENOENT, boardfile_expect(test.fake, "/full/f", "inside"));
	MENDED(board_rename(board, "/full", "/full2", false), 0, boardfile_expect(test.fake, "/full2/f", "inside"));
	MENDED(board_rename(board, "/file", "/file/sub", false), -ENOTDIR, (void)0);
	MENDED(board_rename(board, "/none", "/none/sub", false), -ENOENT, (void)0);
}

static void nothing_goes_under_a_file(void **state)
{
	(void)state;
	BELOW(board_rename(board, "/d", "/file/d", false), -ENOTDIR, -ENOTDIR, -ENOENT);
	BELOW(board_mkdir(board, "/file/d"), -ENOTDIR, -ENOTDIR, -ENOENT);
	BELOW(ask_replace(board, "/file/x", "x"), -ENOTDIR, -ENOTDIR, -ENOENT);
	BELOW(ask_stat(board, "/file/x"), -ENOTDIR, -ENOTDIR, -ENOENT);
	BELOW(board_remove(board, "/file/x"), -ENOTDIR, -ENOTDIR, -ENOENT);
	MENDED(board_rename(board, "/d", "/file/d", false), -ENOTDIR, (void)0);
	MENDED(board_rename(board, "/file/x", "/d/x", false), -ENOTDIR, (void)0);
	MENDED(board_mkdir(board, "/file/d"), -ENOTDIR, (void)0);
	MENDED(ask_replace(board, "/file/x", "x"), -ENOTDIR, (void)0);
	MENDED(ask_append(board, "/file/x", "x", 0), -ENOTDIR, (void)0);
	MENDED(ask_stat(board, "/file/x"), -ENOTDIR, (void)0);
	MENDED(ask_list(board, "/file/x"), -ENOTDIR, (void)0);
	MENDED(ask_read(board, "/file/x"), -ENOTDIR, (void)0);
	MENDED(board_remove(board, "/file/x"), -ENOTDIR, (void)0);
	MENDED(board_rmdir(board, "/file/x"), -ENOTDIR, (void)0);
}

static void what_is_not_there_is_missing(void **state)
{
	(void)state;
	MENDED(ask_stat(board, "/none"), -ENOENT, (void)0);
	MENDED(ask_stat(board, "/none/x"), -ENOENT, (void)0);
	MENDED(ask_list(board, "/none"), -ENOENT, (void)0);
	MENDED(ask_read(board, "/none"), -ENOENT, (void)0);
	MENDED(board_remove(board, "/none"), -ENOENT, (void)0);
	MENDED(board_rmdir(board, "/none"), -ENOENT, (void)0);
	MENDED(board_mkdir(board, "/none/x"), -ENOENT, (void)0);
	MENDED(ask_replace(board, "/none/x", "x"), -ENOENT, (void)0);
	MENDED(ask_append(board, "/none", "x", 0), -ENOENT, (void)0);
	MENDED(board_rename(board, "/none", "/x", false), -ENOENT, (void)0);
	MENDED(board_rename(board, "/file", "/none/x", false), -ENOENT, boardfile_expect(test.fake, "/file", "text"));
}

static void rmdir_takes_empty_directories_only(void **state)
{
	(void)state;
	BELOW(board_rmdir(board, "/full"), -ENOTEMPTY, -ENOTEMPTY, -EACCES);
	BELOW((board_rmdir(board, "/file"), ask_stat(board, "/file")), -ENOENT, -ENOENT, 'f');
	MENDED(board_rmdir(board, "/full"), -ENOTEMPTY, (void)0);
	MENDED(board_rmdir(board, "/file"), -ENOTDIR, boardfile_expect(test.fake, "/file", "text"));
	MENDED(board_rmdir(board, "/d"), 0, assert_int_equal(ask_stat(board, "/d"), -ENOENT));
	MENDED(board_rmdir(board, "/"), -EBUSY, (void)0);
}

static void remove_takes_files_only(void **state)
{
	(void)state;
	BELOW((board_remove(board, "/d"), ask_stat(board, "/d")), -ENOENT, -ENOENT, 'd');
	BELOW(board_remove(board, "/full"), -ENOTEMPTY, -ENOTEMPTY, -EISDIR);
	MENDED(board_remove(board, "/d"), -EISDIR, assert_int_equal(ask_stat(board, "/d"), 'd'));
	MENDED(board_remove(board, "/full"), -EISDIR, (void)0);
	MENDED(board_remove(board, "/"), -EISDIR, (void)0);
	MENDED(board_remove(board, "/file"), 0, assert_int_equal(ask_stat(board, "/file"), -ENOENT));
}

static void a_file_has_no_entries_and_a_directory_no_content(void **state)
{
	(void)state;
	BELOW(ask_list(board, "/file"), -ENOTDIR, -ENOTDIR, -ENOENT);
	BELOW(ask_read(board, "/d"), -EISDIR, -EISDIR, -ENOENT);
	BELOW(ask_replace(board, "/d", "x"), -EISDIR, -EISDIR, -EACCES);
	MENDED(ask_list(board, "/file"), -ENOTDIR, (void)0);
	MENDED(ask_list(board, "/full"), 1, (void)0);
	MENDED(ask_read(board, "/d"), -EISDIR, (void)0);
	MENDED(ask_read(board, "/file"), 4, (void)0);
	MENDED(ask_replace(board, "/d", "x"), -EISDIR, (void)0);
	MENDED(ask_append(board, "/d", "x", 0), -EISDIR, (void)0);
	MENDED(ask_replace(board, "/", "x"), -EISDIR, (void)0);
	MENDED(ask_replace(board, "/file", "new"), 0, boardfile_expect(test.fake, "/file", "new"));
	MENDED(ask_append(board, "/file", "texture", 4), 0, boardfile_expect(test.fake, "/file", "texture"));
}

static void what_exists_is_not_made(void **state)
{
	(void)state;
	MENDED(board_mkdir(board, "/d"), -EEXIST, (void)0);
	MENDED(board_mkdir(board, "/file"), -EEXIST, (void)0);
	MENDED(board_mkdir(board, "/"), -EEXIST, (void)0);
	MENDED(board_mkdir(board, "/d/new"), 0, assert_int_equal(ask_stat(board, "/d/new"), 'd'));
	MENDED(board_rename(board, "/file", "/full/f", true), -EEXIST, boardfile_expect(test.fake, "/full/f", "inside"));
	MENDED(board_rename(board, "/file", "/full/f", false), 0, boardfile_expect(test.fake, "/full/f", "text"));
	MENDED(board_rename(board, "/file", "/new", true), 0, boardfile_expect(test.fake, "/new", "text"));
	MENDED(board_rename(board, "/", "/x", false), -EBUSY, (void)0);
	MENDED(board_rename(board, "/file", "/", false), -EBUSY, (void)0);
}

/* The path BEFORE, then a name of LEN bytes, then BEHIND. */
static const char *long_path(const char *before, size_t len, const char *behind)
{
	static char path[1200];
	size_t start = strlen(before);

	memcpy(path, before, start);
	memset(path + start, 'n', len);
	strcpy(path + start + len, behind);
	return path;
}

static void names_that_are_too_long_are_said_to_be(void **state)
{
	(void)state;
	MENDED(ask_replace(board, long_path("/", 255, ""), "x"), 0, boardfile_expect(test.fake, long_path("/", 255, ""), "x"));
	for (size_t len = 256; len < 600; len += 16) {
		MENDED(ask_stat(board, long_path("/", len, "")), -ENAMETOOLONG, (void)0);
		MENDED(ask_list(board, long_path("/", len, "")), -ENAMETOOLONG, (void)0);
		MENDED(ask_read(board, long_path("/", len, "")), -ENAMETOOLONG, (void)0);
		MENDED(ask_replace(board, long_path("/", len, ""), "x"), -ENAMETOOLONG, (void)0);
		MENDED(ask_append(board, long_path("/", len, ""), "x", 0), -ENAMETOOLONG, (void)0);
		MENDED(board_mkdir(board, long_path("/d/", len, "")), -ENAMETOOLONG, (void)0);
		MENDED(board_mkdir(board, long_path("/", len, "/d")), -ENAMETOOLONG, (void)0);
		MENDED(board_remove(board, long_path("/", len, "")), -ENAMETOOLONG, (void)0);
		MENDED(board_rmdir(board, long_path("/", len, "")), -ENAMETOOLONG, (void)0);
		MENDED(board_rename(board, "/file", long_path("/", len, ""), false), -ENAMETOOLONG,
		       boardfile_expect(test.fake, "/file", "text"));
		MENDED(board_rename(board, long_path("/", len, ""), "/x", false), -ENAMETOOLONG, (void)0);
	}
}

static int may_make(struct board *board, const char *path)
{
	return board_may_make(board, path);
}

static void names_that_fat_would_change_are_refused(void **state)
{
	static const char *const names[] = {"/dot.", "/space ", "/...",  "/a\\b",  "/d\\b", "/a\tb",
					    "/a*",   "/a:b",    "/\x7f", "/file.", "/d. "};
	static const char *const others[] = {"/d/ALONGN~1.TEX", "/d/alongn~1.tex", "/d/\xc3\x89"};

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		make_tree(QUIRKYBOARD_FAT);
		assert_int_equal(may_make(test.mend, names[i]), -EINVAL);
		assert_int_equal(board_mkdir(test.mend, names[i]), -EINVAL);
		assert_int_equal(ask_replace(test.mend, names[i], "x"), -EINVAL);
		assert_int_equal(board_rename(test.mend, "/file", names[i], false), -EINVAL);
		assert_int_equal(ask_stat(test.mend, names[i]), -ENOENT);
		assert_int_equal(board_remove(test.mend, names[i]), -ENOENT);
		assert_int_equal(ask_read(test.mend, names[i]), -ENOENT);
		end_tree();
		for (int kind = 0; kind < FAT; kind++) {
			make_tree((enum quirkyboard_kind)kind);
			assert_int_equal(may_make(test.mend, names[i]), 0);
			assert_int_equal(ask_replace(test.mend, names[i], "x"), 0);
			end_tree();
		}
	}
	/* With the cache between, what is not listed is not there. */
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		cached = true;
		make_tree(QUIRKYBOARD_FAT);
		cached = false;
		boardfile_put(test.fake, "/d/a long name.text", "long");
		boardfile_put(test.fake, "/d/\xc3\x88", "e");
		assert_int_equal(ask_stat(test.quirky, others[i]), 'f');
		assert_int_equal(ask_stat(test.mend, others[i]), -ENOENT);
		assert_int_equal(may_make(test.mend, others[i]), -EINVAL);
		assert_int_equal(board_mkdir(test.mend, others[i]), -EINVAL);
		assert_int_equal(ask_replace(test.mend, others[i], "x"), -EINVAL);
		assert_int_equal(board_rename(test.mend, "/file", others[i], false), -EINVAL);
		assert_int_equal(board_remove(test.mend, others[i]), -ENOENT);
		boardfile_expect(test.fake, "/d/a long name.text", "long");
		boardfile_expect(test.fake, "/d/\xc3\x88", "e");
		end_tree();
	}
}

static void the_case_of_letters_says_nothing_on_fat(void **state)
{
	(void)state;
	make_tree(QUIRKYBOARD_FAT);
	assert_int_equal(ask_stat(test.mend, "/FULL/F"), 'f');
	assert_int_equal(ask_replace(test.mend, "/FILE", "other"), 0);
	boardfile_expect(test.fake, "/file", "other");
	assert_int_equal(board_mkdir(test.mend, "/D"), -EEXIST);
	assert_int_equal(board_rename(test.mend, "/file", "/FULL/f", true), -EEXIST);
	assert_int_equal(board_rename(test.mend, "/full", "/FULL/sub", false), -EINVAL);
	assert_int_equal(board_rename(test.mend, "/D", "/full", false), -ENOTEMPTY);
	assert_int_equal(board_rename(test.mend, "/file", "/File", true), -EEXIST);
	assert_int_equal(board_rename(test.mend, "/file", "/File", false), 0); /* itself, spelled otherwise */
	boardfile_expect(test.fake, "/File", "other");
	assert_int_equal(ask_stat(test.fake, "/file"), -ENOENT);
	assert_int_equal(board_rename(test.mend, "/d", "/D", false), 0);
	assert_int_equal(ask_stat(test.fake, "/D"), 'd');
	assert_int_equal(board_rename(test.mend, "/FILE", "/full/F", false), 0);
	boardfile_expect(test.fake, "/full/F", "other");
	assert_int_equal(ask_stat(test.fake, "/full/f"), -ENOENT);
	end_tree();
}

static void a_full_fat_is_said_to_be(void **state)
{
	(void)state;
	make_tree(QUIRKYBOARD_FAT);
	fakeboard_fail(test.fake, FAKEBOARD_MKDIR, EACCES, 1);
	assert_int_equal(board_mkdir(test.mend, "/new"), -ENOSPC);
	fakeboard_fail(test.fake, FAKEBOARD_RENAME, EACCES, 1);
	assert_int_equal(board_rename(test.mend, "/file", "/new", false), -ENOSPC);
	fakeboard_fail(test.fake, FAKEBOARD_RENAME, EACCES, 1);
	assert_int_equal(board_rename(test.mend, "/file", "/full/f", false), -EACCES); /* it is protected */
	end_tree();
}

/* / holds /flash and /sd, and nothing else. */
static void make_split(enum quirkyboard_kind kind)
{
	open_kind(kind);
	assert_int_equal(quirkyboard_split(test.quirky), 0);
	boardfile_put(test.fake, "/flash/file", "text");
	make_dir("/flash/d");
	make_dir("/sd/empty");
}

#define SPLIT(call, answer)                                                 \
	do {                                                                \
		for (int kind = 0; kind < KINDS; kind++) {                  \
			make_split((enum quirkyboard_kind)kind);            \
			struct board *board = test.mend;                    \
			assert_int_equal(call, answer);                     \
			boardfile_expect(test.fake, "/flash/file", "text"); \
			end_tree();                                         \
		}                                                           \
	} while (0)

static void nothing_is_beside_file_systems(void **state)
{
	(void)state;
	SPLIT(ask_stat(board, "/"), 'd');
	SPLIT(ask_stat(board, "/sd"), 'd');
	SPLIT(ask_stat(board, "/none"), -ENOENT);
	SPLIT(ask_stat(board, "/none/x"), -ENOENT);
	SPLIT(ask_list(board, "/none"), -ENOENT);
	SPLIT(ask_read(board, "/none"), -ENOENT);
	SPLIT(may_make(board, "/none"), -EPERM);
	SPLIT(may_make(board, "/flash/none"), 0);
	SPLIT(may_make(board, "/none/x"), -ENOENT);
	SPLIT(board_mkdir(board, "/none"), -EPERM);
	SPLIT(board_mkdir(board, "/sd"), -EEXIST);
	SPLIT(board_mkdir(board, "/sd/new"), 0);
	SPLIT(ask_replace(board, "/none", "x"), -EPERM);
	SPLIT(ask_replace(board, "/sd", "x"), -EISDIR);
	SPLIT(ask_replace(board, "/sd/new", "x"), 0);
	SPLIT(board_remove(board, "/none"), -ENOENT);
	SPLIT(board_remove(board, "/sd"), -EISDIR);
	SPLIT(board_rmdir(board, "/none"), -ENOENT);
	SPLIT(board_rmdir(board, "/sd"), -EBUSY);
	SPLIT(board_rename(board, "/sd", "/none", false), -EBUSY);
	SPLIT(board_rename(board, "/sd", "/flash/d", false), -EBUSY);
	SPLIT(board_rename(board, "/flash/d", "/sd", false), -EBUSY);
	SPLIT(board_rename(board, "/sd", "/sd", false), 0);
	SPLIT(board_rename(board, "/sd", "/sd/x", false), -EINVAL);
	SPLIT(board_rename(board, "/flash/file", "/none", false), -EXDEV);
	SPLIT(board_rename(board, "/flash/file", "/sd/file", false), -EXDEV);
	SPLIT(board_rename(board, "/flash/d", "/sd/d", false), -EXDEV);
	SPLIT((board_rename(board, "/flash/d", "/sd/empty", false), ask_stat(board, "/sd/empty")), 'd');
	SPLIT(board_rename(board, "/flash/d", "/flash/e", false), 0);
}

static void another_file_system_is_said_to_be(void **state)
{
	(void)state;
	for (int kind = 0; kind < KINDS; kind++) {
		make_tree((enum quirkyboard_kind)kind);
		fakeboard_fail(test.fake, FAKEBOARD_RENAME, EPERM, 1); /* all of MicroPython's answer so between mounts */
		assert_int_equal(board_rename(test.mend, "/file", "/d/file", false), -EXDEV);
		end_tree();
	}
}

static void failures_of_the_board_come_through(void **state)
{
	struct board_statfs statfs;

	(void)state;
	for (int kind = 0; kind < KINDS; kind++) {
		make_tree((enum quirkyboard_kind)kind);
		fakeboard_fail(test.fake, FAKEBOARD_STAT, EIO, 1);
		assert_int_equal(ask_stat(test.mend, "/file"), -EIO);
		fakeboard_fail(test.fake, FAKEBOARD_STAT, EIO, 1);
		assert_int_equal(board_remove(test.mend, "/file"), -EIO);
		fakeboard_fail(test.fake, FAKEBOARD_REPLACE, ENOSPC, 1);
		assert_int_equal(ask_replace(test.mend, "/file", "x"), -ENOSPC);
		fakeboard_fail(test.fake, FAKEBOARD_LIST, EIO, kind == FAT ? 3 : 1); /* quirkyboard lists to find a name */
		assert_int_equal(board_rmdir(test.mend, "/d"), -EIO);
		fakeboard_fail(test.fake, FAKEBOARD_READ, EIO, 1);
		assert_int_equal(ask_read(test.mend, "/file"), -EIO);
		boardfile_expect(test.fake, "/file", "text");
		assert_int_equal(board_statfs(test.mend, "/", &statfs), 0);
		assert_string_equal(board_info(test.mend)->machine, "a board in memory");
		assert_int_equal(board_session(test.mend), 0);
		end_tree();
	}
}

/* --- Anything, compared with a board that answers as Linux does --- */

/* On FAT it is the same in any letters. */
static const char *spell(struct dice *dice, char *out, const char *path)
{
	strcpy(out, path);
	for (char *c = out; test.kind == QUIRKYBOARD_FAT && *c; c++)
		if (*c != '/' && dice_roll(dice, 3) == 0)
			*c = (char)(*c - 'a' + 'A');
	return out;
}

static void every_board_answers_like_linux(void **state)
{
	(void)state;
	for (unsigned seed = 1; seed <= 1200; seed++) {
		struct dice dice = {seed};
		struct board *linux_board;

		cached = seed / KINDS % 2;
		open_kind((enum quirkyboard_kind)(seed % KINDS));
		cached = false;
		assert_int_equal(fakeboard_open(&linux_board), 0);
		for (unsigned i = 0; i < 150; i++) {
			char path[16], other[16], spelled[16], other_spelled[16];
			uint32_t kind = dice_roll(&dice, ASK_STEPS);

			ask_random_path(&dice, path);
			ask_random_path(&dice, other);
			int expected = ask_step(linux_board, kind, path, other),
			    got = ask_step(test.mend, kind, spell(&dice, spelled, path), spell(&dice, other_spelled, other));
			if (got != expected)
				fail_msg("seed %u: step %u of %s and %s: %d, not %d", seed, kind, path, other, got, expected);
		}
		board_close(linux_board);
		end_tree();
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_rename_onto_itself_is_nothing),
		cmocka_unit_test(a_directory_does_not_replace_a_file),
		cmocka_unit_test(a_file_does_not_replace_a_directory),
		cmocka_unit_test(a_directory_replaces_an_empty_one),
		cmocka_unit_test(a_directory_does_not_replace_a_full_one),
		cmocka_unit_test(a_directory_does_not_go_into_itself),
		cmocka_unit_test(nothing_goes_under_a_file),
		cmocka_unit_test(what_is_not_there_is_missing),
		cmocka_unit_test(rmdir_takes_empty_directories_only),
		cmocka_unit_test(remove_takes_files_only),
		cmocka_unit_test(a_file_has_no_entries_and_a_directory_no_content),
		cmocka_unit_test(what_exists_is_not_made),
		cmocka_unit_test(names_that_are_too_long_are_said_to_be),
		cmocka_unit_test(names_that_fat_would_change_are_refused),
		cmocka_unit_test(the_case_of_letters_says_nothing_on_fat),
		cmocka_unit_test(a_full_fat_is_said_to_be),
		cmocka_unit_test(nothing_is_beside_file_systems),
		cmocka_unit_test(another_file_system_is_said_to_be),
		cmocka_unit_test(failures_of_the_board_come_through),
		cmocka_unit_test(every_board_answers_like_linux),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
