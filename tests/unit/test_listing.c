/* SPDX-License-Identifier: MIT */
#include "board/listing.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/dice.h"

static uint8_t answer[1000];
static size_t answer_len;

static int start_anew(void **state)
{
	(void)state;
	answer_len = 0;
	return 0;
}

static void put_entry(const char *name, size_t len, const char *stat)
{
	answer[answer_len++] = (uint8_t)len;
	memcpy(answer + answer_len, name, len);
	memcpy(answer + answer_len + len, stat, LISTING_STAT_SIZE);
	answer_len += len + LISTING_STAT_SIZE;
}

#define PUT(name) put_entry(name, sizeof(name) - 1, "\0\0\0\0\0\0\0\0\0")

static struct listing listing_of(int64_t epoch)
{
	return (struct listing){answer, answer_len, epoch};
}

static void nothing_is_nothing(void **state)
{
	struct listing listing = listing_of(0);
	struct listing_entry entry;

	(void)state;
	assert_int_equal(listing_next(&listing, &entry), LISTING_END);
}

static void entries_come_in_order(void **state)
{
	struct listing_entry entry;

	(void)state;
	put_entry("boot.py", 7, "\0\x02\x01\0\0\x10\0\0\0");
	put_entry("lib", 3, "\1\xff\xff\xff\xff\xff\xff\xff\xff");
	put_entry("gr\xc3\xbc\xc3\x9f \xff\n", 9, "\0\xff\xff\xff\xff\0\0\0\0");
	struct listing listing = listing_of(946684800);
	assert_int_equal(listing_next(&listing, &entry), LISTING_ENTRY);
	assert_string_equal(entry.name, "boot.py");
	assert_false(entry.stat.is_dir);
	assert_int_equal(entry.stat.size, 258);
	assert_int_equal(entry.stat.mtime, 946684816);
	assert_int_equal(listing_next(&listing, &entry), LISTING_ENTRY);
	assert_string_equal(entry.name, "lib");
	assert_true(entry.stat.is_dir);
	assert_int_equal(entry.stat.size, 0); /* whatever the board says */
	assert_int_equal(entry.stat.mtime, 946684800 + 0xffffffffll);
	assert_int_equal(listing_next(&listing, &entry), LISTING_ENTRY);
	assert_string_equal(entry.name, "gr\xc3\xbc\xc3\x9f \xff\n"); /* not ours to judge */
	assert_int_equal(entry.stat.size, 0xffffffff);
	assert_int_equal(entry.stat.mtime, 0); /* it has none */
	assert_int_equal(listing_next(&listing, &entry), LISTING_END);
}

static void names_that_are_none_are_refused(void **state)
{
	struct listing_entry entry;

	(void)state;
	PUT("");
	PUT(".");
	PUT("..");
	PUT("/");
	PUT("/etc/passwd");
	PUT("a/b");
	PUT("../../x");
	PUT("a\0b");
	PUT("\0");
	PUT(".mpremotefs~/../main.py"); /* it would be removed */
	PUT(".mpremotefs~a\0b");
	struct listing listing = listing_of(0);
	for (unsigned i = 0; i < 11; i++)
		assert_int_equal(listing_next(&listing, &entry), LISTING_REFUSED);
	assert_int_equal(listing_next(&listing, &entry), LISTING_END);
}

static void odd_names_are_names(void **state)
{
	struct listing_entry entry;
	char longest[255];

	(void)state;
	memset(longest, 'n', sizeof(longest));
	PUT("...");
	PUT(".hidden");
	PUT(" ");
	put_entry(longest, sizeof(longest), "\0\0\0\0\0\0\0\0\0");
	PUT(".mpremotefs");
	struct listing listing = listing_of(0);
	for (unsigned i = 0; i < 5; i++)
		assert_int_equal(listing_next(&listing, &entry), LISTING_ENTRY);
	assert_int_equal(listing_next(&listing, &entry), LISTING_END);
}

static void leftovers_of_ours_are_known(void **state)
{
	struct listing_entry entry;

	(void)state;
	PUT(".mpremotefs~");
	PUT(".mpremotefs~main.py");
	struct listing listing = listing_of(0);
	assert_int_equal(listing_next(&listing, &entry), LISTING_LEFTOVER);
	assert_int_equal(listing_next(&listing, &entry), LISTING_LEFTOVER);
	assert_string_equal(entry.name, ".mpremotefs~main.py");
	assert_int_equal(listing_next(&listing, &entry), LISTING_END);
}

static void an_answer_cut_anywhere_is_not_read_on(void **state)
{
	(void)state;
	PUT("first");
	PUT("second");
	for (size_t len = 1; len < answer_len; len++) {
		/* A copy of its own, so that the sanitizer sees a byte too much. */
		uint8_t *copy = malloc(len);
		struct listing listing = {copy, len, 0};
		struct listing_entry entry;
		unsigned count = 0;
		enum listing_event event;

		memcpy(copy, answer, len);
		while ((event = listing_next(&listing, &entry)) == LISTING_ENTRY)
			count++;
		assert_int_equal(count, len >= 15);
		assert_int_equal(event, len == 15 ? LISTING_END : LISTING_CUT);
		free(copy);
	}
}

static void rubbish_ends(void **state)
{
	(void)state;
	for (unsigned seed = 0; seed < 20000; seed++) {
		struct dice dice = {seed};
		size_t len = dice_roll(&dice, 400);
		uint8_t *copy = malloc(len + 1);
		struct listing listing = {copy, len, 0};
		struct listing_entry entry;
		enum listing_event event;

		for (size_t i = 0; i < len; i++)
			copy[i] = (uint8_t)(dice_hit(&dice, 2) ? dice_roll(&dice, 20) : dice_roll(&dice, 256));
		copy = realloc(copy, len ? len : 1);
		listing.at = copy;
		while ((event = listing_next(&listing, &entry)) != LISTING_END && event != LISTING_CUT) {
			if (event == LISTING_REFUSED)
				continue;
			assert_true(strlen(entry.name) > 0);
			assert_null(strchr(entry.name, '/'));
			assert_string_not_equal(entry.name, ".");
			assert_string_not_equal(entry.name, "..");
		}
		free(copy);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(nothing_is_nothing, start_anew),
		cmocka_unit_test_setup(entries_come_in_order, start_anew),
		cmocka_unit_test_setup(names_that_are_none_are_refused, start_anew),
		cmocka_unit_test_setup(odd_names_are_names, start_anew),
		cmocka_unit_test_setup(leftovers_of_ours_are_known, start_anew),
		cmocka_unit_test_setup(an_answer_cut_anywhere_is_not_read_on, start_anew),
		cmocka_unit_test_setup(rubbish_ends, start_anew),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
