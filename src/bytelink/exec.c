/* SPDX-License-Identifier: MIT */
/*
 * exec: a command as the board, on a pseudo-terminal of its own, as MicroPython's test runner has it.
 *
 * The terminal is raw before the command starts, so that nothing is echoed. The command leads a session of its own. SIGINT is
 * ignored at first: a shell or an interpreter that is only on the way to the board must not die of a Ctrl-C; what installs a
 * handler gets it (foreground.h). The command may come to be another process's child, when the mount goes to the background:
 * so its end is watched with a pidfd, and there is no PR_SET_PDEATHSIG. When we die without a close, the kernel hangs the
 * terminal up, and the command gets SIGHUP.
 */
#include <errno.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "bytelink/backends.h"
#include "bytelink/fdlink.h"
#include "bytelink/foreground.h"

#define INTERRUPT_CHAR 0x03
#define END_US 500000    /* from SIGHUP to SIGKILL */
#define CLOSED_US 50000  /* the same, when nobody has the terminal open any more */
#define KILL_US 1000000  /* what a killed process may take to be gone */
#define STATUS_US 200000 /* from the terminal's hang-up to the command's exit status */
#define STEP_US 5000

struct exec_link {
	struct fdlink link; /* the terminal's master */
	pid_t pid;          /* also its session and its process group */
	int pidfd;
	struct foreground foreground;
	char ended[100]; /* how, once that was asked */
};

/* Whether nobody has the terminal open any more. Linux goes on taking bytes for it. */
static bool is_hung_up(const struct exec_link *exec)
{
	int events = fdlink_poll(exec->link.fd, 0, 0);

	return events > 0 && (events & POLLHUP);
}

static ssize_t exec_write(struct bytelink *self, const void *buf, size_t len)
{
	struct exec_link *exec = self->state;
	const unsigned char *bytes = buf, *interrupt;
	const int64_t now = fdlink_clock();
	size_t done = 0, piece;
	ssize_t n;

	if (is_hung_up(exec))
		return -ENODEV;
	foreground_watch(&exec->foreground, exec->link.fd, now);
	while (done < len) {
		if (bytes[done] == INTERRUPT_CHAR && foreground_interrupt(&exec->foreground, exec->link.fd, now)) {
			done++;
			continue;
		}
		interrupt = memchr(bytes + done + 1, INTERRUPT_CHAR, len - done - 1);
		piece = interrupt ? (size_t)(interrupt - bytes) - done : len - done;
		n = fdlink_write(self, bytes + done, piece);
		if (n < 0 && done == 0)
			return n;
		if (n <= 0)
			break;
		done += (size_t)n;
	}
	return (ssize_t)done;
}

/* Waits for the command's own process to end. */
static bool has_ended(const struct exec_link *exec, int64_t within_us)
{
	return fdlink_poll(exec->pidfd, POLLIN, fdlink_clock() + within_us) > 0;
}

static const char *exec_ended(struct bytelink *self)
{
	struct exec_link *exec = self->state;
	siginfo_t info = {.si_pid = 0};

	if (exec->ended[0])
		return exec->ended;
	has_ended(exec, STATUS_US);
	/* WNOWAIT: while nobody has waited for it, its pid is not used again. */
	if (waitid(P_PID, (id_t)exec->pid, &info, WEXITED | WNOHANG | WNOWAIT) < 0 || info.si_pid == 0)
		snprintf(exec->ended, sizeof(exec->ended), "has ended");
	else if (info.si_code == CLD_EXITED)
		snprintf(exec->ended, sizeof(exec->ended), "ended with status %d", info.si_status);
	else
		snprintf(exec->ended, sizeof(exec->ended), "was ended by signal %d (%s)", info.si_status,
			 strsignal(info.si_status));
	return exec->ended;
}

/*
 * Waits until no process of the command's group is left, for END_US at most. In a container whose init waits for nobody, the dead
 * stay in the group: what has the terminal no more is soon taken for dead.
 */
