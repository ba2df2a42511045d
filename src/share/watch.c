/* SPDX-License-Identifier: MIT */
#include "share/watch.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/real_name.h"
#include "share/own_writes.h"

enum {
	LOOK_US = 500000, /* between two looks whether what is gone is there again */
	DEPTH_MAX = 100,  /* of a tree: it ends also where a mount leads back into itself */
	MASK = IN_CLOSE_WRITE | IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO | IN_MOVE_SELF | IN_ONLYDIR | IN_EXCL_UNLINK,
};

/* A directory that is watched. */
struct watched {
	int wd;
	char *path; /* without links */
	struct own_inode inode;
	char **only; /* NULL-terminated: the files in it that count; NULL: all, and its directories */
};

/* What was asked for. */
struct root {
	char *path; /* without links */
	bool file;
	bool gone;
};

struct watch {
	int fd;
	struct root *roots;
	size_t root_count;
	int64_t look_at;  /* when to look for the roots that are gone; 0: none is */
	bool dirs_forgot; /* some directory is not watched any more */
	struct watched *dirs;
	size_t count, room;
	bool changed;
	int64_t first, last; /* of the changes since the last that was told */
	struct own_writes own;
};

int watch_open(struct watch **out, struct diag *diag)
{
	struct watch *watch = calloc(1, sizeof(*watch));

	*out = NULL;
	if (!watch)
		return diag_fail(diag, DIAG_USAGE, ENOMEM, "no memory");
	watch->fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	if (watch->fd < 0) {
		int err = errno;

		free(watch);
		return diag_fail(diag, DIAG_USAGE, err, "cannot watch files: %s%s", strerror(err),
				 err == EMFILE ? " (see /proc/sys/fs/inotify/max_user_instances)" : "");
	}
	*out = watch;
	return 0;
}

static void forget_names(struct watched *dir)
{
	for (size_t i = 0; dir->only && dir->only[i]; i++)
		free(dir->only[i]);
	free(dir->only);
	dir->only = NULL;
}

static void clear(struct watched *dir)
{
	forget_names(dir);
	free(dir->path);
}

void watch_close(struct watch *watch)
{
	if (!watch)
		return;
	for (size_t i = 0; i < watch->count; i++)
		clear(&watch->dirs[i]);
	free(watch->dirs);
	for (size_t i = 0; i < watch->root_count; i++)
		free(watch->roots[i].path);
	free(watch->roots);
	close(watch->fd);
	free(watch);
}

int watch_fd(const struct watch *watch)
{
	return watch->fd;
}

static int64_t burst_end(const struct watch *watch)
{
	int64_t quiet = watch->last + WATCH_QUIET_US, end = watch->first + WATCH_BURST_US;

	if (!watch->changed)
		return INT64_MAX;
	return quiet < end ? quiet : end;
}

int64_t watch_deadline(const struct watch *watch)
{
	int64_t end = burst_end(watch);

	return watch->look_at && watch->look_at < end ? watch->look_at : end;
}

static void note_change(struct watch *watch, int64_t now)
{
	if (!watch->changed)
		watch->first = now;
	watch->changed = true;
	watch->last = now;
}

/* FORMAT's two parts as one path in the PATH_MAX bytes of OUT; false: it does not fit. */
static bool join(char *out, const char *dir, const char *name)
{
	int len = snprintf(out, PATH_MAX, "%s/%s", strcmp(dir, "/") != 0 ? dir : "", name);

	return len >= 0 && len < PATH_MAX;
}

void watch_own_name(struct watch *watch, const struct stat *dir, const char *name)
{
	own_writes_add_name(&watch->own, own_inode_of(dir), name);
}

void watch_own_file(struct watch *watch, const struct stat *file)
{
	own_writes_add_file(&watch->own, own_inode_of(file));
}

int watch_own_done(struct watch *watch, int64_t now, struct diag *diag)
{
	int err = watch_read(watch, now, diag);

	own_writes_end(&watch->own);
	return err;
}

static bool is_left_out(const char *name)
{
	size_t len = strlen(name);

	return !len || name[0] == '.' || name[len - 1] == '~' || (name[0] == '#' && name[len - 1] == '#') ||
	       !strcmp(name, "4913") || !strcmp(name, "__pycache__");
}

static struct watched *find(struct watch *watch, int wd)
{
	for (size_t i = 0; i < watch->count; i++)
		if (watch->dirs[i].wd == wd)
			return &watch->dirs[i];
	return NULL;
}

