/* SPDX-License-Identifier: MIT */
#include "rawrepl/probe.h"

#include <errno.h>
#include <string.h>

enum { PROBE_ERASE = 16, PROBE_LONGEST_LINE = 1024 };

/* Says LEN BYTES and listens for the answer. */
static int ask(struct talk *talk, const char *bytes, size_t len, bool (*enough)(const struct heard *heard))
{
	const struct talk_wait wait = {.first = TALK_MS(150), .quiet = TALK_MS(40), .most = TALK_MS(300), .enough = enough};
	int err = talk_say(talk, bytes, len);

	/* A link that takes nothing is a board that answers nothing. */
	return err < 0 && err != -ETIMEDOUT ? err : talk_hear(talk, &wait);
}

/* What readline.c sends when it deletes a character. */
static bool erased(const struct heard *heard)
{
	return heard_has(heard, "\x1b[K");
}

/* The friendly REPL's banner, which Ctrl-B gives on an empty line and in the raw REPL. */
static bool has_banner(const struct heard *heard)
{
	return heard_has(heard, "MicroPython") || heard_has(heard, "Type \"help()\"");
}

static bool banner_ended(const struct heard *heard)
{
	return has_banner(heard) && heard_at_prompt(heard);
}

/* Whether all that was said is flow control of a raw-paste: its reader met junk, or has filled a window with it. */
static bool is_flow_control(const struct heard *heard)
{
	size_t i;

	for (i = 0; i < heard->len; i++)
		if (heard->answer[i] != 0x01 && heard->answer[i] != 0x04)
			return false;
	return heard->len > 0 && heard->len == heard->total;
}

/* Whether all that was said is spaces: a Tab where a compound statement goes on. At a prompt it completes words. */
static bool is_indentation(const struct heard *heard)
{
	size_t i;

	for (i = 0; i < heard->len; i++)
		if (heard->answer[i] != ' ')
			return false;
	return heard->len > 0 && heard->len == heard->total;
}

/* Empties the line of the editor: to its end, by Ctrl-E, which is safe behind a space only, then backspaces. */
static int erase_line(struct talk *talk)
{
	char erase[PROBE_ERASE];
	size_t done;
	int err = ask(talk, " \x05", 2, NULL);

	memset(erase, 0x7f, sizeof(erase));
	for (done = 0; err == 0 && done < PROBE_LONGEST_LINE; done += sizeof(erase)) {
		err = ask(talk, erase, sizeof(erase), NULL);
		if (!erased(&talk->heard))
			break;
	}
	return err;
}

/* Which editor of lines it is. On its empty line every control character would enter it, so a compound statement is told first. */
static int ask_editor(struct talk *talk)
{
	int err = erase_line(talk);

	if (err == 0)
		err = ask(talk, "\t", 1, NULL);
	if (err == 0 && is_indentation(&talk->heard))
		return PROBE_PASTE;
	if (err == 0 && talk->heard.len > 0)
		err = erase_line(talk);
	if (err == 0)
		err = ask(talk, "\x02", 1, banner_ended);
	if (err < 0)
		return err;
	return has_banner(&talk->heard) ? PROBE_PROMPT : PROBE_INPUT;
}

/* Paste mode gives every byte back; so does a program that echoes, but with no prompt after a line's end. */
static int ask_echo(struct talk *talk)
{
	int err = ask(talk, "\r", 1, NULL);

	if (err < 0)
		return err;
	return heard_ends(&talk->heard, "=== ") ? PROBE_PASTE : PROBE_OUTPUT;
}

int probe_ask(struct talk *talk)
{
	int err = ask(talk, " \x7f", 2, erased);

	if (err < 0)
		return err;
	if (is_flow_control(&talk->heard))
		return PROBE_PASTE;
	if (erased(&talk->heard))
		return ask_editor(talk);
	if (heard_ends(&talk->heard, " \x7f"))
		return ask_echo(talk);
	if (talk->heard.len > 0)
		return PROBE_OUTPUT; /* whatever came next would be no answer to us */
	err = ask(talk, "\x02", 1, banner_ended);
	if (err < 0)
		return err;
	if (is_flow_control(&talk->heard))
		return PROBE_PASTE;
	if (has_banner(&talk->heard))
		return PROBE_RAW;
	return talk->heard.len > 0 ? PROBE_OUTPUT : PROBE_NOTHING;
}
