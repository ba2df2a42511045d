/* SPDX-License-Identifier: MIT */
/* vfs_file: open files. See vfs.h for what is true of all calls. */
#ifndef FUSE_VFS_FILE_H
#define FUSE_VFS_FILE_H

#include "fuse/nodes.h"
#include "fuse/open_file.h"
#include "fuse/vfs.h"

/*
 * Opens NUMBER with the flags of open(2). *HANDLE needs vfs_file_release. *KEEP_PAGES tells whether the kernel's pages of the file, from
 * when it was open before, are still right.
 */
int vfs_file_open(struct vfs *vfs, uint64_t number, int flags, struct vfs_handle **handle, bool *keep_pages);

/*
 * Whether the board came back from an absence with another content in the file of HANDLE than that which was opened, or without the
 * file: who reads on would have half of each. vfs_file_read then is -EIO, and the log names the file, once for each handle.
 */
bool vfs_file_is_stale(struct vfs *vfs, struct vfs_handle *handle);

/*
 * Whether that is so for any handle of file NUMBER. What the kernel keeps of a file is for all who have it open: it is not to keep the
 * size or the pages of the other content then.
 */
bool vfs_file_has_stale(struct vfs *vfs, uint64_t number);

ssize_t vfs_file_read(struct vfs *vfs, struct vfs_handle *handle, void *buf, size_t len, uint64_t offset);

/* WRITE_BACK: these bytes come from pages that were mapped into memory, and have their place even in a file opened to append. */
ssize_t vfs_file_write(struct vfs *vfs, struct vfs_handle *handle, const void *buf, size_t len, uint64_t offset, bool write_back);

/* Whether the process that closes a descriptor of file PATH (of the board) has another one that writes to it. */
typedef bool vfs_file_more_fn(void *context, const char *path);

/*
 * close(2) of one of the descriptors of HANDLE: brings what was written to the board, if HANDLE is one for writing. A shell that
 * opens a file for a program copies its descriptor and closes the first one: a file that is only new, or only emptied, is left for
 * the close that follows where MORE tells of one, so that the board never has the empty file.
 */
int vfs_file_flush(struct vfs *vfs, struct vfs_handle *handle, vfs_file_more_fn *more, void *context);

/* ftruncate(2): a write like others. */
int vfs_file_truncate(struct vfs *vfs, struct vfs_handle *handle, uint64_t size);

/* fsync(2). */
int vfs_file_sync(struct vfs *vfs, struct vfs_handle *handle);

/*
 * The last descriptor of HANDLE is closed, and all flushed. Frees HANDLE. Returns 0, or the number of the file when its last changes
 * are lost, so that what the kernel knows of it is wrong.
 */
uint64_t vfs_file_release(struct vfs *vfs, struct vfs_handle *handle);

/*
 * For vfs_name: a handle in *OUT for NODE, opened with FLAGS. FRESH becomes the open file of NODE where there is none yet, and goes
 * otherwise, and on failure. Returns 0 or -ENOMEM.
 */
int vfs_file_add_handle(struct vfs *vfs, struct node *node, struct open_file *fresh, int flags, struct vfs_handle **out);

#endif
