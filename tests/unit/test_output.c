/* SPDX-License-Identifier: MIT */
#include "cli/output.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static void goes_to(const char *dir, const char *expected)
{
	struct diag diag = {0};
	char *path;

	assert_int_equal(output_default(dir, &path, &diag), 0);
	assert_string_equal(path, expected);
	free(path);
}

static void refused(const char *dir, int err)
{
	struct diag diag = {0};
	char *path;

	assert_int_equal(output_default(dir, &path, &diag), -err);
	assert_null(path);
	assert_true(*diag.text != '\0');
}

static void beside_the_directory(void **state)
{
	(void)state;
	goes_to("blink", "blink.romfs");
	goes_to("blink/", "blink.romfs");
	goes_to("blink///", "blink.romfs");
	goes_to("a/b.c", "a/b.c.romfs");
	goes_to("/x/y", "/x/y.romfs");
	goes_to("../blink", "../blink.romfs");
	goes_to("a.", "a..romfs");
	goes_to("...", "....romfs");
	goes_to(".a", ".a.romfs");
}

static void in_the_directory(void **state)
{
	char folder[] = "/tmp/test_output.XXXXXX";
	char expected[100];

	(void)state;
	assert_non_null(mkdtemp(folder));
	assert_int_equal(chdir(folder), 0);
	assert_int_equal(mkdir("sub", 0700), 0);
	strcat(strcat(strcpy(expected, "."), strrchr(folder, '/')), ".romfs");
	goes_to(".", expected);
	goes_to("./", expected);
	strcat(strcat(strcpy(expected, "sub/.."), strrchr(folder, '/')), ".romfs");
	goes_to("sub/..", expected);
	goes_to("sub/.", "sub/./sub.romfs");
	refused("nothing/.", ENOENT);
	refused("/", EINVAL);
	refused("//", EINVAL);
	refused("/.", EINVAL);
	assert_int_equal(rmdir("sub"), 0);
	assert_int_equal(chdir("/"), 0);
	assert_int_equal(rmdir(folder), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(beside_the_directory), cmocka_unit_test(in_the_directory)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
