/* SPDX-License-Identifier: MIT */
/* share_plan: what a board is to do with a share, in the Python that board/share.py wants. No input, no output. */
#ifndef SHARE_SHARE_PLAN_H
#define SHARE_SHARE_PLAN_H

#include <stddef.h>

struct share_plan {
	char *const *paths; /* where each share is on the board; the first is the current directory there */
	size_t count;
	const char *name;  /* how tracebacks call the program; "": there is none, but the board's REPL */
	char *const *argv; /* its sys.argv, NULL-terminated */
};

/* The statement that sets `plan`, with a newline. From malloc, the caller's; *LEN is its length. NULL: not enough memory. */
char *share_plan_python(const struct share_plan *plan, size_t *len);

#endif
