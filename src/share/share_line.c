/* SPDX-License-Identifier: MIT */
#include "share/share_line.h"

#include <errno.h>

#include "base/earlier.h"

enum {
	LOOK_US = 300000,   /* the line is looked at so often... */
	ABSENT_US = 500000, /* ... and after so long, somebody has kept us from it: */
	SETTLE_US = 100000, /* all that came meanwhile is here after this */
	LATE_US = 600000    /* a board waits for an answer 0.7 s or more, and then asks again, if it has not given up */
};

void share_line_start(struct share_line *line, struct bytelink *link, unsigned window, struct diag *diag)
{
	/* The agent waits for these few bytes before it says anything: by then nobody else reads what comes. */
	static const uint8_t go[2];

	*line = (struct share_line){.link = link, .diag = diag, .window = window};
	line->heard = line->said = line->closed_at = line->looked = line->since = bytelink_now(link);
	line->out_len = frame_encode_channel(line->out, AGENT_DONE, SHARE_CHANNEL, 0, go, sizeof(go));
}

void share_line_forget(struct share_line *line)
{
	incoming_init(&line->incoming);
	line->out_len = line->out_sent = 0;
	line->open = false;
	line->looked = line->since = line->settled = bytelink_now(line->link);
}

void share_line_answer(struct share_line *line, uint8_t type, uint8_t sequence, const uint8_t *payload, size_t len)
{
	line->out_len = frame_encode_channel(line->out, type, SHARE_CHANNEL, sequence, payload, len);
	line->out_sent = line->out_read = 0;
	line->open = true;
	line->begun = false;
	line->asked = line->since;
	incoming_expect_credits(&line->incoming, line->window && line->out_len > line->window);
}

bool share_line_is_behind(const struct share_line *line)
{
	int64_t now = bytelink_now(line->link);

	return now < line->settled || now > line->looked + ABSENT_US;
}

bool share_line_is_open(const struct share_line *line)
{
	return line->open;
}

bool share_line_is_busy(const struct share_line *line)
{
	return line->open || line->out_sent < line->out_len;
}

/* Fills the diag for ERROR, a negative errno of the link's, and returns it. */
static int failed(struct share_line *line, int error)
{
	if (error == -EINTR)
		return error;
	return diag_fail(line->diag, DIAG_BYTELINK, -error, "%s %s", bytelink_device(line->link), bytelink_ended(line->link));
}

/* How much of the answer may go now. */
static size_t may_send(const struct share_line *line)
{
	size_t left = line->out_len - line->out_sent;

	if (!line->window || line->out_len <= line->window)
		return left;
	size_t unread = line->out_sent - line->out_read;
	size_t room = unread < line->window ? line->window - unread : 0;
	return left < room ? left : room;
}

static ssize_t send_bytes(struct share_line *line, const uint8_t *bytes, size_t len, bool *full)
{
	ssize_t sent = bytelink_write(line->link, bytes, len);

	*full = sent >= 0 && (size_t)sent < len;
	return sent < 0 ? failed(line, (int)sent) : sent;
}

ssize_t share_line_send(struct share_line *line, const uint8_t *bytes, size_t len, bool *full)
{
	ssize_t sent = send_bytes(line, bytes, len, full);

	if (sent > 0)
		line->said = bytelink_now(line->link);
	return sent;
}

/* Whether the board may have given up what is under way. Once it has begun, an answer takes as long as the line needs. */
static bool is_late(const struct share_line *line)
{
	int64_t now = bytelink_now(line->link);

	return line->asked == INT64_MIN || now > line->looked + ABSENT_US || (!line->out_sent && now > line->asked + LATE_US);
}

/* The exchange is over. */
static int close_exchange(struct share_line *line, bool given_up)
{
	line->open = false;
	line->given_up = given_up;
	line->closed_at = bytelink_now(line->link);
	return 1;
}

int share_line_send_answer(struct share_line *line, bool *full)
{
	size_t len;

	*full = false;
	if (line->open && is_late(line)) {
		line->out_len = line->out_sent = 0;
		incoming_expect_credits(&line->incoming, false);
		return close_exchange(line, true);
	}
	while (!*full && (len = may_send(line)) > 0) {
		ssize_t sent = send_bytes(line, line->out + line->out_sent, len, full);

		if (sent < 0)
			return (int)sent;
		line->out_sent += (size_t)sent;
		line->begun = line->begun || sent > 0;
	}
	if (!line->open || line->out_sent < line->out_len)
		return 0;
	return close_exchange(line, false);
}

/* When the silence is long enough for what has come to be what it is. */
static int64_t silence_at(const struct share_line *line)
{
	int64_t patience = incoming_patience(&line->incoming);

	return patience < INT64_MAX ? line->heard + patience : INT64_MAX;
}

/* It is looked now what has come. Where nobody did for long, it may have come at any time since then; so may what still comes at once. */
static void note_look(struct share_line *line, int64_t now)
{
	if (now >= line->settled)
		line->since = line->looked;
	if (now > line->looked + ABSENT_US) {
		line->settled = now + SETTLE_US;
		if (line->out_sent)
			line->asked = INT64_MIN;
	}
	line->looked = now;
}

static int receive(struct share_line *line, size_t most)
{
	size_t room;
	uint8_t *bytes = incoming_room(&line->incoming, &room);
	ssize_t len = bytelink_read(line->link, bytes, room < most ? room : most);
	int64_t now = bytelink_now(line->link);

	if (len < 0)
		return failed(line, (int)len);
	note_look(line, now);
	if (len > 0) {
		line->heard = now;
		incoming_fed(&line->incoming, (size_t)len);
	} else if (now >= silence_at(line)) {
		incoming_silence(&line->incoming);
	}
	return 0;
}

int share_line_wait(struct share_line *line, size_t most, bool full, int64_t until)
{
	unsigned events = (most ? BYTELINK_READABLE : 0u) | (full ? BYTELINK_WRITABLE : 0u);
	int64_t look = earlier(bytelink_now(line->link) + LOOK_US, most ? silence_at(line) : INT64_MAX);
	int rc = bytelink_wait(line->link, events, earlier(look, until));

	if (rc < 0)
		return failed(line, rc);
	return most ? receive(line, most) : 0;
}

static void take_credit(struct share_line *line)
{
	size_t half = line->window / 2;
	size_t read = line->incoming.credit_count * half;

	if (read > line->out_read && read <= line->out_sent)
		line->out_read = read;
	if (read + half >= line->out_len)
		incoming_expect_credits(&line->incoming, false);
}

enum incoming_event share_line_next(struct share_line *line)
{
	enum incoming_event event;

	while ((event = incoming_next(&line->incoming)) == INCOMING_CREDIT)
		take_credit(line);
	return event;
}
