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
	ERASED_AT_ONCE = 32768,
	WRITTEN_AT_ONCE = 16384, /* between two looks at whether to go on; a multiple of all units */
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
	uint8_t *buf;                              /* of a block, or what is written at once, and a page */
	bool has_no_hash;
	uint32_t unit; /* all that is written begins and ends at multiples of it */
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

static int go_on(const struct deploy *deploy, struct diag *diag)
{
	if (deploy->progress && deploy->progress(deploy->progress_context, deploy->done, deploy->total) != 0)
		return diag_fail(diag, DIAG_ROMFS, EINTR, "interrupted");
	return 0;
}

/* --- What the partition has --- */

static bool has_hash(const uint8_t hash[ROMFS_DEPLOY_HASH_SIZE], const uint8_t *bytes, size_t len)
{
	uint8_t own[ROMFS_DEPLOY_HASH_SIZE];
	SHA2_CTX context;

	SHA256Init(&context);
	SHA256Update(&context, bytes, len);
	SHA256Final(own, &context);
	return memcmp(hash, own, sizeof(own)) == 0;
}

static int read_block(const struct deploy *deploy, uint32_t from, uint32_t to, struct diag *diag)
{
	return deploy->target->ops->read(deploy->target->context, deploy->buf, from, to - from, diag);
}

/* By reading: for boards that cannot hash. FROM lies in block I or at its start. */
static int compare_by_reading(struct deploy *deploy, size_t i, uint32_t from, size_t end, struct diag *diag)
{
	int rc = 0;

	for (; i < end && rc == 0; from = start_of(deploy, ++i)) {
		uint32_t to = start_of(deploy, i + 1);

		rc = read_block(deploy, from, to, diag);
		deploy->differs[i] = rc < 0 || memcmp(deploy->buf, deploy->image + from, to - from) != 0;
		if (rc == 0)
			rc = go_on(deploy, diag);
	}
	return rc;
}

/* By hashes. FROM is the start of block FIRST, unless there is but that one. */
static int compare_by_hash(struct deploy *deploy, size_t first, uint32_t from, size_t end, struct diag *diag)
{
	const struct romfs_deploy_target *target = deploy->target;
	uint32_t to = start_of(deploy, end);
	int rc = target->ops->hash(target->context, deploy->hashes, from, to - from, deploy->block, diag);

	for (size_t i = first; i < end && rc == 0; from = start_of(deploy, ++i))
		deploy->differs[i] = !has_hash(deploy->hashes[i - first], deploy->image + from, start_of(deploy, i + 1) - from);
	return rc;
}

/* Sets `differs` of the blocks FIRST to END (not included), of which the first is looked at only from FROM. */
static int compare(struct deploy *deploy, size_t first, uint32_t from, size_t end, struct diag *diag)
{
	int rc = -EOPNOTSUPP;

	if (first >= end)
		return 0;
	if (!deploy->has_no_hash)
		rc = compare_by_hash(deploy, first, from, end, diag);
	if (rc != -EOPNOTSUPP)
		return rc;
	deploy->has_no_hash = true;
	return compare_by_reading(deploy, first, from, end, diag);
}

/* What was written between FROM and TO is not what the board has there. Reads it, to say where. */
static int complain(struct deploy *deploy, uint32_t from, uint32_t to, struct diag *diag)
{
	uint32_t at = from;
	int rc = read_block(deploy, from, to, diag);

	if (rc < 0)
		return rc;
	while (at < to && deploy->buf[at - from] == deploy->image[at])
		at++;
	deploy->result->lied = true;
	return diag_fail(diag, DIAG_ROMFS, EBADMSG,
			 "verification failed at offset %u: the partition does not have there what was written",
			 at < to ? at : from);
}

