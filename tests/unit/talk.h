/* SPDX-License-Identifier: MIT */
/*
 * talk: an exchange with a clock of its own, what it has sent, and a board whose words the test writes by hand. What they do not say
 * otherwise must succeed.
 */
#ifndef UNIT_TALK_H
#define UNIT_TALK_H

#include "agent/exchange.h"

enum { START = 5000000, TIMEOUT = 10000000, SECOND = 1000000, MS = 1000, EMPTY = AGENT_HEADER_SIZE + AGENT_TRAILER_SIZE };

struct talk {
	struct exchange *exchange;
	int64_t now;
	uint8_t sent[8 * FRAME_SIZE_MAX];
	size_t sent_len;
	struct frame_reader reader; /* of what was sent */
	unsigned traced_out, traced_in, traced_words;
};

/* For cmocka: *STATE is a talk at START, of an exchange with TIMEOUT. */
int talk_set_up(void **state);
int talk_tear_down(void **state);

/* Takes all, or at most LIMIT bytes, of what the exchange wants to send now. Returns how many. */
size_t talk_transmit(struct talk *talk);
size_t talk_transmit_some(struct talk *talk, size_t limit);

/* The next whole frame of what was sent, which has to be there. */
const struct frame *talk_next_sent(struct talk *talk);

/* The same, which has to have this TYPE and PAYLOAD. Returns its number. */
uint8_t talk_expect_sent(struct talk *talk, uint8_t type, const void *payload, size_t len);

/* Nothing else was sent, nor is to be sent now. */
void talk_expect_nothing_sent(struct talk *talk);

/* The board says these bytes; a frame; that it has read the COUNTth half window of frame SEQUENCE. */
void talk_hear(struct talk *talk, const void *bytes, size_t len);
void talk_answer(struct talk *talk, uint8_t type, uint8_t sequence, const void *payload, size_t len);
void talk_credit(struct talk *talk, uint8_t sequence, uint8_t count);

/* Lets AFTER microseconds pass, with a tick whenever one is due, and all sent that is to be sent. */
void talk_pass(struct talk *talk, int64_t after);

/* A request that only reads, with an answer of SIZE bytes to go into ROOM, and one that changes something. */
struct exchange_request talk_read_request(const char *payload, void *room, size_t size);
struct exchange_request talk_change_request(const void *payload, size_t len);

void talk_add(struct talk *talk, struct exchange_request *request);

/* REQUEST is the next that has ended, with RESULT; none has ended. */
void talk_expect_finished(struct talk *talk, struct exchange_request *request, int result);
void talk_expect_none_finished(struct talk *talk);

#endif
