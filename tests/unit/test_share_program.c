/* SPDX-License-Identifier: MIT */
#include "share/share_program.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/unit/share_folder.h"

static struct share_program program;

static int remove_program(void **state)
{
	share_program_clear(&program);
	return share_folder_remove(state);
}

/* Reads it again: it is TEXT. */
static void reads(bool guarded, const char *text)
{
	struct diag diag = {0};

	if (share_program_read(&program, guarded, &diag) < 0)
		fail_msg("%s", diag.text);
	assert_int_equal(program.len, strlen(text));
	assert_memory_equal(program.bytes, text, program.len);
}

/* Reading it again fails, and it is TEXT as before. */
static void refuses(int expected, const char *words, const char *text)
{
	struct diag diag = {0};

	assert_int_equal(share_program_read(&program, true, &diag), expected);
	assert_string_equal(diag.text, words);
	assert_int_equal(program.len, strlen(text));
	assert_memory_equal(program.bytes, text, program.len);
}

static void opens(const char *path)
{
	assert_int_equal(share_program_file(&program, path, NULL), 0);
}

static void a_statement(void **state)
{
	(void)state;
	assert_int_equal(share_program_statement(&program, "print(1)", NULL), 0);
	assert_int_equal(program.len, 8);
	assert_string_equal(program.bytes, "print(1)");
	assert_null(program.path);
}

static void a_file_that_changes(void **state)
{
	(void)state;
	opens("top/d/e/f");
	reads(true, "inside");
	share_folder_write("top/d/e/f", "changed", 7);
	reads(true, "changed");
	share_folder_write("top/d/e/f", "", 0);
	reads(false, "");
	assert_int_equal(unlink("top/d/e/f"), 0);
	refuses(-ENOENT, "top/d/e/f: No such file or directory", "");
	share_folder_write("top/d/e/f", "again", 5);
	reads(true, "again");
}

static void what_cannot_be_read(void **state)
{
	struct diag diag = {0};

	(void)state;
	assert_int_equal(share_program_file(&program, "missing", &diag), -ENOENT);
	assert_string_equal(diag.text, "missing: No such file or directory");
	share_program_clear(&program);
	assert_int_equal(share_program_file(&program, "top", &diag), -EISDIR);
}

/* As the shell's <(...). */
static void a_pipe(void **state)
{
	char path[40];
	int ends[2];

	(void)state;
	assert_int_equal(pipe(ends), 0);
	assert_int_equal(write(ends[1], "piped", 5), 5);
	close(ends[1]);
	snprintf(path, sizeof(path), "/dev/fd/%d", ends[0]);
	opens(path);
	assert_int_equal(program.len, 5);
	assert_null(program.name);
	close(ends[0]);
}

static void a_link_that_is_turned(void **state)
{
	(void)state;
	opens("top/to_f");
	reads(true, "inside");
	assert_int_equal(symlink("d/e/g", "top/turned"), 0);
	share_folder_write("top/d/e/g", "another", 7);
	assert_int_equal(rename("top/turned", "top/to_f"), 0);
	refuses(-EACCES, "top/to_f leads to another file now: where the board may write, it is not read from there", "inside");
	reads(false, "another");
	reads(true, "another");
}

/* What a board could do with the links in a directory that it may write. */
static void a_link_that_comes_in_its_place(void **state)
{
	(void)state;
	opens("top/d/e/f");
	assert_int_equal(symlink("../../../out/f", "top/secret"), 0);
	assert_int_equal(rename("top/secret", "top/d/e/f"), 0);
	refuses(-EACCES, "top/d/e/f leads to another file now: where the board may write, it is not read from there", "inside");
	assert_int_equal(unlink("top/d/e/f"), 0);
	share_folder_write("top/d/e/f", "file", 4);
	reads(true, "file");
	/* On the way to it. */
	assert_int_equal(rename("top/d/e", "top/d/old"), 0);
	assert_int_equal(symlink("../../out", "top/d/e"), 0);
	refuses(-EACCES, "top/d/e/f leads to another file now: where the board may write, it is not read from there", "file");
}

/* As `sed -i` does with a link. */
static void a_file_in_place_of_a_link(void **state)
{
	(void)state;
	opens("top/to_f");
	assert_int_equal(unlink("top/to_f"), 0);
	share_folder_write("top/to_f", "replaced", 8);
	reads(true, "replaced");
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, share_folder_make, remove_program)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_statement),
		TEST(a_file_that_changes),
		TEST(what_cannot_be_read),
		TEST(a_pipe),
		TEST(a_link_that_is_turned),
		TEST(a_link_that_comes_in_its_place),
		TEST(a_file_in_place_of_a_link),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
