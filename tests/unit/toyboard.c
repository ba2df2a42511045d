/* SPDX-License-Identifier: MIT */
#include "tests/unit/toyboard.h"

#include <stdio.h>
#include <string.h>

enum { CTRL_A = 1, CTRL_B, CTRL_C, CTRL_D, CTRL_E, ESC = 27, DEL = 127, WINDOW = 128 };

static void take(struct toyboard *board, unsigned char byte);

/* What the line makes of BYTE; -1: nothing. */
static int carried(const struct toyboard *board, unsigned char byte)
{
	if (byte < 128 || board->high == TOYBOARD_CARRIED)
		return byte;
	return board->high == TOYBOARD_STRIPPED ? byte & 127 : -1;
}

static void say_byte(struct toyboard *board, int byte)
{
	int arrives = carried(board, (unsigned char)byte);
	char c = (char)arrives;

	if (arrives >= 0)
		fakelink_say_after(board->fake, board->late_us, &c, 1);
}

static void say(struct toyboard *board, const char *text)
{
	if (board->high == TOYBOARD_CARRIED)
		fakelink_say_after(board->fake, board->late_us, text, strlen(text));
	else
		for (; *text; text++)
			say_byte(board, (unsigned char)*text);
}

static const char *prompt_text(const struct toyboard *board)
{
	return board->ps1 ? board->ps1 : ">>> ";
}

static void prompt(struct toyboard *board)
{
	board->mode = TOYBOARD_FRIENDLY;
	board->len = 0;
	board->escape = TOYBOARD_NO_ESCAPE;
	say(board, prompt_text(board));
}

static void say_banner(struct toyboard *board)
{
	say(board, "\r\nMicroPython v1.29.0 on 2026-07-05; toyboard\r\nType \"help()\" for more information.\r\n");
	prompt(board);
}

static void raw_prompt(struct toyboard *board)
{
	board->mode = TOYBOARD_RAW;
	board->len = 0;
	say_byte(board, '>');
}

static void add(struct toyboard *board, unsigned char byte)
{
	if (board->len < sizeof(board->line) - 1)
		board->line[board->len++] = (char)byte;
	board->line[board->len] = '\0';
}

/* Runs the code in `line`, with the marks that the raw REPL puts behind its output and its exception. */
static void run(struct toyboard *board)
{
	unsigned long a, b;
	char text[40] = "", high[8] = "";

	board->line[board->len] = '\0';
	if (sscanf(board->line, "print(%lu*%lu,'%7[^']", &a, &b, high) >= 2)
		snprintf(text, sizeof(text), "%lu %s\r\n", a * b, board->high_spoiled > 0 ? "e" : high);
	board->high_spoiled -= board->high_spoiled > 0;
	say(board, board->raises ? "\x04MemoryError: memory allocation failed, heap is locked\r\n" : text);
	say(board, board->raises ? "\x04" : "\x04\x04");
	raw_prompt(board);
}

/* --- A program --- */

static void keep_in_ring(struct toyboard *board, unsigned char byte)
{
	if (board->ring_len < sizeof(board->ring) - 1)
		board->ring[board->ring_len++] = (char)byte;
}

static void take_ring(struct toyboard *board)
{
	char ring[sizeof(board->ring)];
	size_t len = board->ring_len, i;

	memcpy(ring, board->ring, len);
	board->ring_len = 0;
	for (i = 0; i < len; i++)
		take(board, (unsigned char)ring[i]);
}

static void end_program(struct toyboard *board, const char *words)
{
	if (board->prints)
		fakelink_flood(board->fake, NULL, 0);
	say(board, board->raw_mode ? "\x04" : "");
	say(board, words);
	if (board->raw_mode) {
		say_byte(board, CTRL_D);
		raw_prompt(board);
	} else {
		prompt(board);
	}
	take_ring(board);
}

static void notice_interrupt(struct fakelink *fake, void *context)
{
	struct toyboard *board = context;

	(void)fake;
	if ((board->mode != TOYBOARD_PROGRAM && board->mode != TOYBOARD_INPUT) || board->interrupts <= board->catches)
		return;
	board->programs_stopped++;
	end_program(board,
		    "Traceback (most recent call last):\r\n  File \"main.py\", line 7, in <module>\r\nKeyboardInterrupt: \r\n");
}

