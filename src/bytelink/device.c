/* SPDX-License-Identifier: MIT */
#include "bytelink/device.h"

#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "bytelink/backends.h"
#include "bytelink/port.h"
#include "bytelink/port_lock.h"

enum {
	PATIENCE_MS = 1200, /* how long a held port is waited for... */
	PATIENCE_TRIES = 12,
};

/* What follows PREFIX in TEXT; NULL when TEXT does not begin with it. */
static const char *after(const char *text, const char *prefix)
{
	size_t len = strlen(prefix);

	return strncmp(text, prefix, len) == 0 ? text + len : NULL;
}

/* Copies TEXT, which has to fit, to PATH. */
static int copy(char *path, size_t size, const char *text, struct diag *diag)
{
	if (strlen(text) >= size)
		return diag_fail(diag, DIAG_BYTELINK, ENAMETOOLONG, "%.100s...: the name is too long", text);
	memcpy(path, text, strlen(text) + 1);
	return 0;
}

/* PATH with links followed. */
static int follow(char *path, size_t size, const char *name, struct diag *diag)
{
	char real[PATH_MAX];

	if (!realpath(name, real))
		return port_refused(name, errno, diag);
	return copy(path, size, real, diag);
}

/* Whether NAME is one of mpremote's short names: a letter of LETTERS and a number. */
static bool is_short_name(const char *name, const char *letters)
{
	size_t digits;

	if (!name[0] || !strchr(letters, name[0]))
		return false;
	digits = strspn(name + 1, "0123456789");
	return digits > 0 && digits <= 4 && !name[1 + digits];
}

/* One line for the user to choose by: "/dev/ttyACM0  id:e660  Raspberry Pi Pico". */
static void add_choice(char *text, size_t size, const struct device_port *port)
{
	size_t used = strlen(text);

	snprintf(text + used, size - used, "\n    %s%s%s%s%s", port->path, port->serial ? "  id:" : "",
		 port->serial ? port->serial : "", port->product ? "  " : "", port->product ? port->product : "");
}

/* Finds the only USB serial port; with SERIAL not NULL the only one with that serial number. */
static int find_usb(char *path, size_t size, const char *serial, struct diag *diag)
{
	struct device_port *ports;
	const char *found = NULL;
	char choices[700] = "";
	size_t i, count;
	int matches = 0, rc = device_list(&ports, &count, false, diag);

	if (rc < 0)
		return rc;
	for (i = 0; i < count; i++) {
		if (ports[i].usb_vendor < 0 || (serial && (!ports[i].serial || strcmp(ports[i].serial, serial) != 0)))
			continue;
		matches++;
		found = ports[i].path;
		add_choice(choices, sizeof(choices), &ports[i]);
	}
	if (matches == 1)
		rc = copy(path, size, found, diag);
	else if (matches > 1)
		rc = diag_fail(diag, DIAG_BYTELINK, EEXIST, "There are several such serial ports. Name one of them:%s", choices);
	else if (serial)
		rc = diag_fail(diag, DIAG_BYTELINK, ENODEV,
			       "There is no USB serial port with the serial number \"%s\".\n"
			       "`mpremotefs --list` shows those that are there.",
			       serial);
	else
		rc = diag_fail(diag, DIAG_BYTELINK, ENODEV,
			       "There is no USB serial port. Is the board plugged in, with a cable that "
			       "carries data?\n`mpremotefs --list` shows all serial ports.");
	device_list_free(ports, count);
	return rc;
}

