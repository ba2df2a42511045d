/* SPDX-License-Identifier: MIT */
/*
 * typed: what the user's stdin has for the program on the board, until the program has it. It goes in small pieces with pauses, and what has
 * gone is kept: the board tells how many bytes it found unread (SHARE_BYTES), and these go again, each time after a longer pause. No
 * input, no output, no clock.
 *
 * What comes from a pipe must not be lost on a UART, where nothing holds back its writer: no more is on its way than half of a board's ring
 * buffer takes, until something tells that it was read:
 *   - a request: the board has emptied its ring for it. This is certain.
 *   - silence behind output, as of a program that waits for more. It may be chance once, which is why it is half a ring; from then on the
 *     silence has to be twice as long as those in which the program did not wait.
 * Where TYPED_STUCK_US bring neither, the program may read without a word, or not at all: what waits goes on `regardless`, until one of
 * them comes again. What the program does not read can be lost then.
 */
#ifndef SHARE_TYPED_H
#define SHARE_TYPED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	TYPED_MAX = 32768,           /* more than is on any way to a board... */
	TYPED_WAITING = 4096,        /* ... and what is read of stdin ahead of it */
	TYPED_PIECE = 32,            /* bytes at a time... */
	TYPED_PIECE_US = 10000,      /* ... and the pause after them, */
	TYPED_SLOW_US = 20000,       /* or regardless of a full ring: a program that is busy for a moment loses nothing */
	TYPED_QUIET_US = 100000,     /* the pause after an exchange: the next one may follow */
	TYPED_QUIET_MAX_US = 800000, /* the longest, while all comes back */
	TYPED_PUT_OFF_US = 200000,   /* a program that asks without such a pause gets a piece all the same */
	TYPED_RING = 127,            /* half of the smallest ring of a board on a UART */
	TYPED_SILENT_US = 30000,     /* no silence that tells anything is shorter */
	TYPED_STUCK_US = 5000000     /* so long a full ring waits for a word of the program */
};

/* Keys that mean something on their way to the board. */
enum {
	TYPED_CTRL_B = 2,
	TYPED_CTRL_C = 3,
	TYPED_CTRL_D = 4,
	TYPED_CTRL_RIGHT_BRACKET = 0x1d,
};

struct typed {
	uint8_t bytes[TYPED_MAX];
	size_t len;
	size_t sent;    /* the first so many have gone, and may be unread; of these... */
	size_t mark;    /* ... so many before the last request came */
	unsigned tries; /* the TRY of the last request that was answered first */
	bool after_cr;  /* the last byte that was added is a CR */
	int64_t pause;
	int64_t from;    /* nothing goes before */
	int64_t put_off; /* something could have gone then, but for the exchanges; 0: nothing waits for their end */

	bool loses;  /* the line loses what nobody reads, and that must not be */
	size_t ring; /* so many may be in the board's ring */
	bool regardless;
	bool answered;       /* the program has printed something since they went */
	bool believed;       /* silence was taken for reading since the last request */
	int64_t said, heard; /* when something went, but not regardless, and when the program printed something */
	int64_t gap;         /* how long it can be silent without waiting for input; 3/8 of it are forgotten each time */
};

void typed_init(struct typed *typed);

/* A program begins, on a board whose line LOSES what is not read; what had gone was for another. */
void typed_begin(struct typed *typed, bool loses);

/* Forgets all that waits, and what has gone. */
void typed_drop(struct typed *typed);

/* What waits to go, and how much that is. */
const uint8_t *typed_waiting(const struct typed *typed, size_t *len);

/* How many bytes of stdin there is room for, TYPED_WAITING at most. */
size_t typed_room(const struct typed *typed);

/* Adds LEN BYTES of stdin. With LINES a line's end, LF or CR LF, becomes CR, which is what a terminal's Enter sends. */
void typed_add(struct typed *typed, const uint8_t *bytes, size_t len, bool lines);

/* A new request has come that is to be answered; the board had asked TRIES times before. */
void typed_asked(struct typed *typed, unsigned tries);

/* The same, of SHARE_BYTES, which says SURE, MAYBE and SEEN of the request before it. */
void typed_returned(struct typed *typed, unsigned tries, size_t sure, size_t maybe, unsigned seen);

/*
 * The last request has come again, as TRY TRIES. Where an answer to it had gone (ANSWERED), the board does not count what went since then:
 * that waits again.
 */
void typed_asked_again(struct typed *typed, unsigned tries, bool answered);

/* The answer has gone at NOW, or is given up. */
void typed_exchanged(struct typed *typed, int64_t now);

/* The program printed something at NOW. */
void typed_heard(struct typed *typed, int64_t now);

/* How many of the bytes that wait may go at NOW, or 0; when to ask again at the latest in *NEXT (INT64_MAX: nothing waits). */
size_t typed_due(struct typed *typed, int64_t now, int64_t *next);

/* LEN of them have gone at NOW. */
void typed_sent(struct typed *typed, size_t len, int64_t now);

#endif
