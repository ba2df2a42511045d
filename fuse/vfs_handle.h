/* SPDX-License-Identifier: MIT */
/* vfs_handle: what a process has open, for the files of vfs. */
#ifndef FUSE_VFS_HANDLE_H
#define FUSE_VFS_HANDLE_H

#include <stdatomic.h>

#include "fuse/listing.h"
#include "fuse/vfs_state.h"

struct vfs_handle {
	struct vfs_handle *next, **link; /* in vfs.handles */
	uint64_t number;
	struct node *node;      /* of a file */
	struct open_file *file; /* a reference of its own: whoever goes through the list looks at it */
	bool append, writes;
	atomic_uint content;    /* open_file_content when it was opened */
	atomic_bool told;       /* that this is another now */
	atomic_bool idle;       /* flushed, and not used since */
	struct listing listing; /* of a directory */
};

/* A handle for NUMBER, in the list of all that there are. NULL: no memory. */
struct vfs_handle *vfs_handle_new(struct vfs *vfs, uint64_t number);

/* Takes HANDLE out of the list, and frees it, its listing and its reference. */
void vfs_handle_free(struct vfs *vfs, struct vfs_handle *handle);

#endif
