/* SPDX-License-Identifier: MIT */
#include "board/board_mend.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum { NAME_BYTES_MAX = 255 }; /* of any file system of MicroPython; LittleFS 1 stores longer ones modulo 256 */

struct board_mend {
	struct board base;
	struct board *below;
	/* Looking and then leaping is one step for whoever changes names. Writing content is long, and looks only. */
	pthread_mutex_t names;
};

static struct board_mend *of(struct board *board)
{
	return (struct board_mend *)board;
}

/* -ENAMETOOLONG if a part of PATH is longer than any board takes. */
static int check_names(const char *path)
{
	while (*path) {
		size_t len = strcspn(path, "/");

		if (len > NAME_BYTES_MAX)
			return -ENAMETOOLONG;
		path += len + (path[len] == '/');
	}
	return 0;
}

static int mended_stat(struct board_mend *mend, const char *path, struct board_stat *out);

/* -ENOTDIR or -ENOENT if the directory that PATH is to be in is none. */
static int check_parent(struct board_mend *mend, const char *path)
{
	struct board_stat stat;
	char *parent = strdup(path);
	int error = parent ? 0 : -ENOMEM;

	if (!error) {
		char *slash = strrchr(parent, '/');
		slash[slash == parent ? 1 : 0] = 0;
		error = mended_stat(mend, parent, &stat);
		if (!error && !stat.is_dir)
			error = -ENOTDIR;
	}
	free(parent);
	return error;
}

/* A file system that says ENOENT for what is under a file gets the right word. */
static int mend_missing(struct board_mend *mend, const char *path, int error)
{
	if (error != -ENOENT || !strcmp(path, "/"))
		return error;
	int parent = check_parent(mend, path);
	return parent == -ENOTDIR ? parent : error;
}

static int mended_stat(struct board_mend *mend, const char *path, struct board_stat *out)
{
	return mend_missing(mend, path, board_stat(mend->below, path, out));
}

static int op_stat(struct board *base, const char *path, struct board_stat *out)
{
	int error = check_names(path);

	return error ? error : mended_stat(of(base), path, out);
}

static int op_list(struct board *base, const char *path, board_entry_fn *each, void *context)
{
	struct board_stat stat;
	int error = check_names(path);

	if (!error)
		error = op_stat(base, path, &stat);
	if (!error && !stat.is_dir)
		error = -ENOTDIR;
	return error ? error : board_list(of(base)->below, path, each, context);
}

/* Why PATH, of which the board said ERROR, cannot be read. */
static int mend_unreadable(struct board_mend *mend, const char *path, int error)
{
	struct board_stat stat;
	int there = op_stat(&mend->base, path, &stat);

	return there ? there : stat.is_dir ? -EISDIR : error;
}

static ssize_t op_read(struct board *base, const char *path, void *buf, size_t len, uint64_t offset)
{
	int error = check_names(path);

	if (error)
		return error;
	ssize_t got = board_read(of(base)->below, path, buf, len, offset);
	return got == -ENOENT || got == -EACCES ? mend_unreadable(of(base), path, (int)got) : got;
}

/* What has to be right before something can be made at PATH. *STAT is what is there; *ERROR how asking for it ended. */
static int check_target(struct board_mend *mend, const char *path, struct board_stat *stat, int *there)
{
	int error = check_names(path);

	*there = -ENOENT;
	if (!error)
		error = check_parent(mend, path);
	if (error)
		return error;
	*there = board_stat(mend->below, path, stat);
	return *there == -ENOENT ? 0 : *there;
}

static int write_target(struct board_mend *mend, const char *path)
{
	struct board_stat stat;
	int there, error = check_target(mend, path, &stat, &there);

	return error ? error : !there && stat.is_dir ? -EISDIR : 0;
}

static void op_ahead(struct board *base, const char *path, uint64_t size)
{
	board_ahead(of(base)->below, path, size);
}

static int op_replace(struct board *base, const char *path, const struct board_content *content, struct board_stat *out)
{
	int error = write_target(of(base), path);

	return error ? error : board_replace(of(base)->below, path, content, out);
}

static int op_append(struct board *base, const char *path, const struct board_content *content, uint64_t from,
		     struct board_stat *out)
{
	int error = write_target(of(base), path);

	return error ? error : board_append(of(base)->below, path, content, from, out);
}

static int op_mkdir(struct board *base, const char *path)
{
	struct board_mend *mend = of(base);
	struct board_stat stat;
	int there;

	pthread_mutex_lock(&mend->names);
	int error = check_target(mend, path, &stat, &there);
	if (!error && !there)
		error = -EEXIST;
	if (!error)
		error = board_mkdir(mend->below, path);
	pthread_mutex_unlock(&mend->names);
	return error;
}

