/* SPDX-License-Identifier: MIT */
/*
 * bytelink: a stream of bytes to a board and back, whatever carries it.
 *
 * The layer knows bytes, time and how a DEVICE is opened; it knows nothing of what the bytes mean. A backend is one file
 * that fills a `struct bytelink_backend`: serial.c (libserialport), pty.c (termios), exec.c (a command on a pseudo-terminal),
 * tcp.c (a socket), and tests/unit/fakelink.c (scripted, with a clock of its own).
 *
 * Order of calls: device_open (bytelink/device.h), then any of read, write, wait, now, then bytelink_close. One thread at a
 * time uses a link; only bytelink_wake may be called from any thread.
 *
 * A link may outlive its device:
 *
 *             read, write, wait fail               bytelink_drop                  bytelink_reopen
 *   (OPEN) --------------------------> FAILED ----------------------> DROPPED ----------------------> (OPEN)
 *       '------- bytelink_drop, bytelink_refuse ------------------------^
 */
#ifndef BYTELINK_BYTELINK_H
#define BYTELINK_BYTELINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/diag.h"

enum bytelink_event {
	BYTELINK_READABLE = 1, /* bytelink_read would return bytes, or the link's end */
	BYTELINK_WRITABLE = 2, /* bytelink_write would take at least a byte, or tell the link's end */
	BYTELINK_WOKEN = 4,    /* bytelink_wake was called since the last wait */
};

/* How often a device that is gone is looked for, in microseconds. */
struct bytelink_pace {
	int64_t first, longest; /* between two looks: at first, and after a while */
	int64_t look;           /* how long one may take */
	bool on_demand;         /* looking has effects, such as starting a command: only when somebody wants the device */
};

struct bytelink;

/* What a backend supplies. SELF is the link that bytelink_init made; its `state` is the backend's own. */
struct bytelink_backend {
	const char *name; /* "serial", "pty", "exec", "tcp": for messages */
	ssize_t (*read)(struct bytelink *self, void *buf, size_t len);
	ssize_t (*write)(struct bytelink *self, const void *buf, size_t len);
	int (*wait)(struct bytelink *self, unsigned events, int64_t deadline);
	int64_t (*now)(struct bytelink *self);
	void (*wake)(struct bytelink *self);
	/* The next two may be NULL: such a link cannot be opened again. */
	void (*drop)(struct bytelink *self, bool refuse);
	int (*reopen)(struct bytelink *self, struct diag *diag);
	void (*close)(struct bytelink *self);        /* releases `state`; the struct itself is bytelink_close's */
	const char *(*ended)(struct bytelink *self); /* may be NULL: nothing better is known */
	void (*set_purpose)(struct bytelink *self, const char *purpose); /* may be NULL: nobody can ask */
};

/* See bytelink_set_meanwhile. */
typedef int64_t bytelink_meanwhile_fn(void *context);

struct bytelink {
	const struct bytelink_backend *backend;
	void *state;  /* the backend's */
	char *device; /* the DEVICE as the user gave it, resolved; owned by the link */
	struct bytelink_pace pace;
	bool failed, dropped;
	bytelink_meanwhile_fn *meanwhile;
	void *meanwhile_context;
};

/*
 * Makes *OUT a link of BACKEND with STATE, for DEVICE (copied). For backends; STATE stays the caller's on failure.
 * Returns 0, or -ENOMEM with *OUT NULL.
 */
int bytelink_init(struct bytelink **out, const struct bytelink_backend *backend, void *state, const char *device);

/*
 * The time of the link's clock in microseconds from some start; never goes back. Deadlines of bytelink_wait are on this clock
 * (CLOCK_BOOTTIME for real links, scripted for the fake), so that no test has to sleep.
 */
int64_t bytelink_now(struct bytelink *link);

/*
 * Takes what has arrived, up to LEN bytes, into BUF. Never blocks.
 * Returns the bytes read, 0 when there is nothing now, or a negative errno: -ENODEV the device is gone (unplugged, the command
 * ended, the peer closed), -EIO anything else.
 */
ssize_t bytelink_read(struct bytelink *link, void *buf, size_t len);

/*
 * Gives up to LEN bytes of BUF to the link. Never blocks.
 * Returns the bytes taken, which may be fewer than LEN and is 0 when the link has no room now, or a negative errno as above.
 */
ssize_t bytelink_write(struct bytelink *link, const void *buf, size_t len);

/*
 * Waits until one of EVENTS (a set of enum bytelink_event; BYTELINK_WOKEN always counts) or until the link's clock reaches
 * DEADLINE (INT64_MAX: for ever; in the past: a look without waiting).
 * Returns the set of what is true now, 0 at the deadline, or a negative errno. A link that was dropped can be waited at as well,
 * for no events but BYTELINK_WOKEN.
 */
int bytelink_wait(struct bytelink *link, unsigned events, int64_t deadline);

/* Makes a bytelink_wait under way, or the next one, return with BYTELINK_WOKEN. Any thread. */
void bytelink_wake(struct bytelink *link);

/*
 * For who gives LINK to code that works with it for long, and has something else to look after: MEANWHILE (NULL: no more) is called
 * by bytelink_wait before it waits, when it is woken (which it tells nobody then), and at the time that MEANWHILE has given
 * last. It returns the time at which it has to be called again at the latest, which is later than now, or a negative errno, with
 * which the wait ends at once.
 */
void bytelink_set_meanwhile(struct bytelink *link, bytelink_meanwhile_fn *meanwhile, void *context);

/* Whether a read, a write or a wait has failed since LINK was opened: the device is gone. */
bool bytelink_has_failed(const struct bytelink *link);

/*
 * Closes the device behind LINK and gives it back: where it comes back it may have its old name then, and others may have it
 * meanwhile. Until bytelink_reopen all calls but bytelink_wait, bytelink_now, bytelink_wake and bytelink_ended fail with -ENODEV.
 */
void bytelink_drop(struct bytelink *link);

/* The same, and what is there now is not wanted: bytelink_reopen opens it only when something else has been there. */
void bytelink_refuse(struct bytelink *link);

/*
 * Looks whether the device is there (`auto` and `id:` are looked up anew) and opens it, which LINK's pace says how often to do.
 * Does not wait for a device that is held by others. Returns 0, or a negative errno with DIAG filled: as device_open, or
 * -EAGAIN what was refused is still there, or -EOPNOTSUPP.
 */
int bytelink_reopen(struct bytelink *link, struct diag *diag);

/* How often to try that. */
struct bytelink_pace bytelink_pace(const struct bytelink *link);

/*
 * Why LINK has ended, once a call has answered -ENODEV, as the end of a sentence that begins with the DEVICE: "was unplugged",
 * "ended with status 127". Never NULL; valid until bytelink_close.
 */
const char *bytelink_ended(struct bytelink *link);

/* The DEVICE behind LINK, for messages. Valid as long as LINK. */
const char *bytelink_device(const struct bytelink *link);

/* Closes LINK, gives the port back and frees it; NULL is accepted. What was written but not yet sent may be lost. */
void bytelink_close(struct bytelink *link);

/*
 * Writes all LEN bytes, waiting for room as long as it takes up to DEADLINE. For the slow talk at a session's start; the line
 * thread does not use it. Returns 0, -ETIMEDOUT, or a negative errno as bytelink_write.
 */
int bytelink_write_all(struct bytelink *link, const void *buf, size_t len, int64_t deadline);

#endif
