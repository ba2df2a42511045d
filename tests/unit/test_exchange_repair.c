/* SPDX-License-Identifier: MIT */
/* The exchange in single steps: what is damaged or lost, and what nobody asked for. */
#include "agent/exchange.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/talk.h"

static void answer_damaged(struct talk *talk, uint8_t type, uint8_t sequence, const void *payload, size_t len)
{
	uint8_t out[FRAME_SIZE_MAX];
	size_t size = frame_encode(out, type, sequence, payload, len);

	out[AGENT_HEADER_SIZE] ^= 0x20;
	talk_hear(talk, out, size);
}

static void a_nak_brings_all_again_in_order(void **state)
{
	struct talk *talk = *state;
	struct exchange_request requests[3];
	static const char *const names[] = {"/a", "/b", "/c"};
	uint8_t sequences[3];

	for (unsigned i = 0; i < 3; i++) {
		requests[i] = talk_read_request(names[i], NULL, 0);
		talk_add(talk, &requests[i]);
	}
	talk_transmit(talk);
	for (unsigned i = 0; i < 3; i++)
		sequences[i] = talk_expect_sent(talk, AGENT_STAT, names[i], 2);
	talk_answer(talk, AGENT_DONE, sequences[0], NULL, 0);
	talk_answer(talk, AGENT_NAK, 0, NULL, 0);
	talk_transmit(talk);
	assert_int_equal(talk_expect_sent(talk, AGENT_STAT, "/b", 2), sequences[1]);
	assert_int_equal(talk_expect_sent(talk, AGENT_STAT, "/c", 2), sequences[2]);
	talk_expect_nothing_sent(talk);
	assert_int_equal(exchange_counts(talk->exchange)->naks, 1);
	assert_int_equal(exchange_counts(talk->exchange)->resent, 2);
	/* An answer to the first sending counts only for what is not about to be sent again. */
	talk_answer(talk, AGENT_DONE, sequences[1], NULL, 0);
	talk_answer(talk, AGENT_DONE, sequences[2], NULL, 0);
	for (unsigned i = 0; i < 3; i++)
		talk_expect_finished(talk, &requests[i], 0);
}

static void a_nak_ends_what_is_half_sent(void **state)
{
	struct talk *talk = *state;
	uint8_t payload[600] = {7};
	struct exchange_request request = talk_change_request(payload, sizeof(payload));

	talk_add(talk, &request);
	assert_int_equal(talk_transmit(talk), AGENT_WINDOW);
	talk->sent_len = 0;
	talk_answer(talk, AGENT_NAK, 0, NULL, 0);
	assert_int_equal(talk_transmit(talk), AGENT_WINDOW);
	talk_credit(talk, request.sequence, 2);
	talk_transmit(talk);
	talk_credit(talk, request.sequence, 4);
	talk_transmit(talk);
	talk_expect_sent(talk, AGENT_MKDIR, payload, sizeof(payload));
}

static void a_nak_for_nothing_is_nothing(void **state)
{
	struct talk *talk = *state;

	talk_answer(talk, AGENT_NAK, 0, NULL, 0);
	talk_expect_nothing_sent(talk);
	assert_int_equal(exchange_counts(talk->exchange)->resent, 0);
}

static void a_board_that_only_naks_ends(void **state)
{
	struct talk *talk = *state;
	struct exchange_request request = talk_change_request("/a", 2), after = talk_read_request("/b", NULL, 0);
	unsigned sent = 0;

	talk_add(talk, &request);
	talk_add(talk, &after);
	while (request.state != EXCHANGE_FINISHED) {
		talk_transmit(talk);
		talk_expect_sent(talk, AGENT_MKDIR, "/a", 2);
		talk_answer(talk, AGENT_NAK, 0, NULL, 0);
		assert_true(++sent < 100);
	}
	talk_expect_finished(talk, &request, -EIO);
	assert_true(sent > 10); /* but not at the first trouble */
	talk_transmit(talk);
	talk_expect_sent(talk, AGENT_STAT, "/b", 2);
	talk_answer(talk, AGENT_DONE, after.sequence, NULL, 0);
	talk_expect_finished(talk, &after, 0);
}

/* Silence, a ping, its answer: the request was lost, or its answer was. It has the same number again: the board knows which. */
static void what_was_lost_is_found_by_a_ping(void **state)
{
	struct talk *talk = *state;
	struct exchange_request request = talk_change_request("/a", 2);

	talk_add(talk, &request);
	talk_transmit(talk);
	uint8_t sequence = talk_expect_sent(talk, AGENT_MKDIR, "/a", 2);
	talk_pass(talk, 900 * MS);
	talk_expect_nothing_sent(talk);
	talk_pass(talk, 200 * MS);
	uint8_t ping = talk_expect_sent(talk, AGENT_PING, NULL, 0);
	talk_expect_nothing_sent(talk);
	talk_answer(talk, AGENT_DONE, ping, NULL, 0);
	talk_transmit(talk);
	assert_int_equal(talk_expect_sent(talk, AGENT_MKDIR, "/a", 2), sequence);
	talk_answer(talk, AGENT_DONE, sequence, NULL, 0);
	talk_expect_finished(talk, &request, 0);
	assert_int_equal(exchange_counts(talk->exchange)->resent, 1);
}

