/* SPDX-License-Identifier: MIT */
/*
 * outlet: what the board has for stdout and stderr, in its order, until they take it: a pipe whose reader pauses, or a terminal that is
 * held, keeps nobody else waiting. Nothing here waits. One in a process, one thread.
 */
#ifndef SHARE_OUTLET_H
#define SHARE_OUTLET_H

#include <stddef.h>
#include <stdint.h>

enum { OUTLET_MAX = 4 << 20 /* so many bytes are kept */ };

struct outlet_piece;

struct outlet {
	struct outlet_piece *first, *last; /* what is kept */
	size_t kept;                       /* bytes of it */
	int fds[2];                        /* what writes to stdout and stderr */
};

void outlet_open(struct outlet *outlet);

/* What is still kept is forgotten. */
void outlet_close(struct outlet *outlet);

/*
 * Puts LEN BYTES for FD, which is STDOUT_FILENO or STDERR_FILENO, behind all that is kept. There is room for them, though more than
 * outlet_room: who puts them has read them already. Returns 0, -ENOMEM, or the negative errno with which FD takes nothing any more.
 */
int outlet_put(struct outlet *outlet, int fd, const uint8_t *bytes, size_t len);

/* Writes what is taken now. Returns 0, or the negative errno with which what comes next is not taken: it is forgotten then. */
int outlet_write(struct outlet *outlet);

/* The descriptor, for poll, that has to take something before there is more to write; -1: nothing is kept. */
int outlet_waits_for(const struct outlet *outlet);

/* How many bytes more should be put at most, 0 where nothing should. */
size_t outlet_room(const struct outlet *outlet);

#endif
