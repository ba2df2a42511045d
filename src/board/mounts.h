/* SPDX-License-Identifier: MIT */
/* mounts: the line that tells a board's file systems (file_systems.h), for threads that look at it while the board tells it anew. */
#ifndef BOARD_MOUNTS_H
#define BOARD_MOUNTS_H

#include <stdatomic.h>

struct mounts_line;

/* Zeroed by the caller. */
struct mounts {
	_Atomic(struct mounts_line *) newest;
};

/* The board tells LINE, which is cut to 255 bytes. One thread at a time. Returns 0 or -ENOMEM: all is as it was. */
int mounts_learn(struct mounts *mounts, const char *line);

/* What was told last: "" at first. Lives as long as MOUNTS. Any thread. */
const char *mounts_now(struct mounts *mounts);

/* Frees all lines. No other thread uses MOUNTS any more. */
void mounts_free(struct mounts *mounts);

#endif
