/* SPDX-License-Identifier: MIT */
#include "fuse/kept_times.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fuse/times_codec.h"

enum proof { UNPROVED, TO_CHECK, PROVED };

struct entry {
	struct entry *next; /* in its bucket */
	struct board_stat on_board;
	enum proof proof;
	bool old;                     /* from before the mount, or the last reset of the board, and not touched since */
	uint64_t stamp;               /* when it was put: counts up */
	uint64_t names;               /* of a directory: the sum of its names' hashes */
	uint8_t hash[TIMES_EVIDENCE]; /* of a file: the start of its content's SHA-256 */
	unsigned long seen;           /* the listing that had it last */
	struct kept_times_pair pair;
	char path[]; /* on the board */
};

struct kept_times {
	struct board *board; /* may be NULL */
	size_t root_len;
	pthread_mutex_t lock; /* guards all below */
	unsigned session;     /* of the board */
	struct entry **buckets;
	size_t bucket_count; /* a power of two */
	size_t entry_count;
	uint64_t stamp;
	uint64_t changes;
	unsigned long listings;
	char root[]; /* "" for "/" */
};

enum {
	FIRST_BUCKETS = 64,
	GROUP_BYTES = 64 << 10, /* that a group of files has at most, when it is more than one */
	ENCODED_MAX = 4 << 20,  /* bytes */
	UNSET_CLOCK = 60,       /* seconds from the start of a year, in which a clock that nobody has set may come again */
};

/* The root in OUT, which has room for it, without empty parts, `.` and `..`: as board/board.h has paths, but "" for "/". */
static void clean_root(char *out, const char *root)
{
	size_t end = 0, len;

	for (; *root; root += len + (root[len] == '/')) {
		len = strcspn(root, "/");
		if (len == 2 && memcmp(root, "..", 2) == 0) {
			while (end > 0 && out[--end] != '/')
				;
		} else if (len > 0 && !(len == 1 && *root == '.')) {
			out[end++] = '/';
			memcpy(out + end, root, len);
			end += len;
		}
	}
	out[end] = '\0';
}

