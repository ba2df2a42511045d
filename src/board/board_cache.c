/* SPDX-License-Identifier: MIT */
/*
 * A tree of what is known, keyed by name. A node is known to be there or not to be; a directory that was listed knows all its
 * entries, so that a name that is not among them is known not to be there. The first unknown name in a directory is asked for
 * alone, which is fast in a large one; the second makes the whole directory worth listing. FAT answers to names that it does not list,
 * so there the list alone says what is there.
 *
 * What is asked for and what is changed meanwhile may cross. So changes are counted, before and behind, and an answer is only kept
 * when nothing was counted since it was asked for; nor while something is renamed, because what is known moves along with it.
 */
#include "board/board_cache.h"

#include <errno.h>
#include <pthread.h>
#include <search.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "board/fat_name.h"

struct node {
	char *name;
	bool folded; /* `name` is the same in either case: its directory is on FAT */
	bool folds;  /* and so are those of `entries` */
	struct board_stat stat;
	int64_t known_at; /* when `there` and `stat` were true; NEVER: they are not known */
	bool there;
	int64_t listed_at;   /* when all `entries` were known; NEVER: they are not */
	bool asked;          /* a name in here was asked for alone */
	void *entries;       /* tsearch(3)'s tree of nodes by name */
	unsigned long sweep; /* the listing that saw this node last */
};

struct board_cache {
	struct board base;
	int64_t timeout_us;
	int64_t (*now)(void);
	pthread_mutex_t lock; /* guards all below; never held while the board is asked */
	struct node root;
	unsigned session;      /* of the board below, in which all this was known */
	unsigned long changes; /* counts changes */
	unsigned renaming;     /* renames under way */
	unsigned long sweeps;  /* counts listings */
};

#define NEVER INT64_MIN

static struct board_cache *of(struct board *board)
{
	return (struct board_cache *)board;
}

static int64_t monotonic(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000ll + now.tv_nsec / 1000;
}

static int by_name(const void *a, const void *b)
{
	const struct node *first = a, *second = b;

	return first->folded ? fat_name_compare(first->name, second->name) : strcmp(first->name, second->name);
}

static void node_free(void *context)
{
	struct node *node = context;

	tdestroy(node->entries, node_free);
	free(node->name);
	free(node);
}

static void forget_entries(struct node *node)
{
	tdestroy(node->entries, node_free);
	node->entries = NULL;
	node->listed_at = NEVER;
	node->asked = false;
}

static struct node *find(const struct node *dir, const char *name)
{
	struct node key = {.name = (char *)(uintptr_t)name, .folded = dir->folds};
	struct node *const *found = tfind(&key, &dir->entries, by_name);

	return found ? *found : NULL;
}

/* Whether the entries of directory NAME are the same in either case; it is in the first LEN bytes of DIR, without a slash. */
static bool is_fat(struct board_cache *cache, const char *dir, size_t len, const char *name)
{
	char *path;

	if (asprintf(&path, "%.*s/%s", (int)len, dir, name) < 0)
		return false;
	bool fat = board_kind(cache->base.below, path) == BOARD_FAT;
	free(path);
	return fat;
}

/*
 * The entry NAME of DIR, whose path is the first LEN bytes of PATH, without a slash. It is made where it is missing; nothing is known of
 * a new one. NULL: no memory.
 */
static struct node *find_or_add(struct board_cache *cache, struct node *dir, const char *path, size_t len, const char *name)
{
	struct node *node = find(dir, name);

	if (node)
		return node;
	node = calloc(1, sizeof(*node));
	if (!node)
		return NULL;
	node->name = strdup(name);
	node->folded = dir->folds;
	node->folds = is_fat(cache, path, len, name);
	node->known_at = node->listed_at = NEVER;
	if (!node->name || !tsearch(node, &dir->entries, by_name)) {
		free(node->name);
		free(node);
		return NULL;
	}
	return node;
}

/* NODE is spelled NAME, which is no other name to the order that it stands in. */
static void spell(struct node *node, const char *name)
{
	char *copy = strcmp(node->name, name) ? strdup(name) : NULL;

	if (!copy)
		return;
	free(node->name);
	node->name = copy;
}

static void remove_entry(struct node *dir, struct node *node)
{
	tdelete(node, &dir->entries, by_name);
}

static bool fresh(const struct board_cache *cache, int64_t at)
{
	return at != NEVER && cache->now() - at < cache->timeout_us;
}

