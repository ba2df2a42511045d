/* SPDX-License-Identifier: MIT */
#include "fuse/times_saved.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { ENCODED_MAX = 4 << 20 /* bytes */ };

static bool can_be_kept(const struct times_table_entry *entry)
{
	return strlen(entry->path) < TIMES_PATH_MAX && times_evidence_can_be_kept(&entry->evidence);
}

static struct times_entry to_codec(const struct times_table_entry *entry)
{
	struct times_entry out = {.path = entry->path, .atime = entry->atime, .mtime = entry->mtime};

	times_evidence_encode(&entry->evidence, &out);
	return out;
}

static int newest_first(const void *a, const void *b)
{
	const struct times_table_entry *const *left = a, *const *right = b;

	return ((*left)->stamp < (*right)->stamp) - ((*left)->stamp > (*right)->stamp);
}

/* All that can be kept, the newest first, in an array to be freed; NULL: no memory. */
static const struct times_table_entry **sorted(const struct times_table *table, size_t *count)
{
	const struct times_table_entry **all = calloc(table->count + 1, sizeof(struct times_table_entry *)), *entry = NULL;

	*count = 0;
	while (all && (entry = times_table_next(table, entry))) {
		if (can_be_kept(entry))
			all[(*count)++] = entry;
	}
	if (all)
		qsort(all, *count, sizeof(struct times_table_entry *), newest_first);
	return all;
}

/* The first of ALL, COUNT of them, in as many bytes as may be. */
static int encode(const struct times_table_entry **all, size_t count, const char *board, uint8_t **bytes, size_t *len)
{
	size_t size = times_codec_head_size(board), kept = 0;
	struct times_entry entry;
	uint8_t *at;

	for (; kept < count && kept < TIMES_SAVED_MAX; kept++) {
		entry = to_codec(all[kept]);
		if (size + times_codec_entry_size(&entry) > ENCODED_MAX)
			break;
		size += times_codec_entry_size(&entry);
	}
	*bytes = malloc(size);
	if (!*bytes)
		return -ENOMEM;
	at = times_codec_put_head(*bytes, board);
	/* The oldest first, so that they are the oldest when they are read. */
	while (kept > 0) {
		entry = to_codec(all[--kept]);
		at = times_codec_put_entry(at, &entry);
	}
	*len = (size_t)(times_codec_put_end(*bytes, at) - *bytes);
	return 0;
}

int times_saved_encode(const struct times_table *table, const char *board, uint8_t **bytes, size_t *len)
{
	const struct times_table_entry **all;
	size_t count;
	int rc = -ENOMEM;

	*bytes = NULL;
	*len = 0;
	all = sorted(table, &count);
	if (all)
		rc = encode(all, count, board, bytes, len);
	free(all);
	return rc;
}

/* Takes over what was kept. Returns 0 or -ENOMEM. */
static int from_codec(struct times_table *table, const struct times_entry *in, uint64_t stamp)
{
	struct times_table_entry *entry = times_table_make(table, in->path);

	if (!entry)
		return -ENOMEM;
	times_evidence_decode(&entry->evidence, in);
	entry->atime = in->atime;
	entry->mtime = in->mtime;
	entry->old = true;
	entry->stamp = stamp;
	return 0;
}

int times_saved_decode(struct times_table *table, uint64_t *stamp, const char *board, const uint8_t *bytes, size_t len)
{
	struct times_reader reader;
	struct times_entry entry;
	int rc = times_codec_read(&reader, bytes, len, board) ? 1 : -EBADMSG;

	while (rc > 0 && (rc = times_codec_next(&reader, &entry)) > 0) {
		int error = from_codec(table, &entry, ++*stamp);

		rc = error < 0 ? error : 1;
	}
	if (rc < 0)
		times_table_clear(table);
	return rc;
}
