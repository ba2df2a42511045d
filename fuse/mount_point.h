/* SPDX-License-Identifier: MIT */
/* mount_point: whether a board can be mounted at a directory, found out before the board is touched, in words for a person. */
#ifndef FUSE_MOUNT_POINT_H
#define FUSE_MOUNT_POINT_H

#include <stdbool.h>
#include <stdio.h>

#include "base/diag.h"

/*
 * Checks that GIVEN is a directory where this user can mount, with ALLOW_OTHER if that is wanted. On success *REAL is its absolute
 * path without links, to be freed, and *HIDES tells whether something lies in it that the mount will hide. On failure *REAL is NULL
 * and DIAG says what is in the way. Returns 0 or a negative errno.
 */
int mount_point_check(const char *given, bool allow_other, char **real, bool *hides, struct diag *diag);

/*
 * The device that is mounted by mpremotefs at REAL, from MOUNTS, which is open on a mountinfo of proc(5): into DEVICE, of SIZE bytes.
 * Returns whether there is one.
 */
bool mount_point_in_use(FILE *mounts, const char *real, char *device, size_t size);

/* Whether the text of CONF, which is open on a fuse.conf of mount.fuse3(8), lets users give allow_other. */
bool mount_point_users_may_allow_other(FILE *conf);

#endif
