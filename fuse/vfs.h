/* SPDX-License-Identifier: MIT */
/*
 * vfs: what Linux asks of a mounted file system, answered from the board, the open files and the kept times.
 *
 * This is the file system without FUSE: fuse/operations.c turns the kernel's requests into these calls, and tests make them
 * without a kernel. Files are named as the kernel names them: by number, and by a name in the directory of a number. The calls are in
 * vfs_attributes.h, vfs_name.h (what is where), vfs_file.h (what is in files) and vfs_dir.h; all that is said here is true of them, too.
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

/* Whether names in directory DIR that differ in the case of their letters are the same. */
bool vfs_is_fat(struct vfs *vfs, uint64_t dir);

/* The kernel has forgotten COUNT times that it looked NUMBER up. */
void vfs_forget(struct vfs *vfs, uint64_t number, uint64_t count);

/* statvfs(3). */
int vfs_statfs(struct vfs *vfs, uint64_t number, struct statvfs *out);

#endif
