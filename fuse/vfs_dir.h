/* SPDX-License-Identifier: MIT */
/* vfs_dir: open directories. See vfs.h for what is true of all calls. */
#ifndef FUSE_VFS_DIR_H
#define FUSE_VFS_DIR_H

#include "fuse/vfs.h"

/* Opens directory NUMBER. *HANDLE needs vfs_dir_release. */
int vfs_dir_open(struct vfs *vfs, uint64_t number, struct vfs_handle **handle);

/* Reads the entries of an open directory anew. One thread at a time for a handle, as with vfs_dir_entry. */
int vfs_dir_list(struct vfs *vfs, struct vfs_handle *handle);

/*
 * The name and the attributes of entry ENTRY (0...) of what vfs_dir_list read, as it is now; *NAME is valid until the next vfs_dir_list.
 * With *LOOK_UP it counts as looked up, so that the kernel knows its number; *LOOK_UP comes back false when it was not, because
 * the listing may be out of date. Returns 1, 0 when there are no more entries, or a negative errno.
 */
int vfs_dir_entry(struct vfs *vfs, struct vfs_handle *handle, size_t entry, const char **name, bool *look_up, struct stat *out);

/* Closes an open directory. */
void vfs_dir_release(struct vfs *vfs, struct vfs_handle *handle);

#endif
