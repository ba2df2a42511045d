/* SPDX-License-Identifier: MIT */
#include "rawrepl/heard.h"

#include <string.h>

static const struct {
	enum heard_sign sign;
	const char *text;
} signs[] = {
	{HEARD_PROMPT, ">>> "},
	{HEARD_RAW_BANNER, "raw REPL; CTRL-B to exit"},
	{HEARD_NAME, "MicroPython"},
	{HEARD_INTERRUPT, "KeyboardInterrupt"},
	{HEARD_TRACEBACK, "Traceback (most recent call last)"},
};

/* What boards say while they start: MicroPython's soft reset, the ROMs of ESP chips. */
static const char *const boot_words[] = {"MPY: soft reboot", "rst:0x", "ESP-ROM:", "load:0x", "ets Jan", "ets Jun", "ets Jul"};

/* Appends LEN bytes to the SIZE bytes of KEPT, of which *USED are in use, and lets the oldest go. */
static void keep_end(unsigned char *kept, size_t size, size_t *used, const unsigned char *bytes, size_t len)
{
	size_t drop;

	if (len > size) {
		bytes += len - size;
		len = size;
	}
	drop = *used + len > size ? *used + len - size : 0;
	memmove(kept, kept + drop, *used - drop);
	*used -= drop;
	memcpy(kept + *used, bytes, len);
	*used += len;
}

void heard_add(struct heard *heard, const void *bytes, size_t len)
{
	const unsigned char *from = bytes;
	size_t i, piece;

	while (len > 0) {
		/* Half of what is kept at a time, so that no word is missed between two pieces. */
		piece = len < HEARD_KEEP / 2 ? len : HEARD_KEEP / 2;
		keep_end(heard->answer, sizeof(heard->answer), &heard->len, from, piece);
		keep_end(heard->end, sizeof(heard->end), &heard->end_len, from, piece);
		heard->total += piece;
		heard->all += piece;
		for (i = 0; i < sizeof(signs) / sizeof(signs[0]); i++)
			if (heard_has(heard, signs[i].text))
				heard->signs |= signs[i].sign;
		from += piece;
		len -= piece;
	}
}

void heard_mark(struct heard *heard)
{
	heard->len = 0;
	heard->total = 0;
}

bool heard_has(const struct heard *heard, const char *text)
{
	return memmem(heard->answer, heard->len, text, strlen(text)) != NULL;
}

bool heard_ends(const struct heard *heard, const char *text)
{
	size_t len = strlen(text);

	return heard->len >= len && memcmp(heard->answer + heard->len - len, text, len) == 0;
}

bool heard_starts(const struct heard *heard, const char *text)
{
	size_t len = strlen(text);

	return heard->total == heard->len && heard->len >= len && memcmp(heard->answer, text, len) == 0;
}

bool heard_at_prompt(const struct heard *heard)
{
	return heard_ends(heard, ">>> ");
}

bool heard_at_any_prompt(const struct heard *heard)
{
	return heard_at_prompt(heard) || heard_ends(heard, "\x04>");
}

bool heard_raw_banner(const struct heard *heard)
{
	if (heard_has(heard, "raw REPL; CTRL-B to exit\r\n>"))
		return true;
	return heard_ends(heard, "\n>") &&
	       (heard_has(heard, "raw REPL") || heard_has(heard, "CTRL-B") || heard_has(heard, "to exit"));
}

bool heard_boot(const struct heard *heard)
{
	size_t i;

	for (i = 0; i < sizeof(boot_words) / sizeof(boot_words[0]); i++)
		if (heard_has(heard, boot_words[i]))
			return true;
	return heard_is_noise(heard->answer, heard->len);
}

/* The length of the UTF-8 sequence at the start of LEN BYTES, its continuation bytes counted only; 0: it is none. */
static size_t text_length(const unsigned char *bytes, size_t len)
{
	size_t need = bytes[0] < 0xc2 ? 0 : bytes[0] < 0xe0 ? 1 : bytes[0] < 0xf0 ? 2 : bytes[0] < 0xf5 ? 3 : 0;
	size_t i;

	if (bytes[0] < 0x80)
		return bytes[0] >= 0x20 || strchr("\a\b\t\n\r\x01\x04\x1b", bytes[0]) ? bytes[0] != 0 : 0;
	if (need == 0)
		return 0;
	for (i = 1; i <= need; i++)
		if (i < len && (bytes[i] & 0xc0) != 0x80)
			return 0;
	return need < len ? need + 1 : len; /* a character cut at the end is no noise */
}

