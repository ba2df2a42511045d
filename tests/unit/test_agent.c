/* SPDX-License-Identifier: MIT */
/*
 * How long a request waits for a board that is away, on a clock of its own. The requests come, and are looked at, by timers of that
 * clock: so they come at the same times on every computer, however busy. What comes and goes for real is in tests/system/reconnect.sh.
 */
#include "agent/agent.h"

#include <errno.h>
#include <semaphore.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "agent/frame.h"
#include "tests/unit/toyboard.h"

enum { MS = 1000, SECOND = 1000 * MS };

enum {
	PROMISE_US = SECOND, /* within that each request ends, as agent.h says */
	GONE_US = SECOND,    /* when the device goes */
	EVERY_US = 130 * MS, /* one request after the other, so that they come at all moments of looking for it */
	ASKS = 120,
};

/* The ways to look for a device, as src/bytelink/plug.c has them. */
static const struct bytelink_pace at_path = {.first = 100 * MS, .longest = 500 * MS};
static const struct bytelink_pace at_socket = {.first = SECOND, .longest = 8 * SECOND, .look = 900 * MS};
static const struct bytelink_pace by_command = {.first = SECOND, .longest = 30 * SECOND, .on_demand = true};

/* A board with a REPL, an agent that answers all requests once it is called, and who asks it. */
struct stage {
	struct bytelink *link;
	struct fakelink *fake;
	struct agent *agent;
	struct toyboard repl;
	struct frame_reader reader;
	bool serving; /* the agent was called */
	bool mute;    /* nothing comes from the board any more */
	struct exchange_request requests[ASKS];
	bool in_time[ASKS];
	unsigned asked, checked;
	sem_t done;
};

static void answer(struct stage *stage, uint8_t type, uint8_t sequence, const void *payload, size_t len)
{
	uint8_t out[FRAME_SIZE_MAX];

	fakelink_say(stage->fake, out, frame_encode(out, type, sequence, payload, len));
}

static void take_frames(struct stage *stage, const unsigned char *bytes, size_t len)
{
	enum frame_event event;
	size_t room;

	while (len > 0) {
		uint8_t *to = frame_reader_room(&stage->reader, &room);

		if (room > len)
			room = len;
		memcpy(to, bytes, room);
		frame_reader_fed(&stage->reader, room);
		bytes += room;
		len -= room;
		while ((event = frame_reader_next(&stage->reader)) != FRAME_NONE)
			if (event == FRAME_WHOLE)
				answer(stage, AGENT_DONE, stage->reader.frame.sequence, NULL, 0);
	}
}

static void take(struct fakelink *fake, void *context, const unsigned char *bytes, size_t len)
{
	struct stage *stage = context;

	(void)fake;
	for (; len > 0 && !stage->mute && !stage->serving; bytes++, len--) {
		stage->serving = *bytes == '\r' && toyboard_is_asked(&stage->repl, "__mpremotefs__()()");
		if (stage->serving)
			answer(stage, AGENT_HELLO, 0, "\x00\x10\x20\xa1\x07\x00\x01", 7);
		else
			toyboard_take(&stage->repl, bytes, 1);
	}
	if (!stage->mute && stage->serving)
		take_frames(stage, bytes, len);
}

/* The board has power again. */
static void start_board(struct stage *stage)
{
	stage->repl = (struct toyboard){.fake = stage->fake};
	frame_reader_init(&stage->reader);
	stage->serving = stage->mute = false;
}

static void start_again(struct fakelink *fake, void *context)
{
	(void)fake;
	start_board(context);
}

static void fall_silent(struct fakelink *fake, void *context)
{
	(void)fake;
	((struct stage *)context)->mute = true;
}

static void check(struct fakelink *fake, void *context)
{
	struct stage *stage = context;
	unsigned i = stage->checked++;

	(void)fake;
	stage->in_time[i] = agent_is_finished(stage->agent, &stage->requests[i]);
	if (stage->checked == ASKS)
		sem_post(&stage->done);
}

static void ask(struct fakelink *fake, void *context)
{
	struct stage *stage = context;
	struct exchange_request *request = &stage->requests[stage->asked++];

	request->op = AGENT_STAT;
	agent_submit(stage->agent, request);
	fakelink_timer(fake, PROMISE_US, check, stage);
	if (stage->asked < ASKS)
		fakelink_timer(fake, EVERY_US, ask, stage);
}

static int set_up(void **state)
{
	struct stage *stage = calloc(1, sizeof(*stage));

	*state = stage;
	stage->fake = fakelink_open(&stage->link);
	fakelink_board(stage->fake, take, stage);
	start_board(stage);
	return sem_init(&stage->done, 0, 0);
}

