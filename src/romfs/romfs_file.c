/* SPDX-License-Identifier: MIT */
#include "romfs/romfs_file.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file_kind.h"

/* --- Pages that are not there any more --- */

/*
 * What a signal's handler has to know can only stand in variables of the whole process. SIGBUS comes in the thread that reads the bad
 * page, while others may open and close files: so all here is atomic.
 */
struct mapping {
	atomic_uintptr_t start; /* 0: free */
	atomic_size_t size;
	atomic_bool lost; /* some of its pages were not there */
};

enum { MAPPINGS_MAX = 16 };

static struct mapping mappings[MAPPINGS_MAX];

static struct mapping *find_mapping(uintptr_t address)
{
	for (size_t i = 0; i < MAPPINGS_MAX; i++) {
		uintptr_t start = atomic_load(&mappings[i].start);

		if (start && address >= start && address - start < atomic_load(&mappings[i].size))
			return &mappings[i];
	}
	return NULL;
}

/* Puts zeros in the place of the page, and of all that follow: who reads on finds damage soon, and no further signal comes. */
static void on_bus_error(int signal, siginfo_t *info, void *context)
{
	const uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE), address = (uintptr_t)info->si_addr;
	struct mapping *mapping = find_mapping(address);
	uintptr_t from = address - address % page;
	int old_errno = errno;

	(void)context;
	if (!mapping || mmap((void *)from, atomic_load(&mapping->start) + atomic_load(&mapping->size) - from, PROT_READ,
			     MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | MAP_NORESERVE, -1, 0) == MAP_FAILED) {
		struct sigaction ends = {.sa_handler = SIG_DFL};

		sigaction(signal, &ends, NULL); /* the same instruction comes once more, and ends us */
		return;
	}
	atomic_store(&mapping->lost, true);
	errno = old_errno;
}

static void handle_bus_errors(void)
{
	struct sigaction action = {.sa_sigaction = on_bus_error, .sa_flags = SA_SIGINFO};

	sigaction(SIGBUS, &action, NULL);
}

/* Keeps the mapping at START in mind. NULL: no room. */
static struct mapping *note_mapping(const void *start, size_t size)
{
	handle_bus_errors();
	for (size_t i = 0; i < MAPPINGS_MAX; i++) {
		uintptr_t none = 0;

		if (!atomic_compare_exchange_strong(&mappings[i].start, &none, (uintptr_t)start))
			continue;
		atomic_store(&mappings[i].lost, false);
		atomic_store(&mappings[i].size, size);
		return &mappings[i];
	}
	return NULL;
}

static void forget_mapping(struct mapping *mapping)
{
	atomic_store(&mapping->size, 0);
	atomic_store(&mapping->start, 0);
}

/* --- Files --- */

static int map_bytes(struct romfs_file *file, const char *path, struct diag *diag)
{
	void *bytes;

	if (file->size == 0)
		return 0;
	bytes = mmap(NULL, file->size, PROT_READ, MAP_PRIVATE, file->fd, 0);
	if (bytes == MAP_FAILED)
		return diag_fail(diag, DIAG_ROMFS, errno, "%s: cannot be mapped into memory: %s", path, strerror(errno));
	file->mapping = note_mapping(bytes, file->size);
	if (!file->mapping) {
		munmap(bytes, file->size);
		return diag_fail(diag, DIAG_ROMFS, EMFILE, "%s: too many images are open", path);
	}
	file->bytes = bytes;
	return 0;
}

int romfs_file_map(struct romfs_file *file, int fd, const char *path, struct diag *diag)
{
	struct stat st;
	int rc;

	*file = ROMFS_FILE_NONE;
	if (fstat(fd, &st) < 0)
		return diag_fail(diag, DIAG_ROMFS, errno, "%s: cannot be read: %s", path, strerror(errno));
	if (!S_ISREG(st.st_mode))
		return diag_fail(diag, DIAG_ROMFS, S_ISDIR(st.st_mode) ? EISDIR : EINVAL, "%s is %s, not the file of a ROM image",
				 path, file_kind(st.st_mode));
	if ((uintmax_t)st.st_size > SIZE_MAX)
		return diag_fail(diag, DIAG_ROMFS, EFBIG, "%s is too large", path);
	file->fd = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	if (file->fd < 0)
		return diag_fail(diag, DIAG_ROMFS, errno, "%s: %s", path, strerror(errno));
	file->size = (size_t)st.st_size;
	file->mtime = st.st_mtim;
	rc = map_bytes(file, path, diag);
	if (rc < 0)
		romfs_file_close(file);
	return rc;
}

int romfs_file_open(struct romfs_file *file, const char *path, struct diag *diag)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY); /* a FIFO must not hold us */
	int rc;

	*file = ROMFS_FILE_NONE;
	if (fd < 0 && (errno == ENXIO || errno == ENODEV))
		return diag_fail(diag, DIAG_ROMFS, EINVAL, "%s is a socket or a device, not the file of a ROM image", path);
	if (fd < 0)
		return diag_fail(diag, DIAG_ROMFS, errno, "%s: cannot be opened: %s", path, strerror(errno));
	rc = romfs_file_map(file, fd, path, diag);
	close(fd);
	return rc;
}

int romfs_file_check(const struct romfs_file *file, const char *path, struct diag *diag)
{
	struct stat st;

	if (fstat(file->fd, &st) < 0)
		return diag_fail(diag, DIAG_ROMFS, EIO, "%s: cannot be read: %s", path, strerror(errno));
	if ((size_t)st.st_size != file->size || st.st_mtim.tv_sec != file->mtime.tv_sec ||
	    st.st_mtim.tv_nsec != file->mtime.tv_nsec)
		return diag_fail(diag, DIAG_ROMFS, EIO, "%s: another program changed it while it was read; try it again", path);
	if (file->mapping && atomic_load(&file->mapping->lost))
		return diag_fail(diag, DIAG_ROMFS, EIO, "%s: some of it cannot be read: %s", path, strerror(EIO));
	return 0;
}

void romfs_file_close(struct romfs_file *file)
{
	if (file->mapping) {
		forget_mapping(file->mapping);
		munmap((void *)(uintptr_t)file->bytes, file->size);
	}
	if (file->fd >= 0)
		close(file->fd);
	*file = ROMFS_FILE_NONE;
}
