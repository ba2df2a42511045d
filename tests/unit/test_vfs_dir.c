/* SPDX-License-Identifier: MIT */
#include "fuse/vfs_dir.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "fuse/vfs_name.h"
#include "tests/unit/fakeboard.h"
#include "tests/unit/rig.h"

static void a_listing_tells_what_each_entry_is(void **state)
{
	struct rig *rig = *state;
	struct vfs_handle *handle;
	struct stat about;
	const char *name;
	bool look_up = true;

	rig_put(rig, "/a", "one");
	rig_make_dir(rig, ROOT, "d");
	assert_int_equal(vfs_dir_open(rig->vfs, ROOT, &handle), 0);
	assert_int_equal(vfs_dir_list(rig->vfs, handle), 0);
	fakeboard_forget_calls(rig->board);
	assert_int_equal(vfs_dir_entry(rig->vfs, handle, 0, &name, &look_up, &about), 1);
	assert_string_equal(name, "a");
	assert_true(look_up);
	assert_int_equal(about.st_size, 3);
	assert_int_equal(vfs_dir_entry(rig->vfs, handle, 1, &name, &look_up, &about), 1);
	assert_string_equal(name, "d");
	assert_true(S_ISDIR(about.st_mode));
	assert_int_equal(vfs_dir_entry(rig->vfs, handle, 2, &name, &look_up, &about), 0);
	assert_int_equal(fakeboard_count_all(rig->board), 0);
	vfs_dir_release(rig->vfs, handle);
}

static void a_listing_that_is_out_of_date_looks_nothing_up(void **state)
{
	struct rig *rig = *state;
	struct vfs_handle *dir, *file;
	struct stat about;
	const char *name;
	bool look_up = true;

	rig_put(rig, "/a", "one");
	rig_put(rig, "/b", "two");
	file = rig_open(rig, vfs_name_look_up(rig->vfs, ROOT, "b", &about) == 0 ? about.st_ino : 0, O_RDWR);
	assert_int_equal(vfs_dir_open(rig->vfs, ROOT, &dir), 0);
	assert_int_equal(vfs_dir_list(rig->vfs, dir), 0);
	rig_write(rig, file, "three");
	assert_int_equal(vfs_dir_entry(rig->vfs, dir, 1, &name, &look_up, &about), 1);
	assert_true(look_up);
	assert_int_equal(about.st_size, 5);
	assert_int_equal(rig_close(rig, file), 0);
	assert_int_equal(vfs_dir_entry(rig->vfs, dir, 1, &name, &look_up, &about), 1);
	assert_false(look_up);
	look_up = true;
	assert_int_equal(vfs_dir_list(rig->vfs, dir), 0);
	assert_int_equal(vfs_dir_entry(rig->vfs, dir, 1, &name, &look_up, &about), 1);
	assert_true(look_up);
	assert_int_equal(about.st_size, 5);
	vfs_name_look_up(rig->vfs, ROOT, "a", &about);
	assert_int_equal(vfs_name_unlink(rig->vfs, ROOT, "a"), 0);
	assert_int_equal(vfs_dir_entry(rig->vfs, dir, 0, &name, &look_up, &about), 1);
	assert_false(look_up);
	vfs_dir_release(rig->vfs, dir);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, rig_set_up, rig_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_listing_tells_what_each_entry_is),
		TEST(a_listing_that_is_out_of_date_looks_nothing_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