static void interrupt(struct toyboard *board)
{
	int64_t now = fakelink_now(board->fake);

	if (now < board->noticed_at) {
		board->mode = TOYBOARD_DEAD;
		return;
	}
	board->noticed_at = now + board->takes_us;
	board->interrupts++;
	if (board->empties_ring)
		board->ring_len = 0;
	fakelink_timer(board->fake, board->takes_us, notice_interrupt, board);
}

/* What the caller's resident program does with its farewell. */
static void match_leave(struct toyboard *board, unsigned char byte)
{
	board->leave_matched = byte == (unsigned char)board->leaves_on[board->leave_matched] ? board->leave_matched + 1 : 0;
	if (board->leaves_on[board->leave_matched] == '\0')
		end_program(board, "");
}

static void take_program(struct toyboard *board, unsigned char byte)
{
	if (byte == CTRL_C && !board->kbd_intr_off)
		interrupt(board);
	else if (board->leaves_on)
		match_leave(board, byte);
	else if (!board->kbd_intr_off)
		keep_in_ring(board, byte);
}

/* --- The editor of lines --- */

/* The friendly REPL shows what a line comes to. */
static void run_line(struct toyboard *board)
{
	unsigned long a, b;
	char text[40];

	board->line[board->len] = '\0';
	if (sscanf(board->line, "%lu*%lu", &a, &b) < 2)
		return;
	snprintf(text, sizeof(text), "%lu\r\n", a * b);
	say(board, text);
}

static void enter_line(struct toyboard *board, unsigned char byte)
{
	bool input = board->mode == TOYBOARD_INPUT;

	if (!input && board->len == 0 && board->mode == TOYBOARD_FRIENDLY) {
		if (byte == CTRL_A) {
			say(board, "\r\nraw REPL; CTRL-B to exit\r\n");
			raw_prompt(board);
		} else if (byte == CTRL_B) {
			say_banner(board);
		} else if (byte == CTRL_D) {
			say(board, "\r\nMPY: soft reboot\r\n");
			board->mode = TOYBOARD_RESET;
		} else if (byte == CTRL_E) {
			say(board, "\r\npaste mode; Ctrl-C to cancel, Ctrl-D to finish\r\n=== ");
			board->mode = TOYBOARD_PASTE;
		} else {
			say(board, "\r\n");
			prompt(board);
		}
		return;
	}
	say(board, "\r\n");
	board->lines_entered++;
	if (input) {
		board->len = 0;
		board->mode = TOYBOARD_PROGRAM;
	} else {
		run_line(board);
		prompt(board);
	}
}

/* Whether BYTE was part of an escape sequence; the last one is swallowed, whatever it is. */
static bool in_escape(struct toyboard *board, unsigned char byte)
{
	if (board->escape == TOYBOARD_NO_ESCAPE)
		return false;
	board->escape = board->escape == TOYBOARD_ESCAPE && byte == '[' ? TOYBOARD_ESCAPE_BRACKET : TOYBOARD_NO_ESCAPE;
	return true;
}

/* Tab: an indentation, or a list of words with the line again behind it. */
static void complete(struct toyboard *board)
{
	board->line[board->len] = '\0';
	if (board->no_completion)
		return;
	if (board->len == 0 && board->mode == TOYBOARD_COMPOUND) {
		say(board, "    ");
		board->len += 4;
	} else if (strcmp(board->line, "import m") == 0) {
		say(board, "\r\nmachine         math            micropython\r\n");
		say(board, board->mode == TOYBOARD_COMPOUND ? "... " : board->mode == TOYBOARD_INPUT ? "" : prompt_text(board));
		say(board, board->line);
	}
}

static void take_edit(struct toyboard *board, unsigned char byte)
{
	if (in_escape(board, byte))
		return;
	if (byte == CTRL_C && board->mode == TOYBOARD_INPUT) {
		interrupt(board);
	} else if (byte == CTRL_C) {
		say(board, "\r\n");
		prompt(board);
	} else if (byte == '\r' || (byte >= CTRL_A && byte <= CTRL_E && board->len == 0)) {
		enter_line(board, byte);
	} else if (byte == ESC) {
		board->escape = TOYBOARD_ESCAPE;
	} else if (byte == DEL) {
		if (board->len > 0)
			say(board, "\b\x1b[K");
		board->len -= board->len > 0;
	} else if (byte == '\t') {
		complete(board);
	} else if (byte >= ' ' && byte < DEL) {
		add(board, byte);
		say_byte(board, byte);
	}
}

