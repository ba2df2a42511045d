/* SPDX-License-Identifier: MIT */
#include "agent/answer.h"

#include <stdlib.h>
#include <string.h>

#include "base/diag.h"
#include "base/le.h"

void answer_start(struct exchange_request *request)
{
	request->part = 0;
	request->answer_len = 0;
}

static bool grow(struct exchange_request *request, size_t len)
{
	size_t room = request->answer_room ? request->answer_room : 1024;

	while (room < request->answer_len + len)
		room *= 2;
	if (room > EXCHANGE_ANSWER_MAX)
		return false;
	uint8_t *larger = realloc(request->answer, room);
	if (!larger)
		return false;
	request->answer = larger;
	request->answer_room = room;
	return true;
}

/* Adds a payload to REQUEST's answer. False: it cannot be one. */
static bool take_payload(struct exchange_request *request, const uint8_t *payload, size_t len)
{
	if (request->parts) {
		if (!len || payload[0] != (uint8_t)request->part)
			return false;
		request->part++;
		payload++;
		len--;
	}
	if (request->grow && request->answer_len + len > request->answer_room && !grow(request, len))
		return false;
	if (len > request->answer_room - request->answer_len)
		return false;
	if (len)
		memcpy(request->answer + request->answer_len, payload, len);
	request->answer_len += len;
	return true;
}

static void take_failure(struct exchange_request *request, const struct frame *frame)
{
	if (frame->len < 4)
		return;
	request->board_errno = (int)le_get32(frame->payload);
	diag_printable(request->words, sizeof(request->words), frame->payload + 4, frame->len - 4u);
}

enum answer_event answer_take(struct exchange_request *request, const struct frame *frame)
{
	if (frame->type == AGENT_FAILED) {
		take_failure(request, frame);
		return ANSWER_FAILED;
	}
	if (!take_payload(request, frame->payload, frame->len))
		return ANSWER_BAD;
	return frame->type == AGENT_DONE ? ANSWER_DONE : ANSWER_MORE;
}

bool answer_brings_on(struct exchange_request *request, const struct frame *frame)
{
	request->heard += frame->len;
	return frame->len > (request->parts ? 1 : 0) && request->heard <= EXCHANGE_ANSWER_MAX;
}

void answer_hello(const struct frame *frame, struct exchange_hello *hello)
{
	const uint8_t *p = frame->payload;

	if (frame->len < 7)
		return;
	hello->seen = true;
	hello->block = le_get16(p);
	hello->free_heap = le_get32(p + 2);
	hello->deflate = p[6] & 1;
}
