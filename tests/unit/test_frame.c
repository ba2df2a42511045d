/* SPDX-License-Identifier: MIT */
#include "agent/frame.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include <cmocka.h>

#include "tests/unit/dice.h"

enum { CREDIT = AGENT_CREDIT_MARK, MARK = AGENT_FRAME_MARK, EMPTY_FRAME = AGENT_HEADER_SIZE + AGENT_TRAILER_SIZE };

static void feed(struct frame_reader *reader, const void *bytes, size_t len)
{
	size_t room;
	uint8_t *to = frame_reader_room(reader, &room);

	assert_true(room >= FRAME_SIZE_MAX);
	assert_true(len <= room);
	memcpy(to, bytes, len);
	frame_reader_fed(reader, len);
}

static void expect(struct frame_reader *reader, enum frame_event event)
{
	assert_int_equal(frame_reader_next(reader), event);
}

static void expect_frame(struct frame_reader *reader, uint8_t type, uint8_t sequence, const void *payload, size_t len)
{
	expect(reader, FRAME_WHOLE);
	assert_int_equal(reader->frame.type, type);
	assert_int_equal(reader->frame.channel, 0);
	assert_int_equal(reader->frame.sequence, sequence);
	assert_int_equal(reader->frame.len, len);
	if (len)
		assert_memory_equal(reader->frame.payload, payload, len);
}

static void expect_output(struct frame_reader *reader, const char *output, size_t len)
{
	expect(reader, FRAME_OUTPUT);
	assert_int_equal(reader->output_len, len);
	assert_memory_equal(reader->output, output, len);
}

/* Makes the check of a header right, whatever the header says. */
static void seal_header(uint8_t *frame)
{
	uint32_t crc = (uint32_t)crc32(0, frame, 6);

	frame[6] = (uint8_t)crc;
	frame[7] = (uint8_t)(crc >> 8);
}

static void the_bytes_are_those_of_the_protocol(void **state)
{
	/* Made with Python's struct and zlib, so that encoder and reader cannot agree on a mistake. */
	static const uint8_t expected[] = {0xfa, 'S', 0, 7, 2, 0, 0xc0, 0x5a, '/', 'a', 0xd3, 0xba, 0x9b, 0x18};
	uint8_t out[FRAME_SIZE_MAX];

	(void)state;
	assert_int_equal(frame_encode(out, AGENT_STAT, 7, "/a", 2), sizeof(expected));
	assert_memory_equal(out, expected, sizeof(expected));
}

static void a_payload_may_lie_in_place(void **state)
{
	uint8_t out[FRAME_SIZE_MAX], same[FRAME_SIZE_MAX];
	size_t len = frame_encode(out, 'W', 9, "in place", 8);

	(void)state;
	memcpy(same + AGENT_HEADER_SIZE, "in place", 8);
	assert_int_equal(frame_encode(same, 'W', 9, same + AGENT_HEADER_SIZE, 8), len);
	assert_memory_equal(same, out, len);
}

static void frames_of_every_size_come_back(void **state)
{
	static const size_t sizes[] = {0, 1, 2, 51, 52, 53, 63, 64, 65, 240, 255, 256, 257, 1024, 4095, AGENT_PAYLOAD_MAX};
	struct dice dice = {1};
	struct frame_reader reader;
	uint8_t payload[AGENT_PAYLOAD_MAX], out[FRAME_SIZE_MAX];

	(void)state;
	frame_reader_init(&reader);
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		for (size_t k = 0; k < sizes[i]; k++)
			payload[k] = (uint8_t)dice_roll(&dice, 256);
		feed(&reader, out, frame_encode(out, 'A', (uint8_t)i, payload, sizes[i]));
		expect_frame(&reader, 'A', (uint8_t)i, payload, sizes[i]);
		expect(&reader, FRAME_NONE);
		assert_false(frame_reader_begun(&reader));
	}
}

static void a_frame_may_come_byte_by_byte(void **state)
{
	struct frame_reader reader;
	uint8_t out[FRAME_SIZE_MAX];
	size_t len = frame_encode(out, 'A', 200, "slow", 4);

	(void)state;
	frame_reader_init(&reader);
	for (size_t i = 0; i < len; i++) {
		assert_int_equal(frame_reader_begun(&reader), i > 0);
		assert_int_equal(frame_reader_lacks(&reader), i < AGENT_HEADER_SIZE ? 0 : len - i);
		expect(&reader, FRAME_NONE);
		feed(&reader, out + i, 1);
	}
	expect_frame(&reader, 'A', 200, "slow", 4);
	assert_int_equal(frame_reader_lacks(&reader), 0);
}

