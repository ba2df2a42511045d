/* SPDX-License-Identifier: MIT */
#include "tests/unit/boardfile.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

void boardfile_put(struct board *board, const char *path, const char *text)
{
	assert_int_equal(fakeboard_write(board, path, text, strlen(text)), 0);
}

void boardfile_expect(struct board *board, const char *path, const char *text)
{
	size_t len;
	char *content = fakeboard_content(board, path, &len);

	if (text) {
		assert_non_null(content);
		assert_string_equal(content, text);
		assert_int_equal(len, strlen(text));
	} else {
		assert_null(content);
	}
	free(content);
}
