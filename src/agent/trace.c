/* SPDX-License-Identifier: MIT */
#include "agent/trace.h"

#include <stdio.h>
#include <string.h>

#include "base/diag.h"
#include "base/le.h"

enum {
	NO_PATH = -1,
	TO_THE_END = -1,
	SHOWN = 256, /* bytes of a path or of a failure's words */
};

/* Where a request's path lies in its payload (protocol.h): behind PATH bytes, and how long it is says the u16 at LEN. */
static const struct request {
	uint8_t type;
	const char *word;
	int path, len;
} requests[] = {
	{AGENT_PING, "ping", NO_PATH, 0},          {AGENT_LOAD, "load", NO_PATH, 0},
	{AGENT_HOLD, "hold", NO_PATH, 0},          {AGENT_QUIT, "quit", NO_PATH, 0},
	{AGENT_INFO, "info", 0, TO_THE_END},       {AGENT_STAT, "stat", 0, TO_THE_END},
	{AGENT_LIST, "list", 0, TO_THE_END},       {AGENT_READ, "read", 8, TO_THE_END},
	{AGENT_HASH, "hash", 4, TO_THE_END},       {AGENT_WRITE, "write", 6, 4},
	{AGENT_MKDIR, "mkdir", 0, TO_THE_END},     {AGENT_RMDIR, "rmdir", 0, TO_THE_END},
	{AGENT_REMOVE, "remove", 0, TO_THE_END},   {AGENT_RENAME, "rename", 4, 0},
	{AGENT_STATVFS, "statvfs", 0, TO_THE_END},
};

static const struct answer {
	uint8_t type;
	const char *word;
} answers[] = {
	{AGENT_HELLO, "hello"}, {AGENT_DONE, "done"}, {AGENT_MORE, "more"}, {AGENT_FAILED, "failed"}, {AGENT_NAK, "send again"},
};

static const struct request *request_of(uint8_t type)
{
	for (size_t i = 0; i < sizeof(requests) / sizeof(requests[0]); i++) {
		if (requests[i].type == type)
			return &requests[i];
	}
	return NULL;
}

static const char *answer_word(uint8_t type)
{
	for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++) {
		if (answers[i].type == type)
			return answers[i].word;
	}
	return NULL;
}

/* The path of a request, as far as it lies in FRAME. Returns its length. */
static size_t path_of(const struct request *request, const struct frame *frame, const uint8_t **path)
{
	size_t left, len;

	if (request->path == NO_PATH || frame->len < request->path)
		return 0;
	*path = frame->payload + request->path;
	left = frame->len - (size_t)request->path;
	if (request->len == TO_THE_END)
		return left;
	len = le_get16(frame->payload + request->len);
	return len < left ? len : left;
}

static void add(char *text, size_t size, const char *before, const uint8_t *bytes, size_t len)
{
	char shown[SHOWN];
	size_t used = strlen(text);

	if (len > 0)
		snprintf(text + used, size - used, "%s%s", before, diag_printable(shown, sizeof(shown), bytes, len));
}

static void add_failure(char *text, size_t size, const struct frame *frame)
{
	size_t used = strlen(text);
	const uint8_t *bytes = frame->payload;

	if (frame->len < 4)
		return;
	snprintf(text + used, size - used, ": errno %ld", (long)(int32_t)le_get32(bytes));
	add(text, size, ", ", bytes + 4, frame->len - 4u);
}

char *trace_frame(char *text, size_t size, bool outgoing, const struct frame *frame)
{
	const struct request *request = outgoing ? request_of(frame->type) : NULL;
	const char *word = outgoing ? (request ? request->word : NULL) : answer_word(frame->type);
	const uint8_t *path = NULL;
	char number[16];

	snprintf(number, sizeof(number), "type %u", frame->type);
	snprintf(text, size, "%s %s #%u, %u bytes", outgoing ? "->" : "<-", word ? word : number, frame->sequence, frame->len);
	if (request) {
		size_t len = path_of(request, frame, &path);

		add(text, size, ": ", path, len);
	} else if (!outgoing && frame->type == AGENT_FAILED) {
		add_failure(text, size, frame);
	}
	return text;
}
