/* SPDX-License-Identifier: MIT */
#include "fuse/open_file.h"

#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "fuse/file_times.h"
#include "tests/unit/dice.h"
#include "tests/unit/fakeboard.h"

/* One file /f on a board, and what it is opened with. */
struct fixture {
	struct board *board;
	struct open_file_mount mount;
	struct open_file *file;
};

/* A clock that stands still; tests compare with it. */
static void noon(struct timespec *now)
{
	*now = (struct timespec){.tv_sec = 43200, .tv_nsec = 12};
}

static int set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	*state = f;
	f->mount.now = noon;
	if (fakeboard_open(&f->board) < 0 || kept_times_open(&f->mount.times, f->board, NULL) < 0 ||
	    host_store_open(&f->mount.store) < 0)
		return -1;
	f->mount.board = f->board;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	open_file_unref(f->file);
	assert_int_equal(f->mount.store.in_memory, 0);
	host_store_close(&f->mount.store);
	kept_times_close(f->mount.times);
	board_close(f->board);
	free(f);
	return 0;
}

/* The board has /f with TEXT; it is opened and loaded, and the calls are forgotten. */
static struct open_file *open_with(struct fixture *f, const char *text)
{
	assert_int_equal(fakeboard_write(f->board, "/f", text, strlen(text)), 0);
	assert_int_equal(open_file_open(&f->file, &f->mount), 0);
	assert_int_equal(open_file_load(f->file, "/f"), 0);
	fakeboard_forget_calls(f->board);
	return f->file;
}

static struct open_file *create(struct fixture *f)
{
	assert_int_equal(open_file_create(&f->file, &f->mount), 0);
	return f->file;
}

static void write_at(struct open_file *file, const char *text, uint64_t offset)
{
	assert_int_equal(open_file_write(file, "/f", text, strlen(text), offset, false), strlen(text));
}

static void expect_read(struct open_file *file, uint64_t offset, size_t len, const char *text)
{
	char buf[256] = "";

	assert_int_equal(open_file_read(file, "/f", buf, len, offset), strlen(text));
	assert_string_equal(buf, text);
}

static void expect_on_board(struct fixture *f, const char *text)
{
	size_t len;
	char *content = fakeboard_content(f->board, "/f", &len);

	assert_non_null(content);
	assert_string_equal(content, text);
	assert_int_equal(len, strlen(text));
	free(content);
}

static void expect_not_on_board(struct fixture *f)
{
	size_t len;

	assert_null(fakeboard_content(f->board, "/f", &len));
}

static void expect_calls(struct fixture *f, unsigned reads, unsigned replaces, unsigned appends)
{
	assert_int_equal(fakeboard_count(f->board, FAKEBOARD_READ), reads);
	assert_int_equal(fakeboard_count(f->board, FAKEBOARD_REPLACE), replaces);
	assert_int_equal(fakeboard_count(f->board, FAKEBOARD_APPEND), appends);
}

static void reading_passes_through(void **state)
{
	struct fixture *f = *state;
	struct open_file *file = open_with(f, "hello board");

	expect_read(file, 0, 100, "hello board");
	expect_read(file, 6, 3, "boa");
	expect_read(file, 11, 5, "");
	expect_read(file, 5000, 5, "");
	assert_int_equal(open_file_sync(file, "/f"), 0);
	assert_int_equal(fakeboard_count_all(f->board), 2);
}

static void loading_asks_once_and_refuses_directories(void **state)
{
	struct fixture *f = *state;

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
	struct fixture *f = *state;
	struct open_file *file = create(f);

	assert_true(open_file_is_pending(file));
	write_at(file, "one ", 0);
	write_at(file, "two", 4);
	expect_read(file, 0, 100, "one two");
	expect_not_on_board(f);
	assert_int_equal(open_file_sync(file, "/f"), 0);
	expect_on_board(f, "one two");
	assert_false(open_file_is_pending(file));
	assert_int_equal(open_file_sync(file, "/f"), 0);
	assert_int_equal(fakeboard_count_all(f->board), 1);
}

static void an_empty_new_file_comes_to_the_board(void **state)
{
	struct fixture *f = *state;

	create(f);
	assert_true(open_file_is_dirty(f->file));
	assert_int_equal(open_file_sync(f->file, "/f"), 0);
	expect_on_board(f, "");
}

