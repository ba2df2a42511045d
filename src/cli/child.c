/* SPDX-License-Identifier: MIT */
#include "cli/child.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* The signals that this program holds back are the child's own matter. */
static int spawn_with(struct child *child, const posix_spawn_file_actions_t *actions, char *const *argv)
{
	posix_spawnattr_t attributes;
	sigset_t none;
	int rc = posix_spawnattr_init(&attributes);

	if (rc != 0)
		return rc;
	sigemptyset(&none);
	posix_spawnattr_setsigmask(&attributes, &none);
	posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK);
	rc = posix_spawnp(&child->pid, argv[0], actions, &attributes, argv, environ);
	posix_spawnattr_destroy(&attributes);
	return rc;
}

static int spawn(struct child *child, char *const *argv, int in)
{
	posix_spawn_file_actions_t actions;
	int rc = posix_spawn_file_actions_init(&actions);

	if (rc != 0)
		return -rc;
	rc = in < 0 ? posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0)
		    : posix_spawn_file_actions_adddup2(&actions, in, STDIN_FILENO);
	if (rc == 0)
		rc = posix_spawn_file_actions_adddup2(&actions, child->out, STDOUT_FILENO);
	if (rc == 0)
		rc = posix_spawn_file_actions_adddup2(&actions, child->err, STDERR_FILENO);
	if (rc == 0)
		rc = spawn_with(child, &actions, argv);
	posix_spawn_file_actions_destroy(&actions);
	if (rc != 0)
		child->pid = 0;
	return -rc;
}

int child_start(struct child *child, char *const *argv, int in)
{
	int rc = 0;

	*child = (struct child){.out = memfd_create("out", MFD_CLOEXEC), .err = memfd_create("err", MFD_CLOEXEC)};
	if (child->out < 0 || child->err < 0)
		rc = -errno;
	if (rc == 0)
		rc = spawn(child, argv, in);
	if (rc < 0)
		child_close(child);
	return rc;
}

int child_output(int fd, uint8_t **bytes, size_t *size)
{
	struct stat st;
	ssize_t n;

	*bytes = NULL;
	*size = 0;
	if (fstat(fd, &st) < 0)
		return -errno;
	if (st.st_size == 0)
		return 0;
	*bytes = calloc(1, (size_t)st.st_size + 1);
	if (!*bytes)
		return -ENOMEM;
	while ((n = pread(fd, *bytes + *size, (size_t)st.st_size - *size, (off_t)*size)) > 0)
		*size += (size_t)n;
	return n < 0 ? -errno : 0;
}

void child_close(struct child *child)
{
	if (child->pid > 0) {
		kill(child->pid, SIGKILL);
		waitpid(child->pid, NULL, 0);
	}
	if (child->out >= 0)
		close(child->out);
	if (child->err >= 0)
		close(child->err);
	*child = CHILD_NONE;
}
