/* SPDX-License-Identifier: MIT */
/* vfs over several mounts: whatever was done, all times, and inode numbers, are the same in the next mount. */
#include "fuse/vfs.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "fuse/vfs_attributes.h"
#include "fuse/vfs_dir.h"
#include "fuse/vfs_file.h"
#include "fuse/vfs_name.h"
#include "tests/unit/dice.h"
#include "tests/unit/fakeboard.h"
#include "tests/unit/folder.h"

enum { ROOT = NODES_ROOT, STEPS = 400, MOUNTS = 6, NAMES = 4 };

static const char *const names[NAMES] = {"a", "b", "c", "d"};

struct fixture {
	struct board *board;
	struct vfs *vfs;
	char folder[FOLDER_SIZE];
	struct dice dice;
};

static void ticking(struct timespec *now)
{
	static time_t seconds = 1700000000;

	*now = (struct timespec){.tv_sec = seconds++, .tv_nsec = 5};
}

static void mount_board(struct fixture *f)
{
	const struct vfs_options options = {.now = ticking, .times_folder = f->folder, .times_board = "id 0f"};

	assert_int_equal(vfs_open(&f->vfs, f->board, &options), 0);
}

static int set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	*state = f;
	if (folder_make(f->folder) < 0 || fakeboard_open(&f->board) < 0)
		return -1;
	mount_board(f);
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	vfs_close(f->vfs);
	board_close(f->board);
	folder_remove(f->folder);
	free(f);
	return 0;
}

/* A directory: the root, or one in it, or one in that; looked up as the kernel does it. */
static uint64_t some_dir(struct fixture *f)
{
	uint64_t dir = ROOT;
	struct stat about;

	while (!dice_hit(&f->dice, 3) && vfs_name_look_up(f->vfs, dir, names[dice_roll(&f->dice, NAMES)], &about) == 0 &&
	       S_ISDIR(about.st_mode))
		dir = about.st_ino;
	return dir;
}

/* cp: a file is made or emptied, and written. */
static void write_file(struct fixture *f, uint64_t dir, const char *name)
{
	static const char text[] = "0123456789";
	struct vfs_handle *handle;
	struct stat about;
	bool keep;
	int rc = vfs_name_look_up(f->vfs, dir, name, &about);

	if (rc == 0 && S_ISDIR(about.st_mode))
		return;
	if (rc == 0)
		rc = vfs_file_open(f->vfs, about.st_ino, O_WRONLY | (dice_hit(&f->dice, 2) ? O_TRUNC : O_APPEND), &handle, &keep);
	else
		rc = vfs_name_create(f->vfs, dir, name, O_WRONLY, &handle, &about);
	assert_int_equal(rc, 0);
	vfs_file_write(f->vfs, handle, text, dice_roll(&f->dice, sizeof(text)), 0, false);
	assert_int_equal(vfs_file_sync(f->vfs, handle), 0);
	assert_int_equal(vfs_file_release(f->vfs, handle), 0);
}

static void set_times(struct fixture *f, uint64_t dir, const char *name)
{
	const struct timespec atime = {.tv_sec = dice_roll(&f->dice, 1000)}, mtime = {.tv_sec = dice_roll(&f->dice, 1000)};
	const struct vfs_change change = {.atime = &atime, .mtime = &mtime};
	struct stat about;

	if (vfs_name_look_up(f->vfs, dir, name, &about) == 0)
		assert_int_equal(vfs_attributes_set(f->vfs, about.st_ino, NULL, &change, &about), 0);
}

static void list(struct fixture *f, uint64_t dir)
{
	struct vfs_handle *handle;

	assert_int_equal(vfs_dir_open(f->vfs, dir, &handle), 0);
	assert_int_equal(vfs_dir_list(f->vfs, handle), 0);
	vfs_dir_release(f->vfs, handle);
}

/* The kernel asks for both names before a rename. */
static void rename_some(struct fixture *f, uint64_t from, const char *name)
{
	const char *to_name = names[dice_roll(&f->dice, NAMES)];
	uint64_t to = some_dir(f);
	struct stat about;

	vfs_name_look_up(f->vfs, from, name, &about);
	vfs_name_look_up(f->vfs, to, to_name, &about);
	vfs_name_rename(f->vfs, from, name, to, to_name, 0);
}

static void step(struct fixture *f)
{
	uint64_t dir = some_dir(f);
	const char *name = names[dice_roll(&f->dice, NAMES)];
	struct stat about;

	switch (dice_roll(&f->dice, 10)) {
	case 0:
	case 1:
	case 2:
		write_file(f, dir, name);
		break;
	case 3:
		if (vfs_name_look_up(f->vfs, dir, name, &about) == -ENOENT)
			assert_int_equal(vfs_name_make_dir(f->vfs, dir, name, &about), 0);
		break;
	case 4:
		if (vfs_name_look_up(f->vfs, dir, name, &about) == -ENOENT)
			assert_int_equal(vfs_name_make_file(f->vfs, dir, name, &about), 0);
		break;
	case 5:
		if (vfs_name_look_up(f->vfs, dir, name, &about) == 0 && !S_ISDIR(about.st_mode))
			assert_int_equal(vfs_name_unlink(f->vfs, dir, name), 0);
		break;
	case 6:
		if (vfs_name_look_up(f->vfs, dir, name, &about) == 0 && S_ISDIR(about.st_mode))
			vfs_name_remove_dir(f->vfs, dir, name);
		break;
	case 7:
		rename_some(f, dir, name);
		break;
	case 8:
		set_times(f, dir, name);
		break;
	default:
		list(f, dir);
	}
}

