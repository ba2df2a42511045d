/* SPDX-License-Identifier: MIT */
/* mpremote-romfs: ROM images for MicroPython boards. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/command.h"
#include "cli/say.h"

static const struct command *const commands[] = {
	&cmd_build,
	&cmd_list,
	&cmd_extract,
	&cmd_check,
};

enum { COMMAND_COUNT = sizeof(commands) / sizeof(commands[0]) };

static int print_help(void)
{
	puts("usage: mpremote-romfs COMMAND ...\n\nROM images for MicroPython boards.\n");
	for (size_t i = 0; i < COMMAND_COUNT; i++)
		printf("  %-8s %s\n", commands[i]->name, commands[i]->summary);
	puts("\n  -h, --help     this, or with a COMMAND before it: its options\n"
	     "  -V, --version");
	return EXIT_SUCCESS;
}

static int run_command(int argc, char **argv)
{
	for (size_t i = 0; i < COMMAND_COUNT; i++) {
		if (!strcmp(argv[0], commands[i]->name)) {
			optind = 0; /* getopt begins anew */
			return commands[i]->run(commands[i], argc, argv);
		}
	}
	say("there is no command '%s'; see mpremote-romfs --help", argv[0]);
	return EXIT_USAGE;
}

static int run(int argc, char **argv)
{
	static const struct option options[] = {
		{"help", no_argument, NULL, 'h'},
		{"version", no_argument, NULL, 'V'},
		{NULL, 0, NULL, 0},
	};

	opterr = 0;
	switch (getopt_long(argc, argv, "+hV", options, NULL)) {
	case -1:
		break;
	case 'h':
		return print_help();
	case 'V':
		puts("mpremote-romfs " PACKAGE_VERSION);
		return EXIT_SUCCESS;
	default:
		say("unknown option '%s'; see mpremote-romfs --help", argv[optind > 1 ? optind - 1 : 1]);
		return EXIT_USAGE;
	}
	if (optind < argc)
		return run_command(argc - optind, argv + optind);
	say("a command is missing: build, list, extract or check; see mpremote-romfs --help");
	return EXIT_USAGE;
}

int main(int argc, char **argv)
{
	return say_end(run(argc, argv));
}
