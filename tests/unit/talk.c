/* SPDX-License-Identifier: MIT */
#include "tests/unit/talk.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void trace(void *context, bool outgoing, const struct frame *frame, const char *what)
{
	struct talk *talk = context;

	talk->traced_out += outgoing && frame;
	talk->traced_in += !outgoing && frame && !what;
	talk->traced_words += what != NULL;
}

int talk_set_up(void **state)
{
	struct talk *talk = calloc(1, sizeof(*talk));

	talk->now = START;
	talk->exchange = exchange_open(talk->now, TIMEOUT, trace, talk);
	frame_reader_init(&talk->reader);
	*state = talk;
	return talk->exchange ? 0 : -1;
}

int talk_tear_down(void **state)
{
	struct talk *talk = *state;

	exchange_close(talk->exchange);
	free(talk);
	return 0;
}

size_t talk_transmit_some(struct talk *talk, size_t limit)
{
	const uint8_t *bytes;
	size_t len, sum = 0;

	while (sum < limit && (len = exchange_output(talk->exchange, talk->now, &bytes))) {
		if (len > limit - sum)
			len = limit - sum;
		assert_true(talk->sent_len + len <= sizeof(talk->sent));
		memcpy(talk->sent + talk->sent_len, bytes, len);
		talk->sent_len += len;
		exchange_sent(talk->exchange, len, talk->now);
		sum += len;
	}
	return sum;
}

size_t talk_transmit(struct talk *talk)
{
	return talk_transmit_some(talk, SIZE_MAX);
}

const struct frame *talk_next_sent(struct talk *talk)
{
	size_t room;
	uint8_t *to = frame_reader_room(&talk->reader, &room);
	size_t len = talk->sent_len < room ? talk->sent_len : room;

	memcpy(to, talk->sent, len);
	frame_reader_fed(&talk->reader, len);
	memmove(talk->sent, talk->sent + len, talk->sent_len - len);
	talk->sent_len -= len;
	assert_int_equal(frame_reader_next(&talk->reader), FRAME_WHOLE);
	return &talk->reader.frame;
}

uint8_t talk_expect_sent(struct talk *talk, uint8_t type, const void *payload, size_t len)
{
	const struct frame *frame = talk_next_sent(talk);

	assert_int_equal(frame->type, type);
	assert_int_equal(frame->len, len);
	if (len)
		assert_memory_equal(frame->payload, payload, len);
	return frame->sequence;
}

void talk_expect_nothing_sent(struct talk *talk)
{
	talk_transmit(talk);
	assert_int_equal(talk->sent_len, 0);
	assert_false(frame_reader_begun(&talk->reader));
}

void talk_hear(struct talk *talk, const void *bytes, size_t len)
{
	size_t room;
	uint8_t *to = exchange_room(talk->exchange, &room);

	assert_true(len <= room);
	memcpy(to, bytes, len);
	exchange_received(talk->exchange, len, talk->now);
}

void talk_answer(struct talk *talk, uint8_t type, uint8_t sequence, const void *payload, size_t len)
{
	uint8_t out[FRAME_SIZE_MAX];

	talk_hear(talk, out, frame_encode(out, type, sequence, payload, len));
}

void talk_credit(struct talk *talk, uint8_t sequence, uint8_t count)
{
	uint8_t bytes[] = {AGENT_CREDIT_MARK, sequence, count, 0xff ^ sequence ^ count};

	talk_hear(talk, bytes, sizeof(bytes));
}

void talk_pass(struct talk *talk, int64_t after)
{
	int64_t end = talk->now + after;

	while (talk->now < end) {
		int64_t next = exchange_deadline(talk->exchange);

		assert_true(next > talk->now);
		talk->now = next < end ? next : end;
		exchange_tick(talk->exchange, talk->now);
		talk_transmit(talk);
	}
}

struct exchange_request talk_read_request(const char *payload, void *room, size_t size)
{
	return (struct exchange_request){.op = AGENT_STAT,
					 .payload = (const uint8_t *)payload,
					 .len = strlen(payload),
					 .answer = room,
					 .answer_room = size};
}

struct exchange_request talk_change_request(const void *payload, size_t len)
{
	return (struct exchange_request){.op = AGENT_MKDIR, .kind = EXCHANGE_CHANGES, .payload = payload, .len = len};
}

void talk_add(struct talk *talk, struct exchange_request *request)
{
	exchange_add(talk->exchange, request, talk->now);
}

void talk_expect_finished(struct talk *talk, struct exchange_request *request, int result)
{
	assert_ptr_equal(exchange_finished(talk->exchange), request);
	assert_int_equal(request->state, EXCHANGE_FINISHED);
	assert_int_equal(request->result, result);
}

void talk_expect_none_finished(struct talk *talk)
{
	assert_null(exchange_finished(talk->exchange));
}
