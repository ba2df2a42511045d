/* SPDX-License-Identifier: MIT */
/* rawrepl_enter: from each state of a board to its raw REPL, or the words why not. */
#include "rawrepl/rawrepl.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/bench.h"

static int enter(struct bench *bench)
{
	int64_t start = fakelink_now(bench->fake);
	int err = rawrepl_enter(&bench->repl, bench->link, &bench->options, &bench->diag);

	bench->took = fakelink_now(bench->fake) - start;
	return err;
}

/* The bench of a test that finds its board in MODE. */
static struct bench *in_mode(void **state, enum toyboard_mode mode)
{
	struct bench *bench = *state;

	bench->board.mode = mode;
	return bench;
}

/* The same with an agent of ours on it that has lost its host. */
static struct bench *under_an_agent(void **state)
{
	struct bench *bench = in_mode(state, TOYBOARD_PROGRAM);

	bench->board.kbd_intr_off = true;
	bench->options.rescue = "\xfaQuit";
	bench->options.rescue_len = 5;
	return bench;
}

/* The toy board is brought to its raw REPL, as FOUND, in at most US microseconds, without a soft reset. */
static void enters(struct bench *bench, enum rawrepl_state found, int64_t us)
{
	toyboard_start(&bench->board, bench->fake);
	assert_int_equal(enter(bench), 0);
	assert_int_equal(bench->board.mode, TOYBOARD_RAW);
	assert_int_equal(bench->board.lines_entered, 0);
	assert_int_equal(bench->repl.found, found);
	assert_int_equal(bench->repl.interrupted, found == RAWREPL_PROGRAM || found == RAWREPL_PROGRAM_OUTPUT);
	assert_int_equal(bench->repl.raw_paste, !bench->board.no_raw_paste);
	assert_in_range(bench->took, 0, us);
}

/* It is not, within the time-out, and the diag says WORDS. */
static void fails(struct bench *bench, int err, const char *words)
{
	assert_int_equal(enter(bench), -err);
	assert_int_equal(bench->diag.err, err);
	if (!strstr(bench->diag.text, words))
		fail_msg("'%s' is not in '%s'", words, bench->diag.text);
	assert_in_range(bench->took, 0, bench->options.timeout_us + 100 * MS);
}

static bool wrote(struct bench *bench, char byte)
{
	size_t len;
	const char *written = fakelink_written(bench->fake, &len);

	return memchr(written, byte, len) != NULL;
}

/* --- rawrepl_enter, by the board's state --- */

static void enter_from_the_prompt_takes_a_few_round_trips(void **state)
{
	struct bench *bench = *state;

	enters(bench, RAWREPL_PROMPT, 30 * MS);
	assert_string_equal(rawrepl_state_words(bench->repl.found), "at its prompt");
}

static void enter_says_no_more_than_needed(void **state)
{
	static const char *const words = "\x03\x01\x05"
					 "A\x01print(";
	struct bench *bench = *state;

	enters(bench, RAWREPL_PROMPT, 30 * MS);
	assert_memory_equal(fakelink_written(bench->fake, NULL), words, strlen(words));
}

/* --- A line that does not carry all bytes --- */

static void enter_finds_a_line_of_eight_bits(void **state)
{
	struct bench *bench = *state;

	enters(bench, RAWREPL_PROMPT, 30 * MS);
	assert_true(bench->repl.eight_bit);
}

/* Raw-paste cannot be used there: its window of 128 is a byte that does not come. */
static void enters_by_seven_bits(struct bench *bench, enum toyboard_high high)
{
	bench->board.high = high;
	toyboard_start(&bench->board, bench->fake);
	assert_int_equal(enter(bench), 0);
	assert_int_equal(bench->board.mode, TOYBOARD_RAW);
	assert_int_equal(bench->repl.found, RAWREPL_PROMPT);
	assert_false(bench->repl.eight_bit);
	assert_false(bench->repl.raw_paste);
	assert_in_range(bench->took, 0, 2 * SECOND);
}

static void enter_finds_a_line_that_strips(void **state)
{
	enters_by_seven_bits(*state, TOYBOARD_STRIPPED);
}

