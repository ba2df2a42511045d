/* SPDX-License-Identifier: MIT */
#include "tests/unit/quirkyboard.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/fakeboard.h"

enum { NAME_BYTES = 255, PATH_BYTES = 4096 };

struct quirkyboard {
	struct board base;
	struct board *below;
	enum quirkyboard_kind kind;
	unsigned losses;
};

static struct quirkyboard *of(struct board *board)
{
	return (struct quirkyboard *)board;
}

static bool is_fat(const struct quirkyboard *quirky)
{
	return quirky->kind == QUIRKYBOARD_FAT;
}

/* FAT has one word for all that is not there. */
static int missing(const struct quirkyboard *quirky, int error)
{
	return is_fat(quirky) && error == -ENOTDIR ? -ENOENT : error;
}

/* What becomes of a name that is too long. LittleFS 1 stores the length modulo 256. */
static int check_names(struct quirkyboard *quirky, const char *path)
{
	bool too_long = false;

	while (*path) {
		size_t len = strcspn(path, "/");

		too_long = too_long || len > NAME_BYTES;
		path += len + (path[len] == '/');
	}
	if (!too_long)
		return 0;
	if (quirky->kind == QUIRKYBOARD_LFS1)
		quirky->losses++;
	return is_fat(quirky) ? -EINVAL : -ENAMETOOLONG;
}

static bool is_dir(struct quirkyboard *quirky, const char *path)
{
	struct board_stat stat;

	return !board_stat(quirky->below, path, &stat) && stat.is_dir;
}

static bool is_file(struct quirkyboard *quirky, const char *path)
{
	struct board_stat stat;

	return !board_stat(quirky->below, path, &stat) && !stat.is_dir;
}

static int op_stat(struct board *board, const char *path, struct board_stat *out)
{
	int error = check_names(of(board), path);

	return error ? error : missing(of(board), board_stat(of(board)->below, path, out));
}

static int op_list(struct board *board, const char *path, board_entry_fn *each, void *context)
{
	int error = check_names(of(board), path);

	return error ? error : missing(of(board), board_list(of(board)->below, path, each, context));
}

static ssize_t op_read(struct board *board, const char *path, void *buf, size_t len, uint64_t offset)
{
	int error = check_names(of(board), path);

	if (error)
		return error;
	if (is_fat(of(board)) && is_dir(of(board), path))
		return -ENOENT;
	ssize_t got = board_read(of(board)->below, path, buf, len, offset);
	return got < 0 ? missing(of(board), (int)got) : got;
}

static int may_write(struct quirkyboard *quirky, const char *path)
{
	int error = check_names(quirky, path);

	return error ? error : is_fat(quirky) && is_dir(quirky, path) ? -EACCES : 0;
}

static int op_replace(struct board *board, const char *path, const struct board_content *content, struct board_stat *out)
{
	int error = may_write(of(board), path);

	return error ? error : missing(of(board), board_replace(of(board)->below, path, content, out));
}

static int op_append(struct board *board, const char *path, const struct board_content *content, uint64_t from,
		     struct board_stat *out)
{
	int error = may_write(of(board), path);

	return error ? error : missing(of(board), board_append(of(board)->below, path, content, from, out));
}

static int op_mkdir(struct board *board, const char *path)
{
	int error = check_names(of(board), path);

	return error ? error : missing(of(board), board_mkdir(of(board)->below, path));
}

static int op_rmdir(struct board *board, const char *path)
{
	struct quirkyboard *quirky = of(board);
	int error = check_names(quirky, path);

	if (error)
		return error;
	if (!is_fat(quirky) && is_file(quirky, path)) {
		quirky->losses++;
		return board_remove(quirky->below, path);
	}
	error = board_rmdir(quirky->below, path);
	if (is_fat(quirky) && error == -ENOTEMPTY)
		return -EACCES;
	return is_file(quirky, path) ? error : missing(quirky, error);
}

static int op_remove(struct board *board, const char *path)
{
	struct quirkyboard *quirky = of(board);
	int error = check_names(quirky, path);

	if (error)
		return error;
	if (is_fat(quirky) || !is_dir(quirky, path))
		return missing(quirky, board_remove(quirky->below, path));
	error = board_rmdir(quirky->below, path);
	quirky->losses += !error;
	return error;
}

