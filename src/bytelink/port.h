/* SPDX-License-Identifier: MIT */
/* port: what a path in /dev is, and in words what keeps it from being opened. */
#ifndef BYTELINK_PORT_H
#define BYTELINK_PORT_H

#include "base/diag.h"

enum port_kind { PORT_SERIAL, PORT_PTY };

/*
 * What is at PATH (absolute, without links), without opening it. Returns an enum port_kind, or a negative errno with DIAG:
 * -ENOENT, -EACCES, or -ENOTTY for what is no serial port.
 */
int port_kind_of(const char *path, struct diag *diag);

/* Fills DIAG: the port PATH cannot be opened because of ERR (a positive errno), and what to do. Returns -ERR. */
int port_refused(const char *path, int err, struct diag *diag);

#endif
