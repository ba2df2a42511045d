/* SPDX-License-Identifier: MIT */
/* Links that are dropped and opened again: on pseudo-terminals behind a link in the file system, as udev makes them, and on commands. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "bytelink/device.h"
#include "tests/unit/link_tools.h"

/* A terminal, and the name under which it is known. */
struct stage {
	char dir[64], name[80], path[64];
	int master;
};

static void plug_in(struct stage *stage)
{
	stage->master = new_pty(stage->path, sizeof(stage->path));
	unlink(stage->name);
	assert_int_equal(symlink(stage->path, stage->name), 0);
}

static void unplug(struct stage *stage)
{
	unlink(stage->name);
	close(stage->master);
	stage->master = -1;
}

static int set_up(void **state)
{
	static struct stage stage;

	snprintf(stage.dir, sizeof(stage.dir), "/tmp/mpremotefs-test-XXXXXX");
	if (!mkdtemp(stage.dir))
		return -1;
	snprintf(stage.name, sizeof(stage.name), "%s/board", stage.dir);
	plug_in(&stage);
	*state = &stage;
	return 0;
}

static int tear_down(void **state)
{
	struct stage *stage = *state;

	unplug(stage);
	return rmdir(stage->dir);
}

static void expect_from(const struct stage *stage, struct bytelink *link)
{
	assert_int_equal(write(stage->master, "hello", 5), 5);
	expect(link, "hello");
}

static int reopen(struct bytelink *link, struct diag *diag)
{
	diag_clear(diag);
	return bytelink_reopen(link, diag);
}

static void it_comes_back_under_its_name(void **state)
{
	struct stage *stage = *state;
	struct bytelink *link = open_link(stage->name);
	struct diag diag;
	char byte;

	assert_false(bytelink_has_failed(link));
	unplug(stage);
	assert_true(bytelink_wait(link, BYTELINK_READABLE, INT64_MAX) > 0);
	assert_int_equal(bytelink_read(link, &byte, 1), -ENODEV);
	assert_true(bytelink_has_failed(link));
	assert_int_equal(reopen(link, &diag), -ENOENT);
	assert_non_null(strstr(bytelink_ended(link), "closed"));
	assert_int_equal(bytelink_read(link, &byte, 1), -ENODEV);
	assert_int_equal(bytelink_write(link, "x", 1), -ENODEV);
	assert_int_equal(bytelink_wait(link, BYTELINK_READABLE, 0), -ENODEV);
	plug_in(stage);
	assert_int_equal(reopen(link, &diag), 0);
	assert_false(bytelink_has_failed(link));
	assert_string_equal(bytelink_device(link), stage->path);
	expect_from(stage, link);
	bytelink_close(link);
}

static void it_can_be_waited_at_while_it_is_dropped(void **state)
{
	struct stage *stage = *state;
	struct bytelink *link = open_link(stage->name);

	bytelink_drop(link);
	assert_int_equal(bytelink_wait(link, 0, bytelink_now(link) + 1000), 0);
	bytelink_wake(link);
	bytelink_wake(link);
	assert_int_equal(bytelink_wait(link, 0, INT64_MAX), BYTELINK_WOKEN);
	assert_int_equal(bytelink_wait(link, 0, 0), 0);
	assert_int_equal(bytelink_reopen(link, NULL), 0);
	expect_from(stage, link);
	bytelink_close(link);
}

/* Dropped, it is free for others; and while others have it they are named. */
static void others_may_have_it_meanwhile(void **state)
{
	struct stage *stage = *state;
	struct bytelink *link = open_link(stage->name), *other;
	struct diag diag;

	bytelink_drop(link);
	other = open_link(stage->name);
	assert_int_equal(reopen(link, &diag), -EBUSY);
	assert_non_null(strstr(diag.text, "is held by"));
	assert_non_null(strstr(diag.text, "a test"));
	bytelink_close(other);
	assert_int_equal(reopen(link, &diag), 0);
	/* The lock is taken anew, for the same purpose. */
	assert_int_equal(device_open(&other, stage->name, &(struct device_options){0}, &diag), -EBUSY);
	assert_non_null(strstr(diag.text, "a test"));
	bytelink_close(link);
}

