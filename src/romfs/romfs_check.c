/* SPDX-License-Identifier: MIT */
#include "romfs/romfs_check.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Of several faults the one that stands first in the image is kept. */
static void note(struct romfs_check *check, size_t offset, const char *what, const char *path)
{
	if (check->fault.what && check->fault.offset <= offset)
		return;
	check->fault = (struct romfs_fault){offset, what};
	memcpy(check->path, path, strlen(path) + 1);
}

/* In the order of their bytes; of equal names the one that stands first in the image. */
static int compare_entries(const void *left, const void *right)
{
	const struct romfs_entry *a = left, *b = right;
	int order = memcmp(a->name, b->name, a->name_len < b->name_len ? a->name_len : b->name_len);

	if (order == 0)
		order = (a->name_len > b->name_len) - (a->name_len < b->name_len);
	return order ? order : (a->offset > b->offset) - (a->offset < b->offset);
}

static bool same_name(const struct romfs_entry *a, const struct romfs_entry *b)
{
	return a->name_len == b->name_len && memcmp(a->name, b->name, a->name_len) == 0;
}

/* Counts the good entries of a directory. IN_ORDER: each name comes after the one before it, so none can be there twice. */
static size_t count_entries(const struct romfs_reader *reader, struct romfs_cursor cursor, bool *in_order)
{
	struct romfs_entry last = {.name = ""}, entry;
	struct romfs_fault fault;
	size_t count = 0;

	*in_order = true;
	while (romfs_reader_next(reader, &cursor, &entry, &fault) > 0) {
		if (count++ > 0 && (same_name(&last, &entry) || compare_entries(&last, &entry) > 0))
			*in_order = false;
		last = entry;
	}
	return count;
}

/* The second of two entries with one name, in *AGAIN: 1; 0: there are none. Of several that which stands first in the image. */
static int find_twin(const struct romfs_reader *reader, struct romfs_cursor cursor, struct romfs_entry *again)
{
	struct romfs_fault fault;
	struct romfs_entry *entries;
	bool in_order;
	size_t count = count_entries(reader, cursor, &in_order), i;
	int found = 0;

	if (in_order)
		return 0;
	entries = calloc(count, sizeof(*entries));
	if (!entries)
		return -ENOMEM;
	for (i = 0; i < count; i++)
		romfs_reader_next(reader, &cursor, &entries[i], &fault);
	qsort(entries, count, sizeof(*entries), compare_entries);
	for (i = 1; i < count; i++) {
		if (!same_name(&entries[i - 1], &entries[i]) || (found && again->offset < entries[i].offset))
			continue;
		*again = entries[i];
		found = 1;
	}
	free(entries);
	return found;
}

/* PATH is the directory's that CURSOR is at the start of. */
static int check_names(struct romfs_check *check, const struct romfs_reader *reader, struct romfs_cursor cursor, const char *path)
{
	struct romfs_entry again;
	int rc = find_twin(reader, cursor, &again);

	if (rc > 0)
		note(check, again.offset, "a directory has two entries of the same name", path);
	return rc < 0 ? rc : 0;
}

static int check_entry(struct romfs_check *check, const struct romfs_walk *walk, const struct romfs_entry *entry)
{
	if (!entry->is_dir) {
		check->files++;
		return 0;
	}
	check->directories++;
	return check_names(check, walk->reader, romfs_reader_inside(entry), walk->path);
}

int romfs_check_records(struct romfs_check *check, const struct romfs_reader *reader)
{
	struct romfs_walk walk;
	struct romfs_entry entry;
	struct romfs_fault fault;
	int rc, found;

	*check = (struct romfs_check){0};
	romfs_walk_start(&walk, reader);
	rc = check_names(check, reader, romfs_reader_top(reader), "");
	while (rc == 0 && (found = romfs_walk_next(&walk, &entry, &fault)) != 0) {
		if (found < 0)
			note(check, fault.offset, fault.what, walk.path);
		else
			rc = check_entry(check, &walk, &entry);
	}
	if (reader->size % 2)
		note(check, 0, "the image's length is not even", "");
	return rc == 0 && check->fault.what ? -EBADMSG : rc;
}

int romfs_check_bytecode(struct romfs_check *check, const struct romfs_reader *reader, romfs_check_mpy_fn *each, void *context)
{
	struct romfs_walk walk;
	struct romfs_entry entry;
	struct romfs_fault fault;
	struct mpy_header header;
	const char *what;

	romfs_walk_start(&walk, reader);
	while (romfs_walk_next(&walk, &entry, &fault) > 0) {
		if (entry.is_dir || !mpy_is_name(entry.name, entry.name_len))
			continue;
		what = mpy_parse(&header, reader->bytes + entry.content, entry.size);
		if (each)
			each(context, walk.path, &header, what);
		if (what)
			note(check, entry.content, what, walk.path);
	}
	return check->fault.what ? -EBADMSG : 0;
}

int romfs_check_fail(const struct romfs_check *check, const char *path, struct diag *diag)
{
	const char *in = check->path[0] ? " in " : "";
	char image[DIAG_PATH_SIZE], entry[DIAG_PATH_SIZE], name[DIAG_PATH_SIZE];
	const char *whole = diag_path(entry, check->path);

	diag_printable_line(name, sizeof(name), whole, strlen(whole));
	return diag_fail(diag, DIAG_ROMFS, EBADMSG, "%s: at offset %zu%s%s: %s", diag_path(image, path), check->fault.offset, in,
			 name, check->fault.what);
}
