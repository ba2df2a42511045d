/* SPDX-License-Identifier: MIT */
#include "board/board.h"

#include <errno.h>
#include <sha2.h>
#include <string.h>

#include "agent/protocol.h"

bool board_hides(const char *name)
{
	return !strncmp(name, AGENT_HIDDEN, sizeof(AGENT_HIDDEN) - 1);
}

/* Moves BOARD down to the first that has OP itself, or to the lowest. */
#define FIND(board, op)                                     \
	do {                                                \
		while (!(board)->ops->op && (board)->below) \
			(board) = (board)->below;           \
	} while (0)

enum board_kind board_kind(struct board *board, const char *dir)
{
	FIND(board, kind);
	return board->ops->kind ? board->ops->kind(board, dir) : BOARD_ORDINARY;
}

size_t board_top(struct board *board, const char *path)
{
	FIND(board, top);
	return board->ops->top ? board->ops->top(board, path) : 1;
}

bool board_is_fixed(struct board *board, const char *path)
{
	FIND(board, is_fixed);
	return board->ops->is_fixed ? board->ops->is_fixed(board, path) : board_info(board)->read_only;
}

int board_stat(struct board *board, const char *path, struct board_stat *out)
{
	FIND(board, stat);
	return board->ops->stat(board, path, out);
}

int board_probe(struct board *board, const char *path, struct board_stat *out)
{
	FIND(board, probe);
	return board->ops->probe ? board->ops->probe(board, path, out) : board_stat(board, path, out);
}

int board_may_make(struct board *board, const char *path)
{
	FIND(board, may_make);
	return board->ops->may_make ? board->ops->may_make(board, path) : 0;
}

int board_list(struct board *board, const char *path, board_entry_fn *each, void *context)
{
	FIND(board, list);
	return board->ops->list(board, path, each, context);
}

ssize_t board_read(struct board *board, const char *path, void *buf, size_t len, uint64_t offset)
{
	FIND(board, read);
	return board->ops->read(board, path, buf, len, offset);
}

void board_ahead(struct board *board, const char *path, uint64_t size)
{
	FIND(board, ahead);
	if (board->ops->ahead)
		board->ops->ahead(board, path, size);
}

int board_replace(struct board *board, const char *path, const struct board_content *content, struct board_stat *out)
{
	struct board_stat unwanted;

	FIND(board, replace);
	return board->ops->replace(board, path, content, out ? out : &unwanted);
}

int board_append(struct board *board, const char *path, const struct board_content *content, uint64_t from,
		 struct board_stat *out)
{
	struct board_stat unwanted;

	FIND(board, append);
	return board->ops->append(board, path, content, from, out ? out : &unwanted);
}

int board_mkdir(struct board *board, const char *path)
{
	FIND(board, mkdir);
	return board->ops->mkdir(board, path);
}

int board_rmdir(struct board *board, const char *path)
{
	FIND(board, rmdir);
	return board->ops->rmdir(board, path);
}

int board_remove(struct board *board, const char *path)
{
	FIND(board, remove);
	return board->ops->remove(board, path);
}

int board_rename(struct board *board, const char *from, const char *to, bool noreplace)
{
	FIND(board, rename);
	return board->ops->rename(board, from, to, noreplace);
}

int board_hash(struct board *board, struct board_hash *files, size_t count)
{
	FIND(board, hash);
	return board->ops->hash ? board->ops->hash(board, files, count) : -EOPNOTSUPP;
}

int board_content_hash(const struct board_content *content, uint8_t hash[BOARD_HASH_SIZE])
{
	SHA2_CTX context;
	uint8_t buf[4096];

	SHA256Init(&context);
	for (uint64_t at = 0; at < content->size;) {
		size_t len = content->size - at < sizeof(buf) ? (size_t)(content->size - at) : sizeof(buf);
		int error = content->read(content->context, buf, len, at);

		if (error)
			return error;
		SHA256Update(&context, buf, len);
		at += len;
	}
	SHA256Final(hash, &context);
	return 0;
}

int board_statfs(struct board *board, const char *path, struct board_statfs *out)
{
	FIND(board, statfs);
	return board->ops->statfs(board, path, out);
}

const struct board_info *board_info(struct board *board)
{
	FIND(board, info);
	return board->ops->info(board);
}

unsigned board_session(struct board *board)
{
	FIND(board, session);
	return board->ops->session ? board->ops->session(board) : 0;
}

void board_close(struct board *board)
{
	if (board)
		board->ops->close(board);
}
