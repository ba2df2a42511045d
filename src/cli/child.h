/* SPDX-License-Identifier: MIT */
/* child: programs that are run for what they print. It goes to memory, so nothing is left in a folder, whatever ends us. */
#ifndef CLI_CHILD_H
#define CLI_CHILD_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct child {
	pid_t pid;    /* 0: none runs */
	int out, err; /* what it prints; -1: none */
};

/* None, yet. */
#define CHILD_NONE ((struct child){.out = -1, .err = -1})

/*
 * Starts ARGV (argv[0] is a path or a name in $PATH); its input is the file that the descriptor IN is open on, -1: nothing. Returns 0 or
 * a negative errno, with CHILD as CHILD_NONE.
 *
 * It ends with the thread that has started it, by SIGKILL, whatever ends that. SIGCHLD has its default action after this.
 */
int child_start(struct child *child, char *const *argv, int in);

/*
 * What stands in CHILD's out or err, FD, in *BYTES, malloced and terminated, of *SIZE bytes; NULL where that is nothing. To be called
 * when the child has ended. Returns 0 or a negative errno.
 */
int child_output(int fd, uint8_t **bytes, size_t *size);

/* Ends CHILD if it still runs, and waits for that; then closes what it printed. */
void child_close(struct child *child);

#endif
