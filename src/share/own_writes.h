/* SPDX-License-Identifier: MIT */
/*
 * own_writes: which entries and files the board changes this moment, by what they are and not by a path: directories may be renamed, and
 * links turned elsewhere, while it writes. No input, no output, no clock.
 */
#ifndef SHARE_OWN_WRITES_H
#define SHARE_OWN_WRITES_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>

#include "share/share_tree.h"

enum { OWN_WRITES_MAX = 2 }; /* a rename has two of each */

/* A file or a directory. */
struct own_inode {
	dev_t dev;
	ino_t ino;
};

/* One of zeros knows of none. */
struct own_writes {
	struct own_name {
		struct own_inode dir;
		char name[SHARE_TREE_NAME_MAX + 1];
	} names[OWN_WRITES_MAX];
	size_t name_count;
	struct own_inode files[OWN_WRITES_MAX];
	size_t file_count;
};

struct own_inode own_inode_of(const struct stat *status);

/* The entry NAME of DIR comes or goes. What is more than OWN_WRITES_MAX, or longer than a name can be, is not kept. */
void own_writes_add_name(struct own_writes *own, struct own_inode dir, const char *name);

/* FILE, open for writing, is closed. */
void own_writes_add_file(struct own_writes *own, struct own_inode file);

bool own_writes_has_name(const struct own_writes *own, struct own_inode dir, const char *name);
bool own_writes_has_file(const struct own_writes *own, struct own_inode file);

/* That is over. */
void own_writes_end(struct own_writes *own);

#endif
