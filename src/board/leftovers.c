/* SPDX-License-Identifier: MIT */
#include "board/leftovers.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/protocol.h"

#define BETWEEN ",+"

enum { PREFIX = sizeof(AGENT_HIDDEN) - 1, NAME_BYTES_MAX = 255 };

/* Adds PATH to NAME as AGENT_WRITE does. Returns false where that is too long, and NAME is as it was. */
static bool add_path(char name[NAME_BYTES_MAX + 1], const char *path)
{
	size_t start = strlen(name), len = start;

	for (; *path; path++) {
		bool two = *path == ',' || *path == '/';

		if (len + 1 + two > NAME_BYTES_MAX) {
			name[start] = 0;
			return false;
		}
		if (two)
			name[len++] = ',';
		name[len++] = *path == '/' ? '-' : *path;
	}
	name[len] = 0;
	return true;
}

/*
 * Undoes it, up to the end of TEXT or of the first of two paths in it. Returns what is left of TEXT, or NULL: it is none that is made so.
 * OUT has room for all of TEXT.
 */
static const char *take_path(const char *text, char *out)
{
	for (; *text && strncmp(text, BETWEEN, sizeof(BETWEEN) - 1); text++, out++) {
		*out = *text;
		if (*text != ',')
			continue;
		text++;
		if (*text != ',' && *text != '-')
			return NULL;
		*out = *text == '-' ? '/' : ',';
	}
	*out = 0;
	return text;
}

/* Whether PATH leads down, part by part. */
static bool leads_down(const char *path)
{
	for (;;) {
		size_t len = strcspn(path, "/");

		if (!len || (len == 1 && path[0] == '.') || (len == 2 && path[0] == '.' && path[1] == '.'))
			return false;
		if (!path[len])
			return true;
		path += len + 1;
	}
}

static char *join(const char *dir, const char *name)
{
	char *path;

	return asprintf(&path, "%s/%s", strcmp(dir, "/") ? dir : "", name) < 0 ? NULL : path;
}

enum leftover leftovers_parse(const char *dir, const char *name, char **path, char **from)
{
	char first[NAME_BYTES_MAX + 1] = "", second[NAME_BYTES_MAX + 1] = "";

	*path = *from = NULL;
	if (strlen(name) <= PREFIX + 1 || strlen(name) > NAME_BYTES_MAX || (name[PREFIX] != '+' && name[PREFIX] != '='))
		return LEFTOVER_INCOMPLETE;
	bool aside = name[PREFIX] == '=';
	const char *rest = take_path(name + PREFIX + 1, first);
	if (rest && *rest && aside)
		rest = take_path(rest + sizeof(BETWEEN) - 1, second);
	if (!rest || *rest || !leads_down(first) || (*second && !leads_down(second)))
		return LEFTOVER_INCOMPLETE;
	*path = join(dir, first);
	if (*second)
		*from = join(dir, second);
	return aside ? LEFTOVER_ASIDE : LEFTOVER_COMPLETE;
}

bool leftovers_can_tell(const char *path, size_t top)
{
	char name[NAME_BYTES_MAX + 1] = AGENT_HIDDEN "+";

	return top <= UINT8_MAX && add_path(name, path + top);
}

char *leftovers_aside(const char *path, const char *from, size_t top)
{
	char name[NAME_BYTES_MAX + 1] = AGENT_HIDDEN "=", *aside;

	if (!add_path(name, path + top))
		return NULL;
	size_t len = strlen(name);
	if (len + sizeof(BETWEEN) - 1 <= NAME_BYTES_MAX) {
		memcpy(name + len, BETWEEN, sizeof(BETWEEN));
		if (!add_path(name, from + top))
			name[len] = 0;
	}
	return asprintf(&aside, "%.*s%s", (int)top, path, name) < 0 ? NULL : aside;
}

/* What one leftover is about, while it is put in order. */
struct work {
	const struct leftovers *leftovers;
	enum leftover kind;
	struct board *board;
	char *here;       /* its own path */
	char *incomplete; /* the path that it has while it is incomplete */
	char *target;     /* what it was to become, or what it was */
	char *from;       /* what was to become that; NULL: not known */
};

