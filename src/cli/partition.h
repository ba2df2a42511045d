/* SPDX-License-Identifier: MIT */
/* partition: a ROM partition of a board, found by its number, with words where there is none. */
#ifndef CLI_PARTITION_H
#define CLI_PARTITION_H

#include "cli/session.h"
#include "romfs/romfs_deploy.h"

struct partition {
	struct session *session;
	unsigned number;
	struct board_partition is;
	uint32_t smallest; /* write, once something was erased */
};

/* Reads the number of a partition as it is typed. Returns 0 or -EINVAL. */
int partition_parse(const char *text, unsigned *number);

/* How many partitions SESSION's board has, at least 1. Returns -EOPNOTSUPP or -ENXIO with FAILURE where it has none. */
int partition_count(struct session *session, struct failure *failure);

/* Finds partition NUMBER. Returns 0 or a negative errno with FAILURE. */
int partition_find(struct partition *partition, struct session *session, unsigned number, struct failure *failure);

/* "131072 bytes in memory, in blocks of 4096 bytes" into WORDS. */
void partition_describe(const struct partition *partition, char *words, size_t size);

/* Reads LEN bytes from OFFSET, all of them. Returns 0 or a negative errno with DIAG. */
int partition_read(struct partition *partition, void *buf, uint32_t offset, uint32_t len, struct diag *diag);

/* What romfs_deploy writes to; PARTITION must outlive it. */
struct romfs_deploy_target partition_target(struct partition *partition);

#endif
