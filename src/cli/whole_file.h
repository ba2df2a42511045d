/* SPDX-License-Identifier: MIT */
/* whole_file: a file is there whole or not at all: it is written under another name, and renamed. */
#ifndef CLI_WHOLE_FILE_H
#define CLI_WHOLE_FILE_H

#include <stdbool.h>
#include <stddef.h>

/* Asked when all is written and before the file gets its name: a negative errno forbids that. */
typedef int whole_file_vet_fn(void *context);

/*
 * Makes the SIZE BYTES the content of the file NAME in the directory DIR (a descriptor, or AT_FDCWD with a path as NAME). A link of
 * that name is replaced, not followed. Signals that would end the program wait until it is done, so they leave nothing behind.
 * REPLACE: a file that is there is replaced and its permissions stay. VET may be NULL. Returns 0 or a negative errno:
 *   -EEXIST  it is there, and REPLACE is false
 *   -EISDIR  it is a directory
 *   -EINVAL  it is a device or its like, which is never replaced
 *   or VET's
 */
int whole_file_write(int dir, const char *name, const void *bytes, size_t size, bool replace, whole_file_vet_fn *vet,
		     void *context);

#endif
