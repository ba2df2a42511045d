/* SPDX-License-Identifier: MIT */
#include "board/board_image.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "romfs/romfs_check.h"
#include "tests/unit/hand_image.h"

static struct hand hand;
static char path[] = "/tmp/test_board_image.XXXXXX";
static struct board *board;
static struct diag diag;

static void (*on_check)(void);

int __real_romfs_check_records(struct romfs_check *check, const struct romfs_reader *reader);
int __wrap_romfs_check_records(struct romfs_check *check, const struct romfs_reader *reader);

/* The image is mapped, and its names are about to be read. */
int __wrap_romfs_check_records(struct romfs_check *check, const struct romfs_reader *reader)
{
	if (on_check)
		on_check();
	return __real_romfs_check_records(check, reader);
}

static int make_file(void **state)
{
	(void)state;
	strcpy(path + strlen(path) - 6, "XXXXXX");
	close(mkstemp(path));
	return 0;
}

static int remove_file(void **state)
{
	(void)state;
	board_close(board);
	board = NULL;
	on_check = NULL;
	unlink(path);
	return 0;
}

static void save(void)
{
	FILE *file = fopen(path, "wbe");

	assert_non_null(file);
	assert_int_equal(fwrite(hand.bytes, 1, hand.len, file), hand.len);
	assert_int_equal(fclose(file), 0);
}

/* boot.py, lib/ with a.py and net/web.py, lib.py: "lib" and what begins with it must not be mixed up. */
static void save_good(void)
{
	size_t image = hand_begin_image(&hand), lib, net;

	hand_file(&hand, "lib.py", "not in lib");
	hand_file(&hand, "boot.py", "print('boot')");
	lib = hand_begin_named(&hand, ROMFS_DIRECTORY, "lib");
	net = hand_begin_named(&hand, ROMFS_DIRECTORY, "net");
	hand_file(&hand, "web.py", "web");
	hand_end(&hand, net);
	hand_file(&hand, "a.py", "");
	hand_file(&hand, "b", "B");
	hand_end(&hand, lib);
	hand_file(&hand, "li", "shorter");
	hand_end_image(&hand, image);
	save();
}

static int note_entry(void *context, const char *name, const struct board_stat *stat)
{
	char *seen = context;

	sprintf(seen + strlen(seen), "%s%s:%u ", name, stat->is_dir ? "/" : "", (unsigned)stat->size);
	return 0;
}

static void lists(const char *dir, const char *expected)
{
	char seen[500] = "";

	assert_int_equal(board_list(board, dir, note_entry, seen), 0);
	assert_string_equal(seen, expected);
}

static void reads(const char *file, const char *expected)
{
	char buf[100];
	ssize_t n = board_read(board, file, buf, sizeof(buf), 0);

	assert_int_equal(n, strlen(expected));
	assert_memory_equal(buf, expected, strlen(expected));
}

static void files_and_directories(void **state)
{
	struct board_stat stat;
	char buf[10];

	(void)state;
	save_good();
	assert_int_equal(board_image_open(&board, path, NULL, false, &diag), 0);
	lists("/", "boot.py:13 li:7 lib/:0 lib.py:10 ");
	lists("/lib", "a.py:0 b:1 net/:0 ");
	lists("/lib/net", "web.py:3 ");
	reads("/boot.py", "print('boot')");
	reads("/lib/net/web.py", "web");
	reads("/lib/a.py", "");
	reads("/li", "shorter");
	reads("/lib.py", "not in lib");
	assert_int_equal(board_read(board, "/boot.py", buf, 5, 6), 5);
	assert_memory_equal(buf, "'boot", 5);
	assert_int_equal(board_read(board, "/boot.py", buf, 10, 10), 3);
	assert_int_equal(board_read(board, "/boot.py", buf, 10, 13), 0);
	assert_int_equal(board_read(board, "/boot.py", buf, 10, UINT64_MAX), 0);
	assert_int_equal(board_stat(board, "/lib", &stat), 0);
	assert_true(stat.is_dir);
	assert_int_equal(board_stat(board, "/lib/b", &stat), 0);
	assert_int_equal(stat.size, 1);
	assert_true(stat.mtime > 1000000000);
}

static void what_is_not_there(void **state)
{
	struct board_stat stat;
	char buf[10];

	(void)state;
	save_good();
	assert_int_equal(board_image_open(&board, path, NULL, false, &diag), 0);
	assert_int_equal(board_stat(board, "/l", &stat), -ENOENT);
	assert_int_equal(board_stat(board, "/lib/", &stat), 0);
	assert_int_equal(board_stat(board, "/libx", &stat), -ENOENT);
	assert_int_equal(board_stat(board, "/zzz", &stat), -ENOENT);
	assert_int_equal(board_stat(board, "/lib/web.py", &stat), -ENOENT);
	assert_int_equal(board_stat(board, "/boot.py/x", &stat), -ENOTDIR);
	assert_int_equal(board_list(board, "/boot.py", note_entry, buf), -ENOTDIR);
	assert_int_equal(board_list(board, "/nothing", note_entry, buf), -ENOENT);
	assert_int_equal(board_read(board, "/lib", buf, 1, 0), -EISDIR);
	assert_int_equal(board_read(board, "/", buf, 1, 0), -EISDIR);
	assert_int_equal(board_read(board, "/nothing", buf, 1, 0), -ENOENT);
}

