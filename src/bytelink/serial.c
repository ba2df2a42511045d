/* SPDX-License-Identifier: MIT */
/*
 * serial: a serial port with a driver. libserialport finds and configures it (any speed, 8N1, raw, no flow control); reading and
 * writing are fdlink's.
 *
 * DTR and RTS. Linux raises both when a port is opened, and libserialport sets HUPCL, with which the last close lowers both. On
 * most ESP boards with a USB-UART bridge the two drive reset and boot mode through two transistors: equal they do nothing, RTS
 * alone resets, DTR alone selects the bootloader. On Arduino-like boards a change of DTR resets. On native USB, DTR tells the
 * board that a program listens: with it on and nobody reading, each print costs the board half a second. Therefore:
 *
 *   a bridge or a UART   both stay as opening has left them, HUPCL is off and nothing is lowered on close: so nothing changes
 *                        when this mount ends or the next begins, and no board is reset but by the first opening of all
 *   native USB           both are on while we are here; on close RTS is lowered, then DTR (the other way round, RTS would be on
 *                        alone for a moment, which resets an ESP32-S3), so that the board knows that nobody listens
 *
 * dtr= and rts= set a line (on, off) or keep our hands off it on native USB, too (keep).
 */
#include <errno.h>
#include <fcntl.h>
#include <libserialport.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "bytelink/backends.h"
#include "bytelink/fdlink.h"
#include "bytelink/port.h"

#define DEFAULT_BAUD 115200
#define BOOTLOADER_BAUD 1200 /* boards with native USB take it for the wish to be flashed */
#define DRAIN_US 200000
#define DRAIN_STEP_US 5000

struct serial_link {
	struct fdlink link;
	int lower; /* the lines to lower on close, as TIOCM_RTS | TIOCM_DTR */
};

static bool is_bridge_maker(int vendor)
{
	/* Makers of USB-UART bridges, some of which look like native USB (CDC ACM): WCH, Silicon Labs, FTDI, Prolific, Exar. */
	return vendor == 0x1a86 || vendor == 0x10c4 || vendor == 0x0403 || vendor == 0x067b || vendor == 0x04e2;
}

/* Whether the board itself is the USB device, by the port's driver. */
static bool is_native_usb(const struct sp_port *port)
{
	char name[NAME_MAX + 64], target[PATH_MAX];
	int vendor = 0, product = 0;
	const char *driver;
	ssize_t n;

	if (sp_get_port_transport(port) != SP_TRANSPORT_USB)
		return false;
	if (sp_get_port_usb_vid_pid(port, &vendor, &product) == SP_OK && is_bridge_maker(vendor))
		return false;
	snprintf(name, sizeof(name), "/sys/class/tty/%.*s/device/driver", NAME_MAX, strrchr(sp_get_port_name(port), '/') + 1);
	n = readlink(name, target, sizeof(target) - 1);
	if (n <= 0)
		return false;
	target[n] = '\0';
	driver = strrchr(target, '/');
	return driver && strcmp(driver, "/cdc_acm") == 0;
}

/* Gives what was written a moment to leave: a board that does not take it must not hold up close(2), which would wait for it. */
static void drain(int fd)
{
	const int64_t deadline = fdlink_clock() + DRAIN_US;
	int waiting = 0;

	while (ioctl(fd, TIOCOUTQ, &waiting) == 0 && waiting > 0 && fdlink_clock() < deadline)
		fdlink_poll(-1, 0, fdlink_clock() + DRAIN_STEP_US);
	tcflush(fd, TCOFLUSH);
}

static void lower(int fd, int line)
{
	if (line)
		ioctl(fd, TIOCMBIC, &line);
}

static void serial_close(struct bytelink *self)
{
	const struct serial_link *serial = self->state;

	drain(serial->link.fd);
	lower(serial->link.fd, serial->lower & TIOCM_RTS);
	lower(serial->link.fd, serial->lower & TIOCM_DTR);
	fdlink_close(self);
}

static const char *serial_ended(struct bytelink *self)
{
	(void)self;
	return "was unplugged, or the board has reset its USB";
}

static const struct bytelink_backend serial_backend = {
	.name = "serial",
	.read = fdlink_read,
	.write = fdlink_write,
	.wait = fdlink_wait,
	.now = fdlink_now,
	.wake = fdlink_wake,
	.close = serial_close,
	.ended = serial_ended,
	.set_purpose = fdlink_set_purpose,
};

/* HUPCL off, and read(2) answers EAGAIN, not 0, when there are no bytes: 0 is left for a port that is gone. */
static int mend_termios(int fd)
{
	struct termios termios;

	if (tcgetattr(fd, &termios) < 0)
		return -errno;
	termios.c_cflag &= ~(tcflag_t)HUPCL;
	termios.c_cc[VMIN] = 1;
	termios.c_cc[VTIME] = 0;
	return tcsetattr(fd, TCSANOW, &termios) < 0 ? -errno : 0;
}

/* The positive errno of what libserialport has answered. */
static int sp_errno(enum sp_return answer)
{
	switch (answer) {
	case SP_ERR_FAIL:
		return sp_last_error_code() > 0 ? sp_last_error_code() : EIO;
	case SP_ERR_MEM:
		return ENOMEM;
	case SP_ERR_SUPP:
		return EOPNOTSUPP;
	default:
		return EINVAL;
	}
}

