/* SPDX-License-Identifier: MIT */
/*
 * vfs: what Linux asks of a mounted file system, answered from the board, the open files and the kept times.
 *
 * This is the file system without FUSE: fuse/operations.c turns the kernel's requests into these calls, and tests make them
 * without a kernel. Files are named as the kernel names them: by number, and by a name in the directory of a number.
 *
 * Any thread may call any function; calls block while the board works. All return 0 or a count, or a negative errno as the
 * system call of that name does, and beside them:
 *   -ESTALE  the number leads nowhere any more; the kernel looks the path up again then, and comes back
 */
#ifndef FUSE_VFS_H
#define FUSE_VFS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <time.h>

#include "board/board.h"
#include "board/board_agent.h"
#include "fuse/listing.h"
#include "fuse/nodes.h"
#include "fuse/open_file.h"

enum { VFS_NAME_MAX = 255 };

struct vfs_options {
	uid_t uid; /* the owner of everything */
	gid_t gid;
	mode_t umask;                      /* the permissions that nothing has */
	bool read_only;                    /* nothing can be changed: nothing has write permission */
	void (*now)(struct timespec *now); /* the wall clock; NULL: CLOCK_REALTIME */
	const char *times_folder; /* for times_store; NULL: no times are kept past the mount, and the next does not matter */
	const char *times_board;  /* the board's name there */
	board_log_fn *log;        /* told of data that was lost; NULL: nobody */
	void *log_context;
};

struct vfs;

/* An open file, or an open directory, of a process. */
struct vfs_handle;

/* A change of attributes; NULL: stays. */
struct vfs_change {
	const uint64_t *size;
	const struct timespec *atime, *mtime;
};

/*
 * A file system over BOARD in *OUT, to be closed with vfs_close before BOARD. BOARD is asked nothing yet.
 * Returns 0 or a negative errno.
 */
int vfs_open(struct vfs **out, struct board *board, const struct vfs_options *options);

/*
 * Brings to the board what open files still hold, with words in the log on what could not be, and frees VFS; NULL is accepted.
 * No other call may be under way.
 */
void vfs_close(struct vfs *vfs);

/* What NAME in DIR is. The kernel knows its number from now on, until vfs_forget. */
int vfs_look_up(struct vfs *vfs, uint64_t dir, const char *name, struct stat *out);

/* Whether names in directory DIR that differ in the case of their letters are the same. */
bool vfs_is_fat(struct vfs *vfs, uint64_t dir);

/* The kernel has forgotten COUNT times that it looked NUMBER up. */
void vfs_forget(struct vfs *vfs, uint64_t number, uint64_t count);

int vfs_get_attributes(struct vfs *vfs, uint64_t number, struct stat *out);

/*
 * Changes attributes. A new size is on the board when this returns, but for one through an open HANDLE (ftruncate; may be NULL):
 * that is a write like others.
 */
int vfs_set_attributes(struct vfs *vfs, uint64_t number, struct vfs_handle *handle, const struct vfs_change *change,
		       struct stat *out);

/* access(2) for a process of UID and GID. */
int vfs_access(struct vfs *vfs, uint64_t number, int mask, uid_t uid, gid_t gid);

/* The counterparts of the system calls. The kernel knows the number of what was made from now on. */
int vfs_make_file(struct vfs *vfs, uint64_t dir, const char *name, struct stat *out);
int vfs_make_dir(struct vfs *vfs, uint64_t dir, const char *name, struct stat *out);
int vfs_unlink(struct vfs *vfs, uint64_t dir, const char *name);
int vfs_remove_dir(struct vfs *vfs, uint64_t dir, const char *name);
int vfs_rename(struct vfs *vfs, uint64_t from_dir, const char *from_name, uint64_t to_dir, const char *to_name, unsigned flags);

/*
 * Opens NUMBER with the flags of open(2). *HANDLE needs vfs_release. *KEEP_PAGES tells whether the kernel's pages of the file, from
 * when it was open before, are still right.
 */
int vfs_open_file(struct vfs *vfs, uint64_t number, int flags, struct vfs_handle **handle, bool *keep_pages);

/* Makes and opens a file. The board learns of it when it is flushed. The kernel knows its number from now on. */
int vfs_create(struct vfs *vfs, uint64_t dir, const char *name, int flags, struct vfs_handle **handle, struct stat *out);

/*
 * Whether the board came back from an absence with another content in the file of HANDLE than that which was opened: who reads on would
 * have half of each. vfs_read then is -EIO.
 */
bool vfs_is_stale(const struct vfs_handle *handle);

ssize_t vfs_read(struct vfs *vfs, struct vfs_handle *handle, void *buf, size_t len, uint64_t offset);

/* WRITE_BACK: these bytes come from pages that were mapped into memory, and have their place even in a file opened to append. */
ssize_t vfs_write(struct vfs *vfs, struct vfs_handle *handle, const void *buf, size_t len, uint64_t offset, bool write_back);

/* Whether the process that closes a descriptor of file PATH (of the board) has another one that writes to it. */
typedef bool vfs_more_fn(void *context, const char *path);

/*
 * close(2) of one of the descriptors of HANDLE: brings what was written to the board, if HANDLE is one for writing. A shell that
 * opens a file for a program copies its descriptor and closes the first one: a file that is only new, or only emptied, is left for
 * the close that follows where MORE tells of one, so that the board never has the empty file.
 */
int vfs_flush(struct vfs *vfs, struct vfs_handle *handle, vfs_more_fn *more, void *context);

/* fsync(2). */
int vfs_sync(struct vfs *vfs, struct vfs_handle *handle);

/*
 * The last descriptor of HANDLE is closed, and all flushed. Frees HANDLE. Returns 0, or the number of the file when its last changes
 * are lost, so that what the kernel knows of it is wrong.
 */
uint64_t vfs_release(struct vfs *vfs, struct vfs_handle *handle);

/* Opens directory NUMBER. *HANDLE needs vfs_release_dir. */
int vfs_open_dir(struct vfs *vfs, uint64_t number, struct vfs_handle **handle);

/* Reads the entries of an open directory anew. One thread at a time for a handle, as with vfs_list_entry. */
int vfs_list(struct vfs *vfs, struct vfs_handle *handle);

/*
 * The name and the attributes of entry ENTRY (0...) of what vfs_list read, as it is now; *NAME is valid until the next vfs_list.
 * With *LOOK_UP it counts as looked up, so that the kernel knows its number; *LOOK_UP comes back false when it was not, because
 * the listing may be out of date. Returns 1, 0 when there are no more entries, or a negative errno.
 */
int vfs_list_entry(struct vfs *vfs, struct vfs_handle *handle, size_t entry, const char **name, bool *look_up, struct stat *out);

/* Closes an open directory. */
void vfs_release_dir(struct vfs *vfs, struct vfs_handle *handle);

int vfs_statfs(struct vfs *vfs, uint64_t number, struct statvfs *out);

#endif
