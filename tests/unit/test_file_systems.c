/* SPDX-License-Identifier: MIT */
#include "board/file_systems.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/dice.h"

/* The FATs of LINE, one after the other. */
static const char *fats(const char *line)
{
	static char all[256];
	char top[32];

	all[0] = 0;
	for (size_t i = 0; file_systems_fat(line, i, top, sizeof(top)); i++) {
		strcat(all, top);
		strcat(all, " ");
	}
	return all;
}

static void one_file_system(void **state)
{
	(void)state;
	assert_int_equal(file_systems_kind("2", "/"), BOARD_ORDINARY);
	assert_int_equal(file_systems_kind("2", "/sd/x"), BOARD_ORDINARY);
	assert_int_equal(file_systems_kind("22", "/"), BOARD_FAT);
	assert_int_equal(file_systems_kind("22", "/lib/deep"), BOARD_FAT);
	assert_int_equal(file_systems_top("22", "/"), 1);
	assert_int_equal(file_systems_top("22", "/lib"), 1);
	assert_int_equal(file_systems_top("22", "/lib/deep/x"), 1);
	assert_true(file_systems_is_fat("22", "/lib"));
	assert_true(file_systems_is_fat("22", "/lib/deep/x"));
	assert_false(file_systems_is_fat("2", "/lib/deep/x"));
	assert_string_equal(fats("2"), "");
	assert_string_equal(fats("22"), "/ ");
}

static void several(void **state)
{
	static const char line[] = "19//2:flash//22:sd//0:remote";

	(void)state;
	assert_int_equal(file_systems_kind(line, "/"), BOARD_NONE);
	assert_int_equal(file_systems_kind(line, "/none"), BOARD_NONE);
	assert_int_equal(file_systems_kind(line, "/flash"), BOARD_ORDINARY);
	assert_int_equal(file_systems_kind(line, "/flash/sd"), BOARD_ORDINARY);
	assert_int_equal(file_systems_kind(line, "/sd"), BOARD_FAT);
	assert_int_equal(file_systems_kind(line, "/sd/flash"), BOARD_FAT);
	assert_int_equal(file_systems_kind(line, "/sdx"), BOARD_NONE);
	assert_int_equal(file_systems_kind(line, "/s"), BOARD_NONE);
	assert_int_equal(file_systems_kind(line, "/remote/x"), BOARD_ORDINARY);
	assert_int_equal(file_systems_top(line, "/sd"), 1);
	assert_int_equal(file_systems_top(line, "/sd/"), 4);
	assert_int_equal(file_systems_top(line, "/sd/x/y"), 4);
	assert_int_equal(file_systems_top(line, "/flash/x"), 7);
	assert_int_equal(file_systems_top(line, "/none/x"), 1);
	assert_false(file_systems_is_fat(line, "/sd"));
	assert_true(file_systems_is_fat(line, "/sd/x"));
	assert_false(file_systems_is_fat(line, "/flash/sd"));
	assert_false(file_systems_is_fat(line, "/none/x"));
	assert_true(file_systems_is_fat("22//2:flash", "/flash"));
	assert_false(file_systems_is_fat("22//2:flash", "/flash/x"));
	assert_true(file_systems_is_fat("22//2:flash", "/other/x"));
	assert_string_equal(fats(line), "/sd ");
	assert_string_equal(fats("22//22:sd//2:x//22:b c"), "/ /sd /b c ");
	assert_int_equal(file_systems_kind("2//22:sd", "/lib"), BOARD_ORDINARY);
	assert_int_equal(file_systems_kind("22//2:sd", "/sd"), BOARD_ORDINARY);
}

static void further_down(void **state)
{
	static const char line[] = "2//22:mnt/sd//2:mnt/sd/inner//22:a";

	(void)state;
	assert_int_equal(file_systems_kind(line, "/mnt"), BOARD_ORDINARY);
	assert_int_equal(file_systems_kind(line, "/mnt/sd"), BOARD_FAT);
	assert_int_equal(file_systems_kind(line, "/mnt/sdx/y"), BOARD_ORDINARY);
	assert_int_equal(file_systems_kind(line, "/mnt/sd/x"), BOARD_FAT);
	assert_int_equal(file_systems_kind(line, "/mnt/sd/inner"), BOARD_ORDINARY);
	assert_int_equal(file_systems_top(line, "/mnt/x"), 1);
	assert_int_equal(file_systems_top(line, "/mnt/sd"), 1);
	assert_int_equal(file_systems_top(line, "/mnt/sd/"), 8);
	assert_int_equal(file_systems_top(line, "/mnt/sd/x/y"), 8);
	assert_int_equal(file_systems_top(line, "/mnt/sd/inner"), 8);
	assert_int_equal(file_systems_top(line, "/mnt/sd/inner/x"), 14);
	assert_false(file_systems_is_fat(line, "/mnt/sd"));
	assert_true(file_systems_is_fat(line, "/mnt/sd/x"));
	assert_true(file_systems_is_fat(line, "/mnt/sd/inner"));
	assert_false(file_systems_is_fat(line, "/mnt/sd/inner/x"));
	assert_string_equal(fats(line), "/mnt/sd /a ");
}

static void a_name_too_long_for_the_caller_is_left_out(void **state)
{
	char top[4];

	(void)state;
	assert_false(file_systems_fat("2//22:long", 0, top, sizeof(top)));
	assert_true(file_systems_fat("2//22:long//22:sd", 0, top, sizeof(top)));
	assert_string_equal(top, "/sd");
}

static void nonsense_does_no_harm(void **state)
{
	static const char bytes[] = "2/:19fs";
	static const char *const paths[] = {"/", "/f", "/fs/", "/fs/x", "/s/x/y"};

	(void)state;
	for (unsigned seed = 1; seed < 5000; seed++) {
		struct dice dice = {seed};
		char line[24] = "";
		size_t len = dice_roll(&dice, sizeof(line) - 1);

		for (size_t i = 0; i < len; i++)
			line[i] = bytes[dice_roll(&dice, sizeof(bytes) - 1)];
		for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
			size_t top = file_systems_top(line, paths[i]);

			assert_in_range(top, 1, strlen(paths[i]));
			assert_int_equal(paths[i][top - 1], '/');
			file_systems_kind(line, paths[i]);
		}
		for (const char *at = fats(line); *at; at = strchr(at, ' ') + 1)
			assert_int_equal(*at, '/');
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_file_system),       cmocka_unit_test(several),
		cmocka_unit_test(further_down),          cmocka_unit_test(a_name_too_long_for_the_caller_is_left_out),
		cmocka_unit_test(nonsense_does_no_harm),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
