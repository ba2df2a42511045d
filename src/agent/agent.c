/* SPDX-License-Identifier: MIT */
#include "agent/agent.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>

#include "agent/line.h"
#include "agent/load.h"
#include "agent/tail.h"
#include "agent/text.h"
#include "agent/trace.h"
#include "bytelink/absence.h"

enum {
	QUIT_US = 1000000,  /* how long a board may take to leave the agent before we go anyway */
	RETRY_US = 2000000, /* between two tries to start an agent that is gone */
	GRACE_US = 800000,  /* how long a request waits for a board that has just come back */
	LOOK_US = 200000,   /* how often to ask whether all ends, while requests wait for a board */
};

/*
 * What the line thread is about.
 *
 *               the link fails                  its device is there again
 *   SERVING ---------------------> AWAY <-------------------------------------> ARRIVING
 *    ^   |                          ^        it fails again, or it is              |
 *    |   | the agent has lapsed,    |        another board                         |
 *    |   | or is silent and wanted  | the link fails                               |
 *    |   v                          |                                              |
 *    |  STARTING -------------------+                                              |
 *    |   | |                                                                       |
 *    '---|-'--------------- the agent is started, the board greeted ---------------'
 *        | it cannot be started                                                    |
 *        v                                                                         |
 *       DEAF (wanted again, or it shows a prompt: STARTING) <----------------------'
 *       ALONE, the same with a program that nobody may stop (it shows a prompt: STARTING)
 */
enum state { SERVING, STARTING, AWAY, ARRIVING, DEAF, ALONE };

struct agent {
	struct bytelink *link;
	struct agent_options options;
	struct absence absence; /* the line thread's */
	struct text *text;      /* the line thread's, by which the requests go as text; NULL: they go as frames, by `exchange` */
	bool text_ended;        /* the board has forgotten its side of it */
	struct exchange_counts text_counts; /* of those before `text` */

	pthread_mutex_t lock; /* guards all below */
	pthread_cond_t done;  /* some requests have finished */
	enum state state;
	struct agent_session session;
	struct exchange *exchange;
	bool wanted;        /* a request came while the board was silent */
	int64_t retry_at;   /* after a failure, not before this is the agent started again */
	struct tail output; /* what the board said outside frames */
	char told[1024];    /* why the agent could not be started, as the log has it; "": nothing of the kind */
	bool stop;          /* the line thread is to end */
	bool threaded;
	pthread_t thread;
};

static void logf_at(struct agent *agent, int level, const char *format, ...) __attribute__((format(printf, 3, 4)));

static void logf_at(struct agent *agent, int level, const char *format, ...)
{
	char text[1200];
	va_list arguments;

	if (!agent->options.log)
		return;
	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	agent->options.log(agent->options.log_context, level, text);
}

/* Told of each frame, with or without the lock. */
static void show_frame(void *context, bool outgoing, const struct frame *frame, const char *what)
{
	struct agent *agent = context;
	char text[400];

	if (!agent->options.trace)
		return;
	if (!frame)
		logf_at(agent, LOG_DEBUG, "<- %s", what);
	else if (what)
		logf_at(agent, LOG_DEBUG, "<- %s: %s", what, diag_printable(text, sizeof(text), frame->payload, frame->len));
	else
		logf_at(agent, LOG_DEBUG, "%s", trace_frame(text, sizeof(text), outgoing, frame));
}

/* Told by agent->exchange, with the lock held. */
static void note_frame(void *context, bool outgoing, const struct frame *frame, const char *what)
{
	struct agent *agent = context;

	if (what && frame)
		tail_add(&agent->output, frame->payload, frame->len);
	show_frame(context, outgoing, frame, what);
}

/* ---- With the lock held ---- */

/* Lets the callers of finished requests go on. */
static void settle(struct agent *agent)
{
	bool any = false;

	while (exchange_finished(agent->exchange))
		any = true;
	if (any)
		pthread_cond_broadcast(&agent->done);
}

