/* SPDX-License-Identifier: MIT */
/*
 * background: two processes while a mount is made: one that makes it, and one that the user's shell waits for.
 *
 * The fork is the first thing of all, so that whatever the mount needs (threads, the board's process of an exec: device, locks with
 * a process number in them) is made by the process that keeps it. Until it is ready, that process still has the terminal: errors
 * are seen, and Ctrl-C ends both, as does a signal that only the waiting one gets.
 */
#ifndef FUSE_BACKGROUND_H
#define FUSE_BACKGROUND_H

/*
 * Forks. In the process that goes on to make the mount *READY is for background_ready, and 0 is returned. The other one waits here
 * until the mount is there or not, and gets 1 with the exit status to end with in *STATUS. Returns a negative errno when there is no
 * second process.
 */
int background_fork(int *ready, int *status);

/* All is well: lets go of the terminal, and lets the waiting process end with status 0. */
void background_ready(int ready);

#endif
