/* SPDX-License-Identifier: MIT */
/* say: what a program says to people, on stderr with its name in front: control characters in names do not reach the terminal. */
#ifndef BASE_SAY_H
#define BASE_SAY_H

#include "base/diag.h"

enum { EXIT_USAGE = 2 };

/* Says the printf-style words on stderr. */
void say(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Says the words of DIAG on stderr. Returns EXIT_FAILURE, or EXIT_USAGE for DIAG_USAGE. */
int say_failure(const struct diag *diag);

/* Ends what goes to stdout. Returns STATUS, or EXIT_FAILURE, with words, where it could not be written. */
int say_end(int status);

#endif
