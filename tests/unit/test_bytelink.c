/* SPDX-License-Identifier: MIT */
/* The promises of bytelink.h on the real backends for commands and sockets; test_device.c has those for terminals. */
#include "bytelink/bytelink.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "bytelink/device.h"
#include "tests/unit/link_tools.h"

static void bytes_go_through_a_command(void **state)
{
	struct bytelink *link = open_link("exec:cat");
	unsigned char all[256], back[256];
	size_t i, have = 0;

	(void)state;
	assert_string_equal(bytelink_device(link), "exec:cat");
	for (i = 0; i < sizeof(all); i++)
		all[i] = (unsigned char)i;
	assert_int_equal(bytelink_write_all(link, all, sizeof(all), bytelink_now(link) + PATIENCE_US), 0);
	while (have < sizeof(back) && bytelink_wait(link, BYTELINK_READABLE, bytelink_now(link) + PATIENCE_US) > 0)
		have += (size_t)bytelink_read(link, back + have, sizeof(back) - have);
	assert_memory_equal(all, back, sizeof(all)); /* nothing echoed, nothing translated, 0x03 and 0x04 bytes like others */
	bytelink_close(link);
}

static void nothing_to_read_is_zero(void **state)
{
	struct bytelink *link = open_link("exec:cat");
	char byte;

	(void)state;
	assert_int_equal(bytelink_read(link, &byte, 1), 0);
	assert_int_equal(bytelink_wait(link, BYTELINK_READABLE, bytelink_now(link) - 1), 0);
	assert_int_equal(bytelink_wait(link, BYTELINK_READABLE, bytelink_now(link) + 1000), 0);
	assert_int_equal(bytelink_wait(link, BYTELINK_READABLE | BYTELINK_WRITABLE, INT64_MAX), BYTELINK_WRITABLE);
	bytelink_close(link);
}

static void a_wake_is_told_once(void **state)
{
	struct bytelink *link = open_link("exec:cat");

	(void)state;
	bytelink_wake(link);
	bytelink_wake(link);
	assert_int_equal(bytelink_wait(link, 0, INT64_MAX), BYTELINK_WOKEN);
	assert_int_equal(bytelink_wait(link, 0, bytelink_now(link)), 0);
	bytelink_close(link);
}

static void *wake(void *link)
{
	bytelink_wake(link);
	return NULL;
}

static void another_thread_wakes(void **state)
{
	struct bytelink *link = open_link("exec:cat");
	pthread_t thread;

	(void)state;
	assert_int_equal(pthread_create(&thread, NULL, wake, link), 0);
	assert_int_equal(bytelink_wait(link, BYTELINK_READABLE, INT64_MAX), BYTELINK_WOKEN);
	pthread_join(thread, NULL);
	bytelink_close(link);
}

static void write_all_ends_at_its_deadline_and_keeps_the_wake(void **state)
{
	static const char much[1 << 16];
	char path[64], taken[4096];
	int master = new_pty(path, sizeof(path));
	struct bytelink *link = open_link(path);
	ssize_t n;

	(void)state;
	/* Nobody reads from the master: there is room for some, and then for nothing. */
	while ((n = bytelink_write(link, much, sizeof(much))) > 0)
		;
	assert_int_equal(n, 0);
	bytelink_wake(link);
	assert_int_equal(bytelink_write_all(link, much, sizeof(much), bytelink_now(link) + 20000), -ETIMEDOUT);
	assert_int_equal(bytelink_wait(link, 0, bytelink_now(link)), BYTELINK_WOKEN);
	assert_int_equal(bytelink_wait(link, 0, bytelink_now(link)), 0);
	n = read(master, taken, sizeof(taken)); /* room */
	assert_true(n > 0);
	assert_int_equal(bytelink_write_all(link, "more", 4, bytelink_now(link) + PATIENCE_US), 0);
	do
		n = read(master, taken, sizeof(taken));
	while (n > 0 && taken[n - 1] == much[0]);
	assert_true(n >= 4);
	assert_memory_equal(taken + n - 4, "more", 4);
	bytelink_close(link);
	close(master);
}

static void a_wait_for_nothing_lasts_until_its_deadline(void **state)
{
	struct bytelink *link = open_link("exec:exit 0");
	char seen[8];
	int64_t deadline;

	(void)state;
	assert_int_equal(read_to_end(link, seen, sizeof(seen)), -ENODEV);
	deadline = bytelink_now(link) + 20000;
	assert_int_equal(bytelink_wait(link, 0, deadline), 0);
	assert_true(bytelink_now(link) >= deadline);
	bytelink_close(link);
}

static void close_accepts_null(void **state)
{
	(void)state;
	bytelink_close(NULL);
}

