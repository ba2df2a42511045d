/* SPDX-License-Identifier: MIT */
#include "share/incoming.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/dice.h"

enum { HEARD_MAX = 1 << 20 };

/* What was taken apart. */
struct heard {
	struct incoming incoming;
	uint8_t *output;
	size_t output_len;
	unsigned requests, credits;
	struct frame last;
	uint8_t payload[SHARE_PAYLOAD_MAX]; /* of `last` */
};

static int set_up(void **state)
{
	struct heard *heard = calloc(1, sizeof(*heard));

	assert_non_null(heard);
	heard->output = malloc(HEARD_MAX);
	assert_non_null(heard->output);
	incoming_init(&heard->incoming);
	*state = heard;
	return 0;
}

static int tear_down(void **state)
{
	struct heard *heard = *state;

	free(heard->output);
	free(heard);
	return 0;
}

static void take(struct heard *heard)
{
	const struct incoming *incoming = &heard->incoming;
	enum incoming_event event;

	while ((event = incoming_next(&heard->incoming)) != INCOMING_NONE) {
		if (event == INCOMING_OUTPUT) {
			assert_true(incoming->output_len > 0);
			memcpy(heard->output + heard->output_len, incoming->output, incoming->output_len);
			heard->output_len += incoming->output_len;
		} else if (event == INCOMING_REQUEST) {
			heard->requests++;
			heard->last = incoming->frame;
			memcpy(heard->payload, incoming->frame.payload, incoming->frame.len);
		} else {
			heard->credits++;
		}
	}
}

/* Feeds LEN BYTES in pieces of at most PIECE. */
static void feed(struct heard *heard, const void *bytes, size_t len, size_t piece)
{
	const uint8_t *from = bytes;

	while (len > 0) {
		size_t room, n = len < piece ? len : piece;
		uint8_t *to = incoming_room(&heard->incoming, &room);

		assert_true(room > 0);
		n = n < room ? n : room;
		memcpy(to, from, n);
		incoming_fed(&heard->incoming, n);
		take(heard);
		from += n;
		len -= n;
	}
}

static void feed_text(struct heard *heard, const char *text)
{
	feed(heard, text, strlen(text), strlen(text));
}

static void fall_silent(struct heard *heard)
{
	incoming_silence(&heard->incoming);
	take(heard);
}

/* A request of LEN bytes behind TRY, into OUT. Returns its size. */
static size_t request(uint8_t *out, uint8_t type, uint8_t sequence, uint8_t try, size_t len)
{
	static uint8_t payload[SHARE_PAYLOAD_MAX];

	payload[0] = try;
	for (size_t i = 1; i <= len; i++)
		payload[i] = (uint8_t)(i * 37);
	return frame_encode_channel(out, type, 1, sequence, payload, len + 1);
}

static void feed_request(struct heard *heard, uint8_t type, uint8_t sequence, uint8_t try)
{
	uint8_t out[64];

	feed(heard, out, request(out, type, sequence, try, 9), 64);
}

static void assert_output(const struct heard *heard, const void *expected, size_t len)
{
	assert_int_equal(heard->output_len, len);
	assert_memory_equal(heard->output, expected, len);
}

static void requests_and_output_are_told_apart(void **state)
{
	struct heard *heard = *state;
	static const size_t pieces[] = {1, 2, 3, 7, 1000};

	for (size_t i = 0; i < sizeof(pieces) / sizeof(*pieces); i++) {
		uint8_t out[64], all[200];
		size_t size = request(out, SHARE_READ, (uint8_t)(i + 1), 0, 20);

		memcpy(all, "before\0\x04", 8);
		memcpy(all + 8, out, size);
		memcpy(all + 8 + size, "behind", 6);
		heard->output_len = 0;
		feed(heard, all, 14 + size, pieces[i]);
		assert_output(heard,
			      "before\0\x04"
			      "behind",
			      14);
		assert_int_equal(heard->requests, i + 1);
		assert_int_equal(heard->last.type, SHARE_READ);
		assert_int_equal(heard->last.len, 21);
		assert_int_equal(heard->payload[5], (uint8_t)(5 * 37));
		assert_int_equal(incoming_patience(&heard->incoming), INT64_MAX);
	}
}

