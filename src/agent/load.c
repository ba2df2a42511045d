/* SPDX-License-Identifier: MIT */
#include "agent/load.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "agent/statements.h"

enum { ROOMY = 60000 }; /* bytes of free heap with which a board inflates a whole part of the agent and compiles it at once */

/* PYTHON as a raw deflate stream from malloc, with a window that is small on the board. NULL: not enough memory. */
static uint8_t *deflated(const char *python, size_t len, size_t *out_len)
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

int load_python(const struct agent_session *session, const char *python, size_t len, load_call_fn *call, void *context,
		struct exchange_request *failed)
{
	size_t most = session->block - 1;
	uint8_t payload[AGENT_PAYLOAD_MAX];
	const uint8_t *from = (const uint8_t *)python;
	uint8_t *packed = NULL;
	int error = 0;

	if (session->deflate && session->free_heap >= ROOMY) {
		from = packed = deflated(python, len, &len);
		if (!packed)
			return -ENOMEM;
	}
	for (size_t at = 0, size; at < len && !error; at += size) {
		bool more = len - at > most;

		size = more ? most : len - at;
		if (!packed)
			size = statements_next(python + at, len - at, most, &more);
		payload[0] = (uint8_t)((packed ? AGENT_LOAD_DEFLATED : 0) | (more ? AGENT_LOAD_MORE : 0));
		memcpy(payload + 1, from + at, size);
		*failed = (struct exchange_request){
			.op = AGENT_LOAD, .kind = EXCHANGE_CHANGES, .payload = payload, .len = size + 1};
		error = call(context, failed);
	}
	free(packed);
	failed->payload = NULL;
	return error;
}
