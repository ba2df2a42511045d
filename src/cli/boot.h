/* SPDX-License-Identifier: MIT */
/* boot: the line of boot_line.h in the boot.py of a board. */
#ifndef CLI_BOOT_H
#define CLI_BOOT_H

#include "cli/session.h"

struct boot_change {
	char path[64]; /* of the boot.py */
	bool changed;
};

/*
 * Has the board mount partition NUMBER at each start (WANTED), or no more. The file is replaced whole or not at all. Returns 0, or a
 * negative errno with DIAG.
 */
int boot_set(struct session *session, unsigned number, bool wanted, struct boot_change *change, struct diag *diag);

#endif
