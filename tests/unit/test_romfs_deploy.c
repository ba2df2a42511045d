/* SPDX-License-Identifier: MIT */
#include "romfs/romfs_deploy.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "romfs/romfs_check.h"
#include "romfs/romfs_writer.h"
#include "tests/unit/fakerom.h"

void *__real_malloc(size_t size);
void *__wrap_malloc(size_t size);

/* That was asked for. */
static size_t largest;

void *__wrap_malloc(size_t size)
{
	largest = size > largest ? size : largest;
	return __real_malloc(size);
}

struct image {
	uint8_t *bytes;
	size_t size;
};

/* An image of SIZE bytes, more or less, that is noise of SEED. */
static struct image make_image(uint64_t seed, size_t size)
{
	static uint8_t noise[FAKEROM_SIZE];
	struct dice dice = {seed};
	struct romfs_writer *writer;
	struct image image;

	for (size_t i = 0; i < size; i++)
		noise[i] = (uint8_t)dice_roll(&dice, 256);
	assert_int_equal(romfs_writer_open(&writer, false), 0);
	assert_int_equal(romfs_writer_add(writer, "noise.bin", noise, size), 0);
	assert_int_equal(romfs_writer_finish(writer, &image.bytes, &image.size), 0);
	romfs_writer_close(writer);
	return image;
}

static int deploy(struct fakerom *rom, const struct image *image, struct romfs_deploy_result *result, struct diag *diag)
{
	diag_clear(diag);
	return romfs_deploy(&rom->target, image->bytes, image->size, NULL, NULL, result, diag);
}

/* Whether a board would mount what is there: it looks at the header, and at the length that comes after it. */
static bool is_mounted(const struct fakerom *rom)
{
	struct romfs_reader reader;
	struct romfs_fault fault;

	return romfs_reader_open(&reader, rom->bytes, FAKEROM_SIZE, &fault) == 0 ||
	       memcmp(rom->bytes, ROMFS_MAGIC, ROMFS_MAGIC_SIZE) == 0;
}

static bool holds(const struct fakerom *rom, const struct image *image)
{
	return memcmp(rom->bytes, image->bytes, image->size) == 0;
}

/* IMAGE goes onto ROM, and all is well after it. */
static struct romfs_deploy_result succeeds(struct fakerom *rom, const struct image *image)
{
	struct romfs_deploy_result result;
	struct diag diag;

	fakerom_start(rom);
	if (deploy(rom, image, &result, &diag) < 0)
		fail_msg("%s", diag.text);
	assert_true(holds(rom, image));
	assert_int_equal(rom->bad, 0);
	assert_int_equal(result.written + result.skipped, result.verified);
	assert_int_equal(result.verified, (image->size + result.block - 1) / result.block);
	return result;
}

/* --- The kinds of partitions --- */

struct kind {
	const char *name;
	uint32_t erase_block, smallest;
	bool from_start, no_erasing, no_hash;
};

static const struct kind kinds[] = {
	{.name = "memory", .erase_block = 4096, .smallest = 4},
	{.name = "memory with large blocks and a checksum in each unit", .erase_block = 16384, .smallest = 16},
	{.name = "memory that is erased from the start only", .erase_block = 4096, .smallest = 4, .from_start = true},
	{.name = "memory that needs no erasing", .erase_block = 16, .smallest = 16, .no_erasing = true},
	{.name = "memory of single bytes", .erase_block = 1024, .smallest = 1},
	{.name = "a block device", .erase_block = 4096},
	{.name = "a block device of a board that cannot hash", .erase_block = 4096, .no_hash = true},
	{.name = "memory of a board that cannot hash", .erase_block = 4096, .smallest = 4, .from_start = true, .no_hash = true},
};

enum { KIND_COUNT = sizeof(kinds) / sizeof(kinds[0]) };

static void make_rom(struct fakerom *rom, const struct kind *kind)
{
	fakerom_init(rom);
	rom->erase_block = kind->erase_block;
	rom->smallest = kind->smallest;
	rom->from_start = kind->from_start;
	rom->no_erasing = kind->no_erasing;
	rom->no_hash = kind->no_hash;
	rom->dice.state = 5;
}

