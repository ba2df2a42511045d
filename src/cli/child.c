/* SPDX-License-Identifier: MIT */
#include "cli/child.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* FD becomes descriptor AS, which stays open in another program. */
static bool give(int fd, int as)
{
	return fd == as ? fcntl(fd, F_SETFD, 0) == 0 : dup2(fd, as) == as;
}

/*
 * The child becomes ARGV, unless PARENT has ended. What ends us, ends it: so none that hangs is left behind. The signals that this
 * program holds back are its own matter. Returns only when that fails, with errno.
 */
static void become(const struct child *child, char *const *argv, int in, pid_t parent)
{
	sigset_t none;

	sigemptyset(&none);
	if (in < 0)
		in = open("/dev/null", O_RDONLY | O_CLOEXEC);
	if (in >= 0 && give(in, STDIN_FILENO) && give(child->out, STDOUT_FILENO) && give(child->err, STDERR_FILENO) &&
	    sigprocmask(SIG_SETMASK, &none, NULL) == 0 && prctl(PR_SET_PDEATHSIG, SIGKILL) == 0 && getppid() == parent)
		execvp(argv[0], argv);
}

/* As posix_spawn does it, which cannot do all of `become`: fork would copy the page tables, which takes longer than to compile a file. */
static int spawn(struct child *child, char *const *argv, int in)
{
	volatile int error = 0; /* the child, which has our memory until it is another program, writes it */
	pid_t parent = getpid();

	child->pid = vfork(); /* NOLINT(clang-analyzer-security.insecureAPI.vfork): `become` changes nothing of ours but errno */
	if (child->pid == 0) {
		become(child, argv, in, parent);
		error = errno;
		_exit(127);
	}
	if (child->pid < 0)
		error = errno;
	else if (error)
		waitpid(child->pid, NULL, 0);
	if (error)
		child->pid = 0;
	return -error;
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
