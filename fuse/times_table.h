/* SPDX-License-Identifier: MIT */
/*
 * times_table: the times that are remembered of the board's files and directories, by their paths on the board. Paths are those of
 * board/board.h. One thread at a time.
 */
#ifndef FUSE_TIMES_TABLE_H
#define FUSE_TIMES_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "fuse/times_evidence.h"

struct times_table_entry {
	struct times_table_entry *next; /* in its bucket */
	uint64_t hash;                  /* of the path */
	struct times_evidence evidence;
	struct timespec atime, mtime;
	uint64_t stamp;     /* when it was put: counts up */
	bool old;           /* from before the mount, or the last reset of the board, and not touched since */
	unsigned long seen; /* the listing that had it last */
	char path[];
};

struct times_table {
	struct times_table_entry **buckets;
	size_t bucket_count; /* a power of two */
	size_t count;        /* of entries */
};

/* An empty table. Returns 0 or -ENOMEM. */
int times_table_init(struct times_table *table);

/* Frees what TABLE holds. */
void times_table_destroy(struct times_table *table);

/* Forgets all entries. */
void times_table_clear(struct times_table *table);

/* The entry of PATH; NULL: there is none. */
struct times_table_entry *times_table_find(const struct times_table *table, const char *path);

/* The same, made where it is missing, all zero; NULL: no memory. */
struct times_table_entry *times_table_make(struct times_table *table, const char *path);

/* Goes through all entries, in no order: the one after ENTRY (NULL: the first), or NULL. None may be made or dropped meanwhile. */
struct times_table_entry *times_table_next(const struct times_table *table, const struct times_table_entry *entry);

/* Forgets ENTRY. */
void times_table_drop(struct times_table *table, struct times_table_entry *entry);

typedef bool times_table_choice(struct times_table_entry *entry, void *context);

/* Forgets those of which GOES says so; it is asked for each, and may change what it keeps. Returns how many. */
size_t times_table_drop_if(struct times_table *table, times_table_choice *goes, void *context);

/* Forgets PATH and all below it. Returns how many. */
size_t times_table_remove(struct times_table *table, const char *path);

/*
 * What is at FROM and below is at TO now, and not `old`: who has asked the board before the rename has asked for another file. What
 * was at TO is forgotten, and what there is no memory for.
 */
void times_table_rename(struct times_table *table, const char *from, const char *to);

#endif
