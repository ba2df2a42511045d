/* SPDX-License-Identifier: MIT */
/*
 * incoming: what a board with a share sends, taken apart: requests (SHARE in agent/protocol.h), credits, and the program's output, which is
 * every other byte. No input, no output, no clock.
 *
 * The program may print anything, also what begins as a frame. A mark is output at once when what follows looks like no request of ours,
 * damaged or not. Where it does, all from there on is held until it is known what it was: the first try of a request, damaged, when the
 * next request was asked before, or there is a gap before its number (it is dropped then); output when neither is so, or when more has
 * come than a frame can have, or when it is silent for long.
 */
#ifndef SHARE_INCOMING_H
#define SHARE_INCOMING_H

#include "agent/frame.h"

enum incoming_event {
	INCOMING_NONE,    /* more bytes are needed */
	INCOMING_REQUEST, /* in `frame` */
	INCOMING_CREDIT,  /* for the answer under way: `credit_count` halves of the window have been read of it */
	INCOMING_OUTPUT,  /* in `output` */
};

/* What the line has done to the last requests. */
enum incoming_damage {
	INCOMING_CLEAN,       /* nothing: the last came whole at its first try */
	INCOMING_DAMAGED,     /* it was asked again, or behind it came what looks like one, and is not whole, ... */
	INCOMING_END_DAMAGED, /* ... maybe SHARE_END */
};

enum {
	INCOMING_FRAME_MAX = AGENT_HEADER_SIZE + SHARE_PAYLOAD_MAX + AGENT_TRAILER_SIZE,
	INCOMING_REQUEST_MIN = 11,     /* bytes of a request that has lost two */
	INCOMING_SILENCE_US = 2500000, /* longer than a board waits before it asks again... */
	INCOMING_SHORT_US = 200000,    /* ... and what is enough behind so few bytes that they are none of a request */
};

struct incoming {
	struct frame frame;    /* its payload lies in `bytes`, until the next incoming_room */
	const uint8_t *output; /* likewise */
	size_t output_len;
	unsigned credit_count;
	enum incoming_damage damage;

	uint8_t bytes[2 * INCOMING_FRAME_MAX]; /* from here on its own */
	size_t start, scan, end;               /* what is unread begins at `start`; up to `scan` it has been looked at */
	bool held;                             /* start..scan waits */
	bool silent;
	bool started;     /* a request has come... */
	uint8_t sequence; /* ... the last with this number, ... */
	uint8_t run;      /* ... and so many writes before it may have to be sent again */
	bool credits;     /* its answer is longer than the window and on its way */
};

void incoming_init(struct incoming *incoming);

/* Where up to *ROOM bytes (at least 1) can be put that are then told to incoming_fed. */
uint8_t *incoming_room(struct incoming *incoming, size_t *room);
void incoming_fed(struct incoming *incoming, size_t len);

/* The next thing in what was fed. To be called until it returns INCOMING_NONE before more is fed. */
enum incoming_event incoming_next(struct incoming *incoming);

/* Whether credits may come now: an answer to the last request, longer than the window, is being sent. */
void incoming_expect_credits(struct incoming *incoming, bool expected);

/*
 * After how long a silence, in microseconds, incoming_silence is to be called, since something is held or not whole; INT64_MAX: nothing
 * is. incoming_next goes on then.
 */
int64_t incoming_patience(const struct incoming *incoming);
void incoming_silence(struct incoming *incoming);

#endif
