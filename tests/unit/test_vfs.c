/* SPDX-License-Identifier: MIT */
#include "fuse/vfs.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "fuse/vfs_attributes.h"
#include "fuse/vfs_dir.h"
#include "fuse/vfs_file.h"
#include "fuse/vfs_name.h"
#include "tests/unit/fakeboard.h"
#include "tests/unit/rig.h"

static void a_read_only_mount_refuses_every_change(void **state)
{
	struct rig *rig = *state;
	struct vfs_handle *handle;
	struct stat about;

	rig_put(rig, "/a", "hello");
	rig_mount(rig, &(struct vfs_options){.read_only = true});
	fakeboard_forget_calls(rig->board);
	assert_int_equal(vfs_name_create(rig->vfs, ROOT, "b", O_RDWR, &handle, &about), -EROFS);
	assert_int_equal(vfs_name_make_file(rig->vfs, ROOT, "b", &about), -EROFS);
	assert_int_equal(vfs_name_make_dir(rig->vfs, ROOT, "b", &about), -EROFS);
	assert_int_equal(vfs_name_unlink(rig->vfs, ROOT, "a"), -EROFS);
	assert_int_equal(vfs_name_remove_dir(rig->vfs, ROOT, "a"), -EROFS);
	assert_int_equal(vfs_name_rename(rig->vfs, ROOT, "a", ROOT, "b", 0), -EROFS);
	assert_int_equal(vfs_attributes_set(rig->vfs, ROOT, NULL, &(struct vfs_change){0}, &about), -EROFS);
	assert_int_equal(fakeboard_count_all(rig->board), 0);
}

static void an_early_end_saves_what_it_can(void **state)
{
	struct rig *rig = *state;

	rig_put(rig, "/big", "old");
	rig_write(rig, rig_create(rig, ROOT, "small"), "saved");
	rig_write(rig, rig_open(rig, rig_look_up(rig, ROOT, "big"), O_WRONLY | O_TRUNC), "much too large");
	fakeboard_set_capacity(rig->board, 10);
	vfs_close(rig->vfs);
	rig->vfs = NULL;
	rig_expect_on_board(rig, "/small", "saved");
	rig_expect_on_board(rig, "/big", "old");
	assert_non_null(strstr(rig->log, "/big: "));
	assert_null(strstr(rig->log, "/small"));
}

static void errors_of_the_board_are_passed_on(void **state)
{
	struct rig *rig = *state;
	struct vfs_handle *handle;
	struct statvfs about_board;
	struct stat about;

	rig_put(rig, "/a", "one");
	fakeboard_fail(rig->board, FAKEBOARD_STAT, EIO, 1);
	assert_int_equal(rig_stat(rig, ROOT, "a", &about), -EIO);
	rig_look_up(rig, ROOT, "a");
	fakeboard_fail(rig->board, FAKEBOARD_REMOVE, EIO, 1);
	assert_int_equal(vfs_name_unlink(rig->vfs, ROOT, "a"), -EIO);
	assert_int_equal(rig_stat(rig, ROOT, "a", &about), 0);
	fakeboard_fail(rig->board, FAKEBOARD_MKDIR, EINVAL, 1);
	assert_int_equal(vfs_name_make_dir(rig->vfs, ROOT, "d", &about), -EINVAL);
	assert_int_equal(rig_stat(rig, ROOT, "d", &about), -ENOENT);
	assert_int_equal(vfs_dir_open(rig->vfs, ROOT, &handle), 0);
	fakeboard_fail(rig->board, FAKEBOARD_LIST, EIO, 1);
	assert_int_equal(vfs_dir_list(rig->vfs, handle), -EIO);
	assert_int_equal(vfs_dir_list(rig->vfs, handle), 0);
	vfs_dir_release(rig->vfs, handle);
	assert_int_equal(vfs_statfs(rig->vfs, ROOT, &about_board), 0);
	assert_int_equal(about_board.f_namemax, 255);
	assert_int_equal(about_board.f_bsize, 4096);
	assert_int_equal(about_board.f_bavail, about_board.f_bfree);
	fakeboard_fail(rig->board, FAKEBOARD_STATFS, EIO, 1);
	assert_int_equal(vfs_statfs(rig->vfs, ROOT, &about_board), -EIO);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, rig_set_up, rig_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_read_only_mount_refuses_every_change),
		TEST(an_early_end_saves_what_it_can),
		TEST(errors_of_the_board_are_passed_on),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