static int set_config(struct sp_port *port, unsigned baud)
{
	struct sp_port_config *config;
	enum sp_return answer = sp_new_config(&config);

	if (answer != SP_OK)
		return -sp_errno(answer);
	/* RTS and DTR stay unset in CONFIG, which leaves them alone. */
	sp_set_config_baudrate(config, (int)baud);
	sp_set_config_bits(config, 8);
	sp_set_config_parity(config, SP_PARITY_NONE);
	sp_set_config_stopbits(config, 1);
	sp_set_config_cts(config, SP_CTS_IGNORE);
	sp_set_config_dsr(config, SP_DSR_IGNORE);
	sp_set_config_xon_xoff(config, SP_XONXOFF_DISABLED);
	answer = sp_set_config(port, config);
	sp_free_config(config);
	return answer == SP_OK ? 0 : -sp_errno(answer);
}

static int set_line(int fd, int line, enum device_signal signal)
{
	if (signal != DEVICE_SIGNAL_ON && signal != DEVICE_SIGNAL_OFF)
		return 0;
	return ioctl(fd, signal == DEVICE_SIGNAL_ON ? TIOCMBIS : TIOCMBIC, &line) < 0 ? -errno : 0;
}

/* Sets DTR and RTS as asked for, in the order in which RTS is never on alone unless that was asked for. */
static int set_lines(int fd, const struct device_options *options)
{
	int rc = 0;

	if (options->rts == DEVICE_SIGNAL_OFF)
		rc = set_line(fd, TIOCM_RTS, options->rts);
	if (rc == 0)
		rc = set_line(fd, TIOCM_DTR, options->dtr);
	if (rc == 0 && options->rts == DEVICE_SIGNAL_ON)
		rc = set_line(fd, TIOCM_RTS, options->rts);
	return rc;
}

static int lines_to_lower(const struct sp_port *port, const struct device_options *options)
{
	if (!is_native_usb(port))
		return 0;
	return (options->rts == DEVICE_SIGNAL_KEEP ? 0 : TIOCM_RTS) | (options->dtr == DEVICE_SIGNAL_KEEP ? 0 : TIOCM_DTR);
}

/* Makes the open PORT ours, and the line what it has to be. */
static int prepare(struct sp_port *port, int fd, const char *path, const struct device_options *options, struct diag *diag)
{
	const unsigned baud = options->baud ? options->baud : DEFAULT_BAUD;
	int rc = port_lock_tty(fd, path, diag);

	if (rc < 0)
		return rc;
	rc = mend_termios(fd);
	if (rc == 0)
		rc = set_config(port, baud);
	if (rc < 0)
		return diag_fail(diag, DIAG_BYTELINK, -rc, "%s: cannot be set to %u baud, 8N1: %s", path, baud, strerror(-rc));
	rc = set_lines(fd, options);
	if (rc < 0)
		return diag_fail(diag, DIAG_BYTELINK, -rc,
				 "%s: cannot set DTR or RTS: %s.\nWhere a port has no such lines, use dtr=keep and rts=keep.",
				 path, strerror(-rc));
	return 0;
}

static int check_baud(const char *path, const struct device_options *options, struct diag *diag)
{
	if (options->baud == BOOTLOADER_BAUD)
		return diag_fail(diag, DIAG_BYTELINK, EINVAL,
				 "%s: 1200 baud is refused: boards with USB enter their bootloader when they see it.", path);
	if (options->baud > INT_MAX)
		return diag_fail(diag, DIAG_BYTELINK, EINVAL, "%s: %u baud is more than any port can do", path, options->baud);
	return 0;
}

/* Opens PATH with libserialport. Returns the descriptor, which sp_free_port(*PORT) leaves open, or a negative errno. */
static int open_port(struct sp_port **port, const char *path, struct diag *diag)
{
	enum sp_return answer = sp_get_port_by_name(path, port);
	int fd = -1;

	if (answer != SP_OK) {
		*port = NULL;
		return diag_fail(diag, DIAG_BYTELINK, ENOTTY,
				 "%s is not known to the system as a serial port.\n`mpremotefs --list` shows the serial ports.",
				 path);
	}
	answer = sp_open(*port, SP_MODE_READ_WRITE);
	if (answer != SP_OK)
		return port_refused(path, sp_errno(answer), diag);
	sp_get_port_handle(*port, &fd);
	fcntl(fd, F_SETFD, FD_CLOEXEC);
	return fd;
}

int serial_open(struct bytelink **out, const char *path, const struct device_options *options, struct port_lock *lock,
		struct diag *diag)
{
	struct sp_port *port = NULL;
	int fd = -1, rc = check_baud(path, options, diag);

	*out = NULL;
	if (rc < 0)
		return rc;
	fd = open_port(&port, path, diag);
	rc = fd < 0 ? fd : prepare(port, fd, path, options, diag);
	if (rc == 0)
		rc = fdlink_open(out, &serial_backend, sizeof(struct serial_link), fd, lock, path, diag);
	if (rc == 0)
		((struct serial_link *)(*out)->state)->lower = lines_to_lower(port, options);
	else if (fd >= 0)
		close(fd);
	sp_free_port(port);
	return rc;
}
