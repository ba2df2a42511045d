/* SPDX-License-Identifier: MIT */
/*
 * watch: whether somebody changes certain files, or one in certain directories or below, by inotify(7). A burst of changes, as an editor
 * or a compiler makes them, is told as one: when nothing has changed for WATCH_QUIET_US, at the latest WATCH_BURST_US after the first.
 *
 * A change is a file that was closed after writing, made by link or rename, renamed or removed. Directories made later are watched,
 * too. Not watched: what a link in the tree leads to, hidden names (.git, an editor's .x.swp), __pycache__, and what editors leave beside a
 * file while they work (x~, #x#, vim's 4913). What the board itself writes is no change: watch_own_name. What is watched may go and come again:
 * that is looked for twice a second, and is a change. Where the kernel has lost events, that is one, too.
 *
 * Times are microseconds of the caller's clock. One thread.
 */
#ifndef SHARE_WATCH_H
#define SHARE_WATCH_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

#include "base/diag.h"

enum { WATCH_QUIET_US = 200000, WATCH_BURST_US = 2000000 };

struct watch;

/* Into *OUT (NULL on error). Returns 0 or a negative errno with words in DIAG, as all here that take one. */
int watch_open(struct watch **out, struct diag *diag);

/* NULL is accepted. */
void watch_close(struct watch *watch);

/*
 * Watches DIR and the directories in it. -ENOSPC: there are more than this user can watch (/proc/sys/fs/inotify/max_user_watches), as the
 * words say; those that were reached are watched.
 */
int watch_add(struct watch *watch, const char *dir, struct diag *diag);

/*
 * Watches FILE alone, which may be a link: it is told when that is turned, and nothing of what it leads to. What else is in its directory does
 * not count, unless that is watched, too. A file that is watched already is so once.
 */
int watch_add_file(struct watch *watch, const char *file, struct diag *diag);

/* To be polled for input; then watch_read is to be called. It is the watch's. */
int watch_fd(const struct watch *watch);

/* Takes in what has happened; does not block. Fails as watch_add, for a directory that is new: all else goes on. */
int watch_read(struct watch *watch, int64_t now, struct diag *diag);

/* When watch_fired is to be asked next; INT64_MAX: nothing has changed. */
int64_t watch_deadline(const struct watch *watch);

/* Whether a burst of changes is over: true once for each. */
bool watch_fired(struct watch *watch, int64_t now);

/*
 * The board is about to make, rename or remove the entry NAME of the directory DIR, which does not count. Of a rename both are told. What
 * has happened by now was somebody else: watch_read comes before this, and then watch_own_done.
 */
void watch_own_name(struct watch *watch, const struct stat *dir, const char *name);

/* The same of FILE, which the board has open for writing and is about to close: that is what counts, if somebody else does it. */
void watch_own_file(struct watch *watch, const struct stat *file);

/* That is done, or has failed. Reads what has happened, as watch_read, and returns the same. */
int watch_own_done(struct watch *watch, int64_t now, struct diag *diag);

#endif
