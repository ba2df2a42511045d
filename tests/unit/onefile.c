/* SPDX-License-Identifier: MIT */
#include "tests/unit/onefile.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/boardfile.h"

/* A clock that stands still; tests compare with it. */
static void noon(struct timespec *now)
{
	*now = (struct timespec){.tv_sec = 43200, .tv_nsec = 12};
}

int onefile_set_up(void **state)
{
	struct onefile *f = calloc(1, sizeof(*f));

	*state = f;
	f->mount.now = noon;
	if (fakeboard_open(&f->board) < 0 || kept_times_open(&f->mount.times, f->board, NULL, NULL) < 0 ||
	    host_store_open(&f->mount.store) < 0)
		return -1;
	f->mount.board = f->board;
	return 0;
}

int onefile_tear_down(void **state)
{
	struct onefile *f = *state;

	open_file_unref(f->file);
	assert_int_equal(f->mount.store.in_memory, 0);
	host_store_close(&f->mount.store);
	kept_times_close(f->mount.times);
	board_close(f->board);
	free(f);
	return 0;
}

struct open_file *onefile_open_with(struct onefile *f, const char *text)
{
	boardfile_put(f->board, "/f", text);
	assert_int_equal(open_file_open(&f->file, &f->mount), 0);
	assert_int_equal(open_file_load(f->file, "/f"), 0);
	fakeboard_forget_calls(f->board);
	return f->file;
}

struct open_file *onefile_create(struct onefile *f)
{
	assert_int_equal(open_file_create(&f->file, &f->mount), 0);
	return f->file;
}

void onefile_write_at(struct open_file *file, const char *text, uint64_t offset)
{
	assert_int_equal(open_file_write(file, "/f", text, strlen(text), offset, false), strlen(text));
}

void onefile_expect_read(struct open_file *file, uint64_t offset, size_t len, const char *text)
{
	char buf[256] = "";

	assert_int_equal(open_file_read(file, "/f", buf, len, offset), strlen(text));
	assert_string_equal(buf, text);
}

void onefile_expect_on_board(struct onefile *f, const char *text)
{
	boardfile_expect(f->board, "/f", text);
}

void onefile_expect_calls(struct onefile *f, unsigned reads, unsigned replaces, unsigned appends)
{
	assert_int_equal(fakeboard_count(f->board, FAKEBOARD_READ), reads);
	assert_int_equal(fakeboard_count(f->board, FAKEBOARD_REPLACE), replaces);
	assert_int_equal(fakeboard_count(f->board, FAKEBOARD_APPEND), appends);
}
