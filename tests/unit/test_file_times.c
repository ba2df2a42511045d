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

#include "fuse/times_evidence.h"
#include "tests/unit/fakeboard.h"

static int64_t clock_us;

static int64_t now(void)
{
	return clock_us;
}

static int64_t waited_us;

static void pass(int64_t us)
{
	clock_us += us;
	waited_us += us;
}

struct fixture {
	struct board *board;
	struct kept_times *times;
};

static int set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	*state = f;
	clock_us = 7000000;
	waited_us = 0;
	return fakeboard_open(&f->board) < 0 || kept_times_open(&f->times, f->board, NULL, now) < 0 ? -1 : 0;
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
	assert_int_equal(kept_times_open(&f->times, f->board, NULL, now), 0);
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
	pass(TIMES_EVIDENCE_STEP_US);
	file_times_look(f->board, f->times);
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
	file_times_settle(f->board, f->times, pass);
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
	file_times_settle(f->board, f->times, pass);
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
	file_times_settle(f->board, f->times, pass);
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
	file_times_settle(f->board, f->times, pass);
	assert_int_equal(mtime_of(f, "/a"), 77);
	next_mount(f);
	assert_int_equal(mtime_of(f, "/a"), 0);
	assert_int_equal(fakeboard_count(f->board, FAKEBOARD_HASH), 0);
}

static void the_board_is_looked_at_only_when_that_proves_something(void **state)
{
	struct fixture *f = *state;

	make_file(f, "/a", "text", 77);
	fakeboard_forget_calls(f->board);
	file_times_look(f->board, f->times);
	assert_int_equal(fakeboard_count_all(f->board), 0);
	pass(TIMES_EVIDENCE_STEP_US);
	fakeboard_fail(f->board, FAKEBOARD_STAT, EIO, 1);
	file_times_look(f->board, f->times);
	file_times_look(f->board, f->times); /* as the board did not answer */
	assert_int_equal(fakeboard_count_all(f->board), 2);
	pass(TIMES_EVIDENCE_STEP_US);
	file_times_look(f->board, f->times);
	assert_int_equal(fakeboard_count_all(f->board), 2);
	next_mount(f);
	assert_int_equal(peek(f, "/a"), 77);
}

static void what_was_written_last_is_compared_by_content(void **state)
{
	struct fixture *f = *state;

	fakeboard_stop_clock(f->board, 1750000000);
	make_file(f, "/a", "text", 77);
	make_file(f, "/b", "text", 78);
	file_times_settle(f->board, f->times, pass);
	assert_int_equal(waited_us, 0);
	next_mount(f);
	fakeboard_write(f->board, "/b", "TEXT", 4); /* in the same second */
	assert_int_equal(peek(f, "/a"), -1);
	assert_int_equal(mtime_of(f, "/a"), 77);
	assert_int_equal(mtime_of(f, "/b"), 1750000000);
	assert_int_equal(fakeboard_count(f->board, FAKEBOARD_HASH), 1);
}

static void what_is_old_enough_needs_no_hash(void **state)
{
	struct fixture *f = *state;

	make_file(f, "/a", "text", 77);
	pass(TIMES_EVIDENCE_STEP_US);
	waited_us = 0;
	fakeboard_forget_calls(f->board);
	file_times_settle(f->board, f->times, pass);
	assert_int_equal(fakeboard_count_all(f->board), 2); /* whether it answers, and whether it has hashes */
	assert_int_equal(waited_us, 0);
	next_mount(f);
	assert_int_equal(peek(f, "/a"), 77);
}

static void make_large(struct fixture *f, const char *path)
{
	char *text = malloc(TIMES_EVIDENCE_HASH_MAX + 2);

	memset(text, 'x', TIMES_EVIDENCE_HASH_MAX + 1);
	text[TIMES_EVIDENCE_HASH_MAX + 1] = '\0';
	make_file(f, path, text, 77);
	free(text);
}

static void a_long_file_is_waited_for(void **state)
{
	struct fixture *f = *state;

	fakeboard_stop_clock(f->board, 1750000000);
	make_large(f, "/large");
	clock_us += 1000;
	file_times_settle(f->board, f->times, pass);
	assert_int_equal(waited_us, TIMES_EVIDENCE_STEP_US - 1000);
	next_mount(f);
	assert_int_equal(peek(f, "/large"), 77);
	file_times_settle(f->board, f->times, pass);
	assert_int_equal(waited_us, TIMES_EVIDENCE_STEP_US - 1000);
}

static void nobody_waits_for_a_board_that_fails(void **state)
{
	struct fixture *f = *state;

	fakeboard_stop_clock(f->board, 1750000000);
	make_large(f, "/large");
	make_file(f, "/a", "text", 78);
	fakeboard_fail(f->board, FAKEBOARD_HASH, EIO, 1);
	file_times_settle(f->board, f->times, pass);
	assert_int_equal(waited_us, 0);
}

static void without_hashes_all_is_waited_for(void **state)
{
	const uint8_t hash[BOARD_HASH_SIZE] = {0};
	struct fixture *f = *state;
	struct board_stat on_board;

	fakeboard_stop_clock(f->board, 1750000000);
	assert_int_equal(fakeboard_write(f->board, "/a", "text", 4), 0);
	assert_int_equal(board_stat(f->board, "/a", &on_board), 0);
	kept_times_put_written(f->times, "/a", &on_board, &(struct kept_times_pair){.mtime = {.tv_sec = 77}}, hash);
	fakeboard_fail(f->board, FAKEBOARD_HASH, EOPNOTSUPP, 100);
	file_times_settle(f->board, f->times, pass);
	assert_int_equal(waited_us, TIMES_EVIDENCE_STEP_US);
	next_mount(f);
	assert_int_equal(peek(f, "/a"), 77);
	make_file(f, "/touched", "text", 78); /* which would be asked for */
	file_times_settle(f->board, f->times, pass);
	next_mount(f);
	assert_int_equal(peek(f, "/touched"), 78);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_file_with_a_time_is_not_asked_for),
		TEST(contents_are_compared_in_groups_and_once),
		TEST(a_directory_is_listed_once),
		TEST(a_board_that_fails_now_is_asked_again),
		TEST(what_is_not_settled_is_not_kept),
		TEST(the_board_is_looked_at_only_when_that_proves_something),
		TEST(what_was_written_last_is_compared_by_content),
		TEST(what_is_old_enough_needs_no_hash),
		TEST(a_long_file_is_waited_for),
		TEST(nobody_waits_for_a_board_that_fails),
		TEST(without_hashes_all_is_waited_for),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
