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

#include "agent/launch.h"

/* LEVEL is syslog(3)'s. Any thread may call it. */
typedef void agent_log_fn(void *context, int level, const char *text);

/*
 * Makes the acquaintance of a board on which the agent has been started, the first time and each time again, by requests over LAUNCH.
 * Called by the thread that does the work on the line; must not call functions of this header. Returns 0, -EMEDIUMTYPE: it is
 * another board than before, which is left at its prompt and let go, or another negative errno; with DIAG filled.
 */
typedef int agent_greet_fn(void *context, struct launch *launch, struct diag *diag);

struct agent_options {
	int64_t timeout_us;             /* the longest silence of a live board, and the time to reach it, in microseconds */
	int64_t reconnect_us;           /* how long a request waits for a board that is away; 0: not longer than a second */
	bool nointerrupt;               /* refuse rather than stop a running program */
	bool noreconnect;               /* a board that was reset meanwhile is left alone if it runs a program */
	const struct agent_part *parts; /* loaded whenever the agent is started, in this order; outlive the agent */
	size_t part_count;
	agent_greet_fn *greet; /* NULL: any board will do */
	void *greet_context;
	bool (*ending)(void *context); /* whether nobody is to wait for the board any more; any thread; NULL: never */
	void *ending_context;
	bool trace;        /* every frame to the log */
	agent_log_fn *log; /* NULL: none */
	void *log_context;
};

struct agent;

/*
 * Brings the board behind LINK to its prompt and starts the agent there, within options->timeout_us. On success *OUT is the
 * agent and LINK is its own; on failure *OUT is NULL, LINK is the caller's and DIAG says why. Returns 0 or a negative errno:
 * those of launch_open and of options->greet.
 *
 * After agent_run, an agent that is gone, because this computer slept, or this process was stopped, or the board was reset, is started
 * again, in the first two cases before the next request; and a link that has failed is opened again as soon as its device is there,
 * and the agent started on it. Until then requests end with -EIO within a second, or wait for options->reconnect_us. A request that
 * changes something and was under way ends with -EIO in any case.
 */
int agent_open(struct agent **out, struct bytelink *link, const struct agent_options *options, struct diag *diag);

/*
 * What is known of the board now. `number` counts the agent's starts and ends: with another one than before the board was out of
 * sight, and the agent has forgotten all that it was told.
 */
struct agent_session agent_session(struct agent *agent);

/* Starts the line thread. Returns 0 or a negative errno. */
int agent_run(struct agent *agent);

/*
 * Hands REQUEST to the board and returns at once; agent_wait then waits for its end. Several may be handed over before the
 * first is waited for. Both: any thread, but for the time before agent_run.
 */
void agent_submit(struct agent *agent, struct exchange_request *request);

/*
 * Waits until REQUEST is finished; it ends within the time-out after the board's last sign of life (and options->reconnect_us, should
 * it be away). Returns request->result.
 */
int agent_wait(struct agent *agent, struct exchange_request *request);

/* Whether agent_wait would return at once. */
bool agent_is_finished(struct agent *agent, const struct exchange_request *request);

/* agent_submit and agent_wait. */
int agent_call(struct agent *agent, struct exchange_request *request);

/*
 * Loads COUNT PARTS of the agent, for which there is nothing to do in most sessions. They are forgotten with the agent's end (agent_session).
 * Returns 0, -ENOMEM: not enough memory on this computer, or the result of the request that failed, which is then in *FAILED.
 */
int agent_load(struct agent *agent, const struct agent_part *parts, size_t count, struct exchange_request *failed);

/*
 * Ends the agent, so that the friendly REPL is back; with RESTART the board is soft-reset then, so that main.py runs again.
 * Requests under way fail with -EIO. Closes the link and frees AGENT; NULL is accepted. On a silent board it takes a second.
 */
void agent_close(struct agent *agent, bool restart);

#endif
