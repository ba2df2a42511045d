/* SPDX-License-Identifier: MIT */
#include "board/board_cache.h"

#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/ask.h"
#include "tests/unit/fakeboard.h"

enum { TIMEOUT = 1000000, LISTED_MAX = 64 };

/*
 * Stands between the cache and the fake: looks at what comes by, and lets something happen right behind a rename, as if another
 * thread were faster than the one that renamed.
 */
struct spy {
	struct board base;
	bool differs;      /* what the last replace was told */
	int64_t dir_mtime; /* directories have this time, as on FAT; 0: none */
	void (*behind_rename)(void);
	unsigned session;
};

static struct {
	struct board *cache, *fake;
	struct spy spy;
	int64_t now;
} test;

static int spy_stat(struct board *board, const char *path, struct board_stat *out)
{
	int error = board_stat(board->below, path, out);

	if (!error && out->is_dir)
		out->mtime = test.spy.dir_mtime;
	return error;
}

struct pass_on {
	board_entry_fn *each;
	void *context;
};

static int pass_entry(void *context, const char *name, const struct board_stat *stat)
{
	struct pass_on *pass = context;
	struct board_stat seen = *stat;

	if (seen.is_dir)
		seen.mtime = test.spy.dir_mtime;
	return pass->each(pass->context, name, &seen);
}

static int spy_list(struct board *board, const char *path, board_entry_fn *each, void *context)
{
	struct pass_on pass = {each, context};

	return board_list(board->below, path, pass_entry, &pass);
}

static int spy_replace(struct board *board, const char *path, const struct board_content *content, struct board_stat *out)
{
	test.spy.differs = content->differs;
	return board_replace(board->below, path, content, out);
}

static int spy_rename(struct board *board, const char *from, const char *to, bool noreplace)
{
	int error = board_rename(board->below, from, to, noreplace);

	if (test.spy.behind_rename)
		test.spy.behind_rename();
	return error;
}

static unsigned spy_session(struct board *board)
{
	return ((struct spy *)board)->session;
}

static void spy_close(struct board *board)
{
	board_close(board->below);
}

static const struct board_ops spy_ops = {
	.stat = spy_stat,
	.probe = spy_stat,
	.list = spy_list,
	.replace = spy_replace,
	.rename = spy_rename,
	.session = spy_session,
	.close = spy_close,
};

static int64_t the_clock(void)
{
	return test.now;
}

static int open_with(int64_t timeout)
{
	memset(&test, 0, sizeof(test));
	test.now = 5000;
	if (fakeboard_open(&test.fake))
		return -1;
	test.spy.base.ops = &spy_ops;
	test.spy.base.below = test.fake;
	return board_cache_open(&test.cache, &test.spy.base, timeout, the_clock);
}

static int set_up(void **state)
{
	(void)state;
	return open_with(TIMEOUT);
}

static int set_up_without_memory(void **state)
{
	(void)state;
	return open_with(0);
}

static int tear_down(void **state)
{
	(void)state;
	board_close(test.cache);
	return 0;
}

/* --- Words for the tests --- */

static int replace(const char *path, const char *text)
{
	struct board_content content = ask_content(text, strlen(text));

	return board_replace(test.cache, path, &content, NULL);
}

static void program_writes(const char *path, const char *text)
{
	assert_int_equal(fakeboard_write(test.fake, path, text, text ? strlen(text) : 0), 0);
}

/* A file of SIZE bytes, or an errno, is what the cache says of PATH, asking the board ASKED times. */
#define expect_file(path, size, asked) expect_stat(path, 0, false, size, asked)
#define expect_dir(path, asked) expect_stat(path, 0, true, 0, asked)
#define expect_error(path, error, asked) expect_stat(path, error, false, 0, asked)
#define expect_stat(path, error, is_dir, size, asked) check_stat(path, error, is_dir, size, asked, __LINE__)

