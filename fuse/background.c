/* SPDX-License-Identifier: MIT */
#include "fuse/background.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

/* What the process that makes the mount ended with, or 0 when it is ready. */
static int wait_for(int pipe_end, pid_t child)
{
	char byte;
	ssize_t got;
	int status;

	do
		got = read(pipe_end, &byte, 1);
	while (got < 0 && errno == EINTR);
	if (got == 1)
		return 0;
	while (waitpid(child, &status, 0) < 0) {
		if (errno != EINTR)
			return EXIT_FAILURE;
	}
	return WIFEXITED(status) && WEXITSTATUS(status) != 0 ? WEXITSTATUS(status) : EXIT_FAILURE;
}

/* Until it is ready this process ends with PARENT: who has ended that one wants no mount any more. */
static void end_with(pid_t parent)
{
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (getppid() != parent)
		_exit(EXIT_FAILURE);
}

int background_fork(int *ready, int *status)
{
	pid_t child, parent = getpid();
	int ends[2];

	if (pipe2(ends, O_CLOEXEC) < 0)
		return -errno;
	child = fork();
	if (child < 0) {
		int err = errno;

		close(ends[0]);
		close(ends[1]);
		return -err;
	}
	if (child == 0) {
		close(ends[0]);
		*ready = ends[1];
		end_with(parent);
		return 0;
	}
	close(ends[1]);
	*status = wait_for(ends[0], child);
	close(ends[0]);
	return 1;
}

void background_ready(int ready)
{
	const char byte = 0;
	int null;

	prctl(PR_SET_PDEATHSIG, 0);
	setsid();
	if (chdir("/") < 0)
		_exit(EXIT_FAILURE);
	null = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (null >= 0) {
		dup2(null, STDIN_FILENO);
		dup2(null, STDOUT_FILENO);
		dup2(null, STDERR_FILENO);
		if (null > STDERR_FILENO)
			close(null);
	}
	/* When nobody waits any more the mount stays all the same: it is there. */
	while (write(ready, &byte, 1) < 0 && errno == EINTR)
		;
	close(ready);
}