static void a_command_has_a_terminal_of_its_own(void **state)
{
	struct bytelink *link = open_link("exec:echo hello >/dev/tty; read line; echo \"got $line\"");

	(void)state;
	expect(link, "hello\n");
	tell(link, "it\n");
	expect(link, "got it\n");
	bytelink_close(link);
}

static void a_missing_command_is_told_in_the_shells_words(void **state)
{
	struct bytelink *link = open_link("exec:/nowhere/micropython -X heapsize=48k");
	char seen[300];

	(void)state;
	assert_int_equal(read_to_end(link, seen, sizeof(seen)), -ENODEV);
	assert_non_null(strstr(seen, "/nowhere/micropython: not found"));
	assert_string_equal(bytelink_ended(link), "ended with status 127");
	assert_int_equal(bytelink_write(link, "x", 1), -ENODEV);
	bytelink_close(link);
}

static void a_commands_end_is_told(void **state)
{
	struct bytelink *link = open_link("exec:echo bye; kill -KILL $$");
	char seen[300];

	(void)state;
	assert_int_equal(read_to_end(link, seen, sizeof(seen)), -ENODEV);
	assert_string_equal(seen, "bye\n");
	assert_string_equal(bytelink_ended(link), "was ended by signal 9 (Killed)");
	bytelink_close(link);

	link = open_link("exec:exit 3");
	assert_int_equal(read_to_end(link, seen, sizeof(seen)), -ENODEV);
	assert_string_equal(bytelink_ended(link), "ended with status 3");
	bytelink_close(link);
}

/* Reads a number and a newline. */
static pid_t read_pid(struct bytelink *link)
{
	char text[32] = "";
	size_t have = 0;

	while (!strchr(text, '\n') && have < sizeof(text) - 1 &&
	       bytelink_wait(link, BYTELINK_READABLE, bytelink_now(link) + PATIENCE_US) > 0)
		have += (size_t)bytelink_read(link, text + have, 1);
	return (pid_t)strtol(text, NULL, 10);
}

static void a_stubborn_command_is_killed_and_waited_for(void **state)
{
	struct bytelink *link = open_link("exec:trap '' HUP TERM; echo $$; while :; do read line; done");
	pid_t pid = read_pid(link);

	(void)state;
	assert_true(pid > 1);
	assert_int_equal(kill(pid, 0), 0);
	bytelink_close(link);
	assert_int_equal(kill(pid, 0), -1);
	assert_int_equal(errno, ESRCH);
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
	assert_int_equal(errno, ECHILD);
}

/* What the mount does: opens, forks to the background, goes on there. */
static void use_after_fork(void)
{
	struct bytelink *link = open_link("exec:trap '' HUP; echo ready; exec cat");

	expect(link, "ready\n");
	if (fork() != 0)
		_exit(0);
	tell(link, "hello");
	expect(link, "hello");
	bytelink_close(link);
	_exit(7);
}

static void a_command_survives_the_fork_to_the_background(void **state)
{
	int status, ends = 0, sevens = 0;
	pid_t pid;

	(void)state;
	/* The orphans come to us, so that each one's end can be seen. */
	assert_int_equal(prctl(PR_SET_CHILD_SUBREAPER, 1), 0);
	pid = fork();
	if (pid == 0)
		use_after_fork();
	assert_true(pid > 0);
	while (waitpid(-1, &status, 0) > 0) {
		ends++;
		sevens += WIFEXITED(status) && WEXITSTATUS(status) == 7;
	}
	assert_int_equal(ends, 3); /* who opened, who went on, the command */
	assert_int_equal(sevens, 1);
	prctl(PR_SET_CHILD_SUBREAPER, 0);
}

static void ctrl_c_is_a_signal_exactly_while_it_is_caught(void **state)
{
	static const char *const around[][2] = {{"", ""}, {"true; ", "; true"}, {"( ", "; true ); true"}};
	struct bytelink *link;
	char device[1000];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(around) / sizeof(around[0]); i++) {
		link = open_link(exec_device(device, sizeof(device), around[i][0], "sigint_board", around[i][1]));
		tell(link, "\x03");
		expect(link, "3");
		tell(link, "h");
		expect(link, "+");
		tell(link, "\x03");
		expect(link, "pI");
		tell(link, "d");
		expect(link, "-");
		tell(link, "\x03\x03r");
		expect(link, "33r");
		bytelink_close(link);
	}
}

/* A socket that listens on a port of its own, which *PORT is. */
static int listen_somewhere(int backlog, char *device, size_t size)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(address);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&address, len), 0);
	assert_int_equal(listen(fd, backlog), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &len), 0);
	snprintf(device, size, "socket://127.0.0.1:%d", ntohs(address.sin_port));
	return fd;
}

