/* SPDX-License-Identifier: MIT */
#include "romfs/romfs_walk.h"

#include <errno.h>
#include <string.h>

void romfs_walk_start(struct romfs_walk *walk, const struct romfs_reader *reader)
{
	walk->reader = reader;
	walk->path[0] = '\0';
	walk->depth = 1;
	walk->enter = false;
	walk->cursors[0] = romfs_reader_top(reader);
	walk->path_lens[0] = 0;
}

/* Puts NAME behind the path of the directory that the walk is in. False: no room. */
static bool set_path(struct romfs_walk *walk, const char *name, size_t len)
{
	size_t at = walk->path_lens[walk->depth - 1];

	walk->path[at] = '\0';
	if (len == 0)
		return true;
	if (at + (at > 0) + len > ROMFS_PATH_MAX)
		return false;
	if (at > 0)
		walk->path[at++] = '/';
	memcpy(walk->path + at, name, len);
	walk->path[at + len] = '\0';
	return true;
}

static int too_far(const struct romfs_entry *entry, struct romfs_fault *fault, const char *what)
{
	*fault = (struct romfs_fault){entry->offset, what};
	return -EBADMSG;
}

/* Goes into the directory whose path stands in PATH. */
static void descend(struct romfs_walk *walk)
{
	walk->enter = false;
	walk->cursors[walk->depth] = walk->inside;
	walk->path_lens[walk->depth] = strlen(walk->path);
	walk->depth++;
}

int romfs_walk_next(struct romfs_walk *walk, struct romfs_entry *entry, struct romfs_fault *fault)
{
	int rc;

	if (walk->enter)
		descend(walk);
	while ((rc = romfs_reader_next(walk->reader, &walk->cursors[walk->depth - 1], entry, fault)) == 0) {
		if (walk->depth == 1)
			return 0;
		walk->depth--;
	}
	if (!set_path(walk, entry->name, entry->name_len))
		return too_far(entry, fault, "a path is longer than 4095 bytes");
	if (rc < 0 || !entry->is_dir)
		return rc;
	if (walk->depth == ROMFS_DEPTH_MAX)
		return too_far(entry, fault, "more than 256 directories lie in each other");
	walk->inside = romfs_reader_inside(entry);
	walk->enter = true;
	return 1;
}
