/* SPDX-License-Identifier: MIT */
/* board_agent on real MicroPythons: with little memory, without modules, on every file system, and on a computer's own. */
#include "board/board_agent.h"

#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include <cmocka.h>

#include "board/board_mend.h"
#include "tests/unit/ask.h"
#include "tests/unit/fakeboard.h"
#include "tests/unit/real_board.h"

enum { LARGEST = 120000, TIMEOUT = 20000000 };

/* A board that differs in something. */
struct variant {
	const char *name, *options;
	bool posix, fat, lfs1, text, small;
};

static const struct variant variants[] = {
	{.name = "LittleFS 2", .options = ""},
	{.name = "PosixVFS", .posix = true},
	{.name = "without deflate", .options = "--hide deflate"},
	{.name = "without binascii", .options = "--hide binascii"},
	{.name = "48k of memory", .options = "--heap 48k", .small = true},
	{.name = "stdin as on bare metal", .options = "--blocking-stdin"},
	{.name = "text", .options = "--hide stdin.buffer", .text = true},
	{.name = "text in 64k of memory, with few modules",
	 .options = "--hide stdin.buffer,select,binascii,deflate --blocking-stdin --heap 64k",
	 .text = true},
	{.name = "LittleFS 1", .options = "--kind lfs1", .lfs1 = true},
	{.name = "FAT", .options = "--kind fat", .fat = true},
};

static const struct variant *variant;

static struct {
	struct real_board real;
	struct board *board; /* as it is, without the mend */
	struct board *mend;
	char root[160];
	char log[8192];
	pthread_mutex_t lock; /* of `log` */
} test = {.lock = PTHREAD_MUTEX_INITIALIZER};

static void note(void *context, int level, const char *text)
{
	(void)context;
	(void)level;
	pthread_mutex_lock(&test.lock);
	size_t len = strlen(test.log);
	snprintf(test.log + len, sizeof(test.log) - len, "%s\n", text);
	pthread_mutex_unlock(&test.lock);
}

static void reach(int64_t timeout)
{
	struct board_agent_options options = {.timeout_us = timeout, .log = note, .root = *test.root ? test.root : NULL};
	struct diag diag = {0};

	if (board_agent_open(&test.board, test.real.device, &options, &diag))
		fail_msg("%s", diag.text);
	assert_int_equal(board_mend_open(&test.mend, test.board, note, NULL), 0);
	assert_int_equal(board_agent_run(test.board), 0);
}

static int open_board(void **state)
{
	(void)state;
	test.root[0] = 0;
	test.log[0] = 0;
	if (variant->posix) {
		real_board_make_posix(&test.real);
		snprintf(test.root, sizeof(test.root), "%s/top", test.real.dir);
		if (mkdir(test.root, 0755))
			return -1;
	} else {
		real_board_make(&test.real, variant->options);
	}
	reach(TIMEOUT);
	return 0;
}

static int close_board(void **state)
{
	(void)state;
	board_close(test.mend);
	real_board_remove(&test.real);
	return 0;
}

/* --- Words for the tests --- */

struct names {
	unsigned count;
	char last[256];
	char all[2000];
};

static int note_name(void *context, const char *name, const struct board_stat *stat)
{
	struct names *names = context;
	size_t len = strlen(names->all);

	(void)stat;
	names->count++;
	snprintf(names->last, sizeof(names->last), "%s", name);
	snprintf(names->all + len, sizeof(names->all) - len, "%s\n", name);
	return 0;
}

static void expect_bytes(const char *path, const uint8_t *bytes, size_t len)
{
	uint8_t *got = malloc(len + 10);

	assert_int_equal(board_read(test.board, path, got, len + 10, 0), len);
	if (len)
		assert_memory_equal(got, bytes, len);
	free(got);
}

static void expect_text(const char *path, const char *text)
{
	expect_bytes(path, (const uint8_t *)text, strlen(text));
}

