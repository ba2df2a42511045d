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

enum {
	OWN_MAX = 4096,
	DEPTH_MAX = 100, /* of a tree: it ends also where a mount leads back into itself */
	MASK = IN_CLOSE_WRITE | IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO | IN_ONLYDIR | IN_EXCL_UNLINK,
};

/* A directory that is watched. */
struct watched {
	int wd;
	char *path;  /* without links */
	char **only; /* NULL-terminated: the files in it that count; NULL: all, and its directories */
};

struct watch {
	int fd;
	struct watched *dirs;
	size_t count, room;
	bool changed;
	int64_t first, last;   /* of the changes since the last that was told */
	uint64_t own[OWN_MAX]; /* hashes of paths, the oldest to be overwritten next */
	size_t own_next;
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
	close(watch->fd);
	free(watch);
}

int watch_fd(const struct watch *watch)
{
	return watch->fd;
}

int64_t watch_deadline(const struct watch *watch)
{
	int64_t quiet = watch->last + WATCH_QUIET_US, end = watch->first + WATCH_BURST_US;

	if (!watch->changed)
		return INT64_MAX;
	return quiet < end ? quiet : end;
}

bool watch_fired(struct watch *watch, int64_t now)
{
	if (now < watch_deadline(watch))
		return false;
	watch->changed = false;
	return true;
}

static void note_change(struct watch *watch, int64_t now)
{
	if (!watch->changed)
		watch->first = now;
	watch->changed = true;
	watch->last = now;
}

/* FNV-1a, of 64 bits. */
static uint64_t hash(const char *text)
{
	uint64_t sum = 0xcbf29ce484222325u;

	for (; *text; text++)
		sum = (sum ^ (uint8_t)*text) * 0x100000001b3u;
	return sum;
}

static bool is_own(const struct watch *watch, const char *path)
{
	uint64_t sum = hash(path);

	for (size_t i = 0; i < OWN_MAX; i++)
		if (watch->own[i] == sum)
			return true;
	return false;
}

/* FORMAT's two parts as one path in the PATH_MAX bytes of OUT; false: it does not fit. */
static bool join(char *out, const char *dir, const char *name)
{
	int len = snprintf(out, PATH_MAX, "%s/%s", strcmp(dir, "/") != 0 ? dir : "", name);

	return len >= 0 && len < PATH_MAX;
}

/* PATH without links, into the PATH_MAX bytes of OUT. The file itself may not be there yet. */
static bool real_path(const char *path, char *out)
{
	char dir[PATH_MAX], real[PATH_MAX];
	const char *slash;

	if (realpath(path, out))
		return true;
	slash = strrchr(path, '/');
	snprintf(dir, sizeof(dir), "%.*s", (int)(slash - path), path);
	return realpath(dir, real) && join(out, real, slash + 1);
}

void watch_own(struct watch *watch, const char *dir, const char *path)
{
	char whole[PATH_MAX], real[PATH_MAX];

	if (!join(whole, dir, path) || !real_path(whole, real) || is_own(watch, real))
		return;
	watch->own[watch->own_next] = hash(real);
	watch->own_next = (watch->own_next + 1) % OWN_MAX;
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
	return dir;
}

static void forget(struct watch *watch, struct watched *dir)
{
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
	else if (!is_own(scan->watch, whole))
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

int watch_add(struct watch *watch, const char *dir, struct diag *diag)
{
	struct scan scan = {.watch = watch};
	char real[PATH_MAX], text[DIAG_PATH_SIZE];

	if (!realpath(dir, real))
		return diag_fail(diag, DIAG_USAGE, errno, "%s: %s", diag_path(text, dir), strerror(errno));
	scan_tree(&scan, real, 0);
	return say_scan(&scan, dir, diag);
}

/* From now on NAME in DIR counts. */
static int add_only(struct watched *dir, const char *name)
{
	size_t count = 0;
	char **more, *copy;

	while (dir->only && dir->only[count])
		count++;
	more = realloc(dir->only, (count + 2) * sizeof(*more));
	if (!more)
		return -ENOMEM;
	dir->only = more;
	copy = strdup(name);
	more[count] = copy;
	more[count + 1] = NULL;
	return copy ? 0 : -ENOMEM;
}

int watch_add_file(struct watch *watch, const char *file, struct diag *diag)
{
	char real[PATH_MAX], text[DIAG_PATH_SIZE];
	struct watched *dir;
	char *slash;
	int wd, err;

	if (!realpath(file, real))
		return diag_fail(diag, DIAG_USAGE, errno, "%s: %s", diag_path(text, file), strerror(errno));
	slash = strrchr(real, '/');
	*slash = '\0';
	wd = inotify_add_watch(watch->fd, *real ? real : "/", MASK);
	err = wd < 0 ? -errno : 0;
	dir = err ? NULL : find(watch, wd);
	if (dir && !dir->only)
		return 0; /* all of it is watched */
	if (!err && !dir)
		dir = keep(watch, wd, *real ? real : "/");
	if (!err)
		err = dir ? add_only(dir, slash + 1) : -ENOMEM;
	return say_scan(&(struct scan){.err = err}, file, diag);
}

static bool counts(const struct watched *dir, const char *name)
{
	for (size_t i = 0; dir->only && dir->only[i]; i++)
		if (!strcmp(dir->only[i], name))
			return true;
	return !dir->only && !is_left_out(name);
}

/* What happened to the directory PATH in one that is watched. What is in one that comes is new, too. */
static int read_directory_event(struct watch *watch, uint32_t mask, const char *path, int64_t now, struct diag *diag)
{
	struct scan scan = {.watch = watch};

	if (mask & (IN_DELETE | IN_MOVED_FROM)) {
		forget_tree(watch, path);
		if (mask & IN_MOVED_FROM && !is_own(watch, path))
			note_change(watch, now);
		return 0;
	}
	if (!(mask & (IN_CREATE | IN_MOVED_TO)))
		return 0;
	scan_tree(&scan, path, 1);
	if (scan.files && !is_own(watch, path))
		note_change(watch, now);
	return say_scan(&scan, path, diag);
}

/* A file that was made is told when it is closed; a link has nothing to close. */
static bool is_link(const char *path)
{
	struct stat status;

	return lstat(path, &status) == 0 && (S_ISLNK(status.st_mode) || status.st_nlink > 1);
}

static int read_event(struct watch *watch, const struct inotify_event *event, int64_t now, struct diag *diag)
{
	struct watched *dir = find(watch, event->wd);
	char path[PATH_MAX];

	if (event->mask & IN_Q_OVERFLOW)
		note_change(watch, now);
	if (dir && event->mask & IN_IGNORED)
		forget(watch, dir);
	else if (dir && event->len && counts(dir, event->name) && join(path, dir->path, event->name)) {
		if (event->mask & IN_ISDIR)
			return read_directory_event(watch, event->mask, path, now, diag);
		if (!is_own(watch, path) && (!(event->mask & IN_CREATE) || is_link(path)))
			note_change(watch, now);
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
	return err;
}
