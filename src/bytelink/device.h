/* SPDX-License-Identifier: MIT */
/*
 * device: from the DEVICE that a user types to an open bytelink, the list of serial ports, and who holds a port.
 *
 *   /dev/ttyACM0, /dev/pts/4, a link to one   a path: a serial port, or a pseudo-terminal
 *   a0 u0                                     mpremote's short names of /dev/ttyACM0 and /dev/ttyUSB0
 *   id:SERIAL                                 the USB serial port with this serial number
 *   port:PATH                                 the same as PATH
 *   auto                                      the only USB serial port there is; several are refused with the list
 *   socket://HOST:PORT                        a TCP connection
 *   exec:COMMAND                              COMMAND, run by /bin/sh on a pseudo-terminal of its own
 *
 * `auto`, `id:` and device_list never open a port: opening resets ESP boards and disturbs what is not a board.
 */
#ifndef BYTELINK_DEVICE_H
#define BYTELINK_DEVICE_H

#include "bytelink/bytelink.h"

/* How a control line of a serial port is set when it is opened. */
enum device_signal {
	DEVICE_SIGNAL_DEFAULT, /* what suits the port's bridge: see serial.c */
	DEVICE_SIGNAL_ON,
	DEVICE_SIGNAL_OFF,
	DEVICE_SIGNAL_KEEP, /* left as the kernel has it */
};

struct device_options {
	unsigned baud; /* bits a second; 0: 115200. Ignored by everything but a serial port */
	enum device_signal dtr, rts;
	const char *purpose; /* what the port is taken for, told to others who want it: "mounted at /mnt/board"; may be NULL */
	int64_t timeout_us;  /* the longest wait for a TCP connection, in microseconds */
};

/*
 * Opens DEVICE and takes it for this process alone (a lock file beside flock and TIOCEXCL; see device.c for which).
 * Waits up to 1.2 s for a port that is held: who was just told to give it up needs a moment.
 * On success *OUT is the link, to be closed with bytelink_close; it can be dropped and reopened (bytelink.h), with the same DEVICE
 * and options, where `auto` means the same USB serial number as before if that is there. On failure *OUT is NULL and DIAG says what, where and what to
 * do. Returns 0 or a negative errno:
 *   -ENOENT  no such device, -ENODEV no port for `auto` or `id:`, -EEXIST several ports for `auto` (DIAG lists them),
 *   -EACCES  no permission (DIAG names the group that has it), -EBUSY held by another process (DIAG names it, its pid and its
 *   purpose), -ENOTTY not a serial port, -EINVAL a malformed DEVICE, -ECONNREFUSED and its kin for sockets
 */
int device_open(struct bytelink **out, const char *device, const struct device_options *options, struct diag *diag);

/*
 * The path that DEVICE stands for, with `auto`, `id:` and short names resolved, and links followed, into PATH of SIZE bytes.
 * For exec: and socket: DEVICE itself. Opens nothing. Returns 0 or a negative errno as device_open.
 */
int device_resolve(char *path, size_t size, const char *device, struct diag *diag);

/*
 * The serial number of the USB device behind the port PATH, printable, into SERIAL of SIZE bytes. "" where there is none, or PATH is
 * no USB serial port. Opens nothing.
 */
void device_usb_serial(char *serial, size_t size, const char *path);

/* Tells the other programs that want the port of LINK what it is used for (replaces device_options.purpose). */
void device_set_purpose(struct bytelink *link, const char *purpose);

/* A serial port of this computer. Strings are NULL where the port does not tell. */
struct device_port {
	char *path;         /* "/dev/ttyACM0" */
	char *description;  /* as the operating system has it */
	char *manufacturer; /* USB only, as the next five */
	char *product;
	char *serial;
	int usb_vendor, usb_product; /* -1: not USB */
	char *held_by; /* "mpremotefs (pid 4711), mounted at /mnt/board"; NULL: free, as far as can be seen, or not asked for */
};

/*
 * The serial ports of this computer, sorted by path, into *PORTS (COUNT of them; free with device_list_free). With HOLDERS also who
 * has each, which takes a look at all processes. Returns 0 or a negative errno.
 */
int device_list(struct device_port **ports, size_t *count, bool holders, struct diag *diag);

/* Frees what device_list made; NULL is accepted. */
void device_list_free(struct device_port *ports, size_t count);

#endif
