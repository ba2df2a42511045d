/* SPDX-License-Identifier: MIT */
#include "board/board_rom.h"

#include <errno.h>

int board_rom_count(struct board *board)
{
	return board->ops->rom ? board->ops->rom->count(board) : -EOPNOTSUPP;
}

int board_rom_mpy(struct board *board)
{
	return board->ops->rom ? board->ops->rom->mpy(board) : -EOPNOTSUPP;
}

int board_rom_partition(struct board *board, unsigned number, struct board_partition *out)
{
	return board->ops->rom ? board->ops->rom->partition(board, number, out) : -EOPNOTSUPP;
}

ssize_t board_rom_read(struct board *board, unsigned number, void *buf, size_t len, uint64_t offset)
{
	return board->ops->rom ? board->ops->rom->read(board, number, buf, len, offset) : -EOPNOTSUPP;
}

int board_rom_records(struct board *board, unsigned number, bool bytecode, board_rom_piece_fn *each, void *context)
{
	return board->ops->rom ? board->ops->rom->records(board, number, bytecode, each, context) : -EOPNOTSUPP;
}

int board_rom_hash(struct board *board, unsigned number, uint64_t offset, uint64_t len, uint32_t block,
		   uint8_t (*hashes)[BOARD_HASH_SIZE])
{
	return board->ops->rom ? board->ops->rom->hash(board, number, offset, len, block, hashes) : -EOPNOTSUPP;
}

int board_rom_prepare(struct board *board, unsigned number, uint64_t offset, uint64_t len)
{
	return board->ops->rom ? board->ops->rom->prepare(board, number, offset, len) : -EOPNOTSUPP;
}

int board_rom_write(struct board *board, unsigned number, uint64_t offset, const void *buf, size_t len, uint32_t smallest)
{
	return board->ops->rom ? board->ops->rom->write(board, number, offset, buf, len, smallest) : -EOPNOTSUPP;
}

int board_rom_complete(struct board *board, unsigned number)
{
	return board->ops->rom ? board->ops->rom->complete(board, number) : -EOPNOTSUPP;
}

int board_rom_umount(struct board *board, const char *path)
{
	return board->ops->rom ? board->ops->rom->umount(board, path) : -EOPNOTSUPP;
}

int board_rom_mount(struct board *board, unsigned number, const char *path)
{
	return board->ops->rom ? board->ops->rom->mount(board, number, path) : -EOPNOTSUPP;
}
