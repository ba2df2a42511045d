/* SPDX-License-Identifier: MIT */
/* view: an image that has passed romfs_check_records, printed. */
#ifndef CLI_VIEW_H
#define CLI_VIEW_H

#include <stdio.h>

#include "romfs/romfs_check.h"

/* A line for each entry: its size (nothing for a directory) and its path, a directory's with a slash at its end. */
void view_list(FILE *out, const struct romfs_reader *reader);

/* The entries by their names, indented, with the sizes of files. */
void view_tree(FILE *out, const struct romfs_reader *reader);

/*
 * A JSON array of objects: path, type ("file" or "directory"); of a file also size, and offset: where its content lies in the image.
 */
void view_json(FILE *out, const struct romfs_reader *reader);

/* "306 bytes, 3 files, 1 directory": SIZE is the image's, and CHECK has passed; the top is not counted, as in JSON. */
void view_totals(FILE *out, size_t size, const struct romfs_check *check);

#endif
