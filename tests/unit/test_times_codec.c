/* SPDX-License-Identifier: MIT */
#include "fuse/times_codec.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/dice.h"

#define BOARD "id 0123"

static uint8_t file[2000];
static uint8_t *end;

static int start_anew(void **state)
{
	(void)state;
	end = times_codec_put_head(file, BOARD);
	return 0;
}

static const struct times_entry a_file = {
	.path = "/lib/a.py",
	.size = 0xfedcba9876543210,
	.board_mtime = -5,
	.atime = {.tv_sec = 1, .tv_nsec = 999999999},
	.mtime = {.tv_sec = -1, .tv_nsec = 0},
};

static const struct times_entry a_directory = {
	.path = "/",
	.is_dir = true,
	.has_evidence = true,
	.mtime = {.tv_sec = INT64_MAX, .tv_nsec = 7},
	.evidence = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 255},
};

static void put_entry(const struct times_entry *entry)
{
	uint8_t *at = end;

	end = times_codec_put_entry(end, entry);
	assert_int_equal(end - at, times_codec_entry_size(entry));
}

/* Ends the file and starts to read it. */
static struct times_reader read_it(void)
{
	struct times_reader reader;

	end = times_codec_put_end(file, end);
	assert_true(times_codec_read(&reader, file, (size_t)(end - file), BOARD));
	return reader;
}

static void expect_entry(struct times_reader *reader, const struct times_entry *expected)
{
	struct times_entry found;

	assert_int_equal(times_codec_next(reader, &found), 1);
	assert_string_equal(found.path, expected->path);
	assert_int_equal(found.is_dir, expected->is_dir);
	assert_true(found.size == expected->size);
	assert_true(found.board_mtime == expected->board_mtime);
	assert_true(found.atime.tv_sec == expected->atime.tv_sec && found.atime.tv_nsec == expected->atime.tv_nsec);
	assert_true(found.mtime.tv_sec == expected->mtime.tv_sec && found.mtime.tv_nsec == expected->mtime.tv_nsec);
	assert_int_equal(found.has_evidence, expected->has_evidence);
	if (expected->has_evidence)
		assert_memory_equal(found.evidence, expected->evidence, TIMES_EVIDENCE);
}

static void what_is_put_is_read(void **state)
{
	struct times_reader reader;
	struct times_entry entry;

	(void)state;
	put_entry(&a_file);
	put_entry(&a_directory);
	put_entry(&a_file);
	reader = read_it();
	expect_entry(&reader, &a_file);
	expect_entry(&reader, &a_directory);
	expect_entry(&reader, &a_file);
	assert_int_equal(times_codec_next(&reader, &entry), 0);
	assert_int_equal(times_codec_next(&reader, &entry), 0);
}

static void without_entries_it_is_a_head(void **state)
{
	struct times_reader reader = read_it();
	struct times_entry entry;

	(void)state;
	assert_int_equal(end - file, times_codec_head_size(BOARD));
	assert_int_equal(times_codec_next(&reader, &entry), 0);
	/* The same on every computer. */
	assert_memory_equal(file, "MPRTIMES\1\0id 0123\0", 18);
}

static void another_boards_file_is_none(void **state)
{
	struct times_reader reader;

	(void)state;
	put_entry(&a_file);
	read_it();
	assert_false(times_codec_read(&reader, file, (size_t)(end - file), "id 012"));
	assert_false(times_codec_read(&reader, file, (size_t)(end - file), "id 01234"));
	assert_false(times_codec_read(&reader, file, (size_t)(end - file), ""));
}

static void another_version_is_none(void **state)
{
	struct times_reader reader;

	(void)state;
	file[8] = 2;
	end = times_codec_put_end(file, end);
	assert_false(times_codec_read(&reader, file, (size_t)(end - file), BOARD));
}