static void a_mark_that_begins_nothing_is_output_at_once(void **state)
{
	struct heard *heard = *state;

	feed_request(heard, SHARE_HELLO, 1, 0);
	feed_text(heard, "\xfa no request\xfb, nor a credit\xfa\xfa\xfaxxxx");
	assert_int_equal(heard->output_len, 34);
	assert_memory_equal(heard->output, "\xfa no", 4);
}

static void a_mark_at_the_end_is_output_after_a_short_silence(void **state)
{
	struct heard *heard = *state;

	feed_request(heard, SHARE_HELLO, 1, 0);
	feed_text(heard, "price \xfa");
	assert_output(heard, "price ", 6);
	assert_int_equal(incoming_patience(&heard->incoming), INCOMING_SHORT_US);
	fall_silent(heard);
	assert_output(heard, "price \xfa", 7);
	feed_text(heard, "more");
	assert_output(heard, "price \xfamore", 11);
}

/* Each single byte of a request is flipped, lost, repeated; then it is asked again. */
static void damage(struct heard *heard, uint8_t *sequence, unsigned how)
{
	uint8_t out[64], bad[65];
	size_t size = request(out, SHARE_WRITE, 0, 0, 40);

	for (size_t at = 1; at < size; at++) {
		unsigned before = heard->requests;
		size_t n = size;

		request(out, SHARE_WRITE, ++*sequence, 0, 40);
		memcpy(bad, out, size);
		if (how == 0) {
			bad[at] ^= 0x10;
		} else if (how == 1) {
			memmove(bad + at, bad + at + 1, size - at - 1);
			n--;
		} else {
			memmove(bad + at + 1, bad + at, size - at);
			n++;
		}
		feed(heard, bad, n, 20);
		/* A repeated byte at the end leaves a frame that is whole. */
		if (heard->requests == before)
			feed(heard, out, request(out, SHARE_WRITE, *sequence, SHARE_FRESH | 1, 40), 20);
		assert_int_equal(heard->requests, before + 1);
		assert_int_equal(heard->last.sequence, *sequence);
		assert_int_equal(heard->last.len, 41);
	}
}

static void the_first_try_of_what_is_asked_again_is_no_output(void **state)
{
	struct heard *heard = *state;
	uint8_t sequence = 0;

	feed_request(heard, SHARE_HELLO, sequence, 0);
	damage(heard, &sequence, 0);
	damage(heard, &sequence, 1);
	assert_int_equal(heard->output_len, 0);
	/* A mark, and the last byte, that come twice: nobody can tell them from output. */
	damage(heard, &sequence, 2);
	assert_true(heard->output_len <= 2);
}

static void tries_that_all_were_damaged_are_no_output(void **state)
{
	struct heard *heard = *state;
	uint8_t out[600];
	size_t size;

	feed_request(heard, SHARE_HELLO, 1, 0);
	for (uint8_t try = 0; try < 4; try++) {
		size = request(out, SHARE_WRITE, 2, try, 500);
		out[100 + 10 * try] ^= 1;
		feed(heard, out, size, size);
		assert_int_equal(incoming_patience(&heard->incoming), INCOMING_SILENCE_US);
	}
	feed(heard, out, request(out, SHARE_WRITE, 2, 4, 500), 100);
	assert_int_equal(heard->requests, 2);
	assert_int_equal(heard->output_len, 0);
}

/* A write with BEFORE others of its run before it, of 500 bytes. */
static size_t write_of_run(uint8_t *out, uint8_t sequence, uint8_t try, unsigned before)
{
	static uint8_t payload[500];

	payload[0] = try;
	payload[2] = (uint8_t)(before << 4);
	return frame_encode_channel(out, SHARE_WRITE, 1, sequence, payload, sizeof(payload));
}

