/* SPDX-License-Identifier: MIT */
#include "board/board_roms.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>
#include <time.h>

#include "board/board_rom_image.h"
#include "board/image_tree.h"
#include "romfs/romfs_check.h"

#define PREFIX "/romfs"
#define MOUNTED "/rom" /* where firmware mounts partition 0 */
#define ERROR_FILE "ERROR.txt"

enum { BLOCK_SIZE = 512, COMPARED_MAX = 64 }; /* COMPARED_MAX: pieces of content that are compared after a reset */

/* What is in a partition. All but the image's bytes is constant. */
struct rom {
	unsigned refs; /* guarded by the slot's lock */
	struct board_rom_image image;
	struct image_tree tree;
	uint64_t image_size;
	char *error; /* what ERROR.txt says; NULL: there is none */
	int64_t mtime;
};

/* A partition. */
struct slot {
	pthread_mutex_t loading; /* one thread asks what is in it; guards `rom` and `session` */
	pthread_mutex_t lock;    /* guards the references, and the bytes that are there */
	struct rom *rom;         /* NULL: nobody has asked yet */
	unsigned session;        /* of the board in which it was right */
};

struct board_roms {
	struct board base;
	struct board_roms_options options;
	struct slot slots[BOARD_ROM_MAX];
};

static struct board_roms *of(struct board *board)
{
	return (struct board_roms *)board;
}

/* --- Paths --- */

static unsigned count(struct board *board)
{
	int there = *board_info(board->below)->root ? 0 : board_rom_count(board->below);

	return there > 0 ? (unsigned)there : 0;
}

/* Whether PATH is partition *NUMBER or something in it, which *REST then is ("" for itself). */
static bool find_rom(struct board *board, const char *path, unsigned *number, const char **rest)
{
	size_t len = strlen(PREFIX), digits;

	if (strncmp(path, PREFIX, len) != 0 || of(board)->options.hide)
		return false;
	digits = strspn(path + len, "0123456789");
	if (digits < 1 || digits > 2 || (digits > 1 && path[len] == '0') || (path[len + digits] && path[len + digits] != '/'))
		return false;
	*number = (unsigned)atoi(path + len);
	*rest = path + len + digits;
	return *number < count(board);
}

static bool is_in_rom(struct board *board, const char *path)
{
	unsigned number;
	const char *rest;

	return find_rom(board, path, &number, &rest);
}

/* Whether PATH is what the firmware has mounted, and is not to be seen. */
static bool is_hidden(struct board *board, const char *path)
{
	size_t len = strlen(MOUNTED);

	return of(board)->options.hide && !strncmp(path, MOUNTED, len) && (!path[len] || path[len] == '/') && count(board) > 0 &&
	       board_top(board->below, MOUNTED "/") == len + 1;
}

/* --- What is in a partition --- */

static void rom_unref(struct slot *slot, struct rom *rom)
{
	if (!rom)
		return;
	pthread_mutex_lock(&slot->lock);
	bool last = --rom->refs == 0;
	pthread_mutex_unlock(&slot->lock);
	if (!last)
		return;
	board_rom_image_close(&rom->image);
	image_tree_free(&rom->tree);
	free(rom->error);
	free(rom);
}

/* Notes, and tells the log, that the image in partition NUMBER is damaged. */
static int note_damage(struct board *board, struct rom *rom, unsigned number, const struct romfs_check *check)
{
	char name[64];
	struct diag words;

	snprintf(name, sizeof(name), "ROM partition %u: the image is damaged", number);
	romfs_check_fail(check, name, &words);
	if (asprintf(&rom->error, "%s.\nNothing of it is shown. A new one is put there with: mpremote-romfs deploy -p %u\n",
		     words.text, number) < 0) {
		rom->error = NULL;
		return -ENOMEM;
	}
	if (of(board)->options.log) {
		char text[sizeof(words.text) + 1000];

		snprintf(text, sizeof(text), "%s: %s", board_info(board->below)->device, words.text);
		of(board)->options.log(of(board)->options.log_context, LOG_WARNING, text);
	}
	return 0;
}

