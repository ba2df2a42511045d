/* SPDX-License-Identifier: MIT */
/*
 * rawrepl_enter: from any state of a board to a raw REPL that is proved to run Python for us.
 *
 * Nothing the board says is believed: a program may print prompts and banners. Each step asks, listens for a short while, and is
 * tried again until the deadline; only a sum that the board has worked out ends it.
 */
#include "rawrepl/rawrepl.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rawrepl/probe.h"
#include "rawrepl/submit.h"

/*
 *                    boot words or noise
 *            +---------------------------------> BOOT (say nothing until the board is quiet or at its prompt)
 *            |                                    |
 *            |   +--------------------------------+
 *            |   v                                                     the sum is right
 *   PROBE --> STOP ------------> ASK ------------------> PROVE ------------------------> READY
 *   ^  |   Ctrl-C and its    Ctrl-A, until the raw         | a sum, by raw-paste or plain
 *   |  |   reaction           REPL's banner                |
 *   +--+     ^                    | no banner in time      | no such answer
 *  no REPL   |                    v                        |
 *            +---------------- RESCUE <--------------------+
 *                       the caller's bytes, if any
 *
 * PROBE is the start under nointerrupt, and passed once an idle REPL has answered. All steps end at the deadline: FAILURE.
 *
 * Two Ctrl-C are at least 100 ms apart: MicroPython's unix port ends when the second comes before the first is handled. Behind
 * a Ctrl-C nothing is sent before its reaction or that time, since TinyUSB empties a board's input on Ctrl-C.
 */
enum step { STEP_PROBE, STEP_STOP, STEP_BOOT, STEP_ASK, STEP_PROVE, STEP_RESCUE, STEP_READY, STEP_BUSY };

#define ENTER_PATIENCE_US TALK_MS(100) /* the first wait for a reaction, and what each failed round adds to it */
#define ENTER_PATIENCE_MAX_US TALK_MS(400)
#define ENTER_SETTLE_US TALK_MS(30)         /* the silence that ends a reaction; a USB bridge may hold bytes for 16 ms */
#define ENTER_PROVE_US TALK_MS(500)         /* for the proof, at first; thrice a round's patience at least */
#define ENTER_BOOT_US TALK_MS(5000)         /* the longest boot that is waited for */
#define ENTER_BOOT_QUIET_US TALK_MS(1000)   /* the silence of a board that has started its program, or has come to nothing */
#define ENTER_PROBE_US TALK_MS(2000)        /* how long nointerrupt asks for an idle REPL */
#define ENTER_PROBE_FRAMES_US TALK_MS(7000) /* the same where frames answer: an agent that has to notice that its host is dead */

/* The proof's byte pairs above 127, which the board gives back: UTF-8, as which any firmware takes them. */
#define ENTER_HIGH "\xc3\xa9"

enum {
	ENTER_PROBE_PATIENCE = 4, /* what the waits of a probe grow to, from one to the next */
	ENTER_BOOTS_WAITED = 2,
	ENTER_BOOTS_TOLD = 3,
	ENTER_HIGH_TRIES = 3, /* proofs without ENTER_HIGH in their answer after which it is the line that does not carry it */
	ENTER_HIGH_MAX = 4,   /* bytes that may come in its place */
};

struct visit {
	struct talk talk;
	struct rawrepl *repl;
	const struct rawrepl_options *options;
	unsigned stops;     /* rounds that began with a Ctrl-C */
	int64_t next_stop;  /* no Ctrl-C before then */
	unsigned boots;     /* answers that looked like a board that starts */
	bool may_stop;      /* Ctrl-C is allowed */
	bool unasked;       /* the board was saying something before we said anything */
	bool at_prompt;     /* a prompt, not a program, has taken a Ctrl-C */
	bool resident;      /* nothing told what it was doing before the rescue bytes were sent */
	bool asked;         /* Ctrl-A was sent */
	bool proof_failed;  /* a banner was there, the proof was not */
	bool plain;         /* the next proof goes without raw-paste, whose answer made no sense */
	bool pasting;       /* the board waits for the rest of a raw-paste of ours, and calls its end an interrupt */
	unsigned high_lost; /* proofs that came back without ENTER_HIGH */
	char raised[120];   /* what the proof raised, printable */
	enum probe_answer probed;
	unsigned probes;
	bool frames; /* what answered the probe was no text */
	int64_t arrived;
	enum rawrepl_state guess; /* what the first telling answer looked like */
};

