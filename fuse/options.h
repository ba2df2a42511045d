/* SPDX-License-Identifier: MIT */
/*
 * options: the command line of mpremotefs, and of mount.mpremote, the name under which mount(8) calls it.
 *
 *   mpremotefs [-f] [-d] [-o OPTIONS] DEVICE MOUNTPOINT        as sshfs(1)
 *   mpremotefs --list [--json]
 *   mount.mpremote DEVICE MOUNTPOINT [-sfnv] [-o OPTIONS]      as mount(8), "External helpers"
 */
#ifndef FUSE_OPTIONS_H
#define FUSE_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

#include "base/diag.h"
#include "bytelink/device.h"

enum options_command { OPTIONS_MOUNT, OPTIONS_LIST, OPTIONS_HELP, OPTIONS_VERSION };

struct options {
	enum options_command command;
	bool helper;       /* called as mount.mpremote */
	bool json;         /* --list: as JSON */
	bool foreground;   /* -f of mpremotefs */
	bool debug;        /* -d */
	bool fake;         /* -f of mount.mpremote: all but the mount */
	bool verbose;      /* -v of mount.mpremote */
	char *device;      /* as the user wrote it */
	char *mount_point; /* as the user wrote it */
	bool read_only;
	uid_t uid; /* of the user, if not given */
	gid_t gid;
	mode_t umask;
	bool allow_other;
	bool default_permissions;
	char *fsname; /* NULL: not given */
	char *root;   /* absolute and tidy; NULL: not given */
	bool noromfs, noreconnect, nointerrupt, restart, settime;
	bool force; /* a damaged image is mounted as far as it is whole */
	struct device_options device_options;
	int64_t reconnect_us; /* how long an operation waits for a board that is away; 0: at most a second */
	double attr_timeout;  /* seconds */
	char *kernel_flags;   /* mount(8)'s words for the kernel, comma-separated: "nosuid,nodev"; NULL: none */
};

/*
 * Reads ARGC and ARGV into OPTIONS, which options_free frees also after a failure. Returns 0, or -EINVAL with DIAG saying which
 * word is wrong and what is allowed, or -ENOMEM. Uses getopt(3), so one thread at a time.
 */
int options_parse(struct options *options, int argc, char **argv, struct diag *diag);

/* Frees what OPTIONS holds. */
void options_free(struct options *options);

/* Prints what the program is called with; HELPER: as mount.mpremote. */
void options_print_help(FILE *out, bool helper);

#endif
