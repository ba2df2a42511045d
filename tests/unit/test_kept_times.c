/* SPDX-License-Identifier: MIT */
#include "fuse/kept_times.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "fuse/times_evidence.h"
#include "tests/unit/fakeboard.h"

/* A time that tells something, and what follows. */
#define SOME_DAY 1750000000

static const struct board_stat file_of_5 = {.size = 5, .mtime = SOME_DAY};
static const struct board_stat timeless = {.size = 5}; /* as on LittleFS 1 */
static const struct board_stat directory = {.is_dir = true};
static const uint8_t hash[BOARD_HASH_SIZE] = {1, 2, 3}, other_hash[BOARD_HASH_SIZE] = {1, 2, 4};

static int64_t clock_us;

static int64_t now(void)
{
	return clock_us;
}

static struct kept_times_pair pair(int64_t mtime)
{
	return (struct kept_times_pair){.atime = {.tv_sec = mtime + 1, .tv_nsec = 2}, .mtime = {.tv_sec = mtime, .tv_nsec = 7}};
}

static void put(struct kept_times *times, const char *path, const struct board_stat *on_board, int64_t mtime)
{
	struct kept_times_pair given = pair(mtime);

	kept_times_put(times, path, on_board, &given);
}

/* The remembered mtime's seconds, -1: none, -3: the board has to be asked. */
static int64_t get(struct kept_times *times, const char *path, const struct board_stat *on_board)
{
	struct kept_times_pair found = {.mtime = {.tv_sec = -2}};

	enum kept_times_answer answer = kept_times_get(times, path, on_board, &found);

	if (answer != KEPT_TIMES_FOUND) {
		assert_int_equal(found.mtime.tv_sec, -2);
		return answer == KEPT_TIMES_ASK ? -3 : -1;
	}
	assert_int_equal(found.mtime.tv_nsec, 7);
	assert_int_equal(found.atime.tv_sec, found.mtime.tv_sec + 1);
	return found.mtime.tv_sec;
}

static int set_up(void **state)
{
	clock_us = 7000000;
	return kept_times_open((struct kept_times **)state, NULL, NULL, now);
}

static int tear_down(void **state)
{
	kept_times_close(*state);
	return 0;
}

static void what_is_put_is_got(void **state)
{
	assert_int_equal(get(*state, "/a", &file_of_5), -1);
	put(*state, "/a", &file_of_5, 50);
	put(*state, "/b", &file_of_5, 60);
	assert_int_equal(get(*state, "/a", &file_of_5), 50);
	assert_int_equal(get(*state, "/b", &file_of_5), 60);
	put(*state, "/a", &file_of_5, 70);
	assert_int_equal(get(*state, "/a", &file_of_5), 70);
}

static void another_file_of_the_name_has_other_times(void **state)
{
	put(*state, "/a", &file_of_5, 50);
	assert_int_equal(get(*state, "/a", &(struct board_stat){.size = 6, .mtime = SOME_DAY}), -1);
	assert_int_equal(get(*state, "/a", &(struct board_stat){.size = 5, .mtime = SOME_DAY + 1}), -1);
	assert_int_equal(get(*state, "/a", &(struct board_stat){.is_dir = true, .mtime = SOME_DAY}), -1);
	assert_int_equal(get(*state, "/a", &file_of_5), 50);
}

