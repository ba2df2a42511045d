/* SPDX-License-Identifier: MIT */
/* say: what mpremote-romfs says to people, beside base/say.h. */
#ifndef CLI_SAY_H
#define CLI_SAY_H

#include <stdio.h>

#include "base/say.h"
#include "cli/command.h"

/* Says what is wrong with COMMAND's command line, and where help is. Returns EXIT_USAGE. */
int say_usage(const struct command *command, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The same for what getopt_long answered with OPTION, ':' (a value is missing; OPTSTRING begins with a colon) or '?'. */
int say_bad_option(const struct command *command, int option, char **argv);

/* Prints the usage of COMMAND. Returns EXIT_SUCCESS. */
int say_help(const struct command *command);

/* Prints NAME, one name or path, on OUT as it can be shown. */
void say_name(FILE *out, const char *name);

/* Prints COUNT and the word for that many: "1 file", "0 files". */
void say_count(FILE *out, size_t count, const char *one, const char *many);

#endif
