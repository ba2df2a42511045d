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

/* The board is about to change NAME in DIR. */
static void board_names(const char *dir, const char *name)
{
	struct stat status;

	assert_int_equal(stat(dir, &status), 0);
	watch_own_name(watch, &status, name);
}

static void board_is_done(void)
{
	assert_int_equal(watch_own_done(watch, now, NULL), 0);
}

/* The board changes NAME in DIR by COMMAND. */
static void board_runs(const char *dir, const char *name, const char *command)
{
	board_names(dir, name);
	run(command);
	board_is_done();
}

/* The board makes NAME in DIR, or opens it, for writing. */
static int board_opens(const char *dir, const char *name)
{
	char whole[300];
	int fd;

	board_names(dir, name);
	snprintf(whole, sizeof(whole), "%s/%s", dir, name);
	fd = open(whole, O_WRONLY | O_CREAT, 0600);
	assert_true(fd >= 0);
	board_is_done();
	return fd;
}

static void board_closes(int fd)
{
	struct stat status;

	assert_int_equal(fstat(fd, &status), 0);
	watch_own_file(watch, &status);
	close(fd);
	board_is_done();
}

static void board_writes(const char *dir, const char *name)
{
	board_closes(board_opens(dir, name));
}

static void what_the_board_writes(void **state)
{
	(void)state;
	board_writes("top", "log");
	board_writes("top", "log");
	assert_false(changed());
	run("echo >top/log2");
	assert_true(changed());
	/* By a link, and a directory with what is in it. */
	board_writes("top/leads_in/e", "f");
	board_writes("top", "to_f");
	assert_false(changed());
	board_runs("top", "data", "mkdir top/data");
	board_writes("top/data", "1");
	board_names("top/data", "1");
	board_runs("top/data", "2", "mv top/data/1 top/data/2");
	board_runs("top/data", "2", "rm top/data/2");
	board_runs("top", "data", "rmdir top/data");
	assert_false(changed());
	board_runs("top", "from", "mkdir top/from");
	board_writes("top/from", "file");
	board_names("top", "from");
	board_runs("top", "to", "mv top/from top/to");
	assert_false(changed());
	/* One of two directories that are watched, and lie in each other. */
	assert_int_equal(watch_add(watch, "top/d", NULL), 0);
	board_writes("top/d", "x");
	assert_false(changed());
	run("echo >top/d/y");
	assert_true(changed());
}

static void what_the_board_has_written_is_watched_again(void **state)
{
	(void)state;
	board_writes("top", "log");
	assert_false(changed());
	run("echo >top/log");
	assert_true(changed());
	/* What failed has changed nothing. */
	board_runs("top", "none", "true");
	run("echo >top/none");
	assert_true(changed());
	board_runs("top", "none", "rm top/none");
	run("echo >x && mv x top/none");
	assert_true(changed());
}

static void what_others_do_while_the_board_writes(void **state)
{
	int fd = board_opens("top", "log");

	(void)state;
	run("echo >top/log");
	assert_true(changed());
	run("echo >top/beside");
	assert_true(changed());
	/* In the same moment: another name, the same name elsewhere, another file. */
	board_runs("top", "made", "mkdir top/made && echo >top/d/made");
	assert_true(changed());
	board_runs("top", "gone", "echo >top/other");
	assert_true(changed());
	run("echo >x && mv x top/log");
	assert_true(changed());
	board_closes(fd);
	assert_false(changed());
	run("echo >top/log");
	assert_true(changed());
}

/* The file that the board has open is the same one, whatever it is called now. */
static void what_is_renamed_while_the_board_writes(void **state)
{
	int fd;

	(void)state;
	run("mkdir top/run");
	assert_false(changed());
	fd = board_opens("top/run", "log");
	board_names("top", "run");
	board_runs("top", "done", "mv top/run top/done");
	board_closes(fd);
	assert_false(changed());
	fd = board_opens("top/done", "log");
	run("mv top/done top/d/done");
	assert_true(changed());
	board_closes(fd);
	assert_false(changed());
	fd = board_opens("top/d/done", "log");
	run("mv top/d/done/log top/moved");
	assert_true(changed());
	board_closes(fd);
	assert_false(changed());
	/* Removed, it tells nothing; and another file may have got its number. */
	fd = board_opens("top", "moved");
	board_runs("top", "moved", "rm top/moved");
	board_closes(fd);
	assert_false(changed());
	run("echo >top/new");
	assert_true(changed());
}

