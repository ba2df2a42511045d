/* SPDX-License-Identifier: MIT */
/* spelling: how a name is spelled on FAT, which finds it whatever the case of its letters. */
#ifndef FUSE_SPELLING_H
#define FUSE_SPELLING_H

#include "board/board.h"

/*
 * Finds the entry PATH, in a directory on FAT, and puts its name as the board lists it into NAME. Returns 1, 0 when there is none,
 * or a negative errno of board_list.
 */
int spelling_find(struct board *board, const char *path, char name[256]);

#endif
