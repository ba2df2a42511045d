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
#include <zlib.h>

#include "agent/agent_parts.h"

enum {
	HELLO_US = 3000000, /* from starting the agent to its hello: it compiles nothing then */
	QUIT_US = 1000000,  /* how long a board may take to leave the agent before we go anyway */
	FAST_US = 6000,     /* a line that carries PROOF bytes and an answer in less is faster than any slow UART... */
	PROOF = 200,        /* (within the window that any line holds) */
	FLOOD = 1500,       /* ...and holds back its writer if so much, more than any board's ring, is not lost... */
	HOLD_MS = 50,       /* ...while the board reads nothing for so long */
	OUTPUT_KEPT = 256,  /* of what the board says outside frames, for messages */
	RETRY_US = 2000000, /* between two tries to start an agent that is gone */
	START_TRIES = 3,    /* within the time-out, where the agent came to the board damaged */
};

struct agent {
	struct bytelink *link;
	struct agent_options options;

	pthread_mutex_t lock; /* guards all below */
	pthread_cond_t done;  /* some requests have finished */
	struct agent_session session;
	struct exchange *exchange; /* of the callers */
	struct exchange *starting; /* while the agent is being started: its own */
	bool wanted;               /* a request came while the board was silent */
	bool lost;        /* the agent could not be started again: what answers now may be half of one, and is not heard */
	int64_t retry_at; /* after a failure, not before this is the agent started again */
	char output[OUTPUT_KEPT + 1]; /* the end of what the board said outside frames */
	size_t output_len;
	bool stop; /* the line thread is to end */
	bool gone; /* the link has failed */
	bool threaded;
	pthread_t thread;
};

static void logf_at(struct agent *agent, int level, const char *format, ...) __attribute__((format(printf, 3, 4)));

static void logf_at(struct agent *agent, int level, const char *format, ...)
{
	char text[512];
	va_list arguments;

	if (!agent->options.log)
		return;
	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	agent->options.log(agent->options.log_context, level, text);
}

static void keep_output(struct agent *agent, const struct frame *frame)
{
	size_t len = frame->len < OUTPUT_KEPT ? frame->len : OUTPUT_KEPT;
	const uint8_t *bytes = frame->payload + (frame->len - len);
	size_t keep = agent->output_len + len > OUTPUT_KEPT ? OUTPUT_KEPT - len : agent->output_len;

	memmove(agent->output, agent->output + agent->output_len - keep, keep);
	memcpy(agent->output + keep, bytes, len);
	agent->output_len = keep + len;
	agent->output[agent->output_len] = 0;
}

/* Told by the exchange, with the lock held. */
static void note_frame(void *context, bool outgoing, const struct frame *frame, const char *what)
{
	struct agent *agent = context;
	char text[128];

	if (what && frame)
		keep_output(agent, frame);
	if (!agent->options.trace)
		return;
	if (!frame)
		logf_at(agent, LOG_DEBUG, "<- %s", what);
	else if (what)
		logf_at(agent, LOG_DEBUG, "<- %s: %s", what, diag_printable(text, sizeof(text), frame->payload, frame->len));
	else
		logf_at(agent, LOG_DEBUG, "%s %c #%u, %u bytes", outgoing ? "->" : "<-", frame->type, frame->sequence,
			frame->len);
}

/* Lets the callers of finished requests go on. With the lock held. */
static void settle(struct agent *agent)
{
	bool any = false;

	while (exchange_finished(agent->exchange))
		any = true;
	while (agent->starting && exchange_finished(agent->starting))
		any = true;
	if (any)
		pthread_cond_broadcast(&agent->done);
}

/* The exchange whose frames are on the line now. */
static struct exchange *on_line(struct agent *agent)
{
	return agent->starting ? agent->starting : agent->exchange;
}