static void enter(struct agent *agent, enum state state)
{
	int64_t patience = agent->options.reconnect_us;

	/* Who comes while the device is gone waits for a look at whether it still is. */
	if (!patience && (state == AWAY || state == ARRIVING))
		patience = GRACE_US;
	agent->state = state;
	exchange_set_patience(agent->exchange, agent->threaded ? patience : 0);
}

/* The board was looked for in vain: who waits need not, unless the user has said so. */
static void disappoint(struct agent *agent)
{
	if (!agent->options.reconnect_us)
		exchange_give_up(agent->exchange);
}

static void link_failed(struct agent *agent, int error)
{
	int64_t now = bytelink_now(agent->link);

	if (agent->state == AWAY)
		return;
	logf_at(agent, LOG_WARNING, "the connection to the board is lost: %s %s", bytelink_device(agent->link),
		error == -ENODEV ? bytelink_ended(agent->link) : strerror(-error));
	absence_begin(&agent->absence, bytelink_pace(agent->link), now);
	agent->session.number++;
	exchange_silence(agent->exchange, now);
	enter(agent, AWAY);
}

/* Ends the waiting for whom it has become too long, and for all when all ends. */
static void look_after(struct agent *agent)
{
	if (agent->options.ending && exchange_dead(agent->exchange) && exchange_waits(agent->exchange) &&
	    agent->options.ending(agent->options.ending_context))
		exchange_set_patience(agent->exchange, 0);
	exchange_tick(agent->exchange, bytelink_now(agent->link));
	settle(agent);
}

/* When to call look_after again at the latest. */
static int64_t next_look(struct agent *agent, int64_t now)
{
	int64_t at = exchange_deadline(agent->exchange);

	if (agent->options.ending && exchange_dead(agent->exchange) && exchange_waits(agent->exchange) && at > now + LOOK_US)
		at = now + LOOK_US;
	return at;
}

/* What the board says that is not heard: half of an agent, or a program. */
static int overhear(struct agent *agent)
{
	uint8_t bytes[512];
	ssize_t len = bytelink_read(agent->link, bytes, sizeof(bytes));

	if (len > 0)
		tail_add(&agent->output, bytes, (size_t)len);
	return len < 0 ? (int)len : 0;
}

static int receive(struct agent *agent)
{
	if (agent->state == DEAF || agent->state == ALONE)
		return overhear(agent);
	return line_receive(agent->link, agent->exchange);
}

/* ---- The line's work ---- */

/* For bytelink_set_meanwhile: a request that goes as text may take long, and is not waited for when all ends. */
static int64_t until_stopped(void *context)
{
	struct agent *agent = context;

	pthread_mutex_lock(&agent->lock);
	bool stop = agent->stop;
	pthread_mutex_unlock(&agent->lock);
	return stop ? -ECANCELED : bytelink_now(agent->link) + AGENT_IDLE_US;
}

/* Has the board do REQUEST, which is under way, as text. */
static void do_as_text(struct agent *agent, struct exchange_request *request)
{
	bytelink_set_meanwhile(agent->link, until_stopped, agent);
	int result = text_do(agent->text, request);
	bytelink_set_meanwhile(agent->link, NULL, NULL);
	pthread_mutex_lock(&agent->lock);
	if (bytelink_has_failed(agent->link))
		link_failed(agent, -ENODEV);
	else if (result == -ESTALE && agent->threaded)
		agent->text_ended = true;
	else if (result == -EIO || result == -ESTALE)
		exchange_silence(agent->exchange, bytelink_now(agent->link));
	else
		exchange_complete(agent->exchange, result, bytelink_now(agent->link));
	settle(agent);
	pthread_mutex_unlock(&agent->lock);
}

/* Waits for a request, or for a dead board, until UNTIL. */
static void wait_as_text(struct agent *agent, int64_t until)
{
	int error = bytelink_wait(agent->link, BYTELINK_READABLE, until);

	pthread_mutex_lock(&agent->lock);
	if (error >= 0)
		error = overhear(agent);
	if (error < 0)
		link_failed(agent, error);
	if (exchange_dead(agent->exchange))
		look_after(agent);
	pthread_mutex_unlock(&agent->lock);
}