/* Takes PATH away with all below it. */
static void lose(struct quirkyboard *quirky, const char *path);

struct losing {
	struct quirkyboard *quirky;
	const char *dir;
	char *child;
};

static int first_child(void *context, const char *name, const struct board_stat *stat)
{
	struct losing *losing = context;

	(void)stat;
	return asprintf(&losing->child, "%s/%s", losing->dir, name) < 0 ? -ENOMEM : 1;
}

static void lose(struct quirkyboard *quirky, const char *path)
{
	struct losing losing = {quirky, path, NULL};

	while (is_dir(quirky, path) && board_list(quirky->below, path, first_child, &losing) == 1) {
		lose(quirky, losing.child);
		free(losing.child);
	}
	if (is_dir(quirky, path))
		board_rmdir(quirky->below, path);
	else
		board_remove(quirky->below, path);
}

static bool is_below(const char *path, const char *dir)
{
	size_t len = strlen(dir);

	return !strncmp(path, dir, len) && path[len] == '/';
}

static bool is_there(struct quirkyboard *quirky, const char *path)
{
	return is_dir(quirky, path) || is_file(quirky, path);
}

/* LittleFS 1 removes what a rename goes over, also when it is the same. */
static int rename_onto_itself(struct quirkyboard *quirky, const char *path)
{
	if (quirky->kind != QUIRKYBOARD_LFS1)
		return 0;
	int error = is_dir(quirky, path) ? board_rmdir(quirky->below, path) : board_remove(quirky->below, path);
	quirky->losses += !error;
	return error;
}

static int rename_fat(struct quirkyboard *quirky, const char *from, const char *to)
{
	if (is_dir(quirky, to))
		return -EISDIR;
	if (is_dir(quirky, from) && is_file(quirky, to)) {
		quirky->losses++;
		board_remove(quirky->below, to);
	}
	return missing(quirky, board_rename(quirky->below, from, to, false));
}

static int op_rename(struct board *board, const char *from, const char *to, bool noreplace)
{
	struct quirkyboard *quirky = of(board);
	int error = check_names(quirky, from);

	if (!error)
		error = check_names(quirky, to);
	if (error)
		return error;
	if (noreplace && is_there(quirky, to))
		return -EEXIST; /* as board_agent does: no board knows the flag */
	if (!strcmp(from, to) && is_there(quirky, from))
		return rename_onto_itself(quirky, from);
	if (is_below(to, from) && is_dir(quirky, from)) {
		quirky->losses++;
		lose(quirky, from);
		return 0;
	}
	if (is_fat(quirky))
		return rename_fat(quirky, from, to);
	if (quirky->kind == QUIRKYBOARD_LFS1 && is_dir(quirky, from) && is_file(quirky, to))
		return -EISDIR;
	return board_rename(quirky->below, from, to, false);
}

static int op_statfs(struct board *board, const char *path, struct board_statfs *out)
{
	return board_statfs(of(board)->below, path, out);
}

static const struct board_info *op_info(struct board *board)
{
	return board_info(of(board)->below);
}

static void op_close(struct board *board)
{
	board_close(of(board)->below);
	free(board);
}

static const struct board_ops ops = {
	.stat = op_stat,
	.list = op_list,
	.read = op_read,
	.replace = op_replace,
	.append = op_append,
	.mkdir = op_mkdir,
	.rmdir = op_rmdir,
	.remove = op_remove,
	.rename = op_rename,
	.statfs = op_statfs,
	.info = op_info,
	.close = op_close,
};

int quirkyboard_open(struct board **out, enum quirkyboard_kind kind)
{
	struct quirkyboard *quirky = calloc(1, sizeof(*quirky));

	*out = NULL;
	if (!quirky)
		return -ENOMEM;
	quirky->base.ops = &ops;
	quirky->kind = kind;
	if (fakeboard_open(&quirky->below)) {
		free(quirky);
		return -ENOMEM;
	}
	*out = &quirky->base;
	return 0;
}

struct board *quirkyboard_below(struct board *board)
{
	return of(board)->below;
}

unsigned quirkyboard_losses(struct board *board)
{
	return of(board)->losses;
}