static void each_kind_takes_images_of_each_size(void **state)
{
	static const size_t sizes[] = {0, 1, 200, 4000, 4070, 5000, 16384, 50001, FAKEROM_SIZE - 40};
	static struct fakerom rom;

	(void)state;
	for (size_t i = 0; i < KIND_COUNT; i++) {
		make_rom(&rom, &kinds[i]);
		for (size_t j = 0; j < sizeof(sizes) / sizeof(sizes[0]); j++) {
			struct image image = make_image(j + 1, sizes[j]);

			assert_true(succeeds(&rom, &image).written > 0);
			free(image.bytes);
		}
		assert_true(rom.completes > 0);
	}
}

static void an_image_of_nothing(void **state)
{
	struct image image = {(uint8_t *)(uintptr_t) "\xd2\xcd\x31", 4};
	static struct fakerom rom;

	(void)state;
	for (size_t i = 0; i < KIND_COUNT; i++) {
		make_rom(&rom, &kinds[i]);
		assert_int_equal(succeeds(&rom, &image).written, 1);
	}
}

static void the_same_image_writes_nothing(void **state)
{
	struct image image = make_image(1, 50000);
	struct romfs_deploy_result result;
	static struct fakerom rom;
	unsigned changes;

	(void)state;
	for (size_t i = 0; i < KIND_COUNT; i++) {
		make_rom(&rom, &kinds[i]);
		succeeds(&rom, &image);
		changes = rom.changes;
		result = succeeds(&rom, &image);
		assert_int_equal(rom.changes, changes);
		assert_int_equal(result.written, 0);
		assert_false(result.destroyed);
	}
	free(image.bytes);
}

static void equal_blocks_are_skipped(void **state)
{
	struct image image = make_image(1, 50000);
	struct romfs_deploy_result result;
	static struct fakerom rom;
	unsigned erases;

	(void)state;
	fakerom_init(&rom);
	succeeds(&rom, &image);
	image.bytes[5 * 4096] ^= 0x10;
	image.bytes[6 * 4096 + 4095] ^= 0x10;
	image.bytes[image.size - 1] ^= 0x10;
	erases = rom.erases;
	result = succeeds(&rom, &image);
	assert_int_equal(result.written, 4); /* and the first, for its header */
	assert_int_equal(result.skipped, 9);
	assert_int_equal(rom.erases - erases, 3);
	free(image.bytes);
}

/* Blocks are compared by parts of hashes; what these do not see is seen by the whole ones. */
static void what_is_equal_by_chance_is_written(void **state)
{
	struct image old = make_image(1, 50000), image = make_image(2, 50000);
	static uint8_t chance[FAKEROM_SIZE];
	static struct fakerom rom;

	(void)state;
	fakerom_init(&rom);
	succeeds(&rom, &old);
	memcpy(chance, image.bytes, image.size);
	rom.chance = chance;
	assert_int_equal(succeeds(&rom, &image).skipped, 0);
	free(old.bytes);
	free(image.bytes);
}

/* The same beside blocks that differ. */
static void what_is_equal_by_chance_among_others_is_written(void **state)
{
	static const size_t equal[] = {3, 4, 12};
	struct image old = make_image(1, 50000), image = make_image(2, 50000);
	struct romfs_deploy_result result;
	static uint8_t chance[FAKEROM_SIZE];
	static struct fakerom rom;

	(void)state;
	fakerom_init(&rom);
	succeeds(&rom, &old);
	memcpy(image.bytes + 5 * 4096, old.bytes + 5 * 4096, 4096);
	memcpy(chance, rom.bytes, sizeof(chance));
	for (size_t i = 0; i < sizeof(equal) / sizeof(equal[0]); i++)
		memcpy(chance + equal[i] * 4096, image.bytes + equal[i] * 4096, equal[i] == 12 ? image.size % 4096 : 4096);
	rom.chance = chance;
	result = succeeds(&rom, &image);
	assert_int_equal(result.skipped, 1);
	assert_int_equal(result.written, 12);
	assert_false(result.lied);
	free(old.bytes);
	free(image.bytes);
}

