/* SPDX-License-Identifier: MIT */
#include "romfs/romfs_deploy.h"

#include <errno.h>
#include <sha2.h>
#include <stdlib.h>
#include <string.h>

#include "romfs/romfs_format.h"

enum {
	PAGE = 256,     /* what a block device programs at once (rp2), so all that goes there is a multiple of it */
	TWICE_MOST = 4, /* memory with larger units (stm32's own flash: 16) has checksums of them, and takes each once only */
	ERASED_AT_ONCE = 131072,  /* before it is written, without a look at whether to go on */
	VERIFIED_AT_ONCE = 65536, /* by one hash */
	COMPARED_SIZE = 5,        /* bytes of a hash by which blocks are compared; in the end all is verified by whole ones */
	BLANK = 0xff,
};

struct deploy {
	const struct romfs_deploy_target *target;
	const uint8_t *image;
	uint32_t size;
	uint32_t block; /* that is compared, erased and counted */
	size_t count;
	bool *differs;                             /* of each block */
	uint8_t (*hashes)[ROMFS_DEPLOY_HASH_SIZE]; /* of each block, as the board has it */
	uint8_t *bytes;                            /* what is written: the image, filled up to a page */
	uint8_t *buf;                              /* of a block that is read back */
	bool has_no_hash;
	uint32_t lie_at; /* what was found last that is not as the image has it; a block from it on */
	uint32_t unit;   /* all that is written begins and ends at multiples of it */
	/*
	 * The bytes at the image's start that are written last: a unit. Where a unit may be written twice it is one byte: first the unit
	 * goes over without it, and then with it. So a power cut that leaves some bits of a page unwritten leaves no header.
	 */
	uint32_t header;
	bool twice;
	size_t done, total; /* bytes */
	romfs_deploy_progress_fn *progress;
	void *progress_context;
	struct romfs_deploy_result *result;
};

static uint32_t least(uint32_t a, uint32_t b)
{
	return a < b ? a : b;
}

static uint32_t round_up(uint32_t value, uint32_t unit)
{
	return (value + unit - 1) / unit * unit;
}

/* Where block I of the image begins; that of the one behind the last is the image's end. */
static uint32_t start_of(const struct deploy *deploy, size_t i)
{
	return i < deploy->count ? (uint32_t)i * deploy->block : deploy->size;
}

static int interrupted(struct diag *diag)
{
	return diag_fail(diag, DIAG_ROMFS, EINTR, "interrupted");
}

/* MORE bytes beyond those that are counted as done are written. */
static int go_on(const struct deploy *deploy, size_t more, struct diag *diag)
{
	size_t done = deploy->done + more < deploy->total ? deploy->done + more : deploy->total;

	if (deploy->progress && deploy->progress(deploy->progress_context, done, deploy->total) != 0)
		return interrupted(diag);
	return 0;
}

/* --- What the partition has --- */

/* Looks at the first SIZE bytes of HASH. */
static bool has_hash(const uint8_t hash[ROMFS_DEPLOY_HASH_SIZE], size_t size, const uint8_t *bytes, size_t len)
{
	uint8_t own[ROMFS_DEPLOY_HASH_SIZE];
	SHA2_CTX context;

	SHA256Init(&context);
	SHA256Update(&context, bytes, len);
	SHA256Final(own, &context);
	return memcmp(hash, own, size) == 0;
}

static int read_block(const struct deploy *deploy, uint32_t from, uint32_t to, struct diag *diag)
{
	return deploy->target->ops->read(deploy->target->context, deploy->buf, from, to - from, diag);
}

/* Has the board hash FROM to TO in pieces of STEP bytes. */
static int hash(struct deploy *deploy, size_t size, uint32_t from, uint32_t to, uint32_t step, struct diag *diag)
{
	const struct romfs_deploy_target *target = deploy->target;
	int rc = deploy->has_no_hash ? -EOPNOTSUPP
				     : target->ops->hash(target->context, deploy->hashes, size, from, to - from, step, diag);

	deploy->has_no_hash = rc == -EOPNOTSUPP;
	return rc;
}

/* By reading: for boards that cannot hash. */
static int compare_by_reading(struct deploy *deploy, struct diag *diag)
{
	int rc = 0;

	for (size_t i = 0; i < deploy->count && rc == 0; i++) {
		uint32_t from = start_of(deploy, i), to = start_of(deploy, i + 1);

		rc = read_block(deploy, from, to, diag);
		deploy->differs[i] = rc < 0 || memcmp(deploy->buf, deploy->image + from, to - from) != 0;
		if (rc == 0)
			rc = go_on(deploy, 0, diag);
	}
	return rc;
}

