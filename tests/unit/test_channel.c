/* SPDX-License-Identifier: MIT */
/* The timing and the damage of the simulated line, with a clock of the test's own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "tests/lab/channel.h"

#define BYTE_NS 1000
#define LATENCY_NS 50000

static const struct channel_settings paced = {.byte_ns = BYTE_NS, .latency_ns = LATENCY_NS};

static int set_up(void **state)
{
	*state = malloc(sizeof(struct channel));
	return *state ? 0 : -1;
}

static int tear_down(void **state)
{
	free(*state);
	return 0;
}

static size_t count_arrived(const struct channel *channel, int64_t now)
{
	uint8_t bytes[4096];

	return channel_arrived(channel, now, bytes, sizeof(bytes));
}

static void bytes_arrive_at_the_rate_after_the_latency(void **state)
{
	struct channel *channel = *state;
	uint8_t out[8];

	channel_init(channel, &paced, 1);
	channel_put(channel, (const uint8_t *)"abc", 3, 1000000);
	assert_int_equal(count_arrived(channel, 1000000 + LATENCY_NS + BYTE_NS - 1), 0);
	assert_int_equal(count_arrived(channel, 1000000 + LATENCY_NS + BYTE_NS), 1);
	assert_int_equal(count_arrived(channel, 1000000 + LATENCY_NS + 3 * BYTE_NS - 1), 2);
	assert_int_equal(channel_arrived(channel, 1000000 + LATENCY_NS + 3 * BYTE_NS, out, sizeof(out)), 3);
	assert_memory_equal(out, "abc", 3);
	channel_take(channel, 2);
	assert_int_equal(channel_arrived(channel, INT64_MAX / 2, out, sizeof(out)), 1);
	assert_int_equal(out[0], 'c');
}

static void a_byte_waits_for_the_one_before(void **state)
{
	struct channel *channel = *state;

	channel_init(channel, &paced, 1);
	channel_put(channel, (const uint8_t *)"abcdefghij", 10, 0);
	channel_put(channel, (const uint8_t *)"k", 1, 2 * BYTE_NS);
	assert_int_equal(count_arrived(channel, LATENCY_NS + 11 * BYTE_NS - 1), 10);
	assert_int_equal(count_arrived(channel, LATENCY_NS + 11 * BYTE_NS), 11);
}

static void a_line_without_a_rate_takes_only_the_latency(void **state)
{
	const struct channel_settings unpaced = {.latency_ns = LATENCY_NS};
	struct channel *channel = *state;

	channel_init(channel, &unpaced, 1);
	channel_put(channel, (const uint8_t *)"abc", 3, 7);
	assert_int_equal(count_arrived(channel, 7 + LATENCY_NS - 1), 0);
	assert_int_equal(count_arrived(channel, 7 + LATENCY_NS), 3);
	assert_int_equal(channel_next(channel), 7 + LATENCY_NS);
}

static void the_sender_is_pushed_back(void **state)
{
	static const uint8_t zeros[CHANNEL_SIZE / 2];
	struct channel *channel = *state;
	size_t room;

	channel_init(channel, &paced, 1);
	room = channel_room(channel, 0);
	assert_int_equal(room, 12000); /* 12 ms of the line */
	channel_put(channel, zeros, room, 0);
	assert_int_equal(channel_unsent(channel, 0), room);
	assert_int_equal(channel_room(channel, 0), 0);
	assert_int_equal(channel_room(channel, channel_room_at(channel) - BYTE_NS), 0);
	assert_int_equal(channel_room(channel, channel_room_at(channel)), room / 4);
	assert_int_equal(channel_unsent(channel, channel_unsent_at(channel, 100)), 100);
}

static void a_full_queue_takes_nothing(void **state)
{
	static const uint8_t zeros[CHANNEL_SIZE / 2];
	const struct channel_settings unpaced = {.latency_ns = LATENCY_NS};
	struct channel *channel = *state;
	size_t room;

	channel_init(channel, &unpaced, 1);
	while ((room = channel_room(channel, 0)))
		channel_put(channel, zeros, room, 0);
	assert_true(channel_count(channel) <= CHANNEL_SIZE / 2);
	assert_int_equal(channel_room_at(channel), INT64_MAX);
	channel_take(channel, channel_count(channel));
	assert_true(channel_room(channel, 0) > 0);
}

static void the_next_look_is_at_the_end_of_a_message_but_soon(void **state)
{
	static const uint8_t zeros[1000];
	struct channel *channel = *state;

	channel_init(channel, &paced, 1);
	assert_int_equal(channel_next(channel), INT64_MAX);
	channel_put(channel, zeros, 100, 0);
	assert_int_equal(channel_next(channel), LATENCY_NS + 100 * BYTE_NS);
	channel_put(channel, zeros, 900, 0);
	assert_int_equal(channel_next(channel), LATENCY_NS + BYTE_NS + 250000);
}

static void a_line_that_is_held_up_goes_on_at_its_rate(void **state)
{
	struct channel *channel = *state;

	channel_init(channel, &paced, 1);
	channel_put(channel, (const uint8_t *)"abcd", 4, 0);
	assert_int_equal(channel_slip(channel, LATENCY_NS + BYTE_NS, 0), 0);
	assert_int_equal(channel_slip(channel, 1000000, 0), 1000000 - LATENCY_NS - BYTE_NS);
	assert_int_equal(count_arrived(channel, 1000000), 1);
	assert_int_equal(count_arrived(channel, 1000000 + BYTE_NS), 2);
	assert_int_equal(channel_unsent(channel, 1000000 - LATENCY_NS), 3);
	/* What is put in later is behind it. */
	channel_put(channel, (const uint8_t *)"e", 1, 1000000 - LATENCY_NS);
	assert_int_equal(count_arrived(channel, 1000000 + 4 * BYTE_NS - 1), 4);
	assert_int_equal(count_arrived(channel, 1000000 + 4 * BYTE_NS), 5);
}

