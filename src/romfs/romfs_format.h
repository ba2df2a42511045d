/* SPDX-License-Identifier: MIT */
/*
 * romfs_format: what reader and writer of ROM images share: numbers, kinds of records, names.
 *
 * An image is a record, and records hold records. A record is a number that says its kind, a number that says how many bytes
 * follow, and these bytes. A number has 7 bits a byte, the highest first; a byte with more to come has its top bit set, so a number
 * can be padded with 0x80 in front. (Source: the comment at the top of extmod/vfs_rom.c in micropython/micropython, and what the
 * code below it does. VfsRom believes every length that it finds; we do not.)
 *
 *   image      ROMFS_IMAGE, records; in front always d2 cd 31; its whole length is even
 *   directory  ROMFS_DIRECTORY: the length of its name as a number, the name, records
 *   file       ROMFS_FILE: the same; the first of its records that is one of the two kinds of data is its content
 *   data       ROMFS_VERBATIM: the content. ROMFS_POINTER: the number of its bytes, and where they begin, counted from the first
 *              record in the image
 *   others     ROMFS_PADDING, and all kinds that we do not know, are skipped. ROMFS_UNUSED marks damage
 */
#ifndef ROMFS_ROMFS_FORMAT_H
#define ROMFS_ROMFS_FORMAT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum romfs_kind {
	ROMFS_UNUSED = 0,
	ROMFS_PADDING = 1,
	ROMFS_VERBATIM = 2,
	ROMFS_POINTER = 3,
	ROMFS_DIRECTORY = 4,
	ROMFS_FILE = 5,
	ROMFS_IMAGE = 0x14a6b1,
};

#define ROMFS_MAGIC "\xd2\xcd\x31" /* ROMFS_IMAGE as a number */

enum {
	ROMFS_MAGIC_SIZE = 3,
	ROMFS_NUMBER_SIZE = 5, /* bytes that the largest number takes without padding: boards count in 32 bits */
	/* Limits of our own; the format has none. What is beyond them could not be a path on this computer. */
	ROMFS_NAME_MAX = 255,  /* bytes */
	ROMFS_PATH_MAX = 4095, /* bytes from the image's top to a name's end */
	ROMFS_DEPTH_MAX = 256, /* directories in each other, the top counted */
};

/* How many bytes VALUE takes. */
size_t romfs_format_number_size(uint32_t value);

/* Writes VALUE to OUT. Returns its size. */
size_t romfs_format_put_number(uint8_t *out, uint32_t value);

/* Writes VALUE to OUT in ROMFS_NUMBER_SIZE bytes, padded: for a number that is not yet known when its room is counted. */
void romfs_format_put_padded(uint8_t *out, uint32_t value);

/*
 * Takes the number at *AT of BYTES, of which END are there, and moves *AT behind it. Returns 0, or -EBADMSG (*AT stays) where it
 * does not end before END or needs more than 32 bits.
 */
int romfs_format_get_number(const uint8_t *bytes, size_t *at, size_t end, uint32_t *value);

/*
 * The gate for each length that an image says: whether LEN bytes from AT on lie before END. No sum is made for that, so none can be too
 * large.
 */
bool romfs_format_fits(size_t at, size_t len, size_t end);

/* What is wrong with the LEN bytes of NAME as one name of a file or directory, in words that go on from "a name that"; NULL: nothing. */
const char *romfs_format_name_fault(const char *name, size_t len);

#endif