static void several_come_at_once(void **state)
{
	struct frame_reader reader;
	uint8_t out[4 * EMPTY_FRAME];
	size_t len = 0;

	(void)state;
	for (unsigned i = 0; i < 4; i++)
		len += frame_encode(out + len, 'A', (uint8_t)i, NULL, 0);
	frame_reader_init(&reader);
	feed(&reader, out, len);
	for (unsigned i = 0; i < 4; i++)
		expect_frame(&reader, 'A', (uint8_t)i, NULL, 0);
	expect(&reader, FRAME_NONE);
}

static void marks_inside_a_payload_are_content(void **state)
{
	struct frame_reader reader;
	uint8_t inner[FRAME_SIZE_MAX], out[FRAME_SIZE_MAX];
	size_t inner_len = frame_encode(inner, 'E', 5, "\xfa\xfb\xfa\xfb", 4);

	(void)state;
	inner[inner_len++] = CREDIT; /* a whole credit, too */
	inner[inner_len++] = 5;
	inner[inner_len++] = 1;
	inner[inner_len++] = 0xff ^ 5 ^ 1;
	frame_reader_init(&reader);
	feed(&reader, out, frame_encode(out, 'A', 6, inner, inner_len));
	expect_frame(&reader, 'A', 6, inner, inner_len);
	expect(&reader, FRAME_NONE);
}

static void output_stands_between_frames(void **state)
{
	struct frame_reader reader;
	uint8_t out[256];
	size_t len = 0;

	(void)state;
	memcpy(out, "boot ok\r\n", 9);
	len = 9;
	len += frame_encode(out + len, 'A', 1, "x", 1);
	out[len++] = 0; /* the padding behind a frame is nothing */
	len += frame_encode(out + len, 'A', 2, "y", 1);
	memcpy(out + len, "gr\xc3\xbc\xc3\x9f\0\0end", 11); /* NULs part the output, and are none */
	len += 11;
	frame_reader_init(&reader);
	feed(&reader, out, len);
	expect_output(&reader, "boot ok\r\n", 9);
	expect_frame(&reader, 'A', 1, "x", 1);
	expect_frame(&reader, 'A', 2, "y", 1);
	expect_output(&reader, "gr\xc3\xbc\xc3\x9f", 6);
	expect_output(&reader, "end", 3);
	expect(&reader, FRAME_NONE);
	feed(&reader, "\0\0\0", 3);
	expect(&reader, FRAME_NONE);
	assert_false(frame_reader_begun(&reader));
}

static void credits_are_read_and_checked(void **state)
{
	static const uint8_t good[] = {CREDIT, 9, 3, 0xff ^ 9 ^ 3}, last[] = {CREDIT, 255, 255, 255};
	struct frame_reader reader;
	uint8_t bad[4];

	(void)state;
	frame_reader_init(&reader);
	feed(&reader, good, 2);
	expect(&reader, FRAME_NONE);
	assert_true(frame_reader_begun(&reader));
	assert_int_equal(frame_reader_lacks(&reader), 0); /* it is no frame that is coming */
	feed(&reader, good + 2, 2);
	expect(&reader, FRAME_CREDIT);
	assert_int_equal(reader.credit_sequence, 9);
	assert_int_equal(reader.credit_count, 3);
	feed(&reader, last, 4);
	expect(&reader, FRAME_CREDIT);
	assert_int_equal(reader.credit_count, 255);
	for (unsigned bit = 8; bit < 32; bit++) {
		memcpy(bad, good, 4);
		bad[bit / 8] ^= (uint8_t)(1u << bit % 8);
		frame_reader_init(&reader);
		feed(&reader, bad, 4);
		expect(&reader, FRAME_DAMAGED);
	}
}

