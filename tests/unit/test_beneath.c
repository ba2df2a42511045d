/* SPDX-License-Identifier: MIT */
#include "cli/beneath.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/unit/folder.h"

static char folder[FOLDER_SIZE];
static int top;

/* In the folder: top/ with d/e/f, and out/ beside it; links lead there. */
static int make_folder(void **state)
{
	(void)state;
	if (folder_enter(folder) < 0)
		return -1;
	mkdir("top", 0700);
	mkdir("top/d", 0700);
	mkdir("top/d/e", 0700);
	close(open("top/d/e/f", O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
	mkdir("out", 0700);
	close(open("out/f", O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
	if (symlink("../out", "top/leads_out") < 0 || symlink("d", "top/leads_in") < 0 || symlink("f", "top/d/e/to_f") < 0)
		return -1;
	top = open("top", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return top < 0 ? -1 : 0;
}

static int remove_folder(void **state)
{
	(void)state;
	close(top);
	return folder_remove(folder);
}

static bool same(int fd, const char *path)
{
	struct stat a, b;
	bool is_same;

	assert_true(fd >= 0);
	assert_int_equal(fstat(fd, &a), 0);
	assert_int_equal(stat(path, &b), 0);
	is_same = a.st_dev == b.st_dev && a.st_ino == b.st_ino;
	close(fd);
	return is_same;
}

static int directory(const char *path, bool make)
{
	return beneath_directory(top, path, strlen(path), make);
}

static void directories(void **state)
{
	(void)state;
	assert_true(same(directory("", false), "top"));
	assert_true(same(directory("d", false), "top/d"));
	assert_true(same(directory("d/e", false), "top/d/e"));
	assert_true(same(beneath_directory(top, "d/e/f", 3, false), "top/d/e"));
	assert_int_equal(directory("d/new/er", false), -ENOENT);
	assert_true(same(directory("d/new/er", true), "top/d/new/er"));
	assert_true(same(directory("d/new", true), "top/d/new"));
}

static void what_leads_elsewhere(void **state)
{
	static char longest[8000];

	(void)state;
	assert_int_equal(directory("..", false), -EINVAL);
	assert_int_equal(directory("d/../../out", true), -EINVAL);
	assert_int_equal(directory("leads_out", false), -ENOTDIR);
	assert_int_equal(directory("leads_out/new", true), -ENOTDIR);
	assert_int_equal(access("out/new", F_OK), -1);
	assert_int_equal(directory("leads_in", false), -ENOTDIR);
	assert_int_equal(directory("d/e/f", true), -ENOTDIR);
	memset(longest, 'x', sizeof(longest) - 1);
	assert_int_equal(directory(longest, true), -ENAMETOOLONG);
}

static struct beneath_near near;

static int file(const char *path)
{
	return beneath_file(&near, top, path, O_RDONLY);
}

/* Each is asked for far from the directory before it, and again near. */
static void regular_files(void **state)
{
	(void)state;
	near = BENEATH_NEAR_NONE;
	assert_true(same(file("d/e/f"), "top/d/e/f"));
	assert_true(same(file("d/e/f"), "top/d/e/f"));
	assert_int_equal(file("d/e/g"), -ENOENT);
	assert_int_equal(file("d/e/to_f"), -ELOOP);
	assert_int_equal(file("d/e/.."), -EINVAL);
	assert_int_equal(file("d/f"), -ENOENT);
	assert_true(same(file("d"), "top/d"));
	assert_int_equal(file("leads_in/e/f"), -ENOTDIR);
	assert_int_equal(file("leads_out/f"), -ENOTDIR);
	assert_int_equal(file("../out/f"), -EINVAL);
	assert_int_equal(file("d/.."), -EINVAL);
	assert_true(same(file("d/e/f"), "top/d/e/f"));
	assert_int_equal(beneath_near_leave(&near, top), 0);
	assert_int_equal(near.fd, -1);
	assert_int_equal(beneath_near_leave(&near, top), 0);
}

static void directories_that_are_moved_away(void **state)
{
	(void)state;
	near = BENEATH_NEAR_NONE;
	assert_true(same(file("d/e/f"), "top/d/e/f"));
	assert_true(beneath_near_has(&near, "d/e/g"));
	assert_false(beneath_near_has(&near, "d/e"));
	assert_int_equal(rename("top/d/e", "out/e"), 0);
	assert_int_equal(beneath_near_leave(&near, top), -ESTALE);
	assert_int_equal(file("d/e/f"), -ENOENT);
	assert_int_equal(rename("out/e", "top/d/e"), 0);
	assert_true(same(file("d/e/f"), "top/d/e/f"));
	assert_int_equal(rename("top/d/e", "out/e"), 0);
	assert_int_equal(mkdir("top/d/e", 0700), 0);
	assert_int_equal(beneath_near_leave(&near, top), -ESTALE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(directories, make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(what_leads_elsewhere, make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(regular_files, make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(directories_that_are_moved_away, make_folder, remove_folder),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