static void link_failed(struct agent *agent, ssize_t error)
{
	if (!agent->gone)
		logf_at(agent, LOG_ERR,
			"the connection to the board is lost: %s %s. Unmount, see to it that the board is connected, and mount again",
			bytelink_device(agent->link), error == -ENODEV ? bytelink_ended(agent->link) : strerror((int)-error));
	agent->gone = true;
	exchange_fail(agent->exchange);
	if (agent->starting)
		exchange_fail(agent->starting);
}

static void receive(struct agent *agent)
{
	size_t room;
	uint8_t *bytes = exchange_room(on_line(agent), &room);
	ssize_t len = bytelink_read(agent->link, bytes, room);

	if (len < 0)
		link_failed(agent, len);
	else if (len && (agent->starting || !agent->lost))
		exchange_received(on_line(agent), (size_t)len, bytelink_now(agent->link));
}

/* Writes what may be written now. Returns whether the link had no room for all of it. */
static bool transmit(struct agent *agent)
{
	const uint8_t *bytes;
	size_t len;

	while ((len = exchange_output(on_line(agent), bytelink_now(agent->link), &bytes))) {
		ssize_t sent = bytelink_write(agent->link, bytes, len);

		if (sent < 0)
			link_failed(agent, sent);
		else
			exchange_sent(on_line(agent), (size_t)sent, bytelink_now(agent->link));
		if (sent <= 0)
			return sent == 0;
	}
	return false;
}