static void bytes_go_through_a_socket(void **state)
{
	struct bytelink *link;
	char device[64], byte;
	int listener = listen_somewhere(1, device, sizeof(device)), peer;

	(void)state;
	link = open_link(device);
	assert_string_equal(bytelink_device(link), device);
	peer = accept(listener, NULL, NULL);
	assert_true(peer >= 0);
	tell(link, "a");
	assert_int_equal(read(peer, &byte, 1), 1);
	assert_int_equal(byte, 'a');
	assert_int_equal(bytelink_read(link, &byte, 1), 0);
	assert_int_equal(write(peer, "bc", 2), 2);
	expect(link, "bc");
	close(peer);
	assert_true(bytelink_wait(link, BYTELINK_READABLE, bytelink_now(link) + PATIENCE_US) > 0);
	assert_int_equal(bytelink_read(link, &byte, 1), -ENODEV);
	assert_string_equal(bytelink_ended(link), "was closed by the other side");
	bytelink_close(link);
	close(listener);
}

static void a_peer_that_vanishes_is_no_signal(void **state)
{
	const struct linger reset = {.l_onoff = 1};
	char device[64];
	int listener = listen_somewhere(1, device, sizeof(device)), peer;
	struct bytelink *link = open_link(device);

	(void)state;
	peer = accept(listener, NULL, NULL);
	assert_int_equal(setsockopt(peer, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset)), 0);
	close(peer);
	assert_true(bytelink_wait(link, BYTELINK_READABLE, bytelink_now(link) + PATIENCE_US) > 0);
	assert_int_equal(bytelink_write(link, "x", 1), -ENODEV);
	assert_int_equal(bytelink_write(link, "x", 1), -ENODEV);
	bytelink_close(link);
	close(listener);
}

static void a_refused_connection_is_explained(void **state)
{
	const struct device_options options = {.timeout_us = PATIENCE_US};
	struct bytelink *link;
	struct diag diag;
	char device[64];

	(void)state;
	close(listen_somewhere(1, device, sizeof(device)));
	assert_int_equal(device_open(&link, device, &options, &diag), -ECONNREFUSED);
	assert_null(link);
	assert_int_equal(diag.layer, DIAG_BYTELINK);
	assert_non_null(strstr(diag.text, device));
	assert_non_null(strstr(diag.text, "refused"));
}

static void a_silent_host_is_given_up(void **state)
{
	const struct device_options options = {.timeout_us = 50000};
	struct bytelink *first, *link = NULL;
	struct diag diag;
	char device[64];
	int listener = listen_somewhere(0, device, sizeof(device)), rc;

	(void)state;
	/* Linux leaves further callers without an answer once the queue of this listener, of one, is full. */
	first = open_link(device);
	rc = device_open(&link, device, &options, &diag);
	assert_int_equal(rc, -ETIMEDOUT);
	assert_non_null(strstr(diag.text, "no answer"));
	bytelink_close(first);
	close(listener);
}

static void malformed_addresses_are_refused(void **state)
{
	static const char *const devices[] = {
		"socket://",         "socket://host",    "socket://:2323",           "socket://host:",   "socket://host:http",
		"socket://::1:2323", "socket:host:2323", "socket://host:2323/",      "socket://[]:2323", "exec:",
		"exec:  ",           "socket://host:0",  "socket://localhost:99999",
	};
	const struct device_options options = {.timeout_us = PATIENCE_US};
	struct bytelink *link;
	struct diag diag;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(devices) / sizeof(devices[0]); i++) {
		assert_int_equal(device_open(&link, devices[i], &options, &diag), -EINVAL);
		assert_null(link);
		assert_non_null(strstr(diag.text, "the form is") ? diag.text : strstr(diag.text, "The form is"));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bytes_go_through_a_command),
		cmocka_unit_test(nothing_to_read_is_zero),
		cmocka_unit_test(a_wake_is_told_once),
		cmocka_unit_test(another_thread_wakes),
		cmocka_unit_test(write_all_ends_at_its_deadline_and_keeps_the_wake),
		cmocka_unit_test(a_wait_for_nothing_lasts_until_its_deadline),
		cmocka_unit_test(close_accepts_null),
		cmocka_unit_test(a_command_has_a_terminal_of_its_own),
		cmocka_unit_test(a_missing_command_is_told_in_the_shells_words),
		cmocka_unit_test(a_commands_end_is_told),
		cmocka_unit_test(a_stubborn_command_is_killed_and_waited_for),
		cmocka_unit_test(a_command_survives_the_fork_to_the_background),
		cmocka_unit_test(ctrl_c_is_a_signal_exactly_while_it_is_caught),
		cmocka_unit_test(bytes_go_through_a_socket),
		cmocka_unit_test(a_peer_that_vanishes_is_no_signal),
		cmocka_unit_test(a_refused_connection_is_explained),
		cmocka_unit_test(a_silent_host_is_given_up),
		cmocka_unit_test(malformed_addresses_are_refused),
	};

	alarm(TEST_SECONDS);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
