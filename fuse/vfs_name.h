/* SPDX-License-Identifier: MIT */
/* vfs_name: names in directories: looked up, made, removed, renamed. See vfs.h for what is true of all calls. */
#ifndef FUSE_VFS_NAME_H
#define FUSE_VFS_NAME_H

#include "fuse/vfs.h"

/* What NAME in DIR is. The kernel knows its number from now on, until vfs_forget. */
int vfs_name_look_up(struct vfs *vfs, uint64_t dir, const char *name, struct stat *out);

/* The counterparts of the system calls. The kernel knows the number of what was made from now on. */
int vfs_name_make_file(struct vfs *vfs, uint64_t dir, const char *name, struct stat *out);
int vfs_name_make_dir(struct vfs *vfs, uint64_t dir, const char *name, struct stat *out);
int vfs_name_unlink(struct vfs *vfs, uint64_t dir, const char *name);
int vfs_name_remove_dir(struct vfs *vfs, uint64_t dir, const char *name);
int vfs_name_rename(struct vfs *vfs, uint64_t from_dir, const char *from_name, uint64_t to_dir, const char *to_name,
		    unsigned flags);

/* Makes and opens a file. The board learns of it when it is flushed. The kernel knows its number from now on. */
int vfs_name_create(struct vfs *vfs, uint64_t dir, const char *name, int flags, struct vfs_handle **handle, struct stat *out);

#endif
