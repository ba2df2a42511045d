/* SPDX-License-Identifier: MIT */
#include "fuse/mount_point.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int cannot_reach(struct diag *diag, const char *given, int err)
{
	switch (err) {
	case ENOENT:
		return diag_fail(diag, DIAG_FUSE, err, "mount point %s does not exist; make it with: mkdir %s", given, given);
	case ENOTCONN:
		return diag_fail(diag, DIAG_FUSE, err,
				 "mount point %s still shows a mount whose program has ended; remove it with: fusermount3 -u %s",
				 given, given);
	case ENOTDIR:
		return diag_fail(diag, DIAG_FUSE, err, "mount point %s: a part of the path is not a directory", given);
	default:
		return diag_fail(diag, DIAG_FUSE, err, "mount point %s cannot be reached: %s", given, strerror(err));
	}
}

/* The octal escapes of mountinfo (proc(5)): space, tab, newline, backslash. In place. */
static void unescape(char *text)
{
	char *to = text;

	for (; *text; to++) {
		if (text[0] == '\\' && strspn(text + 1, "01234567") >= 3) {
			*to = (char)((text[1] - '0') << 6 | (text[2] - '0') << 3 | (text[3] - '0'));
			text += 4;
		} else {
			*to = *text++;
		}
	}
	*to = '\0';
}

/* "36 35 98:0 ROOT MOUNTPOINT OPTIONS [TAGS...] - TYPE SOURCE OPTIONS" */
static bool is_ours_at(char *line, const char *real, char **source)
{
	char *rest = strstr(line, " - "), *type, *at = NULL, *save;
	int i;

	if (!rest)
		return false;
	*rest = '\0';
	type = strtok_r(rest + 3, " \n", &save);
	*source = strtok_r(NULL, " \n", &save);
	for (i = 0; i < 5; i++)
		at = strtok_r(i ? NULL : line, " ", &save);
	if (!type || !*source || !at || strcmp(type, "fuse.mpremotefs") != 0)
		return false;
	unescape(at);
	unescape(*source);
	return strcmp(at, real) == 0;
}

bool mount_point_in_use(FILE *mounts, const char *real, char *device, size_t size)
{
	char *line = NULL, *source;
	size_t room = 0;
	bool found = false;

	while (getline(&line, &room, mounts) > 0) {
		if (is_ours_at(line, real, &source)) {
			snprintf(device, size, "%s", source);
			found = true;
		}
	}
	free(line);
	return found;
}

static int check_not_in_use(const char *real, struct diag *diag)
{
	FILE *mounts = fopen("/proc/self/mountinfo", "re");
	char device[256], printable[256];
	bool used;

	if (!mounts)
		return 0;
	used = mount_point_in_use(mounts, real, device, sizeof(device));
	fclose(mounts);
	if (!used)
		return 0;
	return diag_fail(diag, DIAG_FUSE, EBUSY, "%s is mounted at %s already; unmount it first with: fusermount3 -u %s",
			 diag_printable(printable, sizeof(printable), device, strlen(device)), real, real);
}

static bool is_executable(const char *dir, size_t len, const char *program)
{
	char path[4096];

	return snprintf(path, sizeof(path), "%.*s/%s", (int)len, dir, program) < (int)sizeof(path) && access(path, X_OK) == 0;
}

static bool in_path(const char *dirs, const char *program)
{
	size_t len;

	for (; dirs && *dirs; dirs += len + (dirs[len] == ':')) {
		len = strcspn(dirs, ":");
		if (len > 0 && is_executable(dirs, len, program))
			return true;
	}
	return false;
}

bool mount_point_users_may_allow_other(FILE *conf)
{
	static const char blanks[] = " \t\r\n";
	char *line = NULL, *word, *rest;
	size_t room = 0;
	bool may = false;

	while (!may && getline(&line, &room, conf) > 0) {
		line[strcspn(line, "#")] = '\0';
		word = strtok_r(line, blanks, &rest);
		may = word && strcmp(word, "user_allow_other") == 0;
	}
	free(line);
	return may;
}

static int check_allow_other(struct diag *diag)
{
	FILE *conf = fopen("/etc/fuse.conf", "re");
	bool may = conf && mount_point_users_may_allow_other(conf);

	if (conf)
		fclose(conf);
	if (may)
		return 0;
	return diag_fail(diag, DIAG_FUSE, EPERM,
			 "option allow_other is for root only here; to give it to all users, root adds the line "
			 "\"user_allow_other\" to /etc/fuse.conf");
}

/* What fusermount3, which mounts for a user who is not root, would refuse. */
static int check_user(const char *real, const struct stat *about, bool allow_other, struct diag *diag)
{
	if (geteuid() == 0)
		return 0;
	if (!in_path("/usr/bin:/bin:/usr/local/bin", "fusermount3") && !in_path(getenv("PATH"), "fusermount3"))
		return diag_fail(
			diag, DIAG_FUSE, ENOENT,
			"the program fusermount3 is missing, without which only root can mount; on Debian: apt install fuse3");
	if (access(real, W_OK) < 0)
		return diag_fail(diag, DIAG_FUSE, EACCES,
				 "you have no write permission on mount point %s, so only root can mount there", real);
	if ((about->st_mode & S_ISVTX) && about->st_uid != geteuid())
		return diag_fail(diag, DIAG_FUSE, EACCES, "mount point %s belongs to somebody else, so only root can mount there",
				 real);
	return allow_other ? check_allow_other(diag) : 0;
}

static int check_fuse_device(struct diag *diag)
{
	if (access("/dev/fuse", R_OK | W_OK) == 0)
		return 0;
	if (errno == ENOENT || errno == ENODEV)
		return diag_fail(diag, DIAG_FUSE, ENODEV,
				 "/dev/fuse is missing: the kernel's FUSE module is not loaded (as root: modprobe fuse), or this "
				 "container has not been given the device");
	return diag_fail(diag, DIAG_FUSE, EACCES,
			 "no permission to use /dev/fuse; mount as root, or let root make it usable: chmod 666 /dev/fuse");
}

static bool has_entries(const char *path)
{
	DIR *dir = opendir(path);
	struct dirent *entry;
	bool found = false;

	while (dir && !found && (entry = readdir(dir)))
		found = strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
	if (dir)
		closedir(dir);
	return found;
}

/* mount_point_check of the directory REAL, which is there. */
static int check_directory(const char *given, const char *real, bool allow_other, struct diag *diag)
{
	struct stat about;
	int rc;

	if (stat(real, &about) < 0)
		return cannot_reach(diag, given, errno);
	if (!S_ISDIR(about.st_mode))
		return diag_fail(diag, DIAG_FUSE, ENOTDIR, "mount point %s is not a directory", given);
	rc = check_not_in_use(real, diag);
	if (rc == 0)
		rc = check_fuse_device(diag);
	if (rc == 0)
		rc = check_user(real, &about, allow_other, diag);
	return rc;
}

int mount_point_check(const char *given, bool allow_other, char **real, bool *hides, struct diag *diag)
{
	int rc;

	*hides = false;
	*real = realpath(given, NULL);
	if (!*real)
		return cannot_reach(diag, given, errno);
	rc = check_directory(given, *real, allow_other, diag);
	if (rc == 0) {
		*hides = has_entries(*real);
	} else {
		free(*real);
		*real = NULL;
	}
	return rc;
}
