/* SPDX-License-Identifier: MIT */
/* pty: a pseudo-terminal that another program has made (a simulator, socat, an emulator). libserialport cannot open one. */
#include <errno.h>
#include <fcntl.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "bytelink/backends.h"
#include "bytelink/fdlink.h"
#include "bytelink/port.h"

static void pty_close(struct bytelink *self)
{
	const struct fdlink *link = self->state;

	/* The program behind it may keep the terminal open, and with it our TIOCEXCL. */
	ioctl(link->fd, TIOCNXCL);
	fdlink_close(self);
}

static const char *pty_ended(struct bytelink *self)
{
	(void)self;
	return "was closed by the program behind it";
}

static const struct bytelink_backend pty_backend = {
	.name = "pty",
	.read = fdlink_read,
	.write = fdlink_write,
	.wait = fdlink_wait,
	.now = fdlink_now,
	.wake = fdlink_wake,
	.close = pty_close,
	.ended = pty_ended,
	.set_purpose = fdlink_set_purpose,
};

/* Raw bytes both ways, 8N1; with cfmakeraw's VMIN of 1 read(2) answers EAGAIN, not 0, when there are none. */
static int make_raw(int fd)
{
	struct termios termios;

	if (tcgetattr(fd, &termios) < 0)
		return -errno;
	cfmakeraw(&termios);
	termios.c_cflag &= ~(tcflag_t)(HUPCL | CSTOPB | CRTSCTS);
	termios.c_cflag |= CLOCAL | CREAD;
	return tcsetattr(fd, TCSANOW, &termios) < 0 ? -errno : 0;
}

int pty_open(struct bytelink **out, const char *path, struct port_lock *lock, struct diag *diag)
{
	int rc, fd = open(path, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);

	*out = NULL;
	if (fd < 0)
		return port_refused(path, errno, diag);
	rc = port_lock_tty(fd, path, diag);
	if (rc < 0)
		goto fail;
	rc = make_raw(fd);
	if (rc < 0)
		port_refused(path, -rc, diag);
	else
		rc = fdlink_open(out, &pty_backend, sizeof(struct fdlink), fd, lock, path, diag);
	if (rc == 0)
		return 0;
	ioctl(fd, TIOCNXCL);
fail:
	close(fd);
	return rc;
}