/* Reads until there is no more, expects no frame but the last, which is the "good" of follow_with_good. */
static void expect_only_good(struct frame_reader *reader)
{
	enum frame_event event;
	unsigned frames = 0;

	for (;;) {
		event = frame_reader_next(reader);
		if (event == FRAME_NONE && frame_reader_begun(reader)) {
			frame_reader_give_up(reader); /* the line is quiet now */
			continue;
		}
		if (event == FRAME_NONE)
			break;
		if (event == FRAME_WHOLE) {
			assert_int_equal(reader->frame.sequence, 77);
			assert_memory_equal(reader->frame.payload, "good", 4);
			frames++;
		}
	}
	assert_int_equal(frames, 1);
}

static void follow_with_good(struct frame_reader *reader)
{
	uint8_t out[FRAME_SIZE_MAX];

	feed(reader, out, frame_encode(out, 'A', 77, "good", 4));
	expect_only_good(reader);
}

static void every_flipped_bit_is_found(void **state)
{
	struct frame_reader reader;
	uint8_t frame[FRAME_SIZE_MAX], bad[FRAME_SIZE_MAX];
	size_t len = frame_encode(frame, 'A', 3, "\xfa twelve b\xfb", 12);

	(void)state;
	for (size_t bit = 0; bit < 8 * len; bit++) {
		memcpy(bad, frame, len);
		bad[bit / 8] ^= (uint8_t)(1u << bit % 8);
		frame_reader_init(&reader);
		feed(&reader, bad, len);
		follow_with_good(&reader);
	}
}

static void a_frame_cut_anywhere_hides_none_behind_it(void **state)
{
	struct frame_reader reader;
	uint8_t frame[FRAME_SIZE_MAX];
	size_t len = frame_encode(frame, 'A', 3, "the payload of a frame that is cut", 34);

	(void)state;
	for (size_t from = 0; from < len; from++) {
		frame_reader_init(&reader);
		feed(&reader, frame, from); /* its end is missing */
		follow_with_good(&reader);
		frame_reader_init(&reader);
		feed(&reader, frame + from + 1, len - from - 1); /* its beginning is missing */
		follow_with_good(&reader);
		frame_reader_init(&reader);
		feed(&reader, frame, from); /* one byte is missing */
		feed(&reader, frame + from + 1, len - from - 1);
		follow_with_good(&reader);
		frame_reader_init(&reader);
		feed(&reader, frame, from + 1); /* one byte came twice */
		feed(&reader, frame + from, len - from);
		if (from == 0)
			expect(&reader, FRAME_DAMAGED);
		if (from == 0 || from == len - 1) { /* the frame is whole, beside a byte of rubbish */
			expect(&reader, FRAME_WHOLE);
			assert_int_equal(reader.frame.sequence, 3);
		}
		follow_with_good(&reader);
	}
}

static void a_lying_length_is_refused(void **state)
{
	static const unsigned lengths[] = {AGENT_PAYLOAD_MAX + 1, 0x1fff, 0x8000, 0xffff};
	struct frame_reader reader;
	uint8_t frame[EMPTY_FRAME];

	(void)state;
	for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		frame_encode(frame, 'A', 3, NULL, 0);
		frame[4] = (uint8_t)lengths[i];
		frame[5] = (uint8_t)(lengths[i] >> 8);
		seal_header(frame); /* so that only the length is wrong */
		frame_reader_init(&reader);
		feed(&reader, frame, AGENT_HEADER_SIZE);
		assert_int_equal(frame_reader_lacks(&reader), 0);
		expect(&reader, FRAME_DAMAGED);
		follow_with_good(&reader);
	}
}

static void a_length_that_promises_too_much_can_be_given_up(void **state)
{
	struct frame_reader reader;
	uint8_t frame[EMPTY_FRAME], good[FRAME_SIZE_MAX];

	(void)state;
	frame_encode(frame, 'A', 3, NULL, 0);
	frame[4] = 0;
	frame[5] = AGENT_PAYLOAD_MAX >> 8;
	seal_header(frame);
	frame_reader_init(&reader);
	feed(&reader, frame, sizeof(frame));
	expect(&reader, FRAME_NONE);
	assert_int_equal(frame_reader_lacks(&reader), AGENT_PAYLOAD_MAX);
	/* The host waits for the rest while the board has sent all it has: once the line is quiet, what came is looked at again. */
	feed(&reader, good, frame_encode(good, 'A', 77, "good", 4));
	expect(&reader, FRAME_NONE);
	expect_only_good(&reader);
}

