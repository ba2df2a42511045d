/* SPDX-License-Identifier: MIT */
/*
 * share_input: what the user has for the board, as it goes there between two exchanges: Ctrl-C first, then what was typed, which waits
 * while the board is reset; and where a REPL's stdin has ended, when the board has answered all that came of it. Does not wait.
 */
#ifndef SHARE_SHARE_INPUT_H
#define SHARE_SHARE_INPUT_H

#include "share/printed.h"
#include "share/share_line.h"
#include "share/share_user.h"

struct share_input {
	struct share_user *user; /* these three are the caller's */
	struct share_line *line;
	struct printed *printed;
	int64_t held_until; /* from here on its own: where a soft reset is under way, what is piped waits for its end */
	unsigned enters;    /* so many were typed in the user's place */
	bool told;          /* it was said that what is piped can be lost */
};

/*
 * Sends what may go now: Ctrl-C, where the user wants one, and with TYPED what was typed. *FULL: the link takes no more; *NEXT: when there
 * is more to send at the latest. Returns 0 or a negative errno of the link's, as share_line_send.
 */
int share_input_send(struct share_input *input, bool typed, bool *full, int64_t *next);

/* When a REPL has answered all that stdin had for it until its end, or never will; INT64_MAX: that is not known. */
int64_t share_input_over_at(const struct share_input *input);

/* To be called then. Returns whether that was all: in the middle of a statement Enter is typed first. */
bool share_input_end(struct share_input *input);

#endif