/* How many of LEN BYTES are no text. */
static size_t count_odd(const unsigned char *bytes, size_t len)
{
	size_t at = 0, odd = 0, good;

	while (at < len && at < 3 && (bytes[at] & 0xc0) == 0x80)
		at++; /* nor is a character cut at the start */
	while (at < len) {
		good = text_length(bytes + at, len - at);
		odd += good == 0;
		at += good ? good : 1;
	}
	return odd;
}

bool heard_is_noise(const unsigned char *bytes, size_t len)
{
	size_t odd = count_odd(bytes, len);

	return odd >= 16 && odd * 5 >= len;
}

bool heard_is_text(const struct heard *heard)
{
	return heard->len == 0 || count_odd(heard->answer, heard->len) * 5 < heard->len;
}

/*
 * Whether the answer is a new line and then a prompt, whatever its text: what an editor of lines makes of Ctrl-C. Before the new
 * line it may show the space again that was sent ahead of the Ctrl-C, or an indentation, and what that moved.
 */
static bool is_new_prompt(const struct heard *heard)
{
	const unsigned char *end = memmem(heard->answer, heard->len, "\r\n", 2);
	size_t line = end ? (size_t)(end - heard->answer) : 0;

	if (!end || heard->total != heard->len || (line > 0 && heard->answer[0] != ' '))
		return false;
	return !memchr(end + 2, '\n', heard->len - line - 2) && !memchr(heard->answer, 0x04, heard->len);
}

/* The same without what a raw-paste grants: windows that were filled before we came. */
static struct heard without_grants(const struct heard *heard)
{
	struct heard rest = *heard;
	size_t grants = 0;

	while (grants < rest.len && rest.answer[grants] == 0x01)
		grants++;
	rest.len -= grants;
	rest.total -= grants;
	memmove(rest.answer, rest.answer + grants, rest.len);
	return rest;
}

/* Whether the answer is the end of a raw-paste, as pyexec.c has it: its reader's EOT, then that of an empty output. A program's
 * output has one, and its exception is a KeyboardInterrupt. */
static bool is_end_of_paste(const struct heard *heard)
{
	struct heard rest = without_grants(heard);

	if (heard_starts(&rest, "\x04\x04Keyboard") || heard_starts(&rest, "\x04\x04Traceback"))
		return true;
	return heard_starts(&rest, "\x04Traceback") && !heard_has(&rest, "KeyboardInterrupt");
}

/* Whether nothing but marks of the raw REPL comes before the words of the exception that Ctrl-C raised. */
static bool only_exception(const struct heard *heard)
{
	const unsigned char *words = memmem(heard->answer, heard->len, "Traceback", 9), *at;

	if (!words || heard->total != heard->len)
		return false;
	for (at = heard->answer; at < words; at++)
		if (*at != 0x04 && *at != ' ' && *at != '\r' && *at != '\n')
			return false;
	return true;
}

enum rawrepl_state heard_what_was_stopped(const struct heard *heard, bool unasked)
{
	bool interrupt = heard_has(heard, "KeyboardInterrupt");

	if (heard->len == 0)
		return RAWREPL_UNKNOWN;
	if (is_end_of_paste(heard))
		return RAWREPL_PASTE;
	if (interrupt)
		return !unasked && only_exception(heard) ? RAWREPL_PROGRAM : RAWREPL_PROGRAM_OUTPUT;
	if (is_new_prompt(heard))
		return RAWREPL_PROMPT;
	if (heard_boot(heard) || !heard_is_text(heard))
		return RAWREPL_UNKNOWN; /* a board that starts, or one that talks in frames */
	/* A program that caught the interrupt and ended gives its place to a prompt; what it says then is its farewell. */
	if (!unasked && (heard_at_prompt(heard) || heard_ends(heard, "\x04\x04>")))
		return RAWREPL_PROGRAM;
	return RAWREPL_PROGRAM_OUTPUT;
}
