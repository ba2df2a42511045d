/* SPDX-License-Identifier: MIT */
#include "fuse/vfs_file.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <string.h>

#include <cmocka.h>

#include "fuse/vfs_attributes.h"
#include "fuse/vfs_name.h"
#include "tests/unit/fakeboard.h"
#include "tests/unit/rig.h"

static void o_append_and_o_trunc(void **state)
{
	struct rig *rig = *state;
	struct vfs_handle *first, *second;
	uint64_t number;

	rig_put(rig, "/a", "one");
	number = rig_look_up(rig, ROOT, "a");
	first = rig_open(rig, number, O_WRONLY | O_APPEND);
	second = rig_open(rig, number, O_WRONLY | O_APPEND);
	rig_write(rig, first, " two");
	rig_write(rig, second, " three");
	assert_int_equal(vfs_file_write(rig->vfs, first, "ONE", 3, 0, true), 3);
	assert_int_equal(rig_close(rig, first), 0);
	rig_expect_on_board(rig, "/a", "ONE two three");
	assert_int_equal(rig_close(rig, second), 0);
	first = rig_open(rig, number, O_WRONLY | O_TRUNC);
	rig_expect_on_board(rig, "/a", "ONE two three");
	assert_int_equal(rig_close(rig, first), 0);
	rig_expect_on_board(rig, "/a", "");
}

/* What a shell does for a redirection: the descriptor is copied, and the first one closed. */
static void a_copied_descriptor_is_no_reason_to_send_nothing(void **state)
{
	struct rig *rig = *state;
	struct vfs_handle *handle = rig_create(rig, ROOT, "new");

	assert_int_equal(vfs_file_flush(rig->vfs, handle, rig_has_more, &(int){1}), 0);
	rig_expect_on_board(rig, "/new", NULL);
	assert_int_equal(rig_close(rig, handle), 0);
	rig_expect_on_board(rig, "/new", "");
	rig_put(rig, "/a", "old");
	handle = rig_open(rig, rig_look_up(rig, ROOT, "a"), O_WRONLY | O_TRUNC);
	assert_int_equal(vfs_file_flush(rig->vfs, handle, rig_has_more, &(int){1}), 0);
	rig_expect_on_board(rig, "/a", "old");
	rig_write(rig, handle, "more");
	assert_int_equal(vfs_file_flush(rig->vfs, handle, rig_has_more, &(int){1}), 0);
	rig_expect_on_board(rig, "/a", "more");
	assert_int_equal(rig_close(rig, handle), 0);
	handle = rig_open(rig, rig_look_up(rig, ROOT, "a"), O_WRONLY | O_TRUNC);
	fakeboard_fail(rig->board, FAKEBOARD_REPLACE, EIO, 1);
	assert_int_equal(rig_flush(rig, handle), -EIO);
	assert_int_equal(rig_close(rig, handle), 0);
	rig_expect_on_board(rig, "/a", "");
}

static void a_reader_does_not_send_what_others_write(void **state)
{
	struct rig *rig = *state;
	struct vfs_handle *writer, *reader;
	uint64_t number;

	rig_put(rig, "/a", "one");
	number = rig_look_up(rig, ROOT, "a");
	writer = rig_open(rig, number, O_RDWR);
	reader = rig_open(rig, number, O_RDONLY);
	rig_write(rig, writer, "ONE");
	rig_expect_read(rig, reader, "ONE");
	assert_int_equal(rig_flush(rig, reader), 0);
	rig_expect_on_board(rig, "/a", "one");
	assert_int_equal(vfs_file_sync(rig->vfs, reader), 0);
	rig_expect_on_board(rig, "/a", "ONE");
	fakeboard_forget_calls(rig->board);
	assert_int_equal(rig_close(rig, writer), 0);
	assert_int_equal(rig_close(rig, reader), 0);
	assert_int_equal(fakeboard_count_all(rig->board), 0);
}

static void every_close_tells_of_what_is_not_there(void **state)
{
	struct rig *rig = *state;
	struct vfs_handle *first, *second;
	struct stat about;
	uint64_t number;

	rig_put(rig, "/a", "old");
	number = rig_look_up(rig, ROOT, "a");
	first = rig_open(rig, number, O_RDWR);
	second = rig_open(rig, number, O_RDWR);
	rig_write(rig, first, "newer");
	fakeboard_set_capacity(rig->board, 4);
	assert_int_equal(rig_flush(rig, first), -ENOSPC);
	assert_int_equal(vfs_file_sync(rig->vfs, first), -ENOSPC);
	assert_int_equal(vfs_file_release(rig->vfs, first), 0);
	assert_int_equal(rig_flush(rig, second), -ENOSPC);
	assert_string_equal(rig->log, "");
	fakeboard_forget_calls(rig->board);
	assert_int_equal(vfs_file_release(rig->vfs, second), number);
	assert_int_equal(fakeboard_count_all(rig->board), 0);
	assert_non_null(strstr(rig->log, "/a: "));
	assert_non_null(strstr(rig->log, "5 bytes"));
	assert_non_null(strstr(rig->log, strerror(ENOSPC)));
	rig_expect_on_board(rig, "/a", "old");
	assert_int_equal(vfs_attributes_get(rig->vfs, number, &about), 0);
	assert_int_equal(about.st_size, 3);
}

