/* SPDX-License-Identifier: MIT */
#include "fuse/descriptors.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static bool leads_to(int dir, const char *name, const char *path)
{
	char target[PATH_MAX];
	ssize_t len = readlinkat(dir, name, target, sizeof(target));

	return len > 0 && (size_t)len == strlen(path) && memcmp(target, path, (size_t)len) == 0;
}

/* /proc/PID/fdinfo/NAME has a line "flags:" with those of open(2), octal. */
static bool is_for_writing(pid_t pid, const char *name)
{
	char path[64], line[64];
	unsigned long flags = O_RDONLY;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%ld/fdinfo/%.20s", (long)pid, name);
	file = fopen(path, "re");
	if (!file)
		return false;
	while (fgets(line, sizeof(line), file)) {
		if (strncmp(line, "flags:", 6) == 0)
			flags = strtoul(line + 6, NULL, 8);
	}
	fclose(file);
	return (flags & O_ACCMODE) != O_RDONLY;
}

bool descriptors_write_to(pid_t pid, const char *path)
{
	struct dirent *entry;
	char name[64];
	bool found = false;
	DIR *dir;

	if (pid <= 0)
		return false;
	snprintf(name, sizeof(name), "/proc/%ld/fd", (long)pid);
	dir = opendir(name);
	if (!dir)
		return false;
	while (!found && (entry = readdir(dir)))
		found = leads_to(dirfd(dir), entry->d_name, path) && is_for_writing(pid, entry->d_name);
	closedir(dir);
	return found;
}