/* What lies behind the image in its last block is erased with it, and nothing else. */
static void what_is_behind_the_image_stays(void **state)
{
	struct image image = make_image(1, 5000);
	static struct fakerom rom;

	(void)state;
	fakerom_init(&rom);
	memset(rom.bytes, 0x55, sizeof(rom.bytes));
	succeeds(&rom, &image);
	for (size_t i = 8192; i < FAKEROM_SIZE; i++)
		assert_int_equal(rom.bytes[i], 0x55);
	free(image.bytes);
}

/* --- Failures --- */

static void too_large_an_image_is_refused(void **state)
{
	struct image image = {calloc(1, FAKEROM_SIZE + 2), FAKEROM_SIZE + 2};
	struct romfs_deploy_result result;
	static struct fakerom rom;
	struct diag diag;

	(void)state;
	fakerom_init(&rom);
	fakerom_start(&rom);
	assert_int_equal(deploy(&rom, &image, &result, &diag), -ENOSPC);
	assert_string_equal(diag.text, "insufficient space: the image has 131074 bytes, the partition 131072");
	assert_int_equal(rom.changes, 0);
	assert_false(result.destroyed);
	free(image.bytes);
}

/* How many changes it takes to bring IMAGE onto a partition of KIND that holds HELD. */
static unsigned count_changes(struct fakerom *rom, const struct kind *kind, const struct image *held, const struct image *image)
{
	unsigned before;

	make_rom(rom, kind);
	succeeds(rom, held);
	before = rom->changes;
	succeeds(rom, image);
	return rom->changes - before;
}

/* The power fails at change CUT: a board finds the old image, or the new one, or none; and the next deploy brings the new one. */
static void cut_at(struct fakerom *rom, const struct kind *kind, const struct image *held, const struct image *image,
		   unsigned cut)
{
	struct romfs_deploy_result result;
	struct diag diag;

	make_rom(rom, kind);
	succeeds(rom, held);
	fakerom_start(rom);
	rom->cut = cut;
	rom->dice.state = cut;
	assert_true(deploy(rom, image, &result, &diag) < 0);
	assert_true(rom->off);
	assert_true(result.unverified || !is_mounted(rom));
	if (is_mounted(rom) && !holds(rom, image) && !holds(rom, held))
		fail_msg("%s: cut at change %u, a board would mount half an image", kind->name, cut);
	succeeds(rom, image);
}

/* At each of the first changes, each of the last, and some between, where one is as the other. */
static void cut_everywhere(struct fakerom *rom, const struct kind *kind, const struct image *held, const struct image *image)
{
	unsigned count = count_changes(rom, kind, held, image);

	assert_true(count > 4);
	for (unsigned cut = 1; cut <= count; cut++) {
		if (cut < 20 || cut > count - 20 || cut % 29 == 0)
			cut_at(rom, kind, held, image, cut);
	}
}

static void no_power_cut_leaves_half_an_image(void **state)
{
	struct image none = make_image(3, 0), old = make_image(1, 9000), new = make_image(2, 9000), similar = make_image(1, 9000);
	static struct fakerom rom;

	(void)state;
	memset(similar.bytes + 7000, 'x', 100);
	for (size_t i = 0; i < KIND_COUNT; i++) {
		cut_everywhere(&rom, &kinds[i], &none, &new);
		cut_everywhere(&rom, &kinds[i], &old, &new);
		cut_everywhere(&rom, &kinds[i], &old, &similar);
	}
	free(none.bytes);
	free(old.bytes);
	free(new.bytes);
	free(similar.bytes);
}

static void a_lie_fails_the_verification(void **state)
{
	static const uint32_t places[] = {0, 2, 300, 4095, 4096, 12345, 19999};
	struct image image = make_image(1, 20000);
	struct romfs_deploy_result result;
	static struct fakerom rom;
	struct diag diag;
	char words[100];

	(void)state;
	for (size_t i = 0; i < KIND_COUNT * (sizeof(places) / sizeof(places[0])); i++) {
		make_rom(&rom, &kinds[i % KIND_COUNT]);
		rom.lies = true;
		rom.lie_at = places[i / KIND_COUNT];
		fakerom_start(&rom);
		assert_int_equal(deploy(&rom, &image, &result, &diag), -EBADMSG);
		assert_true(result.lied);
		snprintf(words, sizeof(words), "verification failed at offset %u:", rom.lie_at);
		assert_memory_equal(diag.text, words, strlen(words));
		assert_false(is_mounted(&rom));
		rom.lies = false;
		rom.bad = 0;
		succeeds(&rom, &image);
	}
	free(image.bytes);
}

