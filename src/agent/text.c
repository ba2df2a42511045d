/* SPDX-License-Identifier: MIT */
#include "agent/text.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "agent/agent_parts.h"
#include "agent/answer.h"
#include "agent/armor.h"

enum {
	PATIENCE_US = 1000000,     /* silence after which the prompt is asked for; twice as long each time after it */
	PATIENCE_MAX_US = 8000000, /* at most */
	TRIES_MAX = 20,            /* times that a request is sent before the board is taken for mad */
	NAMELESS_MAX = 3,  /* answers in a row that our name is unknown, before we believe it: it may be the line's doing */
	QUIT_US = 1000000, /* how long a board may take to leave, and again to show its prompt */
	SEQUENCES = 128,
};

struct text {
	struct rawrepl repl;
	struct text_options options;
	struct exchange_hello hello;
	struct exchange_counts counts;
	bool astray;      /* the board may be elsewhere than at its raw prompt */
	bool interrupted; /* a program ran there */
	int64_t alive;    /* the board's last sign of life */

	/* What is being asked, and what came of it. */
	struct exchange_request *request; /* NULL: nothing, at the start */
	uint8_t sequence;
	bool answered, spoiled; /* the answer is whole, or a part of it is missing */
	int result;             /* if it is whole */
	size_t heard;           /* bytes since the last frame that brought it on */
	unsigned nameless;
	struct armor armor;
	char call[ARMOR_CALL_MAX];
	size_t call_len;
};

static int64_t now(const struct text *text)
{
	return bytelink_now(text->repl.link);
}

static void trace(const struct text *text, bool outgoing, const struct frame *frame, const char *what)
{
	if (text->options.trace)
		text->options.trace(text->options.trace_context, outgoing, frame, what);
}

/* Returns whether it brings the request on. */
static bool take_answer(struct text *text, const struct frame *frame)
{
	struct exchange_request *request = text->request;

	if (!request || frame->sequence != text->sequence || text->answered || text->spoiled)
		return false;
	switch (answer_take(request, frame)) {
	case ANSWER_MORE:
		return answer_brings_on(request, frame);
	case ANSWER_BAD:
		text->counts.damaged++;
		text->spoiled = true;
		return false;
	case ANSWER_DONE:
		text->result = 0;
		break;
	case ANSWER_FAILED:
		text->result = -EREMOTEIO;
		break;
	}
	text->answered = true;
	return true;
}

static bool take_frame(struct text *text, const struct frame *frame)
{
	trace(text, false, frame, NULL);
	switch (frame->type) {
	case AGENT_HELLO:
		answer_hello(frame, &text->hello);
		return false;
	case AGENT_NAK:
		text->counts.naks++;
		return false;
	case AGENT_DONE:
	case AGENT_MORE:
	case AGENT_FAILED:
		return take_answer(text, frame);
	default:
		return false; /* of a later version of the protocol: not ours */
	}
}

/* A byte of what the board prints. What can be the frame that is coming in is a sign of life, but not for ever. */
static bool hear(void *context, unsigned char byte)
{
	struct text *text = context;
	enum frame_event event = armor_take(&text->armor, byte);

	text->heard++;
	if (event == FRAME_WHOLE && take_frame(text, &text->armor.frame)) {
		text->heard = 0;
		text->alive = now(text);
	} else if (event == FRAME_DAMAGED) {
		text->counts.damaged++;
		trace(text, false, NULL, "damaged");
	}
	return !text->armor.bad && text->heard <= ARMOR_TEXT_MAX;
}

/* Has the board run LEN bytes of CODE; what it prints goes to hear. */
static int run(struct text *text, const char *code, size_t len, int64_t silence_us, struct diag *diag)
{
	armor_init(&text->armor);
	text->heard = 0;
	int error = rawrepl_run_to(&text->repl, code, len, hear, text, silence_us, diag);
	text->astray = error && error != -EREMOTEIO;
	return error;
}

