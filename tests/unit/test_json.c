/* SPDX-License-Identifier: MIT */
#include "base/json.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void prints(const char *words, const char *expected)
{
	char *text;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	json_print_string(out, words);
	fclose(out);
	assert_string_equal(text, expected);
	free(text);
}

static void strings(void **state)
{
	(void)state;
	prints("", "\"\"");
	prints("main.py", "\"main.py\"");
	prints("a \"b\" \\", "\"a \\\"b\\\" \\\\\"");
	prints("a\nb\x01\x7f", "\"a\\u000ab\\u0001\\u007f\"");
	prints("gr\xc3\xbc\xc3\x9f", "\"gr\xc3\xbc\xc3\x9f\"");
	prints("a\xff\xc3", "\"a\\ufffd\\ufffd\"");
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(strings)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
