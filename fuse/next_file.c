/* SPDX-License-Identifier: MIT */
#include "fuse/next_file.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ENTRIES_MAX = 4096 }; /* a larger directory is not worth the memory */

enum order { BY_NUMBER, BY_NAME, ORDERS };

struct entry {
	char *name;
	uint64_t number, size;
};

struct next_file {
	struct board *board;
	pthread_mutex_t lock; /* guards all below */
	char *last;           /* the path that was read last */
	char *dir;            /* the directory of `entries`; NULL: none */
	struct entry *entries;
	size_t count;
};

/* While a directory is listed. */
struct listing {
	struct next_file *next;
	next_file_number_fn *number;
	void *context;
};

int next_file_open(struct next_file **out, struct board *board)
{
	struct next_file *next = calloc(1, sizeof(*next));

	*out = next;
	if (!next)
		return -ENOMEM;
	next->board = board;
	pthread_mutex_init(&next->lock, NULL);
	return 0;
}

static void forget_entries(struct next_file *next)
{
	for (size_t i = 0; i < next->count; i++)
		free(next->entries[i].name);
	free(next->entries);
	free(next->dir);
	next->entries = NULL;
	next->dir = NULL;
	next->count = 0;
}

void next_file_close(struct next_file *next)
{
	if (!next)
		return;
	forget_entries(next);
	free(next->last);
	pthread_mutex_destroy(&next->lock);
	free(next);
}

static int add_entry(void *context, const char *name, const struct board_stat *stat)
{
	struct listing *listing = context;
	struct next_file *next = listing->next;

	if (stat->is_dir)
		return 0;
	if (next->count == ENTRIES_MAX)
		return -E2BIG;
	if (!(next->count & (next->count - 1))) {
		size_t room = next->count ? 2 * next->count : 1;
		struct entry *larger = realloc(next->entries, room * sizeof(*larger));
		if (!larger)
			return -ENOMEM;
		next->entries = larger;
	}
	struct entry entry = {.name = strdup(name), .number = listing->number(listing->context, name), .size = stat->size};
	if (!entry.name)
		return -ENOMEM;
	next->entries[next->count++] = entry;
	return 0;
}

/* The bytes of PATH's directory, without the last slash. */
static size_t dir_len(const char *path)
{
	return (size_t)(strrchr(path, '/') - path);
}

static bool same_dir(const char *a, const char *b)
{
	return dir_len(a) == dir_len(b) && !memcmp(a, b, dir_len(a));
}

static bool know_dir(struct next_file *next, const char *path, struct listing *listing)
{
	size_t len = dir_len(path);

	if (next->dir && strlen(next->dir) == len && !memcmp(next->dir, path, len))
		return true;
	forget_entries(next);
	next->dir = strndup(path, len);
	if (!next->dir || board_list(next->board, len ? next->dir : "/", add_entry, listing)) {
		forget_entries(next);
		return false;
	}
	return true;
}

static int compare(const struct entry *a, const struct entry *b, enum order order)
{
	if (order == BY_NAME)
		return strcmp(a->name, b->name);
	return a->number < b->number ? -1 : a->number > b->number;
}

static const struct entry *find(const struct next_file *next, const char *path)
{
	for (size_t i = 0; i < next->count; i++)
		if (!strcmp(next->entries[i].name, path + dir_len(path) + 1))
			return &next->entries[i];
	return NULL;
}

/* The entry behind ENTRY in ORDER; NULL: it is the last. */
static const struct entry *behind(const struct next_file *next, const struct entry *entry, enum order order)
{
	const struct entry *best = NULL;

	for (size_t i = 0; entry && i < next->count; i++) {
		const struct entry *other = &next->entries[i];

		if (compare(other, entry, order) > 0 && (!best || compare(other, best, order) < 0))
			best = other;
	}
	return best;
}

/* The file behind PATH in the order in which PATH is behind the last one. */
static const struct entry *guess(const struct next_file *next, const char *path)
{
	const struct entry *now = find(next, path), *before = find(next, next->last);

	for (enum order order = 0; now && before && order < ORDERS; order++)
		if (behind(next, before, order) == now)
			return behind(next, now, order);
	return NULL;
}

static void hint(struct next_file *next, const struct entry *entry)
{
	char *path;

	if (asprintf(&path, "%s/%s", next->dir, entry->name) < 0)
		return;
	board_ahead(next->board, path, entry->size);
	free(path);
}

void next_file_reading(struct next_file *next, const char *path, next_file_number_fn *number, void *context)
{
	struct listing listing = {.next = next, .number = number, .context = context};
	const struct entry *entry = NULL;

	pthread_mutex_lock(&next->lock);
	if (next->last && strcmp(next->last, path) && same_dir(next->last, path) && know_dir(next, path, &listing))
		entry = guess(next, path);
	if (entry)
		hint(next, entry);
	else if (next->dir && (!next->last || !same_dir(next->last, path)))
		forget_entries(next);
	free(next->last);
	next->last = strdup(path);
	pthread_mutex_unlock(&next->lock);
}