static void enter_finds_a_line_that_eats(void **state)
{
	enters_by_seven_bits(*state, TOYBOARD_EATEN);
}

static void enter_by_seven_bits_without_raw_paste(void **state)
{
	struct bench *bench = *state;

	bench->board.no_raw_paste = true;
	enters_by_seven_bits(bench, TOYBOARD_EATEN);
}

static void enter_asks_again_where_noise_has_damaged_the_proof(void **state)
{
	struct bench *bench = *state;

	bench->board.high_spoiled = 2;
	enters(bench, RAWREPL_PROMPT, 100 * MS);
	assert_true(bench->repl.eight_bit);
}

static void enter_from_a_changed_prompt(void **state)
{
	struct bench *bench = *state;

	bench->board.ps1 = "esp32:/ $ ";
	enters(bench, RAWREPL_PROMPT, 100 * MS);
}

static void enter_from_a_half_typed_line(void **state)
{
	struct bench *bench = *state;

	strcpy(bench->board.line, "import machi");
	enters(bench, RAWREPL_PROMPT, 30 * MS);
}

static void enter_from_a_half_typed_escape_sequence(void **state)
{
	struct bench *bench = *state;

	toyboard_start(&bench->board, bench->fake);
	toyboard_type(&bench->board, "for\x1b[");
	strcpy(bench->board.line, "for");
	assert_int_equal(enter(bench), 0);
	assert_int_equal(bench->board.mode, TOYBOARD_RAW);
	assert_in_range(bench->took, 0, 500 * MS);
}

static void enter_from_an_open_compound_statement(void **state)
{
	enters(in_mode(state, TOYBOARD_COMPOUND), RAWREPL_PROMPT, 30 * MS);
}

static void enter_from_paste_mode(void **state)
{
	enters(in_mode(state, TOYBOARD_PASTE), RAWREPL_PROMPT, 30 * MS);
}

static void enter_from_the_raw_repl(void **state)
{
	struct bench *bench = in_mode(state, TOYBOARD_RAW);

	strcpy(bench->board.line, "import os; os.remo");
	enters(bench, RAWREPL_RAW, 200 * MS);
}

static void enter_from_a_half_sent_raw_paste_request(void **state)
{
	struct bench *bench = in_mode(state, TOYBOARD_RAW);

	strcpy(bench->board.line, "\x05"
				  "A");
	enters(bench, RAWREPL_RAW, 200 * MS);
}

static void enter_from_a_half_sent_raw_paste(void **state)
{
	enters(in_mode(state, TOYBOARD_RAW_PASTE), RAWREPL_PASTE, 200 * MS);
}

static void enter_from_old_firmware(void **state)
{
	struct bench *bench = *state;

	bench->board.no_raw_paste = true;
	enters(bench, RAWREPL_PROMPT, 300 * MS);
}

static void enter_stops_a_silent_program(void **state)
{
	struct bench *bench = in_mode(state, TOYBOARD_PROGRAM);

	enters(bench, RAWREPL_PROGRAM, 100 * MS);
	assert_non_null(strstr(bench->repl.last_output, "main.py"));
	assert_int_equal(bench->board.programs_stopped, 1);
}

static void enter_stops_a_program_of_the_raw_repl(void **state)
{
	struct bench *bench = in_mode(state, TOYBOARD_PROGRAM);

	bench->board.raw_mode = true;
	enters(bench, RAWREPL_PROGRAM, 200 * MS);
}

static void enter_stops_a_program_that_prints(void **state)
{
	struct bench *bench = in_mode(state, TOYBOARD_PROGRAM);

	bench->board.prints = "tick\r\n";
	enters(bench, RAWREPL_PROGRAM_OUTPUT, 500 * MS);
}

static void enter_is_not_taken_in_by_what_a_program_prints(void **state)
{
	struct bench *bench = in_mode(state, TOYBOARD_PROGRAM);

	bench->board.catches = 3;
	bench->board.prints = "tick\r\n" PROMPT "\r\n" RAW_BANNER "R\x01\x7f\x02\x01\x04"
			      "12345\r\n\x04\x04>OK\x04\x04>";
	enters(bench, RAWREPL_PROGRAM, 8 * SECOND); /* that it printed is hidden behind its prompts */
	assert_int_equal(bench->board.programs_stopped, 1);
}

