/* SPDX-License-Identifier: MIT */
#include "board/mounts.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct mounts_line {
	struct mounts_line *older; /* somebody may still look at it */
	char text[256];
};

int mounts_learn(struct mounts *mounts, const char *line)
{
	struct mounts_line *old = mounts->newest;

	if (old && !strncmp(old->text, line, sizeof(old->text) - 1))
		return 0;
	struct mounts_line *new = calloc(1, sizeof(*new));
	if (!new)
		return -ENOMEM;
	new->older = old;
	snprintf(new->text, sizeof(new->text), "%s", line);
	mounts->newest = new;
	return 0;
}

const char *mounts_now(struct mounts *mounts)
{
	const struct mounts_line *newest = mounts->newest;

	return newest ? newest->text : "";
}

void mounts_free(struct mounts *mounts)
{
	for (struct mounts_line *line = mounts->newest, *older; line; line = older) {
		older = line->older;
		free(line);
	}
	mounts->newest = NULL;
}
