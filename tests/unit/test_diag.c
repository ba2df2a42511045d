/* SPDX-License-Identifier: MIT */
#include "base/diag.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void fail_fills_and_returns(void **state)
{
	struct diag diag;

	(void)state;
	diag_clear(&diag);
	assert_int_equal(diag.layer, DIAG_NONE);
	assert_int_equal(diag.err, 0);
	assert_string_equal(diag.text, "");
	assert_int_equal(diag_fail(&diag, DIAG_BYTELINK, ENOENT, "%s: no such device", "/dev/ttyX"), -ENOENT);
	assert_int_equal(diag.layer, DIAG_BYTELINK);
	assert_int_equal(diag.err, ENOENT);
	assert_string_equal(diag.text, "/dev/ttyX: no such device");
	diag_clear(&diag);
	assert_int_equal(diag.err, 0);
	assert_string_equal(diag.text, "");
}

static void long_paths(void **state)
{
	char text[DIAG_PATH_SIZE], path[2000];
	const char *shown;

	(void)state;
	assert_string_equal(diag_path(text, ""), "");
	memset(path, 'n', sizeof(path));
	path[0] = 'a';
	path[DIAG_PATH_SIZE - 1] = '\0';
	assert_ptr_equal(diag_path(text, path), path);
	path[DIAG_PATH_SIZE - 1] = 'n';
	strcpy(path + sizeof(path) - 4, "/z!");
	shown = diag_path(text, path);
	assert_int_equal(strlen(shown), DIAG_PATH_SIZE - 1);
	assert_memory_equal(shown, "annn", 4);
	assert_non_null(strstr(shown, "nnn...nnn"));
	assert_string_equal(shown + strlen(shown) - 4, "n/z!");
	path[1] = '\n';
	assert_memory_equal(diag_path(text, path), "a?nn", 4);
	assert_string_equal(diag_path(text, "lib\nall is well\n"), "lib?all is well?");
}

static void null_is_accepted(void **state)
{
	(void)state;
	diag_clear(NULL);
	assert_int_equal(diag_fail(NULL, DIAG_FUSE, EIO, "nobody reads %d", 1), -EIO);
}

static void the_old_text_can_be_wrapped(void **state)
{
	struct diag diag;

	(void)state;
	diag_fail(&diag, DIAG_BYTELINK, EIO, "the line is dead");
	diag_fail(&diag, DIAG_BOARD, EIO, "cannot read boot.py: %s", diag.text);
	assert_string_equal(diag.text, "cannot read boot.py: the line is dead");
}

static void long_text_is_cut_between_characters(void **state)
{
	struct diag diag;
	char text[2 * sizeof(diag.text)];
	size_t i;

	(void)state;
	for (i = 0; i + 3 <= sizeof(text); i += 3)
		memcpy(text + i, "\xe2\x82\xac", 3); /* the euro sign */
	text[i] = '\0';
	diag_fail(&diag, DIAG_BOARD, EIO, "%s", text);
	assert_int_equal(strlen(diag.text), (sizeof(diag.text) - 1) / 3 * 3);
	diag_fail(&diag, DIAG_BOARD, EIO, "x%s", text);
	assert_int_equal(strlen(diag.text), 1 + (sizeof(diag.text) - 2) / 3 * 3);
}

struct printable_case {
	const char *bytes;
	size_t len;
	const char *text;
};

#define CASE(bytes, text)                      \
	{                                      \
		bytes, sizeof(bytes) - 1, text \
	}

static void printable_keeps_text_and_nothing_else(void **state)
{
	static const struct printable_case cases[] = {
		CASE("", ""),
		CASE("plain text", "plain text"),
		CASE("two\nlines", "two\nlines"),
		CASE("two\r\nlines\r\n", "two\nlines\n"),
		CASE("a lone \r return", "a lone ? return"),
		CASE("\x1b[2J\a\x7f", "?[2J??"),
		CASE("nul\0inside", "nul?inside"),
		CASE("gr\xc3\xbc\xc3\x9f \xe2\x82\xac \xf0\x9f\x90\x8d", "gr\xc3\xbc\xc3\x9f \xe2\x82\xac \xf0\x9f\x90\x8d"),
		CASE("\xc2\x9b", "?"),            /* a control sequence's start in one byte */
		CASE("\xff\xfe", "??"),           /* never in UTF-8 */
		CASE("\xc0\x80", "??"),           /* overlong */
		CASE("\xe0\x80\x80", "???"),      /* overlong */
		CASE("\xf0\x80\x80\x80", "????"), /* overlong */
		CASE("\xed\xa0\x80", "???"),      /* surrogate */
		CASE("\xf4\x90\x80\x80", "????"), /* past the last code */
		CASE("cut \xe2\x82", "cut ??"),
	};
	char text[64];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_ptr_equal(diag_printable(text, sizeof(text), cases[i].bytes, cases[i].len), text);
		assert_string_equal(text, cases[i].text);
	}
}

static void printable_fits(void **state)
{
	char text[8];

	(void)state;
	memset(text, 'x', sizeof(text));
	diag_printable(text, 4, "abcdef", 6);
	assert_string_equal(text, "abc");
	assert_int_equal(text[4], 'x');
	diag_printable(text, 4, "ab\xe2\x82\xac", 5);
	assert_string_equal(text, "ab");
	diag_printable(text, 1, "ab", 2);
	assert_string_equal(text, "");
	text[0] = 'x';
	diag_printable(text, 0, "ab", 2);
	assert_int_equal(text[0], 'x');
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fail_fills_and_returns),
		cmocka_unit_test(long_paths),
		cmocka_unit_test(null_is_accepted),
		cmocka_unit_test(the_old_text_can_be_wrapped),
		cmocka_unit_test(long_text_is_cut_between_characters),
		cmocka_unit_test(printable_keeps_text_and_nothing_else),
		cmocka_unit_test(printable_fits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