/* Writes that nobody answers follow a damaged one at once, and in the end come again, behind the last one. */
static void a_damaged_write_of_a_run_is_no_output(void **state)
{
	struct heard *heard = *state;
	uint8_t out[600];
	size_t size;

	for (uint8_t bad = 1; bad <= 3; bad++) {
		for (unsigned cut = 0; cut < 2; cut++) {
			incoming_init(&heard->incoming);
			heard->requests = 0;
			feed_request(heard, SHARE_HELLO, 0, 0);
			for (uint8_t i = 1; i <= 5; i++) {
				size = write_of_run(out, i, 0, i - 1u);
				if (i == bad)
					out[cut ? 4 : 100] ^= 1;
				feed(heard, out, size - (i == bad ? 3 * cut : 0), 100);
			}
			assert_int_equal(heard->requests, 5);
			for (uint8_t i = bad; i <= 5; i++)
				feed(heard, out, write_of_run(out, i, i == 5, i - 1u), 100);
			assert_int_equal(heard->requests, 5u + 6u - bad);
			assert_int_equal(heard->last.sequence, 5);
			assert_int_equal(heard->output_len, 0);
		}
	}
	/* Its numbers are no longer good once there is another request. */
	feed_request(heard, SHARE_STAT, 6, 0);
	size = write_of_run(out, 5, 0, 4);
	feed(heard, out, size, size);
	assert_int_equal(heard->output_len, size);
}

/* What looks like a damaged request, and the next is asked for the first time: the program has printed it. */
static void what_was_no_request_is_output(void **state)
{
	struct heard *heard = *state;
	static const char printed[] = "\xfaR\x01\x02 is how one begins";

	feed_request(heard, SHARE_HELLO, 1, 0);
	feed_text(heard, printed);
	assert_int_equal(heard->output_len, 0);
	feed_request(heard, SHARE_READ, 2, 0);
	assert_output(heard, printed, strlen(printed));
	assert_int_equal(heard->requests, 2);

	feed_text(heard, printed);
	fall_silent(heard);
	assert_int_equal(heard->output_len, 2 * strlen(printed));
}

static void more_than_a_frame_can_have_is_output(void **state)
{
	struct heard *heard = *state;
	uint8_t *long_one = malloc(3 * INCOMING_FRAME_MAX);

	assert_non_null(long_one);
	memset(long_one, 'x', 3 * INCOMING_FRAME_MAX);
	feed_request(heard, SHARE_HELLO, 1, 0);
	memcpy(long_one, "\xfaR\x01\x02", 4);
	feed(heard, long_one, 3 * INCOMING_FRAME_MAX, 1000);
	assert_output(heard, long_one, 3 * INCOMING_FRAME_MAX);
	free(long_one);
}

/* It is none either where a request that was asked before follows in the same piece. */
static void what_is_dropped_is_no_longer_than_a_frame(void **state)
{
	struct heard *heard = *state;
	size_t len = INCOMING_FRAME_MAX + 100;
	uint8_t *all = malloc(len + 64);

	assert_non_null(all);
	memset(all, 'x', len);
	feed_request(heard, SHARE_HELLO, 1, 0);
	memcpy(all, "\xfaR\x01\x02", 4);
	feed(heard, all, len + request(all + len, SHARE_READ, 2, 1, 9), SIZE_MAX);
	assert_output(heard, all, len);
	assert_int_equal(heard->requests, 2);
	free(all);
}

/* A whole frame of the files' agent, of another number, or with an op that is none. */
static void frames_of_others_are_output(void **state)
{
	struct heard *heard = *state;
	uint8_t out[3][64];
	size_t size, all = 0;

	feed_request(heard, SHARE_HELLO, 1, 0);
	size = frame_encode(out[0], SHARE_READ, 2, "\0aaaa", 5);
	feed(heard, out[0], size, size);
	all += size;
	size = request(out[1], SHARE_READ, 100, 0, 8);
	feed(heard, out[1], size, size);
	all += size;
	size = request(out[2], '?', 2, 0, 8);
	feed(heard, out[2], size, size);
	all += size;
	assert_int_equal(heard->requests, 1);
	assert_int_equal(heard->output_len, all);
}

