/* SPDX-License-Identifier: MIT */
#include "cli/source_rules.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct source_rules rules;

static int forget(void **state)
{
	(void)state;
	source_rules_clear(&rules);
	return 0;
}

static void exclude(const char *glob)
{
	assert_int_equal(source_rules_exclude(&rules, glob), 0);
}

static enum source_verdict judge(const char *path, bool is_dir)
{
	const char *slash = strrchr(path, '/');

	return source_rules_judge(&rules, path, slash ? slash + 1 : path, is_dir);
}

static bool excluded(const char *path)
{
	return judge(path, false) == SOURCE_EXCLUDED;
}

static void what_nobody_wants(void **state)
{
	static const char *const rubbish[] = {"__pycache__", "a.pyc",  "a.pyo", "lib/.git", ".hg",       ".svn",
					      "a.py~",       ".a.swp", "#a#",   ".#a",      ".DS_Store", ".romfs-12-0"};
	static const char *const wanted[] = {"a.py", "a.pyx",   ".gitignore", "git",      "a~b",      "a.swp",
					     "#a",   "pycache", ".a",         ".romfs-a", "a.romfs-1"};

	(void)state;
	for (size_t i = 0; i < sizeof(rubbish) / sizeof(rubbish[0]); i++) {
		rules.all = false;
		assert_int_equal(judge(rubbish[i], false), SOURCE_LEFT_OUT);
		assert_int_equal(judge(rubbish[i], true), SOURCE_LEFT_OUT);
		rules.all = true;
		assert_int_equal(judge(rubbish[i], false), SOURCE_PACKED);
	}
	rules.all = false;
	for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++)
		assert_int_equal(judge(wanted[i], false), SOURCE_PACKED);
}

static void names_at_any_depth(void **state)
{
	(void)state;
	exclude("*.txt");
	exclude("li?");
	assert_true(excluded("a.txt"));
	assert_true(excluded("x/y/.txt"));
	assert_true(excluded("x/lib"));
	assert_false(excluded("libs"));
	assert_false(excluded("a.txt.py"));
}

static void paths_from_the_top(void **state)
{
	(void)state;
	exclude("lib/*.py");
	exclude("./one");
	exclude("/two");
	exclude(".//./three/x");
	assert_true(excluded("lib/a.py"));
	assert_false(excluded("lib/net/a.py"));
	assert_false(excluded("x/lib/a.py"));
	assert_true(excluded("one"));
	assert_false(excluded("x/one"));
	assert_true(excluded("two"));
	assert_false(excluded("x/two"));
	assert_true(excluded("three/x"));
	exclude(".hidden");
	assert_true(excluded("x/.hidden"));
}

static void directories_alone(void **state)
{
	(void)state;
	exclude("lib/");
	exclude("./a/b//");
	assert_int_equal(judge("x/lib", true), SOURCE_EXCLUDED);
	assert_int_equal(judge("x/lib", false), SOURCE_PACKED);
	assert_int_equal(judge("a/b", true), SOURCE_EXCLUDED);
	assert_int_equal(judge("x/a/b", true), SOURCE_PACKED);
}

static void what_has_matched(void **state)
{
	(void)state;
	exclude("*.py");
	exclude("a.py");
	exclude("b.py");
	exclude("__pycache__");
	assert_true(excluded("a.py"));
	assert_true(rules.globs[0].matched && rules.globs[1].matched);
	assert_false(rules.globs[2].matched || rules.globs[3].matched);
	assert_int_equal(judge("__pycache__", true), SOURCE_EXCLUDED);
	assert_true(rules.globs[3].matched);
	assert_string_equal(rules.globs[1].typed, "a.py");
}

static void what_names_nothing(void **state)
{
	static const char *const bad[] = {"", "/", "./", ".", "././", "//"};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(source_rules_exclude(&rules, bad[i]), -EINVAL);
	assert_int_equal(rules.glob_count, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(what_nobody_wants, forget),  cmocka_unit_test_teardown(names_at_any_depth, forget),
		cmocka_unit_test_teardown(paths_from_the_top, forget), cmocka_unit_test_teardown(directories_alone, forget),
		cmocka_unit_test_teardown(what_has_matched, forget),   cmocka_unit_test_teardown(what_names_nothing, forget),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