static void nothing_changes(void **state)
{
	const struct board_content content = {.size = 0};
	struct board_statfs statfs;

	(void)state;
	save_good();
	assert_int_equal(board_image_open(&board, path, NULL, false, &diag), 0);
	assert_true(board_info(board)->read_only);
	assert_string_equal(board_info(board)->warning, "");
	assert_string_equal(board_info(board)->device, path);
	assert_string_equal(board_info(board)->root, "");
	assert_int_equal(board_replace(board, "/x", &content, NULL), -EROFS);
	assert_int_equal(board_append(board, "/boot.py", &content, 0, NULL), -EROFS);
	assert_int_equal(board_mkdir(board, "/x"), -EROFS);
	assert_int_equal(board_rmdir(board, "/lib"), -EROFS);
	assert_int_equal(board_remove(board, "/boot.py"), -EROFS);
	assert_int_equal(board_rename(board, "/boot.py", "/x", false), -EROFS);
	assert_int_equal(board_statfs(board, "/", &statfs), 0);
	assert_int_equal(statfs.blocks, (hand.len + 511) / 512);
	assert_int_equal(statfs.blocks_free, 0);
	assert_int_equal(statfs.name_max, 255);
}

static void another_top(void **state)
{
	(void)state;
	save_good();
	assert_int_equal(board_image_open(&board, path, "/lib/net", false, &diag), 0);
	lists("/", "web.py:3 ");
	reads("/web.py", "web");
	board_close(board);
	assert_int_equal(board_image_open(&board, path, "/", false, &diag), 0);
	reads("/lib/b", "B");
	board_close(board);
	assert_int_equal(board_image_open(&board, path, "/lib/b", false, &diag), -ENOTDIR);
	assert_null(board);
	assert_int_equal(board_image_open(&board, path, "/nowhere", false, &diag), -ENOENT);
	assert_non_null(strstr(diag.text, "/nowhere"));
}

static void damaged_images(void **state)
{
	struct board_stat stat;
	size_t image = hand_begin_image(&hand), lib;

	(void)state;
	hand_file(&hand, "twin", "first");
	lib = hand_begin_named(&hand, ROMFS_DIRECTORY, "lib");
	hand_end(&hand, hand_begin_named(&hand, ROMFS_FILE, "no data"));
	hand_file(&hand, "..", "evil");
	hand_file(&hand, "good", "good");
	hand_put(&hand, "\0\0", 2);
	hand_file(&hand, "lost", "behind the damage");
	hand_end(&hand, lib);
	hand_file(&hand, "twin", "second");
	hand_end_image(&hand, image);
	save();
	assert_int_equal(board_image_open(&board, path, NULL, false, &diag), -EBADMSG);
	assert_null(board);
	assert_non_null(strstr(diag.text, path));
	assert_non_null(strstr(diag.text, "offset"));
	assert_non_null(strstr(diag.text, "lib/no data: a file has no data record"));
	assert_non_null(strstr(diag.text, "-o force"));
	assert_int_equal(board_image_open(&board, path, NULL, true, &diag), 0);
	assert_non_null(strstr(board_info(board)->warning, "no data record"));
	lists("/", "lib/:0 twin:5 ");
	lists("/lib", "good:4 ");
	reads("/twin", "first");
	assert_int_equal(board_stat(board, "/lib/lost", &stat), -ENOENT);
	board_close(board);
	board = NULL;
	hand.bytes[0] = 'x';
	save();
	assert_int_equal(board_image_open(&board, path, NULL, true, &diag), -EBADMSG);
	assert_non_null(strstr(diag.text, "at offset 0: this is no ROM image"));
	hand.len = 0;
	save();
	assert_int_equal(board_image_open(&board, path, NULL, true, &diag), -EBADMSG);
	assert_non_null(strstr(diag.text, "at offset 0: this is no ROM image: it is empty"));
}