static void check_stat(const char *path, int error, bool is_dir, uint64_t size, unsigned asked, int line)
{
	struct board_stat stat;
	unsigned before = fakeboard_count_all(test.fake);
	int got = board_stat(test.cache, path, &stat);

	if (got != error)
		fail_msg("line %d: %s gives %d", line, path, got);
	if (!error && (stat.is_dir != is_dir || stat.size != size))
		fail_msg("line %d: %s is a %s of %llu bytes", line, path, stat.is_dir ? "directory" : "file",
			 (unsigned long long)stat.size);
	if (fakeboard_count_all(test.fake) - before != asked)
		fail_msg("line %d: %s asked the board %u times", line, path, fakeboard_count_all(test.fake) - before);
}

struct names {
	char text[LISTED_MAX * 8];
	unsigned count;
};

static int by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

struct listed {
	char *names[LISTED_MAX];
	unsigned count;
};

static int note_name(void *context, const char *name, const struct board_stat *stat)
{
	struct listed *listed = context;

	assert_true(listed->count < LISTED_MAX);
	assert_int_not_equal(asprintf(&listed->names[listed->count++], "%s%s", name, stat->is_dir ? "/" : ""), -1);
	return 0;
}

/* The sorted names in PATH, directories with a slash behind them, each followed by a space, in TEXT. Returns board_list's result. */
static int names_in(struct board *board, const char *path, char *text, size_t size)
{
	struct listed listed = {.count = 0};
	int error = board_list(board, path, note_name, &listed);
	size_t len = 0;

	text[0] = 0;
	qsort(listed.names, listed.count, sizeof(listed.names[0]), by_text);
	for (unsigned i = 0; i < listed.count; i++) {
		len += (size_t)snprintf(text + len, size - len, "%s ", listed.names[i]);
		free(listed.names[i]);
	}
	return error;
}

#define expect_list(path, names, asked) check_list(path, names, asked, __LINE__)

static void check_list(const char *path, const char *names, unsigned asked, int line)
{
	char text[1024];
	unsigned before = fakeboard_count_all(test.fake);
	int error = names_in(test.cache, path, text, sizeof(text));

	if (error)
		fail_msg("line %d: listing %s gives %d", line, path, error);
	if (strcmp(text, names))
		fail_msg("line %d: %s holds %s", line, path, text);
	if (fakeboard_count_all(test.fake) - before != asked)
		fail_msg("line %d: listing %s asked the board %u times", line, path, fakeboard_count_all(test.fake) - before);
}

/* --- What is remembered --- */

static void what_is_there_is_asked_once(void **state)
{
	(void)state;
	program_writes("/a", "text");
	expect_file("/a", 4, 1);
	expect_file("/a", 4, 0);
	expect_dir("/", 1);
	expect_dir("/", 0);
}

static void what_is_not_there_is_asked_once(void **state)
{
	(void)state;
	expect_error("/a", -ENOENT, 1);
	expect_error("/a", -ENOENT, 0);
	expect_error("/a/b/c", -ENOENT, 0); /* nor is anything below it */
}

static void nothing_is_below_a_file(void **state)
{
	(void)state;
	program_writes("/a", "text");
	expect_file("/a", 4, 1);
	expect_error("/a/b", -ENOTDIR, 0);
	expect_error("/a/b/c", -ENOTDIR, 0);
}

static void the_second_name_brings_them_all(void **state)
{
	(void)state;
	program_writes("/a", "1");
	program_writes("/b", "22");
	program_writes("/c", "333");
	expect_file("/a", 1, 1);
	assert_int_equal(fakeboard_count(test.fake, FAKEBOARD_LIST), 0);
	expect_file("/b", 2, 1);
	assert_int_equal(fakeboard_count(test.fake, FAKEBOARD_LIST), 1);
	expect_file("/c", 3, 0);
	expect_error("/d", -ENOENT, 0); /* all are known, and it is none of them */
	expect_error("/d/e", -ENOENT, 0);
	expect_list("/", "a b c ", 0);
}

