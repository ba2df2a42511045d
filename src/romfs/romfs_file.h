/* SPDX-License-Identifier: MIT */
/* romfs_file: a file as bytes for romfs_reader, mapped: it is there at once, however large it is. */
#ifndef ROMFS_ROMFS_FILE_H
#define ROMFS_ROMFS_FILE_H

#include <stddef.h>
#include <stdint.h>

#include "base/diag.h"

struct romfs_file {
	const uint8_t *bytes;
	size_t size;
};

/*
 * Maps the regular file PATH. Returns 0, or a negative errno with DIAG, which names PATH. Who makes the file shorter while it is
 * mapped ends this process (SIGBUS); our own programs only ever put another file in its place.
 */
int romfs_file_open(struct romfs_file *file, const char *path, struct diag *diag);

/* The same of the file that FD is open on, and PATH was its name; FD may be closed after that. */
int romfs_file_map(struct romfs_file *file, int fd, const char *path, struct diag *diag);

/* Of a file that was opened, or is all zeros. */
void romfs_file_close(struct romfs_file *file);

#endif
