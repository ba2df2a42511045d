/* SPDX-License-Identifier: MIT */
#include "cli/whole_file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/unit/folder.h"

static char folder[FOLDER_SIZE];

static int make_folder(void **state)
{
	(void)state;
	return folder_enter(folder);
}

static int remove_folder(void **state)
{
	(void)state;
	return folder_remove(folder);
}

static void has(const char *name, const char *expected)
{
	char content[100];
	FILE *file = fopen(name, "re");
	size_t n;

	assert_non_null(file);
	n = fread(content, 1, sizeof(content), file);
	fclose(file);
	assert_int_equal(n, strlen(expected));
	assert_memory_equal(content, expected, n);
}

static unsigned count_files(void)
{
	DIR *dir = opendir(".");
	unsigned count = 0;

	assert_non_null(dir);
	while (readdir(dir))
		count++;
	closedir(dir);
	return count - 2;
}

static void new_and_replaced(void **state)
{
	struct stat st;

	(void)state;
	assert_int_equal(whole_file_write(AT_FDCWD, "a", "one", 3, false, NULL, NULL), 0);
	has("a", "one");
	assert_int_equal(whole_file_write(AT_FDCWD, "a", "two", 3, false, NULL, NULL), -EEXIST);
	has("a", "one");
	assert_int_equal(chmod("a", 0604), 0);
	assert_int_equal(whole_file_write(AT_FDCWD, "a", "three", 5, true, NULL, NULL), 0);
	has("a", "three");
	assert_int_equal(stat("a", &st), 0);
	assert_int_equal(st.st_mode & 0777, 0604);
	assert_int_equal(whole_file_write(AT_FDCWD, "a", "", 0, true, NULL, NULL), 0);
	has("a", "");
	assert_int_equal(count_files(), 1);
}

static void beneath_a_directory(void **state)
{
	int dir;

	(void)state;
	assert_int_equal(mkdir("d", 0700), 0);
	dir = open("d", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(dir >= 0);
	assert_int_equal(whole_file_write(dir, "a", "one", 3, false, NULL, NULL), 0);
	close(dir);
	has("d/a", "one");
	assert_int_equal(whole_file_write(AT_FDCWD, "d/a", "two", 3, true, NULL, NULL), 0);
	has("d/a", "two");
	assert_int_equal(whole_file_write(AT_FDCWD, "none/a", "two", 3, true, NULL, NULL), -ENOENT);
}

static void what_is_in_the_way(void **state)
{
	struct stat st;

	(void)state;
	assert_int_equal(mkdir("d", 0700), 0);
	assert_int_equal(mkfifo("fifo", 0600), 0);
	assert_int_equal(whole_file_write(AT_FDCWD, "target", "keep", 4, false, NULL, NULL), 0);
	assert_int_equal(symlink("target", "link"), 0);
	assert_int_equal(whole_file_write(AT_FDCWD, "d", "x", 1, true, NULL, NULL), -EISDIR);
	assert_int_equal(whole_file_write(AT_FDCWD, "fifo", "x", 1, true, NULL, NULL), -EINVAL);
	assert_int_equal(whole_file_write(AT_FDCWD, "link", "x", 1, false, NULL, NULL), -EEXIST);
	assert_int_equal(whole_file_write(AT_FDCWD, "link", "x", 1, true, NULL, NULL), 0);
	has("target", "keep");
	assert_int_equal(lstat("link", &st), 0);
	assert_true(S_ISREG(st.st_mode));
	assert_int_equal(count_files(), 4);
}

/* As on a full disk: nothing is left, and the old file stays. */
static void no_room(void **state)
{
	static char large[100000];
	struct rlimit old, small;

	(void)state;
	assert_int_equal(whole_file_write(AT_FDCWD, "a", "one", 3, false, NULL, NULL), 0);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
	small = (struct rlimit){.rlim_cur = 1000, .rlim_max = old.rlim_max};
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
	int rc = whole_file_write(AT_FDCWD, "a", large, sizeof(large), true, NULL, NULL);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
	assert_int_equal(rc, -EFBIG);
	has("a", "one");
	assert_int_equal(count_files(), 1);
}

/* Whoever asked for it finds at the last moment that what was written is not right. */
static int forbid(void *context)
{
	unsigned *asked = context;

	assert_true(count_files() > 0); /* it is written, under another name */
	++*asked;
	return -ESTALE;
}

static int allow(void *context)
{
	(void)context;
	return 0;
}

static void vetted(void **state)
{
	unsigned asked = 0;

	(void)state;
	assert_int_equal(whole_file_write(AT_FDCWD, "a", "one", 3, false, forbid, &asked), -ESTALE);
	assert_int_equal(asked, 1);
	assert_int_equal(count_files(), 0);
	assert_int_equal(whole_file_write(AT_FDCWD, "a", "one", 3, false, allow, NULL), 0);
	assert_int_equal(whole_file_write(AT_FDCWD, "a", "two", 3, true, forbid, &asked), -ESTALE);
	has("a", "one");
	assert_int_equal(whole_file_write(AT_FDCWD, "a", "two", 3, false, forbid, &asked), -EEXIST);
	assert_int_equal(asked, 2);
	assert_int_equal(count_files(), 1);
}

static int another_program_makes_it(void *context)
{
	(void)context;
	folder_put("name", "another's");
	return 0;
}

static void made_meanwhile(void **state)
{
	(void)state;
	assert_int_equal(whole_file_write(AT_FDCWD, "name", "ours", 4, false, another_program_makes_it, NULL), -EEXIST);
	has("name", "another's");
	assert_int_equal(count_files(), 1);
	assert_int_equal(whole_file_write(AT_FDCWD, "name", "ours", 4, true, another_program_makes_it, NULL), 0);
	has("name", "ours");
}

static const int ends[] = {SIGHUP, SIGINT, SIGQUIT, SIGTERM};

enum { ENDS = sizeof(ends) / sizeof(ends[0]) };

static volatile sig_atomic_t came;

static void on_signal(int signal)
{
	(void)signal;
	came++;
}

static int signals_come(void *context)
{
	(void)context;
	for (size_t i = 0; i < ENDS; i++)
		raise(ends[i]);
	return came ? -EINTR : 0;
}

/* They come when nothing is left that they could leave behind. */
static void signals_wait(void **state)
{
	void (*old[ENDS])(int);

	(void)state;
	for (size_t i = 0; i < ENDS; i++)
		old[i] = signal(ends[i], on_signal);
	came = 0;
	assert_int_equal(whole_file_write(AT_FDCWD, "name", "ours", 4, false, signals_come, NULL), 0);
	assert_int_equal(came, ENDS);
	for (size_t i = 0; i < ENDS; i++)
		signal(ends[i], old[i]);
	has("name", "ours");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(vetted, make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(new_and_replaced, make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(beneath_a_directory, make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(what_is_in_the_way, make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(no_room, make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(made_meanwhile, make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(signals_wait, make_folder, remove_folder),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