/* The same of what was written: there nothing may differ. */
static int verify(struct deploy *deploy, size_t first, uint32_t from, size_t end, struct diag *diag)
{
	int rc = compare(deploy, first, from, end, diag);

	for (size_t i = first; i < end && rc == 0; from = start_of(deploy, ++i)) {
		if (deploy->differs[i])
			rc = complain(deploy, from, start_of(deploy, i + 1), diag);
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

/* Writes the first LEN bytes of `buf` to OFFSET, filled up to the unit. */
static int write_filled(const struct deploy *deploy, uint32_t offset, uint32_t len, struct diag *diag)
{
	const struct romfs_deploy_target *target = deploy->target;
	uint32_t filled = least(round_up(len, deploy->unit), target->size - offset);

	memset(deploy->buf + len, BLANK, filled - len);
	return target->ops->write(target->context, offset, deploy->buf, filled, diag);
}

/* Writes the image's bytes FROM to TO (not included), which are erased. */
static int write_range(struct deploy *deploy, uint32_t from, uint32_t to, struct diag *diag)
{
	int rc = 0;

	while (from < to && rc == 0) {
		uint32_t len = least(to - from, WRITTEN_AT_ONCE);

		memcpy(deploy->buf, deploy->image + from, len);
		if (from == 0)
			memset(deploy->buf, BLANK, deploy->header);
		rc = write_filled(deploy, from, len, diag);
		from += len;
		deploy->done += len;
		if (rc == 0)
			rc = go_on(deploy, diag);
	}
	return rc;
}

/* Whether there is still a header, so that a board would take the partition's content for an image. */
static int has_header(const struct deploy *deploy, struct diag *diag)
{
	int rc = read_block(deploy, 0, ROMFS_MAGIC_SIZE, diag);

	return rc < 0 ? rc : memcmp(deploy->buf, ROMFS_MAGIC, ROMFS_MAGIC_SIZE) == 0;
}

/*
 * Makes an end to the old image. Memory that needs no erasing (MRAM of alif) has its header after that, too, and is written over.
 * Where only all can be erased (the erase block is not known), all is.
 */
static int destroy(struct deploy *deploy, struct diag *diag)
{
	int rc;

	deploy->result->destroyed = true;
	rc = erase(deploy, 0, deploy->target->erase_block ? 1 : deploy->count, diag);
	if (rc == 0)
		rc = has_header(deploy, diag);
	if (rc <= 0)
		return rc;
	memset(deploy->buf, BLANK, deploy->header);
	rc = write_filled(deploy, 0, deploy->header, diag);
	if (rc == 0)
		rc = has_header(deploy, diag);
	return rc > 0 ? diag_fail(diag, DIAG_ROMFS, EIO, "the partition cannot be erased: its old header is still there") : rc;
}

/* The end of the blocks from FIRST on that are erased and written together. */
static size_t group_end(const struct deploy *deploy, size_t first)
{
	size_t end = first + 1, most = ERASED_AT_ONCE / deploy->block;

	while (end < deploy->count && end - first < most && deploy->differs[end])
		end++;
	return end;
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
		rc = erase(deploy, first, end, diag);
		if (rc == 0)
			rc = write_range(deploy, start_of(deploy, first), start_of(deploy, end), diag);
	}
	return rc;
}

/* The first block without its header, and then, when all but that is verified, the header. */
static int write_first_block(struct deploy *deploy, struct diag *diag)
{
	int rc = write_range(deploy, deploy->twice ? 0 : deploy->header, start_of(deploy, 1), diag);

	if (rc == 0)
		rc = verify(deploy, 1, start_of(deploy, 1), deploy->count, diag);
	if (rc == 0 && deploy->header < start_of(deploy, 1))
		rc = verify(deploy, 0, deploy->header, 1, diag);
	return rc;
}

static int write_header(struct deploy *deploy, struct diag *diag)
{
	const struct romfs_deploy_target *target = deploy->target;
	uint32_t len = least(deploy->unit, deploy->size);
	int rc;

	memcpy(deploy->buf, deploy->image, len);
	rc = write_filled(deploy, 0, len, diag);
	if (rc == 0)
		rc = target->ops->complete(target->context, diag);
	if (rc == 0)
		rc = verify(deploy, 0, 0, 1, diag);
	if (rc == -EBADMSG)
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

static int run(struct deploy *deploy, struct diag *diag)
{
	struct romfs_deploy_result *result = deploy->result;
	int rc = compare(deploy, 0, 0, deploy->count, diag);

	if (rc < 0)
		return rc;
	count_blocks(deploy);
	if (result->skipped < deploy->count) {
		rc = go_on(deploy, diag);
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
	deploy->buf = malloc((deploy->block > WRITTEN_AT_ONCE ? deploy->block : WRITTEN_AT_ONCE) + (size_t)PAGE);
	return deploy->differs && deploy->hashes && deploy->buf ? 0 : -ENOMEM;
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
	free(deploy.buf);
	return rc;
}
