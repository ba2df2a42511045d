/* SPDX-License-Identifier: MIT */
#include "cli/output.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Whether the LEN bytes of DIR, which do not end with a slash, end in a part that is no name. */
static bool ends_in_dots(const char *dir, size_t len)
{
	const char *last = dir + len;

	while (last > dir && last[-1] != '/')
		last--;
	len = (size_t)(dir + len - last);
	return len <= 2 && strspn(last, ".") >= len;
}

int output_default(const char *dir, char **path, struct diag *diag)
{
	size_t len = strlen(dir);
	char *real;
	int made;

	*path = NULL;
	while (len > 0 && dir[len - 1] == '/')
		len--;
	if (len > 0 && !ends_in_dots(dir, len)) {
		made = asprintf(path, "%.*s.romfs", (int)len, dir);
	} else {
		real = realpath(dir, NULL);
		if (!real)
			return diag_fail(diag, DIAG_ROMFS, errno, "%s: %s", dir, strerror(errno));
		if (!strcmp(real, "/")) {
			free(real);
			return diag_fail(diag, DIAG_ROMFS, EINVAL,
					 "%s has no name to call the image after: name it with --output", dir);
		}
		made = asprintf(path, "%.*s%s.romfs", (int)len, dir, strrchr(real, '/'));
		free(real);
	}
	if (made >= 0)
		return 0;
	*path = NULL;
	return diag_fail(diag, DIAG_ROMFS, ENOMEM, "not enough memory");
}
