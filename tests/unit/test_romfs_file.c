/* SPDX-License-Identifier: MIT */
#include "romfs/romfs_file.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static struct romfs_file file;
static struct diag diag;

static void files(void **state)
{
	char path[] = "/tmp/test_romfs_file.XXXXXX";
	int fd = mkstemp(path);

	(void)state;
	assert_int_equal(romfs_file_open(&file, path, &diag), -EBADMSG);
	assert_non_null(strstr(diag.text, "is empty"));
	assert_int_equal(write(fd, "bytes", 5), 5);
	close(fd);
	assert_int_equal(romfs_file_open(&file, path, &diag), 0);
	assert_int_equal(file.size, 5);
	assert_memory_equal(file.bytes, "bytes", 5);
	romfs_file_close(&file);
	assert_null(file.bytes);
	romfs_file_close(&file);
	unlink(path);
	assert_int_equal(romfs_file_open(&file, path, &diag), -ENOENT);
	assert_non_null(strstr(diag.text, path));
	romfs_file_close(&file);
}

static void what_is_no_file(void **state)
{
	char path[] = "/tmp/test_romfs_file.XXXXXX";

	(void)state;
	close(mkstemp(path));
	unlink(path);
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_int_equal(romfs_file_open(&file, path, &diag), -EINVAL); /* at once */
	unlink(path);
	assert_int_equal(romfs_file_open(&file, "/tmp", &diag), -EISDIR);
	assert_string_equal(diag.text, "/tmp is a directory, not the file of a ROM image");
	assert_int_equal(romfs_file_open(&file, "/dev/null", &diag), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(files), cmocka_unit_test(what_is_no_file)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
