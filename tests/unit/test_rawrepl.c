/* SPDX-License-Identifier: MIT */
/* What is done with a board that is at its raw REPL. */
#include "rawrepl/rawrepl.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/bench.h"

static void run_survives_any_liar(void **state)
{
	struct bench *bench = *state;
	char code[700], out[20];
	int64_t start;
	unsigned seed;

	memset(code, '#', sizeof(code));
	for (seed = 1; seed <= 500; seed++) {
		struct bench_liar liar = {.dice = {seed}};

		fakelink_board(bench->fake, bench_lie, &liar);
		bench->repl = (struct rawrepl){.link = bench->link, .raw_paste = seed % 3 > 0};
		start = fakelink_now(bench->fake);
		rawrepl_run(&bench->repl, code, sizeof(code), out, sizeof(out), NULL, SECOND, &bench->diag);
		assert_in_range(fakelink_now(bench->fake) - start, 0, 1250 * MS);
		assert_true(strlen(out) < sizeof(out));
		fakelink_flood(bench->fake, NULL, 0);
		fakelink_forget(bench->fake);
	}
}

/* --- rawrepl_run --- */

/* Plays STEPS while CODE runs; the repl is taken to be at the raw prompt. */
static int run(struct bench *bench, const struct fakelink_step *steps, size_t count, const char *code, char *out, size_t size)
{
	size_t len = 0;
	int err;

	bench->repl = (struct rawrepl){.link = bench->link, .raw_paste = true};
	fakelink_script(bench->fake, steps, count);
	err = rawrepl_run(&bench->repl, code, strlen(code), out, size, &len, 2 * SECOND, &bench->diag);
	if (fakelink_problem(bench->fake))
		fail_msg("%s", fakelink_problem(bench->fake));
	if (out)
		assert_int_equal(len, strlen(out));
	return err;
}

#define RUN(bench, steps, code, out) run(bench, steps, sizeof(steps) / sizeof(steps[0]), code, out, sizeof(out))

static void run_by_raw_paste(void **state)
{
	static const struct fakelink_step steps[] = {FAKELINK_EXPECT("\x05"
								     "A\x01"),
						     FAKELINK_SAY(PASTE_GRANT), FAKELINK_EXPECT("print(7)\x04"),
						     FAKELINK_SAY("\x04"
								  "7\r\n\x04\x04>")};
	char out[16];

	assert_int_equal(RUN(*state, steps, "print(7)", out), 0);
	assert_string_equal(out, "7\r\n");
}

/* What run_to's code has printed. `x` is no sign of life. */
struct printed {
	char text[64];
	size_t len;
};

static bool take_printed(void *context, unsigned char byte)
{
	struct printed *printed = context;

	if (printed->len < sizeof(printed->text) - 1)
		printed->text[printed->len++] = (char)byte;
	return byte != 'x';
}

static int run_to(struct bench *bench, const struct fakelink_step *steps, size_t count, struct printed *printed)
{
	bench->repl = (struct rawrepl){.link = bench->link, .raw_paste = true};
	fakelink_script(bench->fake, steps, count);
	return rawrepl_run_to(&bench->repl, "print(7)", 8, take_printed, printed, SECOND, &bench->diag);
}

#define PASTE_OF_7                \
	FAKELINK_EXPECT("\x05"    \
			"A\x01"), \
		FAKELINK_SAY(PASTE_GRANT), FAKELINK_EXPECT("print(7)\x04")

static void run_to_lasts_as_long_as_there_are_signs_of_life(void **state)
{
	static const struct fakelink_step steps[] = {PASTE_OF_7,
						     FAKELINK_SAY("\x04"
								  "a"),
						     FAKELINK_DELAY(900 * MS),
						     FAKELINK_SAY("b"),
						     FAKELINK_DELAY(900 * MS),
						     FAKELINK_SAY("c"),
						     FAKELINK_DELAY(900 * MS),
						     FAKELINK_SAY("d\x04\x04>")};
	struct printed printed = {.len = 0};

	assert_int_equal(run_to(*state, steps, sizeof(steps) / sizeof(steps[0]), &printed), 0);
	assert_string_equal(printed.text, "abcd");
}

