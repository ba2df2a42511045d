/* SPDX-License-Identifier: MIT */
/*
 * board_roms over a board that is made here: what it shows of the partitions, what it asks for and how often, and what it believes of a
 * board that was away. What real boards have in theirs is in test_roms.c.
 */
#include "board/board_roms.h"

#include <errno.h>
#include <setjmp.h>
#include <sha2.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "board/board_rom_image.h"
#include "romfs/romfs_writer.h"

enum { SIZE = 1 << 16, PARTITIONS = 2 };

/* The board below: two partitions, and entries at its top. */
static struct {
	struct board base;
	struct board *roms;
	uint8_t partition[PARTITIONS][SIZE];
	int count;        /* what board_rom_count says */
	const char *root; /* of board_info */
	unsigned session;
	unsigned images, reads, hashes; /* requests */
	size_t bytes;                   /* that were read */
	bool no_hash;
	int fails;           /* with what a request fails; 0: none */
	bool silent_records; /* it sends no records by itself */
	bool lies;           /* it sends records that leave the partition */
	bool reset_in_read;  /* it is reset, with another image in partition 0, while it is read */
	char log[2000];
	char changed[64]; /* the last path that was changed below */
} under;

static int below_stat(struct board *board, const char *path, struct board_stat *out)
{
	(void)board;
	*out = (struct board_stat){.size = 4, .is_dir = !strcmp(path, "/rom") || !strcmp(path, "/")};
	return 0;
}

static int below_list(struct board *board, const char *path, board_entry_fn *each, void *context)
{
	static const char *const names[] = {"boot.py", "rom", "romfs0", "romfs00", "romfs2", "romfs"};
	const struct board_stat stat = {.size = 4};
	int rc = 0;

	(void)board;
	(void)path;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]) && rc == 0; i++)
		rc = each(context, names[i], &stat);
	return rc;
}

static ssize_t below_read(struct board *board, const char *path, void *buf, size_t len, uint64_t offset)
{
	(void)board;
	(void)path;
	(void)offset;
	memset(buf, 'b', len);
	return (ssize_t)len;
}

static int below_change(struct board *board, const char *path)
{
	(void)board;
	snprintf(under.changed, sizeof(under.changed), "%s", path);
	return 0;
}

static int below_rename(struct board *board, const char *from, const char *to, bool noreplace)
{
	(void)to;
	(void)noreplace;
	return below_change(board, from);
}

static size_t below_top(struct board *board, const char *path)
{
	(void)board;
	return strncmp(path, "/rom/", 5) ? 1 : 5;
}

static int below_statfs(struct board *board, const char *path, struct board_statfs *out)
{
	(void)board;
	(void)path;
	*out = (struct board_statfs){.block_size = 4096, .blocks = 77, .name_max = 255};
	return 0;
}

static const struct board_info *below_info(struct board *board)
{
	static struct board_info info;

	(void)board;
	info = (struct board_info){.device = "/dev/board", .root = under.root};
	return &info;
}

static unsigned below_session(struct board *board)
{
	(void)board;
	return under.session;
}

static void below_close(struct board *board)
{
	(void)board;
}

static int rom_count(struct board *board)
{
	(void)board;
	return under.count;
}

static int rom_partition(struct board *board, unsigned number, struct board_partition *out)
{
	(void)board;
	assert_true(number < PARTITIONS);
	*out = (struct board_partition){.is_memory = true, .size = SIZE, .block_size = 4096};
	return under.fails;
}

static ssize_t rom_read(struct board *board, unsigned number, void *buf, size_t len, uint64_t offset)
{
	(void)board;
	assert_true(offset <= SIZE && len <= SIZE - offset);
	under.reads++;
	under.bytes += len;
	if (under.reset_in_read) {
		under.reset_in_read = false;
		under.session++;
		memcpy(under.partition[0], under.partition[1], SIZE);
	}
	memcpy(buf, under.partition[number] + offset, len);
	return under.fails ? under.fails : (ssize_t)len;
}

static int rom_records(struct board *board, unsigned number, bool bytecode, board_rom_piece_fn *each, void *context)
{
	(void)board;
	(void)bytecode;
	under.images++;
	if (under.silent_records)
		return under.fails;
	/* More than is needed is no harm. */
	int rc = each(context, 0, under.partition[number], 40);
	if (rc == 0 && under.lies)
		rc = each(context, SIZE - 2, (const uint8_t *)"xxxx", 4);
	return under.fails ? under.fails : rc;
}

