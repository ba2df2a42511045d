/* SPDX-License-Identifier: MIT */
#include "share/share_tree.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <linux/fs.h>

#include <cmocka.h>

#include "tests/unit/share_folder.h"

static struct share_tree *tree;

static int open_tree(bool writable)
{
	int err = share_folder_make(NULL);

	return err ? err : share_tree_open(&tree, "top", writable, NULL);
}

static int make_tree(void **state)
{
	(void)state;
	return open_tree(true);
}

static int make_read_only(void **state)
{
	(void)state;
	return open_tree(false);
}

static int remove_tree(void **state)
{
	share_tree_close(tree);
	tree = NULL;
	return share_folder_remove(state);
}

/* 'f', 'd' or a negative errno. */
static int what(const char *path)
{
	struct stat status;
	int err = share_tree_stat(tree, path, strlen(path), &status);

	return err ? err : S_ISDIR(status.st_mode) ? 'd' : 'f';
}

/* 0 or a negative errno of opening PATH with FLAGS; what is opened for reading has to be what is inside. */
static int try_open(const char *path, int flags)
{
	struct stat status;
	char bytes[10] = "";
	int fd = share_tree_file(tree, path, strlen(path), flags, &status);

	if (fd < 0)
		return fd;
	assert_true(S_ISREG(status.st_mode));
	assert_int_equal(fcntl(fd, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
	if ((flags & O_ACCMODE) != O_WRONLY && read(fd, bytes, sizeof(bytes) - 1) > 0)
		assert_string_equal(bytes, "inside");
	close(fd);
	return 0;
}

static int do_mkdir(const char *path)
{
	return share_tree_mkdir(tree, path, strlen(path));
}

static int do_rmdir(const char *path)
{
	return share_tree_rmdir(tree, path, strlen(path));
}

static int do_remove(const char *path)
{
	return share_tree_remove(tree, path, strlen(path));
}

static int do_rename(const char *from, const char *to)
{
	return share_tree_rename(tree, from, strlen(from), to, strlen(to));
}

static bool add_name(void *context, const struct share_entry *entry)
{
	char *names = context;

	sprintf(names + strlen(names), "%s%s:%d ", entry->name, entry->is_dir ? "/" : "", (int)entry->size);
	return true;
}

/* The entries of PATH behind AFTER, or "-errno". */
static const char *list(const char *path, const char *after)
{
	static char names[4096];

	*names = '\0';
	int done = share_tree_list(tree, path, strlen(path), after, add_name, names);
	if (done < 0)
		sprintf(names, "%d", done);
	else
		assert_int_equal(done, 1);
	return names;
}

static void what_cannot_be_shared(void **state)
{
	struct diag diag = {0};

	(void)state;
	assert_int_equal(share_tree_open(&tree, "missing", false, &diag), -ENOENT);
	assert_null(tree);
	assert_string_equal(diag.text, "missing: no such directory");
	assert_int_equal(share_tree_open(&tree, "out/f", false, &diag), -ENOTDIR);
	assert_string_equal(diag.text, "out/f: not a directory");
	share_tree_close(NULL);
	/* A person may name it by any link. */
	assert_int_equal(share_tree_open(&tree, "top/leads_in", false, &diag), 0);
	assert_int_equal(what("e/f"), 'f');
}

static void what_is_there(void **state)
{
	(void)state;
	assert_int_equal(what(""), 'd');
	assert_int_equal(what("d"), 'd');
	assert_int_equal(what("d/e/f"), 'f');
	assert_int_equal(what("leads_in/e/f"), 'f');
	assert_int_equal(what("to_f"), 'f');
	assert_int_equal(what("missing"), -ENOENT);
	assert_int_equal(what("d/e/f/g"), -ENOTDIR);
	assert_int_equal(try_open("d/e/f", O_RDONLY), 0);
	assert_int_equal(try_open("d/e/f", O_RDWR), 0);
	assert_int_equal(try_open("d", O_RDONLY), -EISDIR);
	assert_int_equal(try_open("", O_RDONLY), -EISDIR);
	assert_int_equal(try_open("missing", O_RDONLY), -ENOENT);
	assert_int_equal(try_open("d/e/f", O_RDWR | O_CREAT | O_EXCL), -EEXIST);
	assert_int_equal(try_open("d", O_RDWR | O_CREAT | O_EXCL), -EEXIST);
	assert_string_equal(list("d", ""), "e/:0 ");
	assert_string_equal(list("", ""), "d/:0 leads_in/:0 to_f:6 ");
	assert_string_equal(list("", "d"), "leads_in/:0 to_f:6 ");
	assert_string_equal(list("", "to_f"), "");
	assert_string_equal(list("d/e/f", ""), "-20");
	assert_string_equal(list("missing", ""), "-2");
}

/* Every way of asking for PATH fails with EXPECTED. */
static void refused(const char *path, size_t len, int expected)
{
	struct stat status;
	struct statvfs fs;
	char name[SHARE_TREE_NAME_MAX + 1];

	assert_int_equal(share_tree_stat(tree, path, len, &status), expected);
	assert_int_equal(share_tree_place(tree, path, len, &status, name), expected);
	assert_int_equal(share_tree_file(tree, path, len, O_RDONLY, &status), expected);
	assert_int_equal(share_tree_file(tree, path, len, O_RDWR | O_CREAT | O_TRUNC, &status), expected);
	assert_int_equal(share_tree_list(tree, path, len, "", add_name, NULL), expected);
	assert_int_equal(share_tree_mkdir(tree, path, len), expected);
	assert_int_equal(share_tree_rmdir(tree, path, len), expected);
	assert_int_equal(share_tree_remove(tree, path, len), expected);
	assert_int_equal(share_tree_rename(tree, path, len, "x", 1), expected);
	assert_int_equal(share_tree_rename(tree, "d", 1, path, len), expected);
	assert_int_equal(share_tree_statvfs(tree, path, len, &fs), expected);
}

static void paths_that_are_none(void **state)
{
	static const char *const paths[] = {
		"..",     ".",     "/",      "/etc",   "/d",        "d/",           "d//e",
		"./d",    "d/./e", "d/../d", "d/..",   "../out/f",  "../top",       "d/../../out",
		"d/e/..", "//",    "\xff",   "d/\xc3", "a\xc0\xaf", "\xed\xa0\x80", "d/\xf5\x80\x80\x80",
	};
	static char longest[70000];

	(void)state;
	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++)
		refused(paths[i], strlen(paths[i]), -EINVAL);
	refused("d\0e", 3, -EINVAL);
	refused("\0", 1, -EINVAL);
	refused("d/e/f\0", 6, -EINVAL);
	memset(longest, 'x', sizeof(longest));
	refused(longest, sizeof(longest), -ENAMETOOLONG);
	refused(longest, PATH_MAX, -ENAMETOOLONG);
	refused(longest, 256, -ENAMETOOLONG);
	for (size_t i = 1; i < sizeof(longest); i += 2)
		longest[i] = '/';
	refused(longest, PATH_MAX, -ENAMETOOLONG);
	assert_int_equal(share_tree_mkdir(tree, longest, PATH_MAX - 1), -ENOENT);
	memset(longest, 'x', 255);
	assert_int_equal(share_tree_mkdir(tree, longest, 255), 0);
	assert_int_equal(share_tree_rmdir(tree, longest, 255), 0);
	/* What only looks dangerous. */
	assert_int_equal(do_mkdir("..."), 0);
	assert_int_equal(do_mkdir("..a"), 0);
	assert_int_equal(do_mkdir("a.."), 0);
	assert_int_equal(do_mkdir("\\..\\out"), 0);
	assert_int_equal(do_mkdir("\xc3\xa4"), 0);
}

static void links_that_lead_out(void **state)
{
	static const char *const paths[] = {
		"leads_out", "leads_out/f", "d/out",    "d/out/f",      "absolute",       "absolute/f",    "to_secret",
		"to_new",    "up",          "up/out/f", "up/top/d/e/f", "leads_in/out/f", "leads_out/new", "leads_out/d",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		assert_int_equal(what(paths[i]), -EACCES);
		assert_int_equal(try_open(paths[i], O_RDONLY), -EACCES);
		assert_int_equal(try_open(paths[i], O_WRONLY | O_TRUNC), -EACCES);
		assert_int_equal(try_open(paths[i], O_WRONLY | O_CREAT | O_EXCL), -EACCES);
		assert_string_equal(list(paths[i], ""), "-13");
	}
	assert_int_equal(do_mkdir("leads_out/new"), -EACCES);
	assert_int_equal(do_rmdir("leads_out/d"), -EACCES);
	assert_int_equal(do_remove("d/out/f"), -EACCES);
	assert_int_equal(do_rename("d/e/f", "leads_out/new"), -EACCES);
	assert_int_equal(do_rename("leads_out/f", "new"), -EACCES);
	assert_int_equal(do_mkdir("to_new"), -EEXIST);
	assert_int_equal(try_open("broken", O_RDONLY), -ENOENT);
	assert_int_equal(try_open("loop", O_RDONLY), -ELOOP);
	/* A link that leads nowhere inside is where a file is made, as everywhere. */
	assert_int_equal(try_open("broken", O_WRONLY | O_CREAT), 0);
	assert_int_equal(access("top/nothing", F_OK), 0);
	/* The link itself is inside. */
	assert_int_equal(do_rename("to_secret", "d/e/moved"), 0);
	assert_int_equal(what("d/e/moved"), -EACCES);
	assert_int_equal(do_remove("leads_out"), 0);
}

/* /proc/self/fd is full of links that lead anywhere without a path; only what leads there is refused. */
static void magic_links(void **state)
{
	char path[100];
	int fd = open("out/f", O_RDONLY | O_CLOEXEC);

	(void)state;
	share_tree_close(tree);
	assert_int_equal(share_tree_open(&tree, "/proc/self", true, NULL), 0);
	assert_int_equal(what("status"), 'f');
	snprintf(path, sizeof(path), "fd/%d", fd);
	assert_int_equal(what(path), -ELOOP);
	assert_int_equal(try_open(path, O_RDONLY), -ELOOP);
	assert_int_equal(what("root/etc"), -ELOOP);
	assert_int_equal(what("cwd"), -ELOOP);
	close(fd);
}

static void changes(void **state)
{
	(void)state;
	assert_int_equal(try_open("new", O_WRONLY | O_CREAT), 0);
	share_folder_expect("top/new", "");
	assert_int_equal(try_open("d/e/f", O_WRONLY | O_TRUNC), 0);
	share_folder_expect("top/d/e/f", "");
	assert_int_equal(do_mkdir("made"), 0);
	assert_int_equal(do_mkdir("made"), -EEXIST);
	assert_int_equal(do_rename("new", "made/newer"), 0);
	assert_int_equal(do_rmdir("made"), -ENOTEMPTY);
	assert_int_equal(do_remove("made"), -EISDIR);
	assert_int_equal(do_rmdir("made/newer"), -ENOTDIR);
	assert_int_equal(do_remove("made/newer"), 0);
	assert_int_equal(do_rmdir("made"), 0);
	assert_int_equal(do_rmdir("made"), -ENOENT);
	assert_int_equal(do_rename("d", "d/e/d"), -EINVAL);
	assert_int_equal(do_mkdir(""), -EEXIST);
	assert_int_equal(do_rmdir(""), -EBUSY);
	assert_int_equal(do_remove(""), -EISDIR);
	assert_int_equal(do_rename("", "x"), -EBUSY);
	assert_int_equal(do_rename("d", ""), -EBUSY);
}

/* PATH is NAME in the directory DIR, which is the test's path of it. */
static void expect_place(const char *path, const char *dir, const char *name)
{
	char found_name[SHARE_TREE_NAME_MAX + 1];
	struct stat found, status;

	assert_int_equal(share_tree_place(tree, path, strlen(path), &found, found_name), 0);
	assert_int_equal(stat(dir, &status), 0);
	assert_int_equal(found.st_ino, status.st_ino);
	assert_int_equal(found.st_dev, status.st_dev);
	assert_string_equal(found_name, name);
}

static void places(void **state)
{
	struct stat status;
	char name[SHARE_TREE_NAME_MAX + 1];

	(void)state;
	expect_place("d", "top", "d");
	expect_place("d/e/f", "top/d/e", "f");
	expect_place("d/missing", "top/d", "missing");
	expect_place("leads_in/new", "top/d", "new");
	expect_place("leads_in", "top", "leads_in");
	expect_place("leads_out", "top", "leads_out");
	assert_int_equal(share_tree_place(tree, "leads_out/f", 11, &status, name), -EACCES);
	assert_int_equal(share_tree_place(tree, "missing/f", 9, &status, name), -ENOENT);
	assert_int_equal(share_tree_place(tree, "", 0, &status, name), -EBUSY);
	/* Whatever has become of the name that was shared. */
	assert_int_equal(rename("top", "renamed"), 0);
	expect_place("d/e/f", "renamed/d/e", "f");
	assert_int_equal(rename("renamed", "top"), 0);
}

static void read_only(void **state)
{
	(void)state;
	assert_false(share_tree_writable(tree));
	assert_int_equal(try_open("d/e/f", O_RDONLY), 0);
	assert_int_equal(try_open("d/e/f", O_WRONLY), -EROFS);
	assert_int_equal(try_open("d/e/f", O_RDWR), -EROFS);
	assert_int_equal(try_open("d/e/f", O_RDONLY | O_TRUNC), -EROFS);
	assert_int_equal(try_open("new", O_RDONLY | O_CREAT), -EROFS);
	assert_int_equal(try_open("missing", O_WRONLY | O_CREAT), -EROFS);
	assert_int_equal(do_mkdir("new"), -EROFS);
	assert_int_equal(do_rmdir("d/e"), -EROFS);
	assert_int_equal(do_remove("d/e/f"), -EROFS);
	assert_int_equal(do_rename("d/e/f", "g"), -EROFS);
	share_folder_expect("top/d/e/f", "inside");
}

static void what_is_no_file(void **state)
{
	(void)state;
	assert_int_equal(mkfifo("top/fifo", 0600), 0);
	if (symlink("/dev/zero", "top/zero") < 0)
		fail();
	/* None of these waits for somebody at the other end. */
	assert_int_equal(what("fifo"), -ENOENT);
	assert_int_equal(try_open("fifo", O_RDONLY), -EPERM);
	assert_int_equal(try_open("fifo", O_WRONLY), -EPERM);
	assert_int_equal(try_open("fifo", O_RDWR | O_CREAT), -EPERM);
	assert_int_equal(try_open("fifo", O_RDWR | O_CREAT | O_EXCL), -EEXIST);
	assert_int_equal(try_open("zero", O_RDONLY), -EACCES);
	assert_string_equal(list("", ""), "d/:0 leads_in/:0 to_f:6 ");
	share_tree_close(tree);
	assert_int_equal(share_tree_open(&tree, "/dev", true, NULL), 0);
	assert_int_equal(what("zero"), -ENOENT);
	assert_int_equal(try_open("zero", O_RDONLY), -EPERM);
	assert_int_equal(try_open("null", O_WRONLY), -EPERM);
	assert_int_equal(try_open("tty", O_RDWR), -EPERM);
}

static void names_that_are_not_utf8(void **state)
{
	(void)state;
	share_folder_write("top/\xff", "x", 1);
	share_folder_write("top/\xc3\xa4", "x", 1);
	assert_string_equal(list("", ""), "d/:0 leads_in/:0 to_f:6 \xc3\xa4:1 ");
}

static bool stop_at_second(void *context, const struct share_entry *entry)
{
	(void)entry;
	return ++*(int *)context < 2;
}

static void a_listing_that_is_cut(void **state)
{
	char name[40];
	int count = 0;

	(void)state;
	assert_int_equal(do_mkdir("many"), 0);
	for (int i = 0; i < 3000; i++) {
		snprintf(name, sizeof(name), "top/many/%05d", i);
		share_folder_write(name, "", 0);
	}
	assert_int_equal(share_tree_list(tree, "many", 4, "", stop_at_second, &count), 0);
	assert_int_equal(count, 2);
	assert_string_equal(list("many", "02997"), "02998:0 02999:0 ");
}

/* Two names that somebody exchanges all the time. */
struct swap {
	const char *a, *b;
	atomic_bool stop;
};

static void *swapper(void *context)
{
	struct swap *swap = context;

	while (!swap->stop)
		syscall(SYS_renameat2, AT_FDCWD, swap->a, AT_FDCWD, swap->b, RENAME_EXCHANGE);
	return NULL;
}

/* What was asked, and how often it was done and how often refused. */
struct tally {
	unsigned done, refused;
};

static void count(struct tally *tally, int result)
{
	if (result >= 0 || result == -EEXIST)
		tally->done++;
	else
		tally->refused++;
}

static bool no_secret(void *context, const struct share_entry *entry)
{
	(void)context;
	assert_int_not_equal(strcmp(entry->name, "f"), 0);
	return true;
}

/* One of each request to what lies in top/d, which is now the directory and now the link to out/. */
static void ask_all(struct tally *tally)
{
	struct stat status;

	int result = share_tree_stat(tree, "d/f", 3, &status);
	assert_true(result < 0);
	assert_true(try_open("d/f", O_RDONLY) < 0);
	assert_true(try_open("d/f", O_RDWR) < 0);
	count(tally, try_open("d/e/f", O_RDONLY));
	count(tally, try_open("d/new", O_WRONLY | O_CREAT));
	count(tally, do_mkdir("d/made"));
	count(tally, do_rename("d/new", "d/newer"));
	count(tally, do_rmdir("d/made"));
	count(tally, do_remove("d/newer"));
	assert_true(do_rmdir("d/d") < 0);
	assert_true(do_remove("d/f") < 0);
	assert_true(do_rename("d/f", "stolen") < 0);
	count(tally, share_tree_list(tree, "d", 1, "", no_secret, NULL));
}

/* Asks until both were seen often. A computer that does not get to it ends the test, not this. */
static void race(const char *a, const char *b, void (*ask)(struct tally *tally))
{
	struct swap swap = {a, b, false};
	struct tally tally = {0};
	pthread_t thread;

	assert_int_equal(pthread_create(&thread, NULL, swapper, &swap), 0);
	for (int i = 0; i < 100000 && (i < 2000 || tally.done < 1000 || tally.refused < 1000); i++)
		ask(&tally);
	swap.stop = true;
	pthread_join(thread, NULL);
}

static void a_directory_that_becomes_a_link(void **state)
{
	(void)state;
	assert_int_equal(unlink("top/d/out"), 0);
	race("top/d", "top/leads_out", ask_all);
}

static void ask_file(struct tally *tally)
{
	count(tally, try_open("d/e/f", O_RDONLY));
	count(tally, try_open("d/e/f", O_RDWR));
	count(tally, try_open("d/e/f", O_RDWR | O_CREAT | O_APPEND));
}

/* In d/e the link leads to out/f, too, by d/out. */
static void a_file_that_becomes_a_link(void **state)
{
	(void)state;
	race("top/d/e/f", "top/to_secret", ask_file);
}

static void a_file_that_becomes_a_fifo(void **state)
{
	(void)state;
	assert_int_equal(mkfifo("top/fifo", 0600), 0);
	race("top/d/e/f", "top/fifo", ask_file);
}

/* A directory that is moved out while paths through its `..` are walked: openat2 cannot always tell, and must not be waited for. */
static void ask_through_link(struct tally *tally)
{
	count(tally, try_open("back/d/e/f", O_RDONLY));
}

static void a_directory_that_moves(void **state)
{
	(void)state;
	if (mkdir("top/m", 0700) < 0 || mkdir("top/m/n", 0700) < 0 || mkdir("out/d/n", 0700) < 0 ||
	    symlink("m/n/../../", "top/back") < 0)
		fail();
	race("top/m/n", "out/d/n", ask_through_link);
	assert_int_equal(rmdir("out/d/n"), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(what_cannot_be_shared, share_folder_make, remove_tree),
		cmocka_unit_test_setup_teardown(what_is_there, make_tree, remove_tree),
		cmocka_unit_test_setup_teardown(paths_that_are_none, make_tree, remove_tree),
		cmocka_unit_test_setup_teardown(links_that_lead_out, make_tree, remove_tree),
		cmocka_unit_test_setup_teardown(magic_links, make_tree, remove_tree),
		cmocka_unit_test_setup_teardown(changes, make_tree, remove_tree),
		cmocka_unit_test_setup_teardown(places, make_tree, remove_tree),
		cmocka_unit_test_setup_teardown(read_only, make_read_only, remove_tree),
		cmocka_unit_test_setup_teardown(what_is_no_file, make_tree, remove_tree),
		cmocka_unit_test_setup_teardown(names_that_are_not_utf8, make_tree, remove_tree),
		cmocka_unit_test_setup_teardown(a_listing_that_is_cut, make_tree, remove_tree),
		cmocka_unit_test_setup_teardown(a_directory_that_becomes_a_link, make_tree, remove_tree),
		cmocka_unit_test_setup_teardown(a_file_that_becomes_a_link, make_tree, remove_tree),
		cmocka_unit_test_setup_teardown(a_file_that_becomes_a_fifo, make_tree, remove_tree),
		cmocka_unit_test_setup_teardown(a_directory_that_moves, make_tree, remove_tree),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
