/* SPDX-License-Identifier: MIT */
/*
 * Whatever the image: once romfs_gaps has asked for its bytes, romfs_reader and what stands on it say of these, and of anything else in
 * the place of the others, what they say of the whole image.
 */
#include "romfs/romfs_gaps.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "romfs/romfs_check.h"
#include "romfs/romfs_writer.h"
#include "tests/unit/dice.h"
#include "tests/unit/hand_image.h"

enum { SIZE = 1 << 17, IMAGES = 150, FILES = 40 };

static uint8_t partition[SIZE], part[SIZE], known[SIZE];
static struct dice dice;
static struct hand hand;

/* What can be said of an image. */
struct said {
	int opened, checked, code;
	size_t entries, faults;
	struct romfs_fault fault;
	char text[1 << 15]; /* of all entries */
	char mpy[1 << 12];
};

static void note_mpy(void *context, const char *path, const struct mpy_header *header, const char *fault)
{
	struct said *said = context;
	size_t len = strlen(said->mpy);

	snprintf(said->mpy + len, sizeof(said->mpy) - len, "%s %u %u %s\n", path, header->version, header->arch,
		 fault ? fault : "");
}

static void ask(const uint8_t *bytes, bool bytecode, struct said *said)
{
	static struct romfs_walk walk;
	static struct romfs_check check;
	struct romfs_reader reader;
	struct romfs_entry entry;
	struct romfs_fault fault;
	int rc;

	memset(said, 0, sizeof(*said));
	said->opened = romfs_reader_open(&reader, bytes, SIZE, &said->fault);
	if (said->opened)
		return;
	romfs_walk_start(&walk, &reader);
	while ((rc = romfs_walk_next(&walk, &entry, &fault)) != 0) {
		size_t len = strlen(said->text);

		said->entries += rc > 0;
		said->faults += rc < 0;
		if (rc > 0)
			snprintf(said->text + len, sizeof(said->text) - len, "%s %d %zu %zu %zu\n", walk.path, entry.is_dir,
				 entry.offset, entry.content, entry.size);
		else
			snprintf(said->text + len, sizeof(said->text) - len, "%s %zu %s\n", walk.path, fault.offset, fault.what);
	}
	said->checked = romfs_check_records(&check, &reader);
	said->fault = check.fault;
	if (bytecode && !said->checked) {
		said->code = romfs_check_bytecode(&check, &reader, note_mpy, said);
		said->fault = check.fault;
	}
}

/* Gets what is asked for from the partition. Returns how many bytes that were. */
static size_t collect(bool bytecode)
{
	static struct romfs_gaps gaps;
	size_t offset, len, count = 0;

	romfs_gaps_start(&gaps, part, known, SIZE, bytecode);
	while (romfs_gaps_next(&gaps, &offset, &len)) {
		assert_true(len > 0 && len <= ROMFS_GAPS_READ && offset < SIZE && len <= SIZE - offset && !known[offset]);
		memcpy(part + offset, partition + offset, len);
		memset(known + offset, 1, len);
		count += len;
	}
	return count;
}

/* With SPAWN in the place of what was not asked for. */
static void same_is_said(bool bytecode, int spawn)
{
	static struct said whole, partly;

	for (size_t i = 0; i < SIZE; i++)
		if (!known[i])
			part[i] = (uint8_t)(spawn < 0 ? (int)dice_roll(&dice, 256) : spawn);
	ask(partition, bytecode, &whole);
	ask(part, bytecode, &partly);
	assert_memory_equal(&whole, &partly, sizeof(whole));
}

static void looked_at(bool bytecode)
{
	static uint8_t before[SIZE];

	memset(known, 0, sizeof(known));
	memset(part, 0, sizeof(part));
	collect(bytecode);
	memcpy(before, known, sizeof(before));
	assert_int_equal(collect(bytecode), 0);
	assert_memory_equal(before, known, sizeof(before));
	same_is_said(bytecode, 0);
	same_is_said(bytecode, 0xff);
	same_is_said(bytecode, ROMFS_FILE);
	same_is_said(bytecode, -1);
}

/* --- Images --- */

static size_t image_size;

static size_t make_image(void)
{
	static char names[FILES][24];
	static uint8_t contents[FILES][3000];
	struct romfs_writer *writer;
	uint8_t *image;
	size_t depth = 0;

	assert_int_equal(romfs_writer_open(&writer, dice_roll(&dice, 2)), 0);
	for (size_t i = 0; i < FILES; i++) {
		size_t size = dice_roll(&dice, 3) ? dice_roll(&dice, sizeof(contents[i])) : dice_roll(&dice, 8);
		bool code = dice_roll(&dice, 2);

		snprintf(names[i], sizeof(names[i]), "%s%zu%s", dice_roll(&dice, 2) ? "x" : "a_longer_name", i,
			 code ? ".mpy" : "");
		for (size_t at = 0; at < size; at++)
			contents[i][at] = (uint8_t)dice_roll(&dice, 256);
		if (code)
			memcpy(contents[i], "M\6\3\37", 4);
		if (i && !dice_roll(&dice, 4))
			memcpy(contents[i], contents[i - 1], sizeof(contents[i]));
		if (!dice_roll(&dice, 4)) {
			assert_int_equal(romfs_writer_enter(writer, names[i]), 0);
			depth++;
			continue;
		}
		assert_int_equal(romfs_writer_add(writer, names[i], contents[i], size), 0);
		if (depth && !dice_roll(&dice, 3)) {
			romfs_writer_leave(writer);
			depth--;
		}
	}
	for (; depth; depth--)
		romfs_writer_leave(writer);
	assert_int_equal(romfs_writer_finish(writer, &image, &image_size), 0);
	romfs_writer_close(writer);
	assert_true(image_size < SIZE);
	memset(partition, 0xff, SIZE);
	memcpy(partition, image, image_size);
	free(image);
	return image_size;
}

