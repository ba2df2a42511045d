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
	return kept_times_open((struct kept_times **)state, NULL, NULL);
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

/* Another mount: a memory with the root ROOT that has taken over what TIMES could keep. */
static struct kept_times *next_mount(struct kept_times *times, const char *root)
{
	struct kept_times *next;
	uint8_t *bytes;
	size_t len;

	assert_int_equal(kept_times_encode(times, "the board", &bytes, &len), 0);
	assert_int_equal(kept_times_open(&next, NULL, root), 0);
	assert_int_equal(kept_times_decode(next, "the board", bytes, len), 0);
	free(bytes);
	return next;
}

static void a_time_on_the_board_tells(void **state)
{
	struct kept_times *next;

	put(*state, "/a", &file_of_5, 50);
	put(*state, "/empty", &(struct board_stat){.size = 0}, 51);
	next = next_mount(*state, NULL);
	assert_int_equal(get(next, "/a", &file_of_5), 50);
	assert_int_equal(get(next, "/empty", &(struct board_stat){.size = 0}), 51);
	assert_int_equal(get(next, "/a", &(struct board_stat){.size = 5, .mtime = SOME_DAY + 1}), -1);
	/* And what the board said otherwise once does not count again. */
	assert_int_equal(get(next, "/a", &file_of_5), -1);
	kept_times_close(next);
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
	put(next, "/a", &timeless, 60);
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
	assert_int_equal(kept_times_open(&times, board, NULL), 0);
	put(times, "/a", &file_of_5, 50);
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

static void mounts_with_another_root_share(void **state)
{
	struct kept_times *lib, *whole;

	put(*state, "/lib/a", &file_of_5, 50);
	put(*state, "/library", &file_of_5, 51);
	put(*state, "/main.py", &file_of_5, 52);
	lib = next_mount(*state, "/./lib//x/../");
	assert_int_equal(get(lib, "/a", &file_of_5), 50);
	assert_int_equal(get(lib, "/main.py", &file_of_5), -1);
	put(lib, "/b", &file_of_5, 53);
	kept_times_rename(lib, "/a", "/c");
	kept_times_note_name(lib, "/c", KEPT_TIMES_CAME, &(struct timespec){.tv_sec = 9, .tv_nsec = 7});
	kept_times_listed(lib, "/", &(struct listing){0}, 0);
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
		TEST(mounts_with_another_root_share),
		TEST(what_is_unproved_is_asked_for),
		TEST(changes_are_counted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
