/* SPDX-License-Identifier: MIT */
#include "share/share_files.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cmocka.h>

#include "agent/protocol.h"
#include "tests/unit/share_folder.h"

enum { READ = SHARE_OPEN_READ, WRITE = SHARE_OPEN_WRITE, CREATE = SHARE_OPEN_CREATE, AT_END = -1 };

static struct share_tree *tree;
static struct share_files *files;

static int make_files(void **state)
{
	int err = share_folder_make(state);

	files = share_files_create();
	return err ? err : share_tree_open(&tree, "top", true, NULL);
}

static int remove_files(void **state)
{
	share_files_free(files);
	share_tree_close(tree);
	return share_folder_remove(state);
}

static int open_as(unsigned handle, const char *path, unsigned mode)
{
	struct stat status;

	return share_files_open(files, handle, tree, path, strlen(path), mode, &status);
}

static int write_at(unsigned handle, const char *text, uint32_t offset)
{
	uint32_t size;

	return share_files_write(files, handle, text, strlen(text), offset, &size);
}

/* What 10 bytes at OFFSET are, or "-errno". */
static const char *read_at(unsigned handle, uint32_t offset)
{
	static char text[11];
	uint64_t size;
	ssize_t n = share_files_read(files, handle, text, 10, offset, &size);

	if (n < 0)
		snprintf(text, sizeof(text), "%d", (int)n);
	else
		text[n] = '\0';
	return text;
}

static void reading_and_writing(void **state)
{
	(void)state;
	assert_int_equal(open_as(0, "d/e/f", READ), 0);
	assert_string_equal(read_at(0, 0), "inside");
	assert_string_equal(read_at(0, 2), "side");
	assert_string_equal(read_at(0, 6), "");
	assert_string_equal(read_at(0, 0xffffffff), "");
	assert_int_equal(write_at(0, "x", 0), -EBADF);
	assert_int_equal(open_as(1, "d/e/f", READ | WRITE), 0);
	assert_int_equal(write_at(1, "IN", 0), 0);
	assert_int_equal(write_at(1, "!", (uint32_t)AT_END), 0);
	assert_int_equal(write_at(1, "gap", 9), 0);
	assert_string_equal(read_at(0, 0), "INside!");
	assert_memory_equal(read_at(0, 2), "side!\0\0gap", 10);
	assert_int_equal(open_as(2, "d/e/f", WRITE | SHARE_OPEN_APPEND), 0);
	assert_string_equal(read_at(2, 0), "-9");
	assert_int_equal(write_at(2, "end", 0), 0);
	assert_string_equal(read_at(1, 9), "gapend");
	assert_int_equal(share_files_flush(files, 1), 0);
	assert_int_equal(share_files_flush(files, 0), 0);
	assert_int_equal(open_as(3, "d/e/f", WRITE | SHARE_OPEN_TRUNCATE), 0);
	assert_string_equal(read_at(1, 0), "");
	for (unsigned i = 0; i < 4; i++)
		assert_int_equal(share_files_close(files, i), 0);
	assert_int_equal(open_as(1, "new", WRITE | CREATE | SHARE_OPEN_NEW), 0);
	assert_int_equal(open_as(2, "new", WRITE | CREATE | SHARE_OPEN_NEW), -EEXIST);
	/* A file is read on when its name is gone. */
	assert_int_equal(open_as(0, "d/e/f", READ | WRITE), 0);
	assert_int_equal(unlink("top/d/e/f"), 0);
	assert_int_equal(write_at(0, "still", 0), 0);
	assert_string_equal(read_at(0, 0), "still");
}

static char closed[200];

static void tell(void *context, const struct stat *file)
{
	struct stat status;

	assert_ptr_equal(context, closed);
	assert_int_equal(stat("top/d/e/f", &status), 0);
	strcat(closed, status.st_ino == file->st_ino ? "f " : "another ");
}

static void tell_done(void *context)
{
	assert_ptr_equal(context, closed);
	strcat(closed, "closed ");
}

