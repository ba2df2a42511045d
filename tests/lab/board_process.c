/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tests/lab/board_process.h"

#define TAKEN_NS 5000000     /* in so much processor time MicroPython looks for a waiting exception */
#define TIMER_SLACK_NS 50000 /* the kernel's own, instead of the simulator's */

static void become_board(char *const command[], int tty, const char *boot_mode, pid_t parent)
{
	sigset_t none;

	prctl(PR_SET_TIMERSLACK, (unsigned long)TIMER_SLACK_NS);
	prctl(PR_SET_PDEATHSIG, (unsigned long)SIGKILL);
	if (getppid() != parent)
		_exit(1);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGINT, SIG_IGN);
	signal(SIGPIPE, SIG_DFL);
	signal(SIGCHLD, SIG_DFL);
	setsid();
	ioctl(tty, TIOCSCTTY, 0);
	dup2(tty, STDIN_FILENO);
	dup2(tty, STDOUT_FILENO);
	setenv("BOARD_BOOT", boot_mode, 1);
	execvp(command[0], command);
	fprintf(stderr, "linesim: cannot run %s: %s\n", command[0], strerror(errno));
	_exit(127);
}

int board_process_start(struct board_process *board, char *const command[], int tty, const char *boot_mode)
{
	char path[64];
	pid_t parent = getpid();

	*board = (struct board_process){.status_fd = -1};
	board->pid = fork();
	if (board->pid < 0) {
		board->pid = 0;
		return -errno;
	}
	if (board->pid == 0)
		become_board(command, tty, boot_mode, parent);
	snprintf(path, sizeof(path), "/proc/%d/status", (int)board->pid);
	board->status_fd = open(path, O_RDONLY | O_CLOEXEC);
	return 0;
}

/* What /proc has of the command: its state (one letter) and whether it catches SIGINT. False: it is gone. */
static bool look(const struct board_process *board, char *state, bool *catches)
{
	char text[4096];
	const char *at;
	ssize_t len = pread(board->status_fd, text, sizeof(text) - 1, 0);

	if (len <= 0)
		return false;
	text[len] = '\0';
	at = strstr(text, "\nState:\t");
	*state = at ? at[8] : '?';
	at = strstr(text, "\nSigCgt:\t");
	*catches = at && (strtoull(at + 9, NULL, 16) >> (SIGINT - 1) & 1);
	return true;
}

static int64_t cpu_time(pid_t pid)
{
	struct timespec used = {0};
	clockid_t clock;

	if (clock_getcpuclockid(pid, &clock) == 0)
		clock_gettime(clock, &used);
	return (int64_t)used.tv_sec * 1000000000 + used.tv_nsec;
}

/*
 * Whether the SIGINT sent last has become an exception. The port keeps it for the next look of its interpreter, out of our sight;
 * but one that sleeps has looked, and so has one that has run for a while.
 */
static bool taken(const struct board_process *board, char state)
{
	return !board->interrupted || state == 'S' || cpu_time(board->pid) - board->cpu_ns > TAKEN_NS;
}

/*
 * The command may turn its interrupt character off between our look and our signal, which would then kill it. So it is held still
 * for both.
 */
static bool interrupt_if_caught(const struct board_process *board)
{
	siginfo_t info = {0};
	char state;
	bool catches;

	kill(board->pid, SIGSTOP);
	if (waitid(P_PID, (id_t)board->pid, &info, WSTOPPED | WEXITED | WNOWAIT) < 0 || info.si_code != CLD_STOPPED)
		return true; /* it has just ended, and its last Ctrl-C with it */
	if (!look(board, &state, &catches))
		catches = false;
	if (catches)
		kill(board->pid, SIGINT);
	kill(board->pid, SIGCONT);
	waitid(P_PID, (id_t)board->pid, &info, WCONTINUED | WNOHANG);
	return catches;
}

void board_process_watch(struct board_process *board)
{
	char state;
	bool catches;

	if (board->interrupted && look(board, &state, &catches) && (!catches || taken(board, state)))
		board->interrupted = false;
}

enum board_interrupt board_process_interrupt(struct board_process *board)
{
	char state;
	bool catches;

	if (!board->pid || !look(board, &state, &catches) || !catches) {
		board->interrupted = false;
		return BOARD_INTERRUPT_BYTE;
	}
	if (!taken(board, state))
		return BOARD_INTERRUPT_MERGED;
	board->cpu_ns = cpu_time(board->pid);
	board->interrupted = interrupt_if_caught(board);
	return board->interrupted ? BOARD_INTERRUPT_SENT : BOARD_INTERRUPT_BYTE;
}

bool board_process_alive(const struct board_process *board)
{
	return board->pid && !board->killed;
}

void board_process_kill(struct board_process *board)
{
	if (!board->pid)
		return;
	board->killed = true;
	kill(-board->pid, SIGKILL);
	kill(board->pid, SIGKILL); /* should it not have its session yet */
}

bool board_process_reap(struct board_process *board, bool block, int *status)
{
	if (!board->pid || waitpid(board->pid, status, block ? 0 : WNOHANG) != board->pid)
		return false;
	if (board->status_fd >= 0)
		close(board->status_fd);
	*board = (struct board_process){.status_fd = -1};
	return true;
}
