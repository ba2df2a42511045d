/* SPDX-License-Identifier: MIT */
#include "base/json.h"

#include <string.h>

#include "base/utf8.h"

static void print_ascii(FILE *out, unsigned char c)
{
	if (c == '"' || c == '\\')
		fprintf(out, "\\%c", c);
	else if (c < 0x20 || c == 0x7f)
		fprintf(out, "\\u%04x", c);
	else
		fputc(c, out);
}

void json_print_string(FILE *out, const char *words)
{
	size_t left = strlen(words);

	fputc('"', out);
	while (left > 0) {
		size_t n = utf8_length(words, left);

		if (n == 0)
			fputs("\\ufffd", out);
		else if (n == 1)
			print_ascii(out, (unsigned char)*words);
		else
			fwrite(words, 1, n, out);
		n = n ? n : 1;
		words += n;
		left -= n;
	}
	fputc('"', out);
}
