/* SPDX-License-Identifier: MIT */
#include "fuse/times_evidence.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

/* A time that tells something. */
#define SOME_DAY 1750000000

static const struct board_stat timed = {.size = 5, .mtime = SOME_DAY};
static const struct board_stat timeless = {.size = 5}; /* as on LittleFS 1 */
static const struct board_stat empty = {.size = 0};
static const struct board_stat directory = {.is_dir = true};
static const struct board_stat long_timeless = {.size = TIMES_EVIDENCE_HASH_MAX + 1};
static const uint8_t hash[BOARD_HASH_SIZE] = {1, 2, 3}, other_hash[BOARD_HASH_SIZE] = {1, 2, 4};

static struct times_evidence evidence;
static int64_t now;

static int start_anew(void **state)
{
	(void)state;
	evidence = (struct times_evidence){0};
	now = 7000000;
	return 0;
}

static void put(const struct board_stat *on_board)
{
	times_evidence_put(&evidence, on_board, true, now);
}

static bool check(const uint8_t *found)
{
	return times_evidence_check_hash(&evidence, found, now);
}

/* The board has answered when the step of its time was over. */
static void end_step(void)
{
	now += TIMES_EVIDENCE_STEP_US;
	times_evidence_age(&evidence, now);
}

/* The mount ends, and the next one begins. Returns whether something will tell there. */
static bool next_mount(void)
{
	struct times_entry kept = {0};

	if (!times_evidence_can_be_kept(&evidence))
		return false;
	times_evidence_encode(&evidence, &kept);
	times_evidence_decode(&evidence, &kept);
	return times_evidence_doubt(&evidence);
}

/* What was written is to be hashed, as nobody knows yet how long it will be watched. */
static void the_content_is_wanted_of_what_is_written(void **state)
{
	struct board_stat file = {.size = 1, .mtime = SOME_DAY};

	(void)state;
	assert_true(times_evidence_wants_hash(&file));
	file.size = TIMES_EVIDENCE_HASH_MAX;
	assert_true(times_evidence_wants_hash(&file));
	file.size++;
	assert_false(times_evidence_wants_hash(&file));
	assert_false(times_evidence_wants_hash(&empty));
	assert_false(times_evidence_wants_hash(&directory));
}

/* The times that tell nothing, and their neighbours. */
static void an_unset_clock_is_known(void **state)
{
	static const struct {
		int64_t mtime;
		bool wants;
	} times[] = {
		{0, true},           {1, true},           {59, true},          {60, false},        {946684799, false},
		{946684800, true},   {946684859, true},   {946684860, false},  {1420070400, true}, {1420070460, false},
		{1609459199, false}, {1609459230, true},  {1609459260, false}, {-1, true},         {INT64_MAX, true},
		{1767225599, false}, {1764000000, false},
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(times) / sizeof(times[0]); i++) {
		put(&(struct board_stat){.size = 1, .mtime = times[i].mtime});
		end_step();
		assert_int_equal(times_evidence_is_wanted(&evidence), times[i].wants);
		put(&(struct board_stat){.mtime = times[i].mtime});
		assert_false(times_evidence_is_wanted(&evidence));
	}
}

static void what_the_board_says_is_compared(void **state)
{
	(void)state;
	put(&timed);
	assert_true(times_evidence_is_about(&evidence, &timed));
	assert_false(times_evidence_is_about(&evidence, &(struct board_stat){.size = 6, .mtime = SOME_DAY}));
	assert_false(times_evidence_is_about(&evidence, &(struct board_stat){.size = 5, .mtime = SOME_DAY + 1}));
	assert_false(times_evidence_is_about(&evidence, &(struct board_stat){.is_dir = true, .size = 5, .mtime = SOME_DAY}));
	put(&directory);
	assert_true(times_evidence_is_about(&evidence, &(struct board_stat){.is_dir = true, .size = 9, .mtime = 9}));
}

static void a_time_tells_alone(void **state)
{
	(void)state;
	put(&timed);
	end_step();
	assert_false(times_evidence_is_wanted(&evidence));
	assert_false(times_evidence_is_missing(&evidence));
	assert_true(next_mount());
	assert_false(times_evidence_is_wanted(&evidence));
	assert_true(times_evidence_is_about(&evidence, &timed));
	put(&empty); /* the content is known */
	assert_false(times_evidence_is_wanted(&evidence));
	assert_true(next_mount());
}

