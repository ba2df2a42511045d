/* SPDX-License-Identifier: MIT */
/*
 * romfs_gaps: which bytes of a ROM image are missing, of those that romfs_reader and what stands on it look at, where an image comes
 * without the contents of its files. No input or output, no memory of its own.
 */
#ifndef ROMFS_ROMFS_GAPS_H
#define ROMFS_ROMFS_GAPS_H

#include <stdbool.h>

#include "romfs/romfs_format.h"

enum { ROMFS_GAPS_READ = 4096 }; /* bytes that are asked for at once, at most */

struct romfs_gaps {
	const uint8_t *bytes, *known;
	size_t size;
	bool bytecode;
	/* of the search: all before `at` is there */
	bool started;
	size_t at, top; /* the image's first record */
	size_t depth;
	size_t ends[ROMFS_DEPTH_MAX]; /* of the directories that it is in */
	size_t missing, asked, ask;   /* the gap; the end of the one that was told last, and its length */
};

/*
 * Starts to look for gaps in the image at the start of BYTES, of which those are there whose byte of KNOWN is not 0; SIZE bytes of
 * each, which must outlive GAPS. BYTECODE: the first MPY_HEADER_SIZE bytes of each .mpy have to be there, too.
 */
void romfs_gaps_start(struct romfs_gaps *gaps, const uint8_t *bytes, const uint8_t *known, size_t size, bool bytecode);

/*
 * The next gap: true with the range that is to be put into BYTES, and into KNOWN, before the next call: it lies within SIZE, and at
 * least its first byte is missing. False: nothing is missing.
 */
bool romfs_gaps_next(struct romfs_gaps *gaps, size_t *offset, size_t *len);

#endif