static void run_to_ends_in_silence_and_in_chatter(void **state)
{
	static const struct fakelink_step silence[] = {PASTE_OF_7,
						       FAKELINK_SAY("\x04"
								    "a"),
						       FAKELINK_ANY()};
	static const struct fakelink_step chatter[] = {PASTE_OF_7,
						       FAKELINK_SAY("\x04"
								    "a"),
						       FAKELINK_FLOOD("x"), FAKELINK_ANY()};
	struct bench *bench = *state;
	struct printed printed = {.len = 0};
	int64_t start = fakelink_now(bench->fake);

	assert_int_equal(run_to(bench, silence, sizeof(silence) / sizeof(silence[0]), &printed), -ETIMEDOUT);
	assert_in_range(fakelink_now(bench->fake) - start, SECOND, 1100 * MS);
	start = fakelink_now(bench->fake);
	assert_int_equal(run_to(bench, chatter, sizeof(chatter) / sizeof(chatter[0]), &printed), -ETIMEDOUT);
	assert_in_range(fakelink_now(bench->fake) - start, SECOND, 1100 * MS);
}

static void run_forgets_what_was_said_before(void **state)
{
	static const struct fakelink_step steps[] = {FAKELINK_SAY("tick R\x01\x80\x00\r\n"),
						     FAKELINK_EXPECT("\x05"
								     "A\x01"),
						     FAKELINK_SAY("tock\r\n" PASTE_GRANT), FAKELINK_EXPECT("print(7)\x04"),
						     FAKELINK_SAY("\x04"
								  "7\r\n\x04\x04>")};
	char out[16];

	bytelink_wait(((struct bench *)*state)->link, 0, FAKELINK_START + 50 * MS);
	assert_int_equal(RUN(*state, steps, "print(7)", out), 0);
	assert_string_equal(out, "7\r\n");
}

/* Reads the code as pyexec.c does, in windows of SIZE bytes, and holds that the host never sends what was not granted. */
struct reader {
	size_t size, read, granted, most_ahead, code_len;
	size_t asked; /* bytes of the request that came */
	bool first_grant_only;
	char code[8192];
};

static void read_code(struct fakelink *fake, void *context, const unsigned char *bytes, size_t len)
{
	struct reader *reader = context;
	unsigned char grant[] = {'R', 1, reader->size & 0xff, reader->size >> 8, 1};
	size_t i;

	for (i = 0; i < len; i++) {
		if (reader->asked < 3) {
			if (++reader->asked == 3)
				fakelink_say(fake, grant, sizeof(grant));
			reader->granted = 2 * reader->size;
		} else if (bytes[i] == 0x04) {
			fakelink_say(fake,
				     "\x04"
				     "done\x04\x04>",
				     8);
		} else {
			assert_true(reader->code_len < reader->granted);
			reader->code[reader->code_len++] = (char)bytes[i];
			if (reader->code_len - reader->read == reader->size) {
				reader->read += reader->size;
				reader->granted += reader->size;
				fakelink_say_after(fake, 30 * MS, "\x01", 1); /* it compiles for so long */
			}
		}
	}
	if (len > reader->most_ahead)
		reader->most_ahead = len;
}

static void run_long_code(struct bench *bench, struct reader *reader, int64_t us)
{
	static char code[5001];
	int64_t start = fakelink_now(bench->fake);
	char out[16];

	memset(code, '#', sizeof(code) - 1);
	bench->repl = (struct rawrepl){.link = bench->link, .raw_paste = true};
	fakelink_board(bench->fake, read_code, reader);
	assert_int_equal(rawrepl_run(&bench->repl, code, 5000, out, sizeof(out), NULL, 5 * SECOND, &bench->diag), 0);
	assert_string_equal(out, "done");
	assert_int_equal(reader->code_len, 5000);
	assert_in_range(fakelink_now(bench->fake) - start, 0, us);
}

static void run_keeps_to_the_window(void **state)
{
	struct reader reader = {.size = 128};

	run_long_code(*state, &reader, 1500 * MS);
	assert_in_range(reader.most_ahead, 1, 240); /* a UART's ring */
}