static void each_directory_is_listed_for_itself(void **state)
{
	(void)state;
	assert_int_equal(board_mkdir(test.fake, "/d"), 0);
	assert_int_equal(board_mkdir(test.fake, "/d/e"), 0);
	program_writes("/d/e/f", "f");
	expect_dir("/d", 1);
	expect_dir("/d/e", 1);
	expect_file("/d/e/f", 1, 1);
	expect_error("/d/e/g", -ENOENT, 1);
	assert_int_equal(fakeboard_count(test.fake, FAKEBOARD_LIST), 1);
	expect_error("/d/e/h", -ENOENT, 0);
}

static void a_listing_tells_of_each(void **state)
{
	(void)state;
	program_writes("/a", "1");
	assert_int_equal(board_mkdir(test.fake, "/d"), 0);
	expect_list("/", "a d/ ", 1);
	expect_list("/", "a d/ ", 0);
	expect_file("/a", 1, 0);
	expect_dir("/d", 0);
	expect_error("/x", -ENOENT, 0);
	expect_list("/d", "", 1);
	expect_list("/d", "", 0);
}

static int stop_at_once(void *context, const char *name, const struct board_stat *stat)
{
	(void)name;
	(void)stat;
	++*(unsigned *)context;
	return -EINTR;
}

static void a_listing_can_be_ended(void **state)
{
	unsigned calls = 0;

	(void)state;
	program_writes("/a", "1");
	program_writes("/b", "2");
	assert_int_equal(board_list(test.cache, "/", stop_at_once, &calls), -EINTR);
	assert_int_equal(board_list(test.cache, "/", stop_at_once, &calls), -EINTR);
	assert_int_equal(calls, 2);
}

static void a_failure_is_no_knowledge(void **state)
{
	char text[100];

	(void)state;
	program_writes("/a", "1");
	fakeboard_fail(test.fake, FAKEBOARD_STAT, EIO, 1);
	expect_error("/a", -EIO, 1);
	fakeboard_fail(test.fake, FAKEBOARD_LIST, EIO, 1);
	assert_int_equal(names_in(test.cache, "/", text, sizeof(text)), -EIO);
	assert_string_equal(text, "");
	expect_list("/", "a ", 1);
}

static void where_listing_fails_names_are_asked_for(void **state)
{
	(void)state;
	program_writes("/a", "1");
	program_writes("/b", "2");
	expect_file("/a", 1, 1);
	fakeboard_fail(test.fake, FAKEBOARD_LIST, ENOMEM, 1); /* a directory too large for a small board */
	expect_file("/b", 1, 2);
}

static void knowledge_grows_old(void **state)
{
	(void)state;
	program_writes("/a", "1");
	expect_list("/", "a ", 1);
	expect_error("/b", -ENOENT, 0);
	test.now += TIMEOUT - 1;
	expect_file("/a", 1, 0);
	expect_error("/b", -ENOENT, 0);
	program_writes("/a", "22"); /* by a program on the board */
	program_writes("/b", "333");
	test.now += 1;
	expect_file("/a", 2, 1);
	expect_file("/b", 3, 1);
	program_writes("/a", NULL);
	test.now += TIMEOUT;
	expect_error("/a", -ENOENT, 1);
	expect_list("/", "b ", 1);
}

static void what_has_gone_leaves_the_listing(void **state)
{
	(void)state;
	program_writes("/a", "1");
	program_writes("/b", "2");
	expect_list("/", "a b ", 1);
	program_writes("/a", NULL);
	program_writes("/c", "3");
	test.now += TIMEOUT;
	expect_list("/", "b c ", 1);
	expect_list("/", "b c ", 0);
	expect_error("/a", -ENOENT, 0);
}

static void what_became_a_file_has_no_entries(void **state)
{
	(void)state;
	assert_int_equal(board_mkdir(test.fake, "/d"), 0);
	program_writes("/d/a", "1");
	expect_list("/", "d/ ", 1);
	expect_list("/d", "a ", 1);
	program_writes("/d/a", NULL);
	assert_int_equal(board_rmdir(test.fake, "/d"), 0);
	program_writes("/d", "now a file");
	test.now += TIMEOUT;
	expect_list("/", "d ", 1);
	expect_error("/d/a", -ENOTDIR, 0);
}