static void a_directory_is_told_by_its_names(void **state)
{
	const struct timespec now = {.tv_sec = 50, .tv_nsec = 7};
	struct listing listing = {0};

	kept_times_put_made(*state, "/d", &(struct kept_times_pair){0});
	kept_times_note_name(*state, "/d/a", KEPT_TIMES_CAME, &now);
	kept_times_note_name(*state, "/d/b", KEPT_TIMES_CAME, &now);
	kept_times_note_name(*state, "/d/c", KEPT_TIMES_CAME, &now);
	kept_times_note_name(*state, "/d/A", KEPT_TIMES_WENT, &now); /* on FAT that is the same one */
	kept_times_note_name(*state, "/d/b", KEPT_TIMES_STAYED, &now);
	put(*state, "/d", &directory, 51);
	listing_add(&listing, "c", &file_of_5);
	listing_add(&listing, "b", &file_of_5);
	kept_times_listed(*state, "/d", &listing, kept_times_moment(*state));
	/* Whatever the board says of its time: on FAT that never changes, and elsewhere our temporaries change it. */
	assert_int_equal(get(*state, "/d", &(struct board_stat){.is_dir = true, .mtime = 9}), 51);
	listing_add(&listing, "x", &file_of_5);
	kept_times_listed(*state, "/d", &listing, kept_times_moment(*state));
	assert_int_equal(get(*state, "/d", &directory), -1);
	listing_clear(&listing);
}

static void a_listing_that_is_older_than_the_times_tells_nothing(void **state)
{
	struct listing listing = {0};
	uint64_t moment;

	kept_times_put_made(*state, "/d", &(struct kept_times_pair){0});
	moment = kept_times_moment(*state);
	kept_times_note_name(*state, "/d/new", KEPT_TIMES_CAME, &(struct timespec){0});
	put(*state, "/d", &directory, 60);
	kept_times_listed(*state, "/d", &listing, moment);
	assert_int_equal(get(*state, "/d", &directory), 60);
	kept_times_listed(*state, "/d", &listing, kept_times_moment(*state));
	assert_int_equal(get(*state, "/d", &directory), -1);
}

/* ---- past the mount ---- */

/* The step of the board's time in which something was put last is over, and the board has answered since. */
static void end_step(struct kept_times *times)
{
	clock_us += TIMES_EVIDENCE_STEP_US;
	kept_times_looked(times, clock_us);
}

/* Another mount: a memory with the root ROOT that has taken over what TIMES could keep. */
static struct kept_times *next_mount(struct kept_times *times, const char *root)
{
	struct kept_times *next;
	uint8_t *bytes;
	size_t len;

	assert_int_equal(kept_times_encode(times, "the board", &bytes, &len), 0);
	assert_int_equal(kept_times_open(&next, NULL, root, now), 0);
	assert_int_equal(kept_times_decode(next, "the board", bytes, len), 0);
	free(bytes);
	return next;
}

static void a_time_on_the_board_tells(void **state)
{
	struct kept_times *next;

	put(*state, "/a", &file_of_5, 50);
	put(*state, "/empty", &(struct board_stat){.size = 0}, 51);
	end_step(*state);
	next = next_mount(*state, NULL);
	assert_int_equal(get(next, "/a", &file_of_5), 50);
	assert_int_equal(get(next, "/empty", &(struct board_stat){.size = 0}), 51);
	assert_int_equal(get(next, "/a", &(struct board_stat){.size = 5, .mtime = SOME_DAY + 1}), -1);
	/* And what the board said otherwise once does not count again. */
	assert_int_equal(get(next, "/a", &file_of_5), -1);
	kept_times_close(next);
}

/* The mount writes file PATH, which the board can tell the time of. */
static void write_timed(struct kept_times *times, const char *path, int64_t mtime)
{
	struct kept_times_pair given = pair(mtime);

	kept_times_put_written(times, path, &file_of_5, &given, hash);
}

static void put_hashed(struct kept_times *times, const char *path, uint64_t size, int64_t mtime)
{
	struct kept_times_pair given = pair(mtime);

	kept_times_put_written(times, path, &(struct board_stat){.size = size}, &given, hash);
}

/* Asks for the group of PATH, whose contents are all HASH (NULL: gone). Returns how many they are. */
static size_t answer_group(struct kept_times *times, const char *path, const uint8_t *answer)
{
	struct kept_times_question questions[16];
	size_t count = kept_times_group(times, path, questions, 16), i;

	if (count > 0)
		assert_string_equal(questions[0].path, path);
	for (i = 0; i < count; i++) {
		assert_false(questions[i].is_dir);
		kept_times_answer(times, &questions[i], answer);
		free(questions[i].path);
	}
	return count;
}

