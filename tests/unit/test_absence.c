/* SPDX-License-Identifier: MIT */
#include "bytelink/absence.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

enum { SECOND = 1000000, NOW = 100 * SECOND };

static const struct bytelink_pace node = {.first = SECOND / 10, .longest = SECOND / 2};
static const struct bytelink_pace command = {.first = SECOND, .longest = 30 * SECOND, .on_demand = true};

static void a_node_is_looked_for_less_and_less_often(void **state)
{
	struct absence absence;
	int64_t now = NOW, pause = 0, next;

	(void)state;
	absence_begin(&absence, node, now);
	assert_true(absence_due(&absence, now, false));
	for (int i = 0; i < 40; i++) {
		absence_failed(&absence, -ENOENT, now);
		assert_false(absence_due(&absence, now, false));
		next = absence_next(&absence, false);
		assert_true(next - now >= pause && next - now >= node.first && next - now <= node.longest);
		pause = next - now;
		now = next;
		assert_true(absence_due(&absence, now, false));
	}
	assert_int_equal(pause, node.longest);
	/* Who wants it has it looked for soon. */
	absence_failed(&absence, -ENOENT, now);
	assert_int_equal(absence_next(&absence, true), now + node.first);
}

static void a_command_is_run_when_somebody_wants_it(void **state)
{
	struct absence absence;
	int64_t now = NOW;

	(void)state;
	absence_begin(&absence, command, now);
	assert_false(absence_due(&absence, now + 1000 * (int64_t)SECOND, false));
	assert_int_equal(absence_next(&absence, false), INT64_MAX);
	assert_true(absence_due(&absence, now, true));
	absence_failed(&absence, -ENODEV, now);
	assert_int_equal(absence_next(&absence, true), now + SECOND);
	for (int i = 0; i < 40; i++) {
		now = absence_next(&absence, true);
		assert_true(absence_due(&absence, now, true));
		absence_failed(&absence, -ENODEV, now);
	}
	assert_int_equal(absence_next(&absence, true), now + command.longest);
}

/* Fails for REASON every 100 ms for so long. Returns how often a person is told. */
static unsigned told(struct absence *absence, int reason, int64_t *now, int64_t us)
{
	unsigned count = 0;

	for (int64_t until = *now + us; *now < until; *now += SECOND / 10)
		count += absence_failed(absence, reason, *now);
	return count;
}

static void what_keeps_us_off_is_told_once(void **state)
{
	struct absence absence;
	int64_t now = NOW;

	(void)state;
	absence_begin(&absence, node, now);
	assert_int_equal(told(&absence, -ENOENT, &now, 60 * SECOND), 0);
	/* A port that was plugged in just now has no owner yet. */
	assert_int_equal(told(&absence, -EACCES, &now, SECOND), 0);
	assert_int_equal(told(&absence, -EBUSY, &now, SECOND), 0);
	assert_int_equal(told(&absence, -EBUSY, &now, 60 * SECOND), 1);
	assert_int_equal(told(&absence, -EACCES, &now, 60 * SECOND), 1);
	assert_int_equal(told(&absence, -ENOENT, &now, SECOND), 0);
	assert_int_equal(told(&absence, -EBUSY, &now, 60 * SECOND), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_node_is_looked_for_less_and_less_often),
		cmocka_unit_test(a_command_is_run_when_somebody_wants_it),
		cmocka_unit_test(what_keeps_us_off_is_told_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
