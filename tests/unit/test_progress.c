/* SPDX-License-Identifier: MIT */
#include "cli/progress.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#include <cmocka.h>

static void the_bar_has_a_rate(void **state)
{
	char words[160];

	(void)state;
	progress_words(words, sizeof(words), "deploying", 0, 102400, 1);
	assert_string_equal(words, "deploying [....................]   0 % of 100 KiB, 0.0 KB/s");
	progress_words(words, sizeof(words), "deploying", 51200, 102400, 5000000);
	assert_string_equal(words, "deploying [##########..........]  50 % of 100 KiB, 10.2 KB/s");
	progress_words(words, sizeof(words), "reading", 102400, 102400, 1000000);
	assert_string_equal(words, "reading [####################] 100 % of 100 KiB, 102.4 KB/s");
	progress_words(words, sizeof(words), "reading", 0, 0, 1);
	assert_string_equal(words, "reading [####################] 100 % of 0 KiB, 0.0 KB/s");
}

static void it_is_silent_in_a_pipe(void **state)
{
	int terminal = dup(STDERR_FILENO), nothing = open("/dev/null", O_WRONLY);
	struct progress progress;

	(void)state;
	dup2(nothing, STDERR_FILENO);
	progress_start(&progress, "deploying");
	dup2(terminal, STDERR_FILENO);
	progress_show(&progress, 1, 2);
	assert_int_equal(progress.shown_us, 0);
	progress_end(&progress);
	close(terminal);
	close(nothing);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_bar_has_a_rate),
		cmocka_unit_test(it_is_silent_in_a_pipe),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
