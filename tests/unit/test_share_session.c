/* SPDX-License-Identifier: MIT */
#include "share/share_session.h"

#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "share/outlet.h"
#include "tests/unit/share_stage.h"

enum { SECOND = SHARE_STAGE_SECOND, TOO_MUCH = (OUTLET_MAX / 1000 + 500) * 1000 };

/* --- Ends --- */

static void print_and_exit(struct share_stage *stage, const struct frame *frame)
{
	share_stage_print(stage, "hello\r\n");
	share_stage_exit_7(stage, frame);
}

static void it_ends_as_the_program_does(void **state)
{
	static share_stage_step *const steps[] = {share_stage_hello, print_and_exit, share_stage_prompt, NULL};
	struct share_stage *stage = *state;

	assert_int_equal(share_stage_run(stage, steps), 7);
	assert_string_equal(stage->said[0], "hello\r\n");
	assert_string_equal(stage->said[1], "");
}

static void raise_it(struct share_stage *stage, const struct frame *frame)
{
	(void)frame;
	share_stage_end(stage, SHARE_MORE, "Traceback\n");
}

static void raise_the_rest(struct share_stage *stage, const struct frame *frame)
{
	(void)frame;
	share_stage_end(stage, SHARE_RAISED, "ValueError\n");
}

static void a_traceback_is_on_stderr(void **state)
{
	static share_stage_step *const steps[] = {share_stage_hello, raise_it, raise_the_rest, share_stage_prompt, NULL};
	struct share_stage *stage = *state;

	assert_int_equal(share_stage_run(stage, steps), 1);
	assert_string_equal(stage->said[0], "");
	assert_string_equal(stage->said[1], "Traceback\nValueError\n");
}

static void show_nothing(struct share_stage *stage, const struct frame *frame)
{
	(void)frame;
	stage->phase = SHARE_STAGE_ENDED;
}

static void a_board_that_shows_another_prompt_is_left_all_the_same(void **state)
{
	static share_stage_step *const steps[] = {share_stage_hello, share_stage_exit_7, show_nothing, NULL};
	struct share_stage *stage = *state;

	stage->repl.ps1 = "$ ";
	assert_int_equal(share_stage_run(stage, steps), 7);
}

/* --- An agent that fails --- */

#define FAILURE "Traceback (most recent call last):\r\n  File \"<stdin>\", line 1, in <module>\r\nMemoryError: \r\n>>> "

static void fail_at_last(struct share_stage *stage, const struct frame *frame)
{
	(void)frame;
	share_stage_print(stage, FAILURE);
	stage->phase = SHARE_STAGE_ENDED;
}

static void a_prompt_without_an_end_is_one(void **state)
{
	static share_stage_step *const steps[] = {share_stage_hello, fail_at_last, NULL};
	struct share_stage *stage = *state;

	assert_int_equal(share_stage_run(stage, steps), -EIO);
	assert_string_equal(stage->said[0], FAILURE);
	assert_non_null(strstr(stage->diag.text, "has not told"));
	assert_int_equal(stage->repl.mode, TOYBOARD_FRIENDLY);
}

static void speak_of_failure(struct share_stage *stage, const struct frame *frame)
{
	(void)frame;
	share_stage_print(stage, FAILURE);
	fakelink_timer(stage->fake, 60 * (int64_t)SECOND, share_stage_exit, stage);
}

static void a_program_that_prints_the_same_goes_on(void **state)
{
	static share_stage_step *const steps[] = {share_stage_hello, speak_of_failure, share_stage_prompt, NULL};
	struct share_stage *stage = *state;

	assert_int_equal(share_stage_run(stage, steps), 7);
	assert_int_equal(stage->interrupts, 0);
}

/* --- A line that damages all that tells --- */

/* SHARE_END comes without its last byte. */
static void say_half_an_end(struct fakelink *fake, void *context)
{
	struct share_stage *stage = context;
	static const uint8_t payload[] = {0, SHARE_EXITED, 7, 0, 0, 0};
	uint8_t out[64];

	fakelink_say(fake, out,
		     frame_encode_channel(out, SHARE_END, 1, (uint8_t)(stage->sequence + 1), payload, sizeof(payload)) - 1);
}

