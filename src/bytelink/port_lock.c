/* SPDX-License-Identifier: MIT */
#include "bytelink/port_lock.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

struct port_lock {
	int fd;        /* of the lock file, with a flock; -1: there was no place for one */
	bool writable; /* the record is ours to write */
	char file[PATH_MAX];
};

/* What a lock file says. */
struct record {
	pid_t pid;        /* 0: nothing that makes sense */
	bool ours;        /* in our format, so that the flock tells whether it is alive */
	char program[64]; /* printable, as is the next */
	char purpose[512];
};

static const char *const lock_dirs[] = {"/run/lock", "/tmp"};
#define LOCK_DIRS (sizeof(lock_dirs) / sizeof(lock_dirs[0]))

/* "/run/lock/LCK..ttyACM0" of "/dev/ttyACM0", "/run/lock/LCK..pts_4" of "/dev/pts/4". */
static void lock_file_name(char *file, size_t size, const char *dir, const char *path)
{
	const char *name = strncmp(path, "/dev/", 5) == 0 ? path + 5 : path + 1;
	size_t at = (size_t)snprintf(file, size, "%s/LCK..", dir);

	for (; *name && at + 1 < size; name++)
		file[at++] = *name == '/' ? '_' : *name;
	file[at] = '\0';
}

static bool is_alive(pid_t pid)
{
	return kill(pid, 0) == 0 || errno == EPERM;
}

/* The name of process PID, as ps shows it; "another program" when there is none to see. */
static void program_name(pid_t pid, char *name, size_t size)
{
	char file[64], raw[64];
	ssize_t n = -1;
	int fd;

	snprintf(file, sizeof(file), "/proc/%ld/comm", (long)pid);
	fd = open(file, O_RDONLY | O_CLOEXEC);
	if (fd >= 0) {
		n = read(fd, raw, sizeof(raw));
		close(fd);
	}
	if (n <= 0) {
		snprintf(name, size, "another program");
		return;
	}
	if (raw[n - 1] == '\n')
		n--;
	diag_printable(name, size, raw, (size_t)n);
}

/* Copies the line at *TEXT, printable, to LINE and moves *TEXT past it. Returns whether there was one. */
static bool take_line(const char **text, char *line, size_t size)
{
	const char *end = strchr(*text, '\n');

	line[0] = '\0';
	if (!end)
		return false;
	diag_printable(line, size, *text, (size_t)(end - *text));
	*text = end + 1;
	return true;
}

static void read_record(int fd, struct record *record)
{
	char raw[1024], line[64];
	const char *text = raw;
	ssize_t n = pread(fd, raw, sizeof(raw) - 1, 0);
	long pid;

	*record = (struct record){.pid = 0};
	if (n <= 0)
		return;
	raw[n] = '\0';
	pid = strtol(raw, NULL, 10);
	if (pid > 0 && pid <= INT_MAX)
		record->pid = (pid_t)pid;
	take_line(&text, line, sizeof(line));
	record->ours = take_line(&text, record->program, sizeof(record->program)) && record->program[0];
	take_line(&text, record->purpose, sizeof(record->purpose));
	if (!record->ours && record->pid > 0)
		program_name(record->pid, record->program, sizeof(record->program));
}

static void record_words(const struct record *record, char *words, size_t size)
{
	if (record->pid > 0)
		snprintf(words, size, "%s (pid %ld)%s%s", record->program, (long)record->pid, record->purpose[0] ? ", " : "",
			 record->purpose);
	else
		snprintf(words, size, "another program");
}

static void write_record(const struct port_lock *lock, const char *purpose)
{
	char text[1024];
	int len;

	if (lock->fd < 0 || !lock->writable)
		return;
	len = snprintf(text, sizeof(text), "%10ld\n%s\n%.512s\n", (long)getpid(), program_invocation_short_name,
		       purpose ? purpose : "");
	/* The record only helps others to say who we are: a full disk is no reason not to use the port. */
	if (pwrite(lock->fd, text, (size_t)len, 0) == len && ftruncate(lock->fd, len) < 0)
		return;
}