static void take_paste(struct toyboard *board, unsigned char byte)
{
	if (byte == CTRL_C) {
		say(board, "\r\n");
		prompt(board);
	} else if (byte == '\r') {
		say(board, "\r\n=== ");
	} else {
		say_byte(board, byte);
	}
}

/* --- The raw REPL --- */

static void start_raw_paste(struct toyboard *board)
{
	const unsigned char grant[] = {'R', 1, WINDOW, 0, 1};

	board->mode = TOYBOARD_RAW_PASTE;
	board->len = 0;
	board->window_used = 0;
	for (size_t i = 0; i < sizeof(grant); i++)
		say_byte(board, grant[i]);
}

static void take_raw(struct toyboard *board, unsigned char byte)
{
	bool asks = board->len == 2 && memcmp(board->line,
					      "\x05"
					      "A",
					      2) == 0;

	if (byte == CTRL_A && asks && !board->no_raw_paste) {
		start_raw_paste(board);
	} else if (byte == CTRL_A) {
		say(board, "raw REPL; CTRL-B to exit\r\n");
		raw_prompt(board);
	} else if (byte == CTRL_B) {
		say_banner(board);
	} else if (byte == CTRL_C) {
		board->len = 0;
	} else if (byte == CTRL_D && board->len == 0) {
		say(board, "OK\r\nMPY: soft reboot\r\n");
		board->mode = TOYBOARD_RESET;
	} else if (byte == CTRL_D) {
		say(board, "OK");
		run(board);
	} else {
		add(board, byte);
	}
}

static void take_raw_paste(struct toyboard *board, unsigned char byte)
{
	if (byte == CTRL_C) {
		say(board, "\x04\x04KeyboardInterrupt: \r\n\x04");
		raw_prompt(board);
	} else if (byte == CTRL_D) {
		say_byte(board, CTRL_D);
		run(board);
	} else {
		add(board, byte);
		if (++board->window_used % WINDOW == 0)
			say_byte(board, CTRL_A);
	}
}

static void take(struct toyboard *board, unsigned char byte)
{
	switch (board->mode) {
	case TOYBOARD_FRIENDLY:
	case TOYBOARD_COMPOUND:
	case TOYBOARD_INPUT:
		take_edit(board, byte);
		break;
	case TOYBOARD_PASTE:
		take_paste(board, byte);
		break;
	case TOYBOARD_RAW:
		take_raw(board, byte);
		break;
	case TOYBOARD_RAW_PASTE:
		take_raw_paste(board, byte);
		break;
	case TOYBOARD_PROGRAM:
		take_program(board, byte);
		break;
	case TOYBOARD_STARTING:
		keep_in_ring(board, byte);
		break;
	case TOYBOARD_RESET:
	case TOYBOARD_DEAD:
		break;
	}
}

void toyboard_take(struct toyboard *board, const unsigned char *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (carried(board, bytes[i]) >= 0)
			take(board, (unsigned char)carried(board, bytes[i]));
}

static void take_all(struct fakelink *fake, void *context, const unsigned char *bytes, size_t len)
{
	(void)fake;
	toyboard_take(context, bytes, len);
}

void toyboard_start(struct toyboard *board, struct fakelink *fake)
{
	board->fake = fake;
	board->len = strlen(board->line);
	fakelink_board(fake, take_all, board);
	if (board->mode == TOYBOARD_PROGRAM && board->prints)
		fakelink_flood(fake, board->prints, strlen(board->prints));
}

void toyboard_boot(struct toyboard *board)
{
	say_banner(board);
	take_ring(board);
}

void toyboard_type(struct toyboard *board, const char *text)
{
	for (; *text; text++)
		take(board, (unsigned char)*text);
	fakelink_forget(board->fake);
}

bool toyboard_is_asked(const struct toyboard *board, const char *line)
{
	return board->mode == TOYBOARD_FRIENDLY && board->len == strlen(line) && !memcmp(board->line, line, board->len);
}
