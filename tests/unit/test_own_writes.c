/* SPDX-License-Identifier: MIT */
#include "share/own_writes.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static const struct own_inode one = {1, 2}, other_number = {1, 3}, other_device = {2, 2};

static void a_name_in_its_directory(void **state)
{
	struct own_writes own = {0};

	(void)state;
	assert_false(own_writes_has_name(&own, one, "a"));
	own_writes_add_name(&own, one, "a");
	own_writes_add_name(&own, other_number, "b");
	assert_true(own_writes_has_name(&own, one, "a"));
	assert_true(own_writes_has_name(&own, other_number, "b"));
	assert_false(own_writes_has_name(&own, one, "b"));
	assert_false(own_writes_has_name(&own, other_device, "a"));
	assert_false(own_writes_has_file(&own, one));
	own_writes_end(&own);
	assert_false(own_writes_has_name(&own, one, "a"));
	assert_false(own_writes_has_name(&own, other_number, "b"));
}

static void a_file(void **state)
{
	struct own_writes own = {0};

	(void)state;
	assert_false(own_writes_has_file(&own, one));
	own_writes_add_file(&own, one);
	assert_true(own_writes_has_file(&own, one));
	assert_false(own_writes_has_file(&own, other_number));
	assert_false(own_writes_has_file(&own, other_device));
	own_writes_end(&own);
	assert_false(own_writes_has_file(&own, one));
}

static void more_than_it_keeps(void **state)
{
	struct own_writes own = {0};
	char longest[SHARE_TREE_NAME_MAX + 2] = "";

	(void)state;
	memset(longest, 'x', SHARE_TREE_NAME_MAX);
	own_writes_add_name(&own, one, longest);
	assert_true(own_writes_has_name(&own, one, longest));
	own_writes_end(&own);
	longest[SHARE_TREE_NAME_MAX] = 'x';
	own_writes_add_name(&own, one, longest);
	assert_false(own_writes_has_name(&own, one, longest));
	for (int i = 0; i < 2 * OWN_WRITES_MAX; i++) {
		own_writes_add_name(&own, one, i < OWN_WRITES_MAX ? "a" : "b");
		own_writes_add_file(&own, i < OWN_WRITES_MAX ? one : other_number);
	}
	assert_true(own_writes_has_name(&own, one, "a"));
	assert_false(own_writes_has_name(&own, one, "b"));
	assert_true(own_writes_has_file(&own, one));
	assert_false(own_writes_has_file(&own, other_number));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_name_in_its_directory),
		cmocka_unit_test(a_file),
		cmocka_unit_test(more_than_it_keeps),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
