/* SPDX-License-Identifier: MIT */
#include "bytelink/bytelink.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int bytelink_init(struct bytelink **out, const struct bytelink_backend *backend, void *state, const char *device)
{
	struct bytelink *link = calloc(1, sizeof(*link));

	*out = NULL;
	if (!link)
		return -ENOMEM;
	link->device = strdup(device);
	if (!link->device) {
		free(link);
		return -ENOMEM;
	}
	link->backend = backend;
	link->state = state;
	*out = link;
	return 0;
}

int64_t bytelink_now(struct bytelink *link)
{
	return link->backend->now(link);
}

ssize_t bytelink_read(struct bytelink *link, void *buf, size_t len)
{
	return link->backend->read(link, buf, len);
}

ssize_t bytelink_write(struct bytelink *link, const void *buf, size_t len)
{
	return link->backend->write(link, buf, len);
}

int bytelink_wait(struct bytelink *link, unsigned events, int64_t deadline)
{
	return link->backend->wait(link, events, deadline);
}

void bytelink_wake(struct bytelink *link)
{
	link->backend->wake(link);
}

const char *bytelink_ended(struct bytelink *link)
{
	return link->backend->ended ? link->backend->ended(link) : "is gone";
}

const char *bytelink_device(const struct bytelink *link)
{
	return link->device;
}

void bytelink_close(struct bytelink *link)
{
	if (!link)
		return;
	link->backend->close(link);
	free(link->device);
	free(link);
}

/* Waits for room. Returns 0 or a negative errno; *WOKEN is set when somebody called bytelink_wake meanwhile. */
static int wait_for_room(struct bytelink *link, int64_t deadline, bool *woken)
{
	int happened = bytelink_wait(link, BYTELINK_WRITABLE, deadline);

	if (happened > 0 && (happened & BYTELINK_WOKEN))
		*woken = true;
	if (happened == 0)
		return -ETIMEDOUT;
	return happened < 0 ? happened : 0;
}

int bytelink_write_all(struct bytelink *link, const void *buf, size_t len, int64_t deadline)
{
	const unsigned char *bytes = buf;
	bool woken = false;
	ssize_t n;
	int rc = 0;

	while (len > 0 && rc == 0) {
		n = bytelink_write(link, bytes, len);
		if (n > 0) {
			bytes += n;
			len -= (size_t)n;
		} else if (n < 0) {
			rc = (int)n;
		} else {
			rc = wait_for_room(link, deadline, &woken);
		}
	}
	/* The wake was meant for whoever waits next. */
	if (woken)
		bytelink_wake(link);
	return rc;
}
