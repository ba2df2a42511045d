/* SPDX-License-Identifier: MIT */
/* vfs_attributes: what stat(2) tells of a file, and how that is changed. See vfs.h for what is true of all calls. */
#ifndef FUSE_VFS_ATTRIBUTES_H
#define FUSE_VFS_ATTRIBUTES_H

#include "fuse/kept_times.h"
#include "fuse/nodes.h"
#include "fuse/open_file.h"
#include "fuse/vfs.h"

/* A change of attributes; NULL: stays. */
struct vfs_change {
	const uint64_t *size;
	const struct timespec *atime, *mtime;
};

/* stat(2). */
int vfs_attributes_get(struct vfs *vfs, uint64_t number, struct stat *out);

/*
 * Changes attributes. A new size is on the board when this returns, but for one through an open HANDLE (ftruncate; may be NULL):
 * that is a write like others.
 */
int vfs_attributes_set(struct vfs *vfs, uint64_t number, struct vfs_handle *handle, const struct vfs_change *change,
		       struct stat *out);

/* access(2) for a process of UID and GID. */
int vfs_attributes_access(struct vfs *vfs, uint64_t number, int mask, uid_t uid, gid_t gid);

/*
 * For the other files of vfs: the attributes, in *OUT, of NUMBER (0: it has none yet) with what is known of it: of a directory or a file
 * of SIZE bytes with these times; of an open file; of the node or name of CLAIM, for which the board may be asked. The last returns
 * -ESTALE for an open file that the board has no more.
 */
void vfs_attributes_fill(const struct vfs *vfs, uint64_t number, bool is_dir, uint64_t size, const struct kept_times_pair *times,
			 struct stat *out);
void vfs_attributes_of_file(const struct vfs *vfs, uint64_t number, const struct open_file_state *state, struct stat *out);
int vfs_attributes_of(struct vfs *vfs, const struct nodes_claim *claim, uint64_t number, struct stat *out);

/* For the same: takes away write permission where nothing can be changed at PATH (NULL: it has none). */
void vfs_attributes_fix(const struct vfs *vfs, const char *path, struct stat *out);

#endif
