/* SPDX-License-Identifier: MIT */
#include "fuse/nodes.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "board/fat_name.h"

enum { FIRST_BUCKETS = 64 };
enum { RELEASE_WAIT_NS = 100 * 1000 * 1000 };

struct node {
	uint64_t number;
	struct node *parent; /* stays when the node is removed; NULL: the root */
	char *name;
	bool is_dir;
	bool is_fat; /* a directory in which names are the same in either case */
	bool removed;
	struct node *next_number, *next_name; /* in their buckets */
	uint64_t lookups;                     /* by the kernel */
	unsigned uses;                        /* children, handles, claims and those that wait for one */
	unsigned shared;                      /* claims of this node and of all below it */
	unsigned wanted;                      /* who waits to have it alone */
	bool alone;
	uint64_t changes;
	struct open_file *file;
	unsigned handles, idle_handles;
	struct node *next_open; /* in the list of nodes with an open file */
	bool seen_known;
	struct board_stat seen; /* the content that the kernel's pages are of, if it has pages */
};

struct nodes {
	pthread_mutex_t lock;   /* guards everything; open_file's locks may be taken under it, never the other way round */
	pthread_cond_t changed; /* a claim was given back, or a handle */
	struct node **by_number, **by_name;
	size_t bucket_count; /* a power of two */
	size_t node_count;
	struct node *open_nodes;
	struct board *board;
	struct node root;
};

int nodes_open(struct nodes **out, struct board *board)
{
	struct nodes *nodes = calloc(1, sizeof(*nodes));
	pthread_condattr_t attributes;

	*out = NULL;
	if (!nodes)
		return -ENOMEM;
	nodes->bucket_count = FIRST_BUCKETS;
	nodes->by_number = calloc(FIRST_BUCKETS, sizeof(struct node *));
	nodes->by_name = calloc(FIRST_BUCKETS, sizeof(struct node *));
	if (!nodes->by_number || !nodes->by_name) {
		free(nodes->by_number);
		free(nodes->by_name);
		free(nodes);
		return -ENOMEM;
	}
	pthread_mutex_init(&nodes->lock, NULL);
	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_cond_init(&nodes->changed, &attributes);
	pthread_condattr_destroy(&attributes);
	nodes->board = board;
	nodes->root = (struct node){.number = NODES_ROOT, .is_dir = true};
	nodes->root.is_fat = board && board_kind(board, "/") == BOARD_FAT;
	nodes->by_number[NODES_ROOT] = &nodes->root;
	*out = nodes;
	return 0;
}

static void free_node(struct node *node)
{
	open_file_unref(node->file);
	free(node->name);
	free(node);
}

void nodes_close(struct nodes *nodes)
{
	struct node *node, *next;
	size_t i;

	if (!nodes)
		return;
	for (i = 0; i < nodes->bucket_count; i++) {
		for (node = nodes->by_number[i]; node; node = next) {
			next = node->next_number;
			if (node != &nodes->root)
				free_node(node);
		}
	}
	pthread_cond_destroy(&nodes->changed);
	pthread_mutex_destroy(&nodes->lock);
	free(nodes->by_number);
	free(nodes->by_name);
	free(nodes);
}

/* FNV-1a of 32 bits over the directory's number and the name. */
static uint32_t hash_name(const struct node *dir, const char *name)
{
	uint32_t sum = 0x811c9dc5u;
	int shift;

	for (shift = 0; shift < 32; shift += 8)
		sum = (sum ^ (uint32_t)(dir->number >> shift & 0xff)) * 0x01000193u;
	for (; *name; name++)
		sum = (sum ^ (dir->is_fat ? fat_name_fold(*name) : (unsigned char)*name)) * 0x01000193u;
	return sum;
}

static bool is_name(const struct node *dir, const char *a, const char *b)
{
	return (dir->is_fat ? fat_name_compare(a, b) : strcmp(a, b)) == 0;
}

static struct node **number_bucket(struct nodes *nodes, uint64_t number)
{
	return &nodes->by_number[number & (nodes->bucket_count - 1)];
}