/* Where a path leads in the tree. */
struct place {
	struct node *dir, *node; /* the last directory, and in it the entry; NULL: not in the tree */
	int error;               /* -ENOENT, -ENOTDIR: a directory on the way is known not to be one */
	char *copy;              /* to be freed */
};

/* Walks to PATH; with MAKE, nodes on the way that are missing are made. */
static struct place walk(struct board_cache *cache, const char *path, bool make)
{
	struct place place = {.node = &cache->root, .copy = strdup(path)};
	char *rest = place.copy, *name;

	if (!place.copy)
		place.node = NULL;
	while (rest && (name = strsep(&rest, "/"))) {
		if (!*name)
			continue;
		if (place.node && fresh(cache, place.node->known_at) && place.node != &cache->root) {
			if (!place.node->there)
				place.error = -ENOENT;
			else if (!place.node->stat.is_dir)
				place.error = -ENOTDIR;
		}
		place.dir = place.error ? NULL : place.node;
		place.node = !place.dir ? NULL
			     : make     ? find_or_add(cache, place.dir, path, (size_t)(name - place.copy) - 1, name)
					: find(place.dir, name);
		if (!place.node && place.dir && fresh(cache, place.dir->listed_at) && rest && *rest)
			place.error = -ENOENT;
	}
	return place;
}

static void learn(struct board_cache *cache, struct node *node, bool there, const struct board_stat *stat)
{
	if (!there || !stat->is_dir)
		forget_entries(node);
	node->there = there;
	node->known_at = cache->now();
	if (there)
		node->stat = *stat;
}

/* A board that was out of sight may have changed. With the lock held. */
static void follow_session(struct board_cache *cache)
{
	unsigned session = board_session(cache->base.below);

	if (session == cache->session)
		return;
	cache->session = session;
	cache->changes++;
	forget_entries(&cache->root);
	cache->root.known_at = NEVER;
}

/* What is known of PATH: 1 with *OUT filled, 0 nothing, or a negative errno. With the lock held. */
static int known(struct board_cache *cache, const char *path, struct board_stat *out)
{
	follow_session(cache);
	struct place place = walk(cache, path, false);
	int answer = place.error;

	if (!answer && place.node && fresh(cache, place.node->known_at)) {
		answer = place.node->there ? 1 : -ENOENT;
		*out = place.node->stat;
	} else if (!answer && !place.node && place.dir && fresh(cache, place.dir->listed_at)) {
		answer = -ENOENT;
	}
	free(place.copy);
	return answer;
}

/* Counts a change, so that what is being asked for is not kept. */
static void count_change(struct board_cache *cache)
{
	pthread_mutex_lock(&cache->lock);
	cache->changes++;
	pthread_mutex_unlock(&cache->lock);
}

static unsigned long count_of_changes(struct board_cache *cache)
{
	pthread_mutex_lock(&cache->lock);
	unsigned long changes = cache->changes;
	pthread_mutex_unlock(&cache->lock);
	return changes;
}

/* Whether an answer may be kept that was asked for at CHANGES. With the lock held. */
static bool still_true(const struct board_cache *cache, unsigned long changes)
{
	return changes == cache->changes && !cache->renaming;
}

/* Keeps that PATH is there with STAT (NULL: that it is not). With the lock held. */
static void keep(struct board_cache *cache, const char *path, const struct board_stat *stat)
{
	struct place place = walk(cache, path, true);

	if (place.node)
		learn(cache, place.node, stat != NULL, stat);
	free(place.copy);
}

/* Nothing is known of PATH any more, nor whether all of its directory is. With the lock held. */
static void forget(struct board_cache *cache, const char *path)
{
	struct place place = walk(cache, path, false);

	if (place.node) {
		forget_entries(place.node);
		place.node->known_at = NEVER;
	}
	if (place.dir)
		place.dir->listed_at = NEVER;
	free(place.copy);
}

/* The time of the directory that holds PATH has changed with it, on a file system that keeps one. With the lock held. */
static void touch_parent(struct board_cache *cache, const char *path)
{
	struct place place = walk(cache, path, false);

	if (place.dir && place.dir->stat.mtime)
		place.dir->known_at = NEVER;
	free(place.copy);
}

static char *parent_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	return strndup(path, slash == path ? 1 : (size_t)(slash - path));
}

