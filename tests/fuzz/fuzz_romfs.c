/* SPDX-License-Identifier: MIT */
/*
 * romfs_reader, romfs_walk, romfs_check, mpy_parse: no image makes them read outside of it, give a name that leads elsewhere, or go on
 * for ever. What passes the check is the same again when romfs_writer has made an image of what was read.
 *
 * The first byte of the input: even: the rest is an image; odd: it is the records of one, whose header is made here.
 */
#include "romfs/romfs_check.h"

#include <string.h>

#include "romfs/romfs_writer.h"
#include "tests/fuzz/fuzz.h"

enum { IMAGE_MAX = 1 << 16, NAMES_MAX = 1 << 16 };

static uint8_t image[IMAGE_MAX + ROMFS_MAGIC_SIZE + ROMFS_NUMBER_SIZE];

static size_t make_image(const uint8_t *data, size_t size)
{
	size_t len = 0;

	if (size == 0)
		return 0;
	if (size - 1 > IMAGE_MAX)
		size = IMAGE_MAX + 1;
	if (*data % 2) {
		memcpy(image, ROMFS_MAGIC, ROMFS_MAGIC_SIZE);
		romfs_format_put_padded(image + ROMFS_MAGIC_SIZE, (uint32_t)size - 1);
		len = ROMFS_MAGIC_SIZE + ROMFS_NUMBER_SIZE;
	}
	memcpy(image + len, data + 1, size - 1);
	return len + size - 1;
}

static void check_entry(const struct romfs_reader *reader, const struct romfs_walk *walk, const struct romfs_entry *entry)
{
	const char *end = (const char *)reader->bytes + reader->present;

	FUZZ_CHECK(entry->name >= (const char *)reader->bytes && entry->name_len <= (size_t)(end - entry->name));
	FUZZ_CHECK(!romfs_format_name_fault(entry->name, entry->name_len));
	FUZZ_CHECK(entry->content >= reader->top && entry->content <= reader->size);
	FUZZ_CHECK(entry->size <= reader->size - entry->content);
	FUZZ_CHECK(entry->is_dir || entry->size == 0 || entry->content + entry->size <= reader->present);
	FUZZ_CHECK(entry->offset >= reader->top && entry->offset < reader->present);
	FUZZ_CHECK(strlen(walk->path) <= ROMFS_PATH_MAX && walk->depth <= ROMFS_DEPTH_MAX);
	FUZZ_CHECK(strlen(walk->path) >= entry->name_len);
	FUZZ_CHECK(!memcmp(walk->path + strlen(walk->path) - entry->name_len, entry->name, entry->name_len));
}

/* Each record takes two bytes at least, and each fault one. Returns the entries; *FAULTS counts the others. */
static size_t walk_all(const struct romfs_reader *reader, size_t *faults)
{
	static struct romfs_walk walk;
	struct romfs_entry entry;
	struct romfs_fault fault;
	size_t count = 0;
	int rc;

	romfs_walk_start(&walk, reader);
	for (*faults = 0; (rc = romfs_walk_next(&walk, &entry, &fault)) != 0; FUZZ_CHECK(count + *faults <= reader->size)) {
		if (rc > 0) {
			check_entry(reader, &walk, &entry);
			count++;
		} else {
			FUZZ_CHECK(fault.what && fault.offset >= reader->top && fault.offset < reader->size);
			++*faults;
		}
	}
	return count;
}

/* Names for the writer, which only points to them. */
static char names[NAMES_MAX];
static size_t names_len;

static const char *keep_name(const struct romfs_entry *entry)
{
	char *name = names + names_len;

	memcpy(name, entry->name, entry->name_len);
	name[entry->name_len] = '\0';
	names_len += entry->name_len + 1;
	return name;
}

