/* SPDX-License-Identifier: MIT */
#include "fuse/node_tree.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "board/fat_name.h"

enum { FIRST_BUCKETS = 64 };

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

static struct node **number_bucket(struct node_tree *tree, uint64_t number)
{
	return &tree->by_number[number & (tree->bucket_count - 1)];
}

static struct node **name_bucket(struct node_tree *tree, const struct node *dir, const char *name)
{
	return &tree->by_name[hash_name(dir, name) & (tree->bucket_count - 1)];
}

struct node *node_tree_find(struct node_tree *tree, uint64_t number)
{
	struct node *node = *number_bucket(tree, number);

	while (node && node->number != number)
		node = node->next_number;
	return node;
}

struct node *node_tree_find_name(struct node_tree *tree, const struct node *dir, const char *name)
{
	struct node *node = *name_bucket(tree, dir, name);

	while (node && (node->parent != dir || !is_name(dir, node->name, name)))
		node = node->next_name;
	return node;
}

static void link_name(struct node_tree *tree, struct node *node)
{
	struct node **bucket = name_bucket(tree, node->parent, node->name);

	node->next_name = *bucket;
	*bucket = node;
}

static void unlink_name(struct node_tree *tree, struct node *node)
{
	struct node **link = name_bucket(tree, node->parent, node->name);

	while (*link != node)
		link = &(*link)->next_name;
	*link = node->next_name;
}

static void link_number(struct node_tree *tree, struct node *node)
{
	struct node **bucket = number_bucket(tree, node->number);

	node->next_number = *bucket;
	*bucket = node;
}

static void unlink_number(struct node_tree *tree, struct node *node)
{
	struct node **link = number_bucket(tree, node->number);

	while (*link != node)
		link = &(*link)->next_number;
	*link = node->next_number;
}

int node_tree_open(struct node_tree *tree, uint64_t root, struct board *board)
{
	*tree = (struct node_tree){
		.root = {.number = root, .is_dir = true, .is_fat = board && board_kind(board, "/") == BOARD_FAT},
		.board = board,
		.by_number = calloc(FIRST_BUCKETS, sizeof(struct node *)),
		.by_name = calloc(FIRST_BUCKETS, sizeof(struct node *)),
		.bucket_count = FIRST_BUCKETS,
	};
	if (!tree->by_number || !tree->by_name) {
		node_tree_close(tree);
		return -ENOMEM;
	}
	link_number(tree, &tree->root);
	return 0;
}

static void free_node(struct node *node)
{
	free(node->name);
	free(node);
}

void node_tree_close(struct node_tree *tree)
{
	struct node *node, *next;

	for (size_t i = 0; tree->by_number && i < tree->bucket_count; i++) {
		for (node = tree->by_number[i]; node; node = next) {
			next = node->next_number;
			if (node != &tree->root)
				free_node(node);
		}
	}
	free(tree->by_number);
	free(tree->by_name);
	*tree = (struct node_tree){0};
}

/* Twice as many buckets when there are more nodes than buckets. Without memory for them it goes on, slower. */
static void grow(struct node_tree *tree)
{
	struct node **old = tree->by_number, *node, *next;
	size_t old_count = tree->bucket_count, i;
	struct node **by_number, **by_name;

	if (tree->node_count <= old_count)
		return;
	by_number = calloc(old_count * 2, sizeof(struct node *));
	by_name = calloc(old_count * 2, sizeof(struct node *));
	if (!by_number || !by_name) {
		free(by_number);
		free(by_name);
		return;
	}
	free(tree->by_name);
	tree->by_number = by_number;
	tree->by_name = by_name;
	tree->bucket_count = old_count * 2;
	for (i = 0; i < old_count; i++) {
		for (node = old[i]; node; node = next) {
			next = node->next_number;
			link_number(tree, node);
			if (node->parent && !node->removed)
				link_name(tree, node);
		}
	}
	free(old);
}

/*
 * A number that no living node has. It comes from the name, so that a file that the kernel forgot and met again keeps its inode
 * number: tools like git take a new one for a new file. 32 bits, for programs that know no more.
 */
static uint64_t free_number(struct node_tree *tree, const struct node *dir, const char *name)
{
	uint32_t number = hash_name(dir, name);

	while (number <= tree->root.number || node_tree_find(tree, number))
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

int node_tree_path(const struct node *node, const char *name, char **out)
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
static bool is_fat(const struct node_tree *tree, const struct node *dir, const char *name)
{
	char *path;
	bool fat;

	if (!tree->board || node_tree_path(dir, name, &path) < 0 || !path)
		return dir->is_fat;
	fat = board_kind(tree->board, path) == BOARD_FAT;
	free(path);
	return fat;
}

struct node *node_tree_add(struct node_tree *tree, struct node *dir, const char *name, bool is_dir)
{
	struct node *node = calloc(1, sizeof(*node));

	if (!node)
		return NULL;
	node->name = strdup(name);
	if (!node->name) {
		free(node);
		return NULL;
	}
	node->number = free_number(tree, dir, name);
	node->parent = dir;
	node->is_dir = is_dir;
	node->is_fat = is_dir && is_fat(tree, dir, name);
	dir->uses++;
	link_number(tree, node);
	link_name(tree, node);
	tree->node_count++;
	grow(tree);
	return node;
}

void node_tree_remove(struct node_tree *tree, struct node *node)
{
	if (node->removed || !node->parent)
		return;
	unlink_name(tree, node);
	node->removed = true;
	node->parent->changes++;
}

void node_tree_drop_unused(struct node_tree *tree, struct node *node)
{
	struct node *parent;

	while (node->parent && node->lookups == 0 && node->uses == 0) {
		parent = node->parent;
		if (!node->removed)
			unlink_name(tree, node);
		unlink_number(tree, node);
		tree->node_count--;
		free_node(node);
		parent->uses--;
		node = parent;
	}
}

void node_tree_unuse(struct node_tree *tree, struct node *node)
{
	node->uses--;
	node_tree_drop_unused(tree, node);
}

bool node_tree_lies_in(const struct node *node, const struct node *above)
{
	for (; node; node = node->parent) {
		if (node == above)
			return true;
	}
	return false;
}

void node_tree_move(struct node_tree *tree, struct node *node, struct node *dir, char *name)
{
	struct node *old_dir = node->parent;

	unlink_name(tree, node);
	free(node->name);
	node->name = name;
	node->parent = dir;
	dir->uses++;
	link_name(tree, node);
	old_dir->changes++;
	node_tree_unuse(tree, old_dir);
}

uint64_t node_tree_number_of(struct node_tree *tree, const struct node *dir, const char *name)
{
	const struct node *node = node_tree_find_name(tree, dir, name);

	return node ? node->number : free_number(tree, dir, name);
}
