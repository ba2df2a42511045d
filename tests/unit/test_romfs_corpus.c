/* SPDX-License-Identifier: MIT */
/* What the fuzzer of ROM images (tests/fuzz/fuzz_romfs.c) has found worth keeping goes through it in each build, not only in clang's. */
#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/fuzz/fuzz.h"

static void run_file(const char *folder, const char *name)
{
	static uint8_t data[1 << 16];
	char path[4096];
	FILE *file;
	size_t size;

	assert_true(snprintf(path, sizeof(path), "%s/%s", folder, name) < (int)sizeof(path));
	file = fopen(path, "rbe");
	assert_non_null(file);
	size = fread(data, 1, sizeof(data), file);
	fclose(file);
	LLVMFuzzerTestOneInput(data, size);
}

static void the_corpus(void **state)
{
	const char *top = getenv("top_srcdir");
	char folder[2048];
	unsigned count = 0;
	struct dirent *entry;
	DIR *dir;

	(void)state;
	snprintf(folder, sizeof(folder), "%s/tests/fuzz/seeds/romfs", top ? top : "../..");
	dir = opendir(folder);
	assert_non_null(dir);
	while ((entry = readdir(dir))) {
		if (entry->d_name[0] == '.')
			continue;
		run_file(folder, entry->d_name);
		count++;
	}
	closedir(dir);
	assert_true(count >= 10);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(the_corpus)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
