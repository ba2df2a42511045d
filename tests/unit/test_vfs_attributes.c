/* SPDX-License-Identifier: MIT */
#include "fuse/vfs_attributes.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <unistd.h>

#include <cmocka.h>

#include "fuse/vfs_file.h"
#include "fuse/vfs_name.h"
#include "tests/unit/fakeboard.h"
#include "tests/unit/rig.h"

static void attributes_are_those_of_the_mount(void **state)
{
	struct rig *rig = *state;
	struct stat about;

	rig_put(rig, "/a", "hello");
	assert_int_equal(rig_stat(rig, ROOT, "a", &about), 0);
	assert_int_equal(about.st_mode, S_IFREG | 0644);
	assert_int_equal(about.st_size, 5);
	assert_int_equal(about.st_blocks, 1);
	assert_int_equal(about.st_uid, 100);
	assert_int_equal(about.st_gid, 200);
	assert_int_equal(about.st_nlink, 1);
	assert_int_equal(about.st_mtim.tv_sec, 1001);
	assert_int_equal(vfs_attributes_get(rig->vfs, ROOT, &about), 0);
	assert_int_equal(about.st_mode, S_IFDIR | 0755);
	assert_int_equal(about.st_mtim.tv_sec, 0);
	assert_int_equal(rig_stat(rig, ROOT, "b", &about), -ENOENT);
	rig_mount(rig, &(struct vfs_options){.umask = 0077, .read_only = true});
	assert_int_equal(rig_stat(rig, ROOT, "a", &about), 0);
	assert_int_equal(about.st_mode, S_IFREG | 0400);
}

static void what_is_no_more_is_stale(void **state)
{
	struct rig *rig = *state;
	struct vfs_handle *handle;
	struct stat about;
	uint64_t number;
	bool keep_pages;

	rig_put(rig, "/a", "hello");
	number = rig_look_up(rig, ROOT, "a");
	fakeboard_write(rig->board, "/a", NULL, 0);
	assert_int_equal(vfs_attributes_get(rig->vfs, number, &about), -ESTALE);
	assert_int_equal(vfs_file_open(rig->vfs, number, O_RDWR, &handle, &keep_pages), -ESTALE);
	assert_int_equal(vfs_attributes_set(rig->vfs, number, NULL, &(struct vfs_change){.size = &(uint64_t){0}}, &about),
			 -ESTALE);
	assert_int_equal(board_mkdir(rig->board, "/a"), 0);
	assert_int_equal(vfs_attributes_get(rig->vfs, number, &about), -ESTALE);
	assert_int_equal(rig_stat(rig, ROOT, "a", &about), 0);
	assert_true(S_ISDIR(about.st_mode));
	assert_int_not_equal(about.st_ino, number);
	assert_int_equal(vfs_attributes_get(rig->vfs, 424242, &about), -ESTALE);
}

static void times_can_be_set(void **state)
{
	struct rig *rig = *state;
	const struct timespec time = {.tv_sec = 55, .tv_nsec = 66};
	const struct vfs_change change = {.mtime = &time};
	struct stat about;
	uint64_t number, dir;

	rig_put(rig, "/a", "hello");
	number = rig_look_up(rig, ROOT, "a");
	assert_int_equal(vfs_attributes_set(rig->vfs, number, NULL, &change, &about), 0);
	assert_int_equal(about.st_mtim.tv_sec, 55);
	assert_int_equal(about.st_mtim.tv_nsec, 66);
	assert_int_equal(about.st_atim.tv_sec, 1001);
	dir = rig_make_dir(rig, ROOT, "d");
	assert_int_equal(vfs_attributes_set(rig->vfs, dir, NULL, &change, &about), 0);
	assert_int_equal(about.st_mtim.tv_sec, 55);
	assert_int_equal(vfs_name_rename(rig->vfs, ROOT, "a", dir, "b", 0), 0);
	assert_int_equal(rig_stat(rig, dir, "b", &about), 0);
	assert_int_equal(about.st_mtim.tv_sec, 55);
	assert_int_equal(vfs_attributes_get(rig->vfs, dir, &about), 0);
	assert_true(about.st_mtim.tv_sec > 55);
	/* What is written on the board has the board's time. */
	rig_put(rig, "/d/b", "other");
	assert_int_equal(rig_stat(rig, dir, "b", &about), 0);
	assert_int_equal(about.st_mtim.tv_sec, 1002);
}

