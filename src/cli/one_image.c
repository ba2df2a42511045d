/* SPDX-License-Identifier: MIT */
#include "cli/one_image.h"

#include <getopt.h>
#include <stddef.h>

#include "cli/say.h"

int one_image_run(const struct command *command, int argc, char **argv, int (*tell)(const char *path, bool json))
{
	static const struct option options[] = {
		{"json", no_argument, NULL, 'j'},
		{"help", no_argument, NULL, 'h'},
		{NULL, 0, NULL, 0},
	};
	bool json = false;
	int option;

	while ((option = getopt_long(argc, argv, ":h", options, NULL)) != -1) {
		if (option == 'h')
			return say_help(command);
		if (option != 'j')
			return say_bad_option(command, option, argv);
		json = true;
	}
	if (argc - optind != 1)
		return say_usage(command, "it takes one IMAGE");
	if (!*argv[optind])
		return say_usage(command, "the name of the IMAGE is empty");
	return tell(argv[optind], json);
}