static void run_keeps_to_a_small_window(void **state)
{
	struct reader reader = {.size = 32};

	run_long_code(*state, &reader, 5 * SECOND);
	assert_in_range(reader.most_ahead, 1, 64);
}

static void run_keeps_to_a_window_of_one_byte(void **state)
{
	static const struct fakelink_step steps[] = {FAKELINK_EXPECT("\x05"
								     "A\x01"),
						     FAKELINK_SAY("R\x01\x01\0\x01"),
						     FAKELINK_EXPECT("ab"),
						     FAKELINK_SAY("\x01"),
						     FAKELINK_EXPECT("c"),
						     FAKELINK_SAY("\x01\x01\x01"),
						     FAKELINK_EXPECT("d\x04"),
						     FAKELINK_SAY("\x04\x04\x04>")};
	char out[16];

	assert_int_equal(RUN(*state, steps, "abcd", out), 0);
}

static void run_paces_a_window_beyond_any_ring(void **state)
{
	struct reader reader = {.size = 65535};

	run_long_code(*state, &reader, 1000 * MS);
	assert_int_equal(reader.most_ahead, 128);
}

static void run_refuses_a_window_of_nothing(void **state)
{
	static const struct fakelink_step steps[] = {FAKELINK_EXPECT("\x05"
								     "A\x01"),
						     FAKELINK_SAY("R\x01\0\0\x01")};
	char out[16];

	assert_int_equal(RUN(*state, steps, "pass", out), -EPROTO);
}

static void run_gives_up_on_grants_without_end(void **state)
{
	static const struct fakelink_step steps[] = {FAKELINK_EXPECT("\x05"
								     "A\x01"),
						     FAKELINK_SAY(PASTE_GRANT), FAKELINK_FLOOD("\x01"),
						     FAKELINK_EXPECT("pass\x04"), FAKELINK_ANY()};
	struct bench *bench = *state;
	char out[16];

	assert_int_equal(RUN(bench, steps, "pass", out), -ETIMEDOUT);
	assert_in_range(fakelink_now(bench->fake), FAKELINK_START, FAKELINK_START + 2 * SECOND + MS);
}

static void run_ends_a_paste_that_the_board_aborts(void **state)
{
	static const struct fakelink_step steps[] = {FAKELINK_EXPECT("\x05"
								     "A\x01"),
						     FAKELINK_SAY("R\x01\x04\0\x01"),
						     FAKELINK_EXPECT("if )garb"),
						     FAKELINK_SAY("\x04"),
						     FAKELINK_EXPECT("\x04"),
						     FAKELINK_SAY("\x04SyntaxError: invalid syntax\r\n\x04>")};
	struct bench *bench = *state;
	char out[16];

	assert_int_equal(RUN(bench, steps, "if )garbage and much more of it", out), -EREMOTEIO);
	assert_int_equal(bench->diag.err, EREMOTEIO);
	assert_string_equal(bench->diag.text, "the code raised on the board:\nSyntaxError: invalid syntax");
}

static void run_falls_back_when_raw_paste_is_refused(void **state)
{
	static const struct fakelink_step steps[] = {FAKELINK_EXPECT("\x05"
								     "A\x01"),
						     FAKELINK_SAY("R\0>"), FAKELINK_EXPECT("pass\x04"),
						     FAKELINK_SAY("OKx\x04\x04>")};
	char out[16];

	assert_int_equal(RUN(*state, steps, "pass", out), 0);
	assert_string_equal(out, "x");
}

static void run_falls_back_when_raw_paste_is_unknown(void **state)
{
	static const struct fakelink_step steps[] = {FAKELINK_EXPECT("\x05"
								     "A\x01"),
						     FAKELINK_SAY(RAW_BANNER), FAKELINK_EXPECT("pass\x04"),
						     FAKELINK_SAY("OKx\x04\x04>")};
	char out[16];

	assert_int_equal(RUN(*state, steps, "pass", out), 0);
	assert_string_equal(out, "x");
}

