/* SPDX-License-Identifier: MIT */
/*
 * board_rom: the ROM partitions of a board (their images: romfs/romfs_format.h), for who deploys to them and who shows them.
 *
 * Only board_agent.c has them; for any other board all of these are -EOPNOTSUPP. Any thread may call, after board_agent_open; every
 * call blocks until it is done. What only reads may be called by several threads at once, and shares the line with other requests;
 * what changes something goes alone and is done once. Beside what is said below, all return negative errnos as board.h has them:
 *   -EOPNOTSUPP  the firmware has no vfs.rom_ioctl (before MicroPython 1.25, or built without ROM partitions)
 *   -ENXIO       the board has no partition of this number
 *   -EINVAL      a range that leaves the partition
 *   -EIO         the board fell silent, was reset in the middle of a change, or has no better word
 * The parts of the agent that do this, src/agent/board/rom*.py, are loaded with the first call that needs them in each session of the
 * agent, or are there from its start (enum board_agent_use).
 */
#ifndef BOARD_BOARD_ROM_H
#define BOARD_BOARD_ROM_H

#include "board/board.h"

enum { BOARD_ROM_MAX = 32 }; /* more partitions are not looked at */

/* What a partition is. (Source: extmod/modvfs.c and ports/.../vfs_rom_ioctl.c of micropython/micropython.) */
struct board_partition {
	bool is_memory; /* a memoryview, which rom_ioctl 3 to 6 change; else a block device */
	uint32_t size;  /* bytes */
	/*
	 * What is erased at once, in bytes. 0: the board does not say: its firmware (esp8266, and others before rom_ioctl 6 came) erases
	 * only from the start of the partition on, so that whatever is changed there all before it has to be written again, too.
	 */
	uint32_t block_size;
};

/* A piece of an image: LEN bytes that lie at OFFSET. Returns 0, or what ends the call that it was handed to. */
typedef int board_rom_piece_fn(void *context, uint64_t offset, const uint8_t *bytes, size_t len);

/* What is written: LEN bytes of BYTES, at OFFSET. */
struct board_rom_bytes {
	uint64_t offset;
	const void *bytes;
	size_t len;
	uint32_t smallest; /* what board_rom_prepare returned */
	/* Told, now and then, how many of the bytes are written; anything but 0 ends it, with -EINTR. NULL: nobody is told. */
	int (*written)(void *context, size_t done);
	void *context;
};

/* What an implementation has, in board_ops; the functions below say what each does. */
struct board_rom_ops {
	int (*count)(struct board *board);
	int (*mpy)(struct board *board);
	int (*partition)(struct board *board, unsigned number, struct board_partition *out);
	ssize_t (*read)(struct board *board, unsigned number, void *buf, size_t len, uint64_t offset);
	int (*records)(struct board *board, unsigned number, bool bytecode, board_rom_piece_fn *each, void *context);
	int (*hash)(struct board *board, unsigned number, uint64_t offset, uint64_t len, uint32_t block,
		    uint8_t (*hashes)[BOARD_HASH_SIZE], size_t size);
	int (*prepare)(struct board *board, unsigned number, uint64_t offset, uint64_t len);
	int (*write)(struct board *board, unsigned number, const struct board_rom_bytes *bytes);
	int (*complete)(struct board *board, unsigned number);
	int (*umount)(struct board *board, const char *path);
	int (*mount)(struct board *board, unsigned number, const char *path);
};

/* How many partitions the board has, 0 too. Asks nobody. */
int board_rom_count(struct board *board);

/*
 * The board's sys.implementation._mpy: bits 0-7 the version of .mpy that it loads, 8-9 the sub-version and 10-15 the architecture of
 * native code (py/persistentcode.h); 0: it loads none. Asks nobody.
 */
int board_rom_mpy(struct board *board);

/* What partition NUMBER is. */
int board_rom_partition(struct board *board, unsigned number, struct board_partition *out);

/* Reads up to LEN bytes of partition NUMBER from OFFSET into BUF. Returns the bytes read; fewer than LEN only at its end. */
ssize_t board_rom_read(struct board *board, unsigned number, void *buf, size_t len, uint64_t offset);

/*
 * Has the board walk through the image in partition NUMBER, and hands EACH what it sends of it, in the image's order: headers, records
 * and names, with BYTECODE also the headers of .mpy files. The board stops where the image makes no sense, so anything can be
 * missing. For board_rom_image.h, which mends that.
 */
int board_rom_records(struct board *board, unsigned number, bool bytecode, board_rom_piece_fn *each, void *context);

/*
 * Has the board compute the SHA-256 of each BLOCK bytes of the LEN from OFFSET, the last of what is left. The first SIZE (1 to
 * BOARD_HASH_SIZE) bytes of each are brought into HASHES, which has room for all. -EOPNOTSUPP also on a board that has no SHA-256
 * (where board_rom_read of it goes well).
 */
int board_rom_hash(struct board *board, unsigned number, uint64_t offset, uint64_t len, uint32_t block,
		   uint8_t (*hashes)[BOARD_HASH_SIZE], size_t size);

/*
 * Erases the LEN bytes of partition NUMBER from OFFSET, both multiples of its block size (LEN may end with the partition); where that
 * is 0 OFFSET must be 0 and LEN is rounded up by the board. A long range is erased in steps, each one a request. What it leaves is
 * 0xff on flash; memory that needs no erasing (MRAM) may keep what it had. Returns the smallest write in bytes, at least 1, for
 * board_rom_write; after an error part of it may be erased.
 */
int board_rom_prepare(struct board *board, unsigned number, uint64_t offset, uint64_t len);

/*
 * Writes BYTES to partition NUMBER, where all was erased and nothing written since. Its offset is a multiple of its `smallest`, and
 * where its length is none, 0xff is written behind it as far as needed. Goes over compressed where the board can inflate and it pays.
 * After an error part of it may be written.
 */
int board_rom_write(struct board *board, unsigned number, const struct board_rom_bytes *bytes);

/* Tells the board that partition NUMBER is written. Firmware that knows nothing of it (esp8266), and a block device, is asked for no more. */
int board_rom_complete(struct board *board, unsigned number);

/* Unmounts what the board's programs see at PATH ("/rom"). Returns 1, or 0: nothing was mounted there. */
int board_rom_umount(struct board *board, const char *path);

/*
 * Mounts partition NUMBER for the board's programs at PATH ("/rom", "/romfs1"), until the board's reset, and sees to it that PATH and
 * PATH/lib are on sys.path. -EBUSY: something else is mounted there; -ENODEV: there is no image in it.
 */
int board_rom_mount(struct board *board, unsigned number, const char *path);

#endif
