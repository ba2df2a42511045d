/* SPDX-License-Identifier: MIT */
/*
 * incoming: what a board with a share may send, made of the input: requests, whole, damaged and asked again, credits, and output that
 * looks like either, with silences between. Every byte comes out once and in order, as output or in a request that is right; only
 * credits, and what may have been a request that came damaged, may be missing. The pieces that it comes in make no difference.
 */
#include "share/incoming.h"

#include <string.h>

#include "tests/fuzz/fuzz.h"

enum { STREAM = 1 << 16, ACTIONS = 1024, REQUESTS = 4096, LONGEST = 400 };

enum act { ACT_SILENCE, ACT_CREDITS, ACT_NO_CREDITS };

/* What is sent, and what happens when so much of it has come. */
struct story {
	uint8_t stream[STREAM + INCOMING_FRAME_MAX];
	size_t len;
	struct action {
		size_t at;
		enum act act;
	} actions[ACTIONS];
	size_t action_count;
};

/* What was found. */
struct found {
	uint8_t output[STREAM + INCOMING_FRAME_MAX];
	size_t output_len;
	size_t requests[REQUESTS]; /* where in the stream each begins */
	size_t request_count;
	size_t credits;
};

/* One reading of a story. */
struct reading {
	const struct story *story;
	struct found *found;
	struct incoming incoming;
	size_t fed, taken; /* so much of the stream has come, and has come out */
	bool credits;
	int sequence; /* of the last request; -1: there was none */
};

/* --- The story --- */

static void add_action(struct story *story, enum act act)
{
	if (story->action_count < ACTIONS)
		story->actions[story->action_count++] = (struct action){story->len, act};
}

/* Adds a request of the input, or what the line has made of it. */
static void add_request(struct story *story, struct fuzz_input *input, unsigned harm, uint8_t *sequence)
{
	static const uint8_t ops[] = "HSILORWsCMduNVPYZ?";
	uint8_t *out = story->stream + story->len;
	uint8_t op = ops[fuzz_byte(input) % (sizeof(ops) - 1)], step = fuzz_byte(input), form = fuzz_byte(input);
	size_t len = fuzz_byte(input);

	if (form & 0x80)
		len = len * (SHARE_PAYLOAD_MAX + 1) / 255;
	for (size_t i = 0; i < len; i++)
		out[AGENT_HEADER_SIZE + i] = form & 0x40 ? fuzz_byte(input) : (uint8_t)(i * form);
	*sequence = (uint8_t)(*sequence + (step < 16 ? step : 1));
	size_t size = frame_encode_channel(out, op, (form & 3) ? 1 : form >> 2 & 3, *sequence, out + AGENT_HEADER_SIZE, len);
	if (harm == 1)
		out[(fuzz_byte(input) << 8 | fuzz_byte(input)) % size] ^= (uint8_t)(1 + fuzz_byte(input) % 255);
	if (harm == 2)
		size = (size_t)(fuzz_byte(input) << 8 | fuzz_byte(input)) % size;
	story->len += size;
}

static void add_credit(struct story *story, uint8_t sequence, uint8_t count, uint8_t harm)
{
	const uint8_t credit[] = {AGENT_CREDIT_MARK, sequence, count, (uint8_t)(~(sequence ^ count) ^ (harm & 1 ? harm : 0))};

	memcpy(story->stream + story->len, credit, sizeof(credit));
	story->len += sizeof(credit);
}

static void tell(struct story *story, struct fuzz_input *input)
{
	uint8_t sequence = 0;

	story->len = story->action_count = 0;
	while (input->left && story->len < STREAM) {
		uint8_t kind = fuzz_byte(input);

		switch (kind & 7) {
		case 0:
		case 1:
		case 2:
			add_request(story, input, kind & 3, &sequence);
			break;
		case 3:
			add_credit(story, sequence, fuzz_byte(input), kind >> 3);
			break;
		case 4:
			add_action(story, kind % 3 == 0 ? ACT_SILENCE : kind % 3 == 1 ? ACT_CREDITS : ACT_NO_CREDITS);
			break;
		case 5:
			for (unsigned i = 0; i <= kind * 4u; i++)
				story->stream[story->len++] = kind;
			break;
		default:
			for (unsigned i = 0; i <= kind / 8u; i++)
				story->stream[story->len++] = fuzz_byte(input);
		}
	}
}

/* --- A reading --- */

/* Where in the stream the byte at AT in the incoming's memory is. */
static size_t place_of(const struct reading *reading, const uint8_t *at)
{
	const struct incoming *incoming = &reading->incoming;

	FUZZ_CHECK(at >= incoming->bytes && at <= incoming->bytes + incoming->end);
	return reading->fed - (size_t)(incoming->bytes + incoming->end - at);
}

