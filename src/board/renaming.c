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
#include "board/listing.h"
#include "board/requests.h"
#include "board/writing.h"

enum {
	ROOM = 8,        /* blocks: four that a rename may need, and four that may be written while this is asked */
	ENTRY_SIZE = 32, /* bytes that LittleFS 2 has of a file in its directory, beside the name; LittleFS 1 has less */
};

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
	if (writing_is_read_only(board, to))
		return -EACCES;
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

/* What LittleFS keeps of ENTRY in its directory, at most: of a small file that is also its content. */
static uint64_t entry_size(const struct listing_entry *entry, uint64_t block_size)
{
	return ENTRY_SIZE + strlen(entry->name) + (entry->stat.size <= block_size / 8 ? entry->stat.size : 0);
}

/* What LittleFS needs for the directory of PATH and a new entry PATH, into *SIZE. Returns 0 or a negative errno. */
static int directory_size(struct board_agent *board, const char *path, uint64_t block_size, uint64_t *size)
{
	const char *slash = strrchr(path, '/');
	struct listing_entry entry;
	enum listing_event event;
	uint8_t *answer = NULL;
	size_t len = 0;
	char *dir = strndup(path, slash == path ? 1 : (size_t)(slash - path));
	int error = dir ? requests_list(board, dir, &answer, &len) : -ENOMEM;
	struct listing listing = {answer, error ? 0 : len, board->epoch};

	*size = ENTRY_SIZE + strlen(slash + 1);
	while ((event = listing_next(&listing, &entry)) != LISTING_END && event != LISTING_CUT)
		if (event != LISTING_REFUSED)
			*size += entry_size(&entry, block_size);
	free(answer);
	free(dir);
	return error;
}

/*
 * -ENOSPC where a rename of FROM to TO could fail for want of room, or another errno. LittleFS must not come to that between two
 * directories, or two blocks of one: it goes on in the belief that FROM has moved, and at a later change deletes it, or what has its
 * place then. A directory has one block until half of that is full.
 */
static int check_room(struct board_agent *board, const char *from, const char *to)
{
	const char *mounts = mounts_now(&board->mounts);
	unsigned session = agent_session(board->agent).number;
	size_t top = file_systems_top(mounts, to);
	struct board_statfs statfs;
	uint64_t size;

	if (file_systems_is_fat(mounts, to) || room_has(&board->room, session, to, top, ROOM))
		return 0;
	uint64_t mark = room_mark(&board->room);
	if (requests_statfs(board, to, &statfs))
		return 0;
	room_learn(&board->room, mark, session, to, top, &statfs);
	if (statfs.blocks_free >= ROOM)
		return 0;
	if (!is_same_directory(from, to))
		return -ENOSPC;
	int error = directory_size(board, to, statfs.block_size, &size);
	return error ? error : size > statfs.block_size / 2 ? -ENOSPC : 0;
}

static int rename_with_room(struct board_agent *board, const char *from, const char *to)
{
	int error = check_room(board, from, to);

	return error ? error : rename_by(board, from, to, NULL);
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
	else
		error = rename_with_room(board, from, to);
	ahead_forget(board->ahead);
	return error;
}