/* A new one at the end of the list, or NULL. */
static struct watched *add(struct watch *watch, int wd)
{
	if (watch->count == watch->room) {
		size_t room = watch->room ? 2 * watch->room : 16;
		struct watched *more = realloc(watch->dirs, room * sizeof(*more));

		if (!more)
			return NULL;
		watch->dirs = more;
		watch->room = room;
	}
	watch->dirs[watch->count] = (struct watched){.wd = wd};
	return &watch->dirs[watch->count++];
}

/* What PATH is; nothing that there is where it has gone meanwhile. */
static struct own_inode inode_at(const char *path)
{
	struct stat status = {0};

	return lstat(path, &status) == 0 ? own_inode_of(&status) : (struct own_inode){0};
}

/* Keeps that WD is the directory PATH: one that was renamed has the number that it had. Returns it; NULL: no memory. */
static struct watched *keep(struct watch *watch, int wd, const char *path)
{
	char *copy = strdup(path);
	struct watched *dir = copy ? find(watch, wd) : NULL;

	if (copy && !dir)
		dir = add(watch, wd);
	if (!dir) {
		free(copy);
		return NULL;
	}
	free(dir->path);
	dir->path = copy;
	dir->inode = inode_at(path);
	return dir;
}

static void forget(struct watch *watch, struct watched *dir)
{
	watch->dirs_forgot = true;
	clear(dir);
	*dir = watch->dirs[--watch->count];
}

/* Stops watching PATH, which is not there any more, and what was in it. */
static void forget_tree(struct watch *watch, const char *path)
{
	size_t len = strlen(path);

	for (size_t i = watch->count; i-- > 0;) {
		struct watched *dir = &watch->dirs[i];

		if (strncmp(dir->path, path, len) != 0 || (dir->path[len] && dir->path[len] != '/'))
			continue;
		inotify_rm_watch(watch->fd, dir->wd);
		forget(watch, dir);
	}
}

/* What a tree that is looked through shows. */
struct scan {
	struct watch *watch;
	int err;    /* of the first directory that cannot be watched */
	bool files; /* there are some */
};

static void scan_tree(struct scan *scan, const char *path, int depth);

static void scan_entry(struct scan *scan, const char *path, const char *name, int depth)
{
	char whole[PATH_MAX];
	struct stat status;

	if (is_left_out(name) || !join(whole, path, name) || lstat(whole, &status) < 0)
		return;
	if (S_ISDIR(status.st_mode))
		scan_tree(scan, whole, depth + 1);
	else
		scan->files = true;
}

/*
 * Watches the directory PATH and those in it. It is watched before it is read, so that nothing is made between unseen. One that is gone
 * meanwhile, or may not be read, is left out.
 */
static void scan_tree(struct scan *scan, const char *path, int depth)
{
	int wd = depth < DEPTH_MAX ? inotify_add_watch(scan->watch->fd, path, MASK) : -1;
	const struct dirent *entry;
	struct watched *kept;
	DIR *dir;

	if (wd < 0) {
		if (!scan->err && depth < DEPTH_MAX && (errno == ENOSPC || errno == ENOMEM || !depth))
			scan->err = -errno;
		return;
	}
	kept = keep(scan->watch, wd, path);
	if (!kept) {
		scan->err = -ENOMEM;
		return;
	}
	forget_names(kept); /* it counts as a whole now */
	dir = opendir(path);
	while (dir && (entry = readdir(dir)))
		scan_entry(scan, path, entry->d_name, depth);
	if (dir)
		closedir(dir);
}

static int say_scan(const struct scan *scan, const char *path, struct diag *diag)
{
	char text[DIAG_PATH_SIZE];

	if (!scan->err)
		return 0;
	if (scan->err == -ENOSPC)
		return diag_fail(
			diag, DIAG_USAGE, ENOSPC,
			"%s: there are more directories than you can watch; sysctl fs.inotify.max_user_watches=N, as root, "
			"allows more",
			diag_path(text, path));
	return diag_fail(diag, DIAG_USAGE, -scan->err, "%s: cannot be watched: %s", diag_path(text, path), strerror(-scan->err));
}

