/* SPDX-License-Identifier: MIT */
#include "cli/child.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdalign.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { STACK_SIZE = 65536 }; /* for what execvp puts there: the longest path of $PATH */

/* FD becomes descriptor AS, which stays open in another program. */
static bool give(int fd, int as)
{
	return fd == as ? fcntl(fd, F_SETFD, 0) == 0 : dup2(fd, as) == as;
}

/* What a child is to become. */
struct birth {
	const struct child *child;
	char *const *argv;
	int in;
	pid_t parent;
	sigset_t signals; /* that it holds back: none, as those that this program holds back are its own matter */
	int error;        /* why it could not */
};

/*
 * Run by the child, which has our memory until it is another program, and changes nothing of it. What ends us, ends it: so none that
 * hangs is left behind. Returns only when it cannot become what it is to.
 */
static int become(void *context)
{
	struct birth *birth = context;
	int in = birth->in < 0 ? open("/dev/null", O_RDONLY | O_CLOEXEC) : birth->in;

	if (in >= 0 && give(in, STDIN_FILENO) && give(birth->child->out, STDOUT_FILENO) &&
	    give(birth->child->err, STDERR_FILENO) && sigprocmask(SIG_SETMASK, &birth->signals, NULL) == 0 &&
	    prctl(PR_SET_PDEATHSIG, SIGKILL) == 0 && getppid() == birth->parent)
		execvp(birth->argv[0], birth->argv);
	birth->error = errno;
	return 127;
}

/* As posix_spawn does it, which cannot do all of `become`; fork takes longer, with all our memory, than a file to compile. */
static int spawn(struct child *child, char *const *argv, int in)
{
	alignas(16) char stack[STACK_SIZE];
	struct birth birth = {.child = child, .argv = argv, .in = in, .parent = getpid()};
	pid_t pid;

	sigemptyset(&birth.signals);
	pid = clone(become, stack + sizeof(stack), CLONE_VM | CLONE_VFORK | SIGCHLD, &birth);

	if (pid < 0)
		return -errno;
	if (birth.error)
		waitpid(pid, NULL, 0);
	else
		child->pid = pid;
	return -birth.error;
}

int child_start(struct child *child, char *const *argv, int in)
{
	int rc = 0;

	signal(SIGCHLD, SIG_DFL); /* whoever started us may have ignored it, and nobody can wait for a child then */
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
