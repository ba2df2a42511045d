/* SPDX-License-Identifier: MIT */
#include "share/share_volume.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"

static bool ends_with(const char *words, size_t len, const char *end)
{
	return len >= strlen(end) && !strncmp(words + len - strlen(end), end, strlen(end));
}

/* Where the colon before BOARDDIR is; NULL: none is given. */
static const char *find_board(const char *words, size_t len)
{
	const char *found = NULL;

	for (const char *at = words; at + 1 < words + len; at++)
		if (at[0] == ':' && at[1] == '/')
			found = at;
	return found;
}

/* Whether PATH has parts that are no names: empty, `.` or `..`; a slash at its end does not count. */
static bool has_bad_part(const char *path)
{
	while (*path == '/') {
		size_t len = strcspn(++path, "/");

		if ((len == 0 && *path) || (len > 0 && len <= 2 && strspn(path, ".") >= len))
			return true;
		path += len;
	}
	return false;
}

static int check_board(char *board, const char *words, struct diag *diag)
{
	size_t len = strlen(board);

	if (!strcmp(board, "/"))
		return diag_fail(diag, DIAG_USAGE, EINVAL, "-v %s: / is the board's own: choose a directory there", words);
	if (strchr(board, ':'))
		return diag_fail(diag, DIAG_USAGE, EINVAL,
				 "-v %s: behind BOARDDIR comes :ro, :rw or nothing, and it has no colon itself", words);
	if (has_bad_part(board) || !utf8_is_valid(board, len))
		return diag_fail(diag, DIAG_USAGE, EINVAL, "-v %s: %s is no directory of a board", words, board);
	if (len > 1 && board[len - 1] == '/')
		board[len - 1] = '\0';
	return 0;
}

int share_volume_parse(struct share_volume *volume, const char *words, struct diag *diag)
{
	size_t len = strlen(words);
	int error = 0;

	*volume = (struct share_volume){.writable = ends_with(words, len, ":rw")};
	if (volume->writable || ends_with(words, len, ":ro"))
		len -= 3;
	const char *board = find_board(words, len);
	size_t dir_len = board ? (size_t)(board - words) : len;
	volume->dir = strndup(words, dir_len);
	volume->board = board ? strndup(board + 1, len - dir_len - 1) : strdup(SHARE_VOLUME_BOARD);
	if (!volume->dir || !volume->board)
		error = diag_fail(diag, DIAG_USAGE, ENOMEM, "not enough memory");
	else if (!dir_len)
		error = diag_fail(diag, DIAG_USAGE, EINVAL, "-v %s: a directory is missing: DIR[:BOARDDIR][:ro|rw]", words);
	else
		error = check_board(volume->board, words, diag);
	if (error)
		share_volume_clear(volume);
	return error;
}

void share_volume_explain(const struct share_volume *volume, struct diag *diag)
{
	const char *dir = volume->dir, *colon = strrchr(dir, ':');
	char text[DIAG_PATH_SIZE];

	if (!colon || colon == dir || !colon[1])
		return;
	diag_fail(
		diag, DIAG_USAGE, ENOENT,
		"%s: no such directory (a place on the board begins with a slash: -v %.*s:/%s%s; else ro or rw follows a colon)",
		diag_path(text, dir), (int)(colon - dir), dir, colon + 1, volume->writable ? ":rw" : "");
}

void share_volume_clear(struct share_volume *volume)
{
	free(volume->dir);
	free(volume->board);
	*volume = (struct share_volume){0};
}

/* Whether PATH is TOP or below it. */
static bool is_below(const char *path, const char *top)
{
	size_t len = strlen(top);

	return !strncmp(path, top, len) && (path[len] == '/' || !path[len]);
}

int share_volume_check(const struct share_volume *volumes, unsigned count, struct diag *diag)
{
	for (unsigned i = 0; i < count; i++) {
		for (unsigned j = 0; j < count; j++) {
			if (i == j || !is_below(volumes[i].board, volumes[j].board))
				continue;
			if (!strcmp(volumes[i].board, volumes[j].board))
				return diag_fail(diag, DIAG_USAGE, EINVAL,
						 "%s and %s cannot both be at %s on the board: say where, -v DIR:BOARDDIR",
						 volumes[j].dir, volumes[i].dir, volumes[i].board);
			return diag_fail(diag, DIAG_USAGE, EINVAL,
					 "%s cannot be at %s, below %s at %s: MicroPython has no such mounts", volumes[i].dir,
					 volumes[i].board, volumes[j].dir, volumes[j].board);
		}
	}
	return 0;
}