/* An image that was cut anywhere: what is whole of it is there, and its content right. */
static void cut_images(void **state)
{
	struct board_stat stat;
	size_t len;

	(void)state;
	save_good();
	len = hand.len;
	for (hand.len = 8; hand.len < len; hand.len++) {
		save();
		assert_int_equal(board_image_open(&board, path, NULL, false, &diag), -EBADMSG);
		assert_non_null(strstr(diag.text, "at offset 3: the image is cut short"));
		assert_non_null(strstr(diag.text, "-o force"));
		assert_int_equal(board_image_open(&board, path, NULL, true, &diag), 0);
		assert_non_null(strstr(board_info(board)->warning, "bytes are there. What is whole of it is here"));
		if (board_stat(board, "/lib.py", &stat) == 0)
			reads("/lib.py", "not in lib");
		if (board_stat(board, "/lib/net/web.py", &stat) == 0)
			reads("/lib/net/web.py", "web");
		board_close(board);
		board = NULL;
	}
}

/* Cut within lib/: what comes before it and in it is there. */
static void an_image_cut_in_a_directory(void **state)
{
	const uint8_t *where;

	(void)state;
	save_good();
	where = memmem(hand.bytes, hand.len, "a.py", 4);
	assert_non_null(where);
	hand.len = (size_t)(where - hand.bytes) + 2;
	save();
	assert_int_equal(board_image_open(&board, path, NULL, true, &diag), 0);
	lists("/", "boot.py:13 lib/:0 lib.py:10 ");
	lists("/lib", "net/:0 ");
	lists("/lib/net", "web.py:3 ");
	reads("/boot.py", "print('boot')");
	assert_non_null(strstr(board_info(board)->warning, " in lib: the image is cut short"));
}

/* Somebody cuts the file while it is open: an error, no end of the process. */
static void a_file_that_shrinks(void **state)
{
	char buf[10];

	(void)state;
	save_good();
	assert_int_equal(board_image_open(&board, path, NULL, false, &diag), 0);
	assert_int_equal(truncate(path, 20), 0);
	assert_int_equal(board_read(board, "/lib/net/web.py", buf, 3, 0), -EIO);
	lists("/lib/net", "web.py:3 ");
}

static void what_an_image_is(void **state)
{
	char named[100];

	(void)state;
	save_good();
	assert_true(board_image_is(path));
	hand.bytes[0] = 'x';
	save();
	assert_false(board_image_is(path));
	snprintf(named, sizeof(named), "%s.romfs", path);
	assert_int_equal(rename(path, named), 0);
	assert_true(board_image_is(named)); /* a damaged one is refused as an image */
	unlink(named);
	assert_true(board_image_is(named)); /* none is there, but one is meant */
	assert_int_equal(board_image_open(&board, named, NULL, false, &diag), -ENOENT);
	assert_non_null(strstr(diag.text, "the ROM image /tmp/"));
	assert_int_equal(mkdir(named, 0700), 0);
	assert_true(board_image_is(named));
	assert_int_equal(board_image_open(&board, named, NULL, false, &diag), -EISDIR);
	rmdir(named);
	assert_int_equal(mkfifo(named, 0600), 0);
	assert_true(board_image_is(named));
	assert_int_equal(board_image_open(&board, named, NULL, false, &diag), -EINVAL); /* at once */
	assert_non_null(strstr(diag.text, "is a FIFO"));
	unlink(named);
	assert_false(board_image_is("/dev/null"));
	assert_false(board_image_is("/tmp"));
	assert_false(board_image_is("auto"));
	assert_false(board_image_is("exec:x.romfs"));
	assert_false(board_image_is("exec:scripts/board x.romfs"));
	assert_true(board_image_is("x/a:b.romfs"));
}

static void write_to_it(void)
{
	const struct timespec times[2] = {{.tv_sec = 1}, {.tv_sec = 2}};

	utimensat(AT_FDCWD, path, times, 0); /* as a write in the next tick of the clock would set it */
}

/* Another program writes to the file while its names are read: nobody knows whose they are. */
static void a_file_that_changes_meanwhile(void **state)
{
	(void)state;
	on_check = write_to_it;
	for (int force = 0; force < 2; force++) {
		save_good();
		assert_int_equal(board_image_open(&board, path, NULL, force, &diag), -EIO);
		assert_null(board);
		assert_non_null(strstr(diag.text, "another program changed it"));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(files_and_directories, make_file, remove_file),
		cmocka_unit_test_setup_teardown(what_is_not_there, make_file, remove_file),
		cmocka_unit_test_setup_teardown(nothing_changes, make_file, remove_file),
		cmocka_unit_test_setup_teardown(another_top, make_file, remove_file),
		cmocka_unit_test_setup_teardown(damaged_images, make_file, remove_file),
		cmocka_unit_test_setup_teardown(cut_images, make_file, remove_file),
		cmocka_unit_test_setup_teardown(an_image_cut_in_a_directory, make_file, remove_file),
		cmocka_unit_test_setup_teardown(a_file_that_shrinks, make_file, remove_file),
		cmocka_unit_test_setup_teardown(a_file_that_changes_meanwhile, make_file, remove_file),
		cmocka_unit_test_setup_teardown(what_an_image_is, make_file, remove_file),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
