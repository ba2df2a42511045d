/* SPDX-License-Identifier: MIT */
#include "fuse/vfs.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "fuse/vfs_attributes.h"
#include "fuse/vfs_dir.h"
#include "fuse/vfs_file.h"
#include "fuse/vfs_name.h"
#include "tests/unit/fakeboard.h"

enum { ROOT = NODES_ROOT };

struct fixture {
	struct board *board;
	struct vfs *vfs;
	char log[4096]; /* all lines */
};

/* Each look at the clock is a second later. */
static void ticking(struct timespec *now)
{
	static time_t seconds = 1000000;

	*now = (struct timespec){.tv_sec = seconds++};
}

static void take_log(void *context, int level, const char *text)
{
	struct fixture *f = context;

	(void)level;
	strncat(f->log, text, sizeof(f->log) - strlen(f->log) - 2);
	strcat(f->log, "\n");
}

static void mount_with(struct fixture *f, const struct vfs_options *options)
{
	struct vfs_options given = *options;

	vfs_close(f->vfs);
	given.now = ticking;
	given.log = take_log;
	given.log_context = f;
	assert_int_equal(vfs_open(&f->vfs, f->board, &given), 0);
}

static int set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	*state = f;
	if (fakeboard_open(&f->board) < 0)
		return -1;
	mount_with(f, &(struct vfs_options){.uid = 100, .gid = 200, .umask = 022});
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	vfs_close(f->vfs);
	board_close(f->board);
	free(f);
	return 0;
}

static void put(struct fixture *f, const char *path, const char *text)
{
	assert_int_equal(fakeboard_write(f->board, path, text, strlen(text)), 0);
}

static void expect_on_board(struct fixture *f, const char *path, const char *text)
{
	size_t len;
	char *content = fakeboard_content(f->board, path, &len);

	if (text)
		assert_non_null(content);
	else
		assert_null(content);
	if (text)
		assert_string_equal(content, text);
	free(content);
}

static uint64_t look_up(struct fixture *f, uint64_t dir, const char *name)
{
	struct stat about;

	assert_int_equal(vfs_name_look_up(f->vfs, dir, name, &about), 0);
	return about.st_ino;
}

static int stat_of(struct fixture *f, uint64_t dir, const char *name, struct stat *about)
{
	return vfs_name_look_up(f->vfs, dir, name, about);
}

static uint64_t make_dir(struct fixture *f, uint64_t dir, const char *name)
{
	struct stat about;

	assert_int_equal(vfs_name_make_dir(f->vfs, dir, name, &about), 0);
	return about.st_ino;
}

static struct vfs_handle *create(struct fixture *f, uint64_t dir, const char *name)
{
	struct vfs_handle *handle;
	struct stat about;

	assert_int_equal(vfs_name_create(f->vfs, dir, name, O_RDWR | O_CREAT, &handle, &about), 0);
	return handle;
}

static struct vfs_handle *open_as(struct fixture *f, uint64_t number, int flags)
{
	struct vfs_handle *handle;
	bool keep_pages;

	assert_int_equal(vfs_file_open(f->vfs, number, flags, &handle, &keep_pages), 0);
	return handle;
}

/* A process with as many more descriptors as *CONTEXT says. */
static bool have_more(void *context, const char *path)
{
	assert_int_equal(path[0], '/');
	return *(int *)context > 0;
}

static int flush(struct fixture *f, struct vfs_handle *handle)
{
	return vfs_file_flush(f->vfs, handle, have_more, &(int){0});
}

static bool keeps_pages(struct fixture *f, uint64_t number)
{
	struct vfs_handle *handle;
	bool keep_pages;

	assert_int_equal(vfs_file_open(f->vfs, number, O_RDONLY, &handle, &keep_pages), 0);
	assert_int_equal(flush(f, handle), 0);
	vfs_file_release(f->vfs, handle);
	return keep_pages;
}

static void write_to(struct fixture *f, struct vfs_handle *handle, const char *text)
{
	assert_int_equal(vfs_file_write(f->vfs, handle, text, strlen(text), 0, false), strlen(text));
}

static void expect_read(struct fixture *f, struct vfs_handle *handle, const char *text)
{
	char buf[256] = "";

	assert_int_equal(vfs_file_read(f->vfs, handle, buf, sizeof(buf) - 1, 0), strlen(text));
	assert_string_equal(buf, text);
}

/* What close(2) does. */
static int close_file(struct fixture *f, struct vfs_handle *handle)
{
	int rc = flush(f, handle);

	vfs_file_release(f->vfs, handle);
	return rc;
}

/* The names in directory NUMBER, each with a space behind it. The kernel would look them up, if LOOK_UP. */
static char *names_in(struct fixture *f, uint64_t number, char *names)
{
	struct vfs_handle *handle;
	struct stat about;
	const char *name;
	bool look_up;
	size_t i;

	names[0] = '\0';
	assert_int_equal(vfs_dir_open(f->vfs, number, &handle), 0);
	assert_int_equal(vfs_dir_list(f->vfs, handle), 0);
	for (i = 0; look_up = false, vfs_dir_entry(f->vfs, handle, i, &name, &look_up, &about) == 1; i++) {
		strcat(names, name);
		strcat(names, " ");
	}
	vfs_dir_release(f->vfs, handle);
	return names;
}

