/* SPDX-License-Identifier: MIT */
/*
 * rawrepl: from a board in any state to MicroPython's raw REPL, code run there, and back to the friendly REPL.
 *
 * Knows Ctrl-A/B/C/D, the `OK` ... EOT ... EOT framing and raw-paste windows (micropython shared/runtime/pyexec.c and
 * docs/reference/repl.rst); knows nothing of what the code does. Blocks on the link's clock; holds no state but what is in
 * struct rawrepl. One thread at a time uses a struct rawrepl and its link.
 *
 * Order of calls: rawrepl_enter; then rawrepl_run as often as needed; then rawrepl_leave; then rawrepl_type or rawrepl_restart.
 * After a failure of any of them but -EREMOTEIO the board's state is unknown: only rawrepl_enter helps.
 */
#ifndef RAWREPL_RAWREPL_H
#define RAWREPL_RAWREPL_H

#include "bytelink/bytelink.h"

/* What the board was doing when we came. */
enum rawrepl_state {
	RAWREPL_UNKNOWN, /* never answered: see the diag */
	RAWREPL_PROMPT,  /* the friendly REPL: its prompt, also with a half-typed line. Without nointerrupt an open compound
				 * statement and paste mode are in here, too: Ctrl-C makes the same of them all */
	RAWREPL_RAW,     /* raw REPL that another tool left open */
	RAWREPL_PASTE,   /* a half-sent paste: raw-paste, paste mode, or an open compound statement */
	RAWREPL_PROGRAM, /* a silent program, stopped by Ctrl-C */
	RAWREPL_PROGRAM_OUTPUT, /* a program that was printing, stopped by Ctrl-C */
	RAWREPL_AGENT,          /* an agent of ours whose host died */
	RAWREPL_BOOT,           /* was starting: boot output, then its prompt */
};

struct rawrepl_options {
	bool nointerrupt;   /* never send Ctrl-C to a running program: -EBUSY instead */
	int64_t timeout_us; /* the longest time to reach the prompt, in microseconds */
	/*
	 * Bytes that make a resident program of the caller leave (NULL: there is none), sent when the first Ctrl-C does not
	 * lead to the prompt, and again after each further one. They may meet anything: a program, a prompt's line, a paste. So
	 * none of them may be Ctrl-D, or a line's end. With Ctrl-C among them they are not sent under nointerrupt.
	 */
	const char *rescue;
	size_t rescue_len;
};

struct rawrepl {
	struct bytelink *link;    /* not owned */
	enum rawrepl_state found; /* what rawrepl_enter met */
	bool interrupted;         /* a running program was stopped by us */
	bool raw_paste;           /* the board has raw-paste, and the line carries it */
	bool eight_bit;           /* bytes above 127 pass the line both ways */
	char last_output[256];    /* the end of what the board had been saying, printable (diag_printable), for messages */
};

/*
 * Brings the board behind LINK to the raw REPL's prompt, whatever it does now, without a soft reset, and fills REPL.
 * `interrupted` and `last_output` are also filled on failure. What was proved at the end: the board runs Python for us.
 * Returns 0 or a negative errno, and DIAG says which state it looked like and what to do:
 *   -EBUSY      nointerrupt, and a program runs, or seems to
 *   -ETIMEDOUT  silent: no answer at all; or a program that does not end on Ctrl-C; or a board that keeps restarting
 *   -EPROTO     it answers, but not as a MicroPython
 *   -ENODEV, -EIO  the link's own
 * Where the board may be in its raw REPL, unheard, a failure sends it back to its prompt; that is not waited for.
 */
int rawrepl_enter(struct rawrepl *repl, struct bytelink *link, const struct rawrepl_options *options, struct diag *diag);

/*
 * Runs LEN bytes of Python CODE by raw-paste where the board has it, by plain raw REPL in pieces of at most 128 bytes, each
 * after a pause that a UART of 115,200 baud needs for it, where not. Waits until the code has ended, at most TIMEOUT_US for all
 * of it: a board that never stops printing ends here, too.
 * What the code printed is in OUT (of SIZE bytes, NUL-terminated; OUT may be NULL); *LEN_OUT (may be NULL) is its length, at
 * most SIZE - 1: more is dropped. Returns 0, or a negative errno:
 *   -EREMOTEIO  the code raised: DIAG holds the traceback, and its diag.err is ENOMEM when it was a MemoryError
 *   -EINVAL     CODE has a byte 01 to 04, which the raw REPL takes for itself
 *   -EPROTO     the answer made no sense, -ETIMEDOUT no end of it in time, -ENODEV, -EIO the link's own
 */
int rawrepl_run(struct rawrepl *repl, const char *code, size_t len, char *out, size_t size, size_t *len_out, int64_t timeout_us,
		struct diag *diag);

/* Told of each byte that the code prints, as it comes. Returns whether it is a sign that all goes well. */
typedef bool rawrepl_output_fn(void *context, unsigned char byte);

/*
 * Runs code as rawrepl_run, and hands what it prints to OUTPUT. It may go on for as long as there is no silence of SILENCE_US
 * between two signs of life: a piece of the code that the board takes, or an output that OUTPUT calls one.
 */
int rawrepl_run_to(struct rawrepl *repl, const char *code, size_t len, rawrepl_output_fn *output, void *context,
		   int64_t silence_us, struct diag *diag);

/*
 * From the raw REPL to the friendly REPL's prompt (Ctrl-B), waiting for the prompt at most TIMEOUT_US.
 * Returns 0 or a negative errno as rawrepl_run. A changed sys.ps1 is no failure: the banner is what counts.
 */
int rawrepl_leave(struct rawrepl *repl, int64_t timeout_us, struct diag *diag);

/*
 * Types LINE and Enter at the friendly REPL's prompt (after rawrepl_leave). Does not wait for what it prints, and reads nothing.
 * Returns 0 or a negative errno of the link.
 */
int rawrepl_type(struct rawrepl *repl, const char *line);

/*
 * Soft reset from the friendly REPL, so that boot.py and main.py run again (`-o restart`). Waits for the first sign of it, at
 * most half a second, not for their end. Returns 0, or a negative errno of the link, or -ETIMEDOUT: no sign of it.
 */
int rawrepl_restart(struct rawrepl *repl);

/* A short phrase for STATE, as in "the board was running a program": "running a program". Never NULL. */
const char *rawrepl_state_words(enum rawrepl_state state);

#endif