static void be_at_prompt(struct fakelink *fake, void *context)
{
	struct share_stage *stage = context;

	(void)fake;
	stage->phase = SHARE_STAGE_ENDED;
	share_stage_print(stage, ">>> ");
}

static void be_at_prompt_unheard(struct fakelink *fake, void *context)
{
	struct share_stage *stage = context;

	(void)fake;
	stage->phase = SHARE_STAGE_ENDED;
	share_stage_print(stage, ">> ");
}

static void end_damaged(struct share_stage *stage, const struct frame *frame)
{
	(void)frame;
	share_stage_print(stage, "hello\r\n");
	say_half_an_end(stage->fake, stage);
	fakelink_timer(stage->fake, SECOND, say_half_an_end, stage);
	fakelink_timer(stage->fake, 2 * SECOND, be_at_prompt, stage);
}

static void end_damaged_unheard(struct share_stage *stage, const struct frame *frame)
{
	(void)frame;
	say_half_an_end(stage->fake, stage);
	fakelink_timer(stage->fake, SECOND, be_at_prompt_unheard, stage);
}

static void assert_untold(struct share_stage *stage, share_stage_step *const *steps, const char *words)
{
	int64_t start = fakelink_now(stage->fake);

	assert_int_equal(share_stage_run(stage, steps), -EIO);
	assert_non_null(strstr(stage->diag.text, words));
	assert_int_equal(stage->phase, SHARE_STAGE_ENDED);
	assert_int_equal(stage->repl.mode, TOYBOARD_FRIENDLY);
	assert_true(fakelink_now(stage->fake) - start < 30 * (int64_t)SECOND);
}

static void an_end_that_comes_damaged_is_one(void **state)
{
	static share_stage_step *const steps[] = {share_stage_hello, end_damaged, NULL};
	struct share_stage *stage = *state;

	assert_untold(stage, steps, "may damage");
	assert_int_equal(strncmp(stage->said[0], "hello\r\n", 7), 0);
}

static void so_is_one_with_a_damaged_prompt(void **state)
{
	static share_stage_step *const steps[] = {share_stage_hello, end_damaged_unheard, NULL};

	assert_untold(*state, steps, "may damage");
}

static void take_sums(struct fakelink *fake, void *context)
{
	struct share_stage *stage = context;

	(void)fake;
	stage->phase = SHARE_STAGE_ENDED;
}

/* The line does not let the sum through before ten seconds are over. */
static void end_deaf(struct share_stage *stage, const struct frame *frame)
{
	(void)frame;
	say_half_an_end(stage->fake, stage);
	share_stage_print(stage, ">>> ");
	fakelink_timer(stage->fake, 10 * SECOND, take_sums, stage);
}

static void the_answer_to_that_may_be_damaged_too(void **state)
{
	static share_stage_step *const steps[] = {share_stage_hello, end_deaf, NULL};

	assert_untold(*state, steps, "may damage");
}

static void be_at_prompt_at_last(struct share_stage *stage)
{
	stage->interrupt = NULL;
	be_at_prompt(stage->fake, stage);
}

static void end_deaf_for_ever(struct share_stage *stage, const struct frame *frame)
{
	(void)frame;
	stage->interrupt = be_at_prompt_at_last;
	say_half_an_end(stage->fake, stage);
	share_stage_print(stage, ">>> ");
}

static void but_not_each_time(void **state)
{
	static share_stage_step *const steps[] = {share_stage_hello, end_deaf_for_ever, NULL};

	assert_untold(*state, steps, "may damage");
}

/* The program has a prompt of its own, and what was damaged was asked again; or it printed what looks like a part of a request. */
static void print_prompt_behind_damage(struct share_stage *stage, const struct frame *frame)
{
	(void)frame;
	say_half_an_end(stage->fake, stage);
	share_stage_print(stage, ">>> ");
	fakelink_timer(stage->fake, 2 * SECOND, share_stage_exit, stage);
}