static void appending_sends_the_tail_only(void **state)
{
	struct fixture *f = *state;
	struct open_file *file = open_with(f, "log\n");

	assert_int_equal(open_file_write(file, "/f", "a\n", 2, 0, true), 2);
	assert_int_equal(open_file_write(file, "/f", "b\n", 2, 0, true), 2);
	expect_read(file, 0, 100, "log\na\nb\n");
	assert_int_equal(open_file_sync(file, "/f"), 0);
	expect_on_board(f, "log\na\nb\n");
	write_at(file, "c\n", 8);
	assert_int_equal(open_file_sync(file, "/f"), 0);
	expect_on_board(f, "log\na\nb\nc\n");
	expect_calls(f, 1, 0, 2);
	expect_read(file, 2, 100, "g\na\nb\nc\n");
}

static void a_hole_past_the_end_is_appended(void **state)
{
	struct fixture *f = *state;
	struct open_file *file = open_with(f, "ab");
	char buf[8];

	write_at(file, "z", 5);
	assert_int_equal(open_file_read(file, "/f", buf, sizeof(buf), 0), 6);
	assert_memory_equal(buf, "ab\0\0\0z", 6);
	assert_int_equal(open_file_sync(file, "/f"), 0);
	expect_calls(f, 1, 0, 1);
	assert_int_equal(board_read(f->board, "/f", buf, sizeof(buf), 0), 6);
	assert_memory_equal(buf, "ab\0\0\0z", 6);
}

static void an_append_to_what_changed_replaces_it(void **state)
{
	struct fixture *f = *state;
	struct open_file *file = open_with(f, "0123");

	write_at(file, "45", 4);
	fakeboard_write(f->board, "/f", "xy", 2);
	assert_int_equal(open_file_sync(file, "/f"), 0);
	expect_calls(f, 1, 1, 1);
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
	struct fixture *f = *state;
	struct open_file *file = open_with(f, "abcdefgh");

	write_at(file, "XY", 3);
	expect_read(file, 0, 100, "abcXYfgh");
	expect_calls(f, 1, 0, 0);
	assert_int_equal(open_file_sync(file, "/f"), 0);
	expect_on_board(f, "abcXYfgh");
	write_at(file, "Z", 5);
	assert_int_equal(open_file_sync(file, "/f"), 0);
	expect_on_board(f, "abcXYZgh");
	expect_calls(f, 1, 2, 0);
}

static void rewriting_from_the_start_fetches_nothing(void **state)
{
	struct fixture *f = *state;
	struct open_file *file = open_with(f, "abcdefgh");

	write_at(file, "ABC", 0);
	expect_read(file, 0, 100, "ABCdefgh");
	write_at(file, "DEFGHI", 3);
	assert_int_equal(open_file_sync(file, "/f"), 0);
	expect_on_board(f, "ABCDEFGHI");
	expect_calls(f, 1, 1, 0);
}

static void rewriting_backwards_fetches_nothing(void **state)
{
	struct fixture *f = *state;
	struct open_file *file = open_with(f, "abcdefgh");

	write_at(file, "GH", 6);
	write_at(file, "DEF", 3);
	write_at(file, "ABC", 0);
	assert_int_equal(open_file_sync(file, "/f"), 0);
	expect_on_board(f, "ABCDEFGH");
	expect_calls(f, 0, 1, 0);
}

static void what_a_half_rewritten_file_keeps_is_fetched_at_the_end(void **state)
{
	struct fixture *f = *state;
	struct open_file *file = open_with(f, "abcdefgh");

	write_at(file, "ABC", 0);
	expect_calls(f, 0, 0, 0);
	assert_int_equal(open_file_sync(file, "/f"), 0);
	expect_on_board(f, "ABCdefgh");
	expect_calls(f, 1, 1, 0);
}

static void truncating_both_ways(void **state)
{
	struct fixture *f = *state;
	struct open_file *file = open_with(f, "abcdefgh");
	char buf[16];

	assert_int_equal(open_file_truncate(file, "/f", 3), 0);
	expect_read(file, 0, 100, "abc");
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
	struct fixture *f = *state;
	struct open_file *file = open_with(f, "abcdefgh");

	assert_int_equal(open_file_truncate(file, "/f", 0), 0);
	write_at(file, "new", 0);
	assert_int_equal(open_file_sync(file, "/f"), 0);
	expect_on_board(f, "new");
	expect_calls(f, 0, 1, 0);
}