static void credits_count_while_they_are_expected(void **state)
{
	struct heard *heard = *state;
	static const char good[] = {'\xfb', 1, 2, (char)(1 ^ 2 ^ 0xff)}, bad[] = {'\xfb', 1, 3, (char)(1 ^ 2 ^ 0xff)},
			  other[] = {'\xfb', 9, 2, (char)(9 ^ 2 ^ 0xff)};

	feed_request(heard, SHARE_HELLO, 1, 0);
	feed(heard, good, sizeof(good), 4);
	assert_output(heard, good, sizeof(good));
	incoming_expect_credits(&heard->incoming, true);
	feed(heard, good, sizeof(good), 1);
	assert_int_equal(heard->credits, 1);
	assert_int_equal(heard->incoming.credit_count, 2);
	feed(heard, bad, sizeof(bad), 4);
	assert_int_equal(heard->credits, 1);
	assert_int_equal(heard->output_len, sizeof(good));
	feed(heard, other, sizeof(other), 4);
	assert_int_equal(heard->output_len, sizeof(good) + sizeof(other));
}

/* A program that prints anything, between requests, in any pieces. */
static void damage_is_known_until_a_request_comes_whole(void **state)
{
	struct heard *heard = *state;
	uint8_t out[64];
	size_t size = request(out, SHARE_END, 2, 0, 9);

	feed_request(heard, SHARE_HELLO, 0, 0);
	feed_text(heard, "\xfa\x01\xfa"); /* a program may print that */
	fall_silent(heard);
	assert_int_equal(heard->incoming.damage, INCOMING_CLEAN);
	feed_request(heard, SHARE_STAT, 1, 1);
	assert_int_equal(heard->incoming.damage, INCOMING_DAMAGED);
	feed(heard, out, size - 1, size);
	fall_silent(heard);
	assert_int_equal(heard->incoming.damage, INCOMING_END_DAMAGED);
	feed(heard, "\xfaS\x01\x02\x00\x00\x00\x00\x00", 9, 9);
	fall_silent(heard);
	assert_int_equal(heard->incoming.damage, INCOMING_END_DAMAGED);
	feed_request(heard, SHARE_STAT, 2, 0);
	assert_int_equal(heard->incoming.damage, INCOMING_CLEAN);
	feed(heard, "\xfaS\x01\x03\x00\x00\x00\x00\x00", 9, 9);
	fall_silent(heard);
	assert_int_equal(heard->incoming.damage, INCOMING_DAMAGED);
}

static void random_output_comes_through(void **state)
{
	struct heard *heard = *state;
	struct dice dice = {20251126};
	uint8_t printed[3000];

	feed_request(heard, SHARE_HELLO, 0, 0);
	for (unsigned round = 1; round < 300; round++) {
		size_t len = dice_roll(&dice, sizeof(printed)), piece = 1 + dice_roll(&dice, 1500);

		for (size_t i = 0; i < len; i++)
			printed[i] = (uint8_t)(dice_roll(&dice, 8) ? dice_roll(&dice, 256) : 0xfa + dice_roll(&dice, 2));
		heard->output_len = 0;
		feed(heard, printed, len, piece);
		feed_request(heard, SHARE_STAT, (uint8_t)round, 0);
		assert_int_equal(heard->requests, round + 1);
		assert_output(heard, printed, len);
	}
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(requests_and_output_are_told_apart),
		TEST(a_mark_that_begins_nothing_is_output_at_once),
		TEST(a_mark_at_the_end_is_output_after_a_short_silence),
		TEST(the_first_try_of_what_is_asked_again_is_no_output),
		TEST(tries_that_all_were_damaged_are_no_output),
		TEST(a_damaged_write_of_a_run_is_no_output),
		TEST(what_was_no_request_is_output),
		TEST(more_than_a_frame_can_have_is_output),
		TEST(what_is_dropped_is_no_longer_than_a_frame),
		TEST(frames_of_others_are_output),
		TEST(credits_count_while_they_are_expected),
		TEST(damage_is_known_until_a_request_comes_whole),
		TEST(random_output_comes_through),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
