/* SPDX-License-Identifier: MIT */
#include "romfs/romfs_gaps.h"

#include <errno.h>
#include <string.h>

#include "romfs/mpy.h"

enum { FIRST_READ = 64 }; /* bytes that are asked for where nothing before them was missing: a record and its name, mostly */

struct record {
	uint32_t kind;
	size_t at, end; /* of what it holds */
};

void romfs_gaps_start(struct romfs_gaps *gaps, const uint8_t *bytes, const uint8_t *known, size_t size, bool bytecode)
{
	*gaps = (struct romfs_gaps){.bytes = bytes, .known = known, .size = size, .bytecode = bytecode};
}

/* -EAGAIN where a byte of FROM ... END is missing, which is then where the gap begins. */
static int need(struct romfs_gaps *gaps, size_t from, size_t end)
{
	const uint8_t *first = end > from ? memchr(gaps->known + from, 0, end - from) : NULL;

	if (!first)
		return 0;
	gaps->missing = (size_t)(first - gaps->known);
	return -EAGAIN;
}

/* As romfs_format_get_number, but for bytes that may be missing (-EAGAIN). */
static int take_number(struct romfs_gaps *gaps, size_t *at, size_t end, uint32_t *value)
{
	uint32_t number = 0;

	for (size_t i = *at; i < end && !(number >> 25); i++) {
		if (need(gaps, i, i + 1))
			return -EAGAIN;
		number = number << 7 | (gaps->bytes[i] & 0x7f);
		if (gaps->bytes[i] & 0x80)
			continue;
		*value = number;
		*at = i + 1;
		return 0;
	}
	return -EBADMSG;
}

/* As romfs_reader takes it. After a fault *AT is END. */
static int take_record(struct romfs_gaps *gaps, size_t *at, size_t end, struct record *record)
{
	size_t here = *at;
	uint32_t len = 0;
	int rc = take_number(gaps, &here, end, &record->kind);

	if (rc == 0 && record->kind == ROMFS_UNUSED)
		rc = -EBADMSG;
	if (rc == 0)
		rc = take_number(gaps, &here, end, &len);
	if (rc == 0 && !romfs_format_fits(here, len, end))
		rc = -EBADMSG;
	if (rc == -EAGAIN)
		return rc;
	*at = rc == 0 ? here + len : end;
	record->at = here;
	record->end = *at;
	return rc;
}

/* The first bytes of a .mpy that lies at AT, of SIZE bytes. */
static int look_at_code(struct romfs_gaps *gaps, size_t at, size_t size)
{
	return need(gaps, at, at + (size < MPY_HEADER_SIZE ? size : MPY_HEADER_SIZE));
}

static int look_at_pointer(struct romfs_gaps *gaps, const struct record *record, bool code)
{
	uint32_t size, offset;
	size_t at = record->at, room = gaps->ends[0] - gaps->top;
	int rc = take_number(gaps, &at, record->end, &size);

	if (rc == 0)
		rc = take_number(gaps, &at, record->end, &offset);
	if (rc == 0 && code && romfs_format_fits(offset, size, room))
		rc = look_at_code(gaps, gaps->top + offset, size);
	return rc == -EAGAIN ? rc : 0;
}

/* The records of a file. CODE: it is a .mpy. */
static int look_at_file(struct romfs_gaps *gaps, size_t at, size_t end, bool code)
{
	struct record record;
	int rc = 0;

	while (at < end && rc == 0) {
		rc = take_record(gaps, &at, end, &record);
		if (rc == 0 && record.kind == ROMFS_POINTER)
			rc = look_at_pointer(gaps, &record, code);
		else if (rc == 0 && record.kind == ROMFS_VERBATIM && code)
			rc = look_at_code(gaps, record.at, record.end - record.at);
	}
	return rc == -EAGAIN ? rc : 0;
}

/* The file or directory RECORD. Returns 1 for a directory to go into, which begins at *INSIDE; 0; or -EAGAIN. */
static int look_at_entry(struct romfs_gaps *gaps, const struct record *record, size_t *inside)
{
	size_t at = record->at;
	uint32_t len;
	int rc = take_number(gaps, &at, record->end, &len);

	if (rc == 0 && !romfs_format_fits(at, len, record->end))
		rc = -EBADMSG;
	if (rc == 0 && len <= ROMFS_NAME_MAX)
		rc = need(gaps, at, at + len);
	if (rc < 0)
		return rc == -EAGAIN ? rc : 0;
	*inside = at + len;
	if (record->kind == ROMFS_DIRECTORY)
		return 1;
	return look_at_file(gaps, *inside, record->end, gaps->bytecode && mpy_is_name((const char *)gaps->bytes + at, len));
}

/* One record of a directory. */
static int look_at_next(struct romfs_gaps *gaps)
{
	struct record record;
	size_t at = gaps->at, inside = 0;
	int rc = take_record(gaps, &at, gaps->ends[gaps->depth - 1], &record);

	if (rc == 0 && (record.kind == ROMFS_DIRECTORY || record.kind == ROMFS_FILE))
		rc = look_at_entry(gaps, &record, &inside);
	if (rc == -EAGAIN)
		return rc;
	gaps->at = at;
	if (rc == 1 && gaps->depth < ROMFS_DEPTH_MAX) {
		gaps->ends[gaps->depth++] = record.end;
		gaps->at = inside;
	}
	return 0;
}

/* The image's own header. */
static int look_at_start(struct romfs_gaps *gaps)
{
	size_t at = ROMFS_MAGIC_SIZE;
	uint32_t size;
	int rc = need(gaps, 0, gaps->size < ROMFS_MAGIC_SIZE ? gaps->size : ROMFS_MAGIC_SIZE);

	if (rc == 0 && (gaps->size < ROMFS_MAGIC_SIZE || memcmp(gaps->bytes, ROMFS_MAGIC, ROMFS_MAGIC_SIZE) != 0))
		rc = -EBADMSG;
	if (rc == 0)
		rc = take_number(gaps, &at, gaps->size, &size);
	if (rc == -EAGAIN)
		return rc;
	gaps->started = true;
	if (rc == 0 && romfs_format_fits(at, size, gaps->size)) {
		gaps->at = gaps->top = at;
		gaps->ends[gaps->depth++] = at + size;
	}
	return 0;
}

bool romfs_gaps_next(struct romfs_gaps *gaps, size_t *offset, size_t *len)
{
	int rc = gaps->started ? 0 : look_at_start(gaps);

	while (rc == 0 && gaps->depth > 0) {
		if (gaps->at < gaps->ends[gaps->depth - 1])
			rc = look_at_next(gaps);
		else
			gaps->depth--;
	}
	if (rc == 0)
		return false;
	/* Where one piece is missing behind the other, much is missing. */
	bool goes_on = gaps->ask && gaps->missing == gaps->asked;
	size_t ask = goes_on ? 2 * gaps->ask : FIRST_READ;
	gaps->ask = ask < ROMFS_GAPS_READ ? ask : ROMFS_GAPS_READ;
	*offset = gaps->missing;
	size_t left = gaps->size - gaps->missing;
	/* cppcheck-suppress knownConditionTrueFalse ; it takes `missing` for what it was at the start */
	*len = left < gaps->ask ? left : gaps->ask;
	gaps->asked = *offset + *len;
	return true;
}
