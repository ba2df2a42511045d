/* SPDX-License-Identifier: MIT */
/*
 * board_agent_state: what a board of board_agent is made of, for the files that do its work: requests.c (one request), greeting.c (who
 * the board is), reading.c, writing.c, renaming.c, roms.c, and board_agent.c, which opens it and answers board.h. No other file
 * includes this.
 */
#ifndef BOARD_BOARD_AGENT_STATE_H
#define BOARD_BOARD_AGENT_STATE_H

#include <pthread.h>
#include <stdatomic.h>

#include "agent/agent.h"
#include "agent/packer.h"
#include "board/ahead.h"
#include "board/board_agent.h"
#include "board/board_rom.h"
#include "board/identity.h"
#include "board/mounts.h"
#include "board/room.h"

struct board_agent {
	struct board base;
	struct agent *agent;
	struct ahead *ahead;
	struct bytelink *link; /* the agent's */
	struct board_agent_options options;
	char *purpose; /* owned, as the next two */
	char *root;    /* "" for "/" */
	bool root_given;
	char *device;
	char *mount_point; /* until the board was met; NULL: none */
	bool is_mount;     /* there was one */
	bool met;
	struct identity identity;
	_Atomic int64_t epoch;     /* of the board's clock, in seconds since 1970 */
	atomic_bool hashes;        /* the board has SHA-256 */
	atomic_int offered_bits;   /* the window that it has memory for, to inflate; 0: none */
	atomic_int rom_count, mpy; /* ROM partitions, -1: firmware that has none; its sys.implementation._mpy */
	struct mounts mounts;
	struct room room; /* what a rename asks for */
	struct board_info info;
	char warning[768];

	pthread_mutex_t loading; /* of parts of the agent; guards the next four */
	unsigned loaded;         /* parts for ROM partitions that are on the board, as bits of roms.c's... */
	unsigned loaded_for;     /* ...in this session of the agent */
	int partition_number;    /* of the ROM partition that was asked for last in that session; -1: none was */
	struct board_partition partition;

	pthread_mutex_t writing; /* the board writes one file at a time; guards all below */
	struct packer *packer;
	int window_bits;        /* of `packer`; 0: the board is not asked to inflate */
	bool plain;             /* it has failed to: never again */
	atomic_uint packed_for; /* the agent's session that has what was packed so far; written with `writing` held */
};

/* A printf-style message to the log that BOARD was opened with. LEVEL is syslog(3)'s. Any thread. */
void board_agent_log(struct board_agent *board, int level, const char *format, ...) __attribute__((format(printf, 3, 4)));

#endif