static int rom_hash(struct board *board, unsigned number, uint64_t offset, uint64_t len, uint32_t block,
		    uint8_t (*hashes)[BOARD_HASH_SIZE], size_t size)
{
	SHA2_CTX context;

	(void)board;
	under.hashes++;
	assert_int_equal(size, BOARD_HASH_SIZE);
	assert_int_equal(block, len);
	if (under.no_hash)
		return -EOPNOTSUPP;
	SHA256Init(&context);
	SHA256Update(&context, under.partition[number] + offset, len);
	SHA256Final(hashes[0], &context);
	return under.fails;
}

static const struct board_rom_ops rom_ops = {
	.count = rom_count, .partition = rom_partition, .read = rom_read, .records = rom_records, .hash = rom_hash};

static const struct board_ops below_ops = {
	.stat = below_stat,
	.list = below_list,
	.read = below_read,
	.mkdir = below_change,
	.rmdir = below_change,
	.remove = below_change,
	.rename = below_rename,
	.top = below_top,
	.statfs = below_statfs,
	.info = below_info,
	.session = below_session,
	.rom = &rom_ops,
	.close = below_close,
};

/* --- Words for the tests --- */

static void note(void *context, int level, const char *text)
{
	size_t len = strlen(under.log);

	(void)context;
	(void)level;
	snprintf(under.log + len, sizeof(under.log) - len, "%s\n", text);
}

static char large[9000];

/* An image with TEXT as the content of "lib/a.py", and a large file. */
static void put_image(unsigned number, const char *text)
{
	struct romfs_writer *writer;
	uint8_t *image;
	size_t size;

	memset(large, 'l', sizeof(large));
	assert_int_equal(romfs_writer_open(&writer, false), 0);
	assert_int_equal(romfs_writer_enter(writer, "lib"), 0);
	assert_int_equal(romfs_writer_add(writer, "a.py", text, strlen(text)), 0);
	assert_int_equal(romfs_writer_leave(writer), 0);
	assert_int_equal(romfs_writer_add(writer, "large", large, sizeof(large)), 0);
	assert_int_equal(romfs_writer_finish(writer, &image, &size), 0);
	romfs_writer_close(writer);
	memset(under.partition[number], 0xff, SIZE);
	memcpy(under.partition[number], image, size);
	free(image);
}

static void open_roms(bool hide)
{
	const struct board_roms_options options = {.hide = hide, .log = note};

	assert_int_equal(board_roms_open(&under.roms, &under.base, &options), 0);
}

static int set_up(void **state)
{
	(void)state;
	memset(&under, 0, sizeof(under));
	under.base.ops = &below_ops;
	under.count = PARTITIONS;
	under.root = "";
	put_image(0, "zero");
	put_image(1, "one!");
	open_roms(false);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	board_close(under.roms);
	return 0;
}

static int add_name(void *context, const char *name, const struct board_stat *stat)
{
	strcat(strcat(context, name), stat->is_dir ? "/ " : " ");
	return 0;
}

static void lists(const char *path, const char *expected)
{
	char names[200] = "";

	assert_int_equal(board_list(under.roms, path, add_name, names), 0);
	assert_string_equal(names, expected);
}

static void reads(const char *path, const char *expected)
{
	char buf[200] = "";

	assert_int_equal(board_read(under.roms, path, buf, sizeof(buf) - 1, 0), strlen(expected));
	assert_string_equal(buf, expected);
}

static int64_t mtime_of(const char *path)
{
	struct board_stat stat;

	assert_int_equal(board_stat(under.roms, path, &stat), 0);
	return stat.mtime;
}

/* --- What is there --- */