static void closing_is_told(void **state)
{
	(void)state;
	*closed = '\0';
	share_files_on_close(files, &(struct share_files_listener){tell, tell_done, closed});
	assert_int_equal(open_as(0, "d/e/f", READ), 0);
	assert_int_equal(share_files_close(files, 0), 0);
	assert_int_equal(open_as(0, "d/e/f", WRITE), 0);
	assert_int_equal(share_files_close(files, 0), 0);
	assert_int_equal(open_as(0, "new", WRITE | CREATE), 0);
	assert_int_equal(open_as(0, "d/e/f", READ | WRITE), 0);
	assert_string_equal(closed, "f closed another closed ");
	share_files_close_all(files);
	assert_string_equal(closed, "f closed another closed f closed ");
}

static void modes_that_make_no_sense(void **state)
{
	static const unsigned modes[] = {
		0,
		CREATE,
		SHARE_OPEN_TRUNCATE,
		READ | CREATE,
		READ | SHARE_OPEN_TRUNCATE,
		READ | SHARE_OPEN_APPEND,
		WRITE | SHARE_OPEN_NEW,
		WRITE | 64,
		READ | 128,
		255,
		READ | 256,
	};

	(void)state;
	for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++)
		assert_int_equal(open_as(0, "d/e/f", modes[i]), -EINVAL);
	assert_string_equal(read_at(0, 0), "-9");
	share_folder_expect("top/d/e/f", "inside");
}

static unsigned open_descriptors(void)
{
	unsigned count = 0;

	for (int fd = 0; fd < 1000; fd++)
		count += fcntl(fd, F_GETFD) >= 0;
	return count;
}

static void handles(void **state)
{
	static const unsigned none[] = {SHARE_HANDLES, 255, 65535, 0xffffffff};
	unsigned before = open_descriptors();

	(void)state;
	for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++) {
		assert_int_equal(open_as(none[i], "d/e/f", READ), -EBADF);
		assert_string_equal(read_at(none[i], 0), "-9");
		assert_int_equal(write_at(none[i], "x", 0), -EBADF);
		assert_int_equal(share_files_flush(files, none[i]), -EBADF);
		assert_int_equal(share_files_close(files, none[i]), -EBADF);
	}
	assert_int_equal(share_files_close(files, 0), -EBADF);
	/* However often a board opens and forgets, it has no more than its handles. */
	for (unsigned i = 0; i < 500; i++)
		assert_int_equal(open_as(i % SHARE_HANDLES, "d/e/f", READ), 0);
	assert_int_equal(open_descriptors(), before + SHARE_HANDLES);
	assert_int_equal(share_files_close(files, 7), 0);
	assert_int_equal(share_files_close(files, 7), -EBADF);
	/* What cannot be opened leaves its handle closed. */
	assert_int_equal(open_as(8, "missing", READ), -ENOENT);
	assert_string_equal(read_at(8, 0), "-9");
	share_files_close_all(files);
	assert_int_equal(open_descriptors(), before);
}

static void more_than_the_host_can_open(void **state)
{
	struct rlimit before, limit;

	(void)state;
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
	limit = (struct rlimit){open_descriptors() + 3, before.rlim_max};
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
	int result = 0;
	for (unsigned i = 0; i < SHARE_HANDLES && !result; i++)
		result = open_as(i, "d/e/f", READ);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
	assert_int_equal(result, -EMFILE);
	assert_string_equal(read_at(0, 0), "inside");
}

/* The file NAME of SIZE bytes, all of them a hole. */
static void make_hole(const char *name, off_t size)
{
	share_folder_write(name, "", 0);
	assert_int_equal(truncate(name, size), 0);
}

static void four_gigabytes(void **state)
{
	uint32_t size;
	uint64_t told;

	(void)state;
	make_hole("top/largest", 0xffffffffLL);
	make_hole("top/larger", 0x100000000LL);
	assert_int_equal(open_as(0, "larger", READ), -EFBIG);
	assert_int_equal(open_as(0, "larger", WRITE | SHARE_OPEN_APPEND), -EFBIG);
	assert_int_equal(open_as(0, "larger", WRITE | SHARE_OPEN_TRUNCATE), 0);
	assert_int_equal(open_as(0, "largest", READ | WRITE), 0);
	assert_int_equal(share_files_write(files, 0, "y", 1, 0xfffffffe, &size), 0);
	assert_int_equal(size, 0xffffffff);
	assert_int_equal(write_at(0, "xx", 0xfffffffe), -EFBIG);
	assert_int_equal(write_at(0, "x", (uint32_t)AT_END), -EFBIG);
	assert_int_equal(write_at(0, "", (uint32_t)AT_END), 0);
	assert_string_equal(read_at(0, 0xfffffffe), "y");
	char byte;
	assert_int_equal(share_files_read(files, 0, &byte, 1, 0xfffffffe, &told), 1);
	assert_int_equal(told, 0xffffffff);
	/* It can have grown by others since it was opened. */
	assert_int_equal(share_files_size(files, 0, &size), 0);
	assert_int_equal(size, 0xffffffff);
	make_hole("top/largest", 0x200000000LL);
	assert_int_equal(share_files_size(files, 0, &size), 0);
	assert_int_equal(size, 0xffffffff);
	assert_int_equal(share_files_size(files, 1, &size), -EBADF);
	assert_int_equal(write_at(0, "x", (uint32_t)AT_END), -EFBIG);
	assert_int_equal(unlink("top/largest"), 0);
}