/* An image of what is in READER's, or nothing where that is too much for here. */
static uint8_t *write_again(const struct romfs_reader *reader, bool dedupe, size_t *size)
{
	static struct romfs_walk walk;
	struct romfs_entry entry;
	struct romfs_fault fault;
	struct romfs_writer *writer;
	uint8_t *made = NULL;
	size_t depth = 1, total = 0;

	names_len = 0;
	FUZZ_CHECK(romfs_writer_open(&writer, dedupe) == 0);
	romfs_walk_start(&walk, reader);
	while (romfs_walk_next(&walk, &entry, &fault) > 0) {
		total += entry.is_dir ? 0 : entry.size;
		if (names_len + entry.name_len + 1 > NAMES_MAX || total > 16 * IMAGE_MAX)
			goto out;
		for (; depth > walk.depth; depth--)
			FUZZ_CHECK(romfs_writer_leave(writer) == 0);
		if (entry.is_dir)
			FUZZ_CHECK(romfs_writer_enter(writer, keep_name(&entry)) == 0 && ++depth);
		else
			FUZZ_CHECK(romfs_writer_add(writer, keep_name(&entry), reader->bytes + entry.content, entry.size) == 0);
	}
	for (; depth > 1; depth--)
		FUZZ_CHECK(romfs_writer_leave(writer) == 0);
	FUZZ_CHECK(romfs_writer_finish(writer, &made, size) == 0);
out:
	romfs_writer_close(writer);
	return made;
}

static void compare(const struct romfs_reader *a, const struct romfs_reader *b)
{
	static struct romfs_walk walks[2];
	struct romfs_entry one, other;
	struct romfs_fault fault;
	int rc;

	romfs_walk_start(&walks[0], a);
	romfs_walk_start(&walks[1], b);
	do {
		rc = romfs_walk_next(&walks[0], &one, &fault);
		FUZZ_CHECK(rc >= 0 && romfs_walk_next(&walks[1], &other, &fault) == rc);
		if (rc == 0)
			continue;
		FUZZ_CHECK(!strcmp(walks[0].path, walks[1].path) && one.is_dir == other.is_dir);
		FUZZ_CHECK(one.is_dir || one.size == other.size);
		FUZZ_CHECK(one.is_dir || !memcmp(a->bytes + one.content, b->bytes + other.content, one.size));
	} while (rc > 0);
}

static void round_trip(const struct romfs_reader *reader, bool dedupe)
{
	static struct romfs_check check;
	struct romfs_reader again;
	struct romfs_fault fault;
	size_t size;
	uint8_t *made = write_again(reader, dedupe, &size);

	if (!made)
		return;
	FUZZ_CHECK(size % 2 == 0);
	FUZZ_CHECK(romfs_reader_open(&again, made, size, &fault) == 0 && again.size == size);
	FUZZ_CHECK(romfs_check_records(&check, &again) == 0);
	compare(reader, &again);
	free(made);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct romfs_check check;
	struct romfs_reader reader;
	struct romfs_fault fault;
	size_t len = make_image(data, size), faults;
	uint8_t *exact = malloc(len + 1); /* so that each step beyond it is seen */
	int rc;

	FUZZ_CHECK(exact);
	memcpy(exact, image, len);
	exact = realloc(exact, len ? len : 1);
	rc = romfs_reader_open(&reader, exact, len, &fault);
	FUZZ_CHECK(rc == 0 || (fault.what && fault.offset <= len));
	if (rc < 0 && romfs_reader_open_cut(&reader, exact, len, &fault) == 0) {
		FUZZ_CHECK(fault.what && reader.present == len && reader.size > len && reader.top <= len);
		walk_all(&reader, &faults);
		FUZZ_CHECK(romfs_check_records(&check, &reader) == 0 || check.fault.what);
	}
	if (rc == 0) {
		FUZZ_CHECK(reader.size <= len && reader.present == reader.size && reader.top <= reader.size);
		size_t count = walk_all(&reader, &faults);
		rc = romfs_check_records(&check, &reader);
		FUZZ_CHECK(rc == 0 || check.fault.what);
		FUZZ_CHECK(!faults || rc != 0);
		FUZZ_CHECK(check.files + check.directories == count);
		romfs_check_bytecode(&check, &reader, NULL, NULL);
	}
	if (rc == 0) {
		round_trip(&reader, false);
		round_trip(&reader, true);
	}
	free(exact);
	return 0;
}
