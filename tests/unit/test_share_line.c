/* SPDX-License-Identifier: MIT */
#include "share/share_line.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

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

/* --- Without a session --- */

struct bench {
	struct bytelink *link;
	struct fakelink *fake;
	struct share_line line;
	struct diag diag;
};

/* A line whose agent was told to begin. */
static int open_bench(void **state)
{
	struct bench *bench = calloc(1, sizeof(*bench));
	bool full;

	assert_non_null(bench);
	*state = bench;
	bench->fake = fakelink_open(&bench->link);
	share_line_start(&bench->line, bench->link, AGENT_WINDOW, &bench->diag);
	assert_true(share_line_is_busy(&bench->line));
	assert_int_equal(share_line_send_answer(&bench->line, &full), 0);
	assert_false(share_line_is_busy(&bench->line));
	return 0;
}

static int close_bench(void **state)
{
	struct bench *bench = *state;

	bytelink_close(bench->link);
	free(bench);
	return 0;
}

/* So long nobody looks at the line. */
static void be_absent(struct bench *bench, int64_t us)
{
	assert_int_equal(bytelink_wait(bench->link, 0, bytelink_now(bench->link) + us), 0);
}

/* So long somebody does. */
static void look(struct bench *bench, int64_t us)
{
	int64_t until = bytelink_now(bench->link) + us;

	while (bytelink_now(bench->link) < until)
		assert_int_equal(share_line_wait(&bench->line, SIZE_MAX, false, until), 0);
}

/* The board asks, and its answer has LEN bytes. */
static void begin_answer(struct bench *bench, size_t len)
{
	static const uint8_t payload[2 * AGENT_WINDOW];
	uint8_t out[FRAME_SIZE_MAX];

	fakelink_say(bench->fake, out, frame_encode_channel(out, SHARE_READ, SHARE_CHANNEL, 1, payload, 8));
	while (share_line_next(&bench->line) != INCOMING_REQUEST)
		look(bench, SECOND / 1000);
	share_line_answer(&bench->line, AGENT_DONE, bench->line.incoming.frame.sequence, payload, len);
	assert_true(share_line_is_open(&bench->line));
}

static size_t count_sent(struct bench *bench)
{
	size_t len;

	fakelink_written(bench->fake, &len);
	return len;
}

/* Sends what may go. Returns whether the answer is still under way. */
static bool send_some(struct bench *bench)
{
	bool full, open = share_line_is_open(&bench->line);
	int rc = share_line_send_answer(&bench->line, &full);

	assert_int_equal(rc, open && !share_line_is_open(&bench->line));
	return rc == 0;
}

static void expect_given_up(struct bench *bench)
{
	size_t sent = count_sent(bench);

	assert_false(send_some(bench));
	assert_true(bench->line.given_up);
	assert_int_equal(bench->line.closed_at, bytelink_now(bench->link));
	assert_false(share_line_is_busy(&bench->line));
	assert_int_equal(count_sent(bench), sent);
}

/* Before anybody has looked what the board says now. */
static void an_answer_does_not_go_on_behind_an_absence(void **state)
{
	struct bench *bench = *state;

	begin_answer(bench, AGENT_WINDOW + 100);
	assert_true(send_some(bench));
	look(bench, 2 * SECOND); /* the credits take their time */
	assert_true(send_some(bench));
	be_absent(bench, SECOND * 2 / 5);
	assert_true(send_some(bench));
	be_absent(bench, SECOND / 5);
	expect_given_up(bench);
}

/* A board that waits for the first byte of its answer does not do so for long. */
static void an_answer_that_cannot_begin_is_given_up(void **state)
{
	struct bench *bench = *state;

	fakelink_limit(bench->fake, 0);
	begin_answer(bench, 100);
	assert_true(send_some(bench));
	look(bench, SECOND / 2);
	assert_true(send_some(bench));
	look(bench, SECOND / 5);
	fakelink_limit(bench->fake, SIZE_MAX);
	expect_given_up(bench);
	/* The next one begins, and then the link takes no more of it for long. */
	fakelink_limit(bench->fake, 1);
	begin_answer(bench, 100);
	assert_true(send_some(bench));
	look(bench, 10 * SECOND);
	assert_true(send_some(bench));
	fakelink_limit(bench->fake, SIZE_MAX);
	assert_false(send_some(bench));
	assert_false(bench->line.given_up);
}

static void it_is_behind_until_all_has_come(void **state)
{
	struct bench *bench = *state;

	assert_false(share_line_is_behind(&bench->line));
	look(bench, 10 * SECOND);
	assert_false(share_line_is_behind(&bench->line));
	be_absent(bench, SECOND * 2 / 5);
	assert_false(share_line_is_behind(&bench->line));
	be_absent(bench, SECOND / 5);
	assert_true(share_line_is_behind(&bench->line));
	/* It is looked now; but what came meanwhile need not all be here. */
	look(bench, SECOND / 20);
	assert_true(share_line_is_behind(&bench->line));
	look(bench, SECOND / 10);
	assert_false(share_line_is_behind(&bench->line));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, share_stage_open, share_stage_close)
#define BENCH(name) cmocka_unit_test_setup_teardown(name, open_bench, close_bench)
	const struct CMUnitTest tests[] = {
		TEST(a_long_answer_waits_for_credits),
		TEST(what_is_asked_again_is_answered_anew),
		TEST(a_board_that_has_given_up_gets_no_answer),
		TEST(a_board_that_still_asks_is_answered),
		TEST(what_comes_at_once_behind_an_absence_is_as_old),
		TEST(the_rest_of_an_answer_does_not_follow),
		BENCH(an_answer_does_not_go_on_behind_an_absence),
		BENCH(an_answer_that_cannot_begin_is_given_up),
		BENCH(it_is_behind_until_all_has_come),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
