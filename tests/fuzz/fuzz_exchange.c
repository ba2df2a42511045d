/* SPDX-License-Identifier: MIT */
/*
 * exchange: a board that says anything, at any time, in frames that are right. Every request ends, an answer never leaves its room,
 * the window is kept, and a deadline is never past.
 */
#include "agent/exchange.h"

#include <errno.h>
#include <string.h>

#include "tests/fuzz/fuzz.h"

enum { REQUESTS = 8, ROOM = 300, TIMEOUT = 10000000 };

struct slot {
	struct exchange_request request;
	uint8_t room[ROOM];
	uint8_t payload[AGENT_PAYLOAD_MAX];
	bool used;
};

struct run {
	struct exchange *exchange;
	struct slot slots[REQUESTS];
	int64_t now;
	unsigned window;
	size_t unread; /* sent since the last byte came in; pings apart, the exchange may send a window of them */
};

static bool any_used(const struct run *run)
{
	for (unsigned i = 0; i < REQUESTS; i++)
		if (run->slots[i].used)
			return true;
	return false;
}

static void settle(struct run *run)
{
	struct exchange_request *request;

	while ((request = exchange_finished(run->exchange))) {
		struct slot *slot = (struct slot *)((char *)request - offsetof(struct slot, request));

		FUZZ_CHECK(slot->used && request->state == EXCHANGE_FINISHED);
		FUZZ_CHECK(request->result == 0 || request->result == -EIO || request->result == -EREMOTEIO);
		FUZZ_CHECK(request->answer_len <= request->answer_room);
		FUZZ_CHECK(memchr(request->words, 0, sizeof(request->words)));
		if (request->grow)
			free(request->answer);
		slot->used = false;
	}
}

static void ask(struct run *run, struct fuzz_input *input)
{
	struct slot *slot = &run->slots[fuzz_byte(input) % REQUESTS];
	uint8_t kind = fuzz_byte(input);

	if (slot->used)
		return;
	slot->used = true;
	slot->request = (struct exchange_request){
		.op = AGENT_STAT,
		.kind = kind & 1 ? EXCHANGE_CHANGES : EXCHANGE_READS,
		.bulk = kind & 2,
		.parts = kind & 4,
		.grow = kind & 8,
		.payload = slot->payload,
		.len = (size_t)fuzz_byte(input) * (kind >> 4),
	};
	if (!slot->request.grow) {
		slot->request.answer = slot->room;
		slot->request.answer_room = (size_t)fuzz_byte(input) + 1;
	}
	exchange_add(run->exchange, &slot->request, run->now);
}

static void transmit(struct run *run, size_t most)
{
	const uint8_t *bytes;
	size_t len;

	while (most && (len = exchange_output(run->exchange, run->now, &bytes))) {
		if (len > most)
			len = most;
		most -= len;
		run->unread = any_used(run) ? run->unread + len : 0;
		exchange_sent(run->exchange, len, run->now);
		/* What the board has not said that it read: a window, and a ping every second or so. */
		if (run->window)
			FUZZ_CHECK(run->unread <=
				   run->window + (TIMEOUT / 1000000 + 2) * (AGENT_HEADER_SIZE + AGENT_TRAILER_SIZE));
	}
}

static void hear(struct run *run, const uint8_t *bytes, size_t len)
{
	size_t room;
	uint8_t *to = exchange_room(run->exchange, &room);

	FUZZ_CHECK(len <= room);
	memcpy(to, bytes, len);
	exchange_received(run->exchange, len, run->now);
	run->unread = 0;
}

/* A frame of any kind, to one of the requests under way more often than not. */
static void hear_frame(struct run *run, struct fuzz_input *input)
{
	static const uint8_t types[] = "AMENHAMEPz";
	uint8_t out[FRAME_SIZE_MAX], payload[512];
	uint8_t type = types[fuzz_byte(input) % (sizeof(types) - 1)], whose = fuzz_byte(input);
	size_t len = fuzz_byte(input) * 2u;

	for (size_t i = 0; i < len; i++)
		payload[i] = i < 2 ? fuzz_byte(input) : (uint8_t)i;
	if (whose < 128)
		whose = run->slots[whose % REQUESTS].request.sequence;
	hear(run, out, frame_encode(out, type, whose, payload, len));
}

static void hear_credit(struct run *run, struct fuzz_input *input)
{
	uint8_t sequence = run->slots[fuzz_byte(input) % REQUESTS].request.sequence, count = fuzz_byte(input);
	uint8_t credit[] = {AGENT_CREDIT_MARK, sequence, count, 0xff ^ sequence ^ count};

	hear(run, credit, sizeof(credit));
}

static void hear_rubbish(struct run *run, struct fuzz_input *input)
{
	uint8_t bytes[64];
	size_t len = fuzz_byte(input) % sizeof(bytes);

	for (size_t i = 0; i < len; i++)
		bytes[i] = fuzz_byte(input);
	hear(run, bytes, len);
}

static void wait_until(struct run *run, int64_t until)
{
	int64_t deadline = exchange_deadline(run->exchange);

	/* What was heard may have made it late: then at once. */
	if (deadline < until)
		until = deadline;
	if (until > run->now)
		run->now = until;
	exchange_tick(run->exchange, run->now);
	transmit(run, SIZE_MAX);
	FUZZ_CHECK(exchange_deadline(run->exchange) > run->now);
}

static void step(struct run *run, struct fuzz_input *input)
{
	switch (fuzz_byte(input) % 6) {
	case 0:
		ask(run, input);
		break;
	case 1:
		hear_frame(run, input);
		break;
	case 2:
		hear_credit(run, input);
		break;
	case 3:
		hear_rubbish(run, input);
		break;
	case 4:
		transmit(run, SIZE_MAX);
		wait_until(run, run->now + 20000 * (int64_t)fuzz_byte(input));
		break;
	default:
		transmit(run, 1 + (size_t)fuzz_byte(input));
	}
	settle(run);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct run run;
	struct fuzz_input input = {data, size};

	memset(&run, 0, sizeof(run));
	run.now = 1000000;
	run.window = fuzz_byte(&input) & 1 ? AGENT_WINDOW : 0;
	run.exchange = exchange_open(run.now, TIMEOUT, NULL, NULL);
	FUZZ_CHECK(run.exchange);
	exchange_set_window(run.exchange, run.window);
	while (input.left)
		step(&run, &input);
	/* Silence now. */
	transmit(&run, SIZE_MAX);
	for (unsigned i = 0; any_used(&run); i++) {
		FUZZ_CHECK(i < 1000);
		wait_until(&run, INT64_MAX - 1);
		settle(&run);
	}
	exchange_close(run.exchange);
	return 0;
}