static int read_image(struct board *board, struct rom *rom, unsigned number)
{
	struct romfs_reader reader = {0};
	struct romfs_check *check;
	int rc;

	if (rom->image.empty)
		return 0;
	check = calloc(1, sizeof(*check));
	if (!check)
		return -ENOMEM;
	rc = romfs_reader_open(&reader, rom->image.bytes, rom->image.size, &check->fault);
	if (rc == 0)
		rc = romfs_check_records(check, &reader);
	if (rc == -EBADMSG)
		rc = note_damage(board, rom, number, check);
	else if (rc == 0)
		rc = image_tree_take(&rom->tree, &reader);
	rom->image_size = reader.size;
	free(check);
	return rc;
}

/* What is in partition NUMBER now, into *OUT, with one reference. */
static int rom_load(struct board *board, unsigned number, struct rom **out)
{
	struct rom *rom = calloc(1, sizeof(*rom));
	int rc = rom ? board_rom_image_open(&rom->image, board->below, number, false) : -ENOMEM;

	*out = rom;
	if (rom)
		rom->refs = 1;
	if (rc == 0)
		rc = read_image(board, rom, number);
	if (rc < 0) {
		if (rom)
			rom_unref(&of(board)->slots[number], rom);
		*out = NULL;
	}
	return rc;
}

/* The next run of bytes from *AT on that are there (in KNOWN, of SIZE bytes); *LEN is 0 at the end. */
static void next_run(const uint8_t *known, size_t size, size_t *at, size_t *len)
{
	const uint8_t *start = memchr(known + *at, 1, size - *at);
	const uint8_t *end = start ? memchr(start, 0, size - (size_t)(start - known)) : NULL;

	*at = start ? (size_t)(start - known) : size;
	*len = start ? (end ? (size_t)(end - start) : size - *at) : 0;
}

/* Whether all that both have is the same. */
static bool same_records(const struct board_rom_image *old, const struct board_rom_image *now)
{
	size_t at = 0, len;

	if (old->size != now->size || old->empty != now->empty)
		return false;
	for (next_run(now->known, now->size, &at, &len); len; at += len, next_run(now->known, now->size, &at, &len)) {
		if (memchr(old->known + at, 0, len) || memcmp(old->bytes + at, now->bytes + at, len) != 0)
			return false;
	}
	return true;
}

/* Whether the contents in OLD, which are not in NOW, are still what partition NUMBER has. Returns 1, 0, or a negative errno. */
static int same_contents(struct board *board, unsigned number, const struct board_rom_image *old,
			 const struct board_rom_image *now)
{
	uint8_t theirs[1][BOARD_HASH_SIZE], ours[BOARD_HASH_SIZE];
	size_t at = 0, len;
	unsigned compared = 0;
	int rc;

	for (next_run(old->known, old->size, &at, &len); len; at += len, next_run(old->known, old->size, &at, &len)) {
		if (!memchr(now->known + at, 0, len))
			continue;
		rc = compared++ < COMPARED_MAX
			     ? board_rom_hash(board->below, number, at, len, (uint32_t)len, theirs, BOARD_HASH_SIZE)
			     : -EOPNOTSUPP;
		if (rc < 0)
			return rc == -EOPNOTSUPP ? 0 : rc;
		board_rom_image_hash(old, at, len, ours);
		if (memcmp(ours, theirs[0], sizeof(ours)) != 0)
			return 0;
	}
	return 1;
}

/* The board has been out of sight: whether what is known of SLOT is still so; if not it is asked for anew. `loading` is held. */
static int refresh(struct board *board, struct slot *slot, unsigned number)
{
	struct rom *now, *old = slot->rom;
	int rc = rom_load(board, number, &now), same = 0;

	if (rc < 0)
		return rc;
	if (old && same_records(&old->image, &now->image))
		same = same_contents(board, number, &old->image, &now->image);
	if (same < 0) {
		rom_unref(slot, now);
		return same;
	}
	now->mtime = old ? time(NULL) : 0;
	slot->rom = same ? old : now;
	rom_unref(slot, same ? now : old);
	return 0;
}

