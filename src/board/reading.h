/* SPDX-License-Identifier: MIT */
/* reading: the contents of files on the board of board_agent; requests go there in numbers, so that the line never rests. */
#ifndef BOARD_READING_H
#define BOARD_READING_H

#include "board/board_agent_state.h"

/* board_read, board_ahead and board_hash (board.h). Any thread. */
ssize_t reading_read(struct board_agent *board, const char *path, void *buf, size_t len, uint64_t offset);
void reading_ahead(struct board_agent *board, const char *path, uint64_t size);
int reading_hash(struct board_agent *board, struct board_hash *files, size_t count);

#endif
