/* SPDX-License-Identifier: MIT */
#include "share/share_volume.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void is(const char *words, const char *dir, const char *board, bool writable)
{
	struct share_volume volume;
	struct diag diag = {0};

	assert_int_equal(share_volume_parse(&volume, words, &diag), 0);
	assert_string_equal(volume.dir, dir);
	assert_string_equal(volume.board, board);
	assert_int_equal(volume.writable, writable);
	share_volume_clear(&volume);
}

static void words_are_taken_apart(void **state)
{
	(void)state;
	is("dir", "dir", "/remote", false);
	is("dir:rw", "dir", "/remote", true);
	is("dir:ro", "dir", "/remote", false);
	is("dir:/a", "dir", "/a", false);
	is("dir:/a/b/:rw", "dir", "/a/b", true);
	is("/home/ann/dir:/data:ro", "/home/ann/dir", "/data", false);
	is("a:b", "a:b", "/remote", false);
	is("a:b:/c:rw", "a:b", "/c", true);
	is("a:/b:/c", "a:/b", "/c", false);
	is("rw", "rw", "/remote", false);
}

static void is_refused(const char *words, const char *why)
{
	struct share_volume volume;
	struct diag diag = {0};

	assert_int_equal(share_volume_parse(&volume, words, &diag), -EINVAL);
	assert_int_equal(diag.layer, DIAG_USAGE);
	assert_non_null(strstr(diag.text, why));
	assert_non_null(strstr(diag.text, words));
	assert_null(volume.dir);
}

static void wrong_words_are_refused(void **state)
{
	(void)state;
	is_refused("", "a directory is missing");
	is_refused(":/remote", "a directory is missing");
	is_refused(":rw", "a directory is missing");
	is_refused("dir:/x:wr", "comes :ro, :rw or nothing");
	is_refused("dir:/", "the board's own");
	is_refused("dir:/../x", "no directory of a board");
	is_refused("dir:/x/./y", "no directory of a board");
	is_refused("dir://x", "no directory of a board");
	is_refused("dir:/x//y", "no directory of a board");
	is_refused("dir:/\xff", "no directory of a board");
}

static void explain(const char *words, const char *expected)
{
	struct share_volume volume;
	struct diag diag = {.text = "as before"};

	assert_int_equal(share_volume_parse(&volume, words, NULL), 0);
	share_volume_explain(&volume, &diag);
	assert_non_null(strstr(diag.text, expected));
	share_volume_clear(&volume);
}

static void a_slash_that_was_forgotten_is_told(void **state)
{
	(void)state;
	explain(".:logs", "-v .:/logs;");
	explain("a:b:c/d:rw", "-v a:b:/c/d:rw;");
	explain("dir:wr", "ro or rw");
	explain("dir", "as before");
	explain("dir:", "as before");
	explain("dir:/logs", "as before");
}

static int check(const char *first, const char *second)
{
	struct share_volume volumes[2];
	struct diag diag = {0};

	assert_int_equal(share_volume_parse(&volumes[0], first, &diag), 0);
	assert_int_equal(share_volume_parse(&volumes[1], second, &diag), 0);
	int error = share_volume_check(volumes, 2, &diag);
	share_volume_clear(&volumes[0]);
	share_volume_clear(&volumes[1]);
	assert_true(!error || diag.layer == DIAG_USAGE);
	return error;
}

static void places_must_differ(void **state)
{
	(void)state;
	assert_int_equal(check("a", "b"), -EINVAL);
	assert_int_equal(check("a:/x", "b:/x/y"), -EINVAL);
	assert_int_equal(check("a:/x/y", "b:/x"), -EINVAL);
	assert_int_equal(check("a:/x", "b:/xy"), 0);
	assert_int_equal(check("a:/x", "a:/y"), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(words_are_taken_apart),
		cmocka_unit_test(wrong_words_are_refused),
		cmocka_unit_test(a_slash_that_was_forgotten_is_told),
		cmocka_unit_test(places_must_differ),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
