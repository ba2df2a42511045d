/* SPDX-License-Identifier: MIT */
/* device_args: the words of a command line that say which board, and how it is reached: -d DEVICE, -b BAUD... */
#ifndef BYTELINK_DEVICE_ARGS_H
#define BYTELINK_DEVICE_ARGS_H

#include <stdbool.h>

#include "bytelink/device_option.h"

struct device_args {
	const char *device;
	struct device_options options;
};

/* For getopt_long: the letters, and the entries of the table. */
enum { DEVICE_ARGS_DTR = 512, DEVICE_ARGS_RTS, DEVICE_ARGS_TIMEOUT };
#define DEVICE_ARGS_LETTERS "d:b:"
#define DEVICE_ARGS_LONG                                                                                              \
	{"device", required_argument, NULL, 'd'}, {"baud", required_argument, NULL, 'b'},                             \
		{"dtr", required_argument, NULL, DEVICE_ARGS_DTR}, {"rts", required_argument, NULL, DEVICE_ARGS_RTS}, \
	{                                                                                                             \
		"timeout", required_argument, NULL, DEVICE_ARGS_TIMEOUT                                               \
	}
/* What --help says of them. */
#define DEVICE_ARGS_HELP                                                                             \
	"  -d, --device DEVICE  the board: a port, auto, id:SERIAL... ($MPREMOTE_DEVICE, or auto)\n" \
	"  -b, --baud N         the line's speed (115200)\n"                                         \
	"  --dtr, --rts on|off|keep   the line's control signals (what suits the port)\n"            \
	"  --timeout SECONDS    the longest silence of a live board (10)\n"

/* What is so where nothing is said. */
void device_args_start(struct device_args *args);

/* Whether OPTION, which getopt_long answered, is one of these. */
bool device_args_has(int option);

/* Takes OPTION with its VALUE. Returns 0 or -EINVAL with DIAG. */
int device_args_take(struct device_args *args, int option, const char *value, struct diag *diag);

#endif
