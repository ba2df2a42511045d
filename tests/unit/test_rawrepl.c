/* SPDX-License-Identifier: MIT */
#include "rawrepl/rawrepl.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/dice.h"
#include "tests/unit/fakelink.h"
#include "tests/unit/toyboard.h"

#define MS 1000
#define SECOND 1000000
#define PROMPT ">>> "
#define RAW_BANNER "raw REPL; CTRL-B to exit\r\n>"
#define PASTE_GRANT "R\x01\x80\0\x01"

/* A link, what may be behind it, and what rawrepl_enter made of it. */
struct bench {
	struct bytelink *link;
	struct fakelink *fake;
	struct toyboard board;
	struct rawrepl repl;
	struct rawrepl_options options;
	struct diag diag;
	int64_t took;
};

static int set_up(void **state)
{
	struct bench *bench = calloc(1, sizeof(*bench));

	if (!bench)
		return -1;
	bench->fake = fakelink_open(&bench->link);
	bench->options.timeout_us = 10 * SECOND;
	*state = bench;
	return 0;
}

static int tear_down(void **state)
{
	struct bench *bench = *state;

	bytelink_close(bench->link);
	free(bench);
	return 0;
}

static int enter(struct bench *bench)
{
	int64_t start = fakelink_now(bench->fake);
	int err = rawrepl_enter(&bench->repl, bench->link, &bench->options, &bench->diag);

	bench->took = fakelink_now(bench->fake) - start;
	return err;
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

static void say_text(struct fakelink *fake, const char *text)
{
	fakelink_say(fake, text, strlen(text));
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
	struct bench *bench = *state;

	bench->board.mode = TOYBOARD_COMPOUND;
	enters(bench, RAWREPL_PROMPT, 30 * MS);
}

static void enter_from_paste_mode(void **state)
{
	struct bench *bench = *state;

	bench->board.mode = TOYBOARD_PASTE;
	enters(bench, RAWREPL_PROMPT, 30 * MS);
}

static void enter_from_the_raw_repl(void **state)
{
	struct bench *bench = *state;

	bench->board.mode = TOYBOARD_RAW;
	strcpy(bench->board.line, "import os; os.remo");
	enters(bench, RAWREPL_RAW, 200 * MS);
}

static void enter_from_a_half_sent_raw_paste_request(void **state)
{
	struct bench *bench = *state;

	bench->board.mode = TOYBOARD_RAW;
	strcpy(bench->board.line, "\x05"
				  "A");
	enters(bench, RAWREPL_RAW, 200 * MS);
}

static void enter_from_a_half_sent_raw_paste(void **state)
{
	struct bench *bench = *state;

	bench->board.mode = TOYBOARD_RAW_PASTE;
	enters(bench, RAWREPL_PASTE, 200 * MS);
}

static void enter_from_old_firmware(void **state)
{
	struct bench *bench = *state;

	bench->board.no_raw_paste = true;
	enters(bench, RAWREPL_PROMPT, 300 * MS);
}

static void enter_stops_a_silent_program(void **state)
{
	struct bench *bench = *state;

	bench->board.mode = TOYBOARD_PROGRAM;
	enters(bench, RAWREPL_PROGRAM, 100 * MS);
	assert_non_null(strstr(bench->repl.last_output, "main.py"));
	assert_int_equal(bench->board.programs_stopped, 1);
}

static void enter_stops_a_program_of_the_raw_repl(void **state)
{
	struct bench *bench = *state;

	bench->board.mode = TOYBOARD_PROGRAM;
	bench->board.raw_mode = true;
	enters(bench, RAWREPL_PROGRAM, 200 * MS);
}

static void enter_stops_a_program_that_prints(void **state)
{
	struct bench *bench = *state;

	bench->board.mode = TOYBOARD_PROGRAM;
	bench->board.prints = "tick\r\n";
	enters(bench, RAWREPL_PROGRAM_OUTPUT, 500 * MS);
}

static void enter_is_not_taken_in_by_what_a_program_prints(void **state)
{
	struct bench *bench = *state;

	bench->board.mode = TOYBOARD_PROGRAM;
	bench->board.catches = 3;
	bench->board.prints = "tick\r\n" PROMPT "\r\n" RAW_BANNER "R\x01\x7f\x02\x01\x04"
			      "12345\r\n\x04\x04>OK\x04\x04>";
	enters(bench, RAWREPL_PROGRAM, 8 * SECOND); /* that it printed is hidden behind its prompts */
	assert_int_equal(bench->board.programs_stopped, 1);
}

static void enter_stops_a_program_that_catches_the_interrupt(void **state)
{
	struct bench *bench = *state;

	bench->board.mode = TOYBOARD_PROGRAM;
	bench->board.catches = 4;
	enters(bench, RAWREPL_PROGRAM, 5 * SECOND);
	assert_int_equal(bench->board.interrupts, 5);
}

static void enter_gives_a_slow_program_time_for_each_interrupt(void **state)
{
	struct bench *bench = *state;

	bench->board.mode = TOYBOARD_PROGRAM;
	bench->board.takes_us = 95 * MS;
	bench->board.catches = 2;
	enters(bench, RAWREPL_PROGRAM, 5 * SECOND);
}

static void enter_sends_again_what_an_emptied_ring_lost(void **state)
{
	struct bench *bench = *state;

	bench->board.mode = TOYBOARD_PROGRAM;
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
	struct bench *bench = *state;

	bench->board.mode = TOYBOARD_PROGRAM;
	bench->board.kbd_intr_off = true;
	bench->board.leaves_on = "\xfaQuit";
	bench->options.rescue = "\xfaQuit";
	bench->options.rescue_len = 5;
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
	struct bench *bench = *state;

	bench->board.mode = TOYBOARD_PROGRAM;
	bench->board.kbd_intr_off = true;
	bench->options.rescue = "\xfaQuit";
	bench->options.rescue_len = 5;
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
	struct bench *bench = *state;

	bench->board.mode = TOYBOARD_STARTING;
	fakelink_timer(bench->fake, 70 * MS, boot_ends, &bench->board);
	enters(bench, RAWREPL_BOOT, 150 * MS);
}

static void enter_tells_a_board_that_lost_the_interrupt_while_it_started(void **state)
{
	struct bench *bench = *state;

	bench->board.mode = TOYBOARD_DEAD;
	fakelink_timer(bench->fake, 50 * MS, start_listening, &bench->board);
	fakelink_timer(bench->fake, 150 * MS, boot_ends, &bench->board);
	enters(bench, RAWREPL_BOOT, 300 * MS);
}

static void enter_waits_for_a_board_that_starts(void **state)
{
	static const char rom[] = "ets Jul 29 2019 12:21:46\r\n\r\nrst:0x1 (POWERON_RESET),boot:0x13 (SPI_FAST_FLASH_BOOT)\r\n";
	struct bench *bench = *state;
	size_t len;

	bench->board.mode = TOYBOARD_DEAD;
	fakelink_say_after(bench->fake, 60 * MS, rom, sizeof(rom) - 1);
	fakelink_timer(bench->fake, 900 * MS, boot_ends, &bench->board);
	enters(bench, RAWREPL_BOOT, 1500 * MS);
	/* One Ctrl-C before its first sign of life, one at its prompt: none that could stop its boot.py. */
	assert_memory_equal(fakelink_written(bench->fake, &len), "\x03 \x03\x01", 4);
}

static void enter_waits_for_a_board_that_starts_with_noise(void **state)
{
	static const char noise[] = "\x80\xf3\xfe\x90rl\x9c\x82\xee\x92l\x8c\xff\xf2\x12\xc2 {$\xfb\x9e\x82\xee\xff\x90\xc2";
	struct bench *bench = *state;

	bench->board.mode = TOYBOARD_DEAD;
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

static void nointerrupt_enters_from_a_half_typed_line(void **state)
{
	struct bench *bench = *state;

	memset(bench->board.line, 'x', 100);
	unasked_enters(bench, RAWREPL_PROMPT);
}

static void nointerrupt_does_not_run_an_open_compound_statement(void **state)
{
	struct bench *bench = *state;

	bench->board.mode = TOYBOARD_COMPOUND;
	unasked_enters(bench, RAWREPL_PASTE);
}

static void nointerrupt_enters_from_paste_mode(void **state)
{
	struct bench *bench = *state;

	bench->board.mode = TOYBOARD_PASTE;
	unasked_enters(bench, RAWREPL_PASTE);
}

static void nointerrupt_enters_from_the_raw_repl(void **state)
{
	struct bench *bench = *state;

	bench->board.mode = TOYBOARD_RAW;
	strcpy(bench->board.line, "os.remo");
	unasked_enters(bench, RAWREPL_RAW);
}

static void nointerrupt_enters_from_an_agent_without_a_host(void **state)
{
	struct bench *bench = *state;

	bench->board.mode = TOYBOARD_PROGRAM;
	bench->board.kbd_intr_off = true;
	bench->board.leaves_on = "\xfaQuit";
	bench->options.rescue = "\xfaQuit";
	bench->options.rescue_len = 5;
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
	struct bench *bench = *state;

	bench->board.mode = TOYBOARD_PROGRAM;
	nointerrupt_leaves_a_program_alone(bench, "a program seems to run");
	assert_in_range(bench->took, 0, 3 * SECOND);
}

static void nointerrupt_refuses_a_program_that_prints(void **state)
{
	struct bench *bench = *state;

	bench->board.mode = TOYBOARD_PROGRAM;
	bench->board.prints = "MicroPython says tick\r\n" PROMPT;
	nointerrupt_leaves_a_program_alone(bench, "a program runs on the board");
	assert_non_null(strstr(bench->diag.text, "says tick"));
}

static void nointerrupt_refuses_a_program_that_waits_for_input(void **state)
{
	struct bench *bench = *state;

	bench->board.mode = TOYBOARD_INPUT;
	nointerrupt_leaves_a_program_alone(bench, "waits for input");
	assert_int_equal(bench->board.lines_entered, 0);
	assert_int_equal(bench->board.len, 0); /* nothing of ours is on its line */
}

static void nointerrupt_refuses_a_rescue_that_would_interrupt(void **state)
{
	struct bench *bench = *state;

	bench->board.mode = TOYBOARD_PROGRAM;
	bench->options.rescue = "leave\x03";
	bench->options.rescue_len = 6;
	nointerrupt_leaves_a_program_alone(bench, "a program seems to run");
	assert_false(wrote(bench, 'v'));
}

/* --- rawrepl_enter that fails --- */

static void enter_fails_on_silence(void **state)
{
	fails(*state, ETIMEDOUT, "nothing answers: is it a MicroPython board, is the baud rate right (-o baud=)");
}

static void enter_fails_on_a_link_that_takes_nothing(void **state)
{
	struct bench *bench = *state;

	fakelink_limit(bench->fake, 0);
	fails(bench, ETIMEDOUT, "nothing answers");
}

static void enter_fails_on_a_program_that_never_stops(void **state)
{
	struct bench *bench = *state;

	bench->board.mode = TOYBOARD_PROGRAM;
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

static void enter_fails_on_a_link_that_ends(void **state)
{
	struct bench *bench = *state;

	say_text(bench->fake, "sh: 1: micropython: not found\r\n");
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

/* A board that says anything it may say, whenever something is said to it, but that cannot multiply. */
struct liar {
	struct dice dice;
	bool floods;
};

static void lie(struct fakelink *fake, void *context, const unsigned char *bytes, size_t len)
{
	static const char *const lies[] = {PROMPT,
					   RAW_BANNER,
					   "\r\n",
					   "OK",
					   ">",
					   "R\x01",
					   "\x80",
					   "\x01",
					   "\x04",
					   "\x04>",
					   "7\r\n\x04\x04>",
					   "KeyboardInterrupt: \r\n",
					   "\x1b[K",
					   " \x7f",
					   "=== ",
					   "MicroPython",
					   "MPY: soft reboot\r\n",
					   "\xfa\xfb\xfc\xfd",
					   "... import m",
					   "\n>>> import m",
					   "Traceback (most recent call last):"};
	struct liar *liar = context;
	int count = (int)dice_roll(&liar->dice, 6);

	(void)bytes;
	(void)len;
	for (; count > 0; count--) {
		say_text(fake, lies[dice_roll(&liar->dice, sizeof(lies) / sizeof(lies[0]))]);
		if (dice_hit(&liar->dice, 4))
			fakelink_say_after(fake, dice_roll(&liar->dice, 500) * MS, "\0", dice_roll(&liar->dice, 2));
	}
	if (dice_hit(&liar->dice, 50))
		liar->floods = !liar->floods;
	fakelink_flood(fake, liar->floods ? lies[dice_roll(&liar->dice, 21)] : NULL, 2);
}

static void enter_believes_no_liar(void **state)
{
	struct bench *bench = *state;
	unsigned seed;
	int err;

	for (seed = 1; seed <= 200; seed++) {
		struct liar liar = {.dice = {seed}};

		fakelink_board(bench->fake, lie, &liar);
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

static void run_survives_any_liar(void **state)
{
	struct bench *bench = *state;
	char code[700], out[20];
	int64_t start;
	unsigned seed;

	memset(code, '#', sizeof(code));
	for (seed = 1; seed <= 500; seed++) {
		struct liar liar = {.dice = {seed}};

		fakelink_board(bench->fake, lie, &liar);
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

static void every_state_has_words(void **state)
{
	int i;

	(void)state;
	for (i = RAWREPL_UNKNOWN; i <= RAWREPL_BOOT + 1; i++)
		assert_true(strlen(rawrepl_state_words((enum rawrepl_state)i)) > 5);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

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
		TEST(enter_waits_for_a_board_that_starts_with_noise),
		TEST(nointerrupt_enters_from_the_prompt),
		TEST(nointerrupt_enters_from_a_changed_prompt),
		TEST(nointerrupt_enters_a_small_build),
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
		TEST(enter_fails_on_a_link_that_ends),
		TEST(enter_fails_on_a_link_that_breaks),
		TEST(enter_ends_at_any_deadline),
		TEST(enter_believes_no_liar),
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
		TEST(every_state_has_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
