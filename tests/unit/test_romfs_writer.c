/* SPDX-License-Identifier: MIT */
#include "romfs/romfs_writer.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "romfs/romfs_check.h"
#include "tests/unit/dice.h"

static struct romfs_writer *begin(bool dedupe)
{
	struct romfs_writer *writer;

	assert_int_equal(romfs_writer_open(&writer, dedupe), 0);
	return writer;
}

/* Ends WRITER. The image has passed the check; the caller frees it. */
static uint8_t *finish(struct romfs_writer *writer, size_t *size, struct romfs_reader *reader)
{
	struct romfs_check check;
	struct romfs_fault fault;
	uint8_t *image;

	assert_int_equal(romfs_writer_finish(writer, &image, size), 0);
	assert_int_equal(romfs_reader_open(reader, image, *size, &fault), 0);
	assert_int_equal(reader->size, *size);
	assert_int_equal(romfs_check_records(&check, reader), 0);
	return image;
}

static void makes(struct romfs_writer *writer, const char *expected, size_t len)
{
	struct romfs_reader reader;
	size_t size;
	uint8_t *image = finish(writer, &size, &reader);

	assert_int_equal(size, len);
	assert_memory_equal(image, expected, len);
	free(image);
	romfs_writer_close(writer);
}

#define MAKES(writer, expected) makes(writer, expected, sizeof(expected) - 1)

/* What mpremote 1.29 makes of the same. */
static void the_bytes_of_mpremote(void **state)
{
	struct romfs_writer *writer = begin(false);

	(void)state;
	MAKES(writer, "\xd2\xcd\x31\x00");
	writer = begin(false);
	assert_int_equal(romfs_writer_add(writer, "a", "xyz", 3), 0);
	MAKES(writer, "\xd2\xcd\x31\x80\x09\x05\x07\x01"
		      "a\x02\x03xyz");
	writer = begin(false);
	assert_int_equal(romfs_writer_add(writer, "a", "wxyz", 4), 0);
	MAKES(writer, "\xd2\xcd\x31\x0a\x05\x08\x01"
		      "a\x02\x04wxyz");
	writer = begin(false);
	assert_int_equal(romfs_writer_enter(writer, "lib"), 0);
	assert_int_equal(romfs_writer_add(writer, "e", NULL, 0), 0);
	assert_int_equal(romfs_writer_enter(writer, "d"), 0);
	assert_int_equal(romfs_writer_leave(writer), 0);
	assert_int_equal(romfs_writer_leave(writer), 0);
	assert_int_equal(romfs_writer_add(writer, "m", "!", 1), 0);
	MAKES(writer, "\xd2\xcd\x31\x80\x17\x04\x0e\x03lib\x05\x04\x01"
		      "e\x02\x00\x04\x02\x01"
		      "d\x05\x05\x01m\x02\x01!");
}