static void what_comes_whole_is_waited_for(void **state)
{
	static share_stage_step *const steps[] = {share_stage_hello, print_prompt_behind_damage, share_stage_prompt, NULL};
	struct share_stage *stage = *state;

	assert_int_equal(share_stage_run(stage, steps), 7);
	assert_string_equal(stage->keys, "");
}

/* No answer to a request came whole: the board ends without a word. */
static void ask_and_end(struct share_stage *stage, const struct frame *frame)
{
	(void)frame;
	share_stage_some(stage->fake, stage);
	fakelink_timer(stage->fake, SECOND, share_stage_some_again, stage);
	fakelink_timer(stage->fake, 2 * SECOND, be_at_prompt, stage);
}

static void so_is_a_prompt_behind_a_second_try(void **state)
{
	static share_stage_step *const steps[] = {share_stage_hello, ask_and_end, share_stage_ignore, share_stage_ignore, NULL};

	assert_untold(*state, steps, "may damage");
}

static void ask_for_much_again(struct fakelink *fake, void *context)
{
	struct share_stage *stage = context;

	(void)fake;
	frame_reader_init(&stage->reader);
	share_stage_ask_again(stage, SHARE_PROGRAM, 1, "\0\0\0\0\xff\x0f", 6);
}

/* The same, where no credit for the answer came. */
static void ask_for_much_and_end(struct share_stage *stage, const struct frame *frame)
{
	(void)frame;
	share_stage_ask_for_much(stage);
	fakelink_timer(stage->fake, SECOND, ask_for_much_again, stage);
	fakelink_timer(stage->fake, 2 * SECOND, be_at_prompt, stage);
}

static void so_is_one_in_the_middle_of_an_answer(void **state)
{
	static share_stage_step *const steps[] = {share_stage_hello, ask_for_much_and_end, NULL};
	struct share_stage *stage = *state;

	stage->slow = true;
	assert_untold(stage, steps, "may damage");
}

static void begin_nothing(struct share_stage *stage, const struct frame *frame)
{
	assert_null(frame);
	fakelink_timer(stage->fake, SECOND, be_at_prompt, stage);
}

static void begin_nothing_unheard(struct share_stage *stage, const struct frame *frame)
{
	assert_null(frame);
	fakelink_timer(stage->fake, SECOND, be_at_prompt_unheard, stage);
}

static void an_agent_that_does_not_begin_is_told(void **state)
{
	static share_stage_step *const steps[] = {begin_nothing, NULL};

	assert_untold(*state, steps, "begins");
}

static void so_is_one_that_ended_unheard(void **state)
{
	static share_stage_step *const steps[] = {begin_nothing_unheard, NULL};

	assert_untold(*state, steps, "begins");
}

static void a_start_whose_end_is_not_heard_is_made_again(void **state)
{
	static share_stage_step *const steps[] = {share_stage_hello, share_stage_exit_7, share_stage_prompt, NULL};
	struct share_stage *stage = *state;

	stage->quits_lost = 2;
	assert_int_equal(share_stage_run(stage, steps), 7);
	assert_int_equal(stage->quits_lost, 0);
}

static void but_not_for_ever(void **state)
{
	static share_stage_step *const steps[] = {NULL};
	struct share_stage *stage = *state;

	stage->quits_lost = 1000;
	assert_int_equal(share_stage_run(stage, steps), -EIO);
	assert_non_null(strstr(stage->diag.text, "begins"));
	assert_int_equal(stage->phase, SHARE_STAGE_AT_PROMPT);
	assert_int_equal(stage->repl.mode, TOYBOARD_FRIENDLY);
}

/* --- Programs that do not end --- */

static void end_now(struct share_stage *stage)
{
	stage->interrupt = NULL;
	share_stage_end(stage, SHARE_RAISED, "KeyboardInterrupt\n");
}

static void print_prompt(struct share_stage *stage, const struct frame *frame)
{
	(void)frame;
	stage->interrupt = end_now;
	share_stage_print(stage, ">>> ");
}