static void make_text(struct dice *dice, uint8_t *out, size_t len)
{
	static const char *const words[] = {"def ", "self.", "import ", "return ", "\n    ", "value", " = ", "(", ")", "None"};

	for (size_t at = 0; at < len;) {
		const char *word = words[dice_roll(dice, sizeof(words) / sizeof(words[0]))];

		for (; *word && at < len; word++, at++)
			out[at] = (uint8_t)*word;
	}
}

static void make_noise(struct dice *dice, uint8_t *out, size_t len)
{
	for (size_t i = 0; i < len; i++)
		out[i] = (uint8_t)dice_roll(dice, 256);
}

/* Removes what is in directory PATH. */
static void wipe(const char *path)
{
	struct names names = {.count = 1};
	char child[600];

	while (names.count) {
		memset(&names, 0, sizeof(names));
		assert_int_equal(board_list(test.board, path, note_name, &names), 0);
		if (!names.count)
			break;
		snprintf(child, sizeof(child), "%s/%s", strcmp(path, "/") ? path : "", names.last);
		if (ask_stat(test.board, child) == 'd') {
			wipe(child);
			assert_int_equal(board_rmdir(test.mend, child), 0);
		} else {
			assert_int_equal(board_remove(test.mend, child), 0);
		}
	}
}

static int clean(void **state)
{
	(void)state;
	wipe("/");
	test.log[0] = 0;
	return 0;
}

/* --- The tests --- */

static void it_says_what_it_is(void **state)
{
	const struct board_info *info = board_info(test.mend);
	struct board_statfs statfs;

	(void)state;
	assert_non_null(strstr(info->version, "1."));
	assert_true(*info->machine);
	if (variant->text)
		assert_non_null(strstr(info->warning, "as text"));
	else
		assert_string_equal(info->warning, "");
	assert_int_equal(board_session(test.mend), 1);
	assert_int_equal(board_statfs(test.mend, "/", &statfs), 0);
	assert_true(statfs.block_size >= 512);
	assert_in_range(statfs.name_max, 200, 255);
	assert_true(statfs.blocks_free <= statfs.blocks);
	if (!variant->posix)
		assert_in_range(statfs.block_size * statfs.blocks, 900000, 1048576);
	assert_int_equal(ask_stat(test.mend, "/"), 'd');
}

static void files_of_every_size_come_back(void **state)
{
	static const size_t sizes[] = {0, 1, 2, 100, 255, 256, 511, 512, 1000, 4096, 4097, 12287, 12288, 12289, 40000, LARGEST};
	uint8_t *bytes = malloc(LARGEST), *got = malloc(LARGEST);
	struct dice dice = {1};

	(void)state;
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		size_t len = sizes[i];

		make_text(&dice, bytes, len);
		assert_int_equal(ask_replace_bytes(test.board, "/text", bytes, len), 0);
		expect_bytes("/text", bytes, len);
		make_noise(&dice, bytes, len);
		assert_int_equal(ask_replace_bytes(test.board, "/noise", bytes, len), 0);
		expect_bytes("/noise", bytes, len);
		if (len < 10)
			continue;
		assert_int_equal(board_read(test.board, "/noise", got, len, len / 3), len - len / 3);
		assert_memory_equal(got, bytes + len / 3, len - len / 3);
		assert_int_equal(board_read(test.board, "/noise", got, 5, len - 5), 5);
		assert_memory_equal(got, bytes + len - 5, 5);
		assert_int_equal(board_read(test.board, "/noise", got, 5, len), 0);
		assert_int_equal(board_read(test.board, "/noise", got, 5, len + 100000), 0);
		assert_int_equal(board_read(test.board, "/noise", got, 5, 1ull << 40), 0);
	}
	free(bytes);
	free(got);
}

