/* SPDX-License-Identifier: MIT */
#include "base/file_kind.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

static const char *kind_of(const char *path)
{
	struct stat st;

	assert_int_equal(lstat(path, &st), 0);
	return file_kind(st.st_mode);
}

static void kinds(void **state)
{
	char folder[] = "/tmp/test_file_kind.XXXXXX";

	(void)state;
	assert_non_null(mkdtemp(folder));
	assert_int_equal(chdir(folder), 0);
	assert_string_equal(kind_of("."), "a directory");
	assert_int_equal(mkfifo("fifo", 0600), 0);
	assert_string_equal(kind_of("fifo"), "a FIFO");
	unlink("fifo");
	assert_int_equal(symlink("fifo", "link"), 0);
	assert_string_equal(kind_of("link"), "a link");
	unlink("link");
	assert_string_equal(kind_of("/dev/null"), "a device");
	assert_string_equal(kind_of("/proc/self/exe"), "a link");
	assert_string_equal(kind_of("/proc/self/status"), "a file");
	assert_string_equal(file_kind(S_IFSOCK | 0600), "a socket");
	assert_int_equal(chdir("/"), 0);
	rmdir(folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(kinds)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