static void enter_stops_a_program_that_catches_the_interrupt(void **state)
{
	struct bench *bench = in_mode(state, TOYBOARD_PROGRAM);

	bench->board.catches = 4;
	enters(bench, RAWREPL_PROGRAM, 5 * SECOND);
	assert_int_equal(bench->board.interrupts, 5);
}

static void enter_gives_a_slow_program_time_for_each_interrupt(void **state)
{
	struct bench *bench = in_mode(state, TOYBOARD_PROGRAM);

	bench->board.takes_us = 95 * MS;
	bench->board.catches = 2;
	enters(bench, RAWREPL_PROGRAM, 5 * SECOND);
}

static void enter_sends_again_what_an_emptied_ring_lost(void **state)
{
	struct bench *bench = in_mode(state, TOYBOARD_PROGRAM);

	bench->board.takes_us = 99 * MS; /* so that more is sent before the program ends */
	bench->board.catches = 3;
	bench->board.empties_ring = true;
	enters(bench, RAWREPL_PROGRAM, 5 * SECOND);
}

static void enter_works_on_a_slow_link(void **state)
{
	struct bench *bench = *state;

	fakelink_byte_time(bench->fake, 8 * MS); /* 1,200 baud */
	enters(bench, RAWREPL_PROMPT, 5 * SECOND);
}

static void enter_works_on_a_link_that_takes_single_bytes(void **state)
{
	struct bench *bench = *state;

	fakelink_limit(bench->fake, 1);
	enters(bench, RAWREPL_PROMPT, 50 * MS);
}

static void enter_rescues_from_an_agent_without_a_host(void **state)
{
	struct bench *bench = under_an_agent(state);

	bench->board.leaves_on = "\xfaQuit";
	enters(bench, RAWREPL_AGENT, 1 * SECOND);
}

static void idle_agent_leaves(struct fakelink *fake, void *context)
{
	struct toyboard *board = context;

	board->kbd_intr_off = false;
	board->mode = TOYBOARD_FRIENDLY;
	fakelink_say(fake, PROMPT, 4);
}

static void enter_waits_until_an_agent_leaves_by_itself(void **state)
{
	struct bench *bench = under_an_agent(state);

	fakelink_timer(bench->fake, 5 * SECOND, idle_agent_leaves, &bench->board);
	enters(bench, RAWREPL_AGENT, 7 * SECOND);
}

static void boot_ends(struct fakelink *fake, void *context)
{
	(void)fake;
	toyboard_boot(context);
}

static void start_listening(struct fakelink *fake, void *context)
{
	(void)fake;
	((struct toyboard *)context)->mode = TOYBOARD_STARTING;
}

static void enter_tells_a_board_that_has_just_started(void **state)
{
	struct bench *bench = in_mode(state, TOYBOARD_STARTING);

	fakelink_timer(bench->fake, 70 * MS, boot_ends, &bench->board);
	enters(bench, RAWREPL_BOOT, 150 * MS);
}

static void enter_tells_a_board_that_lost_the_interrupt_while_it_started(void **state)
{
	struct bench *bench = in_mode(state, TOYBOARD_DEAD);

	fakelink_timer(bench->fake, 50 * MS, start_listening, &bench->board);
	fakelink_timer(bench->fake, 150 * MS, boot_ends, &bench->board);
	enters(bench, RAWREPL_BOOT, 300 * MS);
}

