/* SPDX-License-Identifier: MIT */
/*
 * attention: wakes who waits at a link when a file descriptor is ready: a link waits for its device and bytelink_wake only. A thread of
 * its own polls; it reads and writes nothing.
 */
#ifndef SHARE_ATTENTION_H
#define SHARE_ATTENTION_H

#include "bytelink/bytelink.h"

struct attention;

enum { ATTENTION_MAX = 8 };

/* Starts it for LINK, which outlives it. All signals are left to other threads. Returns 0 or a negative errno. */
int attention_open(struct attention **out, struct bytelink *link);

/* Ends the thread. NULL is accepted. */
void attention_close(struct attention *attention);

/*
 * Asks once for FD (SLOT numbers what is asked for; less than ATTENTION_MAX) to have EVENTS of poll(2), or an error: LINK is woken then.
 * What was asked for SLOT before is forgotten.
 */
void attention_ask(struct attention *attention, unsigned slot, int fd, short events);

/* Whether what was asked for SLOT has come; it is true once, and has to be asked for again. */
bool attention_has(struct attention *attention, unsigned slot);

#endif
