/* SPDX-License-Identifier: MIT */
/*
 * The exchange in single steps, with what the board says written by hand: requests and their answers, which are under way together, and
 * which first. The others are in test_exchange_*.c: the window, repair, silence; whole conversations over lines of all kinds in
 * test_exchange_random.c.
 */
#include "agent/exchange.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/talk.h"

/* --- One request --- */

static void a_request_is_sent_and_answered(void **state)
{
	struct talk *talk = *state;
	uint8_t room[4];
	struct exchange_request request = talk_read_request("/a", room, sizeof(room));

	talk_expect_nothing_sent(talk);
	talk_add(talk, &request);
	assert_int_equal(request.state, EXCHANGE_QUEUED);
	assert_int_equal(talk_transmit_some(talk, 5), 5);
	assert_int_equal(request.state, EXCHANGE_SENDING);
	talk_transmit(talk);
	assert_int_equal(request.state, EXCHANGE_SENT);
	uint8_t sequence = talk_expect_sent(talk, AGENT_STAT, "/a", 2);
	talk_expect_none_finished(talk);
	talk_answer(talk, AGENT_DONE, sequence, "yes", 3);
	talk_expect_finished(talk, &request, 0);
	talk_expect_none_finished(talk);
	assert_int_equal(request.answer_len, 3);
	assert_memory_equal(room, "yes", 3);
	assert_int_equal(talk->traced_out, 1);
	assert_int_equal(talk->traced_in, 1);
}

static void a_failure_brings_the_boards_words(void **state)
{
	struct talk *talk = *state;
	struct exchange_request request = talk_read_request("/a", NULL, 0);

	talk_add(talk, &request);
	talk_transmit(talk);
	talk_answer(talk, AGENT_FAILED, request.sequence, "\x02\0\0\0OSError(2,)\x1b", 16);
	talk_expect_finished(talk, &request, -EREMOTEIO);
	assert_int_equal(request.board_errno, 2);
	assert_string_equal(request.words, "OSError(2,)?");
}

static void a_failure_may_be_negative_long_or_short(void **state)
{
	struct talk *talk = *state;
	struct exchange_request request = talk_read_request("/a", NULL, 0);
	uint8_t payload[300] = {0xea, 0xff, 0xff, 0xff};

	memset(payload + 4, 'w', sizeof(payload) - 4);
	talk_add(talk, &request);
	talk_transmit(talk);
	talk_answer(talk, AGENT_FAILED, request.sequence, payload, sizeof(payload));
	talk_expect_finished(talk, &request, -EREMOTEIO);
	assert_int_equal(request.board_errno, -22);
	assert_int_equal(strlen(request.words), sizeof(request.words) - 1);
	for (size_t len = 0; len < 4; len++) {
		talk_add(talk, &request);
		talk_transmit(talk);
		talk_answer(talk, AGENT_FAILED, request.sequence, payload, len);
		talk_expect_finished(talk, &request, -EREMOTEIO);
		assert_int_equal(request.board_errno, 0);
		assert_string_equal(request.words, "");
	}
}

static void parts_are_put_together(void **state)
{
	struct talk *talk = *state;
	struct exchange_request request = {.op = AGENT_LIST, .parts = true, .grow = true};
	uint8_t part[AGENT_PAYLOAD_MAX];

	talk_add(talk, &request);
	talk_transmit(talk);
	memset(part, 'p', sizeof(part));
	for (unsigned i = 0; i < 300; i++) { /* the number is a byte, and begins anew */
		part[0] = (uint8_t)i;
		talk_answer(talk, i == 299 ? AGENT_DONE : AGENT_MORE, request.sequence, part, sizeof(part));
		assert_int_equal(request.state, i == 299 ? EXCHANGE_FINISHED : EXCHANGE_SENT);
	}
	talk_expect_finished(talk, &request, 0);
	assert_int_equal(request.answer_len, 300 * (AGENT_PAYLOAD_MAX - 1));
	for (size_t i = 0; i < request.answer_len; i++)
		assert_int_equal(request.answer[i], 'p');
	free(request.answer);
}

static void sequence_numbers_go_round(void **state)
{
	struct talk *talk = *state;
	struct exchange_request request = talk_read_request("/a", NULL, 0);
	int before = -1;

	for (unsigned i = 0; i < 1000; i++) {
		talk_add(talk, &request);
		talk_transmit(talk);
		assert_int_not_equal(talk_expect_sent(talk, AGENT_STAT, "/a", 2), before);
		before = request.sequence;
		talk_answer(talk, AGENT_DONE, request.sequence, NULL, 0);
		talk_expect_finished(talk, &request, 0);
	}
}

/*
 * A board takes a request with the number of the last one for its repetition. However many pings went between them, a request
 * never has the number of the one before.
 */
