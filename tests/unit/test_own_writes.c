/* SPDX-License-Identifier: MIT */
#include "share/own_writes.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static void begin_and_end(struct own_writes *own, const char *path, bool opened)
{
	own_writes_begin(own, path);
	own_writes_end(own, opened);
}

static void what_is_done_is_not_its_own_any_more(void **state)
{
	struct own_writes own = {0};

	(void)state;
	assert_false(own_writes_has(&own, "/a"));
	own_writes_begin(&own, "/a");
	own_writes_begin(&own, "/b");
	assert_true(own_writes_has(&own, "/a"));
	assert_true(own_writes_moved(&own, "/a"));
	assert_true(own_writes_moved(&own, "/b"));
	assert_false(own_writes_moved(&own, "/c"));
	own_writes_end(&own, false);
	assert_false(own_writes_has(&own, "/a"));
	assert_false(own_writes_moved(&own, "/b"));
}

static void an_open_file_is_until_it_is_closed(void **state)
{
	struct own_writes own = {0};

	(void)state;
	begin_and_end(&own, "/a", true);
	begin_and_end(&own, "/a", true);
	begin_and_end(&own, "/a", false);
	assert_true(own_writes_closed(&own, "/a"));
	assert_true(own_writes_has(&own, "/a"));
	assert_true(own_writes_closed(&own, "/a"));
	assert_false(own_writes_has(&own, "/a"));
	assert_false(own_writes_closed(&own, "/a"));
}

static void an_open_file_is_under_its_new_name(void **state)
{
	struct own_writes own = {0};

	(void)state;
	begin_and_end(&own, "/a", true);
	own_writes_begin(&own, "/a");
	own_writes_begin(&own, "/b");
	assert_true(own_writes_moved(&own, "/a"));
	assert_true(own_writes_moved(&own, "/b"));
	own_writes_end(&own, false);
	assert_false(own_writes_has(&own, "/a"));
	assert_true(own_writes_closed(&own, "/b"));
	assert_false(own_writes_has(&own, "/b"));
}

static void an_open_file_that_is_removed_is_nobodys(void **state)
{
	struct own_writes own = {0};

	(void)state;
	begin_and_end(&own, "/a", true);
	own_writes_begin(&own, "/a");
	assert_true(own_writes_moved(&own, "/a"));
	own_writes_end(&own, false);
	assert_false(own_writes_closed(&own, "/a"));
}

static void another_file_in_its_place_is_not(void **state)
{
	struct own_writes own = {0};

	(void)state;
	begin_and_end(&own, "/a", true);
	assert_false(own_writes_moved(&own, "/a"));
	assert_false(own_writes_closed(&own, "/a"));
	begin_and_end(&own, "/a", true);
	own_writes_forget(&own);
	assert_false(own_writes_closed(&own, "/a"));
}

static void the_oldest_of_too_many_is_forgotten(void **state)
{
	struct own_writes own = {0};
	char path[20];

	(void)state;
	for (int i = 0; i <= OWN_WRITES_MAX; i++) {
		snprintf(path, sizeof(path), "/%d", i);
		begin_and_end(&own, path, true);
	}
	assert_false(own_writes_has(&own, "/0"));
	assert_true(own_writes_has(&own, "/1"));
	assert_true(own_writes_has(&own, path));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_done_is_not_its_own_any_more), cmocka_unit_test(an_open_file_is_until_it_is_closed),
		cmocka_unit_test(an_open_file_is_under_its_new_name),   cmocka_unit_test(an_open_file_that_is_removed_is_nobodys),
		cmocka_unit_test(another_file_in_its_place_is_not),     cmocka_unit_test(the_oldest_of_too_many_is_forgotten),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
