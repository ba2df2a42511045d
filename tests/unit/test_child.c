/* SPDX-License-Identifier: MIT */
#include "cli/child.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static struct child child;

static void start(const char *script, int in)
{
	char *argv[] = {(char *)(uintptr_t) "sh", (char *)(uintptr_t) "-c", (char *)(uintptr_t)script, NULL};

	assert_int_equal(child_start(&child, argv, in), 0);
	assert_true(child.pid > 0);
}

static int end(void)
{
	int status;

	assert_int_equal(waitpid(child.pid, &status, 0), child.pid);
	child.pid = 0;
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void said(int fd, const char *expected)
{
	uint8_t *bytes;
	size_t size;

	assert_int_equal(child_output(fd, &bytes, &size), 0);
	assert_int_equal(size, strlen(expected));
	if (size == 0)
		assert_null(bytes);
	else
		assert_string_equal((char *)bytes, expected);
	free(bytes);
}

/* Whoever started this process may have left it so. */
static void sigchld_was_ignored(void **state)
{
	(void)state;
	signal(SIGCHLD, SIG_IGN);
	start("exit 3", -1);
	assert_int_equal(end(), 3);
	child_close(&child);
}

static void what_it_prints(void **state)
{
	(void)state;
	start("printf out; printf words >&2; exit 3", -1);
	assert_int_equal(end(), 3);
	said(child.out, "out");
	said(child.err, "words");
	said(child.out, "out"); /* as often as it is asked for */
	child_close(&child);
	assert_true(child.pid == 0 && child.out == -1 && child.err == -1);
	start(":", -1);
	assert_int_equal(end(), 0);
	said(child.out, "");
	child_close(&child);
	child_close(&child);
}

/* More than a pipe would hold, with nobody who reads it meanwhile. */
static void much(void **state)
{
	uint8_t *bytes;
	size_t size;

	(void)state;
	start("head -c 3000000 /dev/zero", -1);
	assert_int_equal(end(), 0);
	assert_int_equal(child_output(child.out, &bytes, &size), 0);
	assert_int_equal(size, 3000000);
	free(bytes);
	child_close(&child);
}

static void what_it_reads(void **state)
{
	char path[] = "/tmp/test_child.XXXXXX";
	int fd = mkstemp(path);

	(void)state;
	assert_int_equal(write(fd, "input", 5), 5);
	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	start("cat", fd);
	assert_int_equal(end(), 0);
	said(child.out, "input");
	child_close(&child);
	start("cat", -1);
	assert_int_equal(end(), 0);
	said(child.out, "");
	child_close(&child);
	close(fd);
	unlink(path);
}

static void what_cannot_be_run(void **state)
{
	char *argv[] = {(char *)(uintptr_t) "/nowhere/program", NULL};

	(void)state;
	assert_int_equal(child_start(&child, argv, -1), -ENOENT);
	assert_true(child.pid == 0 && child.out == -1 && child.err == -1);
	argv[0] = (char *)(uintptr_t) "/tmp";
	assert_int_equal(child_start(&child, argv, -1), -EACCES);
}

/* One that is not needed any more is ended, and gone. */
static void one_that_goes_on(void **state)
{
	pid_t pid;

	(void)state;
	start("exec sleep 1000", -1);
	pid = child.pid;
	child_close(&child);
	assert_int_equal(kill(pid, 0), -1);
	assert_int_equal(errno, ESRCH);
}

/* Whatever ends us ends it, too: nobody is left who would. */
static void one_whose_parent_ends(void **state)
{
	static const int signals[] = {SIGTERM, SIGHUP, SIGKILL};
	int status, fds[2];
	pid_t parent, pid;

	(void)state;
	assert_int_equal(prctl(PR_SET_CHILD_SUBREAPER, 1), 0);
	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++) {
		assert_int_equal(pipe(fds), 0);
		parent = fork();
		if (parent == 0) {
			signal(signals[i], SIG_DFL); /* nohup may have started us */
			start("exec sleep 1000", -1);
			if (write(fds[1], &child.pid, sizeof(pid)) == sizeof(pid))
				pause();
			_exit(1);
		}
		assert_int_equal(read(fds[0], &pid, sizeof(pid)), sizeof(pid));
		assert_int_equal(kill(parent, signals[i]), 0);
		assert_int_equal(waitpid(parent, &status, 0), parent);
		assert_int_equal(waitpid(pid, &status, 0), pid);
		assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
		close(fds[0]);
		close(fds[1]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sigchld_was_ignored),   cmocka_unit_test(what_it_prints),     cmocka_unit_test(much),
		cmocka_unit_test(what_it_reads),         cmocka_unit_test(what_cannot_be_run), cmocka_unit_test(one_that_goes_on),
		cmocka_unit_test(one_whose_parent_ends),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
