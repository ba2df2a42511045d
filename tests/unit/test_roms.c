/* SPDX-License-Identifier: MIT */
/*
 * The ROM partitions of real MicroPythons by board_rom.h: both kinds, as small boards and old firmware have them, and as text. What is
 * in a partition is looked at in the file in which scripts/board keeps it.
 */
#include "board/board_rom_image.h"

#include <errno.h>
#include <setjmp.h>
#include <sha2.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "board/board_agent.h"
#include "romfs/romfs_check.h"
#include "romfs/romfs_writer.h"
#include "tests/unit/dice.h"
#include "tests/unit/real_board.h"

enum { SIZE = 128 << 10, BLOCK = 4096, TIMEOUT = 20000000, FILES = 200 };

struct variant {
	const char *name, *options;
	bool old, no_hash;
};

static const struct variant variants[] = {
	{.name = "two partitions", .options = "--roms 2"},
	{.name = "48k of memory", .options = "--roms 2 --heap 48k"},
	{.name = "without deflate", .options = "--roms 2 --hide deflate"},
	{.name = "without hashlib", .options = "--roms 2 --hide hashlib", .no_hash = true},
	{.name = "as esp8266", .options = "--roms 1 --old-rom --blocking-stdin", .old = true},
	{.name = "text", .options = "--roms 2 --hide stdin.buffer"},
	{.name = "text in 64k of memory", .options = "--roms 2 --hide stdin.buffer,binascii,deflate --blocking-stdin --heap 64k"},
};

static const struct variant *variant;

static struct {
	struct real_board real;
	struct board *board;
	uint8_t image[SIZE];
	size_t image_size;
	char log[4096];
} test;

static void note(void *context, int level, const char *text)
{
	size_t len = strlen(test.log);

	(void)context;
	(void)level;
	snprintf(test.log + len, sizeof(test.log) - len, "%s\n", text);
}

static void file_of(char path[256], unsigned number)
{
	snprintf(path, 256, "%s/flash.rom%u", test.real.dir, number);
}

static void put_into_file(unsigned number, const void *bytes, size_t len)
{
	static uint8_t all[SIZE];
	char path[256];

	memset(all, 0xff, sizeof(all));
	memcpy(all, bytes, len);
	file_of(path, number);
	FILE *file = fopen(path, "r+"); /* a board may have it in its memory */
	if (!file)
		file = fopen(path, "w");
	assert_non_null(file);
	assert_int_equal(fwrite(all, 1, sizeof(all), file), sizeof(all));
	fclose(file);
}

static void get_from_file(unsigned number, uint8_t bytes[SIZE])
{
	char path[256];

	file_of(path, number);
	FILE *file = fopen(path, "r");
	assert_non_null(file);
	assert_int_equal(fread(bytes, 1, SIZE, file), SIZE);
	fclose(file);
}

static void reach(void)
{
	struct board_agent_options about = {.timeout_us = TIMEOUT, .log = note};
	struct diag diag = {0};

	test.log[0] = 0;
	if (board_agent_open(&test.board, test.real.device, &about, &diag))
		fail_msg("%s", diag.text);
	assert_int_equal(board_agent_run(test.board), 0);
}

/* Many files in directories, some of them .mpy, one longer than a block, one at the end of a path that is deeper than most. */
static void make_image(void)
{
	static char names[FILES][16];
	static uint8_t text[20000];
	struct romfs_writer *writer;
	struct dice dice = {.state = 5};
	uint8_t *image;

	for (size_t i = 0; i < sizeof(text); i++)
		text[i] = i % 1000 < 500 ? (uint8_t)dice_roll(&dice, 256) : (uint8_t) "def f(x):\n\treturn x\n"[i % 20];
	memcpy(text, "M\6\3\37", 4);
	assert_int_equal(romfs_writer_open(&writer, false), 0);
	for (int deep = 0; deep < 20; deep++)
		assert_int_equal(romfs_writer_enter(writer, "deep"), 0);
	assert_int_equal(romfs_writer_add(writer, "bottom", "x", 1), 0);
	for (int deep = 0; deep < 20; deep++)
		assert_int_equal(romfs_writer_leave(writer), 0);
	assert_int_equal(romfs_writer_enter(writer, "lib"), 0);
	for (size_t i = 0; i < FILES; i++) {
		snprintf(names[i], sizeof(names[i]), "module%zu.%s", i, i % 2 ? "mpy" : "py");
		assert_int_equal(romfs_writer_add(writer, names[i], text, i == 100 ? sizeof(text) : 3 * i % 500), 0);
	}
	assert_int_equal(romfs_writer_leave(writer), 0);
	assert_int_equal(romfs_writer_add(writer, "main.py", "VALUE = 1\n", 10), 0);
	assert_int_equal(romfs_writer_finish(writer, &image, &test.image_size), 0);
	romfs_writer_close(writer);
	assert_true(test.image_size < SIZE);
	memset(test.image, 0xff, SIZE);
	memcpy(test.image, image, test.image_size);
	free(image);
}

