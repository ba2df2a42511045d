/* SPDX-License-Identifier: MIT */
/* session: a board, reached for the time of a command. */
#ifndef CLI_SESSION_H
#define CLI_SESSION_H

#include <stdatomic.h>

#include "board/board_agent.h"
#include "board/board_rom.h"
#include "bytelink/device_args.h"
#include "cli/failure.h"

struct session {
	struct board *agent; /* that has the ROM partitions; owned by BOARD */
	struct board *board; /* its files, as Linux sees files; NULL: not open */
	int signals;         /* a signalfd of Ctrl-C and its like; -1: they end the program */
	atomic_bool stopped; /* one of them has come */
};

/*
 * Reaches the board of ARGS for COMMAND, which others are told that want its port. USE is what it is reached for. Once it is
 * reached Ctrl-C and its like do not end the program, which would leave the board without its prompt: session_is_stopped tells of them.
 * Returns 0, or a negative errno with FAILURE. session_close comes in any case.
 */
int session_open(struct session *session, const struct device_args *args, const char *command, enum board_agent_use use,
		 struct failure *failure);

bool session_is_stopped(struct session *session);

/* The same for the ways out: -EINTR with FAILURE, or 0. */
int session_check(struct session *session, struct failure *failure);

/* The board has its prompt again. */
void session_close(struct session *session);

#endif
