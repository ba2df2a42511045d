/* SPDX-License-Identifier: MIT */
#include "fuse/kept_times.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

struct entry {
	struct entry *next; /* in its bucket */
	struct board_stat on_board;
	bool adopt; /* the board's time is not known yet: the next one seen is taken for it */
	struct kept_times_pair pair;
	char path[];
};

struct kept_times {
	pthread_mutex_t lock;
	struct entry **buckets;
	size_t bucket_count; /* a power of two */
	size_t entry_count;
};

enum { FIRST_BUCKETS = 64 };

int kept_times_open(struct kept_times **out)
{
	struct kept_times *times = calloc(1, sizeof(*times));

	*out = NULL;
	if (!times)
		return -ENOMEM;
	times->bucket_count = FIRST_BUCKETS;
	times->buckets = calloc(times->bucket_count, sizeof(struct entry *));
	if (!times->buckets) {
		free(times);
		return -ENOMEM;
	}
	pthread_mutex_init(&times->lock, NULL);
	*out = times;
	return 0;
}

void kept_times_close(struct kept_times *times)
{
	struct entry *entry, *next;
	size_t i;

	if (!times)
		return;
	for (i = 0; i < times->bucket_count; i++) {
		for (entry = times->buckets[i]; entry; entry = next) {
			next = entry->next;
			free(entry);
		}
	}
	pthread_mutex_destroy(&times->lock);
	free(times->buckets);
	free(times);
}

/* FNV-1a of 64 bits. */
static uint64_t hash(const char *path)
{
	uint64_t sum = 0xcbf29ce484222325u;

	for (; *path; path++)
		sum = (sum ^ (unsigned char)*path) * 0x100000001b3u;
	return sum;
}

/* The link that points at PATH's entry, or at the NULL where it would stand. */
static struct entry **find(struct kept_times *times, const char *path)
{
	struct entry **link = &times->buckets[hash(path) & (times->bucket_count - 1)];

	while (*link && strcmp((*link)->path, path) != 0)
		link = &(*link)->next;
	return link;
}

static void link_in(struct kept_times *times, struct entry *entry)
{
	struct entry **bucket = &times->buckets[hash(entry->path) & (times->bucket_count - 1)];

	entry->next = *bucket;
	*bucket = entry;
	times->entry_count++;
}

static void drop(struct kept_times *times, struct entry **link)
{
	struct entry *entry = *link;

	if (!entry)
		return;
	*link = entry->next;
	times->entry_count--;
	free(entry);
}

/* Twice as many buckets when there are more entries than buckets. Without memory for them it goes on, slower. */
static void grow(struct kept_times *times)
{
	struct entry **old = times->buckets, *entry, *next;
	size_t old_count = times->bucket_count, i;

	if (times->entry_count <= times->bucket_count)
		return;
	times->buckets = calloc(old_count * 2, sizeof(struct entry *));
	if (!times->buckets) {
		times->buckets = old;
		return;
	}
	times->bucket_count = old_count * 2;
	times->entry_count = 0;
	for (i = 0; i < old_count; i++) {
		for (entry = old[i]; entry; entry = next) {
			next = entry->next;
			link_in(times, entry);
		}
	}
	free(old);
}

static struct entry *new_entry(const char *path)
{
	size_t size = strlen(path) + 1;
	struct entry *entry = calloc(1, sizeof(*entry) + size);

	if (entry)
		memcpy(entry->path, path, size);
	return entry;
}

void kept_times_put(struct kept_times *times, const char *path, const struct board_stat *on_board,
		    const struct kept_times_pair *pair)
{
	struct entry *entry;

	pthread_mutex_lock(&times->lock);
	entry = *find(times, path);
	if (!entry) {
		entry = new_entry(path);
		if (entry)
			link_in(times, entry);
	}
	if (entry) {
		entry->on_board = *on_board;
		entry->adopt = on_board->is_dir;
		entry->pair = *pair;
		grow(times);
	}
	pthread_mutex_unlock(&times->lock);
}

static bool same_on_board(const struct board_stat *a, const struct board_stat *b)
{
	return a->is_dir == b->is_dir && a->mtime == b->mtime && (a->is_dir || a->size == b->size);
}

bool kept_times_get(struct kept_times *times, const char *path, const struct board_stat *on_board, struct kept_times_pair *pair)
{
	struct entry *entry;
	bool found;

	pthread_mutex_lock(&times->lock);
	entry = *find(times, path);
	if (entry && entry->adopt && on_board->is_dir) {
		entry->on_board = *on_board;
		entry->adopt = false;
	}
	found = entry && same_on_board(&entry->on_board, on_board);
	if (found)
		*pair = entry->pair;
	pthread_mutex_unlock(&times->lock);
	return found;
}

/* What follows PREFIX in PATH: "" for PATH itself, "/..." for what is below it, NULL for what is neither. */
static const char *tail_below(const char *path, const char *prefix)
{
	size_t len = strcmp(prefix, "/") == 0 ? 0 : strlen(prefix);

	if (strncmp(path, prefix, len) != 0)
		return NULL;
	return path[len] == '\0' || path[len] == '/' ? path + len : NULL;
}

static void remove_below(struct kept_times *times, const char *path)
{
	struct entry **link;
	size_t i;

	for (i = 0; i < times->bucket_count; i++) {
		for (link = &times->buckets[i]; *link;) {
			if (tail_below((*link)->path, path))
				drop(times, link);
			else
				link = &(*link)->next;
		}
	}
}

void kept_times_remove(struct kept_times *times, const char *path)
{
	pthread_mutex_lock(&times->lock);
	remove_below(times, path);
	pthread_mutex_unlock(&times->lock);
}

/* ENTRY under the path that starts with TO where it started with FROM; NULL where there is no memory. Frees ENTRY. */
static struct entry *renamed(struct entry *entry, const char *from, const char *to)
{
	const char *tail = tail_below(entry->path, from);
	size_t to_len = strlen(to), tail_size = strlen(tail) + 1;
	struct entry *copy = malloc(sizeof(*copy) + to_len + tail_size);

	if (copy) {
		*copy = *entry;
		memcpy(copy->path, to, to_len);
		memcpy(copy->path + to_len, tail, tail_size);
	}
	free(entry);
	return copy;
}

void kept_times_rename(struct kept_times *times, const char *from, const char *to)
{
	struct entry **link, *entry, *moving = NULL;
	size_t i;

	if (strcmp(from, to) == 0)
		return;
	pthread_mutex_lock(&times->lock);
	remove_below(times, to);
	/* First all are taken out, so that none is met twice. */
	for (i = 0; i < times->bucket_count; i++) {
		for (link = &times->buckets[i]; (entry = *link);) {
			if (!tail_below(entry->path, from)) {
				link = &entry->next;
				continue;
			}
			*link = entry->next;
			times->entry_count--;
			entry->next = moving;
			moving = entry;
		}
	}
	while ((entry = moving)) {
		moving = entry->next;
		entry = renamed(entry, from, to);
		if (entry)
			link_in(times, entry);
	}
	pthread_mutex_unlock(&times->lock);
}
