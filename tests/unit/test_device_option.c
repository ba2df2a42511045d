/* SPDX-License-Identifier: MIT */
#include "bytelink/device_option.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static void they_are_set(void **state)
{
	struct device_options options = {0};

	(void)state;
	assert_int_equal(device_option_set(&options, "baud", "921600", NULL), 0);
	assert_int_equal(device_option_set(&options, "dtr", "on", NULL), 0);
	assert_int_equal(device_option_set(&options, "rts", "keep", NULL), 0);
	assert_int_equal(device_option_set(&options, "timeout", "2.5", NULL), 0);
	assert_int_equal(options.baud, 921600);
	assert_int_equal(options.dtr, DEVICE_SIGNAL_ON);
	assert_int_equal(options.rts, DEVICE_SIGNAL_KEEP);
	assert_int_equal(options.timeout_us, 2500000);
	assert_int_equal(device_option_set(&options, "dtr", "off", NULL), 0);
	assert_int_equal(options.dtr, DEVICE_SIGNAL_OFF);
}

static void a_wrong_one_is_named(void **state)
{
	static const char *const bad[][2] = {{"baud", "1200"}, {"baud", "299"}, {"dtr", "yes"}, {"rts", ""}, {"timeout", "0"}};
	struct device_options options = {0};
	struct diag diag;
	char words[64];

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(device_option_set(&options, bad[i][0], bad[i][1], &diag), -EINVAL);
		snprintf(words, sizeof(words), "option %s=%s: ", bad[i][0], bad[i][1]);
		assert_memory_equal(diag.text, words, strlen(words));
	}
	assert_int_equal(device_option_set(&options, "uid", "0", &diag), -ENOENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(they_are_set),
		cmocka_unit_test(a_wrong_one_is_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
