/* SPDX-License-Identifier: MIT */
/*
 * board_cache: remembers attributes and directories of the board below it. What is changed through it is brought up to date at
 * once; the rest is asked again after the time-out. Content is not kept: the kernel does that.
 */
#ifndef BOARD_BOARD_CACHE_H
#define BOARD_BOARD_CACHE_H

#include "board/board.h"

/*
 * A board that answers from memory for up to TIMEOUT_US microseconds what BELOW answered (0: nothing is kept), with the clock
 * NOW (NULL: CLOCK_MONOTONIC), in microseconds. On success *OUT owns BELOW; on failure BELOW is still the caller's.
 * Returns 0 or -ENOMEM.
 */
int board_cache_open(struct board **out, struct board *below, int64_t timeout_us, int64_t (*now)(void));

#endif
