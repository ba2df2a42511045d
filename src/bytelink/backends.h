/* SPDX-License-Identifier: MIT */
/*
 * backends: how each kind of DEVICE is opened, for device.c. On success *OUT is the link; on failure *OUT is NULL, DIAG says why,
 * and the return value is a negative errno as of device_open.
 */
#ifndef BYTELINK_BACKENDS_H
#define BYTELINK_BACKENDS_H

#include "bytelink/bytelink.h"
#include "bytelink/device.h"
#include "bytelink/port_lock.h"

/* The serial port PATH of a real driver, and the pseudo-terminal PATH. LOCK becomes the link's, on success only. */
int serial_open(struct bytelink **out, const char *path, const struct device_options *options, struct port_lock *lock,
		struct diag *diag);
int pty_open(struct bytelink **out, const char *path, struct port_lock *lock, struct diag *diag);

/* device_resolve, but `auto` means the port with the USB serial number SERIAL ("": it is not known) where there is one. */
int device_resolve_again(char *path, size_t size, const char *device, const char *serial, struct diag *diag);

/* Opens what device_resolve has given. With PATIENT a port that is held is waited for, as device_open does. */
int device_open_resolved(struct bytelink **out, const char *path, const struct device_options *options, bool patient,
			 struct diag *diag);

/* DEVICE, whatever it is, as a link that can be opened again. */
int plug_open(struct bytelink **out, const char *device, const struct device_options *options, struct diag *diag);

/* DEVICE is "exec:COMMAND": it runs with /bin/sh on a pseudo-terminal, and gets SIGHUP, then SIGKILL, when the link is closed. */
int exec_open(struct bytelink **out, const char *device, struct diag *diag);

/* DEVICE is "socket://HOST:PORT" or "socket://[HOST]:PORT", a TCP connection, tried for TIMEOUT_US. */
int tcp_open(struct bytelink **out, const char *device, int64_t timeout_us, struct diag *diag);

#endif