static void text_and_noise_alternate(void **state)
{
	uint8_t *bytes = malloc(LARGEST);
	struct dice dice = {2};

	(void)state;
	for (unsigned i = 0; i < 40; i++) {
		char path[20];
		size_t len = dice_roll(&dice, 9000);

		snprintf(path, sizeof(path), "/f%u", i % 7);
		make_text(&dice, bytes, len);
		if (dice_hit(&dice, 3))
			make_noise(&dice, bytes + len / 2, len / 3);
		assert_int_equal(ask_replace_bytes(test.board, path, bytes, len), 0);
		expect_bytes(path, bytes, len);
	}
	free(bytes);
}

static void appending_appends(void **state)
{
	uint8_t *bytes = malloc(30000);
	struct dice dice = {3};
	struct board_content content;
	struct board_stat stat;

	(void)state;
	make_text(&dice, bytes, 30000);
	assert_int_equal(ask_replace_bytes(test.board, "/log", bytes, 10), 0);
	for (size_t from = 10, to = 25; to <= 30000; from = to, to = to * 2 + 7) {
		content = ask_content(bytes, to);
		assert_int_equal(board_append(test.board, "/log", &content, from, &stat), 0);
		assert_int_equal(stat.size, to);
		expect_bytes("/log", bytes, to);
	}
	content = ask_content(bytes, 40);
	assert_int_equal(board_append(test.board, "/log", &content, 30, &stat), -ESTALE);
	assert_int_equal(board_append(test.board, "/none", &content, 0, &stat), -ENOENT);
	free(bytes);
}

/* The number of writes to the flash so far. */
static long flash_writes(void)
{
	char path[200], digits[12] = {0};

	snprintf(path, sizeof(path), "%s/flash.writes", test.real.dir);
	FILE *file = fopen(path, "r");
	assert_non_null(file);
	assert_non_null(fgets(digits, sizeof(digits), file));
	fclose(file);
	return atol(digits);
}

static void the_board_computes_hashes(void **state)
{
	enum { FILES = 40 };
	static char paths[FILES][32];
	struct board_hash files[FILES];
	uint8_t bytes[3000], expected[BOARD_HASH_SIZE];
	struct dice dice = {9};

	(void)state;
	make_text(&dice, bytes, sizeof(bytes));
	for (size_t i = 0; i < FILES; i++) {
		snprintf(paths[i], sizeof(paths[i]), "/a long name for a file %zu", i);
		files[i] = (struct board_hash){.path = paths[i], .size = i % 8 ? i * 70 : 3000};
		if (i % 8)
			assert_int_equal(ask_replace_bytes(test.board, paths[i], bytes, i * 70), 0);
	}
	assert_int_equal(ask_replace_bytes(test.board, paths[8], bytes, 2999), 0);
	assert_int_equal(board_mkdir(test.board, paths[16]), 0);
	assert_int_equal(board_hash(test.mend, files, FILES), 0);
	for (size_t i = 0; i < FILES; i++) {
		struct board_content content = ask_content(bytes, i * 70);

		assert_int_equal(files[i].result, i == 8 || i == 16 ? -ESTALE : i % 8 ? 0 : -ENOENT);
		if (files[i].result)
			continue;
		assert_int_equal(board_content_hash(&content, expected), 0);
		assert_memory_equal(files[i].hash, expected, sizeof(expected));
	}
}

static void what_is_there_is_not_written_again(void **state)
{
	uint8_t bytes[20000];
	struct dice dice = {4};

	(void)state;
	if (variant->posix)
		skip();
	make_text(&dice, bytes, sizeof(bytes));
	long before = flash_writes();
	assert_int_equal(ask_replace_bytes(test.board, "/a", bytes, sizeof(bytes)), 0);
	long written = flash_writes();
	assert_true(written > before);
	assert_int_equal(ask_replace_bytes(test.board, "/a", bytes, sizeof(bytes)), 0);
	assert_int_equal(flash_writes(), written);
	bytes[sizeof(bytes) - 1] ^= 1;
	assert_int_equal(ask_replace_bytes(test.board, "/a", bytes, sizeof(bytes)), 0);
	assert_true(flash_writes() > written);
	expect_bytes("/a", bytes, sizeof(bytes));
}