static void without_a_time_the_content_tells(void **state)
{
	struct kept_times *next;

	put_hashed(*state, "/a", 5, 50);
	assert_int_equal(get(*state, "/a", &timeless), 50);
	put_hashed(*state, "/b", 5, 51);
	put(*state, "/b", &timeless, 52); /* as utimens after a write */
	put(*state, "/unknown", &timeless, 53);
	put_hashed(*state, "/rewritten", 5, 54);
	kept_times_put_written(*state, "/rewritten", &timeless, &(struct kept_times_pair){0}, NULL);
	next = next_mount(*state, NULL);
	assert_int_equal(get(next, "/a", &timeless), -3);
	assert_int_equal(get(next, "/rewritten", &timeless), -1);
	assert_int_equal(get(next, "/unknown", &timeless), -1);
	assert_int_equal(answer_group(next, "/a", hash), 2);
	assert_int_equal(get(next, "/a", &timeless), 50);
	assert_int_equal(get(next, "/b", &timeless), 52);
	assert_int_equal(answer_group(next, "/a", hash), 0);
	kept_times_close(next);
	next = next_mount(*state, NULL);
	assert_int_equal(answer_group(next, "/a", other_hash), 2);
	assert_int_equal(get(next, "/a", &timeless), -1);
	kept_times_close(next);
	next = next_mount(*state, NULL);
	assert_int_equal(answer_group(next, "/b", NULL), 2);
	assert_int_equal(get(next, "/b", &timeless), -1);
	/* Another size needs no look at the content. */
	assert_int_equal(get(next, "/a", &(struct board_stat){.size = 6}), -1);
	kept_times_close(next);
}

static void groups_are_small(void **state)
{
	char path[32];
	struct kept_times *next;
	int i;

	for (i = 0; i < 40; i++) {
		snprintf(path, sizeof(path), "/small/%d", i);
		put_hashed(*state, path, 1000, 1);
		snprintf(path, sizeof(path), "/large/%d", i);
		put_hashed(*state, path, 30000, 1);
	}
	put_hashed(*state, "/large/huge", TIMES_EVIDENCE_HASH_MAX, 1);
	put_hashed(*state, "/small/sub/1", 1, 1);
	next = next_mount(*state, NULL);
	assert_int_equal(answer_group(next, "/small/7", hash), 16);
	assert_int_equal(answer_group(next, "/small/7", hash), 0);
	assert_int_equal(answer_group(next, "/large/39", hash), 2);
	assert_int_equal(answer_group(next, "/large/huge", hash), 1);
	assert_int_equal(answer_group(next, "/small/sub/1", hash), 1);
	kept_times_close(next);
}

static void an_answer_about_what_was_there_before_is_none(void **state)
{
	struct kept_times_question question;
	struct kept_times *next;

	put_hashed(*state, "/a", 5, 50);
	next = next_mount(*state, NULL);
	assert_int_equal(kept_times_group(next, "/a", &question, 1), 1);
	put_hashed(next, "/a", 5, 60);
	kept_times_answer(next, &question, other_hash);
	assert_int_equal(get(next, "/a", &timeless), 60);
	free(question.path);
	kept_times_close(next);
}

