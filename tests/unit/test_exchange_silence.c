/* SPDX-License-Identifier: MIT */
/* The exchange in single steps: a board that says nothing, or nothing that helps, and a host that paused. */
#include "agent/exchange.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/talk.h"

static void an_idle_host_pings(void **state)
{
	struct talk *talk = *state;
	int64_t last = talk->now;

	for (unsigned i = 0; i < 100; i++) {
		int64_t at = exchange_deadline(talk->exchange);

		assert_true(at > talk->now);
		assert_true(at - last < AGENT_IDLE_US / 2);
		talk->now = last = at;
		exchange_tick(talk->exchange, talk->now);
		assert_int_equal(talk_transmit(talk), EMPTY);
		talk_answer(talk, AGENT_DONE, talk_expect_sent(talk, AGENT_PING, NULL, 0), NULL, 0);
		talk_expect_nothing_sent(talk);
	}
	assert_false(exchange_dead(talk->exchange));
}

static void a_ping_that_is_not_answered_holds_nothing_up(void **state)
{
	struct talk *talk = *state;
	struct exchange_request requests[3];

	talk_pass(talk, 2 * SECOND);
	talk_expect_sent(talk, AGENT_PING, NULL, 0);
	/* The first request's answer proves that the line is as before, and reads share it again. */
	for (unsigned i = 0; i < 3; i++) {
		requests[i] = talk_read_request("/a", NULL, 0);
		talk_add(talk, &requests[i]);
	}
	talk_transmit(talk);
	talk_answer(talk, AGENT_DONE, talk_expect_sent(talk, AGENT_STAT, "/a", 2), NULL, 0);
	talk_transmit(talk);
	talk_expect_sent(talk, AGENT_STAT, "/a", 2);
	talk_expect_sent(talk, AGENT_STAT, "/a", 2);
}

static void silence_ends_everything(void **state)
{
	struct talk *talk = *state;
	struct exchange_request sent = talk_read_request("/a", NULL, 0), queued = talk_change_request("/b", 2),
				bulk = talk_read_request("/c", NULL, 0), late = talk_read_request("/d", NULL, 0);

	bulk.bulk = true;
	talk_add(talk, &sent);
	talk_add(talk, &queued);
	talk_add(talk, &bulk);
	talk_transmit(talk);
	talk_pass(talk, TIMEOUT - MS);
	talk_expect_none_finished(talk);
	assert_false(exchange_dead(talk->exchange));
	talk_pass(talk, 2 * MS);
	talk_expect_finished(talk, &sent, -EIO);
	talk_expect_finished(talk, &queued, -EIO);
	talk_expect_finished(talk, &bulk, -EIO);
	assert_true(exchange_dead(talk->exchange));
	talk_add(talk, &late);
	talk_expect_finished(talk, &late, -EIO);
}

/* With a patience requests wait for a dead board, each so long, and go on when another agent is there. */
static void who_is_patient_waits_for_a_dead_board(void **state)
{
	struct talk *talk = *state;
	struct exchange_request sent = talk_read_request("/a", NULL, 0), queued = talk_change_request("/b", 2),
				late = talk_read_request("/c", NULL, 0);
	struct exchange *first = exchange_open(talk->now, TIMEOUT, NULL, NULL);

	exchange_set_patience(talk->exchange, 30 * SECOND);
	talk_add(talk, &sent);
	talk_add(talk, &queued);
	talk_transmit(talk);
	talk->sent_len = 0;
	exchange_silence(talk->exchange, talk->now);
	talk_expect_none_finished(talk);
	assert_true(exchange_waits(talk->exchange));
	talk_pass(talk, 20 * SECOND);
	talk_add(talk, &late);
	talk_expect_nothing_sent(talk);
	assert_int_equal(exchange_deadline(talk->exchange), START + 30 * SECOND);
	talk_pass(talk, 10 * SECOND + MS);
	talk_expect_finished(talk, &sent, -EIO);
	talk_expect_finished(talk, &queued, -EIO);
	talk_expect_none_finished(talk);
	exchange_restart(talk->exchange, first, AGENT_WINDOW, talk->now);
	talk_transmit(talk);
	talk_expect_sent(talk, AGENT_STAT, "/c", 2);
	talk_answer(talk, AGENT_DONE, late.sequence, NULL, 0);
	talk_expect_finished(talk, &late, 0);
	assert_false(exchange_waits(talk->exchange));
	exchange_close(first);
}

