/* SPDX-License-Identifier: MIT */
/*
 * times_store: where kept_times lie between two mounts: a file for each board, in a folder of this computer.
 *
 * The folder is $XDG_STATE_HOME/mpremotefs/times, or ~/.local/state/mpremotefs/times, for root without XDG_STATE_HOME
 * /var/lib/mpremotefs/times. Nobody but its owner may enter it, and a folder that belongs to somebody else is not used. A file's
 * name is made of the board's name and can be told from it, but is never a path of the board's making.
 *
 * A thread of its own brings changes there, a while after the first: a mount that is killed loses what is younger. A file is
 * replaced whole or not at all. One that is damaged, of another version or of another board counts for none, and is replaced.
 * Where the folder cannot be used the log says so once, and times are kept until the mount ends.
 */
#ifndef FUSE_TIMES_STORE_H
#define FUSE_TIMES_STORE_H

#include <stddef.h>

#include "board/board.h"
#include "board/board_agent.h"
#include "fuse/kept_times.h"

enum { TIMES_STORE_PATIENCE = 3 /* seconds between a change and its being saved */ };

struct times_store;

/*
 * The name of the board that INFO tells of into NAME: its unique id; without one the serial number of its USB port; without that
 * the DEVICE that leads to it. An id that firmware gives to all boards, all its digits the same, is none.
 */
void times_store_board(char *name, size_t size, const struct board_info *info);

/* The folder, as above, in a string to be freed; NULL: there is none, or no memory. */
char *times_store_folder(void);

struct times_store_options {
	const char *folder;
	const char *board;           /* its name */
	void (*look)(void *context); /* called by the store's thread before it looks for changes; may block; NULL: nothing */
	void *look_context;
	board_log_fn *log; /* NULL: none */
	void *log_context;
};

/*
 * Fills TIMES, which is empty and outlives the store, with what the folder has of the board, and keeps it saved from now on. On
 * success *OUT is to be closed with times_store_close. Returns 0, -ENOMEM, or -EAGAIN: no thread.
 */
int times_store_open(struct times_store **out, struct kept_times *times, const struct times_store_options *options);

/* Saves what has changed and frees STORE; NULL is accepted. */
void times_store_close(struct times_store *store);

#endif
