/* SPDX-License-Identifier: MIT */
/* board_agent: the files of a real board, by the agent that runs on it. */
#ifndef BOARD_BOARD_AGENT_H
#define BOARD_BOARD_AGENT_H

#include "board/board.h"
#include "bytelink/device.h"

/* What it is asked for, which is on the board from the start. For a use of its ROM partitions (board_rom.h) it is reached sooner. */
enum board_agent_use {
	BOARD_AGENT_FILES, /* and, later, all else */
	BOARD_AGENT_ROMS,  /* ROM partitions, and no file */
	BOARD_AGENT_ROM_CHANGES,
};

struct board_agent_options {
	struct device_options device;
	const char *root;              /* the board directory that is the top; NULL: "/" */
	const char *mount_point;       /* absolute real path on this computer, to refuse a board that holds it; NULL: none */
	int64_t timeout_us;            /* the longest silence of a live board, and the time to reach it, in microseconds */
	int64_t reconnect_us;          /* how long a call waits for a board that is away; 0: at most a second */
	bool nointerrupt;              /* refuse rather than stop a running program */
	bool read_only;                /* nothing on the board is changed, not even what an ended session left behind */
	enum board_agent_use use;      /* where it is no file, read_only */
	bool noreconnect;              /* a board that was reset meanwhile is left alone if it runs a program */
	bool restart;                  /* soft-reset the board at the end, so that main.py runs again */
	bool settime;                  /* set the board's clock from this computer's */
	bool trace;                    /* frames, readable, to the log */
	bool (*ending)(void *context); /* whether nobody is to wait for the board any more; any thread may ask; NULL: never */
	void *ending_context;
	board_log_fn *log; /* may be called from any thread; NULL: none */
	void *log_context;
};

/*
 * Reaches the board at DEVICE, puts the agent on it and asks what it is. No thread is started before board_agent_run.
 * On success *OUT is the board, to be closed with board_close; on failure *OUT is NULL and DIAG says why.
 *
 * A board that was unplugged or reset is served again when it is back (agent/agent.h). It is known by its unique id; where it has none,
 * by the serial number of its USB port; without that, by what it says it is, at the same DEVICE. Another one is left at its prompt.
 */
int board_agent_open(struct board **out, const char *device, const struct board_agent_options *options, struct diag *diag);

/*
 * Starts the line thread of BOARD, which must come from board_agent_open: call it after the fork to the background and before
 * any other board_ function. Returns 0 or a negative errno.
 */
int board_agent_run(struct board *board);

#endif
