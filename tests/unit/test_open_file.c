/* SPDX-License-Identifier: MIT */
/*
 * An open file by one process and by several at once. What an absence of the board does to it is in test_open_file_absence.c, steps at random
 * in test_open_file_random.c.
 */
#include "fuse/open_file.h"

#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "fuse/file_times.h"
#include "tests/unit/onefile.h"

static void reading_passes_through(void **state)
{
	struct onefile *f = *state;
	struct open_file *file = onefile_open_with(f, "hello board");

	onefile_expect_read(file, 0, 100, "hello board");
	onefile_expect_read(file, 6, 3, "boa");
	onefile_expect_read(file, 11, 5, "");
	onefile_expect_read(file, 5000, 5, "");
	assert_int_equal(open_file_sync(file, "/f"), 0);
	assert_int_equal(fakeboard_count_all(f->board), 2);
}

static void loading_asks_once_and_refuses_directories(void **state)
{
	struct onefile *f = *state;

	assert_int_equal(open_file_open(&f->file, &f->mount), 0);
	assert_int_equal(open_file_load(f->file, "/f"), -ENOENT);
	assert_int_equal(board_mkdir(f->board, "/f"), 0);
	assert_int_equal(open_file_load(f->file, "/f"), -EISDIR);
	assert_int_equal(board_rmdir(f->board, "/f"), 0);
	fakeboard_write(f->board, "/f", "abc", 3);
	fakeboard_forget_calls(f->board);
	assert_int_equal(open_file_load(f->file, "/f"), 0);
	assert_int_equal(open_file_load(f->file, "/f"), 0);
	assert_int_equal(fakeboard_count_all(f->board), 1);
}

static void a_new_file_costs_one_exchange(void **state)
{
	struct onefile *f = *state;
	struct open_file *file = onefile_create(f);

	assert_true(open_file_is_pending(file));
	onefile_write_at(file, "one ", 0);
	onefile_write_at(file, "two", 4);
	onefile_expect_read(file, 0, 100, "one two");
	onefile_expect_on_board(f, NULL);
	assert_int_equal(open_file_sync(file, "/f"), 0);
	onefile_expect_on_board(f, "one two");
	assert_false(open_file_is_pending(file));
	assert_int_equal(open_file_sync(file, "/f"), 0);
	assert_int_equal(fakeboard_count_all(f->board), 1);
}

static void an_empty_new_file_comes_to_the_board(void **state)
{
	struct onefile *f = *state;

	onefile_create(f);
	assert_true(open_file_is_dirty(f->file));
	assert_int_equal(open_file_sync(f->file, "/f"), 0);
	onefile_expect_on_board(f, "");
}

static void appending_sends_the_tail_only(void **state)
{
	struct onefile *f = *state;
	struct open_file *file = onefile_open_with(f, "log\n");

	assert_int_equal(open_file_write(file, "/f", "a\n", 2, 0, true), 2);
	assert_int_equal(open_file_write(file, "/f", "b\n", 2, 0, true), 2);
	onefile_expect_read(file, 0, 100, "log\na\nb\n");
	assert_int_equal(open_file_sync(file, "/f"), 0);
	onefile_expect_on_board(f, "log\na\nb\n");
	onefile_write_at(file, "c\n", 8);
	assert_int_equal(open_file_sync(file, "/f"), 0);
	onefile_expect_on_board(f, "log\na\nb\nc\n");
	onefile_expect_calls(f, 1, 0, 2);
	onefile_expect_read(file, 2, 100, "g\na\nb\nc\n");
}

static void a_hole_past_the_end_is_appended(void **state)
{
	struct onefile *f = *state;
	struct open_file *file = onefile_open_with(f, "ab");
	char buf[8];

	onefile_write_at(file, "z", 5);
	assert_int_equal(open_file_read(file, "/f", buf, sizeof(buf), 0), 6);
	assert_memory_equal(buf, "ab\0\0\0z", 6);
	assert_int_equal(open_file_sync(file, "/f"), 0);
	onefile_expect_calls(f, 1, 0, 1);
	assert_int_equal(board_read(f->board, "/f", buf, sizeof(buf), 0), 6);
	assert_memory_equal(buf, "ab\0\0\0z", 6);
}

