/* SPDX-License-Identifier: MIT */
/*
 * file_times: the times that a file or directory of the board has for this computer: those that are kept, as long as they count,
 * and otherwise the board's own. It asks the board for the evidence that kept_times.h wants to see.
 *
 * WHAT THAT COSTS. For each directory that has an entry one listing, when its time is asked for; it is remembered, and what
 * asks for a directory's time mostly lists it next. For files with an entry nothing where the board has usable times, but for
 * those that were written in the last seconds of a mount; for these, and on other boards, their hashes, of which the board
 * computes some at a time (FILE_TIMES_GROUP files, together at most 64 KiB; longer ones alone) and sends 53 bytes for each. So
 * `ls` asks for nothing, a `stat` waits for one small group, and `ls -l` of N files asks for N hashes in N/16 steps, in which
 * others get their turn. All that happens once in a mount, and once more after a reset of the board.
 *
 * Any thread may call any function; those that ask the board block.
 */
#ifndef FUSE_FILE_TIMES_H
#define FUSE_FILE_TIMES_H

#include "board/board.h"
#include "fuse/kept_times.h"

enum { FILE_TIMES_GROUP = 16 };

/* The times of PATH, of which BOARD says ON_BOARD now, into *PAIR. A board that fails now tells its own times. */
void file_times_get(struct board *board, struct kept_times *times, const char *path, const struct board_stat *on_board,
		    struct kept_times_pair *pair);

/* The same without asking the board. Returns false, with nothing in *PAIR, when it would have to be asked. */
bool file_times_peek(struct kept_times *times, const char *path, const struct board_stat *on_board, struct kept_times_pair *pair);

/*
 * Asks the board for a sign of life, if that proves that times on the board tell, which were too young for it. To be called
 * every few seconds while the mount lasts.
 */
void file_times_look(struct board *board, struct kept_times *times);

/*
 * Asks the board, before the mount ends, for evidence that is missing: on files that were only appended to or touched, and on
 * directories in which something was changed but that nobody listed. Limited to a moment: what is left then is not kept, but
 * for files that only need to become a little older: that is waited for, TIMES_EVIDENCE_STEP_US at most, by PAUSE (NULL:
 * nanosleep).
 */
void file_times_settle(struct board *board, struct kept_times *times, void (*pause)(int64_t us));

#endif