/* The board was reset, or out of sight for a while: whatever ran on it may have changed anything. */
static void another_session_knows_nothing(void **state)
{
	(void)state;
	program_writes("/a", "1");
	expect_list("/", "a ", 1);
	expect_file("/a", 1, 0);
	program_writes("/a", "22");
	program_writes("/b", "333");
	test.spy.session++;
	assert_int_equal(board_session(test.cache), test.spy.session);
	expect_file("/a", 2, 1);
	program_writes("/c", "4");
	expect_list("/", "a b c ", 1);
	program_writes("/d", "5");
	test.spy.session++;
	expect_list("/", "a b c d ", 1);
	expect_error("/e", -ENOENT, 0);
}

static void a_clock_of_its_own_will_do(void **state)
{
	struct board *fake, *cache;
	struct board_stat stat;

	(void)state;
	assert_int_equal(fakeboard_open(&fake), 0);
	assert_int_equal(board_cache_open(&cache, fake, 3600 * 1000000ll, NULL), 0);
	assert_int_equal(board_stat(cache, "/", &stat), 0);
	assert_int_equal(board_stat(cache, "/", &stat), 0);
	assert_int_equal(fakeboard_count_all(fake), 1);
	board_close(cache);
}

static void without_a_time_nothing_is_kept(void **state)
{
	(void)state;
	program_writes("/a", "1");
	program_writes("/b", "2");
	for (unsigned i = 0; i < 3; i++) {
		expect_file("/a", 1, 1);
		expect_file("/b", 1, 1);
		expect_error("/c", -ENOENT, 1);
		expect_list("/", "a b ", 1);
	}
	assert_int_equal(board_mkdir(test.cache, "/d"), 0);
	expect_list("/d", "", 1);
	assert_int_equal(replace("/d/x", "123"), 0);
	expect_file("/d/x", 3, 1);
	assert_int_equal(board_rename(test.cache, "/d", "/e", false), 0);
	expect_file("/e/x", 3, 1);
	expect_error("/d/x", -ENOENT, 1);
}

/* --- Changes --- */

static void a_written_file_is_known(void **state)
{
	struct board_content content = ask_content("12345", 5);
	struct board_stat stat;

	(void)state;
	expect_list("/", "", 1);
	expect_error("/a", -ENOENT, 0);
	assert_int_equal(replace("/a", "123"), 0);
	expect_file("/a", 3, 0);
	expect_list("/", "a ", 0);
	assert_int_equal(replace("/a", "1234"), 0);
	expect_file("/a", 4, 0);
	assert_int_equal(board_append(test.cache, "/a", &content, 4, &stat), 0);
	expect_file("/a", 5, 0);
	expect_list("/", "a ", 0);
}

static void a_removed_file_is_known(void **state)
{
	(void)state;
	program_writes("/a", "1");
	expect_list("/", "a ", 1);
	assert_int_equal(board_remove(test.cache, "/a"), 0);
	expect_error("/a", -ENOENT, 0);
	expect_list("/", "", 0);
}

static void a_new_directory_is_empty(void **state)
{
	(void)state;
	assert_int_equal(board_mkdir(test.cache, "/d"), 0);
	expect_dir("/d", 0);
	expect_list("/d", "", 0);
	expect_error("/d/a", -ENOENT, 0);
	assert_int_equal(replace("/d/a", "1"), 0);
	expect_list("/d", "a ", 0);
	assert_int_equal(board_remove(test.cache, "/d/a"), 0);
	assert_int_equal(board_rmdir(test.cache, "/d"), 0);
	expect_error("/d", -ENOENT, 0);
	expect_error("/d/a", -ENOENT, 0);
	assert_int_equal(board_mkdir(test.cache, "/d"), 0);
	expect_list("/d", "", 0);
}

