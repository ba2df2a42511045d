/* SPDX-License-Identifier: MIT */
#include "board/board_rom_image.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include "romfs/romfs_gaps.h"

/* The image, and which bytes of it are there, while these come in. */
struct collection {
	struct board *board;
	unsigned number;
	uint8_t *bytes, *known; /* `size` of each; known: 1 for each byte that is there */
	size_t size;
};

/* Zeros, of which only what is written to takes memory. NULL: there is none. */
static uint8_t *map(size_t size)
{
	void *bytes = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	return bytes == MAP_FAILED ? NULL : bytes;
}

static void unmap(uint8_t *bytes, size_t size)
{
	if (bytes)
		munmap(bytes, size);
}

/* A board_rom_piece_fn. */
static int collect(void *context, uint64_t offset, const uint8_t *bytes, size_t len)
{
	struct collection *to = context;

	if (offset > to->size || len > to->size - offset)
		return -EIO;
	memcpy(to->bytes + offset, bytes, len);
	memset(to->known + offset, 1, len);
	return 0;
}

/* Reads what the board has left out. */
static int fill_gaps(struct collection *to, bool bytecode)
{
	struct romfs_gaps gaps;
	size_t offset, len;
	uint8_t buf[ROMFS_GAPS_READ];

	romfs_gaps_start(&gaps, to->bytes, to->known, to->size, bytecode);
	while (romfs_gaps_next(&gaps, &offset, &len)) {
		ssize_t got = board_rom_read(to->board, to->number, buf, len, offset);

		if (got != (ssize_t)len)
			return got < 0 ? (int)got : -EIO;
		collect(to, offset, buf, len);
	}
	return 0;
}

static bool is_empty(const uint8_t *bytes)
{
	static const uint8_t erased[] = {0xff, 0xff, 0xff}, zeros[3];

	return !memcmp(bytes, erased, sizeof(erased)) || !memcmp(bytes, zeros, sizeof(zeros));
}

int board_rom_image_open(struct board_rom_image *image, struct board *board, unsigned number, bool bytecode)
{
	struct board_partition partition;
	int error = board_rom_partition(board, number, &partition);

	*image = (struct board_rom_image){0};
	if (error)
		return error;
	if (partition.size < ROMFS_MAGIC_SIZE)
		return -EIO;
	struct collection to = {board, number, map(partition.size), map(partition.size), partition.size};
	error = to.bytes && to.known ? board_rom_records(board, number, bytecode, collect, &to) : -ENOMEM;
	if (!error)
		error = fill_gaps(&to, bytecode);
	unmap(to.known, to.size);
	if (error)
		unmap(to.bytes, to.size);
	else
		*image = (struct board_rom_image){to.bytes, to.size, is_empty(to.bytes)};
	return error;
}

void board_rom_image_close(struct board_rom_image *image)
{
	if (image->bytes)
		munmap((void *)(uintptr_t)image->bytes, image->size);
	*image = (struct board_rom_image){0};
}
