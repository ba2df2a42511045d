/* SPDX-License-Identifier: MIT */
/* image_tree: the names in a ROM image, where board_image and board_roms look them up. Constant once it is made: any thread may ask. */
#ifndef BOARD_IMAGE_TREE_H
#define BOARD_IMAGE_TREE_H

#include "board/board.h"
#include "romfs/romfs_reader.h"

struct image_entry {
	char *name;
	size_t parent; /* its number; 0: the top, which is no entry itself */
	size_t number; /* from 1 on, in the order of the image */
	bool is_dir;
	uint64_t content, size; /* where in the image */
};

/* All zeros: an empty directory. */
struct image_tree {
	struct image_entry *entries; /* by parent and name */
	size_t count, room;
};

/* Takes all that is whole in READER's image, which is not needed any more after that, into TREE, which is empty. Returns 0 or -ENOMEM. */
int image_tree_take(struct image_tree *tree, const struct romfs_reader *reader);

/* TREE is empty after that. */
void image_tree_free(struct image_tree *tree);

/*
 * The entry at PATH below directory *NUMBER, in *OUT; NULL: that directory itself. *NUMBER becomes its number. Returns 0, -ENOENT or
 * -ENOTDIR. A slash before and behind PATH is nothing.
 */
int image_tree_find(const struct image_tree *tree, const char *path, size_t *number, const struct image_entry **out);

/* What ENTRY is (NULL: a directory); MTIME is everything's time. */
void image_tree_stat(const struct image_entry *entry, int64_t mtime, struct board_stat *out);

/* As board_list, of PATH below directory NUMBER. */
int image_tree_list(const struct image_tree *tree, const char *path, size_t number, int64_t mtime, board_entry_fn *each,
		    void *context);

#endif
