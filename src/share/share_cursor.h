/* SPDX-License-Identifier: MIT */
/*
 * share_cursor: what is unread of a request, whose lengths are not trusted. What is read behind its end is 0 or empty, and the request is
 * BAD from then on: whoever has taken all that it needs asks for that once. Nothing is copied: what is taken lies in the request.
 */
#ifndef SHARE_SHARE_CURSOR_H
#define SHARE_SHARE_CURSOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Starts as {bytes, len, false}. */
struct share_cursor {
	const uint8_t *at;
	size_t left;
	bool bad;
};

/* A path, or another text, of LEN bytes; it does not end on a NUL. */
struct share_text {
	const char *at;
	size_t len;
};

/* The next LEN bytes. Where they are not all there: NULL, and nothing is left. */
const uint8_t *share_cursor_take(struct share_cursor *in, size_t len);

/* Numbers, the lowest byte first. */
uint8_t share_cursor_take8(struct share_cursor *in);
uint16_t share_cursor_take16(struct share_cursor *in);
uint32_t share_cursor_take32(struct share_cursor *in);

/* The next LEN bytes, or all that are left. */
struct share_text share_cursor_take_text(struct share_cursor *in, size_t len);
struct share_text share_cursor_take_rest(struct share_cursor *in);

#endif
