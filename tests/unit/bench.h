/* SPDX-License-Identifier: MIT */
/* bench: a scripted link with what may be behind it, for tests of rawrepl. */
#ifndef UNIT_BENCH_H
#define UNIT_BENCH_H

#include "rawrepl/rawrepl.h"
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

/* For cmocka: *STATE is a bench with nothing behind its link. */
int bench_set_up(void **state);
int bench_tear_down(void **state);

/* What is behind FAKE says TEXT. */
void bench_say(struct fakelink *fake, const char *text);

/* A board that says anything it may say, whenever something is said to it, but that cannot multiply. */
struct bench_liar {
	struct dice dice;
	bool floods;
};

/* For fakelink_board, with a struct bench_liar as CONTEXT. */
void bench_lie(struct fakelink *fake, void *context, const unsigned char *bytes, size_t len);

#endif