/* All that stat tells of what is below DIR, into OUT, depth first. */
static size_t describe(struct fixture *f, uint64_t dir, char *out, size_t size, int depth)
{
	struct stat about;
	size_t used = 0;
	int i;

	assert_int_equal(vfs_attributes_get(f->vfs, dir, &about), 0);
	used += (size_t)snprintf(out, size, "%*s(%lld %lld)\n", depth, "", (long long)about.st_mtime, (long long)about.st_atime);
	for (i = 0; i < NAMES && depth < 8; i++) {
		if (vfs_name_look_up(f->vfs, dir, names[i], &about) < 0)
			continue;
		used += (size_t)snprintf(out + used, size - used, "%*s%s %lld %lld\n", depth, "", names[i],
					 (long long)about.st_mtime, (long long)about.st_atime);
		assert_true(used < size);
		if (S_ISDIR(about.st_mode))
			used += describe(f, about.st_ino, out + used, size - used, depth + 1);
	}
	return used;
}

static void mounts_are_alike(struct fixture *f)
{
	static char before[100000], after[100000];
	int i, j;

	for (i = 0; i < MOUNTS; i++) {
		for (j = 0; j < STEPS; j++)
			step(f);
		describe(f, ROOT, before, sizeof(before), 0);
		vfs_close(f->vfs);
		mount_board(f);
		describe(f, ROOT, after, sizeof(after), 0);
		assert_string_equal(after, before);
	}
}

static void with_times_on_the_board(void **state)
{
	mounts_are_alike(*state);
}

static void without_times_on_the_board(void **state)
{
	struct fixture *f = *state;

	fakeboard_stop_clock(f->board, 0);
	f->dice.state = 1;
	mounts_are_alike(f);
}

static void with_a_clock_that_starts_anew(void **state)
{
	struct fixture *f = *state;

	fakeboard_stop_clock(f->board, 946684803);
	f->dice.state = 2;
	mounts_are_alike(f);
}

/* All that is written has the time CLOCK on the board, by whomever. */
static void changes_are_seen(struct fixture *f, int64_t clock)
{
	struct stat about, dir;

	fakeboard_stop_clock(f->board, clock);
	assert_int_equal(vfs_name_make_dir(f->vfs, ROOT, "d", &dir), 0);
	write_file(f, dir.st_ino, "a");
	write_file(f, dir.st_ino, "b");
	vfs_close(f->vfs);
	/* The same length. */
	assert_int_equal(vfs_open(&f->vfs, f->board, &(struct vfs_options){.now = ticking}), 0);
	assert_int_equal(vfs_name_look_up(f->vfs, ROOT, "d", &dir), 0);
	assert_int_equal(vfs_name_look_up(f->vfs, dir.st_ino, "a", &about), 0);
	vfs_close(f->vfs);
	assert_int_equal(fakeboard_write(f->board, "/d/a", "zzzzzzzzzz", (size_t)about.st_size), 0);
	mount_board(f);
	assert_int_equal(vfs_name_look_up(f->vfs, ROOT, "d", &dir), 0);
	assert_true(dir.st_mtime >= 1700000000);
	assert_int_equal(vfs_name_look_up(f->vfs, dir.st_ino, "a", &about), 0);
	assert_int_equal(about.st_mtime, clock);
	assert_int_equal(vfs_name_look_up(f->vfs, dir.st_ino, "b", &about), 0);
	assert_in_range(about.st_mtime, 1700000000, 1750000000);
	vfs_close(f->vfs);
	assert_int_equal(fakeboard_write(f->board, "/d/c", "", 0), 0);
	mount_board(f);
	assert_int_equal(vfs_name_look_up(f->vfs, ROOT, "d", &dir), 0);
	assert_int_equal(dir.st_mtime, 0);
}

static void a_board_that_changes_things_is_seen(void **state)
{
	changes_are_seen(*state, 0);
}

static void a_board_that_changes_things_at_once_is_seen(void **state)
{
	changes_are_seen(*state, 1800000000);
}

static void numbers_come_from_names(void **state)
{
	struct fixture *f = *state;
	struct stat first, again, dir;

	assert_int_equal(vfs_name_make_dir(f->vfs, ROOT, "d", &dir), 0);
	assert_int_equal(vfs_name_make_file(f->vfs, dir.st_ino, "a", &first), 0);
	vfs_close(f->vfs);
	mount_board(f);
	assert_int_equal(vfs_name_look_up(f->vfs, ROOT, "d", &again), 0);
	assert_int_equal(again.st_ino, dir.st_ino);
	assert_int_equal(vfs_name_look_up(f->vfs, dir.st_ino, "a", &again), 0);
	assert_int_equal(again.st_ino, first.st_ino);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(with_times_on_the_board),
		TEST(without_times_on_the_board),
		TEST(with_a_clock_that_starts_anew),
		TEST(a_board_that_changes_things_is_seen),
		TEST(a_board_that_changes_things_at_once_is_seen),
		TEST(numbers_come_from_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
