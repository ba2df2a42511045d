/* SPDX-License-Identifier: MIT */
#include "share/share_input.h"

#include <string.h>

#include "base/say.h"

enum {
	ENTERS = 3,         /* as many are typed to end a statement */
	AGAIN_US = 2500000, /* a board that has got no answer asks again before this is over */
	ANSWER_US = 500000, /* a prompt with so much silence behind what was typed is the answer to it */
	RESET_US = 300000,  /* how long a board may take to say that it resets */
	BOOT_US = 10000000, /* how long what is piped behind a soft reset waits for its end */
	GONE_US = 5000000   /* how long a board may take to answer what was typed at a terminal that is gone */
};

/*
 * When Ctrl-C may go by itself. A board that has asked several times in vain takes it for the terminal of somebody else, and leaves: after
 * a pause of ours it goes with the answer to the next try.
 */
static int64_t ctrl_c_from(const struct share_line *line)
{
	return line->closed_at + (line->given_up ? AGAIN_US : TYPED_QUIET_US);
}

static int send_ctrl_c(struct share_input *input, bool *full, int64_t *next)
{
	static const uint8_t ctrl_c = TYPED_CTRL_C;

	if (bytelink_now(input->line->link) < ctrl_c_from(input->line)) {
		*next = ctrl_c_from(input->line);
		return 0;
	}
	ssize_t sent = share_line_send(input->line, &ctrl_c, 1, full);

	input->user->interrupt = sent == 0;
	return sent < 0 ? (int)sent : 0;
}

static bool is_piped(const struct share_input *input)
{
	return input->user->repl && !input->user->is_terminal;
}

static bool brings_banner(uint8_t key)
{
	return key == TYPED_CTRL_B || key == TYPED_CTRL_D;
}

/* How many of LEN BYTES typed may go at once: what is piped behind a Ctrl-D is for the board after its reset. */
static size_t until_banner(const struct share_input *input, const uint8_t *bytes, size_t len)
{
	for (size_t i = 0; is_piped(input) && i < len; i++)
		if (brings_banner(bytes[i]))
			return i + 1;
	return len;
}

/*
 * Whether what was typed may go. Behind a banner it waits for the shares to be there again: what is typed then would keep them from it, and
 * not find them. *NEXT is when to look again.
 */
static bool may_type(const struct share_input *input, int64_t *next)
{
	bool held = input->printed->soft_reset && bytelink_now(input->line->link) < input->held_until;

	if (held)
		*next = input->held_until;
	return !held && !printed_was_reset(input->printed);
}

/* Ctrl-D has gone: at a prompt it resets the board, which says so soon. Ctrl-B looks the same. */
static void expect_banner(struct share_input *input)
{
	int64_t now = bytelink_now(input->line->link);

	input->printed->soft_reset = false;
	input->held_until = now + BOOT_US;
	input->user->typed.from = now + RESET_US;
}

/* Says once that what is piped is no longer safe. */
static void tell_regardless(struct share_input *input)
{
	if (!input->user->typed.regardless || input->told)
		return;
	input->told = true;
	say("for %d s nothing has shown that the program reads its stdin: the rest is sent regardless, and on a UART what the program does "
	    "not read can be lost now",
	    TYPED_STUCK_US / 1000000);
}

int share_input_send(struct share_input *input, bool typed, bool *full, int64_t *next)
{
	struct typed *waiting = &input->user->typed;
	int64_t now = bytelink_now(input->line->link);
	size_t all;
	const uint8_t *bytes = typed_waiting(waiting, &all);

	*next = INT64_MAX;
	if (share_line_is_busy(input->line))
		return 0;
	if (input->user->interrupt)
		return send_ctrl_c(input, full, next);
	size_t len = typed && may_type(input, next) ? until_banner(input, bytes, typed_due(waiting, now, next)) : 0;
	if (!len)
		return 0;
	tell_regardless(input);
	ssize_t sent = share_line_send(input->line, bytes, len, full);
	if (sent < 0)
		return (int)sent;
	bool banner = is_piped(input) && sent > 0 && brings_banner(bytes[sent - 1]);
	typed_sent(waiting, (size_t)sent, now);
	if (banner)
		expect_banner(input);
	typed_due(waiting, now, next);
	return 0;
}

int64_t share_input_over_at(const struct share_input *input)
{
	const struct share_user *user = input->user;
	const struct share_line *line = input->line;
	int64_t answered = (line->heard > line->said ? line->heard : line->said) + ANSWER_US;
	int64_t gone = user->is_terminal ? user->ended_at + GONE_US : INT64_MAX;
	size_t waiting;

	if (!user->ended_at)
		return INT64_MAX;
	typed_waiting(&user->typed, &waiting);
	if (waiting || user->interrupt || share_line_is_busy(line) || printed_was_reset(input->printed) ||
	    printed_prompt(input->printed) == PRINTED_NO_PROMPT)
		return gone;
	return gone < answered ? gone : answered;
}

bool share_input_end(struct share_input *input)
{
	if (printed_prompt(input->printed) != PRINTED_MORE || input->enters++ >= ENTERS)
		return true;
	typed_add(&input->user->typed, (const uint8_t *)"\r", 1, false);
	return false;
}
