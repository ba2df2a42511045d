/* SPDX-License-Identifier: MIT */
/* Changes that were cut, done or not, on a board in memory. On a real one: tests/system/under_way.sh. */
#include "board/redo.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/boardfile.h"

static struct {
	struct board *fake;
	char log[1000];
} test;

static void note(void *context, int level, const char *text)
{
	(void)context;
	(void)level;
	strcat(test.log, text);
}

static const struct redo *redo(void)
{
	static struct redo redo;

	redo = (struct redo){test.fake, note, NULL};
	return &redo;
}

static int set_up(void **state)
{
	(void)state;
	test.log[0] = 0;
	if (fakeboard_open(&test.fake) || board_mkdir(test.fake, "/d"))
		return -1;
	boardfile_put(test.fake, "/file", "text");
	boardfile_put(test.fake, "/other", "longer text");
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	board_close(test.fake);
	return 0;
}

static struct board_stat stat_of(const char *path)
{
	struct board_stat stat;

	assert_int_equal(board_stat(test.fake, path, &stat), 0);
	return stat;
}

static int make_dir(void)
{
	return redo_mkdir(redo(), "/new");
}

static int remove_dir(void)
{
	return redo_rmdir(redo(), "/d");
}

static int remove_file(void)
{
	struct board_stat was = stat_of("/file");

	return redo_remove(redo(), "/file", &was);
}

static int rename_file(void)
{
	struct board_stat source = stat_of("/file");

	return redo_rename(redo(), "/file", &source, "/new", NULL);
}

static int rename_over(void)
{
	struct board_stat source = stat_of("/file"), target = stat_of("/other");

	return redo_rename(redo(), "/file", &source, "/other", &target);
}

static int rename_dir(void)
{
	struct board_stat source = stat_of("/d");

	return redo_rename(redo(), "/d", &source, "/new", NULL);
}

static const struct operation {
	enum fakeboard_call call;
	int (*run)(void);
	const char *gone, *there; /* afterwards */
} operations[] = {
	{FAKEBOARD_MKDIR, make_dir, NULL, "/new"},          {FAKEBOARD_RMDIR, remove_dir, "/d", NULL},
	{FAKEBOARD_REMOVE, remove_file, "/file", NULL},     {FAKEBOARD_RENAME, rename_file, "/file", "/new"},
	{FAKEBOARD_RENAME, rename_over, "/file", "/other"}, {FAKEBOARD_RENAME, rename_dir, "/d", "/new"},
};

#define EACH_OPERATION(o) (size_t o = 0; o < sizeof(operations) / sizeof(operations[0]); o++)

static void expect_done(const struct operation *operation)
{
	struct board_stat stat;

	if (operation->gone)
		assert_int_equal(board_stat(test.fake, operation->gone, &stat), -ENOENT);
	if (operation->there)
		assert_int_equal(board_stat(test.fake, operation->there, &stat), 0);
	if (operation->run == rename_over)
		boardfile_expect(test.fake, "/other", "text");
}

/* Runs TEST for each operation, on a new board. */
static void for_each(void (*run)(const struct operation *operation))
{
	for
		EACH_OPERATION(o)
		{
			run(&operations[o]);
			tear_down(NULL);
			assert_int_equal(set_up(NULL), 0);
		}
}

static void done_though_cut(const struct operation *operation)
{
	fakeboard_forget_calls(test.fake);
	fakeboard_cut(test.fake, operation->call, true, 1);
	assert_int_equal(operation->run(), 0);
	assert_int_equal(fakeboard_count(test.fake, operation->call), 1);
	expect_done(operation);
	assert_string_equal(test.log, "");
}

static void what_was_done_has_succeeded(void **state)
{
	(void)state;
	for_each(done_though_cut);
}

static void undone_when_cut(const struct operation *operation)
{
	fakeboard_forget_calls(test.fake);
	fakeboard_cut(test.fake, operation->call, false, 2);
	assert_int_equal(operation->run(), 0);
	assert_int_equal(fakeboard_count(test.fake, operation->call), 3);
	expect_done(operation);
	assert_string_equal(test.log, "");
}

