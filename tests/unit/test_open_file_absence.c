/* SPDX-License-Identifier: MIT */
/* An open file whose board was away: what it reads, and what becomes of what was not sent. */
#include "fuse/open_file.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/onefile.h"

static int read_some(struct open_file *file)
{
	char buf[8];

	return (int)open_file_read(file, "/f", buf, sizeof(buf), 0);
}

/* The board goes and comes back, with TEXT as /f (NULL: without it). */
static void come_back_with(struct onefile *f, const char *text)
{
	fakeboard_new_session(f->board);
	assert_int_equal(fakeboard_write(f->board, "/f", text, text ? strlen(text) : 0), 0);
}

/* What was written cannot be sent: the board goes meanwhile. */
static void fail_to_send(struct onefile *f, enum fakeboard_call call)
{
	fakeboard_fail(f->board, call, EIO, 1);
	assert_int_equal(open_file_sync(f->file, "/f"), -EIO);
}

static void an_unchanged_file_reads_on_after_an_absence(void **state)
{
	struct onefile *f = *state;
	struct open_file *file = onefile_open_with(f, "some text");
	unsigned content = open_file_content(file);

	fakeboard_new_session(f->board);
	fakeboard_fail(f->board, FAKEBOARD_STAT, EIO, 1);
	assert_int_equal(read_some(file), -EIO); /* it is still away */
	onefile_expect_read(file, 5, 100, "text");
	assert_int_equal(open_file_content(file), content);
	fakeboard_forget_calls(f->board);
	onefile_expect_read(file, 0, 4, "some");
	assert_int_equal(fakeboard_count(f->board, FAKEBOARD_STAT), 0); /* looked at once */
}

static void a_file_that_changed_in_an_absence_is_another_content(void **state)
{
	struct onefile *f = *state;
	struct open_file *file = onefile_open_with(f, "some text");
	unsigned content = open_file_content(file);

	come_back_with(f, "SOME TEXT");
	assert_int_equal(read_some(file), -EIO);
	assert_int_not_equal(open_file_content(file), content);
	assert_true(open_file_changed_alone(file));
	onefile_expect_read(file, 0, 100, "SOME TEXT"); /* for who opens it now */
	content = open_file_content(file);
	come_back_with(f, NULL);
	assert_int_equal(read_some(file), -EIO);
	assert_int_not_equal(open_file_content(file), content);
}

static void the_same_change_in_one_session_is_read(void **state)
{
	struct onefile *f = *state;
	struct open_file *file = onefile_open_with(f, "some text");
	unsigned content = open_file_content(file);
	struct open_file_state about;

	assert_int_equal(fakeboard_write(f->board, "/f", "SOME TEXT", 9), 0);
	assert_int_equal(open_file_stat(file, "/f", &about), 0);
	assert_int_equal(open_file_content(file), content);
	onefile_expect_read(file, 0, 100, "SOME TEXT");
}

static void unsent_changes_are_sent_after_an_absence(void **state)
{
	struct onefile *f = *state;
	struct open_file *file = onefile_open_with(f, "old");

	onefile_write_at(file, "new!", 0);
	fail_to_send(f, FAKEBOARD_REPLACE);
	fakeboard_new_session(f->board);
	assert_int_equal(open_file_sync(file, "/f"), 0);
	onefile_expect_on_board(f, "new!");
}

static void unsent_changes_of_what_changed_go_nowhere(void **state)
{
	struct onefile *f = *state;
	struct open_file *file = onefile_open_with(f, "old");
	struct open_file_state about;

	onefile_write_at(file, "new!", 0);
	come_back_with(f, "other");
	assert_int_equal(open_file_sync(file, "/f"), -EIO);
	onefile_expect_on_board(f, "other");
	assert_true(open_file_peek(file, &about));
	assert_true(about.changed_away);
	assert_int_equal(about.unsent, 4);
	assert_int_equal(open_file_sync(file, "/f"), -EIO);
	onefile_expect_on_board(f, "other");
}

/* What is held in part: the rest would be another file's. */
static void half_of_what_changed_goes_nowhere(void **state)
{
	struct onefile *f = *state;
	struct open_file *file = onefile_open_with(f, "a long old file");

	onefile_write_at(file, "A", 0);
	come_back_with(f, "a long new file");
	assert_int_equal(open_file_sync(file, "/f"), -EIO);
	onefile_expect_on_board(f, "a long new file");
}

/* The plug was pulled between the last step on the board and its answer. */
static void a_replacement_that_was_done_is_right(void **state)
{
	struct onefile *f = *state;
	struct open_file *file = onefile_open_with(f, "old");

	onefile_write_at(file, "new!", 0);
	fail_to_send(f, FAKEBOARD_REPLACE);
	come_back_with(f, "new!");
	assert_int_equal(open_file_sync(file, "/f"), 0);
	onefile_expect_on_board(f, "new!");
	assert_false(open_file_is_dirty(file));
}

static void a_new_file_that_was_made_is_right(void **state)
{
	struct onefile *f = *state;
	struct open_file *file = onefile_create(f);

	onefile_write_at(file, "new", 0);
	come_back_with(f, "new");
	assert_int_equal(open_file_sync(file, "/f"), 0);
	onefile_write_at(file, "newer", 0);
	fakeboard_new_session(f->board);
	assert_int_equal(open_file_sync(file, "/f"), 0);
	onefile_expect_on_board(f, "newer");
}

static void a_new_file_does_not_replace_what_somebody_made(void **state)
{
	struct onefile *f = *state;
	struct open_file *file = onefile_create(f);

	onefile_write_at(file, "ours", 0);
	come_back_with(f, "theirs");
	assert_int_equal(open_file_sync(file, "/f"), -EIO);
	onefile_expect_on_board(f, "theirs");
}

static void half_an_append_is_completed(void **state)
{
	struct onefile *f = *state;
	struct open_file *file = onefile_open_with(f, "old");

	onefile_write_at(file, " and more", 3);
	fail_to_send(f, FAKEBOARD_APPEND);
	come_back_with(f, "old and");
	onefile_expect_read(file, 0, 100, "old and more");
	assert_int_equal(open_file_sync(file, "/f"), 0);
	onefile_expect_on_board(f, "old and more");
	assert_int_equal(fakeboard_count(f->board, FAKEBOARD_REPLACE), 0);
}

static void a_whole_append_is_not_sent_again(void **state)
{
	struct onefile *f = *state;
	struct open_file *file = onefile_open_with(f, "old");

	onefile_write_at(file, " and more", 3);
	come_back_with(f, "old and more");
	assert_int_equal(open_file_sync(file, "/f"), 0);
	onefile_expect_calls(f, 1, 0, 0);
	assert_false(open_file_is_dirty(file));
}

static void an_append_of_somebody_else_is_no_part_of_ours(void **state)
{
	struct onefile *f = *state;
	struct open_file *file = onefile_open_with(f, "old");

	onefile_write_at(file, " and more", 3);
	come_back_with(f, "old or");
	assert_int_equal(open_file_sync(file, "/f"), -EIO);
	onefile_expect_on_board(f, "old or");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, onefile_set_up, onefile_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
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
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