static void a_program_that_only_says_so_is_ended(void **state)
{
	static share_stage_step *const steps[] = {share_stage_hello, share_stage_exit_7, print_prompt, share_stage_prompt, NULL};
	struct share_stage *stage = *state;

	assert_int_equal(share_stage_run(stage, steps), -EPROTO);
	assert_int_equal(stage->phase, SHARE_STAGE_ENDED);
	assert_int_equal(stage->interrupts, 1);
	assert_non_null(strstr(stage->diag.text, "went on"));
}

static void terminate(struct share_stage *stage, const struct frame *frame)
{
	(void)stage;
	(void)frame;
	kill(getpid(), SIGTERM);
}

static void a_program_that_catches_every_ctrl_c_is_told(void **state)
{
	static share_stage_step *const steps[] = {share_stage_hello, terminate, NULL};
	struct share_stage *stage = *state;
	int64_t start = fakelink_now(stage->fake);

	assert_int_equal(share_stage_run(stage, steps), 128 + SIGTERM);
	assert_non_null(strstr(stage->said[1], "still runs on the board"));
	assert_true(stage->interrupts > 100);
	assert_true(fakelink_now(stage->fake) - start < 15 * (int64_t)SECOND);
}

static void terminate_again(struct fakelink *fake, void *context)
{
	(void)fake;
	terminate(context, NULL);
}

static void terminate_twice(struct share_stage *stage, const struct frame *frame)
{
	stage->interrupt = end_now;
	terminate(stage, frame);
	fakelink_timer(stage->fake, 3 * SECOND, terminate_again, stage);
}

static void whoever_has_had_enough_leaves_at_once(void **state)
{
	static share_stage_step *const steps[] = {share_stage_hello, terminate_twice, share_stage_ignore, NULL};
	struct share_stage *stage = *state;
	int64_t start = fakelink_now(stage->fake);

	assert_int_equal(share_stage_run(stage, steps), 128 + SIGTERM);
	assert_non_null(strstr(stage->said[1], "left as it is"));
	assert_true(fakelink_now(stage->fake) - start < 5 * (int64_t)SECOND);
}

/* Ctrl-C is caught where the program waits for it; but not so soon after another. */
static void end_when_busy(struct share_stage *stage)
{
	if (fakelink_now(stage->fake) - stage->interrupted_at >= 60000)
		return;
	stage->phase = SHARE_STAGE_ENDED;
	share_stage_print(stage, "Traceback (most recent call last):\r\nKeyboardInterrupt: \r\n>>> ");
}

static void terminate_busy(struct share_stage *stage, const struct frame *frame)
{
	stage->interrupt = end_when_busy;
	terminate(stage, frame);
}

static void a_program_that_catches_one_ctrl_c_at_a_time_is_ended(void **state)
{
	static share_stage_step *const steps[] = {share_stage_hello, terminate_busy, NULL};
	struct share_stage *stage = *state;

	assert_int_equal(share_stage_run(stage, steps), 128 + SIGTERM);
	assert_string_equal(stage->said[1], "");
	assert_int_equal(stage->phase, SHARE_STAGE_ENDED);
	assert_int_equal(stage->repl.mode, TOYBOARD_FRIENDLY);
}

static void refuse(struct share_stage *stage, const struct frame *frame)
{
	(void)frame;
	share_stage_end(stage, SHARE_REFUSED, "/remote");
}

static void a_place_that_is_taken_is_told(void **state)
{
	static share_stage_step *const steps[] = {share_stage_hello, refuse, share_stage_prompt, NULL};
	struct share_stage *stage = *state;

	assert_int_equal(share_stage_run(stage, steps), -EEXIST);
	assert_non_null(strstr(stage->diag.text, "/remote"));
	assert_int_equal(stage->phase, SHARE_STAGE_ENDED); /* it was answered, so that the board does not ask again */
}

