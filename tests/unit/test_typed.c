/* SPDX-License-Identifier: MIT */
#include "share/typed.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { SECOND = 1000000 };

static void add(struct typed *typed, const char *text, bool lines)
{
	typed_add(typed, (const uint8_t *)text, strlen(text), lines);
}

static void assert_waits(const struct typed *typed, const char *expected)
{
	size_t len;
	const uint8_t *bytes = typed_waiting(typed, &len);

	assert_int_equal(len, strlen(expected));
	assert_memory_equal(bytes, expected, len);
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

/* A request whose answer goes at NOW, and what the board tells of behind it: so many bytes were UNREAD. */
static void exchange(struct typed *typed, int64_t now, size_t unread)
{
	typed_asked(typed, 0);
	typed_exchanged(typed, now);
	if (!unread)
		return;
	typed_returned(typed, 0, unread, 0, 0);
	typed_exchanged(typed, now);
}

static void what_comes_back_goes_first(void **state)
{
	struct typed typed;

	(void)state;
	typed_init(&typed);
	add(&typed, "abcdef", true);
	assert_int_equal(go(&typed, 0), 6);
	add(&typed, "ghi", true);
	exchange(&typed, 100, 4);
	assert_waits(&typed, "cdefghi");
	assert_int_equal(go(&typed, 101), 0);
	/* All of it is read, and no board has more unread than it got. */
	assert_int_equal(go(&typed, SECOND), 7);
	exchange(&typed, 2 * SECOND, 0);
	exchange(&typed, 3 * SECOND, 5);
	assert_waits(&typed, "");
}

/* Six bytes have gone, and then a request has come as TRY TRIES and was answered. */
static void ask_behind_six(struct typed *typed, unsigned tries)
{
	typed_init(typed);
	add(typed, "abcdef", true);
	assert_int_equal(go(typed, 0), 6);
	typed_asked(typed, tries);
	typed_exchanged(typed, 0);
}

/* A board may take longer to tell what it found than the pause after an exchange is. */
static void what_went_beside_goes_again_in_order(void **state)
{
	struct typed typed;

	(void)state;
	ask_behind_six(&typed, 0);
	add(&typed, "ghi", true);
	assert_int_equal(go(&typed, SECOND), 3);
	typed_returned(&typed, 0, 2, 0, 0);
	typed_exchanged(&typed, SECOND);
	assert_waits(&typed, "efghi");
	assert_int_equal(go(&typed, 2 * SECOND), 5);
	typed_returned(&typed, 0, 3, 0, 0); /* that is ghi, from beside */
	typed_exchanged(&typed, 2 * SECOND);
	assert_waits(&typed, "efghi");
	assert_int_equal(go(&typed, 3 * SECOND), 5);
	typed_returned(&typed, 0, 5, 0, 0); /* what went beside that */
	typed_exchanged(&typed, 3 * SECOND);
	typed_returned(&typed, 0, 5, 0, 0);
	typed_exchanged(&typed, 3 * SECOND);
	assert_waits(&typed, "efghi");
	assert_int_equal(go(&typed, 4 * SECOND), 5);
	exchange(&typed, 5 * SECOND, 1);
	assert_waits(&typed, "i");
}

/* The first answer is that to the TRY `tries`, and the board could read the head of that to `seen` first. */
static void what_may_be_of_an_answer_counts_only_where_it_cannot_be(void **state)
{
	static const struct {
		unsigned tries, seen;
		const char *waits;
	} cases[] = {{0, 0, "defgh"}, {0, 1, "efgh"}, {1, 1, "defgh"}};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct typed typed;

		ask_behind_six(&typed, cases[i].tries);
		/* What goes before the board asks again is not counted there. */
		add(&typed, "gh", true);
		assert_int_equal(go(&typed, SECOND), 2);
		typed_asked_again(&typed, cases[i].tries + 1, true);
		typed_exchanged(&typed, SECOND);
		assert_waits(&typed, "gh");
		typed_returned(&typed, 0, 2, 1, cases[i].seen);
		assert_waits(&typed, cases[i].waits);
	}
}

