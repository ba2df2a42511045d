/* SPDX-License-Identifier: MIT */
/*
 * vfs_state: what a vfs is made of, and what its files share: vfs_attributes.c, vfs_file.c, vfs_name.c, vfs_dir.c, and vfs.c, which opens
 * it. No other file includes this.
 */
#ifndef FUSE_VFS_STATE_H
#define FUSE_VFS_STATE_H

#include <pthread.h>

#include "fuse/next_file.h"
#include "fuse/nodes.h"
#include "fuse/open_file.h"
#include "fuse/times_store.h"
#include "fuse/vfs.h"

struct vfs {
	struct board *board;
	struct nodes *nodes;
	struct vfs_options options;
	struct open_file_mount mount;
	struct next_file *next_file;
	struct times_store *times_store;
	pthread_mutex_t handles_lock;
	struct vfs_handle *handles; /* all there are: the kernel does not close them when the mount ends early */
};

/* Notes for the times of directories that the name PATH came, went or stayed, just now. */
void vfs_note_name(struct vfs *vfs, const char *path, enum kept_times_change change);

/*
 * Tells the log what of FILE, which was at PATH, could not be sent because of RC, and what the board has there. Nothing to say of a file
 * without a path, or that holds nothing.
 */
void vfs_log_loss(struct vfs *vfs, const char *path, struct open_file *file, int rc);

#endif
