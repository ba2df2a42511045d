/* SPDX-License-Identifier: MIT */
#include "bytelink/device_args.h"

#include <errno.h>
#include <stdlib.h>

void device_args_start(struct device_args *args)
{
	const char *device = getenv("MPREMOTE_DEVICE");

	*args = (struct device_args){
		.device = device && *device ? device : "auto",
		.options.timeout_us = DEVICE_OPTION_TIMEOUT_US,
	};
}

static const char *name_of(int option)
{
	switch (option) {
	case 'b':
		return "baud";
	case DEVICE_ARGS_DTR:
		return "dtr";
	case DEVICE_ARGS_RTS:
		return "rts";
	case DEVICE_ARGS_TIMEOUT:
		return "timeout";
	default:
		return NULL;
	}
}

bool device_args_has(int option)
{
	return option == 'd' || name_of(option);
}

int device_args_take(struct device_args *args, int option, const char *value, struct diag *diag)
{
	if (option != 'd')
		return device_option_set(&args->options, name_of(option), value, diag);
	if (!*value)
		return diag_fail(diag, DIAG_USAGE, EINVAL, "option -d needs a device: a port, auto, id:SERIAL...");
	args->device = value;
	return 0;
}
