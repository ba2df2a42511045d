/* SPDX-License-Identifier: MIT */
/* What is done with each leftover, on a board in memory. That this is right on a real FAT is tests/system/power_cut_fat.sh's to show. */
#include "board/leftovers.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "agent/protocol.h"
#include "tests/unit/boardfile.h"
#include "tests/unit/dice.h"

#define COMPLETE AGENT_HIDDEN "+"
#define INCOMPLETE AGENT_HIDDEN "-"
#define ASIDE AGENT_HIDDEN "="

static struct {
	struct board *fake;
	char log[1000];
	unsigned copies;
} test;

static int write_copy(void *context, const char *path, const struct board_content *content)
{
	char bytes[64];

	(void)context;
	test.copies++;
	assert_true(content->size <= sizeof(bytes));
	assert_int_equal(content->read(content->context, bytes, content->size, 0), 0);
	return fakeboard_write(test.fake, path, bytes, content->size);
}

static void note(void *context, const char *text)
{
	(void)context;
	strcat(test.log, text);
	strcat(test.log, "\n");
}

static int settle(const char *dir, const char *name)
{
	const struct leftovers leftovers = {test.fake, write_copy, note, NULL};

	return leftovers_settle(&leftovers, dir, name);
}

static int set_up(void **state)
{
	(void)state;
	test.log[0] = 0;
	test.copies = 0;
	return fakeboard_open(&test.fake) || board_mkdir(test.fake, "/lib") || board_mkdir(test.fake, "/lib/deep");
}

static int tear_down(void **state)
{
	(void)state;
	board_close(test.fake);
	return 0;
}

static void what_is_incomplete_goes(void **state)
{
	static const char *const names[] = {INCOMPLETE "main.py", AGENT_HIDDEN "main.py", AGENT_HIDDEN, COMPLETE};

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		char path[64];

		boardfile_put(test.fake, "/lib/main.py", "old");
		snprintf(path, sizeof(path), "/lib/%s", names[i]);
		boardfile_put(test.fake, path, "ne");
		assert_int_equal(settle("/lib", names[i]), 0);
		boardfile_expect(test.fake, path, NULL);
		boardfile_expect(test.fake, "/lib/main.py", "old");
		assert_non_null(strstr(test.log, names[i]));
	}
}

static void what_is_complete_takes_the_place_of_what_is_missing(void **state)
{
	(void)state;
	boardfile_put(test.fake, "/" COMPLETE "lib,-deep,-a,,b.py", "new");
	assert_int_equal(settle("/", COMPLETE "lib,-deep,-a,,b.py"), 1);
	boardfile_expect(test.fake, "/lib/deep/a,b.py", "new");
	boardfile_expect(test.fake, "/" COMPLETE "lib,-deep,-a,,b.py", NULL);
	assert_non_null(strstr(test.log, "/lib/deep/a,b.py"));
	boardfile_put(test.fake, "/lib/" COMPLETE "x", "in a top of its own"); /* that of /lib */
	assert_int_equal(settle("/lib", COMPLETE "x"), 1);
	boardfile_expect(test.fake, "/lib/x", "in a top of its own");
}

static void what_is_complete_gives_way_to_what_is_there(void **state)
{
	(void)state;
	boardfile_put(test.fake, "/main.py", "other");
	boardfile_put(test.fake, "/" COMPLETE "main.py", "new");
	assert_int_equal(settle("/", COMPLETE "main.py"), 0);
	boardfile_expect(test.fake, "/main.py", "other");
	boardfile_put(test.fake, "/" COMPLETE "main.py", "newer"); /* as long */
	assert_int_equal(settle("/", COMPLETE "main.py"), 0);
	boardfile_expect(test.fake, "/main.py", "other");
	boardfile_expect(test.fake, "/" COMPLETE "main.py", NULL);
	boardfile_put(test.fake, "/" COMPLETE "lib", "a directory now");
	assert_int_equal(settle("/", COMPLETE "lib"), 0);
	boardfile_expect(test.fake, "/" COMPLETE "lib", NULL);
	boardfile_put(test.fake, "/" COMPLETE "gone,-x", "its directory is gone");
	assert_int_equal(settle("/", COMPLETE "gone,-x"), 0);
	boardfile_expect(test.fake, "/" COMPLETE "gone,-x", NULL);
	assert_int_equal(test.copies, 0);
}