/* ---- attributes ---- */

static void attributes_are_those_of_the_mount(void **state)
{
	struct fixture *f = *state;
	struct stat about;

	put(f, "/a", "hello");
	assert_int_equal(stat_of(f, ROOT, "a", &about), 0);
	assert_int_equal(about.st_mode, S_IFREG | 0644);
	assert_int_equal(about.st_size, 5);
	assert_int_equal(about.st_blocks, 1);
	assert_int_equal(about.st_uid, 100);
	assert_int_equal(about.st_gid, 200);
	assert_int_equal(about.st_nlink, 1);
	assert_int_equal(about.st_mtim.tv_sec, 1001);
	assert_int_equal(vfs_attributes_get(f->vfs, ROOT, &about), 0);
	assert_int_equal(about.st_mode, S_IFDIR | 0755);
	assert_int_equal(about.st_mtim.tv_sec, 0);
	assert_int_equal(stat_of(f, ROOT, "b", &about), -ENOENT);
	mount_with(f, &(struct vfs_options){.umask = 0077, .read_only = true});
	assert_int_equal(stat_of(f, ROOT, "a", &about), 0);
	assert_int_equal(about.st_mode, S_IFREG | 0400);
}

static void what_is_no_more_is_stale(void **state)
{
	struct fixture *f = *state;
	struct vfs_handle *handle;
	struct stat about;
	uint64_t number;
	bool keep_pages;

	put(f, "/a", "hello");
	number = look_up(f, ROOT, "a");
	fakeboard_write(f->board, "/a", NULL, 0);
	assert_int_equal(vfs_attributes_get(f->vfs, number, &about), -ESTALE);
	assert_int_equal(vfs_file_open(f->vfs, number, O_RDWR, &handle, &keep_pages), -ESTALE);
	assert_int_equal(vfs_attributes_set(f->vfs, number, NULL, &(struct vfs_change){.size = &(uint64_t){0}}, &about), -ESTALE);
	assert_int_equal(board_mkdir(f->board, "/a"), 0);
	assert_int_equal(vfs_attributes_get(f->vfs, number, &about), -ESTALE);
	assert_int_equal(stat_of(f, ROOT, "a", &about), 0);
	assert_true(S_ISDIR(about.st_mode));
	assert_int_not_equal(about.st_ino, number);
	assert_int_equal(vfs_attributes_get(f->vfs, 424242, &about), -ESTALE);
}

static void times_can_be_set(void **state)
{
	struct fixture *f = *state;
	const struct timespec time = {.tv_sec = 55, .tv_nsec = 66};
	const struct vfs_change change = {.mtime = &time};
	struct stat about;
	uint64_t number, dir;

	put(f, "/a", "hello");
	number = look_up(f, ROOT, "a");
	assert_int_equal(vfs_attributes_set(f->vfs, number, NULL, &change, &about), 0);
	assert_int_equal(about.st_mtim.tv_sec, 55);
	assert_int_equal(about.st_mtim.tv_nsec, 66);
	assert_int_equal(about.st_atim.tv_sec, 1001);
	dir = make_dir(f, ROOT, "d");
	assert_int_equal(vfs_attributes_set(f->vfs, dir, NULL, &change, &about), 0);
	assert_int_equal(about.st_mtim.tv_sec, 55);
	assert_int_equal(vfs_name_rename(f->vfs, ROOT, "a", dir, "b", 0), 0);
	assert_int_equal(stat_of(f, dir, "b", &about), 0);
	assert_int_equal(about.st_mtim.tv_sec, 55);
	assert_int_equal(vfs_attributes_get(f->vfs, dir, &about), 0);
	assert_true(about.st_mtim.tv_sec > 55);
	/* What is written on the board has the board's time. */
	put(f, "/d/b", "other");
	assert_int_equal(stat_of(f, dir, "b", &about), 0);
	assert_int_equal(about.st_mtim.tv_sec, 1002);
}

static void modes_and_owners_stay_as_they_are(void **state)
{
	struct fixture *f = *state;
	struct stat about;

	put(f, "/a", "hello");
	assert_int_equal(vfs_attributes_set(f->vfs, look_up(f, ROOT, "a"), NULL, &(struct vfs_change){0}, &about), 0);
	assert_int_equal(about.st_mode, S_IFREG | 0644);
}

