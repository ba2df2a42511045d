/* SPDX-License-Identifier: MIT */
#include "fuse/file_times.h"

#include <errno.h>
#include <stdlib.h>
#include <time.h>

enum {
	TRIES = 3,                /* what is compared can be changed meanwhile */
	SETTLE_MAX = 256,         /* files and directories */
	SETTLE_BYTES = 256 << 10, /* of files */
};

static int add_entry(void *context, const char *name, const struct board_stat *on_board)
{
	return listing_add(context, name, on_board);
}

/* Lists directory PATH for its evidence. Returns 0 or a negative errno. */
static int compare_names(struct board *board, struct kept_times *times, const char *path)
{
	struct listing listing = {0};
	uint64_t moment = kept_times_moment(times);
	int rc = board_list(board, path, add_entry, &listing);

	if (rc == 0)
		kept_times_listed(times, path, &listing, moment);
	listing_clear(&listing);
	return rc;
}

/* Whether RC says that there is no such file, rather than that nobody knows. */
static bool is_gone(int rc)
{
	return rc == -ESTALE || rc == -ENOENT || rc == -ENOTDIR;
}

/* Gets the hashes of COUNT files. Returns 0, or a negative errno: the board fails. */
static int compare_contents(struct board *board, struct kept_times *times, const struct kept_times_question *questions,
			    size_t count)
{
	struct board_hash files[FILE_TIMES_GROUP];
	size_t i;
	int rc;

	for (i = 0; i < count; i++)
		files[i] = (struct board_hash){.path = questions[i].path, .size = questions[i].size};
	rc = board_hash(board, files, count);
	for (i = 0; rc == 0 && i < count; i++) {
		if (files[i].result == 0)
			kept_times_answer(times, &questions[i], files[i].hash);
		else if (is_gone(files[i].result))
			kept_times_answer(times, &questions[i], NULL);
		else
			rc = files[i].result;
	}
	return rc;
}

static void free_questions(struct kept_times_question *questions, size_t count)
{
	while (count > 0)
		free(questions[--count].path);
}

/* Gets the evidence for PATH. Returns 0, or a negative errno: there is none to be had. */
static int ask(struct board *board, struct kept_times *times, const char *path, bool is_dir)
{
	struct kept_times_question questions[FILE_TIMES_GROUP];
	size_t count;
	int rc;

	if (is_dir)
		return compare_names(board, times, path);
	count = kept_times_group(times, path, questions, FILE_TIMES_GROUP);
	rc = count > 0 ? compare_contents(board, times, questions, count) : -EOPNOTSUPP;
	free_questions(questions, count);
	return rc;
}

/* The board's own times. */
static void from_board(const struct board_stat *on_board, struct kept_times_pair *pair)
{
	pair->mtime = (struct timespec){.tv_sec = on_board->mtime};
	pair->atime = pair->mtime;
}

void file_times_get(struct board *board, struct kept_times *times, const char *path, const struct board_stat *on_board,
		    struct kept_times_pair *pair)
{
	enum kept_times_answer answer = kept_times_get(times, path, on_board, pair);
	int tries;

	for (tries = 0; answer == KEPT_TIMES_ASK && tries < TRIES; tries++) {
		if (ask(board, times, path, on_board->is_dir) < 0)
			break;
		answer = kept_times_get(times, path, on_board, pair);
	}
	if (answer != KEPT_TIMES_FOUND)
		from_board(on_board, pair);
}

bool file_times_peek(struct kept_times *times, const char *path, const struct board_stat *on_board, struct kept_times_pair *pair)
{
	enum kept_times_answer answer = kept_times_get(times, path, on_board, pair);

	if (answer == KEPT_TIMES_NONE)
		from_board(on_board, pair);
	return answer != KEPT_TIMES_ASK;
}

void file_times_look(struct board *board, struct kept_times *times)
{
	int64_t now = kept_times_now(times);
	struct board_stat unwanted;

	if (kept_times_wants_look(times) && board_probe(board, "/", &unwanted) == 0)
		kept_times_looked(times, now);
}

/* Asks for what is missing. Returns 0, or a negative errno: the board fails, or has no hashes. */
static int ask_for_missing(struct board *board, struct kept_times *times)
{
	struct kept_times_question questions[SETTLE_MAX];
	size_t count = kept_times_unproved(times, questions, SETTLE_MAX), files = 0, i;
	uint64_t bytes = 0;
	int rc = 0;

	for (i = 0; i < count; i++) {
		if (questions[i].is_dir && rc == 0) {
			rc = compare_names(board, times, questions[i].path);
			rc = is_gone(rc) ? 0 : rc;
		}
		if (questions[i].is_dir || bytes + questions[i].size > SETTLE_BYTES) {
			free(questions[i].path);
			continue;
		}
		bytes += questions[i].size;
		questions[files++] = questions[i];
	}
	for (i = 0; rc == 0 && i < files; i += FILE_TIMES_GROUP)
		rc = compare_contents(board, times, questions + i, files - i < FILE_TIMES_GROUP ? files - i : FILE_TIMES_GROUP);
	free_questions(questions, files);
	return rc;
}

static void sleep_for(int64_t us)
{
	const struct timespec time = {.tv_sec = us / 1000000, .tv_nsec = us % 1000000 * 1000};

	nanosleep(&time, NULL);
}

void file_times_settle(struct board *board, struct kept_times *times, void (*pause)(int64_t us))
{
	int64_t wait;
	int rc;

	file_times_look(board, times);
	rc = ask_for_missing(board, times);
	if (rc < 0 && rc != -EOPNOTSUPP)
		return;
	wait = kept_times_wait(times, board_hash(board, NULL, 0) == 0);
	if (wait > 0) {
		(pause ? pause : sleep_for)(wait);
		file_times_look(board, times);
	}
}