static void the_content_tells_where_there_is_no_time(void **state)
{
	(void)state;
	put(&timeless);
	assert_true(times_evidence_is_wanted(&evidence));
	assert_true(times_evidence_is_missing(&evidence));
	assert_false(next_mount());
	times_evidence_set_hash(&evidence, hash);
	assert_false(times_evidence_is_missing(&evidence));
	assert_false(times_evidence_is_to_compare(&evidence));
	assert_true(next_mount());
	assert_true(times_evidence_is_to_compare(&evidence));
	assert_false(check(other_hash));
	assert_true(times_evidence_is_to_compare(&evidence));
	assert_true(check(hash));
	assert_false(times_evidence_is_to_compare(&evidence));
	assert_true(next_mount());
	assert_true(check(hash));
}

static void long_files_are_not_compared(void **state)
{
	(void)state;
	put(&long_timeless);
	assert_true(times_evidence_is_wanted(&evidence));
	assert_false(times_evidence_is_missing(&evidence));
	assert_false(next_mount());
}

static void the_names_tell_of_a_directory(void **state)
{
	const uint64_t names = 0xfedcba9876543210;

	(void)state;
	put(&directory);
	assert_true(times_evidence_is_wanted(&evidence));
	assert_true(times_evidence_is_missing(&evidence));
	assert_true(times_evidence_check_names(&evidence, 7)); /* whatever they are */
	assert_false(times_evidence_is_missing(&evidence));
	times_evidence_set_names(&evidence, names);
	assert_true(next_mount());
	assert_false(times_evidence_is_to_compare(&evidence));
	assert_int_equal(evidence.proof, TIMES_TO_CHECK);
	assert_false(times_evidence_check_names(&evidence, names + 1));
	assert_true(times_evidence_check_names(&evidence, names));
	assert_int_equal(evidence.proof, TIMES_PROVED);
}

static void names_count_in_either_case(void **state)
{
	(void)state;
	assert_true(times_evidence_hash_name("aZ.py") == times_evidence_hash_name("Az.PY"));
	assert_true(times_evidence_hash_name("a[") != times_evidence_hash_name("a{"));
	assert_true(times_evidence_hash_name("a@") != times_evidence_hash_name("a`"));
	assert_true(times_evidence_hash_name("ab") != times_evidence_hash_name("ba"));
	/* It is saved: FNV-1a of "a", on every computer. */
	assert_true(times_evidence_hash_name("A") == 0xaf63dc4c8601ec8c);
}

static void a_reset_of_the_board_leaves_doubts(void **state)
{
	(void)state;
	put(&timeless);
	assert_false(times_evidence_doubt(&evidence));
	times_evidence_set_hash(&evidence, hash);
	assert_true(times_evidence_doubt(&evidence));
	assert_true(times_evidence_doubt(&evidence));
	assert_true(times_evidence_is_to_compare(&evidence));
	put(&timed);
	assert_false(times_evidence_doubt(&evidence));
	end_step();
	assert_true(times_evidence_doubt(&evidence));
}

static void times_that_are_set_leave_the_content(void **state)
{
	(void)state;
	put(&timeless);
	times_evidence_set_hash(&evidence, hash);
	times_evidence_put(&evidence, &timeless, false, now);
	assert_false(times_evidence_is_missing(&evidence));
	/* But not where it is another file, or has been written, or was not compared yet. */
	times_evidence_put(&evidence, &(struct board_stat){.size = 6}, false, now);
	assert_true(times_evidence_is_missing(&evidence));
	times_evidence_set_hash(&evidence, hash);
	times_evidence_put(&evidence, &(struct board_stat){.size = 6}, true, now);
	assert_true(times_evidence_is_missing(&evidence));
	times_evidence_set_hash(&evidence, hash);
	times_evidence_doubt(&evidence);
	times_evidence_put(&evidence, &(struct board_stat){.size = 6}, false, now);
	assert_true(times_evidence_is_missing(&evidence));
	assert_true(check(other_hash)); /* whatever it is */
}

