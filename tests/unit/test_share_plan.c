/* SPDX-License-Identifier: MIT */
#include "share/share_plan.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void becomes(const char *name, char *const *argv, const char *expected)
{
	static char first[] = "/remote", second[] = "/d\"\\";
	char *paths[] = {first, second};
	const struct share_plan plan = {.paths = paths, .count = 2, .name = name, .argv = argv};
	size_t len;
	char *python = share_plan_python(&plan, &len);

	assert_non_null(python);
	assert_int_equal(len, strlen(expected));
	assert_string_equal(python, expected);
	free(python);
}

static void it_is_one_statement(void **state)
{
	static char file[] = "x.py", words[] = "tab\there\nr\xc3\xa9sum\xc3\xa9 \x7f";
	char *none[] = {NULL}, *argv[] = {file, words, NULL};

	(void)state;
	becomes("", none, "plan=[\"/remote\",\"/d\\\"\\\\\",],\"\",[]\n");
	becomes("x.py", argv,
		"plan=[\"/remote\",\"/d\\\"\\\\\",],\"x.py\",[\"x.py\",\"tab\\x09here\\x0ar\xc3\xa9sum\xc3\xa9 \\x7f\",]\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(it_is_one_statement)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