static void an_append_to_what_changed_replaces_it(void **state)
{
	struct onefile *f = *state;
	struct open_file *file = onefile_open_with(f, "0123");

	onefile_write_at(file, "45", 4);
	fakeboard_write(f->board, "/f", "xy", 2);
	assert_int_equal(open_file_sync(file, "/f"), 0);
	onefile_expect_calls(f, 1, 1, 1);
	assert_int_equal(open_file_load(file, "/f"), 0);
	char buf[8];
	assert_int_equal(board_read(f->board, "/f", buf, sizeof(buf), 0), 6);
	assert_memory_equal(buf,
			    "xy\0\0"
			    "45",
			    6);
}

static void writing_in_the_middle_fetches_the_rest(void **state)
{
	struct onefile *f = *state;
	struct open_file *file = onefile_open_with(f, "abcdefgh");

	onefile_write_at(file, "XY", 3);
	onefile_expect_read(file, 0, 100, "abcXYfgh");
	onefile_expect_calls(f, 1, 0, 0);
	assert_int_equal(open_file_sync(file, "/f"), 0);
	onefile_expect_on_board(f, "abcXYfgh");
	onefile_write_at(file, "Z", 5);
	assert_int_equal(open_file_sync(file, "/f"), 0);
	onefile_expect_on_board(f, "abcXYZgh");
	onefile_expect_calls(f, 1, 2, 0);
}

static void rewriting_from_the_start_fetches_nothing(void **state)
{
	struct onefile *f = *state;
	struct open_file *file = onefile_open_with(f, "abcdefgh");

	onefile_write_at(file, "ABC", 0);
	onefile_expect_read(file, 0, 100, "ABCdefgh");
	onefile_write_at(file, "DEFGHI", 3);
	assert_int_equal(open_file_sync(file, "/f"), 0);
	onefile_expect_on_board(f, "ABCDEFGHI");
	onefile_expect_calls(f, 1, 1, 0);
}

static void rewriting_backwards_fetches_nothing(void **state)
{
	struct onefile *f = *state;
	struct open_file *file = onefile_open_with(f, "abcdefgh");

	onefile_write_at(file, "GH", 6);
	onefile_write_at(file, "DEF", 3);
	onefile_write_at(file, "ABC", 0);
	assert_int_equal(open_file_sync(file, "/f"), 0);
	onefile_expect_on_board(f, "ABCDEFGH");
	onefile_expect_calls(f, 0, 1, 0);
}

static void what_a_half_rewritten_file_keeps_is_fetched_at_the_end(void **state)
{
	struct onefile *f = *state;
	struct open_file *file = onefile_open_with(f, "abcdefgh");

	onefile_write_at(file, "ABC", 0);
	onefile_expect_calls(f, 0, 0, 0);
	assert_int_equal(open_file_sync(file, "/f"), 0);
	onefile_expect_on_board(f, "ABCdefgh");
	onefile_expect_calls(f, 1, 1, 0);
}

static void truncating_both_ways(void **state)
{
	struct onefile *f = *state;
	struct open_file *file = onefile_open_with(f, "abcdefgh");
	char buf[16];

	assert_int_equal(open_file_truncate(file, "/f", 3), 0);
	onefile_expect_read(file, 0, 100, "abc");
	assert_int_equal(open_file_truncate(file, "/f", 6), 0);
	assert_int_equal(open_file_read(file, "/f", buf, sizeof(buf), 0), 6);
	assert_memory_equal(buf, "abc\0\0\0", 6);
	assert_int_equal(open_file_sync(file, "/f"), 0);
	assert_int_equal(board_read(f->board, "/f", buf, sizeof(buf), 0), 6);
	assert_memory_equal(buf, "abc\0\0\0", 6);
	assert_int_equal(open_file_truncate(file, "/f", OPEN_FILE_MAX + 1), -EFBIG);
}

static void truncating_to_nothing_fetches_nothing(void **state)
{
	struct onefile *f = *state;
	struct open_file *file = onefile_open_with(f, "abcdefgh");

	assert_int_equal(open_file_truncate(file, "/f", 0), 0);
	onefile_write_at(file, "new", 0);
	assert_int_equal(open_file_sync(file, "/f"), 0);
	onefile_expect_on_board(f, "new");
	onefile_expect_calls(f, 0, 1, 0);
}

static void too_large_is_refused(void **state)
{
	struct onefile *f = *state;
	struct open_file *file = onefile_create(f);

	assert_int_equal(open_file_write(file, "/f", "x", 1, OPEN_FILE_MAX, false), -EFBIG);
	assert_int_equal(open_file_write(file, "/f", "x", 1, UINT64_MAX, false), -EFBIG);
	assert_int_equal(open_file_write(file, "/f", "x", 1, OPEN_FILE_MAX - 1, false), 1);
	assert_int_equal(open_file_write(file, "/f", "x", 1, 0, true), -EFBIG);
}