/* What is in partition NUMBER, with a reference, and the session for which that is so. */
static int rom_ref(struct board *board, unsigned number, struct rom **out, unsigned *session)
{
	struct slot *slot = &of(board)->slots[number];
	int rc = 0;

	pthread_mutex_lock(&slot->loading);
	*session = board_session(board->below);
	if (!slot->rom || slot->session != *session)
		rc = refresh(board, slot, number);
	if (rc >= 0) {
		slot->session = *session;
		*out = slot->rom;
		pthread_mutex_lock(&slot->lock);
		slot->rom->refs++;
		pthread_mutex_unlock(&slot->lock);
	}
	pthread_mutex_unlock(&slot->loading);
	return rc;
}

static int stat_in_rom(struct board *board, unsigned number, const char *rest, struct board_stat *out)
{
	const struct image_entry *entry;
	struct rom *rom;
	size_t top = 0;
	unsigned session;
	int rc = rom_ref(board, number, &rom, &session);

	if (rc < 0)
		return rc;
	if (rom->error && !strcmp(rest, "/" ERROR_FILE))
		*out = (struct board_stat){.size = strlen(rom->error), .mtime = rom->mtime};
	else if ((rc = image_tree_find(&rom->tree, rest, &top, &entry)) == 0)
		image_tree_stat(entry, rom->mtime, out);
	rom_unref(&of(board)->slots[number], rom);
	return rc;
}

static int list_rom(struct board *board, unsigned number, const char *rest, board_entry_fn *each, void *context)
{
	struct board_stat stat;
	struct rom *rom;
	unsigned session;
	int rc = rom_ref(board, number, &rom, &session);

	if (rc < 0)
		return rc;
	stat = (struct board_stat){.size = rom->error ? strlen(rom->error) : 0, .mtime = rom->mtime};
	if (rom->error && !*rest)
		rc = each(context, ERROR_FILE, &stat);
	else
		rc = image_tree_list(&rom->tree, rest, 0, rom->mtime, each, context);
	rom_unref(&of(board)->slots[number], rom);
	return rc;
}

/* --- Contents --- */

/* Takes LEN bytes at OFFSET from what is there of ROM. Returns 0, or -EAGAIN with the part that is missing, in *FROM and *END. */
static int take_bytes(struct slot *slot, struct rom *rom, uint8_t *buf, size_t len, uint64_t offset, size_t *from, size_t *end)
{
	const uint8_t *known = rom->image.known + offset, *missing;
	int rc = 0;

	pthread_mutex_lock(&slot->lock);
	missing = memchr(known, 0, len);
	if (missing) {
		*from = (size_t)(missing - known);
		for (*end = len; known[*end - 1]; --*end)
			;
		rc = -EAGAIN;
	}
	memcpy(buf, rom->image.bytes + offset, len);
	pthread_mutex_unlock(&slot->lock);
	return rc;
}

/* Reads LEN bytes of ROM at OFFSET, which lie in it. -EAGAIN: the board was out of sight meanwhile. */
static int read_bytes(struct board *board, unsigned number, struct rom *rom, unsigned session, uint8_t *buf, size_t len,
		      uint64_t offset)
{
	struct slot *slot = &of(board)->slots[number];
	size_t from, end;

	if (take_bytes(slot, rom, buf, len, offset, &from, &end) == 0)
		return 0;
	ssize_t got = board_rom_read(board->below, number, buf + from, end - from, offset + from);
	if (got >= 0 && board_session(board->below) != session)
		return -EAGAIN;
	if (got != (ssize_t)(end - from))
		return got < 0 ? (int)got : -EIO;
	pthread_mutex_lock(&slot->lock);
	board_rom_image_put(&rom->image, offset + from, buf + from, end - from);
	pthread_mutex_unlock(&slot->lock);
	return 0;
}

static ssize_t read_entry(struct board *board, unsigned number, struct rom *rom, unsigned session, const char *rest, uint8_t *buf,
			  size_t len, uint64_t offset)
{
	const struct image_entry *entry;
	bool is_error = rom->error && !strcmp(rest, "/" ERROR_FILE);
	size_t top = 0;
	int rc = is_error ? 0 : image_tree_find(&rom->tree, rest, &top, &entry);

	if (rc == 0 && !is_error && (!entry || entry->is_dir))
		rc = -EISDIR;
	if (rc < 0)
		return rc;
	uint64_t size = is_error ? strlen(rom->error) : entry->size;
	if (offset >= size || !len)
		return 0;
	if (len > size - offset)
		len = (size_t)(size - offset);
	if (is_error)
		memcpy(buf, rom->error + offset, len);
	else
		rc = read_bytes(board, number, rom, session, buf, len, entry->content + offset);
	return rc < 0 ? rc : (ssize_t)len;
}

