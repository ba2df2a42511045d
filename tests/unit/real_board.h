/* SPDX-License-Identifier: MIT */
/*
 * real_board: scripts/board, a real MicroPython with a flash of its own, for unit tests that need one. Each has a folder of its own
 * in $TMPDIR (or /tmp).
 */
#ifndef UNIT_REAL_BOARD_H
#define UNIT_REAL_BOARD_H

#include <stdbool.h>

/* Whether there is a MicroPython on this computer; if not, says so on stderr. */
bool real_board_there(void);

struct real_board {
	char dir[128];
	char device[1024]; /* for device_open */
};

/* A new, blank flash for a board with the OPTIONS of scripts/board. Nothing is started before the device is opened. */
void real_board_make(struct real_board *board, const char *options);

/* The same without a flash: its files are this computer's, and it starts in the board's folder. */
void real_board_make_posix(struct real_board *board);

/* Removes the folder, with the flash. */
void real_board_remove(struct real_board *board);

#endif
