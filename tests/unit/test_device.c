/* SPDX-License-Identifier: MIT */
/* Names, terminals, and who may have a port. Ports of real drivers are tested in the virtual machine. */
#include "bytelink/device.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/unit/link_tools.h"

static const struct device_options plain = {.purpose = "mounted at /mnt/first"};

/* Opens DEVICE, which must fail with ERR, and returns what the user would be told. */
static const char *refusal(const char *device, int err)
{
	static struct diag diag;
	struct bytelink *link = (struct bytelink *)&diag;
	int rc;

	diag_clear(&diag);
	rc = device_open(&link, device, &plain, &diag);
	if (rc != -err)
		print_error("%s: %s\n", device, diag.text);
	assert_int_equal(rc, -err);
	assert_null(link);
	assert_int_equal(diag.layer, DIAG_BYTELINK);
	assert_int_equal(diag.err, err);
	return diag.text;
}

static void assert_contains(const char *text, const char *part)
{
	if (!strstr(text, part))
		fail_msg("\"%s\" does not contain \"%s\"", text, part);
}

static void names_become_paths(void **state)
{
	char slave[64], link[] = "/tmp/mpremotefs-test-XXXXXX", path[PATH_MAX], port[80];
	int master = new_pty(slave, sizeof(slave));

	(void)state;
	assert_int_equal(device_resolve(path, sizeof(path), slave, NULL), 0);
	assert_string_equal(path, slave);
	close(mkstemp(link));
	unlink(link);
	assert_int_equal(symlink(slave, link), 0);
	assert_int_equal(device_resolve(path, sizeof(path), link, NULL), 0);
	assert_string_equal(path, slave);
	snprintf(port, sizeof(port), "port:%s", link);
	assert_int_equal(device_resolve(path, sizeof(path), port, NULL), 0);
	assert_string_equal(path, slave);
	unlink(link);
	assert_int_equal(device_resolve(path, sizeof(path), "exec:a b", NULL), 0);
	assert_string_equal(path, "exec:a b");
	assert_int_equal(device_resolve(path, sizeof(path), "socket://h:1", NULL), 0);
	assert_string_equal(path, "socket://h:1");
	assert_int_equal(device_resolve(path, 4, slave, NULL), -ENAMETOOLONG);
	close(master);
}

static void what_is_no_port_is_refused(void **state)
{
	char file[] = "/tmp/mpremotefs-test-XXXXXX";

	(void)state;
	assert_contains(refusal("/dev/no-such-tty", ENOENT), "/dev/no-such-tty: no such device");
	assert_contains(refusal("a999", ENOENT), "/dev/ttyACM999");
	assert_contains(refusal("u999", ENOENT), "/dev/ttyUSB999");
	assert_contains(refusal("c0", EINVAL), "Windows");
	assert_contains(refusal("", EINVAL), "give a path");
	assert_contains(refusal("id:", EINVAL), "\"id:\" is no DEVICE");
	assert_contains(refusal("port:", EINVAL), "\"port:\" is no DEVICE");
	assert_contains(refusal("http://board", EINVAL), "http://board");
	assert_contains(refusal("/tmp", ENOTTY), "/tmp is a directory, not a serial port");
	assert_contains(refusal("/dev/null", ENOTTY), "not a serial port");
	assert_contains(refusal("/dev/tty", ENOTTY), "not a serial port");
	assert_contains(refusal("id:no such serial number", ENODEV), "no such serial number");
	close(mkstemp(file));
	assert_contains(refusal(file, ENOTTY), "a plain file");
	unlink(file);
}

static void auto_is_the_only_usb_port(void **state)
{
	struct device_port *ports;
	size_t i, count, usb = 0;
	char path[PATH_MAX];
	struct diag diag;
	int rc;

	(void)state;
	assert_int_equal(device_list(&ports, &count, true, NULL), 0);
	for (i = 0; i < count; i++) {
		assert_true(strncmp(ports[i].path, "/dev/", 5) == 0);
		usb += ports[i].usb_vendor >= 0;
	}
	device_list_free(ports, count);
	rc = device_resolve(path, sizeof(path), "auto", &diag);
	assert_int_equal(rc, usb == 0 ? -ENODEV : usb == 1 ? 0 : -EEXIST);
}

static void a_terminal_is_raw_and_ours(void **state)
{
	char path[64], back[256];
	unsigned char all[256];
	struct termios termios;
	struct bytelink *link;
	int master = new_pty(path, sizeof(path)), excluded = 0;
	size_t i, have = 0;

	(void)state;
	link = open_link(path);
	assert_string_equal(bytelink_device(link), path);
	for (i = 0; i < sizeof(all); i++)
		all[i] = (unsigned char)i;
	assert_int_equal(bytelink_write_all(link, all, sizeof(all), bytelink_now(link) + PATIENCE_US), 0);
	while (have < sizeof(back))
		have += (size_t)read(master, back + have, sizeof(back) - have);
	assert_memory_equal(back, all, sizeof(all));
	assert_int_equal(write(master, all, sizeof(all)), sizeof(all));
	for (have = 0; have < sizeof(back);) {
		assert_true(bytelink_wait(link, BYTELINK_READABLE, bytelink_now(link) + PATIENCE_US) > 0);
		have += (size_t)bytelink_read(link, back + have, sizeof(back) - have);
	}
	assert_memory_equal(back, all, sizeof(all));
	assert_int_equal(tcgetattr(master, &termios), 0);
	assert_int_equal(termios.c_cflag & (HUPCL | CRTSCTS), 0);
	assert_int_equal(ioctl(master, TIOCGEXCL, &excluded), 0);
	bytelink_close(link);
	close(master);
}

