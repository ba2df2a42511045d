/* SPDX-License-Identifier: MIT */
#include "rawrepl/probe.h"

#include <errno.h>
#include <string.h>

/* A line that Tab gives several words for: machine, math, micropython... (py/repl.c) */
#define PROBE_LINE "import m"

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

/* How often the answer holds what readline.c sends for a deleted character. */
static size_t deletions(const struct heard *heard)
{
	const unsigned char *at = heard->answer, *end = at + heard->len;
	size_t count = 0;

	while ((at = memmem(at, (size_t)(end - at), "\x1b[K", 3)) != NULL) {
		at += 3;
		count++;
	}
	return count;
}

/* Empties the line of the editor: to its end, by Ctrl-E, which is safe behind a space only, then backspaces while they delete. */
static int erase_line(struct talk *talk)
{
	char erase[PROBE_ERASE];
	size_t done;
	int err = ask(talk, " \x05", 2, NULL);

	memset(erase, 0x7f, sizeof(erase));
	for (done = 0; err == 0 && done < PROBE_LONGEST_LINE; done += sizeof(erase)) {
		err = ask(talk, erase, sizeof(erase), NULL);
		if (deletions(&talk->heard) < sizeof(erase))
			break;
	}
	return err;
}

/* The list of modules has come, and the line again behind it. */
static bool line_again(const struct heard *heard)
{
	return heard_ends(heard, PROBE_LINE) && memchr(heard->answer, '\n', heard->len);
}

/*
 * Whose editor it is, by the list of words that Tab gives: the line is shown again behind it, at a REPL with the prompt before
 * it, in input() without. Returns an enum probe_answer, 0 when there is no such list, or a negative errno.
 */
static int ask_for_prompt(struct talk *talk)
{
	static const char line[] = PROBE_LINE;
	const struct heard *heard = &talk->heard;
	size_t len;
	const unsigned char *last;
	int err = ask(talk, PROBE_LINE "\t", sizeof(line), line_again);

	if (err < 0)
		return err;
	if (!line_again(heard))
		return 0;
	last = memrchr(heard->answer, '\n', heard->len);
	len = (size_t)(heard->answer + heard->len - (last + 1)) - (sizeof(line) - 1);
	if (len == 0)
		return PROBE_INPUT;
	return len >= 3 && memcmp(last + 1, "...", 3) == 0 ? PROBE_PASTE : PROBE_PROMPT;
}

/*
 * The same where Tab completes nothing: Ctrl-B on an empty line gives a REPL's banner. It would enter the line of an open compound
 * statement, so that is told first, by the spaces that Tab gives there. To input() it is an empty line, which cannot be helped.
 */
static int ask_for_banner(struct talk *talk)
{
	int err = ask(talk, "\t", 1, NULL);

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

/* Which editor of lines it is. What was on its line, and what we put there, is erased. */
static int ask_editor(struct talk *talk)
{
	int err = erase_line(talk), answer;

	if (err < 0)
		return err;
	answer = ask_for_prompt(talk);
	if (answer < 0)
		return answer;
	err = erase_line(talk);
	if (err < 0)
		return err;
	return answer ? answer : ask_for_banner(talk);
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
