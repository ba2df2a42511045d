/* SPDX-License-Identifier: MIT */
#include "share/outlet.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

enum { MUCH = 300000, STUCK_S = 20 };

/* An outlet whose stdout and stderr are pipes, or a terminal, that only the test reads. */
struct fixture {
	struct outlet outlet;
	int before[2]; /* the test's own stdout and stderr */
	int readers[2];
	uint8_t bytes[MUCH];
};

static void put_in_place(struct fixture *fixture, int fd, int writer, int reader)
{
	fixture->before[fd - 1] = dup(fd);
	fixture->readers[fd - 1] = reader;
	dup2(writer, fd);
	close(writer);
}

static void open_pipe(struct fixture *fixture, int fd)
{
	int ends[2];

	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	put_in_place(fixture, fd, ends[1], ends[0]);
}

static void open_terminal(struct fixture *fixture, int fd)
{
	int master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);

	assert_true(master >= 0 && grantpt(master) == 0 && unlockpt(master) == 0);
	int slave = open(ptsname(master), O_RDWR | O_NOCTTY | O_CLOEXEC);
	assert_true(slave >= 0);
	put_in_place(fixture, fd, slave, master);
}

static struct fixture *begin(void (*open_out)(struct fixture *fixture, int fd))
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));

	assert_non_null(fixture);
	for (size_t i = 0; i < MUCH; i++)
		fixture->bytes[i] = (uint8_t)('a' + i % 23);
	open_out(fixture, STDOUT_FILENO);
	open_pipe(fixture, STDERR_FILENO);
	alarm(STUCK_S); /* a write that blocks ends the test */
	outlet_open(&fixture->outlet);
	return fixture;
}

static void end(struct fixture *fixture)
{
	outlet_close(&fixture->outlet);
	alarm(0);
	for (int fd = STDOUT_FILENO; fd <= STDERR_FILENO; fd++) {
		dup2(fixture->before[fd - 1], fd);
		close(fixture->before[fd - 1]);
		if (fixture->readers[fd - 1] >= 0)
			close(fixture->readers[fd - 1]);
	}
	free(fixture);
}

static int put(struct fixture *fixture, int fd, size_t from, size_t len)
{
	return outlet_put(&fixture->outlet, fd, fixture->bytes + from, len);
}

/* Reads what FD has until LEN bytes have come, while the outlet writes on, and compares them with all that was put. */
static void read_back(struct fixture *fixture, int fd, size_t len)
{
	uint8_t got[MUCH];
	size_t have = 0;

	while (have < len) {
		ssize_t n = read(fixture->readers[fd - 1], got + have, len - have);

		assert_true(n > 0);
		have += (size_t)n;
		assert_int_equal(outlet_write(&fixture->outlet), 0);
	}
	assert_memory_equal(got, fixture->bytes, len);
}

static void what_is_taken_is_not_kept(void **state)
{
	struct fixture *fixture = begin(open_pipe);

	(void)state;
	assert_int_equal(put(fixture, STDOUT_FILENO, 0, 100), 0);
	assert_int_equal(outlet_waits_for(&fixture->outlet), -1);
	assert_int_equal(outlet_room(&fixture->outlet), OUTLET_MAX);
	read_back(fixture, STDOUT_FILENO, 100);
	end(fixture);
}

static void a_full_pipe_keeps_nobody_waiting(void **state)
{
	struct fixture *fixture = begin(open_pipe);

	(void)state;
	for (size_t at = 0; at < MUCH; at += MUCH / 100)
		assert_int_equal(put(fixture, STDOUT_FILENO, at, MUCH / 100), 0);
	assert_true(outlet_waits_for(&fixture->outlet) >= 0);
	assert_in_range(outlet_room(&fixture->outlet), OUTLET_MAX - MUCH, OUTLET_MAX - MUCH / 2);
	read_back(fixture, STDOUT_FILENO, MUCH);
	assert_int_equal(outlet_waits_for(&fixture->outlet), -1);
	assert_int_equal(outlet_room(&fixture->outlet), OUTLET_MAX);
	end(fixture);
}

static void a_terminal_that_is_held_keeps_nobody_waiting(void **state)
{
	struct fixture *fixture = begin(open_terminal);

	(void)state;
	assert_int_equal(put(fixture, STDOUT_FILENO, 0, MUCH), 0);
	assert_true(outlet_room(&fixture->outlet) < OUTLET_MAX);
	read_back(fixture, STDOUT_FILENO, MUCH);
	assert_int_equal(fcntl(STDOUT_FILENO, F_GETFL) & O_NONBLOCK, 0); /* which others have, too, is as it was */
	end(fixture);
}

static void stderr_waits_for_what_was_printed_before(void **state)
{
	struct fixture *fixture = begin(open_pipe);

	(void)state;
	assert_int_equal(fcntl(fixture->readers[1], F_SETFL, O_NONBLOCK), 0);
	assert_int_equal(put(fixture, STDOUT_FILENO, 0, MUCH), 0);
	assert_int_equal(put(fixture, STDERR_FILENO, 0, 10), 0);
	assert_int_equal(read(fixture->readers[1], &(char){0}, 1), -1);
	read_back(fixture, STDOUT_FILENO, MUCH);
	read_back(fixture, STDERR_FILENO, 10);
	end(fixture);
}

static void there_is_an_end_to_what_is_kept(void **state)
{
	struct fixture *fixture = begin(open_pipe);

	(void)state;
	for (size_t all = 0; all < OUTLET_MAX + MUCH; all += MUCH)
		assert_int_equal(put(fixture, STDOUT_FILENO, 0, MUCH), 0);
	assert_int_equal(outlet_room(&fixture->outlet), 0);
	end(fixture);
}

static void a_reader_that_is_gone_is_told(void **state)
{
	struct fixture *fixture = begin(open_pipe);

	(void)state;
	assert_int_equal(put(fixture, STDOUT_FILENO, 0, MUCH), 0);
	assert_int_equal(put(fixture, STDERR_FILENO, 0, 10), 0);
	close(fixture->readers[0]);
	fixture->readers[0] = -1;
	assert_int_equal(outlet_write(&fixture->outlet), -EPIPE);
	assert_int_equal(outlet_write(&fixture->outlet), 0);
	read_back(fixture, STDERR_FILENO, 10); /* who reads this one is there */
	assert_int_equal(outlet_room(&fixture->outlet), OUTLET_MAX);
	assert_int_equal(put(fixture, STDOUT_FILENO, 0, 1), -EPIPE);
	end(fixture);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_taken_is_not_kept),
		cmocka_unit_test(a_full_pipe_keeps_nobody_waiting),
		cmocka_unit_test(a_terminal_that_is_held_keeps_nobody_waiting),
		cmocka_unit_test(stderr_waits_for_what_was_printed_before),
		cmocka_unit_test(there_is_an_end_to_what_is_kept),
		cmocka_unit_test(a_reader_that_is_gone_is_told),
	};

	signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
