/* SPDX-License-Identifier: MIT */
/*
 * fat_name: what FAT makes of a file's name, as MicroPython has it (lib/oofatfs/ff.c: create_name, cmp_lfn). No input, no output.
 *
 * FAT keeps a name as it is given, but it finds it again whatever the case of its letters. Beside that it answers to names that are
 * not listed: to the short 8.3 name that it makes of a long one, and to bytes above 127 that are the same letter in code page 437.
 * Which these are only the board knows: see board_probe.
 */
#ifndef BOARD_FAT_NAME_H
#define BOARD_FAT_NAME_H

#include <stdbool.h>
#include <stddef.h>

/* Whether FAT stores the LEN bytes of NAME as they are: otherwise it refuses them, or stores another name without a word. */
bool fat_name_is_storable(const char *name, size_t len);

/* The byte C, or the small letter where it is a capital one of ASCII. */
unsigned char fat_name_fold(char c);

/* strcmp(3), but that ASCII letters are the same in either case. */
int fat_name_compare(const char *a, const char *b);

/* strncmp(3), likewise. */
int fat_name_compare_n(const char *a, const char *b, size_t len);

/* Whether NAME is the short name that is left of a temporary of ours when the power fails while it is being removed. */
bool fat_name_is_torn(const char *name);

#endif
