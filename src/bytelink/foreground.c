/* SPDX-License-Identifier: MIT */
#include "bytelink/foreground.h"

#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* How long a SIGINT may take to be acted on. A program that takes the exception and goes on is interrupted again after it. */
#define MERGE_US 300000

/*
 * How long the members of the group are believed, where no process has been started since: binary frames hold a 0x03 every few hundred
 * bytes, and a look at all processes takes long.
 */
#define LOOK_AGAIN_US 20000

enum { STATUS_SIZE = 4096 };

/*
 * How long a process that was sent SIGSTOP is waited for to stand still: this often, so many nanoseconds. On a busy computer it may have
 * to wait for a processor to do so.
 */
enum { STOP_LOOKS = 10000, STOP_NS = 200000 };

/* What follows NAME in /proc/PID/status, of STATUS_SIZE bytes at STATUS; NULL: there is no such process. */
static const char *status_of(pid_t pid, const char *name, char *status)
{
	char path[64];
	const char *line;
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "/proc/%ld/status", (long)pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return NULL;
	n = read(fd, status, STATUS_SIZE - 1);
	close(fd);
	if (n <= 0)
		return NULL;
	status[n] = '\0';
	line = strstr(status, name);
	return line ? line + strlen(name) : NULL;
}

/* Whether process PID has a handler for SIGINT. */
static bool catches_sigint(pid_t pid)
{
	char status[STATUS_SIZE];
	const char *caught = status_of(pid, "\nSigCgt:", status);

	return caught && (strtoull(caught, NULL, 16) >> (SIGINT - 1) & 1);
}

static bool stands_still(pid_t pid)
{
	char status[STATUS_SIZE];
	const char *state = status_of(pid, "\nState:\t", status);

	return !state || *state == 'T';
}

/*
 * Sends SIGINT to PID if it has a handler for it. It may take its handler away between our look and our signal, which would then end
 * it: so it is held still for both. Returns whether it was sent.
 */
static bool interrupt_if_caught(pid_t pid)
{
	const struct timespec pause = {.tv_nsec = STOP_NS};
	bool caught;

	kill(pid, SIGSTOP);
	for (int i = 0; i < STOP_LOOKS && !stands_still(pid); i++)
		nanosleep(&pause, NULL);
	caught = stands_still(pid) && catches_sigint(pid);
	if (caught)
		kill(pid, SIGINT);
	kill(pid, SIGCONT);
	return caught;
}

/* The number of the process that this computer has started last; -1: it does not tell. */
static pid_t newest_process(void)
{
	FILE *file = fopen("/proc/loadavg", "re");
	long pid = -1;

	if (!file)
		return -1;
	if (fscanf(file, "%*s %*s %*s %*s %ld", &pid) != 1)
		pid = -1;
	fclose(file);
	return (pid_t)pid;
}

/* Finds the processes of GROUP. NEWEST: the newest_process before. */
static void look(struct foreground *foreground, pid_t group, pid_t newest, int64_t now)
{
	const struct dirent *entry;
	DIR *proc = opendir("/proc");
	pid_t pid;

	foreground->group = group;
	foreground->count = 0;
	foreground->newest = newest;
	foreground->looked_at = now;
	if (!proc)
		return;
	while (foreground->count < FOREGROUND_MAX && (entry = readdir(proc))) {
		if (!isdigit((unsigned char)entry->d_name[0]))
			continue;
		pid = (pid_t)atol(entry->d_name);
		if (getpgid(pid) == group)
			foreground->pids[foreground->count++] = pid;
	}
	closedir(proc);
}

/* Brings the members up to date. Returns whether there are any. */
static bool refresh(struct foreground *foreground, int master, int64_t now)
{
	const pid_t group = tcgetpgrp(master), newest = newest_process();

	if (group <= 0)
		return false;
	if (group != foreground->group || foreground->count == 0 || newest != foreground->newest ||
	    now - foreground->looked_at > LOOK_AGAIN_US)
		look(foreground, group, newest, now);
	return foreground->count > 0;
}

static bool just_interrupted(const struct foreground *foreground, int64_t now)
{
	return foreground->interrupted_at != 0 && now - foreground->interrupted_at < MERGE_US;
}

bool foreground_interrupt(struct foreground *foreground, int master, int64_t now)
{
	const bool merge = just_interrupted(foreground, now);
	bool caught = false;
	int i;

	if (!refresh(foreground, master, now))
		return false;
	for (i = 0; i < foreground->count; i++) {
		if (!catches_sigint(foreground->pids[i]))
			continue;
		caught |= merge || interrupt_if_caught(foreground->pids[i]);
	}
	if (!caught)
		foreground->interrupted_at = 0;
	else if (!merge)
		foreground->interrupted_at = now;
	return caught;
}

void foreground_watch(struct foreground *foreground, int master, int64_t now)
{
	int i;

	if (!just_interrupted(foreground, now) || !refresh(foreground, master, now))
		return;
	for (i = 0; i < foreground->count; i++)
		if (catches_sigint(foreground->pids[i]))
			return;
	foreground->interrupted_at = 0;
}
