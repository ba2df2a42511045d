/* SPDX-License-Identifier: MIT */
#include "cli/boot_line.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LINE                                                                                        \
	"exec(\"try:\\n import sys,vfs\\n vfs.mount(vfs.VfsRom(vfs.rom_ioctl(2,%u)),'/romfs%u')\\n" \
	" sys.path.extend(('/romfs%u','/romfs%u/lib'))\\nexcept Exception:\\n pass\",{})"
#define MARK "  # mpremote-romfs: /romfs%u"

/* The length of the line at TEXT, of which LEN bytes are there, its end included. */
static size_t line_length(const char *text, size_t len)
{
	const char *end = memchr(text, '\n', len);

	return end ? (size_t)(end + 1 - text) : len;
}

/* Whether the LEN bytes of LINE end with MARK, but for the line's end. */
static bool is_marked(const char *line, size_t len, const char *mark)
{
	size_t mark_len = strlen(mark);

	while (len > 0 && (line[len - 1] == '\n' || line[len - 1] == '\r'))
		len--;
	return len >= mark_len && memcmp(line + len - mark_len, mark, mark_len) == 0;
}

int boot_line_set(const char *text, size_t len, unsigned number, bool wanted, char **out, size_t *out_len)
{
	char mark[64], line[384];
	size_t at, n = 0, line_len;

	*out_len = 0;
	snprintf(mark, sizeof(mark), MARK, number);
	snprintf(line, sizeof(line), LINE MARK "\n", number, number, number, number, number);
	*out = malloc(len + strlen(line) + 1);
	if (!*out)
		return -ENOMEM;
	if (wanted) {
		n = strlen(line);
		memcpy(*out, line, n);
	}
	for (at = 0; at < len; at += line_len) {
		line_len = line_length(text + at, len - at);
		if (is_marked(text + at, line_len, mark))
			continue;
		memcpy(*out + n, text + at, line_len);
		n += line_len;
	}
	*out_len = n;
	if (n == len && memcmp(*out, text, len) == 0) {
		free(*out);
		*out = NULL;
	}
	return 0;
}
