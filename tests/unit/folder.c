/* SPDX-License-Identifier: MIT */
#include "tests/unit/folder.h"

#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

int folder_make(char *folder)
{
	strcpy(folder, "/tmp/mpremotefs-test-XXXXXX");
	return mkdtemp(folder) ? 0 : -1;
}

int folder_enter(char *folder)
{
	return folder_make(folder) == 0 ? chdir(folder) : -1;
}

static int remove_one(const char *path, const struct stat *about, int kind, struct FTW *walk)
{
	(void)about, (void)kind, (void)walk;
	return remove(path);
}

int folder_remove(const char *folder)
{
	return chdir("/") == 0 && nftw(folder, remove_one, 16, FTW_DEPTH | FTW_PHYS) == 0 ? 0 : -1;
}

void folder_put(const char *path, const char *content)
{
	FILE *file = fopen(path, "we");

	assert_non_null(file);
	fputs(content, file);
	fclose(file);
}
