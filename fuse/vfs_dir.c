/* SPDX-License-Identifier: MIT */
#include "fuse/vfs_dir.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fuse/file_times.h"
#include "fuse/vfs_attributes.h"
#include "fuse/vfs_handle.h"

int vfs_dir_open(struct vfs *vfs, uint64_t number, struct vfs_handle **handle)
{
	*handle = vfs_handle_new(vfs, number);
	return *handle ? 0 : -ENOMEM;
}

void vfs_dir_release(struct vfs *vfs, struct vfs_handle *handle)
{
	vfs_handle_free(vfs, handle);
}

static int add_pending(void *context, const char *name, uint64_t number, struct open_file *file)
{
	(void)number;
	return open_file_is_pending(file) ? listing_add(context, name, &(struct board_stat){0}) : 0;
}

/* A listing whose first PENDING entries are files that the board had not seen when it was asked. */
struct merge {
	struct listing *listing;
	size_t pending;
};

static int add_entry(void *context, const char *name, const struct board_stat *on_board)
{
	struct merge *merge = context;
	size_t i;

	for (i = 0; i < merge->pending; i++) {
		if (strcmp(merge->listing->entries[i].name, name) == 0)
			return 0;
	}
	return listing_add(merge->listing, name, on_board);
}

int vfs_dir_list(struct vfs *vfs, struct vfs_handle *handle)
{
	struct listing *listing = &handle->listing;
	struct merge merge = {.listing = listing};
	uint64_t moment = kept_times_moment(vfs->mount.times);
	struct nodes_claim claim;
	int rc = nodes_claim(vfs->nodes, handle->number, false, &claim);

	listing_clear(listing);
	if (rc == 0 && claim.path) {
		listing->changes = nodes_changes(vfs->nodes, claim.node);
		rc = nodes_each_open(vfs->nodes, claim.node, add_pending, listing);
		merge.pending = listing->count;
		if (rc == 0)
			rc = board_list(vfs->board, claim.path, add_entry, &merge);
		if (rc == 0)
			kept_times_listed(vfs->mount.times, claim.path, listing, moment);
	}
	nodes_release(vfs->nodes, &claim);
	if (rc < 0)
		listing_clear(listing);
	return rc;
}

/* What ENTRY of the claimed directory, at PATH, is now. *LOOK_UP gets false when the board would have to be asked for its times. */
static void fill_at(struct vfs *vfs, const struct nodes_claim *claim, const struct listing_entry *entry, const char *path,
		    bool *look_up, struct stat *out)
{
	struct kept_times_pair times = {0};
	struct open_file *file;
	struct open_file_state state;
	uint64_t number;

	file = nodes_open_child(vfs->nodes, claim->node, entry->name, &number);
	if (file && open_file_peek(file, &state)) {
		vfs_attributes_of_file(vfs, number, &state, out);
		open_file_unref(file);
		return;
	}
	open_file_unref(file);
	if (!file_times_peek(vfs->mount.times, path, &entry->on_board, &times))
		*look_up = false;
	number = nodes_number_of(vfs->nodes, claim->node, entry->name);
	vfs_attributes_fill(vfs, number, entry->on_board.is_dir, entry->on_board.size, &times, out);
}

static int fill_entry(struct vfs *vfs, const struct nodes_claim *claim, const struct listing_entry *entry, bool *look_up,
		      struct stat *out)
{
	char *path;

	if (asprintf(&path, "%s/%s", strcmp(claim->path, "/") == 0 ? "" : claim->path, entry->name) < 0)
		return -ENOMEM;
	fill_at(vfs, claim, entry, path, look_up, out);
	vfs_attributes_fix(vfs, path, out);
	free(path);
	return 0;
}

int vfs_dir_entry(struct vfs *vfs, struct vfs_handle *handle, size_t entry, const char **name, bool *look_up, struct stat *out)
{
	const struct listing *listing = &handle->listing;
	struct nodes_claim claim;
	struct node *node;
	int rc;

	if (entry >= listing->count)
		return 0;
	*name = listing->entries[entry].name;
	rc = nodes_claim(vfs->nodes, handle->number, false, &claim);
	if (rc == 0)
		rc = claim.path ? fill_entry(vfs, &claim, &listing->entries[entry], look_up, out) : -ENOENT;
	if (rc == 0 && nodes_changes(vfs->nodes, claim.node) != listing->changes)
		*look_up = false;
	if (rc == 0 && *look_up)
		rc = nodes_look_up(vfs->nodes, claim.node, *name, S_ISDIR(out->st_mode), &node);
	if (rc == 0 && *look_up)
		out->st_ino = node_number(node);
	nodes_release(vfs->nodes, &claim);
	return rc < 0 ? rc : 1;
}
