/* SPDX-License-Identifier: MIT */
#include "share/outlet.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { PIECE = 16384 };

struct outlet_piece {
	struct outlet_piece *next;
	int fd;
	size_t len, taken;
	uint8_t bytes[PIECE];
};

/*
 * What writes to FD. A write to a terminal may block although it takes something; that it must not is set for a description of our own, since
 * the one that we were given is the shell's, too.
 */
static int open_own(int fd)
{
	static const char *const names[] = {"/proc/self/fd/1", "/proc/self/fd/2"};
	int own = isatty(fd) ? open(names[fd - 1], O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC) : -1;

	return own < 0 ? fd : own;
}

void outlet_open(struct outlet *outlet)
{
	*outlet = (struct outlet){.fds = {open_own(STDOUT_FILENO), open_own(STDERR_FILENO)}};
}

static void forget_first(struct outlet *outlet)
{
	struct outlet_piece *piece = outlet->first;

	outlet->kept -= piece->len - piece->taken;
	outlet->first = piece->next;
	if (!outlet->first)
		outlet->last = NULL;
	free(piece);
}

void outlet_close(struct outlet *outlet)
{
	while (outlet->first)
		forget_first(outlet);
	for (int fd = STDOUT_FILENO; fd <= STDERR_FILENO; fd++)
		if (outlet->fds[fd - 1] != fd)
			close(outlet->fds[fd - 1]);
}

static bool takes(int fd)
{
	struct pollfd polled = {.fd = fd, .events = POLLOUT};

	return poll(&polled, 1, 0) > 0;
}

/* Writes what FD takes now of LEN BYTES. Returns how many, or a negative errno. */
static ssize_t write_now(int fd, const uint8_t *bytes, size_t len)
{
	size_t done = 0;

	while (done < len && takes(fd)) {
		/* A pipe that takes anything takes so much at once (pipe(7)). */
		ssize_t n = write(fd, bytes + done, len - done < PIPE_BUF ? len - done : PIPE_BUF);

		if (n < 0 && errno == EAGAIN)
			break;
		if (n < 0 && errno != EINTR)
			return -errno;
		done += n > 0 ? (size_t)n : 0;
	}
	return (ssize_t)done;
}

static struct outlet_piece *add_piece(struct outlet *outlet, int fd)
{
	struct outlet_piece *piece = malloc(sizeof(*piece));

	if (!piece)
		return NULL;
	piece->next = NULL;
	piece->fd = fd;
	piece->len = piece->taken = 0;
	if (outlet->last)
		outlet->last->next = piece;
	else
		outlet->first = piece;
	outlet->last = piece;
	return piece;
}

static int keep(struct outlet *outlet, int fd, const uint8_t *bytes, size_t len)
{
	while (len > 0) {
		struct outlet_piece *piece = outlet->last;

		if (!piece || piece->fd != fd || piece->len == PIECE)
			piece = add_piece(outlet, fd);
		if (!piece)
			return -ENOMEM;
		size_t n = len < PIECE - piece->len ? len : PIECE - piece->len;
		memcpy(piece->bytes + piece->len, bytes, n);
		piece->len += n;
		outlet->kept += n;
		bytes += n;
		len -= n;
	}
	return 0;
}

int outlet_put(struct outlet *outlet, int fd, const uint8_t *bytes, size_t len)
{
	int own = outlet->fds[fd - 1];
	ssize_t written = outlet->first ? 0 : write_now(own, bytes, len);

	return written < 0 ? (int)written : keep(outlet, own, bytes + written, len - (size_t)written);
}

int outlet_write(struct outlet *outlet)
{
	struct outlet_piece *piece;

	while ((piece = outlet->first)) {
		int fd = piece->fd;
		ssize_t n = write_now(fd, piece->bytes + piece->taken, piece->len - piece->taken);

		if (n < 0) {
			while (outlet->first && outlet->first->fd == fd)
				forget_first(outlet);
			return (int)n;
		}
		piece->taken += (size_t)n;
		outlet->kept -= (size_t)n;
		if (piece->taken < piece->len)
			break;
		forget_first(outlet);
	}
	return 0;
}

int outlet_waits_for(const struct outlet *outlet)
{
	return outlet->first ? outlet->first->fd : -1;
}

size_t outlet_room(const struct outlet *outlet)
{
	return outlet->kept < OUTLET_MAX ? OUTLET_MAX - outlet->kept : 0;
}
