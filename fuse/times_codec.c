/* SPDX-License-Identifier: MIT */
#include "fuse/times_codec.h"

#include <errno.h>
#include <string.h>
#include <zlib.h>

enum times_flags { TIMES_IS_DIR = 1, TIMES_HAS_EVIDENCE = 2 };

enum {
	VERSION = 1,
	MAGIC_SIZE = 8,
	CHECKSUM_SIZE = 4,
	FIXED_SIZE = 1 + 8 + 8 + 12 + 12, /* of an entry, between path and evidence */
};

static const char magic[MAGIC_SIZE + 1] = "MPRTIMES";

static uint8_t *put(uint8_t *at, uint64_t value, size_t size)
{
	size_t i;

	for (i = 0; i < size; i++)
		*at++ = (uint8_t)(value >> 8 * i);
	return at;
}

static uint8_t *put_text(uint8_t *at, const char *text)
{
	size_t size = strlen(text) + 1;

	memcpy(at, text, size);
	return at + size;
}

static uint8_t *put_time(uint8_t *at, const struct timespec *time)
{
	at = put(at, (uint64_t)time->tv_sec, 8);
	return put(at, (uint64_t)time->tv_nsec, 4);
}

size_t times_codec_head_size(const char *board)
{
	return MAGIC_SIZE + 2 + strlen(board) + 1 + CHECKSUM_SIZE;
}

size_t times_codec_entry_size(const struct times_entry *entry)
{
	return strlen(entry->path) + 1 + FIXED_SIZE + (entry->has_evidence ? TIMES_EVIDENCE : 0);
}

uint8_t *times_codec_put_head(uint8_t *at, const char *board)
{
	memcpy(at, magic, MAGIC_SIZE);
	at = put(at + MAGIC_SIZE, VERSION, 2);
	return put_text(at, board);
}

uint8_t *times_codec_put_entry(uint8_t *at, const struct times_entry *entry)
{
	at = put_text(at, entry->path);
	at = put(at, (entry->is_dir ? TIMES_IS_DIR : 0u) | (entry->has_evidence ? TIMES_HAS_EVIDENCE : 0u), 1);
	at = put(at, entry->size, 8);
	at = put(at, (uint64_t)entry->board_mtime, 8);
	at = put_time(at, &entry->atime);
	at = put_time(at, &entry->mtime);
	if (!entry->has_evidence)
		return at;
	memcpy(at, entry->evidence, TIMES_EVIDENCE);
	return at + TIMES_EVIDENCE;
}

static uint32_t checksum(const uint8_t *bytes, size_t len)
{
	return (uint32_t)crc32_z(crc32_z(0, NULL, 0), bytes, len);
}

uint8_t *times_codec_put_end(const uint8_t *start, uint8_t *at)
{
	return put(at, checksum(start, (size_t)(at - start)), CHECKSUM_SIZE);
}

/* The one gate to the bytes: the next SIZE of them, or NULL when there are not so many. */
static const uint8_t *take(struct times_reader *reader, size_t size)
{
	const uint8_t *at = reader->at;

	if (reader->left < size)
		return NULL;
	reader->at += size;
	reader->left -= size;
	return at;
}

/* The next text, or NULL when it has no end, or with its NUL is longer than MOST. */
static const char *take_text(struct times_reader *reader, size_t most)
{
	const uint8_t *end = memchr(reader->at, 0, reader->left < most ? reader->left : most);

	return end ? (const char *)take(reader, (size_t)(end - reader->at) + 1) : NULL;
}

static uint64_t get(const uint8_t **at, size_t size)
{
	uint64_t value = 0;
	size_t i;

	for (i = 0; i < size; i++)
		value |= (uint64_t) * (*at)++ << 8 * i;
	return value;
}

static struct timespec get_time(const uint8_t **at)
{
	struct timespec time = {.tv_sec = (time_t)get(at, 8)};

	time.tv_nsec = (long)get(at, 4);
	return time;
}

bool times_codec_read(struct times_reader *reader, const uint8_t *bytes, size_t len, const char *board)
{
	const uint8_t *head, *sum;
	const char *name;

	if (len < CHECKSUM_SIZE)
		return false;
	*reader = (struct times_reader){bytes, len - CHECKSUM_SIZE};
	sum = bytes + reader->left;
	head = take(reader, MAGIC_SIZE + 2);
	if (!head || memcmp(head, magic, MAGIC_SIZE) != 0)
		return false;
	head += MAGIC_SIZE;
	if (get(&head, 2) != VERSION || get(&sum, CHECKSUM_SIZE) != checksum(bytes, len - CHECKSUM_SIZE))
		return false;
	name = take_text(reader, reader->left);
	return name && strcmp(name, board) == 0;
}

/* Whether the part of a path from PART on, LEN bytes, is a name of a directory's entry. */
static bool is_name(const char *part, size_t len)
{
	return len > 0 && !(len == 1 && part[0] == '.') && !(len == 2 && part[0] == '.' && part[1] == '.');
}

/* Whether PATH is one as board/board.h has them. */
static bool is_path(const char *path)
{
	size_t len;

	if (strcmp(path, "/") == 0)
		return true;
	do {
		if (*path++ != '/')
			return false;
		len = strcspn(path, "/");
		if (!is_name(path, len))
			return false;
		path += len;
	} while (*path);
	return true;
}

static bool is_time(const struct timespec *time)
{
	return time->tv_nsec >= 0 && time->tv_nsec < 1000000000;
}

int times_codec_next(struct times_reader *reader, struct times_entry *entry)
{
	const uint8_t *at;
	uint64_t flags;

	if (reader->left == 0)
		return 0;
	*entry = (struct times_entry){.path = take_text(reader, TIMES_PATH_MAX)};
	if (!entry->path || !is_path(entry->path) || !(at = take(reader, FIXED_SIZE)))
		return -EBADMSG;
	flags = get(&at, 1);
	entry->is_dir = flags & TIMES_IS_DIR;
	entry->has_evidence = flags & TIMES_HAS_EVIDENCE;
	entry->size = get(&at, 8);
	entry->board_mtime = (int64_t)get(&at, 8);
	entry->atime = get_time(&at);
	entry->mtime = get_time(&at);
	if (flags > (TIMES_IS_DIR | TIMES_HAS_EVIDENCE) || !is_time(&entry->atime) || !is_time(&entry->mtime))
		return -EBADMSG;
	if (!entry->has_evidence)
		return 1;
	at = take(reader, TIMES_EVIDENCE);
	if (!at)
		return -EBADMSG;
	memcpy(entry->evidence, at, TIMES_EVIDENCE);
	return 1;
}
