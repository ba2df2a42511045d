/* SPDX-License-Identifier: MIT */
/*
 * node_tree: what lies under nodes.h without its threads: nodes as a tree of names, found by number and by name, with the paths that follow
 * from it. A node stays as long as somebody uses it, or the kernel may name its number; a removed one has no name, but its number.
 *
 * For nodes.c alone, which has the lock and its own members in each node. Nothing here waits.
 */
#ifndef FUSE_NODE_TREE_H
#define FUSE_NODE_TREE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "board/board.h"

struct open_file;

struct node {
	uint64_t number;
	struct node *parent; /* stays when the node is removed; NULL: the root */
	char *name;
	bool is_dir;
	bool is_fat; /* a directory in which names are the same in either case */
	bool removed;
	uint64_t lookups;                     /* by the kernel; the caller counts */
	unsigned uses;                        /* children, which are counted here, handles, claims and those that wait for one */
	uint64_t changes;                     /* of a directory: what happened to its entries */
	struct node *next_number, *next_name; /* its own: in their buckets */

	unsigned shared; /* from here on nodes.c's: claims of this node and of all below it */
	unsigned wanted; /* who waits to have it alone */
	bool alone;
	struct open_file *file;
	unsigned handles, idle_handles;
	struct node *next_open; /* in the list of nodes with an open file */
	bool seen_known;
	struct board_stat seen; /* the content that the kernel's pages are of, if it has pages */
};

struct node_tree {
	struct node root;

	struct board *board; /* from here on its own */
	struct node **by_number, **by_name;
	size_t bucket_count; /* a power of two */
	size_t node_count;
};

/*
 * A tree of "/" alone, which is always there and has the number ROOT, less than all others; for BOARD as nodes_open has it. Returns 0 or
 * -ENOMEM; node_tree_close is right after both.
 */
int node_tree_open(struct node_tree *tree, uint64_t root, struct board *board);

/* Frees all nodes, used or not. */
void node_tree_close(struct node_tree *tree);

/* NULL: there is none. */
struct node *node_tree_find(struct node_tree *tree, uint64_t number);
struct node *node_tree_find_name(struct node_tree *tree, const struct node *dir, const char *name);

/* The number that NAME in DIR has, or would have. */
uint64_t node_tree_number_of(struct node_tree *tree, const struct node *dir, const char *name);

/* The path of NAME (NULL: none) in NODE, to be freed, in *OUT; NULL there when NODE or something above it was removed. Returns 0 or -ENOMEM. */
int node_tree_path(const struct node *node, const char *name, char **out);

/* Whether NODE is ABOVE, or lies below it. */
bool node_tree_lies_in(const struct node *node, const struct node *above);

/* A new node NAME in DIR, where none is. Nobody uses it yet. NULL: no memory. */
struct node *node_tree_add(struct node_tree *tree, struct node *dir, const char *name, bool is_dir);

/* No name leads to NODE any more. Nothing to do for one that is removed already, and for the root. */
void node_tree_remove(struct node_tree *tree, struct node *node);

/* NODE has NAME, which is the tree's from now on, in DIR, where none has it. */
void node_tree_move(struct node_tree *tree, struct node *node, struct node *dir, char *name);

/* Frees NODE if nobody knows it any more, and then the directories above it likewise. */
void node_tree_drop_unused(struct node_tree *tree, struct node *node);

/* One use of NODE less, and that. */
void node_tree_unuse(struct node_tree *tree, struct node *node);

#endif
