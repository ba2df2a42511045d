/* SPDX-License-Identifier: MIT */
#include "board/leftovers.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/protocol.h"

enum { PREFIX = sizeof(AGENT_HIDDEN) - 1, NAME_BYTES_MAX = 255 };

/* Undoes what AGENT_WRITE does to a path. Returns whether TEXT is one that it makes; OUT has room for all of TEXT. */
static bool decode(const char *text, char *out)
{
	for (; *text; text++, out++) {
		*out = *text;
		if (*text != ',')
			continue;
		text++;
		if (*text != ',' && *text != '-')
			return false;
		*out = *text == '-' ? '/' : ',';
	}
	*out = 0;
	return true;
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

enum leftover leftovers_parse(const char *dir, const char *name, char **path)
{
	char target[NAME_BYTES_MAX + 1] = "";

	*path = NULL;
	if (strlen(name) <= PREFIX + 1 || strlen(name) > NAME_BYTES_MAX || name[PREFIX] != '+' ||
	    !decode(name + PREFIX + 1, target) || !leads_down(target))
		return LEFTOVER_INCOMPLETE;
	*path = join(dir, target);
	return LEFTOVER_COMPLETE;
}

bool leftovers_can_tell(const char *path, size_t top)
{
	size_t len = PREFIX + 1;

	if (top > UINT8_MAX)
		return false;
	for (path += top; *path && len <= NAME_BYTES_MAX; path++)
		len += *path == ',' || *path == '/' ? 2 : 1;
	return len <= NAME_BYTES_MAX;
}

/* What one leftover is about, while it is put in order. */
struct work {
	const struct leftovers *leftovers;
	struct board *board;
	char *here;       /* its own path */
	char *incomplete; /* the path that it has while it is incomplete */
	char *target;     /* what it was to become */
	struct board_stat about;
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

static int put_into_place(const struct work *work)
{
	int error = board_rename(work->board, work->here, work->target, false);

	if (!error)
		say(work, "%s was being replaced when the power failed, or the connection: it has its new content now",
		    work->target);
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

/*
 * The target may have the same blocks as the leftover: to remove either would free them, to leave both would keep a trap for whoever
 * removes the first. So the content gets blocks of its own, and then both names go, one at once after the other: the second finds
 * its blocks free already, and nothing was given new ones meanwhile.
 */
static int separate(const struct work *work, char *content)
{
	struct board_content copy = {.size = work->about.size, .read = read_copy, .context = content, .differs = true};
	int error = work->leftovers->write(work->leftovers->context, work->incomplete, &copy);

	if (!error)
		error = board_remove(work->board, work->here);
	if (!error)
		error = board_remove(work->board, work->target);
	if (!error)
		error = board_rename(work->board, work->incomplete, work->target, false);
	if (!error)
		say(work, "%s was just replaced when the power failed: it was copied, to have no blocks in common with %s",
		    work->target, work->here);
	return error ? error : 1;
}

/* The target is there, as large as the leftover. */
static int compare(const struct work *work)
{
	char *ours, *theirs;
	int error = read_all(work->board, work->here, work->about.size, &ours);

	if (error)
		return error;
	error = read_all(work->board, work->target, work->about.size, &theirs);
	if (!error && memcmp(ours, theirs, work->about.size))
		error = drop(work, "which was to replace a file that is as it was");
	else if (!error)
		error = separate(work, theirs);
	free(ours);
	free(theirs);
	return error;
}

static int settle_complete(struct work *work)
{
	struct board_stat target;

	if (!board_stat(work->board, work->incomplete, &target))
		return drop_both(work);
	int error = board_stat(work->board, work->here, &work->about);
	if (error)
		return error == -ENOENT ? 0 : error;
	error = board_stat(work->board, work->target, &target);
	if (error == -ENOENT || error == -ENOTDIR)
		return put_into_place(work);
	if (error)
		return error;
	if (target.is_dir || target.size != work->about.size)
		return drop(work, "which was to replace a file that is as it was");
	return work->about.size ? compare(work) : drop(work, "which is empty"); /* and has no blocks */
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

int leftovers_settle(const struct leftovers *leftovers, const char *dir, const char *name)
{
	struct work work = {.leftovers = leftovers, .board = leftovers->board, .here = join(dir, name)};
	enum leftover kind = leftovers_parse(dir, name, &work.target);
	int error = work.here && (work.target || kind == LEFTOVER_INCOMPLETE) ? 0 : -ENOMEM;

	if (!error && kind == LEFTOVER_COMPLETE) {
		work.incomplete = strdup(work.here);
		if (work.incomplete)
			work.incomplete[strlen(work.here) - strlen(name) + PREFIX] = '-';
		error = work.incomplete ? settle_complete(&work) : -ENOMEM;
	} else if (!error) {
		error = settle_incomplete(&work, name);
	}
	free(work.here);
	free(work.incomplete);
	free(work.target);
	return error;
}
