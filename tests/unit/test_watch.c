/* SPDX-License-Identifier: MIT */
#include "share/watch.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/unit/share_folder.h"

static struct watch *watch;
static int64_t now;

static int make_watch(void **state)
{
	now = 1000000;
	if (share_folder_make(state) < 0 || watch_open(&watch, NULL) < 0)
		return -1;
	return watch_add(watch, "top", NULL);
}

static int remove_watch(void **state)
{
	watch_close(watch);
	return share_folder_remove(state);
}

/* Whether there was a change since the last call. inotify tells at once; the clock is ours. */
static bool changed(void)
{
	assert_int_equal(watch_read(watch, now, NULL), 0);
	bool before = watch_fired(watch, now);
	assert_false(before);
	now += WATCH_QUIET_US;
	return watch_fired(watch, now);
}

static void run(const char *command)
{
	assert_int_equal(system(command), 0); /* NOLINT(cert-env33-c): a fixed command */
}

static void what_is_a_change(void **state)
{
	static const char *const commands[] = {
		"echo >top/new",
		"echo >>top/d/e/f",
		"touch top/d/e/f",
		"mv top/new top/newer",
		"rm top/newer",
		"echo >x && mv x top/d/x",
		"mv top/d/x x",
		"ln out/f top/hard",
		"ln -s nothing top/soft",
		"cp -r top/d top/copy",
		"mv top/copy top/d/moved",
		"echo >top/d/moved/e/f",
		"rm -r top/d/moved",
		"mkdir top/d/made && echo >top/d/made/file",
		"mkdir -p top/x/y/z && echo >top/x/y/z/file",
		"echo >top/x/y/z/file",
		"echo >.tmp && mv .tmp top/d/e/f",
	};

	(void)state;
	assert_false(changed());
	assert_int_equal(watch_deadline(watch), INT64_MAX);
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		run(commands[i]);
		if (!changed())
			fail_msg("not seen: %s", commands[i]);
	}
}

static void what_is_none(void **state)
{
	static const char *const commands[] = {
		"cat top/d/e/f >x",
		"ls -R top >x",
		"echo >out/f && printf secret >out/f",
		"echo >top/.hidden",
		"echo >top/f~",
		"echo >'top/#f#'",
		"echo >top/4913 && rm top/4913",
		"mkdir top/.git && echo >top/.git/index",
		"mkdir top/__pycache__ && echo >top/__pycache__/f.pyc",
		"mkdir top/empty && rmdir top/empty",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		run(commands[i]);
		if (changed())
			fail_msg("taken for a change: %s", commands[i]);
	}
}

static void what_went_away(void **state)
{
	(void)state;
	run("mv top/d out/d/d");
	assert_true(changed());
	run("echo >out/d/d/e/f");
	assert_false(changed());
	run("mv out/d/d top/d");
	assert_true(changed());
	run("echo >top/d/e/f");
	assert_true(changed());
	run("mkdir top/a && mv top/a top/b");
	changed();
	run("echo >top/b/f");
	assert_true(changed());
}

static void a_burst_is_one_change(void **state)
{
	unsigned fired = 0;

	(void)state;
	for (int i = 0; i < 5; i++) {
		run("echo >top/d/e/f");
		assert_int_equal(watch_read(watch, now, NULL), 0);
		assert_int_equal(watch_deadline(watch), now + WATCH_QUIET_US);
		now += WATCH_QUIET_US - 1;
		assert_false(watch_fired(watch, now));
	}
	now += 1;
	assert_true(watch_fired(watch, now));
	assert_false(watch_fired(watch, now));
	/* One that never ends is told all the same. */
	for (int i = 0; i < 30; i++, now += WATCH_QUIET_US / 2) {
		run("echo >top/d/e/f");
		assert_int_equal(watch_read(watch, now, NULL), 0);
		fired += watch_fired(watch, now);
	}
	assert_int_equal(fired, 1);
}

