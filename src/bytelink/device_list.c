/* SPDX-License-Identifier: MIT */
/*
 * device_list: the serial ports of this computer, from /sys and libserialport's reading of it. sp_list_ports is not used: it
 * opens the ports of a PC's UART to see whether they exist, and opening raises DTR and RTS.
 */
#include <dirent.h>
#include <errno.h>
#include <libserialport.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bytelink/device.h"
#include "bytelink/port_lock.h"

struct list {
	struct device_port *ports;
	size_t count;
};

/* Whether a port of the PC's UART driver, which has 32 whatever the computer has, exists. Only root is told by the kernel. */
static bool has_uart(const char *name)
{
	char file[NAME_MAX + 64];
	int type = 0;
	FILE *in;

	snprintf(file, sizeof(file), "/sys/class/tty/%s/type", name);
	in = fopen(file, "re");
	if (!in)
		return false;
	if (fscanf(in, "%d", &type) != 1)
		type = 0;
	fclose(in);
	return type != 0;
}

/* Whether the terminal NAME of /sys/class/tty has a device of its own behind it. */
static int is_port(const struct dirent *entry)
{
	char file[NAME_MAX + 64], target[PATH_MAX];
	ssize_t n;

	snprintf(file, sizeof(file), "/sys/class/tty/%s", entry->d_name);
	n = readlink(file, target, sizeof(target) - 1);
	if (entry->d_name[0] == '.' || n <= 0)
		return 0;
	target[n] = '\0';
	if (strstr(target, "/virtual/"))
		return 0;
	return strstr(target, "serial8250") ? has_uart(entry->d_name) : 1;
}

/* A printable copy of TEXT; NULL when there is nothing in it. *FAILED is set when there is no memory. */
static char *copy(const char *text, bool *failed)
{
	char clean[512];
	char *copied;

	if (!text || !text[0])
		return NULL;
	copied = strdup(diag_printable(clean, sizeof(clean), text, strlen(text)));
	if (!copied)
		*failed = true;
	return copied;
}

static void free_port(struct device_port *port)
{
	free(port->path);
	free(port->description);
	free(port->manufacturer);
	free(port->product);
	free(port->serial);
	free(port->held_by);
}

/* Fills OUT from FROM. Returns 0, or -ENOMEM with nothing to free. */
static int fill(struct device_port *out, const struct sp_port *from, bool holders)
{
	char words[700];
	bool failed = false;

	*out = (struct device_port){.usb_vendor = -1, .usb_product = -1};
	out->path = copy(sp_get_port_name(from), &failed);
	out->description = copy(sp_get_port_description(from), &failed);
	if (sp_get_port_transport(from) == SP_TRANSPORT_USB) {
		if (sp_get_port_usb_vid_pid(from, &out->usb_vendor, &out->usb_product) != SP_OK)
			out->usb_vendor = out->usb_product = -1;
		out->manufacturer = copy(sp_get_port_usb_manufacturer(from), &failed);
		out->product = copy(sp_get_port_usb_product(from), &failed);
		out->serial = copy(sp_get_port_usb_serial(from), &failed);
	}
	if (holders && port_lock_holder(sp_get_port_name(from), words, sizeof(words)))
		out->held_by = copy(words, &failed);
	if (!failed)
		return 0;
	free_port(out);
	return -ENOMEM;
}

/* Adds the port NAME to LIST; one that has gone meanwhile is left out. */
static int add(struct list *list, const char *name, bool holders)
{
	char path[NAME_MAX + 8];
	struct device_port *more;
	struct sp_port *port;
	int rc;

	snprintf(path, sizeof(path), "/dev/%s", name);
	if (sp_get_port_by_name(path, &port) != SP_OK)
		return 0;
	more = realloc(list->ports, (list->count + 1) * sizeof(*more));
	if (more)
		list->ports = more;
	rc = more ? fill(&list->ports[list->count], port, holders) : -ENOMEM;
	if (rc == 0)
		list->count++;
	sp_free_port(port);
	return rc;
}

int device_list(struct device_port **ports, size_t *count, bool holders, struct diag *diag)
{
	struct list list = {.ports = NULL};
	struct dirent **names = NULL;
	int i, rc = 0, found = scandir("/sys/class/tty", &names, is_port, versionsort);

	*ports = NULL;
	*count = 0;
	if (found < 0)
		return diag_fail(diag, DIAG_BYTELINK, errno,
				 "/sys/class/tty: cannot be read, so serial ports cannot be listed: %s", strerror(errno));
	for (i = 0; i < found; i++) {
		if (rc == 0)
			rc = add(&list, names[i]->d_name, holders);
		free(names[i]);
	}
	free(names);
	if (rc < 0) {
		device_list_free(list.ports, list.count);
		return diag_fail(diag, DIAG_BYTELINK, -rc, "out of memory");
	}
	*ports = list.ports;
	*count = list.count;
	return 0;
}

void device_usb_serial(char *serial, size_t size, const char *path)
{
	struct sp_port *port;
	const char *number;

	serial[0] = '\0';
	if (sp_get_port_by_name(path, &port) != SP_OK)
		return;
	number = sp_get_port_transport(port) == SP_TRANSPORT_USB ? sp_get_port_usb_serial(port) : NULL;
	if (number)
		diag_printable(serial, size, number, strlen(number));
	sp_free_port(port);
}

void device_list_free(struct device_port *ports, size_t count)
{
	size_t i;

	for (i = 0; ports && i < count; i++)
		free_port(&ports[i]);
	free(ports);
}