static void a_failed_sync_keeps_everything(void **state)
{
	struct onefile *f = *state;
	struct open_file *file = onefile_open_with(f, "old");

	onefile_write_at(file, "new!", 0);
	fakeboard_fail(f->board, FAKEBOARD_REPLACE, ENOSPC, 2);
	assert_int_equal(open_file_sync(file, "/f"), -ENOSPC);
	assert_int_equal(open_file_failure(file), -ENOSPC);
	onefile_expect_on_board(f, "old");
	onefile_expect_read(file, 0, 100, "new!");
	assert_true(open_file_is_dirty(file));
	assert_int_equal(open_file_sync(file, "/f"), -ENOSPC);
	onefile_write_at(file, "?", 4);
	assert_int_equal(open_file_failure(file), 0);
	assert_int_equal(open_file_sync(file, "/f"), 0);
	onefile_expect_on_board(f, "new!?");
}

static void a_failed_fetch_changes_nothing(void **state)
{
	struct onefile *f = *state;
	struct open_file *file = onefile_open_with(f, "abcdefgh");

	fakeboard_fail(f->board, FAKEBOARD_READ, EIO, 1);
	assert_int_equal(open_file_write(file, "/f", "X", 1, 4, false), -EIO);
	assert_false(open_file_is_dirty(file));
	onefile_expect_read(file, 0, 100, "abcdefgh");
	fakeboard_fail(f->board, FAKEBOARD_READ, EIO, 1);
	assert_int_equal(open_file_read(file, "/f", (char[4]){0}, 4, 0), -EIO);
}

static void what_is_gone_is_written_to_nowhere(void **state)
{
	struct onefile *f = *state;
	struct open_file *file = onefile_open_with(f, "abcdefgh");
	struct open_file_state about;

	onefile_write_at(file, "XX", 0);
	assert_int_equal(open_file_fetch(file, "/f"), 0);
	assert_int_equal(board_remove(f->board, "/f"), 0);
	open_file_set_gone(file);
	fakeboard_forget_calls(f->board);
	assert_int_equal(open_file_write(file, NULL, "more", 4, 8, false), 4);
	onefile_expect_read(file, 0, 100, "XXcdefghmore");
	assert_int_equal(open_file_truncate(file, NULL, 10), 0);
	assert_int_equal(open_file_sync(file, NULL), 0);
	assert_int_equal(open_file_stat(file, NULL, &about), 0);
	assert_int_equal(about.size, 10);
	assert_true(about.gone);
	assert_int_equal(fakeboard_count_all(f->board), 0);
	onefile_expect_on_board(f, NULL);
}

static void a_change_on_the_board_is_seen(void **state)
{
	struct onefile *f = *state;
	struct open_file *file = onefile_open_with(f, "old");
	struct open_file_state about;

	assert_int_equal(open_file_stat(file, "/f", &about), 0);
	assert_int_equal(about.size, 3);
	assert_false(open_file_changed_alone(file));
	fakeboard_write(f->board, "/f", "newer", 5);
	assert_int_equal(open_file_stat(file, "/f", &about), 0);
	assert_int_equal(about.size, 5);
	onefile_expect_read(file, 0, 100, "newer");
	assert_true(open_file_changed_alone(file));
	assert_false(open_file_changed_alone(file));
	fakeboard_write(f->board, "/f", NULL, 0);
	assert_int_equal(open_file_stat(file, "/f", &about), -ESTALE);
}

static void changes_here_hide_those_on_the_board(void **state)
{
	struct onefile *f = *state;
	struct open_file *file = onefile_open_with(f, "old");
	struct open_file_state about;

	assert_false(open_file_peek(file, &about));
	assert_int_equal(open_file_write(file, "/f", "er", 2, 0, true), 2);
	fakeboard_write(f->board, "/f", "something else", 14);
	assert_int_equal(open_file_stat(file, "/f", &about), 0);
	assert_int_equal(about.size, 5);
	assert_true(open_file_peek(file, &about));
	assert_int_equal(about.size, 5);
}

static void a_shrunken_file_ends_where_the_board_ends_it(void **state)
{
	struct onefile *f = *state;
	struct open_file *file = onefile_open_with(f, "abcdefgh");

	fakeboard_write(f->board, "/f", "abc", 3);
	onefile_expect_read(file, 1, 100, "bc");
}

