/* SPDX-License-Identifier: MIT */
/*
 * plug: a link that outlives its device. It passes everything on to the link of one of the other backends, which it closes when it
 * is dropped, and makes anew, of the same DEVICE, when it is reopened.
 */
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bytelink/backends.h"
#include "bytelink/fdlink.h"

enum {
	REFUSED_US = 30000000, /* how long what cannot be told from its successor stays refused */
	CONNECT_US = 900000, /* the longest wait for a TCP connection that is made anew: who waits for it is promised a second */
};

/* A node of /dev is made anew when something is plugged in: which one it was. */
struct stamp {
	dev_t dev, rdev;
	ino_t ino;
	struct timespec ctime;
};

struct plug {
	struct bytelink *inner; /* NULL: dropped. Changed with the lock held, for bytelink_wake */
	pthread_mutex_t lock;
	int wake_fd; /* an eventfd, for the time without an inner link */
	char *device;
	char *purpose; /* may be NULL */
	struct device_options options;
	char serial[128]; /* of the USB device that was opened last */
	char ended[128];  /* how the last inner link did */
	bool refused;     /* what is at `refused_path`, if it is still the same, is not opened */
	char refused_path[PATH_MAX];
	struct stamp refused_stamp;
	int64_t refused_until; /* for what has no stamp */
};

static struct plug *plug_of(struct bytelink *self)
{
	return self->state;
}

static ssize_t plug_read(struct bytelink *self, void *buf, size_t len)
{
	return bytelink_read(plug_of(self)->inner, buf, len);
}

static ssize_t plug_write(struct bytelink *self, const void *buf, size_t len)
{
	return bytelink_write(plug_of(self)->inner, buf, len);
}

static int wait_for_wake(const struct plug *plug, int64_t deadline)
{
	uint64_t wakes;
	int rc = fdlink_poll(plug->wake_fd, POLLIN, deadline);

	if (rc <= 0)
		return rc;
	return read(plug->wake_fd, &wakes, sizeof(wakes)) == sizeof(wakes) ? BYTELINK_WOKEN : 0;
}

static int plug_wait(struct bytelink *self, unsigned events, int64_t deadline)
{
	const struct plug *plug = plug_of(self);

	return plug->inner ? bytelink_wait(plug->inner, events, deadline) : wait_for_wake(plug, deadline);
}

static void plug_wake(struct bytelink *self)
{
	struct plug *plug = plug_of(self);
	const uint64_t one = 1;

	pthread_mutex_lock(&plug->lock);
	if (plug->inner)
		bytelink_wake(plug->inner);
	else if (write(plug->wake_fd, &one, sizeof(one)) < 0)
		errno = 0; /* 2^64 wakes wait already */
	pthread_mutex_unlock(&plug->lock);
}

static const char *plug_ended(struct bytelink *self)
{
	struct plug *plug = plug_of(self);

	return plug->inner ? bytelink_ended(plug->inner) : plug->ended;
}

static void plug_set_purpose(struct bytelink *self, const char *purpose)
{
	struct plug *plug = plug_of(self);
	char *copy = purpose ? strdup(purpose) : NULL;

	free(plug->purpose);
	plug->purpose = copy;
	plug->options.purpose = copy;
	if (plug->inner)
		device_set_purpose(plug->inner, purpose);
}

/* What the path of a device is now. Returns whether it is a node of its own. */
static bool take_stamp(struct stamp *stamp, const char *path)
{
	struct stat st;

	if (path[0] != '/' || stat(path, &st) < 0)
		return false;
	*stamp = (struct stamp){.dev = st.st_dev, .rdev = st.st_rdev, .ino = st.st_ino, .ctime = st.st_ctim};
	return true;
}

static bool is_same(const struct stamp *a, const struct stamp *b)
{
	return a->dev == b->dev && a->rdev == b->rdev && a->ino == b->ino && a->ctime.tv_sec == b->ctime.tv_sec &&
	       a->ctime.tv_nsec == b->ctime.tv_nsec;
}

/* What is behind the plug now is not opened again. */
static void refuse(struct plug *plug)
{
	const char *path = bytelink_device(plug->inner);

	plug->refused = true;
	snprintf(plug->refused_path, sizeof(plug->refused_path), "%s", path);
	plug->refused_until = take_stamp(&plug->refused_stamp, path) ? INT64_MAX : fdlink_clock() + REFUSED_US;
}

static bool is_refused(const struct plug *plug, const char *path)
{
	struct stamp stamp;

	if (!plug->refused || strcmp(path, plug->refused_path) != 0)
		return false;
	if (plug->refused_until != INT64_MAX)
		return fdlink_clock() < plug->refused_until;
	return take_stamp(&stamp, path) && is_same(&stamp, &plug->refused_stamp);
}