static void too_large_is_refused(void **state)
{
	struct fixture *f = *state;
	struct open_file *file = create(f);

	assert_int_equal(open_file_write(file, "/f", "x", 1, OPEN_FILE_MAX, false), -EFBIG);
	assert_int_equal(open_file_write(file, "/f", "x", 1, UINT64_MAX, false), -EFBIG);
	assert_int_equal(open_file_write(file, "/f", "x", 1, OPEN_FILE_MAX - 1, false), 1);
	assert_int_equal(open_file_write(file, "/f", "x", 1, 0, true), -EFBIG);
}

static void a_failed_sync_keeps_everything(void **state)
{
	struct fixture *f = *state;
	struct open_file *file = open_with(f, "old");

	write_at(file, "new!", 0);
	fakeboard_fail(f->board, FAKEBOARD_REPLACE, ENOSPC, 2);
	assert_int_equal(open_file_sync(file, "/f"), -ENOSPC);
	assert_int_equal(open_file_failure(file), -ENOSPC);
	expect_on_board(f, "old");
	expect_read(file, 0, 100, "new!");
	assert_true(open_file_is_dirty(file));
	assert_int_equal(open_file_sync(file, "/f"), -ENOSPC);
	write_at(file, "?", 4);
	assert_int_equal(open_file_failure(file), 0);
	assert_int_equal(open_file_sync(file, "/f"), 0);
	expect_on_board(f, "new!?");
}

static void a_failed_fetch_changes_nothing(void **state)
{
	struct fixture *f = *state;
	struct open_file *file = open_with(f, "abcdefgh");

	fakeboard_fail(f->board, FAKEBOARD_READ, EIO, 1);
	assert_int_equal(open_file_write(file, "/f", "X", 1, 4, false), -EIO);
	assert_false(open_file_is_dirty(file));
	expect_read(file, 0, 100, "abcdefgh");
	fakeboard_fail(f->board, FAKEBOARD_READ, EIO, 1);
	assert_int_equal(open_file_read(file, "/f", (char[4]){0}, 4, 0), -EIO);
}

static void what_is_gone_is_written_to_nowhere(void **state)
{
	struct fixture *f = *state;
	struct open_file *file = open_with(f, "abcdefgh");
	struct open_file_state about;

	write_at(file, "XX", 0);
	assert_int_equal(open_file_fetch(file, "/f"), 0);
	assert_int_equal(board_remove(f->board, "/f"), 0);
	open_file_set_gone(file);
	fakeboard_forget_calls(f->board);
	assert_int_equal(open_file_write(file, NULL, "more", 4, 8, false), 4);
	expect_read(file, 0, 100, "XXcdefghmore");
	assert_int_equal(open_file_truncate(file, NULL, 10), 0);
	assert_int_equal(open_file_sync(file, NULL), 0);
	assert_int_equal(open_file_stat(file, NULL, &about), 0);
	assert_int_equal(about.size, 10);
	assert_true(about.gone);
	assert_int_equal(fakeboard_count_all(f->board), 0);
	expect_not_on_board(f);
}

static void a_change_on_the_board_is_seen(void **state)
{
	struct fixture *f = *state;
	struct open_file *file = open_with(f, "old");
	struct open_file_state about;

	assert_int_equal(open_file_stat(file, "/f", &about), 0);
	assert_int_equal(about.size, 3);
	assert_false(open_file_changed_alone(file));
	fakeboard_write(f->board, "/f", "newer", 5);
	assert_int_equal(open_file_stat(file, "/f", &about), 0);
	assert_int_equal(about.size, 5);
	expect_read(file, 0, 100, "newer");
	assert_true(open_file_changed_alone(file));
	assert_false(open_file_changed_alone(file));
	fakeboard_write(f->board, "/f", NULL, 0);
	assert_int_equal(open_file_stat(file, "/f", &about), -ESTALE);
}

static void changes_here_hide_those_on_the_board(void **state)
{
	struct fixture *f = *state;
	struct open_file *file = open_with(f, "old");
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
	struct fixture *f = *state;
	struct open_file *file = open_with(f, "abcdefgh");

	fakeboard_write(f->board, "/f", "abc", 3);
	expect_read(file, 1, 100, "bc");
}

