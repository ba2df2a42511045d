/* SPDX-License-Identifier: MIT */
/* listing: the entries of a directory, as an open directory handle holds them. Plain data; one thread at a time. */
#ifndef FUSE_LISTING_H
#define FUSE_LISTING_H

#include <stddef.h>
#include <stdint.h>

#include "board/board.h"

struct listing_entry {
	char *name;
	struct board_stat on_board;
};

/* All zero: empty. */
struct listing {
	struct listing_entry *entries;
	size_t count, room;
	uint64_t changes; /* nodes_changes before it was made */
};

/* Adds a copy of NAME at the end, with ON_BOARD. Returns 0 or -ENOMEM. */
int listing_add(struct listing *listing, const char *name, const struct board_stat *on_board);

/* Frees what LISTING holds; it is empty then. */
void listing_clear(struct listing *listing);

#endif