/* The board was only slow: the answers to the request and the ping come in order, and nothing is sent again. */
static void a_slow_board_is_not_asked_twice(void **state)
{
	struct talk *talk = *state;
	struct exchange_request request = talk_change_request("/a", 2), next = talk_change_request("/b", 2);

	talk_add(talk, &request);
	talk_add(talk, &next);
	talk_transmit(talk);
	talk_expect_sent(talk, AGENT_MKDIR, "/a", 2);
	talk_pass(talk, 3500 * MS);
	uint8_t first = talk_expect_sent(talk, AGENT_PING, NULL, 0);
	uint8_t second = talk_expect_sent(talk, AGENT_PING, NULL, 0); /* after twice the time */
	talk_expect_nothing_sent(talk);
	talk_answer(talk, AGENT_DONE, request.sequence, NULL, 0);
	talk_transmit(talk);
	talk_expect_sent(talk, AGENT_MKDIR, "/b", 2);
	talk_answer(talk, AGENT_DONE, first, NULL, 0);
	talk_answer(talk, AGENT_DONE, second, NULL, 0);
	talk_expect_nothing_sent(talk);
	talk_answer(talk, AGENT_DONE, next.sequence, NULL, 0);
	talk_expect_finished(talk, &request, 0);
	talk_expect_finished(talk, &next, 0);
	assert_int_equal(exchange_counts(talk->exchange)->resent, 0);
}

static void a_damaged_answer_is_asked_for_again(void **state)
{
	struct talk *talk = *state;
	uint8_t room[8];
	struct exchange_request request = talk_read_request("/a", room, sizeof(room));

	talk_add(talk, &request);
	talk_transmit(talk);
	talk_expect_sent(talk, AGENT_STAT, "/a", 2);
	answer_damaged(talk, AGENT_DONE, request.sequence, "text", 4);
	talk_expect_nothing_sent(talk); /* the line is not quiet yet */
	talk_pass(talk, 100 * MS);
	talk_answer(talk, AGENT_DONE, talk_expect_sent(talk, AGENT_PING, NULL, 0), NULL, 0);
	talk_transmit(talk);
	talk_expect_sent(talk, AGENT_STAT, "/a", 2);
	talk_answer(talk, AGENT_DONE, request.sequence, "text", 4);
	talk_expect_finished(talk, &request, 0);
	assert_memory_equal(room, "text", 4);
	assert_true(exchange_counts(talk->exchange)->damaged >= 1);
}

/* Half an answer, and no more: it is not waited for until the time-out, and does not swallow what follows. */
static void half_an_answer_is_asked_for_again(void **state)
{
	struct talk *talk = *state;
	uint8_t out[FRAME_SIZE_MAX], room[100];
	struct exchange_request request = talk_read_request("/a", room, sizeof(room));

	talk_add(talk, &request);
	talk_transmit(talk);
	talk_expect_sent(talk, AGENT_STAT, "/a", 2);
	memset(room, 'x', sizeof(room));
	frame_encode(out, AGENT_DONE, request.sequence, room, sizeof(room));
	for (size_t cut = 1; cut < EMPTY + sizeof(room); cut += 7) {
		talk_hear(talk, out, cut);
		talk_pass(talk, 100 * MS);
		talk_answer(talk, AGENT_DONE, talk_expect_sent(talk, AGENT_PING, NULL, 0), NULL, 0);
		talk_transmit(talk);
		talk_expect_sent(talk, AGENT_STAT, "/a", 2);
	}
	talk_answer(talk, AGENT_DONE, request.sequence, "end", 3);
	talk_expect_finished(talk, &request, 0);
	assert_int_equal(request.answer_len, 3);
}

static void a_missing_part_brings_the_whole_again(void **state)
{
	struct talk *talk = *state;
	struct exchange_request request = {.op = AGENT_LIST, .parts = true, .grow = true};

	talk_add(talk, &request);
	talk_transmit(talk);
	talk_expect_sent(talk, AGENT_LIST, NULL, 0);
	talk_answer(talk, AGENT_MORE, request.sequence, "\0one", 4);
	talk_answer(talk, AGENT_DONE, request.sequence, "\2three", 6); /* where is two? */
	talk_expect_none_finished(talk);
	talk_pass(talk, 100 * MS);
	talk_answer(talk, AGENT_DONE, talk_expect_sent(talk, AGENT_PING, NULL, 0), NULL, 0);
	talk_transmit(talk);
	talk_expect_sent(talk, AGENT_LIST, NULL, 0);
	talk_answer(talk, AGENT_MORE, request.sequence, "\0one", 4);
	talk_answer(talk, AGENT_MORE, request.sequence, "\1two", 4);
	talk_answer(talk, AGENT_DONE, request.sequence, "\2three", 6);
	talk_expect_finished(talk, &request, 0);
	assert_int_equal(request.answer_len, 11);
	assert_memory_equal(request.answer, "onetwothree", 11);
	free(request.answer);
}

