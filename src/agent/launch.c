/* SPDX-License-Identifier: MIT */
#include "agent/launch.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "agent/agent_parts.h"
#include "agent/line.h"
#include "agent/load.h"
#include "agent/packed.h"
#include "agent/tail.h"
#include "agent/text.h"

enum {
	HELLO_US = 3000000,  /* from starting the agent to its hello: it compiles nothing then */
	QUIT_US = 1000000,   /* how long a board may take to leave the agent before we go anyway */
	PROMPT_US = 3000000, /* how long a board that does not do that may take to its prompt */
	FAST_US = 6000,      /* a line that carries PROOF bytes and an answer in less is faster than any slow UART... */
	PROOF = 200,         /* (within the window that any line holds) */
	FLOOD = 1500,        /* ...and holds back its writer if so much, more than any board's ring, is not lost... */
	HOLD_MS = 50,        /* ...while the board reads nothing for so long */
	START_TRIES = 5,     /* within the time-out, where the agent came to the board damaged */
};

struct launch {
	struct bytelink *link;
	struct launch_options options;
	struct agent_session session;
	struct exchange *exchange;
	struct text *text;  /* in its place, where the requests go as text */
	struct tail output; /* what the board said outside frames */
	bool ended;         /* the link has failed, or whoever waits for us has given up */
};

/* Told by the exchange. */
static void note_frame(void *context, bool outgoing, const struct frame *frame, const char *what)
{
	struct launch *launch = context;

	if (what && frame)
		tail_add(&launch->output, frame->payload, frame->len);
	if (launch->options.trace)
		launch->options.trace(launch->options.trace_context, outgoing, frame, what);
}

/* One round of the line's work: sends what can be sent, waits until there is more to do, at most until UNTIL, and does it. */
static void pump(struct launch *launch, int64_t until)
{
	struct exchange *exchange = launch->exchange;
	bool full;
	int error = line_send(launch->link, exchange, &full);
	int64_t deadline = exchange_deadline(exchange);

	if (!error)
		error = bytelink_wait(launch->link, BYTELINK_READABLE | (full ? BYTELINK_WRITABLE : 0u),
				      deadline < until ? deadline : until);
	if (error >= 0)
		error = line_receive(launch->link, exchange);
	if (error < 0) {
		launch->ended = true;
		exchange_fail(exchange);
	}
	exchange_tick(exchange, bytelink_now(launch->link));
	while (exchange_finished(exchange))
		;
}

static void submit(struct launch *launch, struct exchange_request *request)
{
	exchange_add(launch->exchange, request, bytelink_now(launch->link));
}

static int wait_for(struct launch *launch, struct exchange_request *request)
{
	while (request->state != EXCHANGE_FINISHED) {
		pump(launch, INT64_MAX);
		if (tail_shows_prompt(&launch->output)) {
			exchange_silence(launch->exchange, bytelink_now(launch->link));
			while (exchange_finished(launch->exchange))
				;
		}
	}
	return request->result;
}

/* The same, where requests go as text. */
static int call_text(struct launch *launch, struct exchange_request *request)
{
	int result = text_do(launch->text, request);

	request->result = result == -ESTALE ? -EIO : result;
	return request->result;
}

int launch_call(struct launch *launch, struct exchange_request *request)
{
	if (launch->text)
		return call_text(launch, request);
	submit(launch, request);
	return wait_for(launch, request);
}

static int no_memory(struct diag *diag)
{
	return diag_fail(diag, DIAG_AGENT, ENOMEM, "not enough memory on this computer");
}

/* Why the agent, which was put on the board, does not say hello. */
static int no_hello(struct launch *launch, struct diag *diag)
{
	char words[2 * TAIL_KEPT];

	if (launch->ended)
		return diag_fail(diag, DIAG_AGENT, ENODEV, "%s: the connection was lost while the agent started on the board",
				 bytelink_device(launch->link));
	if (strstr(launch->output.text, "MemoryError"))
		return diag_fail(
			diag, DIAG_AGENT, ENOMEM,
			"%s: not enough memory on the board: the agent does not fit beside what is loaded there; free some "
			"(a soft reset with Ctrl-D at its prompt, or fewer imports in boot.py and main.py) and try again",
			bytelink_device(launch->link));
	if (strstr(launch->output.text, "ImportError") || strstr(launch->output.text, "AttributeError"))
		launch->session.text = "the board's firmware lacks what binary needs (sys.stdin.buffer, select.poll)";
	diag_printable(words, sizeof(words), launch->output.text, launch->output.len);
	return diag_fail(diag, DIAG_AGENT, EPROTO, "%s: the agent does not start on the board, which says: %s",
			 bytelink_device(launch->link), words[0] ? words : "(nothing)");
}