static void good_images(void **state)
{
	(void)state;
	dice.state = 1;
	for (int i = 0; i < IMAGES; i++) {
		make_image();
		looked_at(i % 2);
	}
}

static void damaged_images(void **state)
{
	(void)state;
	dice.state = 2;
	for (int i = 0; i < IMAGES; i++) {
		size_t size = make_image();

		for (unsigned hits = 1 + dice_roll(&dice, 4); hits; hits--) {
			size_t at = dice_roll(&dice, 3) ? dice_roll(&dice, (unsigned)size) : dice_roll(&dice, 40);
			partition[at] = (uint8_t)(dice_roll(&dice, 2) ? dice_roll(&dice, 256)
								      : partition[at] ^ 1u << dice_roll(&dice, 8));
		}
		looked_at(i % 2);
	}
}

static void noise_after_a_header(void **state)
{
	(void)state;
	dice.state = 3;
	for (int i = 0; i < IMAGES; i++) {
		memcpy(partition, ROMFS_MAGIC, ROMFS_MAGIC_SIZE);
		romfs_format_put_padded(partition + ROMFS_MAGIC_SIZE, 2000);
		for (size_t at = ROMFS_MAGIC_SIZE + ROMFS_NUMBER_SIZE; at < 2100; at++)
			partition[at] = (uint8_t)dice_roll(&dice, i % 3 ? 8 : 256);
		looked_at(i % 2);
	}
}

static void only_records_are_asked_for(void **state)
{
	struct romfs_writer *writer;
	static uint8_t large[60000];
	uint8_t *image;
	size_t size;

	(void)state;
	assert_int_equal(romfs_writer_open(&writer, false), 0);
	assert_int_equal(romfs_writer_add(writer, "a", large, sizeof(large)), 0);
	assert_int_equal(romfs_writer_add(writer, "b.mpy", large, sizeof(large)), 0);
	assert_int_equal(romfs_writer_finish(writer, &image, &size), 0);
	romfs_writer_close(writer);
	memset(partition, 0xff, SIZE);
	memcpy(partition, image, size);
	free(image);
	memset(known, 0, sizeof(known));
	assert_true(collect(true) <= 256);
}

/* A number that goes on and on is asked for in large pieces. */
static void an_endless_number(void **state)
{
	static struct romfs_gaps gaps;
	size_t offset, len, pieces = 0;

	(void)state;
	memset(partition, 0x80, SIZE);
	memcpy(partition, ROMFS_MAGIC, ROMFS_MAGIC_SIZE);
	looked_at(false);
	memset(known, 0, sizeof(known));
	romfs_gaps_start(&gaps, partition, known, SIZE, false);
	for (; romfs_gaps_next(&gaps, &offset, &len); pieces++)
		memset(known + offset, 1, len);
	assert_true(pieces < 50);
}

static void take_hand(size_t image)
{
	hand_end_image(&hand, image);
	memset(partition, 0xff, SIZE);
	memcpy(partition, hand.bytes, hand.len);
}

/* Bytecode is not looked for where its pointer leads out. */
static void pointers_that_lead_out(void **state)
{
	static const char *const pointers[] = {"\x04\x8f\xff\xff\xff\x70", "\x8f\xff\xff\xff\x70\x04",
					       "\x04\x80\x80\x80\x80\x7f"};

	(void)state;
	for (size_t i = 0; i < sizeof(pointers) / sizeof(pointers[0]); i++) {
		size_t image = hand_begin_image(&hand), code = hand_begin_named(&hand, ROMFS_FILE, "x.mpy");

		hand_record(&hand, ROMFS_POINTER, pointers[i], 6);
		hand_end(&hand, code);
		take_hand(image);
		looked_at(true);
	}
}

/* No deeper than the walk goes, whatever the image. */
static void nesting_is_bounded(void **state)
{
	enum { DEEP = ROMFS_DEPTH_MAX + 40 };
	static struct {
		struct romfs_gaps gaps;
		size_t behind[2 * DEEP];
	} deep;
	size_t starts[DEEP], image = hand_begin_image(&hand), offset, len;

	(void)state;
	for (size_t i = 0; i < DEEP; i++)
		starts[i] = hand_begin_named(&hand, ROMFS_DIRECTORY, "d");
	for (size_t i = DEEP; i-- > 0;)
		hand_end(&hand, starts[i]);
	take_hand(image);
	looked_at(false);
	memset(known, 1, sizeof(known));
	romfs_gaps_start(&deep.gaps, partition, known, SIZE, false);
	assert_false(romfs_gaps_next(&deep.gaps, &offset, &len));
	assert_int_equal(deep.gaps.ask, 0);
	for (size_t i = 0; i < 2 * DEEP; i++)
		assert_int_equal(deep.behind[i], 0);
}

static void what_is_no_image(void **state)
{
	(void)state;
	memset(partition, 0xff, SIZE);
	looked_at(true);
	memset(partition, 0, SIZE);
	looked_at(true);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(good_images),
		cmocka_unit_test(damaged_images),
		cmocka_unit_test(noise_after_a_header),
		cmocka_unit_test(only_records_are_asked_for),
		cmocka_unit_test(an_endless_number),
		cmocka_unit_test(what_is_no_image),
		cmocka_unit_test(pointers_that_lead_out),
		cmocka_unit_test(nesting_is_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
