/* SPDX-License-Identifier: MIT */
/* statements: Python, cut where a board can compile what is before the cut. No input, no output. */
#ifndef AGENT_STATEMENTS_H
#define AGENT_STATEMENTS_H

#include <stdbool.h>
#include <stddef.h>

/*
 * How much of the LEN bytes of PYTHON, stripped as agent_parts.h has it, goes to the board next, at most ROOM (not 0); *MORE: it has
 * to wait for what follows before it runs it. It gets whole statements, where they fit: a board that compiles piece by piece
 * needs little memory for it.
 */
size_t statements_next(const char *python, size_t len, size_t room, bool *more);

#endif