/* Nobody knows whether a change that was under way was done; what had not begun waits. */
static void a_change_under_way_does_not_wait_for_a_dead_board(void **state)
{
	struct talk *talk = *state;
	struct exchange_request change = talk_change_request("/a", 2), queued = talk_change_request("/b", 2);

	exchange_set_patience(talk->exchange, 30 * SECOND);
	talk_add(talk, &change);
	talk_add(talk, &queued);
	talk_transmit(talk);
	exchange_silence(talk->exchange, talk->now);
	talk_expect_finished(talk, &change, -EIO);
	talk_expect_none_finished(talk);
	/* Less patience ends the waiting of those who have had enough. */
	exchange_set_patience(talk->exchange, 0);
	exchange_tick(talk->exchange, talk->now);
	talk_expect_finished(talk, &queued, -EIO);
	talk_add(talk, &change);
	talk_expect_finished(talk, &change, -EIO);
}

static void giving_up_ends_all_that_waits(void **state)
{
	struct talk *talk = *state;
	struct exchange_request read = talk_read_request("/a", NULL, 0), bulk = talk_read_request("/b", NULL, 0), late = read;

	bulk.bulk = true;
	exchange_set_patience(talk->exchange, SECOND);
	exchange_silence(talk->exchange, talk->now);
	talk_add(talk, &read);
	talk_add(talk, &bulk);
	exchange_give_up(talk->exchange);
	talk_expect_finished(talk, &read, -EIO);
	talk_expect_finished(talk, &bulk, -EIO);
	talk_add(talk, &late);
	talk_expect_none_finished(talk);
	talk_pass(talk, SECOND + MS);
	talk_expect_finished(talk, &late, -EIO);
}

/* An agent with nothing to do answers at once: one that does not is no more. A late answer is one. */
static void an_idle_agent_that_does_not_answer_has_ended(void **state)
{
	struct talk *talk = *state;
	uint8_t sequence = 0;

	for (unsigned i = 0; i < 2; i++) {
		talk->now = exchange_deadline(talk->exchange);
		exchange_tick(talk->exchange, talk->now);
		talk_transmit(talk);
		sequence = talk_expect_sent(talk, AGENT_PING, NULL, 0);
		assert_false(exchange_lapsed(talk->exchange, talk->now));
	}
	talk_answer(talk, AGENT_DONE, sequence, NULL, 0);
	for (unsigned i = 0; i < 2; i++) {
		talk->now = exchange_deadline(talk->exchange);
		exchange_tick(talk->exchange, talk->now);
		talk_transmit(talk);
		talk_expect_sent(talk, AGENT_PING, NULL, 0);
		assert_false(exchange_lapsed(talk->exchange, talk->now));
	}
	talk->now = exchange_deadline(talk->exchange);
	exchange_tick(talk->exchange, talk->now);
	assert_true(exchange_lapsed(talk->exchange, talk->now));
	talk_expect_nothing_sent(talk);
	assert_false(exchange_dead(talk->exchange));
}

static void a_sign_of_life_ends_death(void **state)
{
	struct talk *talk = *state;
	struct exchange_request request = talk_read_request("/a", NULL, 0);

	talk_add(talk, &request);
	talk_transmit(talk);
	talk_pass(talk, TIMEOUT + MS);
	talk_expect_finished(talk, &request, -EIO);
	talk->sent_len = 0;
	talk_pass(talk, 2 * SECOND);
	talk_expect_nothing_sent(talk);                                /* who knows what reads it now */
	talk_hear(talk, "Traceback (most recent call last):\r\n", 36); /* a board, not the agent */
	assert_true(exchange_dead(talk->exchange));
	talk_answer(talk, AGENT_DONE, request.sequence, NULL, 0); /* late, but from the agent */
	assert_false(exchange_dead(talk->exchange));
	talk_add(talk, &request);
	talk_transmit(talk);
	talk_expect_sent(talk, AGENT_STAT, "/a", 2);
	talk_answer(talk, AGENT_DONE, request.sequence, NULL, 0);
	talk_expect_finished(talk, &request, 0);
}

