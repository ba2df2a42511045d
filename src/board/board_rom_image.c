/* SPDX-License-Identifier: MIT */
#include "board/board_rom_image.h"

#include <errno.h>
#include <sha2.h>
#include <string.h>
#include <sys/mman.h>

#include "romfs/romfs_gaps.h"

/* An image that comes in. */
struct collection {
	struct board *board;
	unsigned number;
	struct board_rom_image *image;
};

/* Zeros, of which only what is written to takes memory. NULL: there is none. */
static uint8_t *map(size_t size)
{
	void *bytes = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	return bytes == MAP_FAILED ? NULL : bytes;
}

void board_rom_image_put(struct board_rom_image *image, uint64_t offset, const void *bytes, size_t len)
{
	/* They are constant to all others. */
	memcpy((uint8_t *)(uintptr_t)image->bytes + offset, bytes, len);
	memset((uint8_t *)(uintptr_t)image->known + offset, 1, len);
}

void board_rom_image_hash(const struct board_rom_image *image, uint64_t offset, size_t len, uint8_t hash[BOARD_HASH_SIZE])
{
	SHA2_CTX context;

	SHA256Init(&context);
	SHA256Update(&context, image->bytes + offset, len);
	SHA256Final(hash, &context);
}

/* A board_rom_piece_fn. */
static int collect(void *context, uint64_t offset, const uint8_t *bytes, size_t len)
{
	struct collection *to = context;

	if (offset > to->image->size || len > to->image->size - offset)
		return -EIO;
	board_rom_image_put(to->image, offset, bytes, len);
	return 0;
}

/* Reads what the board has left out. */
static int fill_gaps(struct collection *to, bool bytecode)
{
	struct romfs_gaps gaps;
	size_t offset, len;
	uint8_t buf[ROMFS_GAPS_READ];

	romfs_gaps_start(&gaps, to->image->bytes, to->image->known, to->image->size, bytecode);
	while (romfs_gaps_next(&gaps, &offset, &len)) {
		ssize_t got = board_rom_read(to->board, to->number, buf, len, offset);

		if (got != (ssize_t)len)
			return got < 0 ? (int)got : -EIO;
		board_rom_image_put(to->image, offset, buf, len);
	}
	return 0;
}

bool board_rom_image_is_empty(const uint8_t *bytes)
{
	static const uint8_t erased[] = {0xff, 0xff, 0xff}, zeros[3];

	return !memcmp(bytes, erased, sizeof(erased)) || !memcmp(bytes, zeros, sizeof(zeros));
}

int board_rom_image_open(struct board_rom_image *image, struct board *board, unsigned number, bool bytecode)
{
	struct collection to = {board, number, image};
	struct board_partition partition;
	int error = board_rom_partition(board, number, &partition);

	*image = (struct board_rom_image){0};
	if (error)
		return error;
	if (partition.size < ROMFS_MAGIC_SIZE)
		return -EIO;
	*image = (struct board_rom_image){.bytes = map(partition.size), .known = map(partition.size), .size = partition.size};
	error = image->bytes && image->known ? board_rom_records(board, number, bytecode, collect, &to) : -ENOMEM;
	if (!error)
		error = fill_gaps(&to, bytecode);
	if (!error)
		image->empty = board_rom_image_is_empty(image->bytes);
	else
		board_rom_image_close(image);
	return error;
}

static void unmap(const uint8_t *bytes, size_t size)
{
	if (bytes)
		munmap((void *)(uintptr_t)bytes, size);
}

void board_rom_image_close(struct board_rom_image *image)
{
	unmap(image->bytes, image->size);
	unmap(image->known, image->size);
	*image = (struct board_rom_image){0};
}