static void pings_do_not_bring_a_number_back(void **state)
{
	struct talk *talk = *state;
	struct exchange_request request = talk_change_request("/a", 2);

	for (unsigned pings = 0; pings < 520; pings++) {
		int before = request.sequence;
		talk_add(talk, &request);
		talk_transmit(talk);
		talk_expect_sent(talk, AGENT_MKDIR, "/a", 2);
		if (pings)
			assert_int_not_equal(request.sequence, before);
		talk_answer(talk, AGENT_DONE, request.sequence, NULL, 0);
		talk_expect_finished(talk, &request, 0);
		for (unsigned i = 0; i < pings; i++) {
			talk->now = exchange_deadline(talk->exchange);
			exchange_tick(talk->exchange, talk->now);
			talk_transmit(talk);
			talk_answer(talk, AGENT_DONE, talk_expect_sent(talk, AGENT_PING, NULL, 0), NULL, 0);
		}
	}
}

static void the_hello_is_read(void **state)
{
	struct talk *talk = *state;
	const struct exchange_hello *hello = exchange_hello(talk->exchange);

	assert_false(hello->seen);
	talk_answer(talk, AGENT_HELLO, 0, "\0\x10\x20\xa1\x07\0", 6); /* too short */
	assert_false(hello->seen);
	talk_answer(talk, AGENT_HELLO, 0, "\0\x10\x20\xa1\x07\0\x01", 7);
	assert_true(hello->seen);
	assert_int_equal(hello->block, 4096);
	assert_int_equal(hello->free_heap, 500000);
	assert_true(hello->deflate);
}

/* --- Several requests --- */

static void reads_share_the_line(void **state)
{
	struct talk *talk = *state;
	struct exchange_request requests[5];

	for (unsigned i = 0; i < 5; i++) {
		requests[i] = talk_read_request("/a", NULL, 0);
		talk_add(talk, &requests[i]);
	}
	talk_transmit(talk);
	for (unsigned i = 0; i < 3; i++)
		assert_int_equal(talk_expect_sent(talk, AGENT_STAT, "/a", 2), requests[i].sequence);
	talk_expect_nothing_sent(talk); /* three are enough */
	talk_answer(talk, AGENT_DONE, requests[0].sequence, NULL, 0);
	talk_transmit(talk);
	assert_int_equal(talk_expect_sent(talk, AGENT_STAT, "/a", 2), requests[3].sequence);
	talk_expect_nothing_sent(talk);
	for (unsigned i = 1; i < 5; i++) {
		talk_answer(talk, AGENT_DONE, requests[i].sequence, NULL, 0);
		talk_transmit(talk);
	}
	for (unsigned i = 0; i < 5; i++)
		talk_expect_finished(talk, &requests[i], 0);
}

static void reads_share_the_window(void **state)
{
	struct talk *talk = *state;
	char name[101];
	struct exchange_request requests[3];

	memset(name, 'n', 100);
	name[100] = 0;
	for (unsigned i = 0; i < 3; i++) {
		requests[i] = talk_read_request(name, NULL, 0);
		talk_add(talk, &requests[i]);
	}
	assert_int_equal(talk_transmit(talk), 2 * (100 + EMPTY)); /* a third would not fit into 240 */
	talk_next_sent(talk);
	talk_next_sent(talk);
	talk_answer(talk, AGENT_DONE, requests[0].sequence, NULL, 0);
	assert_int_equal(talk_transmit(talk), 100 + EMPTY);
	exchange_set_window(talk->exchange, 0);
	talk_answer(talk, AGENT_DONE, requests[1].sequence, NULL, 0);
	talk_answer(talk, AGENT_DONE, requests[2].sequence, NULL, 0);
	for (unsigned i = 0; i < 3; i++) {
		talk_expect_finished(talk, &requests[i], 0);
		talk_add(talk, &requests[i]);
	}
	talk_next_sent(talk);
	assert_int_equal(talk_transmit(talk), 3 * (100 + EMPTY)); /* where the line holds back, nothing is counted */
}

static void a_change_is_alone(void **state)
{
	struct talk *talk = *state;
	struct exchange_request before = talk_read_request("/a", NULL, 0), change = talk_change_request("/b", 2),
				after = talk_read_request("/c", NULL, 0);

	for (unsigned window = 0; window <= AGENT_WINDOW; window += AGENT_WINDOW) {
		exchange_set_window(talk->exchange, window);
		talk_add(talk, &before);
		talk_add(talk, &change);
		talk_add(talk, &after);
		talk_transmit(talk);
		talk_expect_sent(talk, AGENT_STAT, "/a", 2);
		talk_expect_nothing_sent(talk);
		talk_answer(talk, AGENT_DONE, before.sequence, NULL, 0);
		talk_transmit(talk);
		talk_expect_sent(talk, AGENT_MKDIR, "/b", 2);
		talk_expect_nothing_sent(talk);
		talk_answer(talk, AGENT_DONE, change.sequence, NULL, 0);
		talk_transmit(talk);
		talk_expect_sent(talk, AGENT_STAT, "/c", 2);
		talk_answer(talk, AGENT_DONE, after.sequence, NULL, 0);
		talk_expect_finished(talk, &before, 0);
		talk_expect_finished(talk, &change, 0);
		talk_expect_finished(talk, &after, 0);
	}
}

/* --- Bulk --- */

