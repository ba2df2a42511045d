/* SPDX-License-Identifier: MIT */
/*
 * own_writes: which changes of files are the board's own, as they are told: each begins with own_writes_begin for its path, or two, and ends
 * with own_writes_end. A file that the board has then opened for writing is its own until it is closed. No input, no output, no clock.
 *
 * Where too many are told of, or somebody else writes a file that the board has open, one of the board's changes may be taken for
 * somebody else's; never the other way round for longer than the board has the file open.
 */
#ifndef SHARE_OWN_WRITES_H
#define SHARE_OWN_WRITES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { OWN_WRITES_MAX = 64, OWN_WRITES_PATHS = 2 };

/* One of zeros knows of none. */
struct own_writes {
	struct own_write {
		uint64_t path; /* a hash */
		unsigned count;
	} writes[OWN_WRITES_MAX];
	size_t len;
	uint64_t now[OWN_WRITES_PATHS]; /* what is changed this moment */
	size_t now_len;
};

/* The board is about to change PATH. */
void own_writes_begin(struct own_writes *own, const char *path);

/* It has. With OPENED the file is open for writing now. */
void own_writes_end(struct own_writes *own, bool opened);

/* Whether PATH is changed by the board, or open for writing. */
bool own_writes_has(const struct own_writes *own, const char *path);

/* Somebody has closed PATH, after writing. Returns whether that was the board. */
bool own_writes_closed(struct own_writes *own, const char *path);

/* The name PATH has come or gone. Returns whether that was the board; if not, the board's file is another one from now on. */
bool own_writes_moved(struct own_writes *own, const char *path);

/* Forgets all. */
void own_writes_forget(struct own_writes *own);

#endif
