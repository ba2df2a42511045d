/* SPDX-License-Identifier: MIT */
#include "agent/frame.h"

#include <string.h>
#include <zlib.h>

#include "base/le.h"

size_t frame_encode(uint8_t *out, uint8_t type, uint8_t sequence, const void *payload, size_t len)
{
	return frame_encode_channel(out, type, 0, sequence, payload, len);
}

size_t frame_encode_channel(uint8_t *out, uint8_t type, uint8_t channel, uint8_t sequence, const void *payload, size_t len)
{
	out[0] = AGENT_FRAME_MARK;
	out[1] = type;
	out[2] = channel;
	out[3] = sequence;
	le_put16(out + 4, len);
	le_put16(out + 6, crc32(0, out, 6));
	if (len)
		memmove(out + AGENT_HEADER_SIZE, payload, len);
	uint32_t crc = (uint32_t)crc32(0, out, (uInt)(AGENT_HEADER_SIZE + len));
	le_put32(out + AGENT_HEADER_SIZE + len, crc);
	return AGENT_HEADER_SIZE + len + AGENT_TRAILER_SIZE;
}

void frame_reader_init(struct frame_reader *reader)
{
	memset(reader, 0, sizeof(*reader));
}

uint8_t *frame_reader_room(struct frame_reader *reader, size_t *room)
{
	if (reader->start) {
		memmove(reader->bytes, reader->bytes + reader->start, reader->end - reader->start);
		reader->end -= reader->start;
		reader->start = 0;
	}
	*room = sizeof(reader->bytes) - reader->end;
	return reader->bytes + reader->end;
}

void frame_reader_fed(struct frame_reader *reader, size_t len)
{
	reader->end += len;
}

static bool is_mark(uint8_t byte)
{
	return byte == AGENT_FRAME_MARK || byte == AGENT_CREDIT_MARK;
}

/* Bytes up to the next mark are output; NULs are nothing (protocol.h). */
static enum frame_event read_output(struct frame_reader *reader)
{
	while (reader->start < reader->end && reader->bytes[reader->start] == 0)
		reader->start++;
	size_t at = reader->start;
	while (at < reader->end && reader->bytes[at] && !is_mark(reader->bytes[at]))
		at++;
	if (at == reader->start)
		return FRAME_NONE;
	reader->output = reader->bytes + reader->start;
	reader->output_len = at - reader->start;
	reader->start = at;
	return FRAME_OUTPUT;
}

static enum frame_event damaged(struct frame_reader *reader)
{
	reader->start++;
	return FRAME_DAMAGED;
}

static enum frame_event read_credit(struct frame_reader *reader)
{
	const uint8_t *p = reader->bytes + reader->start;

	if (reader->end - reader->start < AGENT_CREDIT_SIZE)
		return FRAME_NONE;
	if ((p[1] ^ p[2] ^ p[3]) != 0xff)
		return damaged(reader);
	reader->credit_sequence = p[1];
	reader->credit_count = p[2];
	reader->start += AGENT_CREDIT_SIZE;
	return FRAME_CREDIT;
}

bool frame_header_good(const uint8_t *bytes, size_t most)
{
	return le_get16(bytes + 6) == (uint16_t)crc32(0, bytes, 6) && le_get16(bytes + 4) <= most;
}

bool frame_decode(const uint8_t *bytes, size_t len, struct frame *frame)
{
	if (len < AGENT_HEADER_SIZE + AGENT_TRAILER_SIZE || bytes[0] != AGENT_FRAME_MARK || !frame_header_good(bytes, UINT16_MAX))
		return false;
	size_t before_crc = AGENT_HEADER_SIZE + (size_t)le_get16(bytes + 4);
	if (len != before_crc + AGENT_TRAILER_SIZE || le_get32(bytes + before_crc) != (uint32_t)crc32(0, bytes, (uInt)before_crc))
		return false;
	*frame = (struct frame){.type = bytes[1],
				.channel = bytes[2],
				.sequence = bytes[3],
				.len = le_get16(bytes + 4),
				.payload = bytes + AGENT_HEADER_SIZE};
	return true;
}

static enum frame_event read_frame(struct frame_reader *reader)
{
	const uint8_t *p = reader->bytes + reader->start;
	size_t have = reader->end - reader->start;

	if (have < AGENT_HEADER_SIZE)
		return FRAME_NONE;
	if (!frame_header_good(p, AGENT_PAYLOAD_MAX))
		return damaged(reader);
	size_t size = AGENT_HEADER_SIZE + (size_t)le_get16(p + 4) + AGENT_TRAILER_SIZE;
	if (have < size)
		return FRAME_NONE;
	if (!frame_decode(p, size, &reader->frame))
		return damaged(reader);
	reader->start += size;
	return FRAME_WHOLE;
}

enum frame_event frame_reader_next(struct frame_reader *reader)
{
	enum frame_event event = read_output(reader);

	if (event != FRAME_NONE || reader->start == reader->end)
		return event;
	return reader->bytes[reader->start] == AGENT_CREDIT_MARK ? read_credit(reader) : read_frame(reader);
}

size_t frame_reader_lacks(const struct frame_reader *reader)
{
	const uint8_t *p = reader->bytes + reader->start;
	size_t have = reader->end - reader->start;

	if (have < AGENT_HEADER_SIZE || p[0] != AGENT_FRAME_MARK || !frame_header_good(p, AGENT_PAYLOAD_MAX))
		return 0;
	return AGENT_HEADER_SIZE + (size_t)le_get16(p + 4) + AGENT_TRAILER_SIZE - have;
}

bool frame_reader_begun(const struct frame_reader *reader)
{
	return reader->start < reader->end;
}

void frame_reader_give_up(struct frame_reader *reader)
{
	if (frame_reader_begun(reader))
		reader->start++;
}
