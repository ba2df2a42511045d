/* SPDX-License-Identifier: MIT */
/* romfs_walk: all entries of a ROM image with their paths, a directory before what is in it. No input or output, no memory to free. */
#ifndef ROMFS_ROMFS_WALK_H
#define ROMFS_ROMFS_WALK_H

#include "romfs/romfs_format.h"
#include "romfs/romfs_reader.h"

struct romfs_walk {
	const struct romfs_reader *reader;
	char path[ROMFS_PATH_MAX + 1]; /* of the entry that came last, or that has a fault: "lib/net.py"; "": the top itself */
	size_t depth;                  /* how many directories that entry lies in, the top counted */
	/* of the walk itself */
	bool enter; /* the entry that came last is a directory, into which it goes next */
	struct romfs_cursor inside;
	struct romfs_cursor cursors[ROMFS_DEPTH_MAX];
	size_t path_lens[ROMFS_DEPTH_MAX]; /* of each directory's path */
};

/* Begins at the top of READER's image, which must outlive the walk. */
void romfs_walk_start(struct romfs_walk *walk, const struct romfs_reader *reader);

/*
 * The next entry: 1 with *ENTRY, 0 when there are no more, or -EBADMSG with *FAULT; the call after that goes on behind it. What lies
 * deeper than ROMFS_DEPTH_MAX, or has a longer path than ROMFS_PATH_MAX, is a fault, too.
 */
int romfs_walk_next(struct romfs_walk *walk, struct romfs_entry *entry, struct romfs_fault *fault);

#endif
