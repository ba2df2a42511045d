/* SPDX-License-Identifier: MIT */
#include "fuse/kept_times.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fuse/times_saved.h"

struct kept_times {
	struct board *board; /* may be NULL */
	int64_t (*now)(void);
	size_t root_len;
	pthread_mutex_t lock; /* guards all below */
	unsigned session;     /* of the board */
	int64_t watched;      /* since when nobody can have changed what is compared: the last doubt */
	uint64_t doubted;     /* its stamp */
	int64_t due;          /* no entry's times_evidence_due is sooner */
	struct times_table table;
	uint64_t stamp;
	uint64_t changes;
	unsigned long listings;
	char root[]; /* "" for "/" */
};

enum { GROUP_BYTES = 64 << 10 /* that a group of files has at most, when it is more than one */ };

/* The root in OUT, which has room for it, without empty parts, `.` and `..`: as board/board.h has paths, but "" for "/". */
static void clean_root(char *out, const char *root)
{
	size_t end = 0, len;

	for (; *root; root += len + (root[len] == '/')) {
		len = strcspn(root, "/");
		if (len == 2 && memcmp(root, "..", 2) == 0) {
			while (end > 0 && out[--end] != '/')
				;
		} else if (len > 0 && !(len == 1 && *root == '.')) {
			out[end++] = '/';
			memcpy(out + end, root, len);
			end += len;
		}
	}
	out[end] = '\0';
}

static int64_t monotonic(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * INT64_C(1000000) + now.tv_nsec / 1000;
}

int kept_times_open(struct kept_times **out, struct board *board, const char *root, int64_t (*now)(void))
{
	size_t room = root ? strlen(root) + 2 : 1;
	struct kept_times *times = calloc(1, sizeof(*times) + room);

	*out = NULL;
	if (!times)
		return -ENOMEM;
	times->board = board;
	times->now = now ? now : monotonic;
	times->session = board ? board_session(board) : 0;
	times->due = INT64_MAX;
	if (root)
		clean_root(times->root, root);
	times->root_len = strlen(times->root);
	if (times_table_init(&times->table) < 0) {
		free(times);
		return -ENOMEM;
	}
	pthread_mutex_init(&times->lock, NULL);
	*out = times;
	return 0;
}

void kept_times_close(struct kept_times *times)
{
	if (!times)
		return;
	times_table_destroy(&times->table);
	pthread_mutex_destroy(&times->lock);
	free(times);
}

static void drop(struct kept_times *times, struct times_table_entry *entry)
{
	times_table_drop(&times->table, entry);
	times->changes++;
}

bool kept_times_wants_hash(const struct board_stat *on_board)
{
	return times_evidence_wants_hash(on_board);
}

static bool doubt_entry(struct times_table_entry *entry, void *context)
{
	(void)context;
	entry->old = true;
	return !times_evidence_doubt(&entry->evidence);
}

/* The board was out of sight: what it has may be something else now. With the lock held. */
static void doubt(struct kept_times *times)
{
	times->changes += times_table_drop_if(&times->table, doubt_entry, NULL);
	times->watched = times->now();
	times->doubted = ++times->stamp;
	times->due = INT64_MAX;
}

static void lock(struct kept_times *times)
{
	unsigned session = times->board ? board_session(times->board) : 0;

	pthread_mutex_lock(&times->lock);
	if (session == times->session)
		return;
	times->session = session;
	doubt(times);
}

static void unlock(struct kept_times *times)
{
	pthread_mutex_unlock(&times->lock);
}

/* PATH as the board knows it, to be freed; NULL: no memory. */
static char *on_board_path(const struct kept_times *times, const char *path)
{
	size_t size = strlen(path) + 1;
	char *full;

	if (times->root_len > 0 && strcmp(path, "/") == 0)
		return strdup(times->root);
	full = malloc(times->root_len + size);
	if (full) {
		memcpy(full, times->root, times->root_len);
		memcpy(full + times->root_len, path, size);
	}
	return full;
}

