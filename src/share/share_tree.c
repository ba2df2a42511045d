/* SPDX-License-Identifier: MIT */
#include "share/share_tree.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/utf8.h"

enum {
	TRIES = 64, /* of a path in which somebody renames meanwhile */
	LISTING_MAX = 16 << 20,
};

struct share_tree {
	int top;
	char *path; /* of the top, without links */
	bool writable;
};

/*
 * Opens PATH beneath the directory TOP. openat2 answers EAGAIN where it cannot tell what a rename meanwhile has made of a path: then
 * it is to be asked again, and somebody who renames all the time must not keep us here (openat2(2)).
 */
static int open_beneath(int top, const char *path, int flags, mode_t mode)
{
	struct open_how how = {
		.flags = (uint64_t)(flags | O_CLOEXEC),
		.mode = mode,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS,
	};
	long fd = -1;

	errno = EAGAIN;
	for (int i = 0; i < TRIES && fd < 0 && (errno == EAGAIN || errno == EINTR); i++)
		fd = syscall(SYS_openat2, top, *path ? path : ".", &how, sizeof(how));
	if (fd >= 0)
		return (int)fd;
	return errno == EXDEV ? -EACCES : errno == EAGAIN || errno == EINTR ? -EBUSY : -errno;
}

/* Opens DIR itself. It is a person who names it, so it may lie behind any link. */
static int open_top(const char *dir, struct diag *diag)
{
	int top = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC), probe;
	char text[DIAG_PATH_SIZE];

	if (top < 0)
		return diag_fail(diag, DIAG_USAGE, errno, "%s: %s", diag_path(text, dir),
				 errno == ENOTDIR  ? "not a directory"
				 : errno == ENOENT ? "no such directory"
						   : strerror(errno));
	probe = open_beneath(top, "", O_PATH | O_DIRECTORY, 0);
	if (probe >= 0) {
		close(probe);
		return top;
	}
	close(top);
	if (probe == -ENOSYS || probe == -EPERM)
		return diag_fail(
			diag, DIAG_AGENT, ENOSYS,
			"this kernel cannot keep a board inside a directory (no openat2): it takes Linux 5.6 or later, and "
			"in a container one whose rules allow openat2");
	return diag_fail(diag, DIAG_USAGE, -probe, "%s: %s", diag_path(text, dir), strerror(-probe));
}

int share_tree_open(struct share_tree **out, const char *dir, bool writable, struct diag *diag)
{
	struct share_tree *tree = malloc(sizeof(*tree));

	*out = NULL;
	if (!tree)
		return diag_fail(diag, DIAG_USAGE, ENOMEM, "no memory");
	tree->writable = writable;
	tree->top = open_top(dir, diag);
	tree->path = tree->top < 0 ? NULL : realpath(dir, NULL);
	if (tree->top < 0 || !tree->path) {
		int err = tree->top < 0 ? tree->top : diag_fail(diag, DIAG_USAGE, errno, "%s: %s", dir, strerror(errno));

		share_tree_close(tree);
		return err;
	}
	*out = tree;
	return 0;
}

int share_tree_renew(struct share_tree *tree)
{
	/* The board may have put a link of another share's at this name: none is followed. */
	struct open_how how = {.flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC, .resolve = RESOLVE_NO_SYMLINKS};
	long top = syscall(SYS_openat2, AT_FDCWD, tree->path, &how, sizeof(how));

	if (top < 0)
		return -errno;
	close(tree->top);
	tree->top = (int)top;
	return 0;
}

void share_tree_close(struct share_tree *tree)
{
	if (!tree)
		return;
	if (tree->top >= 0)
		close(tree->top);
	free(tree->path);
	free(tree);
}

bool share_tree_writable(const struct share_tree *tree)
{
	return tree->writable;
}

/* Whether the LEN bytes of NAME can be a part of a path. */
static int check_part(const char *name, size_t len)
{
	if (len > SHARE_TREE_NAME_MAX)
		return -ENAMETOOLONG;
	return len == 0 || (name[0] == '.' && (len == 1 || (len == 2 && name[1] == '.'))) ? -EINVAL : 0;
}

/* Copies the PATH of LEN bytes, of which nothing is to be feared then, to the PATH_MAX bytes of COPY. */
static int take_path(char *copy, const char *path, size_t len)
{
	int err = 0;

	if (len >= PATH_MAX)
		return -ENAMETOOLONG;
	if (memchr(path, 0, len) || !utf8_is_valid(path, len))
		return -EINVAL;
	for (size_t at = 0, end; at <= len && len && !err; at = end + 1) {
		const char *slash = memchr(path + at, '/', len - at);

		end = slash ? (size_t)(slash - path) : len;
		err = check_part(path + at, end - at);
	}
	memcpy(copy, path, len);
	copy[len] = '\0';
	return err;
}

/*
 * Opens the file or directory PATH without opening what is in it (O_PATH), and asks what it is. ESTALE: the kernel remembers a name of a
 * FUSE or network file system that is gone there.
 */
