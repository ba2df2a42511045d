/* SPDX-License-Identifier: MIT */
/* The fake itself: a test that cannot fail because its link is wrong is no test. */
#include "tests/unit/fakelink.h"

#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

struct bench {
	struct bytelink *link;
	struct fakelink *fake;
};

static struct bench bench;

static int set_up(void **state)
{
	(void)state;
	bench.fake = fakelink_open(&bench.link);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	bytelink_close(bench.link);
	return 0;
}

static int64_t after(int64_t us)
{
	return bytelink_now(bench.link) + us;
}

static void time_passes_only_in_waits(void **state)
{
	char byte;

	(void)state;
	assert_int_equal(bytelink_now(bench.link), FAKELINK_START);
	assert_int_equal(bytelink_read(bench.link, &byte, 1), 0);
	assert_int_equal(bytelink_wait(bench.link, BYTELINK_READABLE, after(3600000000)), 0);
	assert_int_equal(bytelink_now(bench.link), FAKELINK_START + 3600000000);
	assert_int_equal(bytelink_wait(bench.link, BYTELINK_READABLE, 0), 0);
	assert_int_equal(bytelink_now(bench.link), FAKELINK_START + 3600000000);
}

static void bytes_arrive_one_by_one(void **state)
{
	char text[8];

	(void)state;
	fakelink_say_after(bench.fake, 1000, "abc", 3);
	assert_int_equal(bytelink_wait(bench.link, BYTELINK_READABLE, after(1000)), 0);
	assert_int_equal(bytelink_wait(bench.link, BYTELINK_READABLE, INT64_MAX), BYTELINK_READABLE);
	assert_int_equal(bytelink_now(bench.link), FAKELINK_START + 1087);
	assert_int_equal(bytelink_read(bench.link, text, sizeof(text)), 1);
	bytelink_wait(bench.link, 0, after(1000));
	assert_int_equal(bytelink_read(bench.link, text + 1, sizeof(text) - 1), 2);
	assert_memory_equal(text, "abc", 3);
}

static void a_script_is_played(void **state)
{
	static const struct fakelink_step steps[] = {FAKELINK_EXPECT("hel"), FAKELINK_SAY("yes"),  FAKELINK_DELAY(500),
						     FAKELINK_SAY("?"),      FAKELINK_TAKE(2),     FAKELINK_FORGET(),
						     FAKELINK_SAY("\0no"),   FAKELINK_GONE(ENODEV)};
	char text[8];

	(void)state;
	fakelink_script(bench.fake, steps, sizeof(steps) / sizeof(steps[0]));
	assert_non_null(fakelink_problem(bench.fake));
	fakelink_script(bench.fake, steps, sizeof(steps) / sizeof(steps[0]));
	assert_int_equal(bytelink_write(bench.link, "he", 2), 2);
	assert_int_equal(bytelink_write(bench.link, "l", 1), 1);
	bytelink_wait(bench.link, 0, after(400));
	assert_int_equal(bytelink_read(bench.link, text, sizeof(text)), 3);
	bytelink_wait(bench.link, 0, after(200));
	assert_int_equal(bytelink_write(bench.link, "..", 2), 2); /* which makes it forget its question */
	bytelink_wait(bench.link, 0, after(500));
	assert_int_equal(bytelink_read(bench.link, text, sizeof(text)), 3);
	assert_memory_equal(text, "\0no", 3);
	assert_int_equal(bytelink_read(bench.link, text, sizeof(text)), -ENODEV);
	assert_int_equal(bytelink_write(bench.link, "x", 1), -ENODEV);
	assert_int_equal(bytelink_wait(bench.link, BYTELINK_READABLE, INT64_MAX), BYTELINK_READABLE);
	assert_null(fakelink_problem(bench.fake));
}

static void a_host_off_its_script_is_told(void **state)
{
	static const struct fakelink_step steps[] = {FAKELINK_EXPECT("good\x01"), FAKELINK_SAY("yes")};

	(void)state;
	fakelink_script(bench.fake, steps, 2);
	bytelink_write(bench.link, "good\x02", 5);
	assert_string_equal(fakelink_problem(bench.fake), "step 0: the host should write '\\x01', but wrote '\\x02'");
	assert_int_equal(bytelink_wait(bench.link, BYTELINK_READABLE, after(1000000)), 0);
	fakelink_script(bench.fake, steps, 2);
	bytelink_write(bench.link, "good\x01more", 9);
	assert_string_equal(fakelink_problem(bench.fake), "step 2: the host should write 'nothing', but wrote 'more'");
}

