/* SPDX-License-Identifier: MIT */
#include "base/utf8.h"

#include <stdint.h>

size_t utf8_length(const void *bytes, size_t len)
{
	const unsigned char *s = bytes;
	uint32_t code;
	size_t need, i;

	if (s[0] < 0x80)
		return 1;
	if (s[0] >= 0xc2 && s[0] <= 0xdf)
		need = 2;
	else if ((s[0] & 0xf0) == 0xe0)
		need = 3;
	else if (s[0] >= 0xf0 && s[0] <= 0xf4)
		need = 4;
	else
		return 0;
	if (len < need)
		return 0;
	code = s[0] & (0xffu >> (need + 1));
	for (i = 1; i < need; i++) {
		if ((s[i] & 0xc0) != 0x80)
			return 0;
		code = code << 6 | (s[i] & 0x3f);
	}
	if ((need == 3 && code < 0x800) || (need == 4 && code < 0x10000) || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff))
		return 0;
	return need;
}

bool utf8_is_valid(const void *bytes, size_t len)
{
	const unsigned char *at = bytes;

	while (len > 0) {
		size_t n = utf8_length(at, len);

		if (n == 0)
			return false;
		at += n;
		len -= n;
	}
	return true;
}
