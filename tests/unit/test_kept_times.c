/* SPDX-License-Identifier: MIT */
#include "fuse/kept_times.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

static const struct board_stat file_of_5 = {.size = 5, .mtime = 100};
static const struct board_stat directory = {.is_dir = true};

static struct kept_times_pair pair(int64_t mtime)
{
	return (struct kept_times_pair){.atime = {.tv_sec = mtime + 1, .tv_nsec = 2}, .mtime = {.tv_sec = mtime, .tv_nsec = 7}};
}

static void put(struct kept_times *times, const char *path, const struct board_stat *on_board, int64_t mtime)
{
	struct kept_times_pair given = pair(mtime);

	kept_times_put(times, path, on_board, &given);
}

/* The remembered mtime's seconds, or -1. */
static int64_t get(struct kept_times *times, const char *path, const struct board_stat *on_board)
{
	struct kept_times_pair found = {.mtime = {.tv_sec = -2}};

	if (!kept_times_get(times, path, on_board, &found)) {
		assert_int_equal(found.mtime.tv_sec, -2);
		return -1;
	}
	assert_int_equal(found.mtime.tv_nsec, 7);
	assert_int_equal(found.atime.tv_sec, found.mtime.tv_sec + 1);
	return found.mtime.tv_sec;
}

static int set_up(void **state)
{
	return kept_times_open((struct kept_times **)state);
}

static int tear_down(void **state)
{
	kept_times_close(*state);
	return 0;
}

static void what_is_put_is_got(void **state)
{
	assert_int_equal(get(*state, "/a", &file_of_5), -1);
	put(*state, "/a", &file_of_5, 50);
	put(*state, "/b", &file_of_5, 60);
	assert_int_equal(get(*state, "/a", &file_of_5), 50);
	assert_int_equal(get(*state, "/b", &file_of_5), 60);
	put(*state, "/a", &file_of_5, 70);
	assert_int_equal(get(*state, "/a", &file_of_5), 70);
}

static void another_file_of_the_name_has_other_times(void **state)
{
	put(*state, "/a", &file_of_5, 50);
	assert_int_equal(get(*state, "/a", &(struct board_stat){.size = 6, .mtime = 100}), -1);
	assert_int_equal(get(*state, "/a", &(struct board_stat){.size = 5, .mtime = 101}), -1);
	assert_int_equal(get(*state, "/a", &(struct board_stat){.is_dir = true, .mtime = 100}), -1);
	assert_int_equal(get(*state, "/a", &file_of_5), 50);
}

static void a_directory_takes_the_boards_time_later(void **state)
{
	const struct board_stat later = {.is_dir = true, .mtime = 500}, still_later = {.is_dir = true, .mtime = 600};

	put(*state, "/d", &directory, 50);
	assert_int_equal(get(*state, "/d", &later), 50);
	assert_int_equal(get(*state, "/d", &still_later), -1);
	put(*state, "/d", &directory, 51);
	assert_int_equal(get(*state, "/d", &still_later), 51);
}

static void removing_takes_what_is_below_along(void **state)
{
	put(*state, "/d", &directory, 1);
	put(*state, "/d/a", &file_of_5, 2);
	put(*state, "/da", &file_of_5, 3);
	kept_times_remove(*state, "/d");
	assert_int_equal(get(*state, "/d", &directory), -1);
	assert_int_equal(get(*state, "/d/a", &file_of_5), -1);
	assert_int_equal(get(*state, "/da", &file_of_5), 3);
	put(*state, "/", &directory, 4);
	kept_times_remove(*state, "/");
	assert_int_equal(get(*state, "/da", &file_of_5), -1);
	assert_int_equal(get(*state, "/", &directory), -1);
}

static void renaming_carries_what_is_below(void **state)
{
	put(*state, "/d", &directory, 1);
	put(*state, "/d/a", &file_of_5, 2);
	put(*state, "/d/e/b", &file_of_5, 3);
	put(*state, "/dd", &file_of_5, 4);
	put(*state, "/t/old", &file_of_5, 5);
	kept_times_rename(*state, "/d", "/t");
	assert_int_equal(get(*state, "/t", &directory), 1);
	assert_int_equal(get(*state, "/t/a", &file_of_5), 2);
	assert_int_equal(get(*state, "/t/e/b", &file_of_5), 3);
	assert_int_equal(get(*state, "/dd", &file_of_5), 4);
	assert_int_equal(get(*state, "/t/old", &file_of_5), -1);
	assert_int_equal(get(*state, "/d", &directory), -1);
	assert_int_equal(get(*state, "/d/a", &file_of_5), -1);
	kept_times_rename(*state, "/t/a", "/t/a");
	assert_int_equal(get(*state, "/t/a", &file_of_5), 2);
}

static void many_are_kept(void **state)
{
	char path[32];
	int i;

	for (i = 0; i < 1000; i++) {
		snprintf(path, sizeof(path), "/d/%d", i);
		put(*state, path, &file_of_5, i);
	}
	kept_times_rename(*state, "/d", "/e");
	for (i = 0; i < 1000; i++) {
		snprintf(path, sizeof(path), "/e/%d", i);
		assert_int_equal(get(*state, path, &file_of_5), i);
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(what_is_put_is_got),
		TEST(another_file_of_the_name_has_other_times),
		TEST(a_directory_takes_the_boards_time_later),
		TEST(removing_takes_what_is_below_along),
		TEST(renaming_carries_what_is_below),
		TEST(many_are_kept),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
