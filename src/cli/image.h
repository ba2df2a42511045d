/* SPDX-License-Identifier: MIT */
/* image: the file of a ROM image, open and checked, with words for people where it is not good. */
#ifndef CLI_IMAGE_H
#define CLI_IMAGE_H

#include "romfs/romfs_check.h"
#include "romfs/romfs_file.h"

struct image {
	struct romfs_file file;
	struct romfs_reader reader;
	struct romfs_check check; /* what romfs_check_records found */
};

/*
 * Opens the image file PATH and checks its records. Returns 0, or a negative errno with DIAG. -EBADMSG: it is damaged, or no image,
 * and IMAGE's check has the fault. image_close comes in any case. Whether what was read since then was still the same image
 * romfs_file_check tells.
 */
int image_open(struct image *image, const char *path, struct diag *diag);

/* IMAGE is one that image_open has seen. */
void image_close(struct image *image);

/* Begins an object of JSON about the image PATH: its name, and its SIZE where that is known (else 0); more can follow. */
void image_json_head(const char *path, size_t size);

#endif
