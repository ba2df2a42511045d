/* SPDX-License-Identifier: MIT */
#include "agent/trace.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static char text[512];

/* A frame of TYPE and number 7 whose payload is just as long as LEN, so that the sanitizer sees who reads behind it. */
static const char *shown(bool outgoing, uint8_t type, const void *payload, size_t len)
{
	uint8_t *bytes = malloc(len ? len : 1);
	const struct frame frame = {.type = type, .sequence = 7, .len = (uint16_t)len, .payload = bytes};

	assert_non_null(bytes);
	memcpy(bytes, payload, len);
	assert_ptr_equal(trace_frame(text, sizeof(text), outgoing, &frame), text);
	free(bytes);
	return text;
}

static void requests_are_shown_with_their_path(void **state)
{
	(void)state;
	assert_string_equal(shown(true, AGENT_STAT, "/main.py", 8), "-> stat #7, 8 bytes: /main.py");
	assert_string_equal(shown(true, AGENT_LIST, "/", 1), "-> list #7, 1 bytes: /");
	assert_string_equal(shown(true, AGENT_READ, "\0\0\0\0\1\0\0\0/a", 10), "-> read #7, 10 bytes: /a");
	assert_string_equal(shown(true, AGENT_HASH, "\5\0\0\0/a", 6), "-> hash #7, 6 bytes: /a");
	assert_string_equal(shown(true, AGENT_WRITE, "\7\17\1\0\2\0/aDATA", 12), "-> write #7, 12 bytes: /a");
	assert_string_equal(shown(true, AGENT_WRITE, "\4\0\1\0\0\0DATA", 10), "-> write #7, 10 bytes");
	assert_string_equal(shown(true, AGENT_RENAME, "\2\0\2\0/a/b", 8), "-> rename #7, 8 bytes: /a");
	assert_string_equal(shown(true, AGENT_PING, "\360\0", 2), "-> ping #7, 2 bytes");
}

static void answers_are_shown_with_their_failure(void **state)
{
	(void)state;
	assert_string_equal(shown(false, AGENT_DONE, "123", 3), "<- done #7, 3 bytes");
	assert_string_equal(shown(false, AGENT_NAK, "", 0), "<- send again #7, 0 bytes");
	assert_string_equal(shown(false, AGENT_FAILED, "\2\0\0\0[Errno 2] ENOENT", 20),
			    "<- failed #7, 20 bytes: errno 2, [Errno 2] ENOENT");
	assert_string_equal(shown(false, AGENT_FAILED, "\377\377\377\377", 4), "<- failed #7, 4 bytes: errno -1");
	/* The same letter is a request on the way out. */
	assert_string_equal(shown(false, AGENT_MORE, "\0", 1), "<- more #7, 1 bytes");
	assert_string_equal(shown(true, AGENT_MKDIR, "/a", 2), "-> mkdir #7, 2 bytes: /a");
}

static void nonsense_does_no_harm(void **state)
{
	char name[1000], small[16];
	const struct frame frame = {.type = AGENT_STAT, .len = 8, .payload = (const uint8_t *)"/main.py"};
	size_t len;

	(void)state;
	memset(name, 'n', sizeof(name));
	assert_string_equal(shown(true, 200, "abc", 3), "-> type 200 #7, 3 bytes");
	assert_string_equal(shown(false, 1, "", 0), "<- type 1 #7, 0 bytes");
	assert_string_equal(shown(true, AGENT_STAT, "/\033[2J\377", 6), "-> stat #7, 6 bytes: /?[2J?");
	assert_string_equal(shown(true, AGENT_WRITE, "\7\17\1\0\377\377/a", 8), "-> write #7, 8 bytes: /a");
	assert_true(strlen(shown(true, AGENT_STAT, name, sizeof(name))) < sizeof(text));
	for (int type = 0; type < 256; type++) {
		for (len = 0; len < 10; len++) {
			assert_non_null(shown(true, (uint8_t)type, "\377\377\377\377\377\377\377\377\377\377", len));
			assert_non_null(shown(false, (uint8_t)type, "\377\377\377\377\377\377\377\377\377\377", len));
		}
	}
	assert_string_equal(trace_frame(small, sizeof(small), true, &frame), "-> stat #0, 8 b");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(requests_are_shown_with_their_path),
		cmocka_unit_test(answers_are_shown_with_their_failure),
		cmocka_unit_test(nonsense_does_no_harm),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
