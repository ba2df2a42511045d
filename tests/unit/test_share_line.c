/* SPDX-License-Identifier: MIT */
#include "share/share_line.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "base/le.h"
#include "tests/unit/share_stage.h"

enum { SECOND = SHARE_STAGE_SECOND };

/* --- Long answers, and the window --- */

static void want_credits(struct share_stage *stage, const struct frame *frame)
{
	(void)frame;
	share_stage_ask_for_much(stage);
	fakelink_timer(stage->fake, SECOND, share_stage_credits, stage);
}

static void check_much(struct share_stage *stage, const struct frame *frame)
{
	assert_int_equal(frame->type, AGENT_DONE);
	assert_int_equal(le_get16(frame->payload + 6), SHARE_STAGE_PROGRAM);
	assert_memory_equal(frame->payload + 8, stage->program, SHARE_STAGE_PROGRAM);
	share_stage_exit_7(stage, frame);
}

static void a_long_answer_waits_for_credits(void **state)
{
	static share_stage_step *const steps[] = {share_stage_hello, want_credits, check_much, share_stage_prompt, NULL};
	struct share_stage *stage = *state;

	stage->slow = true;
	assert_int_equal(share_stage_run(stage, steps), 7);
	assert_string_equal(stage->said[0], "");
}

static void try_again(struct fakelink *fake, void *context)
{
	struct share_stage *stage = context;

	(void)fake;
	assert_true(stage->heard > 0 && stage->heard <= AGENT_WINDOW);
	frame_reader_init(&stage->reader); /* the board forgets what has come of it */
	share_stage_ask_again(stage, SHARE_PROGRAM, 1, "\0\0\0\0\x64\x00", 6);
}

static void lose_credits(struct share_stage *stage, const struct frame *frame)
{
	(void)frame;
	share_stage_ask_for_much(stage);
	fakelink_timer(stage->fake, SECOND, try_again, stage);
}

static void check_second_try(struct share_stage *stage, const struct frame *frame)
{
	assert_int_equal(frame->payload[0], 1);
	share_stage_exit_7(stage, frame);
}

static void what_is_asked_again_is_answered_anew(void **state)
{
	static share_stage_step *const steps[] = {share_stage_hello, lose_credits, check_second_try, share_stage_prompt, NULL};
	struct share_stage *stage = *state;

	stage->slow = true;
	assert_int_equal(share_stage_run(stage, steps), 7);
}

/* --- Absences --- */

static void end_unheard(struct share_stage *stage, const struct frame *frame)
{
	(void)frame;
	fakelink_timer(stage->fake, SECOND, share_stage_some, stage);
	fakelink_timer(stage->fake, 2 * SECOND, share_stage_some_again, stage);
	fakelink_timer(stage->fake, 16 * SECOND, share_stage_fall_back, stage);
	share_stage_stop_host(stage, 20 * SECOND);
}

static void a_board_that_has_given_up_gets_no_answer(void **state)
{
	static share_stage_step *const steps[] = {share_stage_hello, end_unheard, NULL};
	struct share_stage *stage = *state;

	assert_int_equal(share_stage_run(stage, steps), 7);
	assert_int_equal(stage->typed_frames, 0);
	assert_string_equal(stage->said[0], "");
}

static void ask_unheard(struct share_stage *stage, const struct frame *frame)
{
	(void)frame;
	fakelink_timer(stage->fake, SECOND, share_stage_some, stage);
	fakelink_timer(stage->fake, 2 * SECOND + SECOND / 2, share_stage_some_again, stage);
	share_stage_stop_host(stage, 2 * SECOND);
}

static void a_board_that_still_asks_is_answered(void **state)
{
	static share_stage_step *const steps[] = {share_stage_hello, ask_unheard, check_second_try, share_stage_prompt, NULL};
	struct share_stage *stage = *state;

	assert_int_equal(share_stage_run(stage, steps), 7);
}

static void print_one(struct fakelink *fake, void *context)
{
	(void)fake;
	share_stage_print(context, "x");
}

/* A line that was throttled brings some of what came meanwhile a little later. */
static void ask_behind_output(struct share_stage *stage, const struct frame *frame)
{
	(void)frame;
	fakelink_timer(stage->fake, SECOND, print_one, stage);
	fakelink_timer(stage->fake, 2 * SECOND + SECOND / 20, share_stage_some, stage);
	fakelink_timer(stage->fake, 3 * SECOND, share_stage_some_again, stage);
	share_stage_stop_host(stage, 2 * SECOND);
}

static void what_comes_at_once_behind_an_absence_is_as_old(void **state)
{
	static share_stage_step *const steps[] = {share_stage_hello, ask_behind_output, check_second_try, share_stage_prompt,
						  NULL};
	struct share_stage *stage = *state;

	assert_int_equal(share_stage_run(stage, steps), 7);
	assert_string_equal(stage->said[0], "x");
}

static void check_nothing_and_exit(struct fakelink *fake, void *context)
{
	struct share_stage *stage = context;

	(void)fake;
	assert_int_equal(stage->heard, 0);
	frame_reader_init(&stage->reader); /* the board forgets what has come of it */
	share_stage_exit_7(stage, NULL);
}

static void stop_in_answer(struct fakelink *fake, void *context)
{
	struct share_stage *stage = context;

	assert_true(stage->heard > 0);
	share_stage_stop_host(stage, SECOND);
	share_stage_say_credits(stage);
	fakelink_timer(fake, SECOND, check_nothing_and_exit, stage);
}

static void want_and_stop(struct share_stage *stage, const struct frame *frame)
{
	(void)frame;
	share_stage_ask_for_much(stage);
	fakelink_timer(stage->fake, SECOND / 10, stop_in_answer, stage);
}

static void the_rest_of_an_answer_does_not_follow(void **state)
{
	static share_stage_step *const steps[] = {share_stage_hello, want_and_stop, share_stage_prompt, NULL};
	struct share_stage *stage = *state;

	stage->slow = true;
	assert_int_equal(share_stage_run(stage, steps), 7);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, share_stage_open, share_stage_close)
	const struct CMUnitTest tests[] = {
		TEST(a_long_answer_waits_for_credits),
		TEST(what_is_asked_again_is_answered_anew),
		TEST(a_board_that_has_given_up_gets_no_answer),
		TEST(a_board_that_still_asks_is_answered),
		TEST(what_comes_at_once_behind_an_absence_is_as_old),
		TEST(the_rest_of_an_answer_does_not_follow),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