/* pump, where the requests go as text. */
static void pump_text(struct agent *agent, int64_t until)
{
	struct exchange_request *request = NULL;

	pthread_mutex_lock(&agent->lock);
	bool dead = exchange_dead(agent->exchange);
	int64_t looked = dead ? next_look(agent, bytelink_now(agent->link)) : INT64_MAX;
	bool stop = agent->stop;
	if (!dead && !stop && !agent->text_ended)
		request = exchange_take(agent->exchange);
	settle(agent);
	pthread_mutex_unlock(&agent->lock);
	if (request)
		do_as_text(agent, request);
	else if (!stop)
		wait_as_text(agent, looked < until ? looked : until);
}

/* One round of it: sends what can be sent, waits until there is more to do, at most until UNTIL, and does it. */
static void pump(struct agent *agent, int64_t until)
{
	bool full;

	if (agent->text) {
		pump_text(agent, until);
		return;
	}
	pthread_mutex_lock(&agent->lock);
	int error = line_send(agent->link, agent->exchange, &full);
	int64_t deadline = next_look(agent, bytelink_now(agent->link));
	if (error < 0)
		link_failed(agent, error);
	bool go_on = !agent->stop && agent->state != AWAY;
	settle(agent);
	pthread_mutex_unlock(&agent->lock);
	if (!go_on)
		return;
	error = bytelink_wait(agent->link, BYTELINK_READABLE | (full ? BYTELINK_WRITABLE : 0u),
			      deadline < until ? deadline : until);
	pthread_mutex_lock(&agent->lock);
	if (error >= 0)
		error = receive(agent);
	if (error < 0)
		link_failed(agent, error);
	look_after(agent);
	pthread_mutex_unlock(&agent->lock);
}

void agent_submit(struct agent *agent, struct exchange_request *request)
{
	pthread_mutex_lock(&agent->lock);
	if (exchange_dead(agent->exchange))
		agent->wanted = true;
	exchange_add(agent->exchange, request, bytelink_now(agent->link));
	settle(agent);
	pthread_mutex_unlock(&agent->lock);
	if (agent->threaded)
		bytelink_wake(agent->link);
}

int agent_wait(struct agent *agent, struct exchange_request *request)
{
	if (!agent->threaded) {
		while (request->state != EXCHANGE_FINISHED)
			pump(agent, INT64_MAX);
		return request->result;
	}
	pthread_mutex_lock(&agent->lock);
	while (request->state != EXCHANGE_FINISHED)
		pthread_cond_wait(&agent->done, &agent->lock);
	pthread_mutex_unlock(&agent->lock);
	return request->result;
}

bool agent_is_finished(struct agent *agent, const struct exchange_request *request)
{
	pthread_mutex_lock(&agent->lock);
	bool finished = request->state == EXCHANGE_FINISHED;
	pthread_mutex_unlock(&agent->lock);
	return finished;
}

int agent_call(struct agent *agent, struct exchange_request *request)
{
	agent_submit(agent, request);
	return agent_wait(agent, request);
}

static int call_for_load(void *context, struct exchange_request *request)
{
	return agent_call(context, request);
}

int agent_load(struct agent *agent, const struct agent_part *parts, size_t count, struct exchange_request *failed)
{
	struct agent_session session = agent_session(agent);

	return load_parts(&session, parts, count, call_for_load, agent, failed);
}

struct agent_session agent_session(struct agent *agent)
{
	pthread_mutex_lock(&agent->lock);
	struct agent_session session = agent->session;
	pthread_mutex_unlock(&agent->lock);
	return session;
}

/* ---- The agent's start ---- */

static struct exchange_counts sum(const struct exchange_counts *a, const struct exchange_counts *b)
{
	return (struct exchange_counts){a->damaged + b->damaged, a->naks + b->naks, a->resent + b->resent};
}