static void enter_waits_for_a_board_that_starts(void **state)
{
	static const char rom[] = "ets Jul 29 2019 12:21:46\r\n\r\nrst:0x1 (POWERON_RESET),boot:0x13 (SPI_FAST_FLASH_BOOT)\r\n";
	struct bench *bench = in_mode(state, TOYBOARD_DEAD);
	size_t len;

	fakelink_say_after(bench->fake, 60 * MS, rom, sizeof(rom) - 1);
	fakelink_timer(bench->fake, 900 * MS, boot_ends, &bench->board);
	enters(bench, RAWREPL_BOOT, 1500 * MS);
	/* One Ctrl-C before its first sign of life, one at its prompt: none that could stop its boot.py. */
	assert_memory_equal(fakelink_written(bench->fake, &len), "\x03 \x03\x01", 4);
}

/* Its first word and its prompt come as one answer: it has no more to say. */
static void enter_does_not_wait_for_a_raw_repl_that_has_started(void **state)
{
	static const char reboot[] = "MPY: soft reboot\r\n";
	static const char banner[] = "MicroPython v1.28.0; toy with toy\r\n>>> \r\nraw REPL; CTRL-B to exit\r\n>";
	struct bench *bench = in_mode(state, TOYBOARD_RAW);

	fakelink_say_after(bench->fake, 60 * MS, reboot, sizeof(reboot) - 1);
	fakelink_say_after(bench->fake, 75 * MS, banner, sizeof(banner) - 1);
	enters(bench, RAWREPL_BOOT, 400 * MS);
}

static void enter_waits_for_a_board_that_starts_with_noise(void **state)
{
	static const char noise[] = "\x80\xf3\xfe\x90rl\x9c\x82\xee\x92l\x8c\xff\xf2\x12\xc2 {$\xfb\x9e\x82\xee\xff\x90\xc2";
	struct bench *bench = in_mode(state, TOYBOARD_DEAD);

	fakelink_say(bench->fake, noise, sizeof(noise) - 1);
	fakelink_timer(bench->fake, 500 * MS, boot_ends, &bench->board);
	enters(bench, RAWREPL_BOOT, 1000 * MS);
}

/* --- rawrepl_enter with nointerrupt --- */

static void unasked_enters(struct bench *bench, enum rawrepl_state found)
{
	bench->options.nointerrupt = true;
	enters(bench, found, 1200 * MS);
	assert_int_equal(bench->board.interrupts, 0);
}

static void nointerrupt_enters_from_the_prompt(void **state)
{
	unasked_enters(*state, RAWREPL_PROMPT);
}

static void nointerrupt_enters_from_a_changed_prompt(void **state)
{
	struct bench *bench = *state;

	bench->board.ps1 = "esp32:/ $ ";
	unasked_enters(bench, RAWREPL_PROMPT);
}

static void nointerrupt_enters_a_small_build(void **state)
{
	struct bench *bench = *state;

	bench->board.no_completion = true;
	unasked_enters(bench, RAWREPL_PROMPT);
}

/* A busy computer, or a board's driver that is slow: what comes late is no answer to what was asked next. */
static void nointerrupt_enters_late_boards(void **state)
{
	struct bench *bench = *state;
	int64_t late;

	bench->options.nointerrupt = true;
	for (late = 50 * MS; late <= 400 * MS; late += 50 * MS) {
		bench->board.late_us = late;
		enters(bench, RAWREPL_PROMPT, 8 * SECOND);
		assert_int_equal(bench->board.interrupts, 0);
		bench->board.mode = TOYBOARD_FRIENDLY;
	}
}

static void nointerrupt_enters_from_a_half_typed_line(void **state)
{
	struct bench *bench = *state;

	memset(bench->board.line, 'x', 100);
	unasked_enters(bench, RAWREPL_PROMPT);
}

static void nointerrupt_does_not_run_an_open_compound_statement(void **state)
{
	unasked_enters(in_mode(state, TOYBOARD_COMPOUND), RAWREPL_PASTE);
}

static void nointerrupt_enters_from_paste_mode(void **state)
{
	unasked_enters(in_mode(state, TOYBOARD_PASTE), RAWREPL_PASTE);
}

static void nointerrupt_enters_from_the_raw_repl(void **state)
{
	struct bench *bench = in_mode(state, TOYBOARD_RAW);

	strcpy(bench->board.line, "os.remo");
	unasked_enters(bench, RAWREPL_RAW);
}

