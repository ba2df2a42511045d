/* SPDX-License-Identifier: MIT */
/*
 * romfs_check: whether a ROM image is whole: what romfs_reader looks at, in every directory, and what only a look at the whole
 * shows. A board believes its image: one that does not pass here can lock the board up at every start.
 */
#ifndef ROMFS_ROMFS_CHECK_H
#define ROMFS_ROMFS_CHECK_H

#include <stddef.h>

#include "base/diag.h"
#include "romfs/mpy.h"
#include "romfs/romfs_walk.h"

struct romfs_check {
	size_t files, directories; /* that are good; the top is not counted */
	struct romfs_fault fault;
	char path[ROMFS_PATH_MAX + 1]; /* where the fault is, as far as it is known; "": in the top, or nowhere */
};

/*
 * Checks every record of READER's image, that no directory has two entries of one name, and the image's length. In time linear in
 * the image's entries (n log n for a directory whose entries are not in order).
 * Returns 0, -EBADMSG with CHECK's fault, which is the first, or -ENOMEM.
 */
int romfs_check_records(struct romfs_check *check, const struct romfs_reader *reader);

/* Called for each file NAME.mpy; FAULT as mpy_parse returns it. */
typedef void romfs_check_mpy_fn(void *context, const char *path, const struct mpy_header *header, const char *fault);

/*
 * Looks at the header of each .mpy of READER's image, which has passed romfs_check_records. EACH may be NULL.
 * Returns 0, or -EBADMSG with CHECK's fault, which is the first.
 */
int romfs_check_bytecode(struct romfs_check *check, const struct romfs_reader *reader, romfs_check_mpy_fn *each, void *context);

/*
 * The words for the fault of CHECK in the image PATH: "PATH: at offset 12 in lib/a.py: ...". What is in the image is printable there, and
 * has no line ends. Returns -EBADMSG.
 */
int romfs_check_fail(const struct romfs_check *check, const char *path, struct diag *diag);

#endif
