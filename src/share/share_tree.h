/* SPDX-License-Identifier: MIT */
/*
 * share_tree: one directory that is shared with a board, and nothing else. Every path is opened beneath it by openat2 with
 * RESOLVE_BENEATH and RESOLVE_NO_MAGICLINKS, whatever other programs do to the tree meanwhile: a link that leads out, also an
 * absolute one that would lead in again, is refused. Only regular files and directories are opened; all else is not there.
 *
 * A PATH is LEN bytes, as agent/protocol.h has it. Refused, not repaired, are with
 *   -EINVAL        an empty part, `.`, `..`, NUL, what is not UTF-8
 *   -ENAMETOOLONG  PATH_MAX bytes or more, or a part of more than 255
 * Others fail with what the kernel says, but for -EACCES (a link that leads out) and -EBUSY (somebody renames there all the time).
 * What changes something fails with -EROFS in a tree that is not writable. Functions return 0 or a negative errno if nothing else
 * is said.
 */
#ifndef SHARE_SHARE_TREE_H
#define SHARE_SHARE_TREE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include "base/diag.h"

struct share_tree;

enum { SHARE_TREE_NAME_MAX = 255 };

/*
 * The directory DIR, into *OUT (NULL on error). Fails, with words in DIAG, where there is no such directory, and on a kernel without
 * openat2 (before Linux 5.6).
 */
int share_tree_open(struct share_tree **out, const char *dir, bool writable, struct diag *diag);

/*
 * Opens the directory again by its name, where there is one: it may have been removed and made again, or another one be in its place.
 * Files that are open stay so. Fails, and all is as before, where there is none, or links have come into its path.
 */
int share_tree_renew(struct share_tree *tree);

/* NULL is accepted. Files that were opened stay so. */
void share_tree_close(struct share_tree *tree);

bool share_tree_writable(const struct share_tree *tree);

/* What is at PATH, a regular file or a directory: -ENOENT for all else. */
int share_tree_stat(const struct share_tree *tree, const char *path, size_t len, struct stat *status);

/*
 * The directory in which PATH is made, renamed or removed, and its NAME there, of SHARE_TREE_NAME_MAX + 1 bytes. -EBUSY: PATH is the top,
 * and is none of that.
 */
int share_tree_place(const struct share_tree *tree, const char *path, size_t len, struct stat *dir, char *name);

/*
 * Opens the regular file at PATH; FLAGS of open(2): O_RDONLY, O_WRONLY or O_RDWR with any of O_CREAT, O_EXCL, O_TRUNC, O_APPEND.
 * Returns a descriptor, which no exec inherits, and *STATUS, or
 *   -EISDIR  it is a directory
 *   -EPERM   it is neither file nor directory
 */
int share_tree_file(const struct share_tree *tree, const char *path, size_t len, int flags, struct stat *status);

/* An entry of a directory. */
struct share_entry {
	const char *name;
	bool is_dir;
	uint64_t size;
};

/*
 * Calls EACH with CONTEXT for the entries of the directory at PATH whose names follow AFTER ("": all), in the order of their bytes,
 * until it returns false. Left out is what share_tree_stat does not find, and names that are not UTF-8. Returns 1 when EACH was called
 * for all of them, 0 when it ended it, or a negative errno: -ENOMEM also for a directory of more than 16 MiB of names.
 */
int share_tree_list(const struct share_tree *tree, const char *path, size_t len, const char *after,
		    bool (*each)(void *context, const struct share_entry *entry), void *context);

int share_tree_mkdir(const struct share_tree *tree, const char *path, size_t len);
int share_tree_rmdir(const struct share_tree *tree, const char *path, size_t len);

/* Removes the file or the link at PATH. */
int share_tree_remove(const struct share_tree *tree, const char *path, size_t len);

int share_tree_rename(const struct share_tree *tree, const char *from, size_t from_len, const char *to, size_t to_len);

int share_tree_statvfs(const struct share_tree *tree, const char *path, size_t len, struct statvfs *status);

#endif
