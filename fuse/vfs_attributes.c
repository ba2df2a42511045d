/* SPDX-License-Identifier: MIT */
#include "fuse/vfs_attributes.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "fuse/file_times.h"
#include "fuse/vfs_file.h"
#include "fuse/vfs_state.h"

void vfs_attributes_fill(const struct vfs *vfs, uint64_t number, bool is_dir, uint64_t size, const struct kept_times_pair *times,
			 struct stat *out)
{
	mode_t allowed = ~vfs->options.umask & (vfs->options.read_only ? 0555 : 0777);

	*out = (struct stat){
		.st_ino = number,
		.st_mode = is_dir ? S_IFDIR | (0777 & allowed) : S_IFREG | (0666 & allowed),
		.st_nlink = 1,
		.st_uid = vfs->options.uid,
		.st_gid = vfs->options.gid,
		.st_size = is_dir ? 0 : (off_t)size,
		.st_blocks = is_dir ? 0 : (blkcnt_t)((size + 511) / 512),
		.st_blksize = 4096,
		.st_atim = times->atime,
		.st_mtim = times->mtime,
		.st_ctim = times->mtime,
	};
}

static void fill_from_board(struct vfs *vfs, uint64_t number, const char *path, const struct board_stat *on_board,
			    struct stat *out)
{
	struct kept_times_pair times;

	file_times_get(vfs->board, vfs->mount.times, path, on_board, &times);
	vfs_attributes_fill(vfs, number, on_board->is_dir, on_board->size, &times, out);
}

void vfs_attributes_of_file(const struct vfs *vfs, uint64_t number, const struct open_file_state *state, struct stat *out)
{
	vfs_attributes_fill(vfs, number, false, state->size, &state->times, out);
	if (state->gone)
		out->st_nlink = 0;
}

void vfs_attributes_fix(const struct vfs *vfs, const char *path, struct stat *out)
{
	if (path && board_is_fixed(vfs->board, path))
		out->st_mode &= ~(mode_t)0222;
}

/* vfs_attributes_of, as if all could be changed. */
static int find_attributes(struct vfs *vfs, const struct nodes_claim *claim, uint64_t number, struct stat *out)
{
	struct open_file *file = claim->node ? nodes_open_file(vfs->nodes, claim->node) : NULL;
	struct open_file_state state;
	struct board_stat on_board;
	int rc;

	if (file) {
		rc = open_file_stat(file, claim->path, &state);
		if (rc == 0)
			vfs_attributes_of_file(vfs, number, &state, out);
		open_file_unref(file);
		return rc;
	}
	if (!claim->path && node_is_dir(claim->node)) {
		/* Somebody's working directory that was removed. */
		vfs_attributes_fill(vfs, number, true, 0, &(struct kept_times_pair){0}, out);
		out->st_nlink = 0;
		return 0;
	}
	if (!claim->path)
		return -ENOENT;
	rc = board_stat(vfs->board, claim->path, &on_board);
	if (rc == 0)
		fill_from_board(vfs, number, claim->path, &on_board, out);
	return rc;
}

int vfs_attributes_of(struct vfs *vfs, const struct nodes_claim *claim, uint64_t number, struct stat *out)
{
	int rc = find_attributes(vfs, claim, number, out);

	if (rc == 0)
		vfs_attributes_fix(vfs, claim->path, out);
	return rc;
}

/* -EROFS where NUMBER cannot be changed. */
static int check_fixed(struct vfs *vfs, uint64_t number)
{
	struct nodes_claim claim;
	int rc = vfs->options.read_only ? -EROFS : nodes_claim(vfs->nodes, number, false, &claim);

	if (rc < 0)
		return rc;
	if (claim.path && board_is_fixed(vfs->board, claim.path))
		rc = -EROFS;
	nodes_release(vfs->nodes, &claim);
	return rc;
}

