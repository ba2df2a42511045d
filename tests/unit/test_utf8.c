/* SPDX-License-Identifier: MIT */
#include "base/utf8.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void lengths(void **state)
{
	(void)state;
	assert_int_equal(utf8_length("a", 1), 1);
	assert_int_equal(utf8_length("\0", 1), 1);
	assert_int_equal(utf8_length("\xc3\xbc"
				     "b",
				     3),
			 2);
	assert_int_equal(utf8_length("\xe2\x82\xac", 3), 3);
	assert_int_equal(utf8_length("\xf0\x9f\x90\x8d", 4), 4);
	assert_int_equal(utf8_length("\xf4\x8f\xbf\xbf", 4), 4);
}

static void what_is_no_character(void **state)
{
	static const char *const bad[] = {
		"\x80",
		"\xc3",
		"\xc3(",
		"\xc0\x80",
		"\xc1\xbf",
		"\xe0\x80\x80",
		"\xe2\x82",
		"\xed\xa0\x80",
		"\xf0\x80\x80\x80",
		"\xf4\x90\x80\x80",
		"\xf5\x80\x80\x80",
		"\xff",
		"\xf0\x9f\x90",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(utf8_length(bad[i], strlen(bad[i])), 0);
		assert_false(utf8_is_valid(bad[i], strlen(bad[i])));
	}
}

static void whole_texts(void **state)
{
	(void)state;
	assert_true(utf8_is_valid("", 0));
	assert_true(utf8_is_valid("gr\xc3\xbc\xc3\x9f", 6));
	assert_false(utf8_is_valid("gr\xc3\xbc\xc3\x9f", 5));
	assert_false(utf8_is_valid("a\xff"
				   "b",
				   3));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lengths),
		cmocka_unit_test(what_is_no_character),
		cmocka_unit_test(whole_texts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