static struct node **name_bucket(struct nodes *nodes, const struct node *dir, const char *name)
{
	return &nodes->by_name[hash_name(dir, name) & (nodes->bucket_count - 1)];
}

static struct node *find_number(struct nodes *nodes, uint64_t number)
{
	struct node *node = *number_bucket(nodes, number);

	while (node && node->number != number)
		node = node->next_number;
	return node;
}

static struct node *find_name(struct nodes *nodes, const struct node *dir, const char *name)
{
	struct node *node = *name_bucket(nodes, dir, name);

	while (node && (node->parent != dir || !is_name(dir, node->name, name)))
		node = node->next_name;
	return node;
}

static void link_name(struct nodes *nodes, struct node *node)
{
	struct node **bucket = name_bucket(nodes, node->parent, node->name);

	node->next_name = *bucket;
	*bucket = node;
}

static void unlink_name(struct nodes *nodes, struct node *node)
{
	struct node **link = name_bucket(nodes, node->parent, node->name);

	while (*link != node)
		link = &(*link)->next_name;
	*link = node->next_name;
}

static void link_number(struct nodes *nodes, struct node *node)
{
	struct node **bucket = number_bucket(nodes, node->number);

	node->next_number = *bucket;
	*bucket = node;
}

static void unlink_number(struct nodes *nodes, struct node *node)
{
	struct node **link = number_bucket(nodes, node->number);

	while (*link != node)
		link = &(*link)->next_number;
	*link = node->next_number;
}

/* Twice as many buckets when there are more nodes than buckets. Without memory for them it goes on, slower. */
static void grow(struct nodes *nodes)
{
	struct node **old = nodes->by_number, *node, *next;
	size_t old_count = nodes->bucket_count, i;
	struct node **by_number, **by_name;

	if (nodes->node_count <= old_count)
		return;
	by_number = calloc(old_count * 2, sizeof(struct node *));
	by_name = calloc(old_count * 2, sizeof(struct node *));
	if (!by_number || !by_name) {
		free(by_number);
		free(by_name);
		return;
	}
	free(nodes->by_name);
	nodes->by_number = by_number;
	nodes->by_name = by_name;
	nodes->bucket_count = old_count * 2;
	for (i = 0; i < old_count; i++) {
		for (node = old[i]; node; node = next) {
			next = node->next_number;
			link_number(nodes, node);
			if (node->parent && !node->removed)
				link_name(nodes, node);
		}
	}
	free(old);
}

/*
 * A number that no living node has. It comes from the name, so that a file that the kernel forgot and met again keeps its inode
 * number: tools like git take a new one for a new file. 32 bits, for programs that know no more.
 */
static uint64_t free_number(struct nodes *nodes, const struct node *dir, const char *name)
{
	uint32_t number = hash_name(dir, name);

	while (number <= NODES_ROOT || find_number(nodes, number))
		number++;
	return number;
}

/* Puts "/NAME" in front of AT. Returns where it starts. */
static char *prepend(char *at, const char *name)
{
	size_t len = strlen(name);

	at -= len;
	memcpy(at, name, len);
	*--at = '/';
	return at;
}

/* The path of NAME (NULL: none) in NODE, in *OUT; NULL there when NODE or something above it has been removed. */
static int build_path(const struct node *node, const char *name, char **out)
{
	size_t len = name ? strlen(name) + 1 : 0;
	const struct node *n;
	char *path, *at;

	*out = NULL;
	for (n = node; n->parent; n = n->parent) {
		if (n->removed)
			return 0;
		len += strlen(n->name) + 1;
	}
	if (len == 0) {
		*out = strdup("/");
		return *out ? 0 : -ENOMEM;
	}
	path = malloc(len + 1);
	if (!path)
		return -ENOMEM;
	at = path + len;
	*at = '\0';
	if (name)
		at = prepend(at, name);
	for (n = node; n->parent; n = n->parent)
		at = prepend(at, n->name);
	*out = path;
	return 0;
}

