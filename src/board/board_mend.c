/* SPDX-License-Identifier: MIT */
#include "board/board_mend.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "board/fat_name.h"
#include "board/redo.h"

enum { NAME_BYTES_MAX = 255 }; /* of any file system of MicroPython; LittleFS 1 stores longer ones modulo 256 */

struct board_mend {
	struct board base;
	struct redo redo; /* of what is below */
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

/* The directory that PATH is in; free() it. NULL: no memory. */
static char *parent_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	return strndup(path, slash == path ? 1 : (size_t)(slash - path));
}

/* The kind of the file system that the entry PATH lies on. */
static enum board_kind kind_of(struct board_mend *mend, const char *path)
{
	char *parent = parent_of(path);
	enum board_kind kind = parent ? board_kind(mend->base.below, parent) : BOARD_ORDINARY;

	free(parent);
	return kind;
}

/* Whether FAT would take the last name of PATH for another. */
static bool is_misread(struct board_mend *mend, const char *path)
{
	const char *name = strrchr(path, '/') + 1;

	return *name && kind_of(mend, path) == BOARD_FAT && !fat_name_is_storable(name, strlen(name));
}

/* -ENOTDIR or -ENOENT if the directory that PATH is to be in is none. */
static int check_parent(struct board_mend *mend, const char *path)
{
	struct board_stat stat = {0};
	char *parent = parent_of(path);
	int error = parent ? mended_stat(mend, parent, &stat) : -ENOMEM;

	free(parent);
	return error ? error : stat.is_dir ? 0 : -ENOTDIR;
}

/* A file system that says ENOENT for what is under a file gets the right word; ENODEV: nothing is mounted there. */
static int mend_missing(struct board_mend *mend, const char *path, int error)
{
	if (error == -ENODEV)
		error = -ENOENT;
	if (error != -ENOENT || !strcmp(path, "/"))
		return error;
	int parent = check_parent(mend, path);
	return parent == -ENOTDIR ? parent : error;
}

static int mended_stat(struct board_mend *mend, const char *path, struct board_stat *out)
{
	int error = is_misread(mend, path) ? -ENOENT : board_stat(mend->base.below, path, out);

	return mend_missing(mend, path, error);
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
	return error ? error : board_list(base->below, path, each, context);
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
	ssize_t got = is_misread(of(base), path) ? -ENOENT : board_read(base->below, path, buf, len, offset);
	return got == -ENOENT || got == -EACCES || got == -ENODEV ? mend_unreadable(of(base), path, (int)got) : got;
}

/*
 * Whether a name that is new can be made at PATH. FAT answers to names that it does not list: what is made under one of those would
 * go over another file.
 */
static int check_new(struct board_mend *mend, const char *path)
{
	struct board_stat stat;
	enum board_kind kind = kind_of(mend, path);

	if (kind != BOARD_FAT)
		return kind == BOARD_NONE ? -EPERM : 0;
	if (is_misread(mend, path))
		return -EINVAL;
	int error = board_probe(mend->base.below, path, &stat);
	return error == -ENOENT ? 0 : error ? error : -EINVAL;
}

/* What has to be right before something can be made at PATH. *STAT is what is there; *THERE how asking for it ended. */
static int check_target(struct board_mend *mend, const char *path, struct board_stat *stat, int *there)
{
	int error = check_names(path);

	*there = -ENOENT;
	if (!error)
		error = check_parent(mend, path);
	if (error)
		return error;
	*there = mended_stat(mend, path, stat);
	return *there == -ENOENT ? 0 : *there;
}

static int op_may_make(struct board *base, const char *path)
{
	struct board_stat stat;
	int there, error = check_target(of(base), path, &stat, &there);

	return error ? error : there ? check_new(of(base), path) : 0;
}

static int write_target(struct board_mend *mend, const char *path)
{
	struct board_stat stat;
	int there, error = check_target(mend, path, &stat, &there);

	if (!error && there)
		error = check_new(mend, path);
	return error ? error : !there && stat.is_dir ? -EISDIR : 0;
}

static int op_replace(struct board *base, const char *path, const struct board_content *content, struct board_stat *out)
{
	int error = write_target(of(base), path);

	return error ? error : board_replace(base->below, path, content, out);
}

static int op_append(struct board *base, const char *path, const struct board_content *content, uint64_t from,
		     struct board_stat *out)
{
	int error = write_target(of(base), path);

	return error ? error : board_append(base->below, path, content, from, out);
}

/* FAT says EACCES when there is no room for a new PATH. */
static int mend_full(struct board_mend *mend, const char *path, int error)
{
	return error == -EACCES && kind_of(mend, path) == BOARD_FAT ? -ENOSPC : error;
}

static int op_mkdir(struct board *base, const char *path)
{
	struct board_mend *mend = of(base);
	struct board_stat stat;
	int there;

	pthread_mutex_lock(&mend->names);
	int error = check_target(mend, path, &stat, &there);
	if (!error)
		error = there ? check_new(mend, path) : -EEXIST;
	if (!error)
		error = mend_full(mend, path, redo_mkdir(&mend->redo, path));
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
	int error = board_list(mend->base.below, path, is_something, NULL);

	if (!error)
		error = redo_rmdir(&mend->redo, path);
	/* What is in it is not shown. */
	return error == -EACCES && kind_of(mend, path) == BOARD_FAT ? -ENOTEMPTY : error;
}