static void giving_up_nothing_is_nothing(void **state)
{
	struct frame_reader reader;
	uint8_t out[FRAME_SIZE_MAX];

	(void)state;
	frame_reader_init(&reader);
	frame_reader_give_up(&reader);
	assert_false(frame_reader_begun(&reader));
	feed(&reader, out, frame_encode(out, 'A', 1, NULL, 0));
	expect_frame(&reader, 'A', 1, NULL, 0);
}

/* Whether what the reader points to lies where it may. */
static void check_pointers(const struct frame_reader *reader, enum frame_event event)
{
	const uint8_t *from = event == FRAME_WHOLE ? reader->frame.payload : reader->output;
	size_t len = event == FRAME_WHOLE ? reader->frame.len : reader->output_len;

	if (event != FRAME_WHOLE && event != FRAME_OUTPUT)
		return;
	assert_true(from >= reader->bytes);
	assert_true(from + len <= reader->bytes + reader->end);
}

/* Appends a frame, or rubbish that looks like one, to OUT. Returns the frame's sequence number, or -1. */
static int random_thing(struct dice *dice, uint8_t *out, size_t *len, uint8_t sequence)
{
	uint8_t payload[600];
	size_t size = dice_roll(dice, sizeof(payload));
	uint32_t kind = dice_roll(dice, 8);

	for (size_t i = 0; i < size; i++)
		payload[i] = (uint8_t)(dice_hit(dice, 4) ? MARK + dice_roll(dice, 2) : dice_roll(dice, 256));
	if (kind < 4) {
		*len += frame_encode(out + *len, 'A', sequence, payload, size);
		return sequence;
	}
	if (kind < 6) {
		/* Cut, and by so much that what follows makes no whole CRC of it. */
		size_t whole = frame_encode(out + *len, 'A', sequence, payload, size);
		*len += dice_roll(dice, (uint32_t)whole - 3);
	} else {
		memcpy(out + *len, payload, size);
		*len += size;
	}
	/* One in 256 rubbish credits looks like one, and would swallow the first bytes of a frame behind it. */
	memcpy(out + *len, "text", 4);
	*len += 4;
	return -1;
}

/* Frames and rubbish in turn: every frame is found, in order, and nothing else is, however the bytes are cut up. */
static void no_rubbish_hides_a_frame(void **state)
{
	uint8_t stream[16 * 700];
	struct frame_reader reader;

	(void)state;
	for (unsigned seed = 0; seed < 2000; seed++) {
		struct dice dice = {seed};
		int sent[16];
		unsigned frames = 0, found = 0;
		size_t len = 0;

		for (unsigned i = 0; i < 16; i++) {
			int sequence = random_thing(&dice, stream, &len, (uint8_t)frames);
			if (sequence >= 0)
				sent[frames++] = sequence;
		}
		frame_reader_init(&reader);
		for (size_t at = 0; at < len || frame_reader_begun(&reader);) {
			size_t piece = 1 + dice_roll(&dice, 300);
			if (piece > len - at)
				piece = len - at;
			feed(&reader, stream + at, piece);
			at += piece;
			enum frame_event event;
			while ((event = frame_reader_next(&reader)) != FRAME_NONE) {
				check_pointers(&reader, event);
				if (event != FRAME_WHOLE)
					continue;
				if (found >= frames || reader.frame.sequence != sent[found])
					fail_msg("seed %u: frame %u is not the one sent", seed, found);
				found++;
			}
			if (at == len)
				frame_reader_give_up(&reader);
		}
		if (found != frames)
			fail_msg("seed %u: %u of %u frames were found", seed, found, frames);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_bytes_are_those_of_the_protocol),
		cmocka_unit_test(a_payload_may_lie_in_place),
		cmocka_unit_test(frames_of_every_size_come_back),
		cmocka_unit_test(a_frame_may_come_byte_by_byte),
		cmocka_unit_test(several_come_at_once),
		cmocka_unit_test(marks_inside_a_payload_are_content),
		cmocka_unit_test(output_stands_between_frames),
		cmocka_unit_test(credits_are_read_and_checked),
		cmocka_unit_test(every_flipped_bit_is_found),
		cmocka_unit_test(a_frame_cut_anywhere_hides_none_behind_it),
		cmocka_unit_test(a_lying_length_is_refused),
		cmocka_unit_test(a_length_that_promises_too_much_can_be_given_up),
		cmocka_unit_test(giving_up_nothing_is_nothing),
		cmocka_unit_test(no_rubbish_hides_a_frame),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