static int64_t kept_mtime(struct fixture *f)
{
	struct kept_times_pair times;
	struct board_stat on_board;

	assert_int_equal(board_stat(f->board, "/f", &on_board), 0);
	return kept_times_get(f->mount.times, "/f", &on_board, &times) == KEPT_TIMES_FOUND ? times.mtime.tv_sec : -1;
}

/* On a board without times: whether they still count after a reset, when the content has to tell. */
static bool survives_a_reset(struct fixture *f)
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
	struct fixture *f = *state;
	struct open_file *file;

	fakeboard_stop_clock(f->board, 0);
	file = open_with(f, "old content");
	assert_int_equal(open_file_truncate(file, "/f", 0), 0);
	write_at(file, "a longer text than before", 0);
	assert_int_equal(open_file_sync(file, "/f"), 0);
	assert_int_equal(fakeboard_count(f->board, FAKEBOARD_HASH), 0);
	assert_true(survives_a_reset(f));
	assert_int_equal(fakeboard_count(f->board, FAKEBOARD_HASH), 1);
	write_at(file, "more", 25);
	assert_int_equal(open_file_sync(file, "/f"), 0);
	assert_true(survives_a_reset(f));
}

static void content_that_is_not_here_is_not_known(void **state)
{
	struct fixture *f = *state;
	struct open_file *file;

	fakeboard_stop_clock(f->board, 0);
	file = open_with(f, "nobody here has read it");
	write_at(file, "more", 23);
	assert_int_equal(open_file_sync(file, "/f"), 0);
	assert_int_equal(kept_mtime(f), 43200);
	assert_false(survives_a_reset(f));
}

static void what_is_written_has_this_computers_time(void **state)
{
	struct fixture *f = *state;
	struct open_file *file = create(f);
	struct open_file_state about;

	write_at(file, "x", 0);
	assert_int_equal(open_file_stat(file, "/f", &about), 0);
	assert_int_equal(about.times.mtime.tv_sec, 43200);
	assert_int_equal(open_file_sync(file, "/f"), 0);
	assert_int_equal(kept_mtime(f), 43200);
}

static void times_set_before_the_sync_survive_it(void **state)
{
	struct fixture *f = *state;
	struct open_file *file = create(f);
	const struct timespec mtime = {.tv_sec = 77, .tv_nsec = 5};
	struct open_file_state about;

	write_at(file, "x", 0);
	assert_int_equal(open_file_set_times(file, "/f", NULL, &mtime), 0);
	assert_int_equal(open_file_sync(file, "/f"), 0);
	assert_int_equal(open_file_stat(file, "/f", &about), 0);
	assert_int_equal(about.times.mtime.tv_sec, 77);
	assert_int_equal(about.times.mtime.tv_nsec, 5);
	assert_int_equal(about.times.atime.tv_sec, 43200);
	assert_int_equal(kept_mtime(f), 77);
	write_at(file, "y", 1);
	assert_int_equal(open_file_stat(file, "/f", &about), 0);
	assert_int_equal(about.times.mtime.tv_sec, 43200);
}

static void times_of_a_clean_file_are_kept_at_once(void **state)
{
	struct fixture *f = *state;
	struct open_file *file = open_with(f, "abc");
	const struct timespec time = {.tv_sec = 99};

	assert_int_equal(kept_mtime(f), -1);
	assert_int_equal(open_file_truncate(file, "/f", 3), 0);
	assert_int_equal(kept_mtime(f), 43200);
	assert_int_equal(open_file_set_times(file, "/f", &time, &time), 0);
	assert_int_equal(kept_mtime(f), 99);
	assert_false(open_file_is_dirty(file));
	expect_calls(f, 0, 0, 0);
}

/* A call in a thread of its own. */
struct caller {
	pthread_t thread;
	struct open_file *file;
	ssize_t result;
	const char *text;
	char buf[64];
};

static int read_some(struct open_file *file)
{
	char buf[8];

	return (int)open_file_read(file, "/f", buf, sizeof(buf), 0);
}