static void a_large_directory_is_listed(void **state)
{
	struct names names = {0};
	char path[300];
	unsigned count = variant->lfs1 ? 60 : 200;

	(void)state;
	assert_int_equal(board_mkdir(test.board, "/d"), 0);
	assert_int_equal(ask_list(test.board, "/d"), 0);
	for (unsigned i = 0; i < count; i++) {
		snprintf(path, sizeof(path), "/d/a file with a rather long name, number %u", i);
		assert_int_equal(ask_replace(test.board, path, ""), 0);
	}
	assert_int_equal(board_list(test.board, "/d", note_name, &names), 0);
	assert_int_equal(names.count, count);
	for (unsigned i = 0; i < count; i++) {
		snprintf(path, sizeof(path), "/d/a file with a rather long name, number %u", i);
		assert_int_equal(board_remove(test.board, path), 0);
	}
}

static void odd_names_are_kept(void **state)
{
	static const char *const names[] = {
		"/ with  spaces", "/gr\xc3\xbc\xc3\x9f \xe2\x82\xac", "/'quoted'", "/.hidden", "/UPPER lower", "/[x]=y,z;&$%"};
	static const char *const not_on_fat[] = {"/not \xff\xfe UTF-8", "/new\nline", "/tab\t",
						 "/back\\slash",        "/\"*:<>?|",  "/end."};
	char longest[257] = "/";

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		assert_int_equal(ask_replace(test.board, names[i], names[i]), 0);
		expect_text(names[i], names[i]);
	}
	for (size_t i = 0; i < sizeof(not_on_fat) / sizeof(not_on_fat[0]) && !variant->fat; i++) {
		assert_int_equal(ask_replace(test.board, not_on_fat[i], not_on_fat[i]), 0);
		expect_text(not_on_fat[i], not_on_fat[i]);
	}
	memset(longest + 1, 'n', 255);
	assert_int_equal(ask_replace(test.board, longest, "long"), 0);
	expect_text(longest, "long");
	assert_int_equal(ask_list(test.board, "/"), variant->fat ? 7 : 13);
}

static void leftovers_are_hidden_and_removed(void **state)
{
	(void)state;
	assert_int_equal(ask_replace(test.board, "/main.py", "print()"), 0);
	assert_int_equal(ask_replace(test.board, "/.mpremotefs~main.py", "pri"), 0);
	assert_int_equal(ask_list(test.board, "/"), 1);
	assert_int_equal(ask_stat(test.board, "/.mpremotefs~main.py"), -ENOENT);
	expect_text("/main.py", "print()");
	assert_non_null(strstr(test.log, ".mpremotefs~main.py"));
}

static void paths_that_are_too_long_are_refused(void **state)
{
	char path[6000] = "";

	(void)state;
	for (unsigned i = 0; i < 50; i++)
		strcat(path,
		       "/a hundred bytes, a hundred bytes, a hundred bytes, a hundred bytes, a hundred bytes, a hundred bytes,");
	assert_int_equal(ask_stat(test.board, path), -ENAMETOOLONG);
	assert_int_equal(ask_replace(test.board, path, "x"), -ENAMETOOLONG);
	assert_int_equal(ask_read(test.board, path), -ENAMETOOLONG);
	assert_int_equal(board_rename(test.board, "/x", path, false), -ENAMETOOLONG);
	assert_int_equal(board_rename(test.board, path, "/x", false), -ENAMETOOLONG);
}

/* What the host asks for ahead is what it then reads, and never what was there before a change. */
static void what_is_asked_ahead_is_true(void **state)
{
	(void)state;
	assert_int_equal(ask_replace(test.board, "/a", "first"), 0);
	assert_int_equal(ask_replace(test.board, "/b", "other"), 0);
	board_ahead(test.mend, "/a", 5);
	expect_text("/b", "other");
	expect_text("/a", "first");
	expect_text("/a", "first");
	board_ahead(test.mend, "/a", 5);
	expect_text("/b", "other");
	assert_int_equal(ask_replace(test.board, "/a", "second"), 0);
	expect_text("/a", "second");
	board_ahead(test.mend, "/b", 5);
	expect_text("/a", "second");
	assert_int_equal(board_remove(test.board, "/b"), 0);
	assert_int_equal(ask_read(test.board, "/b"), -ENOENT);
	board_ahead(test.mend, "/none", 5);
	expect_text("/a", "second");
	assert_int_equal(ask_read(test.board, "/none"), -ENOENT);
	board_ahead(test.mend, "/a", 6);
}

