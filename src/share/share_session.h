/* SPDX-License-Identifier: MIT */
/*
 * share_session: a program, or a REPL, on a board that has shares, from the board's prompt and back to it. It starts the agent
 * (board/share.py), answers its requests by a share_server, and moves what the program prints to stdout and what stdin has to the
 * program.
 *
 *              agent says SHARE_HELLO      SHARE_END            prompt
 *   STARTING -------------------------> RUNNING -----> ENDED -----------> (end)
 *      ^                                  |  '-- Ctrl-C twice, Ctrl-] --> LEAVING -- SHARE_END, prompt --> (end)
 *      |      the board was reset         |
 *      +----------------------------------+     With a watch, instead of its end and at any time: a change --> a soft reset --> STARTING
 */
#ifndef SHARE_SHARE_SESSION_H
#define SHARE_SHARE_SESSION_H

#include "bytelink/bytelink.h"
#include "share/share_plan.h"
#include "share/share_server.h"
#include "share/watch.h"

struct share_session_options {
	struct bytelink *link;       /* these two stay the caller's */
	struct share_server *server; /* has the shares, in the plan's order, and the program */
	struct share_plan plan;
	int64_t timeout_us;           /* to reach the board, in microseconds */
	struct watch *watch;          /* it runs again after each change that this tells of; NULL: once */
	void (*again)(void *context); /* called before it runs again; may be NULL */
	void *context;
};

/*
 * Runs it; blocks. Until this returns, the terminal is its own, and so are the signals that end a program, SIGTSTP and SIGCONT: the
 * calling thread blocks them meanwhile, and any other has to block them already. What the program printed and how it was ended by an
 * exception is on stdout and stderr then. Returns the exit status of this program: 0, that of sys.exit, 1 after an exception, or 128 and
 * the number of the signal that ended it (Ctrl-C twice: 130); or a negative errno with DIAG filled, for what keeps it from being run or to its
 * end.
 */
int share_session_run(const struct share_session_options *options, struct diag *diag);

#endif