static void access_follows_the_mode(void **state)
{
	struct fixture *f = *state;
	uint64_t file;

	put(f, "/a", "hello");
	file = look_up(f, ROOT, "a");
	assert_int_equal(vfs_attributes_access(f->vfs, file, R_OK | W_OK, 100, 1), 0);
	assert_int_equal(vfs_attributes_access(f->vfs, file, X_OK, 100, 1), -EACCES);
	assert_int_equal(vfs_attributes_access(f->vfs, file, X_OK, 0, 0), -EACCES);
	assert_int_equal(vfs_attributes_access(f->vfs, file, W_OK, 0, 0), 0);
	assert_int_equal(vfs_attributes_access(f->vfs, file, W_OK, 1, 200), -EACCES);
	assert_int_equal(vfs_attributes_access(f->vfs, file, R_OK, 1, 1), 0);
	assert_int_equal(vfs_attributes_access(f->vfs, file, F_OK, 1, 1), 0);
	assert_int_equal(vfs_attributes_access(f->vfs, ROOT, X_OK, 1, 1), 0);
	mount_with(f, &(struct vfs_options){.read_only = true});
	assert_int_equal(vfs_attributes_access(f->vfs, ROOT, W_OK, 0, 0), -EROFS);
}

static void a_read_only_mount_refuses_every_change(void **state)
{
	struct fixture *f = *state;
	struct vfs_handle *handle;
	struct stat about;

	put(f, "/a", "hello");
	mount_with(f, &(struct vfs_options){.read_only = true});
	fakeboard_forget_calls(f->board);
	assert_int_equal(vfs_name_create(f->vfs, ROOT, "b", O_RDWR, &handle, &about), -EROFS);
	assert_int_equal(vfs_name_make_file(f->vfs, ROOT, "b", &about), -EROFS);
	assert_int_equal(vfs_name_make_dir(f->vfs, ROOT, "b", &about), -EROFS);
	assert_int_equal(vfs_name_unlink(f->vfs, ROOT, "a"), -EROFS);
	assert_int_equal(vfs_name_remove_dir(f->vfs, ROOT, "a"), -EROFS);
	assert_int_equal(vfs_name_rename(f->vfs, ROOT, "a", ROOT, "b", 0), -EROFS);
	assert_int_equal(vfs_attributes_set(f->vfs, ROOT, NULL, &(struct vfs_change){0}, &about), -EROFS);
	assert_int_equal(fakeboard_count_all(f->board), 0);
}

/* ---- names ---- */