static void what_cannot_be(void **state)
{
	struct romfs_writer *writer = begin(false);
	char name[ROMFS_NAME_MAX + 2];
	uint8_t *image;
	size_t size;

	(void)state;
	memset(name, 'x', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	assert_int_equal(romfs_writer_add(writer, "", "", 0), -EINVAL);
	assert_int_equal(romfs_writer_add(writer, "..", "", 0), -EINVAL);
	assert_int_equal(romfs_writer_enter(writer, "a/b"), -EINVAL);
	assert_int_equal(romfs_writer_enter(writer, "\xff"), -EINVAL);
	assert_int_equal(romfs_writer_enter(writer, name), -EINVAL);
	assert_int_equal(romfs_writer_leave(writer), -EINVAL);
	assert_int_equal(romfs_writer_enter(writer, "open"), 0);
	assert_int_equal(romfs_writer_finish(writer, &image, &size), -EINVAL);
	assert_int_equal(romfs_writer_leave(writer), 0);
	assert_int_equal(romfs_writer_add(writer, "huge", "", (size_t)UINT32_MAX + 1), -EFBIG);
	/* Never read: the sum alone is too much. */
	assert_int_equal(romfs_writer_add(writer, "half", "", UINT32_MAX / 2), 0);
	assert_int_equal(romfs_writer_add(writer, "other", "", UINT32_MAX / 2), 0);
	assert_int_equal(romfs_writer_finish(writer, &image, &size), -EFBIG);
	romfs_writer_close(writer);
	romfs_writer_close(NULL);
}

static void depth_and_paths_are_the_readers(void **state)
{
	struct romfs_writer *writer = begin(false);
	struct romfs_reader reader;
	char name[ROMFS_NAME_MAX + 1];
	size_t size, i;

	(void)state;
	for (i = 1; i < ROMFS_DEPTH_MAX; i++)
		assert_int_equal(romfs_writer_enter(writer, "d"), 0);
	assert_int_equal(romfs_writer_enter(writer, "d"), -ENAMETOOLONG);
	assert_int_equal(romfs_writer_add(writer, "f", "x", 1), 0);
	for (i = 1; i < ROMFS_DEPTH_MAX; i++)
		assert_int_equal(romfs_writer_leave(writer), 0);
	memset(name, 'n', ROMFS_NAME_MAX);
	name[ROMFS_NAME_MAX] = '\0';
	for (i = 0; i < 16; i++) /* 16 * 255 + 15 slashes are 4095 bytes */
		assert_int_equal(romfs_writer_enter(writer, name), 0);
	assert_int_equal(romfs_writer_add(writer, "f", "x", 1), -ENAMETOOLONG);
	assert_int_equal(romfs_writer_enter(writer, "f"), -ENAMETOOLONG);
	for (i = 0; i < 16; i++)
		assert_int_equal(romfs_writer_leave(writer), 0);
	assert_int_equal(romfs_writer_add(writer, name + 1, "x", 1), 0);
	free(finish(writer, &size, &reader));
	romfs_writer_close(writer);
}

/* Lengths at which a number gets another byte, in files and around them. */
static void every_size(void **state)
{
	static uint8_t content[2100000];
	static const size_t around[] = {127, 128, 16383, 16384, 65536, 2097151, 2097152};

	(void)state;
	memset(content, 'c', sizeof(content));
	for (size_t i = 0; i < sizeof(around) / sizeof(around[0]); i++) {
		for (size_t less = 0; less < 24 && less <= around[i]; less++) {
			struct romfs_writer *writer = begin(false);
			struct romfs_reader reader;
			struct romfs_walk walk;
			struct romfs_entry entry;
			struct romfs_fault fault;
			size_t size;

			romfs_writer_enter(writer, "dir");
			romfs_writer_add(writer, "file", content, around[i] - less);
			romfs_writer_leave(writer);
			uint8_t *image = finish(writer, &size, &reader);
			romfs_walk_start(&walk, &reader);
			assert_int_equal(romfs_walk_next(&walk, &entry, &fault), 1);
			assert_int_equal(romfs_walk_next(&walk, &entry, &fault), 1);
			assert_int_equal(entry.size, around[i] - less);
			assert_memory_equal(image + entry.content, content, entry.size);
			assert_true(size <= around[i] + 40);
			free(image);
			romfs_writer_close(writer);
		}
	}
}

/* A random tree, and what it has to look like. */
struct tree {
	struct dice dice;
	struct romfs_writer *writer;
	size_t count;
	struct {
		char name[8];
		bool is_dir;
		const uint8_t *content;
		size_t size;
	} entries[300];
};

static uint8_t soil[4096];

static void grow(struct tree *tree, unsigned depth)
{
	unsigned count = dice_roll(&tree->dice, 8);

	for (unsigned i = 0; i < count && tree->count < 300; i++) {
		size_t n = tree->count++;

		sprintf(tree->entries[n].name, "n%zu", n);
		tree->entries[n].is_dir = depth < 6 && dice_hit(&tree->dice, 3);
		if (tree->entries[n].is_dir) {
			assert_int_equal(romfs_writer_enter(tree->writer, tree->entries[n].name), 0);
			grow(tree, depth + 1);
			assert_int_equal(romfs_writer_leave(tree->writer), 0);
			continue;
		}
		tree->entries[n].size = dice_roll(&tree->dice, dice_hit(&tree->dice, 2) ? 20 : 2000);
		tree->entries[n].content = soil + 16 * dice_roll(&tree->dice, 4);
		assert_int_equal(
			romfs_writer_add(tree->writer, tree->entries[n].name, tree->entries[n].content, tree->entries[n].size),
			0);
	}
}

static size_t compare(const struct tree *tree, const struct romfs_reader *reader)
{
	struct romfs_walk walk;
	struct romfs_entry entry;
	struct romfs_fault fault;
	size_t pointers = 0;

	romfs_walk_start(&walk, reader);
	for (size_t i = 0; i < tree->count; i++) {
		assert_int_equal(romfs_walk_next(&walk, &entry, &fault), 1);
		assert_int_equal(entry.name_len, strlen(tree->entries[i].name));
		assert_memory_equal(entry.name, tree->entries[i].name, entry.name_len);
		assert_int_equal(entry.is_dir, tree->entries[i].is_dir);
		pointers += entry.is_pointer;
		if (entry.is_dir)
			continue;
		assert_int_equal(entry.size, tree->entries[i].size);
		if (entry.size)
			assert_memory_equal(reader->bytes + entry.content, tree->entries[i].content, entry.size);
	}
	assert_int_equal(romfs_walk_next(&walk, &entry, &fault), 0);
	return pointers;
}

static void random_trees(void **state)
{
	static struct tree tree, same;
	size_t pointers = 0;

	(void)state;
	for (size_t i = 0; i < sizeof(soil); i++)
		soil[i] = (uint8_t)(i / 16 % 3); /* so that some contents are equal */
	for (unsigned seed = 0; seed < 500; seed++) {
		struct romfs_reader reader;
		size_t size, least;

		tree = (struct tree){.dice = {seed}, .writer = begin(false)};
		same = (struct tree){.dice = {seed}, .writer = begin(true)};
		grow(&tree, 0);
		grow(&same, 0);
		uint8_t *image = finish(tree.writer, &size, &reader);
		assert_int_equal(compare(&tree, &reader), 0);
		free(image);
		image = finish(same.writer, &least, &reader);
		pointers += compare(&same, &reader);
		assert_true(least <= size);
		free(image);
		romfs_writer_close(tree.writer);
		romfs_writer_close(same.writer);
	}
	assert_true(pointers > 100);
}

static void equal_files_once(void **state)
{
	struct romfs_writer *writer = begin(true);
	struct romfs_reader reader;
	struct romfs_walk walk;
	struct romfs_entry first, entry;
	struct romfs_fault fault;
	static char content[50000];
	size_t size;

	(void)state;
	romfs_writer_enter(writer, "one");
	romfs_writer_add(writer, "a", content, sizeof(content));
	romfs_writer_leave(writer);
	romfs_writer_enter(writer, "two");
	romfs_writer_add(writer, "b", content, sizeof(content));
	romfs_writer_add(writer, "short", "x", 1);
	romfs_writer_leave(writer);
	romfs_writer_add(writer, "c", content, sizeof(content));
	romfs_writer_add(writer, "d", content, sizeof(content) - 1);
	romfs_writer_add(writer, "short", "x", 1);
	uint8_t *image = finish(writer, &size, &reader);
	assert_true(size < 2 * sizeof(content) + 100);
	romfs_walk_start(&walk, &reader);
	for (const char *paths = "one one/a two two/b two/short c d short"; *paths;
	     paths += strcspn(paths, " "), paths += *paths == ' ') {
		assert_int_equal(romfs_walk_next(&walk, &entry, &fault), 1);
		assert_memory_equal(walk.path, paths, strlen(walk.path));
		if (!strcmp(walk.path, "one/a"))
			first = entry;
		if (!strcmp(walk.path, "two/b") || !strcmp(walk.path, "c")) {
			assert_true(entry.is_pointer);
			assert_int_equal(entry.content, first.content);
		} else {
			assert_false(entry.is_pointer);
		}
	}
	free(image);
	romfs_writer_close(writer);
}

static bool second_is_pointer(const char *content)
{
	struct romfs_writer *writer = begin(true);
	struct romfs_reader reader;
	struct romfs_cursor cursor;
	struct romfs_entry entry;
	struct romfs_fault fault;
	size_t size;

	romfs_writer_add(writer, "a", content, strlen(content));
	romfs_writer_add(writer, "b", content, strlen(content));
	uint8_t *image = finish(writer, &size, &reader);
	cursor = romfs_reader_top(&reader);
	assert_int_equal(romfs_reader_next(&reader, &cursor, &entry, &fault), 1);
	assert_false(entry.is_pointer);
	assert_int_equal(romfs_reader_next(&reader, &cursor, &entry, &fault), 1);
	free(image);
	romfs_writer_close(writer);
	return entry.is_pointer;
}

/* The record of a pointer to so few bytes takes 8, as does that of a content of 6. */
static void only_where_that_is_shorter(void **state)
{
	(void)state;
	assert_false(second_is_pointer("123456"));
	assert_true(second_is_pointer("1234567"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_bytes_of_mpremote),
		cmocka_unit_test(what_cannot_be),
		cmocka_unit_test(depth_and_paths_are_the_readers),
		cmocka_unit_test(every_size),
		cmocka_unit_test(random_trees),
		cmocka_unit_test(equal_files_once),
		cmocka_unit_test(only_where_that_is_shorter),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
