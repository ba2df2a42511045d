/* SPDX-License-Identifier: MIT */
#include "bytelink/foreground.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "bytelink/backends.h"
#include "bytelink/fdlink.h"
#include "tests/unit/link_tools.h"

#define MS INT64_C(1000)

struct stage {
	struct bytelink *link;
	int master;
	struct foreground foreground;
};

/* Starts the board after the shell's PREFIX, and before its SUFFIX. */
static void start_board(void **state, const char *prefix, const char *suffix)
{
	static struct stage stage;
	char device[1000];

	stage = (struct stage){.link = NULL};
	assert_int_equal(exec_open(&stage.link, exec_device(device, sizeof(device), prefix, "sigint_board", suffix), NULL), 0);
	stage.master = ((struct fdlink *)stage.link->state)->fd;
	*state = &stage;
}

static int set_up(void **state)
{
	struct stage *stage;

	start_board(state, "", "");
	stage = *state;
	tell(stage->link, "d");
	expect(stage->link, "-");
	return 0;
}

static int set_up_shell(void **state)
{
	start_board(state, "echo shell; read line; ", "; true");
	return 0;
}

static int tear_down(void **state)
{
	struct stage *stage = *state;

	bytelink_close(stage->link);
	return 0;
}

static void a_byte_where_nothing_catches(void **state)
{
	struct stage *stage = *state;

	assert_false(foreground_interrupt(&stage->foreground, stage->master, 1 * MS));
	tell(stage->link, "r");
	expect(stage->link, "r");
}

static void one_signal_for_two_while_the_first_waits(void **state)
{
	struct stage *stage = *state;

	tell(stage->link, "hk");
	expect(stage->link, "+k");
	assert_true(foreground_interrupt(&stage->foreground, stage->master, 1000 * MS));
	expect(stage->link, "p"); /* it has come, and is not acted on */
	assert_true(foreground_interrupt(&stage->foreground, stage->master, 1001 * MS));
	foreground_watch(&stage->foreground, stage->master, 1100 * MS);
	assert_true(foreground_interrupt(&stage->foreground, stage->master, 1299 * MS));
	tell(stage->link, "r");
	expect(stage->link, "I"); /* a second signal would have ended it */
	tell(stage->link, "r");
	expect(stage->link, "r");
}

static void a_later_one_is_sent(void **state)
{
	struct stage *stage = *state;

	tell(stage->link, "h");
	expect(stage->link, "+");
	assert_true(foreground_interrupt(&stage->foreground, stage->master, 1000 * MS));
	expect(stage->link, "pI");
	assert_true(foreground_interrupt(&stage->foreground, stage->master, 1300 * MS));
	expect(stage->link, "pI");
}

static void taken_by_the_prompt_is_taken(void **state)
{
	struct stage *stage = *state;

	tell(stage->link, "h");
	expect(stage->link, "+");
	assert_true(foreground_interrupt(&stage->foreground, stage->master, 1000 * MS));
	expect(stage->link, "pI");
	tell(stage->link, "d");
	expect(stage->link, "-");
	foreground_watch(&stage->foreground, stage->master, 1010 * MS);
	tell(stage->link, "h");
	expect(stage->link, "+");
	assert_true(foreground_interrupt(&stage->foreground, stage->master, 1020 * MS));
	expect(stage->link, "pI");
}

static void a_new_group_is_looked_up(void **state)
{
	struct stage *stage = *state;
	char seen[16];

	tell(stage->link, "q");
	assert_int_equal(read_to_end(stage->link, seen, sizeof(seen)), -ENODEV);
	assert_false(foreground_interrupt(&stage->foreground, stage->master, 1 * MS));
}

static void a_board_that_its_shell_starts_just_now_is_seen(void **state)
{
	struct stage *stage = *state;

	expect(stage->link, "shell\n");
	assert_false(foreground_interrupt(&stage->foreground, stage->master, 1000 * MS));
	tell(stage->link, "\nh");
	expect(stage->link, "+");
	assert_true(foreground_interrupt(&stage->foreground, stage->master, 1001 * MS));
	expect(stage->link, "pI");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_byte_where_nothing_catches, set_up, tear_down),
		cmocka_unit_test_setup_teardown(one_signal_for_two_while_the_first_waits, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_later_one_is_sent, set_up, tear_down),
		cmocka_unit_test_setup_teardown(taken_by_the_prompt_is_taken, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_new_group_is_looked_up, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_board_that_its_shell_starts_just_now_is_seen, set_up_shell, tear_down),
	};

	alarm(TEST_SECONDS);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
