/* SPDX-License-Identifier: MIT */
#include "share/own_writes.h"

#include <stdio.h>
#include <string.h>

struct own_inode own_inode_of(const struct stat *status)
{
	return (struct own_inode){status->st_dev, status->st_ino};
}

static bool is_same(struct own_inode a, struct own_inode b)
{
	return a.dev == b.dev && a.ino == b.ino;
}

void own_writes_add_name(struct own_writes *own, struct own_inode dir, const char *name)
{
	if (own->name_count == OWN_WRITES_MAX || strlen(name) > SHARE_TREE_NAME_MAX)
		return;
	struct own_name *to = &own->names[own->name_count++];

	to->dir = dir;
	snprintf(to->name, sizeof(to->name), "%s", name);
}

void own_writes_add_file(struct own_writes *own, struct own_inode file)
{
	if (own->file_count < OWN_WRITES_MAX)
		own->files[own->file_count++] = file;
}

bool own_writes_has_name(const struct own_writes *own, struct own_inode dir, const char *name)
{
	for (size_t i = 0; i < own->name_count; i++)
		if (is_same(own->names[i].dir, dir) && !strcmp(own->names[i].name, name))
			return true;
	return false;
}

bool own_writes_has_file(const struct own_writes *own, struct own_inode file)
{
	for (size_t i = 0; i < own->file_count; i++)
		if (is_same(own->files[i], file))
			return true;
	return false;
}

void own_writes_end(struct own_writes *own)
{
	own->name_count = own->file_count = 0;
}
