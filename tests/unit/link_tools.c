/* SPDX-License-Identifier: MIT */
#include "tests/unit/link_tools.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "bytelink/device.h"

struct bytelink *open_link(const char *device)
{
	const struct device_options options = {.purpose = "a test"};
	struct bytelink *link;
	struct diag diag;

	diag_clear(&diag);
	if (device_open(&link, device, &options, &diag) < 0)
		fail_msg("%s", diag.text);
	assert_non_null(link);
	return link;
}

void expect(struct bytelink *link, const char *text)
{
	const int64_t deadline = bytelink_now(link) + PATIENCE_US;
	size_t have = 0, len = strlen(text);
	char seen[4096] = "";
	ssize_t n = 0;

	assert_true(len < sizeof(seen));
	while (have < len && n >= 0 && bytelink_wait(link, BYTELINK_READABLE, deadline) > 0) {
		n = bytelink_read(link, seen + have, len - have);
		if (n > 0)
			have += (size_t)n;
	}
	seen[have] = '\0';
	assert_string_equal(seen, text);
}

int read_to_end(struct bytelink *link, char *seen, size_t size)
{
	const int64_t deadline = bytelink_now(link) + PATIENCE_US;
	size_t have = 0;
	char byte;
	ssize_t n = 0;

	while (n >= 0 && bytelink_wait(link, BYTELINK_READABLE, deadline) > 0) {
		n = bytelink_read(link, &byte, 1);
		if (n > 0 && have < size - 1)
			seen[have++] = byte;
	}
	seen[have] = '\0';
	return (int)n;
}

void tell(struct bytelink *link, const char *text)
{
	assert_int_equal(bytelink_write_all(link, text, strlen(text), bytelink_now(link) + PATIENCE_US), 0);
}

const char *exec_device(char *text, size_t size, const char *prefix, const char *name, const char *suffix)
{
	const char *top = getenv("top_builddir");

	snprintf(text, size, "exec:%s%s/tests/unit/%s%s", prefix, top ? top : ".", name, suffix);
	return text;
}

int new_pty(char *path, size_t size)
{
	int master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);

	assert_true(master >= 0);
	assert_int_equal(grantpt(master), 0);
	assert_int_equal(unlockpt(master), 0);
	assert_int_equal(ptsname_r(master, path, size), 0);
	return master;
}
