/* SPDX-License-Identifier: MIT */
/* device_option: how a board is reached, as people type it: baud=, dtr=, rts=, timeout=. */
#ifndef BYTELINK_DEVICE_OPTION_H
#define BYTELINK_DEVICE_OPTION_H

#include "bytelink/device.h"

enum { DEVICE_OPTION_TIMEOUT_US = 10000000 }; /* where none is given */

/*
 * Sets what NAME ("baud", "dtr", "rts" or "timeout") names in OPTIONS to VALUE. Returns 0; -EINVAL with DIAG, which says what is allowed;
 * -ENOENT: it is none of these.
 */
int device_option_set(struct device_options *options, const char *name, const char *value, struct diag *diag);

#endif
