/* SPDX-License-Identifier: MIT */
/*
 * fakeboard: a board in memory, for the tests of what lies above board/board.h. It answers as that header promises, counts what it
 * is asked, and fails or waits when told to. Files have a time that grows with every change, directories none, as on LittleFS.
 *
 * Any thread may call any function. board_close frees it.
 */
#ifndef TESTS_UNIT_FAKEBOARD_H
#define TESTS_UNIT_FAKEBOARD_H

#include <stddef.h>

#include "board/board.h"

enum fakeboard_call {
	FAKEBOARD_STAT,
	FAKEBOARD_LIST,
	FAKEBOARD_READ,
	FAKEBOARD_REPLACE,
	FAKEBOARD_APPEND,
	FAKEBOARD_MKDIR,
	FAKEBOARD_RMDIR,
	FAKEBOARD_REMOVE,
	FAKEBOARD_RENAME,
	FAKEBOARD_STATFS,
	FAKEBOARD_HASH,
	FAKEBOARD_CALLS,
};

/* A board whose root is empty. Returns 0 or -ENOMEM. */
int fakeboard_open(struct board **out);

/* How often CALL was made since the start or fakeboard_forget_calls. */
unsigned fakeboard_count(struct board *board, enum fakeboard_call call);

/* How often any call was made. */
unsigned fakeboard_count_all(struct board *board);

void fakeboard_forget_calls(struct board *board);

/* The next COUNT calls of CALL end with -ERR and change nothing. */
void fakeboard_fail(struct board *board, enum fakeboard_call call, int err, unsigned count);

/* The board goes out of sight in the middle of each of the next COUNT calls of CALL, which end with -EIO, DONE or not. */
void fakeboard_cut(struct board *board, enum fakeboard_call call, bool done, unsigned count);

/* Calls of CALL wait before they do anything, until fakeboard_resume. */
void fakeboard_pause(struct board *board, enum fakeboard_call call);

/* Waits until COUNT calls of CALL wait. */
void fakeboard_await(struct board *board, enum fakeboard_call call, unsigned count);

void fakeboard_resume(struct board *board, enum fakeboard_call call);

/* All files together can have at most BYTES; what would be more is -ENOSPC. */
void fakeboard_set_capacity(struct board *board, uint64_t bytes);

/* The board was out of sight, and is back. */
void fakeboard_new_session(struct board *board);

/* Files that are written from now on have time MTIME (0: none), until the next call; -1: the clock ticks again. */
void fakeboard_stop_clock(struct board *board, int64_t mtime);

/* A program on the board writes or makes file PATH, or removes it (TEXT is NULL), behind everybody's back. Returns 0 or -errno. */
int fakeboard_write(struct board *board, const char *path, const void *text, size_t len);

/* The content of file PATH, to be freed, and its length in *LEN; NULL: there is no such file. A NUL follows the content. */
char *fakeboard_content(struct board *board, const char *path, size_t *len);

#endif