static int64_t patience(const struct visit *visit)
{
	int64_t us = ENTER_PATIENCE_US * (visit->stops ? visit->stops : 1);

	return us < ENTER_PATIENCE_MAX_US ? us : ENTER_PATIENCE_MAX_US;
}

/* Says LEN BYTES and listens. A link that takes no bytes is as silent as one that gives none: the deadline decides. */
static int exchange(struct visit *visit, const void *bytes, size_t len, const struct talk_wait *wait)
{
	int err = talk_say(&visit->talk, bytes, len);

	return err < 0 && err != -ETIMEDOUT ? err : talk_hear(&visit->talk, wait);
}

/* Listens up to time UNTIL, whatever is said. */
static int listen_until(struct visit *visit, int64_t until)
{
	int64_t most = until - bytelink_now(visit->talk.link);
	const struct talk_wait wait = {most, 0, most, NULL};

	return most > 0 ? talk_hear(&visit->talk, &wait) : 0;
}

/* Keeps the end of what the board said before we made it talk to us. */
static void keep_last_output(struct visit *visit)
{
	talk_last_words(&visit->talk, visit->repl->last_output, sizeof(visit->repl->last_output));
}

/* Whether the answer is one of a board that starts, and is to be waited for: not where it ends at a prompt already. */
static bool must_wait_for_boot(struct visit *visit)
{
	const struct heard *heard = &visit->talk.heard;

	if (!heard_boot(heard))
		return false;
	visit->boots++;
	return visit->boots <= ENTER_BOOTS_WAITED && !heard_at_prompt(heard) && !heard_ends(heard, "exit\r\n>");
}

/* A board that starts hears nothing yet, and a Ctrl-C would stop its boot.py: listens until it is at its prompt or quiet. */
static int step_boot(struct visit *visit)
{
	int64_t rest = visit->talk.deadline - bytelink_now(visit->talk.link);
	int64_t most = rest / 2 < ENTER_BOOT_US ? rest / 2 : ENTER_BOOT_US;
	const struct talk_wait wait = {most, ENTER_BOOT_QUIET_US, most, heard_at_prompt};
	int err = talk_hear(&visit->talk, &wait);

	return err < 0 ? err : visit->may_stop ? STEP_STOP : STEP_PROBE;
}

/* Without Ctrl-C: goes on only when an idle REPL has answered. */
static int step_probe(struct visit *visit)
{
	static const enum rawrepl_state states[] = {
		[PROBE_PROMPT] = RAWREPL_PROMPT, [PROBE_PASTE] = RAWREPL_PASTE, [PROBE_RAW] = RAWREPL_RAW};
	const struct rawrepl_options *options = visit->options;
	const struct talk_wait wait = {TALK_MS(200), TALK_MS(50), TALK_MS(400), heard_at_prompt};
	bool told_before = visit->probed == PROBE_INPUT;
	unsigned patience = 1U << visit->probes;
	int answer = probe_ask(&visit->talk, patience < ENTER_PROBE_PATIENCE ? patience : ENTER_PROBE_PATIENCE);

	if (answer < 0)
		return answer;
	visit->probes++;
	visit->probed = answer;
	if (answer >= PROBE_PROMPT) {
		visit->may_stop = true;
		visit->guess = states[answer];
		return STEP_STOP;
	}
	/* What was heard is the echo of our questions; a prompt that answers late looks like that once. */
	if (answer == PROBE_INPUT)
		return told_before ? STEP_BUSY : STEP_PROBE;
	keep_last_output(visit);
	if (must_wait_for_boot(visit))
		return STEP_BOOT;
	visit->frames |= !heard_is_text(&visit->talk.heard);
	if (bytelink_now(visit->talk.link) - visit->arrived >= (visit->frames ? ENTER_PROBE_FRAMES_US : ENTER_PROBE_US))
		return STEP_BUSY;
	if (!options->rescue || memchr(options->rescue, 0x03, options->rescue_len))
		return STEP_PROBE;
	visit->resident = true;
	answer = exchange(visit, options->rescue, options->rescue_len, &wait);
	return answer < 0 ? answer : STEP_PROBE;
}