/* One round of the line's work: sends what can be sent, waits until there is more to do, at most until UNTIL, and does it. */
static void pump(struct agent *agent, int64_t until)
{
	pthread_mutex_lock(&agent->lock);
	bool full = transmit(agent);
	int64_t deadline = exchange_deadline(on_line(agent));
	bool stop = agent->stop || agent->gone;
	settle(agent);
	pthread_mutex_unlock(&agent->lock);
	if (stop)
		return;
	int ready = bytelink_wait(agent->link, BYTELINK_READABLE | (full ? BYTELINK_WRITABLE : 0u),
				  deadline < until ? deadline : until);
	pthread_mutex_lock(&agent->lock);
	if (ready < 0)
		link_failed(agent, ready);
	else
		receive(agent);
	exchange_tick(on_line(agent), bytelink_now(agent->link));
	settle(agent);
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

struct agent_session agent_session(struct agent *agent)
{
	pthread_mutex_lock(&agent->lock);
	struct agent_session session = agent->session;
	pthread_mutex_unlock(&agent->lock);
	return session;
}

/*
 * A board that shows its prompt has no agent any more: it was reset, or the agent has failed. What was on its way then may follow
 * as its echo.
 */
static bool shows_prompt(const struct agent *agent)
{
	static const char prompt[] = "\n>>> ";

	return memmem(agent->output, agent->output_len, prompt, sizeof(prompt) - 1) != NULL;
}

/* Has REQUEST answered while the agent is being started, by the thread that starts it. */
static int start_wait(struct agent *agent, struct exchange_request *request)
{
	while (request->state != EXCHANGE_FINISHED) {
		pump(agent, INT64_MAX);
		pthread_mutex_lock(&agent->lock);
		if (agent->stop || shows_prompt(agent))
			exchange_silence(agent->starting, bytelink_now(agent->link));
		settle(agent);
		pthread_mutex_unlock(&agent->lock);
	}
	return request->result;
}

static void start_submit(struct agent *agent, struct exchange_request *request)
{
	pthread_mutex_lock(&agent->lock);
	exchange_add(agent->starting, request, bytelink_now(agent->link));
	settle(agent);
	pthread_mutex_unlock(&agent->lock);
}

static int start_call(struct agent *agent, struct exchange_request *request)
{
	start_submit(agent, request);
	return start_wait(agent, request);
}

static int no_memory(struct diag *diag)
{
	return diag_fail(diag, DIAG_AGENT, ENOMEM, "not enough memory on this computer");
}

/* Why the agent, which was put on the board, does not say hello. */
static int no_hello(struct agent *agent, struct diag *diag)
{
	char words[2 * OUTPUT_KEPT];

	if (agent->gone)
		return diag_fail(diag, DIAG_AGENT, ENODEV, "%s: the connection was lost while the agent started on the board",
				 bytelink_device(agent->link));
	agent->output[agent->output_len] = 0;
	if (strstr(agent->output, "MemoryError"))
		return diag_fail(
			diag, DIAG_AGENT, ENOMEM,
			"%s: not enough memory on the board: the agent does not fit beside what is loaded there; free some "
			"(a soft reset with Ctrl-D at its prompt, or fewer imports in boot.py and main.py) and try again",
			bytelink_device(agent->link));
	diag_printable(words, sizeof(words), agent->output, agent->output_len);
	return diag_fail(diag, DIAG_AGENT, EPROTO, "%s: the agent does not start on the board, which says: %s",
			 bytelink_device(agent->link), words[0] ? words : "(nothing)");
}

static int await_hello(struct agent *agent, struct agent_session *session, struct diag *diag)
{
	int64_t until = bytelink_now(agent->link) + HELLO_US;

	while (!exchange_hello(agent->starting)->seen && !agent->gone && bytelink_now(agent->link) < until &&
	       !strstr(agent->output, "Error"))
		pump(agent, until);
	const struct exchange_hello *hello = exchange_hello(agent->starting);
	if (!hello->seen)
		return no_hello(agent, diag);
	if (hello->block < 256 || hello->block > AGENT_PAYLOAD_MAX)
		return diag_fail(diag, DIAG_AGENT, EPROTO,
				 "%s: the agent on the board speaks of blocks of %u bytes: "
				 "another version of it is running there; reset the board",
				 bytelink_device(agent->link), hello->block);
	session->block = hello->block;
	session->free_heap = hello->free_heap;
	session->deflate = hello->deflate;
	return 0;
}

/* Adds what the user can do to the words of a board without memory for the agent. */
static int core_failed(struct agent *agent, int error, struct diag *diag)
{
	if (error == -EREMOTEIO && diag->err == ENOMEM)
		return diag_fail(
			diag, DIAG_AGENT, ENOMEM,
			"%s: not enough memory on the board: the agent does not fit beside what is loaded there; free some "
			"(a soft reset with Ctrl-D at its prompt, or fewer imports in boot.py and main.py) and try again",
			bytelink_device(agent->link));
	return error;
}

static int start_core(struct agent *agent, struct agent_session *session, bool nointerrupt, struct diag *diag)
{
	static const uint8_t quit_payload;
	uint8_t quit[AGENT_HEADER_SIZE + AGENT_TRAILER_SIZE];
	struct rawrepl repl;
	struct rawrepl_options options = {
		.nointerrupt = nointerrupt,
		.timeout_us = agent->options.timeout_us,
		.rescue = (const char *)quit,
		.rescue_len = frame_encode(quit, AGENT_QUIT, 0, &quit_payload, 0),
	};
	struct diag own = {0};
	int error = rawrepl_enter(&repl, agent->link, &options, diag);

	if (error)
		return error;
	session->found = repl.found;
	session->interrupted = repl.interrupted;
	error = rawrepl_run(&repl, agent_core, agent_core_len, NULL, 0, NULL, agent->options.timeout_us, &own);
	if (error) {
		error = core_failed(agent, error, &own);
		if (diag)
			*diag = own;
		return error;
	}
	/* From the friendly REPL: whatever ends the agent then leaves the friendly REPL behind. */
	error = rawrepl_leave(&repl, agent->options.timeout_us, diag);
	return error ? error : rawrepl_type(&repl, "__mpremotefs__()");
}

static int ping(struct agent *agent, const uint8_t *payload, size_t len)
{
	struct exchange_request request = {.op = AGENT_PING, .payload = payload, .len = len};

	return start_call(agent, &request);
}

/* Whether all that is sent to a board that does not read for a while is still there afterwards. */
static bool line_holds(struct agent *agent, unsigned block)
{
	static const uint8_t pause[] = {HOLD_MS}, flood[AGENT_PAYLOAD_MAX];
	size_t size = block < FLOOD / 2 ? block : FLOOD / 2;
	struct exchange_request hold = {.op = AGENT_HOLD, .payload = pause, .len = sizeof(pause)};
	struct exchange_request first = {.op = AGENT_PING, .payload = flood, .len = size};
	struct exchange_request second = first;
	unsigned long naks = exchange_counts(agent->starting)->naks;

	exchange_set_window(agent->starting, 0);
	start_submit(agent, &hold);
	start_submit(agent, &first);
	start_submit(agent, &second);
	int failed = start_wait(agent, &hold);
	failed |= start_wait(agent, &first);
	failed |= start_wait(agent, &second);
	exchange_set_window(agent->starting, AGENT_WINDOW);
	return !failed && exchange_counts(agent->starting)->naks == naks;
}

/*
 * The window that this line holds. It is widened only where the line proves to be no UART: first by its speed, so that on a slow
 * one, which could lose bytes, nothing is risked; then by holding what is sent to a board that does not read.
 */
static void find_window(struct agent *agent, struct agent_session *session)
{
	static const uint8_t filler[PROOF], unlimited[2];
	int64_t start = bytelink_now(agent->link);

	session->window = AGENT_WINDOW;
	if (ping(agent, filler, sizeof(filler)) || bytelink_now(agent->link) - start > FAST_US)
		return;
	if (!line_holds(agent, session->block) || ping(agent, unlimited, sizeof(unlimited)))
		return;
	exchange_set_window(agent->starting, 0);
	session->window = 0;
}

/* PYTHON as a raw deflate stream from malloc, with a window that is small on the board. NULL: not enough memory. */
static uint8_t *deflated(const char *python, size_t len, size_t *out_len)
{
	z_stream stream = {0};

	if (deflateInit2(&stream, Z_BEST_COMPRESSION, Z_DEFLATED, -12, 9, Z_DEFAULT_STRATEGY) != Z_OK)
		return NULL;
	*out_len = deflateBound(&stream, (uLong)len);
	uint8_t *out = malloc(*out_len);
	if (out) {
		stream.next_in = (Bytef *)(uintptr_t)python;
		stream.avail_in = (uInt)len;
		stream.next_out = out;
		stream.avail_out = (uInt)*out_len;
		deflate(&stream, Z_FINISH);
		*out_len = stream.total_out;
	}
	deflateEnd(&stream);
	return out;
}

static int load_failed(struct agent *agent, const struct agent_session *session, const struct exchange_request *request,
		       struct diag *diag)
{
	if (request->result != -EREMOTEIO)
		return diag_fail(diag, DIAG_AGENT, EIO, "%s: the board stopped answering while the agent was loaded",
				 bytelink_device(agent->link));
	if (request->board_errno == ENOMEM)
		return diag_fail(diag, DIAG_AGENT, ENOMEM,
				 "%s: not enough memory on the board: %u bytes are free there, and the agent needs more",
				 bytelink_device(agent->link), (unsigned)session->free_heap);
	return diag_fail(diag, DIAG_AGENT, EREMOTEIO, "%s: the agent does not run on this board: %s",
			 bytelink_device(agent->link), request->words);
}

/* Loads PYTHON with CALL, agent_call or start_call. */
static int load(struct agent *agent, const struct agent_session *session, const char *python, size_t len,
		int (*call)(struct agent *, struct exchange_request *), struct diag *diag)
{
	uint8_t payload[AGENT_PAYLOAD_MAX];
	const uint8_t *from = (const uint8_t *)python;
	uint8_t *packed = NULL;
	int error = 0;

	if (session->deflate) {
		from = packed = deflated(python, len, &len);
		if (!packed)
			return no_memory(diag);
	}
	for (size_t at = 0, size; at < len && !error; at += size) {
		size = len - at < session->block - 1 ? len - at : session->block - 1;
		payload[0] = (uint8_t)((packed ? AGENT_LOAD_DEFLATED : 0) | (at + size < len ? AGENT_LOAD_MORE : 0));
		memcpy(payload + 1, from + at, size);
		struct exchange_request request = {
			.op = AGENT_LOAD, .kind = EXCHANGE_CHANGES, .payload = payload, .len = size + 1};
		if (call(agent, &request))
			error = load_failed(agent, session, &request, diag);
	}
	free(packed);
	return error;
}

int agent_load(struct agent *agent, const char *python, size_t len, struct diag *diag)
{
	struct agent_session session = agent_session(agent);

	return load(agent, &session, python, len, agent_call, diag);
}

static struct agent *agent_new(struct bytelink *link, const struct agent_options *options)
{
	struct agent *agent = calloc(1, sizeof(*agent));

	if (!agent)
		return NULL;
	agent->link = link;
	agent->options = *options;
	agent->exchange = exchange_open(bytelink_now(link), options->timeout_us, note_frame, agent);
	if (!agent->exchange) {
		free(agent);
		return NULL;
	}
	pthread_mutex_init(&agent->lock, NULL);
	pthread_cond_init(&agent->done, NULL);
	return agent;
}

static void agent_free(struct agent *agent)
{
	exchange_close(agent->exchange);
	pthread_cond_destroy(&agent->done);
	pthread_mutex_destroy(&agent->lock);
	free(agent);
}

/* Learns of the agent whose core was put on the board just now, and loads the rest of it, over agent->starting. */
static int start_rest(struct agent *agent, struct agent_session *session, struct diag *diag)
{
	int error = await_hello(agent, session, diag);

	if (!error)
		find_window(agent, session);
	for (size_t i = 0; i < agent->options.part_count && !error; i++)
		error = load(agent, session, agent->options.parts[i].python, *agent->options.parts[i].len, start_call, diag);
	return error;
}

/* start_rest with a new exchange, which takes the place of the callers' where that went well. */
static int start_exchange(struct agent *agent, struct agent_session *session, struct diag *diag)
{
	/* Opened only now: to an exchange a silence as long as the way to the prompt can be is the agent's end. */
	struct exchange *starting = exchange_open(bytelink_now(agent->link), agent->options.timeout_us, note_frame, agent);

	if (!starting)
		return no_memory(diag);
	pthread_mutex_lock(&agent->lock);
	agent->starting = starting;
	pthread_mutex_unlock(&agent->lock);
	int error = start_rest(agent, session, diag);
	pthread_mutex_lock(&agent->lock);
	agent->starting = NULL;
	if (!error) {
		agent->session = *session;
		exchange_restart(agent->exchange, starting, session->window, bytelink_now(agent->link));
	}
	settle(agent);
	pthread_mutex_unlock(&agent->lock);
	exchange_close(starting);
	return error;
}

/* start, once. What SESSION says of an earlier try's start stays. */
static int try_start(struct agent *agent, struct agent_session *session, bool nointerrupt, struct diag *diag)
{
	struct agent_session before = *session;

	pthread_mutex_lock(&agent->lock);
	agent->output_len = 0;
	agent->output[0] = 0;
	pthread_mutex_unlock(&agent->lock);
	int error = start_core(agent, session, nointerrupt, diag);
	if (before.found != RAWREPL_UNKNOWN) { /* not what an earlier try has left behind */
		session->found = before.found;
		session->interrupted = before.interrupted;
	}
	return error ? error : start_exchange(agent, session, diag);
}

/* Whether the agent may have failed because the line has damaged it: the raw REPL, which takes it, has no checksum. */
static bool may_be_damaged(struct agent *agent, const struct agent_session *session, int error)
{
	pthread_mutex_lock(&agent->lock);
	bool ended = agent->gone || agent->stop;
	pthread_mutex_unlock(&agent->lock);
	return !ended && session->found != RAWREPL_UNKNOWN && (error == -EPROTO || error == -EREMOTEIO || error == -EIO);
}

/* Starts the agent, for the first time or again; what the callers have asked goes on then. */
static int start(struct agent *agent, bool nointerrupt, struct diag *diag)
{
	struct agent_session session = {.number = agent->session.number + 1};
	int64_t until = bytelink_now(agent->link) + agent->options.timeout_us;
	int error = try_start(agent, &session, nointerrupt, diag);

	for (int tries = 1; tries < START_TRIES && may_be_damaged(agent, &session, error); tries++) {
		if (bytelink_now(agent->link) >= until)
			break;
		error = try_start(agent, &session, nointerrupt, diag);
	}
	return error;
}

int agent_open(struct agent **out, struct bytelink *link, const struct agent_options *options, struct diag *diag)
{
	struct agent *agent = agent_new(link, options);

	*out = NULL;
	if (!agent)
		return no_memory(diag);
	int error = start(agent, options->nointerrupt, diag);
	if (error)
		agent_free(agent);
	else
		*out = agent;
	return error;
}

/* Whether the agent is gone and it is time to start it again. */
static bool is_gone(struct agent *agent)
{
	int64_t now = bytelink_now(agent->link);

	pthread_mutex_lock(&agent->lock);
	bool lapsed = exchange_lapsed(agent->exchange, now) || shows_prompt(agent);
	bool silent = exchange_dead(agent->exchange) && agent->wanted;
	bool gone = !agent->gone && !agent->stop && (lapsed || silent) && now >= agent->retry_at;
	pthread_mutex_unlock(&agent->lock);
	return gone;
}

static void start_again(struct agent *agent)
{
	struct diag diag = {0};
	int error = start(agent, agent->options.nointerrupt || agent->options.noreconnect, &diag);

	if (error)
		logf_at(agent, LOG_ERR, "%s", diag.text);
	else
		logf_at(agent, LOG_NOTICE, "%s: the board was reset or out of reach, and answers again%s",
			bytelink_device(agent->link), agent->session.interrupted ? "; a program on it was stopped" : "");
	pthread_mutex_lock(&agent->lock);
	agent->wanted = false;
	agent->lost = error != 0;
	agent->retry_at = error ? bytelink_now(agent->link) + RETRY_US : 0;
	if (error)
		exchange_silence(agent->exchange, bytelink_now(agent->link));
	settle(agent);
	pthread_mutex_unlock(&agent->lock);
}

static void *line_thread(void *context)
{
	struct agent *agent = context;
	bool stop = false;

	while (!stop) {
		if (is_gone(agent))
			start_again(agent);
		pump(agent, INT64_MAX);
		pthread_mutex_lock(&agent->lock);
		stop = agent->stop || agent->gone;
		pthread_mutex_unlock(&agent->lock);
	}
	return NULL;
}

int agent_run(struct agent *agent)
{
	sigset_t all, before;

	/* Signals are for the program's other threads. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	agent->threaded = true;
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
}

/* Asks the agent to leave. The request may outlive our patience, not this function: the exchange is failed before. */
static void quit(struct agent *agent, bool restart)
{
	struct exchange_request request = {.op = AGENT_QUIT, .kind = EXCHANGE_CHANGES};
	struct rawrepl repl = {.link = agent->link};
	int64_t until = bytelink_now(agent->link) + QUIT_US;

	agent_submit(agent, &request);
	while (request.state != EXCHANGE_FINISHED && !agent->gone && bytelink_now(agent->link) < until)
		pump(agent, until);
	if (request.state != EXCHANGE_FINISHED) {
		exchange_fail(agent->exchange);
		settle(agent);
	}
	if (restart && !agent->gone)
		rawrepl_restart(&repl);
}

static void log_counts(struct agent *agent)
{
	const struct exchange_counts *counts = exchange_counts(agent->exchange);

	if (counts->damaged || counts->naks)
		logf_at(agent, LOG_WARNING,
			"%s: the line was not clean: %lu damaged answers, %lu damaged requests, %lu sent again",
			bytelink_device(agent->link), counts->damaged, counts->naks, counts->resent);
}

void agent_close(struct agent *agent, bool restart)
{
	if (!agent)
		return;
	stop_thread(agent);
	quit(agent, restart);
	log_counts(agent);
	bytelink_close(agent->link);
	agent_free(agent);
}