static void a_directory_is_compared_once(void **state)
{
	struct listing listing = {0};
	struct kept_times *next;

	kept_times_put_made(*state, "/d", &(struct kept_times_pair){0});
	kept_times_note_name(*state, "/d/a", KEPT_TIMES_CAME, &(struct timespec){0});
	put(*state, "/d", &directory, 50);
	put(*state, "/unlisted", &directory, 51);
	next = next_mount(*state, NULL);
	assert_int_equal(get(next, "/d", &directory), -3);
	assert_int_equal(get(next, "/unlisted", &directory), -1);
	listing_add(&listing, "a", &file_of_5);
	kept_times_listed(next, "/d", &listing, kept_times_moment(next));
	assert_int_equal(get(next, "/d", &directory), 50);
	/* Its names are known now: they are counted as they come and go, and the next mount knows them too. */
	kept_times_note_name(next, "/d/b", KEPT_TIMES_CAME, &(struct timespec){0});
	put(next, "/d", &directory, 52);
	kept_times_close(*state);
	*state = next;
	next = next_mount(*state, NULL);
	kept_times_listed(next, "/d", &listing, kept_times_moment(next));
	assert_int_equal(get(next, "/d", &directory), -1);
	kept_times_close(next);
	next = next_mount(*state, NULL);
	listing_add(&listing, "b", &file_of_5);
	kept_times_listed(next, "/d", &listing, kept_times_moment(next));
	assert_int_equal(get(next, "/d", &directory), 52);
	kept_times_close(next);
	listing_clear(&listing);
}

static void what_is_not_listed_any_more_is_forgotten(void **state)
{
	struct listing listing = {0};
	struct kept_times *next;

	put(*state, "/a", &file_of_5, 1);
	put(*state, "/b", &file_of_5, 2);
	put(*state, "/sd/deeper", &file_of_5, 3);
	end_step(*state);
	next = next_mount(*state, NULL);
	put(next, "/new", &file_of_5, 4);
	listing_add(&listing, "a", &file_of_5);
	kept_times_listed(next, "/", &listing, kept_times_moment(next));
	assert_int_equal(get(next, "/a", &file_of_5), 1);
	assert_int_equal(get(next, "/b", &file_of_5), -1);
	assert_int_equal(get(next, "/sd/deeper", &file_of_5), 3);
	assert_int_equal(get(next, "/new", &file_of_5), 4);
	kept_times_close(next);
	listing_clear(&listing);
}

static void a_reset_of_the_board_is_like_a_new_mount(void **state)
{
	struct kept_times *times;
	struct board *board;

	(void)state;
	assert_int_equal(fakeboard_open(&board), 0);
	assert_int_equal(kept_times_open(&times, board, NULL, now), 0);
	put(times, "/a", &file_of_5, 50);
	end_step(times);
	put_hashed(times, "/b", 5, 51);
	put(times, "/unknown", &timeless, 52);
	kept_times_put_made(times, "/d", &(struct kept_times_pair){0});
	put(times, "/d", &directory, 53);
	fakeboard_new_session(board);
	assert_int_equal(get(times, "/a", &file_of_5), 50);
	assert_int_equal(get(times, "/b", &timeless), -3);
	assert_int_equal(get(times, "/unknown", &timeless), -1);
	assert_int_equal(get(times, "/d", &directory), -3);
	assert_int_equal(answer_group(times, "/b", hash), 1);
	kept_times_listed(times, "/d", &(struct listing){0}, kept_times_moment(times));
	assert_int_equal(get(times, "/b", &timeless), 51);
	assert_int_equal(get(times, "/d", &directory), 53);
	kept_times_close(times);
	board_close(board);
}

/* The next of several mounts: *TIMES is its memory. Between them this computer's clock says nothing. */
static void remount(struct kept_times **times)
{
	struct kept_times *next = next_mount(*times, NULL);

	kept_times_close(*times);
	*times = next;
	clock_us += 100 * TIMES_EVIDENCE_STEP_US;
}

static void a_time_that_is_fresh_does_not_tell(void **state)
{
	struct kept_times **times = (struct kept_times **)state;

	write_timed(*times, "/a", 50);
	write_timed(*times, "/b", 51);
	put(*times, "/b", &file_of_5, 52); /* as utimens after a write */
	put(*times, "/touched", &file_of_5, 53);
	kept_times_put_written(*times, "/appended", &file_of_5, &(struct kept_times_pair){0}, NULL);
	assert_int_equal(get(*times, "/a", &file_of_5), 50);
	clock_us += TIMES_EVIDENCE_STEP_US - 1;
	kept_times_looked(*times, clock_us);
	remount(times);
	assert_int_equal(get(*times, "/a", &file_of_5), -3);
	assert_int_equal(get(*times, "/touched", &file_of_5), -1);
	assert_int_equal(get(*times, "/appended", &file_of_5), -1);
	remount(times);
	assert_int_equal(answer_group(*times, "/a", hash), 2);
	assert_int_equal(get(*times, "/a", &file_of_5), 50);
	assert_int_equal(get(*times, "/b", &file_of_5), 52);
	remount(times);
	assert_int_equal(answer_group(*times, "/b", other_hash), 2);
	assert_int_equal(get(*times, "/a", &file_of_5), -1);
	assert_int_equal(get(*times, "/b", &file_of_5), -1);
}

