/* SPDX-License-Identifier: MIT */
#include "bytelink/device_option.h"

#include <errno.h>
#include <string.h>

#include "base/number.h"

enum { BOOTLOADER_BAUD = 1200 }; /* many boards take this speed as the call for their bootloader */

static int fail(struct diag *diag, const char *name, const char *value, const char *allowed)
{
	return diag_fail(diag, DIAG_USAGE, EINVAL, "option %s=%s: %s", name, value, allowed);
}

static int set_baud(struct device_options *options, const char *value, struct diag *diag)
{
	unsigned long number;

	if (number_parse(value, 10, 20000000, &number) < 0 || number < 300)
		return fail(diag, "baud", value, "give the line's speed in bits a second, 300 to 20000000 (default 115200)");
	if (number == BOOTLOADER_BAUD)
		return fail(diag, "baud", value, "1200 would start the bootloader of many boards; give another speed");
	options->baud = (unsigned)number;
	return 0;
}

static int set_signal(enum device_signal *signal, const char *name, const char *value, struct diag *diag)
{
	if (strcmp(value, "on") == 0)
		*signal = DEVICE_SIGNAL_ON;
	else if (strcmp(value, "off") == 0)
		*signal = DEVICE_SIGNAL_OFF;
	else if (strcmp(value, "keep") == 0)
		*signal = DEVICE_SIGNAL_KEEP;
	else
		return fail(diag, name, value, "give on, off or keep");
	return 0;
}

static int set_timeout(struct device_options *options, const char *value, struct diag *diag)
{
	double seconds;

	if (number_parse_seconds(value, 0.1, 3600, &seconds) < 0)
		return fail(diag, "timeout", value, "give seconds, 0.1 to 3600 (default 10)");
	options->timeout_us = (int64_t)(seconds * 1e6);
	return 0;
}

int device_option_set(struct device_options *options, const char *name, const char *value, struct diag *diag)
{
	if (strcmp(name, "baud") == 0)
		return set_baud(options, value, diag);
	if (strcmp(name, "dtr") == 0)
		return set_signal(&options->dtr, name, value, diag);
	if (strcmp(name, "rts") == 0)
		return set_signal(&options->rts, name, value, diag);
	return strcmp(name, "timeout") == 0 ? set_timeout(options, value, diag) : -ENOENT;
}
