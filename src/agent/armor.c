/* SPDX-License-Identifier: MIT */
#include "agent/armor.h"

#include <string.h>

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

size_t armor_encode(char *out, const uint8_t *bytes, size_t len)
{
	char *at = out;

	for (; len > 0; bytes += 3, len -= len < 3 ? len : 3) {
		uint32_t group = (uint32_t)bytes[0] << 16 | (len > 1 ? (uint32_t)bytes[1] << 8 : 0) | (len > 2 ? bytes[2] : 0);

		*at++ = alphabet[group >> 18];
		*at++ = alphabet[group >> 12 & 63];
		*at++ = len > 1 ? alphabet[group >> 6 & 63] : '=';
		*at++ = len > 2 ? alphabet[group & 63] : '=';
	}
	return (size_t)(at - out);
}

size_t armor_call(char *out, uint8_t type, uint8_t sequence, const void *payload, size_t len)
{
	uint8_t bytes[FRAME_SIZE_MAX];
	size_t size = frame_encode(bytes, type, sequence, payload, len);
	size_t at = sizeof(ARMOR_CALL) - 1;

	memcpy(out, ARMOR_CALL, at);
	at += armor_encode(out + at, bytes, size);
	memcpy(out + at, "\")", 2);
	return at + 2;
}

void armor_init(struct armor *armor)
{
	armor->len = 0;
	armor->group = 0;
	armor->digits = armor->padding = 0;
	armor->bad = false;
}

/* Adds a group of four digits, the last PADDING of which are `=`. */
static void take_group(struct armor *armor)
{
	size_t count = 3 - armor->padding;

	if (armor->padding > 2 || armor->len + count > sizeof(armor->bytes)) {
		armor->bad = true;
		return;
	}
	for (size_t i = 0; i < count; i++)
		armor->bytes[armor->len++] = (uint8_t)(armor->group >> (16 - 8 * i));
	armor->group = 0;
	armor->digits = 0;
}

static void take_digit(struct armor *armor, unsigned char byte)
{
	const char *digit = byte ? strchr(alphabet, byte) : NULL;

	if (byte == '=')
		armor->padding++;
	else if (!digit || armor->padding) /* nothing but padding follows padding */
		armor->bad = true;
	armor->group = armor->group << 6 | (digit ? (uint32_t)(digit - alphabet) : 0);
	if (++armor->digits == 4 && !armor->bad)
		take_group(armor);
}

/* Whether the line is a frame, which is in `frame` then. */
static bool is_frame(struct armor *armor)
{
	return !armor->bad && !armor->digits && frame_decode(armor->bytes, armor->len, &armor->frame);
}

enum frame_event armor_take(struct armor *armor, unsigned char byte)
{
	bool begun = armor->len || armor->digits || armor->bad;

	if (byte != '\r' && byte != '\n') {
		if (!armor->bad)
			take_digit(armor, byte);
		return FRAME_NONE;
	}
	if (!begun)
		return FRAME_NONE;
	bool whole = is_frame(armor);
	armor_init(armor);
	return whole ? FRAME_WHOLE : FRAME_DAMAGED;
}
