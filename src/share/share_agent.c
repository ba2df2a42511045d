/* SPDX-License-Identifier: MIT */
#include "share/share_agent.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/agent_parts.h"
#include "agent/launch.h"
#include "agent/tail.h"

enum {
	TYPE_US = 1500000, /* how long a few bytes may take to go */
	STOP_US = 4000000, /* how long the board is asked in one way to stop its program */
	START_TRIES = 4,   /* a line may damage what tells that the agent begins */
	SUM_TRIES = 3,     /* a line may damage what is typed, or the answer */
	SUM_US = 500000,   /* for the answer; longer each time */
	PROMPT_US = 100000 /* for the prompt behind it */
};

static int load_plan(struct launch *launch, const struct share_plan *plan, struct diag *diag)
{
	size_t len;
	char *python = share_plan_python(plan, &len);
	int error;

	if (!python)
		return diag_fail(diag, DIAG_AGENT, ENOMEM, "not enough memory");
	error = launch_load(launch, python, len, diag);
	free(python);
	return error;
}

/*
 * One try. Returns 1 where the board has not said that its core leaves: it may have left, and taken our next frames for another host's, at
 * which the agent ends. So nobody knows what the board does; 0, or a negative errno.
 */
static int try_start(struct bytelink *link, const struct share_plan *plan, int64_t timeout_us, unsigned *window,
		     struct diag *diag)
{
	static const struct agent_part parts[] = {{agent_share, &agent_share_len}};
	const struct launch_options options = {.timeout_us = timeout_us, .frames_only = true, .parts = parts, .part_count = 1};
	struct launch *launch;
	int error = launch_open(&launch, link, &options, diag);

	if (error)
		return error;
	error = load_plan(launch, plan, diag);
	*window = launch_session(launch)->window;
	if (!launch_quit(launch) && !error)
		error = 1;
	launch_close(launch);
	return error;
}

int share_agent_start(struct bytelink *link, const struct share_plan *plan, int64_t timeout_us, unsigned *window,
		      struct diag *diag)
{
	int rc = 1;

	for (unsigned tries = 0; rc > 0 && tries < START_TRIES; tries++)
		rc = try_start(link, plan, timeout_us, window, diag);
	return rc <= 0 ? rc
		       : diag_fail(diag, DIAG_AGENT, EIO,
				   "%s: the board does not say that the agent begins: the line damages too much",
				   bytelink_device(link));
}

/* Writes LEN BYTES, few. */
static int type(struct bytelink *link, const void *bytes, size_t len, struct diag *diag)
{
	int error = bytelink_write_all(link, bytes, len, bytelink_now(link) + TYPE_US);

	return error ? diag_fail(diag, DIAG_BYTELINK, -error, "%s %s", bytelink_device(link),
				 error == -ETIMEDOUT ? "takes nothing" : bytelink_ended(link))
		     : 0;
}

/* Waits for US microseconds, whatever comes meanwhile. */
static int pause_for(struct bytelink *link, int64_t us, struct diag *diag)
{
	int64_t until = bytelink_now(link) + us;
	int rc = 0;

	while (rc >= 0 && bytelink_now(link) < until)
		rc = bytelink_wait(link, 0, until);
	return rc < 0 && rc != -EINTR ? diag_fail(diag, DIAG_BYTELINK, -rc, "%s %s", bytelink_device(link), bytelink_ended(link))
				      : rc;
}

/*
 * Ctrl-C over and over, at once and at several distances. A program that catches it catches it only once at a time: the next one, when it
 * comes before the program is back where it catches, ends it.
 */
static int press_often(struct bytelink *link, struct diag *diag)
{
	static const char burst[] = "\3\3\3\3\3\3\3\3\3\3\3\3\3\3\3\3";
	static const int gaps_ms[] = {1, 2, 5, 10, 20, 40, 80};
	int rc = 0;

	for (size_t i = 0; rc >= 0 && i < 2 * sizeof(gaps_ms) / sizeof(*gaps_ms); i++) {
		rc = type(link, burst, sizeof(burst) - 1, diag);
		if (rc >= 0)
			rc = pause_for(link, gaps_ms[i / 2] * (int64_t)1000, diag);
	}
	return rc < 0 ? rc : 0;
}

static bool goes_on(int error)
{
	return error == -ETIMEDOUT || error == -EPROTO;
}

