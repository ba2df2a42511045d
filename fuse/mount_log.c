/* SPDX-License-Identifier: MIT */
#include "fuse/mount_log.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>

#include "fuse/libfuse.h"

/* libfuse's log function is one for the process and is told of no context. Set once, before there are threads. */
static struct mount_log *libfuse_log;

static void say_line(struct mount_log *log, int level, const char *line, size_t len)
{
	if (log->to_syslog)
		syslog(level, "%.*s", (int)len, line);
	else
		fprintf(stderr, "%s: %.*s\n", log->program, (int)len, line);
}

void mount_log_say(void *context, int level, const char *text)
{
	struct mount_log *log = context;
	size_t len;

	if (level >= LOG_DEBUG && !log->debug)
		return;
	for (; *text; text += len + (text[len] == '\n')) {
		len = strcspn(text, "\n");
		say_line(log, level, text, len);
	}
}

static void say_for_libfuse(enum fuse_log_level level, const char *format, va_list args)
{
	char text[1024];
	const char *words = text;

	if (vsnprintf(text, sizeof(text), format, args) < 0)
		return;
	if (strncmp(words, "fuse: ", 6) == 0)
		words += 6;
	mount_log_say(libfuse_log, (int)level, words);
}

void mount_log_start(struct mount_log *log, const char *program, bool debug)
{
	log->program = program;
	log->debug = debug;
	atomic_init(&log->to_syslog, false);
	libfuse_log = log;
	fuse_set_log_func(say_for_libfuse);
}

void mount_log_to_syslog(struct mount_log *log)
{
	openlog(log->program, LOG_PID, LOG_DAEMON);
	log->to_syslog = true;
}
