/* SPDX-License-Identifier: MIT */
/*
 * romfs_file: a file as bytes for romfs_reader, mapped: it is there at once, however large it is.
 *
 * Another program may write to the file, or make it shorter, while it is mapped. Its bytes then are others, or zeros, and
 * romfs_file_check tells; this process goes on. For that SIGBUS, which the kernel sends for a page that is not there any more, is
 * handled here from the first open file on; where no file of ours is the reason, it ends the process as ever.
 */
#ifndef ROMFS_ROMFS_FILE_H
#define ROMFS_ROMFS_FILE_H

#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "base/diag.h"

struct romfs_file {
	const uint8_t *bytes; /* NULL: the file is empty, or this one is closed */
	size_t size;
	/* for romfs_file_check */
	int fd; /* of our own */
	struct timespec mtime;
	struct mapping *mapping;
};

/* None is open. */
#define ROMFS_FILE_NONE ((struct romfs_file){.fd = -1})

/* Maps the regular file PATH. Returns 0, or a negative errno with DIAG, which names PATH, and FILE is as ROMFS_FILE_NONE. */
int romfs_file_open(struct romfs_file *file, const char *path, struct diag *diag);

/* The same of the file that FD is open on, and PATH was its name; FD may be closed after that. */
int romfs_file_map(struct romfs_file *file, int fd, const char *path, struct diag *diag);

/*
 * Whether all that was read so far is what the file had when it was mapped: what was found in its bytes counts only when this was
 * asked after it. Returns 0, or -EIO with DIAG: another program has changed it, or it could not be read.
 */
int romfs_file_check(const struct romfs_file *file, const char *path, struct diag *diag);

/* Of a file that was opened, or is ROMFS_FILE_NONE, which it then is. */
void romfs_file_close(struct romfs_file *file);

#endif
