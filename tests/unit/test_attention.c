/* SPDX-License-Identifier: MIT */
#include "share/attention.h"

#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/unit/fakelink.h"

struct rig {
	struct bytelink *link;
	struct attention *attention;
	int pipe[2];
};

static int set_up(void **state)
{
	struct rig *rig = calloc(1, sizeof(*rig));

	assert_non_null(rig);
	*state = rig;
	fakelink_open(&rig->link);
	assert_int_equal(pipe(rig->pipe), 0);
	return attention_open(&rig->attention, rig->link);
}

static int tear_down(void **state)
{
	struct rig *rig = *state;

	attention_close(rig->attention);
	bytelink_close(rig->link);
	close(rig->pipe[0]);
	close(rig->pipe[1]);
	free(rig);
	return 0;
}

static void put(const struct rig *rig)
{
	assert_int_equal(write(rig->pipe[1], "x", 1), 1);
}

/* Waits until SLOT has what was asked for; the fake ends a test that waits for ever. */
static void await(struct rig *rig, unsigned slot)
{
	while (!attention_has(rig->attention, slot))
		assert_int_equal(bytelink_wait(rig->link, 0, INT64_MAX), BYTELINK_WOKEN);
}

static void what_is_ready_wakes_the_link(void **state)
{
	struct rig *rig = *state;

	put(rig);
	attention_ask(rig->attention, 3, rig->pipe[0], POLLIN);
	await(rig, 3);
	assert_false(attention_has(rig->attention, 3));
}

static void what_becomes_ready_wakes_the_link(void **state)
{
	struct rig *rig = *state;

	attention_ask(rig->attention, 0, rig->pipe[0], POLLIN);
	assert_false(attention_has(rig->attention, 0));
	put(rig);
	await(rig, 0);
}

static void each_has_to_be_asked_for_again(void **state)
{
	struct rig *rig = *state;

	put(rig);
	for (int i = 0; i < 100; i++) {
		attention_ask(rig->attention, 1, rig->pipe[0], POLLIN);
		await(rig, 1);
	}
	attention_ask(rig->attention, 2, rig->pipe[0], POLLIN);
	await(rig, 2);
	assert_false(attention_has(rig->attention, 1));
}

static void an_end_is_told_too(void **state)
{
	struct rig *rig = *state;

	attention_ask(rig->attention, 0, rig->pipe[0], POLLIN);
	close(rig->pipe[1]);
	await(rig, 0);
	rig->pipe[1] = dup(rig->pipe[0]);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(what_is_ready_wakes_the_link),
		TEST(what_becomes_ready_wakes_the_link),
		TEST(each_has_to_be_asked_for_again),
		TEST(an_end_is_told_too),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
