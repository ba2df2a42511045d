/* SPDX-License-Identifier: MIT */
/*
 * text: the agent's requests where neither board nor line need to do binary: each is a call in the raw REPL, which prints the
 * answer (armor.h). board/text.py is the other side. It takes the place of frames and exchange; slower, with the same results.
 *
 * One request at a time, and all of it in the calling thread. A request that changes something is done once, however often it has
 * to be sent. Between two requests the board is in its raw REPL, and stays there when this computer dies: harmless, and any tool,
 * this one too, finds its way from there.
 */
#ifndef AGENT_TEXT_H
#define AGENT_TEXT_H

#include "agent/exchange.h"
#include "rawrepl/rawrepl.h"

struct text_options {
	int64_t timeout_us; /* the longest silence of a live board, in microseconds */
	bool nointerrupt;   /* a program that runs where the prompt should be is left alone */
	exchange_trace_fn *trace;
	void *trace_context;
};

struct text;

/*
 * Puts the board's side on the board, which REPL (copied) has brought to its raw REPL. On success *OUT is to be closed; on
 * failure it is NULL and DIAG says why. Returns 0 or a negative errno as rawrepl_run; -EPROTO also where it does not say hello.
 */
int text_open(struct text **out, const struct rawrepl *repl, const struct text_options *options, struct diag *diag);

/* What the board's side said at its start. */
const struct exchange_hello *text_hello(const struct text *text);

/*
 * Has the board do REQUEST, and waits for it. What is damaged or lost is asked for again. Returns what is to be its result:
 * 0, -EREMOTEIO (the board raised), -EIO (silence, nonsense, or the link's end), or -ESTALE: the board was reset, and its side is
 * gone. After the last two only another text_open helps.
 */
int text_do(struct text *text, struct exchange_request *request);

/* A program was found running, and stopped, where the prompt should have been. */
bool text_interrupted(const struct text *text);

/* What went wrong so far. */
const struct exchange_counts *text_counts(const struct text *text);

/* Takes the board's side away and goes back to the friendly REPL. On a silent board it takes some seconds. */
void text_quit(struct text *text);

/* Frees TEXT; NULL is accepted. The link is not touched. */
void text_close(struct text *text);

#endif
