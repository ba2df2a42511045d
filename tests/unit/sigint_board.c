/* SPDX-License-Identifier: MIT */
/*
 * sigint_board: stands for MicroPython's unix port where a test has to know exactly when SIGINT is caught. It answers each byte:
 *
 *   h  a handler for SIGINT is installed now: '+'        d  none any more: '-'
 *   k  a SIGINT that comes is not acted on: 'k'          r  acts on one that waits: 'I', else 'r'
 *   3  (the byte 0x03) '3'                               q  ends with status 5
 *
 * On SIGINT: 'p' when it has come, then 'I' when it was acted on. A second one before that ends the program, as it ends the
 * unix port (sighandler in ports/unix/unix_mphal.c).
 */
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <unistd.h>

static volatile sig_atomic_t pending;

static void say(char c)
{
	if (write(STDOUT_FILENO, &c, 1) != 1)
		_exit(2);
}

static void on_sigint(int signal_number)
{
	(void)signal_number;
	if (pending)
		_exit(9);
	pending = 1;
	say('p');
}

static void set_handler(void (*handler)(int))
{
	struct sigaction action = {.sa_handler = handler};

	sigaction(SIGINT, &action, NULL);
}

static void act(void)
{
	pending = 0;
	say('I');
}

static void answer(char c, bool *busy)
{
	switch (c) {
	case 'h':
		set_handler(on_sigint);
		say('+');
		break;
	case 'd':
		set_handler(SIG_DFL);
		say('-');
		break;
	case 'k':
		*busy = true;
		say('k');
		break;
	case 'r':
		*busy = false;
		if (!pending)
			say('r');
		break;
	case 0x03:
		say('3');
		break;
	case 'q':
		exit(5);
	default:
		say('?');
	}
}

int main(void)
{
	struct pollfd input = {.fd = STDIN_FILENO, .events = POLLIN};
	sigset_t sigint, none;
	bool busy = false;
	char c;

	/* Outside of ppoll SIGINT waits, so that none can slip in between a look at `pending` and the wait. */
	sigemptyset(&none);
	sigemptyset(&sigint);
	sigaddset(&sigint, SIGINT);
	sigprocmask(SIG_BLOCK, &sigint, NULL);
	for (;;) {
		if (ppoll(&input, 1, NULL, &none) > 0) {
			if (read(STDIN_FILENO, &c, 1) != 1)
				return 0;
			answer(c, &busy);
		}
		if (pending && !busy)
			act();
	}
}