static void run_says_when_raw_paste_is_not_answered(void **state)
{
	static const struct fakelink_step steps[] = {FAKELINK_EXPECT("\x05"
								     "A\x01"),
						     FAKELINK_SAY("what?")};
	struct bench *bench = *state;
	char out[16];

	assert_int_equal(RUN(bench, steps, "pass", out), -ETIMEDOUT);
	assert_non_null(strstr(bench->diag.text, "did not run the code in time"));
	assert_non_null(strstr(bench->diag.text, "what?"));
}

/* The plain raw REPL gets at most 128 bytes at a time, with pauses that 115,200 baud needs for them. */
struct slow_reader {
	int64_t busy_until;
	size_t len;
};

static void read_plain(struct fakelink *fake, void *context, const unsigned char *bytes, size_t len)
{
	struct slow_reader *reader = context;

	assert_in_range(len, 1, 128);
	assert_true(fakelink_now(fake) >= reader->busy_until || len == 1); /* the end, in any case */
	reader->busy_until = fakelink_now(fake) + (int64_t)len * 87;
	reader->len += len;
	if (bytes[len - 1] == 0x04)
		fakelink_say(fake, "OK\x04\x04>", 5);
}

static void run_paces_the_plain_raw_repl(void **state)
{
	struct bench *bench = *state;
	struct slow_reader reader = {0};
	char code[1000];

	memset(code, '#', sizeof(code));
	bench->repl = (struct rawrepl){.link = bench->link, .raw_paste = false};
	fakelink_board(bench->fake, read_plain, &reader);
	assert_int_equal(rawrepl_run(&bench->repl, code, sizeof(code), NULL, 0, NULL, SECOND, &bench->diag), 0);
	assert_int_equal(reader.len, 1001);
}

static void run_drops_output_that_does_not_fit(void **state)
{
	static const struct fakelink_step steps[] = {FAKELINK_EXPECT("\x05"
								     "A\x01"),
						     FAKELINK_SAY(PASTE_GRANT), FAKELINK_EXPECT("pass\x04"),
						     FAKELINK_SAY("\x04"
								  "0123456789\x04\x04>")};
	char out[8];

	assert_int_equal(RUN(*state, steps, "pass", out), 0);
	assert_string_equal(out, "0123456");
}

static void run_gives_up_on_output_without_end(void **state)
{
	static const struct fakelink_step steps[] = {FAKELINK_EXPECT("\x05"
								     "A\x01"),
						     FAKELINK_SAY(PASTE_GRANT), FAKELINK_EXPECT("pass\x04"), FAKELINK_SAY("\x04"),
						     FAKELINK_FLOOD("output\r\n")};
	struct bench *bench = *state;
	char out[8];

	assert_int_equal(RUN(bench, steps, "pass", out), -ETIMEDOUT);
	assert_in_range(fakelink_now(bench->fake), FAKELINK_START, FAKELINK_START + 2 * SECOND + MS);
	assert_string_equal(out, "output\r");
	assert_non_null(strstr(bench->diag.text, "output"));
}

static void run_says_when_the_end_is_missing(void **state)
{
	static const struct fakelink_step steps[] = {FAKELINK_EXPECT("\x05"
								     "A\x01"),
						     FAKELINK_SAY(PASTE_GRANT), FAKELINK_EXPECT("pass\x04"),
						     FAKELINK_SAY("\x04half\x04")};
	char out[8];

	assert_int_equal(RUN(*state, steps, "pass", out), -ETIMEDOUT);
	assert_string_equal(out, "half");
}

static void run_says_when_the_board_resets(void **state)
{
	static const struct fakelink_step steps[] = {FAKELINK_EXPECT("\x05"
								     "A\x01"),
						     FAKELINK_SAY(PASTE_GRANT), FAKELINK_EXPECT("pass\x04"),
						     FAKELINK_SAY("\x04\x04\x04\r\nMPY: soft reboot\r\n")};
	struct bench *bench = *state;
	char out[8];

	assert_int_equal(RUN(bench, steps, "pass", out), -EPROTO);
	assert_non_null(strstr(bench->diag.text, "soft reboot"));
}