/* Opens the lock file FILE, made where it is missing. Returns a descriptor or a negative errno. */
static int open_lock_file(const char *file, bool *writable)
{
	const int flags = O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK;
	int fd;

	*writable = true;
	/* Apart from making it: in a sticky folder Linux lets even root open another user's file only without O_CREAT. */
	fd = open(file, O_RDWR | flags);
	if (fd < 0 && errno == ENOENT)
		fd = open(file, O_RDWR | O_CREAT | O_EXCL | flags, 0644);
	if (fd < 0 && errno == EACCES) {
		*writable = false;
		fd = open(file, O_RDONLY | flags);
	}
	return fd < 0 ? -errno : fd;
}

/* Whether FD is a plain file and still the one with the name FILE. */
static bool is_still(int fd, const char *file)
{
	struct stat opened, named;

	return fstat(fd, &opened) == 0 && S_ISREG(opened.st_mode) && lstat(file, &named) == 0 && opened.st_dev == named.st_dev &&
	       opened.st_ino == named.st_ino;
}

/* Whether the one who has a flock on FD is a process that its record names; a moment's look by port_lock_holder is not. */
static bool is_held_by_record(int fd, char *words, size_t size)
{
	struct record record;

	read_record(fd, &record);
	record_words(&record, words, size);
	return record.pid > 0 && is_alive(record.pid);
}

static void pause_briefly(void)
{
	const struct timespec ten_ms = {.tv_nsec = 10000000};

	nanosleep(&ten_ms, NULL);
}

/*
 * One attempt at the lock file LOCK->file. Returns 0 when it is ours, -EAGAIN when it is worth another try, -EBUSY with WORDS
 * when it is held, or another negative errno when there cannot be a file here.
 */
static int try_lock_file(struct port_lock *lock, char *words, size_t size)
{
	struct record record;
	int rc = 0, fd = open_lock_file(lock->file, &lock->writable);

	if (fd < 0)
		return fd == -EEXIST ? -EAGAIN : fd;
	if (flock(fd, LOCK_EX | LOCK_NB) < 0)
		rc = is_held_by_record(fd, words, size) ? -EBUSY : -EAGAIN;
	else if (!is_still(fd, lock->file))
		rc = -EAGAIN;
	if (rc == 0) {
		read_record(fd, &record);
		if (!record.ours && record.pid > 0 && record.pid != getpid() && is_alive(record.pid)) {
			record_words(&record, words, size);
			rc = -EBUSY;
		}
	}
	if (rc == 0)
		lock->fd = fd;
	else
		close(fd);
	return rc;
}

/* The same until it is clear. A holder that has forked but not yet written its new pid is waited for, up to a fifth of a second. */
static int take_lock_file(struct port_lock *lock, const char *path, char *words, size_t size)
{
	int tries, rc = -EAGAIN;

	for (tries = 0; rc == -EAGAIN && tries < 20; tries++) {
		if (tries > 0)
			pause_briefly();
		rc = try_lock_file(lock, words, size);
	}
	if (rc != -EAGAIN)
		return rc;
	port_lock_opener(path, words, size);
	return -EBUSY;
}

int port_lock_take(struct port_lock **out, const char *path, const char *purpose, struct diag *diag)
{
	struct port_lock *lock = calloc(1, sizeof(*lock));
	char words[700] = "";
	int rc = -ENOENT;
	size_t i;

	*out = NULL;
	if (!lock)
		return diag_fail(diag, DIAG_BYTELINK, ENOMEM, "%s: out of memory", path);
	lock->fd = -1;
	for (i = 0; rc != 0 && rc != -EBUSY && i < LOCK_DIRS; i++) {
		lock_file_name(lock->file, sizeof(lock->file), lock_dirs[i], path);
		rc = take_lock_file(lock, path, words, sizeof(words));
	}
	if (rc == -EBUSY) {
		free(lock);
		return port_lock_refuse(path, words, diag);
	}
	/* Where no file can be, the locks on the tty itself are what is left. */
	write_record(lock, purpose);
	*out = lock;
	return 0;
}