static int open_board(void **state)
{
	(void)state;
	real_board_make(&test.real, variant->options);
	make_image();
	put_into_file(0, test.image, SIZE);
	put_into_file(1, test.image, SIZE);
	reach();
	return 0;
}

static int close_board(void **state)
{
	(void)state;
	board_close(test.board);
	real_board_remove(&test.real);
	return 0;
}

static unsigned partitions(void)
{
	int count = board_rom_count(test.board);

	assert_int_equal(count, variant->old ? 1 : 2);
	return (unsigned)count;
}

/* --- Reading --- */

static void each_is_what_it_is(void **state)
{
	struct board_partition partition;

	(void)state;
	assert_int_not_equal(board_rom_mpy(test.board) & 0xff, 0);
	for (unsigned number = 0; number < partitions(); number++) {
		assert_int_equal(board_rom_partition(test.board, number, &partition), 0);
		assert_int_equal(partition.is_memory, number % 2 == 0);
		assert_int_equal(partition.size, SIZE);
		assert_int_equal(partition.block_size, variant->old ? 0 : BLOCK);
	}
	assert_int_equal(board_rom_partition(test.board, partitions(), &partition), -ENXIO);
	assert_int_equal(board_rom_partition(test.board, 1000, &partition), -ENXIO);
}

static void reads_anywhere(void **state)
{
	static uint8_t buf[SIZE + 10];
	const struct {
		size_t offset, len, got;
	} ranges[] = {{0, SIZE, SIZE}, {0, SIZE + 10, SIZE}, {1, 3, 3},           {SIZE - 5, 10, 5},
		      {SIZE, 10, 0},   {SIZE + 100, 10, 0},  {12345, 9999, 9999}, {7, 0, 0}};

	(void)state;
	for (unsigned number = 0; number < partitions(); number++)
		for (size_t i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++) {
			assert_int_equal(board_rom_read(test.board, number, buf, ranges[i].len, ranges[i].offset), ranges[i].got);
			assert_memory_equal(buf, test.image + ranges[i].offset, ranges[i].got);
		}
	assert_int_equal(board_rom_read(test.board, 9, buf, 1, 0), -ENXIO);
}

static void check_hashes(unsigned number, size_t offset, size_t len, uint32_t block)
{
	static uint8_t hashes[SIZE / 256 + 1][BOARD_HASH_SIZE], expected[BOARD_HASH_SIZE];
	SHA2_CTX context;

	assert_int_equal(board_rom_hash(test.board, number, offset, len, block, hashes, BOARD_HASH_SIZE), 0);
	for (size_t at = 0, i = 0; at < len; at += block, i++) {
		SHA256Init(&context);
		SHA256Update(&context, test.image + offset + at, len - at < block ? len - at : block);
		SHA256Final(expected, &context);
		assert_memory_equal(hashes[i], expected, BOARD_HASH_SIZE);
	}
	memset(hashes, 0x55, sizeof(hashes));
	assert_int_equal(board_rom_hash(test.board, number, offset, len, block, hashes, 5), 0);
	for (size_t at = 0, i = 0; at < len; at += block, i++) {
		SHA256Init(&context);
		SHA256Update(&context, test.image + offset + at, len - at < block ? len - at : block);
		SHA256Final(expected, &context);
		assert_memory_equal(hashes[i], expected, 5);
		assert_int_equal(hashes[i][5], 0x55);
	}
}

