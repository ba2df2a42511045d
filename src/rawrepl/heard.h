/* SPDX-License-Identifier: MIT */
/*
 * heard: what a board has said, and what that looks like. Does no input or output; nothing here trusts the bytes, which may be
 * anything: what it concludes is a guess that steers the next step, never a proof.
 *
 * Two memories: the answer (what was said since heard_mark, its last HEARD_KEEP bytes) and the end of all that was said.
 */
#ifndef RAWREPL_HEARD_H
#define RAWREPL_HEARD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "rawrepl/rawrepl.h"

enum { HEARD_KEEP = 1024, HEARD_END = 240 };

/* Words of a MicroPython, kept from the first byte on: they tell it from other devices. */
enum heard_sign {
	HEARD_PROMPT = 1,     /* ">>> " */
	HEARD_RAW_BANNER = 2, /* what Ctrl-A gives */
	HEARD_NAME = 4,       /* "MicroPython", as in its banner */
	HEARD_INTERRUPT = 8,  /* "KeyboardInterrupt" */
	HEARD_TRACEBACK = 16, /* the first line of any uncaught exception */
};

struct heard {
	unsigned char answer[HEARD_KEEP];
	size_t len;     /* of answer */
	uint64_t total; /* bytes of the answer, also those no longer kept */
	uint64_t all;   /* bytes since the start */
	unsigned char end[HEARD_END];
	size_t end_len;
	unsigned signs; /* a set of enum heard_sign, since the start */
};

/* Remembers LEN more BYTES. A struct heard of zeros has heard nothing. */
void heard_add(struct heard *heard, const void *bytes, size_t len);

/* From here on the answer begins anew. */
void heard_mark(struct heard *heard);

/* Whether the answer holds TEXT, ends with it, starts with it. */
bool heard_has(const struct heard *heard, const char *text);
bool heard_ends(const struct heard *heard, const char *text);
bool heard_starts(const struct heard *heard, const char *text);

/* Whether the answer ends with the usual prompt of the friendly REPL. Fits talk_wait's `enough`, as the next ones. */
bool heard_at_prompt(const struct heard *heard);

/* The same, or with the raw REPL's prompt behind the end of a program. */
bool heard_at_any_prompt(const struct heard *heard);

/* Whether the answer holds the raw REPL's banner with its prompt, or ends on that prompt behind parts of one. */
bool heard_raw_banner(const struct heard *heard);

/* Whether the answer has a soft reset's or a boot loader's words, or is noise as of a boot loader at another baud rate. */
bool heard_boot(const struct heard *heard);

/* Whether a fifth of LEN BYTES, and at least 16 of them, is neither text nor what terminals and a raw REPL understand. */
bool heard_is_noise(const unsigned char *bytes, size_t len);

/* Whether most of the answer is text: frames, as an agent of ours sends them, are not. */
bool heard_is_text(const struct heard *heard);

/*
 * What the answer to a Ctrl-C says of what the board had been doing. UNASKED: it was saying something before the Ctrl-C.
 * RAWREPL_UNKNOWN: no answer, or one that tells nothing.
 */
enum rawrepl_state heard_what_was_stopped(const struct heard *heard, bool unasked);

#endif
