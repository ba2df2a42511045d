/* SPDX-License-Identifier: MIT */
/* tail: the end of what a board has said outside frames. */
#ifndef AGENT_TAIL_H
#define AGENT_TAIL_H

#include <stdbool.h>
#include <stddef.h>

enum { TAIL_KEPT = 256 };

/* One of zeros has heard nothing. */
struct tail {
	char text[TAIL_KEPT + 1]; /* NUL-terminated; may hold NULs */
	size_t len;
};

/* Adds LEN BYTES. */
void tail_add(struct tail *tail, const void *bytes, size_t len);

/*
 * Whether the board shows its prompt: so it has no agent any more, but was reset, or the agent has failed. What was on its way then may
 * follow as its echo.
 */
bool tail_shows_prompt(const struct tail *tail);

#endif
