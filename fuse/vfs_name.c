/* SPDX-License-Identifier: MIT */
#include "fuse/vfs_name.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "fuse/spelling.h"
#include "fuse/vfs_attributes.h"
#include "fuse/vfs_file.h"
#include "fuse/vfs_handle.h"

static int check_name(const char *name)
{
	return strlen(name) > VFS_NAME_MAX ? -ENAMETOOLONG : 0;
}

/*
 * Where a file manager finds no place for a trash folder, it offers to delete, which is what people mean on a board: a trash
 * folder there fills the flash. It looks for /.Trash and /.Trash-UID at the top of a mount (freedesktop.org's trash specification).
 */
static bool is_trash(uint64_t dir, const char *name)
{
	return dir == NODES_ROOT && (strcmp(name, ".Trash") == 0 || strncmp(name, ".Trash-", 7) == 0);
}

static int check_new_name(const struct vfs *vfs, uint64_t dir, const char *name)
{
	int rc = check_name(name);

	if (rc == 0 && vfs->options.read_only)
		rc = -EROFS;
	if (rc == 0 && is_trash(dir, name))
		rc = -EPERM;
	if (rc == 0 && board_hides(name)) /* it would be removed as a leftover of ours */
		rc = -EINVAL;
	return rc;
}

/* Claims NAME in DIR for a look-up. On FAT *NAME becomes the name that the board lists, in SPELLED. */
static int claim_to_look_up(struct vfs *vfs, uint64_t dir, const char **name, char spelled[VFS_NAME_MAX + 1],
			    struct nodes_claim *claim)
{
	int rc = nodes_claim_name(vfs->nodes, dir, *name, false, claim);

	if (rc < 0 || claim->node || !nodes_is_fat(vfs->nodes, dir))
		return rc;
	rc = spelling_find(vfs->board, claim->path, spelled);
	if (rc <= 0 || strcmp(spelled, *name) == 0)
		return rc < 0 ? rc : 0;
	nodes_release(vfs->nodes, claim);
	*name = spelled;
	return nodes_claim_name(vfs->nodes, dir, *name, false, claim);
}

int vfs_name_look_up(struct vfs *vfs, uint64_t dir, const char *name, struct stat *out)
{
	char spelled[VFS_NAME_MAX + 1];
	struct nodes_claim claim;
	struct node *node;
	int rc = check_name(name);

	if (rc == 0 && board_hides(name))
		rc = -ENOENT;
	if (rc < 0)
		return rc;
	rc = claim_to_look_up(vfs, dir, &name, spelled, &claim);
	if (rc == 0)
		rc = vfs_attributes_of(vfs, &claim, 0, out);
	if (rc == -ESTALE)
		rc = -ENOENT;
	if (rc == 0)
		rc = nodes_look_up(vfs->nodes, claim.dir, name, S_ISDIR(out->st_mode), &node);
	if (rc == 0)
		out->st_ino = node_number(node);
	else if (rc == -ENOENT && claim.node)
		nodes_remove(vfs->nodes, claim.node);
	nodes_release(vfs->nodes, &claim);
	return rc;
}

/* Claims NAME in DIR for something new. What the kernel does not know under this name any more is taken away. */
static int claim_new_name(struct vfs *vfs, uint64_t dir, const char *name, struct nodes_claim *claim)
{
	struct open_file *file;
	int rc = check_new_name(vfs, dir, name);

	*claim = (struct nodes_claim){0};
	if (rc == 0)
		rc = nodes_claim_name(vfs->nodes, dir, name, false, claim);
	if (rc < 0 || !claim->node)
		return rc;
	file = nodes_open_file(vfs->nodes, claim->node);
	if (!file)
		nodes_remove(vfs->nodes, claim->node);
	open_file_unref(file);
	return file ? -EEXIST : 0;
}

/* The board has made PATH as ON_BOARD just now: its node, and what it is. */
static int note_made(struct vfs *vfs, const struct nodes_claim *claim, const char *name, const struct board_stat *on_board,
		     struct stat *out)
{
	struct kept_times_pair now;
	struct node *node;
	int rc = nodes_look_up(vfs->nodes, claim->dir, name, on_board->is_dir, &node);

