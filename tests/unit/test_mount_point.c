/* SPDX-License-Identifier: MIT */
#include "fuse/mount_point.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static FILE *text_file(const char *text)
{
	FILE *file = fmemopen((void *)(uintptr_t)text, strlen(text), "r");

	assert_non_null(file);
	return file;
}

static bool in_use(const char *real, char *device, size_t size)
{
	FILE *mounts = text_file(
		"22 27 0:21 / /proc rw,nosuid shared:13 - proc proc rw\n"
		"30 27 0:30 / /mnt/other rw shared:2 - fuse.sshfs host:/ rw,user_id=0\n"
		"31 27 0:31 / /mnt/a\\040board rw,nosuid - fuse.mpremotefs exec:scripts/board\\040--heap\\0401M rw,user_id=0\n"
		"32 27 0:32 / /mnt/b rw shared:5 master:6 - fuse.mpremotefs /dev/ttyACM0 rw\n"
		"33 nonsense\n");
	bool found = mount_point_in_use(mounts, real, device, size);

	fclose(mounts);
	return found;
}

static void mounts_of_ours_are_found(void **state)
{
	char device[64] = "";

	(void)state;
	assert_true(in_use("/mnt/a board", device, sizeof(device)));
	assert_string_equal(device, "exec:scripts/board --heap 1M");
	assert_true(in_use("/mnt/b", device, sizeof(device)));
	assert_string_equal(device, "/dev/ttyACM0");
	assert_true(in_use("/mnt/b", device, 8));
	assert_string_equal(device, "/dev/tt");
	assert_false(in_use("/mnt/other", device, sizeof(device)));
	assert_false(in_use("/mnt", device, sizeof(device)));
	assert_false(in_use("/mnt/a\\040board", device, sizeof(device)));
}

static bool may_allow_other(const char *text)
{
	FILE *conf = text_file(text);
	bool may = mount_point_users_may_allow_other(conf);

	fclose(conf);
	return may;
}

static void user_allow_other_is_a_line_of_its_own(void **state)
{
	(void)state;
	assert_true(may_allow_other("# a comment\n\n  user_allow_other  # yes\n"));
	assert_true(may_allow_other("mount_max = 5\nuser_allow_other"));
	assert_false(may_allow_other("#user_allow_other\n"));
	assert_false(may_allow_other("nouser_allow_other\nuser_allow_others\n"));
	assert_false(may_allow_other("\n"));
}

static int set_up(void **state)
{
	char template[] = "/tmp/test_mount_point-XXXXXX";

	*state = mkdtemp(template) ? strdup(template) : NULL;
	return *state ? chdir(*state) : -1;
}

static int tear_down(void **state)
{
	int rc = chdir("/");

	rc |= rmdir(*state);
	free(*state);
	return rc;
}

static void expect_refused(const char *given, int err, const char *part)
{
	struct diag diag = {0};
	char *real;
	bool hides;

	assert_int_equal(mount_point_check(given, false, &real, &hides, &diag), -err);
	assert_null(real);
	assert_int_equal(diag.err, err);
	assert_non_null(strstr(diag.text, given));
	assert_non_null(strstr(diag.text, part));
}

static void what_is_no_directory_is_refused(void **state)
{
	int fd = open("file", O_CREAT | O_WRONLY | O_CLOEXEC, 0600);

	(void)state;
	assert_true(fd >= 0);
	close(fd);
	assert_int_equal(symlink("loop", "loop"), 0);
	expect_refused("missing", ENOENT, "mkdir missing");
	expect_refused("file", ENOTDIR, "not a directory");
	expect_refused("file/x", ENOTDIR, "not a directory");
	expect_refused("loop", ELOOP, strerror(ELOOP));
	unlink("loop");
	unlink("file");
}

/* Only where this user can mount at all. */
static void a_directory_is_taken_by_its_real_path(void **state)
{
	struct diag diag = {0};
	bool hides = true;
	char *real, *expected;

	if (access("/dev/fuse", R_OK | W_OK) < 0)
		skip();
	assert_int_equal(mkdir("dir", 0700), 0);
	assert_int_equal(symlink("dir", "link"), 0);
	assert_int_equal(mount_point_check("link/", false, &real, &hides, &diag), 0);
	assert_true(asprintf(&expected, "%s/dir", (char *)*state) > 0);
	assert_string_equal(real, expected);
	assert_false(hides);
	free(real);
	free(expected);
	assert_int_equal(mkdir("dir/.hidden", 0700), 0);
	assert_int_equal(mount_point_check("dir", false, &real, &hides, &diag), 0);
	assert_true(hides);
	free(real);
	unlink("link");
	rmdir("dir/.hidden");
	rmdir("dir");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(mounts_of_ours_are_found),
		cmocka_unit_test(user_allow_other_is_a_line_of_its_own),
		TEST(what_is_no_directory_is_refused),
		TEST(a_directory_is_taken_by_its_real_path),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