static int look(const struct share_tree *tree, const char *path, struct stat *status)
{
	int fd = open_beneath(tree->top, path, O_PATH, 0);

	if (fd < 0)
		return fd;
	int err = fstat(fd, status) == 0 ? 0 : errno == ESTALE ? -ENOENT : -errno;
	close(fd);
	return err;
}

int share_tree_stat(const struct share_tree *tree, const char *path, size_t len, struct stat *status)
{
	char copy[PATH_MAX];
	int err = take_path(copy, path, len);

	if (!err)
		err = look(tree, copy, status);
	if (!err && !S_ISREG(status->st_mode) && !S_ISDIR(status->st_mode))
		err = -ENOENT;
	return err;
}

static int check_regular(const struct stat *status)
{
	return S_ISREG(status->st_mode) ? 0 : S_ISDIR(status->st_mode) ? -EISDIR : -EPERM;
}

/*
 * Opens PATH, of which a look has told that it is a regular file or nothing: a device does things when it is opened. Should it have
 * become one, or a FIFO, since: O_NONBLOCK keeps us from waiting there, and nothing is read or written before a second look.
 */
static int open_looked_at(const struct share_tree *tree, const char *path, int flags, struct stat *status)
{
	int fd = open_beneath(tree->top, path, (flags & ~O_TRUNC) | O_NONBLOCK | O_NOCTTY, flags & O_CREAT ? 0666 : 0), err;

	if (fd < 0)
		return fd;
	err = fstat(fd, status) < 0 ? -errno : check_regular(status);
	if (!err && flags & O_TRUNC && status->st_size) {
		err = ftruncate(fd, 0) < 0 || fstat(fd, status) < 0 ? -errno : 0;
	}
	if (!err)
		return fd;
	close(fd);
	return err;
}

int share_tree_file(const struct share_tree *tree, const char *path, size_t len, int flags, struct stat *status)
{
	char copy[PATH_MAX];
	int err = take_path(copy, path, len);

	if (!err && !tree->writable && ((flags & O_ACCMODE) != O_RDONLY || flags & (O_CREAT | O_TRUNC)))
		err = -EROFS;
	if (!err)
		err = look(tree, copy, status);
	if (!err)
		err = flags & O_EXCL ? -EEXIST : check_regular(status);
	else if (err == -ENOENT && flags & O_CREAT)
		err = 0;
	return err ? err : open_looked_at(tree, copy, flags, status);
}

/* The names of a directory, in one piece of memory; ENTRIES are where in it they begin. */
struct listing {
	char *names;
	size_t used, room;
	const char **entries;
	size_t count;
};