static void closing_gives_the_terminal_back(void **state)
{
	char path[64];
	int master = new_pty(path, sizeof(path)), keeper = open(path, O_RDWR | O_NOCTTY), excluded = 1;

	(void)state;
	bytelink_close(open_link(path));
	assert_int_equal(ioctl(keeper, TIOCGEXCL, &excluded), 0);
	assert_int_equal(excluded, 0);
	bytelink_close(open_link(path));
	close(keeper);
	close(master);
}

static void the_other_sides_end_is_told(void **state)
{
	char path[64], byte;
	int master = new_pty(path, sizeof(path));
	struct bytelink *link = open_link(path);

	(void)state;
	assert_int_equal(write(master, "x", 1), 1);
	close(master);
	assert_true(bytelink_wait(link, BYTELINK_READABLE, INT64_MAX) > 0);
	/* Linux throws away what was not read when the master is closed, or gives it first. */
	if (bytelink_read(link, &byte, 1) == 1)
		assert_int_equal(byte, 'x');
	assert_int_equal(bytelink_read(link, &byte, 1), -ENODEV);
	assert_int_equal(bytelink_write(link, "x", 1), -ENODEV);
	assert_non_null(strstr(bytelink_ended(link), "closed"));
	bytelink_close(link);
}

/* Another process, which says when it is ready and ends when it is told or killed. */
struct other {
	pid_t pid;
	int ready, end;
};

typedef void other_fn(const char *path);

static struct other start_other(other_fn *prepare, const char *path)
{
	int ready[2], end[2];
	struct other other;
	char byte;

	assert_int_equal(pipe2(ready, O_CLOEXEC), 0);
	assert_int_equal(pipe2(end, O_CLOEXEC), 0);
	other.pid = fork();
	assert_true(other.pid >= 0);
	if (other.pid == 0) {
		close(ready[0]);
		close(end[1]);
		prepare(path);
		if (write(ready[1], "r", 1) != 1 || read(end[0], &byte, 1) != 0)
			_exit(1);
		_exit(0);
	}
	close(ready[1]);
	close(end[0]);
	other.ready = ready[0];
	other.end = end[1];
	assert_int_equal(read(other.ready, &byte, 1), 1);
	return other;
}

/* Ends it, and what it has forked, and waits until they have let go of everything. */
static void end_other(const struct other *other, int signal_number)
{
	if (signal_number)
		kill(other->pid, signal_number);
	close(other->end);
	close(other->ready);
	while (waitpid(-1, NULL, 0) > 0)
		; /* what it has forked is ours as well: main has made us their subreaper */
}

static void hold(const char *path)
{
	struct bytelink *link;

	if (device_open(&link, path, &plain, NULL) < 0)
		_exit(1);
}

static const char *with_pid(const char *before, pid_t pid, const char *after)
{
	static char text[200];

	snprintf(text, sizeof(text), "%s%d%s", before, (int)pid, after);
	return text;
}

static void a_holder_is_named_and_its_leftovers_are_not_in_the_way(void **state)
{
	char path[64];
	int master = new_pty(path, sizeof(path));
	struct other other = start_other(hold, path);
	const char *words = refusal(path, EBUSY);

	(void)state;
	assert_contains(words, path);
	assert_contains(words, with_pid("test_device (pid ", other.pid, "), mounted at /mnt/first"));
	end_other(&other, SIGKILL);
	bytelink_close(open_link(path));
	close(master);
}

static void one_process_cannot_take_it_twice_either(void **state)
{
	char path[64];
	int master = new_pty(path, sizeof(path));
	struct bytelink *link = open_link(path);

	(void)state;
	assert_contains(refusal(path, EBUSY), with_pid("(pid ", getpid(), ")"));
	bytelink_close(link);
	bytelink_close(open_link(path));
	close(master);
}

/* What the mount does: takes the port, forks to the background, says there what for. */
static void hold_in_the_background(const char *path)
{
	struct bytelink *link;

	if (device_open(&link, path, &plain, NULL) < 0)
		_exit(1);
	if (fork() != 0)
		_exit(0);
	device_set_purpose(link, "mounted at /mnt/second");
}

static void the_background_process_is_the_holder(void **state)
{
	char path[64];
	int master = new_pty(path, sizeof(path));
	struct other other = start_other(hold_in_the_background, path);
	const char *words = refusal(path, EBUSY);

	(void)state;
	assert_contains(words, "mounted at /mnt/second");
	assert_null(strstr(words, with_pid("(pid ", other.pid, ")")));
	end_other(&other, 0);
	bytelink_close(open_link(path));
	close(master);
}

