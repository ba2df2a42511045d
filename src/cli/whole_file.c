/* SPDX-License-Identifier: MIT */
#include "cli/whole_file.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* What may stay and go of what is there already. *MODE: the permissions that the new file gets; -1: those of any new file. */
static int look(int dir, const char *name, bool replace, int *mode)
{
	struct stat st;

	*mode = -1;
	if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? 0 : -errno;
	if (S_ISDIR(st.st_mode))
		return -EISDIR;
	if (!replace)
		return -EEXIST;
	if (!S_ISREG(st.st_mode) && !S_ISLNK(st.st_mode))
		return -EINVAL;
	if (S_ISREG(st.st_mode))
		*mode = (int)(st.st_mode & 0777);
	return 0;
}

/* Makes an empty file beside NAME; *TEMPORARY is its name, which the caller frees. Returns its descriptor. */
static int make_temporary(int dir, const char *name, char **temporary)
{
	const char *slash = strrchr(name, '/');
	int before = slash ? (int)(slash + 1 - name) : 0;
	int fd = -1;

	for (unsigned i = 0; i < 1000; i++) {
		if (asprintf(temporary, "%.*s.romfs-%ld-%u", before, name, (long)getpid(), i) < 0)
			return -ENOMEM;
		fd = openat(dir, *temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666);
		if (fd >= 0)
			return fd;
		fd = -errno;
		free(*temporary);
		*temporary = NULL;
		if (fd != -EEXIST)
			break;
	}
	return fd;
}

static int write_all(int fd, const char *bytes, size_t size)
{
	while (size > 0) {
		ssize_t n = write(fd, bytes, size);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		bytes += n;
		size -= (size_t)n;
	}
	return 0;
}

/* Some file systems cannot rename without replacing: there another program could come between the look and the rename. */
static int rename_to(int dir, const char *temporary, const char *name, bool replace)
{
	struct stat st;

	if (!replace) {
		if (renameat2(dir, temporary, dir, name, RENAME_NOREPLACE) == 0)
			return 0;
		if (errno != EINVAL)
			return -errno;
		if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) == 0)
			return -EEXIST;
	}
	return renameat(dir, temporary, dir, name) < 0 ? -errno : 0;
}

static int write_whole(int dir, const char *name, const void *bytes, size_t size, bool replace, whole_file_vet_fn *vet,
		       void *context)
{
	char *temporary = NULL;
	int fd, mode;
	int rc = look(dir, name, replace, &mode);

	if (rc < 0)
		return rc;
	fd = make_temporary(dir, name, &temporary);
	if (fd < 0 || !temporary)
		return fd;
	rc = write_all(fd, bytes, size);
	if (rc == 0 && mode >= 0 && fchmod(fd, (mode_t)mode) < 0)
		rc = -errno;
	if (close(fd) < 0 && rc == 0)
		rc = -errno;
	if (rc == 0 && vet)
		rc = vet(context);
	if (rc == 0)
		rc = rename_to(dir, temporary, name, replace);
	if (rc < 0)
		unlinkat(dir, temporary, 0);
	free(temporary);
	return rc;
}

int whole_file_write(int dir, const char *name, const void *bytes, size_t size, bool replace, whole_file_vet_fn *vet,
		     void *context)
{
	const struct sigaction ignore = {.sa_handler = SIG_IGN};
	struct sigaction limit;
	sigset_t ends, old;
	int rc;

	sigemptyset(&ends);
	sigaddset(&ends, SIGHUP);
	sigaddset(&ends, SIGINT);
	sigaddset(&ends, SIGQUIT);
	sigaddset(&ends, SIGTERM);
	sigaction(SIGXFSZ, &ignore, &limit); /* the write tells it, too: EFBIG */
	sigprocmask(SIG_BLOCK, &ends, &old);
	rc = write_whole(dir, name, bytes, size, replace, vet, context);
	sigaction(SIGXFSZ, &limit, NULL);
	sigprocmask(SIG_SETMASK, &old, NULL);
	return rc;
}
