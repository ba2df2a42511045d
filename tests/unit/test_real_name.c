/* SPDX-License-Identifier: MIT */
#include "base/real_name.h"

#include <errno.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/unit/share_folder.h"

/* PATH is EXPECTED, in the folder. */
static void is(const char *path, const char *expected)
{
	char found[PATH_MAX], here[PATH_MAX];

	assert_non_null(getcwd(here, sizeof(here)));
	assert_int_equal(real_name(path, found), 0);
	assert_memory_equal(found, here, strlen(here));
	assert_string_equal(found + strlen(here), expected);
}

static void names(void **state)
{
	char found[PATH_MAX], deep[2 * PATH_MAX];

	(void)state;
	is("top", "/top");
	is("./top/d/../d/e/f", "/top/d/e/f");
	is("top/leads_in/e/f", "/top/d/e/f");
	is("./top/leads_out", "/top/leads_out");
	is("top/broken", "/top/broken");
	assert_int_equal(real_name("/etc", found), 0);
	assert_string_equal(found, "/etc");
	assert_int_equal(real_name("top/missing", found), -ENOENT);
	assert_int_equal(real_name("missing/f", found), -ENOENT);
	memset(deep, '/', sizeof(deep) - 1);
	deep[sizeof(deep) - 1] = '\0';
	assert_int_equal(real_name(deep, found), -ENAMETOOLONG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(names, share_folder_make, share_folder_remove),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