	if (rc < 0)
		return rc;
	vfs->mount.now(&now.mtime);
	now.atime = now.mtime;
	if (on_board->is_dir)
		kept_times_put_made(vfs->mount.times, claim->path, &now);
	else
		kept_times_put_written(vfs->mount.times, claim->path, on_board, &now, NULL);
	vfs_note_name(vfs, claim->path, KEPT_TIMES_CAME);
	vfs_attributes_fill(vfs, node_number(node), on_board->is_dir, on_board->size, &now, out);
	return 0;
}

int vfs_name_create(struct vfs *vfs, uint64_t dir, const char *name, int flags, struct vfs_handle **handle, struct stat *out)
{
	struct open_file_state state;
	struct nodes_claim claim;
	struct open_file *file;
	struct node *node;
	int rc = claim_new_name(vfs, dir, name, &claim);

	*handle = NULL;
	if (rc == 0)
		rc = board_may_make(vfs->board, claim.path);
	if (rc == 0)
		rc = nodes_look_up(vfs->nodes, claim.dir, name, false, &node);
	if (rc == 0) {
		rc = open_file_create(&file, &vfs->mount);
		if (rc == 0)
			rc = vfs_file_add_handle(vfs, node, file, flags, handle);
		if (rc < 0)
			nodes_forget(vfs->nodes, node_number(node), 1);
	}
	if (rc == 0) {
		vfs_note_name(vfs, claim.path, KEPT_TIMES_CAME);
		open_file_peek((*handle)->file, &state);
		vfs_attributes_of_file(vfs, node_number(node), &state, out);
	}
	nodes_release(vfs->nodes, &claim);
	return rc;
}

static int no_content(void *context, void *buf, size_t len, uint64_t offset)
{
	(void)context, (void)buf, (void)offset;
	return len == 0 ? 0 : -EIO;
}

int vfs_name_make_file(struct vfs *vfs, uint64_t dir, const char *name, struct stat *out)
{
	const struct board_content empty = {.read = no_content};
	struct board_stat on_board;
	struct nodes_claim claim;
	int rc = claim_new_name(vfs, dir, name, &claim);

	if (rc == 0)
		rc = board_replace(vfs->board, claim.path, &empty, &on_board);
	if (rc == 0)
		rc = note_made(vfs, &claim, name, &on_board, out);
	nodes_release(vfs->nodes, &claim);
	return rc;
}

int vfs_name_make_dir(struct vfs *vfs, uint64_t dir, const char *name, struct stat *out)
{
	struct nodes_claim claim;
	int rc = claim_new_name(vfs, dir, name, &claim);

	if (rc == 0)
		rc = board_mkdir(vfs->board, claim.path);
	if (rc == 0)
		rc = note_made(vfs, &claim, name, &(struct board_stat){.is_dir = true}, out);
	nodes_release(vfs->nodes, &claim);
	return rc;
}

/* Makes the claimed file's content safe from what is about to happen to it on the board. *FILE is the open file, or NULL. */
static int save_content(struct vfs *vfs, const struct nodes_claim *claim, struct open_file **file)
{
	*file = NULL;
	if (!claim->node || !nodes_has_handles(vfs->nodes, claim->node))
		return 0;
	*file = nodes_open_file(vfs->nodes, claim->node);
	return *file && !open_file_is_pending(*file) ? open_file_fetch(*file, claim->path) : 0;
}

static void set_gone(struct open_file *file)
{
	if (file)
		open_file_set_gone(file);
}

/* The name of CLAIM leads nowhere any more. */
static void note_removed(struct vfs *vfs, const struct nodes_claim *claim)
{
	if (claim->node)
		nodes_remove(vfs->nodes, claim->node);
	kept_times_remove(vfs->mount.times, claim->path);
	vfs_note_name(vfs, claim->path, KEPT_TIMES_WENT);
}