static const struct exchange_hello *await_hello(struct launch *launch)
{
	int64_t until = bytelink_now(launch->link) + HELLO_US;

	if (launch->text)
		return text_hello(launch->text);
	while (!exchange_hello(launch->exchange)->seen && !launch->ended && bytelink_now(launch->link) < until &&
	       !strstr(launch->output.text, "Error"))
		pump(launch, until);
	return exchange_hello(launch->exchange);
}

static int check_hello(struct launch *launch, struct diag *diag)
{
	const struct exchange_hello *hello = await_hello(launch);
	struct agent_session *session = &launch->session;

	if (!hello->seen)
		return no_hello(launch, diag);
	if (hello->block < 256 || hello->block > AGENT_PAYLOAD_MAX)
		return diag_fail(diag, DIAG_AGENT, EPROTO,
				 "%s: the agent on the board speaks of blocks of %u bytes: "
				 "another version of it is running there; reset the board",
				 bytelink_device(launch->link), hello->block);
	session->block = hello->block;
	session->free_heap = hello->free_heap;
	session->deflate = hello->deflate;
	return 0;
}

/* Adds what the user can do to the words of a board without memory for the agent. */
static int core_failed(struct launch *launch, int error, struct diag *diag)
{
	if (error == -EREMOTEIO && diag->err == ENOMEM)
		return diag_fail(
			diag, DIAG_AGENT, ENOMEM,
			"%s: not enough memory on the board: the agent does not fit beside what is loaded there; free some "
			"(a soft reset with Ctrl-D at its prompt, or fewer imports in boot.py and main.py) and try again",
			bytelink_device(launch->link));
	return error;
}

/* From the prompt, with the core of text. */
static int start_text(struct launch *launch, const struct rawrepl *repl, struct diag *diag)
{
	const struct text_options options = {.timeout_us = launch->options.timeout_us,
					     .nointerrupt = launch->options.nointerrupt,
					     .trace = launch->options.trace,
					     .trace_context = launch->options.trace_context};

	return text_open(&launch->text, repl, &options, diag);
}

/* Whether the board can unpack what packed_text makes: 1, 0, or a negative errno with DIAG filled. */
static int can_unpack(struct rawrepl *repl, int64_t timeout_us, struct diag *diag)
{
	char answer[32];
	int error = rawrepl_run(repl, packed_question, strlen(packed_question), answer, sizeof(answer), NULL, timeout_us, diag);

	if (error == -EREMOTEIO)
		return 0;
	return error ? error : packed_fits(answer);
}

/* Runs the core of frames by the raw REPL, packed where the board can unpack it: that is sooner there, and has a checksum. */
static int run_core(struct rawrepl *repl, int64_t timeout_us, struct diag *diag)
{
	int packed = can_unpack(repl, timeout_us, diag);
	size_t len;
	char *text = packed > 0 ? packed_text(agent_core, agent_core_len, &len) : NULL;

	if (packed < 0)
		return packed;
	if (!text)
		return rawrepl_run(repl, agent_core, agent_core_len, NULL, 0, NULL, timeout_us, diag);
	int error = rawrepl_run(repl, text, len, NULL, 0, NULL, timeout_us, diag);
	free(text);
	return error;
}

/* From the prompt, with the core of frames. From the friendly REPL: whatever ends it then leaves the friendly REPL behind. */
static int start_frames(struct launch *launch, struct rawrepl *repl, struct diag *diag)
{
	int64_t timeout = launch->options.timeout_us;
	/* A byte that is lost in it is waited for until the end of the time: half of it, so that another try has the rest. */
	int error = run_core(repl, timeout / 2, diag);

	if (!error)
		error = rawrepl_leave(repl, timeout, diag);
	return error ? error : rawrepl_type(repl, "__mpremotefs__()()");
}

