/* SPDX-License-Identifier: MIT */
/*
 * quirkyboard: a board in memory (fakeboard) that answers as MicroPython's file systems do, where Linux answers otherwise. Its twin
 * is the real MicroPython in tests/system/board_mend.sh, which proves that they answer so.
 */
#ifndef UNIT_QUIRKYBOARD_H
#define UNIT_QUIRKYBOARD_H

#include "board/board.h"

enum quirkyboard_kind { QUIRKYBOARD_LFS2, QUIRKYBOARD_LFS1, QUIRKYBOARD_FAT, QUIRKYBOARD_KINDS };

/* An empty board of KIND over a fakeboard. Returns 0 or -ENOMEM. */
int quirkyboard_open(struct board **out, enum quirkyboard_kind kind);

/* From now on / is nothing but the place of /flash and /sd, which are made, each a file system of its own. Returns 0 or -errno. */
int quirkyboard_split(struct board *board);

/* The fakeboard below, which answers as Linux. */
struct board *quirkyboard_below(struct board *board);

/*
 * How often something was lost, or harmed, that Linux would have kept, and no error told of it; or was made under another name than
 * it was to have.
 */
unsigned quirkyboard_losses(struct board *board);

#endif
