/* SPDX-License-Identifier: MIT */
#include "cli/partition.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/number.h"

int partition_parse(const char *text, unsigned *number)
{
	unsigned long value;
	int rc = number_parse(text, 10, 9999, &value);

	*number = rc < 0 ? 0 : (unsigned)value;
	return rc;
}

int partition_count(struct session *session, struct failure *failure)
{
	int count = board_rom_count(session->agent);

	if (count > 0)
		return count;
	if (count == -EOPNOTSUPP) {
		failure->kind = FAILURE_NO_ROM;
		return diag_fail(&failure->diag, DIAG_BOARD, EOPNOTSUPP,
				 "the board's firmware, MicroPython %s, has no ROM file systems (vfs.rom_ioctl): they came with "
				 "1.25, and are not in each board's build",
				 board_info(session->board)->version);
	}
	if (count < 0) {
		failure->kind = FAILURE_BOARD;
		return diag_fail(&failure->diag, DIAG_BOARD, -count, "the board does not say which ROM partitions it has: %s",
				 strerror(-count));
	}
	failure->kind = FAILURE_NO_PARTITIONS;
	return diag_fail(&failure->diag, DIAG_BOARD, ENXIO,
			 "the board has no ROM partitions. An ESP32 has one where its partition table has one with the label "
			 "romfs; an rp2 where its firmware was built with room for one (MICROPY_HW_ROMFS_BYTES)");
}

static int not_found(unsigned number, int count, struct failure *failure)
{
	failure->kind = FAILURE_PARTITION;
	if (count == 1)
		return diag_fail(&failure->diag, DIAG_BOARD, ENXIO, "partition not found: %u; the board has only partition 0",
				 number);
	return diag_fail(&failure->diag, DIAG_BOARD, ENXIO, "partition not found: %u; the board has partitions 0 to %d", number,
			 count - 1);
}

int partition_find(struct partition *partition, struct session *session, unsigned number, struct failure *failure)
{
	int rc = partition_count(session, failure);

	*partition = (struct partition){.session = session, .number = number};
	if (rc < 0)
		return rc;
	if (number >= (unsigned)rc)
		return not_found(number, rc, failure);
	rc = board_rom_partition(session->agent, number, &partition->is);
	if (rc == 0)
		return 0;
	failure->kind = FAILURE_BOARD;
	return diag_fail(&failure->diag, DIAG_BOARD, -rc, "the board does not say what its partition %u is: %s", number,
			 strerror(-rc));
}

void partition_describe(const struct partition *partition, char *words, size_t size)
{
	int n = snprintf(words, size, "%u bytes%s", partition->is.size,
			 partition->is.is_memory ? " in memory" : " of a block device");

	if (n > 0 && (size_t)n < size && partition->is.block_size)
		snprintf(words + n, size - (size_t)n, ", in blocks of %u bytes", partition->is.block_size);
}

/* --- For romfs_deploy --- */

static int fail(const struct partition *partition, int rc, const char *what, struct diag *diag)
{
	return rc < 0 ? diag_fail(diag, DIAG_BOARD, -rc, "partition %u cannot be %s: %s", partition->number, what, strerror(-rc))
		      : rc;
}

int partition_read(struct partition *partition, void *buf, uint32_t offset, uint32_t len, struct diag *diag)
{
	ssize_t n = board_rom_read(partition->session->agent, partition->number, buf, len, offset);

	return n < 0 ? fail(partition, (int)n, "read", diag) : n < len ? fail(partition, -EIO, "read to its end", diag) : 0;
}

static int read_for_deploy(void *context, void *buf, uint32_t offset, uint32_t len, struct diag *diag)
{
	return partition_read(context, buf, offset, len, diag);
}

static int hash(void *context, uint8_t (*hashes)[ROMFS_DEPLOY_HASH_SIZE], size_t size, uint32_t offset, uint32_t len,
		uint32_t block, struct diag *diag)
{
	struct partition *partition = context;
	int rc = board_rom_hash(partition->session->agent, partition->number, offset, len, block, hashes, size);

	return rc == -EOPNOTSUPP ? rc : fail(partition, rc, "hashed", diag);
}

static int erase(void *context, uint32_t offset, uint32_t len, struct diag *diag)
{
	struct partition *partition = context;
	int rc = board_rom_prepare(partition->session->agent, partition->number, offset, len);

	if (rc >= 0)
		partition->smallest = (uint32_t)rc;
	return rc >= 0 && !partition->is.is_memory ? 0 : fail(partition, rc, "erased", diag);
}

static int write_to(void *context, uint32_t offset, const void *bytes, uint32_t len, romfs_deploy_written_fn *written,
		    void *written_context, struct diag *diag)
{
	struct partition *partition = context;
	const struct board_rom_bytes what = {offset, bytes, len, partition->smallest, written, written_context};
	int rc = board_rom_write(partition->session->agent, partition->number, &what);

	return rc == -EINTR ? rc : fail(partition, rc, "written", diag);
}

static int complete(void *context, struct diag *diag)
{
	struct partition *partition = context;

	return fail(partition, board_rom_complete(partition->session->agent, partition->number), "completed", diag);
}

struct romfs_deploy_target partition_target(struct partition *partition)
{
	static const struct romfs_deploy_ops ops = {hash, read_for_deploy, erase, write_to, complete};

	return (struct romfs_deploy_target){
		.ops = &ops,
		.context = partition,
		.size = partition->is.size,
		.erase_block = partition->is.block_size,
	};
}
