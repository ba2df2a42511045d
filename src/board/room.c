/* SPDX-License-Identifier: MIT */
#include "board/room.h"

#include <string.h>

enum {
	CHANGE = 4,       /* blocks that a change may take for directories, of LittleFS */
	SMALLEST = 128,   /* bytes: no block of LittleFS is smaller */
	POINTERS_MAX = 8, /* bytes that a block of a file keeps for LittleFS, in the mean */
};

void room_init(struct room *room)
{
	*room = (struct room){.block_size = SMALLEST};
	pthread_mutex_init(&room->lock, NULL);
}

void room_destroy(struct room *room)
{
	pthread_mutex_destroy(&room->lock);
}

void room_spend(struct room *room, uint64_t bytes)
{
	pthread_mutex_lock(&room->lock);
	room->spent += CHANGE + (bytes + room->block_size) / (room->block_size - POINTERS_MAX);
	pthread_mutex_unlock(&room->lock);
}

uint64_t room_mark(struct room *room)
{
	pthread_mutex_lock(&room->lock);
	uint64_t mark = room->spent;
	pthread_mutex_unlock(&room->lock);
	return mark;
}

void room_learn(struct room *room, uint64_t mark, unsigned session, const char *path, size_t top,
		const struct board_statfs *statfs)
{
	if (top >= sizeof(room->top))
		return;
	pthread_mutex_lock(&room->lock);
	room->session = session;
	memcpy(room->top, path, top);
	room->top[top] = '\0';
	uint64_t block_size = statfs->block_size > SMALLEST ? statfs->block_size : SMALLEST;
	/* What was spent since the mark was counted in blocks of the size that was known. */
	room->until = block_size >= room->block_size || room->spent == mark ? mark + statfs->blocks_free : 0;
	room->block_size = block_size;
	pthread_mutex_unlock(&room->lock);
}

bool room_has(struct room *room, unsigned session, const char *path, size_t top, uint64_t blocks)
{
	pthread_mutex_lock(&room->lock);
	bool has = top > 0 && strlen(room->top) == top && !memcmp(room->top, path, top) && room->session == session &&
		   room->until >= room->spent && room->until - room->spent >= blocks;
	pthread_mutex_unlock(&room->lock);
	return has;
}
