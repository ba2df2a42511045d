/* SPDX-License-Identifier: MIT */
#include "rawrepl/reply.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/dice.h"

/* One answer, with room for a little output. */
struct answer {
	struct reply reply;
	char out[16];
};

static void start(struct answer *answer, bool paste)
{
	reply_start(&answer->reply, paste, answer->out, sizeof(answer->out));
}

static size_t take(struct answer *answer, const char *bytes, size_t len)
{
	return reply_take(&answer->reply, (const unsigned char *)bytes, len);
}

#define TAKE(answer, literal) take(answer, literal, sizeof(literal) - 1)

static void paste_from_request_to_prompt(void **state)
{
	struct answer answer;

	(void)state;
	start(&answer, true);
	TAKE(&answer, "R\x01\x80");
	assert_int_equal(answer.reply.state, REPLY_WINDOW_HIGH);
	assert_int_equal(reply_code_sent(&answer.reply), -EINVAL); /* not yet asked for */
	TAKE(&answer, "\0");
	assert_int_equal(answer.reply.state, REPLY_SENDING);
	assert_int_equal(answer.reply.credit, 128);
	TAKE(&answer, "\x01");
	assert_int_equal(answer.reply.credit, 256);
	reply_bytes_sent(&answer.reply, 200);
	assert_int_equal(answer.reply.credit, 56);
	assert_int_equal(answer.reply.unread, 200);
	TAKE(&answer, "\x01");
	assert_int_equal(answer.reply.credit, 184);
	assert_int_equal(answer.reply.unread, 72);
	assert_int_equal(reply_code_sent(&answer.reply), 0);
	assert_int_equal(reply_code_sent(&answer.reply), -EINVAL); /* only once */
	TAKE(&answer, "\x04hello\r\n\x04\x04");
	assert_int_equal(answer.reply.state, REPLY_PROMPT);
	assert_int_equal(TAKE(&answer, ">later"), 1);
	assert_int_equal(answer.reply.state, REPLY_DONE);
	assert_string_equal(answer.out, "hello\r\n");
	assert_int_equal(answer.reply.error_len, 0);
}

static void plain_from_ok_to_prompt(void **state)
{
	struct answer answer;

	(void)state;
	start(&answer, false);
	TAKE(&answer, "OK"); /* of something before */
	assert_int_equal(answer.reply.state, REPLY_WAIT_O);
	assert_int_equal(reply_code_sent(&answer.reply), 0);
	TAKE(&answer, "raw REPL; CTRL-B to exit\r\n>OxOOK42\r\n\x04No\x04>");
	assert_int_equal(answer.reply.state, REPLY_DONE);
	assert_string_equal(answer.out, "42\r\n");
	assert_int_equal(answer.reply.error_len, 2);
	assert_memory_equal(answer.reply.error, "No", 2);
}

static void a_board_without_raw_paste_refuses(void **state)
{
	struct answer answer;

	(void)state;
	start(&answer, true);
	assert_int_equal(take(&answer, "R\0>", 3), 2);
	assert_int_equal(answer.reply.state, REPLY_REFUSED);
	start(&answer, true);
	TAKE(&answer, "rraw REPL; CTRL-B to exit\r\n");
	assert_false(answer.reply.banner);
	TAKE(&answer, ">");
	assert_true(answer.reply.banner);
	assert_int_equal(answer.reply.state, REPLY_ASKED);
	TAKE(&answer, "R\x01\x20");
	TAKE(&answer, "\0"); /* the banner was of an earlier Ctrl-A */
	assert_int_equal(answer.reply.state, REPLY_SENDING);
	assert_int_equal(answer.reply.window, 32);
}

static void noise_before_the_request_is_passed_over(void **state)
{
	struct answer answer;

	(void)state;
	start(&answer, true);
	TAKE(&answer, "tick RRR\x01\x01");
	assert_int_equal(answer.reply.state, REPLY_WINDOW_HIGH);
	TAKE(&answer, "\x01");
	assert_int_equal(answer.reply.window, 257);
}

static void a_window_of_nothing_is_refused(void **state)
{
	struct answer answer;

	(void)state;
	start(&answer, true);
	take(&answer, "R\x01\0\0\x01", 5);
	assert_int_equal(answer.reply.state, REPLY_BAD);
	assert_int_equal(reply_code_sent(&answer.reply), -EINVAL);
}

static void grants_without_end_do_not_add_up(void **state)
{
	struct answer answer;
	int i;

	(void)state;
	start(&answer, true);
	TAKE(&answer, "R\x01\xff\xff");
	for (i = 0; i < 100000; i++)
		TAKE(&answer, "\x01");
	assert_int_equal(answer.reply.credit, 2 * 65535);
	reply_bytes_sent(&answer.reply, 3 * 65535); /* a caller's mistake must not wrap */
	assert_int_equal(answer.reply.credit, 0);
}

