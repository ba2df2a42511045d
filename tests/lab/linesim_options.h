/* SPDX-License-Identifier: MIT */
/* linesim_options: linesim's command line. */
#ifndef LAB_LINESIM_OPTIONS_H
#define LAB_LINESIM_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "tests/lab/channel.h"

struct linesim_options {
	const char *link;             /* what the host opens */
	const char *counters;         /* file for the counters, or NULL */
	const char *trace;            /* file for the trace, or NULL */
	const char *control;          /* FIFO for commands, or NULL */
	struct channel_settings up;   /* host to board */
	struct channel_settings down; /* board to host */
	long buffer;                  /* bytes that the board can receive unread; 0: the terminal's own 4,095 */
	long output;                  /* bytes that the board can write ahead of the line; 0: the terminal's own */
	bool loses;                   /* a byte that finds the board's buffer full is lost; otherwise the line waits */
	bool powered;                 /* the board runs on while it is unplugged */
	bool no_restart;
	uint64_t seed;
	uint64_t kill_at, unplug_at; /* bytes that have reached the board; 0: never */
	int64_t replug_ns;
	char **command; /* NULL-terminated */
};

/*
 * Reads the command line into OPTIONS, which points into ARGV. Returns 0, or the status to exit with (and 1 more) when there is
 * nothing to do: 1 after --help, 3 after a usage error, both said already.
 */
int linesim_options_read(struct linesim_options *options, int argc, char *argv[]);

/* Sets what LIST, as for --to-board, says in SETTINGS, and takes LIST apart. Returns 0, or not, when that is said already. */
int linesim_options_damage(struct channel_settings *settings, char *list);

#endif