static void wait_for_group(const struct exec_link *exec)
{
	int64_t now = fdlink_clock(), deadline = now + END_US;

	has_ended(exec, END_US);
	waitpid(exec->pid, NULL, WNOHANG);
	while (kill(-exec->pid, 0) == 0 && now < deadline) {
		fdlink_poll(-1, 0, now + STEP_US);
		now = fdlink_clock();
		if (deadline > now + CLOSED_US && is_hung_up(exec))
			deadline = now + CLOSED_US;
	}
}

/* Whether the command's number is still its own: once it has ended and was waited for, by us or by init, it may be another's. */
static bool is_known(const struct exec_link *exec)
{
	siginfo_t info;

	return !has_ended(exec, 0) || waitid(P_PID, (id_t)exec->pid, &info, WEXITED | WNOHANG | WNOWAIT) == 0;
}

static void end_command(const struct exec_link *exec)
{
	if (is_known(exec)) {
		kill(-exec->pid, SIGHUP);
		kill(-exec->pid, SIGCONT);
		wait_for_group(exec);
		kill(-exec->pid, SIGKILL);
		has_ended(exec, KILL_US);
		waitpid(exec->pid, NULL, WNOHANG);
	}
	close(exec->pidfd);
}

static void exec_close(struct bytelink *self)
{
	const struct exec_link *exec = self->state;

	if (exec->pid > 0)
		end_command(exec);
	fdlink_close(self);
}

static const struct bytelink_backend exec_backend = {
	.name = "exec",
	.read = fdlink_read,
	.write = exec_write,
	.wait = fdlink_wait,
	.now = fdlink_now,
	.wake = fdlink_wake,
	.close = exec_close,
	.ended = exec_ended,
};

/* The child's part: the terminal SLAVE, signals as a login shell has them, and the command. */
static void run(const char *command, int slave) __attribute__((noreturn));
static void run(const char *command, int slave)
{
	const char failed[] = "cannot run /bin/sh\n";
	sigset_t none;
	int signal_number;

	for (signal_number = 1; signal_number < NSIG; signal_number++)
		signal(signal_number, signal_number == SIGINT ? SIG_IGN : SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	setsid();
	ioctl(slave, TIOCSCTTY, 0);
	dup2(slave, STDIN_FILENO);
	dup2(slave, STDOUT_FILENO);
	dup2(slave, STDERR_FILENO);
	if (slave > STDERR_FILENO)
		close(slave);
	execl("/bin/sh", "sh", "-c", command, (char *)NULL);
	if (write(STDERR_FILENO, failed, sizeof(failed) - 1) < 0)
		_exit(126);
	_exit(127);
}

/* Opens a raw pseudo-terminal without echo. */
static int open_terminal(int *master, int *slave)
{
	struct termios termios;

	if (openpty(master, slave, NULL, NULL, NULL) < 0)
		return -errno;
	if (tcgetattr(*slave, &termios) == 0) {
		cfmakeraw(&termios);
		if (tcsetattr(*slave, TCSANOW, &termios) == 0)
			return 0;
	}
	close(*master);
	close(*slave);
	return -EIO;
}

/* Starts COMMAND on the terminal SLAVE. Returns 0, or a negative errno with EXEC->pid 0. */
static int start(struct exec_link *exec, const char *command, int slave)
{
	pid_t pid = fork();
	int rc;

	if (pid < 0)
		return -errno;
	if (pid == 0)
		run(command, slave);
	exec->pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
	if (exec->pidfd >= 0) {
		exec->pid = pid;
		return 0;
	}
	rc = -errno;
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	return rc;
}

int exec_open(struct bytelink **out, const char *device, struct diag *diag)
{
	int master, slave, rc = open_terminal(&master, &slave);

	*out = NULL;
	if (rc < 0)
		return diag_fail(diag, DIAG_BYTELINK, -rc, "%s: no pseudo-terminal: %s", device, strerror(-rc));
	rc = fdlink_open(out, &exec_backend, sizeof(struct exec_link), master, NULL, device, diag);
	if (rc < 0) {
		close(master);
		goto out;
	}
	rc = start((*out)->state, device + strlen("exec:"), slave);
	if (rc < 0) {
		bytelink_close(*out);
		*out = NULL;
		diag_fail(diag, DIAG_BYTELINK, -rc, "%s: cannot be started: %s", device, strerror(-rc));
	}
out:
	close(slave);
	return rc;
}
