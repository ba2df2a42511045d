/* SPDX-License-Identifier: MIT */
/*
 * agent: the small program of ours that runs on the board, from this side: put there, asked, and taken away.
 *
 * agent_open, then any number of agent_call, then agent_run, after which any thread may call; agent_close ends it. Until
 * agent_run the calling thread does the work on the line itself and is the only one, so that a program can reach the board, say
 * what is wrong, and go to the background. Afterwards the line thread alone reads and writes the link.
 */
#ifndef AGENT_AGENT_H
#define AGENT_AGENT_H

#include "agent/exchange.h"
#include "rawrepl/rawrepl.h"

/* LEVEL is syslog(3)'s. Any thread may call it. */
typedef void agent_log_fn(void *context, int level, const char *text);

/* A part of the agent (agent_parts.h): LEN bytes of Python, run in the agent's own namespace. */
struct agent_part {
	const char *python;
	const size_t *len;
};

struct agent_options {
	int64_t timeout_us;             /* the longest silence of a live board, and the time to reach it, in microseconds */
	bool nointerrupt;               /* refuse rather than stop a running program */
	bool noreconnect;               /* a board that was reset meanwhile is left alone if it runs a program */
	const struct agent_part *parts; /* loaded whenever the agent is started, in this order; outlive the agent */
	size_t part_count;
	bool trace;        /* every frame to the log */
	agent_log_fn *log; /* NULL: none */
	void *log_context;
};

/* What is known of the board once the agent runs there. */
struct agent_session {
	enum rawrepl_state found; /* what the board was doing */
	bool interrupted;         /* a program of the board's was stopped */
	unsigned block;           /* the largest payload of a frame, in bytes */
	unsigned window;          /* bytes on the way to the board at a time; 0: the line holds back its writer */
	uint32_t free_heap;       /* bytes, before the agent's buffers */
	bool deflate;             /* the board can inflate */
	unsigned number;          /* counts the agent's starts, from 1; another one has forgotten all of this one's */
};

struct agent;

/*
 * Brings the board behind LINK to its prompt and starts the agent there, within options->timeout_us. On success *OUT is the
 * agent and LINK is its own; on failure *OUT is NULL, LINK is the caller's and DIAG says why. Returns 0 or a negative errno:
 * those of rawrepl_enter, -ENOMEM too little memory on the board, -EPROTO or -EREMOTEIO the agent does not run there (DIAG has
 * the board's words).
 *
 * An agent that is gone, because this computer slept, or this process was stopped, or the board was reset, is started again, in
 * the first two cases before the next request. A request that changes something and was under way then ends with -EIO.
 */
int agent_open(struct agent **out, struct bytelink *link, const struct agent_options *options, struct diag *diag);

/* What is known of the board now. */
struct agent_session agent_session(struct agent *agent);

/*
 * Runs LEN bytes of PYTHON once, in the agent's own namespace; before agent_run only. Returns 0 or a negative errno: -ENOMEM the
 * board's memory does not hold it, -EREMOTEIO it raised something else, -EIO silence.
 */
int agent_load(struct agent *agent, const char *python, size_t len, struct diag *diag);

/* Starts the line thread. Returns 0 or a negative errno. */
int agent_run(struct agent *agent);

/*
 * Hands REQUEST to the board and returns at once; agent_wait then waits for its end. Several may be handed over before the
 * first is waited for. Both: any thread, but for the time before agent_run.
 */
void agent_submit(struct agent *agent, struct exchange_request *request);

/* Waits until REQUEST is finished; it ends within the time-out after the board's last sign of life. Returns request->result. */
int agent_wait(struct agent *agent, struct exchange_request *request);

/* Whether agent_wait would return at once. */
bool agent_is_finished(struct agent *agent, const struct exchange_request *request);

/* agent_submit and agent_wait. */
int agent_call(struct agent *agent, struct exchange_request *request);

/*
 * Ends the agent, so that the friendly REPL is back; with RESTART the board is soft-reset then, so that main.py runs again.
 * Requests under way fail with -EIO. Closes the link and frees AGENT; NULL is accepted. On a silent board it takes a second.
 */
void agent_close(struct agent *agent, bool restart);

#endif
