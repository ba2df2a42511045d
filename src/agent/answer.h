/* SPDX-License-Identifier: MIT */
/* answer: the board's frames, added to the request that they answer. No input, no output. */
#ifndef AGENT_ANSWER_H
#define AGENT_ANSWER_H

#include "agent/exchange.h"

enum answer_event {
	ANSWER_MORE,   /* more of it is to come */
	ANSWER_DONE,   /* it is whole */
	ANSWER_FAILED, /* the board raised: `board_errno`, `words` */
	ANSWER_BAD,    /* a part is missing, or too much came, or this computer has no memory: to be asked again */
};

/* Nothing is there yet of REQUEST's answer. */
void answer_start(struct exchange_request *request);

/* Adds FRAME, an AGENT_DONE, AGENT_MORE or AGENT_FAILED, to REQUEST's answer. */
enum answer_event answer_take(struct exchange_request *request, const struct frame *frame);

/* Whether FRAME, an AGENT_MORE for REQUEST, is a sign of life: there is something in it, and an end to such parts. */
bool answer_brings_on(struct exchange_request *request, const struct frame *frame);

/* What FRAME, an AGENT_HELLO, says; one that is too short says nothing. */
void answer_hello(const struct frame *frame, struct exchange_hello *hello);

#endif