/* Sets `differs` of all blocks. */
static int compare(struct deploy *deploy, struct diag *diag)
{
	int rc = hash(deploy, COMPARED_SIZE, 0, deploy->size, deploy->block, diag);

	for (size_t i = 0; i < deploy->count && rc == 0; i++) {
		uint32_t from = start_of(deploy, i);

		deploy->differs[i] =
			!has_hash(deploy->hashes[i], COMPARED_SIZE, deploy->image + from, start_of(deploy, i + 1) - from);
	}
	return rc == -EOPNOTSUPP ? compare_by_reading(deploy, diag) : rc;
}

/* UNREAD: what is there could not be read, with this errno; 0: it was. */
static int complain(struct deploy *deploy, uint32_t at, int unread, struct diag *diag)
{
	deploy->result->lied = true;
	deploy->lie_at = at;
	if (unread)
		return diag_fail(
			diag, DIAG_ROMFS, EBADMSG,
			"verification failed at offset %u: the board has another hash there than what was written has, and does "
			"not let it be read: %s",
			at, strerror(unread));
	return diag_fail(diag, DIAG_ROMFS, EBADMSG,
			 "verification failed at offset %u: the partition does not have there what was written", at);
}

/*
 * Reads what is between FROM and TO. DIFFERS: its hash says that it is not what the image has there, which is so, too, where it cannot be
 * read.
 */
static int read_back(struct deploy *deploy, uint32_t from, uint32_t to, bool differs, struct diag *diag)
{
	for (uint32_t at = from, end; at < to; at = end) {
		end = least(to, at + deploy->block);
		int rc = read_block(deploy, at, end, diag);

		if (rc < 0)
			return differs ? complain(deploy, at, -rc, diag) : rc;
		for (uint32_t i = at; i < end; i++) {
			if (deploy->buf[i - at] != deploy->image[i])
				return complain(deploy, i, 0, diag);
		}
	}
	return differs ? complain(deploy, from, 0, diag) : 0;
}

/* What is between FROM and TO has to be what the image has there. */
static int verify(struct deploy *deploy, uint32_t from, uint32_t to, struct diag *diag)
{
	uint32_t step = deploy->block > VERIFIED_AT_ONCE ? deploy->block : VERIFIED_AT_ONCE;
	int rc = from < to ? hash(deploy, ROMFS_DEPLOY_HASH_SIZE, from, to, step, diag) : 0;

	if (rc == -EOPNOTSUPP)
		return read_back(deploy, from, to, false, diag);
	for (size_t i = 0; from < to && rc == 0; i++, from += step) {
		uint32_t len = least(step, to - from);

		if (!has_hash(deploy->hashes[i], ROMFS_DEPLOY_HASH_SIZE, deploy->image + from, len))
			rc = read_back(deploy, from, from + len, true, diag);
	}
	return rc;
}

/* --- Erasing and writing --- */

/* Erases the blocks FIRST to END (not included). */
static int erase(struct deploy *deploy, size_t first, size_t end, struct diag *diag)
{
	const struct romfs_deploy_target *target = deploy->target;
	uint32_t from = start_of(deploy, first), to = least(round_up(start_of(deploy, end), deploy->block), target->size);
	int rc = target->ops->erase(target->context, from, to - from, diag);

	if (rc < 0)
		return rc;
	if (rc > PAGE || (rc & (rc - 1)) != 0)
		return diag_fail(diag, DIAG_ROMFS, EIO,
				 "the board says that it writes at least %d bytes at once, which cannot be", rc);
	deploy->twice = rc <= TWICE_MOST;
	deploy->unit = rc == 0 ? PAGE : (uint32_t)rc;
	deploy->header = deploy->twice ? 1 : least(deploy->unit, deploy->size);
	return 0;
}

static void hide_header(struct deploy *deploy, bool hidden)
{
	if (hidden)
		memset(deploy->bytes, BLANK, deploy->header);
	else
		memcpy(deploy->bytes, deploy->image, deploy->header);
}

/* A romfs_deploy_written_fn. */
static int note_written(void *context, size_t done)
{
	return go_on(context, done, NULL);
}

/* Writes the bytes FROM to TO (not included), filled up to the unit, to where all is erased. WRITTEN may be NULL. */
static int write_bytes(struct deploy *deploy, uint32_t from, uint32_t to, romfs_deploy_written_fn *written, struct diag *diag)
{
	const struct romfs_deploy_target *target = deploy->target;
	uint32_t len = least(round_up(to - from, deploy->unit), target->size - from);

	return target->ops->write(target->context, from, deploy->bytes + from, len, written, deploy, diag);
}