int vfs_name_unlink(struct vfs *vfs, uint64_t dir, const char *name)
{
	struct open_file *file = NULL;
	struct nodes_claim claim;
	int rc;

	if (vfs->options.read_only)
		return -EROFS;
	rc = nodes_claim_name(vfs->nodes, dir, name, true, &claim);
	if (rc == 0)
		rc = save_content(vfs, &claim, &file);
	if (rc == 0 && !(file && open_file_is_pending(file)))
		rc = board_remove(vfs->board, claim.path);
	if (rc == 0) {
		set_gone(file);
		note_removed(vfs, &claim);
	}
	open_file_unref(file);
	nodes_release(vfs->nodes, &claim);
	return rc;
}

static int refuse_pending(void *context, const char *name, uint64_t number, struct open_file *file)
{
	(void)context, (void)name, (void)number;
	return open_file_is_pending(file) ? -ENOTEMPTY : 0;
}

/* The board does not see that a directory is not empty when all that is in it is not there yet. */
static int check_empty(struct vfs *vfs, struct node *node)
{
	return node && node_is_dir(node) ? nodes_each_open(vfs->nodes, node, refuse_pending, NULL) : 0;
}

int vfs_name_remove_dir(struct vfs *vfs, uint64_t dir, const char *name)
{
	struct nodes_claim claim;
	int rc;

	if (vfs->options.read_only)
		return -EROFS;
	rc = nodes_claim_name(vfs->nodes, dir, name, true, &claim);
	if (rc == 0)
		rc = check_empty(vfs, claim.node);
	if (rc == 0)
		rc = board_rmdir(vfs->board, claim.path);
	if (rc == 0)
		note_removed(vfs, &claim);
	nodes_release(vfs->nodes, &claim);
	return rc;
}

/* A file that the board has not seen is put there, so that it can be renamed there like any other. */
static int make_real(struct vfs *vfs, const struct nodes_claim *claim)
{
	struct open_file *file = claim->node ? nodes_open_file(vfs->nodes, claim->node) : NULL;
	int rc = file && open_file_is_pending(file) ? open_file_sync(file, claim->path) : 0;

	open_file_unref(file);
	return rc;
}

/* The board does not see that a name is taken by a file that is not there yet. */
static int refuse_open(struct vfs *vfs, struct node *node)
{
	struct open_file *file = node ? nodes_open_file(vfs->nodes, node) : NULL;

	open_file_unref(file);
	return file ? -EEXIST : 0;
}

/* vfs_name_rename of what is claimed. */
static int rename_claimed(struct vfs *vfs, struct nodes_claim *from, struct nodes_claim *to, const char *to_name, bool noreplace)
{
	struct open_file *replaced = NULL;
	struct board_stat target;
	bool replaces = false;
	int rc = make_real(vfs, from);

	if (rc == 0)
		rc = check_empty(vfs, to->node);
	if (rc == 0)
		rc = noreplace ? refuse_open(vfs, to->node) : save_content(vfs, to, &replaced);
	if (rc == 0) {
		replaces = (replaced && open_file_is_pending(replaced)) || board_stat(vfs->board, to->path, &target) == 0;
		rc = board_rename(vfs->board, from->path, to->path, noreplace);
	}
	if (rc == 0) {
		set_gone(replaced);
		kept_times_rename(vfs->mount.times, from->path, to->path);
		vfs_note_name(vfs, from->path, KEPT_TIMES_WENT);
		vfs_note_name(vfs, to->path, replaces ? KEPT_TIMES_STAYED : KEPT_TIMES_CAME);
		rc = nodes_rename(vfs->nodes, from, to_name, to);
	}
	open_file_unref(replaced);
	return rc;
}

int vfs_name_rename(struct vfs *vfs, uint64_t from_dir, const char *from_name, uint64_t to_dir, const char *to_name,
		    unsigned flags)
{
	struct nodes_claim from, to;
	int rc = check_new_name(vfs, to_dir, to_name);

	if (rc == 0 && (flags & ~(unsigned)RENAME_NOREPLACE))
		rc = -EINVAL;
	if (rc < 0)
		return rc;
	rc = nodes_claim_rename(vfs->nodes, from_dir, from_name, to_dir, to_name, &from, &to);
	if (rc == 0 && strcmp(from.path, to.path) != 0)
		rc = rename_claimed(vfs, &from, &to, to_name, flags & RENAME_NOREPLACE);
	nodes_release(vfs->nodes, &to);
	nodes_release(vfs->nodes, &from);
	return rc;
}
