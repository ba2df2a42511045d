/* SPDX-License-Identifier: MIT */
#include "base/real_name.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

int real_name(const char *path, char *out)
{
	const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
	char dir[PATH_MAX], real[PATH_MAX];
	struct stat status;
	int len;

	if (lstat(path, &status) < 0)
		return -errno;
	snprintf(dir, sizeof(dir), "%.*s", slash ? (int)(slash - path) + 1 : 1, slash ? path : ".");
	if (!realpath(dir, real))
		return -errno;
	len = snprintf(out, PATH_MAX, "%s/%s", strcmp(real, "/") != 0 ? real : "", name);
	return len < PATH_MAX ? 0 : -ENAMETOOLONG;
}
