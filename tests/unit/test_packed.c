/* SPDX-License-Identifier: MIT */
/* What packed makes, run by a real MicroPython: whole, and damaged on its way. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "agent/agent_parts.h"
#include "agent/packed.h"
#include "bytelink/device.h"
#include "rawrepl/rawrepl.h"
#include "tests/unit/real_board.h"

#define PYTHON "def __mpremotefs__():\n print('it ran')\n"

enum { LONG = 60000000 };

static struct real_board board;
static struct bytelink *bytelink;
static struct rawrepl repl;

/* Opens a board with the OPTIONS of scripts/board, at its raw REPL's prompt. */
static void reach(const char *options)
{
	struct device_options device = {.timeout_us = LONG};
	struct rawrepl_options enter = {.timeout_us = LONG};

	real_board_make(&board, options);
	assert_int_equal(device_open(&bytelink, board.device, &device, NULL), 0);
	assert_int_equal(rawrepl_enter(&repl, bytelink, &enter, NULL), 0);
}

static int leave(void **state)
{
	(void)state;
	bytelink_close(bytelink);
	bytelink = NULL;
	real_board_remove(&board);
	return 0;
}

static int run(const char *code, size_t len, char out[64])
{
	struct diag diag = {0};

	return rawrepl_run(&repl, code, len, out, 64, NULL, LONG, &diag);
}

static void it_does_the_same_in_fewer_bytes(void **state)
{
	size_t len;
	char out[64];
	char *text = packed_text(agent_core, agent_core_len, &len);

	(void)state;
	assert_non_null(text);
	assert_true(len < agent_core_len * 7 / 10);
	for (size_t i = 0; i < len; i++)
		assert_true(text[i] == '\n' || (text[i] >= ' ' && text[i] <= '~'));
	free(text);

	reach("");
	text = packed_text(PYTHON, sizeof(PYTHON) - 1, &len);
	assert_int_equal(run(text, len, out), 0);
	free(text);
	assert_int_equal(run("__mpremotefs__()", 16, out), 0);
	assert_string_equal(out, "it ran\n");
	/* Nothing else of ours is left among the user's names. */
	assert_int_equal(run("print([n for n in dir() if n[:2] != '__'])", 42, out), 0);
	assert_string_equal(out, "[]\n");
}

/* Each digit in turn becomes another: no text runs, and none is taken for what it was. */
static void what_came_damaged_does_not_run(void **state)
{
	size_t len;
	char out[64];
	char *text = packed_text(PYTHON, sizeof(PYTHON) - 1, &len);
	char *at = strstr(text, "a2b_base64(\"");

	(void)state;
	reach("");
	for (at += strlen("a2b_base64(\""); *at != '"'; at++) {
		char right = *at;

		*at = right == 'A' ? 'B' : 'A';
		int error = run(text, len, out);
		assert_true(error == -EREMOTEIO || (error == 0 && (at[1] == '=' || right == '=')));
		*at = right;
	}
	free(text);
}

static void a_board_is_asked_for_its_memory(void **state)
{
	char out[64];

	(void)state;
	assert_true(packed_fits("2031616\r\n"));
	assert_false(packed_fits("43168\r\n"));
	assert_false(packed_fits(""));
	assert_false(packed_fits("many"));
	reach("--heap 2M");
	assert_int_equal(run(packed_question, strlen(packed_question), out), 0);
	assert_true(packed_fits(out));
}

static void a_board_that_cannot_unpack_raises(void **state)
{
	char out[64];

	(void)state;
	reach("--hide deflate");
	assert_int_equal(run(packed_question, strlen(packed_question), out), -EREMOTEIO);
}

/* What a share does whose host has gone, where it is asked for a module; and how it is taken away. */
#define SHARE                                      \
	"import os, sys\n"                         \
	"class Share:\n"                           \
	" def mount(self, readonly, mkfs): pass\n" \
	" def umount(self): pass\n"                \
	" def stat(self, path):\n"                 \
	"  print('asked for', path)\n"             \
	"  raise OSError(5)\n"                     \
	"os.mount(Share(), '/share')\n"            \
	"sys.path.insert(0, '/share')\n"           \
	"def stop(asking=True):\n"                 \
	" os.umount('/share')\n"                   \
	" print('undone', asking)\n"               \
	"sys.modules['__mpremotefs__'] = stop\n"

static void a_share_goes_before_anything_is_imported(void **state)
{
	const struct {
		const char *code;
		size_t len;
	} starts[] = {{packed_question, strlen(packed_question)}, {agent_text, agent_text_len}};
	char out[64];

	(void)state;
	for (size_t i = 0; i < sizeof(starts) / sizeof(*starts); i++) {
		reach("--hide deflate");
		assert_int_equal(run(SHARE, sizeof(SHARE) - 1, out), 0);
		run(starts[i].code, starts[i].len, out);
		assert_memory_equal(out, "undone 0", 8);
		assert_null(strstr(out, "asked for"));
		leave(NULL);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(it_does_the_same_in_fewer_bytes, leave),
		cmocka_unit_test_teardown(what_came_damaged_does_not_run, leave),
		cmocka_unit_test_teardown(a_board_is_asked_for_its_memory, leave),
		cmocka_unit_test_teardown(a_board_that_cannot_unpack_raises, leave),
		cmocka_unit_test(a_share_goes_before_anything_is_imported),
	};

	if (!real_board_there())
		return 77;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
