/* SPDX-License-Identifier: MIT */
#include "agent/tail.h"

#include <string.h>

void tail_add(struct tail *tail, const void *bytes, size_t len)
{
	const char *from = bytes;
	size_t keep;

	if (len > TAIL_KEPT) {
		from += len - TAIL_KEPT;
		len = TAIL_KEPT;
	}
	keep = tail->len + len > TAIL_KEPT ? TAIL_KEPT - len : tail->len;
	memmove(tail->text, tail->text + tail->len - keep, keep);
	memcpy(tail->text + keep, from, len);
	tail->len = keep + len;
	tail->text[tail->len] = '\0';
}

bool tail_shows_prompt(const struct tail *tail)
{
	static const char prompt[] = "\n>>> ";

	return memmem(tail->text, tail->len, prompt, sizeof(prompt) - 1) != NULL;
}