static void a_new_file_that_was_lost_is_not_there(void **state)
{
	struct rig *rig = *state;
	struct vfs_handle *handle = rig_create(rig, ROOT, "new"), *again;
	struct stat about;
	uint64_t number = rig_look_up(rig, ROOT, "new");
	bool keep_pages;

	rig_write(rig, handle, "content");
	fakeboard_fail(rig->board, FAKEBOARD_REPLACE, ENOSPC, 1);
	assert_int_equal(rig_flush(rig, handle), -ENOSPC);
	assert_int_equal(vfs_file_release(rig->vfs, handle), number);
	assert_non_null(strstr(rig->log, "/new: "));
	assert_int_equal(vfs_attributes_get(rig->vfs, number, &about), -ESTALE);
	assert_int_equal(vfs_file_open(rig->vfs, number, O_RDWR, &again, &keep_pages), -ESTALE);
	assert_int_equal(rig_stat(rig, ROOT, "new", &about), -ENOENT);
	handle = rig_create(rig, ROOT, "new");
	assert_int_equal(rig_close(rig, handle), 0);
	rig_expect_on_board(rig, "/new", "");
}

/* Mapped pages are written after the last close. */
static void what_is_written_after_the_flush_is_sent_at_the_release(void **state)
{
	struct rig *rig = *state;
	struct vfs_handle *handle = rig_create(rig, ROOT, "new");

	assert_int_equal(rig_flush(rig, handle), 0);
	assert_int_equal(vfs_file_write(rig->vfs, handle, "late", 4, 0, true), 4);
	assert_int_equal(vfs_file_release(rig->vfs, handle), 0);
	rig_expect_on_board(rig, "/new", "late");
}

static bool keeps_pages(struct rig *rig, uint64_t number)
{
	struct vfs_handle *handle;
	bool keep_pages;

	assert_int_equal(vfs_file_open(rig->vfs, number, O_RDONLY, &handle, &keep_pages), 0);
	assert_int_equal(rig_flush(rig, handle), 0);
	vfs_file_release(rig->vfs, handle);
	return keep_pages;
}

static void pages_are_kept_while_they_are_right(void **state)
{
	struct rig *rig = *state;
	struct vfs_handle *handle;
	uint64_t number;

	rig_put(rig, "/a", "one");
	number = rig_look_up(rig, ROOT, "a");
	assert_false(keeps_pages(rig, number));
	assert_true(keeps_pages(rig, number));
	handle = rig_open(rig, number, O_RDWR);
	rig_write(rig, handle, "mine");
	assert_true(keeps_pages(rig, number));
	assert_int_equal(rig_close(rig, handle), 0);
	assert_true(keeps_pages(rig, number));
	rig_put(rig, "/a", "theirs");
	assert_false(keeps_pages(rig, number));
	assert_true(keeps_pages(rig, number));
	handle = rig_open(rig, number, O_RDWR);
	rig_write(rig, handle, "lost");
	fakeboard_fail(rig->board, FAKEBOARD_REPLACE, EIO, 1);
	assert_int_equal(rig_close(rig, handle), -EIO);
	assert_false(keeps_pages(rig, number));
}

struct closer {
	pthread_t thread;
	struct rig *rig;
	struct vfs_handle *handle;
	int result;
};

static void *close_it(void *context)
{
	struct closer *closer = context;

	closer->result = rig_close(closer->rig, closer->handle);
	return NULL;
}

