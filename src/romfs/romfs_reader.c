/* SPDX-License-Identifier: MIT */
#include "romfs/romfs_reader.h"

#include <errno.h>
#include <string.h>

#include "romfs/romfs_format.h"

struct record {
	uint32_t kind;
	size_t start;   /* of the record */
	size_t at, end; /* of what it holds */
};

static const char cut_short[] = "the image is cut short, and more was to come here";

static int bad(struct romfs_fault *fault, size_t offset, const char *what)
{
	*fault = (struct romfs_fault){offset, what};
	return -EBADMSG;
}

/* A number that should end before END is none; where the image is cut short before END, that is why. */
static int no_number(const struct romfs_reader *reader, size_t end, struct romfs_fault *fault, size_t offset, const char *what)
{
	return bad(fault, offset, end > reader->present ? cut_short : what);
}

/*
 * Takes the record at *AT, which ends at END at the latest. After a fault *AT is END. Of what a record of an image that is cut short
 * holds only the start may be there; its kind and its length are.
 */
static int take_record(const struct romfs_reader *reader, size_t *at, size_t end, struct record *record,
		       struct romfs_fault *fault)
{
	const size_t present = end < reader->present ? end : reader->present;
	size_t here = *at;
	uint32_t len;

	record->start = here;
	*at = end;
	if (here >= present)
		return bad(fault, present, cut_short);
	if (romfs_format_get_number(reader->bytes, &here, present, &record->kind) < 0)
		return no_number(reader, end, fault, record->start, "the kind of a record is no number");
	if (record->kind == ROMFS_UNUSED)
		return bad(fault, record->start, "a record of kind 0, which stands for damage");
	if (romfs_format_get_number(reader->bytes, &here, present, &len) < 0)
		return no_number(reader, end, fault, record->start, "the length of a record is no number");
	if (!romfs_format_fits(here, len, end))
		return bad(fault, record->start, "a record reaches beyond the end of what it lies in");
	record->at = here;
	record->end = *at = here + len;
	return 0;
}

int romfs_reader_open_cut(struct romfs_reader *reader, const void *bytes, size_t len, struct romfs_fault *fault)
{
	size_t at = ROMFS_MAGIC_SIZE;
	uint32_t size;

	*fault = (struct romfs_fault){0};
	if (len == 0)
		return bad(fault, 0, "this is no ROM image: it is empty");
	if (len < ROMFS_MAGIC_SIZE || memcmp(bytes, ROMFS_MAGIC, ROMFS_MAGIC_SIZE) != 0)
		return bad(fault, 0, "this is no ROM image: it does not begin with d2 cd 31");
	if (romfs_format_get_number(bytes, &at, len, &size) < 0)
		return bad(fault, ROMFS_MAGIC_SIZE, "the image's length is no number");
	if (!romfs_format_fits(at, size, SIZE_MAX))
		return bad(fault, ROMFS_MAGIC_SIZE, "the image is larger than this computer's memory");
	*reader = (struct romfs_reader){.bytes = bytes, .size = at + size, .present = at + size, .top = at};
	if (romfs_format_fits(at, size, len))
		return 0;
	reader->present = len;
	*fault = (struct romfs_fault){ROMFS_MAGIC_SIZE, "the image is cut short: it says that it is longer"};
	return 0;
}

int romfs_reader_open(struct romfs_reader *reader, const void *bytes, size_t len, struct romfs_fault *fault)
{
	int rc = romfs_reader_open_cut(reader, bytes, len, fault);

	return rc == 0 && fault->what ? -EBADMSG : rc;
}

struct romfs_cursor romfs_reader_top(const struct romfs_reader *reader)
{
	return (struct romfs_cursor){reader->top, reader->size};
}

struct romfs_cursor romfs_reader_inside(const struct romfs_entry *entry)
{
	return (struct romfs_cursor){entry->content, entry->content + entry->size};
}

static int take_pointer(const struct romfs_reader *reader, const struct record *record, struct romfs_entry *entry,
			struct romfs_fault *fault)
{
	size_t at = record->at, room = reader->size - reader->top;
	uint32_t size, offset;

	if (romfs_format_get_number(reader->bytes, &at, record->end, &size) < 0 ||
	    romfs_format_get_number(reader->bytes, &at, record->end, &offset) < 0)
		return bad(fault, record->start, "a pointer to data is no pair of numbers");
	if (!romfs_format_fits(offset, size, room))
		return bad(fault, record->start, "a pointer to data leads out of the image");
	if (size > 0 && !romfs_format_fits(reader->top + offset, size, reader->present))
		return bad(fault, record->start, "a pointer leads to data that was cut off");
	entry->is_pointer = true;
	entry->content = reader->top + offset;
	entry->size = size;
	return 0;
}

/* Looks at all records of a file, which lie from AT to END. The first with data counts. */
static int take_content(const struct romfs_reader *reader, size_t at, size_t end, struct romfs_entry *entry,
			struct romfs_fault *fault)
{
	struct record record;
	bool found = false;
	int rc = 0;

	if (end > reader->present)
		return bad(fault, entry->offset, "the image is cut short in a file");
	while (at < end && rc == 0) {
		rc = take_record(reader, &at, end, &record, fault);
		if (rc < 0 || found || (record.kind != ROMFS_VERBATIM && record.kind != ROMFS_POINTER))
			continue;
		found = true;
		entry->content = record.at;
		entry->size = record.end - record.at;
		if (record.kind == ROMFS_POINTER)
			rc = take_pointer(reader, &record, entry, fault);
	}
	if (rc == 0 && !found)
		return bad(fault, entry->offset, "a file has no data record");
	return rc;
}

static int take_entry(const struct romfs_reader *reader, const struct record *record, struct romfs_entry *entry,
		      struct romfs_fault *fault)
{
	const char *name;
	const size_t end = record->end < reader->present ? record->end : reader->present;
	size_t at = record->at;
	uint32_t len;

	entry->offset = record->start;
	entry->is_dir = record->kind == ROMFS_DIRECTORY;
	if (romfs_format_get_number(reader->bytes, &at, end, &len) < 0)
		return no_number(reader, record->end, fault, record->start, "the length of a name is no number");
	if (!romfs_format_fits(at, len, record->end))
		return bad(fault, record->start, "a name reaches beyond the end of its record");
	if (!romfs_format_fits(at, len, end))
		return bad(fault, record->start, "the image is cut short in a name");
	name = (const char *)reader->bytes + at;
	if (romfs_format_name_fault(name, len))
		return bad(fault, record->start, "a name is empty, too long, not UTF-8, or leads elsewhere");
	entry->name = name;
	entry->name_len = len;
	at += len;
	if (!entry->is_dir)
		return take_content(reader, at, record->end, entry, fault);
	entry->content = at;
	entry->size = record->end - at;
	return 0;
}

int romfs_reader_next(const struct romfs_reader *reader, struct romfs_cursor *cursor, struct romfs_entry *entry,
		      struct romfs_fault *fault)
{
	struct record record;

	*entry = (struct romfs_entry){.name = ""};
	while (cursor->at < cursor->end) {
		if (take_record(reader, &cursor->at, cursor->end, &record, fault) < 0)
			return -EBADMSG;
		if (record.kind == ROMFS_DIRECTORY || record.kind == ROMFS_FILE)
			return take_entry(reader, &record, entry, fault) < 0 ? -EBADMSG : 1;
	}
	return 0;
}