/* TEXT, which may be NULL, takes the place of the text before it. Returns whether that one has stopped a program. */
static bool set_text(struct agent *agent, struct text *text)
{
	bool interrupted = agent->text && text_interrupted(agent->text);

	if (agent->text)
		agent->text_counts = sum(&agent->text_counts, text_counts(agent->text));
	text_close(agent->text);
	agent->text = text;
	agent->text_ended = false;
	return interrupted;
}

/* The callers' requests go to the agent of LAUNCH from now on. */
static void take_over(struct agent *agent, struct launch *launch)
{
	bool interrupted = set_text(agent, launch_take_text(launch));

	pthread_mutex_lock(&agent->lock);
	unsigned number = agent->session.number + 1;
	agent->session = *launch_session(launch);
	agent->session.number = number;
	agent->session.interrupted |= interrupted;
	exchange_restart(agent->exchange, launch_exchange(launch), agent->session.window, bytelink_now(agent->link));
	enter(agent, SERVING);
	settle(agent);
	pthread_mutex_unlock(&agent->lock);
}

/* Starts the agent, for the first time or again; what the callers have asked goes on then. */
static int start(struct agent *agent, bool nointerrupt, struct diag *diag)
{
	const struct launch_options options = {
		.timeout_us = agent->options.timeout_us,
		.nointerrupt = nointerrupt,
		.text = agent->session.text,
		.parts = agent->options.parts,
		.part_count = agent->options.part_count,
		.trace = show_frame,
		.trace_context = agent,
	};
	struct launch *launch;
	int error = launch_open(&launch, agent->link, &options, diag);

	if (error)
		return error;
	if (agent->options.greet)
		error = agent->options.greet(agent->options.greet_context, launch, diag);
	if (error)
		launch_quit(launch);
	else
		take_over(agent, launch);
	launch_close(launch);
	return error;
}

/* For bytelink_set_meanwhile: who waits for a board is looked after also while it takes long to start the agent there. */
static int64_t look_after_waiting(void *context)
{
	struct agent *agent = context;

	pthread_mutex_lock(&agent->lock);
	look_after(agent);
	int64_t now = bytelink_now(agent->link);
	int64_t at = agent->stop ? -ECANCELED : next_look(agent, now);
	pthread_mutex_unlock(&agent->lock);
	return at < 0 || at > now ? at : now + LOOK_US;
}

static void started(struct agent *agent, bool was_away)
{
	const char *what = was_away ? "the board is back" : "the board was reset or out of reach, and answers again";

	logf_at(agent, LOG_NOTICE, "%s: %s%s", bytelink_device(agent->link), what,
		agent->session.interrupted ? "; a program on it was stopped" : "");
	agent->told[0] = '\0';
	agent->retry_at = 0;
}

/* Says TEXT, unless it was the last thing to be said. */
static void tell_once(struct agent *agent, const char *text)
{
	if (!strncmp(agent->told, text, sizeof(agent->told) - 1))
		return;
	snprintf(agent->told, sizeof(agent->told), "%s", text);
	logf_at(agent, LOG_WARNING, "%s", text);
}

/* The device is there, and the board does not do what it should. */
static void cannot_start(struct agent *agent, int error, const char *text)
{
	char words[sizeof(agent->told)];

	exchange_silence(agent->exchange, bytelink_now(agent->link));
	enter(agent, error == -EBUSY ? ALONE : DEAF);
	disappoint(agent);
	agent->retry_at = bytelink_now(agent->link) + RETRY_US;
	snprintf(
		words, sizeof(words),
		"%s: the board was reset and runs a program, which is left alone (-o noreconnect): until it ends, each operation "
		"on the mount fails",
		bytelink_device(agent->link));
	tell_once(agent, error == -EBUSY && agent->options.noreconnect ? words : text);
}

/* The device that was there again has gone, or is another board's. */
static void away_again(struct agent *agent, int error)
{
	absence_failed(&agent->absence, error, bytelink_now(agent->link));
	enter(agent, AWAY);
	disappoint(agent);
}