/* To the raw REPL, also from an agent, which is asked to leave. */
static int enter(struct launch *launch, struct rawrepl *repl, bool nointerrupt, int64_t timeout_us, struct diag *diag)
{
	static const uint8_t quit_payload;
	uint8_t quit[AGENT_HEADER_SIZE + AGENT_TRAILER_SIZE];
	const struct rawrepl_options options = {
		.nointerrupt = nointerrupt,
		.timeout_us = timeout_us,
		.rescue = (const char *)quit,
		.rescue_len = frame_encode(quit, AGENT_QUIT, 0, &quit_payload, 0),
	};

	return rawrepl_enter(repl, launch->link, &options, diag);
}

/* Puts the core on the board and calls it. What the session says of an earlier try's start stays. */
static int start_core(struct launch *launch, struct diag *diag)
{
	struct agent_session *session = &launch->session;
	struct rawrepl repl;
	struct diag own = {0};
	int error = enter(launch, &repl, launch->options.nointerrupt, launch->options.timeout_us, diag);

	if (error)
		return error;
	if (session->found == RAWREPL_UNKNOWN) { /* else it is what an earlier try has left behind */
		session->found = repl.found;
		session->interrupted = repl.interrupted;
	}
	if (!repl.eight_bit && !session->text)
		session->text = "the line does not carry bytes above 127";
	if (session->text && launch->options.frames_only)
		error = diag_fail(&own, DIAG_AGENT, EOPNOTSUPP, "%s: %s", bytelink_device(launch->link), session->text);
	else
		error = session->text ? start_text(launch, &repl, &own) : start_frames(launch, &repl, &own);
	if (error) {
		error = core_failed(launch, error, &own);
		if (diag)
			*diag = own;
	}
	return error;
}

static int ping(struct launch *launch, const uint8_t *payload, size_t len)
{
	struct exchange_request request = {.op = AGENT_PING, .payload = payload, .len = len};

	return launch_call(launch, &request);
}

/* Whether all that is sent to a board that does not read for a while is still there afterwards. */
static bool line_holds(struct launch *launch, unsigned block)
{
	static const uint8_t pause[] = {HOLD_MS}, flood[AGENT_PAYLOAD_MAX];
	size_t size = block < FLOOD / 2 ? block : FLOOD / 2;
	struct exchange_request hold = {.op = AGENT_HOLD, .payload = pause, .len = sizeof(pause)};
	struct exchange_request first = {.op = AGENT_PING, .payload = flood, .len = size};
	struct exchange_request second = first;
	unsigned long naks = exchange_counts(launch->exchange)->naks;

	exchange_set_window(launch->exchange, 0);
	submit(launch, &hold);
	submit(launch, &first);
	submit(launch, &second);
	int failed = wait_for(launch, &hold);
	failed |= wait_for(launch, &first);
	failed |= wait_for(launch, &second);
	exchange_set_window(launch->exchange, AGENT_WINDOW);
	return !failed && exchange_counts(launch->exchange)->naks == naks;
}

/*
 * The window that this line holds. It is widened only where the line proves to be no UART: first by its speed, so that on a slow
 * one, which could lose bytes, nothing is risked; then by holding what is sent to a board that does not read.
 */
static void find_window(struct launch *launch)
{
	static const uint8_t filler[PROOF], unlimited[2];
	struct agent_session *session = &launch->session;
	int64_t start = bytelink_now(launch->link);

	session->window = AGENT_WINDOW;
	if (ping(launch, filler, sizeof(filler)) || bytelink_now(launch->link) - start > FAST_US)
		return;
	if (!line_holds(launch, session->block) || ping(launch, unlimited, sizeof(unlimited)))
		return;
	exchange_set_window(launch->exchange, 0);
	session->window = 0;
}

static int load_failed(struct launch *launch, const struct exchange_request *request, struct diag *diag)
{
	if (request->result != -EREMOTEIO)
		return diag_fail(diag, DIAG_AGENT, EIO, "%s: the board stopped answering while the agent was loaded",
				 bytelink_device(launch->link));
	if (request->board_errno == ENOMEM)
		return diag_fail(diag, DIAG_AGENT, ENOMEM,
				 "%s: not enough memory on the board: %u bytes are free there, and the agent needs more",
				 bytelink_device(launch->link), (unsigned)launch->session.free_heap);
	return diag_fail(diag, DIAG_AGENT, EREMOTEIO, "%s: the agent does not run on this board: %s",
			 bytelink_device(launch->link), request->words);
}

static int call_for_load(void *context, struct exchange_request *request)
{
	return launch_call(context, request);
}