/* From now on NAME in DIR counts. */
static int add_only(struct watched *dir, const char *name)
{
	size_t count = 0;
	char **more, *copy;

	for (; dir->only && dir->only[count]; count++)
		if (!strcmp(dir->only[count], name))
			return 0;
	more = realloc(dir->only, (count + 2) * sizeof(*more));
	if (!more)
		return -ENOMEM;
	dir->only = more;
	copy = strdup(name);
	more[count] = copy;
	more[count + 1] = NULL;
	return copy ? 0 : -ENOMEM;
}

/* Watches the name PATH, which is without links, in its directory. */
static int scan_name(struct watch *watch, const char *path, struct diag *diag)
{
	const char *slash = strrchr(path, '/');
	char folder[PATH_MAX];
	struct watched *dir;
	int wd, err;

	snprintf(folder, sizeof(folder), "%.*s", slash > path ? (int)(slash - path) : 1, path);
	wd = inotify_add_watch(watch->fd, folder, MASK);
	err = wd < 0 ? -errno : 0;
	dir = err ? NULL : find(watch, wd);
	if (dir && !dir->only)
		return 0; /* all of it is watched */
	if (!err && !dir)
		dir = keep(watch, wd, folder);
	if (!err)
		err = dir ? add_only(dir, slash + 1) : -ENOMEM;
	return say_scan(&(struct scan){.err = err}, path, diag);
}

static int scan_root(struct watch *watch, const char *path, struct diag *diag)
{
	struct scan scan = {.watch = watch};

	scan_tree(&scan, path, 0);
	if (!scan.err && path[1])
		scan_name(watch, path, NULL); /* where it goes from and comes back to; it is no error if that may not be read */
	return say_scan(&scan, path, diag);
}

/* Keeps what was asked for, since it may go and come again. REAL is without links. */
static int add_root(struct watch *watch, const char *real, bool file, struct diag *diag)
{
	for (size_t i = 0; i < watch->root_count; i++)
		if (watch->roots[i].file == file && !strcmp(watch->roots[i].path, real))
			return 0;

	struct root *more = realloc(watch->roots, (watch->root_count + 1) * sizeof(*more));
	char *copy = more ? strdup(real) : NULL;

	if (more)
		watch->roots = more;
	if (!copy)
		return diag_fail(diag, DIAG_USAGE, ENOMEM, "no memory");
	watch->roots[watch->root_count++] = (struct root){.path = copy, .file = file};
	return 0;
}

int watch_add(struct watch *watch, const char *dir, struct diag *diag)
{
	char real[PATH_MAX], text[DIAG_PATH_SIZE];
	int err;

	if (!realpath(dir, real))
		return diag_fail(diag, DIAG_USAGE, errno, "%s: %s", diag_path(text, dir), strerror(errno));
	err = add_root(watch, real, false, diag);
	return err ? err : scan_root(watch, real, diag);
}

int watch_add_file(struct watch *watch, const char *file, struct diag *diag)
{
	char real[PATH_MAX], text[DIAG_PATH_SIZE];
	int err = real_name(file, real);

	if (err)
		return diag_fail(diag, DIAG_USAGE, -err, "%s: %s", diag_path(text, file), strerror(-err));
	err = add_root(watch, real, true, diag);
	return err ? err : scan_name(watch, real, diag);
}

static bool counts(const struct watched *dir, const char *name)
{
	for (size_t i = 0; dir->only && dir->only[i]; i++)
		if (!strcmp(dir->only[i], name))
			return true;
	return !dir->only && !is_left_out(name);
}

/* What happened to the directory PATH in one that is watched. What is in one that comes is new, too. OWN: it was the board. */
static int read_directory_event(struct watch *watch, uint32_t mask, const char *path, bool own, int64_t now, struct diag *diag)
{
	struct scan scan = {.watch = watch};

	if (mask & (IN_DELETE | IN_MOVED_FROM)) {
		forget_tree(watch, path);
		if (!own && mask & IN_MOVED_FROM)
			note_change(watch, now);
		return 0;
	}
	if (!(mask & (IN_CREATE | IN_MOVED_TO)))
		return 0;
	scan_tree(&scan, path, 1);
	if (!own && scan.files)
		note_change(watch, now);
	return say_scan(&scan, path, diag);
}

/* A file that was made is told when it is closed; a link has nothing to close. */
static bool is_link(const char *path)
{
	struct stat status;

	return lstat(path, &status) == 0 && (S_ISLNK(status.st_mode) || status.st_nlink > 1);
}