/* The same of the image's bytes, which count. */
static int write_range(struct deploy *deploy, uint32_t from, uint32_t to, struct diag *diag)
{
	int rc = from < to ? write_bytes(deploy, from, to, note_written, diag) : 0;

	if (rc == -EINTR)
		return interrupted(diag);
	deploy->done += to - from;
	return rc == 0 ? go_on(deploy, 0, diag) : rc;
}

/* Whether there is still a header, so that a board would take the partition's content for an image. */
static int has_header(const struct deploy *deploy, struct diag *diag)
{
	int rc = read_block(deploy, 0, ROMFS_MAGIC_SIZE, diag);

	return rc < 0 ? rc : memcmp(deploy->buf, ROMFS_MAGIC, ROMFS_MAGIC_SIZE) == 0;
}

/* Writes nothing but blanks where the header is: on flash that could not be erased it changes nothing, and what is there stays whole. */
static int write_blank(struct deploy *deploy, struct diag *diag)
{
	uint32_t len = least(deploy->unit, deploy->size);
	int rc;

	memset(deploy->bytes, BLANK, len);
	rc = write_bytes(deploy, 0, len, NULL, diag);
	memcpy(deploy->bytes, deploy->image, len);
	return rc;
}

/*
 * Memory that needs no erasing (MRAM of alif) has its header after that, too, and is written over. Where only all can be erased (the erase
 * block is not known), all is.
 */
static int erase_header(struct deploy *deploy, struct diag *diag)
{
	int rc = erase(deploy, 0, deploy->target->erase_block ? 1 : deploy->count, diag);

	if (rc == 0)
		rc = has_header(deploy, diag);
	if (rc <= 0)
		return rc;
	rc = write_blank(deploy, diag);
	if (rc == 0)
		rc = has_header(deploy, diag);
	return rc > 0 ? diag_fail(diag, DIAG_ROMFS, EIO, "the partition cannot be erased: its old header is still there") : rc;
}

/* Makes an end to the image that is there. */
static int destroy(struct deploy *deploy, struct diag *diag)
{
	int rc;

	deploy->result->destroyed = deploy->result->unverified = true;
	rc = erase_header(deploy, diag);
	deploy->result->unverified = rc < 0;
	return rc;
}

/* The end of the blocks from FIRST on that are erased and written together. */
static size_t group_end(const struct deploy *deploy, size_t first)
{
	size_t end = first + 1, most = ERASED_AT_ONCE / deploy->block;

	while (end < deploy->count && end - first < most && deploy->differs[end])
		end++;
	return end;
}

/* Erases and writes the blocks FIRST to END (not included). */
static int write_group(struct deploy *deploy, size_t first, size_t end, struct diag *diag)
{
	int rc = erase(deploy, first, end, diag);

	return rc == 0 ? write_range(deploy, start_of(deploy, first), start_of(deploy, end), diag) : rc;
}

/* All blocks that differ but the first, which destroy() has erased. */
static int write_blocks(struct deploy *deploy, struct diag *diag)
{
	size_t first = 1, end;
	int rc = 0;

	if (!deploy->target->erase_block)
		return write_range(deploy, start_of(deploy, 1), deploy->size, diag);
	for (; first < deploy->count && rc == 0; first = end) {
		end = first + 1;
		if (!deploy->differs[first])
			continue;
		end = group_end(deploy, first);
		rc = write_group(deploy, first, end, diag);
	}
	return rc;
}

/* What was skipped because a part of its hash was equal by chance is written now. Returns 0, or -EBADMSG: it was not skipped. */
static int write_skipped(struct deploy *deploy, struct diag *diag)
{
	size_t block = deploy->lie_at / deploy->block;
	uint32_t len = start_of(deploy, block + 1) - start_of(deploy, block);

	if (block == 0 || deploy->differs[block] || !deploy->target->erase_block)
		return -EBADMSG;
	deploy->differs[block] = true;
	deploy->result->lied = false;
	deploy->result->skipped--;
	deploy->total += len;
	return write_group(deploy, block, block + 1, diag);
}

static int verify_all_but_header(struct deploy *deploy, struct diag *diag)
{
	int rc;

	do
		rc = verify(deploy, deploy->header, deploy->size, diag);
	while (rc == -EBADMSG && (rc = write_skipped(deploy, diag)) == 0);
	return rc;
}

/* The first block without its header, which comes when all but that is verified. */
static int write_first_block(struct deploy *deploy, struct diag *diag)
{
	int rc;

	hide_header(deploy, true);
	rc = write_range(deploy, deploy->twice ? 0 : deploy->header, start_of(deploy, 1), diag);
	hide_header(deploy, false);
	return rc == 0 ? verify_all_but_header(deploy, diag) : rc;
}