int kept_times_open(struct kept_times **out, struct board *board, const char *root)
{
	size_t room = root ? strlen(root) + 2 : 1;
	struct kept_times *times = calloc(1, sizeof(*times) + room);

	*out = NULL;
	if (!times)
		return -ENOMEM;
	times->board = board;
	times->session = board ? board_session(board) : 0;
	if (root)
		clean_root(times->root, root);
	times->root_len = strlen(times->root);
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

static void free_entries(struct kept_times *times)
{
	struct entry *entry, *next;
	size_t i;

	for (i = 0; i < times->bucket_count; i++) {
		for (entry = times->buckets[i]; entry; entry = next) {
			next = entry->next;
			free(entry);
		}
		times->buckets[i] = NULL;
	}
	times->entry_count = 0;
}

void kept_times_close(struct kept_times *times)
{
	if (!times)
		return;
	free_entries(times);
	pthread_mutex_destroy(&times->lock);
	free(times->buckets);
	free(times);
}

/* FNV-1a of 64 bits. */
static uint64_t hash_byte(uint64_t sum, char byte)
{
	return (sum ^ (unsigned char)byte) * 0x100000001b3u;
}

#define HASH_START 0xcbf29ce484222325u

static uint64_t hash_text(const char *text)
{
	uint64_t sum = HASH_START;

	for (; *text; text++)
		sum = hash_byte(sum, *text);
	return sum;
}

/* What NAME adds to the sum of a directory's names: the same in either case, as it is not always typed as a FAT has it. */
static uint64_t hash_name(const char *name)
{
	uint64_t sum = HASH_START;

	for (; *name; name++)
		sum = hash_byte(sum, (char)(*name >= 'A' && *name <= 'Z' ? *name + ('a' - 'A') : *name));
	return sum;
}

/* The link that points at PATH's entry, or at the NULL where it would stand. */
static struct entry **find(struct kept_times *times, const char *path)
{
	struct entry **link = &times->buckets[hash_text(path) & (times->bucket_count - 1)];

	while (*link && strcmp((*link)->path, path) != 0)
		link = &(*link)->next;
	return link;
}

static void link_in(struct kept_times *times, struct entry *entry)
{
	struct entry **bucket = &times->buckets[hash_text(entry->path) & (times->bucket_count - 1)];

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
	times->changes++;
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

/* A time that a clock which nobody has set could show again after the next power-up, or none at all. */
static bool tells_nothing(int64_t mtime)
{
	time_t time = (time_t)mtime;
	struct tm tm;

	return mtime <= 0 || !gmtime_r(&time, &tm) ||
	       (tm.tm_yday == 0 && tm.tm_hour == 0 && tm.tm_min * 60 + tm.tm_sec < UNSET_CLOCK);
}

bool kept_times_wants_hash(const struct board_stat *on_board)
{
	return !on_board->is_dir && on_board->size > 0 && on_board->size <= KEPT_TIMES_HASH_MAX && tells_nothing(on_board->mtime);
}

/* Whether it takes evidence to tell that ENTRY is about what the board has. */
static bool wants_evidence(const struct entry *entry)
{
	return entry->on_board.is_dir || (entry->on_board.size > 0 && tells_nothing(entry->on_board.mtime));
}

/* The board was out of sight: what it has may be something else now. With the lock held. */
static void doubt(struct kept_times *times)
{
	struct entry **link, *entry;
	size_t i;

	for (i = 0; i < times->bucket_count; i++) {
		for (link = &times->buckets[i]; (entry = *link);) {
			entry->old = true;
			if (entry->proof == UNPROVED && wants_evidence(entry)) {
				drop(times, link);
				continue;
			}
			if (entry->proof == PROVED)
				entry->proof = TO_CHECK;
			link = &entry->next;
		}
	}
}

static void lock(struct kept_times *times)
{
	unsigned session = times->board ? board_session(times->board) : 0;

	pthread_mutex_lock(&times->lock);
	if (session == times->session)
		return;
	times->session = session;
	doubt(times);
}

static void unlock(struct kept_times *times)
{
	pthread_mutex_unlock(&times->lock);
}

/* PATH as the board knows it, to be freed; NULL: no memory. */
static char *on_board_path(const struct kept_times *times, const char *path)
{
	size_t size = strlen(path) + 1;
	char *full;

	if (times->root_len > 0 && strcmp(path, "/") == 0)
		return strdup(times->root);
	full = malloc(times->root_len + size);
	if (full) {
		memcpy(full, times->root, times->root_len);
		memcpy(full + times->root_len, path, size);
	}
	return full;
}

/* FULL, a path of the board, as the mount knows it; NULL: it is not below the mount's root. */
static const char *mount_path(const struct kept_times *times, const char *full)
{
	if (strncmp(full, times->root, times->root_len) != 0)
		return NULL;
	full += times->root_len;
	return *full == '\0' ? "/" : *full == '/' ? full : NULL;
}

/* The entry of FULL, made where it is missing; NULL: no memory. It is about something new. */
static struct entry *find_or_make(struct kept_times *times, const char *full)
{
	struct entry *entry = *find(times, full);

	if (entry)
		return entry;
	entry = new_entry(full);
	if (entry) {
		link_in(times, entry);
		grow(times);
	}
	return entry;
}

/* ENTRY is about something that is looked at now. */
static void renew(struct kept_times *times, struct entry *entry)
{
	entry->old = false;
	entry->stamp = ++times->stamp;
	times->changes++;
}

static bool same_on_board(const struct board_stat *a, const struct board_stat *b)
{
	return a->is_dir == b->is_dir && (a->is_dir || (a->mtime == b->mtime && a->size == b->size));
}

/* kept_times_put; WRITTEN: what was known of the content or the names does not count any more. Returns the entry, with the lock held. */
static struct entry *put(struct kept_times *times, const char *path, const struct board_stat *on_board,
			 const struct kept_times_pair *pair, bool written)
{
	char *full = on_board_path(times, path);
	struct entry *entry;

	lock(times);
	entry = full ? find_or_make(times, full) : NULL;
	free(full);
	if (!entry)
		return NULL;
	/* What has to be compared first is not known to be right, but for the times that it gets now. */
	if (written || entry->proof != PROVED || !same_on_board(&entry->on_board, on_board))
		entry->proof = UNPROVED;
	entry->on_board = *on_board;
	entry->pair = *pair;
	renew(times, entry);
	return entry;
}

void kept_times_put(struct kept_times *times, const char *path, const struct board_stat *on_board,
		    const struct kept_times_pair *pair)
{
	put(times, path, on_board, pair, false);
	unlock(times);
}

void kept_times_put_written(struct kept_times *times, const char *path, const struct board_stat *on_board,
			    const struct kept_times_pair *pair, const uint8_t *hash)
{
	struct entry *entry = put(times, path, on_board, pair, true);

	if (entry && hash) {
		memcpy(entry->hash, hash, sizeof(entry->hash));
		entry->proof = PROVED;
	}
	unlock(times);
}

void kept_times_put_made(struct kept_times *times, const char *path, const struct kept_times_pair *pair)
{
	struct entry *entry = put(times, path, &(struct board_stat){.is_dir = true}, pair, true);

	if (entry) {
		entry->names = 0;
		entry->proof = PROVED;
	}
	unlock(times);
}

void kept_times_note_name(struct kept_times *times, const char *path, enum kept_times_change change, const struct timespec *now)
{
	const struct kept_times_pair pair = {*now, *now};
	const char *slash = strrchr(path, '/');
	char *dir = strndup(path, slash == path ? 1 : (size_t)(slash - path));
	struct entry *entry;

	if (!dir)
		return;
	entry = put(times, dir, &(struct board_stat){.is_dir = true}, &pair, false);
	if (entry)
		entry->names += (uint64_t)change * hash_name(slash + 1);
	unlock(times);
	free(dir);
}

/* kept_times_get of the entry that LINK points at, with the lock held. */
static enum kept_times_answer look_at(struct kept_times *times, struct entry **link, const struct board_stat *on_board,
				      struct kept_times_pair *pair)
{
	const struct entry *entry = *link;

	if (!entry)
		return KEPT_TIMES_NONE;
	if (!same_on_board(&entry->on_board, on_board)) {
		/* What was put in this session may be newer than ON_BOARD. */
		if (entry->old)
			drop(times, link);
		return KEPT_TIMES_NONE;
	}
	if (entry->proof == TO_CHECK && wants_evidence(entry))
		return KEPT_TIMES_ASK;
	*pair = entry->pair;
	return KEPT_TIMES_FOUND;
}

enum kept_times_answer kept_times_get(struct kept_times *times, const char *path, const struct board_stat *on_board,
				      struct kept_times_pair *pair)
{
	char *full = on_board_path(times, path);
	enum kept_times_answer answer = KEPT_TIMES_NONE;

	lock(times);
	if (full)
		answer = look_at(times, find(times, full), on_board, pair);
	unlock(times);
	free(full);
	return answer;
}

/* ---- evidence ---- */

/* The name in FULL, when that is something in directory DIR itself, and not below; NULL otherwise. */
static const char *name_in(const char *full, const char *dir)
{
	size_t len = strcmp(dir, "/") == 0 ? 0 : strlen(dir);

	if (strncmp(full, dir, len) != 0 || full[len] != '/' || !full[len + 1] || strchr(full + len + 1, '/'))
		return NULL;
	return full + len + 1;
}

/* Marks the entries of what is in LISTING of directory DIR. Returns the sum of the names' hashes. */
static uint64_t mark_listed(struct kept_times *times, const char *dir, const struct listing *listing)
{
	uint64_t names = 0;
	struct entry *entry;
	char *full;
	size_t i;

	times->listings++;
	for (i = 0; i < listing->count; i++) {
		names += hash_name(listing->entries[i].name);
		if (asprintf(&full, "%s/%s", strcmp(dir, "/") == 0 ? "" : dir, listing->entries[i].name) < 0)
			continue;
		entry = *find(times, full);
		if (entry)
			entry->seen = times->listings;
		free(full);
	}
	return names;
}

/* Old entries of what was in DIR, and is not in the listing that was marked. What lies deeper stays: a card that is put in again. */
static void drop_unlisted(struct kept_times *times, const char *dir)
{
	struct entry **link, *entry;
	size_t i;

	for (i = 0; i < times->bucket_count; i++) {
		for (link = &times->buckets[i]; (entry = *link);) {
			if (entry->old && entry->seen != times->listings && name_in(entry->path, dir))
				drop(times, link);
			else
				link = &entry->next;
		}
	}
}

uint64_t kept_times_moment(struct kept_times *times)
{
	uint64_t moment;

	lock(times);
	moment = times->stamp;
	unlock(times);
	return moment;
}

void kept_times_listed(struct kept_times *times, const char *path, const struct listing *listing, uint64_t moment)
{
	char *dir = on_board_path(times, path);
	struct entry **link;
	uint64_t names;

	if (!dir)
		return;
	lock(times);
	names = mark_listed(times, dir, listing);
	drop_unlisted(times, dir);
	link = find(times, dir);
	if (*link && (*link)->on_board.is_dir && (*link)->stamp <= moment) {
		if ((*link)->proof == UNPROVED) {
			(*link)->names = names;
			times->changes++;
		}
		(*link)->proof = PROVED;
		if ((*link)->names != names)
			drop(times, link);
	}
	unlock(times);
	free(dir);
}

/* Adds a question about ENTRY to the COUNT there are. Returns how many there are then. */
static size_t add_question(struct kept_times *times, const struct entry *entry, struct kept_times_question *questions,
			   size_t count)
{
	const char *path = mount_path(times, entry->path);
	char *copy = path ? strdup(path) : NULL;

	if (!copy)
		return count;
	questions[count] = (struct kept_times_question){copy, entry->on_board.is_dir, entry->on_board.size, entry->stamp};
	return count + 1;
}

static bool is_to_compare(const struct entry *entry)
{
	return entry->proof == TO_CHECK && kept_times_wants_hash(&entry->on_board);
}

size_t kept_times_group(struct kept_times *times, const char *path, struct kept_times_question *questions, size_t most)
{
	char *full = on_board_path(times, path), *dir;
	struct entry *first, *entry;
	uint64_t bytes = 0;
	size_t count = 0, i;

	if (!full)
		return 0;
	lock(times);
	first = *find(times, full);
	if (first && is_to_compare(first)) {
		count = add_question(times, first, questions, 0);
		bytes = first->on_board.size;
	}
	dir = strrchr(full, '/');
	dir[dir == full] = '\0';
	for (i = 0; count > 0 && i < times->bucket_count; i++) {
		for (entry = times->buckets[i]; entry && count < most; entry = entry->next) {
			if (entry == first || !is_to_compare(entry) || !name_in(entry->path, full) ||
			    entry->on_board.size + bytes > GROUP_BYTES)
				continue;
			count = add_question(times, entry, questions, count);
			bytes += entry->on_board.size;
		}
	}
	unlock(times);
	free(full);
	return count;
}

size_t kept_times_unproved(struct kept_times *times, struct kept_times_question *questions, size_t most)
{
	struct entry *entry;
	size_t count = 0, i;

	lock(times);
	for (i = 0; i < times->bucket_count; i++) {
		for (entry = times->buckets[i]; entry && count < most; entry = entry->next) {
			if (entry->proof == UNPROVED && (entry->on_board.is_dir || kept_times_wants_hash(&entry->on_board)))
				count = add_question(times, entry, questions, count);
		}
	}
	unlock(times);
	return count;
}

void kept_times_answer(struct kept_times *times, const struct kept_times_question *question, const uint8_t *hash)
{
	char *full = on_board_path(times, question->path);
	struct entry **link, *entry;

	if (!full)
		return;
	lock(times);
	link = find(times, full);
	entry = *link;
	if (entry && entry->stamp == question->stamp && !entry->on_board.is_dir) {
		if (hash && entry->proof == UNPROVED) {
			memcpy(entry->hash, hash, sizeof(entry->hash));
			times->changes++;
		}
		if (hash && memcmp(entry->hash, hash, sizeof(entry->hash)) == 0)
			entry->proof = PROVED;
		else
			drop(times, link);
	}
	unlock(times);
	free(full);
}

/* ---- names ---- */

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
	char *full = on_board_path(times, path);

	if (!full)
		return;
	lock(times);
	remove_below(times, full);
	unlock(times);
	free(full);
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

/* Takes what is at FROM and below out of its buckets, into a list: so none is met twice. */
static struct entry *take_out(struct kept_times *times, const char *from)
{
	struct entry **link, *entry, *moving = NULL;
	size_t i;

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
	return moving;
}

/* kept_times_rename of paths of the board, with the lock held. */
static void move(struct kept_times *times, const char *from, const char *to)
{
	struct entry *entry, *moving;

	remove_below(times, to);
	moving = take_out(times, from);
	while ((entry = moving)) {
		moving = entry->next;
		entry = renamed(entry, from, to);
		if (entry) {
			entry->old = false; /* who has asked the board before the rename has asked for another file */
			link_in(times, entry);
		}
	}
	times->changes++;
}

void kept_times_rename(struct kept_times *times, const char *from, const char *to)
{
	char *full_from, *full_to;

	if (strcmp(from, to) == 0)
		return;
	full_from = on_board_path(times, from);
	full_to = on_board_path(times, to);
	lock(times);
	if (full_from && full_to)
		move(times, full_from, full_to);
	unlock(times);
	free(full_from);
	free(full_to);
}

/* ---- past this mount ---- */

uint64_t kept_times_changes(struct kept_times *times)
{
	uint64_t changes;

	lock(times);
	changes = times->changes;
	unlock(times);
	return changes;
}

static bool can_be_kept(const struct entry *entry)
{
	if (strlen(entry->path) >= TIMES_PATH_MAX)
		return false;
	return entry->proof != UNPROVED || !wants_evidence(entry);
}

static void to_codec(const struct entry *entry, struct times_entry *out)
{
	size_t i;

	*out = (struct times_entry){
		.path = entry->path,
		.is_dir = entry->on_board.is_dir,
		.has_evidence = wants_evidence(entry),
		.size = entry->on_board.is_dir ? 0 : entry->on_board.size,
		.board_mtime = entry->on_board.is_dir ? 0 : entry->on_board.mtime,
		.atime = entry->pair.atime,
		.mtime = entry->pair.mtime,
	};
	if (!entry->on_board.is_dir)
		memcpy(out->evidence, entry->hash, sizeof(out->evidence));
	for (i = 0; entry->on_board.is_dir && i < sizeof(entry->names); i++)
		out->evidence[i] = (uint8_t)(entry->names >> 8 * i);
}

static int newest_first(const void *a, const void *b)
{
	const struct entry *const *left = a, *const *right = b;

	return ((*left)->stamp < (*right)->stamp) - ((*left)->stamp > (*right)->stamp);
}

/* All that can be kept, the newest first, in an array to be freed; NULL: no memory. */
static struct entry **sorted(struct kept_times *times, size_t *count)
{
	struct entry **all = calloc(times->entry_count + 1, sizeof(struct entry *)), *entry;
	size_t i;

	*count = 0;
	for (i = 0; all && i < times->bucket_count; i++) {
		for (entry = times->buckets[i]; entry; entry = entry->next) {
			if (can_be_kept(entry))
				all[(*count)++] = entry;
		}
	}
	if (all)
		qsort(all, *count, sizeof(struct entry *), newest_first);
	return all;
}

/* kept_times_encode with the lock held. ALL is `sorted`, COUNT entries. */
static int encode(struct entry **all, size_t count, const char *board, uint8_t **bytes, size_t *len)
{
	size_t size = times_codec_head_size(board), kept = 0;
	struct times_entry entry;
	uint8_t *at;

	for (; kept < count && kept < KEPT_TIMES_MAX; kept++) {
		to_codec(all[kept], &entry);
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
		to_codec(all[--kept], &entry);
		at = times_codec_put_entry(at, &entry);
	}
	*len = (size_t)(times_codec_put_end(*bytes, at) - *bytes);
	return 0;
}

int kept_times_encode(struct kept_times *times, const char *board, uint8_t **bytes, size_t *len)
{
	struct entry **all;
	size_t count;
	int rc = -ENOMEM;

	*bytes = NULL;
	*len = 0;
	lock(times);
	all = sorted(times, &count);
	if (all)
		rc = encode(all, count, board, bytes, len);
	unlock(times);
	free(all);
	return rc;
}

/* Takes over what was kept. Returns 0 or -ENOMEM. */
static int from_codec(struct kept_times *times, const struct times_entry *in)
{
	struct entry *entry = find_or_make(times, in->path);
	size_t i;

	if (!entry)
		return -ENOMEM;
	entry->on_board = (struct board_stat){.is_dir = in->is_dir, .size = in->size, .mtime = in->board_mtime};
	entry->pair = (struct kept_times_pair){.atime = in->atime, .mtime = in->mtime};
	entry->proof = in->has_evidence ? TO_CHECK : UNPROVED;
	entry->names = 0;
	memcpy(entry->hash, in->evidence, sizeof(entry->hash));
	for (i = 0; i < sizeof(entry->names); i++)
		entry->names |= (uint64_t)in->evidence[i] << 8 * i;
	entry->old = true;
	entry->stamp = ++times->stamp;
	return 0;
}

int kept_times_decode(struct kept_times *times, const char *board, const uint8_t *bytes, size_t len)
{
	struct times_reader reader;
	struct times_entry entry;
	int rc = times_codec_read(&reader, bytes, len, board) ? 1 : -EBADMSG;

	lock(times);
	while (rc > 0 && (rc = times_codec_next(&reader, &entry)) > 0) {
		int error = from_codec(times, &entry);

		rc = error < 0 ? error : 1;
	}
	if (rc < 0)
		free_entries(times);
	else
		doubt(times); /* evidence that should be there and is not */
	unlock(times);
	return rc;
}
