/* SPDX-License-Identifier: MIT */
/* mount_session: the FUSE session of a mount: its options for the kernel, its threads, its end. */
#ifndef FUSE_MOUNT_SESSION_H
#define FUSE_MOUNT_SESSION_H

#include "base/diag.h"
#include "fuse/operations.h"
#include "fuse/options.h"

/*
 * Mounts at MOUNT_POINT (absolute, without links; it has to outlive the session) with requests going to OPERATIONS, whose `session` is set. READ_ONLY goes with what OPTIONS say.
 * From now on SIGINT, SIGTERM and SIGHUP end the session instead of the process. Returns 0 or a negative errno.
 */
int mount_session_open(struct operations *operations, const struct options *options, const char *mount_point, bool read_only,
		       struct diag *diag);

/* Answers requests until somebody unmounts or a signal ends it. Returns 0 or a negative errno. */
int mount_session_run(struct operations *operations);

/* Whether the session is at its end, so that nothing should wait any longer. Any thread, from before it is opened. */
bool mount_session_is_ending(struct operations *operations);

/* Unmounts, if that has not been done yet, and frees the session. */
void mount_session_close(struct operations *operations);

#endif
