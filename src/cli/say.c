/* SPDX-License-Identifier: MIT */
#include "cli/say.h"

#include <ctype.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

int say_usage(const struct command *command, const char *format, ...)
{
	char text[512];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	say("%s: %s; see mpremote-romfs %s --help", command->name, text, command->name);
	return EXIT_USAGE;
}

int say_bad_option(const struct command *command, int option, char **argv)
{
	const char *word = argv[optind - 1];

	if (option == ':')
		return say_usage(command, "option '%s' needs a value", word);
	if (optopt && word[1] != '-')
		return say_usage(command, "unknown option '-%c'", optopt);
	return say_usage(command, "unknown option '%s'", word);
}

int say_help(const struct command *command)
{
	printf("usage: mpremote-romfs %s %s\n\n", command->name, command->arguments);
	printf("%c%s.\n\n%s", toupper((unsigned char)command->summary[0]), command->summary + 1, command->help);
	return EXIT_SUCCESS;
}

void say_name(FILE *out, const char *name)
{
	char text[8192];

	fputs(diag_printable_line(text, sizeof(text), name, strlen(name)), out);
}

void say_count(FILE *out, size_t count, const char *one, const char *many)
{
	fprintf(out, "%zu %s", count, count == 1 ? one : many);
}
