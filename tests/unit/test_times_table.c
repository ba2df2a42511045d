/* SPDX-License-Identifier: MIT */
#include "fuse/times_table.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct times_table table;

static int set_up(void **state)
{
	(void)state;
	return times_table_init(&table);
}

static int tear_down(void **state)
{
	(void)state;
	times_table_destroy(&table);
	return 0;
}

static void put(const char *path, uint64_t stamp)
{
	struct times_table_entry *entry = times_table_make(&table, path);

	assert_non_null(entry);
	entry->stamp = stamp;
	entry->old = true;
}

/* The stamp of PATH; 0: it is not there. */
static uint64_t stamp_of(const char *path)
{
	const struct times_table_entry *entry = times_table_find(&table, path);

	return entry ? entry->stamp : 0;
}

static void what_is_made_is_found(void **state)
{
	const struct times_table_entry *made;

	(void)state;
	assert_null(times_table_find(&table, "/a"));
	made = times_table_make(&table, "/a");
	assert_string_equal(made->path, "/a");
	assert_int_equal(made->stamp, 0);
	assert_false(made->old);
	put("/a", 1);
	put("/A", 2);
	assert_ptr_equal(times_table_find(&table, "/a"), made);
	assert_int_equal(stamp_of("/a"), 1);
	assert_int_equal(stamp_of("/A"), 2);
	assert_int_equal(stamp_of("/"), 0);
	assert_int_equal(table.count, 2);
}

static void what_is_dropped_is_gone(void **state)
{
	(void)state;
	put("/a", 1);
	put("/A", 2); /* in the same bucket */
	put("/b", 3);
	times_table_drop(&table, times_table_find(&table, "/a"));
	assert_int_equal(stamp_of("/a"), 0);
	assert_int_equal(stamp_of("/A"), 2);
	assert_int_equal(stamp_of("/b"), 3);
	assert_int_equal(table.count, 2);
	times_table_clear(&table);
	assert_int_equal(stamp_of("/b"), 0);
	assert_int_equal(table.count, 0);
}

static void removing_takes_what_is_below_along(void **state)
{
	(void)state;
	put("/d", 1);
	put("/d/a", 2);
	put("/da", 3);
	assert_int_equal(times_table_remove(&table, "/x"), 0);
	assert_int_equal(times_table_remove(&table, "/d"), 2);
	assert_int_equal(stamp_of("/d"), 0);
	assert_int_equal(stamp_of("/d/a"), 0);
	assert_int_equal(stamp_of("/da"), 3);
	put("/", 4);
	assert_int_equal(times_table_remove(&table, "/"), 2);
	assert_int_equal(table.count, 0);
}

static void renaming_carries_what_is_below(void **state)
{
	(void)state;
	put("/d", 1);
	put("/d/a", 2);
	put("/d/e/b", 3);
	put("/dd", 4);
	put("/t/old", 5);
	times_table_find(&table, "/d/a")->mtime.tv_sec = 77;
	times_table_rename(&table, "/d", "/t");
	assert_int_equal(stamp_of("/t"), 1);
	assert_int_equal(stamp_of("/t/a"), 2);
	assert_int_equal(stamp_of("/t/e/b"), 3);
	assert_int_equal(stamp_of("/dd"), 4);
	assert_int_equal(stamp_of("/t/old"), 0);
	assert_int_equal(stamp_of("/d"), 0);
	assert_int_equal(stamp_of("/d/a"), 0);
	assert_int_equal(table.count, 4);
	assert_int_equal(times_table_find(&table, "/t/a")->mtime.tv_sec, 77);
	assert_false(times_table_find(&table, "/t/a")->old);
	assert_true(times_table_find(&table, "/dd")->old);
}

enum { MANY = 1000 };

static char *path_of(const char *dir, int i)
{
	static char path[32];

	snprintf(path, sizeof(path), "%s/%d", dir, i);
	return path;
}

static void many_are_kept(void **state)
{
	int i;

	(void)state;
	for (i = 1; i <= MANY; i++)
		put(path_of("/d", i), (uint64_t)i);
	assert_true(table.bucket_count >= MANY / 2);
	times_table_rename(&table, "/d", "/e");
	for (i = 1; i <= MANY; i++)
		assert_int_equal(stamp_of(path_of("/e", i)), i);
}

static void all_are_met_once(void **state)
{
	struct times_table_entry *entry = NULL;
	int met = 0, i;

	(void)state;
	assert_null(times_table_next(&table, NULL));
	for (i = 1; i <= MANY; i++)
		put(path_of("", i), 0);
	while ((entry = times_table_next(&table, entry))) {
		assert_int_equal(entry->stamp++, 0);
		met++;
	}
	assert_int_equal(met, MANY);
}

/* Every other entry goes; the rest gets *CONTEXT for its stamp. */
static bool is_odd(struct times_table_entry *entry, void *context)
{
	if (entry->stamp % 2)
		return true;
	entry->stamp = *(uint64_t *)context;
	return false;
}

static void those_that_are_chosen_go(void **state)
{
	uint64_t stamp = 5000;
	int i;

	(void)state;
	for (i = 1; i <= MANY; i++)
		put(path_of("", i), (uint64_t)i);
	assert_int_equal(times_table_drop_if(&table, is_odd, &stamp), MANY / 2);
	assert_int_equal(table.count, MANY / 2);
	for (i = 1; i <= MANY; i++)
		assert_int_equal(stamp_of(path_of("", i)), i % 2 ? 0 : 5000);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(what_is_made_is_found),          TEST(what_is_dropped_is_gone), TEST(removing_takes_what_is_below_along),
		TEST(renaming_carries_what_is_below), TEST(many_are_kept),           TEST(all_are_met_once),
		TEST(those_that_are_chosen_go),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
