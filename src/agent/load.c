/* SPDX-License-Identifier: MIT */
#include "agent/load.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "agent/packed.h"
#include "agent/statements.h"

enum {
	PIECE = 4096,           /* bytes of Python that a board compiles at once, if no statement is longer */
	ROOMY = 60000,          /* bytes of free heap with which a board inflates a whole part of the agent... */
	TIMES = 6,              /* ... that is no larger than this fraction of them */
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

/* How many of the LEN bytes of PYTHON are compiled at once: whole statements. */
static size_t next_piece(const char *python, size_t len)
{
	size_t size, room = PIECE;
	bool more;

	do {
		size = statements_next(python, len, room, &more);
		room += PIECE;
	} while (more);
	return size;
}

/* Copies PART to TO, each piece with a NUL behind it. Returns where it ends. */
static char *copy_pieces(char *to, const struct agent_part *part)
{
	for (size_t at = 0, size; at < *part->len; at += size) {
		size = next_piece(part->python + at, *part->len - at);
		memcpy(to, part->python + at, size);
		to += size;
		*to++ = 0;
	}
	return to;
}

/* COUNT PARTS in one stream. */
static int send_deflated(struct load *load, const struct agent_part *parts, size_t count)
{
	size_t len = 0;

	for (size_t i = 0; i < count; i++)
		len += 2 * *parts[i].len; /* no piece is shorter than a byte */
	char *all = malloc(len), *end = all;
	if (!all)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++)
		end = copy_pieces(end, parts + i);
	uint8_t *packed = packed_deflate(all, (size_t)(end - all) - 1, &len);
	free(all);
	if (!packed)
		return -ENOMEM;
	int error = send(load, packed, len, true);
	free(packed);
	return error;
}

static bool deflates(const struct agent_session *session, const struct agent_part *parts, size_t count)
{
	size_t len = 0;

	for (size_t i = 0; i < count; i++)
		len += *parts[i].len;
	return session->deflate && session->free_heap >= ROOMY && len <= session->free_heap / TIMES;
}

int load_parts(const struct agent_session *session, const struct agent_part *parts, size_t count, load_call_fn *call,
	       void *context, struct exchange_request *failed)
{
	struct load load = {session, call, context, failed};
	size_t together = session->free_heap >= ROOMY_FOR_ALL && deflates(session, parts, count) ? count : 1;
	int error = 0;

	*failed = (struct exchange_request){0};
	for (size_t i = 0; i < count && !error; i += together)
		error = deflates(session, parts + i, together) ? send_deflated(&load, parts + i, together)
							       : send(&load, parts[i].python, *parts[i].len, false);
	return error;
}
