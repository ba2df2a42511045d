/* SPDX-License-Identifier: MIT */
/*
 * share_user: whoever has started the command: the signals that come from there, what stdin has for the board, the terminal, and stdout and
 * stderr for what the board has to say. Nothing here waits but share_user_flush. One in a process, one thread.
 */
#ifndef SHARE_SHARE_USER_H
#define SHARE_SHARE_USER_H

#include <signal.h>

#include "share/attention.h"
#include "share/outlet.h"
#include "share/typed.h"

struct share_user {
	bool interrupt;     /* Ctrl-C has to reach the program; for the caller to clear */
	bool leaves;        /* the user wants no more of it... */
	int leaves_by;      /* ... as this signal says; 0: by the REPL's key for it */
	bool gives_up;      /* some time later the user does not even want to wait for the board's prompt */
	bool impatient;     /* set by the caller: there is no program that Ctrl-C could interrupt, so the first one leaves */
	int output_error;   /* why stdout or stderr takes nothing any more, negative */
	struct typed typed; /* for the board */
	bool is_terminal;   /* stdin is one */
	int64_t ended_at;   /* when stdin came to its end; 0: it has not */

	struct bytelink *link; /* from here on its own */
	struct attention *attention;
	struct outlet outlet;
	int signals;   /* a signalfd */
	sigset_t mask; /* what was blocked before */
	bool repl;
	bool half_line;  /* stdin's last byte is one of a line that has not ended */
	bool in_line;    /* what was printed ends in the middle of one */
	int64_t look_at; /* when to look again whether stdin may be read; 0: it is asked for */
	int64_t interrupted_at, left_at;
};

enum { SHARE_USER_SLOTS = 3 }; /* the first slots of the attention are the user's */

/*
 * Takes the signals that end a program, SIGTSTP and SIGCONT, where they are not ignored, and blocks them in the calling thread; and the
 * terminal: for a REPL with all keys. ATTENTION, which wakes LINK, and LINK, whose clock is used, outlive it. Returns 0 or a negative
 * errno with DIAG filled; share_user_close is right after both.
 */
int share_user_open(struct share_user *user, struct bytelink *link, struct attention *attention, bool repl, struct diag *diag);

/* Gives the terminal back, with the cursor below a REPL's prompt. */
void share_user_close(struct share_user *user);

/* Takes in what has come since the last time; share_user_look_at_signals: without stdin. */
void share_user_look(struct share_user *user);
void share_user_look_at_signals(struct share_user *user);

/* When to look again although nothing has come; INT64_MAX: never. */
int64_t share_user_deadline(const struct share_user *user);

/* Has LEN BYTES go to FD, which is STDOUT_FILENO or STDERR_FILENO, as fast as it takes them; what it does not take now is kept. */
void share_user_print(struct share_user *user, int fd, const uint8_t *bytes, size_t len);

/* Words of ours come next, on stderr: they begin a line where one terminal shows both. After share_user_flush. */
void share_user_end_line(struct share_user *user);

/* How many bytes more should be printed now: none when nobody has taken any for long. */
size_t share_user_room(const struct share_user *user);

/* Waits until all is taken that is kept, or can never be, or the user leaves. Returns whether nothing is kept any more. */
bool share_user_flush(struct share_user *user);

#endif
