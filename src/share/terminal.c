/* SPDX-License-Identifier: MIT */
#include "share/terminal.h"

#include <signal.h>
#include <stdlib.h>
#include <termios.h>
#include <unistd.h>

/* The process has one terminal, and what gives it back when the process dies is given no context. */
static struct termios before, ours;
static volatile sig_atomic_t taken, resumable;

static void restore(void)
{
	if (taken)
		tcsetattr(STDIN_FILENO, TCSADRAIN, &before);
	taken = 0;
}

static void die(int signal_number)
{
	restore();
	signal(signal_number, SIG_DFL);
	raise(signal_number);
}

/* Whatever this program may die of. What it looks at itself (SIGINT...) is blocked then. */
static void watch_death(void)
{
	static const int deaths[] = {SIGHUP, SIGINT,  SIGQUIT, SIGILL,  SIGABRT, SIGBUS,
				     SIGFPE, SIGSEGV, SIGALRM, SIGTERM, SIGSYS,  SIGXCPU};
	struct sigaction action = {.sa_handler = die, .sa_flags = (int)SA_RESETHAND}, old;

	for (size_t i = 0; i < sizeof(deaths) / sizeof(*deaths); i++)
		if (sigaction(deaths[i], NULL, &old) == 0 && old.sa_handler == SIG_DFL)
			sigaction(deaths[i], &action, NULL);
}

bool terminal_is_ours(void)
{
	pid_t group = tcgetpgrp(STDIN_FILENO);

	return group < 0 || group == getpgrp();
}

void terminal_resume(void)
{
	if (resumable && !taken && terminal_is_ours())
		taken = tcsetattr(STDIN_FILENO, TCSADRAIN, &ours) == 0;
}

bool terminal_take(enum terminal_keys keys)
{
	if (tcgetattr(STDIN_FILENO, &before) < 0)
		return false;
	ours = before;
	ours.c_iflag &= ~(tcflag_t)(ICRNL | INLCR | IGNCR | ISTRIP | IXON);
	ours.c_lflag &= ~(tcflag_t)(ICANON | ECHO | ECHONL | IEXTEN);
	if (keys == TERMINAL_ALL)
		cfmakeraw(&ours);
	ours.c_cc[VMIN] = 0;
	ours.c_cc[VTIME] = 0;
	if (!resumable) {
		atexit(restore);
		watch_death();
	}
	resumable = 1;
	terminal_resume();
	return true;
}

void terminal_suspend(void)
{
	restore();
}

void terminal_give_back(void)
{
	restore();
	resumable = 0;
}
