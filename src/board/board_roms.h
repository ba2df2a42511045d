/* SPDX-License-Identifier: MIT */
/*
 * board_roms: adds the ROM partitions of the board below it as directories at its top: /romfs0, /romfs1..., for each one that there is,
 * whether the board has mounted it or not, in the place of what has such a name there. They cannot be changed (-EROFS). With another
 * top than the board's own (root=) there are none.
 *
 * An image comes without the contents of its files when its directory is asked for first, and contents as they are read; both are kept
 * while they are right: in one session of the board nothing but a deploy can change a partition, and that needs the port; after a reset,
 * or when the board was away, what is kept is compared with what is there, by SHA-256 where the board has it. An empty partition is an
 * empty directory. Of a damaged image there is one file, ERROR.txt, that says what is wrong with it and where; so does the log, once.
 * An image has no times: what is in it is of 1970, and after it was changed while it was looked at, of when that was noticed.
 */
#ifndef BOARD_BOARD_ROMS_H
#define BOARD_BOARD_ROMS_H

#include "board/board.h"
#include "board/board_agent.h"

struct board_roms_options {
	bool hide;         /* the partitions are not shown, nor the board's /rom where its firmware has mounted one */
	board_log_fn *log; /* any thread; NULL: none */
	void *log_context;
};

/* On success *OUT owns BELOW; on failure BELOW is still the caller's. Asks nobody. Returns 0 or -ENOMEM. */
int board_roms_open(struct board **out, struct board *below, const struct board_roms_options *options);

#endif