static void a_little_lateness_is_caught_up(void **state)
{
	struct channel *channel = *state;

	channel_init(channel, &paced, 1);
	channel_put(channel, (const uint8_t *)"abcd", 4, 0);
	assert_int_equal(channel_slip(channel, LATENCY_NS + 4 * BYTE_NS, 3 * BYTE_NS), 0);
	assert_int_equal(count_arrived(channel, LATENCY_NS + 4 * BYTE_NS), 4);
	assert_int_equal(channel_slip(channel, LATENCY_NS + 6 * BYTE_NS, 3 * BYTE_NS), 2 * BYTE_NS);
	assert_int_equal(count_arrived(channel, LATENCY_NS + 6 * BYTE_NS), 4);
}

static void a_cleared_line_is_free(void **state)
{
	struct channel *channel = *state;

	channel_init(channel, &paced, 1);
	channel_put(channel, (const uint8_t *)"abcd", 4, 0);
	channel_clear(channel);
	assert_int_equal(channel_next(channel), INT64_MAX);
	assert_int_equal(channel_unsent(channel, 0), 0);
	channel_put(channel, (const uint8_t *)"e", 1, 10);
	assert_int_equal(channel_next(channel), 10 + BYTE_NS + LATENCY_NS);
}

/* Sends COUNT bytes 0 over a line with DAMAGE into OUT, of twice the size. Returns how many arrived. */
static size_t send_zeros(struct channel *channel, const struct channel_settings *damage, uint64_t seed, uint8_t *out,
			 size_t count)
{
	const uint8_t zero = 0;
	size_t got = 0;

	channel_init(channel, damage, seed);
	for (size_t i = 0; i < count; i++) {
		channel_put(channel, &zero, 1, 0);
		got += channel_arrived(channel, INT64_MAX / 2, out + got, 2);
		channel_take(channel, channel_count(channel));
	}
	return got;
}

static void damage_is_counted_and_as_frequent_as_asked(void **state)
{
	enum { COUNT = 100000 };
	const struct channel_settings damage = {.flip = 10000, .lose = 20000, .repeat = 30000};
	struct channel *channel = *state;
	uint8_t *out = malloc(2 * COUNT);
	size_t got, flipped = 0;

	assert_non_null(out);
	got = send_zeros(channel, &damage, 1, out, COUNT);
	for (size_t i = 0; i < got; i++) {
		flipped += out[i] != 0;
		assert_int_equal(out[i] & (out[i] - 1), 0); /* one bit at most */
	}
	assert_int_equal(flipped, channel->counters.flipped);
	assert_int_equal(got, COUNT - channel->counters.dropped + channel->counters.repeated);
	assert_in_range(channel->counters.flipped, 800, 1200);
	assert_in_range(channel->counters.dropped, 1700, 2300);
	assert_in_range(channel->counters.repeated, 2600, 3400);
	free(out);
}

static void a_seed_repeats_itself(void **state)
{
	enum { COUNT = 1000 };
	const struct channel_settings damage = {.flip = 100000, .lose = 100000};
	struct channel *channel = *state;
	uint8_t a[2 * COUNT], b[2 * COUNT], c[2 * COUNT];
	size_t a_len = send_zeros(channel, &damage, 5, a, COUNT), b_len = send_zeros(channel, &damage, 5, b, COUNT);
	size_t c_len = send_zeros(channel, &damage, 6, c, COUNT);

	assert_int_equal(a_len, b_len);
	assert_memory_equal(a, b, a_len);
	assert_true(a_len != c_len || memcmp(a, c, a_len));
}

static void a_delay_holds_up_what_follows(void **state)
{
	const struct channel_settings delays = {.byte_ns = BYTE_NS, .delay = 1000000, .delay_ns = 5000};
	struct channel *channel = *state;

	channel_init(channel, &delays, 1);
	channel_put(channel, (const uint8_t *)"ab", 2, 0);
	assert_int_equal(count_arrived(channel, 5000 + BYTE_NS), 1);
	assert_int_equal(count_arrived(channel, 10000 + 2 * BYTE_NS - 1), 1);
	assert_int_equal(count_arrived(channel, 10000 + 2 * BYTE_NS), 2);
	assert_int_equal(channel->counters.delayed, 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(bytes_arrive_at_the_rate_after_the_latency, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_byte_waits_for_the_one_before, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_line_without_a_rate_takes_only_the_latency, set_up, tear_down),
		cmocka_unit_test_setup_teardown(the_sender_is_pushed_back, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_full_queue_takes_nothing, set_up, tear_down),
		cmocka_unit_test_setup_teardown(the_next_look_is_at_the_end_of_a_message_but_soon, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_line_that_is_held_up_goes_on_at_its_rate, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_little_lateness_is_caught_up, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_cleared_line_is_free, set_up, tear_down),
		cmocka_unit_test_setup_teardown(damage_is_counted_and_as_frequent_as_asked, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_seed_repeats_itself, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_delay_holds_up_what_follows, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
