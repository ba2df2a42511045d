/* SPDX-License-Identifier: MIT */
#include "share/share_plan.h"

#include <stdio.h>
#include <stdlib.h>

/* TEXT, which is UTF-8, as a literal. */
static void put_string(FILE *out, const char *text)
{
	fputc('"', out);
	for (; *text; text++) {
		unsigned char byte = (unsigned char)*text;

		if (byte < ' ' || byte == 0x7f)
			fprintf(out, "\\x%02x", byte);
		else
			fprintf(out, byte == '"' || byte == '\\' ? "\\%c" : "%c", byte);
	}
	fputs("\",", out);
}

char *share_plan_python(const struct share_plan *plan, size_t *len)
{
	char *python = NULL;
	FILE *out = open_memstream(&python, len);

	if (!out)
		return NULL;
	fputs("plan=[", out);
	for (size_t i = 0; i < plan->count; i++)
		put_string(out, plan->paths[i]);
	fputs("],", out);
	put_string(out, plan->name);
	fputc('[', out);
	for (size_t i = 0; plan->argv[i]; i++)
		put_string(out, plan->argv[i]);
	fputs("]\n", out);
	if (fclose(out) == 0)
		return python;
	free(python);
	return NULL;
}