/* Brings the board, which has lost or is still at what was sent, back to its prompt. */
static int find_prompt(struct text *text)
{
	struct rawrepl_options options = {.nointerrupt = text->options.nointerrupt,
					  .timeout_us = text->alive + text->options.timeout_us - now(text)};
	struct diag unsaid = {0};
	int error = rawrepl_enter(&text->repl, text->repl.link, &options, &unsaid);

	if (error)
		return -EIO;
	text->interrupted |= text->repl.interrupted;
	text->astray = false;
	text->alive = now(text);
	return 0;
}

/* What it means that the board raised without an answer: -EAGAIN: to be asked again. */
static int raised(struct text *text, const struct diag *diag)
{
	if (diag->err == ENOMEM) {
		text->request->board_errno = ENOMEM; /* 12 everywhere (py/mperrno.h) */
		strcpy(text->request->words, "MemoryError");
		return -EREMOTEIO;
	}
	text->nameless = strstr(diag->text, "NameError") ? text->nameless + 1 : 0;
	return text->nameless < NAMELESS_MAX ? -EAGAIN : -ESTALE;
}

/* Sends the call once. Returns as text_do, or -EAGAIN: the answer is missing. */
static int try_call(struct text *text, int64_t silence_us)
{
	struct diag diag = {0};
	int error = text->astray ? find_prompt(text) : 0;

	if (error)
		return error;
	answer_start(text->request);
	text->spoiled = false;
	error = run(text, text->call, text->call_len, silence_us, &diag);
	if (text->answered)
		return text->result;
	if (error == -EREMOTEIO)
		return raised(text, &diag);
	return !error || error == -ETIMEDOUT || error == -EPROTO ? -EAGAIN : -EIO;
}

static int call(struct text *text)
{
	int64_t patience = PATIENCE_US;
	int error = try_call(text, patience);

	for (int tries = 1; error == -EAGAIN; tries++) {
		if (tries == TRIES_MAX || now(text) >= text->alive + text->options.timeout_us)
			return -EIO;
		if (text->astray && patience < PATIENCE_MAX_US)
			patience *= 2;
		text->counts.resent++;
		error = try_call(text, patience);
	}
	return error;
}

int text_do(struct text *text, struct exchange_request *request)
{
	const struct frame frame = {
		.type = request->op, .sequence = text->sequence, .len = (uint16_t)request->len, .payload = request->payload};

	text->request = request;
	text->answered = false;
	text->nameless = 0;
	text->alive = now(text);
	text->call_len = armor_call(text->call, request->op, text->sequence, request->payload, request->len);
	trace(text, true, &frame, NULL);
	int result = call(text);
	text->request = NULL;
	text->sequence = (uint8_t)((text->sequence + 1) % SEQUENCES);
	return result;
}

const struct exchange_hello *text_hello(const struct text *text)
{
	return &text->hello;
}

bool text_interrupted(const struct text *text)
{
	return text->interrupted;
}

const struct exchange_counts *text_counts(const struct text *text)
{
	return &text->counts;
}

void text_quit(struct text *text)
{
	struct exchange_request request = {.op = AGENT_QUIT, .kind = EXCHANGE_CHANGES};

	text->options.timeout_us = QUIT_US;
	text_do(text, &request);
	rawrepl_leave(&text->repl, QUIT_US, NULL);
}

void text_close(struct text *text)
{
	free(text);
}

int text_open(struct text **out, const struct rawrepl *repl, const struct text_options *options, struct diag *diag)
{
	struct text *text = calloc(1, sizeof(*text));

	*out = NULL;
	if (!text)
		return diag_fail(diag, DIAG_AGENT, ENOMEM, "not enough memory on this computer");
	text->repl = *repl;
	text->options = *options;
	/* A byte that is lost in it is waited for: not so long that another try has no time. */
	int error = run(text, agent_text, agent_text_len, options->timeout_us / 3, diag);
	if (!error && !text->hello.seen)
		error = diag_fail(diag, DIAG_AGENT, EPROTO,
				  "%s: the agent does not start on the board: what it says makes no sense",
				  bytelink_device(repl->link));
	if (error)
		text_close(text);
	else
		*out = text;
	return error;
}
