/* SPDX-License-Identifier: MIT */
/* ask: short words for tests that ask a board, and questions at random. All fail the test where they say "must". */
#ifndef UNIT_ASK_H
#define UNIT_ASK_H

#include "board/board.h"
#include "tests/unit/dice.h"

/* The LEN bytes at BYTES, which outlive it, as the content of a file. */
struct board_content ask_content(const void *bytes, size_t len);

/* board_replace with these bytes. What the board then says of the file must be true. */
int ask_replace_bytes(struct board *board, const char *path, const void *bytes, size_t len);
int ask_replace(struct board *board, const char *path, const char *text);

/* board_append; all of TEXT is the content. */
int ask_append(struct board *board, const char *path, const char *text, uint64_t from);

/* 'd' for a directory, 'f' for a file, or a negative errno. */
int ask_stat(struct board *board, const char *path);

/* How many entries PATH has, or a negative errno. */
int ask_list(struct board *board, const char *path);

/* How many of its first 8 bytes file PATH has, or a negative errno. */
int ask_read(struct board *board, const char *path);

/* One of few paths, one to three names deep, of at most 7 bytes with its NUL. */
void ask_random_path(struct dice *dice, char *path);

enum { ASK_STEPS = 14 };

/* The KINDth (of ASK_STEPS) of what can be asked about PATH and OTHER, with its answer. */
int ask_step(struct board *board, uint32_t kind, const char *path, const char *other);

#endif