static void more_than_can_be_known(void **state)
{
	char longest[8000];
	struct stat status;

	(void)state;
	memset(longest, 'x', sizeof(longest) - 1);
	longest[sizeof(longest) - 1] = '\0';
	board_runs("top", longest, "true");
	for (int i = 0; i < 1000; i++)
		board_names("top", "name");
	assert_int_equal(stat("top/d/e/f", &status), 0);
	for (int i = 0; i < 1000; i++)
		watch_own_file(watch, &status);
	board_runs("top", "another", "echo >top/another");
	assert_true(changed());
}

static void a_root_that_goes_and_comes(void **state)
{
	static const char *const commands[][2] = {
		{"rm -r top", "mkdir top && echo >top/f"},
		{"mv top aside", "mkdir top"},
		{"mv top aside2 && mkdir top", "true"},
		{"rm -r top", "mkdir new && echo >new/f && mv new top"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		int kept = open("top", O_RDONLY | O_DIRECTORY); /* as by a share: then the directory itself tells nothing */

		run(commands[i][0]);
		assert_true(changed());
		close(kept);
		run(commands[i][1]);
		now += 500000;
		assert_false(changed() && changed()); /* it was found by the first, at the latest */
		run("echo >top/file");
		assert_true(changed());
		run("mkdir top/deep && echo >top/deep/file");
		assert_true(changed());
		assert_int_equal(watch_deadline(watch), INT64_MAX);
	}
}

static void a_root_that_goes_and_comes_with_its_directory(void **state)
{
	(void)state;
	run("mkdir -p deep/er/root && echo >deep/er/root/f");
	assert_int_equal(watch_add(watch, "deep/er/root", NULL), 0);
	run("rm -r deep");
	assert_true(changed());
	assert_true(watch_deadline(watch) <= now + 500000);
	now += 500000;
	assert_false(changed());
	run("mkdir -p deep/er/root && echo >deep/er/root/f");
	now += 500000;
	assert_true(changed() || changed());
	run("echo >deep/er/root/f");
	assert_true(changed());
	assert_int_equal(watch_deadline(watch), INT64_MAX);
}

static void a_file_whose_directory_goes_and_comes(void **state)
{
	(void)state;
	run("mkdir other && echo >other/program.py");
	assert_int_equal(watch_add_file(watch, "other/program.py", NULL), 0);
	run("rm -r other");
	assert_true(changed());
	run("mkdir other && echo >other/second");
	now += 500000;
	assert_false(changed());
	run("echo >other/program.py");
	now += 500000;
	assert_true(changed() || changed());
	run("echo >other/program.py");
	assert_true(changed());
	run("echo >other/second");
	assert_false(changed());
}

/* Where the kernel has lost events, directories that were made then are watched all the same. */
static void more_than_the_kernel_keeps(void **state)
{
	char command[200];
	int max = 0;
	FILE *file = fopen("/proc/sys/fs/inotify/max_queued_events", "r");

	(void)state;
	if (!file || fscanf(file, "%d", &max) != 1 || max > 100000)
		max = 0;
	if (file)
		fclose(file);
	if (!max)
		skip();
	snprintf(command, sizeof(command), "cd top && for i in $(seq %d); do : >a; : >b; done; mkdir late", max / 2 + 10);
	run(command);
	assert_true(changed());
	run("echo >top/late/file");
	assert_true(changed());
	assert_false(changed());
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

static void a_file_that_is_a_link(void **state)
{
	(void)state;
	run("mkdir other && echo >other/1 && ln -s 1 other/program.py");
	for (int i = 0; i < 2; i++)
		assert_int_equal(watch_add_file(watch, "other/program.py", NULL), 0);
	assert_false(changed());
	run("ln -sfn 2 other/program.py");
	assert_true(changed());
	run("echo >other/2");
	assert_false(changed());
	run("rm other/program.py && echo >other/program.py");
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
		TEST(what_is_a_change),
		TEST(what_is_none),
		TEST(what_went_away),
		TEST(a_burst_is_one_change),
		TEST(what_the_board_writes),
		TEST(what_the_board_has_written_is_watched_again),
		TEST(what_others_do_while_the_board_writes),
		TEST(what_is_renamed_while_the_board_writes),
		TEST(more_than_can_be_known),
		TEST(a_root_that_goes_and_comes),
		TEST(a_root_that_goes_and_comes_with_its_directory),
		TEST(a_file_whose_directory_goes_and_comes),
		TEST(more_than_the_kernel_keeps),
		TEST(what_cannot_be_watched),
		TEST(its_descriptor),
		TEST(one_file_alone),
		TEST(a_file_that_is_a_link),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
