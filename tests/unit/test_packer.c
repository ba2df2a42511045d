/* SPDX-License-Identifier: MIT */
#include "agent/packer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include <cmocka.h>

#include "tests/unit/dice.h"

/* What the board does with the payloads: one raw deflate stream with a window of its own size, no byte more than it was sent. */
struct unpacker {
	z_stream stream;
	int window_bits;
	bool begun;
	unsigned deflated, plain, resets;
	size_t bytes; /* that went over the line */
};

static void unpacker_init(struct unpacker *unpacker, int window_bits)
{
	memset(unpacker, 0, sizeof(*unpacker));
	unpacker->window_bits = window_bits;
}

static void unpacker_free(struct unpacker *unpacker)
{
	if (unpacker->begun)
		inflateEnd(&unpacker->stream);
}

static void unpacker_reset(struct unpacker *unpacker)
{
	unpacker_free(unpacker);
	memset(&unpacker->stream, 0, sizeof(unpacker->stream));
	assert_int_equal(inflateInit2(&unpacker->stream, -unpacker->window_bits), Z_OK);
	unpacker->begun = true;
	unpacker->resets++;
}

static void unpack(struct unpacker *unpacker, const struct packed *packed, uint8_t *from, const uint8_t *expected)
{
	uint8_t out[PACKER_INPUT_MAX + 1];

	unpacker->bytes += packed->len;
	if (!packed->deflated) {
		unpacker->plain++;
		assert_false(packed->reset);
		assert_int_equal(packed->len, packed->taken);
		if (packed->len)
			assert_memory_equal(from, expected, packed->len);
		return;
	}
	unpacker->deflated++;
	if (packed->reset)
		unpacker_reset(unpacker);
	assert_true(unpacker->begun);
	assert_true(packed->len < packed->taken);
	unpacker->stream.next_in = from;
	unpacker->stream.avail_in = (uInt)packed->len;
	unpacker->stream.next_out = out;
	unpacker->stream.avail_out = sizeof(out);
	assert_int_equal(inflate(&unpacker->stream, Z_SYNC_FLUSH), Z_OK);
	assert_int_equal(unpacker->stream.avail_in, 0);
	assert_int_equal(sizeof(out) - unpacker->stream.avail_out, packed->taken);
	assert_memory_equal(out, expected, packed->taken);
}

/* Sends LEN bytes of CONTENT as a file, in payloads of at most ROOM bytes, each checked to stay within it. */
static void send_file(struct packer *packer, struct unpacker *unpacker, const uint8_t *content, size_t len, size_t room)
{
	uint8_t *out = malloc(room + 16);
	size_t at = 0;

	while (at < len) {
		size_t piece = len - at < PACKER_INPUT_MAX ? len - at : PACKER_INPUT_MAX;

		memset(out, 0x5a, room + 16);
		struct packed packed = packer_pack(packer, content + at, piece, out, room);
		assert_in_range(packed.taken, 1, piece);
		assert_in_range(packed.len, 1, room);
		for (unsigned i = 0; i < 16; i++)
			assert_int_equal(out[room + i], 0x5a);
		unpack(unpacker, &packed, out, content + at);
		at += packed.taken;
	}
	free(out);
}

static void make_text(struct dice *dice, uint8_t *out, size_t len)
{
	static const char *const words[] = {"def ", "self.", "import ", "return ", "\n    ", "value",
					    " = ",  "(",     ")",       "None",    "for "};

	for (size_t at = 0; at < len;) {
		const char *word = words[dice_roll(dice, sizeof(words) / sizeof(words[0]))];

		for (; *word && at < len; word++, at++)
			out[at] = (uint8_t)*word;
		if (at < len && dice_hit(dice, 3))
			out[at++] = (uint8_t)('a' + dice_roll(dice, 26));
	}
}

static void make_noise(struct dice *dice, uint8_t *out, size_t len)
{
	for (size_t i = 0; i < len; i++)
		out[i] = (uint8_t)dice_roll(dice, 256);
}

static void a_board_without_deflate_gets_all_as_it_is(void **state)
{
	static const int bits[] = {0, -1, 1, 8, 16, 99};
	uint8_t text[3000], out[512];
	struct dice dice = {1};

	(void)state;
	make_text(&dice, text, sizeof(text));
	for (size_t i = 0; i < sizeof(bits) / sizeof(bits[0]); i++) {
		struct packer *packer = packer_open(bits[i]);
		assert_non_null(packer);
		struct packed packed = packer_pack(packer, text, sizeof(text), out, sizeof(out));
		assert_false(packed.deflated);
		assert_false(packed.reset);
		assert_int_equal(packed.taken, sizeof(out));
		assert_int_equal(packed.len, sizeof(out));
		assert_memory_equal(out, text, sizeof(out));
		packer_reset(packer);
		packer_close(packer);
	}
	packer_close(NULL);
}

static void nothing_packs_to_nothing(void **state)
{
	struct packer *packer = packer_open(15);
	uint8_t byte = 0;
	struct packed packed = packer_pack(packer, &byte, 0, &byte, 1);

	(void)state;
	assert_int_equal(packed.taken, 0);
	assert_int_equal(packed.len, 0);
	assert_false(packed.deflated);
	packer_close(packer);
}

