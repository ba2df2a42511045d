/* SPDX-License-Identifier: MIT */
#include "fuse/descriptors.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static int open_temporary(char *path)
{
	int fd = mkstemp(path);

	assert_true(fd >= 0);
	return fd;
}

static void descriptors_of_this_process_are_seen(void **state)
{
	char path[] = "/tmp/test_descriptors-XXXXXX";
	int fd = open_temporary(path), copy = dup(fd), reader = open(path, O_RDONLY | O_CLOEXEC);

	(void)state;
	assert_true(descriptors_write_to(getpid(), path));
	close(fd);
	assert_true(descriptors_write_to(getpid(), path));
	close(copy);
	assert_false(descriptors_write_to(getpid(), path));
	close(reader);
	unlink(path);
}

static void names_are_compared_whole(void **state)
{
	char path[] = "/tmp/test_descriptors-XXXXXX", shorter[sizeof(path)] = "";
	int fd = open_temporary(path);
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(path) - 2; i++)
		shorter[i] = path[i];
	assert_false(descriptors_write_to(getpid(), shorter));
	unlink(path);
	assert_false(descriptors_write_to(getpid(), path));
	close(fd);
}

static void another_process_is_another(void **state)
{
	char path[] = "/tmp/test_descriptors-XXXXXX", byte;
	int fd = open_temporary(path), to_child[2];
	pid_t child;

	(void)state;
	assert_int_equal(pipe(to_child), 0);
	child = fork();
	if (child == 0) {
		close(to_child[1]);
		_exit(read(to_child[0], &byte, 1) == 0 ? 0 : 1);
	}
	close(fd);
	assert_false(descriptors_write_to(getpid(), path));
	assert_true(descriptors_write_to(child, path));
	close(to_child[1]);
	close(to_child[0]);
	waitpid(child, NULL, 0);
	assert_false(descriptors_write_to(child, path));
	assert_false(descriptors_write_to(0, path));
	unlink(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(descriptors_of_this_process_are_seen),
		cmocka_unit_test(names_are_compared_whole),
		cmocka_unit_test(another_process_is_another),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
