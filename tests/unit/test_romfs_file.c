/* SPDX-License-Identifier: MIT */
#include "romfs/romfs_file.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static struct romfs_file file = {.fd = -1};
static struct diag diag;

static void files(void **state)
{
	char path[] = "/tmp/test_romfs_file.XXXXXX";
	int fd = mkstemp(path);

	(void)state;
	assert_int_equal(romfs_file_open(&file, path, &diag), 0);
	assert_int_equal(file.size, 0);
	assert_int_equal(romfs_file_check(&file, path, &diag), 0);
	romfs_file_close(&file);
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
	assert_non_null(strstr(diag.text, " is a FIFO, not the file of a ROM image"));
	unlink(path);
	assert_int_equal(romfs_file_open(&file, "/tmp", &diag), -EISDIR);
	assert_string_equal(diag.text, "/tmp is a directory, not the file of a ROM image");
	assert_int_equal(romfs_file_open(&file, "/dev/null", &diag), -EINVAL);
}

/* Each page is read, as a walk through an image may do it. */
static unsigned sum(void)
{
	unsigned all = 0;

	for (size_t at = 0; at < file.size; at += 512)
		all += file.bytes[at];
	return all;
}

/* Another program makes the file shorter while it is mapped. */
static void a_file_that_shrinks(void **state)
{
	char path[] = "/tmp/test_romfs_file.XXXXXX";
	static const char page[100000] = {[0] = 1, [512] = 1, [99840] = 1};
	int fd = mkstemp(path);

	(void)state;
	for (int i = 0; i < 3; i++) { /* what was handled once is handled again */
		assert_int_equal(ftruncate(fd, 0), 0);
		assert_int_equal(pwrite(fd, page, sizeof(page), 0), sizeof(page));
		assert_int_equal(romfs_file_open(&file, path, &diag), 0);
		assert_int_equal(sum(), 3);
		assert_int_equal(romfs_file_check(&file, path, &diag), 0);
		assert_int_equal(ftruncate(fd, i * 5000), 0);
		assert_in_range(sum(), 0, 2);
		assert_int_equal(romfs_file_check(&file, path, &diag), -EIO);
		assert_non_null(strstr(diag.text, "another program changed it"));
		assert_non_null(strstr(diag.text, path));
		romfs_file_close(&file);
	}
	close(fd);
	unlink(path);
}

/* What could not be read for a moment was taken for zeros, so it counts that it is there again. */
static void a_file_that_is_whole_again(void **state)
{
	char path[] = "/tmp/test_romfs_file.XXXXXX";
	static const char page[100000] = {[99840] = 1};
	int fd = mkstemp(path);
	struct stat st;

	(void)state;
	assert_int_equal(write(fd, page, sizeof(page)), sizeof(page));
	assert_int_equal(fstat(fd, &st), 0);
	assert_int_equal(romfs_file_open(&file, path, &diag), 0);
	assert_int_equal(ftruncate(fd, 0), 0);
	assert_int_equal(sum(), 0);
	assert_int_equal(pwrite(fd, page, sizeof(page), 0), sizeof(page));
	assert_int_equal(futimens(fd, (struct timespec[]){st.st_atim, st.st_mtim}), 0);
	assert_int_equal(romfs_file_check(&file, path, &diag), -EIO);
	assert_non_null(strstr(diag.text, "some of it cannot be read"));
	romfs_file_close(&file);
	close(fd);
	unlink(path);
}

static void a_file_that_is_written_to(void **state)
{
	const struct timespec old[2] = {{.tv_sec = 1}, {.tv_sec = 1}}, times[2] = {{.tv_sec = 1}, {.tv_sec = 2}};
	char path[] = "/tmp/test_romfs_file.XXXXXX";
	int fd = mkstemp(path);

	(void)state;
	assert_int_equal(write(fd, "bytes", 5), 5);
	assert_int_equal(futimens(fd, old), 0);
	assert_int_equal(romfs_file_open(&file, path, &diag), 0);
	assert_int_equal(pwrite(fd, "other", 5, 0), 5);
	assert_int_equal(futimens(fd, times), 0); /* the write may have come within one tick of the clock */
	assert_int_equal(romfs_file_check(&file, path, &diag), -EIO);
	romfs_file_close(&file);
	assert_int_equal(romfs_file_open(&file, path, &diag), 0);
	unlink(path); /* or renamed over: the content is still there */
	assert_int_equal(romfs_file_check(&file, path, &diag), 0);
	assert_memory_equal(file.bytes, "other", 5);
	romfs_file_close(&file);
	close(fd);
}

static void many_files(void **state)
{
	char path[] = "/tmp/test_romfs_file.XXXXXX";
	struct romfs_file files[100];
	int fd = mkstemp(path);
	size_t count = 0;

	(void)state;
	assert_int_equal(write(fd, "bytes", 5), 5);
	while (count < 100 && romfs_file_open(&files[count], path, &diag) == 0)
		count++;
	assert_in_range(count, 2, 99);
	assert_non_null(strstr(diag.text, "too many"));
	while (count > 0)
		romfs_file_close(&files[--count]);
	assert_int_equal(romfs_file_open(&file, path, &diag), 0);
	romfs_file_close(&file);
	close(fd);
	unlink(path);
}

/* A page that is not there and no file's of ours ends the process as ever. */
static void another_bus_error(void **state)
{
	char path[] = "/tmp/test_romfs_file.XXXXXX";
	int fd = mkstemp(path), status;
	pid_t child;

	(void)state;
	assert_int_equal(ftruncate(fd, 100), 0);
	assert_int_equal(romfs_file_open(&file, path, &diag), 0);
	child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		const struct rlimit none = {0};
		const volatile char *bytes = mmap(NULL, 100, PROT_READ, MAP_PRIVATE, fd, 0);

		setrlimit(RLIMIT_CORE, &none);
		if (ftruncate(fd, 0) < 0)
			_exit(2);
		_exit(bytes[0] ? 3 : 4);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGBUS);
	romfs_file_close(&file);
	close(fd);
	unlink(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(files),
		cmocka_unit_test(what_is_no_file),
		cmocka_unit_test(a_file_that_shrinks),
		cmocka_unit_test(a_file_that_is_whole_again),
		cmocka_unit_test(a_file_that_is_written_to),
		cmocka_unit_test(many_files),
		cmocka_unit_test(another_bus_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