static void nointerrupt_enters_from_an_agent_without_a_host(void **state)
{
	struct bench *bench = under_an_agent(state);

	bench->board.leaves_on = "\xfaQuit";
	bench->options.nointerrupt = true;
	enters(bench, RAWREPL_AGENT, 2 * SECOND);
}

static void nointerrupt_leaves_a_program_alone(struct bench *bench, const char *words)
{
	bench->options.nointerrupt = true;
	toyboard_start(&bench->board, bench->fake);
	fails(bench, EBUSY, words);
	assert_false(wrote(bench, 0x03));
	assert_false(wrote(bench, '\r'));
	assert_false(wrote(bench, 0x04));
	assert_int_equal(bench->board.programs_stopped, 0);
}

static void nointerrupt_refuses_a_silent_program(void **state)
{
	struct bench *bench = in_mode(state, TOYBOARD_PROGRAM);

	nointerrupt_leaves_a_program_alone(bench, "a program seems to run");
	assert_in_range(bench->took, 0, 3 * SECOND);
}

static void nointerrupt_refuses_a_program_that_prints(void **state)
{
	struct bench *bench = in_mode(state, TOYBOARD_PROGRAM);

	bench->board.prints = "MicroPython says tick\r\n" PROMPT;
	nointerrupt_leaves_a_program_alone(bench, "a program runs on the board");
	assert_non_null(strstr(bench->diag.text, "says tick"));
}

static void nointerrupt_refuses_a_program_that_waits_for_input(void **state)
{
	struct bench *bench = in_mode(state, TOYBOARD_INPUT);

	nointerrupt_leaves_a_program_alone(bench, "waits for input");
	assert_int_equal(bench->board.lines_entered, 0);
	assert_int_equal(bench->board.len, 0); /* nothing of ours is on its line */
}

static void nointerrupt_refuses_a_rescue_that_would_interrupt(void **state)
{
	struct bench *bench = in_mode(state, TOYBOARD_PROGRAM);

	bench->options.rescue = "leave\x03";
	bench->options.rescue_len = 6;
	nointerrupt_leaves_a_program_alone(bench, "a program seems to run");
	assert_false(wrote(bench, 'v'));
}

/* --- rawrepl_enter that fails --- */

static void enter_fails_on_silence(void **state)
{
	fails(*state, ETIMEDOUT, "nothing answers: is it a MicroPython board, is the baud rate right (option baud)");
}

static void enter_fails_on_a_link_that_takes_nothing(void **state)
{
	struct bench *bench = *state;

	fakelink_limit(bench->fake, 0);
	fails(bench, ETIMEDOUT, "nothing answers");
}

static void enter_fails_on_a_program_that_never_stops(void **state)
{
	struct bench *bench = in_mode(state, TOYBOARD_PROGRAM);

	bench->board.catches = 1000;
	bench->board.prints = "I do not stop\r\n";
	toyboard_start(&bench->board, bench->fake);
	fails(bench, ETIMEDOUT, "a program runs on the board and does not stop on Ctrl-C");
	assert_non_null(strstr(bench->diag.text, "I do not stop"));
	assert_int_equal(bench->board.mode, TOYBOARD_PROGRAM);
}

static void enter_fails_on_what_is_no_micropython(void **state)
{
	static const struct fakelink_step steps[] = {FAKELINK_EXPECT("\x03"), FAKELINK_SAY("\r\nlogin: "), FAKELINK_ANY()};
	struct bench *bench = *state;

	fakelink_script(bench->fake, steps, sizeof(steps) / sizeof(steps[0]));
	fails(bench, EPROTO, "answers, but not as MicroPython");
	assert_non_null(strstr(bench->diag.text, "login:"));
}

static void enter_fails_on_noise(void **state)
{
	struct bench *bench = *state;
	static const char noise[] = "\xf3\xfe\x90\x9c\x82\xee\x92\x8c\xff\xf2\x12\xc2\xfb\x9e\x82\xee\xff\x90";

	fakelink_flood(bench->fake, noise, sizeof(noise) - 1);
	fails(bench, EPROTO, "answers with noise");
}

