/* SPDX-License-Identifier: MIT */
/*
 * printed: what the end of a board's output tells: that it is at its prompt, or was reset. A program may print the same; so it is
 * for the caller to ask only where it may be true. No input, no output, no clock.
 */
#ifndef SHARE_PRINTED_H
#define SHARE_PRINTED_H

#include <stdbool.h>
#include <stdint.h>

#include "agent/tail.h"

enum printed_prompt {
	PRINTED_NO_PROMPT,
	PRINTED_PROMPT,
	PRINTED_MORE,  /* that for a statement's next line, maybe with its indentation */
	PRINTED_OTHER, /* of paste mode, or of the raw REPL */
};

struct printed {
	bool soft_reset; /* "soft reboot" has come since printed_forget */
	bool uncaught;   /* so has what the board's REPL says of an exception that its own line has raised */
	struct tail tail;
	char banner[128]; /* the start of what the board says when it has started; "": not known yet */
};

/* Forgets what was printed; the banner is kept. One of zeros has heard nothing and knows none. */
void printed_forget(struct printed *printed);

/* LEN BYTES more have been printed. */
void printed_add(struct printed *printed, const uint8_t *bytes, size_t len);

/* The first line of this board's banner, or its start, is the LEN bytes of LINE. */
void printed_know_banner(struct printed *printed, const uint8_t *line, size_t len);

/* Which prompt is the last that came; printed_at_prompt: whether it is PRINTED_PROMPT. */
enum printed_prompt printed_prompt(const struct printed *printed);
bool printed_at_prompt(const struct printed *printed);

/* Whether such an exception, and the prompt behind it, are the last that came: nothing runs any more that could tell of its end. */
bool printed_agent_failed(const struct printed *printed);

/*
 * Whether this board's banner, which is two lines, and the prompt behind it are among the last that came. Behind them the prompt may
 * have shown what was on its way to the program, as one types there.
 */
bool printed_was_reset(const struct printed *printed);

#endif