static void bulk_gives_way(void **state)
{
	struct talk *talk = *state;
	struct exchange_request bulk = talk_change_request("/bulk", 5), second = talk_change_request("/bulk2", 6),
				urgent = talk_read_request("/a", NULL, 0), follower = talk_read_request("/b", NULL, 0);

	bulk.bulk = second.bulk = true;
	talk_add(talk, &bulk);
	talk_add(talk, &second);
	talk_transmit(talk);
	talk_expect_sent(talk, AGENT_MKDIR, "/bulk", 5);
	talk_add(talk, &urgent);
	talk_answer(talk, AGENT_DONE, bulk.sequence, NULL, 0);
	talk_transmit(talk);
	talk_expect_sent(talk, AGENT_STAT, "/a", 2);
	talk->now += MS;
	talk_answer(talk, AGENT_DONE, urgent.sequence, NULL, 0);
	talk_expect_nothing_sent(talk); /* who asked once will ask again */
	talk_pass(talk, 5 * MS);
	talk_expect_nothing_sent(talk);
	talk_add(talk, &follower);
	talk_transmit(talk);
	talk_expect_sent(talk, AGENT_STAT, "/b", 2);
	talk_answer(talk, AGENT_DONE, follower.sequence, NULL, 0);
	talk_expect_nothing_sent(talk);
	talk_pass(talk, 11 * MS);
	talk_expect_sent(talk, AGENT_MKDIR, "/bulk2", 6);
	talk_answer(talk, AGENT_DONE, second.sequence, NULL, 0);
	talk_expect_finished(talk, &bulk, 0);
	talk_expect_finished(talk, &urgent, 0);
	talk_expect_finished(talk, &follower, 0);
	talk_expect_finished(talk, &second, 0);
}

/* Somebody asks without end: the copy goes on all the same. */
static void bulk_is_not_starved(void **state)
{
	struct talk *talk = *state;
	struct exchange_request bulk = talk_change_request("/bulk", 5), urgent[2];
	unsigned before = 0;

	bulk.bulk = true;
	for (unsigned i = 0; i < 2; i++) {
		urgent[i] = talk_read_request("/a", NULL, 0);
		talk_add(talk, &urgent[i]);
	}
	talk_transmit(talk);
	talk_add(talk, &bulk);
	for (;;) {
		const struct frame *frame = talk_next_sent(talk);

		if (frame->type == AGENT_MKDIR)
			break;
		assert_true(++before < 40);
		talk_answer(talk, AGENT_DONE, frame->sequence, NULL, 0);
		struct exchange_request *done = exchange_finished(talk->exchange);
		talk_add(talk, done);
		talk_transmit(talk);
	}
	assert_true(before >= 10);
}

/* The next block of a long read is asked for while the one before still comes in, but not much before. */
static void bulk_reads_keep_the_line_full(void **state)
{
	struct talk *talk = *state;
	static uint8_t rooms[3][4096];
	uint8_t out[FRAME_SIZE_MAX];
	struct exchange_request requests[3], urgent = talk_read_request("/u", NULL, 0);

	for (unsigned i = 0; i < 3; i++) {
		requests[i] = talk_read_request("/a", rooms[i], sizeof(rooms[i]));
		requests[i].bulk = true;
		talk_add(talk, &requests[i]);
	}
	talk_transmit(talk);
	talk_expect_sent(talk, AGENT_STAT, "/a", 2);
	talk_expect_nothing_sent(talk);
	size_t len = frame_encode(out, AGENT_DONE, requests[0].sequence, rooms[0], sizeof(rooms[0])), at = 0;
	for (; talk_transmit(talk) == 0; at += 64)
		talk_hear(talk, out + at, 64);
	assert_true(at < len);
	assert_true(len - at <= 512);
	talk_expect_sent(talk, AGENT_STAT, "/a", 2);
	/* What is not bulk goes now, and waits for what is under way alone. */
	talk_add(talk, &urgent);
	talk_transmit(talk);
	talk_expect_sent(talk, AGENT_STAT, "/u", 2);
	talk_hear(talk, out + at, len - at);
	talk_expect_finished(talk, &requests[0], 0);
	talk_answer(talk, AGENT_DONE, requests[1].sequence, rooms[1], sizeof(rooms[1]));
	talk_answer(talk, AGENT_DONE, urgent.sequence, NULL, 0);
	talk_expect_finished(talk, &requests[1], 0);
	talk_expect_finished(talk, &urgent, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, talk_set_up, talk_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_request_is_sent_and_answered),
		TEST(a_failure_brings_the_boards_words),
		TEST(a_failure_may_be_negative_long_or_short),
		TEST(parts_are_put_together),
		TEST(sequence_numbers_go_round),
		TEST(pings_do_not_bring_a_number_back),
		TEST(the_hello_is_read),
		TEST(reads_share_the_line),
		TEST(reads_share_the_window),
		TEST(a_change_is_alone),
		TEST(bulk_gives_way),
		TEST(bulk_is_not_starved),
		TEST(bulk_reads_keep_the_line_full),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
