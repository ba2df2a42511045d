/* SPDX-License-Identifier: MIT */
/* pack: a directory becomes an image, in memory: for build, which writes it to a file, and for deploy. */
#ifndef CLI_PACK_H
#define CLI_PACK_H

#include "cli/mpy_cross.h"
#include "romfs/romfs_check.h"

struct pack_options {
	bool mpy;    /* compile */
	bool dedupe; /* of files with the same content store one */
	struct mpy_cross_options compiler;
	struct source_rules rules; /* pack_make notes which globs have matched */
	struct source_output output_file;
};

struct pack {
	struct source_tree tree;
	ssize_t compiled; /* how many files were */
	uint8_t *image;
	size_t size;
	struct romfs_reader reader; /* of the image */
	struct romfs_check check;
};

/*
 * Makes the image of directory DIR, which must outlive PACK; that is all zeros before but for `tree.fd`, which is -1. The image has
 * passed romfs_check_records. Returns 0 or a negative errno with DIAG. pack_close comes in any case.
 */
int pack_make(struct pack *pack, const char *dir, struct pack_options *options, struct diag *diag);

/* Warns of bytecode that came with the sources and that no board, or none of the architecture MARCH (NULL: any), loads. */
void pack_warn(const struct pack *pack, const char *march);

void pack_close(struct pack *pack);

#endif