/* Whether the directory of PATH should be listed rather than PATH be asked for alone. DIR gets its path. With the lock held. */
static bool better_listed(struct board_cache *cache, const char *path, char **dir)
{
	struct place place = walk(cache, path, false);
	bool better = place.dir && place.dir->asked && cache->timeout_us;

	if (place.dir)
		place.dir->asked = true;
	free(place.copy);
	*dir = parent_of(path);
	return *dir && (better || (strcmp(path, "/") && board_kind(cache->base.below, *dir) == BOARD_FAT));
}

/* An entry of a directory, and a listing while it comes in. */
struct listed {
	char *name;
	struct board_stat stat;
};

struct listing {
	struct listed *entries;
	size_t count, room;
	int error; /* of what is collected from the tree */
};

static int add_entry(void *context, const char *name, const struct board_stat *stat)
{
	struct listing *listing = context;

	if (listing->count == listing->room) {
		size_t room = listing->room ? 2 * listing->room : 32;
		struct listed *larger = realloc(listing->entries, room * sizeof(*larger));
		if (!larger)
			return -ENOMEM;
		listing->entries = larger;
		listing->room = room;
	}
	struct listed *entry = &listing->entries[listing->count];
	entry->stat = *stat;
	entry->name = strdup(name);
	if (!entry->name)
		return -ENOMEM;
	listing->count++;
	return 0;
}

static void listing_free(struct listing *listing)
{
	for (size_t i = 0; i < listing->count; i++)
		free(listing->entries[i].name);
	free(listing->entries);
}

static int list_below(struct board_cache *cache, const char *path, struct listing *listing);

static int stat_below(struct board_cache *cache, const char *path, struct board_stat *out)
{
	unsigned long changes = count_of_changes(cache);
	int error = board_stat(cache->base.below, path, out);

	pthread_mutex_lock(&cache->lock);
	if (still_true(cache, changes) && (!error || error == -ENOENT))
		keep(cache, path, error ? NULL : out);
	pthread_mutex_unlock(&cache->lock);
	return error;
}

/* What LISTING, of a directory on FAT, says of PATH in it. */
static int find_listed(const struct listing *listing, const char *path, struct board_stat *out)
{
	const char *name = strrchr(path, '/') + 1;

	for (size_t i = 0; i < listing->count; i++) {
		if (fat_name_compare(listing->entries[i].name, name))
			continue;
		*out = listing->entries[i].stat;
		return 1;
	}
	return -ENOENT;
}

static int op_stat(struct board *base, const char *path, struct board_stat *out)
{
	struct board_cache *cache = of(base);
	struct listing listing = {0};
	char *dir = NULL;

	pthread_mutex_lock(&cache->lock);
	int answer = known(cache, path, out);
	bool list = !answer && better_listed(cache, path, &dir);
	pthread_mutex_unlock(&cache->lock);
	if (list && !list_below(cache, dir, &listing)) {
		pthread_mutex_lock(&cache->lock);
		answer = known(cache, path, out);
		pthread_mutex_unlock(&cache->lock);
		if (!answer && board_kind(cache->base.below, dir) == BOARD_FAT)
			answer = find_listed(&listing, path, out);
	}
	listing_free(&listing);
	free(dir);
	if (answer)
		return answer < 0 ? answer : 0;
	return stat_below(cache, path, out);
}

/* For twalk_r: finds an entry that the last listing did not see. */
struct sweep {
	unsigned long number;
	struct node *unseen;
};

static void find_unseen(const void *at, VISIT visit, void *context)
{
	struct sweep *sweep = context;
	struct node *node = *(struct node *const *)at;

	if ((visit == postorder || visit == leaf) && node->sweep != sweep->number)
		sweep->unseen = node;
}

static void remove_unseen(struct node *dir, unsigned long number)
{
	struct sweep sweep = {.number = number};

	do {
		sweep.unseen = NULL;
		twalk_r(dir->entries, find_unseen, &sweep);
		if (sweep.unseen) {
			remove_entry(dir, sweep.unseen);
			node_free(sweep.unseen);
		}
	} while (sweep.unseen);
}

