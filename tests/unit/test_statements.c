/* SPDX-License-Identifier: MIT */
/* Where Python is cut for a small board: never within a statement, unless that does not fit. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "agent/agent_parts.h"
#include "agent/statements.h"

static const char python[] = "import os\n"
			     "try:\n"
			     " import a\n"
			     "except ImportError:\n"
			     " a = None\n"
			     "call(\n"
			     " 1\n"
			     ")\n";

/* The piece of python + AT that goes next is PIECE. */
static void expect(size_t at, size_t room, const char *piece, bool waits)
{
	bool more = !waits;

	assert_int_equal(statements_next(python + at, strlen(python + at), room, &more), strlen(piece));
	assert_memory_equal(python + at, piece, strlen(piece));
	assert_int_equal(more, waits);
}

static void it_is_cut_between_statements(void **state)
{
	(void)state;
	expect(0, 1000, python, false);
	expect(0, strlen(python), python, false);
	expect(0, strlen(python) - 1, "import os\ntry:\n import a\nexcept ImportError:\n a = None\n", false);
	expect(0, 40, "import os\n", false);
	expect(0, 10, "import os\n", false);
}

static void what_does_not_fit_is_waited_for(void **state)
{
	(void)state;
	expect(0, 9, "import os", true);
	expect(10, 20, "try:\n import a\nexcep", true);
	expect(10, 15, "try:\n import a\n", true);
}

/* Each statement of the agent ends with its line, and all of it is sent. */
static void the_agent_is_cut_whole(void **state)
{
	const char *const parts[] = {agent_files, agent_changes};

	(void)state;
	for (size_t i = 0; i < 2; i++)
		for (size_t room = 100; room < 5000; room += 7) {
			size_t len = strlen(parts[i]), at = 0, cuts = 0;
			bool more = false;

			while (at < len) {
				size_t size = statements_next(parts[i] + at, len - at, room, &more);
				assert_in_range(size, 1, room);
				at += size;
				cuts++;
				if (!more)
					assert_int_equal(parts[i][at - 1], '\n');
			}
			assert_int_equal(at, len);
			assert_false(more);
			assert_true(cuts >= len / room);
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_is_cut_between_statements),
		cmocka_unit_test(what_does_not_fit_is_waited_for),
		cmocka_unit_test(the_agent_is_cut_whole),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
