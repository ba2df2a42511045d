/* SPDX-License-Identifier: MIT */
#include "share/share_program.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/real_name.h"

enum { PROGRAM_MAX = 64 << 20 }; /* bytes of a program, far more than any board has room for */

/* Reads all of FD. */
static int read_all(int fd, char **bytes, size_t *len)
{
	size_t room = 0;

	*bytes = NULL;
	*len = 0;
	for (;;) {
		if (*len == room) {
			char *more = room < PROGRAM_MAX ? realloc(*bytes, room += 65536) : NULL;

			if (!more)
				return room < PROGRAM_MAX ? -ENOMEM : -EFBIG;
			*bytes = more;
		}
		ssize_t n = read(fd, *bytes + *len, room - *len);
		if (n < 0 && errno != EINTR)
			return -errno;
		if (n == 0)
			return 0;
		if (n > 0)
			*len += (size_t)n;
	}
}

static int fail(const struct share_program *program, int error, struct diag *diag)
{
	char text[DIAG_PATH_SIZE];

	return diag_fail(diag, DIAG_USAGE, -error, "%s: %s", diag_path(text, program->path), strerror(-error));
}

/* Reads the file, which is at PATH. */
static int read_file(struct share_program *program, const char *path, struct diag *diag)
{
	char *bytes = NULL;
	size_t len = 0;
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	int error = fd < 0 ? -errno : read_all(fd, &bytes, &len);

	if (fd >= 0)
		close(fd);
	if (error) {
		free(bytes);
		return fail(program, error, diag);
	}
	free(program->bytes);
	program->bytes = bytes;
	program->len = len;
	return 0;
}

/* Keeps where the file is. */
static void find(struct share_program *program)
{
	char name[PATH_MAX];

	free(program->name);
	free(program->target);
	program->target = realpath(program->path, NULL);
	program->name = program->target && real_name(program->path, name) == 0 ? strdup(name) : NULL;
}

int share_program_file(struct share_program *program, const char *path, struct diag *diag)
{
	program->path = path;
	return share_program_read(program, false, diag);
}

int share_program_statement(struct share_program *program, const char *text, struct diag *diag)
{
	program->bytes = strdup(text);
	program->len = strlen(text);
	return program->bytes ? 0 : diag_fail(diag, DIAG_AGENT, ENOMEM, "not enough memory");
}

int share_program_read(struct share_program *program, bool guarded, struct diag *diag)
{
	char text[DIAG_PATH_SIZE], real[PATH_MAX];

	if (!guarded) {
		find(program);
		return read_file(program, program->path, diag);
	}
	if (!realpath(program->path, real))
		return fail(program, -errno, diag);
	if (!program->name || (strcmp(real, program->name) != 0 && strcmp(real, program->target) != 0))
		return diag_fail(diag, DIAG_USAGE, EACCES,
				 "%s leads to another file now: where the board may write, it is not read from there",
				 diag_path(text, program->path));
	return read_file(program, real, diag);
}

void share_program_clear(struct share_program *program)
{
	free(program->name);
	free(program->target);
	free(program->bytes);
	*program = (struct share_program){0};
}
