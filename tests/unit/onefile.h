/* SPDX-License-Identifier: MIT */
/* onefile: one file, /f, on a board in memory, as a process has it open. What they do not say otherwise must succeed. */
#ifndef UNIT_ONEFILE_H
#define UNIT_ONEFILE_H

#include "fuse/open_file.h"
#include "tests/unit/fakeboard.h"

struct onefile {
	struct board *board; /* a fakeboard */
	struct open_file_mount mount;
	struct open_file *file; /* null until it is opened */
};

/* For cmocka: *STATE is a onefile, with nothing on the board, and with a clock that stands at second 43200. */
int onefile_set_up(void **state);
int onefile_tear_down(void **state);

/* The board has /f with TEXT; it is opened and loaded, and the calls are forgotten. */
struct open_file *onefile_open_with(struct onefile *f, const char *text);

/* Opens /f as a new file. */
struct open_file *onefile_create(struct onefile *f);

/* Writes TEXT at OFFSET; reads LEN bytes there, which are to be TEXT. */
void onefile_write_at(struct open_file *file, const char *text, uint64_t offset);
void onefile_expect_read(struct open_file *file, uint64_t offset, size_t len, const char *text);

/* The board has TEXT as /f; NULL: it has no /f. */
void onefile_expect_on_board(struct onefile *f, const char *text);

/* So many of these calls have come to the board since the last were forgotten. */
void onefile_expect_calls(struct onefile *f, unsigned reads, unsigned replaces, unsigned appends);

#endif
