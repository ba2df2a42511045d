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

/* An exchange has ended at NOW before the pause was over: where that goes on and on, it is too long for this program. */
static void put_off(struct typed *typed, int64_t now)
{
	if (!typed->put_off || now - typed->put_off < TYPED_PUT_OFF * typed->pause) {
		typed->put_off = typed->put_off ? typed->put_off : now;
		return;
	}
	typed->put_off = now;
	typed->pause = typed->pause / 2 > TYPED_QUIET_MIN_US ? typed->pause / 2 : TYPED_QUIET_MIN_US;
	typed->from = now;
}

void typed_exchanged(struct typed *typed, bool came_back, int64_t now)
{
	bool read = came_back && typed->returned < typed->sent; /* some of it */

	if (came_back && typed->sent && !read)
		typed->pause = typed->pause * 2 < TYPED_QUIET_MAX_US ? typed->pause * 2 : TYPED_QUIET_MAX_US;
	else if (read || (typed->sent && typed->exchanges++))
		typed->pause = TYPED_QUIET_US;
	if (came_back || typed->exchanges > 1)
		typed->sent = 0;
	if (!came_back)
		typed->returned = 0;
	if (came_back || !typed->len || now >= typed->from)
		typed->put_off = 0;
	else
		put_off(typed, now);
	if (read || typed->from < now + typed->pause)
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
	typed->sent += len;
	typed->exchanges = 0;
	typed->put_off = 0;
	if (typed->from < now + TYPED_PIECE_US)
		typed->from = now + TYPED_PIECE_US;
}
