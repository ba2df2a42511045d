/* SPDX-License-Identifier: MIT */
#include "romfs/romfs_walk.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/hand_image.h"

static struct hand hand;
static struct romfs_reader reader;
static struct romfs_walk walk;
static struct romfs_entry entry;
static struct romfs_fault fault;

static void start(void)
{
	assert_int_equal(romfs_reader_open(&reader, hand.bytes, hand.len, &fault), 0);
	romfs_walk_start(&walk, &reader);
}

static void next_is(const char *path, size_t depth)
{
	assert_int_equal(romfs_walk_next(&walk, &entry, &fault), 1);
	assert_string_equal(walk.path, path);
	assert_int_equal(walk.depth, depth);
}

static void next_is_bad(const char *path, const char *words)
{
	assert_int_equal(romfs_walk_next(&walk, &entry, &fault), -EBADMSG);
	assert_string_equal(walk.path, path);
	assert_non_null(strstr(fault.what, words));
}

static void next_is_end(void)
{
	assert_int_equal(romfs_walk_next(&walk, &entry, &fault), 0);
	assert_int_equal(romfs_walk_next(&walk, &entry, &fault), 0);
}

static void directories_come_before_what_is_in_them(void **state)
{
	size_t image = hand_begin_image(&hand), lib, net;

	(void)state;
	hand_file(&hand, "boot.py", "x");
	lib = hand_begin_named(&hand, ROMFS_DIRECTORY, "lib");
	hand_end(&hand, hand_begin_named(&hand, ROMFS_DIRECTORY, "empty"));
	net = hand_begin_named(&hand, ROMFS_DIRECTORY, "net");
	hand_file(&hand, "web.py", "y");
	hand_end(&hand, net);
	hand_file(&hand, "z.py", "");
	hand_end(&hand, lib);
	hand_file(&hand, "main.py", "z");
	hand_end_image(&hand, image);
	start();
	next_is("boot.py", 1);
	next_is("lib", 1);
	assert_true(entry.is_dir);
	next_is("lib/empty", 2);
	next_is("lib/net", 2);
	next_is("lib/net/web.py", 3);
	next_is("lib/z.py", 2);
	next_is("main.py", 1);
	assert_int_equal(reader.bytes[entry.content], 'z');
	next_is_end();
}

/* What is wrong is told with its place, and what is good behind it is found. */
static void it_goes_on_behind_a_fault(void **state)
{
	size_t image = hand_begin_image(&hand), lib, bad;

	(void)state;
	lib = hand_begin_named(&hand, ROMFS_DIRECTORY, "lib");
	bad = hand_begin_named(&hand, ROMFS_FILE, "bad.py");
	hand_end(&hand, bad);
	hand_file(&hand, "good.py", "x");
	hand_put(&hand, "\0", 1);
	hand_end(&hand, lib);
	hand_file(&hand, "main.py", "z");
	hand_file(&hand, "..", "z");
	hand_end(&hand, image);
	start();
	next_is("lib", 1);
	next_is_bad("lib/bad.py", "no data record");
	next_is("lib/good.py", 2);
	next_is_bad("lib", "kind 0");
	next_is("main.py", 1);
	next_is_bad("", "a name is");
	next_is_end();
}

/* Makes DEPTH directories of NAME in each other. */
static void nest(size_t depth, const char *name)
{
	static size_t starts[ROMFS_DEPTH_MAX + 2];
	size_t image = hand_begin_image(&hand);

	for (size_t i = 0; i < depth; i++)
		starts[i] = hand_begin_named(&hand, ROMFS_DIRECTORY, name);
	hand_file(&hand, "f", "deep");
	for (size_t i = depth; i-- > 0;)
		hand_end(&hand, starts[i]);
	hand_end_image(&hand, image);
}

static void nesting_is_bounded(void **state)
{
	(void)state;
	nest(ROMFS_DEPTH_MAX - 1, "d");
	start();
	for (size_t i = 1; i < ROMFS_DEPTH_MAX; i++)
		assert_int_equal(romfs_walk_next(&walk, &entry, &fault), 1);
	assert_int_equal(romfs_walk_next(&walk, &entry, &fault), 1);
	assert_int_equal(walk.depth, ROMFS_DEPTH_MAX);
	assert_int_equal(entry.size, 4);
	next_is_end();
	nest(ROMFS_DEPTH_MAX, "d");
	start();
	for (size_t i = 1; i < ROMFS_DEPTH_MAX; i++)
		assert_int_equal(romfs_walk_next(&walk, &entry, &fault), 1);
	assert_int_equal(romfs_walk_next(&walk, &entry, &fault), -EBADMSG);
	assert_non_null(strstr(fault.what, "256 directories"));
	next_is_end();
}

/* Directories in each other whose names have LEN bytes: the last path that is good has EXPECTED bytes, and the next is a fault. */
static void longest_path(size_t len, size_t depth, size_t expected)
{
	char name[ROMFS_NAME_MAX + 1];
	size_t longest = 0;
	int rc;

	memset(name, 'n', len);
	name[len] = '\0';
	nest(depth, name);
	start();
	while ((rc = romfs_walk_next(&walk, &entry, &fault)) == 1)
		longest = strlen(walk.path);
	assert_int_equal(rc, -EBADMSG);
	assert_int_equal(longest, expected);
	assert_non_null(strstr(fault.what, "4095"));
	next_is_end();
}

static void paths_are_bounded(void **state)
{
	(void)state;
	longest_path(ROMFS_NAME_MAX, 20, ROMFS_PATH_MAX); /* the 16th ends at byte 4095 */
	longest_path(16, 245, 4079);                      /* the 241st would end one byte behind that */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(directories_come_before_what_is_in_them),
		cmocka_unit_test(it_goes_on_behind_a_fault),
		cmocka_unit_test(nesting_is_bounded),
		cmocka_unit_test(paths_are_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
