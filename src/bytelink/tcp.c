/* SPDX-License-Identifier: MIT */
/* tcp: a serial line behind a TCP connection, as ser2net in raw mode, an emulator or a bridge gives it. */
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bytelink/backends.h"
#include "bytelink/fdlink.h"

#define DEFAULT_TIMEOUT_US 10000000

struct address {
	char host[256], port[16];
};

/* As fdlink_write, but a closed connection is an answer, not a SIGPIPE. */
static ssize_t tcp_write(struct bytelink *self, const void *buf, size_t len)
{
	const struct fdlink *link = self->state;
	ssize_t n;

	do
		n = send(link->fd, buf, len, MSG_NOSIGNAL);
	while (n < 0 && errno == EINTR);
	if (n >= 0)
		return n;
	return errno == EAGAIN ? 0 : fdlink_error(errno);
}

static const char *tcp_ended(struct bytelink *self)
{
	(void)self;
	return "was closed by the other side";
}

static const struct bytelink_backend tcp_backend = {
	.name = "tcp",
	.read = fdlink_read,
	.write = tcp_write,
	.wait = fdlink_wait,
	.now = fdlink_now,
	.wake = fdlink_wake,
	.close = fdlink_close,
	.ended = tcp_ended,
};

/* getaddrinfo takes larger numbers, too, and leaves out what does not fit. */
static bool is_port(long number)
{
	return number > 0 && number <= 65535;
}

/* Takes TEXT, "HOST:PORT" or "[HOST]:PORT", apart. Returns whether it is one. */
static bool parse(struct address *address, const char *text)
{
	const char *colon = strrchr(text, ':'), *host = text;
	size_t len;

	if (!colon)
		return false;
	len = (size_t)(colon - text);
	if (len >= 2 && host[0] == '[' && host[len - 1] == ']') {
		host++;
		len -= 2;
	} else if (memchr(host, ':', len)) {
		return false; /* an IPv6 address without brackets: nobody knows where its port begins */
	}
	if (len == 0 || len >= sizeof(address->host) || !colon[1] || strlen(colon + 1) >= sizeof(address->port) ||
	    strspn(colon + 1, "0123456789") != strlen(colon + 1) || !is_port(atol(colon + 1)))
		return false;
	snprintf(address->host, sizeof(address->host), "%.*s", (int)len, host);
	snprintf(address->port, sizeof(address->port), "%s", colon + 1);
	return true;
}

/* Waits until the connection under way on FD stands. Returns 0 or a negative errno. */
static int finish_connect(int fd, int64_t deadline)
{
	int err = 0, rc = fdlink_poll(fd, POLLOUT, deadline);
	socklen_t len = sizeof(err);

	if (rc <= 0)
		return rc == 0 ? -ETIMEDOUT : rc;
	if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &err, &len) < 0)
		return -errno;
	return -err;
}

/* Connects to one address of the host. Returns a socket or a negative errno. */
static int connect_to(const struct addrinfo *info, int64_t deadline)
{
	const int on = 1;
	int rc = 0, fd = socket(info->ai_family, info->ai_socktype | SOCK_NONBLOCK | SOCK_CLOEXEC, info->ai_protocol);

	if (fd < 0)
		return -errno;
	if (connect(fd, info->ai_addr, info->ai_addrlen) < 0)
		rc = errno == EINPROGRESS ? finish_connect(fd, deadline) : -errno;
	/* Requests are small and wait for their answers: none may wait for the next. */
	if (rc == 0 && setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)) < 0)
		rc = -errno;
	if (rc == 0)
		return fd;
	close(fd);
	return rc;
}

static int explain(const char *device, int err, struct diag *diag)
{
	const char *what = strerror(err);

	if (err == ECONNREFUSED)
		what = "connection refused: no program listens on that port there";
	else if (err == ETIMEDOUT)
		what = "no answer: is the host on, and its name or address right?";
	return diag_fail(diag, DIAG_BYTELINK, err, "%s: %s", device, what);
}

/* Looks the host up. Returns 0 or a negative errno. */
static int look_up(struct addrinfo **found, const struct address *address, const char *device, struct diag *diag)
{
	const struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV};
	int err = getaddrinfo(address->host, address->port, &hints, found);

	if (err == 0)
		return 0;
	if (err == EAI_SYSTEM)
		return diag_fail(diag, DIAG_BYTELINK, errno, "%s: %s", device, strerror(errno));
	return diag_fail(diag, DIAG_BYTELINK, ENOENT, "%s: no such host: %s", device, gai_strerror(err));
}

int tcp_open(struct bytelink **out, const char *device, int64_t timeout_us, struct diag *diag)
{
	const int64_t deadline = fdlink_clock() + (timeout_us > 0 ? timeout_us : DEFAULT_TIMEOUT_US);
	struct addrinfo *found, *info;
	struct address address;
	int rc, fd = -ENOENT;

	*out = NULL;
	if (!parse(&address, device + strlen("socket://")))
		return diag_fail(diag, DIAG_BYTELINK, EINVAL, "%s: the form is socket://HOST:PORT, as socket://10.0.0.7:2323",
				 device);
	rc = look_up(&found, &address, device, diag);
	if (rc < 0)
		return rc;
	for (info = found; info && fd < 0; info = info->ai_next)
		fd = connect_to(info, deadline);
	freeaddrinfo(found);
	if (fd < 0)
		return explain(device, -fd, diag);
	rc = fdlink_open(out, &tcp_backend, sizeof(struct fdlink), fd, NULL, device, diag);
	if (rc < 0)
		close(fd);
	return rc;
}