/* Whether directory NAME in DIR is on FAT. */
static bool is_fat(const struct nodes *nodes, const struct node *dir, const char *name)
{
	char *path;
	bool fat;

	if (!nodes->board || build_path(dir, name, &path) < 0 || !path)
		return dir->is_fat;
	fat = board_kind(nodes->board, path) == BOARD_FAT;
	free(path);
	return fat;
}

static struct node *new_node(struct nodes *nodes, struct node *dir, const char *name, bool is_dir)
{
	struct node *node = calloc(1, sizeof(*node));

	if (!node)
		return NULL;
	node->name = strdup(name);
	if (!node->name) {
		free(node);
		return NULL;
	}
	node->number = free_number(nodes, dir, name);
	node->parent = dir;
	node->is_dir = is_dir;
	node->is_fat = is_dir && is_fat(nodes, dir, name);
	dir->uses++;
	link_number(nodes, node);
	link_name(nodes, node);
	nodes->node_count++;
	grow(nodes);
	return node;
}

static void remove_locked(struct nodes *nodes, struct node *node)
{
	if (node->removed || !node->parent)
		return;
	unlink_name(nodes, node);
	node->removed = true;
	node->parent->changes++;
}

/* Frees NODE if nobody knows it any more, and then the directories above it likewise. */
static void drop_unused(struct nodes *nodes, struct node *node)
{
	struct node *parent;

	while (node->parent && node->lookups == 0 && node->uses == 0) {
		parent = node->parent;
		if (!node->removed)
			unlink_name(nodes, node);
		unlink_number(nodes, node);
		nodes->node_count--;
		free_node(node);
		parent->uses--;
		node = parent;
	}
}

static void unuse(struct nodes *nodes, struct node *node)
{
	node->uses--;
	drop_unused(nodes, node);
}

/* Whether NODE and all above it can be claimed, shared. Who only waits counts for those that come to share, see nodes.h. */
static bool can_share(const struct node *node, bool heed_waiting)
{
	for (; node; node = node->parent) {
		if (node->alone || (heed_waiting && node->wanted > 0))
			return false;
	}
	return true;
}

static bool can_claim(const struct nodes_claim *claim)
{
	const struct node *node = claim->node;

	if (!can_share(claim->dir, !claim->alone))
		return false;
	if (!node)
		return true;
	return claim->alone ? !node->alone && node->shared == 0 : !node->alone && node->wanted == 0;
}

static void add_shared(struct node *node, int change)
{
	for (; node; node = node->parent)
		node->shared += (unsigned)change;
}

static void take(struct nodes_claim *claim)
{
	add_shared(claim->dir, 1);
	if (claim->dir)
		claim->dir->uses++;
	if (!claim->node)
		return;
	claim->node->uses++;
	if (claim->alone)
		claim->node->alone = true;
	else
		claim->node->shared++;
}

/* Waits until somebody gave something back, with word that NODE (may be NULL) is wanted alone. */
static void want(struct node *node, int change)
{
	if (!node)
		return;
	node->wanted += (unsigned)change;
	node->uses += (unsigned)change;
}

static void wait_for(struct nodes *nodes, struct nodes_claim *claim, struct nodes_claim *other)
{
	struct node *node = claim->alone ? claim->node : NULL;
	struct node *other_node = other && other->alone ? other->node : NULL;

	want(node, 1);
	want(other_node, 1);
	pthread_cond_wait(&nodes->changed, &nodes->lock);
	want(node, -1);
	want(other_node, -1);
	if (node)
		drop_unused(nodes, node);
	if (other_node && other_node != node)
		drop_unused(nodes, other_node);
}

int nodes_claim(struct nodes *nodes, uint64_t number, bool alone, struct nodes_claim *claim)
{
	int rc;

	*claim = (struct nodes_claim){.alone = alone};
	pthread_mutex_lock(&nodes->lock);
	for (;;) {
		claim->node = find_number(nodes, number);
		if (!claim->node) {
			pthread_mutex_unlock(&nodes->lock);
			return -ESTALE;
		}
		claim->dir = claim->node->parent;
		if (can_claim(claim))
			break;
		wait_for(nodes, claim, NULL);
	}
	take(claim);
	rc = build_path(claim->node, NULL, &claim->path);
	pthread_mutex_unlock(&nodes->lock);
	return rc;
}

