/* SPDX-License-Identifier: MIT */
/* command: what mpremote-romfs can do. A command is a file cmd_NAME.c and a line in main.c's table. */
#ifndef CLI_COMMAND_H
#define CLI_COMMAND_H

struct command {
	const char *name;
	const char *arguments; /* "[-C DIR] IMAGE": what follows the name in a usage line */
	const char *summary;   /* half a line */
	const char *help;      /* a line for each option */
	/* Runs it: argv[0] is its name. Returns the exit status: 0, 1 for a failure, EXIT_USAGE for a wrong command line. */
	int (*run)(const struct command *command, int argc, char **argv);
};

extern const struct command cmd_query, cmd_build, cmd_deploy, cmd_dump, cmd_list, cmd_extract, cmd_check;

#endif