static void a_moved_file_is_known(void **state)
{
	(void)state;
	program_writes("/a", "1");
	program_writes("/b", "22");
	expect_list("/", "a b ", 1);
	assert_int_equal(board_rename(test.cache, "/a", "/c", false), 0);
	expect_error("/a", -ENOENT, 0);
	expect_file("/c", 1, 0);
	expect_list("/", "b c ", 0);
	assert_int_equal(board_rename(test.cache, "/c", "/b", false), 0);
	expect_error("/c", -ENOENT, 0);
	expect_file("/b", 1, 0);
	expect_list("/", "b ", 0);
	assert_int_equal(board_rename(test.cache, "/b", "/b", false), 0);
	expect_file("/b", 1, 0);
}

static void a_moved_directory_takes_its_tree_along(void **state)
{
	(void)state;
	assert_int_equal(board_mkdir(test.cache, "/d"), 0);
	assert_int_equal(board_mkdir(test.cache, "/d/e"), 0);
	assert_int_equal(replace("/d/e/f", "123"), 0);
	assert_int_equal(board_mkdir(test.cache, "/to"), 0);
	expect_list("/", "d/ to/ ", 1);
	assert_int_equal(board_rename(test.cache, "/d", "/to/d2", false), 0);
	expect_error("/d", -ENOENT, 0);
	expect_error("/d/e/f", -ENOENT, 0);
	expect_file("/to/d2/e/f", 3, 0);
	expect_error("/to/d2/e/g", -ENOENT, 0);
	expect_list("/to/d2", "e/ ", 0);
	expect_list("/", "to/ ", 0);
	/* Over an empty one, of which something was known. */
	assert_int_equal(board_mkdir(test.cache, "/empty"), 0);
	expect_error("/empty/e", -ENOENT, 0);
	assert_int_equal(board_rename(test.cache, "/to/d2", "/empty", false), 0);
	expect_file("/empty/e/f", 3, 0);
	expect_list("/to", "", 0);
}

/* What was never asked for is moved, to where something was known. */
static void the_unknown_can_be_moved(void **state)
{
	(void)state;
	program_writes("/a", "1");
	expect_error("/z", -ENOENT, 1);
	assert_int_equal(board_rename(test.cache, "/a", "/z", false), 0);
	expect_error("/a", -ENOENT, 0);
	expect_file("/z", 1, 1);
}

/* The same for a directory of which no more is known than that something is in it. */
static void the_half_known_can_be_moved(void **state)
{
	(void)state;
	assert_int_equal(board_mkdir(test.fake, "/d"), 0);
	program_writes("/d/x", "22");
	expect_error("/y", -ENOENT, 1);
	expect_file("/d/x", 2, 1);
	assert_int_equal(board_rename(test.cache, "/d", "/y", false), 0);
	expect_file("/y/x", 2, 1);
	expect_error("/d/x", -ENOENT, 0);
}

static int rename_anything(struct board *board, const char *from, const char *to, bool noreplace)
{
	(void)board;
	(void)from;
	(void)to;
	(void)noreplace;
	return 0;
}

static void a_board_that_renames_wrongly_does_no_harm(void **state)
{
	static struct board_ops ops;

	(void)state;
	ops = spy_ops;
	ops.rename = rename_anything;
	test.spy.base.ops = &ops;
	assert_int_equal(board_mkdir(test.cache, "/d"), 0);
	assert_int_equal(board_mkdir(test.cache, "/d/e"), 0);
	assert_int_equal(replace("/d/e/f", "123"), 0);
	assert_int_equal(board_rename(test.cache, "/d", "/d/e", false), 0);
	assert_int_equal(board_rename(test.cache, "/d/e", "/d", false), 0);
	assert_int_equal(board_rename(test.cache, "/d/e", "/d/e", false), 0);
	expect_file("/d/e/f", 3, 1);
	test.spy.base.ops = &spy_ops;
}