static void two_names_of_the_same_blocks_are_separated(void **state)
{
	(void)state;
	boardfile_put(test.fake, "/lib/a", "same");
	boardfile_put(test.fake, "/" COMPLETE "lib,-a", "same");
	assert_int_equal(settle("/", COMPLETE "lib,-a"), 1);
	assert_int_equal(test.copies, 1);
	boardfile_expect(test.fake, "/lib/a", "same");
	boardfile_expect(test.fake, "/" COMPLETE "lib,-a", NULL);
	boardfile_expect(test.fake, "/" INCOMPLETE "lib,-a", NULL);
	boardfile_put(test.fake, "/empty", ""); /* has no blocks */
	boardfile_put(test.fake, "/" COMPLETE "empty", "");
	assert_int_equal(settle("/", COMPLETE "empty"), 0);
	assert_int_equal(test.copies, 1);
	boardfile_expect(test.fake, "/empty", "");
}

static void what_was_put_aside_comes_back(void **state)
{
	(void)state;
	boardfile_put(test.fake, "/" ASIDE "lib,-a,,b,+new", "old");
	boardfile_put(test.fake, "/new", "new");
	assert_int_equal(settle("/", ASIDE "lib,-a,,b,+new"), 1);
	boardfile_expect(test.fake, "/lib/a,b", "old");
	boardfile_expect(test.fake, "/new", "new");
	boardfile_expect(test.fake, "/" ASIDE "lib,-a,,b,+new", NULL);
	assert_non_null(strstr(test.log, "/lib/a,b"));
	assert_non_null(strstr(test.log, "old"));
	boardfile_put(test.fake, "/lib/" ASIDE "x", "without the other's name");
	assert_int_equal(settle("/lib", ASIDE "x"), 1);
	boardfile_expect(test.fake, "/lib/x", "without the other's name");
	assert_int_equal(test.copies, 0);
}

static void what_was_put_aside_goes_when_its_place_is_taken(void **state)
{
	(void)state;
	boardfile_put(test.fake, "/a", "new");
	boardfile_put(test.fake, "/" ASIDE "a,+b", "old"); /* as long, and FROM is gone, as it should be */
	assert_int_equal(settle("/", ASIDE "a,+b"), 0);
	boardfile_expect(test.fake, "/" ASIDE "a,+b", NULL);
	boardfile_put(test.fake, "/" ASIDE "a,+b", "older");
	boardfile_put(test.fake, "/b", "what came later");
	assert_int_equal(settle("/", ASIDE "a,+b"), 0);
	boardfile_expect(test.fake, "/" ASIDE "a,+b", NULL);
	boardfile_put(test.fake, "/" ASIDE "a,+b", "older");
	boardfile_put(test.fake, "/b", "wen"); /* as long */
	assert_int_equal(settle("/", ASIDE "a,+b"), 0);
	boardfile_expect(test.fake, "/" ASIDE "a,+b", NULL);
	boardfile_expect(test.fake, "/b", "wen");
	boardfile_put(test.fake, "/" ASIDE "lib,+a", "a directory now");
	assert_int_equal(settle("/", ASIDE "lib,+a"), 0);
	boardfile_expect(test.fake, "/" ASIDE "lib,+a", NULL);
	boardfile_expect(test.fake, "/a", "new");
	assert_int_equal(test.copies, 0);
}

