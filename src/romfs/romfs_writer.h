/* SPDX-License-Identifier: MIT */
/*
 * romfs_writer: a ROM image (romfs_format.h) of names and contents. No input or output. Called in the order of the tree: a directory
 * is entered, what is in it added, and it is left again; entries stand in the image in the order of the calls. Without DEDUPE it
 * makes what mpremote's writer makes of the same calls, byte for byte. One thread at a time.
 */
#ifndef ROMFS_ROMFS_WRITER_H
#define ROMFS_ROMFS_WRITER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct romfs_writer;

/*
 * A writer of an image that is empty so far. DEDUPE: of files with the same content the first has it, and the others point to it, where
 * that is shorter. Returns 0 or -ENOMEM.
 */
int romfs_writer_open(struct romfs_writer **out, bool dedupe);

/*
 * A directory begins, within the one that is open. NAME (terminated) must stay there until romfs_writer_close. Returns 0, or
 *   -EINVAL        that is no name for an entry of an image: romfs_format_name_fault says why
 *   -ENAMETOOLONG  ROMFS_DEPTH_MAX or ROMFS_PATH_MAX would be passed
 *   -ENOMEM
 * Whether a directory has the name already is the caller's to know.
 */
int romfs_writer_enter(struct romfs_writer *writer, const char *name);

/* The directory that was entered last ends. -EINVAL: none is open but the top. */
int romfs_writer_leave(struct romfs_writer *writer);

/* A file with the SIZE bytes at DATA. These and NAME must stay there until romfs_writer_close. Errors as romfs_writer_enter. */
int romfs_writer_add(struct romfs_writer *writer, const char *name, const void *data, size_t size);

/*
 * Makes the image, in *IMAGE of *SIZE bytes, which the caller frees. The writer can only be closed after that. Returns 0, or
 *   -EINVAL  a directory is still open
 *   -EFBIG   it would be 4 GiB or larger
 *   -ENOMEM
 */
int romfs_writer_finish(struct romfs_writer *writer, uint8_t **image, size_t *size);

/* NULL is accepted. */
void romfs_writer_close(struct romfs_writer *writer);

#endif
