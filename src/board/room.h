/* SPDX-License-Identifier: MIT */
/*
 * room: how many blocks one of a board's file systems has free at least, as far as this is known without asking. To answer that,
 * LittleFS reads through all that it holds, which takes a large flash a second. No input or output. Any thread may call.
 */
#ifndef BOARD_ROOM_H
#define BOARD_ROOM_H

#include <pthread.h>

#include "board/board.h"

struct room {
	pthread_mutex_t lock;
	uint64_t spent; /* blocks that may have been taken since the start: never fewer than there were */
	/* What was learnt last. */
	unsigned session;    /* the agent's: in another one somebody else may have written */
	char top[64];        /* of the file system, with its slash; "": nothing was learnt */
	uint64_t block_size; /* bytes */
	uint64_t until;      /* when so much is spent, nothing may be free */
};

void room_init(struct room *room);
void room_destroy(struct room *room);

/* A change goes to the board, which adds BYTES to a file. */
void room_spend(struct room *room, uint64_t bytes);

/* To be called before the board is asked; its value is for room_learn. */
uint64_t room_mark(struct room *room);

/* In SESSION the board has answered STATFS for the file system whose top is the first TOP bytes of PATH. MARK: from before. */
void room_learn(struct room *room, uint64_t mark, unsigned session, const char *path, size_t top,
		const struct board_statfs *statfs);

/* Whether that file system has certainly BLOCKS free. */
bool room_has(struct room *room, unsigned session, const char *path, size_t top, uint64_t blocks);

#endif