static void a_header_that_cannot_be_destroyed_is_told(void **state)
{
	struct image old = make_image(1, 20000), new = make_image(2, 20000);
	struct romfs_deploy_result result;
	static struct fakerom rom;
	struct diag diag;

	(void)state;
	fakerom_init(&rom);
	succeeds(&rom, &old);
	rom.protected = true;
	fakerom_start(&rom);
	assert_int_equal(deploy(&rom, &new, &result, &diag), -EIO);
	assert_non_null(strstr(diag.text, "its old header is still there"));
	assert_true(holds(&rom, &old));
	free(old.bytes);
	free(new.bytes);
}

/* Erasing does nothing, and nothing is written into what is there. */
static void what_cannot_be_erased_stays_whole(void **state)
{
	static const uint32_t units[] = {0, 1, 4, 16, 256};
	struct image old = make_image(1, 20000), new = make_image(2, 20000);
	struct romfs_deploy_result result;
	static struct fakerom rom;
	struct diag diag;

	(void)state;
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		fakerom_init(&rom);
		rom.smallest = units[i];
		succeeds(&rom, &old);
		rom.stuck = true;
		fakerom_start(&rom);
		assert_int_equal(deploy(&rom, &new, &result, &diag), -EIO);
		assert_non_null(strstr(diag.text, "its old header is still there"));
		assert_true(result.unverified);
		assert_true(holds(&rom, &old));
	}
	free(old.bytes);
	free(new.bytes);
}

/* A bit of what was written is wrong, which its hash tells; and where, cannot be read. The board's error may be that of what it cannot. */
static void what_differs_and_cannot_be_read_is_not_verified(void **state)
{
	static const uint32_t places[] = {0, 300, 4096, 19999};
	static const int errors[] = {EIO, EOPNOTSUPP};
	struct image image = make_image(1, 20000);
	struct romfs_deploy_result result;
	static struct fakerom rom;
	struct diag diag;

	(void)state;
	for (size_t i = 0; i < 2 * (sizeof(places) / sizeof(places[0])); i++) {
		fakerom_init(&rom);
		rom.lies = true;
		rom.lie_at = places[i / 2];
		rom.read_error = errors[i % 2];
		rom.read_to = ROMFS_MAGIC_SIZE;
		fakerom_start(&rom);
		assert_int_equal(deploy(&rom, &image, &result, &diag), -EBADMSG);
		assert_true(result.lied);
		assert_non_null(strstr(diag.text, strerror(errors[i % 2])));
		assert_false(is_mounted(&rom));
	}
	free(image.bytes);
}

/* All was written, the header too, and then it could not be verified: the board must not start with it. */
static void what_was_not_verified_is_no_image(void **state)
{
	static const enum fakerom_end ends[] = {FAKEROM_INCOMPLETE, FAKEROM_UNREAD, FAKEROM_CUT_OFF};
	struct image old = make_image(1, 20000), new = make_image(2, 20000);
	struct romfs_deploy_result result;
	static struct fakerom rom;
	struct diag diag;

	(void)state;
	for (size_t i = 0; i < 3 * KIND_COUNT; i++) {
		make_rom(&rom, &kinds[i / 3]);
		succeeds(&rom, &old);
		fakerom_start(&rom);
		rom.completes = 0;
		rom.end = ends[i % 3];
		assert_int_equal(deploy(&rom, &new, &result, &diag), -EIO);
		assert_true(result.destroyed);
		assert_int_equal(result.unverified, rom.end == FAKEROM_CUT_OFF);
		assert_int_equal(is_mounted(&rom), rom.end == FAKEROM_CUT_OFF);
		if (rom.end != FAKEROM_CUT_OFF)
			assert_non_null(strstr(diag.text, "it cannot be"));
		rom.end = FAKEROM_WELL;
		succeeds(&rom, &new);
	}
	free(old.bytes);
	free(new.bytes);
}

