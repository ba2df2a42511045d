/* SPDX-License-Identifier: MIT */
#include "cli/beneath.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
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

int beneath_file(int top, const char *path, int flags)
{
	const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
	int dir = beneath_directory(top, path, slash ? (size_t)(slash - path) : 0, false), fd;

	if (dir < 0)
		return dir;
	errno = EINVAL;
	fd = strcmp(name, "..") != 0 ? openat(dir, name, flags | O_NOFOLLOW | O_CLOEXEC) : -1;
	fd = fd < 0 ? -errno : fd;
	close(dir);
	return fd;
}
