/* SPDX-License-Identifier: MIT */
#include "share/share_input.h"

#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/unit/share_stage.h"

enum { SECOND = SHARE_STAGE_SECOND };

static const char *typed; /* what is typed, ... */
static bool ctrl_c;       /* ... and whether Ctrl-C is pressed after that */
static int keyboard;      /* what is written there is stdin */
static pthread_t typing;

static bool is_taken(void)
{
	sigset_t pending;
	int waiting;

	return sigpending(&pending) == 0 && !sigismember(&pending, SIGINT) && ioctl(STDIN_FILENO, FIONREAD, &waiting) == 0 &&
	       !waiting;
}

/* Types, or presses Ctrl-C, or both, while the session waits for credits, which come a second after it has got that. */
static void *typist(void *context)
{
	struct share_stage *stage = context;

	assert_int_equal(write(keyboard, typed, strlen(typed)), strlen(typed));
	if (ctrl_c)
		kill(getpid(), SIGINT);
	while (!is_taken())
		usleep(1000);
	fakelink_timer(stage->fake, SECOND, share_stage_credits, stage);
	return NULL;
}

static void start_typist(struct fakelink *fake, void *context)
{
	struct share_stage *stage = context;

	(void)fake;
	assert_int_equal(stage->heard, AGENT_WINDOW);
	assert_int_equal(pthread_create(&typing, NULL, typist, stage), 0);
}

static void type_meanwhile(struct share_stage *stage, const struct frame *frame)
{
	(void)frame;
	share_stage_ask_for_much(stage);
	fakelink_timer(stage->fake, SECOND, start_typist, stage);
}

/* Plays STEPS, of which the second is type_meanwhile. */
static void run(struct share_stage *stage, share_stage_step *const *steps)
{
	int ends[2];

	signal(SIGINT, SIG_DFL); /* in the background it is ignored, and the session would, too */
	stage->slow = true;
	assert_int_equal(pipe(ends), 0);
	dup2(ends[0], STDIN_FILENO);
	close(ends[0]);
	keyboard = ends[1];
	assert_int_equal(share_stage_run(stage, steps), 7);
	pthread_join(typing, NULL);
	close(keyboard);
}

static void be_typed_to(struct share_stage *stage, const struct frame *frame)
{
	assert_int_equal(frame->type, AGENT_DONE);
	assert_memory_equal(frame->payload + 8, stage->program, SHARE_STAGE_PROGRAM);
	assert_string_equal(stage->keys, "");
	fakelink_timer(stage->fake, SECOND, share_stage_exit, stage);
}

static void what_is_typed_waits_for_the_end_of_an_answer(void **state)
{
	static share_stage_step *const steps[] = {share_stage_hello, type_meanwhile, be_typed_to, share_stage_prompt, NULL};
	struct share_stage *stage = *state;

	typed = "typed";
	ctrl_c = true;
	run(stage, steps);
	assert_string_equal(stage->keys, "\3typed");
}

/* The board says on a line that is slow at first that the program has ended meanwhile. */
static void stop_before_it_goes(struct fakelink *fake, void *context)
{
	share_stage_stop_host(context, 20 * SECOND);
	fakelink_timer(fake, SECOND / 20, share_stage_fall_back, context);
}

static void be_left_alone(struct share_stage *stage, const struct frame *frame)
{
	(void)frame;
	fakelink_timer(stage->fake, SECOND / 20, stop_before_it_goes, stage);
}

static void what_is_typed_waits_for_what_came_in_an_absence(void **state)
{
	static share_stage_step *const steps[] = {share_stage_hello, type_meanwhile, be_left_alone, NULL};
	struct share_stage *stage = *state;

	typed = "typed";
	ctrl_c = false;
	run(stage, steps);
	assert_string_equal(stage->keys, "");
}

static void want_some(struct share_stage *stage, const struct frame *frame)
{
	(void)frame;
	share_stage_some(stage->fake, stage);
}

static void be_interrupted(struct share_stage *stage, const struct frame *frame)
{
	assert_true(frame->payload[1] & SHARE_INTERRUPT);
	fakelink_timer(stage->fake, SECOND, share_stage_exit, stage);
}

static void ctrl_c_goes_with_an_answer(void **state)
{
	static share_stage_step *const steps[] = {share_stage_hello, type_meanwhile,     want_some,
						  be_interrupted,    share_stage_prompt, NULL};
	struct share_stage *stage = *state;

	typed = "";
	ctrl_c = true;
	run(stage, steps);
	assert_string_equal(stage->keys, "");
}

static bool asks_again; /* the board, soon */

/* The answer that carries Ctrl-C is never read to its end. */
static void stop_in_answer(struct fakelink *fake, void *context)
{
	struct share_stage *stage = context;
	struct frame_reader *reader = &stage->reader;

	assert_int_equal(reader->end - reader->start, AGENT_WINDOW);
	assert_true(reader->bytes[reader->start + AGENT_HEADER_SIZE + 1] & SHARE_INTERRUPT);
	frame_reader_init(reader);
	share_stage_stop_host(stage, SECOND);
	fakelink_timer(fake, asks_again ? SECOND : 4 * SECOND, asks_again ? share_stage_some_again : share_stage_exit, stage);
}

static void want_more_and_stop(struct share_stage *stage, const struct frame *frame)
{
	(void)frame;
	assert_string_equal(stage->keys, "");
	share_stage_ask_for_much(stage);
	fakelink_timer(stage->fake, SECOND / 10, stop_in_answer, stage);
}

static void ctrl_c_of_an_answer_that_was_given_up_is_typed(void **state)
{
	static share_stage_step *const steps[] = {share_stage_hello, type_meanwhile, want_more_and_stop, share_stage_prompt,
						  NULL};
	struct share_stage *stage = *state;

	typed = "";
	ctrl_c = true;
	asks_again = false;
	run(stage, steps);
	assert_string_equal(stage->keys, "\3");
}

static void ctrl_c_of_an_answer_that_was_given_up_goes_with_the_next(void **state)
{
	static share_stage_step *const steps[] = {share_stage_hello, type_meanwhile,     want_more_and_stop,
						  be_interrupted,    share_stage_prompt, NULL};
	struct share_stage *stage = *state;

	typed = "";
	ctrl_c = true;
	asks_again = true;
	run(stage, steps);
	assert_string_equal(stage->keys, "");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, share_stage_open, share_stage_close)
	const struct CMUnitTest tests[] = {
		TEST(what_is_typed_waits_for_the_end_of_an_answer),
		TEST(what_is_typed_waits_for_what_came_in_an_absence),
		TEST(ctrl_c_goes_with_an_answer),
		TEST(ctrl_c_of_an_answer_that_was_given_up_is_typed),
		TEST(ctrl_c_of_an_answer_that_was_given_up_goes_with_the_next),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
