/* SPDX-License-Identifier: MIT */
/* renaming: renames on the board of board_agent; on FAT, which would remove what is in the way first, with a place for that. */
#ifndef BOARD_RENAMING_H
#define BOARD_RENAMING_H

#include "board/board_agent_state.h"

/* board_rename (board.h). But on FAT it is refused with -ENOSPC to another directory, or in a large one, where little room is left. Any thread. */
int renaming_rename(struct board_agent *board, const char *from, const char *to, bool noreplace);

#endif