static void enter_fails_on_a_board_that_keeps_restarting(void **state)
{
	static const struct fakelink_step steps[] = {FAKELINK_TAKE(1), FAKELINK_SAY("rst:0x8 (TG1WDT_SYS_RESET)\r\n"),
						     FAKELINK_TAKE(1), FAKELINK_SAY("rst:0x8 (TG1WDT_SYS_RESET)\r\n"),
						     FAKELINK_TAKE(1), FAKELINK_SAY("rst:0x8 (TG1WDT_SYS_RESET)\r\n"),
						     FAKELINK_TAKE(1), FAKELINK_SAY("rst:0x8 (TG1WDT_SYS_RESET)\r\n"),
						     FAKELINK_ANY()};
	struct bench *bench = *state;

	fakelink_script(bench->fake, steps, sizeof(steps) / sizeof(steps[0]));
	fails(bench, ETIMEDOUT, "keeps restarting");
}

static void enter_fails_on_a_raw_repl_that_cannot_run_code(void **state)
{
	struct bench *bench = *state;

	bench->board.raises = true;
	toyboard_start(&bench->board, bench->fake);
	fails(bench, ETIMEDOUT, "cannot run the shortest code");
	assert_non_null(strstr(bench->diag.text, "heap is locked"));
}

/* The board hears us, and nothing that it says comes back. */
static void hear(struct fakelink *fake, void *context, const unsigned char *bytes, size_t len)
{
	(void)fake;
	toyboard_take(context, bytes, len);
}

static void enter_leaves_a_board_that_it_does_not_hear_at_its_prompt(void **state)
{
	struct bench *bench = *state;
	struct bytelink *away;

	bench->board.fake = fakelink_open(&away);
	fakelink_board(bench->fake, hear, &bench->board);
	fails(bench, ETIMEDOUT, "nothing answers");
	assert_true(wrote(bench, '\x01'));
	assert_int_equal(bench->board.mode, TOYBOARD_FRIENDLY);
	assert_int_equal(bench->board.lines_entered, 0);
	bytelink_close(away);
}

static void enter_fails_on_a_link_that_ends(void **state)
{
	struct bench *bench = *state;

	bench_say(bench->fake, "sh: 1: micropython: not found\r\n");
	fakelink_hang_up(bench->fake, 50 * MS, ENODEV);
	fails(bench, ENODEV, "fake was hung up by the test");
	assert_non_null(strstr(bench->diag.text, "not found"));
}

static void enter_fails_on_a_link_that_breaks(void **state)
{
	struct bench *bench = *state;

	fakelink_hang_up(bench->fake, 120 * MS, EIO);
	fails(bench, EIO, "cannot talk to the board");
}

static void enter_ends_at_any_deadline(void **state)
{
	struct bench *bench = *state;

	fakelink_flood(bench->fake, PROMPT RAW_BANNER PASTE_GRANT, 4 + sizeof(RAW_BANNER) + sizeof(PASTE_GRANT) - 2);
	for (bench->options.timeout_us = 0; bench->options.timeout_us < 3 * SECOND; bench->options.timeout_us += 97 * MS) {
		assert_int_equal(enter(bench), -ETIMEDOUT);
		assert_in_range(bench->took, 0, bench->options.timeout_us + 1 * MS);
	}
}

static void enter_believes_no_liar(void **state)
{
	struct bench *bench = *state;
	unsigned seed;
	int err;

	for (seed = 1; seed <= 200; seed++) {
		struct bench_liar liar = {.dice = {seed}};

		fakelink_board(bench->fake, bench_lie, &liar);
		bench->options = (struct rawrepl_options){.timeout_us = 3 * SECOND, .nointerrupt = seed % 4 == 0};
		bench->options.rescue = seed % 3 ? NULL : "\xfaQuit";
		bench->options.rescue_len = seed % 3 ? 0 : 5;
		err = enter(bench);
		if (err != -ETIMEDOUT && err != -EPROTO && err != -EBUSY)
			fail_msg("seed %u: %d", seed, err);
		assert_in_range(bench->took, 0, 3 * SECOND + MS);
		assert_int_equal(bench->diag.err, -err);
		fakelink_flood(bench->fake, NULL, 0);
		fakelink_forget(bench->fake);
	}
}

