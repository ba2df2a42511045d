/* SPDX-License-Identifier: MIT */
/*
 * toyboard: MicroPython's REPLs as shared/runtime/pyexec.c and shared/readline/readline.c have them, played on a fakelink, for
 * what no real board can be made to do on demand. Its twin is the real MicroPython in tests/system/rawrepl*.sh.
 *
 * It understands `print(A*B,'TEXT')` in the raw REPL and `A*B` at the prompt; every other code is taken and does nothing.
 */
#ifndef UNIT_TOYBOARD_H
#define UNIT_TOYBOARD_H

#include "tests/unit/fakelink.h"

enum toyboard_mode {
	TOYBOARD_FRIENDLY,
	TOYBOARD_COMPOUND, /* at the prompt that goes on with a compound statement */
	TOYBOARD_PASTE,    /* after Ctrl-E */
	TOYBOARD_RAW,
	TOYBOARD_RAW_PASTE,
	TOYBOARD_PROGRAM,
	TOYBOARD_INPUT,    /* a program that waits in input() */
	TOYBOARD_RESET,    /* a soft reset was asked for */
	TOYBOARD_STARTING, /* says nothing and keeps what it is told until toyboard_boot */
	TOYBOARD_DEAD,     /* says nothing, and what it is told is lost */
};

/* What the line to the board does to bytes above 127. */
enum toyboard_high { TOYBOARD_CARRIED, TOYBOARD_EATEN, TOYBOARD_STRIPPED };

/* Where an escape sequence in a half-typed line has stopped. */
enum toyboard_escape { TOYBOARD_NO_ESCAPE, TOYBOARD_ESCAPE, TOYBOARD_ESCAPE_BRACKET };

struct toyboard {
	/* Set before toyboard_start; all may be zero. */
	enum toyboard_mode mode;
	char line[4096];       /* half-typed or half-sent already */
	const char *ps1;       /* NULL: ">>> " */
	bool no_raw_paste;     /* firmware before 1.13 */
	bool no_completion;    /* a small build: Tab does nothing */
	bool raw_mode;         /* the program was started from the raw REPL */
	const char *prints;    /* what the program prints without pause; NULL: nothing */
	unsigned catches;      /* so many Ctrl-C the program catches */
	bool kbd_intr_off;     /* Ctrl-C is a byte for the program, as for an agent of ours */
	const char *leaves_on; /* bytes that end the program; NULL: none */
	int64_t late_us;       /* its answers come so much later */
	int64_t takes_us;      /* the program needs so long to notice a Ctrl-C; a second one meanwhile is the board's end */
	bool empties_ring;     /* Ctrl-C empties what the program has not read, as on TinyUSB */
	bool raises;           /* any code raises MemoryError */
	enum toyboard_high high;
	unsigned high_spoiled; /* so many proofs the line has TEXT damaged */

	/* What came of it. */
	unsigned interrupts; /* Ctrl-C that a program got */
	unsigned programs_stopped;
	unsigned lines_entered; /* lines, not empty at the prompt, that were ended by whatever byte */

	/* The board's own. */
	struct fakelink *fake;
	size_t len; /* of line */
	enum toyboard_escape escape;
	int64_t noticed_at; /* when the Ctrl-C before is noticed */
	size_t window_used, leave_matched, ring_len;
	char ring[256]; /* what a program has not read */
};

/* Has BOARD play on FAKE; BOARD must live as long as FAKE. */
void toyboard_start(struct toyboard *board, struct fakelink *fake);

/* The board is at its prompt, with its banner before it, and finds there what it has been told meanwhile. */
void toyboard_boot(struct toyboard *board);

/* The host has written LEN BYTES, for a board that has more than its REPL and plays on a fakelink itself. */
void toyboard_take(struct toyboard *board, const unsigned char *bytes, size_t len);

/* Whether LINE, and nothing else, stands at the friendly prompt. */
bool toyboard_is_asked(const struct toyboard *board, const char *line);

/* Types TEXT as somebody did before us: what the board said to it is forgotten. */
void toyboard_type(struct toyboard *board, const char *text);

#endif