static void what_was_refused_is_not_opened_again(void **state)
{
	struct stage *stage = *state;
	struct bytelink *link = open_link(stage->name);
	struct diag diag;

	bytelink_refuse(link);
	assert_int_equal(reopen(link, &diag), -EAGAIN);
	assert_int_equal(reopen(link, &diag), -EAGAIN);
	unplug(stage);
	assert_int_equal(reopen(link, &diag), -ENOENT);
	plug_in(stage);
	assert_int_equal(reopen(link, &diag), 0);
	expect_from(stage, link);
	bytelink_close(link);
}

static void a_command_is_run_again(void **state)
{
	struct bytelink *link = open_link("exec:echo $$; read -r line; echo \"$line\"; exit 7");
	char first[64], second[64];

	(void)state;
	assert_true(bytelink_pace(link).on_demand);
	tell(link, "x\n");
	assert_int_equal(read_to_end(link, first, sizeof(first)), -ENODEV);
	assert_int_equal(bytelink_reopen(link, NULL), 0);
	tell(link, "y\n");
	assert_int_equal(read_to_end(link, second, sizeof(second)), -ENODEV);
	assert_non_null(strchr(first, 'x'));
	assert_non_null(strchr(second, 'y'));
	assert_int_not_equal(atoi(first), atoi(second));
	bytelink_drop(link);
	assert_string_equal(bytelink_ended(link), "ended with status 7");
	bytelink_close(link);
}

/* ---- bytelink_set_meanwhile ---- */

struct chore {
	struct bytelink *link;
	unsigned calls;
	int64_t pause;
	int end_at; /* ends the wait at this call; 0: never */
};

static int64_t do_chore(void *context)
{
	struct chore *chore = context;

	chore->calls++;
	if (chore->end_at && chore->calls >= (unsigned)chore->end_at)
		return -ECANCELED;
	return chore->pause == INT64_MAX ? INT64_MAX : bytelink_now(chore->link) + chore->pause;
}

static void something_else_is_looked_after_meanwhile(void **state)
{
	struct stage *stage = *state;
	struct bytelink *link = open_link(stage->name);
	struct chore chore = {.link = link, .pause = 1000};

	bytelink_set_meanwhile(link, do_chore, &chore);
	assert_int_equal(bytelink_wait(link, BYTELINK_READABLE, bytelink_now(link) + 20000), 0);
	assert_true(chore.calls >= 2);
	/* Told of a wake, it tells nobody else; what was waited for ends the wait. */
	chore = (struct chore){.link = link, .pause = INT64_MAX};
	bytelink_wake(link);
	assert_int_equal(write(stage->master, "x", 1), 1);
	assert_int_equal(bytelink_wait(link, BYTELINK_READABLE, INT64_MAX), BYTELINK_READABLE);
	assert_true(chore.calls >= 1);
	expect(link, "x");
	chore = (struct chore){.link = link, .pause = 1000, .end_at = 3};
	assert_int_equal(bytelink_wait(link, BYTELINK_READABLE, INT64_MAX), -ECANCELED);
	assert_false(bytelink_has_failed(link));
	bytelink_set_meanwhile(link, NULL, NULL);
	assert_int_equal(bytelink_wait(link, BYTELINK_READABLE, 0), 0);
	bytelink_close(link);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_comes_back_under_its_name), cmocka_unit_test(it_can_be_waited_at_while_it_is_dropped),
		cmocka_unit_test(others_may_have_it_meanwhile), cmocka_unit_test(what_was_refused_is_not_opened_again),
		cmocka_unit_test(a_command_is_run_again),       cmocka_unit_test(something_else_is_looked_after_meanwhile),
	};

	alarm(TEST_SECONDS);
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
