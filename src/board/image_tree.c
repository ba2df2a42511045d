/* SPDX-License-Identifier: MIT */
#include "board/image_tree.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "romfs/romfs_walk.h"

/* Where in the entries those of directory PARENT begin whose names are not before NAME (of LEN bytes). */
static size_t lower_bound(const struct image_tree *tree, size_t parent, const char *name, size_t len)
{
	size_t low = 0, high = tree->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		const struct image_entry *entry = &tree->entries[middle];
		int order = (entry->parent > parent) - (entry->parent < parent);

		if (order == 0)
			order = strncmp(entry->name, name, len);
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static const struct image_entry *find_name(const struct image_tree *tree, size_t parent, const char *name, size_t len)
{
	size_t at = lower_bound(tree, parent, name, len);
	const struct image_entry *entry;

	if (at == tree->count)
		return NULL;
	entry = &tree->entries[at];
	return entry->parent == parent && strncmp(entry->name, name, len) == 0 && !entry->name[len] ? entry : NULL;
}

int image_tree_find(const struct image_tree *tree, const char *path, size_t *number, const struct image_entry **out)
{
	*out = NULL;
	for (path += strspn(path, "/"); *path; path += strspn(path, "/")) {
		size_t len = strcspn(path, "/");

		if (*out && !(*out)->is_dir)
			return -ENOTDIR;
		*out = find_name(tree, *number, path, len);
		if (!*out)
			return -ENOENT;
		*number = (*out)->number;
		path += len;
	}
	return 0;
}

void image_tree_stat(const struct image_entry *entry, int64_t mtime, struct board_stat *out)
{
	*out = (struct board_stat){.is_dir = true, .mtime = mtime};
	if (entry && !entry->is_dir) {
		out->is_dir = false;
		out->size = entry->size;
	}
}

int image_tree_list(const struct image_tree *tree, const char *path, size_t number, int64_t mtime, board_entry_fn *each,
		    void *context)
{
	const struct image_entry *entry;
	struct board_stat stat;
	int rc = image_tree_find(tree, path, &number, &entry);

	if (rc == 0 && entry && !entry->is_dir)
		rc = -ENOTDIR;
	for (size_t at = lower_bound(tree, number, "", 0); rc == 0 && at < tree->count; at++) {
		entry = &tree->entries[at];
		if (entry->parent != number)
			break;
		if (board_hides(entry->name))
			continue;
		image_tree_stat(entry, mtime, &stat);
		if (each(context, entry->name, &stat) != 0)
			break;
	}
	return rc;
}

static int add_entry(struct image_tree *tree, const struct romfs_entry *entry, size_t parent)
{
	struct image_entry added = {
		.name = strndup(entry->name, entry->name_len),
		.parent = parent,
		.number = tree->count + 1,
		.is_dir = entry->is_dir,
		.content = entry->content,
		.size = entry->size,
	};

	if (added.name && tree->count == tree->room) {
		size_t room = tree->room ? 2 * tree->room : 64;
		struct image_entry *entries = reallocarray(tree->entries, room, sizeof(*entries));

		if (entries) {
			tree->entries = entries;
			tree->room = room;
		}
	}
	if (!added.name || tree->count == tree->room) {
		free(added.name);
		return -ENOMEM;
	}
	tree->entries[tree->count++] = added;
	return 0;
}

/* By parent and name; of equal ones the first in the image. */
static int compare_entries(const void *left, const void *right)
{
	const struct image_entry *a = left, *b = right;
	int order = (a->parent > b->parent) - (a->parent < b->parent);

	if (order == 0)
		order = strcmp(a->name, b->name);
	return order ? order : (a->number > b->number) - (a->number < b->number);
}

/* Of entries with one name in a directory a board finds the first. */
static void drop_twins(struct image_tree *tree)
{
	size_t kept = 0;

	for (size_t i = 0; i < tree->count; i++) {
		const struct image_entry *last = kept ? &tree->entries[kept - 1] : NULL;

		if (last && last->parent == tree->entries[i].parent && !strcmp(last->name, tree->entries[i].name))
			free(tree->entries[i].name);
		else
			tree->entries[kept++] = tree->entries[i];
	}
	tree->count = kept;
}

int image_tree_take(struct image_tree *tree, const struct romfs_reader *reader)
{
	struct romfs_walk walk;
	struct romfs_entry entry;
	struct romfs_fault fault;
	size_t parents[ROMFS_DEPTH_MAX + 1] = {0};
	int found, rc = 0;

	romfs_walk_start(&walk, reader);
	while (rc == 0 && (found = romfs_walk_next(&walk, &entry, &fault)) != 0) {
		if (found < 0)
			continue;
		rc = add_entry(tree, &entry, parents[walk.depth - 1]);
		if (rc == 0)
			parents[walk.depth] = tree->count;
	}
	if (tree->count > 0)
		qsort(tree->entries, tree->count, sizeof(*tree->entries), compare_entries);
	drop_twins(tree);
	return rc;
}

void image_tree_free(struct image_tree *tree)
{
	for (size_t i = 0; i < tree->count; i++)
		free(tree->entries[i].name);
	free(tree->entries);
	*tree = (struct image_tree){0};
}
