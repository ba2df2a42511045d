/* SPDX-License-Identifier: MIT */
#include "fuse/spelling.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "board/fat_name.h"

struct search {
	const char *wanted;
	char *name;
};

static int compare(void *context, const char *name, const struct board_stat *stat)
{
	struct search *search = context;

	(void)stat;
	if (fat_name_compare(search->wanted, name) != 0)
		return 0;
	snprintf(search->name, 256, "%s", name);
	return 1;
}

int spelling_find(struct board *board, const char *path, char name[256])
{
	const char *slash = strrchr(path, '/');
	char *dir = strndup(path, slash == path ? 1 : (size_t)(slash - path));
	struct search search = {slash + 1, name};
	int rc;

	if (!dir)
		return -ENOMEM;
	rc = board_list(board, dir, compare, &search);
	free(dir);
	return rc == -ENOENT ? 0 : rc;
}
