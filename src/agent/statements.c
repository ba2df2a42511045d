/* SPDX-License-Identifier: MIT */
#include "agent/statements.h"

#include <ctype.h>
#include <string.h>

/* Whether a statement begins at LINE: what goes on with the one before is indented, a bracket, or one of these words. */
static bool begins(const char *line)
{
	return isalpha((unsigned char)*line) && strncmp(line, "except", 6) != 0 && strncmp(line, "else", 4) != 0;
}

size_t statements_next(const char *python, size_t len, size_t room, bool *more)
{
	*more = false;
	if (len <= room)
		return len;
	for (size_t at = room; at > 0; at--)
		if (python[at - 1] == '\n' && begins(python + at))
			return at;
	*more = true;
	return room;
}
