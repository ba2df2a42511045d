/* SPDX-License-Identifier: MIT */
#include "board/file_systems.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BETWEEN "//"

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
	const char *start;

	while ((start = strstr(*at, BETWEEN))) {
		char *colon;

		*at = start + sizeof(BETWEEN) - 1;
		mount->kind = kind_of(strtol(*at, &colon, 10));
		if (*colon != ':' || colon[1] == '/')
			continue;
		mount->name = colon + 1;
		const char *end = strstr(mount->name, BETWEEN);
		mount->len = end ? (size_t)(end - mount->name) : strlen(mount->name);
		*at = mount->name + mount->len;
		if (mount->len)
			return true;
	}
	return false;
}

/*
 * What the first LEN bytes of PATH, a directory with or without a slash at its end, lie on: the mount at it or the one that is furthest
 * down above it. Returns whether there is one.
 */
static bool find_mount(const char *line, const char *path, size_t len, struct mount *found)
{
	struct mount mount;

	found->len = 0;
	while (next_mount(&line, &mount)) {
		bool above = mount.len < len && !memcmp(mount.name, path + 1, mount.len) &&
			     (mount.len + 1 == len || path[mount.len + 1] == '/');

		if (above && mount.len > found->len)
			*found = mount;
	}
	return found->len > 0;
}

/* The kind of what the first LEN bytes of PATH lie on, as find_mount says. */
static enum board_kind kind_at(const char *line, const char *path, size_t len)
{
	struct mount mount;

	return find_mount(line, path, len, &mount) ? mount.kind : kind_of(strtol(line, NULL, 10));
}

/* How many bytes of PATH are the directory that the entry PATH is in, without its slash; 1 for "/". */
static size_t parent_len(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash == path ? 1 : (size_t)(slash - path);
}

enum board_kind file_systems_kind(const char *line, const char *dir)
{
	return kind_at(line, dir, strlen(dir));
}

size_t file_systems_top(const char *line, const char *path)
{
	struct mount mount;

	return find_mount(line, path, parent_len(path), &mount) ? mount.len + 2 : 1;
}

bool file_systems_is_fat(const char *line, const char *path)
{
	return kind_at(line, path, parent_len(path)) == BOARD_FAT;
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
