/* SPDX-License-Identifier: MIT */
#include "base/diag.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/utf8.h"

/* Whether the character of LEN bytes at S may go to a terminal: no control characters, also not those of U+0080 to U+009F. */
static bool is_printable(const unsigned char *s, size_t len)
{
	if (len == 1)
		return s[0] == '\n' || (s[0] >= 0x20 && s[0] != 0x7f);
	return !(len == 2 && s[0] == 0xc2 && s[1] < 0xa0);
}

/* Cuts an unfinished character off the end of TEXT, which was cut to fit. */
static void drop_half_character(char *text)
{
	size_t len = strlen(text), start = len;

	while (start > 0 && len - start < 3 && ((unsigned char)text[start - 1] & 0xc0) == 0x80)
		start--;
	if (start > 0 && (unsigned char)text[start - 1] >= 0xc0 && utf8_length(text + start - 1, len - start + 1) == 0)
		text[start - 1] = '\0';
}

void diag_clear(struct diag *diag)
{
	if (diag)
		*diag = (struct diag){.layer = DIAG_NONE};
}

int diag_fail(struct diag *diag, enum diag_layer layer, int err, const char *format, ...)
{
	/* Written apart, so that the old text may be an argument of the new one. */
	char text[sizeof(diag->text)];
	va_list args;
	int len;

	if (!diag)
		return -err;
	va_start(args, format);
	len = vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	if (len < 0)
		text[0] = '\0';
	else if ((size_t)len >= sizeof(text))
		drop_half_character(text);
	diag->layer = layer;
	diag->err = err;
	memcpy(diag->text, text, sizeof(text));
	return -err;
}

/* A name with a line end in it should not look like a message of its own. */
static char *make_one_line(char *text)
{
	for (char *c = text; (c = strchr(c, '\n'));)
		*c = '?';
	return text;
}

const char *diag_path(char *text, const char *path)
{
	const size_t ends = (DIAG_PATH_SIZE - sizeof("...")) / 2, len = strlen(path);

	if (len >= DIAG_PATH_SIZE)
		snprintf(text, DIAG_PATH_SIZE, "%.*s...%s", (int)ends, path, path + len - ends);
	else if (strchr(path, '\n'))
		memcpy(text, path, len + 1);
	else
		return path;
	return make_one_line(text);
}

char *diag_printable(char *text, size_t size, const void *bytes, size_t len)
{
	const unsigned char *in = bytes;
	size_t at = 0, used = 0, n;
	bool good;

	if (size == 0)
		return text;
	while (at < len) {
		if (in[at] == '\r' && at + 1 < len && in[at + 1] == '\n') {
			at++;
			continue;
		}
		n = utf8_length(in + at, len - at);
		good = n > 0 && is_printable(in + at, n);
		if (used + (good ? n : 1) >= size)
			break;
		if (good)
			memcpy(text + used, in + at, n);
		else
			text[used] = '?';
		used += good ? n : 1;
		at += n > 0 ? n : 1;
	}
	text[used] = '\0';
	return text;
}

char *diag_printable_line(char *text, size_t size, const void *bytes, size_t len)
{
	diag_printable(text, size, bytes, len);
	return size > 0 ? make_one_line(text) : text;
}