static void others_go_on_while_a_file_is_sent(void **state)
{
	struct rig *rig = *state;
	uint64_t dir = rig_make_dir(rig, ROOT, "d");
	struct closer closer = {.rig = rig, .handle = rig_create(rig, dir, "large")};
	struct stat about;
	char names[64];

	rig_put(rig, "/d/other", "other");
	rig_write(rig, closer.handle, "a long text");
	fakeboard_pause(rig->board, FAKEBOARD_REPLACE);
	assert_int_equal(pthread_create(&closer.thread, NULL, close_it, &closer), 0);
	fakeboard_await(rig->board, FAKEBOARD_REPLACE, 1);
	assert_int_equal(rig_stat(rig, dir, "large", &about), 0);
	assert_int_equal(about.st_size, 11);
	assert_int_equal(rig_stat(rig, dir, "other", &about), 0);
	assert_string_equal(rig_names(rig, dir, names), "large other ");
	assert_int_equal(vfs_name_rename(rig->vfs, dir, "other", ROOT, "moved", 0), 0);
	assert_int_equal(vfs_name_unlink(rig->vfs, ROOT, "moved"), 0);
	fakeboard_resume(rig->board, FAKEBOARD_REPLACE);
	pthread_join(closer.thread, NULL);
	assert_int_equal(closer.result, 0);
	rig_expect_on_board(rig, "/d/large", "a long text");
}

/* Who has read some of the old content is told so, the log once; who opens it then reads the new one. */
static void what_changed_in_an_absence_is_not_read_on(void **state)
{
	struct rig *rig = *state;
	struct vfs_handle *before, *after;
	uint64_t number;
	bool keep_pages;
	char buf[16];

	for (int removed = 0; removed < 2; removed++) {
		rig_put(rig, "/a", "old content");
		rig->log[0] = 0;
		number = rig_look_up(rig, ROOT, "a");
		before = rig_open(rig, number, O_RDONLY);
		assert_int_equal(vfs_file_read(rig->vfs, before, buf, 3, 0), 3);
		fakeboard_new_session(rig->board);
		assert_int_equal(fakeboard_write(rig->board, "/a", removed ? NULL : "new", 3), 0);
		if (!removed) {
			assert_int_equal(vfs_file_open(rig->vfs, number, O_RDONLY, &after, &keep_pages), 0);
			assert_false(keep_pages);
			assert_true(vfs_file_has_stale(rig->vfs, number));
			assert_false(vfs_file_is_stale(rig->vfs, after));
			assert_int_equal(vfs_file_read(rig->vfs, after, buf, sizeof(buf), 0), 3);
			assert_int_equal(rig_close(rig, after), 0);
		}
		assert_int_equal(vfs_file_read(rig->vfs, before, buf, sizeof(buf), 0), -EIO);
		assert_int_equal(vfs_file_read(rig->vfs, before, buf, sizeof(buf), 7), -EIO); /* past the new end */
		assert_true(vfs_file_is_stale(rig->vfs, before));
		assert_true(vfs_file_has_stale(rig->vfs, number));
		assert_false(vfs_file_has_stale(rig->vfs, ROOT));
		assert_string_equal(rig->log, "/a: it was changed while the board was away, or removed: who had it open before "
					      "cannot read on\n");
		assert_int_equal(rig_close(rig, before), 0);
		assert_false(vfs_file_has_stale(rig->vfs, number));
	}
}

struct watcher {
	pthread_t thread;
	struct vfs *vfs;
	uint64_t number;
	atomic_bool ended;
	bool stale;
};

static void *watch(void *context)
{
	struct watcher *watcher = context;

	while (!watcher->ended)
		watcher->stale |= vfs_file_has_stale(watcher->vfs, watcher->number);
	return NULL;
}

/* The kernel closes a file at its own time, so somebody may look at all that is open just then. */
static void what_is_being_closed_may_be_looked_at(void **state)
{
	struct rig *rig = *state;
	struct watcher watcher = {.vfs = rig->vfs};

	rig_put(rig, "/a", "content");
	watcher.number = rig_look_up(rig, ROOT, "a");
	assert_int_equal(pthread_create(&watcher.thread, NULL, watch, &watcher), 0);
	for (int i = 0; i < 20000; i++)
		vfs_file_release(rig->vfs, rig_open(rig, watcher.number, O_RDONLY));
	watcher.ended = true;
	pthread_join(watcher.thread, NULL);
	assert_false(watcher.stale);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, rig_set_up, rig_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(what_changed_in_an_absence_is_not_read_on),
		TEST(what_is_being_closed_may_be_looked_at),
		TEST(o_append_and_o_trunc),
		TEST(a_copied_descriptor_is_no_reason_to_send_nothing),
		TEST(a_reader_does_not_send_what_others_write),
		TEST(every_close_tells_of_what_is_not_there),
		TEST(a_new_file_that_was_lost_is_not_there),
		TEST(what_is_written_after_the_flush_is_sent_at_the_release),
		TEST(pages_are_kept_while_they_are_right),
		TEST(others_go_on_while_a_file_is_sent),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
