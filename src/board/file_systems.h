/* SPDX-License-Identifier: MIT */
/*
 * file_systems: which kinds of file systems a board has and where they are mounted, as it tells in a line of text:
 *
 *   NUMBER//NUMBER:NAME//NUMBER:NAME...
 *
 * The first NUMBER is of the top, the others of what is mounted at /NAME, which may be further down, as "mnt/sd". Each is the board's
 * errno for the look-up of `*` there: 22 (EINVAL) on FAT, 19 (ENODEV) where nothing is mounted, mostly 2. No input,
 * no output; nothing in the line is trusted.
 */
#ifndef BOARD_FILE_SYSTEMS_H
#define BOARD_FILE_SYSTEMS_H

#include <stddef.h>

#include "board/board.h"

/* The kind of the file system that the entries of directory DIR lie on. */
enum board_kind file_systems_kind(const char *line, const char *dir);

/* The length of the start of PATH, with its slash, that is the top of the file system that the entry PATH lies on. */
size_t file_systems_top(const char *line, const char *path);

/* Whether the entry PATH lies on FAT. */
bool file_systems_is_fat(const char *line, const char *path);

/* The path of the COUNTth FAT (0...) in the line into TOP, of SIZE bytes: "/" or "/NAME". Returns whether there are so many. */
bool file_systems_fat(const char *line, size_t count, char *top, size_t size);

#endif
