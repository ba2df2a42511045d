/* SPDX-License-Identifier: MIT */
/* What a terminal can do to a program that reads it. */
#include "share/share_user.h"

#include <pty.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/unit/fakelink.h"

struct desk {
	struct bytelink *link;
	struct attention *attention;
	struct share_user user;
	struct diag diag;
	int keyboard; /* stdin's other end */
};

/* Somebody at a desk whose keyboard is KEYBOARD, and at stdin INPUT. */
static int sit_down(void **state, int keyboard, int input)
{
	struct desk *desk = calloc(1, sizeof(*desk));

	assert_non_null(desk);
	desk->keyboard = keyboard;
	fakelink_open(&desk->link);
	assert_int_equal(attention_open(&desk->attention, desk->link), 0);
	dup2(input, STDIN_FILENO);
	close(input);
	assert_int_equal(share_user_open(&desk->user, desk->link, desk->attention, true, &desk->diag), 0);
	alarm(60); /* a read that waits */
	*state = desk;
	return 0;
}

static int set_up(void **state)
{
	int keyboard, slave;

	assert_int_equal(openpty(&keyboard, &slave, NULL, NULL, NULL), 0);
	return sit_down(state, keyboard, slave);
}

static int set_up_pipe(void **state)
{
	int fds[2];

	assert_int_equal(pipe(fds), 0);
	return sit_down(state, fds[1], fds[0]);
}

static int tear_down(void **state)
{
	struct desk *desk = *state;

	alarm(0);
	share_user_close(&desk->user);
	attention_close(desk->attention);
	bytelink_close(desk->link);
	if (desk->keyboard >= 0)
		close(desk->keyboard);
	free(desk);
	return 0;
}

/* Types KEYS, and waits until the attention has told of them. */
static void type(struct desk *desk, const char *keys)
{
	assert_int_equal(write(desk->keyboard, keys, strlen(keys)), (ssize_t)strlen(keys));
	assert_true(bytelink_wait(desk->link, 0, INT64_MAX) & BYTELINK_WOKEN);
}

static void assert_typed(const struct desk *desk, const char *keys)
{
	size_t len;
	const uint8_t *bytes = typed_waiting(&desk->user.typed, &len);

	assert_int_equal(len, strlen(keys));
	assert_memory_equal(bytes, keys, len);
}

static void keys_come_as_they_are_typed(void **state)
{
	struct desk *desk = *state;

	type(desk, "a\r");
	share_user_look(&desk->user);
	assert_typed(desk, "a\r");
	assert_int_equal(desk->user.ended_at, 0);
}

static void keys_that_are_gone_again_are_not_waited_for(void **state)
{
	struct desk *desk = *state;

	type(desk, "gone");
	tcflush(STDIN_FILENO, TCIFLUSH);
	share_user_look(&desk->user);
	assert_typed(desk, "");
	assert_int_equal(desk->user.ended_at, 0);
	type(desk, "b");
	share_user_look(&desk->user);
	assert_typed(desk, "b");
}

static void a_terminal_that_is_gone_is_the_end(void **state)
{
	struct desk *desk = *state;

	close(desk->keyboard);
	desk->keyboard = -1;
	assert_true(bytelink_wait(desk->link, 0, INT64_MAX) & BYTELINK_WOKEN);
	share_user_look(&desk->user);
	assert_int_not_equal(desk->user.ended_at, 0);
}

static void a_pipe_that_was_read_empty_is_not_waited_for(void **state)
{
	struct desk *desk = *state;
	char bytes[TYPED_WAITING + 1];

	memset(bytes, 'a', sizeof(bytes) - 1);
	bytes[sizeof(bytes) - 1] = '\0';
	type(desk, bytes);
	share_user_look(&desk->user);
	assert_typed(desk, bytes);
	assert_int_equal(typed_room(&desk->user.typed), 0);
	typed_drop(&desk->user.typed); /* it has gone to the board */
	bytelink_wait(desk->link, 0, share_user_deadline(&desk->user));
	share_user_look(&desk->user);
	type(desk, "b");
	share_user_look(&desk->user);
	assert_typed(desk, "b");
}

static void the_key_that_leaves(void **state)
{
	struct desk *desk = *state;

	type(desk, "a\x1d");
	share_user_look(&desk->user);
	assert_true(desk->user.leaves);
	assert_int_equal(desk->user.leaves_by, 0);
}

static void a_signal_leaves(void **state)
{
	struct desk *desk = *state;

	kill(getpid(), SIGTERM);
	assert_true(bytelink_wait(desk->link, 0, INT64_MAX) & BYTELINK_WOKEN);
	share_user_look(&desk->user);
	assert_true(desk->user.leaves);
	assert_int_equal(desk->user.leaves_by, SIGTERM);
	assert_false(desk->user.gives_up);
}

/* In a process of its own: what is held there stays held. */
static void a_signal_that_was_ignored_is_still(void **state)
{
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		signal(SIGHUP, SIG_IGN);
		set_up(state);
		kill(getpid(), SIGHUP);
		kill(getpid(), SIGTERM);
		struct desk *desk = *state;
		bytelink_wait(desk->link, 0, INT64_MAX);
		share_user_look(&desk->user);
		_exit(desk->user.leaves_by == SIGTERM ? 0 : 1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_signal_that_was_ignored_is_still),
		TEST(keys_come_as_they_are_typed),
		TEST(keys_that_are_gone_again_are_not_waited_for),
		TEST(a_terminal_that_is_gone_is_the_end),
		cmocka_unit_test_setup_teardown(a_pipe_that_was_read_empty_is_not_waited_for, set_up_pipe, tear_down),
		TEST(the_key_that_leaves),
		TEST(a_signal_leaves),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