int vfs_attributes_get(struct vfs *vfs, uint64_t number, struct stat *out)
{
	struct nodes_claim claim;
	int rc = nodes_claim(vfs->nodes, number, false, &claim);

	if (rc == 0)
		rc = vfs_attributes_of(vfs, &claim, number, out);
	if (rc == 0 && S_ISDIR(out->st_mode) != node_is_dir(claim.node))
		rc = -ESTALE;
	nodes_release(vfs->nodes, &claim);
	return rc == -ENOENT || rc == -ENOTDIR ? -ESTALE : rc;
}

/* truncate(2): like open, ftruncate, close. */
static int truncate_by_name(struct vfs *vfs, uint64_t number, uint64_t size)
{
	struct vfs_handle *handle;
	bool keep_pages;
	int rc = vfs_file_open(vfs, number, O_WRONLY, &handle, &keep_pages);

	if (rc != 0)
		return rc;
	rc = vfs_file_truncate(vfs, handle, size);
	if (rc == 0)
		rc = vfs_file_sync(vfs, handle);
	vfs_file_release(vfs, handle);
	return rc;
}

/* utimensat(2) of something that is not open. */
static int keep_times(struct vfs *vfs, const struct nodes_claim *claim, const struct vfs_change *change)
{
	struct kept_times_pair times;
	struct board_stat on_board;
	int rc;

	if (!claim->path) /* a directory that was removed can still be somebody's working directory */
		return node_is_dir(claim->node) ? 0 : -ESTALE;
	rc = board_stat(vfs->board, claim->path, &on_board);
	if (rc < 0)
		return rc;
	file_times_get(vfs->board, vfs->mount.times, claim->path, &on_board, &times);
	if (change->atime)
		times.atime = *change->atime;
	if (change->mtime)
		times.mtime = *change->mtime;
	kept_times_put(vfs->mount.times, claim->path, &on_board, &times);
	return 0;
}

static int set_times(struct vfs *vfs, uint64_t number, const struct vfs_change *change)
{
	struct open_file *file = NULL;
	struct nodes_claim claim;
	int rc = nodes_claim(vfs->nodes, number, false, &claim);

	if (rc == 0) {
		file = nodes_open_file(vfs->nodes, claim.node);
		rc = file ? open_file_set_times(file, claim.path, change->atime, change->mtime) : keep_times(vfs, &claim, change);
	}
	if (rc == 0)
		nodes_note_change(vfs->nodes, claim.node);
	open_file_unref(file);
	nodes_release(vfs->nodes, &claim);
	return rc;
}

int vfs_attributes_set(struct vfs *vfs, uint64_t number, struct vfs_handle *handle, const struct vfs_change *change,
		       struct stat *out)
{
	int rc = check_fixed(vfs, number);

	if (rc == 0 && change->size && handle)
		rc = vfs_file_truncate(vfs, handle, *change->size);
	else if (rc == 0 && change->size)
		rc = truncate_by_name(vfs, number, *change->size);
	if (rc == 0 && (change->atime || change->mtime))
		rc = set_times(vfs, number, change);
	if (rc == 0)
		rc = vfs_attributes_get(vfs, number, out);
	return rc == -ENOENT || rc == -ENOTDIR ? -ESTALE : rc;
}

int vfs_attributes_access(struct vfs *vfs, uint64_t number, int mask, uid_t uid, gid_t gid)
{
	struct stat about;
	mode_t allowed;
	int rc = vfs_attributes_get(vfs, number, &about);

	if (rc == 0 && (mask & W_OK))
		rc = check_fixed(vfs, number);
	if (rc != 0)
		return rc;
	if (uid == 0)
		allowed = R_OK | W_OK | (S_ISDIR(about.st_mode) || (about.st_mode & 0111) ? X_OK : 0);
	else if (uid == about.st_uid)
		allowed = about.st_mode >> 6 & 7;
	else if (gid == about.st_gid)
		allowed = about.st_mode >> 3 & 7;
	else
		allowed = about.st_mode & 7;
	return ((mode_t)mask & ~allowed & 7) ? -EACCES : 0;
}
