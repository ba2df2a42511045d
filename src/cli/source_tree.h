/* SPDX-License-Identifier: MIT */
/* source_tree: the directory that becomes an image: its files and directories in the image's order, and the contents of the files. */
#ifndef CLI_SOURCE_TREE_H
#define CLI_SOURCE_TREE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/diag.h"

/* What is not packed. */
struct source_rules {
	bool all;             /* take what is left out by itself: __pycache__, *.pyc, .git..., left-overs of editors */
	char *const *exclude; /* globs: with a slash for the path from the top, without for the last name */
	size_t exclude_count;
	bool has_output; /* the file of these numbers is the image that is made, and never in it */
	dev_t output_device;
	ino_t output_inode;
};

struct source {
	char *path;   /* from the top: "lib/net.py" */
	char *name;   /* in the image; the last part of PATH, but for what is compiled */
	size_t depth; /* directories that it lies in, the top not counted */
	bool is_dir;
	bool has_mpy;     /* beside NAME.py there is a NAME.mpy */
	uint8_t *content; /* of a file, once it was read or made; malloced. NULL: not yet */
	size_t size;      /* of it; before that, what the file system says */
};

struct source_tree {
	const char *dir;        /* as typed */
	const char *slash;      /* between DIR and a path: "", where DIR ends with one */
	int fd;                 /* of it */
	struct source *sources; /* a directory before what is in it; sorted by the bytes of their names */
	size_t count, room;
	size_t left_out; /* how many were; what is in a directory that was is not counted */
};

/*
 * Finds what is in DIR (which must outlive TREE), and reads nothing yet. Links are followed where they stay in DIR. Returns 0 or a
 * negative errno with DIAG, which names the path: there is no such directory, it cannot be read, a link leads out or in a circle,
 * a device, a name that cannot be in an image... source_tree_close comes in any case.
 */
int source_tree_open(struct source_tree *tree, const char *dir, const struct source_rules *rules, struct diag *diag);

/* Reads the content of a file of TREE. Returns 0 or a negative errno with DIAG. */
int source_tree_read(const struct source_tree *tree, struct source *source, struct diag *diag);

void source_tree_close(struct source_tree *tree);

#endif
