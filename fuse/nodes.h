/* SPDX-License-Identifier: MIT */
/*
 * nodes: the files and directories that the kernel knows by number, as a tree of names.
 *
 * A node lives as long as the kernel may name its number (nodes_look_up ... nodes_forget), or something here still uses it. Its
 * path is built from the tree when it is needed, so that a rename of a directory carries along all that is open below it.
 *
 * A path has to stay true while a call to the board uses it. So an operation claims what it works on: shared, for all that leaves
 * names alone, or alone, for what removes or renames. To claim a node is also to claim all directories above it, shared; who wants
 * a node alone waits for those who use it or anything below it, and keeps new ones out meanwhile. Claims of one operation are
 * taken together, or none of them, so that two operations never wait for each other.
 *
 * Any thread may call any function.
 */
#ifndef FUSE_NODES_H
#define FUSE_NODES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "board/board.h"
#include "fuse/open_file.h"

enum { NODES_ROOT = 1 }; /* the number of "/", which is always there: FUSE_ROOT_ID */

struct nodes;
struct node;

/* What an operation works on. All zero: nothing. */
struct nodes_claim {
	struct node *dir;  /* the directory of a claim by name; NULL: a claim by number */
	struct node *node; /* NULL: the kernel knows no such name yet */
	char *path;        /* NULL: removed */
	bool alone;
};

/*
 * An empty tree in *OUT, to be freed with nodes_close. BOARD (NULL: none) tells which directories are on FAT: there names that
 * differ in the case of ASCII letters lead to the same node. Returns 0 or -ENOMEM.
 */
int nodes_open(struct nodes **out, struct board *board);

/* Frees NODES and all that is in it; NULL is accepted. No operation may be under way. */
void nodes_close(struct nodes *nodes);

/* Claims node NUMBER. *CLAIM needs nodes_release in any case. Returns 0, -ESTALE for a number that is not known, or -ENOMEM. */
int nodes_claim(struct nodes *nodes, uint64_t number, bool alone, struct nodes_claim *claim);

/*
 * Claims NAME in directory DIR: the directory shared, and the node of that name if there is one, shared or alone; the path is
 * spelled as the node is. *CLAIM needs nodes_release in any case. Returns 0, -ENOENT when the directory has been removed, -ESTALE or -ENOMEM.
 */
int nodes_claim_name(struct nodes *nodes, uint64_t dir, const char *name, bool alone, struct nodes_claim *claim);

/*
 * Claims two names for a rename, the nodes of both alone. Both claims need nodes_release in any case. Returns as nodes_claim_name,
 * and -EINVAL when TO_DIR lies in the node FROM, -ENOTEMPTY when FROM_DIR lies in the node TO.
 */
int nodes_claim_rename(struct nodes *nodes, uint64_t from_dir, const char *from_name, uint64_t to_dir, const char *to_name,
		       struct nodes_claim *from, struct nodes_claim *to);

/* Gives a claim back; *CLAIM is all zero then. */
void nodes_release(struct nodes *nodes, struct nodes_claim *claim);

/* Whether directory NUMBER is on FAT. */
bool nodes_is_fat(struct nodes *nodes, uint64_t number);

/* The number of NODE, which is its inode number as well; the same as long as the node lives, and mostly the same ever after. */
uint64_t node_number(const struct node *node);

/* The number that NAME in DIR has, or would have. */
uint64_t nodes_number_of(struct nodes *nodes, struct node *dir, const char *name);

/* The number that NAME beside NODE, in the same directory, has, or would have. 0: NODE is in no directory any more. */
uint64_t nodes_number_beside(struct nodes *nodes, const struct node *node, const char *name);

bool node_is_dir(const struct node *node);

/*
 * The node NAME in DIR in *OUT, made where it is missing, with one more look-up by the kernel. A node of another kind than IS_DIR
 * says is taken out of the tree first. Returns 0 or -ENOMEM.
 */
int nodes_look_up(struct nodes *nodes, struct node *dir, const char *name, bool is_dir, struct node **out);

/* The kernel has forgotten COUNT look-ups of NUMBER. */
void nodes_forget(struct nodes *nodes, uint64_t number, uint64_t count);

/* No name leads to NODE any more. It lives on as long as it is used. */
void nodes_remove(struct nodes *nodes, struct node *node);

/*
 * The node of FROM has the name of TO now, and the node of TO, if any, none. FROM and TO come from nodes_claim_rename.
 * Returns 0, or -ENOMEM: nothing was changed.
 */
int nodes_rename(struct nodes *nodes, struct nodes_claim *from, const char *to_name, struct nodes_claim *to);

/* Counts what happened to the entries of DIR: a listing made at another count may be wrong. */
uint64_t nodes_changes(struct nodes *nodes, struct node *dir);

/* Something was changed in NODE, other than its name: counts in its directory. */
void nodes_note_change(struct nodes *nodes, struct node *node);

/*
 * Adds an open handle to NODE. FRESH becomes the node's open file, with the caller's reference, where none of its handles is open;
 * where one is, FRESH (may be NULL then) loses the caller's reference. Returns the open file, valid as long as the handle.
 */
struct open_file *nodes_add_handle(struct nodes *nodes, struct node *node, struct open_file *fresh);

/*
 * Takes a handle away from NODE; IDLE says whether it counts for nodes_set_idle. With the last one the open file leaves the node,
 * and the board's words on its content are kept for nodes_may_keep_pages. Returns whether it was the last, or -EBUSY: it would be the
 * last, the open file is dirty, and GIVE_UP is false; nothing was done then.
 */
int nodes_drop_handle(struct nodes *nodes, struct node *node, bool idle, bool give_up);

/* The open file of NODE with a reference that is the caller's; NULL: not open. */
struct open_file *nodes_open_file(struct nodes *nodes, struct node *node);

/* The open file NAME in DIR, likewise. *NODE_NUMBER is its number. */
struct open_file *nodes_open_child(struct nodes *nodes, struct node *dir, const char *name, uint64_t *node_number);

/* A handle of NODE was flushed, as close(2) does (IDLE), or used again since. Called at changes only. */
void nodes_set_idle(struct nodes *nodes, struct node *node, bool idle);

/*
 * Whether NODE has open handles. A close reaches us in two parts, and the second (the release) may come after the unlink that
 * followed the close: if all handles look closed, their releases are waited for, a tenth of a second at most.
 */
bool nodes_has_handles(struct nodes *nodes, struct node *node);

/*
 * Whether the kernel's pages of NODE, from when it was open before, are of the content that the board calls ON_BOARD. From now on
 * they are.
 */
bool nodes_may_keep_pages(struct nodes *nodes, struct node *node, const struct board_stat *on_board);

/* Called for a file NAME with number NUMBER that is open; FILE is valid during the call. A non-zero return ends the walk. */
typedef int nodes_file_fn(void *context, const char *name, uint64_t number, struct open_file *file);

/* Calls EACH for every file in DIR that is open. EACH must not call nodes_ functions. Returns what EACH returned last, or 0. */
int nodes_each_open(struct nodes *nodes, struct node *dir, nodes_file_fn *each, void *context);

/* The number of some open file with unsynced changes, for the unmount; 0: there is none. */
uint64_t nodes_some_dirty(struct nodes *nodes);

#endif