static void hashes_blocks(void **state)
{
	uint8_t hash[1][BOARD_HASH_SIZE];

	(void)state;
	if (variant->no_hash) {
		assert_int_equal(board_rom_hash(test.board, 0, 0, 10, BLOCK, hash, sizeof(hash[0])), -EOPNOTSUPP);
		return;
	}
	for (unsigned number = 0; number < partitions(); number++) {
		check_hashes(number, 0, SIZE, BLOCK);
		check_hashes(number, 0, SIZE, SIZE);
		check_hashes(number, 256, SIZE - 300, 256);
		check_hashes(number, 3, 5, 100000);
	}
	assert_int_equal(board_rom_hash(test.board, 0, 0, 10, 0, hash, sizeof(hash[0])), -EINVAL);
	assert_int_equal(board_rom_hash(test.board, 0, 0, 10, BLOCK, hash, 0), -EINVAL);
	assert_int_equal(board_rom_hash(test.board, 0, 0, 10, BLOCK, hash, sizeof(hash[0]) + 1), -EINVAL);
}

/* --- Images --- */

static void note_mpy(void *context, const char *path, const struct mpy_header *header, const char *fault)
{
	(void)path;
	(void)fault;
	*(unsigned *)context += header->version == 6;
}

/* What romfs says of the SIZE bytes at BYTES. */
static void ask(const uint8_t *bytes, struct romfs_check *check, unsigned *good_mpy)
{
	struct romfs_reader reader;

	*good_mpy = 0;
	memset(check, 0, sizeof(*check));
	if (romfs_reader_open(&reader, bytes, SIZE, &check->fault) == 0 && romfs_check_records(check, &reader) == 0)
		romfs_check_bytecode(check, &reader, note_mpy, good_mpy);
}

static void same_is_said(unsigned number)
{
	static struct romfs_check whole, partly;
	static uint8_t bytes[SIZE];
	unsigned good, partly_good;
	struct board_rom_image image;

	assert_int_equal(board_rom_image_open(&image, test.board, number, true), 0);
	assert_int_equal(image.size, SIZE);
	get_from_file(number, bytes);
	ask(bytes, &whole, &good);
	ask(image.bytes, &partly, &partly_good);
	assert_memory_equal(&whole, &partly, sizeof(whole));
	assert_int_equal(good, partly_good);
	board_rom_image_close(&image);
}

static void an_image_comes_without_its_contents(void **state)
{
	struct board_rom_image image;
	struct romfs_check check;
	unsigned good;

	(void)state;
	for (unsigned number = 0; number < partitions(); number++) {
		same_is_said(number);
		assert_int_equal(board_rom_image_open(&image, test.board, number, true), 0);
		assert_false(image.empty);
		ask(image.bytes, &check, &good);
		assert_int_equal(check.files, FILES + 2);
		assert_null(check.fault.what && strcmp(check.path, "lib/module1.mpy") ? check.fault.what : NULL);
		board_rom_image_close(&image);
	}
	assert_int_equal(board_rom_image_open(&image, test.board, 7, true), -ENXIO);
	assert_null(image.bytes);
}

/* What comes at once is all that is needed: nothing has to be read for itself. */
static int count_bytes(void *context, uint64_t offset, const uint8_t *bytes, size_t len)
{
	size_t *count = context;

	assert_memory_equal(bytes, test.image + offset, len);
	*count += len;
	return 0;
}

static void records_are_small(void **state)
{
	size_t count = 0, with_code = 0;

	(void)state;
	assert_int_equal(board_rom_records(test.board, 0, false, count_bytes, &count), 0);
	assert_int_equal(board_rom_records(test.board, 0, true, count_bytes, &with_code), 0);
	assert_in_range(count, 17 * FILES, 21 * FILES);
	assert_in_range(with_code, count + 4 * (FILES / 2 - 10), count + 4 * FILES / 2);
}