static void be_unplugged(struct share_stage *stage, const struct frame *frame)
{
	(void)frame;
	share_stage_print(stage, "last words");
	fakelink_hang_up(stage->fake, SECOND, ENODEV);
}

static void an_unplugged_board_is_told(void **state)
{
	static share_stage_step *const steps[] = {share_stage_hello, be_unplugged, NULL};
	struct share_stage *stage = *state;

	assert_int_equal(share_stage_run(stage, steps), -ENODEV);
	assert_true(*stage->diag.text != '\0');
	assert_string_equal(stage->said[0], "last words");
}

/* --- Resets --- */

static void be_reset(struct share_stage *stage, const struct frame *frame)
{
	(void)frame;
	share_stage_print(stage,
			  "\r\nrst:0x10 (RTCWDT)\r\n" SHARE_STAGE_BANNER "\r\nType \"help()\" for more information.\r\n>>> ");
}

static void a_board_that_was_reset_is_told(void **state)
{
	static share_stage_step *const steps[] = {share_stage_hello, be_reset, NULL};
	struct share_stage *stage = *state;

	assert_int_equal(share_stage_run(stage, steps), -ECONNRESET);
	assert_non_null(strstr(stage->diag.text, "reset"));
}

static void speak_of_a_reset(struct share_stage *stage, const struct frame *frame)
{
	(void)frame;
	share_stage_print(stage,
			  "MPY: soft reboot\r\nMicroPython v1.0 on a fake\r\nType \"help()\" for more information.\r\n>>> ");
	stage->heard = 0;
	fakelink_timer(stage->fake, 60 * (int64_t)SECOND, share_stage_exit, stage);
}

static void check_silence(struct share_stage *stage, const struct frame *frame)
{
	/* Nothing but this answer has reached the board in a minute. */
	assert_int_equal(stage->heard, AGENT_HEADER_SIZE + frame->len + AGENT_TRAILER_SIZE);
	share_stage_prompt(stage, frame);
}

static void a_program_that_prints_what_a_reset_does_is_left_alone(void **state)
{
	static share_stage_step *const steps[] = {share_stage_hello, speak_of_a_reset, check_silence, NULL};
	struct share_stage *stage = *state;

	assert_int_equal(share_stage_run(stage, steps), 7);
	assert_int_equal(strncmp(stage->said[0], "MPY: soft reboot", 16), 0);
}

/* --- What the line repeats --- */

static void ask_twice(struct share_stage *stage, const struct frame *frame)
{
	(void)frame;
	share_stage_ask(stage, SHARE_PROGRAM, "\0\0\0\0\x64\x00", 6);
	share_stage_ask_again(stage, SHARE_PROGRAM, 0, "\0\0\0\0\x64\x00", 6);
	fakelink_timer(stage->fake, SECOND, share_stage_exit, stage);
}

static void a_request_that_comes_twice_is_answered_once(void **state)
{
	static share_stage_step *const steps[] = {share_stage_hello, ask_twice, share_stage_ignore, share_stage_prompt, NULL};
	struct share_stage *stage = *state;

	assert_int_equal(share_stage_run(stage, steps), 7);
}

/* --- What it needs of the process --- */

static void what_it_lacks_is_told(void **state)
{
	static share_stage_step *const steps[] = {NULL};
	struct share_stage *stage = *state;

	stage->is_short = true;
	for (stage->spare = 0; stage->spare < 2; stage->spare++) {
		*stage->diag.text = '\0';
		assert_int_equal(share_stage_run(stage, steps), -EMFILE);
		assert_string_not_equal(stage->diag.text, "");
	}
}

static void signals_are_given_back(void **state)
{
	static share_stage_step *const steps[] = {share_stage_hello, share_stage_exit_7, share_stage_prompt, NULL};
	struct share_stage *stage = *state;
	sigset_t before, after;

	sigemptyset(&before);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	assert_int_equal(share_stage_run(stage, steps), 7);
	pthread_sigmask(SIG_BLOCK, NULL, &after);
	for (int number = 1; number < SIGRTMIN; number++)
		assert_int_equal(sigismember(&after, number), sigismember(&before, number));
}