/* Finds what CLAIM is about, before it is taken. Returns 0, -ESTALE or -ENOENT. */
static int resolve(struct nodes *nodes, uint64_t dir, const char *name, struct nodes_claim *claim)
{
	const struct node *n;

	claim->node = NULL;
	claim->dir = find_number(nodes, dir);
	if (!claim->dir)
		return -ESTALE;
	for (n = claim->dir; n; n = n->parent) {
		if (n->removed) {
			claim->dir = NULL;
			return -ENOENT;
		}
	}
	claim->node = find_name(nodes, claim->dir, name);
	return 0;
}

int nodes_claim_name(struct nodes *nodes, uint64_t dir, const char *name, bool alone, struct nodes_claim *claim)
{
	int rc;

	*claim = (struct nodes_claim){.alone = alone};
	pthread_mutex_lock(&nodes->lock);
	while ((rc = resolve(nodes, dir, name, claim)) == 0 && !can_claim(claim))
		wait_for(nodes, claim, NULL);
	if (rc == 0) {
		take(claim);
		rc = build_path(claim->dir, claim->node ? claim->node->name : name, &claim->path);
	}
	pthread_mutex_unlock(&nodes->lock);
	return rc;
}

static bool lies_in(const struct node *node, const struct node *above)
{
	for (; node; node = node->parent) {
		if (node == above)
			return true;
	}
	return false;
}

static int resolve_rename(struct nodes *nodes, uint64_t from_dir, const char *from_name, uint64_t to_dir, const char *to_name,
			  struct nodes_claim *from, struct nodes_claim *to)
{
	int rc = resolve(nodes, from_dir, from_name, from);

	if (rc == 0)
		rc = resolve(nodes, to_dir, to_name, to);
	if (rc == 0 && from->node && lies_in(to->dir, from->node))
		rc = -EINVAL;
	if (rc == 0 && to->node && lies_in(from->dir, to->node))
		rc = -ENOTEMPTY;
	return rc;
}

int nodes_claim_rename(struct nodes *nodes, uint64_t from_dir, const char *from_name, uint64_t to_dir, const char *to_name,
		       struct nodes_claim *from, struct nodes_claim *to)
{
	int rc;

	*from = *to = (struct nodes_claim){.alone = true};
	pthread_mutex_lock(&nodes->lock);
	while ((rc = resolve_rename(nodes, from_dir, from_name, to_dir, to_name, from, to)) == 0 &&
	       !(can_claim(from) && can_claim(to)))
		wait_for(nodes, from, to);
	if (rc < 0) {
		*from = *to = (struct nodes_claim){0};
	} else {
		if (to->node == from->node)
			to->node = NULL;
		take(from);
		take(to);
		rc = build_path(from->dir, from->node ? from->node->name : from_name, &from->path);
		if (rc == 0)
			rc = build_path(to->dir, to_name, &to->path);
	}
	pthread_mutex_unlock(&nodes->lock);
	return rc;
}

void nodes_release(struct nodes *nodes, struct nodes_claim *claim)
{
	free(claim->path);
	if (!claim->dir && !claim->node)
		return;
	pthread_mutex_lock(&nodes->lock);
	if (claim->node && claim->alone)
		claim->node->alone = false;
	else if (claim->node)
		claim->node->shared--;
	add_shared(claim->dir, -1);
	if (claim->node)
		unuse(nodes, claim->node);
	if (claim->dir)
		unuse(nodes, claim->dir);
	pthread_cond_broadcast(&nodes->changed);
	pthread_mutex_unlock(&nodes->lock);
	*claim = (struct nodes_claim){0};
}

uint64_t node_number(const struct node *node)
{
	return node->number;
}

bool nodes_is_fat(struct nodes *nodes, uint64_t number)
{
	const struct node *node;
	bool fat;

	pthread_mutex_lock(&nodes->lock);
	node = find_number(nodes, number);
	fat = node && node->is_fat;
	pthread_mutex_unlock(&nodes->lock);
	return fat;
}

bool node_is_dir(const struct node *node)
{
	return node->is_dir;
}

