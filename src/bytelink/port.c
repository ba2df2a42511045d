/* SPDX-License-Identifier: MIT */
#include "bytelink/port.h"

#include <errno.h>
#include <grp.h>
#include <limits.h>
#include <pwd.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "bytelink/port_lock.h"

/* Linux's Documentation/admin-guide/devices.txt: what kinds of terminals have which numbers. */
#define MAJOR_CONSOLE 4 /* tty0 to tty63; ttyS0 and so on above */
#define MINOR_FIRST_SERIAL 64
#define MAJOR_ALTERNATE 5 /* /dev/tty, /dev/console, /dev/ptmx */
#define MAJOR_FIRST_PTY 136
#define MAJOR_LAST_PTY 143

/* Whether the kernel has the character device DEVICE as a terminal of some kind. Without /sys: it may be. */
static bool is_tty(dev_t device)
{
	char name[64], target[PATH_MAX];
	const char *class;
	ssize_t n;

	if (access("/sys/dev/char", F_OK) < 0)
		return true;
	snprintf(name, sizeof(name), "/sys/dev/char/%u:%u/subsystem", major(device), minor(device));
	n = readlink(name, target, sizeof(target) - 1);
	if (n <= 0)
		return false;
	target[n] = '\0';
	class = strrchr(target, '/');
	return class && strcmp(class, "/tty") == 0;
}

static bool is_console(dev_t device)
{
	return major(device) == MAJOR_ALTERNATE || (major(device) == MAJOR_CONSOLE && minor(device) < MINOR_FIRST_SERIAL);
}

static const char *kind_of_file(mode_t mode)
{
	if (S_ISDIR(mode))
		return "a directory";
	if (S_ISREG(mode))
		return "a plain file";
	if (S_ISBLK(mode))
		return "a block device";
	if (S_ISFIFO(mode) || S_ISSOCK(mode))
		return "a pipe or a socket";
	return "no terminal";
}

int port_kind_of(const char *path, struct diag *diag)
{
	struct stat st;

	if (stat(path, &st) < 0)
		return port_refused(path, errno, diag);
	if (!S_ISCHR(st.st_mode))
		return diag_fail(diag, DIAG_BYTELINK, ENOTTY,
				 "%s is %s, not a serial port.\n`mpremotefs --list` shows the serial ports.", path,
				 kind_of_file(st.st_mode));
	if (major(st.st_rdev) >= MAJOR_FIRST_PTY && major(st.st_rdev) <= MAJOR_LAST_PTY)
		return PORT_PTY;
	if (is_console(st.st_rdev) || !is_tty(st.st_rdev))
		return diag_fail(diag, DIAG_BYTELINK, ENOTTY,
				 "%s is a device, but not a serial port.\n"
				 "`mpremotefs --list` shows the serial ports.",
				 path);
	return PORT_SERIAL;
}

/* Whether GROUP is one of this process's. */
static bool is_in_group(gid_t group)
{
	gid_t groups[NGROUPS_MAX];
	int i, count = getgroups(NGROUPS_MAX, groups);

	for (i = 0; i < count; i++)
		if (groups[i] == group)
			return true;
	return getegid() == group;
}

/* Whether the user database has the user of this process in GROUP. */
static bool will_be_in_group(const struct group *group)
{
	const struct passwd *user = getpwuid(getuid());
	char **member;

	if (!user)
		return false;
	for (member = group->gr_mem; *member; member++)
		if (strcmp(*member, user->pw_name) == 0)
			return true;
	return false;
}

static int permission_denied(const char *path, int err, struct diag *diag)
{
	const struct group *group;
	struct stat st;

	if (stat(path, &st) < 0)
		return diag_fail(diag, DIAG_BYTELINK, err, "%s: permission denied", path);
	group = getgrgid(st.st_gid);
	if (!group || (st.st_mode & 060) != 060 || is_in_group(st.st_gid))
		return diag_fail(diag, DIAG_BYTELINK, err,
				 "%s: permission denied. Only its owner may use it: `ls -l %s` shows who that is.", path, path);
	if (will_be_in_group(group))
		return diag_fail(
			diag, DIAG_BYTELINK, err,
			"%s: permission denied. It belongs to the group %s. You are in that group, but were not yet when\n"
			"you logged in: log out and in again.",
			path, group->gr_name);
	return diag_fail(diag, DIAG_BYTELINK, err,
			 "%s: permission denied. It belongs to the group %s. To become a member:\n"
			 "    sudo usermod -aG %s $USER\nThen log out and in again.",
			 path, group->gr_name, group->gr_name);
}

int port_refused(const char *path, int err, struct diag *diag)
{
	char words[700];

	switch (err) {
	case ENOENT:
	case ENOTDIR:
	case ENXIO:
	case ENODEV:
		return diag_fail(diag, DIAG_BYTELINK, err,
				 "%s: no such device. Is the board plugged in, with a cable that carries data?\n"
				 "`mpremotefs --list` shows the serial ports.",
				 path);
	case EACCES:
	case EPERM:
		return permission_denied(path, err, diag);
	case EBUSY:
		port_lock_holder(path, words, sizeof(words));
		return port_lock_refuse(path, words, diag);
	case EIO:
		return diag_fail(diag, DIAG_BYTELINK, err, "%s: the device does not answer, or the program behind it has ended.",
				 path);
	default:
		return diag_fail(diag, DIAG_BYTELINK, err, "%s: cannot be opened: %s", path, strerror(err));
	}
}
