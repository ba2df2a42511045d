/* SPDX-License-Identifier: MIT */
#include "share/printed.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define BANNER "MicroPython v1.29 on a day; board with chip"
#define HELP "\r\nType \"help()\" for more information.\r\n"

static void print(struct printed *printed, const char *text)
{
	printed_add(printed, (const uint8_t *)text, strlen(text));
}

static void know(struct printed *printed, const char *banner)
{
	printed_know_banner(printed, (const uint8_t *)banner, strlen(banner));
}

static void a_prompt_is_the_last_thing(void **state)
{
	struct printed printed = {0};

	(void)state;
	assert_false(printed_at_prompt(&printed));
	print(&printed, "text\r\n>>");
	assert_false(printed_at_prompt(&printed));
	print(&printed, "> ");
	assert_true(printed_at_prompt(&printed));
	print(&printed, "1");
	assert_false(printed_at_prompt(&printed));
}

static void assert_prompt(const char *text, enum printed_prompt expected)
{
	struct printed printed = {0};

	print(&printed, text);
	assert_int_equal(printed_prompt(&printed), expected);
}

static void prompts_of_all_kinds(void **state)
{
	(void)state;
	assert_prompt("", PRINTED_NO_PROMPT);
	assert_prompt("1\r\n", PRINTED_NO_PROMPT);
	assert_prompt("1\r\n>>> ", PRINTED_PROMPT);
	assert_prompt(">>> if x:\r\n... ", PRINTED_MORE);
	assert_prompt(">>> if x:\r\n...     ", PRINTED_MORE);
	assert_prompt(">>> if x:\r\n...     y", PRINTED_NO_PROMPT);
	assert_prompt("and so on ... ", PRINTED_NO_PROMPT);
	assert_prompt("Ctrl-D to finish\r\n=== ", PRINTED_OTHER);
	assert_prompt("CTRL-B to exit\r\n>", PRINTED_OTHER);
	assert_prompt("OK1\r\n\4\4>", PRINTED_OTHER);
	assert_prompt("a ->", PRINTED_NO_PROMPT);
}

static void a_soft_reset_is_known_in_pieces(void **state)
{
	struct printed printed = {0};

	(void)state;
	print(&printed, "MPY: soft re");
	assert_false(printed.soft_reset);
	print(&printed, "boot\r\n");
	assert_true(printed.soft_reset);
	printed_forget(&printed);
	assert_false(printed.soft_reset);
}

static void a_reset_is_this_boards_banner_and_a_prompt(void **state)
{
	struct printed printed = {0};

	(void)state;
	know(&printed, BANNER);
	print(&printed, "rst:0x10\r\n" BANNER HELP);
	assert_false(printed_was_reset(&printed));
	print(&printed, ">>> ");
	assert_true(printed_was_reset(&printed));
	print(&printed, "typed ahead");
	assert_true(printed_was_reset(&printed));
	printed_forget(&printed);
	assert_false(printed_was_reset(&printed));
}

static void an_uncaught_exception_and_a_prompt_are_no_program(void **state)
{
	struct printed printed = {0};

	(void)state;
	print(&printed, "Traceback (most recent call last):\r\n  File \"main.py\", line 1, in <module>\r\nOSError: 5\r\n>>> ");
	assert_false(printed_agent_failed(&printed));
	print(&printed, "Traceback (most recent call last):\r\n  File \"<stdin>\", line 1, in <module>\r\n");
	assert_false(printed_agent_failed(&printed));
	print(&printed, "  File \"<string>\", line 7, in ask\r\nOSError: 5\r\n>>> ");
	assert_true(printed_agent_failed(&printed));
	printed_forget(&printed);
	print(&printed, "MemoryError: \r\n>>> ");
	assert_true(printed_agent_failed(&printed));
	print(&printed, "1");
	assert_false(printed_agent_failed(&printed));
}

static void another_boards_banner_is_no_reset(void **state)
{
	struct printed printed = {0};

	(void)state;
	print(&printed, BANNER HELP ">>> ");
	assert_false(printed_was_reset(&printed));
	know(&printed, "MicroPython v1.30");
	assert_false(printed_was_reset(&printed));
}

static void a_long_banner_is_known_by_its_start(void **state)
{
	char banner[300];
	struct printed printed = {0};

	(void)state;
	memset(banner, 'b', sizeof(banner) - 1);
	banner[sizeof(banner) - 1] = '\0';
	know(&printed, banner);
	assert_int_equal(strlen(printed.banner), sizeof(printed.banner) - 1);
	banner[150] = '\0';
	print(&printed, banner);
	print(&printed, HELP ">>> ");
	assert_true(printed_was_reset(&printed));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_prompt_is_the_last_thing),
		cmocka_unit_test(prompts_of_all_kinds),
		cmocka_unit_test(a_soft_reset_is_known_in_pieces),
		cmocka_unit_test(a_reset_is_this_boards_banner_and_a_prompt),
		cmocka_unit_test(an_uncaught_exception_and_a_prompt_are_no_program),
		cmocka_unit_test(another_boards_banner_is_no_reset),
		cmocka_unit_test(a_long_banner_is_known_by_its_start),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
