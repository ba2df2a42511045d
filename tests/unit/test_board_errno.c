/* SPDX-License-Identifier: MIT */
#include "board/board_errno.h"

#include <errno.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* The numbers are those of py/mperrno.h (what the board's os module raises) and of lib/littlefs/lfs2.h. */
static void what_the_board_says_is_understood(void **state)
{
	static const struct {
		int board, host;
	} cases[] = {
		{1, EPERM},         {2, ENOENT},     {5, EIO},    {9, EBADF},       {11, EAGAIN},  {12, ENOMEM}, {13, EACCES},
		{16, EBUSY},        {17, EEXIST},    {18, EXDEV}, {20, ENOTDIR},    {21, EISDIR},  {22, EINVAL}, {23, ENFILE},
		{24, EMFILE},       {26, ETXTBSY},   {27, EFBIG}, {28, ENOSPC},     {29, ESPIPE},  {30, EROFS},  {31, EMLINK},
		{36, ENAMETOOLONG}, {39, ENOTEMPTY}, {40, ELOOP}, {95, EOPNOTSUPP}, {122, EDQUOT},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_int_equal(board_errno_to_host(cases[i].board), -cases[i].host);
}

static void what_says_nothing_is_an_io_error(void **state)
{
	/* 84 is LittleFS's LFS_ERR_CORRUPT, and a wrong encoding on Linux; 110 would say that the board is silent. */
	static const int numbers[] = {0, 3, 84, 110, 77, -1, -2, -22, 255, 1000, INT_MAX, INT_MIN};

	(void)state;
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		assert_int_equal(board_errno_to_host(numbers[i]), -EIO);
}

static void every_number_is_a_failure(void **state)
{
	(void)state;
	for (int number = -300; number < 300; number++) {
		int error = board_errno_to_host(number);

		assert_true(error < 0);
		/* board.h promises that it never comes. */
		assert_int_not_equal(error, -ETIMEDOUT);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_the_board_says_is_understood),
		cmocka_unit_test(what_says_nothing_is_an_io_error),
		cmocka_unit_test(every_number_is_a_failure),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