static void partitions_are_directories_at_the_top(void **state)
{
	struct board_stat stat;
	char first;

	(void)state;
	lists("/", "boot.py rom romfs00 romfs2 romfs romfs0/ romfs1/ ");
	assert_int_equal(board_stat(under.roms, "/romfs0", &stat), 0);
	assert_true(stat.is_dir);
	assert_int_equal(under.images, 0); /* for that nobody is asked */
	lists("/romfs0", "large lib/ ");
	lists("/romfs1/lib", "a.py ");
	reads("/romfs0/lib/a.py", "zero");
	reads("/romfs1/lib/a.py", "one!");
	assert_int_equal(board_stat(under.roms, "/romfs0/nothing", &stat), -ENOENT);
	assert_int_equal(board_stat(under.roms, "/romfs0/large/x", &stat), -ENOTDIR);
	assert_int_equal(board_stat(under.roms, "/romfs0/large", &stat), 0);
	assert_int_equal(stat.size, sizeof(large));
	assert_int_equal(board_read(under.roms, "/romfs0/lib", &stat, 1, 0), -EISDIR);
	assert_int_equal(board_stat(under.roms, "/romfs2", &stat), 0); /* of the board below */
	assert_false(stat.is_dir);
	assert_int_equal(board_read(under.roms, "/romfs00", &first, 1, 0), 1);
	assert_int_equal(first, 'b');
}

static void there_are_none_under_another_root(void **state)
{
	(void)state;
	under.root = "/flash";
	lists("/", "boot.py rom romfs0 romfs00 romfs2 romfs ");
	under.root = "";
	under.count = -EOPNOTSUPP;
	lists("/", "boot.py rom romfs0 romfs00 romfs2 romfs ");
	assert_int_equal(board_mkdir(under.roms, "/romfs0"), 0);
	assert_string_equal(under.changed, "/romfs0");
}

static void hidden_they_are_not_there(void **state)
{
	struct board_stat stat;
	char buf[4];

	(void)state;
	board_close(under.roms);
	open_roms(true);
	lists("/", "boot.py romfs0 romfs00 romfs2 romfs ");
	assert_int_equal(board_stat(under.roms, "/rom", &stat), -ENOENT);
	assert_int_equal(board_stat(under.roms, "/rom/x", &stat), -ENOENT);
	assert_int_equal(board_list(under.roms, "/rom", add_name, buf), -ENOENT);
	assert_int_equal(board_read(under.roms, "/rom/x", buf, 1, 0), -ENOENT);
	assert_int_equal(board_mkdir(under.roms, "/rom"), -EROFS);
	assert_int_equal(board_stat(under.roms, "/rome", &stat), 0);
	under.count = 0; /* then it is a directory as any */
	assert_int_equal(board_stat(under.roms, "/rom", &stat), 0);
}

static void nothing_can_be_changed(void **state)
{
	static const char *const paths[] = {"/romfs0", "/romfs1", "/romfs0/x", "/romfs0/lib/a.py"};
	struct board_content content = {0};

	(void)state;
	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		assert_true(board_is_fixed(under.roms, paths[i]));
		assert_int_equal(board_mkdir(under.roms, paths[i]), -EROFS);
		assert_int_equal(board_rmdir(under.roms, paths[i]), -EROFS);
		assert_int_equal(board_remove(under.roms, paths[i]), -EROFS);
		assert_int_equal(board_may_make(under.roms, paths[i]), -EROFS);
		assert_int_equal(board_replace(under.roms, paths[i], &content, NULL), -EROFS);
		assert_int_equal(board_append(under.roms, paths[i], &content, 0, NULL), -EROFS);
	}
	assert_int_equal(board_rename(under.roms, "/romfs0/x", "/romfs0/y", false), -EROFS);
	assert_int_equal(board_rename(under.roms, "/romfs0/x", "/y", false), -EXDEV);
	assert_int_equal(board_rename(under.roms, "/y", "/romfs0/y", false), -EXDEV);
	assert_int_equal(board_rename(under.roms, "/romfs0/x", "/romfs1/x", false), -EXDEV);
	assert_int_equal(board_rename(under.roms, "/romfs0", "/y", false), -EROFS);
	assert_string_equal(under.changed, "");
	assert_int_equal(board_rename(under.roms, "/x", "/romfs2", false), 0);
	assert_false(board_is_fixed(under.roms, "/x"));
	assert_false(board_is_fixed(under.roms, "/romfs2"));
}

static void each_is_a_file_system(void **state)
{
	struct board_statfs statfs;

	(void)state;
	assert_int_equal(board_top(under.roms, "/romfs0/lib/a.py"), 8);
	assert_int_equal(board_top(under.roms, "/romfs0"), 1);
	assert_int_equal(board_top(under.roms, "/boot.py"), 1);
	assert_int_equal(board_statfs(under.roms, "/romfs0", &statfs), 0);
	assert_int_equal(statfs.block_size * statfs.blocks, SIZE);
	assert_in_range((statfs.blocks - statfs.blocks_free) * statfs.block_size, 9000, 9600);
	assert_int_equal(board_statfs(under.roms, "/", &statfs), 0);
	assert_int_equal(statfs.blocks, 77);
}