/* What happened to the file PATH. OWN: if something happened to its name, it was the board. */
static void read_file_event(struct watch *watch, uint32_t mask, const char *path, bool own, int64_t now)
{
	if (mask & IN_CLOSE_WRITE)
		own = own_writes_has_file(&watch->own, inode_at(path));
	else if (mask & IN_CREATE)
		own = own || !is_link(path);
	if (!own)
		note_change(watch, now);
}

/* Watches all anew, since events were lost: which directories there are is not known any more. */
static int start_anew(struct watch *watch, int64_t now, struct diag *diag)
{
	int err = 0;

	note_change(watch, now);
	for (size_t i = 0; i < watch->root_count && !err; i++) {
		if (!watch->roots[i].file)
			err = scan_root(watch, watch->roots[i].path, diag);
		if (err == -ENOENT || err == -ENOTDIR)
			err = 0;
	}
	watch->dirs_forgot = true; /* look whether a root is gone */
	return err;
}

/* DIR was moved. It is a root: of what lies in one that is watched, that one has told, and it was forgotten. */
static void note_moved(struct watch *watch, const struct watched *dir)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s", dir->path);
	forget_tree(watch, path);
}

/* Whether the directory of ROOT is watched. */
static bool is_watched(const struct watch *watch, const struct root *root)
{
	size_t len = root->file ? (size_t)(strrchr(root->path, '/') - root->path) : strlen(root->path);

	for (size_t i = 0; i < watch->count; i++) {
		const char *path = watch->dirs[i].path;

		if (strlen(path) == (len ? len : 1) && !strncmp(path, root->path, len ? len : 1))
			return true;
	}
	return false;
}

/* Which roots are gone, now that a directory is not watched any more. */
static void look_for_gone(struct watch *watch, int64_t now)
{
	watch->dirs_forgot = false;
	for (size_t i = 0; i < watch->root_count; i++) {
		struct root *root = &watch->roots[i];

		if (root->gone || is_watched(watch, root))
			continue;
		root->gone = true;
		note_change(watch, now);
		watch->look_at = now + LOOK_US;
	}
}

static int read_event(struct watch *watch, const struct inotify_event *event, int64_t now, struct diag *diag)
{
	struct watched *dir = find(watch, event->wd);
	char path[PATH_MAX];

	if (event->mask & IN_Q_OVERFLOW)
		return start_anew(watch, now, diag);
	if (dir && event->mask & IN_IGNORED)
		forget(watch, dir);
	else if (dir && event->mask & IN_MOVE_SELF)
		note_moved(watch, dir);
	else if (dir && event->len && counts(dir, event->name) && join(path, dir->path, event->name)) {
		bool own = own_writes_has_name(&watch->own, dir->inode, event->name);

		if (event->mask & IN_ISDIR)
			return read_directory_event(watch, event->mask, path, own, now, diag);
		read_file_event(watch, event->mask, path, own, now);
	}
	return 0;
}

int watch_read(struct watch *watch, int64_t now, struct diag *diag)
{
	_Alignas(struct inotify_event) char bytes[16384];
	ssize_t n;
	int err = 0;

	while ((n = read(watch->fd, bytes, sizeof(bytes))) > 0)
		for (ssize_t at = 0; at < n;) {
			const struct inotify_event *event = (const struct inotify_event *)(const void *)(bytes + at);
			int one = read_event(watch, event, now, err ? NULL : diag);

			err = err ? err : one;
			at += (ssize_t)(sizeof(*event) + event->len);
		}
	if (watch->dirs_forgot)
		look_for_gone(watch, now);
	return err;
}

/* Looks for what is gone. Returns whether some of it is there again. */
static bool look_for_come(struct watch *watch, int64_t now)
{
	bool come = false, gone = false;

	for (size_t i = 0; i < watch->root_count; i++) {
		struct root *root = &watch->roots[i];
		bool was_gone = root->gone && !is_watched(watch, root);

		root->gone = was_gone; /* its directory may have told already */
		if (was_gone && access(root->path, F_OK) == 0)
			root->gone = (root->file ? scan_name(watch, root->path, NULL) : scan_root(watch, root->path, NULL)) < 0;
		come |= was_gone && !root->gone;
		gone |= root->gone;
	}
	watch->look_at = gone ? now + LOOK_US : 0;
	return come;
}

bool watch_fired(struct watch *watch, int64_t now)
{
	if (watch->look_at && now >= watch->look_at && look_for_come(watch, now))
		note_change(watch, now);
	if (now < burst_end(watch))
		return false;
	watch->changed = false;
	return true;
}