static ssize_t read_in_rom(struct board *board, unsigned number, const char *rest, void *buf, size_t len, uint64_t offset)
{
	ssize_t got = -EAGAIN;

	/* A board that comes and goes all the time is one that cannot be read. */
	for (int tries = 0; got == -EAGAIN && tries < 3; tries++) {
		struct rom *rom;
		unsigned session;
		int rc = rom_ref(board, number, &rom, &session);

		if (rc < 0)
			return rc;
		got = read_entry(board, number, rom, session, rest, buf, len, offset);
		rom_unref(&of(board)->slots[number], rom);
	}
	return got == -EAGAIN ? -EIO : got;
}

/* --- What board.h asks for --- */

static enum board_kind op_kind(struct board *board, const char *dir)
{
	return is_in_rom(board, dir) ? BOARD_ORDINARY : board_kind(board->below, dir);
}

static size_t op_top(struct board *board, const char *path)
{
	unsigned number;
	const char *rest;

	return find_rom(board, path, &number, &rest) && *rest ? (size_t)(rest - path) + 1 : board_top(board->below, path);
}

static bool op_is_fixed(struct board *board, const char *path)
{
	return is_in_rom(board, path) || is_hidden(board, path) || board_is_fixed(board->below, path);
}

static int op_stat(struct board *board, const char *path, struct board_stat *out)
{
	unsigned number;
	const char *rest;

	if (is_hidden(board, path))
		return -ENOENT;
	if (!find_rom(board, path, &number, &rest))
		return board_stat(board->below, path, out);
	if (*rest)
		return stat_in_rom(board, number, rest, out);
	/* The directory is there whatever is in it. */
	*out = (struct board_stat){.is_dir = true};
	return 0;
}

static int op_probe(struct board *board, const char *path, struct board_stat *out)
{
	return is_in_rom(board, path) || is_hidden(board, path) ? op_stat(board, path, out)
								: board_probe(board->below, path, out);
}

/* The entries of the top that are not in the way. */
struct filter {
	struct board *board;
	board_entry_fn *each;
	void *context;
};

static int pass_on(void *context, const char *name, const struct board_stat *stat)
{
	struct filter *filter = context;
	char path[300];

	snprintf(path, sizeof(path), "/%s", name);
	if (is_in_rom(filter->board, path) || is_hidden(filter->board, path))
		return 0;
	return filter->each(filter->context, name, stat);
}

static int list_top(struct board *board, board_entry_fn *each, void *context)
{
	const struct board_stat directory = {.is_dir = true};
	struct filter filter = {board, each, context};
	unsigned there = of(board)->options.hide ? 0 : count(board);
	char name[16];
	int rc = board_list(board->below, "/", pass_on, &filter);

	for (unsigned number = 0; rc == 0 && number < there; number++) {
		snprintf(name, sizeof(name), "%s%u", &PREFIX[1], number);
		rc = each(context, name, &directory);
	}
	return rc;
}

static int op_list(struct board *board, const char *path, board_entry_fn *each, void *context)
{
	unsigned number;
	const char *rest;

	if (!strcmp(path, "/"))
		return list_top(board, each, context);
	if (is_hidden(board, path))
		return -ENOENT;
	return find_rom(board, path, &number, &rest) ? list_rom(board, number, rest, each, context)
						     : board_list(board->below, path, each, context);
}

static ssize_t op_read(struct board *board, const char *path, void *buf, size_t len, uint64_t offset)
{
	unsigned number;
	const char *rest;

	if (is_hidden(board, path))
		return -ENOENT;
	return find_rom(board, path, &number, &rest) ? read_in_rom(board, number, rest, buf, len, offset)
						     : board_read(board->below, path, buf, len, offset);
}

static void op_ahead(struct board *board, const char *path, uint64_t size)
{
	if (!is_in_rom(board, path) && !is_hidden(board, path))
		board_ahead(board->below, path, size);
}