static int tear_down(void **state)
{
	struct stage *stage = *state;

	sem_destroy(&stage->done);
	free(stage);
	return 0;
}

/* An agent on the board, which goes after GONE_US and comes back after BACK_US (0: never); nothing happens yet. */
static void open_agent(struct stage *stage, const struct bytelink_pace *pace, int64_t reconnect_us, int64_t back_us)
{
	const struct agent_options options = {.timeout_us = 10 * SECOND, .reconnect_us = reconnect_us};
	struct diag diag = {0};

	stage->link->pace = *pace;
	fakelink_look_time(stage->fake, pace->look);
	if (agent_open(&stage->agent, stage->link, &options, &diag))
		fail_msg("%s", diag.text);
	fakelink_hang_up(stage->fake, GONE_US, ENODEV);
	if (back_us)
		fakelink_return(stage->fake, back_us);
	fakelink_timer(stage->fake, 0, ask, stage);
}

/* Lets it happen, until the last request was looked at. */
static void play(struct stage *stage)
{
	assert_int_equal(agent_run(stage->agent), 0);
	while (sem_wait(&stage->done) < 0)
		assert_int_equal(errno, EINTR);
	for (unsigned i = 0; i < ASKS; i++)
		agent_wait(stage->agent, &stage->requests[i]);
	agent_close(stage->agent, false);
}

/* The requests that come FROM a time until another have ended with RESULT, in time or not. */
static void expect(struct stage *stage, int64_t from, int64_t until, int result, bool in_time)
{
	for (unsigned i = 0; i < ASKS; i++) {
		if (i * (int64_t)EVERY_US < from || i * (int64_t)EVERY_US >= until)
			continue;
		if (stage->requests[i].result != result || stage->in_time[i] != in_time)
			fail_msg("the request after %u ms ends with %d, %s", i * (EVERY_US / MS), stage->requests[i].result,
				 stage->in_time[i] ? "in time" : "late");
	}
}

static void each_request_fails_within_a_second(void **state, const struct bytelink_pace *pace)
{
	open_agent(*state, pace, 0, 0);
	play(*state);
	expect(*state, 0, GONE_US, 0, true);
	expect(*state, GONE_US, INT64_MAX, -EIO, true);
}

static void each_request_fails_within_a_second_at_a_path(void **state)
{
	each_request_fails_within_a_second(state, &at_path);
}

static void each_request_fails_within_a_second_at_a_socket(void **state)
{
	each_request_fails_within_a_second(state, &at_socket);
}

static void each_request_fails_within_a_second_by_a_command(void **state)
{
	each_request_fails_within_a_second(state, &by_command);
}

/* The port is back, and what is behind it says nothing: that this is so takes the whole time-out to find out. */
static void nobody_waits_for_a_board_that_says_nothing(void **state)
{
	struct stage *stage = *state;

	open_agent(stage, &at_path, 0, 3 * SECOND);
	fakelink_timer(stage->fake, GONE_US, fall_silent, stage);
	play(stage);
	expect(stage, 0, GONE_US, 0, true);
	expect(stage, GONE_US, INT64_MAX, -EIO, true);
}

static void who_comes_with_the_board_is_served(void **state)
{
	struct stage *stage = *state;

	open_agent(stage, &at_path, 0, 3 * SECOND);
	fakelink_timer(stage->fake, GONE_US, start_again, stage);
	play(stage);
	expect(stage, GONE_US, 2 * SECOND, -EIO, true);
	expect(stage, 3 * SECOND, INT64_MAX, 0, true);
}

/* With -o reconnect: so here a request that waits longer than a second is seen to do so. */
static void who_is_patient_waits(void **state)
{
	struct stage *stage = *state;

	open_agent(stage, &at_path, 60 * SECOND, 8 * SECOND);
	fakelink_timer(stage->fake, GONE_US, start_again, stage);
	play(stage);
	expect(stage, 0, GONE_US, 0, true);
	expect(stage, GONE_US, 7 * SECOND, 0, false);
	expect(stage, 9 * SECOND, INT64_MAX, 0, true);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(each_request_fails_within_a_second_at_a_path),
		TEST(each_request_fails_within_a_second_at_a_socket),
		TEST(each_request_fails_within_a_second_by_a_command),
		TEST(nobody_waits_for_a_board_that_says_nothing),
		TEST(who_comes_with_the_board_is_served),
		TEST(who_is_patient_waits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