static void plug_drop(struct bytelink *self, bool refuse_it)
{
	struct plug *plug = plug_of(self);
	struct bytelink *inner = plug->inner;

	if (refuse_it)
		refuse(plug);
	snprintf(plug->ended, sizeof(plug->ended), "%s", bytelink_has_failed(inner) ? bytelink_ended(inner) : "is not open");
	pthread_mutex_lock(&plug->lock);
	plug->inner = NULL;
	pthread_mutex_unlock(&plug->lock);
	bytelink_close(inner);
}

/* Opens the DEVICE of PLUG, which has no inner link now. */
static int open_inner(struct plug *plug, bool patient, struct diag *diag)
{
	struct bytelink *inner;
	char path[PATH_MAX];
	int rc = device_resolve_again(path, sizeof(path), plug->device, plug->serial, diag);

	if (rc < 0)
		return rc;
	if (is_refused(plug, path))
		return diag_fail(diag, DIAG_BYTELINK, EAGAIN, "%s: what is there is not what was there before", path);
	rc = device_open_resolved(&inner, path, &plug->options, patient, diag);
	if (rc < 0)
		return rc;
	plug->refused = false;
	device_usb_serial(plug->serial, sizeof(plug->serial), bytelink_device(inner));
	pthread_mutex_lock(&plug->lock);
	plug->inner = inner;
	pthread_mutex_unlock(&plug->lock);
	return 0;
}

static int plug_reopen(struct bytelink *self, struct diag *diag)
{
	struct plug *plug = plug_of(self);
	char *device;
	int rc;

	if (plug->options.timeout_us <= 0 || plug->options.timeout_us > CONNECT_US)
		plug->options.timeout_us = CONNECT_US;
	rc = open_inner(plug, false, diag);
	if (rc < 0)
		return rc;
	device = strdup(bytelink_device(plug->inner));
	if (device) {
		free(self->device);
		self->device = device;
	}
	return 0;
}

static void free_plug(struct plug *plug)
{
	bytelink_close(plug->inner);
	if (plug->wake_fd >= 0)
		close(plug->wake_fd);
	pthread_mutex_destroy(&plug->lock);
	free(plug->purpose);
	free(plug->device);
	free(plug);
}

static void plug_close(struct bytelink *self)
{
	free_plug(plug_of(self));
}

static const struct bytelink_backend plug_backend = {
	.name = "plug",
	.read = plug_read,
	.write = plug_write,
	.wait = plug_wait,
	.now = fdlink_now,
	.wake = plug_wake,
	.drop = plug_drop,
	.reopen = plug_reopen,
	.close = plug_close,
	.ended = plug_ended,
	.set_purpose = plug_set_purpose,
};

static struct plug *new_plug(const char *device, const struct device_options *options)
{
	struct plug *plug = calloc(1, sizeof(*plug));

	if (!plug)
		return NULL;
	pthread_mutex_init(&plug->lock, NULL);
	plug->device = strdup(device);
	plug->purpose = options->purpose ? strdup(options->purpose) : NULL;
	plug->options = *options;
	plug->options.purpose = plug->purpose;
	plug->wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	if (plug->device && plug->wake_fd >= 0)
		return plug;
	free_plug(plug);
	return NULL;
}

/* A node in /dev costs nothing to look for. A command has effects, and a network has others on it. */
static struct bytelink_pace pace_of(const char *device)
{
	if (strncmp(device, "exec:", 5) == 0)
		return (struct bytelink_pace){.first = 1000000, .longest = 30000000, .on_demand = true};
	if (strncmp(device, "socket:", 7) == 0)
		return (struct bytelink_pace){.first = 1000000, .longest = 8000000, .look = CONNECT_US};
	return (struct bytelink_pace){.first = 100000, .longest = 500000};
}

int plug_open(struct bytelink **out, const char *device, const struct device_options *options, struct diag *diag)
{
	struct plug *plug = new_plug(device, options);
	int rc;

	*out = NULL;
	if (!plug)
		return diag_fail(diag, DIAG_BYTELINK, ENOMEM, "%s: out of memory", device);
	rc = open_inner(plug, true, diag);
	if (rc == 0) {
		rc = bytelink_init(out, &plug_backend, plug, bytelink_device(plug->inner));
		if (rc < 0)
			diag_fail(diag, DIAG_BYTELINK, -rc, "%s: out of memory", device);
	}
	if (*out)
		(*out)->pace = pace_of(device);
	else
		free_plug(plug);
	return rc;
}
