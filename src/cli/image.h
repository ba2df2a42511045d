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
 * and IMAGE's check has the fault. image_close comes in any case.
 */
int image_open(struct image *image, const char *path, struct diag *diag);

/* The words for the fault of CHECK in the image PATH. Returns -EBADMSG. */
int image_fault(const struct romfs_check *check, const char *path, struct diag *diag);

/* IMAGE is one that image_open has seen. */
void image_close(struct image *image);

#endif
