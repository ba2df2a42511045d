/* SPDX-License-Identifier: MIT */
#include "share/share_cursor.h"

#include "base/le.h"

const uint8_t *share_cursor_take(struct share_cursor *in, size_t len)
{
	const uint8_t *at = in->at;

	if (len > in->left) {
		in->bad = true;
		in->left = 0;
		return NULL;
	}
	in->at += len;
	in->left -= len;
	return at;
}

uint8_t share_cursor_take8(struct share_cursor *in)
{
	const uint8_t *p = share_cursor_take(in, 1);

	return p ? *p : 0;
}

uint16_t share_cursor_take16(struct share_cursor *in)
{
	const uint8_t *p = share_cursor_take(in, 2);

	return p ? le_get16(p) : 0;
}

uint32_t share_cursor_take32(struct share_cursor *in)
{
	const uint8_t *p = share_cursor_take(in, 4);

	return p ? le_get32(p) : 0;
}

struct share_text share_cursor_take_text(struct share_cursor *in, size_t len)
{
	const uint8_t *p = share_cursor_take(in, len);

	return p ? (struct share_text){(const char *)p, len} : (struct share_text){"", 0};
}

struct share_text share_cursor_take_rest(struct share_cursor *in)
{
	return share_cursor_take_text(in, in->left);
}
