/* SPDX-License-Identifier: MIT */
#include "cli/boot_line.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define LINE(n)                                                                                           \
	"exec(\"try:\\n import sys,vfs\\n vfs.mount(vfs.VfsRom(vfs.rom_ioctl(2," n ")),'/romfs" n "')\\n" \
	" sys.path.extend(('/romfs" n "','/romfs" n "/lib'))\\nexcept Exception:\\n pass\",{})  # mpremote-romfs: /romfs" n "\n"

/* EXPECTED NULL: nothing has to change. */
static void becomes(const char *text, unsigned number, bool wanted, const char *expected)
{
	char *out;
	size_t len;

	assert_int_equal(boot_line_set(text, strlen(text), number, wanted, &out, &len), 0);
	if (!expected) {
		assert_null(out);
		return;
	}
	assert_non_null(out);
	assert_int_equal(len, strlen(expected));
	assert_memory_equal(out, expected, len);
	free(out);
}

static void it_comes_first(void **state)
{
	(void)state;
	becomes("", 1, true, LINE("1"));
	becomes("import a\n", 1, true, LINE("1") "import a\n");
	becomes("import a", 12, true, LINE("12") "import a");
	becomes("import a\r\nimport b\r\n", 1, true, LINE("1") "import a\r\nimport b\r\n");
}

static void it_is_there_once(void **state)
{
	(void)state;
	becomes(LINE("1"), 1, true, NULL);
	becomes(LINE("1") "import a\n", 1, true, NULL);
	becomes(LINE("1") LINE("1"), 1, true, LINE("1"));
	becomes("import a\n" LINE("1") "import b", 1, true, LINE("1") "import a\nimport b");
	becomes("old  # mpremote-romfs: /romfs1\nimport a\n", 1, true, LINE("1") "import a\n");
}

static void others_stay(void **state)
{
	(void)state;
	becomes(LINE("2"), 1, true, LINE("1") LINE("2"));
	becomes(LINE("1") LINE("2") "import a\n", 1, false, LINE("2") "import a\n");
	becomes(LINE("12"), 2, false, NULL);
	becomes(LINE("12"), 1, false, NULL);
	becomes("# mpremote-romfs: /romfs1 is what I want\n", 1, false, NULL);
}

static void it_goes_without_a_trace(void **state)
{
	(void)state;
	becomes("", 1, false, NULL);
	becomes("import a\n", 1, false, NULL);
	becomes(LINE("1"), 1, false, "");
	becomes("a\n" LINE("1") "b", 1, false, "a\nb");
	becomes("x  # mpremote-romfs: /romfs1\r\nb\r\n", 1, false, "b\r\n");
	becomes("b\nx  # mpremote-romfs: /romfs1", 1, false, "b\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_comes_first),
		cmocka_unit_test(it_is_there_once),
		cmocka_unit_test(others_stay),
		cmocka_unit_test(it_goes_without_a_trace),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