/* This computer slept: nothing went to the first TRY. */
static void what_went_before_the_first_answer_is_counted_there(void **state)
{
	struct typed typed;

	(void)state;
	ask_behind_six(&typed, 0);
	add(&typed, "gh", true);
	assert_int_equal(go(&typed, SECOND), 2);
	typed_asked_again(&typed, 1, false);
	typed_exchanged(&typed, SECOND);
	assert_waits(&typed, "");
	typed_returned(&typed, 0, 3, 2, 1);
	assert_waits(&typed, "defgh");
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
		exchange(&typed, now, i ? 1 : 0);
		typed_due(&typed, now, &next);
		assert_true(next - now >= pause && next - now <= TYPED_QUIET_MAX_US);
		pause = next - now;
		now = next;
		assert_int_equal(go(&typed, now), 1);
	}
	assert_int_equal(pause, TYPED_QUIET_MAX_US);
	/* Once it has read it, all is as before. */
	add(&typed, "y", true);
	exchange(&typed, now, 0);
	exchange(&typed, now, 0);
	typed_due(&typed, now, &next);
	assert_int_equal(next - now, TYPED_QUIET_US);
}

/* A program that uses a file all the time, and looks at its stdin between, gets it. */
static void exchanges_without_a_pause_do_not_keep_it_for_ever(void **state)
{
	struct typed typed;
	int64_t now, last;
	size_t gone = 0;

	(void)state;
	typed_init(&typed);
	for (now = 1000; now < SECOND; now += TYPED_QUIET_US / 5)
		exchange(&typed, now, 0);
	for (int i = 0; i < 5; i++)
		add(&typed, "0123456789abcdefghijklmnopqrstuvwxyz", true);
	for (last = now; now < 3 * SECOND && gone < 180; now += TYPED_QUIET_US / 5) {
		size_t piece;

		exchange(&typed, now, 0);
		piece = go(&typed, now);
		if (piece) {
			assert_true(now - last >= TYPED_PUT_OFF_US && now - last < 2 * TYPED_PUT_OFF_US);
			last = now;
		}
		gone += piece;
	}
	assert_int_equal(gone, 180);
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
		exchange(&typed, now, gone - 1);
		assert_waits(&typed, text + read);
		typed_due(&typed, now, &next);
		assert_true(next == INT64_MAX || next - now == TYPED_QUIET_US);
		now += TYPED_QUIET_US;
	}
}

static void ctrl_c_never_goes_again(void **state)
{
	struct typed typed;

	(void)state;
	typed_init(&typed);
	add(&typed, "ab\3cd\3", true);
	assert_int_equal(go(&typed, 0), 6);
	add(&typed, "e", true);
	exchange(&typed, SECOND, 3);
	assert_waits(&typed, "bcde");
	/* It takes no room in a ring. */
	typed_begin(&typed, true);
	for (int i = 0; i < 10; i++) {
		add(&typed, "\3\3\3\3\3\3\3\3\3\3\3\3\3\3\3\3\3\3\3\3", true);
		go(&typed, (2 + i) * SECOND);
		go(&typed, (2 + i) * SECOND + TYPED_PIECE_US);
	}
	assert_waits(&typed, "");
}

static void what_has_gone_is_kept_while_there_is_room(void **state)
{
	static uint8_t much[TYPED_WAITING];
	struct typed typed;
	int64_t now = 0;
	size_t gone = 0, len;

	(void)state;
	typed_init(&typed);
	while (gone < 3 * TYPED_MAX) {
		memset(much, (int)(gone / sizeof(much)), sizeof(much));
		typed_add(&typed, much, typed_room(&typed), true);
		assert_true(typed_room(&typed) < TYPED_WAITING);
		for (int i = 0; i < 100; i++, now += TYPED_PIECE_US)
			gone += go(&typed, now);
	}
	exchange(&typed, now, TYPED_MAX / 2);
	typed_waiting(&typed, &len);
	assert_true(len >= TYPED_MAX / 2 && len <= TYPED_MAX);
	assert_int_equal(typed_room(&typed), 0);
	typed_drop(&typed);
	assert_waits(&typed, "");
	assert_int_equal(typed_room(&typed), TYPED_WAITING);
}

