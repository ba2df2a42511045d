/* SPDX-License-Identifier: MIT */
#include "base/number.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static void numbers(void **state)
{
	static const char *const bad[] = {"", " 1", "1 ", "+1", "-1", "0x1", "1.0", "256", "99999999999999999999999"};
	unsigned long value;

	(void)state;
	assert_int_equal(number_parse("0", 10, 255, &value), 0);
	assert_int_equal(value, 0);
	assert_int_equal(number_parse("255", 10, 255, &value), 0);
	assert_int_equal(value, 255);
	assert_int_equal(number_parse("777", 8, 0777, &value), 0);
	assert_int_equal(value, 0777);
	assert_int_equal(number_parse("8", 8, 0777, &value), -EINVAL);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(number_parse(bad[i], 10, 255, &value), -EINVAL);
}

static void seconds(void **state)
{
	static const char *const bad[] = {"", ".", "1..2", "1.2.3", "-1", "1e3", "5000", "0.01", "1234567890.12", "nan"};
	double value;

	(void)state;
	assert_int_equal(number_parse_seconds("2.5", 0.1, 3600, &value), 0);
	assert_true(value > 2.499 && value < 2.501);
	assert_int_equal(number_parse_seconds(".5", 0.1, 3600, &value), 0);
	assert_int_equal(number_parse_seconds("3600", 0.1, 3600, &value), 0);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(number_parse_seconds(bad[i], 0.1, 3600, &value), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers),
		cmocka_unit_test(seconds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
