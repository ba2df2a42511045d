/* SPDX-License-Identifier: MIT */
/*
 * What went wrong, for a person: which layer failed, the errno, and a message that says what, where and what to do.
 *
 * A function that can fail takes a `struct diag *` (NULL when the caller does not want the words) and returns a negative
 * errno. It writes the diag only when it fails; the deepest layer that knows the reason writes it, those above pass it on.
 */
#ifndef BASE_DIAG_H
#define BASE_DIAG_H

#include <stddef.h>

enum diag_layer { DIAG_NONE, DIAG_BYTELINK, DIAG_RAWREPL, DIAG_AGENT, DIAG_BOARD, DIAG_ROMFS, DIAG_FUSE, DIAG_USAGE };

struct diag {
	enum diag_layer layer; /* who failed; DIAG_NONE: nothing has */
	int err;               /* positive errno; 0: nothing has failed */
	char text[1024];       /* one or more lines in UTF-8 without the last newline and without a program's name */
};

/* Forgets what DIAG says. */
void diag_clear(struct diag *diag);

/*
 * Fills DIAG (may be NULL) with LAYER, ERR (a positive errno) and the printf-style message, cut to what fits.
 * Returns -ERR, so that `return diag_fail(...)` is the way out of a function.
 */
int diag_fail(struct diag *diag, enum diag_layer layer, int err, const char *format, ...) __attribute__((format(printf, 4, 5)));

enum { DIAG_PATH_SIZE = 324 };

/*
 * PATH as it stands in a message: on one line (line ends become `?`), and of one that would leave no room for the words its two ends,
 * which are enough to know it, with dots between, in TEXT of DIAG_PATH_SIZE bytes. Returns PATH or TEXT.
 */
const char *diag_path(char *text, const char *path);

/*
 * Copies LEN bytes of what another side sent into TEXT (of SIZE bytes, NUL-terminated, cut to fit) so that it can be printed:
 * line ends stay, other control characters and bytes that are not UTF-8 become `?`. Returns TEXT.
 */
char *diag_printable(char *text, size_t size, const void *bytes, size_t len);

/* The same on one line: line ends become `?`, too. */
char *diag_printable_line(char *text, size_t size, const void *bytes, size_t len);

#endif