static void a_time_tells_when_its_step_is_over(void **state)
{
	struct kept_times **times = (struct kept_times **)state;

	write_timed(*times, "/a", 50);
	remount(times);
	/* Who has not compared does not know since when it is as it is. */
	end_step(*times);
	remount(times);
	assert_int_equal(answer_group(*times, "/a", hash), 1);
	remount(times);
	/* Here it is known of all of this mount. */
	clock_us += TIMES_EVIDENCE_STEP_US;
	assert_int_equal(answer_group(*times, "/a", hash), 1);
	kept_times_looked(*times, clock_us);
	remount(times);
	assert_int_equal(get(*times, "/a", &file_of_5), 50);
	/* Touched, it stays so; written, it does not. */
	put(*times, "/a", &file_of_5, 51);
	remount(times);
	assert_int_equal(get(*times, "/a", &file_of_5), 51);
	write_timed(*times, "/a", 52);
	remount(times);
	assert_int_equal(get(*times, "/a", &file_of_5), -3);
}

static void what_was_watched_too_shortly_stays_fresh(void **state)
{
	struct kept_times **times = (struct kept_times **)state, *next;
	int64_t start;

	write_timed(*times, "/a", 50);
	clock_us += 100 * TIMES_EVIDENCE_STEP_US;
	start = clock_us;
	next = next_mount(*times, NULL);
	clock_us += 100 * TIMES_EVIDENCE_STEP_US;
	assert_int_equal(answer_group(next, "/a", hash), 1);
	kept_times_looked(next, start + TIMES_EVIDENCE_STEP_US - 1);
	remount(&next);
	assert_int_equal(get(next, "/a", &file_of_5), -3);
	kept_times_close(next);
}

static void a_reset_leaves_what_is_fresh_to_the_content(void **state)
{
	struct kept_times *times;
	struct board *board;

	(void)state;
	assert_int_equal(fakeboard_open(&board), 0);
	assert_int_equal(kept_times_open(&times, board, NULL, now), 0);
	write_timed(times, "/old", 50);
	end_step(times);
	write_timed(times, "/a", 51);
	write_timed(times, "/b", 52);
	put(times, "/touched", &file_of_5, 53);
	clock_us += 100 * TIMES_EVIDENCE_STEP_US; /* in which nobody knows whether the board is there */
	fakeboard_new_session(board);
	kept_times_looked(times, clock_us);
	assert_false(kept_times_wants_look(times));
	assert_int_equal(get(times, "/old", &file_of_5), 50);
	assert_int_equal(get(times, "/a", &file_of_5), -3);
	assert_int_equal(get(times, "/touched", &file_of_5), -1);
	assert_int_equal(answer_group(times, "/a", hash), 2);
	clock_us += TIMES_EVIDENCE_STEP_US - 1;
	kept_times_looked(times, clock_us);
	fakeboard_new_session(board);
	assert_int_equal(get(times, "/a", &file_of_5), -3);
	assert_int_equal(answer_group(times, "/a", hash), 2);
	clock_us += TIMES_EVIDENCE_STEP_US;
	assert_true(kept_times_wants_look(times));
	fakeboard_new_session(board);
	assert_false(kept_times_wants_look(times));
	assert_int_equal(answer_group(times, "/a", hash), 2);
	end_step(times);
	fakeboard_new_session(board);
	assert_int_equal(get(times, "/a", &file_of_5), 51);
	kept_times_close(times);
	board_close(board);
}

