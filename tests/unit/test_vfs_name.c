/* SPDX-License-Identifier: MIT */
#include "fuse/vfs_name.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "fuse/vfs_attributes.h"
#include "fuse/vfs_file.h"
#include "tests/unit/fakeboard.h"
#include "tests/unit/rig.h"

static void bad_names_never_reach_the_board(void **state)
{
	struct rig *rig = *state;
	struct vfs_handle *handle;
	char name[VFS_NAME_MAX + 2];
	struct stat about;

	memset(name, 'n', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	assert_int_equal(rig_stat(rig, ROOT, name, &about), -ENAMETOOLONG);
	assert_int_equal(vfs_name_create(rig->vfs, ROOT, name, O_RDWR, &handle, &about), -ENAMETOOLONG);
	assert_int_equal(vfs_name_make_dir(rig->vfs, ROOT, name, &about), -ENAMETOOLONG);
	assert_int_equal(vfs_name_rename(rig->vfs, ROOT, "a", ROOT, name, 0), -ENAMETOOLONG);
	assert_int_equal(vfs_name_make_dir(rig->vfs, ROOT, ".Trash", &about), -EPERM);
	assert_int_equal(vfs_name_make_dir(rig->vfs, ROOT, ".Trash-1000", &about), -EPERM);
	assert_int_equal(rig_stat(rig, ROOT, ".mpremotefs~a", &about), -ENOENT);
	assert_int_equal(vfs_name_create(rig->vfs, ROOT, ".mpremotefs~a", O_RDWR, &handle, &about), -EINVAL);
	assert_int_equal(vfs_name_make_dir(rig->vfs, ROOT, ".mpremotefs~a", &about), -EINVAL);
	assert_int_equal(vfs_name_rename(rig->vfs, ROOT, "a", ROOT, ".mpremotefs~a", 0), -EINVAL);
	assert_int_equal(fakeboard_count_all(rig->board), 0);
	name[VFS_NAME_MAX] = '\0';
	assert_int_equal(vfs_name_make_dir(rig->vfs, ROOT, name, &about), 0);
	assert_int_equal(vfs_name_make_dir(rig->vfs, about.st_ino, ".Trash", &about), 0);
}

static void a_new_file_costs_one_exchange(void **state)
{
	struct rig *rig = *state;
	struct vfs_handle *handle = rig_create(rig, ROOT, "new");

	rig_write(rig, handle, "content");
	assert_int_equal(rig_close(rig, handle), 0);
	assert_int_equal(fakeboard_count(rig->board, FAKEBOARD_REPLACE), 1);
	assert_int_equal(fakeboard_count_all(rig->board), 1);
	rig_expect_on_board(rig, "/new", "content");
}

static void a_new_file_is_there_before_the_board_has_it(void **state)
{
	struct rig *rig = *state;
	uint64_t dir = rig_make_dir(rig, ROOT, "d");
	struct vfs_handle *handle = rig_create(rig, dir, "new"), *other;
	struct stat about;
	char names[64];

	rig_put(rig, "/d/old", "x");
	rig_write(rig, handle, "12345");
	rig_expect_on_board(rig, "/d/new", NULL);
	assert_int_equal(rig_stat(rig, dir, "new", &about), 0);
	assert_int_equal(about.st_size, 5);
	assert_string_equal(rig_names(rig, dir, names), "new old ");
	assert_int_equal(vfs_name_remove_dir(rig->vfs, ROOT, "d"), -ENOTEMPTY);
	assert_int_equal(vfs_name_make_dir(rig->vfs, dir, "new", &about), -EEXIST);
	assert_int_equal(vfs_name_create(rig->vfs, dir, "new", O_RDWR, &other, &about), -EEXIST);
	assert_int_equal(vfs_name_rename(rig->vfs, dir, "old", dir, "new", RENAME_NOREPLACE), -EEXIST);
	other = rig_open(rig, rig_look_up(rig, dir, "new"), O_RDONLY);
	rig_expect_read(rig, other, "12345");
	assert_int_equal(rig_close(rig, other), 0);
	rig_expect_on_board(rig, "/d/new", NULL);
	assert_int_equal(rig_close(rig, handle), 0);
	assert_string_equal(rig_names(rig, dir, names), "old new ");
	rig_expect_on_board(rig, "/d/new", "12345");
}

static void a_new_file_that_is_removed_never_reaches_the_board(void **state)
{
	struct rig *rig = *state;
	struct vfs_handle *handle = rig_create(rig, ROOT, "new");
	struct stat about;

	rig_write(rig, handle, "12345");
	assert_int_equal(vfs_name_unlink(rig->vfs, ROOT, "new"), 0);
	assert_int_equal(rig_stat(rig, ROOT, "new", &about), -ENOENT);
	rig_expect_read(rig, handle, "12345");
	fakeboard_forget_calls(rig->board);
	assert_int_equal(rig_close(rig, handle), 0);
	assert_int_equal(fakeboard_count_all(rig->board), 0);
	assert_string_equal(rig->log, "");
}

static void a_new_file_can_be_renamed(void **state)
{
	struct rig *rig = *state;
	struct vfs_handle *handle = rig_create(rig, ROOT, "new");

	rig_put(rig, "/old", "old");
	rig_write(rig, handle, "123");
	assert_int_equal(vfs_name_rename(rig->vfs, ROOT, "new", ROOT, "old", 0), 0);
	rig_expect_on_board(rig, "/new", NULL);
	rig_expect_on_board(rig, "/old", "123");
	assert_int_equal(vfs_file_write(rig->vfs, handle, "45", 2, 3, false), 2);
	assert_int_equal(rig_close(rig, handle), 0);
	rig_expect_on_board(rig, "/old", "12345");
	rig_expect_on_board(rig, "/new", NULL);
}

static void a_file_node_is_made_at_once(void **state)
{
	struct rig *rig = *state;
	struct stat about;

	assert_int_equal(vfs_name_make_file(rig->vfs, ROOT, "node", &about), 0);
	rig_expect_on_board(rig, "/node", "");
	assert_true(about.st_mtim.tv_sec >= 1000000);
}

static void an_open_file_moves_with_its_directory(void **state)
{
	struct rig *rig = *state;
	uint64_t dir = rig_make_dir(rig, ROOT, "d");
	struct vfs_handle *handle;

	rig_put(rig, "/d/a", "abc");
	handle = rig_open(rig, rig_look_up(rig, dir, "a"), O_RDWR);
	rig_write(rig, handle, "ABCD");
	assert_int_equal(vfs_name_rename(rig->vfs, ROOT, "d", ROOT, "e", 0), 0);
	rig_expect_read(rig, handle, "ABCD");
	assert_int_equal(rig_close(rig, handle), 0);
	rig_expect_on_board(rig, "/e/a", "ABCD");
	rig_expect_on_board(rig, "/d/a", NULL);
}

/* The board has /a and /b with these texts, both are known, and a, with *NUMBER, is open. */
static struct vfs_handle *open_first_of_two(struct rig *rig, const char *a, const char *b, uint64_t *number)
{
	rig_put(rig, "/a", a);
	rig_put(rig, "/b", b);
	*number = rig_look_up(rig, ROOT, "a");
	rig_look_up(rig, ROOT, "b");
	return rig_open(rig, *number, O_RDWR);
}

static void a_replaced_file_lives_on_for_its_readers(void **state)
{
	struct rig *rig = *state;
	struct stat about;
	uint64_t number;
	struct vfs_handle *handle = open_first_of_two(rig, "old content", "new", &number);

	assert_int_equal(vfs_name_rename(rig->vfs, ROOT, "b", ROOT, "a", 0), 0);
	rig_expect_read(rig, handle, "old content");
	rig_write(rig, handle, "OLD");
	assert_int_equal(vfs_attributes_get(rig->vfs, number, &about), 0);
	assert_int_equal(about.st_nlink, 0);
	assert_int_equal(rig_close(rig, handle), 0);
	rig_expect_on_board(rig, "/a", "new");
}

static void a_failed_rename_changes_nothing(void **state)
{
	struct rig *rig = *state;
	struct stat about;
	uint64_t number;
	struct vfs_handle *handle = open_first_of_two(rig, "aaa", "bbb", &number);

	fakeboard_fail(rig->board, FAKEBOARD_RENAME, EIO, 1);
	assert_int_equal(vfs_name_rename(rig->vfs, ROOT, "b", ROOT, "a", 0), -EIO);
	assert_int_equal(vfs_attributes_get(rig->vfs, number, &about), 0);
	assert_int_equal(about.st_nlink, 1);
	rig_write(rig, handle, "AAA");
	assert_int_equal(rig_close(rig, handle), 0);
	rig_expect_on_board(rig, "/a", "AAA");
	rig_expect_on_board(rig, "/b", "bbb");
	assert_int_equal(vfs_name_rename(rig->vfs, ROOT, "b", ROOT, "a", RENAME_EXCHANGE), -EINVAL);
	assert_int_equal(vfs_name_rename(rig->vfs, ROOT, "b", ROOT, "a", RENAME_NOREPLACE), -EEXIST);
	assert_int_equal(vfs_name_rename(rig->vfs, ROOT, "a", ROOT, "a", 0), 0);
}

static void a_removed_open_file_lives_on(void **state)
{
	struct rig *rig = *state;
	struct vfs_handle *handle;
	struct stat about;
	uint64_t number;

	rig_put(rig, "/a", "content");
	number = rig_look_up(rig, ROOT, "a");
	handle = rig_open(rig, number, O_RDWR);
	assert_int_equal(vfs_name_unlink(rig->vfs, ROOT, "a"), 0);
	rig_expect_on_board(rig, "/a", NULL);
	rig_expect_read(rig, handle, "content");
	rig_write(rig, handle, "CON");
	rig_expect_read(rig, handle, "CONtent");
	assert_int_equal(vfs_attributes_get(rig->vfs, number, &about), 0);
	assert_int_equal(about.st_nlink, 0);
	assert_int_equal(about.st_size, 7);
	assert_int_equal(vfs_attributes_set(rig->vfs, number, handle, &(struct vfs_change){.size = &(uint64_t){3}}, &about), 0);
	rig_put(rig, "/a", "another");
	assert_int_not_equal(rig_look_up(rig, ROOT, "a"), number);
	assert_int_equal(vfs_file_sync(rig->vfs, handle), 0);
	assert_int_equal(rig_close(rig, handle), 0);
	rig_expect_on_board(rig, "/a", "another");
}

struct unlinker {
	pthread_t thread;
	struct rig *rig;
	int result;
};

static void *unlink_a(void *context)
{
	struct unlinker *unlinker = context;

	unlinker->result = vfs_name_unlink(unlinker->rig->vfs, ROOT, "a");
	return NULL;
}

/* close(2) comes in two parts: an unlink between them does not fetch what nobody will read. */
static void a_file_that_is_being_closed_is_not_fetched(void **state)
{
	struct rig *rig = *state;
	struct unlinker unlinker = {.rig = rig};
	struct vfs_handle *handle;

	rig_put(rig, "/a", "content");
	handle = rig_open(rig, rig_look_up(rig, ROOT, "a"), O_RDONLY);
	rig_expect_read(rig, handle, "content");
	fakeboard_forget_calls(rig->board);
	fakeboard_pause(rig->board, FAKEBOARD_REMOVE);
	assert_int_equal(rig_flush(rig, handle), 0);
	assert_int_equal(pthread_create(&unlinker.thread, NULL, unlink_a, &unlinker), 0);
	vfs_file_release(rig->vfs, handle);
	fakeboard_resume(rig->board, FAKEBOARD_REMOVE);
	pthread_join(unlinker.thread, NULL);
	assert_int_equal(unlinker.result, 0);
	assert_int_equal(fakeboard_count(rig->board, FAKEBOARD_READ), 0);
	rig_expect_on_board(rig, "/a", NULL);
}

static void a_removed_directory_is_empty(void **state)
{
	struct rig *rig = *state;
	uint64_t dir = rig_make_dir(rig, ROOT, "d");
	struct stat about;
	char names[64];

	assert_int_equal(vfs_name_remove_dir(rig->vfs, ROOT, "d"), 0);
	assert_int_equal(vfs_attributes_get(rig->vfs, dir, &about), 0);
	assert_int_equal(about.st_nlink, 0);
	assert_string_equal(rig_names(rig, dir, names), "");
	assert_int_equal(vfs_name_make_dir(rig->vfs, dir, "x", &about), -ENOENT);
	assert_int_equal(rig_stat(rig, dir, "x", &about), -ENOENT);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, rig_set_up, rig_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(bad_names_never_reach_the_board),
		TEST(a_new_file_costs_one_exchange),
		TEST(a_new_file_is_there_before_the_board_has_it),
		TEST(a_new_file_that_is_removed_never_reaches_the_board),
		TEST(a_new_file_can_be_renamed),
		TEST(a_file_node_is_made_at_once),
		TEST(an_open_file_moves_with_its_directory),
		TEST(a_replaced_file_lives_on_for_its_readers),
		TEST(a_failed_rename_changes_nothing),
		TEST(a_removed_open_file_lives_on),
		TEST(a_file_that_is_being_closed_is_not_fetched),
		TEST(a_removed_directory_is_empty),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
