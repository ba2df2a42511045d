/* SPDX-License-Identifier: MIT */
/*
 * fdlink: what all backends on a file descriptor have in common. Their `state` begins with a struct fdlink, and the functions
 * here go into their struct bytelink_backend as they are, or are called by their own.
 */
#ifndef BYTELINK_FDLINK_H
#define BYTELINK_FDLINK_H

#include "bytelink/bytelink.h"
#include "bytelink/port_lock.h"

struct fdlink {
	int fd;                 /* non-blocking */
	int wake_fd;            /* an eventfd */
	struct port_lock *lock; /* what keeps others off the port; NULL: there is nothing to keep */
};

/*
 * Makes *OUT a link of BACKEND on FD, which becomes non-blocking and closed on exec. Its state
 * is SIZE bytes of zero, of which the first are a struct fdlink. The link owns FD and LOCK (may be NULL); on failure they stay the caller's.
 * Returns 0, or a negative errno with *OUT NULL and DIAG filled.
 */
int fdlink_open(struct bytelink **out, const struct bytelink_backend *backend, size_t size, int fd, struct port_lock *lock,
		const char *device, struct diag *diag);

/* Ends what the link owns, the lock last, and frees SELF->state. */
void fdlink_close(struct bytelink *self);

/* -ENODEV for an errno with which a device, a terminal or a peer says that it has gone, -EIO for others. */
int fdlink_error(int err);

/* The other functions of struct bytelink_backend. */
ssize_t fdlink_read(struct bytelink *self, void *buf, size_t len);
ssize_t fdlink_write(struct bytelink *self, const void *buf, size_t len);
int fdlink_wait(struct bytelink *self, unsigned events, int64_t deadline);
int64_t fdlink_now(struct bytelink *self);
void fdlink_wake(struct bytelink *self);
void fdlink_set_purpose(struct bytelink *self, const char *purpose);

/* CLOCK_MONOTONIC in microseconds, the clock of fdlink_now. */
int64_t fdlink_clock(void);

/* Waits until FD has one of poll(2)'s EVENTS or the clock reaches DEADLINE. Returns what it has, 0 at the deadline, or -errno. */
int fdlink_poll(int fd, short events, int64_t deadline);

#endif