static void an_answer_from_before_a_reset_is_none(void **state)
{
	struct kept_times_question question;
	struct kept_times *times;
	struct board *board;
	uint64_t moment;

	(void)state;
	assert_int_equal(fakeboard_open(&board), 0);
	assert_int_equal(kept_times_open(&times, board, NULL, now), 0);
	write_timed(times, "/a", 50);
	kept_times_put_made(times, "/d", &(struct kept_times_pair){0});
	put(times, "/d", &directory, 51);
	fakeboard_new_session(board);
	moment = kept_times_moment(times);
	assert_int_equal(kept_times_group(times, "/a", &question, 1), 1);
	fakeboard_new_session(board);
	kept_times_answer(times, &question, hash);
	kept_times_listed(times, "/d", &(struct listing){0}, moment);
	assert_int_equal(get(times, "/a", &file_of_5), -3);
	assert_int_equal(get(times, "/d", &directory), -3);
	free(question.path);
	kept_times_close(times);
	board_close(board);
}

static void a_look_is_wanted_when_it_proves_something(void **state)
{
	uint64_t changes;

	clock_us += TIMES_EVIDENCE_STEP_US;
	assert_false(kept_times_wants_look(*state));
	write_timed(*state, "/a", 50);
	assert_int_equal(kept_times_now(*state), clock_us);
	clock_us += TIMES_EVIDENCE_STEP_US / 2;
	put(*state, "/b", &file_of_5, 51);
	put_hashed(*state, "/timeless", 5, 52);
	put(*state, "/d", &directory, 53);
	clock_us += TIMES_EVIDENCE_STEP_US / 2 - 1;
	assert_false(kept_times_wants_look(*state));
	changes = kept_times_changes(*state);
	kept_times_looked(*state, clock_us);
	assert_true(kept_times_changes(*state) == changes);
	clock_us++;
	assert_true(kept_times_wants_look(*state));
	kept_times_looked(*state, clock_us);
	assert_true(kept_times_changes(*state) != changes);
	assert_false(kept_times_wants_look(*state));
	clock_us += TIMES_EVIDENCE_STEP_US / 2;
	assert_true(kept_times_wants_look(*state)); /* for /b */
	kept_times_looked(*state, clock_us);
	clock_us += 2 * TIMES_EVIDENCE_STEP_US;
	assert_false(kept_times_wants_look(*state));
}

static void what_would_be_lost_is_waited_for(void **state)
{
	const struct board_stat large = {.size = TIMES_EVIDENCE_HASH_MAX + 1, .mtime = SOME_DAY};
	char path[32];
	int i;

	assert_int_equal(kept_times_wait(*state, true), 0);
	write_timed(*state, "/a", 50);
	put_hashed(*state, "/timeless", 5, 51);
	put(*state, "/unknown", &timeless, 52);
	put(*state, "/empty", &(struct board_stat){.mtime = SOME_DAY}, 53);
	put(*state, "/d", &directory, 54);
	assert_int_equal(kept_times_wait(*state, true), 0);
	assert_int_equal(kept_times_wait(*state, false), TIMES_EVIDENCE_STEP_US);
	for (i = 0; i < 20; i++) {
		clock_us += 1000;
		snprintf(path, sizeof(path), "/large%d", i);
		kept_times_put_written(*state, path, &large, &(struct kept_times_pair){0}, NULL);
	}
	clock_us += 1000;
	assert_int_equal(kept_times_wait(*state, true), TIMES_EVIDENCE_STEP_US - 1000);
	end_step(*state);
	assert_int_equal(kept_times_wait(*state, true), 0);
	assert_int_equal(kept_times_wait(*state, false), 0);
}

