/* SPDX-License-Identifier: MIT */
/*
 * share_program: the program that a board runs: a statement, or a file of this computer, which may be read again when it has changed. It is
 * a person who names the file, so it may lie behind any link. But where the board may write, it may have put a link in its place meanwhile:
 * then the file is read again only where it was at the start.
 */
#ifndef SHARE_SHARE_PROGRAM_H
#define SHARE_SHARE_PROGRAM_H

#include <stdbool.h>
#include <stddef.h>

#include "base/diag.h"

/* One of zeros has nothing. */
struct share_program {
	const char *path; /* the caller's; NULL: it is a statement */
	char *name;       /* the file's path without links, but that it may be one itself; NULL: it has none, as a pipe */
	char *target;     /* what it is, or leads to; NULL, too */
	char *bytes;
	size_t len;
};

/* PROGRAM, which is zeros, becomes the file PATH. Returns 0 or a negative errno with DIAG, as all here. */
int share_program_file(struct share_program *program, const char *path, struct diag *diag);

int share_program_statement(struct share_program *program, const char *text, struct diag *diag);

/*
 * Reads the file again. GUARDED: the board may write something here. -EACCES: then, where it is another one than at the start. Where this
 * fails, what was read before stays.
 */
int share_program_read(struct share_program *program, bool guarded, struct diag *diag);

void share_program_clear(struct share_program *program);

#endif
