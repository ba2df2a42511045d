/* SPDX-License-Identifier: MIT */
/*
 * typed: what the user's stdin has for the program on the board, until it goes there. It goes in small pieces with pauses, since nobody
 * tells whether the program reads it; what the board gives back unread (SHARE_BYTES) goes again, each time after a longer pause. No
 * input, no output, no clock.
 */
#ifndef SHARE_TYPED_H
#define SHARE_TYPED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	TYPED_MAX = 8192,
	TYPED_PIECE = 32,            /* bytes at a time... */
	TYPED_PIECE_US = 10000,      /* ... and the pause after them: a UART's buffer takes a second of it */
	TYPED_QUIET_US = 100000,     /* the pause after an exchange: the next one may follow */
	TYPED_QUIET_MAX_US = 800000, /* the longest, while all comes back */
	TYPED_PUT_OFF = 4,           /* what waits for so many pauses, as exchanges come too fast, halves the pause... */
	TYPED_QUIET_MIN_US = 3000    /* ... down to this */
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
	size_t returned; /* bytes at the start that came back just now */
	size_t sent; /* so many went since it was last known whether the program reads it; the second exchange after tells... */
	unsigned exchanges; /* ... and so many there were */
	bool after_cr;      /* the last byte that was added is a CR */
	int64_t pause;
	int64_t put_off; /* since when exchanges have kept what is here from going; 0: they have not */
	int64_t from;    /* nothing goes before */
};

void typed_init(struct typed *typed);

/* How many bytes of stdin there is room for: with a reserve for what comes back. */
size_t typed_room(const struct typed *typed);

/* Adds LEN BYTES of stdin. With LINES a line's end, LF or CR LF, becomes CR, which is what a terminal's Enter sends. */
void typed_add(struct typed *typed, const uint8_t *bytes, size_t len, bool lines);

/* The board gives back LEN BYTES, unread: they come first, behind what it gave back just before. */
void typed_returned(struct typed *typed, const uint8_t *bytes, size_t len);

/* An exchange has ended at NOW: that of typed_returned (CAME_BACK) or another. */
void typed_exchanged(struct typed *typed, bool came_back, int64_t now);

/* How many of the first bytes may go at NOW, or 0; when more may at the latest in *NEXT (INT64_MAX: there is nothing). */
size_t typed_due(const struct typed *typed, int64_t now, int64_t *next);

/* LEN of them have gone at NOW. */
void typed_sent(struct typed *typed, size_t len, int64_t now);

#endif
