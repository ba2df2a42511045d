/* SPDX-License-Identifier: MIT */
#include "board/listing.h"

#include <string.h>

#include "agent/protocol.h"
#include "base/le.h"

void listing_stat(const uint8_t *p, int64_t epoch, struct board_stat *out)
{
	uint32_t mtime = le_get32(p + 5);

	out->is_dir = p[0] & 1;
	out->size = out->is_dir ? 0 : le_get32(p + 1);
	out->mtime = mtime ? mtime + epoch : 0;
}

static bool good_name(const uint8_t *name, size_t len)
{
	return len && !memchr(name, '/', len) && !memchr(name, 0, len) && !(len == 1 && name[0] == '.') &&
	       !(len == 2 && name[0] == '.' && name[1] == '.');
}

enum listing_event listing_next(struct listing *listing, struct listing_entry *entry)
{
	if (!listing->left)
		return LISTING_END;
	const uint8_t *name = listing->at + 1;
	size_t len = listing->at[0], size = 1 + len + LISTING_STAT_SIZE;

	if (listing->left < size)
		return LISTING_CUT;
	listing->at += size;
	listing->left -= size;
	if (!good_name(name, len))
		return LISTING_REFUSED;
	memcpy(entry->name, name, len);
	entry->name[len] = 0;
	listing_stat(name + len, listing->epoch, &entry->stat);
	return board_hides(entry->name) ? LISTING_LEFTOVER : LISTING_ENTRY;
}
