/* SPDX-License-Identifier: MIT */
#include "share/share_cursor.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const uint8_t bytes[] = {0x81, 0x92, 0xa3, 0xb4, 0xc5, 0xd6, 0xe7, 0xf8};

/* A request of the first LEN of these bytes, with nothing behind them that could be read unseen. */
static struct share_cursor begin(size_t len)
{
	uint8_t *request = malloc(len);

	assert_true(request || !len);
	if (len)
		memcpy(request, bytes, len);
	return (struct share_cursor){request, len, false};
}

static void end(const struct share_cursor *in, size_t taken)
{
	free((void *)(uintptr_t)(in->at - taken));
}

static uint32_t take_number(struct share_cursor *in, size_t size)
{
	switch (size) {
	case 1:
		return share_cursor_take8(in);
	case 2:
		return share_cursor_take16(in);
	default:
		return share_cursor_take32(in);
	}
}

static void numbers_begin_with_their_lowest_byte(void **state)
{
	struct share_cursor in = begin(7);

	(void)state;
	assert_int_equal(share_cursor_take8(&in), 0x81);
	assert_int_equal(share_cursor_take16(&in), 0xa392);
	assert_int_equal(share_cursor_take32(&in), 0xe7d6c5b4);
	assert_int_equal(in.left, 0);
	assert_false(in.bad);
	end(&in, 7);
}

/* Of each size, behind each number of bytes: with all of its bytes, and with one byte less. */
static void a_number_that_is_cut_is_none(void **state)
{
	(void)state;
	for (size_t size = 1; size <= 4; size *= 2)
		for (size_t before = 0; before < 4; before++) {
			struct share_cursor in = begin(before + size);

			assert_non_null(share_cursor_take(&in, before));
			assert_int_not_equal(take_number(&in, size), 0);
			assert_int_equal(in.left, 0);
			assert_false(in.bad);
			end(&in, before + size);

			in = begin(before + size - 1);
			assert_true(share_cursor_take(&in, before) || !before);
			assert_int_equal(take_number(&in, size), 0);
			assert_true(in.bad);
			end(&in, before);
		}
}

/* Not even what would fit: a request is not read from its middle on. */
static void nothing_follows_what_is_cut(void **state)
{
	struct share_cursor in = begin(3);

	(void)state;
	assert_int_equal(share_cursor_take32(&in), 0);
	assert_int_equal(in.left, 0);
	assert_int_equal(share_cursor_take8(&in), 0);
	assert_null(share_cursor_take(&in, 3));
	assert_int_equal(share_cursor_take_rest(&in).len, 0);
	assert_true(in.bad);
	end(&in, 0);
}

static void a_length_is_no_more_than_what_is_there(void **state)
{
	static const size_t too_long[] = {6, 255, 65535, SIZE_MAX / 2, SIZE_MAX - 4, SIZE_MAX - 1, SIZE_MAX};

	(void)state;
	for (size_t i = 0; i < sizeof(too_long) / sizeof(too_long[0]); i++) {
		struct share_cursor in = begin(8);

		assert_non_null(share_cursor_take(&in, 3));
		assert_null(share_cursor_take(&in, too_long[i]));
		assert_int_equal(in.left, 0);
		assert_true(in.bad);
		end(&in, 3);

		in = begin(8);
		share_cursor_take(&in, 3);
		struct share_text text = share_cursor_take_text(&in, too_long[i]);
		assert_non_null(text.at); /* it can be copied */
		assert_int_equal(text.len, 0);
		assert_true(in.bad);
		end(&in, 3);
	}
}

static void texts(void **state)
{
	struct share_cursor in = begin(8);
	const uint8_t *request = in.at;

	(void)state;
	struct share_text text = share_cursor_take_text(&in, 3);
	assert_ptr_equal(text.at, request);
	assert_int_equal(text.len, 3);
	text = share_cursor_take_text(&in, 0);
	assert_int_equal(text.len, 0);
	text = share_cursor_take_rest(&in);
	assert_ptr_equal(text.at, request + 3);
	assert_int_equal(text.len, 5);
	assert_int_equal(in.left, 0);
	assert_false(in.bad);
	end(&in, 8);
}

/* A path is empty where a share's own directory is meant, and so may be what is written. */
static void nothing_at_the_end_is_good(void **state)
{
	struct share_cursor in = begin(2), nothing = {NULL, 0, false};

	(void)state;
	share_cursor_take16(&in);
	assert_non_null(share_cursor_take(&in, 0));
	for (int i = 0; i < 2; i++) {
		assert_int_equal(share_cursor_take_text(&in, 0).len, 0);
		assert_int_equal(share_cursor_take_rest(&in).len, 0);
		assert_false(in.bad);
	}
	end(&in, 2);
	struct share_text text = share_cursor_take_rest(&nothing);
	assert_non_null(text.at);
	assert_int_equal(text.len, 0);
	assert_false(nothing.bad);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_begin_with_their_lowest_byte),
		cmocka_unit_test(a_number_that_is_cut_is_none),
		cmocka_unit_test(nothing_follows_what_is_cut),
		cmocka_unit_test(a_length_is_no_more_than_what_is_there),
		cmocka_unit_test(texts),
		cmocka_unit_test(nothing_at_the_end_is_good),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
