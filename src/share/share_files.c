/* SPDX-License-Identifier: MIT */
#include "share/share_files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <unistd.h>

#include "agent/protocol.h"

enum { AT_END = 0xffffffff };

struct file {
	int fd; /* -1: not open */
	bool readable, writable;
};

struct share_files {
	struct file files[SHARE_HANDLES];
	struct share_files_listener listener; /* NULLs: none */
};

struct share_files *share_files_create(void)
{
	struct share_files *files = calloc(1, sizeof(*files));

	for (unsigned i = 0; files && i < SHARE_HANDLES; i++)
		files->files[i].fd = -1;
	return files;
}

void share_files_on_close(struct share_files *files, const struct share_files_listener *listener)
{
	files->listener = *listener;
}

void share_files_free(struct share_files *files)
{
	if (files)
		share_files_close_all(files);
	free(files);
}

void share_files_close_all(struct share_files *files)
{
	for (unsigned i = 0; i < SHARE_HANDLES; i++)
		share_files_close(files, i);
}

static const struct file *find(const struct share_files *files, unsigned handle)
{
	return handle < SHARE_HANDLES && files->files[handle].fd >= 0 ? &files->files[handle] : NULL;
}

/* The flags of open(2) for MODE of enum share_open, or -EINVAL for what makes no sense. */
static int open_flags(unsigned mode)
{
	static const struct {
		unsigned mode;
		int flag;
	} table[] = {
		{SHARE_OPEN_CREATE, O_CREAT},
		{SHARE_OPEN_TRUNCATE, O_TRUNC},
		{SHARE_OPEN_APPEND, O_APPEND},
		{SHARE_OPEN_NEW, O_EXCL},
	};
	unsigned known = SHARE_OPEN_READ | SHARE_OPEN_WRITE;
	int flags = mode & SHARE_OPEN_WRITE ? mode & SHARE_OPEN_READ ? O_RDWR : O_WRONLY : O_RDONLY;

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		known |= table[i].mode;
		if (mode & table[i].mode)
			flags |= table[i].flag;
	}
	if (mode & ~known || !(mode & (SHARE_OPEN_READ | SHARE_OPEN_WRITE)))
		return -EINVAL;
	if ((!(mode & SHARE_OPEN_WRITE) && flags != O_RDONLY) || (flags & O_EXCL && !(flags & O_CREAT)))
		return -EINVAL;
	return flags;
}

int share_files_open(struct share_files *files, unsigned handle, const struct share_tree *tree, const char *path, size_t len,
		     unsigned mode, struct stat *status)
{
	int flags = open_flags(mode), fd, err;

	if (handle >= SHARE_HANDLES)
		return -EBADF;
	if (flags < 0)
		return flags;
	err = find(files, handle) ? share_files_close(files, handle) : 0;
	if (err)
		return err;
	fd = share_tree_file(tree, path, len, flags, status);
	if (fd < 0)
		return fd;
	if ((uint64_t)status->st_size > UINT32_MAX) {
		close(fd);
		return -EFBIG;
	}
	files->files[handle] = (struct file){fd, mode & SHARE_OPEN_READ, mode & SHARE_OPEN_WRITE};
	return 0;
}

ssize_t share_files_read(const struct share_files *files, unsigned handle, void *buf, size_t len, uint32_t offset, uint64_t *size)
{
	const struct file *file = find(files, handle);
	struct stat status;
	size_t done = 0;
	ssize_t n = 1;

	if (!file || !file->readable)
		return -EBADF;
	while (done < len && n) {
		n = pread(file->fd, (char *)buf + done, len - done, (off_t)offset + (off_t)done);
		if (n < 0 && errno != EINTR)
			return -errno;
		if (n > 0)
			done += (size_t)n;
	}
	*size = fstat(file->fd, &status) < 0 ? 0 : (uint64_t)status.st_size;
	return (ssize_t)done;
}

static int write_all(int fd, const char *bytes, size_t len, off_t offset)
{
	while (len) {
		ssize_t n = pwrite(fd, bytes, len, offset);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? -errno : -EIO;
		bytes += n;
		len -= (size_t)n;
		offset += n;
	}
	return 0;
}

int share_files_write(const struct share_files *files, unsigned handle, const void *bytes, size_t len, uint32_t offset,
		      uint32_t *size)
{
	const struct file *file = find(files, handle);
	struct stat status;
	off_t at;
	int err;

	if (!file || !file->writable)
		return -EBADF;
	if (fstat(file->fd, &status) < 0)
		return -errno;
	at = offset == AT_END || fcntl(file->fd, F_GETFL) & O_APPEND ? status.st_size : (off_t)offset;
	if ((uint64_t)at + len > UINT32_MAX)
		return -EFBIG;
	err = write_all(file->fd, bytes, len, at);
	if (!err && fstat(file->fd, &status) < 0)
		err = -errno;
	*size = (uint32_t)status.st_size;
	return err;
}

int share_files_size(const struct share_files *files, unsigned handle, uint32_t *size)
{
	const struct file *file = find(files, handle);
	struct stat status;

	if (!file)
		return -EBADF;
	if (fstat(file->fd, &status) < 0)
		return -errno;
	*size = (uint64_t)status.st_size < UINT32_MAX ? (uint32_t)status.st_size : UINT32_MAX;
	return 0;
}

int share_files_flush(const struct share_files *files, unsigned handle)
{
	const struct file *file = find(files, handle);

	if (!file)
		return -EBADF;
	/* EINVAL: what is written there goes to no disk (fsync(2)). */
	return fdatasync(file->fd) < 0 && errno != EINVAL ? -errno : 0;
}

int share_files_close(struct share_files *files, unsigned handle)
{
	const struct file *file = find(files, handle);

	if (!file)
		return -EBADF;
	const struct share_files_listener *listener = &files->listener;
	struct stat status;
	bool told = file->writable && listener->before && fstat(file->fd, &status) == 0;
	int fd = file->fd;

	files->files[handle].fd = -1;
	if (told)
		listener->before(listener->context, &status);
	/* The descriptor is gone also where a signal came between (close(2)). */
	int err = close(fd) < 0 && errno != EINTR ? -errno : 0;
	if (told)
		listener->after(listener->context);
	return err;
}