/* Whether a file system is mounted at PATH, which is there. */
static bool is_top(struct board_mend *mend, const char *path)
{
	char *below;

	if (asprintf(&below, "%s/", path) < 0)
		return false;
	bool top = board_top(mend->base.below, below) == strlen(below);
	free(below);
	return top;
}

static int op_rmdir(struct board *base, const char *path)
{
	struct board_mend *mend = of(base);
	struct board_stat stat;

	if (!strcmp(path, "/"))
		return -EBUSY;
	pthread_mutex_lock(&mend->names);
	int error = op_stat(base, path, &stat);
	if (!error && is_top(mend, path))
		error = -EBUSY;
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
		error = stat.is_dir ? -EISDIR : redo_remove(&mend->redo, path, &stat);
	pthread_mutex_unlock(&mend->names);
	return error;
}

/* Whether A and B are the same path to the board; on FAT whatever the case. */
static bool is_same(struct board_mend *mend, const char *a, const char *b)
{
	return !strcmp(a, b) || (kind_of(mend, a) == BOARD_FAT && !fat_name_compare(a, b));
}

/* Whether PATH is below DIRECTORY. */
static bool is_below(struct board_mend *mend, const char *path, const char *directory)
{
	size_t len = strlen(directory);

	if (strlen(path) <= len || path[len] != '/')
		return false;
	return !strncmp(path, directory, len) ||
	       (kind_of(mend, directory) == BOARD_FAT && !fat_name_compare_n(path, directory, len));
}

/* Whether A and B lie on two file systems. */
static bool is_across(struct board_mend *mend, const char *a, const char *b)
{
	size_t top = board_top(mend->base.below, a);

	return board_top(mend->base.below, b) != top || strncmp(a, b, top) != 0;
}

/*
 * Renames FROM, which is SOURCE, where nothing stands in the way at TO, which is TARGET (NULL: is not there). LittleFS 1 marks what is to be renamed before it looks whether it can be,
 * and then loses its way: it must not be asked for what it has to refuse.
 */
static int rename_now(struct board_mend *mend, const char *from, const struct board_stat *source, const char *to,
		      const struct board_stat *target)
{
	int error = redo_rename(&mend->redo, from, source, to, target);

	return error == -EPERM ? -EXDEV : error; /* so say all of them of a rename to another file system */
}

/* Renames FROM over TO, which is there. */
static int rename_over(struct board_mend *mend, const char *from, const struct board_stat *source, const char *to,
		       const struct board_stat *target)
{
	int error = source->is_dir == target->is_dir ? 0 : target->is_dir ? -EISDIR : -ENOTDIR;

	if (!error && target->is_dir)
		error = remove_dir(mend, to);
	return error ? error : rename_now(mend, from, source, to, target->is_dir ? NULL : target);
}

/* Renames FROM to TO, which is new. */
static int rename_new(struct board_mend *mend, const char *from, const struct board_stat *source, const char *to)
{
	int error = check_new(mend, to);

	return error ? error : mend_full(mend, to, rename_now(mend, from, source, to, NULL));
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
	if (is_below(mend, to, from))
		return -EINVAL;
	if (!there && noreplace)
		return -EEXIST;
	if (!strcmp(from, to))
		return 0; /* LittleFS 1 would lose it */
	if (is_same(mend, from, to))
		return rename_now(mend, from, &source, to, &source); /* the case of its letters changes */
	if (is_top(mend, from) || (!there && is_top(mend, to)))
		return -EBUSY;
	if (is_below(mend, from, to))
		return source.is_dir ? -ENOTEMPTY : -EISDIR;
	if (is_across(mend, from, to))
		return -EXDEV;
	return there ? rename_new(mend, from, &source, to) : rename_over(mend, from, &source, to, &target);
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

static void op_close(struct board *base)
{
	struct board_mend *mend = of(base);

	board_close(mend->base.below);
	pthread_mutex_destroy(&mend->names);
	free(mend);
}

static const struct board_ops ops = {
	.stat = op_stat,
	.may_make = op_may_make,
	.list = op_list,
	.read = op_read,
	.replace = op_replace,
	.append = op_append,
	.mkdir = op_mkdir,
	.rmdir = op_rmdir,
	.remove = op_remove,
	.rename = op_rename,
	.close = op_close,
};

int board_mend_open(struct board **out, struct board *below, board_log_fn *log, void *log_context)
{
	struct board_mend *mend = calloc(1, sizeof(*mend));

	if (!mend)
		return -ENOMEM;
	mend->base.ops = &ops;
	mend->base.below = below;
	mend->redo = (struct redo){below, log, log_context};
	pthread_mutex_init(&mend->names, NULL);
	*out = &mend->base;
	return 0;
}