static void what_was_not_done_is_done_again(void **state)
{
	(void)state;
	for_each(undone_when_cut);
}

static void always_cut(const struct operation *operation)
{
	fakeboard_cut(test.fake, operation->call, false, 100);
	assert_int_equal(operation->run(), -EIO);
	fakeboard_cut(test.fake, operation->call, false, 0);
}

static void it_is_not_tried_for_ever(void **state)
{
	(void)state;
	for_each(always_cut);
}

/* No session but the one that was: the board itself has failed. */
static void failed(const struct operation *operation)
{
	fakeboard_forget_calls(test.fake);
	fakeboard_fail(test.fake, operation->call, EIO, 1);
	assert_int_equal(operation->run(), -EIO);
	assert_int_equal(fakeboard_count(test.fake, operation->call), 1);
	fakeboard_fail(test.fake, operation->call, ENOSPC, 1);
	assert_int_equal(operation->run(), -ENOSPC);
	assert_int_equal(fakeboard_count(test.fake, operation->call), 2);
}

static void what_the_board_says_is_passed_on(void **state)
{
	(void)state;
	for_each(failed);
}

static void a_board_that_stays_away_is_an_error(void **state)
{
	(void)state;
	fakeboard_cut(test.fake, FAKEBOARD_MKDIR, false, 1);
	fakeboard_fail(test.fake, FAKEBOARD_STAT, EIO, 1);
	assert_int_equal(make_dir(), -EIO);
	assert_string_equal(test.log, "");
}

static void what_is_in_the_way_is_told(void **state)
{
	(void)state;
	boardfile_put(test.fake, "/new", "by another");
	fakeboard_cut(test.fake, FAKEBOARD_MKDIR, false, 1);
	assert_int_equal(make_dir(), -EEXIST);
	fakeboard_cut(test.fake, FAKEBOARD_RMDIR, false, 1);
	boardfile_put(test.fake, "/d/f", "by another");
	assert_int_equal(remove_dir(), -ENOTEMPTY);
}

/* Somebody else has changed what there is: nothing is done to it, and the log names it. */
static void what_cannot_be_told_is_an_error(void **state)
{
	const struct board_stat file = stat_of("/file"), other = stat_of("/other");

	(void)state;
	fakeboard_cut(test.fake, FAKEBOARD_REMOVE, false, 1);
	assert_int_equal(redo_remove(redo(), "/file", &other), -EIO);
	boardfile_expect(test.fake, "/file", "text");
	assert_non_null(strstr(test.log, "/file: remove"));
	test.log[0] = 0;
	fakeboard_cut(test.fake, FAKEBOARD_RENAME, true, 1);
	assert_int_equal(redo_rename(redo(), "/file", &other, "/new", NULL), -EIO);
	boardfile_expect(test.fake, "/new", "text");
	assert_non_null(strstr(test.log, "/file to /new: rename"));
	boardfile_put(test.fake, "/file", "text"); /* a new one, of another time */
	fakeboard_cut(test.fake, FAKEBOARD_RENAME, false, 1);
	assert_int_equal(redo_rename(redo(), "/file", &file, "/other", &other), -EIO);
	const struct board_stat now = stat_of("/file");
	fakeboard_cut(test.fake, FAKEBOARD_RENAME, false, 1);
	assert_int_equal(redo_rename(redo(), "/file", &now, "/other", NULL), -EIO); /* something came there meanwhile */
	boardfile_expect(test.fake, "/other", "longer text");
	boardfile_expect(test.fake, "/file", "text");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(what_was_done_has_succeeded),
		TEST(what_was_not_done_is_done_again),
		TEST(it_is_not_tried_for_ever),
		TEST(what_the_board_says_is_passed_on),
		TEST(a_board_that_stays_away_is_an_error),
		TEST(what_is_in_the_way_is_told),
		TEST(what_cannot_be_told_is_an_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
