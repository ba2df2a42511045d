/* SPDX-License-Identifier: MIT */
/*
 * kept_times: the times that the board cannot keep, kept on this computer.
 *
 * A board's clock is often wrong or missing, it has no utime, and LittleFS gives directories no time at all. So what the mount
 * writes carries this computer's time, remembered here by path, together with what the board said of the file then. When the board
 * says something else, the file is not the one that was remembered, and its times do not count.
 *
 * Any thread may call; nothing blocks. Paths are those of board/board.h.
 */
#ifndef FUSE_KEPT_TIMES_H
#define FUSE_KEPT_TIMES_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include "board/board.h"

struct kept_times;

struct kept_times_pair {
	struct timespec atime, mtime;
};

/* An empty memory in *OUT, to be freed with kept_times_close. Returns 0 or -ENOMEM. */
int kept_times_open(struct kept_times **out);

/* Frees TIMES; NULL is accepted. */
void kept_times_close(struct kept_times *times);

/*
 * Remembers PAIR for PATH, of which the board says ON_BOARD now. A directory's time on the board is taken from the next
 * kept_times_get instead: whoever changes something in a directory does not know what the board made of its time.
 * Where there is no memory the entry is lost: the board's own time shows then.
 */
void kept_times_put(struct kept_times *times, const char *path, const struct board_stat *on_board,
		    const struct kept_times_pair *pair);

/*
 * What is remembered for PATH, into *PAIR, if the board says of it now what it said then; otherwise *PAIR is left alone. The entry
 * stays: ON_BOARD may be older than it. Returns whether *PAIR was filled.
 */
bool kept_times_get(struct kept_times *times, const char *path, const struct board_stat *on_board, struct kept_times_pair *pair);

/* Forgets PATH and all below it. */
void kept_times_remove(struct kept_times *times, const char *path);

/* What is remembered for FROM and all below it belongs to TO now; what was remembered for TO is forgotten. */
void kept_times_rename(struct kept_times *times, const char *from, const char *to);

#endif
