/* SPDX-License-Identifier: MIT */
/*
 * fakelink: a bytelink whose board is a script or a C function, with a clock of its own.
 *
 * The clock starts at FAKELINK_START and moves only while the host waits (bytelink_wait): to the next event, or to the deadline.
 * So a test of minutes takes no time, and the same test is always the same. What the board says arrives at 115,200 baud
 * (fakelink_byte_time changes that); what the host writes is there at once.
 *
 * The board is either
 *   a script (fakelink_script): what the host must write, what is said then, delays, silence, the link's end; or
 *   a function (fakelink_board): called with all that the host writes; it answers with fakelink_say and its kin.
 *
 * Only a wait for ever (INT64_MAX) with nothing to come waits in real time, for another thread's bytelink_wake or fakelink_say;
 * after FAKELINK_HANG_S seconds it ends the program, as does a host that asks for ever without waiting. Any thread may call.
 */
#ifndef UNIT_FAKELINK_H
#define UNIT_FAKELINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bytelink/bytelink.h"

enum { FAKELINK_START = 1000000, FAKELINK_HANG_S = 30 };

struct fakelink;

/*
 * Makes a link named "fake" whose board is silent and takes everything. *LINK is closed with bytelink_close, which frees the fake,
 * too. Never fails: it ends the program where there is no memory.
 */
struct fakelink *fakelink_open(struct bytelink **link);

/* Called with what the host has written, as it is written. May call all functions of this header. */
typedef void fakelink_board_fn(struct fakelink *fake, void *context, const unsigned char *bytes, size_t len);
void fakelink_board(struct fakelink *fake, fakelink_board_fn *board, void *context);

/* Called when the clock has come to its time. */
typedef void fakelink_timer_fn(struct fakelink *fake, void *context);

/* Has TIMER called once, AFTER microseconds from now. Up to 32 may be waiting. */
void fakelink_timer(struct fakelink *fake, int64_t after, fakelink_timer_fn *timer, void *context);

/* The board says LEN BYTES, after all that it has said already; the second one not before AFTER microseconds from now. */
void fakelink_say(struct fakelink *fake, const void *bytes, size_t len);
void fakelink_say_after(struct fakelink *fake, int64_t after, const void *bytes, size_t len);

/* The board says LEN BYTES (kept by reference) over and over from now on. NULL: no longer. */
void fakelink_flood(struct fakelink *fake, const void *bytes, size_t len);

/* What the board has said and the host has not yet read is gone. */
void fakelink_forget(struct fakelink *fake);

/* The link ends AFTER microseconds from now: every call then gives -ERR (ENODEV, EIO), once what was said before is read. */
void fakelink_hang_up(struct fakelink *fake, int64_t after, int err);

/* bytelink_reopen finds the device again, AFTER microseconds from now or later, with nothing said. Until then it is not there. */
void fakelink_return(struct fakelink *fake, int64_t after);

/* A bytelink_reopen takes US microseconds from now on. */
void fakelink_look_time(struct fakelink *fake, int64_t us);

/* The link takes at most LIMIT bytes in one write (0: none at all, until changed). */
void fakelink_limit(struct fakelink *fake, size_t limit);

/* A byte from the board takes US microseconds from now on. */
void fakelink_byte_time(struct fakelink *fake, int64_t us);

/* The fake's clock. */
int64_t fakelink_now(struct fakelink *fake);

/* All that the host has written so far; valid until it writes again. *LEN bytes, and a NUL behind them. */
const char *fakelink_written(struct fakelink *fake, size_t *len);

enum fakelink_kind {
	FAKELINK_KIND_EXPECT, /* the host writes exactly these bytes next, in as many pieces as it likes */
	FAKELINK_KIND_TAKE,   /* the host writes so many bytes, whatever they are */
	FAKELINK_KIND_SAY,    /* the board says these bytes */
	FAKELINK_KIND_DELAY,  /* so many microseconds pass before the next step */
	FAKELINK_KIND_FLOOD,  /* the board says these bytes over and over, until a FORGET */
	FAKELINK_KIND_FORGET, /* ... ends it; what was not read is gone */
	FAKELINK_KIND_GONE,   /* the link ends with this errno */
	FAKELINK_KIND_ANY,    /* from here on the host may write anything; the board is silent, and the script has been played */
};

struct fakelink_step {
	enum fakelink_kind kind;
	const char *bytes;
	size_t len;
	int64_t number;
};

/* Steps, with BYTES a literal that may hold NULs. */
#define FAKELINK_STEP(kind, bytes, len, number) ((struct fakelink_step){FAKELINK_KIND_##kind, bytes, len, number})
#define FAKELINK_EXPECT(bytes) FAKELINK_STEP(EXPECT, bytes, sizeof(bytes) - 1, 0)
#define FAKELINK_TAKE(count) FAKELINK_STEP(TAKE, NULL, count, 0)
#define FAKELINK_SAY(bytes) FAKELINK_STEP(SAY, bytes, sizeof(bytes) - 1, 0)
#define FAKELINK_DELAY(us) FAKELINK_STEP(DELAY, NULL, 0, us)
#define FAKELINK_FLOOD(bytes) FAKELINK_STEP(FLOOD, bytes, sizeof(bytes) - 1, 0)
#define FAKELINK_FORGET() FAKELINK_STEP(FORGET, NULL, 0, 0)
#define FAKELINK_GONE(err) FAKELINK_STEP(GONE, NULL, 0, err)
#define FAKELINK_ANY() FAKELINK_STEP(ANY, NULL, 0, 0)

/* Plays COUNT STEPS (kept by reference). A host that writes something else ends the script, and finds the board silent. */
void fakelink_script(struct fakelink *fake, const struct fakelink_step *steps, size_t count);

/* NULL when the whole script was played, or what went wrong, for a test's message. Valid until the fake is closed. */
const char *fakelink_problem(struct fakelink *fake);

#endif