static void one_wrong_bit_is_found(void **state)
{
	struct times_reader reader;
	size_t bit, size;

	(void)state;
	put_entry(&a_file);
	put_entry(&a_directory);
	read_it();
	size = (size_t)(end - file);
	for (bit = 0; bit < size * 8; bit++) {
		file[bit / 8] ^= (uint8_t)(1 << bit % 8);
		assert_false(times_codec_read(&reader, file, size, BOARD));
		file[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	assert_true(times_codec_read(&reader, file, size, BOARD));
}

static void a_shorter_or_longer_file_is_none(void **state)
{
	struct times_reader reader;
	size_t size, len;

	(void)state;
	put_entry(&a_file);
	put_entry(&a_directory);
	read_it();
	size = (size_t)(end - file);
	for (len = 0; len < size; len++) {
		uint8_t *copy = malloc(len + 1); /* of its own, so that a read past the end is seen */

		memcpy(copy + 1, file, len);
		assert_false(times_codec_read(&reader, copy + 1, len, BOARD));
		free(copy);
	}
	file[size] = 0;
	assert_false(times_codec_read(&reader, file, size + 1, BOARD));
}

/* An entry with PATH, in a file whose checksum is right, is not taken. */
static void expect_refused(const char *path)
{
	struct times_entry entry = a_file;
	struct times_reader reader;

	end = times_codec_put_head(file, BOARD);
	entry.path = path;
	put_entry(&entry);
	reader = read_it();
	assert_int_equal(times_codec_next(&reader, &entry), -EBADMSG);
}

static void paths_that_lead_elsewhere_are_refused(void **state)
{
	static const char *const paths[] = {"", "a", "a/b", "//", "/a/", "/a//b", "/.", "/a/./b", "/..", "/a/..", "/../a"};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(paths) / sizeof(paths[0]); i++)
		expect_refused(paths[i]);
}

static void a_path_without_end_is_refused(void **state)
{
	struct times_reader reader;
	struct times_entry entry;

	(void)state;
	memset(end, '/', 500);
	end += 500;
	reader = read_it();
	assert_int_equal(times_codec_next(&reader, &entry), -EBADMSG);
}

/* Changes the byte AT of the fixed part of an entry to VALUE, with a right checksum. */
static int with_byte(size_t at, uint8_t value)
{
	struct times_reader reader;
	struct times_entry entry;

	end = times_codec_put_head(file, BOARD);
	put_entry(&a_file);
	end[-(ptrdiff_t)(41 - at)] = value;
	reader = read_it();
	return times_codec_next(&reader, &entry);
}

static void values_that_make_no_sense_are_refused(void **state)
{
	(void)state;
	assert_int_equal(with_byte(0, 0), 1);
	assert_int_equal(with_byte(0, 4), -EBADMSG);     /* an unknown flag */
	assert_int_equal(with_byte(0, 2), -EBADMSG);     /* evidence that is not there */
	assert_int_equal(with_byte(28, 0xff), -EBADMSG); /* 4 billion nanoseconds */
	assert_int_equal(with_byte(40, 0xff), -EBADMSG);
}

static void entries_that_are_cut_are_refused(void **state)
{
	const size_t whole = times_codec_entry_size(&a_directory);
	struct times_reader reader;
	struct times_entry entry;
	size_t len;

	(void)state;
	for (len = 1; len < whole; len++) {
		end = times_codec_put_head(file, BOARD);
		put_entry(&a_directory);
		end -= whole - len;
		reader = read_it();
		assert_int_equal(times_codec_next(&reader, &entry), -EBADMSG);
	}
}

static void anything_ends(void **state)
{
	struct dice dice = {1};
	struct times_reader reader;
	struct times_entry entry;
	int round, rc;

	(void)state;
	for (round = 0; round < 20000; round++) {
		size_t len = dice_roll(&dice, 300), i;

		end = times_codec_put_head(file, BOARD);
		for (i = 0; i < len; i++)
			*end++ = dice_hit(&dice, 2) ? 0 : dice_hit(&dice, 2) ? '/' : (uint8_t)dice_roll(&dice, 256);
		reader = read_it();
		while ((rc = times_codec_next(&reader, &entry)) > 0)
			assert_true(entry.path[0] == '/');
		assert_true(rc == 0 || rc == -EBADMSG);
	}
}

#define TEST(name) cmocka_unit_test_setup(name, start_anew)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(what_is_put_is_read),
		TEST(without_entries_it_is_a_head),
		TEST(another_boards_file_is_none),
		TEST(another_version_is_none),
		TEST(one_wrong_bit_is_found),
		TEST(a_shorter_or_longer_file_is_none),
		TEST(paths_that_lead_elsewhere_are_refused),
		TEST(a_path_without_end_is_refused),
		TEST(values_that_make_no_sense_are_refused),
		TEST(entries_that_are_cut_are_refused),
		TEST(anything_ends),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
