/* SPDX-License-Identifier: MIT */
/*
 * times_codec: the times that are kept of one board, as the bytes of a file. No input, no output; the bytes are not trusted.
 *
 * Integers are little-endian.
 *
 *   "MPRTIMES", u16 version 1, the board's name and a NUL,
 *   any number of entries: the path on the board and a NUL, u8 enum times_flags, u64 size, i64 mtime (both as the board says),
 *       i64 seconds and u32 nanoseconds of the atime, the same of the mtime (as this computer shows them), and if there is
 *       evidence, TIMES_EVIDENCE bytes of it,
 *   CRC-32 of all before it.
 *
 * Evidence for a file whose time on the board would tell says that this was still fresh.
 *
 * A file of another version, of another board, or with one wrong bit is none.
 */
#ifndef FUSE_TIMES_CODEC_H
#define FUSE_TIMES_CODEC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

enum {
	TIMES_EVIDENCE = 16,   /* bytes: see times_evidence.h */
	TIMES_PATH_MAX = 4096, /* bytes of a path, with its NUL */
};

struct times_entry {
	const char *path; /* of the board, absolute; when decoded, in the bytes that are decoded */
	bool is_dir, has_evidence;
	uint64_t size;
	int64_t board_mtime;
	struct timespec atime, mtime;
	uint8_t evidence[TIMES_EVIDENCE];
};

/* The bytes that the head (without its entries, with the checksum) of a file for BOARD takes, and those of ENTRY. */
size_t times_codec_head_size(const char *board);
size_t times_codec_entry_size(const struct times_entry *entry);

/* Writes the head, and an entry, to AT. They return where the next goes. */
uint8_t *times_codec_put_head(uint8_t *at, const char *board);
uint8_t *times_codec_put_entry(uint8_t *at, const struct times_entry *entry);

/* Writes the checksum of the bytes from START to AT, and returns the end. */
uint8_t *times_codec_put_end(const uint8_t *start, uint8_t *at);

/* What is not read yet. */
struct times_reader {
	const uint8_t *at;
	size_t left;
};

/* Starts to read a file, LEN bytes at BYTES. Returns false when it is not a whole file of BOARD and of this version. */
bool times_codec_read(struct times_reader *reader, const uint8_t *bytes, size_t len, const char *board);

/* The next entry into *ENTRY. Returns 1, 0 at the end, or -EBADMSG: what follows makes no sense, and what was read may make none. */
int times_codec_next(struct times_reader *reader, struct times_entry *entry);

#endif