static void what_the_board_writes(void **state)
{
	(void)state;
	watch_own(watch, "top", "log");
	run("echo >top/log");
	assert_false(changed());
	run("echo >>top/log");
	assert_false(changed());
	run("echo >top/log2");
	assert_true(changed());
	/* By a link, and a directory with what is in it. */
	watch_own(watch, "top", "leads_in/e/f");
	watch_own(watch, "top", "to_f");
	run("echo >top/d/e/f");
	assert_false(changed());
	watch_own(watch, "top", "data");
	watch_own(watch, "top", "data/1");
	watch_own(watch, "top", "data/2");
	run("mkdir top/data && echo >top/data/1 && mv top/data/1 top/data/2 && rm -r top/data");
	assert_false(changed());
	watch_own(watch, "top", "from");
	watch_own(watch, "top", "to");
	run("mkdir top/from");
	assert_false(changed());
	run("mv top/from top/to");
	assert_false(changed());
	/* One of two directories that are watched, and lie in each other. */
	assert_int_equal(watch_add(watch, "top/d", NULL), 0);
	watch_own(watch, "top/d", "x");
	run("echo >top/d/x");
	assert_false(changed());
	run("echo >top/d/y");
	assert_true(changed());
	/* A board can make more names than are worth knowing. */
	for (int i = 0; i < 5000; i++) {
		char name[20];

		snprintf(name, sizeof(name), "n%d", i);
		watch_own(watch, "top", name);
	}
	run("echo >top/n4999");
	assert_false(changed());
	run("echo >top/n0");
	assert_true(changed());
	char longest[8000];
	memset(longest, 'x', sizeof(longest) - 1);
	longest[sizeof(longest) - 1] = '\0';
	watch_own(watch, "top", longest);
	watch_own(watch, "top", "missing/deeper/file");
}

static void one_file_alone(void **state)
{
	(void)state;
	run("mkdir other && echo >other/program.py && echo >other/second");
	assert_int_equal(watch_add_file(watch, "other/program.py", NULL), 0);
	assert_false(changed());
	run("echo >other/file && mkdir other/dir && echo >other/dir/file && rm other/second");
	assert_false(changed());
	run("echo >>other/program.py");
	assert_true(changed());
	/* As an editor saves it. */
	run("echo >other/.tmp && mv other/.tmp other/program.py");
	assert_true(changed());
	run("echo >other/second");
	assert_false(changed());
	assert_int_equal(watch_add_file(watch, "other/second", NULL), 0);
	run("echo >other/second");
	assert_true(changed());
	/* In a directory that is watched it is one of many, and the other way round. */
	assert_int_equal(watch_add_file(watch, "top/d/e/f", NULL), 0);
	run("echo >top/d/e/g");
	assert_true(changed());
	assert_int_equal(watch_add(watch, "other", NULL), 0);
	run("echo >other/file");
	assert_true(changed());
	run("echo >other/dir/file");
	assert_true(changed());
}

static void what_cannot_be_watched(void **state)
{
	struct diag diag = {0};

	(void)state;
	assert_int_equal(watch_add(watch, "missing", &diag), -ENOENT);
	assert_string_equal(diag.text, "missing: No such file or directory");
	assert_int_equal(watch_add(watch, "out/f", &diag), -ENOTDIR);
	assert_int_equal(watch_add_file(watch, "missing", &diag), -ENOENT);
	assert_string_equal(diag.text, "missing: No such file or directory");
	watch_close(NULL);
}

static void its_descriptor(void **state)
{
	struct pollfd poll_fd = {watch_fd(watch), POLLIN, 0};

	(void)state;
	assert_int_equal(poll(&poll_fd, 1, 0), 0);
	run("echo >top/new");
	assert_int_equal(poll(&poll_fd, 1, 0), 1);
	assert_true(changed());
	assert_int_equal(poll(&poll_fd, 1, 0), 0);
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, make_watch, remove_watch)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(what_is_a_change),      TEST(what_is_none),           TEST(what_went_away), TEST(a_burst_is_one_change),
		TEST(what_the_board_writes), TEST(what_cannot_be_watched), TEST(its_descriptor), TEST(one_file_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
