/* SPDX-License-Identifier: MIT */
#include "base/number.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int number_parse(const char *text, int base, unsigned long max, unsigned long *out)
{
	char *end;

	if (!*text || strspn(text, "0123456789") != strlen(text))
		return -EINVAL;
	errno = 0;
	*out = strtoul(text, &end, base);
	return errno || *end || *out > max ? -EINVAL : 0;
}

int number_parse_seconds(const char *text, double min, double max, double *out)
{
	const char *point = strchr(text, '.');
	double whole = 0, part = 0, unit = 1;

	if (strspn(text, ".0123456789") != strlen(text) || strlen(text) > 12 || strcmp(text, ".") == 0 || !*text)
		return -EINVAL;
	if (point && strchr(point + 1, '.'))
		return -EINVAL;
	for (; *text && *text != '.'; text++)
		whole = whole * 10 + (*text - '0');
	for (text += *text == '.'; *text; text++)
		part += (*text - '0') * (unit /= 10);
	*out = whole + part;
	return *out < min || *out > max ? -EINVAL : 0;
}