static void a_full_flash_keeps_what_it_has(void **state)
{
	struct dice dice = {5};
	struct board_statfs statfs;

	(void)state;
	if (variant->posix || variant->lfs1 || variant->fat)
		skip();
	uint8_t *bytes = malloc(800000);
	make_noise(&dice, bytes, 800000);
	assert_int_equal(ask_replace_bytes(test.board, "/keep", bytes, 300000), 0);
	assert_int_equal(ask_replace_bytes(test.board, "/more", bytes, 800000), -ENOSPC);
	assert_int_equal(ask_stat(test.board, "/more"), -ENOENT);
	assert_int_equal(ask_list(test.board, "/"), 1);
	expect_bytes("/keep", bytes, 300000);
	/* Not both, but the new one alone: written in place, which is told. */
	assert_int_equal(ask_replace_bytes(test.board, "/keep", bytes, 600000), 0);
	assert_string_equal(test.log, "");
	assert_int_equal(ask_replace_bytes(test.board, "/keep", bytes + 50000, 650000), 0);
	assert_non_null(strstr(test.log, "in place"));
	expect_bytes("/keep", bytes + 50000, 650000);
	assert_int_equal(ask_list(test.board, "/"), 1);
	assert_int_equal(board_remove(test.board, "/keep"), 0);
	assert_int_equal(board_statfs(test.board, "/", &statfs), 0);
	assert_true(statfs.blocks_free > statfs.blocks - 10);
	free(bytes);
}

static void *copy_one(void *context)
{
	const char *path = context;
	uint8_t bytes[5000], got[5000];
	struct dice dice = {(uint64_t)path[1]};
	long wrong = 0;

	for (unsigned i = 0; i < 8; i++) {
		make_text(&dice, bytes, sizeof(bytes));
		wrong += ask_replace_bytes(test.mend, path, bytes, sizeof(bytes)) != 0;
		wrong += board_read(test.mend, path, got, sizeof(got), 0) != sizeof(got) || memcmp(got, bytes, sizeof(bytes));
		wrong += ask_stat(test.mend, "/nothing") != -ENOENT;
	}
	return (void *)wrong;
}

static void many_threads_may_ask(void **state)
{
	static char paths[6][3] = {"/a", "/b", "/c", "/d", "/e", "/f"};
	pthread_t threads[6];
	void *wrong;

	(void)state;
	for (unsigned i = 0; i < 6; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, copy_one, paths[i]), 0);
	for (unsigned i = 0; i < 6; i++) {
		pthread_join(threads[i], &wrong);
		assert_null(wrong);
	}
	assert_int_equal(ask_list(test.mend, "/"), 6);
}

/* --- What the boards answer, and what is made of it --- */

static void make_tree(void)
{
	wipe("/");
	assert_int_equal(board_mkdir(test.board, "/d"), 0);
	assert_int_equal(board_mkdir(test.board, "/full"), 0);
	assert_int_equal(ask_replace(test.board, "/full/f", "inside"), 0);
	assert_int_equal(ask_replace(test.board, "/file", "text"), 0);
}

/* On LittleFS 2, LittleFS 1, FAT; the same numbers as in test_board_mend.c, which a board of ours plays. */
#define BELOW(call, lfs2, on_lfs1, on_fat)                                                 \
	do {                                                                               \
		static const int answers[] = {lfs2, on_lfs1, on_fat};                      \
		make_tree();                                                               \
		assert_int_equal(call, answers[variant->fat ? 2 : variant->lfs1 ? 1 : 0]); \
	} while (0)

