/* SPDX-License-Identifier: MIT */
#include "share/share_input.h"

#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/unit/share_stage.h"

enum { SECOND = SHARE_STAGE_SECOND };

static int keyboard; /* what is written there is stdin */
static pthread_t typing;

static void take_stdin(void)
{
	int ends[2];

	assert_int_equal(pipe(ends), 0);
	dup2(ends[0], STDIN_FILENO);
	close(ends[0]);
	keyboard = ends[1];
}

static bool is_taken(void)
{
	sigset_t pending;
	int waiting;

	return sigpending(&pending) == 0 && !sigismember(&pending, SIGINT) && ioctl(STDIN_FILENO, FIONREAD, &waiting) == 0 &&
	       !waiting;
}

/* Types while the session waits for credits, which come a second after it has got that. */
static void *typist(void *context)
{
	struct share_stage *stage = context;

	assert_int_equal(write(keyboard, "typed", 5), 5);
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

	signal(SIGINT, SIG_DFL); /* in the background it is ignored, and the session would, too */
	stage->slow = true;
	take_stdin();
	assert_int_equal(share_stage_run(stage, steps), 7);
	pthread_join(typing, NULL);
	close(keyboard);
	assert_string_equal(stage->keys, "\3typed");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, share_stage_open, share_stage_close)
	const struct CMUnitTest tests[] = {
		TEST(what_is_typed_waits_for_the_end_of_an_answer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
