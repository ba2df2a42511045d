/* SPDX-License-Identifier: MIT */
/*
 * host_bytes: bytes of one file, held on this computer: in memory, and past 1 MiB in a file of the host that has no name.
 *
 * Offsets are those of the file whose bytes these are. What was never written reads as zeros, so that a hole costs nothing; the
 * memory starts at the first byte that was written, so that the end of a long file can be held without its start.
 *
 * One thread at a time may change a struct host_bytes; while none does, any number may read it.
 */
#ifndef FUSE_HOST_BYTES_H
#define FUSE_HOST_BYTES_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

/* What all host_bytes of a mount share. */
struct host_store {
	int directory;           /* where files without a name are made */
	atomic_size_t in_memory; /* bytes that are in memory now */
};

enum {
	HOST_BYTES_IN_MEMORY = 1 << 20, /* the most that one file keeps in memory */
	HOST_STORE_IN_MEMORY = 8 << 20, /* the most that all files of a mount keep in memory */
};

struct host_bytes {
	struct host_store *store;
	unsigned char *memory; /* NULL: nothing is held, or it is in FD */
	size_t room;           /* the size of MEMORY */
	uint64_t start, end;   /* MEMORY holds start ... end; with FD only END counts */
	int fd;                /* -1: everything is in memory */
};

/*
 * Opens the folder for files without a name: $TMPDIR, /var/tmp or /tmp, the first that is there. Before the mount, so that it
 * cannot be on the mount itself. Returns 0 or a negative errno.
 */
int host_store_open(struct host_store *store);

/* Closes what host_store_open opened. No host_bytes of STORE may be left. */
void host_store_close(struct host_store *store);

/* Makes BYTES hold nothing. */
void host_bytes_init(struct host_bytes *bytes, struct host_store *store);

/* Gives back all that BYTES holds; it is as after host_bytes_init. */
void host_bytes_clear(struct host_bytes *bytes);

/*
 * Writes LEN bytes of BUF at OFFSET. Returns 0, or -ENOSPC and other errnos of this computer: some of the bytes that were held
 * there may have changed then, and nothing else has.
 */
int host_bytes_write(struct host_bytes *bytes, const void *buf, size_t len, uint64_t offset);

/* Fills BUF with the LEN bytes at OFFSET. Returns 0 or a negative errno. */
int host_bytes_read(const struct host_bytes *bytes, void *buf, size_t len, uint64_t offset);

/* Forgets what lies at END and past it: zeros from now on. Returns 0 or a negative errno. */
int host_bytes_cut(struct host_bytes *bytes, uint64_t end);

#endif
