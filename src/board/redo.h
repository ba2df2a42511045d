/* SPDX-License-Identifier: MIT */
/*
 * redo: changes of names that are brought to their end when the board went out of sight in the middle of them.
 *
 * The board may have done such a change or not, and its answer is lost. When it is back it is looked at: what was done has
 * succeeded, what was not is done again. Where that cannot be told, because somebody else changed something there meanwhile, it is
 * -EIO, and the log names the path. It is -EIO also where the board is not back in time (reconnect=).
 *
 * All of them return what board_mkdir... return. The caller has looked before, and keeps others from changing these names meanwhile.
 */
#ifndef BOARD_REDO_H
#define BOARD_REDO_H

#include "board/board.h"

struct redo {
	struct board *board;
	board_log_fn *log; /* NULL: none */
	void *log_context;
};

/* Makes directory PATH, where nothing is. */
int redo_mkdir(const struct redo *redo, const char *path);

/* Removes directory PATH, which is there. */
int redo_rmdir(const struct redo *redo, const char *path);

/* Removes file PATH, which is WAS. */
int redo_remove(const struct redo *redo, const char *path, const struct board_stat *was);

/* Renames FROM, which is SOURCE, to TO, which is TARGET (NULL: nothing is there). */
int redo_rename(const struct redo *redo, const char *from, const struct board_stat *source, const char *to,
		const struct board_stat *target);

#endif