static void content_is_read_once(void **state)
{
	static char buf[sizeof(large)];

	(void)state;
	assert_int_equal(board_read(under.roms, "/romfs0/large", buf, 100, 5000), 100);
	assert_in_range(under.bytes, 100, 300);
	assert_int_equal(board_read(under.roms, "/romfs0/large", buf, sizeof(buf) + 100, 0), sizeof(buf));
	assert_memory_equal(buf, large, sizeof(buf));
	unsigned before = under.reads;
	memset(buf, 0, sizeof(buf));
	assert_int_equal(board_read(under.roms, "/romfs0/large", buf, sizeof(buf), 0), sizeof(buf));
	assert_memory_equal(buf, large, sizeof(buf));
	assert_int_equal(under.reads, before);
	assert_int_equal(under.images, 1);
}

/* --- What makes no sense --- */

static void an_empty_partition_is_an_empty_directory(void **state)
{
	struct board_statfs statfs;

	(void)state;
	memset(under.partition[0], 0xff, SIZE);
	memset(under.partition[1], 0, SIZE);
	lists("/romfs0", "");
	lists("/romfs1", "");
	assert_int_equal(board_statfs(under.roms, "/romfs0", &statfs), 0);
	assert_int_equal(statfs.blocks, statfs.blocks_free);
	assert_string_equal(under.log, "");
}

static void a_damaged_image_says_so(void **state)
{
	const char *words =
		"ROM partition 1: the image is damaged: at offset 0: this is no ROM image: it does not begin with d2 cd 31";
	struct board_stat stat;
	char buf[300] = "";

	(void)state;
	under.partition[1][0] = 'x';
	lists("/romfs1", "ERROR.txt ");
	lists("/romfs1", "ERROR.txt ");
	assert_true(board_read(under.roms, "/romfs1/ERROR.txt", buf, sizeof(buf) - 1, 0) > 0);
	assert_memory_equal(buf, words, strlen(words));
	assert_int_equal(board_stat(under.roms, "/romfs1/ERROR.txt", &stat), 0);
	assert_int_equal(stat.size, strlen(buf));
	assert_int_equal(board_read(under.roms, "/romfs1/ERROR.txt", buf, 10, stat.size), 0);
	assert_int_equal(board_stat(under.roms, "/romfs1/lib", &stat), -ENOENT);
	assert_memory_equal(under.log, "/dev/board: ", 12);
	assert_memory_equal(under.log + 12, words, strlen(words));
	assert_null(strstr(under.log + 20, "/dev/board")); /* once */
	lists("/romfs0", "large lib/ ");
}

static void a_damaged_image_does_not_write_to_a_terminal(void **state)
{
	/* A file "a\n\033[m" without data. */
	static const uint8_t image[] = {0xd2, 0xcd, 0x31, 0x08, 0x05, 0x06, 0x05, 'a', '\n', '\033', '[', 'm'};
	char buf[300] = "";

	(void)state;
	memcpy(under.partition[1], image, sizeof(image));
	assert_true(board_read(under.roms, "/romfs1/ERROR.txt", buf, sizeof(buf) - 1, 0) > 0);
	assert_non_null(strstr(buf, "at offset 4 in a??[m: "));
	assert_non_null(strstr(under.log, "at offset 4 in a??[m: "));
}

static void a_board_that_sends_no_records_is_read(void **state)
{
	(void)state;
	under.silent_records = true;
	lists("/romfs0", "large lib/ ");
	reads("/romfs0/lib/a.py", "zero");
}

static void a_board_that_lies_is_an_error(void **state)
{
	char names[100] = "";

	(void)state;
	under.lies = true;
	assert_int_equal(board_list(under.roms, "/romfs0", add_name, names), -EIO);
	under.lies = false;
	lists("/romfs0", "large lib/ ");
}