static void two_names_of_a_rename_are_separated(void **state)
{
	(void)state;
	/* It was being put aside. */
	boardfile_put(test.fake, "/lib/a", "same");
	boardfile_put(test.fake, "/b", "other");
	boardfile_put(test.fake, "/" ASIDE "lib,-a,+b", "same");
	assert_int_equal(settle("/", ASIDE "lib,-a,+b"), 1);
	assert_int_equal(test.copies, 1);
	boardfile_expect(test.fake, "/lib/a", "same");
	boardfile_expect(test.fake, "/b", "other");
	boardfile_expect(test.fake, "/" ASIDE "lib,-a,+b", NULL);
	boardfile_expect(test.fake, "/" INCOMPLETE "lib,-a,+b", NULL);
	/* The other was being renamed to it. */
	boardfile_put(test.fake, "/b", "same");
	boardfile_put(test.fake, "/" ASIDE "lib,-a,+b", "gone");
	assert_int_equal(settle("/", ASIDE "lib,-a,+b"), 1);
	assert_int_equal(test.copies, 2);
	boardfile_expect(test.fake, "/lib/a", "same");
	boardfile_expect(test.fake, "/b", NULL);
	boardfile_expect(test.fake, "/" ASIDE "lib,-a,+b", NULL);
	/* Empty ones have no blocks. */
	boardfile_put(test.fake, "/lib/a", "");
	boardfile_put(test.fake, "/b", "");
	boardfile_put(test.fake, "/" ASIDE "lib,-a,+b", "gone");
	assert_int_equal(settle("/", ASIDE "lib,-a,+b"), 1);
	assert_int_equal(test.copies, 2);
	boardfile_expect(test.fake, "/lib/a", "");
	boardfile_expect(test.fake, "/b", NULL);
	boardfile_expect(test.fake, "/" ASIDE "lib,-a,+b", NULL);
}

/* Whichever of the two is met first, and when the other is met later. */
static void complete_and_incomplete_together_go(void **state)
{
	(void)state;
	for (int first = 0; first < 2; first++) {
		boardfile_put(test.fake, "/main.py", "old");
		boardfile_put(test.fake, "/" COMPLETE "main.py", "new");
		boardfile_put(test.fake, "/" INCOMPLETE "main.py", "new");
		assert_int_equal(settle("/", first ? COMPLETE "main.py" : INCOMPLETE "main.py"), 0);
		assert_true(settle("/", first ? INCOMPLETE "main.py" : COMPLETE "main.py") <= 0);
		boardfile_expect(test.fake, "/main.py", "old");
		boardfile_expect(test.fake, "/" COMPLETE "main.py", NULL);
		boardfile_expect(test.fake, "/" INCOMPLETE "main.py", NULL);
	}
	/* The name that says "complete" goes first: were it left alone, it would be trusted. */
	boardfile_put(test.fake, "/" COMPLETE "main.py", "new");
	boardfile_put(test.fake, "/" INCOMPLETE "main.py", "new");
	fakeboard_fail(test.fake, FAKEBOARD_REMOVE, EIO, 1);
	assert_int_equal(settle("/", INCOMPLETE "main.py"), -EIO);
	boardfile_expect(test.fake, "/" INCOMPLETE "main.py", "new");
}

static void what_fails_is_left_for_later(void **state)
{
	(void)state;
	boardfile_put(test.fake, "/" COMPLETE "main.py", "new");
	for (unsigned i = 1; i <= 2; i++) {
		fakeboard_fail(test.fake, i == 1 ? FAKEBOARD_RENAME : FAKEBOARD_STAT, EIO, i);
		assert_int_equal(settle("/", COMPLETE "main.py"), -EIO);
		boardfile_expect(test.fake, "/" COMPLETE "main.py", "new");
	}
	boardfile_put(test.fake, "/main.py", "new");
	fakeboard_fail(test.fake, FAKEBOARD_READ, EIO, 1);
	assert_int_equal(settle("/", COMPLETE "main.py"), -EIO);
	boardfile_expect(test.fake, "/" COMPLETE "main.py", "new");
	boardfile_expect(test.fake, "/main.py", "new");
	boardfile_put(test.fake, "/" ASIDE "main.py,+b", "new");
	boardfile_put(test.fake, "/b", "new");
	for (unsigned i = 0; i < 3; i++) {
		fakeboard_fail(test.fake, i ? FAKEBOARD_STAT : FAKEBOARD_READ, EIO, 1);
		assert_int_equal(settle("/", ASIDE "main.py,+b"), -EIO);
	}
	boardfile_expect(test.fake, "/" ASIDE "main.py,+b", "new");
	boardfile_expect(test.fake, "/main.py", "new");
	assert_string_equal(test.log, "");
}

