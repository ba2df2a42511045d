/* SPDX-License-Identifier: MIT */
#include "romfs/romfs_file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

int romfs_file_map(struct romfs_file *file, int fd, const char *path, struct diag *diag)
{
	struct stat st;
	void *bytes;

	*file = (struct romfs_file){0};
	if (fstat(fd, &st) < 0)
		return diag_fail(diag, DIAG_ROMFS, errno, "%s: cannot be read: %s", path, strerror(errno));
	if (!S_ISREG(st.st_mode))
		return diag_fail(diag, DIAG_ROMFS, S_ISDIR(st.st_mode) ? EISDIR : EINVAL, "%s is %s, not the file of a ROM image",
				 path, S_ISDIR(st.st_mode) ? "a directory" : "a device");
	if ((uintmax_t)st.st_size > SIZE_MAX)
		return diag_fail(diag, DIAG_ROMFS, EFBIG, "%s is too large", path);
	if (st.st_size == 0)
		return diag_fail(diag, DIAG_ROMFS, EBADMSG, "%s is empty, and no ROM image", path);
	bytes = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (bytes == MAP_FAILED)
		return diag_fail(diag, DIAG_ROMFS, errno, "%s: cannot be mapped into memory: %s", path, strerror(errno));
	*file = (struct romfs_file){bytes, (size_t)st.st_size};
	return 0;
}

int romfs_file_open(struct romfs_file *file, const char *path, struct diag *diag)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK); /* a FIFO must not hold us */
	int rc;

	*file = (struct romfs_file){0};
	if (fd < 0)
		return diag_fail(diag, DIAG_ROMFS, errno, "%s: cannot be opened: %s", path, strerror(errno));
	rc = romfs_file_map(file, fd, path, diag);
	close(fd);
	return rc;
}

void romfs_file_close(struct romfs_file *file)
{
	if (file->size > 0)
		munmap((void *)(uintptr_t)file->bytes, file->size);
	*file = (struct romfs_file){0};
}