static void a_board_that_fails_is_an_error(void **state)
{
	char names[100] = "";

	(void)state;
	under.fails = -EIO;
	assert_int_equal(board_list(under.roms, "/romfs0", add_name, names), -EIO);
	lists("/", "boot.py rom romfs00 romfs2 romfs romfs0/ romfs1/ ");
	under.fails = 0;
	lists("/romfs0", "large lib/ ");
	under.fails = -EIO;
	assert_int_equal(board_read(under.roms, "/romfs0/large", names, 10, 8000), -EIO);
	under.fails = 0;
	assert_int_equal(board_read(under.roms, "/romfs0/large", names, 10, 8000), 10);
}

/* --- Away and back --- */

static void what_is_the_same_is_kept(void **state)
{
	(void)state;
	reads("/romfs0/lib/a.py", "zero");
	unsigned before = under.reads;
	under.session++;
	reads("/romfs0/lib/a.py", "zero");
	assert_int_equal(under.reads, before);
	assert_int_equal(under.images, 2);
	assert_in_range(under.hashes, 0, 3);
	assert_int_equal(mtime_of("/romfs0/lib/a.py"), 0);
	under.session++;
	under.fails = -EIO;
	char buf[10];
	assert_int_equal(board_read(under.roms, "/romfs0/lib/a.py", buf, 4, 0), -EIO);
	under.fails = 0;
	reads("/romfs0/lib/a.py", "zero");
	assert_int_equal(mtime_of("/romfs0"), 0);
}

static void what_is_another_is_seen(void **state)
{
	(void)state;
	reads("/romfs0/lib/a.py", "zero");
	put_image(0, "ZERO"); /* of the same size, and all records are the same */
	reads("/romfs0/lib/a.py", "zero");
	under.session++;
	reads("/romfs0/lib/a.py", "ZERO");
	assert_true(mtime_of("/romfs0/lib/a.py") > 1000000000);
	put_image(0, "longer");
	under.session++;
	reads("/romfs0/lib/a.py", "longer");
	memset(under.partition[0], 0xff, SIZE);
	under.session++;
	lists("/romfs0", "");
}

static void without_hashes_content_is_not_believed(void **state)
{
	static char buf[sizeof(large)];

	(void)state;
	under.no_hash = true;
	assert_int_equal(board_read(under.roms, "/romfs0/large", buf, 100, 5000), 100);
	under.session++;
	assert_true(mtime_of("/romfs0/large") > 1000000000);
	unsigned before = under.reads;
	assert_int_equal(board_read(under.roms, "/romfs0/large", buf, 100, 5000), 100);
	assert_true(under.reads > before);
	under.session++;
	assert_true(mtime_of("/romfs0/large") > 1000000000);
}

static void a_reset_in_the_middle_of_a_read_mixes_nothing(void **state)
{
	(void)state;
	put_image(1, "ONE!"); /* as long as what is in the other */
	lists("/romfs0/lib", "a.py ");
	under.silent_records = true; /* so that the content has to be read */
	under.session++;
	lists("/romfs0/lib", "a.py ");
	under.reset_in_read = true;
	char buf[sizeof(large)];
	assert_int_equal(board_read(under.roms, "/romfs0/large", buf, 10, 8000), 10);
	reads("/romfs0/lib/a.py", "ONE!");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(partitions_are_directories_at_the_top, set_up, tear_down),
		cmocka_unit_test_setup_teardown(there_are_none_under_another_root, set_up, tear_down),
		cmocka_unit_test_setup_teardown(hidden_they_are_not_there, set_up, tear_down),
		cmocka_unit_test_setup_teardown(nothing_can_be_changed, set_up, tear_down),
		cmocka_unit_test_setup_teardown(each_is_a_file_system, set_up, tear_down),
		cmocka_unit_test_setup_teardown(content_is_read_once, set_up, tear_down),
		cmocka_unit_test_setup_teardown(an_empty_partition_is_an_empty_directory, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_damaged_image_says_so, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_damaged_image_does_not_write_to_a_terminal, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_board_that_sends_no_records_is_read, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_board_that_lies_is_an_error, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_board_that_fails_is_an_error, set_up, tear_down),
		cmocka_unit_test_setup_teardown(what_is_the_same_is_kept, set_up, tear_down),
		cmocka_unit_test_setup_teardown(what_is_another_is_seen, set_up, tear_down),
		cmocka_unit_test_setup_teardown(without_hashes_content_is_not_believed, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_reset_in_the_middle_of_a_read_mixes_nothing, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
