/* SPDX-License-Identifier: MIT */
/* hand_image: ROM images made by hand, good ones and bad ones, record by record. */
#ifndef UNIT_HAND_IMAGE_H
#define UNIT_HAND_IMAGE_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "romfs/romfs_format.h"

struct hand {
	size_t len;
	uint8_t bytes[1 << 20];
};

static inline void hand_put(struct hand *hand, const void *bytes, size_t len)
{
	memcpy(hand->bytes + hand->len, bytes, len);
	hand->len += len;
}

static inline void hand_number(struct hand *hand, uint32_t value)
{
	hand->len += romfs_format_put_number(hand->bytes + hand->len, value);
}

/* Begins a record. Returns where what it holds begins, for hand_end. */
static inline size_t hand_begin(struct hand *hand, uint32_t kind)
{
	hand_number(hand, kind);
	return hand->len += ROMFS_NUMBER_SIZE;
}

/* Makes the record that began at START EXTRA bytes longer than what it holds. */
static inline void hand_end_with(struct hand *hand, size_t start, int extra)
{
	romfs_format_put_padded(hand->bytes + start - ROMFS_NUMBER_SIZE, (uint32_t)((int)(hand->len - start) + extra));
}

static inline void hand_end(struct hand *hand, size_t start)
{
	hand_end_with(hand, start, 0);
}

static inline void hand_record(struct hand *hand, uint32_t kind, const void *bytes, size_t len)
{
	size_t start = hand_begin(hand, kind);

	hand_put(hand, bytes, len);
	hand_end(hand, start);
}

/* Begins a file or directory NAME. */
static inline size_t hand_begin_named(struct hand *hand, uint32_t kind, const char *name)
{
	size_t start = hand_begin(hand, kind);

	hand_number(hand, (uint32_t)strlen(name));
	hand_put(hand, name, strlen(name));
	return start;
}

static inline void hand_file(struct hand *hand, const char *name, const char *content)
{
	size_t start = hand_begin_named(hand, ROMFS_FILE, name);

	hand_record(hand, ROMFS_VERBATIM, content, strlen(content));
	hand_end(hand, start);
}

/* Begins an image. Its length is even once hand_end_image has ended it. */
static inline size_t hand_begin_image(struct hand *hand)
{
	hand->len = 0;
	return hand_begin(hand, ROMFS_IMAGE);
}

static inline void hand_end_image(struct hand *hand, size_t start)
{
	if (hand->len % 2)
		hand_put(hand, "\x01\x01x", 3); /* padding */
	hand_end(hand, start);
}

#endif
