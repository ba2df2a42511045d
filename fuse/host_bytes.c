/* SPDX-License-Identifier: MIT */
#include "fuse/host_bytes.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { FIRST_ROOM = 4096 };

static int open_directory(const char *path)
{
	int fd;

	if (!path || path[0] != '/')
		return -ENOENT;
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (faccessat(fd, ".", W_OK | X_OK, AT_EACCESS) == 0)
		return fd;
	close(fd);
	return -EACCES;
}

int host_store_open(struct host_store *store)
{
	int fd = open_directory(getenv("TMPDIR"));

	if (fd < 0)
		fd = open_directory("/var/tmp");
	if (fd < 0)
		fd = open_directory("/tmp");
	store->directory = fd;
	atomic_init(&store->in_memory, 0);
	return fd < 0 ? fd : 0;
}

void host_store_close(struct host_store *store)
{
	if (store->directory >= 0)
		close(store->directory);
	store->directory = -1;
}

void host_bytes_init(struct host_bytes *bytes, struct host_store *store)
{
	*bytes = (struct host_bytes){.store = store, .fd = -1};
}

static void free_memory(struct host_bytes *bytes)
{
	atomic_fetch_sub(&bytes->store->in_memory, bytes->room);
	free(bytes->memory);
	bytes->memory = NULL;
	bytes->room = 0;
}

void host_bytes_clear(struct host_bytes *bytes)
{
	free_memory(bytes);
	if (bytes->fd >= 0)
		close(bytes->fd);
	host_bytes_init(bytes, bytes->store);
}

static int write_all(int fd, const unsigned char *buf, size_t len, uint64_t offset)
{
	ssize_t done;

	while (len > 0) {
		done = pwrite(fd, buf, len, (off_t)offset);
		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0)
			return -errno;
		buf += done;
		len -= (size_t)done;
		offset += (uint64_t)done;
	}
	return 0;
}

/* A file without a name, where the folder's file system has O_TMPFILE; otherwise one whose name is gone at once. */
static int open_nameless(int directory)
{
	char name[64];
	unsigned number;
	int fd = openat(directory, ".", O_TMPFILE | O_RDWR | O_EXCL | O_CLOEXEC, 0600);

	if (fd >= 0)
		return fd;
	for (number = 0; number < 1000; number++) {
		snprintf(name, sizeof(name), "mpremotefs-%ld-%u", (long)getpid(), number);
		fd = openat(directory, name, O_CREAT | O_RDWR | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
		if (fd >= 0) {
			unlinkat(directory, name, 0);
			return fd;
		}
		if (errno != EEXIST)
			return -errno;
	}
	return -EEXIST;
}

/* Moves what is in memory to a file of the host. */
static int spill(struct host_bytes *bytes)
{
	int fd = open_nameless(bytes->store->directory), rc = 0;

	if (fd < 0)
		return fd;
	if (bytes->memory)
		rc = write_all(fd, bytes->memory, (size_t)(bytes->end - bytes->start), bytes->start);
	if (rc < 0) {
		close(fd);
		return rc;
	}
	free_memory(bytes);
	bytes->fd = fd;
	bytes->start = 0;
	return 0;
}

/* Makes MEMORY hold NEED bytes from START, which lies at or before its present start. Returns -ENOMEM when it should not. */
static int reserve(struct host_bytes *bytes, uint64_t start, size_t need)
{
	size_t shift = bytes->memory ? (size_t)(bytes->start - start) : 0;
	size_t held = bytes->memory ? (size_t)(bytes->end - bytes->start) : 0;
	size_t room = bytes->room ? bytes->room : FIRST_ROOM;
	unsigned char *memory;

	while (room < need)
		room *= 2;
	if (room > bytes->room) {
		if (atomic_load(&bytes->store->in_memory) + (room - bytes->room) > HOST_STORE_IN_MEMORY)
			return -ENOMEM;
		memory = realloc(bytes->memory, room);
		if (!memory)
			return -ENOMEM;
		atomic_fetch_add(&bytes->store->in_memory, room - bytes->room);
		bytes->memory = memory;
		bytes->room = room;
	}
	if (shift > 0) {
		memmove(bytes->memory + shift, bytes->memory, held);
		memset(bytes->memory, 0, shift);
	}
	bytes->start = start;
	if (held == 0)
		bytes->end = start;
	return 0;
}

/* Whether the bytes up to END from OFFSET, with those that are held, still fit into memory; makes room for them if so. */
static bool fits_in_memory(struct host_bytes *bytes, uint64_t offset, uint64_t end)
{
	uint64_t start = bytes->memory && bytes->start < offset ? bytes->start : offset;

	if (bytes->memory && bytes->end > end)
		end = bytes->end;
	if (end - start > HOST_BYTES_IN_MEMORY)
		return false;
	return reserve(bytes, start, (size_t)(end - start)) == 0;
}

int host_bytes_write(struct host_bytes *bytes, const void *buf, size_t len, uint64_t offset)
{
	uint64_t end = offset + len;
	int rc = 0;

	if (len == 0)
		return 0;
	if (bytes->fd < 0 && !fits_in_memory(bytes, offset, end))
		rc = spill(bytes);
	if (rc == 0 && bytes->fd >= 0) {
		rc = write_all(bytes->fd, buf, len, offset);
		/* What a failed write left past the end must not show up in a later hole. */
		if (rc < 0 && ftruncate(bytes->fd, (off_t)bytes->end) < 0)
			return -EIO;
	}
	if (rc < 0)
		return rc;
	if (bytes->fd < 0) {
		if (offset > bytes->end)
			memset(bytes->memory + (bytes->end - bytes->start), 0, (size_t)(offset - bytes->end));
		memcpy(bytes->memory + (offset - bytes->start), buf, len);
	}
	if (end > bytes->end)
		bytes->end = end;
	return 0;
}

static int read_file(int fd, unsigned char *buf, size_t len, uint64_t offset)
{
	ssize_t done;

	while (len > 0) {
		done = pread(fd, buf, len, (off_t)offset);
		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0)
			return -errno;
		if (done == 0) {
			memset(buf, 0, len);
			return 0;
		}
		buf += done;
		len -= (size_t)done;
		offset += (uint64_t)done;
	}
	return 0;
}

int host_bytes_read(const struct host_bytes *bytes, void *buf, size_t len, uint64_t offset)
{
	uint64_t from = offset > bytes->start ? offset : bytes->start;
	uint64_t to = offset + len < bytes->end ? offset + len : bytes->end;

	if (bytes->fd >= 0)
		return read_file(bytes->fd, buf, len, offset);
	memset(buf, 0, len);
	if (bytes->memory && from < to)
		memcpy((unsigned char *)buf + (from - offset), bytes->memory + (from - bytes->start), (size_t)(to - from));
	return 0;
}

int host_bytes_cut(struct host_bytes *bytes, uint64_t end)
{
	if (end >= bytes->end)
		return 0;
	if (bytes->fd >= 0 && end > 0) {
		if (ftruncate(bytes->fd, (off_t)end) < 0)
			return -errno;
		bytes->end = end;
	} else if (bytes->fd < 0 && end > bytes->start) {
		bytes->end = end;
	} else {
		host_bytes_clear(bytes);
	}
	return 0;
}