static void flock_the_tty(const char *path)
{
	int fd = open(path, O_RDWR | O_NOCTTY);

	if (fd < 0 || flock(fd, LOCK_EX | LOCK_NB) < 0)
		_exit(1);
}

static void a_stranger_who_locks_the_tty_is_named(void **state)
{
	char path[64];
	int master = new_pty(path, sizeof(path));
	struct other other = start_other(flock_the_tty, path);

	(void)state;
	assert_contains(refusal(path, EBUSY), with_pid("test_device (pid ", other.pid, ")"));
	end_other(&other, 0);
	bytelink_close(open_link(path));
	close(master);
}

/* Leaves a lock file of the terminal PATH: PID as such files have it, then REST. Its name is in FILE. */
static void leave_lock_file(const char *path, pid_t pid, const char *rest, char *file, size_t size)
{
	FILE *out;

	snprintf(file, size, "%s/LCK..pts_%s", access("/run/lock", W_OK) == 0 ? "/run/lock" : "/tmp", strrchr(path, '/') + 1);
	out = fopen(file, "w");
	assert_non_null(out);
	fprintf(out, "%10d\n%s", (int)pid, rest);
	fclose(out);
}

static void do_nothing(const char *path)
{
	(void)path;
}

static void the_lock_files_of_other_programs_count_while_they_live(void **state)
{
	char path[64], file[100];
	int master = new_pty(path, sizeof(path));
	struct other other = start_other(do_nothing, path);

	(void)state;
	leave_lock_file(path, other.pid, "", file, sizeof(file));
	assert_contains(refusal(path, EBUSY), with_pid("test_device (pid ", other.pid, ")"));
	end_other(&other, 0);
	bytelink_close(open_link(path));
	assert_int_equal(access(file, F_OK), -1);
	close(master);
}

static void a_record_of_ours_with_a_recycled_pid_is_old(void **state)
{
	char path[64], file[100];
	int master = new_pty(path, sizeof(path));
	struct other other = start_other(do_nothing, path);

	(void)state;
	leave_lock_file(path, other.pid, "mpremotefs\nmounted at /mnt/old\n", file, sizeof(file));
	bytelink_close(open_link(path));
	end_other(&other, 0);
	close(master);
}

static void rubbish_in_a_lock_file_is_no_holder(void **state)
{
	char path[64], file[100];
	int master = new_pty(path, sizeof(path));

	(void)state;
	leave_lock_file(path, -1, "\xff\x01 no program\n", file, sizeof(file));
	bytelink_close(open_link(path));
	close(master);
}

/* Opens PATH as a user without rights, in the groups of the whole list, and checks what is said. */
static int told_without_rights(const char *path, const char *expected)
{
	struct bytelink *link;
	struct diag diag = {.err = 0};
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		if (setgroups(0, NULL) < 0 || setgid(65534) < 0 || setuid(65534) < 0)
			_exit(3);
		if (device_open(&link, path, &plain, &diag) != -EACCES)
			_exit(4);
		if (!strstr(diag.text, expected))
			print_error("%s\n", diag.text);
		_exit(strstr(diag.text, expected) ? 0 : 5);
	}
	waitpid(pid, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void permission_denied_names_the_group(void **state)
{
	const struct group *group = getgrnam("dialout");
	char path[64];
	int master;

	(void)state;
	if (getuid() != 0 || !group)
		skip(); /* only root can become a user without rights */
	master = new_pty(path, sizeof(path));
	assert_int_equal(chown(path, 0, group->gr_gid), 0);
	assert_int_equal(chmod(path, 0660), 0);
	assert_int_equal(told_without_rights(path, "sudo usermod -aG dialout $USER"), 0);
	assert_int_equal(chmod(path, 0600), 0);
	assert_int_equal(told_without_rights(path, "Only its owner may use it"), 0);
	close(master);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_become_paths),
		cmocka_unit_test(what_is_no_port_is_refused),
		cmocka_unit_test(auto_is_the_only_usb_port),
		cmocka_unit_test(a_terminal_is_raw_and_ours),
		cmocka_unit_test(closing_gives_the_terminal_back),
		cmocka_unit_test(the_other_sides_end_is_told),
		cmocka_unit_test(a_holder_is_named_and_its_leftovers_are_not_in_the_way),
		cmocka_unit_test(one_process_cannot_take_it_twice_either),
		cmocka_unit_test(the_background_process_is_the_holder),
		cmocka_unit_test(a_stranger_who_locks_the_tty_is_named),
		cmocka_unit_test(the_lock_files_of_other_programs_count_while_they_live),
		cmocka_unit_test(a_record_of_ours_with_a_recycled_pid_is_old),
		cmocka_unit_test(rubbish_in_a_lock_file_is_no_holder),
		cmocka_unit_test(permission_denied_names_the_group),
	};

	if (prctl(PR_SET_CHILD_SUBREAPER, 1) < 0)
		return 1;
	alarm(TEST_SECONDS);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