/*
 * Ctrl-C: stops a program, and empties every kind of half-typed line. From the second time on behind a space, which ends an
 * escape sequence that a half-typed line may have left open, and that would swallow the Ctrl-C.
 */
static int step_stop(struct visit *visit)
{
	const struct talk_wait wait = {patience(visit), ENTER_SETTLE_US, 2 * patience(visit), heard_at_any_prompt};
	const char *bytes = visit->stops == 0 ? "\x03" : " \x03";
	bool ours = visit->pasting && !(visit->talk.heard.signs & HEARD_INTERRUPT);
	int err = listen_until(visit, visit->next_stop);

	if (err < 0 || talk_is_over(&visit->talk))
		return err < 0 ? err : STEP_STOP;
	visit->stops++;
	visit->next_stop = bytelink_now(visit->talk.link) + patience(visit);
	visit->pasting = false;
	err = exchange(visit, bytes, strlen(bytes), &wait);
	if (err < 0)
		return err;
	if (ours)
		visit->talk.heard.signs &= ~(unsigned)HEARD_INTERRUPT;
	keep_last_output(visit);
	visit->at_prompt |= heard_ends(&visit->talk.heard, ">>> \r\n>>> ");
	if (visit->guess == RAWREPL_UNKNOWN)
		visit->guess = heard_what_was_stopped(&visit->talk.heard, visit->unasked);
	return must_wait_for_boot(visit) ? STEP_BOOT : STEP_ASK;
}

/*
 * Ctrl-A, until the banner comes. After a failed proof by way of the friendly REPL, which unlocks a heap that an interrupted
 * program has left locked.
 */
static int step_ask(struct visit *visit)
{
	int64_t most = 2 * patience(visit);
	const struct talk_wait wait = {most, 0, most, heard_raw_banner};
	const char *bytes = visit->proof_failed ? "\x02\x01" : "\x01";
	int err;

	visit->asked = true;
	err = exchange(visit, bytes, strlen(bytes), &wait);

	if (err < 0)
		return err;
	visit->at_prompt |= heard_starts(&visit->talk.heard, "\r\n>>> \r\n");
	if (heard_raw_banner(&visit->talk.heard))
		return STEP_PROVE;
	return must_wait_for_boot(visit) ? STEP_BOOT : STEP_RESCUE;
}

static int step_rescue(struct visit *visit)
{
	const struct talk_wait wait = {ENTER_PATIENCE_US, ENTER_SETTLE_US, TALK_MS(300), heard_at_prompt};
	int err;

	if (!visit->options->rescue)
		return STEP_STOP;
	visit->resident |= visit->guess == RAWREPL_UNKNOWN;
	err = exchange(visit, visit->options->rescue, visit->options->rescue_len, &wait);
	return err < 0 ? err : STEP_STOP;
}

/*
 * What the board has printed for the proof of NUMBER. Returns 1: it is right, 0: it is, but for the bytes above 127, which the
 * line has eaten or changed, or -EPROTO.
 */
static int check_proof(const char *out, unsigned long number)
{
	char *end;

	if (strtoul(out, &end, 10) != number || *end++ != ' ')
		return -EPROTO;
	size_t len = strcspn(end, "\r\n");
	if (len > ENTER_HIGH_MAX || strspn(end + len, "\r\n") != strlen(end + len))
		return -EPROTO;
	return len == strlen(ENTER_HIGH) && memcmp(end, ENTER_HIGH, len) == 0;
}

/* The board runs Python for us. Whether the line carries all bytes is asked again, since noise may have damaged them. */
static int proved(struct visit *visit, bool raw_paste, bool high)
{
	if (!high && ++visit->high_lost < ENTER_HIGH_TRIES)
		return STEP_PROVE;
	visit->repl->eight_bit = high;
	visit->repl->raw_paste = raw_paste && high; /* its windows are bytes above 127 */
	return STEP_READY;
}

/*
 * Has the board multiply two numbers, small enough for a board without big integers, and print them before ENTER_HIGH. No program
 * prints the product by chance.
 */
