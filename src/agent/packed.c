/* SPDX-License-Identifier: MIT */
#include "agent/packed.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "agent/armor.h"

/*
 * Bytes of free memory with which a board takes the text, the stream, what comes out of it and its window at once, whatever else lies
 * between.
 */
enum { ROOMY = 80000 };

/* The name is that of the function that PYTHON will define, so that nothing else of ours is left among the user's. */
#define HEAD                                       \
	"def __mpremotefs__():\n"                  \
	" import deflate,io\n"                     \
	" from binascii import a2b_base64,crc32\n" \
	" s=deflate.DeflateIO(io.BytesIO(a2b_base64(\""
#define TAIL                                                           \
	"\")),deflate.RAW,12).read()\n"                                \
	" if crc32(s)&0xFFFFFFFF!=%lu:raise ValueError(\"damaged\")\n" \
	" return s\n"                                                  \
	"exec(__mpremotefs__())\n"

/* The third line takes away what a share without a host has left, see packed.h: of what is here, only sys comes from no file. */
const char packed_question[] = "def __mpremotefs__():\n"
			       " import sys\n"
			       " sys.modules.get('__mpremotefs__',int)(0)\n"
			       " import deflate,gc,io\n"
			       " from binascii import a2b_base64,crc32\n"
			       " gc.collect()\n"
			       " return gc.mem_free()\n"
			       "print(__mpremotefs__())\n";

uint8_t *packed_deflate(const char *python, size_t len, size_t *out_len)
{
	z_stream stream = {0};

	if (deflateInit2(&stream, Z_BEST_COMPRESSION, Z_DEFLATED, -12, 9, Z_DEFAULT_STRATEGY) != Z_OK)
		return NULL;
	*out_len = deflateBound(&stream, (uLong)len);
	uint8_t *out = malloc(*out_len);
	if (out) {
		stream.next_in = (Bytef *)(uintptr_t)python;
		stream.avail_in = (uInt)len;
		stream.next_out = out;
		stream.avail_out = (uInt)*out_len;
		deflate(&stream, Z_FINISH);
		*out_len = stream.total_out;
	}
	deflateEnd(&stream);
	return out;
}

bool packed_fits(const char *answer)
{
	return strtol(answer, NULL, 10) >= ROOMY;
}

char *packed_text(const char *python, size_t len, size_t *out_len)
{
	size_t packed_len, tail = sizeof(TAIL) + 20;
	uint8_t *packed = packed_deflate(python, len, &packed_len);
	char *text = packed ? malloc(sizeof(HEAD) + (packed_len + 2) / 3 * 4 + tail) : NULL;

	if (text) {
		char *at = text + sizeof(HEAD) - 1;

		memcpy(text, HEAD, sizeof(HEAD) - 1);
		at += armor_encode(at, packed, packed_len);
		at += snprintf(at, tail, TAIL, crc32(0, (const Bytef *)python, (uInt)len));
		*out_len = (size_t)(at - text);
	}
	free(packed);
	return text;
}
