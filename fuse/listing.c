/* SPDX-License-Identifier: MIT */
#include "fuse/listing.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { FIRST_ROOM = 32 };

static int make_room(struct listing *listing)
{
	size_t room = listing->room ? listing->room * 2 : FIRST_ROOM;
	struct listing_entry *entries;

	if (listing->count < listing->room)
		return 0;
	entries = reallocarray(listing->entries, room, sizeof(*entries));
	if (!entries)
		return -ENOMEM;
	listing->entries = entries;
	listing->room = room;
	return 0;
}

int listing_add(struct listing *listing, const char *name, const struct board_stat *on_board)
{
	struct listing_entry *entry;
	int rc = make_room(listing);

	if (rc < 0)
		return rc;
	entry = &listing->entries[listing->count];
	entry->on_board = *on_board;
	entry->name = strdup(name);
	if (!entry->name)
		return -ENOMEM;
	listing->count++;
	return 0;
}

void listing_clear(struct listing *listing)
{
	size_t i;

	for (i = 0; i < listing->count; i++)
		free(listing->entries[i].name);
	free(listing->entries);
	*listing = (struct listing){0};
}
