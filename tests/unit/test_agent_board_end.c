/* SPDX-License-Identifier: MIT */
/* The end of the agent on a real MicroPython: when it leaves, for whom, and what it leaves behind. */
#include "tests/unit/real_agent.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void expect_prompt(struct real_agent *agent)
{
	real_agent_expect_output(agent, ">>> ");
	/* Ctrl-C stops programs again. */
	real_agent_forget_output(agent);
	real_agent_say(agent, "print('be' 'gun'); exec('while True: pass')\r", 44);
	real_agent_expect_output(agent, "begun");
	real_agent_say(agent, "\x03", 1);
	real_agent_expect_output(agent, "KeyboardInterrupt");
	real_agent_expect_output(agent, "\n>>> ");
	assert_non_null(strstr(real_agent_at_prompt(agent, "print(6 * 7)"), "42"));
}

static void it_leaves_when_asked_to(void **state)
{
	struct real_agent *agent = *state;

	real_agent_expect_done(agent, AGENT_QUIT, NULL, 0);
	expect_prompt(agent);
}

/* The host is dead: after AGENT_IDLE_US the board is its user's again. */
static void it_leaves_a_dead_host(void **state)
{
	struct real_agent *agent = *state;
	int64_t start = bytelink_now(agent->link);

	real_agent_ping(agent);
	real_agent_expect_output(agent, ">>> ");
	assert_true(bytelink_now(agent->link) - start >= AGENT_IDLE_US - 100 * MS);
	expect_prompt(agent);
}

/* Also when rubbish comes all the time. */
static void it_leaves_a_mad_host(void **state)
{
	struct real_agent *agent = *state;
	int64_t start = bytelink_now(agent->link);

	while (!strstr(agent->output, ">>> ")) {
		real_agent_say(agent, "mad ", 4);
		if (real_agent_hear(agent, 20 * MS))
			assert_int_equal(agent->reader.frame.type, AGENT_NAK);
		assert_true(bytelink_now(agent->link) - start < AGENT_IDLE_US + LONG);
	}
	real_agent_say(agent, "\x03", 1);
	real_agent_forget_output(agent);
	expect_prompt(agent);
}

/* But not one that has had to wait for it. */
static void long_work_is_no_dead_host(void **state)
{
	struct real_agent *agent = *state;

	real_agent_load_text(agent, "import time\ntime.sleep_ms(6000)\n");
	assert_false(real_agent_hear(agent, SECOND));
	assert_int_equal(agent->output_len, 0);
	real_agent_ping(agent);
}

static void a_user_who_comes_gets_the_board(void **state)
{
	struct real_agent *agent = *state;
	static const char *const words[] = {"\r\x03", "\x03\x03", "\r\x03\x03", "123456\x03"};

	for (unsigned i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		int64_t start = bytelink_now(agent->link);

		real_agent_forget_output(agent);
		real_agent_say(agent, words[i], strlen(words[i]));
		real_agent_expect_output(agent, ">>> ");
		assert_true(bytelink_now(agent->link) - start < AGENT_IDLE_US); /* not because nothing came */
		expect_prompt(agent);
		real_agent_start(agent);
	}
}

static void noise_is_no_user(void **state)
{
	struct real_agent *agent = *state;
	uint8_t frame[FRAME_SIZE_MAX];

	real_agent_say(agent, "noise", 5);
	real_agent_expect_frame(agent, AGENT_NAK, 0);
	real_agent_ping(agent);
	real_agent_say(agent, "much noise and Ctrl-C\x03", 22);
	real_agent_expect_frame(agent, AGENT_NAK, 0);
	/* Half a frame of ours that happens to end so. */
	for (unsigned sequence = 0; sequence < 256; sequence++) {
		size_t size = real_agent_make_frame(agent, frame, AGENT_PING, (uint8_t)sequence, NULL, 0);
		if (frame[size - 1] != 3)
			continue;
		frame[1] ^= 1;
		real_agent_say(agent, frame, size);
		real_agent_expect_frame(agent, AGENT_NAK, 0);
		real_agent_ping(agent);
	}
	frame[0] = AGENT_FRAME_MARK;
	frame[1] = 3;
	real_agent_say(agent, frame, 2);
	real_agent_expect_frame(agent, AGENT_NAK, 0);
	real_agent_ping(agent);
}

static void nothing_of_it_stays(void **state)
{
	struct real_agent *agent = *state;
	static const char *const questions[] = {"print(dir())", "print(sorted(__import__('sys').modules))",
						"print(__import__('os').listdir('/'))"};
	char before[3][sizeof(agent->output)];
	uint8_t payload[100];

	real_agent_expect_done(agent, AGENT_QUIT, NULL, 0);
	real_agent_expect_output(agent, ">>> ");
	for (unsigned i = 0; i < 3; i++)
		snprintf(before[i], sizeof(before[i]), "%s", real_agent_at_prompt(agent, questions[i]));
	real_agent_start(agent);
	real_agent_load_parts(agent);
	/* A file that is half written and one that is half read. */
	real_agent_write_file(agent, "/a", "text", 4);
	real_agent_expect_done(agent, AGENT_REMOVE, "/a", 2);
	real_agent_expect_done(agent, AGENT_WRITE, payload, real_agent_put_write(payload, AGENT_WRITE_FIRST, 4, "/b", "half", 4));
	real_agent_expect_done(agent, AGENT_QUIT, NULL, 0);
	real_agent_expect_output(agent, ">>> ");
	for (unsigned i = 0; i < 3; i++)
		assert_string_equal(real_agent_at_prompt(agent, questions[i]), before[i]);
}

/* However often it comes and goes, the board's memory comes back. */
static void its_memory_comes_back(void **state)
{
	struct real_agent *agent = *state;
	static const char question[] = "import gc; gc.collect(); print('free', gc.mem_free())";
	long before = 0, after = 0;

	for (unsigned i = 0; i < 4; i++) {
		real_agent_expect_done(agent, AGENT_QUIT, NULL, 0);
		real_agent_expect_output(agent, ">>> ");
		real_agent_at_prompt(agent, question);
		after = atol(strstr(strstr(real_agent_at_prompt(agent, question), "\r\n"), "free") + 5);
		if (i == 0)
			before = after;
		real_agent_start(agent);
		real_agent_load_parts(agent);
	}
	assert_true(after > before - 2000);
}

#define CORE(name) cmocka_unit_test_setup_teardown(name, real_agent_set_up, real_agent_tear_down)

int main(void)
{
	/* What may differ between boards... */
	const struct CMUnitTest everywhere[] = {
		CORE(it_leaves_when_asked_to),
		CORE(nothing_of_it_stays),
		CORE(its_memory_comes_back),
	};
	/* ... and what takes its time, and does not. */
	const struct CMUnitTest once[] = {
		CORE(it_leaves_a_dead_host),           CORE(it_leaves_a_mad_host), CORE(long_work_is_no_dead_host),
		CORE(a_user_who_comes_gets_the_board), CORE(noise_is_no_user),
	};

	if (!real_board_there())
		return 77;
	return real_agent_run_everywhere(everywhere, sizeof(everywhere) / sizeof(everywhere[0])) +
	       real_agent_run("", once, sizeof(once) / sizeof(once[0]));
}