static void a_fresh_time_tells_nothing(void **state)
{
	(void)state;
	put(&timed);
	assert_true(times_evidence_is_wanted(&evidence));
	assert_true(times_evidence_is_missing(&evidence));
	assert_false(times_evidence_can_be_kept(&evidence));
	times_evidence_set_hash(&evidence, hash);
	assert_true(times_evidence_can_be_kept(&evidence));
	times_evidence_age(&evidence, now + TIMES_EVIDENCE_STEP_US - 1);
	assert_true(next_mount());
	assert_true(times_evidence_is_to_compare(&evidence));
	assert_false(check(other_hash));
	/* As long as nobody has compared it does not age. */
	end_step();
	assert_true(next_mount());
	assert_true(times_evidence_is_to_compare(&evidence));
	assert_true(check(hash));
	assert_true(next_mount());
	assert_true(times_evidence_is_to_compare(&evidence));
	assert_true(check(hash));
	end_step();
	assert_false(times_evidence_is_wanted(&evidence));
	assert_true(next_mount());
	assert_false(times_evidence_is_wanted(&evidence));
}

static void a_long_file_has_to_age(void **state)
{
	(void)state;
	put(&(struct board_stat){.size = TIMES_EVIDENCE_HASH_MAX + 1, .mtime = SOME_DAY});
	assert_false(times_evidence_is_missing(&evidence));
	assert_false(times_evidence_can_be_kept(&evidence));
	end_step();
	assert_true(next_mount());
}

static void it_is_known_when_a_time_will_tell(void **state)
{
	(void)state;
	put(&timed);
	assert_true(times_evidence_due(&evidence) == now + TIMES_EVIDENCE_STEP_US);
	times_evidence_set_hash(&evidence, hash);
	assert_true(times_evidence_due(&evidence) == now + TIMES_EVIDENCE_STEP_US);
	/* Set times leave it, an unknown content begins anew. */
	now += 1000;
	times_evidence_put(&evidence, &timed, false, now);
	assert_true(times_evidence_due(&evidence) == now - 1000 + TIMES_EVIDENCE_STEP_US);
	times_evidence_doubt(&evidence);
	assert_true(times_evidence_due(&evidence) == INT64_MAX);
	times_evidence_put(&evidence, &timed, false, now);
	assert_true(times_evidence_due(&evidence) == now + TIMES_EVIDENCE_STEP_US);
	/* A hash for what was unknown tells nothing of the time before; one that is the same does. */
	assert_true(times_evidence_check_hash(&evidence, hash, 5));
	assert_true(times_evidence_due(&evidence) == now + TIMES_EVIDENCE_STEP_US);
	times_evidence_doubt(&evidence);
	assert_true(times_evidence_check_hash(&evidence, hash, 5));
	assert_true(times_evidence_due(&evidence) == 5 + TIMES_EVIDENCE_STEP_US);
	end_step();
	assert_true(times_evidence_due(&evidence) == INT64_MAX);
	put(&timeless);
	assert_true(times_evidence_due(&evidence) == INT64_MAX);
	put(&(struct board_stat){.mtime = SOME_DAY});
	assert_true(times_evidence_due(&evidence) == INT64_MAX);
	put(&(struct board_stat){.is_dir = true, .size = 1, .mtime = SOME_DAY});
	assert_true(times_evidence_due(&evidence) == INT64_MAX);
}

#define TEST(name) cmocka_unit_test_setup(name, start_anew)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_content_is_wanted_of_what_is_written),
		TEST(an_unset_clock_is_known),
		TEST(what_the_board_says_is_compared),
		TEST(a_time_tells_alone),
		TEST(the_content_tells_where_there_is_no_time),
		TEST(long_files_are_not_compared),
		TEST(the_names_tell_of_a_directory),
		TEST(names_count_in_either_case),
		TEST(a_reset_of_the_board_leaves_doubts),
		TEST(times_that_are_set_leave_the_content),
		TEST(a_fresh_time_tells_nothing),
		TEST(a_long_file_has_to_age),
		TEST(it_is_known_when_a_time_will_tell),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
