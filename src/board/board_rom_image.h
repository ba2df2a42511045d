/* SPDX-License-Identifier: MIT */
/* board_rom_image: the image in a ROM partition of a board, without the contents of its files: for romfs_reader and what stands on it. */
#ifndef BOARD_BOARD_ROM_IMAGE_H
#define BOARD_BOARD_ROM_IMAGE_H

#include "board/board_rom.h"

/* A partition's image without the contents of its files. */
struct board_rom_image {
	/*
	 * SIZE bytes: those of the partition that romfs_reader, romfs_walk and romfs_check_records look at. All others are zeros,
	 * whatever they are on the board; with `bytecode` also the first MPY_HEADER_SIZE bytes of each .mpy are there, so that
	 * romfs_check_bytecode can be asked.
	 */
	const uint8_t *bytes;
	const uint8_t *known; /* for each byte whether it is there: 1, or 0 */
	size_t size;          /* of the partition */
	bool empty;           /* there is no image: it begins with bytes that are all 0xff or all 0 */
};

/*
 * The image in partition NUMBER. The board walks through it and sends only its records, in as few exchanges as they need; what it
 * left out and is needed all the same is read. BYTECODE: with the headers of .mpy files. Whether the image is good is for
 * romfs_reader_open and romfs_check_records to say. Returns 0 with IMAGE, to be closed with board_rom_image_close; or a negative
 * errno, -ENOMEM too, and IMAGE is all zeros.
 */
int board_rom_image_open(struct board_rom_image *image, struct board *board, unsigned number, bool bytecode);

/* Whether a partition whose first ROMFS_MAGIC_SIZE bytes are these has no image: `empty` above. */
bool board_rom_image_is_empty(const uint8_t *bytes);

/* Puts LEN bytes that were read at OFFSET, which lie in the partition, into IMAGE. */
void board_rom_image_put(struct board_rom_image *image, uint64_t offset, const void *bytes, size_t len);

/* The SHA-256 of LEN bytes at OFFSET, all of which are there. */
void board_rom_image_hash(const struct board_rom_image *image, uint64_t offset, size_t len, uint8_t hash[BOARD_HASH_SIZE]);

/* Of an image that was opened, or is all zeros. */
void board_rom_image_close(struct board_rom_image *image);

#endif