static void say(const struct work *work, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void say(const struct work *work, const char *format, ...)
{
	va_list arguments;
	char *text;

	va_start(arguments, format);
	if (vasprintf(&text, format, arguments) >= 0) {
		work->leftovers->log(work->leftovers->context, text);
		free(text);
	}
	va_end(arguments);
}

static int drop(const struct work *work, const char *why)
{
	int error = board_remove(work->board, work->here);

	if (!error)
		say(work, "removed %s, %s", work->here, why);
	return error;
}

/* It was renamed to be complete when the power failed: both names have the same blocks, which are freed with the second. */
static int drop_both(const struct work *work)
{
	int error = drop(work, "a copy that was cut short");

	return error ? error : board_remove(work->board, work->incomplete);
}

/* It becomes its target, which is missing, with AGE ("new", "old") content. */
static int put_into_place(const struct work *work, const char *age)
{
	int error = board_rename(work->board, work->here, work->target, false);

	if (!error)
		say(work, "%s was being replaced when the power failed, or the connection: it has its %s content now",
		    work->target, age);
	if (error && error != -EIO)
		return drop(work, "for which there is no place any more");
	return error ? error : 1;
}

/* All of file PATH, of SIZE bytes, in *OUT; free() it. */
static int read_all(struct board *board, const char *path, uint64_t size, char **out)
{
	*out = malloc(size ? size : 1);
	if (!*out)
		return -ENOMEM;
	ssize_t got = board_read(board, path, *out, size, 0);
	if (got == (ssize_t)size)
		return 0;
	free(*out);
	*out = NULL;
	return got < 0 ? (int)got : -EIO;
}

static int read_copy(void *context, void *buf, size_t len, uint64_t offset)
{
	memcpy(buf, (const char *)context + offset, len);
	return 0;
}

/* 1: PATH (NULL: 0) is a file of SIZE bytes, and they are CONTENT (NULL: whatever they are); 0: it is none; or a negative errno. */
static int has_content(struct board *board, const char *path, const char *content, uint64_t size)
{
	struct board_stat stat;
	char *theirs;
	int error = path ? board_stat(board, path, &stat) : -ENOENT;

	if (error)
		return error == -ENOENT || error == -ENOTDIR ? 0 : error;
	if (stat.is_dir || stat.size != size || !content)
		return !stat.is_dir && stat.size == size;
	error = read_all(board, path, size, &theirs);
	if (error)
		return error;
	int same = !memcmp(theirs, content, size);
	free(theirs);
	return same;
}

/*
 * The target, which has this CONTENT, may have the same blocks as the leftover, or as ALSO (NULL: none): to remove one of them would
 * free these, to leave them would keep a trap for whoever removes the first. So the content gets blocks of its own, and then all the
 * names go, one at once after the other: the second finds its blocks free already, and nothing was given new ones meanwhile.
 */
static int separate(const struct work *work, char *content, uint64_t size, const char *also)
{
	struct board_content copy = {.size = size, .read = read_copy, .context = content, .differs = true};
	int error = size ? work->leftovers->write(work->leftovers->context, work->incomplete, &copy) : 0;

	if (!error)
		error = board_remove(work->board, work->here);
	if (!error && also)
		error = board_remove(work->board, also);
	if (!size)
		return error ? error : also ? 1 : 0; /* there are no blocks */
	if (!error)
		error = board_remove(work->board, work->target);
	if (!error)
		error = board_rename(work->board, work->incomplete, work->target, false);
	if (!error)
		say(work, "%s was just replaced when the power failed: it was copied, to have no blocks in common with %s",
		    work->target, also ? also : work->here);
	return error ? error : 1;
}

/* Which of the leftover and what was to take the target's place may have the same blocks as the target, by CONTENT as has_content. */
static int find_twins(const struct work *work, const char *content, uint64_t size, bool *here, bool *from)
{
	int as_here = has_content(work->board, work->here, content, size);
	int as_from = as_here < 0 ? 0 : has_content(work->board, work->from, content, size);

	*here = as_here > 0;
	*from = as_from > 0;
	return as_here < 0 ? as_here : as_from < 0 ? as_from : 0;
}

/* The target is a file, of SIZE bytes. */
static int compare(const struct work *work, uint64_t size)
{
	char *content = NULL;
	bool here, from;
	int error = find_twins(work, NULL, size, &here, &from);

	if (!error && (here || from))
		error = read_all(work->board, work->target, size, &content);
	if (!error && content)
		error = find_twins(work, content, size, &here, &from);
	if (!error && (here || from))
		error = separate(work, content, size, from ? work->from : NULL);
	else if (!error)
		error = drop(work, work->kind == LEFTOVER_ASIDE ? "which was renamed over"
								: "which was to replace a file that is as it was");
	free(content);
	return error;
}

/* The leftover is the only name that its blocks have, but perhaps for the target, or what was to become that. */
static int settle_whole(const struct work *work)
{
	struct board_stat stat;
	int error = board_stat(work->board, work->here, &stat);

	if (error)
		return error == -ENOENT ? 0 : error;
	error = board_stat(work->board, work->target, &stat);
	if (error == -ENOENT || error == -ENOTDIR)
		return put_into_place(work, work->kind == LEFTOVER_ASIDE ? "old" : "new");
	if (error)
		return error;
	return stat.is_dir ? drop(work, "for which there is no place any more") : compare(work, stat.size);
}

static int settle_complete(const struct work *work)
{
	struct board_stat stat;

	return board_stat(work->board, work->incomplete, &stat) ? settle_whole(work) : drop_both(work);
}

/* Its complete twin goes first: see drop_both. */
static int settle_incomplete(const struct work *work, const char *name)
{
	struct board_stat stat;
	int error = 0;

	if (name[PREFIX] == '-') {
		char *twin = strdup(work->here);
		if (!twin)
			return -ENOMEM;
		twin[strlen(twin) - strlen(name) + PREFIX] = '+';
		error = board_stat(work->board, twin, &stat) ? 0 : board_remove(work->board, twin);
		free(twin);
	}
	return error ? error : drop(work, "a copy that was cut short");
}

/* The leftover NAME, of which WORK knows all the paths. */
static int settle(const struct work *work, const char *name)
{
	switch (work->kind) {
	case LEFTOVER_INCOMPLETE:
		return settle_incomplete(work, name);
	case LEFTOVER_COMPLETE:
		return settle_complete(work);
	default:
		return settle_whole(work);
	}
}

int leftovers_settle(const struct leftovers *leftovers, const char *dir, const char *name)
{
	struct work work = {.leftovers = leftovers, .board = leftovers->board};

	work.kind = leftovers_parse(dir, name, &work.target, &work.from);
	work.here = join(dir, name);
	work.incomplete = join(dir, name);
	bool known = work.here && work.incomplete && (work.target || work.kind == LEFTOVER_INCOMPLETE);
	if (known && work.kind != LEFTOVER_INCOMPLETE)
		work.incomplete[strlen(work.incomplete) - strlen(name) + PREFIX] = '-';
	int error = known ? settle(&work, name) : -ENOMEM;
	free(work.here);
	free(work.incomplete);
	free(work.target);
	free(work.from);
	return error;
}
