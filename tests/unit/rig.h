/* SPDX-License-Identifier: MIT */
/*
 * rig: a vfs over a board in memory, and short words for what a process does there, for tests of vfs and its parts. What they do not say
 * otherwise must succeed.
 */
#ifndef UNIT_RIG_H
#define UNIT_RIG_H

#include "fuse/nodes.h"
#include "fuse/vfs.h"

enum { ROOT = NODES_ROOT };

struct rig {
	struct board *board; /* a fakeboard */
	struct vfs *vfs;
	char log[4096]; /* all lines */
};

/* For cmocka: *STATE is a rig of user 100 and group 200, with umask 022. */
int rig_set_up(void **state);
int rig_tear_down(void **state);

/* Ends the mount, and mounts with OPTIONS. Each look at the clock is a second later; the log is the rig's. */
void rig_mount(struct rig *rig, const struct vfs_options *options);

/* The board itself has PATH with TEXT now; is to have it (NULL: not to have it). */
void rig_put(struct rig *rig, const char *path, const char *text);
void rig_expect_on_board(struct rig *rig, const char *path, const char *text);

/* The number of NAME in DIR; the second returns vfs_name_look_up's answer. */
uint64_t rig_look_up(struct rig *rig, uint64_t dir, const char *name);
int rig_stat(struct rig *rig, uint64_t dir, const char *name, struct stat *about);

/* mkdir(2), returning the number; open(2) of a new file, and of one that is there. */
uint64_t rig_make_dir(struct rig *rig, uint64_t dir, const char *name);
struct vfs_handle *rig_create(struct rig *rig, uint64_t dir, const char *name);
struct vfs_handle *rig_open(struct rig *rig, uint64_t number, int flags);

/* Writes TEXT to the start of the file; reads all of it, which is to be TEXT. */
void rig_write(struct rig *rig, struct vfs_handle *handle, const char *text);
void rig_expect_read(struct rig *rig, struct vfs_handle *handle, const char *text);

/* The first of the two steps of close(2), and both. Return what the first returned. */
int rig_flush(struct rig *rig, struct vfs_handle *handle);
int rig_close(struct rig *rig, struct vfs_handle *handle);

/* A vfs_file_more_fn: a process with as many more descriptors as the int at CONTEXT says. */
bool rig_has_more(void *context, const char *path);

/* The names in directory NUMBER, each with a space behind it, into NAMES, which it returns. */
char *rig_names(struct rig *rig, uint64_t number, char *names);

#endif
