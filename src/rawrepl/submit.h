/* SPDX-License-Identifier: MIT */
/* submit: gives code to a board at the raw REPL's prompt, at the pace that it takes, and collects the answer. */
#ifndef RAWREPL_SUBMIT_H
#define RAWREPL_SUBMIT_H

#include "rawrepl/reply.h"
#include "rawrepl/talk.h"

struct submit {
	struct talk *talk; /* its deadline ends all this */
	bool raw_paste;    /* ask for raw-paste; becomes false when the board turns out to have none */
	char *out;         /* for the output, of SIZE bytes; may be NULL */
	size_t size;
	bool (*output)(void *context, unsigned char byte); /* as struct reply's; may be NULL */
	void *context;
	int64_t silence_us; /* the deadline is so far behind the last piece taken and the last sign of life; 0: it stands */
	struct reply reply; /* the answer */
};

/*
 * Runs LEN bytes (not 0) of Python CODE, which must hold none of the bytes 01 to 04, and waits for its end.
 * Returns 0 when the answer is whole (the code may have raised: reply.error), or a negative errno:
 *   -ETIMEDOUT  the deadline came first, -EPROTO the answer made no sense, or the link's own
 */
int submit_code(struct submit *submit, const char *code, size_t len);

#endif