/* FULL, a path of the board, as the mount knows it; NULL: it is not below the mount's root. */
static const char *mount_path(const struct kept_times *times, const char *full)
{
	if (strncmp(full, times->root, times->root_len) != 0)
		return NULL;
	full += times->root_len;
	return *full == '\0' ? "/" : *full == '/' ? full : NULL;
}

/* ENTRY is about something that is looked at now. */
static void renew(struct kept_times *times, struct times_table_entry *entry)
{
	entry->old = false;
	entry->stamp = ++times->stamp;
	times->changes++;
}

/* ENTRY, which has new evidence, may be the next whose time tells. */
static void note_due(struct kept_times *times, const struct times_table_entry *entry)
{
	int64_t due = times_evidence_due(&entry->evidence);

	if (due < times->due)
		times->due = due;
}

/* kept_times_put; WRITTEN: what was known of the content or the names does not count any more. Returns the entry, with the lock held. */
static struct times_table_entry *put(struct kept_times *times, const char *path, const struct board_stat *on_board,
				     const struct kept_times_pair *pair, bool written)
{
	char *full = on_board_path(times, path);
	struct times_table_entry *entry;

	lock(times);
	entry = full ? times_table_make(&times->table, full) : NULL;
	free(full);
	if (!entry)
		return NULL;
	times_evidence_put(&entry->evidence, on_board, written, times->now());
	note_due(times, entry);
	entry->atime = pair->atime;
	entry->mtime = pair->mtime;
	renew(times, entry);
	return entry;
}

void kept_times_put(struct kept_times *times, const char *path, const struct board_stat *on_board,
		    const struct kept_times_pair *pair)
{
	put(times, path, on_board, pair, false);
	unlock(times);
}

void kept_times_put_written(struct kept_times *times, const char *path, const struct board_stat *on_board,
			    const struct kept_times_pair *pair, const uint8_t *hash)
{
	struct times_table_entry *entry = put(times, path, on_board, pair, true);

	if (entry && hash)
		times_evidence_set_hash(&entry->evidence, hash);
	unlock(times);
}

void kept_times_put_made(struct kept_times *times, const char *path, const struct kept_times_pair *pair)
{
	struct times_table_entry *entry = put(times, path, &(struct board_stat){.is_dir = true}, pair, true);

	if (entry)
		times_evidence_set_names(&entry->evidence, 0);
	unlock(times);
}

void kept_times_note_name(struct kept_times *times, const char *path, enum kept_times_change change, const struct timespec *now)
{
	const struct kept_times_pair pair = {*now, *now};
	const char *slash = strrchr(path, '/');
	char *dir = strndup(path, slash == path ? 1 : (size_t)(slash - path));
	struct times_table_entry *entry;

	if (!dir)
		return;
	entry = put(times, dir, &(struct board_stat){.is_dir = true}, &pair, false);
	if (entry)
		entry->evidence.names += (uint64_t)change * times_evidence_hash_name(slash + 1);
	unlock(times);
	free(dir);
}

/* kept_times_get of ENTRY, which may be NULL, with the lock held. */
static enum kept_times_answer look_at(struct kept_times *times, struct times_table_entry *entry,
				      const struct board_stat *on_board, struct kept_times_pair *pair)
{
	if (!entry)
		return KEPT_TIMES_NONE;
	if (!times_evidence_is_about(&entry->evidence, on_board)) {
		/* What was put in this session may be newer than ON_BOARD. */
		if (entry->old)
			drop(times, entry);
		return KEPT_TIMES_NONE;
	}
	if (entry->evidence.proof == TIMES_TO_CHECK && times_evidence_is_wanted(&entry->evidence))
		return KEPT_TIMES_ASK;
	*pair = (struct kept_times_pair){.atime = entry->atime, .mtime = entry->mtime};
	return KEPT_TIMES_FOUND;
}

enum kept_times_answer kept_times_get(struct kept_times *times, const char *path, const struct board_stat *on_board,
				      struct kept_times_pair *pair)
{
	char *full = on_board_path(times, path);
	enum kept_times_answer answer = KEPT_TIMES_NONE;

	lock(times);
	if (full)
		answer = look_at(times, times_table_find(&times->table, full), on_board, pair);
	unlock(times);
	free(full);
	return answer;
}