static void modes_and_owners_stay_as_they_are(void **state)
{
	struct rig *rig = *state;
	struct stat about;

	rig_put(rig, "/a", "hello");
	assert_int_equal(vfs_attributes_set(rig->vfs, rig_look_up(rig, ROOT, "a"), NULL, &(struct vfs_change){0}, &about), 0);
	assert_int_equal(about.st_mode, S_IFREG | 0644);
}

static void access_follows_the_mode(void **state)
{
	struct rig *rig = *state;
	uint64_t file;

	rig_put(rig, "/a", "hello");
	file = rig_look_up(rig, ROOT, "a");
	assert_int_equal(vfs_attributes_access(rig->vfs, file, R_OK | W_OK, 100, 1), 0);
	assert_int_equal(vfs_attributes_access(rig->vfs, file, X_OK, 100, 1), -EACCES);
	assert_int_equal(vfs_attributes_access(rig->vfs, file, X_OK, 0, 0), -EACCES);
	assert_int_equal(vfs_attributes_access(rig->vfs, file, W_OK, 0, 0), 0);
	assert_int_equal(vfs_attributes_access(rig->vfs, file, W_OK, 1, 200), -EACCES);
	assert_int_equal(vfs_attributes_access(rig->vfs, file, R_OK, 1, 1), 0);
	assert_int_equal(vfs_attributes_access(rig->vfs, file, F_OK, 1, 1), 0);
	assert_int_equal(vfs_attributes_access(rig->vfs, ROOT, X_OK, 1, 1), 0);
	rig_mount(rig, &(struct vfs_options){.read_only = true});
	assert_int_equal(vfs_attributes_access(rig->vfs, ROOT, W_OK, 0, 0), -EROFS);
}

static void truncate_by_name_is_there_when_it_returns(void **state)
{
	struct rig *rig = *state;
	struct vfs_handle *handle;
	struct stat about;
	uint64_t number;

	rig_put(rig, "/a", "content");
	number = rig_look_up(rig, ROOT, "a");
	assert_int_equal(vfs_attributes_set(rig->vfs, number, NULL, &(struct vfs_change){.size = &(uint64_t){3}}, &about), 0);
	assert_int_equal(about.st_size, 3);
	rig_expect_on_board(rig, "/a", "con");
	fakeboard_fail(rig->board, FAKEBOARD_REPLACE, ENOSPC, 1);
	assert_int_equal(vfs_attributes_set(rig->vfs, number, NULL, &(struct vfs_change){.size = &(uint64_t){1}}, &about),
			 -ENOSPC);
	rig_expect_on_board(rig, "/a", "con");
	handle = rig_open(rig, number, O_RDWR);
	assert_int_equal(vfs_attributes_set(rig->vfs, number, handle, &(struct vfs_change){.size = &(uint64_t){1}}, &about), 0);
	assert_int_equal(about.st_size, 1);
	rig_expect_on_board(rig, "/a", "con");
	assert_int_equal(rig_close(rig, handle), 0);
	rig_expect_on_board(rig, "/a", "c");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, rig_set_up, rig_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(attributes_are_those_of_the_mount),
		TEST(what_is_no_more_is_stale),
		TEST(times_can_be_set),
		TEST(modes_and_owners_stay_as_they_are),
		TEST(access_follows_the_mode),
		TEST(truncate_by_name_is_there_when_it_returns),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