static uint64_t number_of(struct nodes *nodes, struct node *dir, const char *name)
{
	const struct node *node = find_name(nodes, dir, name);

	return node ? node->number : free_number(nodes, dir, name);
}

uint64_t nodes_number_of(struct nodes *nodes, struct node *dir, const char *name)
{
	uint64_t number;

	pthread_mutex_lock(&nodes->lock);
	number = number_of(nodes, dir, name);
	pthread_mutex_unlock(&nodes->lock);
	return number;
}

uint64_t nodes_number_beside(struct nodes *nodes, const struct node *node, const char *name)
{
	uint64_t number;

	pthread_mutex_lock(&nodes->lock);
	number = node->parent ? number_of(nodes, node->parent, name) : 0;
	pthread_mutex_unlock(&nodes->lock);
	return number;
}

int nodes_look_up(struct nodes *nodes, struct node *dir, const char *name, bool is_dir, struct node **out)
{
	struct node *node;

	pthread_mutex_lock(&nodes->lock);
	node = find_name(nodes, dir, name);
	if (node && node->is_dir != is_dir) {
		remove_locked(nodes, node);
		drop_unused(nodes, node);
		node = NULL;
	}
	if (!node)
		node = new_node(nodes, dir, name, is_dir);
	if (node)
		node->lookups++;
	pthread_mutex_unlock(&nodes->lock);
	*out = node;
	return node ? 0 : -ENOMEM;
}

void nodes_forget(struct nodes *nodes, uint64_t number, uint64_t count)
{
	struct node *node;

	pthread_mutex_lock(&nodes->lock);
	node = find_number(nodes, number);
	if (node && node->parent) {
		node->lookups -= count < node->lookups ? count : node->lookups;
		drop_unused(nodes, node);
	}
	pthread_mutex_unlock(&nodes->lock);
}

void nodes_remove(struct nodes *nodes, struct node *node)
{
	pthread_mutex_lock(&nodes->lock);
	remove_locked(nodes, node);
	pthread_mutex_unlock(&nodes->lock);
}

static void move_node(struct nodes *nodes, struct node *node, struct node *dir, char *name)
{
	struct node *old_dir = node->parent;

	unlink_name(nodes, node);
	free(node->name);
	node->name = name;
	node->parent = dir;
	dir->uses++;
	link_name(nodes, node);
	old_dir->changes++;
	unuse(nodes, old_dir);
}

int nodes_rename(struct nodes *nodes, struct nodes_claim *from, const char *to_name, struct nodes_claim *to)
{
	char *name = strdup(to_name);

	if (!name)
		return -ENOMEM;
	pthread_mutex_lock(&nodes->lock);
	if (to->node)
		remove_locked(nodes, to->node);
	if (from->node)
		move_node(nodes, from->node, to->dir, name);
	else
		free(name);
	pthread_mutex_unlock(&nodes->lock);
	return 0;
}

uint64_t nodes_changes(struct nodes *nodes, struct node *dir)
{
	uint64_t count;

	pthread_mutex_lock(&nodes->lock);
	count = dir->changes;
	pthread_mutex_unlock(&nodes->lock);
	return count;
}

void nodes_note_change(struct nodes *nodes, struct node *node)
{
	pthread_mutex_lock(&nodes->lock);
	if (node->parent)
		node->parent->changes++;
	pthread_mutex_unlock(&nodes->lock);
}

struct open_file *nodes_add_handle(struct nodes *nodes, struct node *node, struct open_file *fresh)
{
	struct open_file *file;

	pthread_mutex_lock(&nodes->lock);
	if (!node->file) {
		node->file = fresh;
		node->next_open = nodes->open_nodes;
		nodes->open_nodes = node;
		fresh = NULL;
	}
	node->handles++;
	node->uses++;
	file = node->file;
	pthread_mutex_unlock(&nodes->lock);
	open_file_unref(fresh);
	return file;
}

