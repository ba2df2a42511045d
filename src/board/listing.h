/* SPDX-License-Identifier: MIT */
/* listing: the answer of AGENT_LIST (agent/protocol.h), taken apart; nothing in it is trusted. No input, no output. */
#ifndef BOARD_LISTING_H
#define BOARD_LISTING_H

#include <stddef.h>
#include <stdint.h>

#include "board/board.h"

enum { LISTING_STAT_SIZE = 9 }; /* bytes of STAT in agent/protocol.h */

/* The LISTING_STAT_SIZE bytes at P, from a board whose clock counts from EPOCH (seconds since 1970). */
void listing_stat(const uint8_t *p, int64_t epoch, struct board_stat *out);

/* What is not read yet. Set by the caller. */
struct listing {
	const uint8_t *at;
	size_t left;
	int64_t epoch;
};

struct listing_entry {
	char name[256]; /* NUL-terminated */
	struct board_stat stat;
};

enum listing_event {
	LISTING_END,
	LISTING_ENTRY,    /* a name that a directory here can hold */
	LISTING_LEFTOVER, /* such a name, of an incomplete file of ours */
	LISTING_REFUSED,  /* a name that is none: empty, `.`, `..`, or with a `/` or a NUL in it; `name` is not set */
	LISTING_CUT,      /* the answer ends within an entry: what is left makes no sense */
};

/* The next entry, in *ENTRY. After LISTING_END and LISTING_CUT it is called no more. */
enum listing_event listing_next(struct listing *listing, struct listing_entry *entry);

#endif
