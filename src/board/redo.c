/* SPDX-License-Identifier: MIT */
#include "board/redo.h"

#include <errno.h>
#include <stdio.h>
#include <syslog.h>

enum { TRIES_MAX = 3 };

/* What is found when the board is back. */
enum verdict { DONE, NOT_DONE, UNKNOWN, AWAY };

struct change {
	const char *words; /* "mkdir" */
	int (*make)(struct board *board, const struct change *change);
	enum verdict (*judge)(struct board *board, const struct change *change);
	const char *path, *to;                 /* the second of a rename */
	const struct board_stat *was, *to_was; /* what was there; NULL: nothing */
};

static void log_unknown(const struct redo *redo, const struct change *change)
{
	char text[1024];

	if (!redo->log)
		return;
	snprintf(text, sizeof(text),
		 "%s%s%s: %s was under way when the board went away, and what is there now tells not whether it was done",
		 change->path, change->to ? " to " : "", change->to ? change->to : "", change->words);
	redo->log(redo->log_context, LOG_ERR, text);
}

static int carry_out(const struct redo *redo, const struct change *change)
{
	for (int tries = 1;; tries++) {
		unsigned session = board_session(redo->board);
		int error = change->make(redo->board, change);

		if (error != -EIO)
			return error;
		enum verdict verdict = change->judge(redo->board, change);
		/* A board that was there all the time has failed by itself. */
		if (verdict == AWAY || board_session(redo->board) == session)
			return error;
		if (verdict == DONE)
			return 0;
		if (verdict == UNKNOWN)
			log_unknown(redo, change);
		if (verdict == UNKNOWN || tries == TRIES_MAX)
			return error;
	}
}

/* What is at PATH now: 1 with *OUT filled, 0: nothing, or a negative errno: the board does not tell. */
static int look(struct board *board, const char *path, struct board_stat *out)
{
	int error = board_stat(board, path, out);

	return !error ? 1 : error == -ENOENT || error == -ENOTDIR ? 0 : error;
}

/* Whether what is THERE (as look says of NOW) is WAS. */
static bool is_still(int there, const struct board_stat *now, const struct board_stat *was)
{
	if (!there || !was)
		return !there && !was;
	return now->is_dir == was->is_dir && (now->is_dir || (now->size == was->size && now->mtime == was->mtime));
}

static int make_dir(struct board *board, const struct change *change)
{
	return board_mkdir(board, change->path);
}

static enum verdict judge_made(struct board *board, const struct change *change)
{
	struct board_stat now;
	int there = look(board, change->path, &now);

	return there < 0 ? AWAY : there && now.is_dir ? DONE : NOT_DONE;
}

int redo_mkdir(const struct redo *redo, const char *path)
{
	const struct change change = {.words = "mkdir", .make = make_dir, .judge = judge_made, .path = path};

	return carry_out(redo, &change);
}

static enum verdict judge_removed(struct board *board, const struct change *change)
{
	struct board_stat now;
	int there = look(board, change->path, &now);

	return there < 0 ? AWAY : !there ? DONE : is_still(there, &now, change->was) ? NOT_DONE : UNKNOWN;
}

static int remove_dir(struct board *board, const struct change *change)
{
	return board_rmdir(board, change->path);
}

int redo_rmdir(const struct redo *redo, const char *path)
{
	const struct board_stat was = {.is_dir = true};
	const struct change change = {.words = "rmdir", .make = remove_dir, .judge = judge_removed, .path = path, .was = &was};

	return carry_out(redo, &change);
}

static int remove_file(struct board *board, const struct change *change)
{
	return board_remove(board, change->path);
}

int redo_remove(const struct redo *redo, const char *path, const struct board_stat *was)
{
	const struct change change = {.words = "remove", .make = remove_file, .judge = judge_removed, .path = path, .was = was};

	return carry_out(redo, &change);
}

static int rename_it(struct board *board, const struct change *change)
{
	return board_rename(board, change->path, change->to, false);
}

static enum verdict judge_renamed(struct board *board, const struct change *change)
{
	struct board_stat from, to;
	int from_there = look(board, change->path, &from), to_there = from_there < 0 ? -EIO : look(board, change->to, &to);

	if (to_there < 0)
		return AWAY;
	if (!from_there)
		return is_still(to_there, &to, change->was) ? DONE : UNKNOWN;
	if (!is_still(from_there, &from, change->was))
		return UNKNOWN;
	/* Both names may be of one file, on FAT: but not where the second has what it had before. */
	return !to_there || is_still(to_there, &to, change->to_was) ? NOT_DONE : UNKNOWN;
}

int redo_rename(const struct redo *redo, const char *from, const struct board_stat *source, const char *to,
		const struct board_stat *target)
{
	const struct change change = {.words = "rename",
				      .make = rename_it,
				      .judge = judge_renamed,
				      .path = from,
				      .to = to,
				      .was = source,
				      .to_was = target};

	return carry_out(redo, &change);
}