static void a_failed_change_leaves_nothing_known(void **state)
{
	(void)state;
	program_writes("/a", "1");
	expect_list("/", "a ", 1);
	fakeboard_fail(test.fake, FAKEBOARD_REPLACE, EIO, 1);
	assert_int_equal(replace("/a", "22"), -EIO); /* who knows what is there now */
	expect_file("/a", 1, 1);
	expect_list("/", "a ", 1);
	fakeboard_fail(test.fake, FAKEBOARD_MKDIR, EIO, 1);
	assert_int_equal(board_mkdir(test.cache, "/d"), -EIO);
	expect_error("/d", -ENOENT, 1);
	expect_list("/", "a ", 1);
	fakeboard_fail(test.fake, FAKEBOARD_REMOVE, EIO, 1);
	assert_int_equal(board_remove(test.cache, "/a"), -EIO);
	expect_file("/a", 1, 1);
	fakeboard_fail(test.fake, FAKEBOARD_RENAME, EIO, 1);
	assert_int_equal(board_rename(test.cache, "/a", "/b", false), -EIO);
	expect_file("/a", 1, 1);
	expect_error("/b", -ENOENT, 0); /* it was the second name that was asked for */
	assert_int_equal(board_mkdir(test.cache, "/d"), 0);
	fakeboard_fail(test.fake, FAKEBOARD_RMDIR, EIO, 1);
	assert_int_equal(board_rmdir(test.cache, "/d"), -EIO);
	expect_list("/d", "", 1);
}

static void the_time_of_a_directory_changes_with_it(void **state)
{
	struct board_stat stat;

	(void)state;
	assert_int_equal(board_mkdir(test.fake, "/d"), 0);
	test.spy.dir_mtime = 100;
	expect_list("/", "d/ ", 1);
	assert_int_equal(board_stat(test.cache, "/d", &stat), 0);
	assert_int_equal(stat.mtime, 100);
	test.spy.dir_mtime = 200;
	assert_int_equal(replace("/d/a", "1"), 0);
	assert_int_equal(board_stat(test.cache, "/d", &stat), 0);
	assert_int_equal(stat.mtime, 200);
	test.spy.dir_mtime = 300;
	assert_int_equal(board_remove(test.cache, "/d/a"), 0);
	expect_list("/", "d/ ", 1); /* not with the old time */
	assert_int_equal(board_stat(test.cache, "/d", &stat), 0);
	assert_int_equal(stat.mtime, 300);
}

/* The board is asked whether it has the same content only where that can be. */
static void the_board_is_told_what_differs(void **state)
{
	(void)state;
	assert_int_equal(replace("/a", "123"), 0);
	assert_false(test.spy.differs); /* nothing was known */
	assert_int_equal(replace("/a", "123"), 0);
	assert_false(test.spy.differs);
	assert_int_equal(replace("/a", "1234"), 0);
	assert_true(test.spy.differs);
	expect_error("/b", -ENOENT, 1);
	assert_int_equal(replace("/b", "1"), 0);
	assert_true(test.spy.differs);
	test.now += TIMEOUT;
	assert_int_equal(replace("/b", "22"), 0);
	assert_false(test.spy.differs); /* it may have changed meanwhile */
	struct board_content content = ask_content("22", 2);
	content.differs = true; /* who says so knows */
	assert_int_equal(board_replace(test.cache, "/b", &content, NULL), 0);
	assert_true(test.spy.differs);
}

static void the_rest_is_passed_on(void **state)
{
	struct board_statfs statfs;
	char buf[10];

	(void)state;
	program_writes("/a", "12345");
	assert_int_equal(board_read(test.cache, "/a", buf, sizeof(buf), 2), 3);
	assert_memory_equal(buf, "345", 3);
	assert_int_equal(board_read(test.cache, "/b", buf, sizeof(buf), 0), -ENOENT);
	assert_int_equal(board_statfs(test.cache, "/", &statfs), 0);
	assert_int_equal(statfs.block_size, 4096);
	assert_string_equal(board_info(test.cache)->machine, "a board in memory");
}

/* --- Questions and changes that cross --- */

static void *stat_a(void *result)
{
	struct board_stat stat;

	*(int *)result = board_stat(test.cache, "/a", &stat);
	return NULL;
}

static void *list_root(void *result)
{
	char text[1024];

	*(int *)result = names_in(test.cache, "/", text, sizeof(text));
	return NULL;
}

