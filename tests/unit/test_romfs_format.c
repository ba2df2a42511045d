/* SPDX-License-Identifier: MIT */
#include "romfs/romfs_format.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/dice.h"

static void round_trip(uint32_t value)
{
	uint8_t bytes[2 * ROMFS_NUMBER_SIZE];
	size_t size = romfs_format_put_number(bytes, value), at = 0;
	uint32_t again;

	assert_int_equal(size, romfs_format_number_size(value));
	assert_true(size <= ROMFS_NUMBER_SIZE);
	assert_int_equal(romfs_format_get_number(bytes, &at, size, &again), 0);
	assert_int_equal(at, size);
	assert_int_equal(again, value);
	for (at = 0, size--; size > 0; size--)
		assert_int_equal(romfs_format_get_number(bytes, &at, size, &again), -EBADMSG);
	assert_int_equal(at, 0);
	romfs_format_put_padded(bytes, value);
	assert_int_equal(romfs_format_get_number(bytes, &at, ROMFS_NUMBER_SIZE, &again), 0);
	assert_int_equal(at, ROMFS_NUMBER_SIZE);
	assert_int_equal(again, value);
}

static void numbers(void **state)
{
	struct dice dice = {1};

	(void)state;
	for (unsigned shift = 0; shift < 32; shift++) {
		round_trip(UINT32_C(1) << shift);
		round_trip((UINT32_C(1) << shift) - 1);
	}
	round_trip(UINT32_MAX);
	for (unsigned i = 0; i < 10000; i++)
		round_trip(dice_roll(&dice, UINT32_MAX) >> dice_roll(&dice, 32));
}

static void the_magic_is_a_number(void **state)
{
	size_t at = 0;
	uint32_t kind;

	(void)state;
	assert_int_equal(romfs_format_get_number((const uint8_t *)ROMFS_MAGIC, &at, ROMFS_MAGIC_SIZE, &kind), 0);
	assert_int_equal(kind, ROMFS_IMAGE);
}

static void get(const char *bytes, size_t len, int rc, uint32_t expected)
{
	size_t at = 0;
	uint32_t value = 0;

	assert_int_equal(romfs_format_get_number((const uint8_t *)bytes, &at, len, &value), rc);
	assert_int_equal(at, rc == 0 ? len : 0);
	assert_int_equal(value, expected);
}

static void odd_numbers(void **state)
{
	(void)state;
	get("\x80\x80\x80\x80\x80\x80\x80\x80\x05", 9, 0, 5); /* padding of any length */
	get("\x8f\xff\xff\xff\x7f", 5, 0, UINT32_MAX);
	get("\x80\x80\x8f\xff\xff\xff\x7f", 7, 0, UINT32_MAX);
	get("\x90\x80\x80\x80\x00", 5, -EBADMSG, 0); /* 2 to the 32: a board with 32 bits would take it for 0 */
	get("\x81\x80\x80\x80\x80\x04", 6, -EBADMSG, 0);
	get("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x7f", 10, -EBADMSG, 0);
	get("", 0, -EBADMSG, 0);
	get("\x80\x80", 2, -EBADMSG, 0);
}

static void the_gate(void **state)
{
	(void)state;
	assert_true(romfs_format_fits(0, 0, 0));
	assert_true(romfs_format_fits(3, 7, 10));
	assert_true(romfs_format_fits(10, 0, 10));
	assert_false(romfs_format_fits(3, 8, 10));
	assert_false(romfs_format_fits(11, 0, 10));
	assert_true(romfs_format_fits(1, SIZE_MAX - 1, SIZE_MAX));
	assert_false(romfs_format_fits(1, SIZE_MAX, SIZE_MAX)); /* the sums of these are small again */
	assert_false(romfs_format_fits(SIZE_MAX, 2, 10));
	assert_false(romfs_format_fits(8, SIZE_MAX - 4, 10));
}

static void names(void **state)
{
	char longest[ROMFS_NAME_MAX + 2];

	(void)state;
	memset(longest, 'x', sizeof(longest));
	assert_null(romfs_format_name_fault("main.py", 7));
	assert_null(romfs_format_name_fault("gr\xc3\xbc\xc3\x9f", 6));
	assert_null(romfs_format_name_fault("...", 3));
	assert_null(romfs_format_name_fault(".a", 2));
	assert_null(romfs_format_name_fault(longest, ROMFS_NAME_MAX));
	assert_string_equal(romfs_format_name_fault(longest, ROMFS_NAME_MAX + 1), "is longer than 255 bytes");
	assert_string_equal(romfs_format_name_fault("", 0), "is empty");
	assert_string_equal(romfs_format_name_fault(".", 1), "leads to another directory");
	assert_string_equal(romfs_format_name_fault("..", 2), "leads to another directory");
	assert_string_equal(romfs_format_name_fault("a/b", 3), "has a NUL or a slash in it");
	assert_string_equal(romfs_format_name_fault("a\0b", 3), "has a NUL or a slash in it");
	assert_string_equal(romfs_format_name_fault("a\xff", 2), "is not UTF-8");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers),     cmocka_unit_test(the_magic_is_a_number),
		cmocka_unit_test(odd_numbers), cmocka_unit_test(the_gate),
		cmocka_unit_test(names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
