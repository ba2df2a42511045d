/* SPDX-License-Identifier: MIT */
/* identity: by what a board is known again: its unique id; where it has none, the serial number of its USB port. No input, no output. */
#ifndef BOARD_IDENTITY_H
#define BOARD_IDENTITY_H

#include <stdbool.h>
#include <stddef.h>

/* All printable. */
struct identity {
	char unique_id[80];   /* "": it has none, as the next two */
	char usb_serial[128]; /* of its port */
	char machine[128], version[64];
	long long inode, device; /* of the top, where it is a directory of a computer; 0: it is not */
};

/* Whether A and B can be the same board. Where neither has a number, those are that say the same of themselves. */
bool identity_is_same(const struct identity *a, const struct identity *b);

/* For people, in TEXT of SIZE bytes: "ESP32 module with USB serial number 5A1B". Returns TEXT. */
const char *identity_name(char *text, size_t size, const struct identity *identity);

#endif