static void boards_answer_as_quirkyboard_does(void **state)
{
	struct board *board = test.board;

	(void)state;
	if (variant->posix)
		skip();
	BELOW((board_rename(board, "/file", "/file", false), ask_stat(board, "/file")), 'f', -ENOENT, 'f');
	BELOW((board_rename(board, "/d", "/d", false), ask_stat(board, "/d")), 'd', -ENOENT, 'd');
	BELOW(board_rename(board, "/d", "/file", false), -ENOTDIR, -EISDIR, 0);
	BELOW(board_rename(board, "/file", "/d", false), -EISDIR, -EISDIR, -EISDIR);
	BELOW(board_rename(board, "/full", "/d", false), 0, 0, -EISDIR);
	BELOW(board_rename(board, "/d", "/full", false), -ENOTEMPTY, -ENOTEMPTY, -EISDIR);
	BELOW(board_rename(board, "/d", "/file/d", false), -ENOTDIR, -ENOTDIR, -ENOENT);
	BELOW(board_mkdir(board, "/file/d"), -ENOTDIR, -ENOTDIR, -ENOENT);
	BELOW(ask_replace(board, "/file/x", "x"), -ENOTDIR, -ENOTDIR, -ENOENT);
	BELOW(ask_stat(board, "/file/x"), -ENOTDIR, -ENOTDIR, -ENOENT);
	BELOW(board_remove(board, "/file/x"), -ENOTDIR, -ENOTDIR, -ENOENT);
	BELOW(board_rmdir(board, "/full"), -ENOTEMPTY, -ENOTEMPTY, -EACCES);
	BELOW((board_rmdir(board, "/file"), ask_stat(board, "/file")), -ENOENT, -ENOENT, 'f');
	BELOW((board_remove(board, "/d"), ask_stat(board, "/d")), -ENOENT, -ENOENT, 'd');
	BELOW(board_remove(board, "/full"), -ENOTEMPTY, -ENOTEMPTY, -EISDIR);
	BELOW(ask_list(board, "/file"), -ENOTDIR, -ENOTDIR, -ENOENT);
	BELOW(ask_read(board, "/d"), -EISDIR, -EISDIR, -ENOENT);
}

static void mended_it_answers_like_linux(void **state)
{
	(void)state;
	for (unsigned seed = 1; seed <= 3; seed++) {
		struct dice dice = {seed};
		struct board *linux_board;

		wipe("/");
		assert_int_equal(fakeboard_open(&linux_board), 0);
		for (unsigned i = 0; i < 150; i++) {
			char path[16], other[16];
			uint32_t kind = dice_roll(&dice, ASK_STEPS);

			ask_random_path(&dice, path);
			ask_random_path(&dice, other);
			int expected = ask_step(linux_board, kind, path, other), got = ask_step(test.mend, kind, path, other);
			if (got != expected)
				fail_msg("seed %u, %u: step %u of %s and %s: %d, not %d", seed, i, kind, path, other, got,
					 expected);
		}
		board_close(linux_board);
	}
}

/* A later session finds all as it was. */
static void it_can_be_reached_again(void **state)
{
	(void)state;
	if (variant->posix)
		skip();
	assert_int_equal(ask_replace(test.board, "/a", "kept"), 0);
	board_close(test.mend);
	reach(TIMEOUT);
	expect_text("/a", "kept");
}

/* --- A board that dies --- */

static pid_t board_pid;

/* As real_board_make, but the board writes down its process id. */
static void reach_with_pid(const char *options, int64_t timeout)
{
	char path[200], device[sizeof(test.real.device)], digits[20] = {0};

	variant = &variants[0];
	test.root[0] = 0;
	test.log[0] = 0;
	real_board_make(&test.real, options);
	snprintf(path, sizeof(path), "%s/pid", test.real.dir);
	snprintf(device, sizeof(device), "exec:echo $$ >%s; %.800s", path, test.real.device + 5);
	snprintf(test.real.device, sizeof(test.real.device), "%s", device);
	reach(timeout);
	FILE *file = fopen(path, "r");
	assert_non_null(file);
	assert_non_null(fgets(digits, sizeof(digits), file));
	fclose(file);
	board_pid = (pid_t)atol(digits);
	assert_true(board_pid > 1);
}

