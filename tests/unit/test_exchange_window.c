/* SPDX-License-Identifier: MIT */
/* The exchange in single steps: how much may be on its way. */
#include "agent/exchange.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/talk.h"

static void a_long_frame_waits_for_its_credits(void **state)
{
	struct talk *talk = *state;
	uint8_t payload[1000] = {0};
	struct exchange_request request = talk_change_request(payload, sizeof(payload));
	size_t left = sizeof(payload) + EMPTY;

	talk_add(talk, &request);
	assert_int_equal(talk_transmit(talk), AGENT_WINDOW);
	left -= AGENT_WINDOW;
	for (uint8_t count = 1; left; count++) {
		size_t more = left < AGENT_WINDOW / 2 ? left : AGENT_WINDOW / 2;

		assert_int_equal(talk_transmit(talk), 0);
		talk_credit(talk, request.sequence, count);
		assert_int_equal(talk_transmit(talk), more);
		left -= more;
	}
	assert_int_equal(request.state, EXCHANGE_SENT);
	talk_expect_sent(talk, AGENT_MKDIR, payload, sizeof(payload));
	talk_answer(talk, AGENT_DONE, request.sequence, NULL, 0);
	talk_expect_finished(talk, &request, 0);
}

static void lost_credits_are_in_the_next_one(void **state)
{
	struct talk *talk = *state;
	uint8_t payload[1000] = {0};
	struct exchange_request request = talk_change_request(payload, sizeof(payload));

	talk_add(talk, &request);
	talk_transmit(talk);
	talk_credit(talk, request.sequence, 2); /* all that was sent is read */
	assert_int_equal(talk_transmit(talk), AGENT_WINDOW);
	talk_credit(talk, request.sequence, 3);
	assert_int_equal(talk_transmit(talk), AGENT_WINDOW / 2);
}

static void credits_that_lie_give_nothing(void **state)
{
	struct talk *talk = *state;
	uint8_t payload[2000] = {0};
	struct exchange_request request = talk_change_request(payload, sizeof(payload)), other = talk_read_request("/a", NULL, 0);

	talk_credit(talk, 1, 1); /* nothing is being sent */
	talk_add(talk, &request);
	talk_add(talk, &other);
	talk_transmit(talk);
	talk_credit(talk, request.sequence, 3); /* more was read than was sent */
	assert_int_equal(talk_transmit(talk), 0);
	talk_credit(talk, request.sequence, 255);
	assert_int_equal(talk_transmit(talk), 0);
	talk_credit(talk, (uint8_t)(request.sequence + 1), 1); /* of another frame */
	assert_int_equal(talk_transmit(talk), 0);
	talk_credit(talk, request.sequence, 0);
	assert_int_equal(talk_transmit(talk), 0);
	talk_credit(talk, request.sequence, 2);
	assert_int_equal(talk_transmit(talk), AGENT_WINDOW);
	talk_credit(talk, request.sequence, 2); /* twice the same */
	talk_credit(talk, request.sequence, 1); /* an old one */
	assert_int_equal(talk_transmit(talk), 0);
}

/* On a line where no credit comes any more, nothing is ever sent beyond the window, whatever time does. */
static void without_credits_the_window_stays_shut(void **state)
{
	struct talk *talk = *state;
	uint8_t payload[2000] = {0};
	struct exchange_request request = talk_change_request(payload, sizeof(payload));

	talk_add(talk, &request);
	assert_int_equal(talk_transmit(talk), AGENT_WINDOW);
	talk_pass(talk, 900 * MS);
	assert_int_equal(talk->sent_len, AGENT_WINDOW);
	talk_pass(talk, TIMEOUT);
	talk_expect_finished(talk, &request, -EIO);
}

/*
 * A credit is lost, and so is the NAK of the board, which waits in vain for the rest of the frame: after a while the host begins
 * anew. The board has long given up the half frame then.
 */
static void a_frame_that_is_stuck_is_sent_again(void **state)
{
	struct talk *talk = *state;
	uint8_t payload[500] = {0};
	struct exchange_request request = talk_change_request(payload, sizeof(payload));

	talk_add(talk, &request);
	talk_transmit(talk);
	talk->sent_len = 0;
	talk_pass(talk, 1500 * MS);
	talk_answer(talk, AGENT_DONE, talk_expect_sent(talk, AGENT_PING, NULL, 0), NULL, 0);
	assert_int_equal(talk_transmit(talk), AGENT_WINDOW);
	talk_credit(talk, request.sequence, 2);
	assert_int_equal(talk_transmit(talk), AGENT_WINDOW);
	talk_credit(talk, request.sequence, 4);
	talk_transmit(talk);
	talk_expect_sent(talk, AGENT_MKDIR, payload, sizeof(payload));
	talk_answer(talk, AGENT_DONE, request.sequence, NULL, 0);
	talk_expect_finished(talk, &request, 0);
}

static void a_ping_goes_beside_a_full_window(void **state)
{
	struct talk *talk = *state;
	char name[AGENT_WINDOW - EMPTY + 1];
	struct exchange_request request;

	memset(name, 'n', sizeof(name) - 1);
	name[sizeof(name) - 1] = 0;
	request = talk_read_request(name, NULL, 0);
	talk_add(talk, &request);
	assert_int_equal(talk_transmit(talk), AGENT_WINDOW);
	talk_next_sent(talk);
	talk_pass(talk, 1500 * MS);
	talk_answer(talk, AGENT_DONE, talk_expect_sent(talk, AGENT_PING, NULL, 0), NULL, 0);
	assert_int_equal(talk_transmit(talk), AGENT_WINDOW); /* lost: sent again */
	talk_next_sent(talk);
	talk_answer(talk, AGENT_DONE, request.sequence, NULL, 0);
	talk_expect_finished(talk, &request, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, talk_set_up, talk_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_long_frame_waits_for_its_credits),  TEST(lost_credits_are_in_the_next_one),
		TEST(credits_that_lie_give_nothing),       TEST(without_credits_the_window_stays_shut),
		TEST(a_frame_that_is_stuck_is_sent_again), TEST(a_ping_goes_beside_a_full_window),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