static int load(struct launch *launch, const struct agent_part *parts, size_t count, struct diag *diag)
{
	struct exchange_request failed;
	int error = load_parts(&launch->session, parts, count, call_for_load, launch, &failed);

	if (error == -ENOMEM)
		return no_memory(diag);
	return error ? load_failed(launch, &failed, diag) : 0;
}

int launch_load(struct launch *launch, const char *python, size_t len, struct diag *diag)
{
	const struct agent_part part = {python, &len};

	return load(launch, &part, 1, diag);
}

/* Learns of the agent whose core was put on the board just now, and loads the rest of it. */
static int start_rest(struct launch *launch, struct diag *diag)
{
	/* Opened only now: to an exchange a silence as long as the way to the prompt can be is the agent's end. */
	launch->exchange = exchange_open(bytelink_now(launch->link), launch->options.timeout_us, note_frame, launch);
	if (!launch->exchange)
		return no_memory(diag);
	int error = check_hello(launch, diag);
	if (!error && !launch->text)
		find_window(launch);
	return error ? error : load(launch, launch->options.parts, launch->options.part_count, diag);
}

static int try_start(struct launch *launch, struct diag *diag)
{
	exchange_close(launch->exchange);
	launch->exchange = NULL;
	text_close(launch->text);
	launch->text = NULL;
	launch->output = (struct tail){0};
	int error = start_core(launch, diag);
	return error ? error : start_rest(launch, diag);
}

/* Whether the agent may have failed because the line has damaged it: the raw REPL has no checksum. */
static bool may_be_damaged(const struct launch *launch, int error)
{
	return !launch->ended && !bytelink_has_failed(launch->link) && launch->session.found != RAWREPL_UNKNOWN &&
	       (error == -EPROTO || error == -EREMOTEIO || error == -EIO || error == -ETIMEDOUT);
}

/* Asks the agent to leave. Returns whether it says that it does. */
static bool quit(struct launch *launch)
{
	struct exchange_request request = {.op = AGENT_QUIT, .kind = EXCHANGE_CHANGES};
	int64_t until = bytelink_now(launch->link) + QUIT_US;

	submit(launch, &request);
	while (request.state != EXCHANGE_FINISHED && bytelink_now(launch->link) < until)
		pump(launch, until);
	exchange_give_up(launch->exchange); /* the request ends before we do */
	return !request.result;
}

/* The agent was not started, or not all of it: what there is of it would swallow what is typed on the board for a while. */
static void withdraw(struct launch *launch)
{
	struct rawrepl repl;

	if (launch->text) {
		text_quit(launch->text);
		return;
	}
	if (launch->session.found == RAWREPL_UNKNOWN || launch->ended || bytelink_has_failed(launch->link))
		return;
	if (launch->exchange && (tail_shows_prompt(&launch->output) || (exchange_hello(launch->exchange)->seen && quit(launch))))
		return;
	if (!enter(launch, &repl, false, PROMPT_US, NULL))
		rawrepl_leave(&repl, QUIT_US, NULL);
}

int launch_open(struct launch **out, struct bytelink *link, const struct launch_options *options, struct diag *diag)
{
	struct launch *launch = calloc(1, sizeof(*launch));
	int64_t until = bytelink_now(link) + options->timeout_us;

	*out = NULL;
	if (!launch)
		return no_memory(diag);
	launch->link = link;
	launch->options = *options;
	launch->session.text = options->text;
	int error = try_start(launch, diag);
	for (int tries = 1; tries < START_TRIES && may_be_damaged(launch, error); tries++) {
		if (bytelink_now(link) >= until)
			break;
		error = try_start(launch, diag);
	}
	if (!error) {
		*out = launch;
		return 0;
	}
	withdraw(launch);
	launch_close(launch);
	return error;
}

struct text *launch_take_text(struct launch *launch)
{
	struct text *text = launch->text;

	launch->text = NULL;
	return text;
}

const struct agent_session *launch_session(const struct launch *launch)
{
	return &launch->session;
}

const struct exchange *launch_exchange(const struct launch *launch)
{
	return launch->exchange;
}

bool launch_quit(struct launch *launch)
{
	if (!launch->text)
		return quit(launch);
	text_quit(launch->text);
	return true;
}

void launch_close(struct launch *launch)
{
	if (!launch)
		return;
	exchange_close(launch->exchange);
	text_close(launch->text);
	free(launch);
}
