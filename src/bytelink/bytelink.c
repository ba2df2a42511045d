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

/* Remembers a failure. Returns N. */
static ssize_t note(struct bytelink *link, ssize_t n)
{
	if (n < 0)
		link->failed = true;
	return n;
}

ssize_t bytelink_read(struct bytelink *link, void *buf, size_t len)
{
	return link->dropped ? -ENODEV : note(link, link->backend->read(link, buf, len));
}

ssize_t bytelink_write(struct bytelink *link, const void *buf, size_t len)
{
	return link->dropped ? -ENODEV : note(link, link->backend->write(link, buf, len));
}

static int wait_once(struct bytelink *link, unsigned events, int64_t deadline)
{
	if (link->dropped && events)
		return -ENODEV;
	return (int)note(link, link->backend->wait(link, events, deadline));
}

int bytelink_wait(struct bytelink *link, unsigned events, int64_t deadline)
{
	int happened;

	while (link->meanwhile) {
		int64_t due = link->meanwhile(link->meanwhile_context);

		if (due < 0)
			return (int)due;
		happened = wait_once(link, events, due < deadline ? due : deadline);
		if (happened < 0 || (happened & ~BYTELINK_WOKEN) || (happened == 0 && deadline <= due))
			return happened < 0 ? happened : happened & ~BYTELINK_WOKEN;
	}
	return wait_once(link, events, deadline);
}

void bytelink_set_meanwhile(struct bytelink *link, bytelink_meanwhile_fn *meanwhile, void *context)
{
	link->meanwhile = meanwhile;
	link->meanwhile_context = context;
}

void bytelink_wake(struct bytelink *link)
{
	link->backend->wake(link);
}

bool bytelink_has_failed(const struct bytelink *link)
{
	return link->failed;
}

static void drop(struct bytelink *link, bool refuse)
{
	if (!link->dropped && link->backend->drop)
		link->backend->drop(link, refuse);
	link->failed = link->dropped = true;
}

void bytelink_drop(struct bytelink *link)
{
	drop(link, false);
}

void bytelink_refuse(struct bytelink *link)
{
	drop(link, true);
}

int bytelink_reopen(struct bytelink *link, struct diag *diag)
{
	int rc = -EOPNOTSUPP;

	bytelink_drop(link);
	if (link->backend->reopen)
		rc = link->backend->reopen(link, diag);
	else
		diag_fail(diag, DIAG_BYTELINK, EOPNOTSUPP, "%s: cannot be opened again", link->device);
	if (rc == 0)
		link->failed = link->dropped = false;
	return rc;
}

struct bytelink_pace bytelink_pace(const struct bytelink *link)
{
	return link->pace;
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