static int add_name(struct listing *listing, const char *name)
{
	size_t len = strlen(name) + 1;

	if (listing->used + len > listing->room) {
		size_t room = listing->room ? 2 * listing->room : 4096;
		char *more = room <= LISTING_MAX ? realloc(listing->names, room) : NULL;

		if (!more)
			return -ENOMEM;
		listing->names = more;
		listing->room = room;
	}
	memcpy(listing->names + listing->used, name, len);
	listing->used += len;
	listing->count++;
	return 0;
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static int sort_names(struct listing *listing)
{
	const char *name = listing->names;

	if (!listing->count)
		return 0;
	listing->entries = calloc(listing->count, sizeof(*listing->entries));
	if (!listing->entries)
		return -ENOMEM;
	for (size_t i = 0; i < listing->count; i++, name += strlen(name) + 1)
		listing->entries[i] = name;
	qsort(listing->entries, listing->count, sizeof(*listing->entries), compare_names);
	return 0;
}

static bool is_listed(const char *name, const char *after)
{
	return check_part(name, strlen(name)) == 0 && utf8_is_valid(name, strlen(name)) && strcmp(name, after) > 0;
}

/* The names of DIR behind AFTER into LISTING, whose memory is the caller's to free, also on error. */
static int read_names(DIR *dir, const char *after, struct listing *listing)
{
	const struct dirent *entry;
	int err = 0;

	while (!err && (errno = 0, entry = readdir(dir)))
		if (is_listed(entry->d_name, after))
			err = add_name(listing, entry->d_name);
	if (!err)
		err = -errno;
	return err ? err : sort_names(listing);
}

/* What NAME in the directory FD, whose path is PATH, is, into ENTRY. A link is what it leads to beneath the top. */
static bool find_entry(const struct share_tree *tree, int fd, const char *path, const char *name, struct share_entry *entry)
{
	struct stat status;
	char copy[PATH_MAX];

	if (fstatat(fd, name, &status, AT_SYMLINK_NOFOLLOW) < 0)
		return false;
	if (S_ISLNK(status.st_mode)) {
		int len = snprintf(copy, sizeof(copy), "%s%s%s", path, *path ? "/" : "", name);

		if (len < 0 || (size_t)len >= sizeof(copy) || look(tree, copy, &status) < 0)
			return false;
	}
	*entry = (struct share_entry){name, S_ISDIR(status.st_mode), S_ISDIR(status.st_mode) ? 0 : (uint64_t)status.st_size};
	return S_ISDIR(status.st_mode) || S_ISREG(status.st_mode);
}

int share_tree_list(const struct share_tree *tree, const char *path, size_t len, const char *after,
		    bool (*each)(void *context, const struct share_entry *entry), void *context)
{
	struct listing listing = {0};
	struct share_entry entry;
	char copy[PATH_MAX];
	bool more = true;
	int err = take_path(copy, path, len);
	int fd = err ? err : open_beneath(tree->top, copy, O_RDONLY | O_DIRECTORY | O_NONBLOCK, 0);
	DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;

	if (!dir) {
		if (fd >= 0) {
			err = -errno;
			close(fd);
		}
		return fd < 0 ? fd : err;
	}
	err = read_names(dir, after, &listing);
	for (size_t i = 0; !err && more && i < listing.count; i++)
		if (find_entry(tree, fd, copy, listing.entries[i], &entry))
			more = each(context, &entry);
	closedir(dir);
	free(listing.entries);
	free(listing.names);
	return err ? err : more;
}

/* The last part of the path in COPY: what is before it stays there, as the path of its directory. */
static const char *cut_last(char *copy)
{
	char *slash = strrchr(copy, '/');

	if (slash) {
		*slash = '\0';
		return slash + 1;
	}
	memmove(copy + 1, copy, strlen(copy) + 1);
	*copy = '\0';
	return copy + 1;
}

/*
 * Opens the directory in which PATH is to be changed, and leaves in *NAME, in the PATH_MAX + 1 bytes of COPY, what it is called there. A
 * name without a slash means that entry and nothing that it leads to; and the top itself cannot be changed.
 */
static int open_parent(const struct share_tree *tree, const char *path, size_t len, char *copy, const char **name)
{
	int err = take_path(copy, path, len);

	*name = copy;
	if (!err && !tree->writable)
		err = -EROFS;
	if (!err && !len)
		err = -EBUSY;
	if (err)
		return err;
	*name = cut_last(copy);
	return open_beneath(tree->top, copy, O_PATH | O_DIRECTORY, 0);
}

int share_tree_place(const struct share_tree *tree, const char *path, size_t len, struct stat *dir, char *name)
{
	char copy[PATH_MAX + 1];
	const char *last;
	int fd = open_parent(tree, path, len, copy, &last);

	if (fd < 0)
		return fd;
	snprintf(name, SHARE_TREE_NAME_MAX + 1, "%s", last);
	int err = fstat(fd, dir) < 0 ? -errno : 0;
	close(fd);
	return err;
}

/* What CALL answers for PATH's directory and name. */
static int change(const struct share_tree *tree, const char *path, size_t len, int (*call)(int fd, const char *name))
{
	char copy[PATH_MAX + 1];
	const char *name;
	int fd = open_parent(tree, path, len, copy, &name);

	if (fd < 0)
		return fd;
	int err = call(fd, name) < 0 ? -errno : 0;
	close(fd);
	return err;
}

static int make_directory(int fd, const char *name)
{
	return mkdirat(fd, name, 0777);
}

static int remove_directory(int fd, const char *name)
{
	return unlinkat(fd, name, AT_REMOVEDIR);
}

static int remove_file(int fd, const char *name)
{
	return unlinkat(fd, name, 0);
}

int share_tree_mkdir(const struct share_tree *tree, const char *path, size_t len)
{
	int err = change(tree, path, len, make_directory);

	return err == -EBUSY && !len ? -EEXIST : err;
}

int share_tree_rmdir(const struct share_tree *tree, const char *path, size_t len)
{
	return change(tree, path, len, remove_directory);
}

int share_tree_remove(const struct share_tree *tree, const char *path, size_t len)
{
	int err = change(tree, path, len, remove_file);

	return err == -EBUSY && !len ? -EISDIR : err;
}

int share_tree_rename(const struct share_tree *tree, const char *from, size_t from_len, const char *to, size_t to_len)
{
	char from_copy[PATH_MAX + 1], to_copy[PATH_MAX + 1];
	const char *from_name, *to_name;
	int from_fd = open_parent(tree, from, from_len, from_copy, &from_name), to_fd;

	if (from_fd < 0)
		return from_fd;
	to_fd = open_parent(tree, to, to_len, to_copy, &to_name);
	int err = to_fd;
	if (to_fd >= 0) {
		err = renameat(from_fd, from_name, to_fd, to_name) < 0 ? -errno : 0;
		close(to_fd);
	}
	close(from_fd);
	return err;
}

int share_tree_statvfs(const struct share_tree *tree, const char *path, size_t len, struct statvfs *status)
{
	char copy[PATH_MAX];
	int err = take_path(copy, path, len);
	int fd = err ? err : open_beneath(tree->top, copy, O_PATH, 0);

	if (fd < 0)
		return fd;
	err = fstatvfs(fd, status) < 0 ? -errno : 0;
	close(fd);
	return err;
}