/* The process was stopped, or the computer slept: the agent has ended, and a prompt would read what we say. */
static void after_a_long_pause_nothing_is_sent(void **state)
{
	struct talk *talk = *state;
	struct exchange_request request = talk_read_request("/a", NULL, 0);
	const uint8_t *bytes;

	assert_false(exchange_lapsed(talk->exchange, talk->now + AGENT_IDLE_US - 1));
	talk->now += AGENT_IDLE_US;
	assert_true(exchange_lapsed(talk->exchange, talk->now));
	exchange_tick(talk->exchange, talk->now);
	assert_int_equal(exchange_output(talk->exchange, talk->now, &bytes), 0);
	talk_add(talk, &request);
	talk_pass(talk, TIMEOUT / 2);
	talk_expect_nothing_sent(talk);
	talk_expect_none_finished(talk);
	talk_hear(talk, ">>> ", 4); /* also not when the prompt says something */
	assert_true(exchange_lapsed(talk->exchange, talk->now));
	talk_expect_nothing_sent(talk);
	talk_pass(talk, TIMEOUT / 2); /* and nobody starts the agent again */
	talk_expect_finished(talk, &request, -EIO);
	assert_true(exchange_dead(talk->exchange));
}

/* However long the process was stopped: what only reads is asked again, for as long as any other request. */
static void a_pause_is_no_silence_of_the_board(void **state)
{
	struct talk *talk = *state;
	struct exchange *first;
	struct exchange_request request = talk_read_request("/a", NULL, 0);

	talk_add(talk, &request);
	talk_transmit(talk);
	talk_expect_sent(talk, AGENT_STAT, "/a", 2);
	talk->now += 10 * TIMEOUT;
	exchange_tick(talk->exchange, talk->now);
	talk_expect_none_finished(talk);
	assert_true(exchange_lapsed(talk->exchange, talk->now));
	first = exchange_open(talk->now, TIMEOUT, NULL, NULL);
	exchange_restart(talk->exchange, first, AGENT_WINDOW, talk->now);
	exchange_close(first);
	talk_transmit(talk);
	talk_expect_sent(talk, AGENT_STAT, "/a", 2);
	talk_answer(talk, AGENT_DONE, request.sequence, NULL, 0);
	talk_expect_finished(talk, &request, 0);
}

/* While the board works, however long, and while it sends a long answer, the agent is known to be there. */
static void a_long_answer_is_no_pause(void **state)
{
	struct talk *talk = *state;
	struct exchange_request request = {.op = AGENT_LIST, .parts = true, .grow = true};
	uint8_t part[100];

	talk_add(talk, &request);
	talk_transmit(talk);
	talk_expect_sent(talk, AGENT_LIST, NULL, 0);
	memset(part, 'p', sizeof(part));
	for (unsigned i = 0; i <= 100; i++) {
		talk_pass(talk, 300 * MS);
		part[0] = (uint8_t)i;
		talk_answer(talk, i == 100 ? AGENT_DONE : AGENT_MORE, request.sequence, part, sizeof(part));
		assert_false(exchange_lapsed(talk->exchange, talk->now));
	}
	talk_expect_finished(talk, &request, 0);
	assert_int_equal(request.answer_len, 101 * 99);
	free(request.answer);
}

static void a_long_work_is_no_pause(void **state)
{
	struct talk *talk = *state;
	struct exchange *patient = exchange_open(talk->now, 60 * SECOND, NULL, NULL);
	struct exchange_request request = talk_change_request("/a", 2);

	exchange_close(talk->exchange);
	talk->exchange = patient;
	talk_add(talk, &request);
	talk_transmit(talk);
	for (unsigned i = 0; i < 59; i++) {
		talk_pass(talk, SECOND);
		assert_false(exchange_lapsed(talk->exchange, talk->now));
	}
	assert_true(talk->sent_len < AGENT_WINDOW); /* nor do the pings fill the board's ring */
	talk_answer(talk, AGENT_DONE, request.sequence, NULL, 0);
	talk_expect_finished(talk, &request, 0);
}