/* --- Output that nobody takes --- */

static void print_much(struct share_stage *stage, size_t len)
{
	static char line[1001];

	memset(line, 'x', sizeof(line) - 1);
	for (size_t printed = 0; printed < len; printed += sizeof(line) - 1)
		share_stage_print(stage, line);
}

static void print_and_ask(struct share_stage *stage, const struct frame *frame)
{
	(void)frame;
	print_much(stage, 300000);
	share_stage_some(stage->fake, stage);
}

static void check_answer_and_exit(struct share_stage *stage, const struct frame *frame)
{
	assert_int_equal(frame->type, AGENT_DONE);
	share_stage_exit_7(stage, frame);
}

static void show_prompt_and_read(struct share_stage *stage, const struct frame *frame)
{
	share_stage_prompt(stage, frame);
	share_stage_read(stage);
}

static void requests_are_answered_while_nobody_takes_the_output(void **state)
{
	static share_stage_step *const steps[] = {share_stage_hello, print_and_ask, check_answer_and_exit, show_prompt_and_read,
						  NULL};
	struct share_stage *stage = *state;

	stage->paused = true;
	assert_int_equal(share_stage_run(stage, steps), 7);
	assert_int_equal(stage->printed, 300000);
}

static void check_and_read(struct fakelink *fake, void *context)
{
	struct share_stage *stage = context;

	(void)fake;
	assert_int_equal(stage->heard, 0);
	share_stage_read(stage);
}

static void print_too_much(struct share_stage *stage, const struct frame *frame)
{
	(void)frame;
	fakelink_byte_time(stage->fake, 0);
	print_much(stage, TOO_MUCH);
	share_stage_some(stage->fake, stage);
	fakelink_timer(stage->fake, 60 * SECOND, check_and_read, stage);
	fakelink_timer(stage->fake, 120 * SECOND, share_stage_fall_back, stage);
}

static void more_than_is_kept_stays_on_the_line(void **state)
{
	static share_stage_step *const steps[] = {share_stage_hello, print_too_much, NULL};
	struct share_stage *stage = *state;

	stage->paused = true;
	assert_int_equal(share_stage_run(stage, steps), 7);
	assert_int_equal(stage->printed, TOO_MUCH);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, share_stage_open, share_stage_close)
	const struct CMUnitTest tests[] = {
		TEST(it_ends_as_the_program_does),
		TEST(a_traceback_is_on_stderr),
		TEST(a_board_that_shows_another_prompt_is_left_all_the_same),
		TEST(a_prompt_without_an_end_is_one),
		TEST(a_program_that_prints_the_same_goes_on),
		TEST(an_end_that_comes_damaged_is_one),
		TEST(so_is_one_with_a_damaged_prompt),
		TEST(the_answer_to_that_may_be_damaged_too),
		TEST(but_not_each_time),
		TEST(what_comes_whole_is_waited_for),
		TEST(so_is_a_prompt_behind_a_second_try),
		TEST(so_is_one_in_the_middle_of_an_answer),
		TEST(an_agent_that_does_not_begin_is_told),
		TEST(so_is_one_that_ended_unheard),
		TEST(a_start_whose_end_is_not_heard_is_made_again),
		TEST(but_not_for_ever),
		TEST(a_program_that_only_says_so_is_ended),
		TEST(a_program_that_catches_every_ctrl_c_is_told),
		TEST(whoever_has_had_enough_leaves_at_once),
		TEST(a_program_that_catches_one_ctrl_c_at_a_time_is_ended),
		TEST(a_place_that_is_taken_is_told),
		TEST(an_unplugged_board_is_told),
		TEST(a_board_that_was_reset_is_told),
		TEST(a_program_that_prints_what_a_reset_does_is_left_alone),
		TEST(a_request_that_comes_twice_is_answered_once),
		TEST(what_it_lacks_is_told),
		TEST(signals_are_given_back),
		TEST(requests_are_answered_while_nobody_takes_the_output),
		TEST(more_than_is_kept_stays_on_the_line),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