/* A name of which nothing can be believed is one of an incomplete file. */
static void nothing_leads_out_of_its_directory(void **state)
{
	static const char *const names[] = {
		COMPLETE "..,-main.py", COMPLETE ",-main.py", COMPLETE "a,-",    COMPLETE "a,-..,-..,-x",
		COMPLETE ".",           COMPLETE "..",        COMPLETE "a,-,-b", COMPLETE "a,b",
		COMPLETE ",",           COMPLETE "a,",        COMPLETE "a,+b",   ASIDE "a,+..",
		ASIDE "..,+a",          ASIDE "a,+b,+c",      ASIDE ",+a",       ASIDE "a,+,-b"};
	char *path, *from;

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		assert_int_equal(leftovers_parse("/lib", names[i], &path, &from), LEFTOVER_INCOMPLETE);
		assert_null(path);
		assert_null(from);
	}
}

/* As changes.py makes it. */
static void encode(const char *path, size_t top, char *out)
{
	strcpy(out, COMPLETE);
	out += strlen(out);
	for (path += top; *path; path++) {
		if (*path == ',' || *path == '/')
			*out++ = ',';
		*out++ = *path == '/' ? '-' : *path;
	}
	*out = 0;
}

/* A path of up to LEN bytes behind "/sd/", in PATH. */
static void random_path(struct dice *dice, char *path, unsigned most)
{
	size_t len = 4 + 1 + dice_roll(dice, most);

	strcpy(path, "/sd/");
	for (size_t i = 4; i < len; i++)
		path[i] = path[i - 1] != '/' && i + 1 < len && dice_roll(dice, 6) == 0 ? '/' : "ab,-~\xc3+"[dice_roll(dice, 7)];
	path[len] = 0;
}

static void every_path_comes_back(void **state)
{
	(void)state;
	for (unsigned seed = 1; seed < 3000; seed++) {
		struct dice dice = {seed};
		char path[320], name[700], *found, *from;

		random_path(&dice, path, 300);
		encode(path, 4, name);
		assert_int_equal(leftovers_can_tell(path, 4), strlen(name) <= 255);
		enum leftover kind = leftovers_parse("/sd", name, &found, &from);
		assert_int_equal(kind, strlen(name) <= 255 ? LEFTOVER_COMPLETE : LEFTOVER_INCOMPLETE);
		if (kind == LEFTOVER_COMPLETE)
			assert_string_equal(found, path);
		assert_null(from);
		free(found);
	}
	assert_false(leftovers_can_tell("/a", 256));
}

static void both_paths_of_a_rename_come_back(void **state)
{
	unsigned told[3] = {0};

	(void)state;
	for (unsigned seed = 1; seed < 3000; seed++) {
		struct dice dice = {seed};
		char path[320], other[320], first[700], second[700], *found, *from;

		random_path(&dice, path, 280);
		random_path(&dice, other, 200);
		encode(path, 4, first);
		encode(other, 4, second);
		size_t both = strlen(first) + strlen(",+") + strlen(second) - strlen(COMPLETE);
		unsigned expected = strlen(first) > 255 ? 0 : both > 255 ? 1 : 2;
		char *aside = leftovers_aside(path, other, 4);

		told[expected]++;
		assert_int_equal(aside == NULL, expected == 0);
		if (!aside)
			continue;
		assert_memory_equal(aside, "/sd/", 4);
		assert_int_equal(strlen(aside) - 4, expected == 1 ? strlen(first) : both);
		assert_true(board_hides(aside + 4));
		assert_int_equal(leftovers_parse("/sd", aside + 4, &found, &from), LEFTOVER_ASIDE);
		assert_string_equal(found, path);
		if (expected == 1)
			assert_null(from);
		else
			assert_string_equal(from, other);
		free(aside);
		free(found);
		free(from);
	}
	assert_true(told[0] && told[1] && told[2]);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(what_is_incomplete_goes),
		TEST(what_is_complete_takes_the_place_of_what_is_missing),
		TEST(what_is_complete_gives_way_to_what_is_there),
		TEST(two_names_of_the_same_blocks_are_separated),
		TEST(what_was_put_aside_comes_back),
		TEST(what_was_put_aside_goes_when_its_place_is_taken),
		TEST(two_names_of_a_rename_are_separated),
		TEST(complete_and_incomplete_together_go),
		TEST(what_fails_is_left_for_later),
		TEST(nothing_leads_out_of_its_directory),
		TEST(every_path_comes_back),
		TEST(both_paths_of_a_rename_come_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
