/* SPDX-License-Identifier: MIT */
#include "bytelink/fdlink.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

static struct fdlink *fdlink_of(struct bytelink *self)
{
	return self->state;
}

/* Fills LINK, which owns FD then. Returns 0 or a negative errno. */
static int take_fd(struct fdlink *link, int fd)
{
	int flags = fcntl(fd, F_GETFL);

	if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0 || fcntl(fd, F_SETFD, FD_CLOEXEC) < 0)
		return -errno;
	link->wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	if (link->wake_fd < 0)
		return -errno;
	link->fd = fd;
	return 0;
}

int fdlink_open(struct bytelink **out, const struct bytelink_backend *backend, size_t size, int fd, struct port_lock *lock,
		const char *device, struct diag *diag)
{
	struct fdlink *link = calloc(1, size);
	int rc = -ENOMEM;

	*out = NULL;
	if (!link)
		goto fail;
	rc = take_fd(link, fd);
	if (rc < 0)
		goto free_link;
	rc = bytelink_init(out, backend, link, device);
	if (rc < 0)
		goto close_wake;
	link->lock = lock;
	return 0;

close_wake:
	close(link->wake_fd);
free_link:
	free(link);
fail:
	return diag_fail(diag, DIAG_BYTELINK, -rc, "%s: %s", device, strerror(-rc));
}

void fdlink_close(struct bytelink *self)
{
	struct fdlink *link = fdlink_of(self);

	close(link->fd);
	close(link->wake_fd);
	port_lock_release(link->lock);
	free(link);
}

int fdlink_error(int err)
{
	switch (err) {
	case EIO: /* a terminal that was hung up */
	case ENXIO:
	case ENODEV:
	case EPIPE:
	case ECONNRESET:
	case ECONNABORTED:
	case ETIMEDOUT:
	case EHOSTUNREACH:
	case ENETUNREACH:
	case ENETDOWN:
		return -ENODEV;
	default:
		return -EIO;
	}
}

ssize_t fdlink_read(struct bytelink *self, void *buf, size_t len)
{
	ssize_t n;

	if (len == 0)
		return 0;
	do
		n = read(fdlink_of(self)->fd, buf, len);
	while (n < 0 && errno == EINTR);
	if (n > 0)
		return n;
	if (n == 0)
		return -ENODEV;
	return errno == EAGAIN ? 0 : fdlink_error(errno);
}

ssize_t fdlink_write(struct bytelink *self, const void *buf, size_t len)
{
	ssize_t n;

	do
		n = write(fdlink_of(self)->fd, buf, len);
	while (n < 0 && errno == EINTR);
	if (n >= 0)
		return n;
	return errno == EAGAIN ? 0 : fdlink_error(errno);
}

int64_t fdlink_clock(void)
{
	struct timespec now;

	/* It counts while this computer sleeps, as the board does. */
	clock_gettime(CLOCK_BOOTTIME, &now);
	return now.tv_sec * INT64_C(1000000) + now.tv_nsec / 1000;
}

int64_t fdlink_now(struct bytelink *self)
{
	(void)self;
	return fdlink_clock();
}

/* ppoll until DEADLINE on our clock, whatever signals come. Returns as poll(2), or a negative errno. */
static int poll_until(struct pollfd *fds, nfds_t count, int64_t deadline)
{
	struct timespec rest;
	int64_t left;
	int rc;

	do {
		left = deadline - fdlink_clock();
		if (left < 0)
			left = 0;
		rest.tv_sec = left / 1000000;
		rest.tv_nsec = left % 1000000 * 1000;
		rc = ppoll(fds, count, deadline == INT64_MAX ? NULL : &rest, NULL);
	} while (rc < 0 && errno == EINTR);
	return rc < 0 ? -errno : rc;
}

int fdlink_poll(int fd, short events, int64_t deadline)
{
	struct pollfd one = {.fd = fd, .events = events};
	int rc = poll_until(&one, 1, deadline);

	return rc > 0 ? one.revents : rc;
}

/* What REVENTS mean for one who asked for EVENTS: an end or an error is told by the read or the write that was waited for. */
static int happened(short revents, unsigned events)
{
	unsigned set = 0;

	if (revents & POLLIN)
		set |= BYTELINK_READABLE;
	if (revents & POLLOUT)
		set |= BYTELINK_WRITABLE;
	if (revents & (POLLHUP | POLLERR | POLLNVAL))
		set |= BYTELINK_READABLE | BYTELINK_WRITABLE;
	return (int)(set & events);
}

int fdlink_wait(struct bytelink *self, unsigned events, int64_t deadline)
{
	struct fdlink *link = fdlink_of(self);
	struct pollfd fds[2] = {{.fd = link->wake_fd, .events = POLLIN}, {.fd = link->fd}};
	uint64_t wakes;
	int rc;

	if (events & BYTELINK_READABLE)
		fds[1].events |= POLLIN;
	if (events & BYTELINK_WRITABLE)
		fds[1].events |= POLLOUT;
	if (!fds[1].events)
		fds[1].fd = -1; /* poll would tell of a hang-up nobody asked for */
	rc = poll_until(fds, 2, deadline);
	if (rc <= 0)
		return rc;
	rc = happened(fds[1].revents, events);
	if (fds[0].revents && read(link->wake_fd, &wakes, sizeof(wakes)) == sizeof(wakes))
		rc |= BYTELINK_WOKEN;
	return rc;
}

void fdlink_wake(struct bytelink *self)
{
	const uint64_t one = 1;
	int err = errno; /* a signal handler may call this */

	/* It can only fail when 2^64 wakes wait already. */
	if (write(fdlink_of(self)->wake_fd, &one, sizeof(one)) < 0)
		errno = err;
}

void fdlink_set_purpose(struct bytelink *self, const char *purpose)
{
	port_lock_set_purpose(fdlink_of(self)->lock, purpose);
}
