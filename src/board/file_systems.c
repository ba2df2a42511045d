/* SPDX-License-Identifier: MIT */
#include "board/file_systems.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static enum board_kind kind_of(long number)
{
	return number == 22 ? BOARD_FAT : number == 19 ? BOARD_NONE : BOARD_ORDINARY;
}

/* A mount in the line. */
struct mount {
	const char *name;
	size_t len;
	enum board_kind kind;
};

/* The next mount behind *AT, which moves on. Returns whether there is one. */
static bool next_mount(const char **at, struct mount *mount)
{
	const char *slash;

	while ((slash = strchr(*at, '/'))) {
		char *colon;

		*at = slash + 1;
		mount->kind = kind_of(strtol(*at, &colon, 10));
		if (*colon != ':')
			continue;
		mount->name = colon + 1;
		mount->len = strcspn(mount->name, "/");
		*at = mount->name + mount->len;
		if (mount->len)
			return true;
	}
	return false;
}

/* What is mounted at the first part of PATH, which is to be a directory: a slash follows it. Returns whether there is something. */
static bool find_mount(const char *line, const char *path, struct mount *mount)
{
	size_t len = strcspn(path + 1, "/");

	while (next_mount(&line, mount))
		if (mount->len == len && !memcmp(mount->name, path + 1, len))
			return true;
	return false;
}

enum board_kind file_systems_kind(const char *line, const char *dir)
{
	struct mount mount;

	return find_mount(line, dir, &mount) ? mount.kind : kind_of(strtol(line, NULL, 10));
}

size_t file_systems_top(const char *line, const char *path)
{
	struct mount mount;
	bool below = strchr(path + 1, '/') && find_mount(line, path, &mount);

	return below ? mount.len + 2 : 1;
}

bool file_systems_is_fat(const char *line, const char *path)
{
	return file_systems_kind(line, strchr(path + 1, '/') ? path : "/") == BOARD_FAT;
}

bool file_systems_fat(const char *line, size_t count, char *top, size_t size)
{
	struct mount mount;

	snprintf(top, size, "/");
	if (file_systems_kind(line, "/") == BOARD_FAT && !count--)
		return true;
	while (next_mount(&line, &mount)) {
		if (mount.kind != BOARD_FAT || mount.len + 2 > size || count--)
			continue;
		snprintf(top, size, "/%.*s", (int)mount.len, mount.name);
		return true;
	}
	return false;
}