/* --- A UART --- */

struct uart {
	struct typed typed;
	int64_t now;
	size_t gone;
};

/* A program on a UART, with as much piped to it as is taken in. */
static void begin_uart(struct uart *uart)
{
	static uint8_t much[TYPED_WAITING];

	*uart = (struct uart){0};
	typed_init(&uart->typed);
	typed_begin(&uart->typed, true);
	memset(much, 'x', sizeof(much));
	typed_add(&uart->typed, much, typed_room(&uart->typed), true);
}

/* Time passes until UNTIL, and what may go goes. */
static void pass(struct uart *uart, int64_t until)
{
	for (; uart->now < until; uart->now += 1000)
		uart->gone += go(&uart->typed, uart->now);
}

static void a_ring_is_not_overrun(void **state)
{
	struct uart uart;

	(void)state;
	begin_uart(&uart);
	pass(&uart, 4 * SECOND);
	assert_int_equal(uart.gone, TYPED_RING);
	/* A request tells for certain: all but the last 7 was read, all of it, none of it. */
	exchange(&uart.typed, uart.now, 7);
	pass(&uart, uart.now + 4 * SECOND);
	assert_int_equal(uart.gone, 2 * TYPED_RING);
	exchange(&uart.typed, uart.now, 0);
	pass(&uart, uart.now + 4 * SECOND);
	assert_int_equal(uart.gone, 3 * TYPED_RING);
	exchange(&uart.typed, uart.now, TYPED_RING);
	pass(&uart, uart.now + 4 * SECOND);
	assert_int_equal(uart.gone, 4 * TYPED_RING);
	assert_false(uart.typed.regardless);
}

/* A program that prints something as soon as it has read something, and waits for more. */
static void read_and_print(struct uart *uart, int64_t until)
{
	size_t read = 0;

	while (uart->now < until) {
		pass(uart, uart->now + 5000);
		if (uart->gone < read + 100)
			continue;
		typed_heard(&uart->typed, uart->now);
		read = uart->gone;
	}
}

static void silence_behind_output_tells_that_it_was_read(void **state)
{
	struct uart uart;

	(void)state;
	begin_uart(&uart);
	read_and_print(&uart, 4 * SECOND);
	assert_int_equal(uart.gone, TYPED_WAITING);
	assert_false(uart.typed.regardless);
}

/* The silence before it begins to read is no measure for that of one that waits. */
static void who_begins_late_is_not_waited_for_longer(void **state)
{
	struct uart uart;

	(void)state;
	begin_uart(&uart);
	pass(&uart, 4 * SECOND);
	read_and_print(&uart, 8 * SECOND);
	assert_int_equal(uart.gone, TYPED_WAITING);
	assert_false(uart.typed.regardless);
	/* One that it has printed something before is forgotten soon. */
	begin_uart(&uart);
	pass(&uart, SECOND);
	typed_heard(&uart.typed, uart.now);
	pass(&uart, 2 * SECOND);
	read_and_print(&uart, 15 * SECOND);
	assert_int_equal(uart.gone, TYPED_WAITING);
	assert_false(uart.typed.regardless);
}

/* It is as long behind what was sent last as behind the output. */
static void silence_begins_when_all_has_gone(void **state)
{
	struct uart uart;
	int64_t full = (TYPED_RING / TYPED_PIECE) * TYPED_PIECE_US, next;

	(void)state;
	begin_uart(&uart);
	pass(&uart, 1000);
	typed_heard(&uart.typed, uart.now);
	pass(&uart, full + TYPED_SILENT_US);
	assert_int_equal(uart.gone, TYPED_RING);
	typed_due(&uart.typed, uart.now - 1, &next);
	assert_int_equal(next, full + TYPED_SILENT_US);
	pass(&uart, uart.now + 1);
	assert_int_equal(uart.gone, TYPED_RING + TYPED_PIECE);
}

