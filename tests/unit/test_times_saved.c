/* SPDX-License-Identifier: MIT */
#include "fuse/times_saved.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define BOARD "the board"

/* A time that tells something. */
#define SOME_DAY 1750000000

static struct times_table table, next;
static uint64_t stamp;

static int set_up(void **state)
{
	(void)state;
	stamp = 0;
	return times_table_init(&table) < 0 || times_table_init(&next) < 0 ? -1 : 0;
}

static int tear_down(void **state)
{
	(void)state;
	times_table_destroy(&table);
	times_table_destroy(&next);
	return 0;
}

static struct times_table_entry *put(const char *path, int64_t board_mtime)
{
	struct times_table_entry *entry = times_table_make(&table, path);

	assert_non_null(entry);
	times_evidence_put(&entry->evidence, &(struct board_stat){.size = 5, .mtime = board_mtime}, false, 0);
	times_evidence_age(&entry->evidence, TIMES_EVIDENCE_STEP_US);
	entry->stamp = ++stamp;
	return entry;
}

/* Has `next` take over what can be kept of `table`. Returns the last stamp there. */
static uint64_t carry_over(void)
{
	uint64_t last = 100;
	uint8_t *bytes;
	size_t len;

	times_table_clear(&next);
	assert_int_equal(times_saved_encode(&table, BOARD, &bytes, &len), 0);
	assert_int_equal(times_saved_decode(&next, &last, BOARD, bytes, len), 0);
	free(bytes);
	return last;
}

static void what_is_saved_comes_back(void **state)
{
	const uint8_t hash[BOARD_HASH_SIZE] = {1, 2, 3};
	struct times_table_entry *entry = put("/a", 0);

	(void)state;
	times_evidence_set_hash(&entry->evidence, hash);
	entry->atime = (struct timespec){.tv_sec = 5, .tv_nsec = 6};
	entry->mtime = (struct timespec){.tv_sec = 7, .tv_nsec = 8};
	put("/later", SOME_DAY);
	assert_int_equal(carry_over(), 102);
	entry = times_table_find(&next, "/a");
	assert_true(entry->atime.tv_sec == 5 && entry->atime.tv_nsec == 6);
	assert_true(entry->mtime.tv_sec == 7 && entry->mtime.tv_nsec == 8);
	assert_true(entry->old);
	assert_int_equal(entry->stamp, 101);
	assert_int_equal(entry->evidence.on_board.size, 5);
	assert_true(times_evidence_is_to_compare(&entry->evidence));
	assert_memory_equal(entry->evidence.hash, hash, TIMES_EVIDENCE);
	entry = times_table_find(&next, "/later");
	assert_int_equal(entry->evidence.on_board.mtime, SOME_DAY);
	assert_int_equal(entry->stamp, 102);
}

static void what_nothing_will_tell_of_is_not_saved(void **state)
{
	char path[TIMES_PATH_MAX + 1];

	(void)state;
	memset(path, 'x', sizeof(path));
	path[0] = '/';
	path[TIMES_PATH_MAX] = '\0';
	put(path, SOME_DAY);
	put("/unproved", 0);
	put("/timed", SOME_DAY);
	path[TIMES_PATH_MAX - 1] = '\0';
	put(path, SOME_DAY);
	carry_over();
	assert_int_equal(next.count, 2);
	assert_non_null(times_table_find(&next, "/timed"));
	assert_non_null(times_table_find(&next, path));
}

static void the_oldest_give_way(void **state)
{
	enum { MANY = TIMES_SAVED_MAX + 100 };
	char path[32];
	int i;

	(void)state;
	for (i = 0; i < MANY; i++) {
		snprintf(path, sizeof(path), "/%d", i);
		put(path, SOME_DAY);
	}
	put("/0", SOME_DAY);
	carry_over();
	assert_int_equal(next.count, TIMES_SAVED_MAX);
	assert_non_null(times_table_find(&next, "/0"));
	assert_null(times_table_find(&next, "/1"));
	assert_null(times_table_find(&next, "/100"));
	/* They stay the oldest. */
	assert_int_equal(times_table_find(&next, "/101")->stamp, 101);
	assert_int_equal(times_table_find(&next, "/0")->stamp, 100 + TIMES_SAVED_MAX);
}

/* Long paths: what is saved stays so short that it is read again. */
static void it_does_not_become_too_long(void **state)
{
	uint8_t *bytes;
	char path[2000];
	size_t len;
	int i;

	(void)state;
	for (i = 0; i < 4000; i++) {
		snprintf(path, sizeof(path), "/%d%01900d", i, 0);
		put(path, SOME_DAY);
	}
	assert_int_equal(times_saved_encode(&table, BOARD, &bytes, &len), 0);
	assert_in_range(len, (4 << 20) - 2000, 4 << 20);
	free(bytes);
}

static void what_makes_no_sense_is_not_taken_over(void **state)
{
	uint8_t *bytes;
	size_t len;

	(void)state;
	put("/a", SOME_DAY);
	put("/b", SOME_DAY);
	assert_int_equal(times_saved_encode(&table, BOARD, &bytes, &len), 0);
	assert_int_equal(times_saved_decode(&next, &stamp, "another", bytes, len), -EBADMSG);
	assert_int_equal(times_saved_decode(&next, &stamp, BOARD, bytes, len - 1), -EBADMSG);
	/* The second entry makes no sense, the checksum is right: the first does not count either. */
	bytes[len - 5] = 0xff;
	times_codec_put_end(bytes, bytes + len - 4);
	assert_int_equal(times_saved_decode(&next, &stamp, BOARD, bytes, len), -EBADMSG);
	assert_int_equal(next.count, 0);
	free(bytes);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(what_is_saved_comes_back),    TEST(what_nothing_will_tell_of_is_not_saved), TEST(the_oldest_give_way),
		TEST(it_does_not_become_too_long), TEST(what_makes_no_sense_is_not_taken_over),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
