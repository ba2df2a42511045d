/* SPDX-License-Identifier: MIT */
#include "agent/packer.h"

#include <stdlib.h>
#include <string.h>
#include <zlib.h>

enum { TRIES_MAX = 4 };

struct packer {
	z_stream streams[2]; /* the stream, and room for a copy to try on; zlib's state knows its address, so they take turns */
	int current;
	bool usable, fresh;
};

struct packer *packer_open(int window_bits)
{
	struct packer *packer = calloc(1, sizeof(*packer));

	if (!packer)
		return NULL;
	/* zlib makes 9 bits of a raw window of 8, and no board is asked for one so small. */
	packer->usable =
		window_bits >= 9 && window_bits <= 15 &&
		deflateInit2(&packer->streams[0], Z_BEST_COMPRESSION, Z_DEFLATED, -window_bits, 9, Z_DEFAULT_STRATEGY) == Z_OK;
	packer->fresh = true;
	return packer;
}

void packer_close(struct packer *packer)
{
	if (packer && packer->usable)
		deflateEnd(&packer->streams[packer->current]);
	free(packer);
}

void packer_reset(struct packer *packer)
{
	if (packer->usable)
		deflateReset(&packer->streams[packer->current]);
	packer->fresh = true;
}

/*
 * Deflates all LEN bytes into OUT, and sets *MADE to how much that is. Where it does not fit, or does not pay, the stream is as it was,
 * and the result is false; *MADE then is at least what it would be.
 */
static bool try_deflate(struct packer *packer, const uint8_t *content, size_t len, uint8_t *out, size_t room, size_t *made)
{
	z_stream *stream = &packer->streams[!packer->current];
	uint8_t rest[PACKER_INPUT_MAX]; /* what does not fit into OUT is counted */

	if (deflateCopy(stream, &packer->streams[packer->current]) != Z_OK) {
		*made = len;
		return false;
	}
	stream->next_in = (Bytef *)(uintptr_t)content;
	stream->avail_in = (uInt)len;
	stream->next_out = out;
	stream->avail_out = (uInt)room;
	int status = deflate(stream, Z_SYNC_FLUSH);
	*made = room - stream->avail_out;
	/* Without room left, the flush may not have ended. */
	bool good = status == Z_OK && !stream->avail_in && stream->avail_out && *made < len;
	if (!good && !stream->avail_out) {
		stream->next_out = rest;
		stream->avail_out = sizeof(rest);
		deflate(stream, Z_SYNC_FLUSH);
		*made += sizeof(rest) - stream->avail_out;
	}
	if (good)
		packer->current = !packer->current;
	deflateEnd(&packer->streams[!packer->current]);
	return good;
}

struct packed packer_pack(struct packer *packer, const uint8_t *content, size_t len, uint8_t *out, size_t room)
{
	return packer_pack_units(packer, content, len, 1, out, room);
}

struct packed packer_pack_units(struct packer *packer, const uint8_t *content, size_t len, size_t unit, uint8_t *out, size_t room)
{
	size_t plain = room - room % unit; /* what always fits as it is */
	struct packed packed = {.taken = len};

	for (int tries = 0; packer->usable && len && tries < TRIES_MAX; tries++) {
		if (try_deflate(packer, content, packed.taken, out, room, &packed.len)) {
			packed.deflated = true;
			packed.reset = packer->fresh;
			packer->fresh = false;
			return packed;
		}
		/* What does not get smaller will not in part. Otherwise as much as would fit, were it all alike, or a bit less. */
		size_t fits = packed.len < packed.taken ? packed.taken * room / packed.len : 0;
		fits -= fits / 32 * (size_t)(tries + 1);
		fits -= fits % unit;
		if (packed.taken <= plain || fits <= plain)
			break;
		packed.taken = fits;
	}
	if (packed.taken > plain)
		packed.taken = plain;
	packed.len = packed.taken;
	memcpy(out, content, packed.len);
	return packed;
}