static void a_stat_that_a_change_overtakes_is_not_kept(void **state)
{
	pthread_t thread;
	int result = -1;

	(void)state;
	program_writes("/a", "1");
	fakeboard_pause(test.fake, FAKEBOARD_STAT);
	assert_int_equal(pthread_create(&thread, NULL, stat_a, &result), 0);
	fakeboard_await(test.fake, FAKEBOARD_STAT, 1);
	assert_int_equal(replace("/b", "22"), 0);
	fakeboard_resume(test.fake, FAKEBOARD_STAT);
	pthread_join(thread, NULL);
	assert_int_equal(result, 0);
	fakeboard_forget_calls(test.fake);
	expect_file("/b", 2, 0);
	expect_file("/a", 1, 1);
}

static void a_listing_that_a_change_overtakes_is_not_kept(void **state)
{
	pthread_t thread;
	int result = -1;

	(void)state;
	program_writes("/a", "1");
	fakeboard_pause(test.fake, FAKEBOARD_LIST);
	assert_int_equal(pthread_create(&thread, NULL, list_root, &result), 0);
	fakeboard_await(test.fake, FAKEBOARD_LIST, 1);
	assert_int_equal(board_remove(test.cache, "/a"), 0);
	fakeboard_resume(test.fake, FAKEBOARD_LIST);
	pthread_join(thread, NULL);
	assert_int_equal(result, 0);
	assert_int_equal(fakeboard_count(test.fake, FAKEBOARD_LIST), 1); /* it is an answer all the same */
	expect_error("/a", -ENOENT, 0);
	expect_list("/", "", 1);
	expect_list("/", "", 0);
}

static void *replace_a(void *result)
{
	*(int *)result = replace("/a", "333");
	return NULL;
}

/* While a file is written the old one is seen; afterwards the new one, although nobody asks again. */
static void what_is_asked_during_a_change_gives_way_to_it(void **state)
{
	pthread_t thread;
	int result = -1;

	(void)state;
	program_writes("/a", "1");
	fakeboard_pause(test.fake, FAKEBOARD_REPLACE);
	assert_int_equal(pthread_create(&thread, NULL, replace_a, &result), 0);
	fakeboard_await(test.fake, FAKEBOARD_REPLACE, 1);
	expect_list("/", "a ", 1);
	expect_file("/a", 1, 0);
	fakeboard_resume(test.fake, FAKEBOARD_REPLACE);
	pthread_join(thread, NULL);
	assert_int_equal(result, 0);
	expect_file("/a", 3, 0);
}

static void ask_for_the_old_name(void)
{
	struct board_stat stat;

	assert_int_equal(board_stat(test.cache, "/from/a", &stat), -ENOENT);
	assert_int_equal(board_stat(test.cache, "/to/a", &stat), 0);
}

/* That /from/a is no more must not move along with /from. */
static void a_rename_takes_no_new_answers_along(void **state)
{
	(void)state;
	assert_int_equal(board_mkdir(test.cache, "/from"), 0);
	program_writes("/from/a", "1");
	test.now += TIMEOUT;
	expect_dir("/from", 1);
	test.spy.behind_rename = ask_for_the_old_name;
	assert_int_equal(board_rename(test.cache, "/from", "/to", false), 0);
	test.spy.behind_rename = NULL;
	expect_file("/to/a", 1, 1);
	expect_error("/from/a", -ENOENT, 0);
}

/* --- Anything, compared with a board without a cache --- */

static void compare_lists(struct board *plain, const char *path, unsigned seed)
{
	char with[1024], without[1024];
	int cached = names_in(test.cache, path, with, sizeof(with)), direct = names_in(plain, path, without, sizeof(without));

	if (cached != direct || strcmp(with, without))
		fail_msg("seed %u: %s holds %s (%d), and by the cache %s (%d)", seed, path, without, direct, with, cached);
}

