/* SPDX-License-Identifier: MIT */
#include "fuse/nodes.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "fuse/node_tree.h"

enum { RELEASE_WAIT_NS = 100 * 1000 * 1000 };

struct nodes {
	pthread_mutex_t lock;   /* guards everything; open_file's locks may be taken under it, never the other way round */
	pthread_cond_t changed; /* a claim was given back, or a handle */
	struct node_tree tree;
	struct node *open_nodes;
};

int nodes_open(struct nodes **out, struct board *board)
{
	struct nodes *nodes = calloc(1, sizeof(*nodes));
	pthread_condattr_t attributes;

	*out = NULL;
	if (!nodes)
		return -ENOMEM;
	if (node_tree_open(&nodes->tree, NODES_ROOT, board) < 0) {
		free(nodes);
		return -ENOMEM;
	}
	pthread_mutex_init(&nodes->lock, NULL);
	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_cond_init(&nodes->changed, &attributes);
	pthread_condattr_destroy(&attributes);
	*out = nodes;
	return 0;
}

void nodes_close(struct nodes *nodes)
{
	if (!nodes)
		return;
	for (struct node *node = nodes->open_nodes; node; node = node->next_open)
		open_file_unref(node->file);
	node_tree_close(&nodes->tree);
	pthread_cond_destroy(&nodes->changed);
	pthread_mutex_destroy(&nodes->lock);
	free(nodes);
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
		node_tree_drop_unused(&nodes->tree, node);
	if (other_node && other_node != node)
		node_tree_drop_unused(&nodes->tree, other_node);
}

int nodes_claim(struct nodes *nodes, uint64_t number, bool alone, struct nodes_claim *claim)
{
	int rc;

	*claim = (struct nodes_claim){.alone = alone};
	pthread_mutex_lock(&nodes->lock);
	for (;;) {
		claim->node = node_tree_find(&nodes->tree, number);
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
	rc = node_tree_path(claim->node, NULL, &claim->path);
	pthread_mutex_unlock(&nodes->lock);
	return rc;
}

/* Finds what CLAIM is about, before it is taken. Returns 0, -ESTALE or -ENOENT. */
static int resolve(struct nodes *nodes, uint64_t dir, const char *name, struct nodes_claim *claim)
{
	const struct node *n;

	claim->node = NULL;
	claim->dir = node_tree_find(&nodes->tree, dir);
	if (!claim->dir)
		return -ESTALE;
	for (n = claim->dir; n; n = n->parent) {
		if (n->removed) {
			claim->dir = NULL;
			return -ENOENT;
		}
	}
	claim->node = node_tree_find_name(&nodes->tree, claim->dir, name);
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
		rc = node_tree_path(claim->dir, claim->node ? claim->node->name : name, &claim->path);
	}
	pthread_mutex_unlock(&nodes->lock);
	return rc;
}

static int resolve_rename(struct nodes *nodes, uint64_t from_dir, const char *from_name, uint64_t to_dir, const char *to_name,
			  struct nodes_claim *from, struct nodes_claim *to)
{
	int rc = resolve(nodes, from_dir, from_name, from);

	if (rc == 0)
		rc = resolve(nodes, to_dir, to_name, to);
	if (rc == 0 && from->node && node_tree_lies_in(to->dir, from->node))
		rc = -EINVAL;
	if (rc == 0 && to->node && node_tree_lies_in(from->dir, to->node))
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
		rc = node_tree_path(from->dir, from->node ? from->node->name : from_name, &from->path);
		if (rc == 0)
			rc = node_tree_path(to->dir, to_name, &to->path);
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
		node_tree_unuse(&nodes->tree, claim->node);
	if (claim->dir)
		node_tree_unuse(&nodes->tree, claim->dir);
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
	node = node_tree_find(&nodes->tree, number);
	fat = node && node->is_fat;
	pthread_mutex_unlock(&nodes->lock);
	return fat;
}

bool node_is_dir(const struct node *node)
{
	return node->is_dir;
}

uint64_t nodes_number_of(struct nodes *nodes, struct node *dir, const char *name)
{
	uint64_t number;

	pthread_mutex_lock(&nodes->lock);
	number = node_tree_number_of(&nodes->tree, dir, name);
	pthread_mutex_unlock(&nodes->lock);
	return number;
}

uint64_t nodes_number_beside(struct nodes *nodes, const struct node *node, const char *name)
{
	uint64_t number;

	pthread_mutex_lock(&nodes->lock);
	number = node->parent ? node_tree_number_of(&nodes->tree, node->parent, name) : 0;
	pthread_mutex_unlock(&nodes->lock);
	return number;
}

int nodes_look_up(struct nodes *nodes, struct node *dir, const char *name, bool is_dir, struct node **out)
{
	struct node *node;

	pthread_mutex_lock(&nodes->lock);
	node = node_tree_find_name(&nodes->tree, dir, name);
	if (node && node->is_dir != is_dir) {
		node_tree_remove(&nodes->tree, node);
		node_tree_drop_unused(&nodes->tree, node);
		node = NULL;
	}
	if (!node)
		node = node_tree_add(&nodes->tree, dir, name, is_dir);
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
	node = node_tree_find(&nodes->tree, number);
	if (node && node->parent) {
		node->lookups -= count < node->lookups ? count : node->lookups;
		node_tree_drop_unused(&nodes->tree, node);
	}
	pthread_mutex_unlock(&nodes->lock);
}

void nodes_remove(struct nodes *nodes, struct node *node)
{
	pthread_mutex_lock(&nodes->lock);
	node_tree_remove(&nodes->tree, node);
	pthread_mutex_unlock(&nodes->lock);
}

int nodes_rename(struct nodes *nodes, struct nodes_claim *from, const char *to_name, struct nodes_claim *to)
{
	char *name = strdup(to_name);

	if (!name)
		return -ENOMEM;
	pthread_mutex_lock(&nodes->lock);
	if (to->node)
		node_tree_remove(&nodes->tree, to->node);
	if (from->node)
		node_tree_move(&nodes->tree, from->node, to->dir, name);
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
		node_tree_unuse(&nodes->tree, node);
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
	node = node_tree_find_name(&nodes->tree, dir, name);
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
