/* SPDX-License-Identifier: MIT */
/* mount_log: where a mount's words go: to the terminal while there is one, to syslog from the background. */
#ifndef FUSE_MOUNT_LOG_H
#define FUSE_MOUNT_LOG_H

#include <stdatomic.h>
#include <stdbool.h>

struct mount_log {
	const char *program;
	bool debug;            /* LOG_DEBUG as well */
	atomic_bool to_syslog; /* set by mount_log_to_syslog */
};

/* Starts LOG, which must live as long as the process: to the terminal, under the name PROGRAM. libfuse's own words come too. */
void mount_log_start(struct mount_log *log, const char *program, bool debug);

/* From now on to syslog. */
void mount_log_to_syslog(struct mount_log *log);

/* Says TEXT, of one or more lines, at LEVEL of syslog(3). CONTEXT is the struct mount_log: this is a board_log_fn. Any thread. */
void mount_log_say(void *context, int level, const char *text);

#endif
