/* SPDX-License-Identifier: MIT */
#include "romfs/romfs_format.h"

#include <errno.h>
#include <string.h>

#include "base/utf8.h"

size_t romfs_format_number_size(uint32_t value)
{
	size_t size = 1;

	while (value >>= 7)
		size++;
	return size;
}

/* The last byte of a number has no top bit. */
static void put_number(uint8_t *out, size_t size, uint32_t value)
{
	out[size - 1] = value & 0x7f;
	while (--size > 0) {
		value >>= 7;
		out[size - 1] = 0x80 | (value & 0x7f);
	}
}

size_t romfs_format_put_number(uint8_t *out, uint32_t value)
{
	size_t size = romfs_format_number_size(value);

	put_number(out, size, value);
	return size;
}

void romfs_format_put_padded(uint8_t *out, uint32_t value)
{
	put_number(out, ROMFS_NUMBER_SIZE, value);
}

int romfs_format_get_number(const uint8_t *bytes, size_t *at, size_t end, uint32_t *value)
{
	uint32_t number = 0;

	for (size_t i = *at; i < end; i++) {
		if (number >> 25)
			return -EBADMSG;
		number = number << 7 | (bytes[i] & 0x7f);
		if (!(bytes[i] & 0x80)) {
			*value = number;
			*at = i + 1;
			return 0;
		}
	}
	return -EBADMSG;
}

bool romfs_format_fits(size_t at, size_t len, size_t end)
{
	return at <= end && len <= end - at;
}

const char *romfs_format_name_fault(const char *name, size_t len)
{
	if (len == 0)
		return "is empty";
	if (len > ROMFS_NAME_MAX)
		return "is longer than 255 bytes";
	if (memchr(name, '\0', len) || memchr(name, '/', len))
		return "has a NUL or a slash in it";
	if (name[0] == '.' && (len == 1 || (len == 2 && name[1] == '.')))
		return "leads to another directory";
	if (!utf8_is_valid(name, len))
		return "is not UTF-8";
	return NULL;
}