/* Finds out that there is something in a directory. */
static int is_something(void *context, const char *name, const struct board_stat *stat)
{
	(void)context;
	(void)name;
	(void)stat;
	return -ENOTEMPTY;
}

/* Removes directory PATH; the board's word for a full one differs, and listing it takes away leftovers of ours. */
static int remove_dir(struct board_mend *mend, const char *path)
{
	int error = board_list(mend->below, path, is_something, NULL);

	return error ? error : board_rmdir(mend->below, path);
}

static int op_rmdir(struct board *base, const char *path)
{
	struct board_mend *mend = of(base);
	struct board_stat stat;

	if (!strcmp(path, "/"))
		return -EBUSY;
	pthread_mutex_lock(&mend->names);
	int error = op_stat(base, path, &stat);
	if (!error)
		error = stat.is_dir ? remove_dir(mend, path) : -ENOTDIR;
	pthread_mutex_unlock(&mend->names);
	return error;
}

static int op_remove(struct board *base, const char *path)
{
	struct board_mend *mend = of(base);
	struct board_stat stat;

	pthread_mutex_lock(&mend->names);
	int error = op_stat(base, path, &stat);
	if (!error)
		error = stat.is_dir ? -EISDIR : board_remove(mend->below, path);
	pthread_mutex_unlock(&mend->names);
	return error;
}

/* Whether PATH is below DIRECTORY. */
static bool is_below(const char *path, const char *directory)
{
	size_t len = strlen(directory);

	return !strncmp(path, directory, len) && path[len] == '/';
}

/* What stands at TO gives way to FROM, or says why not. */
static int make_way(struct board_mend *mend, const struct board_stat *from, const char *to, const struct board_stat *target)
{
	if (!from->is_dir)
		return target->is_dir ? -EISDIR : 0;
	return target->is_dir ? remove_dir(mend, to) : -ENOTDIR;
}

static int rename_checked(struct board_mend *mend, const char *from, const char *to, bool noreplace)
{
	struct board_stat source, target;
	int there;
	/* The order in which Linux looks. */
	int error = check_names(from);

	if (!error)
		error = check_parent(mend, from);
	if (!error)
		error = check_target(mend, to, &target, &there);
	if (!error)
		error = op_stat(&mend->base, from, &source);
	if (error)
		return error;
	if (is_below(to, from))
		return -EINVAL;
	if (!there && noreplace)
		return -EEXIST;
	if (is_below(from, to))
		return source.is_dir ? -ENOTEMPTY : -EISDIR;
	if (!strcmp(from, to))
		return 0; /* LittleFS 1 would lose it */
	if (!there)
		error = make_way(mend, &source, to, &target);
	if (!error)
		error = board_rename(mend->below, from, to, false);
	return error == -EPERM ? -EXDEV : error; /* so say all of them of a rename to another file system */
}

static int op_rename(struct board *base, const char *from, const char *to, bool noreplace)
{
	struct board_mend *mend = of(base);

	if (!strcmp(from, "/") || !strcmp(to, "/"))
		return -EBUSY;
	pthread_mutex_lock(&mend->names);
	int error = rename_checked(mend, from, to, noreplace);
	pthread_mutex_unlock(&mend->names);
	return error;
}

static int op_hash(struct board *base, struct board_hash *files, size_t count)
{
	return board_hash(of(base)->below, files, count);
}

static int op_statfs(struct board *base, const char *path, struct board_statfs *out)
{
	return board_statfs(of(base)->below, path, out);
}

static const struct board_info *op_info(struct board *base)
{
	return board_info(of(base)->below);
}

static unsigned op_session(struct board *base)
{
	return board_session(of(base)->below);
}

static void op_close(struct board *base)
{
	struct board_mend *mend = of(base);

	board_close(mend->below);
	pthread_mutex_destroy(&mend->names);
	free(mend);
}

static const struct board_ops ops = {
	.stat = op_stat,
	.list = op_list,
	.read = op_read,
	.ahead = op_ahead,
	.hash = op_hash,
	.replace = op_replace,
	.append = op_append,
	.mkdir = op_mkdir,
	.rmdir = op_rmdir,
	.remove = op_remove,
	.rename = op_rename,
	.statfs = op_statfs,
	.info = op_info,
	.session = op_session,
	.close = op_close,
};

int board_mend_open(struct board **out, struct board *below)
{
	struct board_mend *mend = calloc(1, sizeof(*mend));

	if (!mend)
		return -ENOMEM;
	mend->base.ops = &ops;
	mend->below = below;
	pthread_mutex_init(&mend->names, NULL);
	*out = &mend->base;
	return 0;
}