/* A board would start with this image from now on: whatever goes wrong, also after all of it was written, it is made an end to. */
static int write_header(struct deploy *deploy, struct diag *diag)
{
	const struct romfs_deploy_target *target = deploy->target;
	int rc = write_bytes(deploy, 0, least(deploy->unit, deploy->size), NULL, diag);

	if (rc == 0)
		rc = target->ops->complete(target->context, diag);
	if (rc == 0)
		rc = verify(deploy, 0, start_of(deploy, 1), diag);
	if (rc < 0)
		destroy(deploy, NULL);
	return rc;
}

/* --- All of it --- */

static void count_blocks(struct deploy *deploy)
{
	bool all = !deploy->target->erase_block;

	for (size_t i = 0; i < deploy->count; i++) {
		if (!deploy->differs[i])
			deploy->result->skipped++;
	}
	if (deploy->result->skipped == deploy->count)
		return;
	if (all)
		deploy->result->skipped = 0;
	else if (!deploy->differs[0])
		deploy->result->skipped--;
	for (size_t i = 0; i < deploy->count; i++) {
		if (i == 0 || deploy->differs[i] || all)
			deploy->total += start_of(deploy, i + 1) - start_of(deploy, i);
	}
}

static bool any_differs(const struct deploy *deploy)
{
	for (size_t i = 0; i < deploy->count; i++)
		if (deploy->differs[i])
			return true;
	return false;
}

/* Sets `differs` of all blocks. Where none is set, all was verified. */
static int find_differences(struct deploy *deploy, struct diag *diag)
{
	int rc = compare(deploy, diag);

	if (rc < 0 || deploy->has_no_hash || any_differs(deploy))
		return rc;
	rc = verify(deploy, 0, deploy->size, diag);
	if (rc != -EBADMSG)
		return rc;
	/* A part of a hash was equal by chance. */
	deploy->result->lied = false;
	for (size_t i = 0; i < deploy->count; i++)
		deploy->differs[i] = true;
	return 0;
}

static int run(struct deploy *deploy, struct diag *diag)
{
	struct romfs_deploy_result *result = deploy->result;
	int rc = find_differences(deploy, diag);

	if (rc < 0)
		return rc;
	count_blocks(deploy);
	if (result->skipped < deploy->count) {
		rc = go_on(deploy, 0, diag);
		if (rc == 0)
			rc = destroy(deploy, diag);
		if (rc == 0)
			rc = write_blocks(deploy, diag);
		if (rc == 0)
			rc = write_first_block(deploy, diag);
		if (rc == 0)
			rc = write_header(deploy, diag);
	}
	if (rc < 0)
		return rc;
	result->written = deploy->count - result->skipped;
	result->verified = deploy->count;
	return 0;
}

/* A block is a multiple of what is erased at once; MRAM has very small ones. */
static uint32_t block_of(const struct romfs_deploy_target *target)
{
	return target->erase_block ? round_up(ROMFS_DEPLOY_BLOCK, target->erase_block) : ROMFS_DEPLOY_BLOCK;
}

static int allocate(struct deploy *deploy)
{
	deploy->differs = calloc(deploy->count, sizeof(*deploy->differs));
	deploy->hashes = calloc(deploy->count, sizeof(*deploy->hashes));
	deploy->bytes = malloc((size_t)deploy->size + PAGE);
	deploy->buf = malloc(least(deploy->block, deploy->size));
	if (!deploy->differs || !deploy->hashes || !deploy->bytes || !deploy->buf)
		return -ENOMEM;
	memcpy(deploy->bytes, deploy->image, deploy->size);
	memset(deploy->bytes + deploy->size, BLANK, PAGE);
	return 0;
}

int romfs_deploy(const struct romfs_deploy_target *target, const uint8_t *image, size_t size, romfs_deploy_progress_fn *progress,
		 void *progress_context, struct romfs_deploy_result *result, struct diag *diag)
{
	struct deploy deploy = {
		.target = target,
		.image = image,
		.size = (uint32_t)size,
		.block = block_of(target),
		.unit = PAGE,
		.progress = progress,
		.progress_context = progress_context,
		.result = result,
	};
	int rc;

	*result = (struct romfs_deploy_result){.block = deploy.block};
	if (size > target->size)
		return diag_fail(diag, DIAG_ROMFS, ENOSPC, "insufficient space: the image has %zu bytes, the partition %u", size,
				 target->size);
	deploy.count = (size + deploy.block - 1) / deploy.block;
	rc = allocate(&deploy);
	rc = rc < 0 ? diag_fail(diag, DIAG_ROMFS, ENOMEM, "not enough memory") : run(&deploy, diag);
	free(deploy.differs);
	free(deploy.hashes);
	free(deploy.bytes);
	free(deploy.buf);
	return rc;
}