int port_lock_tty(int fd, const char *path, struct diag *diag)
{
	char words[700];

	if (flock(fd, LOCK_EX | LOCK_NB) == 0 && ioctl(fd, TIOCEXCL) == 0)
		return 0;
	if (errno != EWOULDBLOCK)
		return diag_fail(diag, DIAG_BYTELINK, errno, "%s: cannot be taken for this program alone: %s", path,
				 strerror(errno));
	port_lock_holder(path, words, sizeof(words));
	return port_lock_refuse(path, words, diag);
}

void port_lock_set_purpose(struct port_lock *lock, const char *purpose)
{
	if (lock)
		write_record(lock, purpose);
}

void port_lock_release(struct port_lock *lock)
{
	if (!lock)
		return;
	if (lock->fd >= 0) {
		/* Removed while we hold it: one who opened it before sees by is_still that it has gone. */
		if (lock->writable && is_still(lock->fd, lock->file))
			unlink(lock->file);
		close(lock->fd);
	}
	free(lock);
}

/* Whether the lock file in DIR tells of a living holder of PATH. */
static bool recorded_holder(const char *dir, const char *path, char *words, size_t size)
{
	char file[PATH_MAX];
	struct record record;
	bool held;
	int fd;

	lock_file_name(file, sizeof(file), dir, path);
	fd = open(file, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		return false;
	read_record(fd, &record);
	held = record.pid > 0 && record.pid != getpid() && is_alive(record.pid);
	/* A pid may be a newer process's by now; the flock of one of ours cannot. */
	if (held && record.ours)
		held = flock(fd, LOCK_SH | LOCK_NB) < 0;
	if (held)
		record_words(&record, words, size);
	close(fd);
	return held;
}

bool port_lock_holder(const char *path, char *words, size_t size)
{
	size_t i;

	for (i = 0; i < LOCK_DIRS; i++)
		if (recorded_holder(lock_dirs[i], path, words, size))
			return true;
	return port_lock_opener(path, words, size);
}

/* Whether process PID has PATH open. */
static bool has_open(const char *pid, const char *path)
{
	char dir[300], name[600], target[PATH_MAX];
	const struct dirent *entry;
	bool found = false;
	ssize_t n;
	DIR *fds;

	snprintf(dir, sizeof(dir), "/proc/%s/fd", pid);
	fds = opendir(dir);
	if (!fds)
		return false;
	while (!found && (entry = readdir(fds))) {
		snprintf(name, sizeof(name), "%s/%s", dir, entry->d_name);
		n = readlink(name, target, sizeof(target) - 1);
		if (n <= 0)
			continue;
		target[n] = '\0';
		found = strcmp(target, path) == 0;
	}
	closedir(fds);
	return found;
}

bool port_lock_opener(const char *path, char *words, size_t size)
{
	const struct dirent *entry;
	char program[64];
	pid_t pid = 0;
	DIR *proc;

	words[0] = '\0';
	proc = opendir("/proc");
	if (!proc)
		return false;
	while (pid == 0 && (entry = readdir(proc)))
		if (isdigit((unsigned char)entry->d_name[0]) && atol(entry->d_name) != getpid() && has_open(entry->d_name, path))
			pid = (pid_t)atol(entry->d_name);
	closedir(proc);
	if (pid == 0)
		return false;
	program_name(pid, program, sizeof(program));
	snprintf(words, size, "%s (pid %ld)", program, (long)pid);
	return true;
}

int port_lock_refuse(const char *path, const char *words, struct diag *diag)
{
	if (words[0])
		return diag_fail(diag, DIAG_BYTELINK, EBUSY,
				 "%s is held by %s.\nOnly one program at a time can use a port: end that one first.", path,
				 words);
	return diag_fail(diag, DIAG_BYTELINK, EBUSY,
			 "%s is held by a program of another user, or one that died has left it locked.\n"
			 "`sudo fuser -v %s` tells which. Only one program at a time can use a port: end that one first.",
			 path, path);
}
