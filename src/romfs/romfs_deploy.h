/* SPDX-License-Identifier: MIT */
/*
 * romfs_deploy: a ROM image onto a partition of a board, so that at no moment half of it is taken for an image:
 *
 *   compare    the partition with the image, block by block. Where all is equal, that is verified, and nothing is written
 *   destroy    the old header, by erasing its block, also where that is equal
 *   write      the other blocks that differ, each erased before; then what is behind the header in its own block
 *   verify     all but the header, what was not written, too
 *   header     is written, and verified with its block; where that fails it is destroyed again
 *
 * What is interrupted anywhere is finished by the same call again. A board looks at the header only (vfs_rom_make_new in
 * extmod/vfs_rom.c of micropython/micropython); an image without one is nothing to it.
 *
 * Of a partition it knows what struct romfs_deploy_target says; romfs_deploy does no input or output of its own. The image is one that
 * has passed romfs_check_records.
 */
#ifndef ROMFS_ROMFS_DEPLOY_H
#define ROMFS_ROMFS_DEPLOY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/diag.h"

enum {
	ROMFS_DEPLOY_HASH_SIZE = 32, /* bytes of a SHA-256 */
	ROMFS_DEPLOY_BLOCK = 4096,   /* what is compared at once, at least, and the erase block where it is not known */
};

/* DONE bytes of those that are being written are. Anything but 0 ends the writing with -EINTR. */
typedef int romfs_deploy_written_fn(void *context, size_t done);

/* All return 0 or a negative errno with DIAG. OFFSET counts in the partition. Nothing is called with a range that leaves it. */
struct romfs_deploy_ops {
	/*
	 * The first SIZE bytes of the SHA-256 of each BLOCK bytes of the LEN from OFFSET, the last piece being what is left. -EOPNOTSUPP:
	 * it has none.
	 */
	int (*hash)(void *context, uint8_t (*hashes)[ROMFS_DEPLOY_HASH_SIZE], size_t size, uint32_t offset, uint32_t len,
		    uint32_t block, struct diag *diag);
	int (*read)(void *context, void *buf, uint32_t offset, uint32_t len, struct diag *diag);
	/* Erases. Memory returns the fewest bytes that can be written, at least 1, a block device 0. */
	int (*erase)(void *context, uint32_t offset, uint32_t len, struct diag *diag);
	/* Writes, and now and then tells WRITTEN (may be NULL; -EINTR needs no DIAG). */
	int (*write)(void *context, uint32_t offset, const void *bytes, uint32_t len, romfs_deploy_written_fn *written,
		     void *written_context, struct diag *diag);
	int (*complete)(void *context, struct diag *diag);
};

struct romfs_deploy_target {
	const struct romfs_deploy_ops *ops;
	void *context;
	uint32_t size;        /* of the partition, in bytes */
	uint32_t erase_block; /* bytes, at most 1 GiB; 0: not known, and it can only be erased from its start (esp8266) */
};

struct romfs_deploy_result {
	uint32_t block;                    /* bytes of each of these but the last */
	size_t written, skipped, verified; /* blocks: each is written or skipped, and all are verified in the end */
	bool destroyed;                    /* what was in the partition is gone, whatever else is said; but with ... */
	bool unverified; /* ... this a header may be there, the old one or the new one: the last call failed there */
	bool lied;       /* what was read back is not what was written */
};

/* DONE of TOTAL bytes are written. Anything but 0 ends the deploy with -EINTR. */
typedef int romfs_deploy_progress_fn(void *context, size_t done, size_t total);

/*
 * Puts the SIZE bytes of IMAGE onto TARGET. PROGRESS may be NULL. RESULT is set in any case. Returns 0 or a negative errno with DIAG; with
 * RESULT->destroyed, and without RESULT->unverified, there is no image in the partition then.
 *   -ENOSPC   the partition is smaller; nothing was touched
 *   -EBADMSG  verification failed (RESULT->lied): DIAG says where
 *   -EINTR    PROGRESS said so
 *   others    of TARGET's operations
 */
int romfs_deploy(const struct romfs_deploy_target *target, const uint8_t *image, size_t size, romfs_deploy_progress_fn *progress,
		 void *progress_context, struct romfs_deploy_result *result, struct diag *diag);

#endif