static void damaged_images_are_told_as_such(void **state)
{
	struct dice dice = {.state = 7};
	static uint8_t bytes[SIZE];
	struct board_rom_image image;

	(void)state;
	for (int i = 0; i < 12; i++) {
		memcpy(bytes, test.image, SIZE);
		for (int hit = 0; hit < 5; hit++)
			bytes[dice_roll(&dice, i % 3 ? 3000 : (uint32_t)test.image_size)] = (uint8_t)dice_roll(&dice, 256);
		put_into_file(0, bytes, SIZE); /* which is the board's memory */
		same_is_said(0);
	}
	memset(bytes, 0xff, SIZE);
	for (int i = 0; i < 2; i++, memset(bytes, 0, SIZE)) {
		put_into_file(0, bytes, SIZE);
		assert_int_equal(board_rom_image_open(&image, test.board, 0, true), 0);
		assert_true(image.empty);
		board_rom_image_close(&image);
	}
	memset(bytes, 0x80, SIZE);
	memcpy(bytes, ROMFS_MAGIC, ROMFS_MAGIC_SIZE);
	put_into_file(0, bytes, SIZE);
	same_is_said(0);
}

/* --- Writing --- */

static uint32_t prepare(unsigned number, uint64_t offset, uint64_t len)
{
	int smallest = board_rom_prepare(test.board, number, offset, len);

	assert_in_range(smallest, 1, BLOCK);
	return (uint32_t)smallest;
}

static int write_bytes(unsigned number, uint64_t offset, const void *bytes, size_t len, uint32_t smallest)
{
	const struct board_rom_bytes what = {.offset = offset, .bytes = bytes, .len = len, .smallest = smallest};

	return board_rom_write(test.board, number, &what);
}

static void an_image_is_written(void **state)
{
	static uint8_t bytes[SIZE];

	(void)state;
	for (unsigned number = 0; number < partitions(); number++) {
		uint32_t smallest = prepare(number, 0, SIZE);
		get_from_file(number, bytes);
		for (size_t i = 0; i < SIZE; i++)
			assert_int_equal(bytes[i], 0xff);
		size_t half = test.image_size / 2 / BLOCK * BLOCK;
		assert_int_equal(write_bytes(number, half, test.image + half, test.image_size - half, smallest), 0);
		assert_int_equal(write_bytes(number, 0, test.image, half, smallest), 0);
		assert_int_equal(board_rom_complete(test.board, number), 0);
		get_from_file(number, bytes);
		assert_memory_equal(bytes, test.image, SIZE);
	}
}

static void one_block_is_written(void **state)
{
	static uint8_t bytes[SIZE], block[BLOCK], expected[SIZE];

	(void)state;
	memset(block, 'x', sizeof(block));
	memcpy(expected, test.image, SIZE);
	memcpy(expected + 3 * BLOCK, block, BLOCK);
	for (unsigned number = 0; number < partitions(); number++) {
		if (variant->old) {
			assert_int_equal(board_rom_prepare(test.board, number, 3 * BLOCK, BLOCK), -EINVAL);
			continue;
		}
		uint32_t smallest = prepare(number, 3 * BLOCK, BLOCK);
		assert_int_equal(write_bytes(number, 3 * BLOCK, block, BLOCK, smallest), 0);
		get_from_file(number, bytes);
		assert_memory_equal(bytes, expected, SIZE);
	}
}

static void what_leaves_a_partition_is_refused(void **state)
{
	uint8_t bytes[8] = {0};

	(void)state;
	for (unsigned number = 0; number < partitions(); number++) {
		assert_int_equal(board_rom_prepare(test.board, number, 0, SIZE + 1), -EINVAL);
		assert_int_equal(board_rom_prepare(test.board, number, SIZE, BLOCK), -EINVAL);
		assert_int_equal(board_rom_prepare(test.board, number, 100, BLOCK), -EINVAL);
		assert_int_equal(board_rom_prepare(test.board, number, 0, 0), -EINVAL);
		assert_int_equal(write_bytes(number, SIZE - 4, bytes, 8, 4), -EINVAL);
		assert_int_equal(write_bytes(number, 3, bytes, 4, 4), -EINVAL);
		assert_int_equal(write_bytes(number, 0, bytes, 4, 48), -EOPNOTSUPP);
	}
	assert_int_equal(board_rom_prepare(test.board, 5, 0, BLOCK), -ENXIO);
	assert_int_equal(write_bytes(5, 0, bytes, 4, 4), -ENXIO);
	assert_int_equal(board_rom_complete(test.board, 5), -ENXIO);
}

static int read_text(void *context, void *buf, size_t len, uint64_t offset)
{
	memcpy(buf, (const uint8_t *)context + offset, len);
	return 0;
}