static double seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* The command is run again, and what was not on the flash has failed. */
static void a_killed_board_comes_back(void **state)
{
	int answer;

	reach_with_pid(*state, TIMEOUT);
	assert_int_equal(ask_replace(test.mend, "/a", "text"), 0);
	assert_int_equal(kill(board_pid, SIGKILL), 0);
	for (double start = seconds(); (answer = ask_stat(test.mend, "/a")) != 'f';) {
		assert_int_equal(answer, -EIO);
		assert_true(seconds() - start < 60);
	}
	expect_text("/a", "text");
	assert_int_equal(ask_replace(test.mend, "/b", "more"), 0);
	expect_text("/b", "more");
	board_close(test.mend);
	assert_non_null(strstr(test.log, "lost"));
	assert_non_null(strstr(test.log, "is back"));
	real_board_remove(&test.real);
}

static void a_silent_board_is_an_error_in_time(void **state)
{
	reach_with_pid(*state, 5000000);
	assert_int_equal(ask_replace(test.mend, "/a", "text"), 0);
	assert_int_equal(kill(board_pid, SIGSTOP), 0);
	double start = seconds();
	assert_int_equal(ask_stat(test.mend, "/a"), -EIO);
	assert_true(seconds() - start >= 4.9);
	start = seconds();
	assert_int_equal(ask_stat(test.mend, "/a"), -EIO); /* not each for itself */
	assert_int_equal(ask_replace(test.mend, "/b", "text"), -EIO);
	assert_true(seconds() - start < 9.9); /* two time-outs are 10 */
	assert_int_equal(kill(board_pid, SIGCONT), 0);
	/* It comes back by itself. */
	for (start = seconds(); ask_stat(test.mend, "/a") != 'f';)
		assert_true(seconds() - start < 60);
	expect_text("/a", "text");
	board_close(test.mend);
	real_board_remove(&test.real);
}

static int run_on(const struct variant *which)
{
#define TEST(name) cmocka_unit_test_setup(name, clean)
	const struct CMUnitTest tests[] = {
		TEST(it_says_what_it_is),
		TEST(files_of_every_size_come_back),
		TEST(text_and_noise_alternate),
		TEST(appending_appends),
		TEST(the_board_computes_hashes),
		TEST(what_is_there_is_not_written_again),
		TEST(a_large_directory_is_listed),
		TEST(odd_names_are_kept),
		TEST(leftovers_are_hidden_and_removed),
		TEST(paths_that_are_too_long_are_refused),
		TEST(what_is_asked_ahead_is_true),
		TEST(a_full_flash_keeps_what_it_has),
		TEST(many_threads_may_ask),
		TEST(boards_answer_as_quirkyboard_does),
		TEST(mended_it_answers_like_linux),
		TEST(it_can_be_reached_again),
	};

	variant = which;
	return cmocka_run_group_tests_name(which->name, tests, open_board, close_board);
}

int main(void)
{
	static char frames[] = "", text[] = "--hide select";
	const struct CMUnitTest deaths[] = {
		cmocka_unit_test_prestate(a_killed_board_comes_back, frames),
		cmocka_unit_test_prestate(a_killed_board_comes_back, text),
		cmocka_unit_test_prestate(a_silent_board_is_an_error_in_time, frames),
		cmocka_unit_test_prestate(a_silent_board_is_an_error_in_time, text),
	};
	int failed = 0;

	if (!real_board_there())
		return 77;
	for (size_t i = 0; i < sizeof(variants) / sizeof(variants[0]); i++)
		failed += run_on(&variants[i]);
	return failed + cmocka_run_group_tests(deaths, NULL, NULL);
}
