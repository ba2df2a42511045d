/* SPDX-License-Identifier: MIT */
/*
 * probe: finds out, without Ctrl-C, whether a program runs on the board (`-o nointerrupt`).
 *
 * A program may read what is sent, so a question has few bytes, and none that ends a line or stops anything:
 *
 *   space, backspace       an editor of lines (readline.c) shows a deletion, paste mode gives the bytes back, all else is silent
 *     editor: a word, Tab  the line is shown again with the prompt before it: a REPL, an open compound statement, or input()
 *     editor: Ctrl-B       where Tab gave no list: a REPL's banner
 *     bytes back: CR       paste mode's prompt
 *     silent: Ctrl-B       the raw REPL ends with the friendly one's banner
 *
 * An unfinished line is erased, never entered, and an open compound statement never run.
 */
#ifndef RAWREPL_PROBE_H
#define RAWREPL_PROBE_H

#include "rawrepl/talk.h"

enum probe_answer {
	PROBE_NOTHING = 1, /* no answer: a program that says nothing, or no board */
	PROBE_OUTPUT,      /* something was said, but by no REPL */
	PROBE_INPUT,       /* an editor of lines that is no REPL's: a program waits in input() */
	PROBE_PROMPT,      /* the friendly REPL. From here on no program runs, and Ctrl-C is safe */
	PROBE_PASTE,       /* paste mode, an open compound statement, or a raw-paste */
	PROBE_RAW,         /* the raw REPL */
};

/*
 * Asks the board behind TALK once. Takes up to half a second with PATIENCE 1, which is also how many times the waits of that a late
 * board is given. Returns an enum probe_answer, or a negative errno of the link.
 */
int probe_ask(struct talk *talk, unsigned patience);

#endif
