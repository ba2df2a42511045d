/* SPDX-License-Identifier: MIT */
/* one_image: the command line of a command that tells something of one image: [--json] IMAGE. */
#ifndef CLI_ONE_IMAGE_H
#define CLI_ONE_IMAGE_H

#include <stdbool.h>

#include "cli/command.h"

/* Reads COMMAND's command line, and has TELL do its work with it, unless it was about help, or wrong. Returns the exit status. */
int one_image_run(const struct command *command, int argc, char **argv, int (*tell)(const char *path, bool json));

#endif
