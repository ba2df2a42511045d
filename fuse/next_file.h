/* SPDX-License-Identifier: MIT */
/*
 * next_file: guesses which file is read after the one that is being read, and hints it to the board, so that the line does not
 * rest between the files of a tree that is copied. Programs go through a directory by inode number, as cp and tar do, or by name,
 * as rsync and grep do: whoever has read two neighbours in a row is taken to go on. A guess that is wrong costs one small read.
 */
#ifndef FUSE_NEXT_FILE_H
#define FUSE_NEXT_FILE_H

#include "board/board.h"

struct next_file;

/* The inode number of the file NAME in the directory that the caller is reading in. */
typedef uint64_t next_file_number_fn(void *context, const char *name);

/* On success *OUT is to be closed with next_file_close. BOARD outlives it. Returns 0 or -ENOMEM. */
int next_file_open(struct next_file **out, struct board *board);

/* NULL is accepted. */
void next_file_close(struct next_file *next);

/*
 * File PATH is about to be read from its start. NUMBER (with CONTEXT) is called during the call only. Blocks no longer than a
 * board_list that is mostly answered from memory. Any thread.
 */
void next_file_reading(struct next_file *next, const char *path, next_file_number_fn *number, void *context);

#endif