static void a_flood_ends_when_told(void **state)
{
	char text[100];
	int total = 0;

	(void)state;
	fakelink_flood(bench.fake, "ab", 2);
	while (total < 5000) {
		bytelink_wait(bench.link, BYTELINK_READABLE, INT64_MAX);
		total += (int)bytelink_read(bench.link, text, sizeof(text));
	}
	assert_in_range(bytelink_now(bench.link) - FAKELINK_START, 4900 * 87, 5100 * 87);
	fakelink_flood(bench.fake, NULL, 0);
	fakelink_forget(bench.fake);
	assert_int_equal(bytelink_wait(bench.link, BYTELINK_READABLE, after(1000000)), 0);
}

static void answer(struct fakelink *fake, void *context, const unsigned char *bytes, size_t len)
{
	*(size_t *)context += len;
	fakelink_say(fake, bytes, len);
}

static void ring(struct fakelink *fake, void *context)
{
	*(int64_t *)context = fakelink_now(fake);
}

static void a_function_and_timers_can_be_the_board(void **state)
{
	size_t written = 0, len;
	int64_t first = 0, second = 0;
	char text[8];

	(void)state;
	fakelink_board(bench.fake, answer, &written);
	fakelink_timer(bench.fake, 2000, ring, &second);
	fakelink_timer(bench.fake, 1000, ring, &first);
	fakelink_limit(bench.fake, 2);
	assert_int_equal(bytelink_write(bench.link, "abc", 3), 2);
	fakelink_limit(bench.fake, 0);
	assert_int_equal(bytelink_write(bench.link, "c", 1), 0);
	assert_int_equal(bytelink_wait(bench.link, BYTELINK_WRITABLE, after(1500)), 0);
	assert_int_equal(written, 2);
	assert_memory_equal(fakelink_written(bench.fake, &len), "ab", 3);
	assert_int_equal(len, 2);
	assert_int_equal(bytelink_read(bench.link, text, sizeof(text)), 2);
	assert_int_equal(first, FAKELINK_START + 1000);
	assert_int_equal(second, 0);
	bytelink_wait(bench.link, 0, after(1000));
	assert_int_equal(second, FAKELINK_START + 2000);
}

static void a_device_comes_back(void **state)
{
	struct diag diag = {0};
	char byte;

	(void)state;
	fakelink_say_after(bench.fake, 2000, "x", 1);
	fakelink_hang_up(bench.fake, 1000, ENODEV);
	fakelink_return(bench.fake, 3000);
	assert_int_equal(bytelink_wait(bench.link, BYTELINK_READABLE, INT64_MAX), BYTELINK_READABLE);
	assert_int_equal(bytelink_read(bench.link, &byte, 1), -ENODEV);
	assert_int_equal(bytelink_reopen(bench.link, &diag), -ENODEV);
	assert_string_equal(diag.text, "fake: is not there");
	assert_int_equal(bytelink_wait(bench.link, 0, after(2000)), 0);
	assert_int_equal(bytelink_reopen(bench.link, &diag), 0);
	assert_int_equal(bytelink_read(bench.link, &byte, 1), 0);
	fakelink_say(bench.fake, "y", 1);
	assert_int_equal(bytelink_wait(bench.link, BYTELINK_READABLE, after(1000)), BYTELINK_READABLE);
	assert_int_equal(bytelink_read(bench.link, &byte, 1), 1);
	assert_int_equal(byte, 'y');
}

static void *wake(void *context)
{
	bytelink_wake(context);
	return NULL;
}

static void a_wait_for_ever_can_be_woken(void **state)
{
	pthread_t thread;

	(void)state;
	assert_int_equal(pthread_create(&thread, NULL, wake, bench.link), 0);
	assert_int_equal(bytelink_wait(bench.link, BYTELINK_READABLE, INT64_MAX), BYTELINK_WOKEN);
	pthread_join(thread, NULL);
	assert_int_equal(bytelink_wait(bench.link, BYTELINK_READABLE, after(10)), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(time_passes_only_in_waits), TEST(bytes_arrive_one_by_one),
		TEST(a_script_is_played),        TEST(a_host_off_its_script_is_told),
		TEST(a_flood_ends_when_told),    TEST(a_function_and_timers_can_be_the_board),
		TEST(a_device_comes_back),       TEST(a_wait_for_ever_can_be_woken),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
