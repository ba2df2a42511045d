/* SPDX-License-Identifier: MIT */
/* operations: the kernel's requests, passed on to vfs.h. The only file beside main.c's helpers that speaks libfuse. */
#ifndef FUSE_OPERATIONS_H
#define FUSE_OPERATIONS_H

#include <pthread.h>
#include <stdbool.h>

#include "fuse/libfuse.h"

#include "fuse/vfs.h"

/* The user data of the session. */
struct operations {
	struct vfs *vfs;
	struct fuse_session *session; /* set before the session's loop starts */
	double timeout;               /* how long the kernel may remember names and attributes, in seconds */
	const char *mount_point;      /* absolute, without links */
	pthread_mutex_t ending_lock;  /* guards, for mount_session_is_ending, `session` and the next */
	bool closed;
};

/* What to give to fuse_session_new, with a struct operations that outlives the session. */
extern const struct fuse_lowlevel_ops operations_table;

#endif