/* What is missing up to PLACE was credits, or with DAMAGED what may have been a request that came damaged. */
static void check_gap(const struct reading *reading, size_t place, bool damaged)
{
	const uint8_t *stream = reading->story->stream;

	FUZZ_CHECK(place >= reading->taken);
	for (size_t at = reading->taken; at < place; at += AGENT_CREDIT_SIZE) {
		if (damaged && stream[at] == AGENT_FRAME_MARK) {
			FUZZ_CHECK(place - at <= INCOMING_FRAME_MAX);
			return;
		}
		FUZZ_CHECK(reading->credits && stream[at] == AGENT_CREDIT_MARK && place - at >= AGENT_CREDIT_SIZE);
	}
}

static void take_output(struct reading *reading)
{
	const struct incoming *incoming = &reading->incoming;
	struct found *found = reading->found;
	size_t place = place_of(reading, incoming->output);

	FUZZ_CHECK(incoming->output_len > 0);
	check_gap(reading, place, false);
	FUZZ_CHECK(!memcmp(incoming->output, reading->story->stream + place, incoming->output_len));
	memcpy(found->output + found->output_len, incoming->output, incoming->output_len);
	found->output_len += incoming->output_len;
	reading->taken = place + incoming->output_len;
}

static void take_request(struct reading *reading)
{
	const struct frame *frame = &reading->incoming.frame;
	struct found *found = reading->found;
	uint8_t again[INCOMING_FRAME_MAX];

	FUZZ_CHECK(frame->channel == 1 && frame->len > 0 && frame->len <= SHARE_PAYLOAD_MAX);
	size_t place = place_of(reading, frame->payload - AGENT_HEADER_SIZE);
	size_t size = frame_encode_channel(again, frame->type, 1, frame->sequence, frame->payload, frame->len);

	bool follows = reading->sequence < 0 || frame->sequence == (uint8_t)(reading->sequence + 1);
	check_gap(reading, place, frame->payload[0] & SHARE_COUNT || !follows);
	reading->sequence = frame->sequence;
	FUZZ_CHECK(!memcmp(again, reading->story->stream + place, size));
	if (found->request_count < REQUESTS)
		found->requests[found->request_count++] = place;
	reading->taken = place + size;
}

static void take_all(struct reading *reading)
{
	struct incoming *incoming = &reading->incoming;
	enum incoming_event event;

	while ((event = incoming_next(incoming)) != INCOMING_NONE) {
		FUZZ_CHECK(incoming->start <= incoming->scan && incoming->scan <= incoming->end);
		if (event == INCOMING_OUTPUT)
			take_output(reading);
		else if (event == INCOMING_REQUEST)
			take_request(reading);
		else
			reading->found->credits += reading->credits ? 1 : STREAM;
	}
}

static void feed(struct reading *reading, size_t until, size_t piece)
{
	size_t room;

	while (reading->fed < until) {
		uint8_t *to = incoming_room(&reading->incoming, &room);
		size_t len = until - reading->fed;

		FUZZ_CHECK(room > 0 && to + room <= reading->incoming.bytes + sizeof(reading->incoming.bytes));
		len = len > piece ? piece : len;
		len = len > room ? room : len;
		memcpy(to, reading->story->stream + reading->fed, len);
		incoming_fed(&reading->incoming, len);
		reading->fed += len;
		take_all(reading);
	}
}

/* Nothing waits behind a silence. */
static void fall_silent(struct reading *reading)
{
	incoming_silence(&reading->incoming);
	take_all(reading);
	FUZZ_CHECK(incoming_patience(&reading->incoming) == INT64_MAX);
	check_gap(reading, reading->fed, false);
	reading->taken = reading->fed;
}

static void do_action(struct reading *reading, enum act act)
{
	if (act == ACT_SILENCE) {
		fall_silent(reading);
		return;
	}
	reading->credits |= act == ACT_CREDITS;
	incoming_expect_credits(&reading->incoming, act == ACT_CREDITS);
}

static void read_story(const struct story *story, size_t piece, struct found *found)
{
	static struct reading reading;

	reading = (struct reading){.story = story, .found = found, .sequence = -1};
	found->output_len = found->request_count = found->credits = 0;
	incoming_init(&reading.incoming);
	for (size_t i = 0; i < story->action_count; i++) {
		feed(&reading, story->actions[i].at, piece);
		do_action(&reading, story->actions[i].act);
	}
	feed(&reading, story->len, piece);
	fall_silent(&reading);
	FUZZ_CHECK(found->credits < STREAM);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct story story;
	static struct found at_once, in_pieces;
	struct fuzz_input input = {data, size};
	size_t piece = 1 + (size_t)fuzz_byte(&input) * fuzz_byte(&input) % LONGEST;

	tell(&story, &input);
	read_story(&story, SIZE_MAX, &at_once);
	read_story(&story, piece, &in_pieces);
	FUZZ_CHECK(at_once.request_count == in_pieces.request_count);
	FUZZ_CHECK(!memcmp(at_once.requests, in_pieces.requests, at_once.request_count * sizeof(at_once.requests[0])));
	FUZZ_CHECK(at_once.output_len == in_pieces.output_len);
	FUZZ_CHECK(!memcmp(at_once.output, in_pieces.output, at_once.output_len));
	return 0;
}