static void an_unchanged_file_reads_on_after_an_absence(void **state)
{
	struct fixture *f = *state;
	struct open_file *file = open_with(f, "some text");
	unsigned content = open_file_content(file);

	fakeboard_new_session(f->board);
	fakeboard_fail(f->board, FAKEBOARD_STAT, EIO, 1);
	assert_int_equal(read_some(file), -EIO); /* it is still away */
	expect_read(file, 5, 100, "text");
	assert_int_equal(open_file_content(file), content);
	fakeboard_forget_calls(f->board);
	expect_read(file, 0, 4, "some");
	assert_int_equal(fakeboard_count(f->board, FAKEBOARD_STAT), 0); /* looked at once */
}

static void a_file_that_changed_in_an_absence_is_another_content(void **state)
{
	struct fixture *f = *state;
	struct open_file *file = open_with(f, "some text");
	unsigned content = open_file_content(file);

	fakeboard_new_session(f->board);
	assert_int_equal(fakeboard_write(f->board, "/f", "SOME TEXT", 9), 0);
	assert_int_equal(read_some(file), -EIO);
	assert_int_not_equal(open_file_content(file), content);
	assert_true(open_file_changed_alone(file));
	expect_read(file, 0, 100, "SOME TEXT"); /* for who opens it now */
	content = open_file_content(file);
	fakeboard_new_session(f->board);
	assert_int_equal(fakeboard_write(f->board, "/f", NULL, 0), 0);
	assert_int_equal(read_some(file), -EIO);
	assert_int_not_equal(open_file_content(file), content);
}

static void the_same_change_in_one_session_is_read(void **state)
{
	struct fixture *f = *state;
	struct open_file *file = open_with(f, "some text");
	unsigned content = open_file_content(file);
	struct open_file_state about;

	assert_int_equal(fakeboard_write(f->board, "/f", "SOME TEXT", 9), 0);
	assert_int_equal(open_file_stat(file, "/f", &about), 0);
	assert_int_equal(open_file_content(file), content);
	expect_read(file, 0, 100, "SOME TEXT");
}

static void unsent_changes_are_sent_after_an_absence(void **state)
{
	struct fixture *f = *state;
	struct open_file *file = open_with(f, "old");

	write_at(file, "new!", 0);
	fakeboard_fail(f->board, FAKEBOARD_REPLACE, EIO, 1);
	assert_int_equal(open_file_sync(file, "/f"), -EIO);
	fakeboard_new_session(f->board);
	assert_int_equal(open_file_sync(file, "/f"), 0);
	expect_on_board(f, "new!");
}

static void unsent_changes_of_what_changed_go_nowhere(void **state)
{
	struct fixture *f = *state;
	struct open_file *file = open_with(f, "old");
	struct open_file_state about;

	write_at(file, "new!", 0);
	fakeboard_new_session(f->board);
	assert_int_equal(fakeboard_write(f->board, "/f", "other", 5), 0);
	assert_int_equal(open_file_sync(file, "/f"), -EIO);
	expect_on_board(f, "other");
	assert_true(open_file_peek(file, &about));
	assert_true(about.changed_away);
	assert_int_equal(about.unsent, 4);
	assert_int_equal(open_file_sync(file, "/f"), -EIO);
	expect_on_board(f, "other");
}

/* What is held in part: the rest would be another file's. */
static void half_of_what_changed_goes_nowhere(void **state)
{
	struct fixture *f = *state;
	struct open_file *file = open_with(f, "a long old file");

	write_at(file, "A", 0);
	fakeboard_new_session(f->board);
	assert_int_equal(fakeboard_write(f->board, "/f", "a long new file", 15), 0);
	assert_int_equal(open_file_sync(file, "/f"), -EIO);
	expect_on_board(f, "a long new file");
}

/* The plug was pulled between the last step on the board and its answer. */
static void a_replacement_that_was_done_is_right(void **state)
{
	struct fixture *f = *state;
	struct open_file *file = open_with(f, "old");

	write_at(file, "new!", 0);
	fakeboard_fail(f->board, FAKEBOARD_REPLACE, EIO, 1);
	assert_int_equal(open_file_sync(file, "/f"), -EIO);
	fakeboard_new_session(f->board);
	assert_int_equal(fakeboard_write(f->board, "/f", "new!", 4), 0);
	assert_int_equal(open_file_sync(file, "/f"), 0);
	expect_on_board(f, "new!");
	assert_false(open_file_is_dirty(file));
}

