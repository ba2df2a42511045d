/* SPDX-License-Identifier: MIT */
#include "tests/unit/fakerom.h"

#include <errno.h>
#include <sha2.h>
#include <string.h>

#include "romfs/romfs_format.h"

enum { PAGE = 256, AT_ONCE = 12288 };

/* The next change of the partition. 1: it is done whole, 0: the power fails in its middle, -EIO: there is no power. */
static int change(struct fakerom *rom, struct diag *diag)
{
	if (rom->off)
		return diag_fail(diag, DIAG_BOARD, EIO, "no power");
	rom->changes++;
	if (rom->cut == 0 || --rom->cut > 0)
		return 1;
	rom->off = true;
	return 0;
}

static int read_rom(void *context, void *buf, uint32_t offset, uint32_t len, struct diag *diag)
{
	struct fakerom *rom = context;

	if (rom->off)
		return diag_fail(diag, DIAG_BOARD, EIO, "no power");
	if (rom->end == FAKEROM_UNREAD && rom->completes && len > ROMFS_MAGIC_SIZE)
		return diag_fail(diag, DIAG_BOARD, EIO, "it cannot be read any more");
	if (rom->read_error && offset + len > rom->read_to)
		return diag_fail(diag, DIAG_BOARD, rom->read_error, "it cannot be read");
	if (offset > FAKEROM_SIZE || len > FAKEROM_SIZE - offset)
		return diag_fail(diag, DIAG_BOARD, EINVAL, "outside");
	memcpy(buf, rom->bytes + offset, len);
	return 0;
}

static int hash_rom(void *context, uint8_t (*hashes)[ROMFS_DEPLOY_HASH_SIZE], size_t size, uint32_t offset, uint32_t len,
		    uint32_t block, struct diag *diag)
{
	struct fakerom *rom = context;
	uint8_t buf[FAKEROM_SIZE], whole[ROMFS_DEPLOY_HASH_SIZE];
	SHA2_CTX sha;
	int rc = rom->off ? diag_fail(diag, DIAG_BOARD, EIO, "no power") : 0;

	if (rom->no_hash)
		return -EOPNOTSUPP;
	if (rom->end == FAKEROM_UNREAD && rom->completes)
		return diag_fail(diag, DIAG_BOARD, EIO, "it cannot be hashed any more");
	memcpy(buf, rom->bytes + offset, len);
	if (rom->chance && size < sizeof(whole))
		memcpy(buf, rom->chance + offset, len);
	for (uint32_t at = 0; at < len && rc == 0; at += block) {
		SHA256Init(&sha);
		SHA256Update(&sha, buf + at, len - at < block ? len - at : block);
		SHA256Final(whole, &sha);
		memcpy(hashes[at / block], whole, size);
	}
	return rc;
}

static int erase_rom(void *context, uint32_t offset, uint32_t len, struct diag *diag)
{
	struct fakerom *rom = context;
	uint32_t end = (offset + len + rom->erase_block - 1) / rom->erase_block * rom->erase_block;
	int whole;

	if (end > FAKEROM_SIZE || offset % rom->erase_block || (rom->from_start && offset > 0))
		return diag_fail(diag, DIAG_BOARD, EINVAL, "outside");
	rom->erases++;
	for (; offset < end && !rom->no_erasing && !rom->stuck && !rom->protected; offset += rom->erase_block) {
		whole = change(rom, diag);
		if (whole < 0)
			return whole;
		if (whole) {
			memset(rom->bytes + offset, 0xff, rom->erase_block);
			continue;
		}
		for (uint32_t i = 0; i < rom->erase_block; i++)
			rom->bytes[offset + i] |= (uint8_t)dice_roll(&rom->dice, 256);
		return diag_fail(diag, DIAG_BOARD, EIO, "the power has failed");
	}
	return (int)rom->smallest;
}

/* Programs the unit at OFFSET; WHOLE as change() has it. */
static void program(struct fakerom *rom, uint32_t offset, const uint8_t *bytes, uint32_t len, bool whole)
{
	for (uint32_t i = 0; i < len; i++) {
		uint8_t *to = &rom->bytes[offset + i], value = bytes[i];

		if (rom->no_erasing) {
			*to = value;
			continue;
		}
		rom->bad += (value & ~*to) != 0;
		if (!whole)
			value |= (uint8_t)dice_roll(&rom->dice, 256);
		*to &= value;
	}
}

static int write_some(void *context, uint32_t offset, const void *bytes, uint32_t len, struct diag *diag)
{
	struct fakerom *rom = context;
	uint32_t unit = rom->smallest ? rom->smallest : PAGE;

	if (offset > FAKEROM_SIZE || len > FAKEROM_SIZE - offset)
		return diag_fail(diag, DIAG_BOARD, EINVAL, "outside");
	if (offset % unit || len % unit)
		rom->bad++;
	for (uint32_t at = 0; at < len && !rom->protected; at += unit) {
		int whole = change(rom, diag);

		if (whole < 0)
			return whole;
		if (whole || !rom->smallest)
			program(rom, offset + at, (const uint8_t *)bytes + at, unit, whole);
		if (!whole)
			return diag_fail(diag, DIAG_BOARD, EIO, "the power has failed");
	}
	if (rom->lies && rom->lie_at >= offset && rom->lie_at < offset + len)
		rom->bytes[rom->lie_at] ^= 1;
	return 0;
}

static int write_rom(void *context, uint32_t offset, const void *bytes, uint32_t len, romfs_deploy_written_fn *written,
		     void *written_context, struct diag *diag)
{
	int rc = 0;

	for (uint32_t at = 0, size; at < len && rc == 0; at += size) {
		size = len - at < AT_ONCE ? len - at : AT_ONCE;
		rc = write_some(context, offset + at, (const uint8_t *)bytes + at, size, diag);
		if (rc == 0 && written && written(written_context, at + size) != 0)
			rc = -EINTR;
	}
	return rc;
}

static int complete_rom(void *context, struct diag *diag)
{
	struct fakerom *rom = context;

	rom->completes++;
	rom->off = rom->off || rom->end == FAKEROM_CUT_OFF;
	if (rom->end == FAKEROM_INCOMPLETE)
		return diag_fail(diag, DIAG_BOARD, EIO, "it cannot be completed");
	return rom->off ? diag_fail(diag, DIAG_BOARD, EIO, "no power") : 0;
}

static const struct romfs_deploy_ops ops = {hash_rom, read_rom, erase_rom, write_rom, complete_rom};

void fakerom_init(struct fakerom *rom)
{
	*rom = (struct fakerom){.erase_block = 4096, .smallest = 4};
	memset(rom->bytes, 0xff, sizeof(rom->bytes));
}

void fakerom_start(struct fakerom *rom)
{
	rom->off = false;
	rom->cut = 0;
	rom->target = (struct romfs_deploy_target){
		.ops = &ops,
		.context = rom,
		.size = FAKEROM_SIZE,
		.erase_block = rom->from_start ? 0 : rom->erase_block,
	};
}
