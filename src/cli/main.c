/* SPDX-License-Identifier: MIT */
/* mpremote-romfs: ROM images for MicroPython boards. */
#include <getopt.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/standard_io.h"
#include "cli/command.h"
#include "bytelink/device_args.h"
#include "cli/say.h"

static const struct command *const commands[] = {
	&cmd_query, &cmd_build, &cmd_deploy, &cmd_dump, &cmd_list, &cmd_extract, &cmd_check,
};

enum { COMMAND_COUNT = sizeof(commands) / sizeof(commands[0]) };

static int print_help(void)
{
	puts("usage: mpremote-romfs [-d DEVICE] COMMAND ...\n\nROM images for MicroPython boards.\n");
	for (size_t i = 0; i < COMMAND_COUNT; i++)
		printf("  %-8s %s\n", commands[i]->name, commands[i]->summary);
	puts("\nFor query, deploy and dump, before or behind the command:\n" DEVICE_ARGS_HELP
	     "\n  -h, --help     this, or with a COMMAND before it: its options\n"
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

/* The words before the command, which is at optind, are the command's: they come behind it. */
static void put_command_first(char **argv)
{
	char *command = argv[optind];

	memmove(argv + 2, argv + 1, (size_t)(optind - 1) * sizeof(*argv));
	argv[1] = command;
}

static int run(int argc, char **argv)
{
	static const struct option options[] = {
		DEVICE_ARGS_LONG,
		{"help", no_argument, NULL, 'h'},
		{"version", no_argument, NULL, 'V'},
		{NULL, 0, NULL, 0},
	};
	int option;

	opterr = 0;
	while ((option = getopt_long(argc, argv, "+:hV" DEVICE_ARGS_LETTERS, options, NULL)) != -1) {
		if (option == 'h')
			return print_help();
		if (option == 'V') {
			puts("mpremote-romfs " PACKAGE_VERSION);
			return EXIT_SUCCESS;
		}
		if (!device_args_has(option)) {
			say("%s option '%s'; see mpremote-romfs --help", option == ':' ? "a value is missing for" : "unknown",
			    argv[optind > 1 ? optind - 1 : 1]);
			return EXIT_USAGE;
		}
	}
	if (optind < argc) {
		put_command_first(argv);
		return run_command(argc - 1, argv + 1);
	}
	say("a command is missing: query, build, deploy, dump, list, extract or check; see mpremote-romfs --help");
	return EXIT_USAGE;
}

int main(int argc, char **argv)
{
	if (standard_io_fill() < 0)
		return EXIT_FAILURE;
	setlocale(LC_CTYPE,
		  "C.UTF-8"); /* a ? of --exclude is a character, whatever the user's locale: the same image everywhere */
	return say_end(run(argc, argv));
}