static void a_new_file_that_was_made_is_right(void **state)
{
	struct fixture *f = *state;
	struct open_file *file = create(f);

	write_at(file, "new", 0);
	fakeboard_new_session(f->board);
	assert_int_equal(fakeboard_write(f->board, "/f", "new", 3), 0);
	assert_int_equal(open_file_sync(file, "/f"), 0);
	write_at(file, "newer", 0);
	fakeboard_new_session(f->board);
	assert_int_equal(open_file_sync(file, "/f"), 0);
	expect_on_board(f, "newer");
}

static void a_new_file_does_not_replace_what_somebody_made(void **state)
{
	struct fixture *f = *state;
	struct open_file *file = create(f);

	write_at(file, "ours", 0);
	fakeboard_new_session(f->board);
	assert_int_equal(fakeboard_write(f->board, "/f", "theirs", 6), 0);
	assert_int_equal(open_file_sync(file, "/f"), -EIO);
	expect_on_board(f, "theirs");
}

static void half_an_append_is_completed(void **state)
{
	struct fixture *f = *state;
	struct open_file *file = open_with(f, "old");

	write_at(file, " and more", 3);
	fakeboard_fail(f->board, FAKEBOARD_APPEND, EIO, 1);
	assert_int_equal(open_file_sync(file, "/f"), -EIO);
	fakeboard_new_session(f->board);
	assert_int_equal(fakeboard_write(f->board, "/f", "old and", 7), 0);
	expect_read(file, 0, 100, "old and more");
	assert_int_equal(open_file_sync(file, "/f"), 0);
	expect_on_board(f, "old and more");
	assert_int_equal(fakeboard_count(f->board, FAKEBOARD_REPLACE), 0);
}

static void a_whole_append_is_not_sent_again(void **state)
{
	struct fixture *f = *state;
	struct open_file *file = open_with(f, "old");

	write_at(file, " and more", 3);
	fakeboard_new_session(f->board);
	assert_int_equal(fakeboard_write(f->board, "/f", "old and more", 12), 0);
	assert_int_equal(open_file_sync(file, "/f"), 0);
	expect_calls(f, 1, 0, 0);
	assert_false(open_file_is_dirty(file));
}

static void an_append_of_somebody_else_is_no_part_of_ours(void **state)
{
	struct fixture *f = *state;
	struct open_file *file = open_with(f, "old");

	write_at(file, " and more", 3);
	fakeboard_new_session(f->board);
	assert_int_equal(fakeboard_write(f->board, "/f", "old or", 6), 0);
	assert_int_equal(open_file_sync(file, "/f"), -EIO);
	expect_on_board(f, "old or");
}

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
	struct fixture *f = *state;
	struct open_file *file = open_with(f, "abc");
	struct caller sync = {.file = file};
	struct open_file_state about;

	write_at(file, "XYZ!", 0);
	fakeboard_pause(f->board, FAKEBOARD_REPLACE);
	start(&sync, call_sync);
	fakeboard_await(f->board, FAKEBOARD_REPLACE, 1);
	assert_int_equal(open_file_stat(file, "/f", &about), 0);
	assert_int_equal(about.size, 4);
	expect_read(file, 0, 100, "XYZ!");
	fakeboard_resume(f->board, FAKEBOARD_REPLACE);
	assert_int_equal(finish(&sync), 0);
	expect_on_board(f, "XYZ!");
}

static void a_write_waits_for_a_sync_and_is_not_lost(void **state)
{
	struct fixture *f = *state;
	struct open_file *file = open_with(f, "abc");
	struct caller sync = {.file = file}, writer = {.file = file, .text = "more"};

	write_at(file, "ABC", 0);
	fakeboard_pause(f->board, FAKEBOARD_REPLACE);
	start(&sync, call_sync);
	fakeboard_await(f->board, FAKEBOARD_REPLACE, 1);
	start(&writer, call_write);
	fakeboard_resume(f->board, FAKEBOARD_REPLACE);
	assert_int_equal(finish(&sync), 0);
	assert_int_equal(finish(&writer), 4);
	assert_true(open_file_is_dirty(file));
	assert_int_equal(open_file_sync(file, "/f"), 0);
	expect_on_board(f, "ABCmore");
}

