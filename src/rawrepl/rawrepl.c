/* SPDX-License-Identifier: MIT */
#include "rawrepl/rawrepl.h"

#include <errno.h>
#include <string.h>

#include "rawrepl/submit.h"

enum { RESTART_US = 500000, LEAVE_QUIET_US = 100000 };

/* Fills DIAG for the exception that the code raised. Its last line tells which. */
static int fail_raised(const struct reply *reply, struct diag *diag)
{
	char text[sizeof(reply->error) + 1];
	const char *last;
	size_t len;

	diag_printable(text, sizeof(text), reply->error, reply->error_len);
	len = strlen(text);
	while (len > 0 && text[len - 1] == '\n')
		text[--len] = '\0';
	last = strrchr(text, '\n');
	last = last ? last + 1 : text;
	diag_fail(diag, DIAG_RAWREPL, strncmp(last, "MemoryError", 11) == 0 ? ENOMEM : EREMOTEIO,
		  "the code raised on the board:\n%s", text);
	return -EREMOTEIO;
}

/* Fills DIAG for ERR, a negative errno of a talk at the raw REPL's prompt that should have ended in WHAT. */
static int fail_talk(const struct talk *talk, int err, const char *what, struct diag *diag)
{
	char words[HEARD_END + 1];
	const char *said = talk_last_words(talk, words, sizeof(words));
	const char *intro = *said ? "\nThe board said last:\n" : "";
	const char *device = bytelink_device(talk->link);

	if (err == -ETIMEDOUT)
		return diag_fail(diag, DIAG_RAWREPL, ETIMEDOUT, "%s: the board did not %s in time%s%s", device, what, intro,
				 said);
	if (err == -EPROTO)
		return diag_fail(diag, DIAG_RAWREPL, EPROTO, "%s: the board's answer makes no sense: it should %s%s%s", device,
				 what, intro, said);
	return talk_fail_link(talk, -err, diag);
}

/* For the message: what makes no sense yet may, with what follows it. */
static void hear_the_rest(struct talk *talk)
{
	const struct talk_wait wait = {TALK_MS(50), TALK_MS(50), TALK_MS(200), NULL};

	talk_hear(talk, &wait);
}

/* Whether CODE holds a byte that the raw REPL would act on. */
static bool has_control(const char *code, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++)
		if (code[i] >= 1 && code[i] <= 4)
			return true;
	return false;
}

/* Has SUBMIT, whose talk is TALK, run the code within TIMEOUT_US. */
static int run(struct submit *submit, struct talk *talk, struct rawrepl *repl, const char *code, size_t len, int64_t timeout_us,
	       struct diag *diag)
{
	int err = 0;

	if (has_control(code, len))
		return diag_fail(diag, DIAG_RAWREPL, EINVAL, "the code for the board has a control character that would end it");
	submit->talk = talk;
	submit->raw_paste = repl->raw_paste;
	if (len > 0) { /* no code and its end would be a soft reset */
		talk_start(talk, repl->link, timeout_us);
		err = submit_code(submit, code, len);
	}
	if (err == -EPROTO)
		hear_the_rest(talk);
	if (err < 0)
		return fail_talk(talk, err, "run the code", diag);
	return submit->reply.error_len > 0 ? fail_raised(&submit->reply, diag) : 0;
}

int rawrepl_run(struct rawrepl *repl, const char *code, size_t len, char *out, size_t size, size_t *len_out, int64_t timeout_us,
		struct diag *diag)
{
	struct talk talk;
	struct submit submit = {.out = out, .size = size};
	int err;

	if (out && size > 0)
		out[0] = '\0';
	err = run(&submit, &talk, repl, code, len, timeout_us, diag);
	if (len_out)
		*len_out = submit.reply.len;
	return err;
}

int rawrepl_run_to(struct rawrepl *repl, const char *code, size_t len, rawrepl_output_fn *output, void *context,
		   int64_t silence_us, struct diag *diag)
{
	struct talk talk;
	struct submit submit = {.output = output, .context = context, .silence_us = silence_us};

	return run(&submit, &talk, repl, code, len, silence_us, diag);
}

/* Whether Ctrl-B's banner and the usual prompt are there. */
static bool left(const struct heard *heard)
{
	return heard_at_prompt(heard) && heard->len > 6;
}

int rawrepl_leave(struct rawrepl *repl, int64_t timeout_us, struct diag *diag)
{
	struct talk_wait wait = {.first = timeout_us, .quiet = LEAVE_QUIET_US, .most = timeout_us, .enough = left};
	struct talk talk;
	int err;

	talk_start(&talk, repl->link, timeout_us);
	err = talk_drain(&talk);
	if (err == 0)
		err = talk_say(&talk, "\x02", 1);
	if (err == 0)
		err = talk_hear(&talk, &wait);
	/* A line, whatever its words, and something behind it: a banner and a prompt. */
	if (err == 0 && !left(&talk.heard) && (talk.heard.len < 4 || !heard_starts(&talk.heard, "\r\n")))
		err = talk.heard.len > 0 ? -EPROTO : -ETIMEDOUT;
	return err < 0 ? fail_talk(&talk, err, "go back to its prompt", diag) : 0;
}

int rawrepl_type(struct rawrepl *repl, const char *line)
{
	struct talk talk;
	int err;

	talk_start(&talk, repl->link, INT64_MAX);
	err = talk_type(&talk, line, strlen(line));
	return err < 0 ? err : talk_say(&talk, "\r", 1);
}

int rawrepl_restart(struct rawrepl *repl)
{
	const struct talk_wait wait = {.first = RESTART_US, .quiet = 1, .most = RESTART_US};
	struct talk talk;
	int err;

	talk_start(&talk, repl->link, RESTART_US);
	err = talk_drain(&talk);
	if (err == 0)
		err = talk_say(&talk, "\x04", 1);
	if (err == 0)
		err = talk_hear(&talk, &wait);
	if (err == -ENODEV)
		return 0; /* a board on native USB leaves the bus, and one that is a command ends */
	return err < 0 || talk.heard.len > 0 ? err : -ETIMEDOUT;
}

const char *rawrepl_state_words(enum rawrepl_state state)
{
	switch (state) {
	case RAWREPL_PROMPT:
		return "at its prompt";
	case RAWREPL_RAW:
		return "in the raw REPL, left open by another tool";
	case RAWREPL_PASTE:
		return "in the middle of a paste";
	case RAWREPL_PROGRAM:
		return "running a program";
	case RAWREPL_PROGRAM_OUTPUT:
		return "running a program that prints";
	case RAWREPL_AGENT:
		return "serving a mount whose computer side had died";
	case RAWREPL_BOOT:
		return "starting";
	case RAWREPL_UNKNOWN:
		break;
	}
	return "in an unknown state";
}