int device_resolve(char *path, size_t size, const char *device, struct diag *diag)
{
	const char *name;
	char tty[32];

	if (after(device, "exec:") || after(device, "socket:"))
		return copy(path, size, device, diag);
	if (!device[0] || strstr(device, "://") || strcmp(device, "id:") == 0 || strcmp(device, "port:") == 0)
		return diag_fail(diag, DIAG_BYTELINK, EINVAL,
				 "\"%s\" is no DEVICE: give a path, auto, id:SERIAL, a0, u0, "
				 "socket://HOST:PORT or exec:COMMAND.",
				 device);
	if (strcmp(device, "auto") == 0)
		return find_usb(path, size, NULL, diag);
	if ((name = after(device, "id:")))
		return find_usb(path, size, name, diag);
	if ((name = after(device, "port:")))
		return follow(path, size, name, diag);
	if (is_short_name(device, "au")) {
		snprintf(tty, sizeof(tty), "/dev/tty%s%.4s", device[0] == 'a' ? "ACM" : "USB", device + 1);
		return follow(path, size, tty, diag);
	}
	if (is_short_name(device, "c"))
		return diag_fail(diag, DIAG_BYTELINK, EINVAL,
				 "%s: COM ports are Windows'. Here a0 is /dev/ttyACM0 and u0 /dev/ttyUSB0.", device);
	return follow(path, size, device, diag);
}

/* Opens the serial port or the pseudo-terminal PATH, after taking the lock that needs no opening. */
static int open_path(struct bytelink **out, const char *path, const struct device_options *options, struct diag *diag)
{
	struct port_lock *lock;
	char words[700];
	int rc, kind = port_kind_of(path, diag);

	if (kind < 0)
		return kind;
	rc = port_lock_take(&lock, path, options->purpose, diag);
	if (rc < 0)
		return rc;
	/* Who made a pseudo-terminal often keeps it open; on a real port one who reads takes bytes from us, locks or not. */
	if (kind == PORT_SERIAL && port_lock_opener(path, words, sizeof(words)))
		rc = port_lock_refuse(path, words, diag);
	else if (kind == PORT_SERIAL)
		rc = serial_open(out, path, options, lock, diag);
	else
		rc = pty_open(out, path, lock, diag);
	if (rc < 0)
		port_lock_release(lock);
	return rc;
}

/* The same, but waits a little for a port that is held: a mount that was just unmounted is still giving its port back. */
static int open_path_patiently(struct bytelink **out, const char *path, const struct device_options *options, struct diag *diag)
{
	const struct timespec pause = {.tv_nsec = PATIENCE_MS / PATIENCE_TRIES * 1000000l};
	int rc = open_path(out, path, options, diag);
	int i;

	for (i = 0; rc == -EBUSY && i < PATIENCE_TRIES; i++) {
		nanosleep(&pause, NULL);
		rc = open_path(out, path, options, diag);
	}
	if (rc == 0)
		diag_clear(diag);
	return rc;
}

int device_resolve_again(char *path, size_t size, const char *device, const char *serial, struct diag *diag)
{
	if (serial[0] && strcmp(device, "auto") == 0 && find_usb(path, size, serial, NULL) == 0)
		return 0;
	return device_resolve(path, size, device, diag);
}

int device_open_resolved(struct bytelink **out, const char *path, const struct device_options *options, bool patient,
			 struct diag *diag)
{
	const char *rest;

	*out = NULL;
	if ((rest = after(path, "exec:"))) {
		if (rest[strspn(rest, " \t\n")])
			return exec_open(out, path, diag);
		return diag_fail(diag, DIAG_BYTELINK, EINVAL, "exec: has no command. The form is exec:COMMAND.");
	}
	if (after(path, "socket://"))
		return tcp_open(out, path, options->timeout_us, diag);
	if (after(path, "socket:"))
		return diag_fail(diag, DIAG_BYTELINK, EINVAL, "%s: the form is socket://HOST:PORT, as socket://10.0.0.7:2323",
				 path);
	return patient ? open_path_patiently(out, path, options, diag) : open_path(out, path, options, diag);
}

int device_open(struct bytelink **out, const char *device, const struct device_options *options, struct diag *diag)
{
	return plug_open(out, device, options, diag);
}

void device_set_purpose(struct bytelink *link, const char *purpose)
{
	if (link->backend->set_purpose)
		link->backend->set_purpose(link, purpose);
}