/* With the lock held. */
static void keep_listing(struct board_cache *cache, const char *path, const struct listing *listing)
{
	struct place place = walk(cache, path, true);
	struct node *dir = place.node;
	bool whole = dir != NULL;

	free(place.copy);
	cache->sweeps++;
	for (size_t i = 0; whole && i < listing->count; i++) {
		struct node *node = find_or_add(cache, dir, path, strcmp(path, "/") ? strlen(path) : 0, listing->entries[i].name);
		if (node) {
			spell(node, listing->entries[i].name);
			learn(cache, node, true, &listing->entries[i].stat);
			node->sweep = cache->sweeps;
		}
		whole = node != NULL;
	}
	if (!whole)
		return;
	remove_unseen(dir, cache->sweeps);
	dir->listed_at = cache->now();
	dir->asked = false;
}

/* Asks for directory PATH, for LISTING and to keep it. Returns 0 or a negative errno. */
static int list_below(struct board_cache *cache, const char *path, struct listing *listing)
{
	unsigned long changes = count_of_changes(cache);
	int error = board_list(cache->base.below, path, add_entry, listing);

	pthread_mutex_lock(&cache->lock);
	if (!error && still_true(cache, changes))
		keep_listing(cache, path, listing);
	pthread_mutex_unlock(&cache->lock);
	return error;
}

static void collect(const void *at, VISIT visit, void *context)
{
	const struct node *node = *(struct node *const *)at;
	struct listing *listing = context;

	if ((visit != postorder && visit != leaf) || listing->error)
		return;
	if (node->known_at == NEVER)
		listing->error = -EAGAIN; /* its time has changed, for one */
	else if (node->there)
		listing->error = add_entry(listing, node->name, &node->stat);
}

/* The entries of PATH into LISTING. Returns whether they are all known; if not, LISTING is empty. */
static bool known_listing(struct board_cache *cache, const char *path, struct listing *listing)
{
	pthread_mutex_lock(&cache->lock);
	follow_session(cache);
	struct place place = walk(cache, path, false);
	bool listed = place.node && fresh(cache, place.node->listed_at);
	if (listed)
		twalk_r(place.node->entries, collect, listing);
	free(place.copy);
	pthread_mutex_unlock(&cache->lock);
	if (!listing->error)
		return listed;
	listing_free(listing);
	*listing = (struct listing){0};
	return false;
}

static int op_list(struct board *base, const char *path, board_entry_fn *each, void *context)
{
	struct board_cache *cache = of(base);
	struct listing listing = {0};
	int error = known_listing(cache, path, &listing) ? 0 : list_below(cache, path, &listing);

	for (size_t i = 0; i < listing.count && !error; i++)
		error = each(context, listing.entries[i].name, &listing.entries[i].stat);
	listing_free(&listing);
	return error;
}

static ssize_t op_read(struct board *base, const char *path, void *buf, size_t len, uint64_t offset)
{
	return board_read(base->below, path, buf, len, offset);
}

/* What a change of PATH that ended with ERROR tells of it. With the lock held. */
static void keep_change(struct board_cache *cache, const char *path, int error, const struct board_stat *stat)
{
	cache->changes++;
	if (error)
		forget(cache, path);
	else
		keep(cache, path, stat);
	touch_parent(cache, path);
}

/* To be called behind a change that count_change was called before, so that no answer slips through. */
static void changed(struct board_cache *cache, const char *path, int error, const struct board_stat *stat)
{
	pthread_mutex_lock(&cache->lock);
	keep_change(cache, path, error, stat);
	pthread_mutex_unlock(&cache->lock);
}

static void op_ahead(struct board *base, const char *path, uint64_t size)
{
	board_ahead(base->below, path, size);
}

static int op_replace(struct board *base, const char *path, const struct board_content *content, struct board_stat *out)
{
	struct board_cache *cache = of(base);
	struct board_content hinted = *content;
	struct board_stat now = {0};

	pthread_mutex_lock(&cache->lock);
	int answer = known(cache, path, &now);
	cache->changes++;
	pthread_mutex_unlock(&cache->lock);
	if (answer == -ENOENT || (answer == 1 && now.size != content->size))
		hinted.differs = true;
	int error = board_replace(cache->base.below, path, &hinted, out);
	changed(cache, path, error, out);
	return error;
}

static int op_append(struct board *base, const char *path, const struct board_content *content, uint64_t from,
		     struct board_stat *out)
{
	count_change(of(base));
	int error = board_append(base->below, path, content, from, out);
	changed(of(base), path, error, out);
	return error;
}

