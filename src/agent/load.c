/* SPDX-License-Identifier: MIT */
#include "agent/load.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "agent/packed.h"
#include "agent/statements.h"

enum {
	ROOMY = 60000, /* bytes of free heap with which a board inflates a whole part of the agent and compiles it at once */
	ROOMY_FOR_ALL = 100000, /* with which it inflates all parts that are loaded together before it compiles the first */
};

struct load {
	const struct agent_session *session;
	load_call_fn *call;
	void *context;
	struct exchange_request *failed;
};

/* LEN bytes of Python, or of what it was DEFLATED to. */
static int send(struct load *load, const void *bytes, size_t len, bool deflated)
{
	const char *from = bytes;
	size_t most = load->session->block - 1;
	uint8_t payload[AGENT_PAYLOAD_MAX];
	int error = 0;

	for (size_t at = 0, size; at < len && !error; at += size) {
		bool more = len - at > most;

		size = more ? most : len - at;
		if (!deflated)
			size = statements_next(from + at, len - at, most, &more);
		payload[0] = (uint8_t)((deflated ? AGENT_LOAD_DEFLATED : 0) | (more ? AGENT_LOAD_MORE : 0));
		memcpy(payload + 1, from + at, size);
		*load->failed = (struct exchange_request){
			.op = AGENT_LOAD, .kind = EXCHANGE_CHANGES, .payload = payload, .len = size + 1};
		error = load->call(load->context, load->failed);
	}
	load->failed->payload = NULL;
	return error;
}

/* COUNT PARTS in one stream, with NUL between. */
static int send_deflated(struct load *load, const struct agent_part *parts, size_t count)
{
	size_t len = 0, at = 0;

	for (size_t i = 0; i < count; i++)
		len += *parts[i].len + 1;
	char *all = malloc(len);
	if (!all)
		return -ENOMEM;
	for (size_t i = 0; i < count; at += *parts[i].len + 1, i++) {
		memcpy(all + at, parts[i].python, *parts[i].len);
		all[at + *parts[i].len] = 0;
	}
	uint8_t *packed = packed_deflate(all, len - 1, &len);
	free(all);
	if (!packed)
		return -ENOMEM;
	int error = send(load, packed, len, true);
	free(packed);
	return error;
}

int load_parts(const struct agent_session *session, const struct agent_part *parts, size_t count, load_call_fn *call,
	       void *context, struct exchange_request *failed)
{
	struct load load = {session, call, context, failed};
	bool deflate = session->deflate && session->free_heap >= ROOMY;
	size_t together = deflate && session->free_heap >= ROOMY_FOR_ALL ? count : 1;
	int error = 0;

	*failed = (struct exchange_request){0};
	for (size_t i = 0; i < count && !error; i += together)
		error = deflate ? send_deflated(&load, parts + i, together) : send(&load, parts[i].python, *parts[i].len, false);
	return error;
}