/* Prints COUNT times, one BETWEEN after the other, each PERIOD, until UNTIL, and reads nothing. */
static void only_print(struct uart *uart, int count, int64_t between, int64_t period, int64_t until)
{
	while (uart->now < until) {
		int64_t next = uart->now + period;

		for (int i = 0; i < count; i++) {
			pass(uart, uart->now + (i ? between : 0));
			typed_heard(&uart->typed, uart->now);
		}
		pass(uart, next);
	}
}

/* Half a ring for chance, and no more. */
static void output_alone_does_not(void **state)
{
	static const struct {
		int count;
		int64_t between, period;
	} cases[] = {{1, 0, 1000}, {1, 0, 40000}, {1, 0, 250000}, {1, 0, SECOND}, {10, 1000, SECOND}, {2, 100000, SECOND}};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct uart uart;

		begin_uart(&uart);
		only_print(&uart, cases[i].count, cases[i].between, cases[i].period, TYPED_STUCK_US);
		assert_true(uart.gone <= 2 * TYPED_RING);
		/* Behind a request there is room again for chance. */
		exchange(&uart.typed, uart.now, uart.gone % TYPED_RING);
		uart.gone = 0;
		pass(&uart, uart.now + TYPED_QUIET_MAX_US);
		typed_heard(&uart.typed, uart.now);
		pass(&uart, uart.now + 2 * TYPED_SILENT_US + TYPED_RING / TYPED_PIECE * TYPED_PIECE_US);
		assert_int_equal(uart.gone, 2 * TYPED_RING);
	}
}

static void a_line_that_holds_back_its_writer_gets_all(void **state)
{
	struct uart uart;

	(void)state;
	begin_uart(&uart);
	typed_begin(&uart.typed, false);
	pass(&uart, 2 * TYPED_STUCK_US);
	assert_int_equal(uart.gone, TYPED_WAITING);
	add(&uart.typed, "more", true);
	assert_int_equal(go(&uart.typed, uart.now), 4);
	assert_false(uart.typed.regardless);
}

/* A program that reads without a word waits once, and not at each ring. */
static void in_the_end_it_goes_regardless(void **state)
{
	struct uart uart;
	int64_t next, full;

	(void)state;
	begin_uart(&uart);
	pass(&uart, SECOND);
	full = (TYPED_RING / TYPED_PIECE) * TYPED_PIECE_US;
	assert_int_equal(typed_due(&uart.typed, uart.now, &next), 0);
	assert_int_equal(next, full + TYPED_STUCK_US);
	pass(&uart, full + TYPED_STUCK_US);
	assert_int_equal(uart.gone, TYPED_RING);
	assert_false(uart.typed.regardless);
	pass(&uart, uart.now + 1);
	assert_int_equal(uart.gone, TYPED_RING + TYPED_PIECE);
	assert_true(uart.typed.regardless);
	pass(&uart, uart.now + 3 * SECOND / 2);
	assert_true(uart.gone >= 2048 && uart.gone < TYPED_WAITING); /* not as fast as it can */
}

static void go_regardless(struct uart *uart)
{
	begin_uart(uart);
	pass(uart, TYPED_STUCK_US + SECOND);
	assert_true(uart->typed.regardless);
}

static void a_request_ends_that(void **state)
{
	struct uart uart;

	(void)state;
	go_regardless(&uart);
	exchange(&uart.typed, uart.now, 0);
	uart.gone = 0;
	pass(&uart, uart.now + TYPED_STUCK_US);
	assert_int_equal(uart.gone, TYPED_RING);
	assert_false(uart.typed.regardless);
	pass(&uart, uart.now + SECOND);
	assert_true(uart.typed.regardless);
}