/* What no flash erases at once takes no memory here. */
static void a_huge_erase_block_takes_no_memory(void **state)
{
	struct image image = make_image(1, 20000);
	struct romfs_deploy_result result;
	static struct fakerom rom;
	struct diag diag;

	(void)state;
	fakerom_init(&rom);
	fakerom_start(&rom);
	rom.target.erase_block = 1 << 30;
	largest = 0;
	assert_int_equal(deploy(&rom, &image, &result, &diag), 0);
	assert_true(holds(&rom, &image));
	assert_in_range(largest, image.size, 2 * image.size);
	free(image.bytes);
}

static void an_impossible_unit_is_refused(void **state)
{
	static const uint32_t units[] = {3, 48, 512, 4096, 1u << 30};
	struct image image = make_image(1, 20000);
	struct romfs_deploy_result result;
	static struct fakerom rom;
	struct diag diag;

	(void)state;
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		fakerom_init(&rom);
		rom.smallest = units[i];
		fakerom_start(&rom);
		assert_int_equal(deploy(&rom, &image, &result, &diag), -EIO);
		assert_non_null(strstr(diag.text, "which cannot be"));
	}
	free(image.bytes);
}

/* --- Progress --- */

struct watcher {
	size_t calls, done, total, stop_at;
};

static int watch(void *context, size_t done, size_t total)
{
	struct watcher *watcher = context;

	assert_true(done >= watcher->done && done <= total);
	watcher->done = done;
	watcher->total = total;
	return ++watcher->calls == watcher->stop_at;
}

static void progress_tells_what_is_to_be_written(void **state)
{
	struct image image = make_image(1, 50000);
	struct romfs_deploy_result result;
	struct watcher watcher = {0};
	static struct fakerom rom;
	struct diag diag;

	(void)state;
	fakerom_init(&rom);
	fakerom_start(&rom);
	assert_int_equal(romfs_deploy(&rom.target, image.bytes, image.size, watch, &watcher, &result, &diag), 0);
	assert_int_equal(watcher.total, image.size);
	assert_int_equal(watcher.done, image.size);
	free(image.bytes);
}

static void it_can_be_stopped_at_each_look(void **state)
{
	struct image old = make_image(1, 50000), image = make_image(2, 50000);
	struct romfs_deploy_result result;
	static struct fakerom rom;
	struct diag diag;
	int rc = -EINTR;

	(void)state;
	for (size_t i = 1; rc < 0; i++) {
		struct watcher watcher = {.stop_at = i};

		fakerom_init(&rom);
		succeeds(&rom, &old);
		fakerom_start(&rom);
		rc = romfs_deploy(&rom.target, image.bytes, image.size, watch, &watcher, &result, &diag);
		if (rc == 0)
			break;
		assert_int_equal(rc, -EINTR);
		assert_int_equal(is_mounted(&rom), !result.destroyed);
		assert_true(result.destroyed || holds(&rom, &old));
		succeeds(&rom, &image);
	}
	free(old.bytes);
	free(image.bytes);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_kind_takes_images_of_each_size),
		cmocka_unit_test(an_image_of_nothing),
		cmocka_unit_test(the_same_image_writes_nothing),
		cmocka_unit_test(equal_blocks_are_skipped),
		cmocka_unit_test(what_is_equal_by_chance_is_written),
		cmocka_unit_test(what_is_equal_by_chance_among_others_is_written),
		cmocka_unit_test(what_is_behind_the_image_stays),
		cmocka_unit_test(too_large_an_image_is_refused),
		cmocka_unit_test(no_power_cut_leaves_half_an_image),
		cmocka_unit_test(a_lie_fails_the_verification),
		cmocka_unit_test(a_header_that_cannot_be_destroyed_is_told),
		cmocka_unit_test(what_cannot_be_erased_stays_whole),
		cmocka_unit_test(what_differs_and_cannot_be_read_is_not_verified),
		cmocka_unit_test(what_was_not_verified_is_no_image),
		cmocka_unit_test(a_huge_erase_block_takes_no_memory),
		cmocka_unit_test(an_impossible_unit_is_refused),
		cmocka_unit_test(progress_tells_what_is_to_be_written),
		cmocka_unit_test(it_can_be_stopped_at_each_look),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