static void a_part_without_its_number_is_none(void **state)
{
	struct talk *talk = *state;
	struct exchange_request request = {.op = AGENT_LIST, .parts = true, .grow = true};

	talk_add(talk, &request);
	talk_transmit(talk);
	talk_answer(talk, AGENT_DONE, request.sequence, NULL, 0);
	talk_expect_none_finished(talk);
	talk_answer(talk, AGENT_MORE, request.sequence, "\1", 1);
	talk_expect_none_finished(talk);
	assert_int_equal(exchange_counts(talk->exchange)->damaged, 2);
	talk_answer(talk, AGENT_DONE, request.sequence, "\0", 1);
	talk_expect_finished(talk, &request, 0);
	assert_int_equal(request.answer_len, 0);
	free(request.answer);
}

static void an_answer_that_is_too_long_is_none(void **state)
{
	struct talk *talk = *state;
	uint8_t room[5] = "....", part[AGENT_PAYLOAD_MAX] = {0};
	struct exchange_request request = talk_read_request("/a", room, 4);

	talk_add(talk, &request);
	talk_transmit(talk);
	talk_answer(talk, AGENT_DONE, request.sequence, "12345", 5);
	talk_expect_none_finished(talk);
	assert_string_equal((char *)room, "....");
	talk_answer(talk, AGENT_DONE, request.sequence, "1234", 4);
	talk_expect_finished(talk, &request, 0);

	struct exchange_request endless = {.op = AGENT_LIST, .parts = true, .grow = true};
	talk_add(talk, &endless);
	for (unsigned i = 0; endless.state != EXCHANGE_FINISHED && i < 200; i++) {
		talk_transmit(talk);
		talk->sent_len = 0;
		for (unsigned n = 0; n < EXCHANGE_ANSWER_MAX / AGENT_PAYLOAD_MAX + 2 && endless.state == EXCHANGE_SENT; n++) {
			part[0] = (uint8_t)n;
			talk_answer(talk, AGENT_MORE, endless.sequence, part, sizeof(part));
		}
		assert_true(endless.answer_len <= EXCHANGE_ANSWER_MAX);
		talk_answer(talk, AGENT_NAK, 0, NULL, 0);
	}
	talk_expect_finished(talk, &endless, -EIO);
	free(endless.answer);
}

static void answers_that_nobody_waits_for_are_ignored(void **state)
{
	struct talk *talk = *state;
	uint8_t room[8];
	struct exchange_request request = talk_read_request("/a", room, sizeof(room));

	talk_answer(talk, AGENT_DONE, 1, "no", 2);
	talk_answer(talk, AGENT_FAILED, 1, "\1\0\0\0", 4);
	talk_add(talk, &request);
	talk_answer(talk, AGENT_DONE, 1, "no", 2); /* not sent yet */
	talk_transmit_some(talk, 3);
	talk_answer(talk, AGENT_DONE, request.sequence, "no", 2); /* half sent */
	talk_expect_none_finished(talk);
	talk_transmit(talk);
	talk_answer(talk, AGENT_DONE, (uint8_t)(request.sequence + 1), "no", 2);
	talk_answer(talk, 'z', request.sequence, "no", 2);        /* of another version */
	talk_answer(talk, AGENT_STAT, request.sequence, "/a", 2); /* our own, echoed */
	talk_expect_none_finished(talk);
	talk_answer(talk, AGENT_DONE, request.sequence, "yes", 3);
	talk_answer(talk, AGENT_DONE, request.sequence, "no", 2); /* a duplicate */
	talk_expect_finished(talk, &request, 0);
	talk_expect_none_finished(talk);
	assert_int_equal(request.answer_len, 3);
	assert_memory_equal(room, "yes", 3);
}

static void a_program_may_print_beside_answers(void **state)
{
	struct talk *talk = *state;
	struct exchange_request request = talk_read_request("/a", NULL, 0);

	talk_add(talk, &request);
	talk_transmit(talk);
	talk_hear(talk, "timer tick\r\n", 12);
	talk_answer(talk, AGENT_DONE, request.sequence, NULL, 0);
	talk_expect_finished(talk, &request, 0);
	assert_int_equal(talk->traced_words, 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, talk_set_up, talk_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_nak_brings_all_again_in_order),       TEST(a_nak_ends_what_is_half_sent),
		TEST(a_nak_for_nothing_is_nothing),          TEST(a_board_that_only_naks_ends),
		TEST(what_was_lost_is_found_by_a_ping),      TEST(a_slow_board_is_not_asked_twice),
		TEST(a_damaged_answer_is_asked_for_again),   TEST(half_an_answer_is_asked_for_again),
		TEST(a_missing_part_brings_the_whole_again), TEST(a_part_without_its_number_is_none),
		TEST(an_answer_that_is_too_long_is_none),    TEST(answers_that_nobody_waits_for_are_ignored),
		TEST(a_program_may_print_beside_answers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