static void mounts_with_another_root_share(void **state)
{
	struct kept_times *lib, *whole;

	put(*state, "/lib/a", &file_of_5, 50);
	put(*state, "/library", &file_of_5, 51);
	put(*state, "/main.py", &file_of_5, 52);
	end_step(*state);
	lib = next_mount(*state, "/./lib//x/../");
	assert_int_equal(get(lib, "/a", &file_of_5), 50);
	assert_int_equal(get(lib, "/main.py", &file_of_5), -1);
	put(lib, "/b", &file_of_5, 53);
	kept_times_rename(lib, "/a", "/c");
	kept_times_note_name(lib, "/c", KEPT_TIMES_CAME, &(struct timespec){.tv_sec = 9, .tv_nsec = 7});
	kept_times_listed(lib, "/", &(struct listing){0}, 0);
	end_step(lib);
	whole = next_mount(lib, "/");
	assert_int_equal(get(whole, "/lib/a", &file_of_5), -1);
	assert_int_equal(get(whole, "/lib/b", &file_of_5), 53);
	assert_int_equal(get(whole, "/lib/c", &file_of_5), 50);
	assert_int_equal(get(whole, "/library", &file_of_5), 51);
	assert_int_equal(get(whole, "/main.py", &file_of_5), 52);
	kept_times_close(whole);
	kept_times_remove(lib, "/");
	whole = next_mount(lib, "");
	assert_int_equal(get(whole, "/lib/b", &file_of_5), -1);
	assert_int_equal(get(whole, "/library", &file_of_5), 51);
	kept_times_close(whole);
	kept_times_close(lib);
}

static void what_is_unproved_is_asked_for(void **state)
{
	struct kept_times_question questions[4];
	size_t count, i;

	put_hashed(*state, "/known", 5, 50);
	put(*state, "/f", &timeless, 51);
	put(*state, "/d", &directory, 52);
	put(*state, "/timed", &file_of_5, 53);
	end_step(*state);
	count = kept_times_unproved(*state, questions, 4);
	assert_int_equal(count, 2);
	for (i = 0; i < count; i++) {
		assert_string_equal(questions[i].path, questions[i].is_dir ? "/d" : "/f");
		if (!questions[i].is_dir)
			kept_times_answer(*state, &questions[i], hash);
		free(questions[i].path);
	}
	kept_times_listed(*state, "/d", &(struct listing){0}, kept_times_moment(*state));
	assert_int_equal(kept_times_unproved(*state, questions, 4), 0);
}

static void changes_are_counted(void **state)
{
	uint64_t changes = kept_times_changes(*state);

	put(*state, "/a", &file_of_5, 50);
	assert_true(kept_times_changes(*state) != changes);
	changes = kept_times_changes(*state);
	get(*state, "/a", &file_of_5);
	kept_times_remove(*state, "/none");
	assert_true(kept_times_changes(*state) == changes);
	kept_times_remove(*state, "/a");
	assert_true(kept_times_changes(*state) != changes);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(what_is_put_is_got),
		TEST(another_file_of_the_name_has_other_times),
		TEST(a_directory_is_told_by_its_names),
		TEST(a_listing_that_is_older_than_the_times_tells_nothing),
		TEST(a_time_on_the_board_tells),
		TEST(without_a_time_the_content_tells),
		TEST(groups_are_small),
		TEST(an_answer_about_what_was_there_before_is_none),
		TEST(a_directory_is_compared_once),
		TEST(what_is_not_listed_any_more_is_forgotten),
		TEST(a_reset_of_the_board_is_like_a_new_mount),
		TEST(a_time_that_is_fresh_does_not_tell),
		TEST(a_time_tells_when_its_step_is_over),
		TEST(what_was_watched_too_shortly_stays_fresh),
		TEST(a_reset_leaves_what_is_fresh_to_the_content),
		TEST(an_answer_from_before_a_reset_is_none),
		TEST(a_look_is_wanted_when_it_proves_something),
		TEST(what_would_be_lost_is_waited_for),
		TEST(mounts_with_another_root_share),
		TEST(what_is_unproved_is_asked_for),
		TEST(changes_are_counted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