/* What a new agent is asked: what only read again, what changed something not; its first numbers are others' already. */
static void a_new_agent_is_asked_again(void **state)
{
	struct talk *talk = *state;
	struct exchange *first = exchange_open(talk->now, TIMEOUT, NULL, NULL);
	struct exchange_request hello = talk_read_request("", NULL, 0), before = talk_read_request("/a", NULL, 0),
				reads[2] = {talk_read_request("/b", NULL, 0), talk_read_request("/c", NULL, 0)},
				change = talk_change_request("/d", 2), queued = talk_change_request("/e", 2);
	const uint8_t *bytes;
	struct talk *starter = calloc(1, sizeof(*starter));

	starter->exchange = first;
	starter->now = talk->now;
	frame_reader_init(&starter->reader);
	for (unsigned i = 0; i < 200; i++) {
		talk_add(starter, &hello);
		talk_transmit(starter);
		starter->sent_len = 0;
		talk_answer(starter, AGENT_DONE, hello.sequence, NULL, 0);
		talk_expect_finished(starter, &hello, 0);
	}
	talk_add(talk, &before);
	talk_add(talk, &reads[0]);
	talk_add(talk, &reads[1]);
	talk_transmit(talk);
	talk->sent_len = 0;
	talk_answer(talk, AGENT_DONE, before.sequence, NULL, 0);
	talk_expect_finished(talk, &before, 0);
	talk_add(talk, &queued);
	talk->now += AGENT_IDLE_US;
	assert_int_equal(exchange_output(talk->exchange, talk->now, &bytes), 0);
	exchange_restart(talk->exchange, first, AGENT_WINDOW, talk->now);
	assert_false(exchange_lapsed(talk->exchange, talk->now));
	talk_transmit(talk);
	uint8_t sequence = talk_expect_sent(talk, AGENT_STAT, "/b", 2);
	assert_int_not_equal(sequence, hello.sequence);
	talk_expect_sent(talk, AGENT_STAT, "/c", 2);
	talk_expect_nothing_sent(talk);
	talk_answer(talk, AGENT_DONE, reads[0].sequence, NULL, 0);
	talk_answer(talk, AGENT_DONE, reads[1].sequence, NULL, 0);
	talk_expect_finished(talk, &reads[0], 0);
	talk_expect_finished(talk, &reads[1], 0);
	talk_transmit(talk);
	talk_expect_sent(talk, AGENT_MKDIR, "/e", 2); /* it had not been sent */
	talk_answer(talk, AGENT_DONE, queued.sequence, NULL, 0);
	talk_expect_finished(talk, &queued, 0);

	talk_add(talk, &change);
	talk_transmit_some(talk, 4);
	talk->sent_len = 0;
	exchange_restart(talk->exchange, first, 0, talk->now);
	talk_expect_finished(talk, &change, -EIO); /* nobody knows whether it was done */
	talk_expect_nothing_sent(talk);
	exchange_close(first);
	free(starter);
}

/* A board whose program prints for ever, the agent gone: every request ends in time all the same. */
static void babble_is_no_sign_of_life(void **state)
{
	struct talk *talk = *state;
	struct exchange_request request = talk_read_request("/a", NULL, 0);
	int64_t start = talk->now;

	talk_add(talk, &request);
	while (request.state != EXCHANGE_FINISHED) {
		talk_transmit(talk);
		talk->sent_len = 0;
		talk->now += 20 * MS;
		talk_hear(talk, "still here\xfa\xfb\r\n", 14);
		exchange_tick(talk->exchange, talk->now);
		assert_true(talk->now < start + 2 * TIMEOUT);
	}
	talk_expect_finished(talk, &request, -EIO);
	assert_in_range(talk->now - start, TIMEOUT, TIMEOUT + SECOND);
}

