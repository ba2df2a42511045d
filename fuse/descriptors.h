/* SPDX-License-Identifier: MIT */
/* descriptors: what other processes have open, as far as proc(5) tells. */
#ifndef FUSE_DESCRIPTORS_H
#define FUSE_DESCRIPTORS_H

#include <stdbool.h>
#include <sys/types.h>

/*
 * Whether process PID has a descriptor that writes to the file at PATH, a path without links as this process sees it. Looks at names
 * only and never at the file, which may be on a mount of our own. False where it cannot be seen.
 */
bool descriptors_write_to(pid_t pid, const char *path);

#endif
