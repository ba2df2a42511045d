/* SPDX-License-Identifier: MIT */
#include "fuse/spelling.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/fakeboard.h"

static void a_name_is_spelled_as_it_is_listed(void **state)
{
	struct board *board;
	char name[256] = "untouched";

	(void)state;
	assert_int_equal(fakeboard_open(&board), 0);
	assert_int_equal(board_mkdir(board, "/lib"), 0);
	assert_int_equal(fakeboard_write(board, "/Main.py", "x", 1), 0);
	assert_int_equal(fakeboard_write(board, "/lib/a B", "x", 1), 0);
	assert_int_equal(spelling_find(board, "/none", name), 0);
	assert_int_equal(spelling_find(board, "/gone/Main.py", name), 0);
	assert_string_equal(name, "untouched");
	assert_int_equal(spelling_find(board, "/mAIN.py", name), 1);
	assert_string_equal(name, "Main.py");
	assert_int_equal(spelling_find(board, "/lib/A b", name), 1);
	assert_string_equal(name, "a B");
	fakeboard_fail(board, FAKEBOARD_LIST, EIO, 1);
	assert_int_equal(spelling_find(board, "/Main.py", name), -EIO);
	board_close(board);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_name_is_spelled_as_it_is_listed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