static void run_says_when_the_link_ends(void **state)
{
	static const struct fakelink_step steps[] = {FAKELINK_EXPECT("\x05"
								     "A\x01"),
						     FAKELINK_SAY(PASTE_GRANT), FAKELINK_EXPECT("pass\x04"),
						     FAKELINK_SAY("\x04so far"), FAKELINK_GONE(ENODEV)};
	struct bench *bench = *state;
	char out[8];

	assert_int_equal(RUN(bench, steps, "pass", out), -ENODEV);
	assert_string_equal(out, "so far");
	assert_non_null(strstr(bench->diag.text, "hung up"));
}

static void run_tells_a_lack_of_memory(void **state)
{
	static const struct fakelink_step steps[] = {
		FAKELINK_EXPECT("\x05"
				"A\x01"),
		FAKELINK_SAY(PASTE_GRANT), FAKELINK_EXPECT("pass\x04"),
		FAKELINK_SAY("\x04\x04Traceback (most recent call last):\r\n  File \"<stdin>\", line 1, in <module>\r\n"
			     "MemoryError: memory allocation failed, allocating 4096 bytes\r\n\x04>")};
	struct bench *bench = *state;
	char out[8];

	assert_int_equal(RUN(bench, steps, "pass", out), -EREMOTEIO);
	assert_int_equal(bench->diag.err, ENOMEM);
	assert_int_equal(bench->diag.layer, DIAG_RAWREPL);
	assert_non_null(strstr(bench->diag.text, "line 1, in <module>\nMemoryError: memory allocation failed"));
}

static void run_of_nothing_sends_nothing(void **state)
{
	struct bench *bench = *state;
	char out[8] = "x";
	size_t len = 7;

	bench->repl = (struct rawrepl){.link = bench->link};
	assert_int_equal(rawrepl_run(&bench->repl, "", 0, out, sizeof(out), &len, SECOND, &bench->diag), 0);
	assert_string_equal(out, "");
	assert_int_equal(len, 0);
	fakelink_written(bench->fake, &len);
	assert_int_equal(len, 0); /* above all no Ctrl-D */
}

static void run_refuses_control_characters(void **state)
{
	struct bench *bench = *state;
	size_t len;

	bench->repl = (struct rawrepl){.link = bench->link};
	assert_int_equal(rawrepl_run(&bench->repl, "a='\x04'", 5, NULL, 0, NULL, SECOND, &bench->diag), -EINVAL);
	fakelink_written(bench->fake, &len);
	assert_int_equal(len, 0);
}

/* --- rawrepl_leave, _type, _restart --- */

static int leave(struct bench *bench, const struct fakelink_step *steps, size_t count)
{
	bench->repl = (struct rawrepl){.link = bench->link};
	fakelink_script(bench->fake, steps, count);
	return rawrepl_leave(&bench->repl, SECOND, &bench->diag);
}

#define LEAVE(bench, steps) leave(bench, steps, sizeof(steps) / sizeof(steps[0]))

static void leave_waits_for_the_prompt(void **state)
{
	static const struct fakelink_step steps[] = {FAKELINK_EXPECT("\x02"), FAKELINK_SAY("\r\nMicroPython v1.29.0 on x; y\r\n"),
						     FAKELINK_DELAY(50 * MS), FAKELINK_SAY(PROMPT)};
	struct bench *bench = *state;

	assert_int_equal(LEAVE(bench, steps), 0);
	assert_in_range(fakelink_now(bench->fake) - FAKELINK_START, 50 * MS, 60 * MS);
	assert_int_equal(bytelink_wait(bench->link, BYTELINK_READABLE, fakelink_now(bench->fake) + SECOND), 0);
}

static void leave_takes_any_prompt_for_one(void **state)
{
	static const struct fakelink_step steps[] = {FAKELINK_EXPECT("\x02"),
						     FAKELINK_SAY("\r\nMicroPython v1.29.0 on x; y\r\n$ ")};

	assert_int_equal(LEAVE(*state, steps), 0);
}

static void leave_fails_on_silence(void **state)
{
	static const struct fakelink_step steps[] = {FAKELINK_EXPECT("\x02")};
	struct bench *bench = *state;

	assert_int_equal(LEAVE(bench, steps), -ETIMEDOUT);
	assert_non_null(strstr(bench->diag.text, "go back to its prompt"));
}