static void so_does_silence_behind_output(void **state)
{
	struct uart uart;

	(void)state;
	go_regardless(&uart);
	typed_heard(&uart.typed, uart.now);
	pass(&uart, uart.now + TYPED_SILENT_US + 1000);
	uart.gone = 0;
	pass(&uart, uart.now + 4 * SECOND);
	assert_true(uart.gone <= TYPED_RING);
	assert_false(uart.typed.regardless);
	/* What goes on printing at its own time does not wait for input. */
	pass(&uart, uart.now + 2 * SECOND);
	assert_true(uart.typed.regardless);
	for (int i = 0; i < 3; i++) {
		pass(&uart, uart.now + SECOND / 2);
		typed_heard(&uart.typed, uart.now);
		assert_true(uart.typed.regardless);
	}
}

static void the_next_program_is_not_blamed(void **state)
{
	struct uart uart;

	(void)state;
	go_regardless(&uart);
	only_print(&uart, 1, 0, SECOND, uart.now + 4 * SECOND);
	typed_begin(&uart.typed, true);
	uart.gone = 0;
	pass(&uart, uart.now + 2 * SECOND);
	assert_int_equal(uart.gone, TYPED_RING);
	assert_false(uart.typed.regardless);
	typed_heard(&uart.typed, uart.now);
	pass(&uart, uart.now + TYPED_SILENT_US + 1000);
	assert_int_equal(uart.gone, TYPED_RING + TYPED_PIECE);
	pass(&uart, uart.now + TYPED_SILENT_US + 1000);
	assert_int_equal(uart.gone, 2 * TYPED_RING);
	typed_heard(&uart.typed, uart.now);
	pass(&uart, uart.now + 4 * TYPED_SILENT_US);
	assert_true(uart.gone > 2 * TYPED_RING);
}

static void what_went_to_the_last_program_is_none_of_the_next(void **state)
{
	struct typed typed;
	int64_t next;

	(void)state;
	typed_init(&typed);
	add(&typed, "abcdef", true);
	for (int i = 0; i < 5; i++) {
		go(&typed, i * SECOND);
		exchange(&typed, i * SECOND, 6);
	}
	typed_begin(&typed, false);
	exchange(&typed, 7 * SECOND, 0);
	typed_due(&typed, 7 * SECOND, &next);
	assert_int_equal(next, 7 * SECOND + TYPED_QUIET_US);
	assert_int_equal(go(&typed, 8 * SECOND), 6);
	add(&typed, "gh", true);
	typed_begin(&typed, false);
	exchange(&typed, 9 * SECOND, 6);
	assert_waits(&typed, "gh");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(line_ends_become_those_of_a_terminal),
		cmocka_unit_test(it_goes_in_pieces),
		cmocka_unit_test(what_comes_back_goes_first),
		cmocka_unit_test(what_went_beside_goes_again_in_order),
		cmocka_unit_test(what_may_be_of_an_answer_counts_only_where_it_cannot_be),
		cmocka_unit_test(what_went_before_the_first_answer_is_counted_there),
		cmocka_unit_test(what_always_comes_back_goes_more_rarely),
		cmocka_unit_test(exchanges_without_a_pause_do_not_keep_it_for_ever),
		cmocka_unit_test(what_is_read_bit_by_bit_goes_on),
		cmocka_unit_test(ctrl_c_never_goes_again),
		cmocka_unit_test(what_has_gone_is_kept_while_there_is_room),
		cmocka_unit_test(a_ring_is_not_overrun),
		cmocka_unit_test(silence_behind_output_tells_that_it_was_read),
		cmocka_unit_test(who_begins_late_is_not_waited_for_longer),
		cmocka_unit_test(silence_begins_when_all_has_gone),
		cmocka_unit_test(output_alone_does_not),
		cmocka_unit_test(a_line_that_holds_back_its_writer_gets_all),
		cmocka_unit_test(in_the_end_it_goes_regardless),
		cmocka_unit_test(a_request_ends_that),
		cmocka_unit_test(so_does_silence_behind_output),
		cmocka_unit_test(the_next_program_is_not_blamed),
		cmocka_unit_test(what_went_to_the_last_program_is_none_of_the_next),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
