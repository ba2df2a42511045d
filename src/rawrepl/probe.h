/* SPDX-License-Identifier: MIT */
/*
 * probe: finds out, without Ctrl-C, whether a program runs on the board (`-o nointerrupt`).
 *
 * A program may read what is sent, so a question has few bytes, none that ends a line or stops anything, and what comes last is
 * taken back by what follows it: space and backspace, which only an editor of lines answers; then Ctrl-B, which only an idle REPL
 * answers with its banner. An unfinished line is erased, never entered, and an open compound statement never run.
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

/* Asks the board behind TALK once. Takes up to half a second. Returns an enum probe_answer, or a negative errno of the link. */
int probe_ask(struct talk *talk);

#endif
