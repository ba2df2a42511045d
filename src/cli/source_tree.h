/* SPDX-License-Identifier: MIT */
/*
 * source_tree: the directory that becomes an image: its files and directories in the image's order, and the contents of the files.
 *
 * Other programs may change the tree meanwhile, also such as wish us ill: nothing outside of the directory is opened, nor anything
 * that holds us; what is not any more what was found is an error.
 */
#ifndef CLI_SOURCE_TREE_H
#define CLI_SOURCE_TREE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/diag.h"
#include "cli/beneath.h"
#include "cli/source_rules.h"

/* More entries than this beneath links are refused: links to the same directories again and again can make them without end. */
enum { SOURCE_TREE_LINKED_MAX = 1 << 16 };

/*
 * The file of these numbers is the image that is made, and never in it; anything but an image, or an empty file, in DIR is refused as
 * it.
 */
struct source_output {
	bool exists;
	dev_t device;
	ino_t inode;
};

struct source {
	char *path;   /* from the top: "lib/net.py" */
	char *name;   /* in the image; the last part of PATH, but for what is compiled */
	char *real;   /* where it is found from the top when no link is followed; NULL: at PATH */
	size_t depth; /* directories that it lies in, the top not counted */
	bool is_dir;
	bool has_mpy; /* beside NAME.py there is a NAME.mpy */
	dev_t device;
	ino_t inode;
	uint8_t *content; /* of a file, once it was read or made; malloced. NULL: not yet */
	size_t size;      /* of it; before that, what the file system says */
};

struct source_tree {
	const char *dir;   /* as typed */
	const char *slash; /* between DIR and a path: "", where DIR ends with one */
	int fd;            /* of it */
	struct beneath_near near;
	struct source *sources; /* a directory before what is in it; sorted by the bytes of their names */
	size_t count, room;
	uint64_t bytes; /* of all files and names */
	size_t linked;  /* of these sources are reached by links */
	/* How many are not packed, what is in a directory among them not counted: by themselves, and by --exclude. */
	size_t left_out, excluded;
};

/* None, yet: source_tree_close has nothing to do. */
#define SOURCE_TREE_NONE ((struct source_tree){.fd = -1, .near = BENEATH_NEAR_NONE})

/*
 * Finds what is in DIR (which must outlive TREE), and reads up to AHEAD bytes of it already, where that is less work. Links are
 * followed where they stay in DIR. RULES' globs are marked where they match; an image that is called *.romfs is left out as caches
 * are. Returns 0 or a negative errno with DIAG, which names the path: there is no such directory, it cannot be read, a link leads out
 * or in a circle, a device, a name that cannot be in an image, more than SOURCE_TREE_LINKED_MAX entries by way of links, more than
 * 4 GiB... source_tree_close comes in any case.
 */
int source_tree_open(struct source_tree *tree, const char *dir, struct source_rules *rules, const struct source_output *output,
		     size_t ahead, struct diag *diag);

/* Opens a file of TREE. Returns a descriptor, which the caller closes, or a negative errno with DIAG. */
int source_tree_open_file(struct source_tree *tree, const struct source *source, struct diag *diag);

/* Reads the content of a file of TREE. Returns 0 or a negative errno with DIAG. */
int source_tree_read(struct source_tree *tree, struct source *source, struct diag *diag);

/*
 * To be called when all is read that is to be. Returns 0, or -ESTALE with DIAG: the directory that was read last is not any more where it
 * was found.
 */
int source_tree_settle(struct source_tree *tree, struct diag *diag);

void source_tree_close(struct source_tree *tree);

#endif
