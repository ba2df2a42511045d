/* SPDX-License-Identifier: MIT */
/*
 * terminal: the user's terminal, for what a board's program reads of it: each key at once, and without an echo, which is the board's. It is
 * given back as it was at the end of the program, whatever that is (SIGKILL excepted), and when the program is suspended.
 */
#ifndef SHARE_TERMINAL_H
#define SHARE_TERMINAL_H

#include <stdbool.h>

enum terminal_keys {
	TERMINAL_SIGNALS, /* Ctrl-C, Ctrl-\ and Ctrl-Z are signals, as ever */
	TERMINAL_ALL,     /* all keys are the board's, and output is not changed either */
};

/*
 * Takes the terminal of stdin, where it is one. Returns whether it is. One at a time in a process. A read of it does not wait then, but
 * returns 0 where there is nothing: keys that poll has told of may be gone again, since Ctrl-C empties a terminal's input.
 */
bool terminal_take(enum terminal_keys keys);

/* Whether stdin may be read: it is no terminal, or this program is in its foreground. */
bool terminal_is_ours(void);

/* Gives it back until terminal_resume, which takes it again as before, if this program is in its foreground. */
void terminal_suspend(void);
void terminal_resume(void);

/* Gives it back. What was not taken is left alone. */
void terminal_give_back(void);

#endif