static int64_t kept_mtime(struct onefile *f)
{
	struct kept_times_pair times;
	struct board_stat on_board;

	assert_int_equal(board_stat(f->board, "/f", &on_board), 0);
	return kept_times_get(f->mount.times, "/f", &on_board, &times) == KEPT_TIMES_FOUND ? times.mtime.tv_sec : -1;
}

/* On a board without times: whether they still count after a reset, when the content has to tell. */
static bool survives_a_reset(struct onefile *f)
{
	struct kept_times_pair times;
	struct board_stat on_board;

	fakeboard_new_session(f->board);
	assert_int_equal(board_stat(f->board, "/f", &on_board), 0);
	file_times_get(f->board, f->mount.times, "/f", &on_board, &times);
	return times.mtime.tv_sec == 43200;
}

static void the_content_that_was_sent_is_known(void **state)
{
	struct onefile *f = *state;
	struct open_file *file;

	fakeboard_stop_clock(f->board, 0);
	file = onefile_open_with(f, "old content");
	assert_int_equal(open_file_truncate(file, "/f", 0), 0);
	onefile_write_at(file, "a longer text than before", 0);
	assert_int_equal(open_file_sync(file, "/f"), 0);
	assert_int_equal(fakeboard_count(f->board, FAKEBOARD_HASH), 0);
	assert_true(survives_a_reset(f));
	assert_int_equal(fakeboard_count(f->board, FAKEBOARD_HASH), 1);
	onefile_write_at(file, "more", 25);
	assert_int_equal(open_file_sync(file, "/f"), 0);
	assert_true(survives_a_reset(f));
}

static void content_that_is_not_here_is_not_known(void **state)
{
	struct onefile *f = *state;
	struct open_file *file;

	fakeboard_stop_clock(f->board, 0);
	file = onefile_open_with(f, "nobody here has read it");
	onefile_write_at(file, "more", 23);
	assert_int_equal(open_file_sync(file, "/f"), 0);
	assert_int_equal(kept_mtime(f), 43200);
	assert_false(survives_a_reset(f));
}

static void what_is_written_has_this_computers_time(void **state)
{
	struct onefile *f = *state;
	struct open_file *file = onefile_create(f);
	struct open_file_state about;

	onefile_write_at(file, "x", 0);
	assert_int_equal(open_file_stat(file, "/f", &about), 0);
	assert_int_equal(about.times.mtime.tv_sec, 43200);
	assert_int_equal(open_file_sync(file, "/f"), 0);
	assert_int_equal(kept_mtime(f), 43200);
}

static void times_set_before_the_sync_survive_it(void **state)
{
	struct onefile *f = *state;
	struct open_file *file = onefile_create(f);
	const struct timespec mtime = {.tv_sec = 77, .tv_nsec = 5};
	struct open_file_state about;

	onefile_write_at(file, "x", 0);
	assert_int_equal(open_file_set_times(file, "/f", NULL, &mtime), 0);
	assert_int_equal(open_file_sync(file, "/f"), 0);
	assert_int_equal(open_file_stat(file, "/f", &about), 0);
	assert_int_equal(about.times.mtime.tv_sec, 77);
	assert_int_equal(about.times.mtime.tv_nsec, 5);
	assert_int_equal(about.times.atime.tv_sec, 43200);
	assert_int_equal(kept_mtime(f), 77);
	onefile_write_at(file, "y", 1);
	assert_int_equal(open_file_stat(file, "/f", &about), 0);
	assert_int_equal(about.times.mtime.tv_sec, 43200);
}

static void times_of_a_clean_file_are_kept_at_once(void **state)
{
	struct onefile *f = *state;
	struct open_file *file = onefile_open_with(f, "abc");
	const struct timespec time = {.tv_sec = 99};

	assert_int_equal(kept_mtime(f), -1);
	assert_int_equal(open_file_truncate(file, "/f", 3), 0);
	assert_int_equal(kept_mtime(f), 43200);
	assert_int_equal(open_file_set_times(file, "/f", &time, &time), 0);
	assert_int_equal(kept_mtime(f), 99);
	assert_false(open_file_is_dirty(file));
	onefile_expect_calls(f, 0, 0, 0);
}

/* A call in a thread of its own. */
struct caller {
	pthread_t thread;
	struct open_file *file;
	ssize_t result;
	const char *text;
	char buf[64];
};

static void *call_sync(void *context)
{
	struct caller *caller = context;

	caller->result = open_file_sync(caller->file, "/f");
	return NULL;
}

static void *call_write(void *context)
{
	struct caller *caller = context;

	caller->result = open_file_write(caller->file, "/f", caller->text, strlen(caller->text), 0, true);
	return NULL;
}