static void the_board_may_want_no_more(void **state)
{
	struct answer answer;

	(void)state;
	start(&answer, true);
	take(&answer, "R\x01\x80\0\x01?\x04\x04\x01", 9);
	assert_int_equal(answer.reply.state, REPLY_ABORTED);
	assert_false(reply_is_over(&answer.reply));
	assert_int_equal(reply_code_sent(&answer.reply), 0);
	TAKE(&answer, "\x04SyntaxError: invalid syntax\r\n\x04>");
	assert_int_equal(answer.reply.state, REPLY_DONE);
	assert_int_equal(answer.reply.error_len, 29);
}

static void endless_output_is_dropped(void **state)
{
	struct answer answer;
	int i;

	(void)state;
	start(&answer, false);
	reply_code_sent(&answer.reply);
	TAKE(&answer, "OK0123456789");
	for (i = 0; i < 300000; i++)
		TAKE(&answer, "output\0");
	assert_int_equal(answer.reply.state, REPLY_OUTPUT);
	assert_int_equal(answer.reply.len, sizeof(answer.out) - 1);
	assert_memory_equal(answer.out, "0123456789outpu\0", sizeof(answer.out));
}

static void the_end_of_a_long_exception_is_kept(void **state)
{
	struct answer answer;
	int i;

	(void)state;
	start(&answer, false);
	reply_code_sent(&answer.reply);
	TAKE(&answer, "OK\x04");
	for (i = 0; i < 1000; i++)
		TAKE(&answer, "File \"deep.py\", line 1\r\n");
	TAKE(&answer, "the last words\x04>");
	assert_int_equal(answer.reply.state, REPLY_DONE);
	assert_true(answer.reply.error_len <= sizeof(answer.reply.error));
	assert_true(answer.reply.error_len >= sizeof(answer.reply.error) / 2);
	assert_memory_equal(answer.reply.error + answer.reply.error_len - 14, "the last words", 14);
}

static void a_missing_prompt_is_bad(void **state)
{
	struct answer answer;

	(void)state;
	start(&answer, false);
	reply_code_sent(&answer.reply);
	assert_int_equal(TAKE(&answer, "OK\x04\x04MPY: soft reboot"), 5);
	assert_int_equal(answer.reply.state, REPLY_BAD);
	assert_int_equal(TAKE(&answer, ">"), 0);
}

static void output_may_go_nowhere(void **state)
{
	struct reply reply;

	(void)state;
	reply_start(&reply, false, NULL, 100);
	reply_code_sent(&reply);
	reply_take(&reply, (const unsigned char *)"OKlost\x04\x04>", 9);
	assert_int_equal(reply.state, REPLY_DONE);
	assert_int_equal(reply.len, 0);
}

static void any_bytes_leave_it_whole(void **state)
{
	static const char likely[] = {'R', 0, 1, 4, 'O', 'K', '>', (char)0x80, (char)0xff, 'x'};
	struct dice dice = {1};
	int round, i;

	(void)state;
	for (round = 0; round < 20000; round++) {
		struct answer answer;

		start(&answer, dice_hit(&dice, 2));
		for (i = 0; i < 60 && !reply_is_over(&answer.reply); i++) {
			char byte = dice_hit(&dice, 10) ? (char)dice_roll(&dice, 256) : likely[dice_roll(&dice, sizeof(likely))];

			assert_int_equal(take(&answer, &byte, 1), 1);
			assert_true(answer.reply.credit <= 2 * answer.reply.window);
			reply_bytes_sent(&answer.reply, answer.reply.state == REPLY_SENDING ? dice_roll(&dice, 300) : 0);
			if (dice_hit(&dice, 8))
				reply_code_sent(&answer.reply);
			assert_true(answer.reply.len < sizeof(answer.out));
			assert_int_equal(answer.out[answer.reply.len], '\0');
			assert_true(answer.reply.error_len <= sizeof(answer.reply.error));
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(paste_from_request_to_prompt),
		cmocka_unit_test(plain_from_ok_to_prompt),
		cmocka_unit_test(a_board_without_raw_paste_refuses),
		cmocka_unit_test(noise_before_the_request_is_passed_over),
		cmocka_unit_test(a_window_of_nothing_is_refused),
		cmocka_unit_test(grants_without_end_do_not_add_up),
		cmocka_unit_test(the_board_may_want_no_more),
		cmocka_unit_test(endless_output_is_dropped),
		cmocka_unit_test(the_end_of_a_long_exception_is_kept),
		cmocka_unit_test(a_missing_prompt_is_bad),
		cmocka_unit_test(output_may_go_nowhere),
		cmocka_unit_test(any_bytes_leave_it_whole),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
