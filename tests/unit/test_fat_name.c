/* SPDX-License-Identifier: MIT */
#include "board/fat_name.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static bool storable(const char *name)
{
	return fat_name_is_storable(name, strlen(name));
}

static void names_that_stay_as_they_are(void **state)
{
	static const char *const good[] = {"a",         "main.py", ".hidden",      " before", "a b",
					   "x+y,z;=[]", "~",       "a~1",          "-",       "gr\xc3\xbc\xc3\x9f",
					   "\xff\xfe",  "..a",     "'$%^&()@!`{}#"};

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		assert_true(storable(good[i]));
}

static void names_that_would_be_others(void **state)
{
	static const char *const bad[] = {"",    ".", "..",  "a.", "a ", "a. ", " ", "a\\b", "\\",
					  "a\"", "*", "a:b", "<",  ">",  "?",   "|", "\x7f"};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(storable(bad[i]));
	for (char c = 1; c < ' '; c++) {
		const char name[] = {'a', c, 'b', 0};
		assert_false(storable(name));
	}
	assert_false(fat_name_is_storable("a\0b", 3));
}

static void letters_of_ascii_have_no_case(void **state)
{
	(void)state;
	assert_int_equal(fat_name_compare("Main.PY", "mAIN.py"), 0);
	assert_true(fat_name_compare("a", "B") < 0 && fat_name_compare("B", "a") > 0);
	assert_true(fat_name_compare("a", "ab") < 0 && fat_name_compare("ab", "A") > 0);
	assert_true(fat_name_compare("[", "a") < 0 && fat_name_compare("{", "A") > 0); /* beside the letters */
	assert_true(fat_name_compare("@", "`") != 0 && fat_name_compare("[", "{") != 0);
	assert_true(fat_name_compare("\xc3\xbc", "\xc3\x9c") != 0); /* the board knows, not we */
	assert_true(fat_name_compare("\xff", "a") > 0);
	assert_int_equal(fat_name_compare_n("ABx", "aby", 2), 0);
	assert_true(fat_name_compare_n("ABx", "aby", 3) != 0);
	assert_int_equal(fat_name_compare_n("a", "A", 9), 0);
}

static void what_a_power_cut_leaves_of_ours(void **state)
{
	static const char *const ours[] = {"MPREMO~1", "MPREMO~2.PY", "MPREMO~9.TXT", "MPREMO~1.P", "MPREMO~3."};
	static const char *const others[] = {"MPREMO~",       "MPREMO~X",   "mpremo~1", "MPREMOTE",
					     "MPREMO~1.TEXT", "MPREMO~1PY", "main.py",  ""};

	(void)state;
	for (size_t i = 0; i < sizeof(ours) / sizeof(ours[0]); i++)
		assert_true(fat_name_is_torn(ours[i]));
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		assert_false(fat_name_is_torn(others[i]));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_that_stay_as_they_are),
		cmocka_unit_test(names_that_would_be_others),
		cmocka_unit_test(letters_of_ascii_have_no_case),
		cmocka_unit_test(what_a_power_cut_leaves_of_ours),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
