/* SPDX-License-Identifier: MIT */
#include "cli/beneath.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Opens the directory NAME in PARENT, which it closes. */
static int step_into(int parent, const char *name, bool make)
{
	int fd = -1;

	if (!strcmp(name, ".."))
		errno = EINVAL;
	else if (!make || mkdirat(parent, name, 0777) == 0 || errno == EEXIST)
		fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	fd = fd < 0 ? -errno : fd;
	close(parent);
	return fd;
}

int beneath_directory(int top, const char *path, size_t len, bool make)
{
	char copy[PATH_MAX];
	char *name, *rest = copy;
	int fd;

	if (len >= sizeof(copy))
		return -ENAMETOOLONG;
	memcpy(copy, path, len);
	copy[len] = '\0';
	fd = fcntl(top, F_DUPFD_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	while (fd >= 0 && (name = strtok_r(rest, "/", &rest)))
		fd = step_into(fd, name, make);
	return fd;
}

/* The length of what stands before the last slash of PATH. */
static size_t directory_len(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? (size_t)(slash - path) : 0;
}

bool beneath_near_has(const struct beneath_near *near, const char *path)
{
	size_t len = directory_len(path);

	return near->fd >= 0 && strncmp(near->path, path, len) == 0 && near->path[len] == '\0';
}

/* Makes NEAR the directory of the file at PATH. */
static int go_near(struct beneath_near *near, int top, const char *path)
{
	size_t len = directory_len(path);

	if (beneath_near_has(near, path))
		return 0;
	beneath_near_close(near);
	near->fd = beneath_directory(top, path, len, false);
	if (near->fd < 0)
		return near->fd;
	near->path = strndup(path, len);
	if (near->path)
		return 0;
	beneath_near_close(near);
	return -ENOMEM;
}

int beneath_file(struct beneath_near *near, int top, const char *path, int flags)
{
	const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
	int rc = go_near(near, top, path), fd;

	if (rc < 0)
		return rc;
	errno = EINVAL;
	fd = strcmp(name, "..") != 0 ? openat(near->fd, name, flags | O_NOFOLLOW | O_CLOEXEC) : -1;
	return fd < 0 ? -errno : fd;
}

static bool is_same(int left, int right)
{
	struct stat a, b;

	return fstat(left, &a) == 0 && fstat(right, &b) == 0 && a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

int beneath_near_leave(struct beneath_near *near, int top)
{
	int again, rc = 0;

	if (near->fd >= 0) {
		again = beneath_directory(top, near->path, strlen(near->path), false);
		rc = again >= 0 && is_same(again, near->fd) ? 0 : -ESTALE;
		if (again >= 0)
			close(again);
	}
	beneath_near_close(near);
	return rc;
}

void beneath_near_close(struct beneath_near *near)
{
	if (near->fd >= 0)
		close(near->fd);
	free(near->path);
	*near = BENEATH_NEAR_NONE;
}
