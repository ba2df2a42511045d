/* SPDX-License-Identifier: MIT */
#include "board/board_rom.h"

#include <errno.h>

/* The ROM partitions of the first board below BOARD that has some; *BOARD becomes that. NULL: none has. */
static const struct board_rom_ops *find(struct board **board)
{
	while (!(*board)->ops->rom && (*board)->below)
		*board = (*board)->below;
	return (*board)->ops->rom;
}

int board_rom_count(struct board *board)
{
	const struct board_rom_ops *rom = find(&board);

	return rom ? rom->count(board) : -EOPNOTSUPP;
}

int board_rom_mpy(struct board *board)
{
	const struct board_rom_ops *rom = find(&board);

	return rom ? rom->mpy(board) : -EOPNOTSUPP;
}

int board_rom_partition(struct board *board, unsigned number, struct board_partition *out)
{
	const struct board_rom_ops *rom = find(&board);

	return rom ? rom->partition(board, number, out) : -EOPNOTSUPP;
}

ssize_t board_rom_read(struct board *board, unsigned number, void *buf, size_t len, uint64_t offset)
{
	const struct board_rom_ops *rom = find(&board);

	return rom ? rom->read(board, number, buf, len, offset) : -EOPNOTSUPP;
}

int board_rom_records(struct board *board, unsigned number, bool bytecode, board_rom_piece_fn *each, void *context)
{
	const struct board_rom_ops *rom = find(&board);

	return rom ? rom->records(board, number, bytecode, each, context) : -EOPNOTSUPP;
}

int board_rom_hash(struct board *board, unsigned number, uint64_t offset, uint64_t len, uint32_t block,
		   uint8_t (*hashes)[BOARD_HASH_SIZE], size_t size)
{
	const struct board_rom_ops *rom = find(&board);

	return rom ? rom->hash(board, number, offset, len, block, hashes, size) : -EOPNOTSUPP;
}

int board_rom_prepare(struct board *board, unsigned number, uint64_t offset, uint64_t len)
{
	const struct board_rom_ops *rom = find(&board);

	return rom ? rom->prepare(board, number, offset, len) : -EOPNOTSUPP;
}

int board_rom_write(struct board *board, unsigned number, const struct board_rom_bytes *bytes)
{
	const struct board_rom_ops *rom = find(&board);

	return rom ? rom->write(board, number, bytes) : -EOPNOTSUPP;
}

int board_rom_complete(struct board *board, unsigned number)
{
	const struct board_rom_ops *rom = find(&board);

	return rom ? rom->complete(board, number) : -EOPNOTSUPP;
}

int board_rom_umount(struct board *board, const char *path)
{
	const struct board_rom_ops *rom = find(&board);

	return rom ? rom->umount(board, path) : -EOPNOTSUPP;
}

int board_rom_mount(struct board *board, unsigned number, const char *path)
{
	const struct board_rom_ops *rom = find(&board);

	return rom ? rom->mount(board, number, path) : -EOPNOTSUPP;
}