static int step_prove(struct visit *visit)
{
	int64_t now = bytelink_now(visit->talk.link), deadline = visit->talk.deadline;
	unsigned a = 10007 + (unsigned)((uint64_t)now % 19997), b = 10009 + (unsigned)((uint64_t)now / 7 % 19993);
	char code[40], out[32];
	struct submit submit = {.talk = &visit->talk, .raw_paste = !visit->plain, .out = out, .size = sizeof(out)};
	int64_t most = 3 * patience(visit) > ENTER_PROVE_US ? 3 * patience(visit) : ENTER_PROVE_US;
	int len = snprintf(code, sizeof(code), "print(%u*%u,'" ENTER_HIGH "')", a, b), err;

	visit->talk.deadline = talk_until(&visit->talk, now + most);
	err = submit_code(&submit, code, (size_t)len);
	visit->talk.deadline = deadline;
	visit->proof_failed = true;
	if (err == -EPROTO) {
		visit->pasting = !visit->plain;
		visit->plain = !visit->plain;
	}
	if (err < 0)
		return err == -ETIMEDOUT || err == -EPROTO ? STEP_RESCUE : err;
	diag_printable(visit->raised, sizeof(visit->raised), submit.reply.error, submit.reply.error_len);
	err = submit.reply.error_len > 0 ? -EPROTO : check_proof(out, (unsigned long)a * b);
	return err < 0 ? STEP_RESCUE : proved(visit, submit.raw_paste, err > 0);
}

/* What the board had been doing, now that it has answered. */
static enum rawrepl_state what_was_found(const struct visit *visit)
{
	/* Where a probe has found a prompt no program runs; it may have asked for a banner, and an end of our own paste that comes late is
	 * called an interrupt. */
	bool probed = visit->probed >= PROBE_PROMPT;
	bool stopped = visit->talk.heard.signs & HEARD_INTERRUPT && !probed;

	if (visit->guess == RAWREPL_PASTE)
		return RAWREPL_PASTE;
	if (stopped && visit->guess == RAWREPL_PROGRAM)
		return RAWREPL_PROGRAM;
	if (stopped)
		return visit->unasked || visit->guess == RAWREPL_PROGRAM_OUTPUT ? RAWREPL_PROGRAM_OUTPUT : RAWREPL_PROGRAM;
	/* A banner, and then a prompt that took the Ctrl-C: it waited in the board's input until the board had started. */
	if (visit->boots > 0 || (visit->at_prompt && (visit->talk.heard.signs & HEARD_NAME) && !probed))
		return RAWREPL_BOOT;
	if (visit->at_prompt)
		return RAWREPL_PROMPT;
	if (visit->resident)
		return RAWREPL_AGENT;
	if (visit->guess == RAWREPL_UNKNOWN)
		return visit->talk.heard.signs & HEARD_NAME ? RAWREPL_BOOT : RAWREPL_RAW;
	return visit->guess;
}

/* Fills DIAG: WHAT, then the end of what the board said. Returns -ERR. */
static int fail(const struct visit *visit, int err, const char *what, struct diag *diag)
{
	const char *said = visit->repl->last_output;

	return diag_fail(diag, DIAG_RAWREPL, err, "%s: %s%s%s", bytelink_device(visit->talk.link), what,
			 *said ? "\nThe board said last:\n" : "", said);
}

static int fail_busy(const struct visit *visit, struct diag *diag)
{
	if (visit->probed == PROBE_INPUT)
		return fail(visit, EBUSY,
			    "a program on the board waits for input, and with nointerrupt it is not stopped; end it, or "
			    "leave nointerrupt out",
			    diag);
	if (visit->probed == PROBE_OUTPUT)
		return fail(visit, EBUSY,
			    "a program runs on the board, and with nointerrupt it is not stopped; end it, or leave "
			    "nointerrupt out",
			    diag);
	return fail(visit, EBUSY,
		    "no prompt answers, so a program seems to run on the board, and with nointerrupt it is not stopped; "
		    "end it, or leave nointerrupt out; if no program runs: is it a MicroPython board, is the baud rate right "
		    "(option baud)?",
		    diag);
}

/* Nobody knows what the board has heard: where the way back is dead, it may be in its raw REPL, or in the middle of a paste. */
static void give_up(struct visit *visit)
{
	if (visit->asked && bytelink_write(visit->talk.link, "\x03\x02", 2) < 0)
		return; /* it does not hear this either */
}