/* A file like the one before it costs a few bytes: the stream runs on. */
static void a_file_profits_from_the_one_before(void **state)
{
	struct packer *packer = packer_open(12);
	struct unpacker unpacker;
	struct dice dice = {2};
	uint8_t text[2000];

	(void)state;
	unpacker_init(&unpacker, 12);
	make_text(&dice, text, sizeof(text));
	send_file(packer, &unpacker, text, sizeof(text), 4000);
	assert_int_equal(unpacker.resets, 1);
	size_t first = unpacker.bytes;
	send_file(packer, &unpacker, text, sizeof(text), 4000);
	assert_int_equal(unpacker.resets, 1);
	assert_int_equal(unpacker.plain, 0);
	assert_true((unpacker.bytes - first) * 10 < first);
	unpacker_free(&unpacker);
	packer_close(packer);
}

static void a_reset_begins_anew(void **state)
{
	struct packer *packer = packer_open(12);
	struct unpacker unpacker;
	struct dice dice = {3};
	uint8_t text[2000];

	(void)state;
	unpacker_init(&unpacker, 12);
	make_text(&dice, text, sizeof(text));
	for (unsigned i = 1; i <= 5; i++) {
		packer_reset(packer); /* also before the first */
		send_file(packer, &unpacker, text, sizeof(text), 4000);
		assert_int_equal(unpacker.resets, i);
		unpacker_reset(&unpacker); /* the board has really forgotten */
		unpacker.resets = i;
	}
	unpacker_free(&unpacker);
	packer_close(packer);
}

/* The flag is on the first payload that is deflated, not on the first payload. */
static void a_reset_waits_for_what_can_be_deflated(void **state)
{
	struct packer *packer = packer_open(10);
	uint8_t noise[300], text[300], out[400];
	struct dice dice = {4};

	(void)state;
	make_noise(&dice, noise, sizeof(noise));
	make_text(&dice, text, sizeof(text));
	packer_reset(packer);
	assert_false(packer_pack(packer, noise, sizeof(noise), out, sizeof(out)).deflated);
	struct packed packed = packer_pack(packer, text, sizeof(text), out, sizeof(out));
	assert_true(packed.deflated);
	assert_true(packed.reset);
	assert_false(packer_pack(packer, text, sizeof(text), out, sizeof(out)).reset);
	packer_close(packer);
}

/* What does not get smaller goes as it is, and what comes after it is deflated again, on the same stream. */
static void noise_does_not_harm_the_stream(void **state)
{
	struct packer *packer = packer_open(15);
	struct unpacker unpacker;
	struct dice dice = {5};
	uint8_t text[6000], noise[40000];

	(void)state;
	unpacker_init(&unpacker, 15);
	make_text(&dice, text, sizeof(text));
	make_noise(&dice, noise, sizeof(noise));
	for (unsigned i = 0; i < 4; i++) {
		unsigned plain = unpacker.plain, deflated = unpacker.deflated;

		send_file(packer, &unpacker, noise, sizeof(noise), 4000);
		assert_int_equal(unpacker.plain - plain, 10); /* not a byte more than the noise */
		assert_int_equal(unpacker.deflated, deflated);
		send_file(packer, &unpacker, text, sizeof(text), 4000);
		assert_int_equal(unpacker.plain - plain, 10);
		assert_true(unpacker.deflated > deflated);
		assert_int_equal(unpacker.resets, 1);
	}
	unpacker_free(&unpacker);
	packer_close(packer);
}

static void text_takes_one_payload_where_it_can(void **state)
{
	struct packer *packer = packer_open(15);
	struct dice dice = {6};
	uint8_t text[PACKER_INPUT_MAX], out[4096];

	(void)state;
	make_text(&dice, text, sizeof(text));
	struct packed packed = packer_pack(packer, text, sizeof(text), out, sizeof(out));
	assert_true(packed.deflated);
	assert_true(packed.taken > sizeof(out)); /* several blocks' content in one */
	packer_close(packer);
}

static void every_file_comes_through(void **state)
{
	static const int bits[] = {9, 10, 12, 15};
	enum { LARGEST = 60000 };
	uint8_t *content = malloc(LARGEST);

	(void)state;
	for (unsigned seed = 0; seed < 16; seed++) {
		struct dice dice = {seed};
		struct unpacker unpacker;
		struct packer *packer = packer_open(bits[seed % 4]);

		unpacker_init(&unpacker, bits[seed % 4]);
		for (unsigned file = 0; file < 12; file++) {
			size_t len = dice_roll(&dice, dice_hit(&dice, 4) ? LARGEST : 3000);
			size_t room = 1 + dice_roll(&dice, dice_hit(&dice, 3) ? 64 : 4000);

			if (room < 20 && len > 500)
				len = 500;
			make_text(&dice, content, len);
			if (dice_hit(&dice, 3))
				make_noise(&dice, content, len);
			else if (dice_hit(&dice, 3))
				make_noise(&dice, content + len / 3, len / 3);
			else if (dice_hit(&dice, 5))
				memset(content, 0, len);
			send_file(packer, &unpacker, content, len, room);
			if (dice_hit(&dice, 4)) {
				packer_reset(packer);
				if (unpacker.begun)
					inflateReset2(&unpacker.stream, -unpacker.window_bits);
			}
		}
		unpacker_free(&unpacker);
		packer_close(packer);
	}
	free(content);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_board_without_deflate_gets_all_as_it_is), cmocka_unit_test(nothing_packs_to_nothing),
		cmocka_unit_test(a_file_profits_from_the_one_before),        cmocka_unit_test(a_reset_begins_anew),
		cmocka_unit_test(a_reset_waits_for_what_can_be_deflated),    cmocka_unit_test(noise_does_not_harm_the_stream),
		cmocka_unit_test(text_takes_one_payload_where_it_can),       cmocka_unit_test(every_file_comes_through),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
