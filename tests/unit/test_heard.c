/* SPDX-License-Identifier: MIT */
#include "rawrepl/heard.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define TRACEBACK "Traceback (most recent call last):\r\n  File \"main.py\", line 3, in <module>\r\nKeyboardInterrupt: \r\n"

static struct heard heard_text(const char *text, size_t len)
{
	struct heard heard = {0};

	heard_add(&heard, text, len);
	return heard;
}

#define HEARD(literal) heard_text(literal, sizeof(literal) - 1)

static void only_the_end_is_kept(void **state)
{
	struct heard heard = {0};
	char text[3 * HEARD_KEEP];

	(void)state;
	memset(text, 'x', sizeof(text));
	memcpy(text, "first", 5);
	memcpy(text + sizeof(text) - 4, "last", 4);
	heard_add(&heard, text, sizeof(text));
	assert_int_equal(heard.len, HEARD_KEEP);
	assert_int_equal(heard.total, sizeof(text));
	assert_int_equal(heard.end_len, HEARD_END);
	assert_true(heard_ends(&heard, "last"));
	assert_false(heard_has(&heard, "first"));
	assert_false(heard_starts(&heard, "x")); /* the start is no longer known */
}

static void a_mark_begins_an_answer(void **state)
{
	struct heard heard = HEARD("before >>> ");

	(void)state;
	assert_true(heard_at_prompt(&heard));
	heard_mark(&heard);
	assert_false(heard_at_prompt(&heard));
	heard_add(&heard, "after", 5);
	assert_true(heard_starts(&heard, "after"));
	assert_false(heard_has(&heard, "before"));
	assert_int_equal(heard.all, 16);
	assert_memory_equal(heard.end, "before >>> after", 16);
}

static void signs_are_found_across_pieces(void **state)
{
	struct heard heard = {0};
	const char *text = "\r\nraw REPL; CTRL-B to exit\r\n>" TRACEBACK "MicroPython v1 >>> ";
	size_t i;

	(void)state;
	for (i = 0; text[i]; i++)
		heard_add(&heard, text + i, 1);
	assert_int_equal(heard.signs, HEARD_PROMPT | HEARD_RAW_BANNER | HEARD_NAME | HEARD_INTERRUPT | HEARD_TRACEBACK);
	assert_true(heard_raw_banner(&heard));
	heard_mark(&heard);
	heard_add(&heard, "raw REPX; CTRL-B to exit\r\n>", 27);
	assert_true(heard_raw_banner(&heard));
	heard_mark(&heard);
	heard_add(&heard, "\r\n>", 3); /* may go on to be the friendly one */
	assert_false(heard_raw_banner(&heard));
	heard_mark(&heard);
	assert_int_equal(heard.signs & HEARD_NAME, HEARD_NAME);
}

static void nothing_is_no_answer(void **state)
{
	struct heard heard = {0};

	(void)state;
	assert_false(heard_at_prompt(&heard) || heard_raw_banner(&heard) || heard_boot(&heard));
	assert_int_equal(heard_what_was_stopped(&heard, false), RAWREPL_UNKNOWN);
}

static void boot_is_told_from_text(void **state)
{
	struct heard rom = HEARD("ets Jul 29 2019 12:21:46\r\n\r\nrst:0x1 (POWERON_RESET),boot:0x13\r\n");
	struct heard reboot = HEARD("MPY: soft reboot\r\n");
	struct heard noise = HEARD("\x80\x01\xfe\x90rl\x9c\x82\xee\x00l\x8c\xff\xf2\x12\xc2 {$\xfb\x80r\x9e\x00\x92l\xee");
	struct heard frame = HEARD("\xfaN\x00\x00\x00\x00\x8e\x9c\x80\xff\xfe\x90"); /* one of an agent of ours */
	struct heard chinese = HEARD("\xbd\xe6\xb8\xa9\xe5\xba\xa6\xef\xbc\x9a"
				     "21.5 \xe2\x84\x83\r\n\xe6\xb9\xbf\xe5\xba\xa6\xef\xbc");
	struct heard text = HEARD("temperature 21.5\r\n\x1b[1mhot\x1b[0m\r\n");

	(void)state;
	assert_true(heard_boot(&rom));
	assert_true(heard_boot(&reboot));
	assert_true(heard_boot(&noise));
	assert_false(heard_boot(&frame));
	assert_false(heard_boot(&chinese));
	assert_false(heard_boot(&text));
	assert_true(heard_is_text(&chinese) && heard_is_text(&text));
	assert_false(heard_is_text(&frame) || heard_is_text(&noise));
}

static void stopped(const char *text, size_t len, bool unasked, enum rawrepl_state state)
{
	struct heard heard = heard_text(text, len);

	assert_int_equal(heard_what_was_stopped(&heard, unasked), state);
}

#define STOPPED(literal, unasked, state) stopped(literal, sizeof(literal) - 1, unasked, state)

static void ctrl_c_tells_what_it_met(void **state)
{
	(void)state;
	STOPPED("\r\n>>> ", false, RAWREPL_PROMPT);
	STOPPED(" \r\n>>> ", false, RAWREPL_PROMPT); /* our own space */
	STOPPED("\r\nesp32> ", false, RAWREPL_PROMPT);
	STOPPED(" x\b\r\n>>> ", false, RAWREPL_PROMPT); /* ... into a half-typed line */
	STOPPED("\x01\x01\x04\x04KeyboardInterrupt: \r\n\x04>", false, RAWREPL_PASTE);
	STOPPED("\x04\x04KeyboardInterrupt: \r\n\x04>", false, RAWREPL_PASTE);
	STOPPED("\x04Traceback (most recent call last):\r\n  File \"<stdin>\", line 1\r\nSyntaxError: invalid syntax\r\n\x04>",
		false, RAWREPL_PASTE);
	STOPPED(TRACEBACK ">>> ", false, RAWREPL_PROGRAM);
	STOPPED("\x04" TRACEBACK "\x04>", false, RAWREPL_PROGRAM);
	STOPPED(">>> ", false, RAWREPL_PROGRAM);
	STOPPED("bye\r\n>>> ", false, RAWREPL_PROGRAM);
	STOPPED("\x04\x04>", false, RAWREPL_PROGRAM);
	STOPPED(TRACEBACK ">>> ", true, RAWREPL_PROGRAM_OUTPUT);
	STOPPED("tick\r\n" TRACEBACK ">>> ", false, RAWREPL_PROGRAM_OUTPUT);
	STOPPED("tick\r\ntick\r\n", false, RAWREPL_PROGRAM_OUTPUT);
	STOPPED("bye\r\n>>> ", true, RAWREPL_PROGRAM_OUTPUT);
	STOPPED("\xfaN\x00\x00\x00\x00\x8e\x9c\x80\xff\xfe\x90", false, RAWREPL_UNKNOWN);
	STOPPED("rst:0x1 (POWERON_RESET)\r\n", false, RAWREPL_UNKNOWN);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_the_end_is_kept),          cmocka_unit_test(a_mark_begins_an_answer),
		cmocka_unit_test(signs_are_found_across_pieces), cmocka_unit_test(nothing_is_no_answer),
		cmocka_unit_test(boot_is_told_from_text),        cmocka_unit_test(ctrl_c_tells_what_it_met),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
