/* SPDX-License-Identifier: MIT */
#include "share/printed.h"

#include <string.h>

#define PROMPT ">>> "

void printed_forget(struct printed *printed)
{
	printed->tail = (struct tail){0};
	printed->soft_reset = printed->uncaught = false;
}

static bool has_words(const struct tail *tail, const uint8_t *bytes, size_t len, const char *words)
{
	return memmem(tail->text, tail->len, words, strlen(words)) || memmem(bytes, len, words, strlen(words));
}

void printed_add(struct printed *printed, const uint8_t *bytes, size_t len)
{
	tail_add(&printed->tail, bytes, len);
	if (has_words(&printed->tail, bytes, len, "soft reboot\r\n"))
		printed->soft_reset = true;
	/* Where there is no memory for it, the traceback is left out. */
	if (has_words(&printed->tail, bytes, len, "  File \"<stdin>\", line 1, in <module>") ||
	    has_words(&printed->tail, bytes, len, "MemoryError: "))
		printed->uncaught = true;
}

void printed_know_banner(struct printed *printed, const uint8_t *line, size_t len)
{
	if (len >= sizeof(printed->banner))
		len = sizeof(printed->banner) - 1;
	memcpy(printed->banner, line, len);
	printed->banner[len] = '\0';
}

static bool ends_with(const char *text, size_t len, const char *words)
{
	return len >= strlen(words) && !memcmp(text + len - strlen(words), words, strlen(words));
}

bool printed_at_prompt(const struct printed *printed)
{
	return ends_with(printed->tail.text, printed->tail.len, PROMPT);
}

enum printed_prompt printed_prompt(const struct printed *printed)
{
	const char *text = printed->tail.text;
	size_t len = printed->tail.len;

	if (printed_at_prompt(printed))
		return PRINTED_PROMPT;
	if (ends_with(text, len, "\n=== ") || ends_with(text, len, "\n>") || ends_with(text, len, "\4>"))
		return PRINTED_OTHER;
	while (ends_with(text, len, "  "))
		len--;
	return ends_with(text, len, "\n... ") ? PRINTED_MORE : PRINTED_NO_PROMPT;
}

bool printed_agent_failed(const struct printed *printed)
{
	return printed->uncaught && ends_with(printed->tail.text, printed->tail.len, "\n" PROMPT);
}

/* Where the line behind the one at AT begins, in the text up to END; NULL: it ends before. */
static const char *next_line(const char *at, const char *end)
{
	const char *line = memchr(at, '\n', (size_t)(end - at));

	return line ? line + 1 : NULL;
}

bool printed_was_reset(const struct printed *printed)
{
	const char *at = printed->tail.text, *end = at + printed->tail.len, *prompt;
	size_t len = strlen(printed->banner);

	while (len && (at = memmem(at, (size_t)(end - at), printed->banner, len))) {
		prompt = next_line(at, end);
		prompt = prompt ? next_line(prompt, end) : NULL;
		if (prompt && (size_t)(end - prompt) >= strlen(PROMPT) && !memcmp(prompt, PROMPT, strlen(PROMPT)))
			return true;
		at += len;
	}
	return false;
}
