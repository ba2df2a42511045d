/* SPDX-License-Identifier: MIT */
/*
 * absence: when a device that is gone is looked for again, and what is said of it. A state machine without input, output or a clock:
 * it is told the times, in microseconds.
 *
 *            absence_begin               absence_failed: once more, later
 *   (there) --------------> AWAY <------------------------------------------.
 *      ^                     | absence_due: look for it, with bytelink_reopen |
 *      |                     v                                                |
 *      '---- found -------- LOOKED -------------------------------------------'
 *
 * It is looked for at once, then less and less often; when somebody wants it, at once again, but where looking has effects.
 */
#ifndef BYTELINK_ABSENCE_H
#define BYTELINK_ABSENCE_H

#include "bytelink/bytelink.h"

struct absence {
	struct bytelink_pace pace;
	int64_t looked_at, pause;
	int reason;           /* the last failure, a negative errno; 0: none yet */
	int64_t reason_since; /* when it was the reason first */
	bool told;
};

/* The device has gone at time NOW. */
void absence_begin(struct absence *absence, struct bytelink_pace pace, int64_t now);

/* Whether to look for it at NOW. WANTED: somebody waits for it. */
bool absence_due(const struct absence *absence, int64_t now, bool wanted);

/* When that will be so by itself; INT64_MAX: never. */
int64_t absence_next(const struct absence *absence, bool wanted);

/*
 * Looking for it at NOW has ended with REASON, a negative errno of bytelink_reopen. Returns whether a person should be told why: once
 * for each reason that is more than that the device is not there, when it has been the reason for a while. (A port that was plugged
 * in just now is not ours yet, and programs of the computer's take a look at it.)
 */
bool absence_failed(struct absence *absence, int reason, int64_t now);

#endif