static void every_state_has_words(void **state)
{
	int i;

	(void)state;
	for (i = RAWREPL_UNKNOWN; i <= RAWREPL_BOOT + 1; i++)
		assert_true(strlen(rawrepl_state_words((enum rawrepl_state)i)) > 5);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, bench_set_up, bench_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(enter_from_the_prompt_takes_a_few_round_trips),
		TEST(enter_says_no_more_than_needed),
		TEST(enter_finds_a_line_of_eight_bits),
		TEST(enter_finds_a_line_that_strips),
		TEST(enter_finds_a_line_that_eats),
		TEST(enter_by_seven_bits_without_raw_paste),
		TEST(enter_asks_again_where_noise_has_damaged_the_proof),
		TEST(enter_from_a_changed_prompt),
		TEST(enter_from_a_half_typed_line),
		TEST(enter_from_a_half_typed_escape_sequence),
		TEST(enter_from_an_open_compound_statement),
		TEST(enter_from_paste_mode),
		TEST(enter_from_the_raw_repl),
		TEST(enter_from_a_half_sent_raw_paste_request),
		TEST(enter_from_a_half_sent_raw_paste),
		TEST(enter_from_old_firmware),
		TEST(enter_stops_a_silent_program),
		TEST(enter_stops_a_program_of_the_raw_repl),
		TEST(enter_stops_a_program_that_prints),
		TEST(enter_is_not_taken_in_by_what_a_program_prints),
		TEST(enter_stops_a_program_that_catches_the_interrupt),
		TEST(enter_gives_a_slow_program_time_for_each_interrupt),
		TEST(enter_sends_again_what_an_emptied_ring_lost),
		TEST(enter_works_on_a_slow_link),
		TEST(enter_works_on_a_link_that_takes_single_bytes),
		TEST(enter_rescues_from_an_agent_without_a_host),
		TEST(enter_waits_until_an_agent_leaves_by_itself),
		TEST(enter_tells_a_board_that_has_just_started),
		TEST(enter_tells_a_board_that_lost_the_interrupt_while_it_started),
		TEST(enter_waits_for_a_board_that_starts),
		TEST(enter_does_not_wait_for_a_raw_repl_that_has_started),
		TEST(enter_waits_for_a_board_that_starts_with_noise),
		TEST(nointerrupt_enters_from_the_prompt),
		TEST(nointerrupt_enters_from_a_changed_prompt),
		TEST(nointerrupt_enters_a_small_build),
		TEST(nointerrupt_enters_late_boards),
		TEST(nointerrupt_enters_from_a_half_typed_line),
		TEST(nointerrupt_does_not_run_an_open_compound_statement),
		TEST(nointerrupt_enters_from_paste_mode),
		TEST(nointerrupt_enters_from_the_raw_repl),
		TEST(nointerrupt_enters_from_an_agent_without_a_host),
		TEST(nointerrupt_refuses_a_silent_program),
		TEST(nointerrupt_refuses_a_program_that_prints),
		TEST(nointerrupt_refuses_a_program_that_waits_for_input),
		TEST(nointerrupt_refuses_a_rescue_that_would_interrupt),
		TEST(enter_fails_on_silence),
		TEST(enter_fails_on_a_link_that_takes_nothing),
		TEST(enter_fails_on_a_program_that_never_stops),
		TEST(enter_fails_on_what_is_no_micropython),
		TEST(enter_fails_on_noise),
		TEST(enter_fails_on_a_board_that_keeps_restarting),
		TEST(enter_fails_on_a_raw_repl_that_cannot_run_code),
		TEST(enter_leaves_a_board_that_it_does_not_hear_at_its_prompt),
		TEST(enter_fails_on_a_link_that_ends),
		TEST(enter_fails_on_a_link_that_breaks),
		TEST(enter_ends_at_any_deadline),
		TEST(enter_believes_no_liar),
		TEST(every_state_has_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
