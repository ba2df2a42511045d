/* SPDX-License-Identifier: MIT */
#include "fuse/file_times.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/fakeboard.h"

struct fixture {
	struct board *board;
	struct kept_times *times;
};

static int set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	*state = f;
	return fakeboard_open(&f->board) < 0 || kept_times_open(&f->times, f->board, NULL) < 0 ? -1 : 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	kept_times_close(f->times);
	board_close(f->board);
	free(f);
	return 0;
}

static void next_mount(struct fixture *f)
{
	uint8_t *bytes;
	size_t len;

	assert_int_equal(kept_times_encode(f->times, "b", &bytes, &len), 0);
	kept_times_close(f->times);
	assert_int_equal(kept_times_open(&f->times, f->board, NULL), 0);
	assert_int_equal(kept_times_decode(f->times, "b", bytes, len), 0);
	free(bytes);
	fakeboard_forget_calls(f->board);
}

/* A program on the board writes file PATH; the mount gives it the mtime MTIME. */
static void make_file(struct fixture *f, const char *path, const char *text, int64_t mtime)
{
	struct kept_times_pair pair = {.mtime = {.tv_sec = mtime}};
	struct board_stat on_board;

	assert_int_equal(fakeboard_write(f->board, path, text, strlen(text)), 0);
	assert_int_equal(board_stat(f->board, path, &on_board), 0);
	kept_times_put(f->times, path, &on_board, &pair);
}

static void make_dir(struct fixture *f, const char *path, int64_t mtime)
{
	struct kept_times_pair pair = {.mtime = {.tv_sec = mtime}};

	assert_int_equal(board_mkdir(f->board, path), 0);
	kept_times_put(f->times, path, &(struct board_stat){.is_dir = true}, &pair);
}

static int64_t mtime_of(struct fixture *f, const char *path)
{
	struct kept_times_pair pair;
	struct board_stat on_board;

	assert_int_equal(board_stat(f->board, path, &on_board), 0);
	file_times_get(f->board, f->times, path, &on_board, &pair);
	return pair.mtime.tv_sec;
}

/* The mtime of PATH without asking; -1 when that cannot be told. */
static int64_t peek(struct fixture *f, const char *path)
{
	struct kept_times_pair pair;
	struct board_stat on_board;

	assert_int_equal(board_stat(f->board, path, &on_board), 0);
	return file_times_peek(f->times, path, &on_board, &pair) ? pair.mtime.tv_sec : -1;
}

static void a_file_with_a_time_is_not_asked_for(void **state)
{
	struct fixture *f = *state;

	make_file(f, "/a", "text", 77);
	next_mount(f);
	assert_int_equal(peek(f, "/a"), 77);
	assert_int_equal(mtime_of(f, "/a"), 77);
	fakeboard_write(f->board, "/a", "TEXT", 4);
	assert_int_equal(peek(f, "/a"), 1002);
	assert_int_equal(mtime_of(f, "/a"), 1002);
	assert_int_equal(fakeboard_count(f->board, FAKEBOARD_HASH), 0);
}

static void contents_are_compared_in_groups_and_once(void **state)
{
	struct fixture *f = *state;
	char path[32];
	int i;

	fakeboard_stop_clock(f->board, 0);
	make_dir(f, "/d", 1);
	for (i = 0; i < 2 * FILE_TIMES_GROUP; i++) {
		snprintf(path, sizeof(path), "/d/%d", i);
		make_file(f, path, "text", 100 + i);
	}
	file_times_settle(f->board, f->times);
	next_mount(f);
	fakeboard_write(f->board, "/d/3", "TEXT", 4);
	assert_int_equal(peek(f, "/d/0"), -1);
	for (i = 0; i < 2 * FILE_TIMES_GROUP; i++) {
		snprintf(path, sizeof(path), "/d/%d", i);
		assert_int_equal(mtime_of(f, path), i == 3 ? 0 : 100 + i);
		assert_int_equal(peek(f, path), i == 3 ? 0 : 100 + i);
	}
	assert_in_range(fakeboard_count(f->board, FAKEBOARD_HASH), 2, 3);
}

static void a_directory_is_listed_once(void **state)
{
	struct fixture *f = *state;

	make_dir(f, "/d", 55);
	make_dir(f, "/e", 56);
	file_times_settle(f->board, f->times);
	next_mount(f);
	fakeboard_write(f->board, "/e/new", "x", 1);
	assert_int_equal(peek(f, "/d"), -1);
	assert_int_equal(mtime_of(f, "/d"), 55);
	assert_int_equal(mtime_of(f, "/d"), 55);
	assert_int_equal(mtime_of(f, "/e"), 0);
	assert_int_equal(fakeboard_count(f->board, FAKEBOARD_LIST), 2);
}

static void a_board_that_fails_now_is_asked_again(void **state)
{
	struct fixture *f = *state;

	fakeboard_stop_clock(f->board, 5);
	make_file(f, "/a", "text", 77);
	make_dir(f, "/d", 78);
	file_times_settle(f->board, f->times);
	next_mount(f);
	fakeboard_fail(f->board, FAKEBOARD_HASH, EIO, 1);
	fakeboard_fail(f->board, FAKEBOARD_LIST, EIO, 1);
	assert_int_equal(mtime_of(f, "/a"), 5);
	assert_int_equal(mtime_of(f, "/d"), 0);
	assert_int_equal(mtime_of(f, "/a"), 77);
	assert_int_equal(mtime_of(f, "/d"), 78);
}

static void what_is_not_settled_is_not_kept(void **state)
{
	struct fixture *f = *state;

	fakeboard_stop_clock(f->board, 0);
	make_file(f, "/a", "text", 77);
	make_file(f, "/gone", "text", 78);
	assert_int_equal(board_remove(f->board, "/gone"), 0);
	fakeboard_fail(f->board, FAKEBOARD_HASH, EIO, 1);
	file_times_settle(f->board, f->times);
	assert_int_equal(mtime_of(f, "/a"), 77);
	next_mount(f);
	assert_int_equal(mtime_of(f, "/a"), 0);
	assert_int_equal(fakeboard_count(f->board, FAKEBOARD_HASH), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_file_with_a_time_is_not_asked_for), TEST(contents_are_compared_in_groups_and_once),
		TEST(a_directory_is_listed_once),          TEST(a_board_that_fails_now_is_asked_again),
		TEST(what_is_not_settled_is_not_kept),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