/* What the process may write at most ends in the middle of the second write. */
static void a_limit_of_size(void **state)
{
	static char bytes[3000];
	struct rlimit before, limit;
	uint32_t size;

	(void)state;
	assert_ptr_not_equal(signal(SIGXFSZ, SIG_IGN), SIG_ERR);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
	limit = (struct rlimit){5000, before.rlim_max};
	assert_int_equal(open_as(0, "new", READ | WRITE | CREATE), 0);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
	int first = share_files_write(files, 0, bytes, sizeof(bytes), 0, &size);
	int second = share_files_write(files, 0, bytes, sizeof(bytes), 3000, &size);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
	assert_int_equal(first, 0);
	assert_int_equal(second, -EFBIG);
	assert_int_equal(share_files_close(files, 0), 0);
}

static bool write_text(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	bool good = fd >= 0 && write(fd, text, strlen(text)) > 0;

	if (fd >= 0)
		close(fd);
	return good;
}

/* The user keeps his numbers in a user namespace of his own, where he may mount (user_namespaces(7)). */
static bool enter_own_namespace(void)
{
	char users[50], groups[50];

	snprintf(users, sizeof(users), "%u %u 1", (unsigned)getuid(), (unsigned)getuid());
	snprintf(groups, sizeof(groups), "%u %u 1", (unsigned)getgid(), (unsigned)getgid());
	return unshare(CLONE_NEWUSER | CLONE_NEWNS) == 0 && write_text("/proc/self/uid_map", users) &&
	       write_text("/proc/self/setgroups", "deny") && write_text("/proc/self/gid_map", groups);
}

/* A disk of 64 KiB at top/. Returns whether it could be made. */
static bool mount_small_disk(void)
{
	if (unshare(CLONE_NEWNS) < 0 && !enter_own_namespace())
		return false;
	return mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 &&
	       mount("small", "top", "tmpfs", 0, "size=64k,mode=777") == 0;
}

static void a_full_disk(void **state)
{
	static char bytes[4096];
	uint32_t size = 0;
	int err = 0;

	(void)state;
	if (!mount_small_disk())
		skip();
	share_tree_close(tree);
	assert_int_equal(share_tree_open(&tree, "top", true, NULL), 0);
	assert_int_equal(open_as(0, "new", WRITE | CREATE), 0);
	for (unsigned i = 0; i < 100 && !err; i++)
		err = share_files_write(files, 0, bytes, 3000, (uint32_t)AT_END, &size);
	assert_int_equal(err, -ENOSPC);
	assert_in_range(size, 60000, 65536);
	assert_int_equal(share_files_close(files, 0), 0);
	assert_int_equal(umount2("top", MNT_DETACH), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(reading_and_writing, make_files, remove_files),
		cmocka_unit_test_setup_teardown(closing_is_told, make_files, remove_files),
		cmocka_unit_test_setup_teardown(modes_that_make_no_sense, make_files, remove_files),
		cmocka_unit_test_setup_teardown(handles, make_files, remove_files),
		cmocka_unit_test_setup_teardown(more_than_the_host_can_open, make_files, remove_files),
		cmocka_unit_test_setup_teardown(four_gigabytes, make_files, remove_files),
		cmocka_unit_test_setup_teardown(a_limit_of_size, make_files, remove_files),
		cmocka_unit_test_setup_teardown(a_full_disk, make_files, remove_files),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
