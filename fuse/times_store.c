/* SPDX-License-Identifier: MIT */
#include "fuse/times_store.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sha2.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <syslog.h>
#include <unistd.h>

enum {
	FILE_MAX = 8 << 20, /* bytes; what kept_times encodes is shorter */
	READABLE = 40,      /* characters of a board's name in that of its file */
};

struct times_store {
	struct kept_times *times;
	char *folder, *board;
	char name[READABLE + 24];
	void (*look)(void *context);
	void *look_context;
	board_log_fn *log;
	void *log_context;
	uint64_t saved; /* kept_times_changes when it was saved last */
	bool complained;
	pthread_t thread;
	pthread_mutex_t lock; /* guards `ending` */
	pthread_cond_t wake;
	bool ending;
};

/* ---- which board, which file ---- */

/* Whether ID tells one board from another. */
static bool tells_boards_apart(const char *id)
{
	return *id && strspn(id, (char[]){id[0], '\0'}) < strlen(id);
}

void times_store_board(char *name, size_t size, const struct board_info *info)
{
	if (tells_boards_apart(info->unique_id))
		snprintf(name, size, "id %s", info->unique_id);
	else if (tells_boards_apart(info->usb_serial))
		snprintf(name, size, "usb %s", info->usb_serial);
	else
		snprintf(name, size, "device %s", info->device);
}

char *times_store_folder(void)
{
	const char *state = getenv("XDG_STATE_HOME"), *home = getenv("HOME");
	char *folder = NULL;
	int rc;

	if (state && state[0] == '/')
		rc = asprintf(&folder, "%s/mpremotefs/times", state);
	else if (geteuid() == 0)
		rc = asprintf(&folder, "/var/lib/mpremotefs/times");
	else if (home && home[0] == '/')
		rc = asprintf(&folder, "%s/.local/state/mpremotefs/times", home);
	else
		return NULL;
	return rc < 0 ? NULL : folder;
}

/* For people the name's letters and digits; what tells boards apart is the start of its SHA-256. */
static void name_file(char *out, size_t size, const char *board)
{
	uint8_t hash[SHA256_DIGEST_LENGTH];
	size_t len = 0, i;
	SHA2_CTX context;

	SHA256Init(&context);
	SHA256Update(&context, (const uint8_t *)board, strlen(board));
	SHA256Final(hash, &context);
	for (; len < READABLE && board[len]; len++)
		out[len] = isalnum((unsigned char)board[len]) ? board[len] : '-';
	out[len++] = '-';
	for (i = 0; i < 8; i++, len += 2)
		snprintf(out + len, size - len, "%02x", hash[i]);
}

/* ---- words for the log ---- */

static void say(const struct times_store *store, int level, const char *what, int rc)
{
	char *text;

	if (!store->log)
		return;
	if (asprintf(&text, "%s/%s: %s%s%s", store->folder, store->name, what, rc ? ": " : "", rc ? strerror(-rc) : "") < 0)
		return;
	store->log(store->log_context, level, text);
	free(text);
}

/* Says once that nothing can be kept. */
static void complain(struct times_store *store, int rc)
{
	if (!store->complained)
		say(store, LOG_WARNING, "the times of the board's files cannot be kept there, and are forgotten at unmount", rc);
	store->complained = true;
}

/* ---- the folder and the file ---- */