/* The open file leaves NODE; what the kernel's pages are of is noted. */
static void detach_file(struct nodes *nodes, struct node *node)
{
	struct node **link = &nodes->open_nodes;

	while (*link != node)
		link = &(*link)->next_open;
	*link = node->next_open;
	node->seen_known = open_file_on_board(node->file, &node->seen) && !open_file_changed_alone(node->file);
	open_file_unref(node->file);
	node->file = NULL;
}

int nodes_drop_handle(struct nodes *nodes, struct node *node, bool idle, bool give_up)
{
	int rc = 0;

	pthread_mutex_lock(&nodes->lock);
	if (node->handles == 1)
		rc = open_file_is_dirty(node->file) && !give_up ? -EBUSY : 1;
	if (rc >= 0) {
		if (idle)
			node->idle_handles--;
		if (--node->handles == 0)
			detach_file(nodes, node);
		pthread_cond_broadcast(&nodes->changed);
		unuse(nodes, node);
	}
	pthread_mutex_unlock(&nodes->lock);
	return rc;
}

struct open_file *nodes_open_file(struct nodes *nodes, struct node *node)
{
	struct open_file *file;

	pthread_mutex_lock(&nodes->lock);
	file = node->file ? open_file_ref(node->file) : NULL;
	pthread_mutex_unlock(&nodes->lock);
	return file;
}

struct open_file *nodes_open_child(struct nodes *nodes, struct node *dir, const char *name, uint64_t *number)
{
	struct open_file *file = NULL;
	struct node *node;

	pthread_mutex_lock(&nodes->lock);
	node = find_name(nodes, dir, name);
	if (node && node->file) {
		file = open_file_ref(node->file);
		*number = node->number;
	}
	pthread_mutex_unlock(&nodes->lock);
	return file;
}

void nodes_set_idle(struct nodes *nodes, struct node *node, bool idle)
{
	pthread_mutex_lock(&nodes->lock);
	if (idle)
		node->idle_handles++;
	else
		node->idle_handles--;
	pthread_mutex_unlock(&nodes->lock);
}

static void add_ns(struct timespec *time, long ns)
{
	time->tv_nsec += ns;
	if (time->tv_nsec >= 1000000000) {
		time->tv_nsec -= 1000000000;
		time->tv_sec++;
	}
}

bool nodes_has_handles(struct nodes *nodes, struct node *node)
{
	struct timespec deadline;
	int rc = 0;
	bool has;

	clock_gettime(CLOCK_MONOTONIC, &deadline);
	add_ns(&deadline, RELEASE_WAIT_NS);
	pthread_mutex_lock(&nodes->lock);
	while (rc == 0 && node->handles > 0 && node->idle_handles >= node->handles)
		rc = pthread_cond_timedwait(&nodes->changed, &nodes->lock, &deadline);
	has = node->handles > 0;
	pthread_mutex_unlock(&nodes->lock);
	return has;
}

static bool same_content(const struct board_stat *a, const struct board_stat *b)
{
	return a->size == b->size && a->mtime == b->mtime;
}

bool nodes_may_keep_pages(struct nodes *nodes, struct node *node, const struct board_stat *on_board)
{
	bool may;

	pthread_mutex_lock(&nodes->lock);
	may = node->seen_known && same_content(&node->seen, on_board);
	node->seen_known = true;
	node->seen = *on_board;
	pthread_mutex_unlock(&nodes->lock);
	return may;
}

int nodes_each_open(struct nodes *nodes, struct node *dir, nodes_file_fn *each, void *context)
{
	struct node *node;
	int rc = 0;

	pthread_mutex_lock(&nodes->lock);
	for (node = nodes->open_nodes; node && rc == 0; node = node->next_open) {
		if (node->parent == dir && !node->removed)
			rc = each(context, node->name, node->number, node->file);
	}
	pthread_mutex_unlock(&nodes->lock);
	return rc;
}

uint64_t nodes_some_dirty(struct nodes *nodes)
{
	uint64_t number = 0;
	struct node *node;

	pthread_mutex_lock(&nodes->lock);
	for (node = nodes->open_nodes; node && number == 0; node = node->next_open) {
		if (open_file_is_dirty(node->file))
			number = node->number;
	}
	pthread_mutex_unlock(&nodes->lock);
	return number;
}