/* Files and ROM partitions go through the same compressor. */
static void files_and_images_take_turns(void **state)
{
	static uint8_t bytes[SIZE], file[9000];
	const struct board_content content = {.size = sizeof(file), .read = read_text, .context = file};

	(void)state;
	for (size_t i = 0; i < sizeof(file); i++)
		file[i] = (uint8_t) "some text "[i % 10];
	uint32_t smallest = prepare(0, 0, test.image_size);
	for (size_t at = 0; at < 5 * BLOCK; at += BLOCK) {
		file[0]++;
		assert_int_equal(write_bytes(0, at, test.image + at, BLOCK, smallest), 0);
		assert_int_equal(board_replace(test.board, "/file", &content, NULL), 0);
		assert_int_equal(board_read(test.board, "/file", bytes, sizeof(file), 0), sizeof(file));
		assert_memory_equal(bytes, file, sizeof(file));
	}
	get_from_file(0, bytes);
	assert_memory_equal(bytes, test.image, 5 * BLOCK);
}

/* --- Mounted for the board's programs --- */

static void is_mounted_and_unmounted(void **state)
{
	struct board_stat stat;

	(void)state;
	assert_int_equal(board_stat(test.board, "/rom/main.py", &stat), 0);
	assert_int_equal(board_rom_umount(test.board, "/rom"), 1);
	assert_int_equal(board_rom_umount(test.board, "/rom"), 0);
	assert_int_equal(board_stat(test.board, "/rom/main.py", &stat), -ENOENT);
	assert_int_equal(board_rom_mount(test.board, 0, "/rom"), 0);
	assert_int_equal(board_stat(test.board, "/rom/main.py", &stat), 0);
	assert_int_equal(board_rom_mount(test.board, 0, "/rom"), -EBUSY);
	if (!variant->old) {
		assert_int_equal(board_rom_mount(test.board, 1, "/romfs1"), 0);
		assert_int_equal(board_stat(test.board, "/romfs1/lib/module3.mpy", &stat), 0);
	}
	prepare(0, 0, BLOCK);
	assert_int_equal(board_rom_umount(test.board, "/rom"), 1);
	assert_int_equal(board_rom_mount(test.board, 0, "/rom"), -ENODEV);
}

static int run_on(const struct variant *with)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(each_is_what_it_is, open_board, close_board),
		cmocka_unit_test_setup_teardown(reads_anywhere, open_board, close_board),
		cmocka_unit_test_setup_teardown(hashes_blocks, open_board, close_board),
		cmocka_unit_test_setup_teardown(an_image_comes_without_its_contents, open_board, close_board),
		cmocka_unit_test_setup_teardown(records_are_small, open_board, close_board),
		cmocka_unit_test_setup_teardown(damaged_images_are_told_as_such, open_board, close_board),
		cmocka_unit_test_setup_teardown(an_image_is_written, open_board, close_board),
		cmocka_unit_test_setup_teardown(one_block_is_written, open_board, close_board),
		cmocka_unit_test_setup_teardown(what_leaves_a_partition_is_refused, open_board, close_board),
		cmocka_unit_test_setup_teardown(files_and_images_take_turns, open_board, close_board),
		cmocka_unit_test_setup_teardown(is_mounted_and_unmounted, open_board, close_board),
	};

	variant = with;
	fprintf(stderr, "--- %s\n", with->name);
	return cmocka_run_group_tests(tests, NULL, NULL);
}

static void none_of_them(void **state)
{
	struct board_partition partition;

	(void)state;
	real_board_make(&test.real, "--roms 0");
	reach();
	assert_int_equal(board_rom_count(test.board), 0);
	assert_int_equal(board_rom_partition(test.board, 0, &partition), -ENXIO);
	close_board(NULL);
	real_board_make(&test.real, "");
	reach();
	assert_int_equal(board_rom_count(test.board), -EOPNOTSUPP);
	assert_int_equal(board_rom_partition(test.board, 0, &partition), -EOPNOTSUPP);
	assert_int_equal(board_rom_umount(test.board, "/rom"), -EOPNOTSUPP);
	close_board(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(none_of_them)};
	int failed = 0;

	if (!real_board_there())
		return 77;
	for (size_t i = 0; i < sizeof(variants) / sizeof(variants[0]); i++)
		failed += run_on(&variants[i]);
	return failed + cmocka_run_group_tests(tests, NULL, NULL);
}