static void leave_fails_on_nonsense(void **state)
{
	static const struct fakelink_step steps[] = {FAKELINK_EXPECT("\x02"), FAKELINK_SAY("\x04nonsense")};
	struct bench *bench = *state;

	assert_int_equal(LEAVE(bench, steps), -EPROTO);
	assert_non_null(strstr(bench->diag.text, "nonsense"));
}

static void type_types_in_pieces(void **state)
{
	struct bench *bench = *state;
	struct slow_reader reader = {0};
	char line[301];
	size_t len;

	memset(line, 'x', 300);
	line[300] = '\0';
	bench->repl = (struct rawrepl){.link = bench->link};
	fakelink_board(bench->fake, read_plain, &reader);
	assert_int_equal(rawrepl_type(&bench->repl, line), 0);
	assert_memory_equal(fakelink_written(bench->fake, &len), line, 300);
	assert_int_equal(len, 301);
	assert_int_equal(fakelink_written(bench->fake, NULL)[300], '\r');
}

static void type_tells_of_a_dead_link(void **state)
{
	struct bench *bench = *state;

	bench->repl = (struct rawrepl){.link = bench->link};
	fakelink_hang_up(bench->fake, 0, ENODEV);
	assert_int_equal(rawrepl_type(&bench->repl, "help()"), -ENODEV);
}

static void restart_is_a_soft_reset(void **state)
{
	struct bench *bench = *state;

	toyboard_start(&bench->board, bench->fake);
	bench->repl = (struct rawrepl){.link = bench->link};
	assert_int_equal(rawrepl_restart(&bench->repl), 0);
	assert_int_equal(bench->board.mode, TOYBOARD_RESET);
}

static void restart_may_take_the_link_away(void **state)
{
	struct bench *bench = *state;

	bench->repl = (struct rawrepl){.link = bench->link};
	fakelink_hang_up(bench->fake, 100 * MS, ENODEV);
	assert_int_equal(rawrepl_restart(&bench->repl), 0);
}

static void restart_tells_when_nothing_happens(void **state)
{
	struct bench *bench = *state;

	bench->repl = (struct rawrepl){.link = bench->link};
	assert_int_equal(rawrepl_restart(&bench->repl), -ETIMEDOUT);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, bench_set_up, bench_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(run_survives_any_liar),
		TEST(run_by_raw_paste),
		TEST(run_to_lasts_as_long_as_there_are_signs_of_life),
		TEST(run_to_ends_in_silence_and_in_chatter),
		TEST(run_forgets_what_was_said_before),
		TEST(run_keeps_to_the_window),
		TEST(run_keeps_to_a_small_window),
		TEST(run_keeps_to_a_window_of_one_byte),
		TEST(run_paces_a_window_beyond_any_ring),
		TEST(run_refuses_a_window_of_nothing),
		TEST(run_gives_up_on_grants_without_end),
		TEST(run_ends_a_paste_that_the_board_aborts),
		TEST(run_falls_back_when_raw_paste_is_refused),
		TEST(run_falls_back_when_raw_paste_is_unknown),
		TEST(run_says_when_raw_paste_is_not_answered),
		TEST(run_paces_the_plain_raw_repl),
		TEST(run_drops_output_that_does_not_fit),
		TEST(run_gives_up_on_output_without_end),
		TEST(run_says_when_the_end_is_missing),
		TEST(run_says_when_the_board_resets),
		TEST(run_says_when_the_link_ends),
		TEST(run_tells_a_lack_of_memory),
		TEST(run_of_nothing_sends_nothing),
		TEST(run_refuses_control_characters),
		TEST(leave_waits_for_the_prompt),
		TEST(leave_takes_any_prompt_for_one),
		TEST(leave_fails_on_silence),
		TEST(leave_fails_on_nonsense),
		TEST(type_types_in_pieces),
		TEST(type_tells_of_a_dead_link),
		TEST(restart_is_a_soft_reset),
		TEST(restart_may_take_the_link_away),
		TEST(restart_tells_when_nothing_happens),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
