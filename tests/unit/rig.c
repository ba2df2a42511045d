/* SPDX-License-Identifier: MIT */
#include "tests/unit/rig.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "fuse/vfs_attributes.h"
#include "fuse/vfs_dir.h"
#include "fuse/vfs_file.h"
#include "fuse/vfs_name.h"
#include "tests/unit/boardfile.h"

/* Each look at the clock is a second later. */
static void ticking(struct timespec *now)
{
	static time_t seconds = 1000000;

	*now = (struct timespec){.tv_sec = seconds++};
}

static void take_log(void *context, int level, const char *text)
{
	struct rig *rig = context;

	(void)level;
	strncat(rig->log, text, sizeof(rig->log) - strlen(rig->log) - 2);
	strcat(rig->log, "\n");
}

void rig_mount(struct rig *rig, const struct vfs_options *options)
{
	struct vfs_options given = *options;

	vfs_close(rig->vfs);
	given.now = ticking;
	given.log = take_log;
	given.log_context = rig;
	assert_int_equal(vfs_open(&rig->vfs, rig->board, &given), 0);
}

int rig_set_up(void **state)
{
	struct rig *rig = calloc(1, sizeof(*rig));

	*state = rig;
	if (fakeboard_open(&rig->board) < 0)
		return -1;
	rig_mount(rig, &(struct vfs_options){.uid = 100, .gid = 200, .umask = 022});
	return 0;
}

int rig_tear_down(void **state)
{
	struct rig *rig = *state;

	vfs_close(rig->vfs);
	board_close(rig->board);
	free(rig);
	return 0;
}

void rig_put(struct rig *rig, const char *path, const char *text)
{
	boardfile_put(rig->board, path, text);
}

void rig_expect_on_board(struct rig *rig, const char *path, const char *text)
{
	boardfile_expect(rig->board, path, text);
}

uint64_t rig_look_up(struct rig *rig, uint64_t dir, const char *name)
{
	struct stat about;

	assert_int_equal(vfs_name_look_up(rig->vfs, dir, name, &about), 0);
	return about.st_ino;
}

int rig_stat(struct rig *rig, uint64_t dir, const char *name, struct stat *about)
{
	return vfs_name_look_up(rig->vfs, dir, name, about);
}

uint64_t rig_make_dir(struct rig *rig, uint64_t dir, const char *name)
{
	struct stat about;

	assert_int_equal(vfs_name_make_dir(rig->vfs, dir, name, &about), 0);
	return about.st_ino;
}

struct vfs_handle *rig_create(struct rig *rig, uint64_t dir, const char *name)
{
	struct vfs_handle *handle;
	struct stat about;

	assert_int_equal(vfs_name_create(rig->vfs, dir, name, O_RDWR | O_CREAT, &handle, &about), 0);
	return handle;
}

struct vfs_handle *rig_open(struct rig *rig, uint64_t number, int flags)
{
	struct vfs_handle *handle;
	bool keep_pages;

	assert_int_equal(vfs_file_open(rig->vfs, number, flags, &handle, &keep_pages), 0);
	return handle;
}

bool rig_has_more(void *context, const char *path)
{
	assert_int_equal(path[0], '/');
	return *(int *)context > 0;
}

int rig_flush(struct rig *rig, struct vfs_handle *handle)
{
	return vfs_file_flush(rig->vfs, handle, rig_has_more, &(int){0});
}

void rig_write(struct rig *rig, struct vfs_handle *handle, const char *text)
{
	assert_int_equal(vfs_file_write(rig->vfs, handle, text, strlen(text), 0, false), strlen(text));
}

void rig_expect_read(struct rig *rig, struct vfs_handle *handle, const char *text)
{
	char buf[256] = "";

	assert_int_equal(vfs_file_read(rig->vfs, handle, buf, sizeof(buf) - 1, 0), strlen(text));
	assert_string_equal(buf, text);
}

int rig_close(struct rig *rig, struct vfs_handle *handle)
{
	int rc = rig_flush(rig, handle);

	vfs_file_release(rig->vfs, handle);
	return rc;
}

char *rig_names(struct rig *rig, uint64_t number, char *names)
{
	struct vfs_handle *handle;
	struct stat about;
	const char *name;
	bool look_up;
	size_t i;

	names[0] = '\0';
	assert_int_equal(vfs_dir_open(rig->vfs, number, &handle), 0);
	assert_int_equal(vfs_dir_list(rig->vfs, handle), 0);
	for (i = 0; look_up = false, vfs_dir_entry(rig->vfs, handle, i, &name, &look_up, &about) == 1; i++) {
		strcat(names, name);
		strcat(names, " ");
	}
	vfs_dir_release(rig->vfs, handle);
	return names;
}
