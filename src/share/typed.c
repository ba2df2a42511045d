/* SPDX-License-Identifier: MIT */
#include "share/typed.h"

#include <string.h>

void typed_init(struct typed *typed)
{
	memset(typed, 0, sizeof(*typed));
	typed->pause = TYPED_QUIET_US;
}

size_t typed_room(const struct typed *typed)
{
	return typed->len < TYPED_MAX / 2 ? TYPED_MAX / 2 - typed->len : 0;
}

void typed_add(struct typed *typed, const uint8_t *bytes, size_t len, bool lines)
{
	for (size_t i = 0; i < len && typed->len < TYPED_MAX; i++) {
		uint8_t byte = bytes[i];
		bool second = byte == '\n' && typed->after_cr;

		typed->after_cr = byte == '\r';
		if (lines && second)
			continue;
		typed->bytes[typed->len++] = lines && byte == '\n' ? '\r' : byte;
	}
}

void typed_exchanged(struct typed *typed, bool came_back, int64_t now)
{
	if (came_back)
		typed->pause = typed->pause * 2 < TYPED_QUIET_MAX_US ? typed->pause * 2 : TYPED_QUIET_MAX_US;
	else if (!typed->came_back)
		typed->pause = TYPED_QUIET_US;
	if (!came_back)
		typed->returned = 0;
	typed->came_back = came_back;
	if (typed->from < now + typed->pause)
		typed->from = now + typed->pause;
}

void typed_returned(struct typed *typed, const uint8_t *bytes, size_t len)
{
	if (len > TYPED_MAX - typed->len)
		len = TYPED_MAX - typed->len;
	memmove(typed->bytes + typed->returned + len, typed->bytes + typed->returned, typed->len - typed->returned);
	memcpy(typed->bytes + typed->returned, bytes, len);
	typed->len += len;
	typed->returned += len;
}

size_t typed_due(const struct typed *typed, int64_t now, int64_t *next)
{
	*next = typed->len ? typed->from : INT64_MAX;
	if (!typed->len || now < typed->from)
		return 0;
	return typed->len < TYPED_PIECE ? typed->len : TYPED_PIECE;
}

void typed_sent(struct typed *typed, size_t len, int64_t now)
{
	typed->len -= len;
	memmove(typed->bytes, typed->bytes + len, typed->len);
	typed->returned = 0;
	if (typed->from < now + TYPED_PIECE_US)
		typed->from = now + TYPED_PIECE_US;
}