/* ---- evidence ---- */

/* The name in FULL, when that is something in directory DIR itself, and not below; NULL otherwise. */
static const char *name_in(const char *full, const char *dir)
{
	size_t len = strcmp(dir, "/") == 0 ? 0 : strlen(dir);

	if (strncmp(full, dir, len) != 0 || full[len] != '/' || !full[len + 1] || strchr(full + len + 1, '/'))
		return NULL;
	return full + len + 1;
}

/* Marks the entries of what is in LISTING of directory DIR. Returns the sum of the names' hashes. */
static uint64_t mark_listed(struct kept_times *times, const char *dir, const struct listing *listing)
{
	uint64_t names = 0;
	struct times_table_entry *entry;
	char *full;
	size_t i;

	times->listings++;
	for (i = 0; i < listing->count; i++) {
		names += times_evidence_hash_name(listing->entries[i].name);
		if (asprintf(&full, "%s/%s", strcmp(dir, "/") == 0 ? "" : dir, listing->entries[i].name) < 0)
			continue;
		entry = times_table_find(&times->table, full);
		if (entry)
			entry->seen = times->listings;
		free(full);
	}
	return names;
}

struct unlisted {
	const char *dir;
	unsigned long listing;
};

static bool is_unlisted(struct times_table_entry *entry, void *context)
{
	const struct unlisted *unlisted = context;

	return entry->old && entry->seen != unlisted->listing && name_in(entry->path, unlisted->dir);
}

/* Old entries of what was in DIR, and is not in the listing that was marked. What lies deeper stays: a card that is put in again. */
static void drop_unlisted(struct kept_times *times, const char *dir)
{
	struct unlisted unlisted = {dir, times->listings};

	times->changes += times_table_drop_if(&times->table, is_unlisted, &unlisted);
}

uint64_t kept_times_moment(struct kept_times *times)
{
	uint64_t moment;

	lock(times);
	moment = times->stamp;
	unlock(times);
	return moment;
}

void kept_times_listed(struct kept_times *times, const char *path, const struct listing *listing, uint64_t moment)
{
	char *dir = on_board_path(times, path);
	struct times_table_entry *entry;
	uint64_t names;

	if (!dir)
		return;
	lock(times);
	names = mark_listed(times, dir, listing);
	drop_unlisted(times, dir);
	entry = times_table_find(&times->table, dir);
	if (entry && entry->evidence.on_board.is_dir && entry->stamp <= moment && moment >= times->doubted) {
		times->changes += entry->evidence.proof == TIMES_UNPROVED;
		if (!times_evidence_check_names(&entry->evidence, names))
			drop(times, entry);
	}
	unlock(times);
	free(dir);
}

/* Adds a question about ENTRY to the COUNT there are. Returns how many there are then. */
static size_t add_question(struct kept_times *times, const struct times_table_entry *entry, struct kept_times_question *questions,
			   size_t count)
{
	const struct board_stat *on_board = &entry->evidence.on_board;
	const char *path = mount_path(times, entry->path);
	char *copy = path ? strdup(path) : NULL;

	if (!copy)
		return count;
	questions[count] = (struct kept_times_question){copy, on_board->is_dir, on_board->size, times->stamp};
	return count + 1;
}

/* ENTRY can be added to questions for BYTES. */
static bool fits_in_group(const struct times_table_entry *entry, uint64_t bytes)
{
	return times_evidence_is_to_compare(&entry->evidence) && entry->evidence.on_board.size + bytes <= GROUP_BYTES;
}

size_t kept_times_group(struct kept_times *times, const char *path, struct kept_times_question *questions, size_t most)
{
	char *full = on_board_path(times, path), *dir;
	struct times_table_entry *first, *entry = NULL;
	uint64_t bytes = 0;
	size_t count = 0;

	if (!full)
		return 0;
	lock(times);
	first = times_table_find(&times->table, full);
	if (first && times_evidence_is_to_compare(&first->evidence)) {
		count = add_question(times, first, questions, 0);
		bytes = first->evidence.on_board.size;
	}
	dir = strrchr(full, '/');
	dir[dir == full] = '\0';
	while (count > 0 && count < most && (entry = times_table_next(&times->table, entry))) {
		if (entry == first || !fits_in_group(entry, bytes) || !name_in(entry->path, full))
			continue;
		count = add_question(times, entry, questions, count);
		bytes += entry->evidence.on_board.size;
	}
	unlock(times);
	free(full);
	return count;
}

