/* SPDX-License-Identifier: MIT */
#include "rawrepl/probe.h"

#include <errno.h>
#include <string.h>

/* A line that Tab gives several words for: machine, math, micropython... (py/repl.c) */
#define PROBE_LINE "import m"

enum { PROBE_ERASE = 16, PROBE_LONGEST_LINE = 1024 };

struct probe {
	struct talk *talk;
	unsigned patience; /* how many times the waits of the first probe */
};

/* Says LEN BYTES and listens for the answer. */
static int ask(const struct probe *probe, const char *bytes, size_t len, bool (*enough)(const struct heard *heard))
{
	const struct talk_wait wait = {.first = probe->patience * TALK_MS(150),
				       .quiet = probe->patience * TALK_MS(40),
				       .most = probe->patience * TALK_MS(300),
				       .enough = enough};
	struct talk *talk = probe->talk;
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
static int erase_line(const struct probe *probe)
{
	char erase[PROBE_ERASE];
	size_t done;
	int err = ask(probe, " \x05", 2, NULL);

	memset(erase, 0x7f, sizeof(erase));
	for (done = 0; err == 0 && done < PROBE_LONGEST_LINE; done += sizeof(erase)) {
		err = ask(probe, erase, sizeof(erase), NULL);
		if (deletions(&probe->talk->heard) < sizeof(erase))
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
static int ask_for_prompt(const struct probe *probe)
{
	static const char line[] = PROBE_LINE;
	const struct heard *heard = &probe->talk->heard;
	size_t len;
	const unsigned char *last;
	int err = ask(probe, PROBE_LINE "\t", sizeof(line), line_again);

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
static int ask_for_banner(const struct probe *probe)
{
	int err = ask(probe, "\t", 1, NULL);

	if (err == 0 && is_indentation(&probe->talk->heard))
		return PROBE_PASTE;
	if (err == 0 && probe->talk->heard.len > 0)
		err = erase_line(probe);
	if (err == 0)
		err = ask(probe, "\x02", 1, banner_ended);
	if (err < 0)
		return err;
	return has_banner(&probe->talk->heard) ? PROBE_PROMPT : PROBE_INPUT;
}

/* Which editor of lines it is. What was on its line, and what we put there, is erased. */
static int ask_editor(const struct probe *probe)
{
	int err = erase_line(probe), answer;

	if (err < 0)
		return err;
	answer = ask_for_prompt(probe);
	if (answer < 0)
		return answer;
	err = erase_line(probe);
	if (err < 0)
		return err;
	return answer ? answer : ask_for_banner(probe);
}

/* Paste mode gives every byte back; so does a program that echoes, but with no prompt after a line's end. */
static int ask_echo(const struct probe *probe)
{
	int err = ask(probe, "\r", 1, NULL);

	if (err < 0)
		return err;
	return heard_ends(&probe->talk->heard, "=== ") ? PROBE_PASTE : PROBE_OUTPUT;
}

/* What came too late for the probe before this one would be taken for answers to it. */
static int let_quiet(const struct probe *probe)
{
	const struct talk_wait wait = {probe->patience * TALK_MS(75), probe->patience * TALK_MS(75), TALK_MS(500), NULL};

	return talk_hear(probe->talk, &wait);
}

int probe_ask(struct talk *talk, unsigned patience)
{
	const struct probe *probe = &(const struct probe){talk, patience};
	int err = patience > 1 ? let_quiet(probe) : talk_drain(talk);

	if (err == 0)
		err = ask(probe, " \x7f", 2, erased);
	if (err < 0)
		return err;
	if (is_flow_control(&probe->talk->heard))
		return PROBE_PASTE;
	if (erased(&probe->talk->heard))
		return ask_editor(probe);
	if (heard_ends(&probe->talk->heard, " \x7f"))
		return ask_echo(probe);
	if (probe->talk->heard.len > 0)
		return PROBE_OUTPUT; /* whatever came next would be no answer to us */
	err = ask(probe, "\x02", 1, banner_ended);
	if (err < 0)
		return err;
	if (is_flow_control(&probe->talk->heard))
		return PROBE_PASTE;
	if (has_banner(&probe->talk->heard))
		return PROBE_RAW;
	return probe->talk->heard.len > 0 ? PROBE_OUTPUT : PROBE_NOTHING;
}
