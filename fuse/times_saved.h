/* SPDX-License-Identifier: MIT */
/* times_saved: a table of times as the bytes that outlive the mount, and back. The format: times_codec.h. */
#ifndef FUSE_TIMES_SAVED_H
#define FUSE_TIMES_SAVED_H

#include "fuse/times_table.h"

enum { TIMES_SAVED_MAX = 16384 /* entries that are saved; the oldest give way */ };

/* All of TABLE that can be kept past this mount, for BOARD, into *BYTES of *LEN, to be freed. Returns 0 or -ENOMEM. */
int times_saved_encode(const struct times_table *table, const char *board, uint8_t **bytes, size_t *len);

/*
 * Takes over into TABLE what times_saved_encode made for BOARD: entries that are `old`, with stamps from *STAMP + 1 on, the oldest
 * first; *STAMP is the last. Returns 0, -EBADMSG, or -ENOMEM: then TABLE is empty.
 */
int times_saved_decode(struct times_table *table, uint64_t *stamp, const char *board, const uint8_t *bytes, size_t len);

#endif
