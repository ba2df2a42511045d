/* SPDX-License-Identifier: MIT */
/*
 * writing: the contents of files onto the board of board_agent, one file at a time: packed, as a temporary that becomes the file, or in
 * place where there is no room for both. What a power cut left of that is put in order here, too (leftovers.h).
 */
#ifndef BOARD_WRITING_H
#define BOARD_WRITING_H

#include "board/board_agent_state.h"

/* Before all others, when the agent runs: makes the packer, and puts leftovers in order. Returns 0 or -ENOMEM. */
int writing_start(struct board_agent *board);

/* board_replace and board_append (board.h). Any thread; a second writer waits for the first. */
int writing_replace(struct board_agent *board, const char *path, const struct board_content *content, struct board_stat *out);
int writing_append(struct board_agent *board, const char *path, const struct board_content *content, uint64_t from,
		   struct board_stat *out);

/*
 * From the one to the other the board's packer is the caller's: a second writer waits. For content that is not a file's. In between,
 * the board may be without memory for a window (-ENOMEM): then it gets all as it is from now on, unless that changes nothing (false).
 */
void writing_begin(struct board_agent *board);
bool writing_give_up_packing(struct board_agent *board);
void writing_end(struct board_agent *board);

/* Whether a change of file PATH, which is there, failed with -EACCES because FAT has it marked read-only. Says so in the log. Any thread. */
bool writing_is_read_only(struct board_agent *board, const char *path);

/*
 * The board may have been out of sight: puts in order what was being written then, unless somebody writes now, who does it himself.
 * Returns whether that had to be done: what was asked before may be otherwise now. Any thread.
 */
bool writing_catch_up(struct board_agent *board);

/*
 * Puts the leftovers in order that are in the answer of AGENT_LIST for DIR, LEN bytes at ANSWER, unless somebody writes now: what is
 * written is no leftover. Returns whether one of them became a file, which is not in the answer. Any thread.
 */
bool writing_settle(struct board_agent *board, const char *dir, const uint8_t *answer, size_t len);

#endif
