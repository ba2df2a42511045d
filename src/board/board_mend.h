/* SPDX-License-Identifier: MIT */
/*
 * board_mend: makes a board answer as Linux does, where its file systems answer otherwise (see the table in tests/system and
 * MicroPython's extmod/vfs_*.c): it looks before a call that the board would take wrongly, and finds the right word behind one
 * that failed with the wrong one. It brings changes of names to their end in which the board went out of sight (redo.h). What it asks is answered by the board_cache below it, mostly without an exchange.
 */
#ifndef BOARD_BOARD_MEND_H
#define BOARD_BOARD_MEND_H

#include "board/board.h"

/* On success *OUT owns BELOW; on failure BELOW is still the caller's. LOG may be NULL. Returns 0 or -ENOMEM. */
int board_mend_open(struct board **out, struct board *below, board_log_fn *log, void *log_context);

#endif