/* A board that says what nobody asked for, in whole frames, for ever: every request ends in time all the same. */
static void what_brings_nothing_on_is_no_sign_of_life(void **state)
{
	enum { EMPTY_PART, OTHER_NUMBER, HELLO, CREDIT, LATER_VERSION, KINDS };
	struct talk *talk = *state;

	for (int kind = EMPTY_PART; kind < KINDS; kind++) {
		struct exchange_request request = talk_read_request("/a", NULL, 0);
		int64_t start = talk->now;

		talk_add(talk, &request);
		while (request.state != EXCHANGE_FINISHED) {
			talk_transmit(talk);
			talk->sent_len = 0;
			talk->now += 200 * MS;
			if (kind == EMPTY_PART)
				talk_answer(talk, AGENT_MORE, request.sequence, NULL, 0);
			else if (kind == OTHER_NUMBER)
				talk_answer(talk, AGENT_DONE, request.sequence ^ 1, NULL, 0);
			else if (kind == HELLO)
				talk_answer(talk, AGENT_HELLO, 0, "\x00\x10\x00\x00\x01\x00\x01", 7);
			else if (kind == CREDIT)
				talk_credit(talk, request.sequence, 1);
			else
				talk_answer(talk, 'z', request.sequence, "new", 3);
			exchange_tick(talk->exchange, talk->now);
			assert_true(talk->now < start + 2 * TIMEOUT);
		}
		talk_expect_finished(talk, &request, -EIO);
		talk_answer(talk, AGENT_NAK, 0, NULL, 0);
	}
}

/* The line takes no bytes: what waits in the queue ends too, also where nothing is under way but a stuck ping. */
static void a_stuck_line_ends_what_is_queued(void **state)
{
	struct talk *talk = *state;
	struct exchange_request request = talk_read_request("/a", NULL, 0), bulk = talk_read_request("/b", NULL, 0);
	const uint8_t *bytes;

	bulk.bulk = true;
	talk->now = exchange_deadline(talk->exchange);
	exchange_tick(talk->exchange, talk->now);
	assert_int_equal(exchange_output(talk->exchange, talk->now, &bytes), EMPTY);
	exchange_sent(talk->exchange, 5, talk->now);
	talk_add(talk, &request);
	talk_add(talk, &bulk);
	int64_t end = talk->now + 2 * TIMEOUT;
	while (request.state != EXCHANGE_FINISHED || bulk.state != EXCHANGE_FINISHED) {
		int64_t next = exchange_deadline(talk->exchange);

		assert_true(next > talk->now);
		assert_true(next < end);
		talk->now = next;
		exchange_tick(talk->exchange, talk->now);
		exchange_output(talk->exchange, talk->now, &bytes);
	}
	talk_expect_finished(talk, &request, -EIO);
	talk_expect_finished(talk, &bulk, -EIO);
}

static void a_failed_link_ends_everything_for_good(void **state)
{
	struct talk *talk = *state;
	struct exchange_request sent = talk_read_request("/a", NULL, 0), queued = talk_change_request("/b", 2);
	const uint8_t *bytes;

	talk_add(talk, &sent);
	talk_add(talk, &queued);
	talk_transmit_some(talk, 3);
	exchange_fail(talk->exchange);
	talk_expect_finished(talk, &sent, -EIO);
	talk_expect_finished(talk, &queued, -EIO);
	talk_answer(talk, AGENT_DONE, sent.sequence, NULL, 0);
	assert_true(exchange_dead(talk->exchange));
	assert_int_equal(exchange_output(talk->exchange, talk->now, &bytes), 0);
	assert_int_equal(exchange_deadline(talk->exchange), INT64_MAX);
	exchange_tick(talk->exchange, talk->now + 100 * SECOND);
	assert_int_equal(exchange_output(talk->exchange, talk->now, &bytes), 0);
	talk_add(talk, &queued);
	talk_expect_finished(talk, &queued, -EIO);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, talk_set_up, talk_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(an_idle_host_pings),
		TEST(a_ping_that_is_not_answered_holds_nothing_up),
		TEST(silence_ends_everything),
		TEST(who_is_patient_waits_for_a_dead_board),
		TEST(a_change_under_way_does_not_wait_for_a_dead_board),
		TEST(giving_up_ends_all_that_waits),
		TEST(an_idle_agent_that_does_not_answer_has_ended),
		TEST(a_sign_of_life_ends_death),
		TEST(after_a_long_pause_nothing_is_sent),
		TEST(a_pause_is_no_silence_of_the_board),
		TEST(a_long_answer_is_no_pause),
		TEST(a_long_work_is_no_pause),
		TEST(a_new_agent_is_asked_again),
		TEST(babble_is_no_sign_of_life),
		TEST(what_brings_nothing_on_is_no_sign_of_life),
		TEST(a_stuck_line_ends_what_is_queued),
		TEST(a_failed_link_ends_everything_for_good),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