/* Makes FOLDER, and what is missing above it, for its owner alone. */
static int make_folder(char *folder)
{
	char *slash;

	for (slash = strchr(folder + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		mkdir(folder, 0700);
		*slash = '/';
	}
	return mkdir(folder, 0700) < 0 && errno != EEXIST ? -errno : 0;
}

/* Opens the folder; with MAKE it is made where it is missing. Returns a descriptor or a negative errno. */
static int open_folder(struct times_store *store, bool make)
{
	struct stat about;
	int rc = make ? make_folder(store->folder) : 0, fd;

	if (rc < 0)
		return rc;
	fd = open(store->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (fstat(fd, &about) == 0 && about.st_uid == geteuid())
		return fd;
	close(fd);
	return -EPERM;
}

static int read_all(int fd, uint8_t *bytes, size_t len)
{
	size_t done = 0;
	ssize_t got;

	while (done < len) {
		got = read(fd, bytes + done, len - done);
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return got < 0 ? -errno : -EBADMSG;
		done += (size_t)got;
	}
	return 0;
}

static int write_all(int fd, const uint8_t *bytes, size_t len)
{
	ssize_t done;

	while (len > 0) {
		done = write(fd, bytes, len);
		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0)
			return -errno;
		bytes += done;
		len -= (size_t)done;
	}
	return 0;
}

/* The content of the open file FD, to be freed. -EBADMSG: none that we would have written. */
static int read_file(int fd, uint8_t **bytes, size_t *len)
{
	struct stat about;
	int rc;

	if (fstat(fd, &about) < 0)
		return -errno;
	if (!S_ISREG(about.st_mode) || about.st_uid != geteuid() || about.st_size <= 0 || about.st_size > FILE_MAX)
		return -EBADMSG;
	*len = (size_t)about.st_size;
	*bytes = malloc(*len);
	if (!*bytes)
		return -ENOMEM;
	rc = read_all(fd, *bytes, *len);
	if (rc < 0)
		free(*bytes);
	return rc;
}

/* Fills the memory from the file. Returns 0, -ENOENT (no file), or what is wrong with it. */
static int load(struct times_store *store)
{
	uint8_t *bytes = NULL;
	size_t len = 0;
	int folder = open_folder(store, false), fd, rc;

	if (folder < 0)
		return -ENOENT; /* what is wrong with it will be said when something is to be kept */
	fd = openat(folder, store->name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	rc = fd < 0 ? -errno : read_file(fd, &bytes, &len);
	if (fd >= 0)
		close(fd);
	close(folder);
	if (rc < 0)
		return rc;
	rc = kept_times_decode(store->times, store->board, bytes, len);
	free(bytes);
	return rc;
}

/* Makes BYTES the content of the file in FOLDER, by way of TEMPORARY. */
static int replace_file(struct times_store *store, int folder, const char *temporary, const uint8_t *bytes, size_t len)
{
	int fd, rc;

	unlinkat(folder, temporary, 0); /* a mount that was killed may have left it */
	fd = openat(folder, temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return -errno;
	rc = write_all(fd, bytes, len);
	if (rc == 0 && fsync(fd) < 0)
		rc = -errno;
	if (close(fd) < 0 && rc == 0)
		rc = -errno;
	if (rc == 0 && renameat(folder, temporary, folder, store->name) < 0)
		rc = -errno;
	if (rc < 0)
		unlinkat(folder, temporary, 0);
	else
		fsync(folder);
	return rc;
}

static int write_file(struct times_store *store, const uint8_t *bytes, size_t len)
{
	char temporary[sizeof(store->name) + 8];
	int folder = open_folder(store, true), rc;

	if (folder < 0)
		return folder;
	snprintf(temporary, sizeof(temporary), "%s.new", store->name);
	rc = replace_file(store, folder, temporary, bytes, len);
	close(folder);
	return rc;
}

/* What was kept cannot be used, or there was nothing. */
static void start_anew(struct times_store *store, int rc)
{
	if (rc == -ENOENT)
		return;
	say(store, LOG_NOTICE,
	    "what was kept there of the times of the board's files is damaged or of another version: forgotten",
	    rc == -EBADMSG ? 0 : rc);
	store->saved--;
}

/* Saves what has changed, if anything has. */
static void save(struct times_store *store)
{
	uint64_t changes = kept_times_changes(store->times);
	uint8_t *bytes;
	size_t len;
	int rc;

	if (changes == store->saved)
		return;
	rc = kept_times_encode(store->times, store->board, &bytes, &len);
	if (rc == 0) {
		rc = write_file(store, bytes, len);
		free(bytes);
	}
	if (rc < 0)
		complain(store, rc);
	store->saved = changes;
}

/* ---- the thread ---- */

/* Waits as long as changes may wait. Returns false when the store is to be closed. */
static bool wait_a_while(struct times_store *store)
{
	struct timespec until;
	int rc = 0;
	bool goes_on;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += TIMES_STORE_PATIENCE;
	pthread_mutex_lock(&store->lock);
	while (!store->ending && rc == 0)
		rc = pthread_cond_timedwait(&store->wake, &store->lock, &until);
	goes_on = !store->ending;
	pthread_mutex_unlock(&store->lock);
	return goes_on;
}

static void *run(void *context)
{
	struct times_store *store = context;

	while (wait_a_while(store)) {
		if (store->look)
			store->look(store->look_context);
		save(store);
	}
	save(store);
	return NULL;
}

/* Signals are for the thread that waits for them. */
static int start_thread(struct times_store *store)
{
	sigset_t all, old;
	int rc;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	rc = pthread_create(&store->thread, NULL, run, store);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	return -rc;
}

static void init_lock(struct times_store *store)
{
	pthread_condattr_t attributes;

	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_cond_init(&store->wake, &attributes);
	pthread_condattr_destroy(&attributes);
	pthread_mutex_init(&store->lock, NULL);
}

static void free_store(struct times_store *store)
{
	pthread_cond_destroy(&store->wake);
	pthread_mutex_destroy(&store->lock);
	free(store->folder);
	free(store->board);
	free(store);
}

int times_store_open(struct times_store **out, struct kept_times *times, const struct times_store_options *options)
{
	struct times_store *store = calloc(1, sizeof(*store));
	int rc;

	*out = NULL;
	if (!store)
		return -ENOMEM;
	init_lock(store);
	store->times = times;
	store->look = options->look;
	store->look_context = options->look_context;
	store->log = options->log;
	store->log_context = options->log_context;
	store->folder = strdup(options->folder);
	store->board = strdup(options->board);
	name_file(store->name, sizeof(store->name), options->board);
	rc = store->folder && store->board ? 0 : -ENOMEM;
	if (rc == 0) {
		rc = load(store);
		store->saved = kept_times_changes(times);
		if (rc < 0)
			start_anew(store, rc);
		rc = start_thread(store);
	}
	if (rc < 0) {
		free_store(store);
		return rc;
	}
	*out = store;
	return 0;
}

void times_store_close(struct times_store *store)
{
	if (!store)
		return;
	pthread_mutex_lock(&store->lock);
	store->ending = true;
	pthread_cond_signal(&store->wake);
	pthread_mutex_unlock(&store->lock);
	pthread_join(store->thread, NULL);
	free_store(store);
}