size_t kept_times_unproved(struct kept_times *times, struct kept_times_question *questions, size_t most)
{
	struct times_table_entry *entry = NULL;
	size_t count = 0;

	lock(times);
	while (count < most && (entry = times_table_next(&times->table, entry))) {
		if (times_evidence_is_missing(&entry->evidence))
			count = add_question(times, entry, questions, count);
	}
	unlock(times);
	return count;
}

void kept_times_answer(struct kept_times *times, const struct kept_times_question *question, const uint8_t *hash)
{
	char *full = on_board_path(times, question->path);
	struct times_table_entry *entry;

	if (!full)
		return;
	lock(times);
	entry = times_table_find(&times->table, full);
	if (entry && entry->stamp <= question->moment && question->moment >= times->doubted && !entry->evidence.on_board.is_dir) {
		times->changes += entry->evidence.proof == TIMES_UNPROVED;
		if (!hash || !times_evidence_check_hash(&entry->evidence, hash, times->watched))
			drop(times, entry);
		else
			note_due(times, entry);
	}
	unlock(times);
	free(full);
}

/* ---- the steps of the board's time ---- */

int64_t kept_times_now(struct kept_times *times)
{
	return times->now();
}

bool kept_times_wants_look(struct kept_times *times)
{
	bool wants;

	lock(times);
	wants = times->due <= times->now();
	unlock(times);
	return wants;
}

void kept_times_looked(struct kept_times *times, int64_t asked)
{
	struct times_table_entry *entry = NULL;

	lock(times);
	times->changes += times->due <= asked;
	times->due = INT64_MAX;
	while ((entry = times_table_next(&times->table, entry))) {
		times_evidence_age(&entry->evidence, asked);
		note_due(times, entry);
	}
	unlock(times);
}

int64_t kept_times_wait(struct kept_times *times, bool hashes)
{
	struct times_table_entry *entry = NULL;
	int64_t now = times->now(), last = now, due;

	lock(times);
	while ((entry = times_table_next(&times->table, entry))) {
		due = times_evidence_due(&entry->evidence);
		if (due != INT64_MAX && due > last && (!hashes || !times_evidence_can_be_kept(&entry->evidence)))
			last = due;
	}
	unlock(times);
	return last - now;
}

/* ---- names ---- */

void kept_times_remove(struct kept_times *times, const char *path)
{
	char *full = on_board_path(times, path);

	if (!full)
		return;
	lock(times);
	times->changes += times_table_remove(&times->table, full);
	unlock(times);
	free(full);
}

void kept_times_rename(struct kept_times *times, const char *from, const char *to)
{
	char *full_from, *full_to;

	if (strcmp(from, to) == 0)
		return;
	full_from = on_board_path(times, from);
	full_to = on_board_path(times, to);
	lock(times);
	if (full_from && full_to) {
		times_table_rename(&times->table, full_from, full_to);
		times->changes++;
	}
	unlock(times);
	free(full_from);
	free(full_to);
}

/* ---- past this mount ---- */

uint64_t kept_times_changes(struct kept_times *times)
{
	uint64_t changes;

	lock(times);
	changes = times->changes;
	unlock(times);
	return changes;
}

int kept_times_encode(struct kept_times *times, const char *board, uint8_t **bytes, size_t *len)
{
	int rc;

	lock(times);
	rc = times_saved_encode(&times->table, board, bytes, len);
	unlock(times);
	return rc;
}

int kept_times_decode(struct kept_times *times, const char *board, const uint8_t *bytes, size_t len)
{
	int rc;

	lock(times);
	rc = times_saved_decode(&times->table, &times->stamp, board, bytes, len);
	if (rc == 0)
		doubt(times); /* evidence that should be there and is not */
	unlock(times);
	return rc;
}
