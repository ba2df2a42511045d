/* SPDX-License-Identifier: MIT */
#include "board/renaming.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>

#include "base/le.h"
#include "board/fat_name.h"
#include "board/file_systems.h"
#include "board/leftovers.h"
#include "board/requests.h"

enum { ROOM = 8 }; /* blocks: four that a rename may need, and four that may be written while this is asked */

/* Renames FROM to TO, which is at ASIDE (NULL: not) meanwhile. */
static int rename_by(struct board_agent *board, const char *from, const char *to, const char *aside)
{
	size_t from_len = 0, to_len = 0;
	uint8_t *first = requests_payload(board, 4, from, &from_len);
	uint8_t *both = first ? requests_payload(board, from_len, to, &to_len) : NULL;
	int error = -ENAMETOOLONG;

	if (both) {
		le_put16(first, from_len - 4);
		le_put16(first + 2, to_len - from_len);
		memcpy(both, first, from_len);
		error = requests_call_path(board, AGENT_RENAME, EXCHANGE_CHANGES, both, aside ? to_len : from_len,
					   aside ? aside : to, NULL, 0, NULL);
	}
	free(first);
	free(both);
	return error;
}

/* Renames FROM over the file TO on FAT. */
static int rename_over(struct board_agent *board, const char *from, const char *to)
{
	char *aside = leftovers_aside(to, from, file_systems_top(mounts_now(&board->mounts), to));
	int error = aside ? rename_by(board, from, to, aside) : -ENAMETOOLONG;

	free(aside);
	if (error != -EACCES && error != -ENAMETOOLONG)
		return error;
	board_agent_log(board, LOG_WARNING, "%s: %s, which %s takes the place of, cannot be put aside: a power cut would lose it",
			board->device, to, from);
	return rename_by(board, from, to, NULL);
}

/* Whether the paths A and B are of two entries of the same FAT. */
static bool is_within_fat(struct board_agent *board, const char *a, const char *b)
{
	const char *mounts = mounts_now(&board->mounts);
	size_t top = file_systems_top(mounts, a);

	return file_systems_is_fat(mounts, a) && file_systems_top(mounts, b) == top && !strncmp(a, b, top) &&
	       fat_name_compare(a, b);
}

static bool is_same_directory(const char *a, const char *b)
{
	ptrdiff_t len = strrchr(a, '/') - a;

	return strrchr(b, '/') - b == len && !memcmp(a, b, (size_t)len);
}

/*
 * Whether a rename of FROM to TO could fail for want of room. LittleFS 2 must not come to that between two directories: it goes on in
 * the belief that FROM has moved, and at a later change deletes it, or what has its place then.
 */
static bool may_lack_room(struct board_agent *board, const char *from, const char *to)
{
	struct board_statfs statfs;

	if (is_same_directory(from, to) || file_systems_is_fat(mounts_now(&board->mounts), to))
		return false;
	return !requests_statfs(board, to, &statfs) && statfs.blocks_free < ROOM;
}

int renaming_rename(struct board_agent *board, const char *from, const char *to, bool noreplace)
{
	struct board_stat stat = {0};
	bool fat = is_within_fat(board, from, to);
	int there = noreplace || fat ? board_stat(&board->base, to, &stat) : -ENOENT, error;

	if (noreplace && there != -ENOENT)
		error = there ? there : -EEXIST;
	else if (fat && !there && !stat.is_dir)
		error = rename_over(board, from, to);
	else if (may_lack_room(board, from, to))
		error = -ENOSPC;
	else
		error = rename_by(board, from, to, NULL);
	ahead_forget(board->ahead);
	return error;
}
