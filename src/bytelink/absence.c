/* SPDX-License-Identifier: MIT */
#include "bytelink/absence.h"

#include <errno.h>

enum { TELL_US = 2000000 }; /* how long something has to be the reason before it is told */

void absence_begin(struct absence *absence, struct bytelink_pace pace, int64_t now)
{
	*absence = (struct absence){.pace = pace, .looked_at = now - pace.longest};
}

static int64_t wanted_at(const struct absence *absence)
{
	return absence->looked_at + (absence->pace.on_demand ? absence->pause : absence->pace.first);
}

int64_t absence_next(const struct absence *absence, bool wanted)
{
	if (wanted)
		return absence->pause ? wanted_at(absence) : absence->looked_at;
	return absence->pace.on_demand ? INT64_MAX : absence->looked_at + absence->pause;
}

bool absence_due(const struct absence *absence, int64_t now, bool wanted)
{
	return now >= absence_next(absence, wanted);
}

/* Whether REASON says no more than that the device is not there. */
static bool is_plain(int reason)
{
	return reason == -ENOENT || reason == -ENODEV || reason == -ENXIO || reason == -EIO || reason == -EAGAIN ||
	       reason == -ECONNREFUSED;
}

bool absence_failed(struct absence *absence, int reason, int64_t now)
{
	int64_t pause = absence->pause ? absence->pause + absence->pause / 4 : absence->pace.first;

	absence->looked_at = now;
	absence->pause = pause < absence->pace.longest ? pause : absence->pace.longest;
	if (reason != absence->reason) {
		absence->reason = reason;
		absence->reason_since = now;
		absence->told = false;
	}
	if (absence->told || is_plain(reason) || now - absence->reason_since < TELL_US)
		return false;
	absence->told = true;
	return true;
}