/* From whatever runs on the board to its raw REPL. */
static int stop(struct rawrepl *repl, struct bytelink *link, int64_t timeout_us, struct diag *diag)
{
	const struct rawrepl_options options = {.timeout_us = timeout_us < STOP_US ? timeout_us : STOP_US};
	int error = rawrepl_enter(repl, link, &options, diag);

	if (goes_on(error) && !(error = press_often(link, diag)))
		error = rawrepl_enter(repl, link, &options, diag);
	if (!goes_on(error))
		return error;
	return diag_fail(
		diag, DIAG_AGENT, ETIMEDOUT,
		"%s: the program does not end on Ctrl-C, and still runs on the board, where nobody answers for the shared "
		"files any more; press the reset button, or unplug the board",
		bytelink_device(link));
}

int share_agent_end(struct bytelink *link, int64_t timeout_us, struct diag *diag)
{
	struct rawrepl repl;
	int error = stop(&repl, link, timeout_us, diag);

	if (!error)
		error = rawrepl_leave(&repl, timeout_us, diag);
	return error ? error : rawrepl_type(&repl, "__import__('sys').modules.get('__mpremotefs__',int)()");
}

int share_agent_reset(struct bytelink *link, int64_t timeout_us, struct diag *diag)
{
	struct rawrepl repl;
	int error = stop(&repl, link, timeout_us, diag);

	return error ? error : type(link, "\4", 1, diag);
}

int share_agent_drop(struct bytelink *link, int64_t timeout_us, struct diag *diag)
{
	const struct rawrepl_options options = {.timeout_us = timeout_us};
	struct rawrepl repl;
	int error = rawrepl_enter(&repl, link, &options, diag);

	return error ? error : rawrepl_leave(&repl, timeout_us, diag);
}

/* Reads until WORDS have come, what is behind them stays in TAIL, or until UNTIL. Returns 1, 0, or a negative errno. */
static int hear(struct bytelink *link, struct tail *tail, const char *words, int64_t until, struct diag *diag)
{
	char bytes[64];
	const char *found;

	while (!(found = memmem(tail->text, tail->len, words, strlen(words)))) {
		int rc = bytelink_wait(link, BYTELINK_READABLE, until);
		ssize_t len = rc < 0 ? rc : bytelink_read(link, bytes, sizeof(bytes));

		if (len < 0)
			return diag_fail(diag, DIAG_BYTELINK, (int)-len, "%s %s", bytelink_device(link), bytelink_ended(link));
		tail_add(tail, bytes, (size_t)len);
		if (bytelink_now(link) >= until)
			return 0;
	}
	found += strlen(words);
	tail->len -= (size_t)(found - tail->text);
	memmove(tail->text, found, tail->len);
	return 1;
}

/* One try; not the first one ends a line that the one before may have left. */
static int ask_sum(struct bytelink *link, unsigned tries, struct diag *diag)
{
	int64_t now = bytelink_now(link);
	unsigned a = 1009 + (unsigned)(now % 7919), b = 1013 + (unsigned)(now / 7 % 7907); /* small enough for any board */
	char sum[32], answer[16];
	struct tail tail = {0};

	snprintf(sum, sizeof(sum), "%s%u*%u\r", tries ? "\r" : "", a, b);
	snprintf(answer, sizeof(answer), "\n%u", a * b);
	int rc = type(link, sum, strlen(sum), diag);
	if (!rc)
		rc = hear(link, &tail, answer, now + (tries + 1) * (int64_t)SUM_US, diag);
	if (rc > 0 && hear(link, &tail, ">>> ", bytelink_now(link) + PROMPT_US, diag) < 0) /* so that nobody finds it */
		rc = -EIO;
	return rc;
}

int share_agent_has_ended(struct bytelink *link, struct diag *diag)
{
	int rc = 0;

	for (unsigned tries = 0; !rc && tries < SUM_TRIES; tries++)
		rc = ask_sum(link, tries, diag);
	return rc;
}

bool share_agent_is_there(struct bytelink *link, int64_t timeout_us)
{
	static const char question[] = "print('__mpremotefs__'in __import__('sys').modules)";
	const struct rawrepl_options options = {.timeout_us = timeout_us};
	struct rawrepl repl;
	char answer[8] = "";

	return !rawrepl_enter(&repl, link, &options, NULL) &&
	       !rawrepl_run(&repl, question, strlen(question), answer, sizeof(answer), NULL, timeout_us, NULL) &&
	       !rawrepl_leave(&repl, timeout_us, NULL) && !strncmp(answer, "True", 4);
}
