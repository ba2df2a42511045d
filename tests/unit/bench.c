/* SPDX-License-Identifier: MIT */
#include "tests/unit/bench.h"

#include <stdlib.h>
#include <string.h>

int bench_set_up(void **state)
{
	struct bench *bench = calloc(1, sizeof(*bench));

	if (!bench)
		return -1;
	bench->fake = fakelink_open(&bench->link);
	bench->options.timeout_us = 10 * SECOND;
	*state = bench;
	return 0;
}

int bench_tear_down(void **state)
{
	struct bench *bench = *state;

	bytelink_close(bench->link);
	free(bench);
	return 0;
}
void bench_say(struct fakelink *fake, const char *text)
{
	fakelink_say(fake, text, strlen(text));
}
void bench_lie(struct fakelink *fake, void *context, const unsigned char *bytes, size_t len)
{
	static const char *const lies[] = {PROMPT,
					   RAW_BANNER,
					   "\r\n",
					   "OK",
					   ">",
					   "R\x01",
					   "\x80",
					   "\x01",
					   "\x04",
					   "\x04>",
					   "7\r\n\x04\x04>",
					   "KeyboardInterrupt: \r\n",
					   "\x1b[K",
					   " \x7f",
					   "=== ",
					   "MicroPython",
					   "MPY: soft reboot\r\n",
					   "\xfa\xfb\xfc\xfd",
					   "... import m",
					   "\n>>> import m",
					   "Traceback (most recent call last):"};
	struct bench_liar *liar = context;
	int count = (int)dice_roll(&liar->dice, 6);

	(void)bytes;
	(void)len;
	for (; count > 0; count--) {
		bench_say(fake, lies[dice_roll(&liar->dice, sizeof(lies) / sizeof(lies[0]))]);
		if (dice_hit(&liar->dice, 4))
			fakelink_say_after(fake, dice_roll(&liar->dice, 500) * MS, "\0", dice_roll(&liar->dice, 2));
	}
	if (dice_hit(&liar->dice, 50))
		liar->floods = !liar->floods;
	fakelink_flood(fake, liar->floods ? lies[dice_roll(&liar->dice, 21)] : NULL, 2);
}
