/* SPDX-License-Identifier: MIT */
#include "rawrepl/talk.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>

enum { LAST_LINES = 4 }; /* of the board's words in a message */

enum { TALK_READ = 512, TALK_DRAIN = 65536 };

void talk_start(struct talk *talk, struct bytelink *link, int64_t timeout_us)
{
	int64_t now = bytelink_now(link);

	*talk = (struct talk){.link = link, .deadline = timeout_us < INT64_MAX - now ? now + timeout_us : INT64_MAX};
}

bool talk_is_over(const struct talk *talk)
{
	return bytelink_now(talk->link) >= talk->deadline;
}

int64_t talk_until(const struct talk *talk, int64_t deadline)
{
	return deadline < talk->deadline ? deadline : talk->deadline;
}

ssize_t talk_read(struct talk *talk, void *buf, size_t len)
{
	ssize_t got = bytelink_read(talk->link, buf, len);

	if (got > 0)
		heard_add(&talk->heard, buf, (size_t)got);
	return got;
}

int talk_hear(struct talk *talk, const struct talk_wait *wait)
{
	int64_t now = bytelink_now(talk->link), most = talk_until(talk, now + wait->most);
	int64_t until = wait->first < wait->most ? now + wait->first : most;
	unsigned char buf[TALK_READ];
	ssize_t got;
	int events;

	for (;;) {
		got = talk_read(talk, buf, sizeof(buf));
		if (got < 0)
			return (int)got;
		now = bytelink_now(talk->link);
		if (got > 0) {
			until = wait->quiet ? now + wait->quiet : most;
			if (wait->enough && wait->enough(&talk->heard))
				return 0;
		}
		if (until > most)
			until = most;
		if (now >= until)
			return 0;
		events = got > 0 ? 0 : bytelink_wait(talk->link, BYTELINK_READABLE, until);
		if (events < 0)
			return events;
	}
}

int talk_drain(struct talk *talk)
{
	unsigned char buf[TALK_READ];
	size_t total = 0;
	ssize_t got;

	do {
		got = talk_read(talk, buf, sizeof(buf));
		if (got < 0)
			return (int)got;
		total += (size_t)got;
	} while (got > 0 && total < TALK_DRAIN);
	return 0;
}

int talk_say(struct talk *talk, const void *bytes, size_t len)
{
	int64_t until = talk_until(talk, bytelink_now(talk->link) + TALK_TAKE_US);

	heard_mark(&talk->heard);
	return bytelink_write_all(talk->link, bytes, len, until);
}

/* Lets US microseconds pass on the link's clock, whoever wakes it. Returns 0 or a negative errno. */
static int pause_for(struct talk *talk, int64_t us)
{
	int64_t until = talk_until(talk, bytelink_now(talk->link) + us);
	int events = 0;

	while (events >= 0 && bytelink_now(talk->link) < until)
		events = bytelink_wait(talk->link, 0, until);
	return events < 0 ? events : 0;
}

int talk_type(struct talk *talk, const char *text, size_t len)
{
	size_t piece;
	int err = 0;

	while (len > 0 && err == 0) {
		piece = len < TALK_PIECE ? len : TALK_PIECE;
		err = talk_say(talk, text, piece);
		text += piece;
		len -= piece;
		if (err == 0 && len > 0)
			err = pause_for(talk, TALK_PIECE_US);
	}
	return err;
}

char *talk_last_words(const struct talk *talk, char *text, size_t size)
{
	const unsigned char *from = talk->heard.end;
	size_t len = talk->heard.end_len;

	while (len > 0 && isspace(from[len - 1]))
		len--;
	/* The last lines: what a program prints in a loop says no more in twenty. */
	for (size_t i = len, lines = 0; i > 0; i--)
		if (from[i - 1] == '\n' && ++lines == LAST_LINES) {
			from += i;
			len -= i;
			break;
		}
	while (len > 0 && isspace(from[0])) {
		from++;
		len--;
	}
	return diag_printable(text, size, from, len);
}

int talk_fail_link(const struct talk *talk, int err, struct diag *diag)
{
	const char *device = bytelink_device(talk->link);
	char words[HEARD_END + 1];
	const char *said = talk_last_words(talk, words, sizeof(words));
	const char *intro = *said ? "\nThe board said last:\n" : "";

	if (err == ENODEV)
		return diag_fail(diag, DIAG_RAWREPL, err, "%s %s%s%s", device, bytelink_ended(talk->link), intro, said);
	return diag_fail(diag, DIAG_RAWREPL, err, "%s: cannot talk to the board: %s%s%s", device, strerror(err), intro, said);
}
