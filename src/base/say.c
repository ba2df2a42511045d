/* SPDX-License-Identifier: MIT */
#include "base/say.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void say_words(const char *words)
{
	char text[sizeof(((struct diag *)NULL)->text)];

	fflush(stdout);
	fprintf(stderr, "%s: %s\n", program_invocation_short_name, diag_printable(text, sizeof(text), words, strlen(words)));
}

int say_failure(const struct diag *diag)
{
	say_words(diag->text);
	return diag->layer == DIAG_USAGE ? EXIT_USAGE : EXIT_FAILURE;
}

void say(const char *format, ...)
{
	char text[sizeof(((struct diag *)NULL)->text)];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	say_words(text);
}

int say_end(int status)
{
	if (fflush(stdout) == 0 && !ferror(stdout))
		return status;
	say("cannot write what is to be printed: %s", strerror(errno));
	return EXIT_FAILURE;
}