/* -EROFS where PATH cannot be changed. */
static int check_fixed(struct board *board, const char *path)
{
	return is_in_rom(board, path) || is_hidden(board, path) ? -EROFS : 0;
}

static int op_may_make(struct board *board, const char *path)
{
	int rc = check_fixed(board, path);

	return rc < 0 ? rc : board_may_make(board->below, path);
}

static int op_replace(struct board *board, const char *path, const struct board_content *content, struct board_stat *out)
{
	int rc = check_fixed(board, path);

	return rc < 0 ? rc : board_replace(board->below, path, content, out);
}

static int op_append(struct board *board, const char *path, const struct board_content *content, uint64_t from,
		     struct board_stat *out)
{
	int rc = check_fixed(board, path);

	return rc < 0 ? rc : board_append(board->below, path, content, from, out);
}

static int op_mkdir(struct board *board, const char *path)
{
	int rc = check_fixed(board, path);

	return rc < 0 ? rc : board_mkdir(board->below, path);
}

static int op_rmdir(struct board *board, const char *path)
{
	int rc = check_fixed(board, path);

	return rc < 0 ? rc : board_rmdir(board->below, path);
}

static int op_remove(struct board *board, const char *path)
{
	int rc = check_fixed(board, path);

	return rc < 0 ? rc : board_remove(board->below, path);
}

/* As between file systems, of which a partition is one. */
static int op_rename(struct board *board, const char *from, const char *to, bool noreplace)
{
	if (!check_fixed(board, from) && !check_fixed(board, to))
		return board_rename(board->below, from, to, noreplace);
	return op_top(board, from) != op_top(board, to) || strncmp(from, to, op_top(board, from)) != 0 ? -EXDEV : -EROFS;
}

static int op_statfs(struct board *board, const char *path, struct board_statfs *out)
{
	unsigned number, session;
	const char *rest;
	struct rom *rom;

	if (is_hidden(board, path))
		return -ENOENT;
	if (!find_rom(board, path, &number, &rest))
		return board_statfs(board->below, path, out);
	int rc = rom_ref(board, number, &rom, &session);
	if (rc < 0)
		return rc;
	uint64_t used = (rom->image_size + BLOCK_SIZE - 1) / BLOCK_SIZE;
	*out = (struct board_statfs){
		.block_size = BLOCK_SIZE, .blocks = rom->image.size / BLOCK_SIZE, .name_max = ROMFS_NAME_MAX};
	out->blocks_free = used < out->blocks ? out->blocks - used : 0;
	rom_unref(&of(board)->slots[number], rom);
	return 0;
}

static void op_close(struct board *board)
{
	struct board_roms *roms = of(board);

	for (unsigned number = 0; number < BOARD_ROM_MAX; number++) {
		struct slot *slot = &roms->slots[number];

		rom_unref(slot, slot->rom);
		pthread_mutex_destroy(&slot->loading);
		pthread_mutex_destroy(&slot->lock);
	}
	board_close(board->below);
	free(roms);
}

static const struct board_ops ops = {
	.kind = op_kind,
	.top = op_top,
	.is_fixed = op_is_fixed,
	.stat = op_stat,
	.probe = op_probe,
	.may_make = op_may_make,
	.list = op_list,
	.read = op_read,
	.replace = op_replace,
	.append = op_append,
	.mkdir = op_mkdir,
	.rmdir = op_rmdir,
	.remove = op_remove,
	.rename = op_rename,
	.ahead = op_ahead,
	.statfs = op_statfs,
	.close = op_close,
};

int board_roms_open(struct board **out, struct board *below, const struct board_roms_options *options)
{
	struct board_roms *roms = calloc(1, sizeof(*roms));

	if (!roms)
		return -ENOMEM;
	roms->base.ops = &ops;
	roms->base.below = below;
	roms->options = *options;
	for (unsigned number = 0; number < BOARD_ROM_MAX; number++) {
		pthread_mutex_init(&roms->slots[number].loading, NULL);
		pthread_mutex_init(&roms->slots[number].lock, NULL);
	}
	*out = &roms->base;
	return 0;
}
