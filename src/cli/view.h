/* SPDX-License-Identifier: MIT */
/* view: an image that has passed romfs_check_records, printed. */
#ifndef CLI_VIEW_H
#define CLI_VIEW_H

#include <stdio.h>

#include "romfs/romfs_reader.h"

/* A line for each entry: its size (nothing for a directory) and its path, a directory's with a slash at its end. */
void view_list(FILE *out, const struct romfs_reader *reader);

/* The entries by their names, indented, with the sizes of files. */
void view_tree(FILE *out, const struct romfs_reader *reader);

/*
 * A JSON array of objects: path, type ("file" or "directory"); of a file also size, and offset: where its content lies in the image.
 */
void view_json(FILE *out, const struct romfs_reader *reader);

#endif
