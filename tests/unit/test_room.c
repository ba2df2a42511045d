/* SPDX-License-Identifier: MIT */
/* What is known to be free is never more than there is. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "board/room.h"

static const struct board_statfs flash = {.block_size = 4096, .blocks = 256, .blocks_free = 100};
static struct room room;

static int set_up(void **state)
{
	(void)state;
	room_init(&room);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	room_destroy(&room);
	return 0;
}

static void nothing_is_known_before_the_board_was_asked(void **state)
{
	(void)state;
	assert_false(room_has(&room, 0, "/a", 1, 1));
	assert_false(room_has(&room, 0, "/a", 0, 0));
}

static void each_change_may_take_some(void **state)
{
	(void)state;
	room_learn(&room, room_mark(&room), 1, "/a", 1, &flash);
	assert_true(room_has(&room, 1, "/b", 1, 100));
	assert_false(room_has(&room, 1, "/b", 1, 101));
	room_spend(&room, 0);
	assert_true(room_has(&room, 1, "/b", 1, 90));
	assert_false(room_has(&room, 1, "/b", 1, 97));
	room_spend(&room, 80 * UINT64_C(4096));
	assert_true(room_has(&room, 1, "/b", 1, 1));
	assert_false(room_has(&room, 1, "/b", 1, 20));
	room_spend(&room, 100 * UINT64_C(4096));
	assert_false(room_has(&room, 1, "/b", 1, 0));
}

static void what_is_written_while_the_board_is_asked_counts(void **state)
{
	(void)state;
	room_learn(&room, room_mark(&room), 1, "/a", 1, &flash);
	uint64_t mark = room_mark(&room);
	room_spend(&room, 50 * UINT64_C(4096));
	room_learn(&room, mark, 1, "/a", 1, &flash);
	assert_false(room_has(&room, 1, "/a", 1, 50));
	assert_true(room_has(&room, 1, "/a", 1, 40));
}

static void it_is_of_one_file_system_and_one_session(void **state)
{
	(void)state;
	room_learn(&room, room_mark(&room), 1, "/sd/a", 4, &flash);
	assert_true(room_has(&room, 1, "/sd/b/c", 4, 100));
	assert_false(room_has(&room, 1, "/flash/b", 7, 1));
	assert_false(room_has(&room, 1, "/ab/c", 4, 1));
	assert_false(room_has(&room, 2, "/sd/b/c", 4, 1));
	room_learn(&room, room_mark(&room), 2, "/flash/b", 7, &flash);
	assert_false(room_has(&room, 2, "/sd/b/c", 4, 1));
}

static void blocks_may_be_smaller_than_was_known(void **state)
{
	const struct board_statfs small = {.block_size = 512, .blocks = 256, .blocks_free = 100};

	(void)state;
	room_learn(&room, room_mark(&room), 1, "/flash/a", 7, &flash);
	uint64_t mark = room_mark(&room);
	room_spend(&room, 20000);
	room_learn(&room, mark, 1, "/sd/a", 4, &small);
	assert_false(room_has(&room, 1, "/sd/a", 4, 1));
	room_learn(&room, room_mark(&room), 1, "/sd/a", 4, &small);
	assert_true(room_has(&room, 1, "/sd/a", 4, 100));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(nothing_is_known_before_the_board_was_asked, set_up, tear_down),
		cmocka_unit_test_setup_teardown(each_change_may_take_some, set_up, tear_down),
		cmocka_unit_test_setup_teardown(what_is_written_while_the_board_is_asked_counts, set_up, tear_down),
		cmocka_unit_test_setup_teardown(it_is_of_one_file_system_and_one_session, set_up, tear_down),
		cmocka_unit_test_setup_teardown(blocks_may_be_smaller_than_was_known, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
