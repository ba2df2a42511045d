/* SPDX-License-Identifier: MIT */
#include "board/identity.h"

#include <stdio.h>
#include <string.h>

bool identity_is_same(const struct identity *a, const struct identity *b)
{
	if (a->unique_id[0] || b->unique_id[0])
		return !strcmp(a->unique_id, b->unique_id);
	if (a->usb_serial[0] || b->usb_serial[0])
		return !strcmp(a->usb_serial, b->usb_serial);
	return !strcmp(a->machine, b->machine) && a->inode == b->inode && a->device == b->device;
}

const char *identity_name(char *text, size_t size, const struct identity *identity)
{
	if (identity->unique_id[0])
		snprintf(text, size, "%s with unique id %s", identity->machine, identity->unique_id);
	else if (identity->usb_serial[0])
		snprintf(text, size, "%s with USB serial number %s", identity->machine, identity->usb_serial);
	else
		snprintf(text, size, "%s without an id", identity->machine);
	return text;
}