/* The deadline is over: tells what the board looks like by all that it has said. */
static int fail_time(struct visit *visit, struct diag *diag)
{
	const struct heard *heard = &visit->talk.heard;
	const char *reset = "; press its reset button or unplug it, and try again; if that does not help, remove its main.py by "
			    "another way, or let it end on KeyboardInterrupt";
	char text[600];

	keep_last_output(visit);
	if (heard->all == 0)
		return fail(visit, ETIMEDOUT,
			    "nothing answers: is it a MicroPython board, is the baud rate right (option baud), is it "
			    "powered and not held in reset? A program that switched Ctrl-C off needs the reset button",
			    diag);
	if (heard_is_noise(heard->end, heard->end_len) && !(heard->signs & HEARD_PROMPT))
		return fail(visit, EPROTO, "answers with noise, not as MicroPython: is the baud rate right (option baud)?", diag);
	if (visit->boots >= ENTER_BOOTS_TOLD)
		return fail(visit, ETIMEDOUT,
			    "the board keeps restarting: look at its power supply, for a watchdog that its program "
			    "has started, or for damaged firmware",
			    diag);
	if (visit->raised[0]) {
		snprintf(text, sizeof(text), "the raw REPL answers, but cannot run the shortest code%s:\n%s", reset,
			 visit->raised);
		return diag_fail(diag, DIAG_RAWREPL, ETIMEDOUT, "%s: %s", bytelink_device(visit->talk.link), text);
	}
	if (heard->signs & (HEARD_INTERRUPT | HEARD_TRACEBACK | HEARD_NAME | HEARD_RAW_BANNER) || visit->unasked ||
	    visit->guess == RAWREPL_PROGRAM_OUTPUT) {
		snprintf(text, sizeof(text), "a program runs on the board and does not stop on Ctrl-C (sent %u times)%s%s",
			 visit->stops, reset, heard->signs ? "" : "; or it is no MicroPython board");
		return fail(visit, ETIMEDOUT, text, diag);
	}
	return fail(visit, EPROTO,
		    "answers, but not as MicroPython: is this the right port, is the baud rate right (option baud)?", diag);
}

static int take_step(struct visit *visit, enum step step)
{
	switch (step) {
	case STEP_PROBE:
		return step_probe(visit);
	case STEP_STOP:
		return step_stop(visit);
	case STEP_BOOT:
		return step_boot(visit);
	case STEP_ASK:
		return step_ask(visit);
	case STEP_PROVE:
		return step_prove(visit);
	case STEP_RESCUE:
		return step_rescue(visit);
	case STEP_READY:
	case STEP_BUSY:
		break;
	}
	return -EINVAL;
}

/* Takes what was said before we came, and gives the first step, or a negative errno. */
static int arrive(struct visit *visit)
{
	const struct rawrepl_options *options = visit->options;
	int err = talk_drain(&visit->talk);

	if (err < 0)
		return err;
	keep_last_output(visit);
	visit->may_stop = !options->nointerrupt;
	visit->unasked = visit->talk.heard.len > 0 && !heard_at_prompt(&visit->talk.heard);
	visit->arrived = bytelink_now(visit->talk.link);
	if (must_wait_for_boot(visit))
		return STEP_BOOT;
	return visit->may_stop ? STEP_STOP : STEP_PROBE;
}

int rawrepl_enter(struct rawrepl *repl, struct bytelink *link, const struct rawrepl_options *options, struct diag *diag)
{
	struct visit visit = {.repl = repl, .options = options, .probed = PROBE_NOTHING};
	int step;

	*repl = (struct rawrepl){.link = link};
	talk_start(&visit.talk, link, options->timeout_us);
	step = arrive(&visit);
	while (step >= 0 && step != STEP_READY && step != STEP_BUSY && !talk_is_over(&visit.talk))
		step = take_step(&visit, (enum step)step);
	if (step < 0)
		return talk_fail_link(&visit.talk, -step, diag);
	if (step == STEP_READY) {
		repl->found = what_was_found(&visit);
		repl->interrupted = repl->found == RAWREPL_PROGRAM || repl->found == RAWREPL_PROGRAM_OUTPUT;
		return 0;
	}
	repl->interrupted = visit.talk.heard.signs & HEARD_INTERRUPT;
	give_up(&visit);
	return step == STEP_BUSY || !visit.may_stop ? fail_busy(&visit, diag) : fail_time(&visit, diag);
}
