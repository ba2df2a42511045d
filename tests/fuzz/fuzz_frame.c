/* SPDX-License-Identifier: MIT */
/*
 * frame_reader: frames, damaged frames and rubbish, made of the input so that the CRCs are right where they should be. It finds the
 * same whatever the size of the pieces, finds only what is a frame byte for byte, and points only to where it has bytes.
 */
#include "agent/frame.h"

#include <string.h>

#include "tests/fuzz/fuzz.h"

enum { STREAM = 1 << 16, FRAMES = 4096 };

static uint8_t stream[STREAM + FRAME_SIZE_MAX];

/* Appends a frame whose payload is of the input, or what is left of it. Returns the stream's new length. */
static size_t add_frame(struct fuzz_input *input, size_t len, unsigned harm)
{
	uint8_t type = fuzz_byte(input), sequence = fuzz_byte(input);
	size_t size = fuzz_byte(input) * (fuzz_byte(input) & 0xf);

	if (size > AGENT_PAYLOAD_MAX)
		size = AGENT_PAYLOAD_MAX;
	for (size_t i = 0; i < size; i++)
		stream[len + AGENT_HEADER_SIZE + i] = fuzz_byte(input);
	size = frame_encode(stream + len, type, sequence, stream + len + AGENT_HEADER_SIZE, size);
	if (harm == 1)
		stream[len + fuzz_byte(input) % size] ^= (uint8_t)(1 + fuzz_byte(input) % 255);
	if (harm == 2)
		size = fuzz_byte(input) % size;
	return len + size;
}

static size_t make_stream(struct fuzz_input *input)
{
	size_t len = 0;

	while (input->left && len < STREAM) {
		uint8_t kind = fuzz_byte(input);

		if (kind % 4 < 3)
			len = add_frame(input, len, kind % 4);
		else
			for (unsigned i = 0; i <= kind / 4u; i++)
				stream[len++] = fuzz_byte(input);
	}
	return len;
}

/* What was found, in order: a checksum would hide what differs. */
struct found {
	size_t count;
	uint8_t things[FRAMES][4];
};

static void check_whole(const struct frame_reader *reader)
{
	uint8_t again[FRAME_SIZE_MAX];
	const struct frame *frame = &reader->frame;
	size_t size;

	FUZZ_CHECK(frame->len <= AGENT_PAYLOAD_MAX);
	FUZZ_CHECK(frame->payload - AGENT_HEADER_SIZE >= reader->bytes);
	FUZZ_CHECK(frame->payload + frame->len + AGENT_TRAILER_SIZE <= reader->bytes + reader->end);
	size = frame_encode(again, frame->type, frame->sequence, frame->payload, frame->len);
	if (frame->channel == 0)
		FUZZ_CHECK(!memcmp(again, frame->payload - AGENT_HEADER_SIZE, size));
}

static void note(struct found *found, enum frame_event event, const struct frame_reader *reader)
{
	bool credit = event == FRAME_CREDIT;
	uint8_t thing[4] = {(uint8_t)event, credit ? reader->credit_sequence : reader->frame.sequence,
			    credit ? reader->credit_count : reader->frame.type, credit ? 0 : (uint8_t)reader->frame.len};

	if (found->count < FRAMES)
		memcpy(found->things[found->count++], thing, sizeof(thing));
}

static void read_all(struct frame_reader *reader, struct found *found)
{
	enum frame_event event;

	while ((event = frame_reader_next(reader)) != FRAME_NONE) {
		FUZZ_CHECK(reader->start <= reader->end && reader->end <= sizeof(reader->bytes));
		if (event == FRAME_WHOLE)
			check_whole(reader);
		if (event == FRAME_OUTPUT) {
			FUZZ_CHECK(reader->output_len > 0);
			FUZZ_CHECK(!memchr(reader->output, AGENT_FRAME_MARK, reader->output_len));
			FUZZ_CHECK(!memchr(reader->output, 0, reader->output_len));
		}
		if (event == FRAME_WHOLE || event == FRAME_CREDIT)
			note(found, event, reader);
	}
	FUZZ_CHECK(frame_reader_lacks(reader) <= FRAME_SIZE_MAX);
}

static void read_stream(const uint8_t *bytes, size_t len, size_t piece, struct found *found)
{
	struct frame_reader reader;
	size_t room;

	frame_reader_init(&reader);
	for (size_t at = 0, size; at < len; at += size) {
		uint8_t *to = frame_reader_room(&reader, &room);

		FUZZ_CHECK(room >= FRAME_SIZE_MAX);
		size = piece < room ? piece : room;
		if (size > len - at)
			size = len - at;
		memcpy(to, bytes + at, size);
		frame_reader_fed(&reader, size);
		read_all(&reader, found);
	}
	while (frame_reader_begun(&reader)) {
		frame_reader_give_up(&reader);
		read_all(&reader, found);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct found at_once, in_pieces;
	struct fuzz_input input = {data, size};
	size_t piece = 1 + (size_t)fuzz_byte(&input);
	size_t len = make_stream(&input);

	at_once.count = in_pieces.count = 0;
	read_stream(stream, len, SIZE_MAX, &at_once);
	read_stream(stream, len, piece, &in_pieces);
	FUZZ_CHECK(at_once.count == in_pieces.count);
	FUZZ_CHECK(!memcmp(at_once.things, in_pieces.things, at_once.count * sizeof(at_once.things[0])));
	return 0;
}