/* It is another board: what was the way to ours is given back. */
static void refused(struct agent *agent, const char *text)
{
	int64_t now = bytelink_now(agent->link);

	tell_once(agent, text);
	if (agent->state != ARRIVING) {
		absence_begin(&agent->absence, bytelink_pace(agent->link), now);
		agent->session.number++;
		exchange_silence(agent->exchange, now);
	}
	away_again(agent, -EAGAIN);
}

static void start_again(struct agent *agent)
{
	struct diag diag = {0};

	pthread_mutex_lock(&agent->lock);
	bool arriving = agent->state == ARRIVING;
	if (!arriving)
		enter(agent, STARTING);
	agent->wanted = false;
	agent->output = (struct tail){0};
	pthread_mutex_unlock(&agent->lock);
	bytelink_set_meanwhile(agent->link, look_after_waiting, agent);
	int error = start(agent, agent->options.nointerrupt || agent->options.noreconnect, &diag);
	bytelink_set_meanwhile(agent->link, NULL, NULL);
	bool gone = bytelink_has_failed(agent->link);
	if (error == -EMEDIUMTYPE && !gone)
		bytelink_refuse(agent->link);
	pthread_mutex_lock(&agent->lock);
	if (!error)
		started(agent, arriving);
	else if (gone && arriving)
		away_again(agent, -ENODEV);
	else if (gone)
		link_failed(agent, -ENODEV);
	else if (error == -EMEDIUMTYPE)
		refused(agent, diag.text);
	else
		cannot_start(agent, error, diag.text);
	settle(agent);
	pthread_mutex_unlock(&agent->lock);
}

static void agent_free(struct agent *agent)
{
	exchange_close(agent->exchange);
	pthread_cond_destroy(&agent->done);
	pthread_mutex_destroy(&agent->lock);
	free(agent);
}

int agent_open(struct agent **out, struct bytelink *link, const struct agent_options *options, struct diag *diag)
{
	struct agent *agent = calloc(1, sizeof(*agent));

	*out = NULL;
	if (agent)
		agent->exchange = exchange_open(bytelink_now(link), options->timeout_us, note_frame, agent);
	if (!agent || !agent->exchange) {
		free(agent);
		return diag_fail(diag, DIAG_AGENT, ENOMEM, "not enough memory on this computer");
	}
	agent->link = link;
	agent->options = *options;
	pthread_mutex_init(&agent->lock, NULL);
	pthread_cond_init(&agent->done, NULL);
	int error = start(agent, options->nointerrupt, diag);
	if (error)
		agent_free(agent);
	else
		*out = agent;
	return error;
}

/* ---- The line thread ---- */

/* When the agent has to be started again; INT64_MAX: it need not be. */
static int64_t start_time(struct agent *agent)
{
	pthread_mutex_lock(&agent->lock);
	bool prompt = tail_shows_prompt(&agent->output);
	bool lapsed = agent->text ? agent->text_ended && !exchange_dead(agent->exchange)
				  : exchange_lapsed(agent->exchange, bytelink_now(agent->link));
	bool silent = exchange_dead(agent->exchange) && (agent->wanted || exchange_waits(agent->exchange));
	bool gone = prompt || (agent->state != ALONE && (lapsed || silent));
	int64_t at = gone ? agent->retry_at : INT64_MAX;
	pthread_mutex_unlock(&agent->lock);
	return at;
}

static void serve(struct agent *agent)
{
	int64_t at = start_time(agent);

	if (bytelink_now(agent->link) >= at)
		start_again(agent);
	else
		pump(agent, at);
}

/* Looks whether the device is there. */
static void look(struct agent *agent)
{
	struct diag diag = {0};
	int error = bytelink_reopen(agent->link, &diag);

	pthread_mutex_lock(&agent->lock);
	if (!error) {
		enter(agent, ARRIVING);
	} else {
		if (absence_failed(&agent->absence, error, bytelink_now(agent->link)))
			logf_at(agent, LOG_WARNING, "%s", diag.text);
		disappoint(agent);
	}
	settle(agent);
	pthread_mutex_unlock(&agent->lock);
}