static void *call_read(void *context)
{
	struct caller *caller = context;

	caller->result = open_file_read(caller->file, "/f", caller->buf, sizeof(caller->buf), 0);
	return NULL;
}

static void start(struct caller *caller, void *(*call)(void *))
{
	assert_int_equal(pthread_create(&caller->thread, NULL, call, caller), 0);
}

static ssize_t finish(struct caller *caller)
{
	pthread_join(caller->thread, NULL);
	return caller->result;
}

static void a_stat_and_a_read_do_not_wait_for_a_sync(void **state)
{
	struct onefile *f = *state;
	struct open_file *file = onefile_open_with(f, "abc");
	struct caller sync = {.file = file};
	struct open_file_state about;

	onefile_write_at(file, "XYZ!", 0);
	fakeboard_pause(f->board, FAKEBOARD_REPLACE);
	start(&sync, call_sync);
	fakeboard_await(f->board, FAKEBOARD_REPLACE, 1);
	assert_int_equal(open_file_stat(file, "/f", &about), 0);
	assert_int_equal(about.size, 4);
	onefile_expect_read(file, 0, 100, "XYZ!");
	fakeboard_resume(f->board, FAKEBOARD_REPLACE);
	assert_int_equal(finish(&sync), 0);
	onefile_expect_on_board(f, "XYZ!");
}

static void a_write_waits_for_a_sync_and_is_not_lost(void **state)
{
	struct onefile *f = *state;
	struct open_file *file = onefile_open_with(f, "abc");
	struct caller sync = {.file = file}, writer = {.file = file, .text = "more"};

	onefile_write_at(file, "ABC", 0);
	fakeboard_pause(f->board, FAKEBOARD_REPLACE);
	start(&sync, call_sync);
	fakeboard_await(f->board, FAKEBOARD_REPLACE, 1);
	start(&writer, call_write);
	fakeboard_resume(f->board, FAKEBOARD_REPLACE);
	assert_int_equal(finish(&sync), 0);
	assert_int_equal(finish(&writer), 4);
	assert_true(open_file_is_dirty(file));
	assert_int_equal(open_file_sync(file, "/f"), 0);
	onefile_expect_on_board(f, "ABCmore");
}

static void two_reads_are_under_way_at_once(void **state)
{
	struct onefile *f = *state;
	struct open_file *file = onefile_open_with(f, "abc");
	struct caller readers[2] = {{.file = file}, {.file = file}};

	fakeboard_pause(f->board, FAKEBOARD_READ);
	start(&readers[0], call_read);
	start(&readers[1], call_read);
	fakeboard_await(f->board, FAKEBOARD_READ, 2);
	fakeboard_resume(f->board, FAKEBOARD_READ);
	assert_int_equal(finish(&readers[0]), 3);
	assert_int_equal(finish(&readers[1]), 3);
	assert_string_equal(readers[1].buf, "abc");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, onefile_set_up, onefile_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(reading_passes_through),
		TEST(loading_asks_once_and_refuses_directories),
		TEST(a_new_file_costs_one_exchange),
		TEST(an_empty_new_file_comes_to_the_board),
		TEST(appending_sends_the_tail_only),
		TEST(a_hole_past_the_end_is_appended),
		TEST(an_append_to_what_changed_replaces_it),
		TEST(writing_in_the_middle_fetches_the_rest),
		TEST(rewriting_from_the_start_fetches_nothing),
		TEST(rewriting_backwards_fetches_nothing),
		TEST(what_a_half_rewritten_file_keeps_is_fetched_at_the_end),
		TEST(truncating_both_ways),
		TEST(truncating_to_nothing_fetches_nothing),
		TEST(too_large_is_refused),
		TEST(a_failed_sync_keeps_everything),
		TEST(a_failed_fetch_changes_nothing),
		TEST(what_is_gone_is_written_to_nowhere),
		TEST(a_change_on_the_board_is_seen),
		TEST(changes_here_hide_those_on_the_board),
		TEST(a_shrunken_file_ends_where_the_board_ends_it),
		TEST(what_is_written_has_this_computers_time),
		TEST(the_content_that_was_sent_is_known),
		TEST(content_that_is_not_here_is_not_known),
		TEST(times_set_before_the_sync_survive_it),
		TEST(times_of_a_clean_file_are_kept_at_once),
		TEST(a_stat_and_a_read_do_not_wait_for_a_sync),
		TEST(a_write_waits_for_a_sync_and_is_not_lost),
		TEST(two_reads_are_under_way_at_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
