/* SPDX-License-Identifier: MIT */
#include "agent/load.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "agent/packed.h"
#include "agent/statements.h"

enum { ROOMY = 60000 }; /* bytes of free heap with which a board inflates a whole part of the agent and compiles it at once */

int load_python(const struct agent_session *session, const char *python, size_t len, load_call_fn *call, void *context,
		struct exchange_request *failed)
{
	size_t most = session->block - 1;
	uint8_t payload[AGENT_PAYLOAD_MAX];
	const uint8_t *from = (const uint8_t *)python;
	uint8_t *packed = NULL;
	int error = 0;

	if (session->deflate && session->free_heap >= ROOMY) {
		from = packed = packed_deflate(python, len, &len);
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
