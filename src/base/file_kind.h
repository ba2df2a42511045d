/* SPDX-License-Identifier: MIT */
/* file_kind: what stands behind a path, in words. */
#ifndef BASE_FILE_KIND_H
#define BASE_FILE_KIND_H

#include <sys/stat.h>

/* "a directory", "a FIFO", "a socket", "a device", "a link", "a file": what the st_mode MODE says, for a sentence. */
const char *file_kind(mode_t mode);

#endif
