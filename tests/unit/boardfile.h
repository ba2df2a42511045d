/* SPDX-License-Identifier: MIT */
/* boardfile: what files a fakeboard has, in short words that fail the test where it is otherwise. No calls are counted for it. */
#ifndef UNIT_BOARDFILE_H
#define UNIT_BOARDFILE_H

#include "tests/unit/fakeboard.h"

/* The board itself has file PATH with TEXT now, behind everybody's back. */
void boardfile_put(struct board *board, const char *path, const char *text);

/* File PATH has TEXT; NULL: there is none. */
void boardfile_expect(struct board *board, const char *path, const char *text);

#endif