static int op_mkdir(struct board *base, const char *path)
{
	struct board_cache *cache = of(base);
	struct board_stat stat = {.is_dir = true};

	count_change(cache);
	int error = board_mkdir(cache->base.below, path);
	pthread_mutex_lock(&cache->lock);
	keep_change(cache, path, error, &stat);
	struct place place = walk(cache, path, false);
	/* A new directory is empty: no need to ask. */
	if (!error && place.node)
		place.node->listed_at = cache->now();
	free(place.copy);
	pthread_mutex_unlock(&cache->lock);
	return error;
}

static int op_rmdir(struct board *base, const char *path)
{
	count_change(of(base));
	int error = board_rmdir(base->below, path);
	changed(of(base), path, error, NULL);
	return error;
}

static int op_remove(struct board *base, const char *path)
{
	count_change(of(base));
	int error = board_remove(base->below, path);
	changed(of(base), path, error, NULL);
	return error;
}

/* Takes the node of FROM, with all below it, to TO. Returns whether it could. With the lock held. */
static bool move_node(struct board_cache *cache, const char *from, const char *to)
{
	struct place source = walk(cache, from, false), target = walk(cache, to, true);
	bool known = source.node && source.node->there && target.node;

	if (known && source.node == target.node) {
		spell(target.node, strrchr(to, '/') + 1);
	} else if (known) {
		forget_entries(target.node);
		target.node->stat = source.node->stat;
		target.node->there = true;
		target.node->known_at = source.node->known_at;
		target.node->entries = source.node->entries;
		target.node->listed_at = source.node->listed_at;
		source.node->entries = NULL;
	}
	free(source.copy);
	free(target.copy);
	return known;
}

/* Whether both are the same entry, spelled otherwise. With the lock held. */
static bool same_node(struct board_cache *cache, const char *a, const char *b)
{
	struct place first = walk(cache, a, false), second = walk(cache, b, false);
	bool same = first.node && first.node == second.node;

	free(first.copy);
	free(second.copy);
	return same;
}

/* Whether one of two different paths leads through the other: no board should rename so. */
static bool entangled(const char *a, const char *b)
{
	size_t len = strlen(a) < strlen(b) ? strlen(a) : strlen(b);

	return !strncmp(a, b, len) && (a[len] == '/' || b[len] == '/');
}

/* What a rename that ended with ERROR tells. With the lock held. */
static void keep_rename(struct board_cache *cache, const char *from, const char *to, int error)
{
	if (error || entangled(from, to)) {
		forget(cache, from);
		forget(cache, to);
	} else if (strcmp(from, to)) {
		if (!move_node(cache, from, to))
			forget(cache, to);
		if (!same_node(cache, from, to))
			keep(cache, from, NULL);
	}
	touch_parent(cache, from);
	touch_parent(cache, to);
}

static int op_rename(struct board *base, const char *from, const char *to, bool noreplace)
{
	struct board_cache *cache = of(base);

	pthread_mutex_lock(&cache->lock);
	cache->changes++;
	cache->renaming++;
	pthread_mutex_unlock(&cache->lock);
	int error = board_rename(cache->base.below, from, to, noreplace);
	pthread_mutex_lock(&cache->lock);
	cache->changes++;
	cache->renaming--;
	keep_rename(cache, from, to, error);
	pthread_mutex_unlock(&cache->lock);
	return error;
}

static void op_close(struct board *base)
{
	struct board_cache *cache = of(base);

	board_close(cache->base.below);
	forget_entries(&cache->root);
	pthread_mutex_destroy(&cache->lock);
	free(cache);
}

static const struct board_ops ops = {
	.stat = op_stat,
	.list = op_list,
	.read = op_read,
	.ahead = op_ahead,
	.replace = op_replace,
	.append = op_append,
	.mkdir = op_mkdir,
	.rmdir = op_rmdir,
	.remove = op_remove,
	.rename = op_rename,
	.close = op_close,
};

int board_cache_open(struct board **out, struct board *below, int64_t timeout_us, int64_t (*now)(void))
{
	struct board_cache *cache = calloc(1, sizeof(*cache));

	if (!cache)
		return -ENOMEM;
	cache->base.ops = &ops;
	cache->base.below = below;
	cache->timeout_us = timeout_us;
	cache->now = now ? now : monotonic;
	cache->root.known_at = cache->root.listed_at = NEVER;
	cache->root.folds = board_kind(below, "/") == BOARD_FAT;
	cache->root.there = true;
	cache->root.stat.is_dir = true;
	cache->session = board_session(below);
	pthread_mutex_init(&cache->lock, NULL);
	*out = &cache->base;
	return 0;
}