static void compare_stats(struct board *plain, const char *path, unsigned seed)
{
	struct board_stat with = {0}, without = {0};
	int cached = board_stat(test.cache, path, &with), direct = board_stat(plain, path, &without);

	if (cached != direct ||
	    (!direct && (with.is_dir != without.is_dir || with.size != without.size || with.mtime != without.mtime)))
		fail_msg("seed %u: %s: %d, by the cache %d", seed, path, direct, cached);
}

static void random_step(struct board *plain, struct dice *dice, unsigned seed)
{
	char path[32], other[32], text[10] = {0};
	struct board_content content = ask_content(text, 0);
	int cached = 0, direct = 0;
	uint32_t kind = dice_roll(dice, 12);

	ask_random_path(dice, path);
	ask_random_path(dice, other);
	memset(text, 't', content.size = dice_roll(dice, 6));
	if (kind < 3) {
		compare_stats(plain, path, seed);
	} else if (kind < 5) {
		compare_lists(plain, dice_hit(dice, 3) ? "/" : path, seed);
	} else if (kind < 7) {
		cached = board_replace(test.cache, path, &content, NULL);
		direct = board_replace(plain, path, &content, NULL);
	} else if (kind == 7) {
		cached = board_mkdir(test.cache, path);
		direct = board_mkdir(plain, path);
	} else if (kind == 8) {
		cached = board_rmdir(test.cache, path);
		direct = board_rmdir(plain, path);
	} else if (kind == 9) {
		cached = board_remove(test.cache, path);
		direct = board_remove(plain, path);
	} else if (kind == 10) {
		cached = board_rename(test.cache, path, other, false);
		direct = board_rename(plain, path, other, false);
	} else {
		test.now += dice_roll(dice, TIMEOUT);
	}
	if (cached != direct)
		fail_msg("seed %u: step %u of %s and %s: %d, by the cache %d", seed, kind, path, other, direct, cached);
}

static void nobody_sees_that_there_is_a_cache(void **state)
{
	(void)state;
	for (unsigned seed = 1; seed <= 300; seed++) {
		struct dice dice = {seed};
		struct board *plain;

		assert_int_equal(fakeboard_open(&plain), 0);
		for (unsigned i = 0; i < 200; i++)
			random_step(plain, &dice, seed);
		board_close(plain);
		board_close(test.cache);
		assert_int_equal(open_with(TIMEOUT), 0);
	}
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(what_is_there_is_asked_once),
		TEST(what_is_not_there_is_asked_once),
		TEST(nothing_is_below_a_file),
		TEST(the_second_name_brings_them_all),
		TEST(each_directory_is_listed_for_itself),
		TEST(a_listing_tells_of_each),
		TEST(a_listing_can_be_ended),
		TEST(a_failure_is_no_knowledge),
		TEST(where_listing_fails_names_are_asked_for),
		TEST(knowledge_grows_old),
		TEST(what_has_gone_leaves_the_listing),
		TEST(what_became_a_file_has_no_entries),
		TEST(another_session_knows_nothing),
		TEST(a_clock_of_its_own_will_do),
		cmocka_unit_test_setup_teardown(without_a_time_nothing_is_kept, set_up_without_memory, tear_down),
		TEST(a_written_file_is_known),
		TEST(a_removed_file_is_known),
		TEST(a_new_directory_is_empty),
		TEST(a_moved_file_is_known),
		TEST(a_moved_directory_takes_its_tree_along),
		TEST(the_unknown_can_be_moved),
		TEST(the_half_known_can_be_moved),
		TEST(a_board_that_renames_wrongly_does_no_harm),
		TEST(a_failed_change_leaves_nothing_known),
		TEST(the_time_of_a_directory_changes_with_it),
		TEST(the_board_is_told_what_differs),
		TEST(the_rest_is_passed_on),
		TEST(a_stat_that_a_change_overtakes_is_not_kept),
		TEST(a_listing_that_a_change_overtakes_is_not_kept),
		TEST(what_is_asked_during_a_change_gives_way_to_it),
		TEST(a_rename_takes_no_new_answers_along),
		TEST(nobody_sees_that_there_is_a_cache),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