static void two_reads_are_under_way_at_once(void **state)
{
	struct fixture *f = *state;
	struct open_file *file = open_with(f, "abc");
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

/* A file as an array: what every step must do. */
struct model {
	unsigned char bytes[300000];
	size_t size, on_board_size;
	unsigned char on_board[300000];
};

static void random_write(struct fixture *f, struct model *model, struct dice *dice)
{
	static unsigned char buf[80000];
	size_t offset = dice_roll(dice, dice_roll(dice, 2) ? 1000 : 200000),
	       len = dice_roll(dice, dice_roll(dice, 3) ? 100 : 80000);
	bool append = dice_hit(dice, 4);

	memset(buf, (int)dice_roll(dice, 255) + 1, len);
	if (append && model->size + len > sizeof(model->bytes))
		append = false;
	if (append)
		offset = model->size;
	assert_int_equal(open_file_write(f->file, "/f", buf, len, append ? 7 : offset, append), len);
	if (len == 0)
		return;
	if (offset > model->size)
		memset(model->bytes + model->size, 0, offset - model->size);
	memcpy(model->bytes + offset, buf, len);
	if (offset + len > model->size)
		model->size = offset + len;
}

static void random_truncate(struct fixture *f, struct model *model, struct dice *dice)
{
	size_t size = dice_hit(dice, 3) ? 0 : dice_roll(dice, 100000);

	assert_int_equal(open_file_truncate(f->file, "/f", size), 0);
	if (size > model->size)
		memset(model->bytes + model->size, 0, size - model->size);
	model->size = size;
}

static void compare(struct fixture *f, const struct model *model, struct dice *dice)
{
	static unsigned char buf[300000];
	size_t offset = dice_roll(dice, 150000), len = dice_roll(dice, sizeof(buf)), expected;

	expected = offset >= model->size ? 0 : len < model->size - offset ? len : model->size - offset;
	assert_int_equal(open_file_read(f->file, "/f", buf, len, offset), expected);
	assert_memory_equal(buf, model->bytes + offset, expected);
}

static void random_sync(struct fixture *f, struct model *model, struct dice *dice)
{
	size_t len;
	char *content;

	if (dice_hit(dice, 4)) {
		fakeboard_fail(f->board, FAKEBOARD_REPLACE, ENOSPC, 1);
		fakeboard_fail(f->board, FAKEBOARD_APPEND, ENOSPC, 1);
	}
	if (open_file_sync(f->file, "/f") == 0) {
		memcpy(model->on_board, model->bytes, model->size);
		model->on_board_size = model->size;
	}
	fakeboard_fail(f->board, FAKEBOARD_REPLACE, 0, 0);
	fakeboard_fail(f->board, FAKEBOARD_APPEND, 0, 0);
	content = fakeboard_content(f->board, "/f", &len);
	assert_non_null(content);
	assert_int_equal(len, model->on_board_size);
	assert_memory_equal(content, model->on_board, len);
	free(content);
}

static void random_steps_are_those_of_an_array(void **state)
{
	struct fixture *f = *state;
	struct model *model = calloc(1, sizeof(*model));
	struct dice dice = {.state = 3};
	int step;

	assert_non_null(model);
	open_with(f, "");
	for (step = 0; step < 3000; step++) {
		switch (dice_roll(&dice, 6)) {
		case 0:
			random_truncate(f, model, &dice);
			break;
		case 1:
			random_sync(f, model, &dice);
			break;
		case 2:
			open_file_unref(f->file);
			memcpy(model->bytes, model->on_board, model->on_board_size);
			model->size = model->on_board_size;
			assert_int_equal(open_file_open(&f->file, &f->mount), 0);
			assert_int_equal(open_file_load(f->file, "/f"), 0);
			break;
		default:
			random_write(f, model, &dice);
		}
		compare(f, model, &dice);
	}
	free(model);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

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
		TEST(an_unchanged_file_reads_on_after_an_absence),
		TEST(a_file_that_changed_in_an_absence_is_another_content),
		TEST(the_same_change_in_one_session_is_read),
		TEST(unsent_changes_are_sent_after_an_absence),
		TEST(unsent_changes_of_what_changed_go_nowhere),
		TEST(half_of_what_changed_goes_nowhere),
		TEST(a_replacement_that_was_done_is_right),
		TEST(a_new_file_that_was_made_is_right),
		TEST(a_new_file_does_not_replace_what_somebody_made),
		TEST(half_an_append_is_completed),
		TEST(a_whole_append_is_not_sent_again),
		TEST(an_append_of_somebody_else_is_no_part_of_ours),
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
		TEST(random_steps_are_those_of_an_array),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
