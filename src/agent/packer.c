/* SPDX-License-Identifier: MIT */
#include "agent/packer.h"

#include <stdlib.h>
#include <string.h>
#include <zlib.h>

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

/* Deflates all LEN bytes into OUT. Where they do not fit, or it does not pay, the stream is as it was, and the result is 0. */
static size_t try_deflate(struct packer *packer, const uint8_t *content, size_t len, uint8_t *out, size_t room)
{
	z_stream *stream = &packer->streams[!packer->current];

	if (deflateCopy(stream, &packer->streams[packer->current]) != Z_OK)
		return 0;
	stream->next_in = (Bytef *)(uintptr_t)content;
	stream->avail_in = (uInt)len;
	stream->next_out = out;
	stream->avail_out = (uInt)room;
	int status = deflate(stream, Z_SYNC_FLUSH);
	size_t made = room - stream->avail_out;
	/* Without room left, the flush may not have ended. */
	bool good = status == Z_OK && !stream->avail_in && stream->avail_out && made < len;
	if (good)
		packer->current = !packer->current;
	deflateEnd(&packer->streams[!packer->current]);
	return good ? made : 0;
}

struct packed packer_pack(struct packer *packer, const uint8_t *content, size_t len, uint8_t *out, size_t room)
{
	return packer_pack_units(packer, content, len, 1, out, room);
}

struct packed packer_pack_units(struct packer *packer, const uint8_t *content, size_t len, size_t unit, uint8_t *out, size_t room)
{
	size_t plain = room - room % unit; /* what always fits as it is */
	struct packed packed = {.taken = len};

	/* Four sizes, from all to what always fits as it is: text gets three to four times smaller. */
	for (int tries = 0; packer->usable && len && tries < 4; tries++) {
		packed.len = try_deflate(packer, content, packed.taken, out, room);
		if (packed.len) {
			packed.deflated = true;
			packed.reset = packer->fresh;
			packer->fresh = false;
			return packed;
		}
		if (packed.taken <= plain)
			break;
		size_t half = packed.taken / 2 - packed.taken / 2 % unit;
		packed.taken = tries < 2 && half > plain ? half : plain;
	}
	if (packed.taken > plain)
		packed.taken = plain;
	packed.len = packed.taken;
	memcpy(out, content, packed.len);
	return packed;
}