/* Nothing can be done for the device but wait. */
static void wait_away(struct agent *agent)
{
	pthread_mutex_lock(&agent->lock);
	int64_t now = bytelink_now(agent->link), looked = next_look(agent, now);
	int64_t at = absence_next(&agent->absence, exchange_waits(agent->exchange));
	if (exchange_waits(agent->exchange) && at + bytelink_pace(agent->link).look >= now + GRACE_US)
		disappoint(agent);
	bool stop = agent->stop;
	settle(agent);
	pthread_mutex_unlock(&agent->lock);
	if (!stop)
		bytelink_wait(agent->link, 0, at < looked ? at : looked);
}

static void be_away(struct agent *agent)
{
	bytelink_drop(agent->link);
	pthread_mutex_lock(&agent->lock);
	look_after(agent);
	bool due = absence_due(&agent->absence, bytelink_now(agent->link), exchange_waits(agent->exchange));
	pthread_mutex_unlock(&agent->lock);
	if (due)
		look(agent);
	else
		wait_away(agent);
}

static void *line_thread(void *context)
{
	struct agent *agent = context;

	for (;;) {
		pthread_mutex_lock(&agent->lock);
		enum state state = agent->state;
		bool stop = agent->stop;
		pthread_mutex_unlock(&agent->lock);
		if (stop)
			return NULL;
		if (state == AWAY)
			be_away(agent);
		else if (state == ARRIVING)
			start_again(agent);
		else
			serve(agent);
	}
}

int agent_run(struct agent *agent)
{
	sigset_t all, before;

	/* Signals are for the program's other threads. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	agent->threaded = true;
	enter(agent, agent->state);
	int error = pthread_create(&agent->thread, NULL, line_thread, agent);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (error)
		agent->threaded = false;
	return -error;
}

static void stop_thread(struct agent *agent)
{
	if (!agent->threaded)
		return;
	pthread_mutex_lock(&agent->lock);
	agent->stop = true;
	pthread_mutex_unlock(&agent->lock);
	bytelink_wake(agent->link);
	pthread_join(agent->thread, NULL);
	agent->threaded = false;
	agent->stop = false;
	exchange_set_patience(agent->exchange, 0);
}

/* Asks the agent to leave. The request may outlive our patience, not this function: the exchange is failed before. */
static void quit(struct agent *agent)
{
	struct exchange_request request = {.op = AGENT_QUIT, .kind = EXCHANGE_CHANGES};
	int64_t until = bytelink_now(agent->link) + QUIT_US;

	agent_submit(agent, &request);
	while (request.state != EXCHANGE_FINISHED && bytelink_now(agent->link) < until)
		pump(agent, until);
	if (request.state != EXCHANGE_FINISHED) {
		exchange_fail(agent->exchange);
		settle(agent);
	}
}

/* The same as text; what nobody waits for any more is forgotten. */
static void quit_as_text(struct agent *agent)
{
	exchange_fail(agent->exchange);
	settle(agent);
	if (agent->state == SERVING && !bytelink_has_failed(agent->link))
		text_quit(agent->text);
}

static void log_counts(struct agent *agent)
{
	struct exchange_counts counts = sum(exchange_counts(agent->exchange), &agent->text_counts);

	if (counts.damaged || counts.naks)
		logf_at(agent, LOG_WARNING,
			"%s: the line was not clean: %lu damaged answers, %lu damaged requests, %lu sent again",
			bytelink_device(agent->link), counts.damaged, counts.naks, counts.resent);
}

void agent_close(struct agent *agent, bool restart)
{
	if (!agent)
		return;
	struct rawrepl repl = {.link = agent->link};

	stop_thread(agent);
	if (agent->text)
		quit_as_text(agent);
	else
		quit(agent);
	if (restart && !bytelink_has_failed(agent->link) && agent->state != ALONE)
		rawrepl_restart(&repl);
	set_text(agent, NULL);
	log_counts(agent);
	bytelink_close(agent->link);
	agent_free(agent);
}
