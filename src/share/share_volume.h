/* SPDX-License-Identifier: MIT */
/* share_volume: the words DIR[:BOARDDIR][:ro|rw] of a command line. No input, no output. */
#ifndef SHARE_SHARE_VOLUME_H
#define SHARE_SHARE_VOLUME_H

#include <stdbool.h>

#include "base/diag.h"

struct share_volume {
	char *dir;   /* of this computer */
	char *board; /* absolute, without a slash at its end */
	bool writable;
};

#define SHARE_VOLUME_BOARD "/remote" /* where no BOARDDIR is given */

/*
 * Takes WORDS apart. What BOARDDIR is begins behind the last colon that is followed by a slash. Returns 0, with *VOLUME to be given to
 * share_volume_clear, or -EINVAL (-ENOMEM) with DIAG.
 */
int share_volume_parse(struct share_volume *volume, const char *words, struct diag *diag);

/*
 * For a volume whose `dir` is no directory: where it has a colon that was perhaps meant for what is behind it, puts words for that into
 * DIAG. What was there stays otherwise.
 */
void share_volume_explain(const struct share_volume *volume, struct diag *diag);

void share_volume_clear(struct share_volume *volume);

/* Whether the COUNT volumes can be on a board together: none at another's place or below it. Returns 0 or -EINVAL with DIAG. */
int share_volume_check(const struct share_volume *volumes, unsigned count, struct diag *diag);

#endif
