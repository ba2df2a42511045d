/* SPDX-License-Identifier: MIT */
#include "fuse/times_table.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { FIRST_BUCKETS = 64 };

int times_table_init(struct times_table *table)
{
	*table = (struct times_table){.bucket_count = FIRST_BUCKETS};
	table->buckets = calloc(table->bucket_count, sizeof(struct times_table_entry *));
	return table->buckets ? 0 : -ENOMEM;
}

void times_table_destroy(struct times_table *table)
{
	times_table_clear(table);
	free(table->buckets);
}

static bool every(struct times_table_entry *entry, void *context)
{
	(void)entry;
	(void)context;
	return true;
}

void times_table_clear(struct times_table *table)
{
	times_table_drop_if(table, every, NULL);
}

static struct times_table_entry **bucket(const struct times_table *table, uint64_t hash)
{
	return &table->buckets[hash & (table->bucket_count - 1)];
}

struct times_table_entry *times_table_find(const struct times_table *table, const char *path)
{
	uint64_t hash = times_evidence_hash_name(path);
	struct times_table_entry *entry = *bucket(table, hash);

	while (entry && (entry->hash != hash || strcmp(entry->path, path) != 0))
		entry = entry->next;
	return entry;
}

static void link_in(struct times_table *table, struct times_table_entry *entry)
{
	struct times_table_entry **first = bucket(table, entry->hash);

	entry->next = *first;
	*first = entry;
	table->count++;
}

/* Twice as many buckets when there are more entries than buckets. Without memory for them it goes on, slower. */
static void grow(struct times_table *table)
{
	struct times_table larger = {.bucket_count = table->bucket_count * 2};
	struct times_table_entry *entry, *next;
	size_t i;

	if (table->count <= table->bucket_count)
		return;
	larger.buckets = calloc(larger.bucket_count, sizeof(struct times_table_entry *));
	if (!larger.buckets)
		return;
	for (i = 0; i < table->bucket_count; i++) {
		for (entry = table->buckets[i]; entry; entry = next) {
			next = entry->next;
			link_in(&larger, entry);
		}
	}
	free(table->buckets);
	*table = larger;
}

static struct times_table_entry *new_entry(const char *path)
{
	size_t size = strlen(path) + 1;
	struct times_table_entry *entry = calloc(1, sizeof(*entry) + size);

	if (entry) {
		memcpy(entry->path, path, size);
		entry->hash = times_evidence_hash_name(path);
	}
	return entry;
}

struct times_table_entry *times_table_make(struct times_table *table, const char *path)
{
	struct times_table_entry *entry = times_table_find(table, path);

	if (entry)
		return entry;
	entry = new_entry(path);
	if (entry) {
		link_in(table, entry);
		grow(table);
	}
	return entry;
}

struct times_table_entry *times_table_next(const struct times_table *table, const struct times_table_entry *entry)
{
	struct times_table_entry **first = entry ? bucket(table, entry->hash) + 1 : table->buckets;
	struct times_table_entry **end = table->buckets + table->bucket_count;

	if (entry && entry->next)
		return entry->next;
	while (first < end && !*first)
		first++;
	return first < end ? *first : NULL;
}

/* Takes the entry that LINK points at out of its bucket. */
static struct times_table_entry *take_out(struct times_table *table, struct times_table_entry **link)
{
	struct times_table_entry *entry = *link;

	*link = entry->next;
	table->count--;
	return entry;
}

void times_table_drop(struct times_table *table, struct times_table_entry *entry)
{
	struct times_table_entry **link = bucket(table, entry->hash);

	while (*link != entry)
		link = &(*link)->next;
	free(take_out(table, link));
}

/* Takes those of which IS_MEANT says so out of the table, into a list. */
static struct times_table_entry *take_out_if(struct times_table *table, times_table_choice *is_meant, void *context)
{
	struct times_table_entry **link, *entry, *out = NULL;
	size_t i;

	for (i = 0; i < table->bucket_count; i++) {
		for (link = &table->buckets[i]; *link;) {
			if (!is_meant(*link, context)) {
				link = &(*link)->next;
				continue;
			}
			entry = take_out(table, link);
			entry->next = out;
			out = entry;
		}
	}
	return out;
}

size_t times_table_drop_if(struct times_table *table, times_table_choice *goes, void *context)
{
	struct times_table_entry *entry, *next = take_out_if(table, goes, context);
	size_t count;

	for (count = 0; (entry = next); count++) {
		next = entry->next;
		free(entry);
	}
	return count;
}

/* What follows PREFIX in PATH: "" for PATH itself, "/..." for what is below it, NULL for what is neither. */
static const char *tail_below(const char *path, const char *prefix)
{
	size_t len = strcmp(prefix, "/") == 0 ? 0 : strlen(prefix);

	if (strncmp(path, prefix, len) != 0)
		return NULL;
	return path[len] == '\0' || path[len] == '/' ? path + len : NULL;
}

static bool is_below(struct times_table_entry *entry, void *context)
{
	const char *const *path = context;

	return tail_below(entry->path, *path) != NULL;
}

size_t times_table_remove(struct times_table *table, const char *path)
{
	return times_table_drop_if(table, is_below, &path);
}

/* ENTRY under the path that starts with TO where it started with FROM; NULL where there is no memory. */
static struct times_table_entry *renamed(const struct times_table_entry *entry, const char *from, const char *to)
{
	const char *tail = tail_below(entry->path, from);
	size_t to_len = strlen(to), tail_size = strlen(tail) + 1;
	struct times_table_entry *copy = malloc(sizeof(*copy) + to_len + tail_size);

	if (copy) {
		*copy = *entry;
		memcpy(copy->path, to, to_len);
		memcpy(copy->path + to_len, tail, tail_size);
		copy->hash = times_evidence_hash_name(copy->path);
		copy->old = false;
	}
	return copy;
}

void times_table_rename(struct times_table *table, const char *from, const char *to)
{
	struct times_table_entry *entry, *copy, *moving;

	times_table_remove(table, to);
	moving = take_out_if(table, is_below, &from); /* all at once, so that none is met twice */
	while ((entry = moving)) {
		moving = entry->next;
		copy = renamed(entry, from, to);
		if (copy)
			link_in(table, copy);
		free(entry);
	}
}
