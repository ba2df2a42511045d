/* SPDX-License-Identifier: MIT */
#include "share/typed.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void add(struct typed *typed, const char *text, bool lines)
{
	typed_add(typed, (const uint8_t *)text, strlen(text), lines);
}

static void assert_waits(const struct typed *typed, const char *expected)
{
	assert_int_equal(typed->len, strlen(expected));
	assert_memory_equal(typed->bytes, expected, strlen(expected));
}

/* Sends what is due at NOW. Returns how much that was. */
static size_t go(struct typed *typed, int64_t now)
{
	int64_t next;
	size_t len = typed_due(typed, now, &next);

	if (len)
		typed_sent(typed, len, now);
	return len;
}

static void line_ends_become_those_of_a_terminal(void **state)
{
	struct typed typed;

	(void)state;
	typed_init(&typed);
	add(&typed, "one\ntwo\r\nthree\r", true);
	add(&typed, "\nfour\n\n", true);
	assert_waits(&typed, "one\rtwo\rthree\rfour\r\r");
	typed_init(&typed);
	add(&typed, "as\nit\r\nis", false);
	assert_waits(&typed, "as\nit\r\nis");
}

static void it_goes_in_pieces(void **state)
{
	struct typed typed;
	int64_t now = 1000, next;

	(void)state;
	typed_init(&typed);
	assert_int_equal(typed_due(&typed, now, &next), 0);
	assert_int_equal(next, INT64_MAX);
	for (int i = 0; i < 7; i++)
		add(&typed, "0123456789", true);
	assert_int_equal(go(&typed, now), TYPED_PIECE);
	assert_int_equal(typed_due(&typed, now, &next), 0);
	assert_int_equal(next, now + TYPED_PIECE_US);
	assert_int_equal(go(&typed, now + TYPED_PIECE_US), TYPED_PIECE);
	assert_int_equal(go(&typed, now + 2 * TYPED_PIECE_US), 70 - 2 * TYPED_PIECE);
}

static void what_comes_back_goes_first(void **state)
{
	struct typed typed;

	(void)state;
	typed_init(&typed);
	add(&typed, "abcdef", true);
	assert_int_equal(go(&typed, 0), 6);
	add(&typed, "ghi", true);
	typed_exchanged(&typed, false, 100);
	typed_returned(&typed, (const uint8_t *)"cd", 2);
	typed_exchanged(&typed, true, 200);
	typed_returned(&typed, (const uint8_t *)"ef", 2);
	typed_exchanged(&typed, true, 300);
	assert_waits(&typed, "cdefghi");
	assert_int_equal(go(&typed, 301), 0);
}

/* A program that opens files and does not read its stdin is not held up by it. */
static void what_always_comes_back_goes_more_rarely(void **state)
{
	struct typed typed;
	int64_t now = 0, pause = 0, next;

	(void)state;
	typed_init(&typed);
	add(&typed, "x", true);
	for (int i = 0; i < 10; i++) {
		typed_exchanged(&typed, false, now);
		typed_due(&typed, now, &next);
		assert_true(next - now >= pause && next - now <= TYPED_QUIET_MAX_US);
		pause = next - now;
		now = next;
		assert_int_equal(go(&typed, now), 1);
		typed_exchanged(&typed, false, now);
		typed_returned(&typed, (const uint8_t *)"x", 1);
		typed_exchanged(&typed, true, now);
	}
	assert_int_equal(pause, TYPED_QUIET_MAX_US);
	/* Once it has read it, all is as before. */
	now = typed.from;
	assert_int_equal(go(&typed, now), 1);
	add(&typed, "y", true);
	typed_exchanged(&typed, false, now);
	typed_exchanged(&typed, false, now + TYPED_QUIET_MAX_US);
	now += TYPED_QUIET_MAX_US;
	typed_due(&typed, now, &next);
	assert_int_equal(next - now, TYPED_QUIET_US);
}

/* A program that reads a byte and opens a file, and so on, gets its next byte soon. */
static void what_is_read_bit_by_bit_goes_on(void **state)
{
	static const char text[] = "0123456789abcdefghijklmnopqrstuvwxyz";
	struct typed typed;
	int64_t now = 0, next;

	(void)state;
	typed_init(&typed);
	add(&typed, text, true);
	for (size_t read = 1; read < sizeof(text); read++) {
		size_t gone = go(&typed, now);

		assert_true(gone > 0);
		typed_exchanged(&typed, false, now);
		typed_returned(&typed, (const uint8_t *)text + read, gone - 1);
		typed_exchanged(&typed, true, now);
		assert_waits(&typed, text + read);
		typed_due(&typed, now, &next);
		assert_true(next == INT64_MAX || next - now == TYPED_QUIET_US);
		now += TYPED_QUIET_US;
	}
}

/* A program that uses a file all the time, and looks at its stdin between, gets it. */
static void exchanges_without_a_pause_do_not_keep_it_for_ever(void **state)
{
	struct typed typed;
	enum { BETWEEN = 30000 };
	int64_t now = 1000, start = now, next;

	(void)state;
	typed_init(&typed);
	add(&typed, "x", true);
	do {
		now += BETWEEN;
		typed_exchanged(&typed, false, now);
		typed_due(&typed, now, &next);
		assert_true(now - start <= 2 * TYPED_PUT_OFF * TYPED_QUIET_US);
	} while (next >= now + BETWEEN);
	assert_true(now - start >= TYPED_PUT_OFF * TYPED_QUIET_US);
	now = next;
	assert_int_equal(go(&typed, now), 1);
	/* Where it comes back it waits as long again, and longer. */
	typed_exchanged(&typed, false, now);
	typed_returned(&typed, (const uint8_t *)"x", 1);
	typed_exchanged(&typed, true, now);
	assert_int_equal(go(&typed, now), 0);
}

static void there_is_room_for_what_comes_back(void **state)
{
	static uint8_t much[TYPED_MAX];
	struct typed typed;

	(void)state;
	typed_init(&typed);
	typed_add(&typed, much, typed_room(&typed), true);
	assert_int_equal(typed_room(&typed), 0);
	typed_returned(&typed, much, sizeof(much));
	assert_int_equal(typed.len, TYPED_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(line_ends_become_those_of_a_terminal),
		cmocka_unit_test(it_goes_in_pieces),
		cmocka_unit_test(what_comes_back_goes_first),
		cmocka_unit_test(what_always_comes_back_goes_more_rarely),
		cmocka_unit_test(what_is_read_bit_by_bit_goes_on),
		cmocka_unit_test(exchanges_without_a_pause_do_not_keep_it_for_ever),
		cmocka_unit_test(there_is_room_for_what_comes_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