static void bad_names_never_reach_the_board(void **state)
{
	struct fixture *f = *state;
	struct vfs_handle *handle;
	char name[VFS_NAME_MAX + 2];
	struct stat about;

	memset(name, 'n', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	assert_int_equal(stat_of(f, ROOT, name, &about), -ENAMETOOLONG);
	assert_int_equal(vfs_name_create(f->vfs, ROOT, name, O_RDWR, &handle, &about), -ENAMETOOLONG);
	assert_int_equal(vfs_name_make_dir(f->vfs, ROOT, name, &about), -ENAMETOOLONG);
	assert_int_equal(vfs_name_rename(f->vfs, ROOT, "a", ROOT, name, 0), -ENAMETOOLONG);
	assert_int_equal(vfs_name_make_dir(f->vfs, ROOT, ".Trash", &about), -EPERM);
	assert_int_equal(vfs_name_make_dir(f->vfs, ROOT, ".Trash-1000", &about), -EPERM);
	assert_int_equal(stat_of(f, ROOT, ".mpremotefs~a", &about), -ENOENT);
	assert_int_equal(vfs_name_create(f->vfs, ROOT, ".mpremotefs~a", O_RDWR, &handle, &about), -EINVAL);
	assert_int_equal(vfs_name_make_dir(f->vfs, ROOT, ".mpremotefs~a", &about), -EINVAL);
	assert_int_equal(vfs_name_rename(f->vfs, ROOT, "a", ROOT, ".mpremotefs~a", 0), -EINVAL);
	assert_int_equal(fakeboard_count_all(f->board), 0);
	name[VFS_NAME_MAX] = '\0';
	assert_int_equal(vfs_name_make_dir(f->vfs, ROOT, name, &about), 0);
	assert_int_equal(vfs_name_make_dir(f->vfs, about.st_ino, ".Trash", &about), 0);
}

static void a_new_file_costs_one_exchange(void **state)
{
	struct fixture *f = *state;
	struct vfs_handle *handle = create(f, ROOT, "new");

	write_to(f, handle, "content");
	assert_int_equal(close_file(f, handle), 0);
	assert_int_equal(fakeboard_count(f->board, FAKEBOARD_REPLACE), 1);
	assert_int_equal(fakeboard_count_all(f->board), 1);
	expect_on_board(f, "/new", "content");
}

static void a_new_file_is_there_before_the_board_has_it(void **state)
{
	struct fixture *f = *state;
	uint64_t dir = make_dir(f, ROOT, "d");
	struct vfs_handle *handle = create(f, dir, "new"), *other;
	struct stat about;
	char names[64];

	put(f, "/d/old", "x");
	write_to(f, handle, "12345");
	expect_on_board(f, "/d/new", NULL);
	assert_int_equal(stat_of(f, dir, "new", &about), 0);
	assert_int_equal(about.st_size, 5);
	assert_string_equal(names_in(f, dir, names), "new old ");
	assert_int_equal(vfs_name_remove_dir(f->vfs, ROOT, "d"), -ENOTEMPTY);
	assert_int_equal(vfs_name_make_dir(f->vfs, dir, "new", &about), -EEXIST);
	assert_int_equal(vfs_name_create(f->vfs, dir, "new", O_RDWR, &other, &about), -EEXIST);
	assert_int_equal(vfs_name_rename(f->vfs, dir, "old", dir, "new", RENAME_NOREPLACE), -EEXIST);
	other = open_as(f, look_up(f, dir, "new"), O_RDONLY);
	expect_read(f, other, "12345");
	assert_int_equal(close_file(f, other), 0);
	expect_on_board(f, "/d/new", NULL);
	assert_int_equal(close_file(f, handle), 0);
	assert_string_equal(names_in(f, dir, names), "old new ");
	expect_on_board(f, "/d/new", "12345");
}

static void a_new_file_that_is_removed_never_reaches_the_board(void **state)
{
	struct fixture *f = *state;
	struct vfs_handle *handle = create(f, ROOT, "new");
	struct stat about;

	write_to(f, handle, "12345");
	assert_int_equal(vfs_name_unlink(f->vfs, ROOT, "new"), 0);
	assert_int_equal(stat_of(f, ROOT, "new", &about), -ENOENT);
	expect_read(f, handle, "12345");
	fakeboard_forget_calls(f->board);
	assert_int_equal(close_file(f, handle), 0);
	assert_int_equal(fakeboard_count_all(f->board), 0);
	assert_string_equal(f->log, "");
}

static void a_new_file_can_be_renamed(void **state)
{
	struct fixture *f = *state;
	struct vfs_handle *handle = create(f, ROOT, "new");

	put(f, "/old", "old");
	write_to(f, handle, "123");
	assert_int_equal(vfs_name_rename(f->vfs, ROOT, "new", ROOT, "old", 0), 0);
	expect_on_board(f, "/new", NULL);
	expect_on_board(f, "/old", "123");
	assert_int_equal(vfs_file_write(f->vfs, handle, "45", 2, 3, false), 2);
	assert_int_equal(close_file(f, handle), 0);
	expect_on_board(f, "/old", "12345");
	expect_on_board(f, "/new", NULL);
}

static void a_file_node_is_made_at_once(void **state)
{
	struct fixture *f = *state;
	struct stat about;

	assert_int_equal(vfs_name_make_file(f->vfs, ROOT, "node", &about), 0);
	expect_on_board(f, "/node", "");
	assert_true(about.st_mtim.tv_sec >= 1000000);
}

static void an_open_file_moves_with_its_directory(void **state)
{
	struct fixture *f = *state;
	uint64_t dir = make_dir(f, ROOT, "d");
	struct vfs_handle *handle;

	put(f, "/d/a", "abc");
	handle = open_as(f, look_up(f, dir, "a"), O_RDWR);
	write_to(f, handle, "ABCD");
	assert_int_equal(vfs_name_rename(f->vfs, ROOT, "d", ROOT, "e", 0), 0);
	expect_read(f, handle, "ABCD");
	assert_int_equal(close_file(f, handle), 0);
	expect_on_board(f, "/e/a", "ABCD");
	expect_on_board(f, "/d/a", NULL);
}

static void a_replaced_file_lives_on_for_its_readers(void **state)
{
	struct fixture *f = *state;
	struct vfs_handle *handle;
	struct stat about;
	uint64_t number;

	put(f, "/a", "old content");
	put(f, "/b", "new");
	number = look_up(f, ROOT, "a");
	look_up(f, ROOT, "b");
	handle = open_as(f, number, O_RDWR);
	assert_int_equal(vfs_name_rename(f->vfs, ROOT, "b", ROOT, "a", 0), 0);
	expect_read(f, handle, "old content");
	write_to(f, handle, "OLD");
	assert_int_equal(vfs_attributes_get(f->vfs, number, &about), 0);
	assert_int_equal(about.st_nlink, 0);
	assert_int_equal(close_file(f, handle), 0);
	expect_on_board(f, "/a", "new");
}

static void a_failed_rename_changes_nothing(void **state)
{
	struct fixture *f = *state;
	struct vfs_handle *handle;
	struct stat about;
	uint64_t number;

	put(f, "/a", "aaa");
	put(f, "/b", "bbb");
	number = look_up(f, ROOT, "a");
	look_up(f, ROOT, "b");
	handle = open_as(f, number, O_RDWR);
	fakeboard_fail(f->board, FAKEBOARD_RENAME, EIO, 1);
	assert_int_equal(vfs_name_rename(f->vfs, ROOT, "b", ROOT, "a", 0), -EIO);
	assert_int_equal(vfs_attributes_get(f->vfs, number, &about), 0);
	assert_int_equal(about.st_nlink, 1);
	write_to(f, handle, "AAA");
	assert_int_equal(close_file(f, handle), 0);
	expect_on_board(f, "/a", "AAA");
	expect_on_board(f, "/b", "bbb");
	assert_int_equal(vfs_name_rename(f->vfs, ROOT, "b", ROOT, "a", RENAME_EXCHANGE), -EINVAL);
	assert_int_equal(vfs_name_rename(f->vfs, ROOT, "b", ROOT, "a", RENAME_NOREPLACE), -EEXIST);
	assert_int_equal(vfs_name_rename(f->vfs, ROOT, "a", ROOT, "a", 0), 0);
}

static void a_removed_open_file_lives_on(void **state)
{
	struct fixture *f = *state;
	struct vfs_handle *handle;
	struct stat about;
	uint64_t number;

	put(f, "/a", "content");
	number = look_up(f, ROOT, "a");
	handle = open_as(f, number, O_RDWR);
	assert_int_equal(vfs_name_unlink(f->vfs, ROOT, "a"), 0);
	expect_on_board(f, "/a", NULL);
	expect_read(f, handle, "content");
	write_to(f, handle, "CON");
	expect_read(f, handle, "CONtent");
	assert_int_equal(vfs_attributes_get(f->vfs, number, &about), 0);
	assert_int_equal(about.st_nlink, 0);
	assert_int_equal(about.st_size, 7);
	assert_int_equal(vfs_attributes_set(f->vfs, number, handle, &(struct vfs_change){.size = &(uint64_t){3}}, &about), 0);
	put(f, "/a", "another");
	assert_int_not_equal(look_up(f, ROOT, "a"), number);
	assert_int_equal(vfs_file_sync(f->vfs, handle), 0);
	assert_int_equal(close_file(f, handle), 0);
	expect_on_board(f, "/a", "another");
}

struct unlinker {
	pthread_t thread;
	struct fixture *f;
	int result;
};

static void *unlink_a(void *context)
{
	struct unlinker *unlinker = context;

	unlinker->result = vfs_name_unlink(unlinker->f->vfs, ROOT, "a");
	return NULL;
}

/* close(2) comes in two parts: an unlink between them does not fetch what nobody will read. */
static void a_file_that_is_being_closed_is_not_fetched(void **state)
{
	struct fixture *f = *state;
	struct unlinker unlinker = {.f = f};
	struct vfs_handle *handle;

	put(f, "/a", "content");
	handle = open_as(f, look_up(f, ROOT, "a"), O_RDONLY);
	expect_read(f, handle, "content");
	fakeboard_forget_calls(f->board);
	fakeboard_pause(f->board, FAKEBOARD_REMOVE);
	assert_int_equal(flush(f, handle), 0);
	assert_int_equal(pthread_create(&unlinker.thread, NULL, unlink_a, &unlinker), 0);
	vfs_file_release(f->vfs, handle);
	fakeboard_resume(f->board, FAKEBOARD_REMOVE);
	pthread_join(unlinker.thread, NULL);
	assert_int_equal(unlinker.result, 0);
	assert_int_equal(fakeboard_count(f->board, FAKEBOARD_READ), 0);
	expect_on_board(f, "/a", NULL);
}

static void a_removed_directory_is_empty(void **state)
{
	struct fixture *f = *state;
	uint64_t dir = make_dir(f, ROOT, "d");
	struct stat about;
	char names[64];

	assert_int_equal(vfs_name_remove_dir(f->vfs, ROOT, "d"), 0);
	assert_int_equal(vfs_attributes_get(f->vfs, dir, &about), 0);
	assert_int_equal(about.st_nlink, 0);
	assert_string_equal(names_in(f, dir, names), "");
	assert_int_equal(vfs_name_make_dir(f->vfs, dir, "x", &about), -ENOENT);
	assert_int_equal(stat_of(f, dir, "x", &about), -ENOENT);
}

/* ---- content ---- */

static void o_append_and_o_trunc(void **state)
{
	struct fixture *f = *state;
	struct vfs_handle *first, *second;
	uint64_t number;

	put(f, "/a", "one");
	number = look_up(f, ROOT, "a");
	first = open_as(f, number, O_WRONLY | O_APPEND);
	second = open_as(f, number, O_WRONLY | O_APPEND);
	write_to(f, first, " two");
	write_to(f, second, " three");
	assert_int_equal(vfs_file_write(f->vfs, first, "ONE", 3, 0, true), 3);
	assert_int_equal(close_file(f, first), 0);
	expect_on_board(f, "/a", "ONE two three");
	assert_int_equal(close_file(f, second), 0);
	first = open_as(f, number, O_WRONLY | O_TRUNC);
	expect_on_board(f, "/a", "ONE two three");
	assert_int_equal(close_file(f, first), 0);
	expect_on_board(f, "/a", "");
}

/* What a shell does for a redirection: the descriptor is copied, and the first one closed. */
static void a_copied_descriptor_is_no_reason_to_send_nothing(void **state)
{
	struct fixture *f = *state;
	struct vfs_handle *handle = create(f, ROOT, "new");

	assert_int_equal(vfs_file_flush(f->vfs, handle, have_more, &(int){1}), 0);
	expect_on_board(f, "/new", NULL);
	assert_int_equal(close_file(f, handle), 0);
	expect_on_board(f, "/new", "");
	put(f, "/a", "old");
	handle = open_as(f, look_up(f, ROOT, "a"), O_WRONLY | O_TRUNC);
	assert_int_equal(vfs_file_flush(f->vfs, handle, have_more, &(int){1}), 0);
	expect_on_board(f, "/a", "old");
	write_to(f, handle, "more");
	assert_int_equal(vfs_file_flush(f->vfs, handle, have_more, &(int){1}), 0);
	expect_on_board(f, "/a", "more");
	assert_int_equal(close_file(f, handle), 0);
	handle = open_as(f, look_up(f, ROOT, "a"), O_WRONLY | O_TRUNC);
	fakeboard_fail(f->board, FAKEBOARD_REPLACE, EIO, 1);
	assert_int_equal(flush(f, handle), -EIO);
	assert_int_equal(close_file(f, handle), 0);
	expect_on_board(f, "/a", "");
}

static void a_reader_does_not_send_what_others_write(void **state)
{
	struct fixture *f = *state;
	struct vfs_handle *writer, *reader;
	uint64_t number;

	put(f, "/a", "one");
	number = look_up(f, ROOT, "a");
	writer = open_as(f, number, O_RDWR);
	reader = open_as(f, number, O_RDONLY);
	write_to(f, writer, "ONE");
	expect_read(f, reader, "ONE");
	assert_int_equal(flush(f, reader), 0);
	expect_on_board(f, "/a", "one");
	assert_int_equal(vfs_file_sync(f->vfs, reader), 0);
	expect_on_board(f, "/a", "ONE");
	fakeboard_forget_calls(f->board);
	assert_int_equal(close_file(f, writer), 0);
	assert_int_equal(close_file(f, reader), 0);
	assert_int_equal(fakeboard_count_all(f->board), 0);
}

static void truncate_by_name_is_there_when_it_returns(void **state)
{
	struct fixture *f = *state;
	struct vfs_handle *handle;
	struct stat about;
	uint64_t number;

	put(f, "/a", "content");
	number = look_up(f, ROOT, "a");
	assert_int_equal(vfs_attributes_set(f->vfs, number, NULL, &(struct vfs_change){.size = &(uint64_t){3}}, &about), 0);
	assert_int_equal(about.st_size, 3);
	expect_on_board(f, "/a", "con");
	fakeboard_fail(f->board, FAKEBOARD_REPLACE, ENOSPC, 1);
	assert_int_equal(vfs_attributes_set(f->vfs, number, NULL, &(struct vfs_change){.size = &(uint64_t){1}}, &about), -ENOSPC);
	expect_on_board(f, "/a", "con");
	handle = open_as(f, number, O_RDWR);
	assert_int_equal(vfs_attributes_set(f->vfs, number, handle, &(struct vfs_change){.size = &(uint64_t){1}}, &about), 0);
	assert_int_equal(about.st_size, 1);
	expect_on_board(f, "/a", "con");
	assert_int_equal(close_file(f, handle), 0);
	expect_on_board(f, "/a", "c");
}

static void every_close_tells_of_what_is_not_there(void **state)
{
	struct fixture *f = *state;
	struct vfs_handle *first, *second;
	struct stat about;
	uint64_t number;

	put(f, "/a", "old");
	number = look_up(f, ROOT, "a");
	first = open_as(f, number, O_RDWR);
	second = open_as(f, number, O_RDWR);
	write_to(f, first, "newer");
	fakeboard_set_capacity(f->board, 4);
	assert_int_equal(flush(f, first), -ENOSPC);
	assert_int_equal(vfs_file_sync(f->vfs, first), -ENOSPC);
	assert_int_equal(vfs_file_release(f->vfs, first), 0);
	assert_int_equal(flush(f, second), -ENOSPC);
	assert_string_equal(f->log, "");
	fakeboard_forget_calls(f->board);
	assert_int_equal(vfs_file_release(f->vfs, second), number);
	assert_int_equal(fakeboard_count_all(f->board), 0);
	assert_non_null(strstr(f->log, "/a: "));
	assert_non_null(strstr(f->log, "5 bytes"));
	assert_non_null(strstr(f->log, strerror(ENOSPC)));
	expect_on_board(f, "/a", "old");
	assert_int_equal(vfs_attributes_get(f->vfs, number, &about), 0);
	assert_int_equal(about.st_size, 3);
}

static void a_new_file_that_was_lost_is_not_there(void **state)
{
	struct fixture *f = *state;
	struct vfs_handle *handle = create(f, ROOT, "new"), *again;
	struct stat about;
	uint64_t number = look_up(f, ROOT, "new");
	bool keep_pages;

	write_to(f, handle, "content");
	fakeboard_fail(f->board, FAKEBOARD_REPLACE, ENOSPC, 1);
	assert_int_equal(flush(f, handle), -ENOSPC);
	assert_int_equal(vfs_file_release(f->vfs, handle), number);
	assert_non_null(strstr(f->log, "/new: "));
	assert_int_equal(vfs_attributes_get(f->vfs, number, &about), -ESTALE);
	assert_int_equal(vfs_file_open(f->vfs, number, O_RDWR, &again, &keep_pages), -ESTALE);
	assert_int_equal(stat_of(f, ROOT, "new", &about), -ENOENT);
	handle = create(f, ROOT, "new");
	assert_int_equal(close_file(f, handle), 0);
	expect_on_board(f, "/new", "");
}

/* Mapped pages are written after the last close. */
static void what_is_written_after_the_flush_is_sent_at_the_release(void **state)
{
	struct fixture *f = *state;
	struct vfs_handle *handle = create(f, ROOT, "new");

	assert_int_equal(flush(f, handle), 0);
	assert_int_equal(vfs_file_write(f->vfs, handle, "late", 4, 0, true), 4);
	assert_int_equal(vfs_file_release(f->vfs, handle), 0);
	expect_on_board(f, "/new", "late");
}

static void an_early_end_saves_what_it_can(void **state)
{
	struct fixture *f = *state;

	put(f, "/big", "old");
	write_to(f, create(f, ROOT, "small"), "saved");
	write_to(f, open_as(f, look_up(f, ROOT, "big"), O_WRONLY | O_TRUNC), "much too large");
	fakeboard_set_capacity(f->board, 10);
	vfs_close(f->vfs);
	f->vfs = NULL;
	expect_on_board(f, "/small", "saved");
	expect_on_board(f, "/big", "old");
	assert_non_null(strstr(f->log, "/big: "));
	assert_null(strstr(f->log, "/small"));
}

static void pages_are_kept_while_they_are_right(void **state)
{
	struct fixture *f = *state;
	struct vfs_handle *handle;
	uint64_t number;

	put(f, "/a", "one");
	number = look_up(f, ROOT, "a");
	assert_false(keeps_pages(f, number));
	assert_true(keeps_pages(f, number));
	handle = open_as(f, number, O_RDWR);
	write_to(f, handle, "mine");
	assert_true(keeps_pages(f, number));
	assert_int_equal(close_file(f, handle), 0);
	assert_true(keeps_pages(f, number));
	put(f, "/a", "theirs");
	assert_false(keeps_pages(f, number));
	assert_true(keeps_pages(f, number));
	handle = open_as(f, number, O_RDWR);
	write_to(f, handle, "lost");
	fakeboard_fail(f->board, FAKEBOARD_REPLACE, EIO, 1);
	assert_int_equal(close_file(f, handle), -EIO);
	assert_false(keeps_pages(f, number));
}

struct closer {
	pthread_t thread;
	struct fixture *f;
	struct vfs_handle *handle;
	int result;
};

static void *close_it(void *context)
{
	struct closer *closer = context;

	closer->result = close_file(closer->f, closer->handle);
	return NULL;
}

static void others_go_on_while_a_file_is_sent(void **state)
{
	struct fixture *f = *state;
	uint64_t dir = make_dir(f, ROOT, "d");
	struct closer closer = {.f = f, .handle = create(f, dir, "large")};
	struct stat about;
	char names[64];

	put(f, "/d/other", "other");
	write_to(f, closer.handle, "a long text");
	fakeboard_pause(f->board, FAKEBOARD_REPLACE);
	assert_int_equal(pthread_create(&closer.thread, NULL, close_it, &closer), 0);
	fakeboard_await(f->board, FAKEBOARD_REPLACE, 1);
	assert_int_equal(stat_of(f, dir, "large", &about), 0);
	assert_int_equal(about.st_size, 11);
	assert_int_equal(stat_of(f, dir, "other", &about), 0);
	assert_string_equal(names_in(f, dir, names), "large other ");
	assert_int_equal(vfs_name_rename(f->vfs, dir, "other", ROOT, "moved", 0), 0);
	assert_int_equal(vfs_name_unlink(f->vfs, ROOT, "moved"), 0);
	fakeboard_resume(f->board, FAKEBOARD_REPLACE);
	pthread_join(closer.thread, NULL);
	assert_int_equal(closer.result, 0);
	expect_on_board(f, "/d/large", "a long text");
}

/* ---- directories ---- */

static void a_listing_tells_what_each_entry_is(void **state)
{
	struct fixture *f = *state;
	struct vfs_handle *handle;
	struct stat about;
	const char *name;
	bool look_up = true;

	put(f, "/a", "one");
	make_dir(f, ROOT, "d");
	assert_int_equal(vfs_dir_open(f->vfs, ROOT, &handle), 0);
	assert_int_equal(vfs_dir_list(f->vfs, handle), 0);
	fakeboard_forget_calls(f->board);
	assert_int_equal(vfs_dir_entry(f->vfs, handle, 0, &name, &look_up, &about), 1);
	assert_string_equal(name, "a");
	assert_true(look_up);
	assert_int_equal(about.st_size, 3);
	assert_int_equal(vfs_dir_entry(f->vfs, handle, 1, &name, &look_up, &about), 1);
	assert_string_equal(name, "d");
	assert_true(S_ISDIR(about.st_mode));
	assert_int_equal(vfs_dir_entry(f->vfs, handle, 2, &name, &look_up, &about), 0);
	assert_int_equal(fakeboard_count_all(f->board), 0);
	vfs_dir_release(f->vfs, handle);
}

static void a_listing_that_is_out_of_date_looks_nothing_up(void **state)
{
	struct fixture *f = *state;
	struct vfs_handle *dir, *file;
	struct stat about;
	const char *name;
	bool look_up = true;

	put(f, "/a", "one");
	put(f, "/b", "two");
	file = open_as(f, vfs_name_look_up(f->vfs, ROOT, "b", &about) == 0 ? about.st_ino : 0, O_RDWR);
	assert_int_equal(vfs_dir_open(f->vfs, ROOT, &dir), 0);
	assert_int_equal(vfs_dir_list(f->vfs, dir), 0);
	write_to(f, file, "three");
	assert_int_equal(vfs_dir_entry(f->vfs, dir, 1, &name, &look_up, &about), 1);
	assert_true(look_up);
	assert_int_equal(about.st_size, 5);
	assert_int_equal(close_file(f, file), 0);
	assert_int_equal(vfs_dir_entry(f->vfs, dir, 1, &name, &look_up, &about), 1);
	assert_false(look_up);
	look_up = true;
	assert_int_equal(vfs_dir_list(f->vfs, dir), 0);
	assert_int_equal(vfs_dir_entry(f->vfs, dir, 1, &name, &look_up, &about), 1);
	assert_true(look_up);
	assert_int_equal(about.st_size, 5);
	vfs_name_look_up(f->vfs, ROOT, "a", &about);
	assert_int_equal(vfs_name_unlink(f->vfs, ROOT, "a"), 0);
	assert_int_equal(vfs_dir_entry(f->vfs, dir, 0, &name, &look_up, &about), 1);
	assert_false(look_up);
	vfs_dir_release(f->vfs, dir);
}

static void errors_of_the_board_are_passed_on(void **state)
{
	struct fixture *f = *state;
	struct vfs_handle *handle;
	struct statvfs about_board;
	struct stat about;

	put(f, "/a", "one");
	fakeboard_fail(f->board, FAKEBOARD_STAT, EIO, 1);
	assert_int_equal(stat_of(f, ROOT, "a", &about), -EIO);
	look_up(f, ROOT, "a");
	fakeboard_fail(f->board, FAKEBOARD_REMOVE, EIO, 1);
	assert_int_equal(vfs_name_unlink(f->vfs, ROOT, "a"), -EIO);
	assert_int_equal(stat_of(f, ROOT, "a", &about), 0);
	fakeboard_fail(f->board, FAKEBOARD_MKDIR, EINVAL, 1);
	assert_int_equal(vfs_name_make_dir(f->vfs, ROOT, "d", &about), -EINVAL);
	assert_int_equal(stat_of(f, ROOT, "d", &about), -ENOENT);
	assert_int_equal(vfs_dir_open(f->vfs, ROOT, &handle), 0);
	fakeboard_fail(f->board, FAKEBOARD_LIST, EIO, 1);
	assert_int_equal(vfs_dir_list(f->vfs, handle), -EIO);
	assert_int_equal(vfs_dir_list(f->vfs, handle), 0);
	vfs_dir_release(f->vfs, handle);
	assert_int_equal(vfs_statfs(f->vfs, ROOT, &about_board), 0);
	assert_int_equal(about_board.f_namemax, 255);
	assert_int_equal(about_board.f_bsize, 4096);
	assert_int_equal(about_board.f_bavail, about_board.f_bfree);
	fakeboard_fail(f->board, FAKEBOARD_STATFS, EIO, 1);
	assert_int_equal(vfs_statfs(f->vfs, ROOT, &about_board), -EIO);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(attributes_are_those_of_the_mount),
		TEST(what_is_no_more_is_stale),
		TEST(times_can_be_set),
		TEST(modes_and_owners_stay_as_they_are),
		TEST(access_follows_the_mode),
		TEST(a_read_only_mount_refuses_every_change),
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
		TEST(o_append_and_o_trunc),
		TEST(a_copied_descriptor_is_no_reason_to_send_nothing),
		TEST(a_reader_does_not_send_what_others_write),
		TEST(truncate_by_name_is_there_when_it_returns),
		TEST(every_close_tells_of_what_is_not_there),
		TEST(a_new_file_that_was_lost_is_not_there),
		TEST(what_is_written_after_the_flush_is_sent_at_the_release),
		TEST(an_early_end_saves_what_it_can),
		TEST(pages_are_kept_while_they_are_right),
		TEST(others_go_on_while_a_file_is_sent),
		TEST(a_listing_tells_what_each_entry_is),
		TEST(a_listing_that_is_out_of_date_looks_nothing_up),
		TEST(errors_of_the_board_are_passed_on),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
