/* SPDX-License-Identifier: MIT */
#include "romfs/mpy.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void bytecode_has_no_architecture(void **state)
{
	struct mpy_header header;

	(void)state;
	/* What mpy-cross 1.29 writes. */
	assert_null(mpy_parse(&header, (const uint8_t *)"M\x06\x00\x1f", 4));
	assert_int_equal(header.version, 6);
	assert_int_equal(header.arch, 0);
	assert_string_equal(mpy_arch_name(header.arch), "bytecode");
}

static void native_code(void **state)
{
	struct mpy_header header;

	(void)state;
	assert_null(mpy_parse(&header, (const uint8_t *)"M\x06\x13\x1f", 4));
	assert_int_equal(header.sub_version, 3);
	assert_string_equal(mpy_arch_name(header.arch), "armv6m");
	assert_null(mpy_parse(&header, (const uint8_t *)"M\x06\x2b\x1f", 4));
	assert_string_equal(mpy_arch_name(header.arch), "xtensawin");
	/* The flag that flags follow is no part of the architecture. */
	assert_null(mpy_parse(&header, (const uint8_t *)"M\x06\x6f\x1f", 4));
	assert_string_equal(mpy_arch_name(header.arch), "rv32imc");
}

static void refused(const char *bytes, size_t len, const char *words)
{
	struct mpy_header header;
	const char *fault = mpy_parse(&header, (const uint8_t *)bytes, len);

	assert_non_null(fault);
	assert_non_null(strstr(fault, words));
}

static void what_no_board_loads(void **state)
{
	struct mpy_header header;

	(void)state;
	refused("", 0, "no .mpy file");
	refused("M\x06\x00", 3, "no .mpy file");
	refused("m\x06\x00\x1f", 4, "no .mpy file");
	refused("M\x05\x00\x1f", 4, "version is not 6");
	refused("M\x07\x00\x1f", 4, "version is not 6");
	refused("M\x06\x12\x1f", 4, "another version than 6.3");
	refused("M\x06\x37\x1f", 4, "unknown architecture");
	refused("M\x06\x93\x1f", 4, "unknown architecture");
	assert_non_null(mpy_parse(&header, (const uint8_t *)"M\x05\x00\x1f", 4));
	assert_int_equal(header.version, 5);
	assert_string_equal(mpy_arch_name(99), "unknown");
}

static void what_a_board_loads(void **state)
{
	enum { X64 = 2, ARMV6 = 3, ARMV6M = 4, ARMV7EMDP = 8, XTENSA = 9 };

	(void)state;
	assert_int_equal(mpy_arch_number("x64"), X64);
	assert_int_equal(mpy_arch_number("armv7emdp"), ARMV7EMDP);
	assert_int_equal(mpy_arch_number("xtensa"), XTENSA);
	assert_int_equal(mpy_arch_number("bytecode"), -1);
	assert_int_equal(mpy_arch_number("host"), -1);
	assert_true(mpy_arch_runs_on(0, XTENSA));
	assert_true(mpy_arch_runs_on(X64, X64));
	assert_true(mpy_arch_runs_on(ARMV6M, ARMV7EMDP));
	assert_false(mpy_arch_runs_on(ARMV7EMDP, ARMV6M));
	assert_false(mpy_arch_runs_on(ARMV6, ARMV6M));
	assert_false(mpy_arch_runs_on(ARMV6M, ARMV6));
	assert_false(mpy_arch_runs_on(ARMV6M, XTENSA));
	assert_false(mpy_arch_runs_on(X64, 0));
}

static void names(void **state)
{
	(void)state;
	assert_true(mpy_is_name("a.mpy", 5));
	assert_true(mpy_is_name(".mpy", 4));
	assert_false(mpy_is_name("a.mpyx", 6));
	assert_false(mpy_is_name("ampy", 4));
	assert_false(mpy_is_name("x.mpy" + 2, 3));
	assert_false(mpy_is_name("", 0));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bytecode_has_no_architecture),
		cmocka_unit_test(native_code),
		cmocka_unit_test(what_no_board_loads),
		cmocka_unit_test(what_a_board_loads),
		cmocka_unit_test(names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
