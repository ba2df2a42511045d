/* SPDX-License-Identifier: MIT */
/*
 * launch: puts the agent on a board, in whatever state it is, and talks to it by the thread that did so, until it is handed to agent.c.
 * Where the board's firmware or the line cannot do binary, that is found out, and the requests go as text. Blocks on the link's clock; one
 * thread at a time.
 */
#ifndef AGENT_LAUNCH_H
#define AGENT_LAUNCH_H

#include "agent/exchange.h"
#include "rawrepl/rawrepl.h"

/* A part of the agent (agent_parts.h): LEN bytes of Python, run in the agent's own namespace. */
struct agent_part {
	const char *python;
	const size_t *len;
};

/* What is known of the board once the agent runs there. */
struct agent_session {
	enum rawrepl_state found; /* what the board was doing */
	bool interrupted;         /* a program of the board's was stopped */
	unsigned block;           /* the largest payload of a frame, in bytes */
	unsigned window;          /* bytes on the way to the board at a time; 0: the line holds back its writer */
	uint32_t free_heap;       /* bytes, before the agent's buffers */
	bool deflate;             /* the board can inflate */
	const char *text;         /* why the requests go as text (text.h), in words; NULL: they go as frames */
	unsigned number;          /* agent.c's, see agent_session */
};

struct launch_options {
	int64_t timeout_us;             /* to reach the board, and its longest silence, in microseconds */
	bool nointerrupt;               /* fail rather than stop a running program */
	const char *text;               /* why the requests go as text, where that is known; NULL: it is found out */
	bool frames_only;               /* fail where they would go as text */
	const struct agent_part *parts; /* loaded behind the core, in this order */
	size_t part_count;
	exchange_trace_fn *trace; /* told of each frame; may be NULL */
	void *trace_context;
};

struct launch;
struct text;

/*
 * Brings the board behind LINK to its prompt and starts the agent there, within options->timeout_us. Returns 0 with *OUT the launch,
 * or a negative errno with DIAG filled: those of rawrepl_enter, -ENOMEM too little memory on the board, -EOPNOTSUPP only text
 * goes and frames_only was asked for, -EPROTO or -EREMOTEIO the
 * agent does not run there (DIAG has the board's words), -EIO the board fell silent; or that with which a wait at LINK ended.
 * Where the board was reached, it is at its prompt again after a failure, if it gets there within four seconds.
 */
int launch_open(struct launch **out, struct bytelink *link, const struct launch_options *options, struct diag *diag);

/* What is known of the board. */
const struct agent_session *launch_session(const struct launch *launch);

/* The exchange of its first frames, for exchange_restart. */
const struct exchange *launch_exchange(const struct launch *launch);

/* By what the requests go as text, the caller's to close from now on; NULL: they go as frames. After it LAUNCH asks nothing more. */
struct text *launch_take_text(struct launch *launch);

/* Has REQUEST answered. Returns request->result. */
int launch_call(struct launch *launch, struct exchange_request *request);

/*
 * Runs LEN bytes of PYTHON once, in the agent's own namespace. Returns 0 or a negative errno with DIAG filled: -ENOMEM the
 * board's memory does not hold it, -EREMOTEIO it raised something else, -EIO silence.
 */
int launch_load(struct launch *launch, const char *python, size_t len, struct diag *diag);

/*
 * Asks the agent to leave, so that the friendly REPL is back. Waits at most a second for it. Returns whether the board has said that it does:
 * it may have done it without.
 */
bool launch_quit(struct launch *launch);

/* Frees LAUNCH; the agent stays on the board. NULL is accepted. */
void launch_close(struct launch *launch);

#endif
