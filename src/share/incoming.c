/* SPDX-License-Identifier: MIT */
#include "share/incoming.h"

#include <string.h>

enum {
	AHEAD = 8, /* requests that a board may have given up since the last one that came */
};

void incoming_init(struct incoming *incoming)
{
	memset(incoming, 0, sizeof(*incoming));
}

uint8_t *incoming_room(struct incoming *incoming, size_t *room)
{
	memmove(incoming->bytes, incoming->bytes + incoming->start, incoming->end - incoming->start);
	incoming->scan -= incoming->start;
	incoming->end -= incoming->start;
	incoming->start = 0;
	*room = sizeof(incoming->bytes) - incoming->end;
	return incoming->bytes + incoming->end;
}

void incoming_fed(struct incoming *incoming, size_t len)
{
	incoming->end += len;
	incoming->silent = false;
}

void incoming_expect_credits(struct incoming *incoming, bool expected)
{
	incoming->credits = expected;
}

int64_t incoming_patience(const struct incoming *incoming)
{
	size_t waits = incoming->end - incoming->start;

	if (!waits)
		return INT64_MAX;
	return waits < INCOMING_REQUEST_MIN ? INCOMING_SHORT_US : INCOMING_SILENCE_US;
}

void incoming_silence(struct incoming *incoming)
{
	incoming->silent = true;
}

/* What is at `scan`. */
enum look {
	LOOK_OUTPUT,
	LOOK_DAMAGED, /* it may have been a request */
	LOOK_MORE,    /* more bytes are needed to tell */
	LOOK_REQUEST,
	LOOK_CREDIT,
	LOOK_BAD_CREDIT,
};

static bool is_op(uint8_t type)
{
	static const uint8_t ops[] = {SHARE_HELLO,  SHARE_STAT,    SHARE_IMPORT,  SHARE_LIST,  SHARE_OPEN,  SHARE_READ,
				      SHARE_WRITE,  SHARE_SIZE,    SHARE_CLOSE,   SHARE_MKDIR, SHARE_RMDIR, SHARE_REMOVE,
				      SHARE_RENAME, SHARE_STATVFS, SHARE_PROGRAM, SHARE_BYTES, SHARE_END};

	return memchr(ops, type, sizeof(ops)) != NULL;
}

static bool is_next(const struct incoming *incoming, uint8_t sequence)
{
	unsigned behind = incoming->run;

	return !incoming->started || (uint8_t)(sequence - incoming->sequence + behind) <= AHEAD + behind;
}

/* Whether the first HAVE bytes of P, which begin no frame, may be what the line has made of a request's first ones. */
static bool may_be_damaged(const struct incoming *incoming, const uint8_t *p, size_t have)
{
	if (have < 4)
		return true;
	bool op = is_op(p[1]), channel = p[2] == SHARE_CHANNEL, next = is_next(incoming, p[3]);

	return op + channel + next >= 2 || (p[1] == SHARE_CHANNEL && is_next(incoming, p[2])) ||
	       (op && is_next(incoming, p[2])) || (op && p[2] == p[1] && p[3] == SHARE_CHANNEL);
}

static enum look look_at_frame(struct incoming *incoming, const uint8_t *p, size_t have)
{
	if (have >= AGENT_HEADER_SIZE && frame_header_good(p, SHARE_PAYLOAD_MAX)) {
		if (!is_op(p[1]) || p[2] != SHARE_CHANNEL || !is_next(incoming, p[3]))
			return LOOK_OUTPUT;
		size_t size = AGENT_HEADER_SIZE + (size_t)(p[4] | p[5] << 8) + AGENT_TRAILER_SIZE;
		if (have < size)
			return LOOK_MORE;
		return frame_decode(p, size, &incoming->frame) && incoming->frame.len ? LOOK_REQUEST : LOOK_DAMAGED;
	}
	if (!may_be_damaged(incoming, p, have))
		return LOOK_OUTPUT;
	return have < AGENT_HEADER_SIZE ? LOOK_MORE : LOOK_DAMAGED;
}

static enum look look_at_credit(struct incoming *incoming, const uint8_t *p, size_t have)
{
	if (!incoming->credits)
		return LOOK_OUTPUT;
	if (have < AGENT_CREDIT_SIZE)
		return LOOK_MORE;
	bool sum = (p[1] ^ p[2] ^ p[3]) == 0xff;

	if (p[1] != incoming->sequence)
		return (p[2] ^ p[3] ^ incoming->sequence) == 0xff ? LOOK_BAD_CREDIT : LOOK_OUTPUT;
	incoming->credit_count = p[2];
	return sum ? LOOK_CREDIT : LOOK_BAD_CREDIT;
}

static enum look look(struct incoming *incoming)
{
	const uint8_t *p = incoming->bytes + incoming->scan;
	size_t have = incoming->end - incoming->scan;
	enum look result = LOOK_OUTPUT;

	if (*p == AGENT_FRAME_MARK)
		result = look_at_frame(incoming, p, have);
	else if (*p == AGENT_CREDIT_MARK)
		result = look_at_credit(incoming, p, have);
	return result == LOOK_MORE && incoming->silent ? LOOK_DAMAGED : result;
}

/* What is before `scan` is output. */
static enum incoming_event give_output(struct incoming *incoming)
{
	incoming->output = incoming->bytes + incoming->start;
	incoming->output_len = incoming->scan - incoming->start;
	incoming->start = incoming->scan;
	incoming->held = false;
	return INCOMING_OUTPUT;
}

/* Whether FRAME tells that the one before it did not come whole: it was asked before, or there is a gap. */
static bool tells_damage(const struct incoming *incoming, const struct frame *frame)
{
	return frame->payload[0] & SHARE_COUNT || (incoming->started && frame->sequence != (uint8_t)(incoming->sequence + 1));
}

/* How many writes of the run that FRAME ends may come again, behind it. */
static uint8_t run_before(const struct frame *frame)
{
	return frame->type == SHARE_WRITE && frame->len > 2 ? frame->payload[2] >> 4 : 0;
}

static enum incoming_event give_request(struct incoming *incoming)
{
	incoming->scan += AGENT_HEADER_SIZE + (size_t)incoming->frame.len + AGENT_TRAILER_SIZE;
	incoming->start = incoming->scan;
	incoming->held = false;
	incoming->started = true;
	incoming->damage = incoming->frame.payload[0] & SHARE_COUNT ? INCOMING_DAMAGED : INCOMING_CLEAN;
	incoming->sequence = incoming->frame.sequence;
	incoming->run = run_before(&incoming->frame);
	return INCOMING_REQUEST;
}

/* At `scan` is what may have been a request. */
static void note_damage(struct incoming *incoming)
{
	const uint8_t *p = incoming->bytes + incoming->scan;

	if (incoming->end - incoming->scan < AGENT_HEADER_SIZE)
		return; /* a mark and little behind it, as any program may print */
	if (p[1] == SHARE_END)
		incoming->damage = INCOMING_END_DAMAGED;
	else if (!incoming->damage)
		incoming->damage = INCOMING_DAMAGED;
}

static void skip_credit(struct incoming *incoming)
{
	incoming->scan += AGENT_CREDIT_SIZE;
	incoming->start = incoming->scan;
}

/* Whether what is held is more than a request can be. */
static bool holds_too_much(const struct incoming *incoming)
{
	return incoming->held && incoming->scan - incoming->start > INCOMING_FRAME_MAX;
}

enum incoming_event incoming_next(struct incoming *incoming)
{
	while (incoming->scan < incoming->end && !holds_too_much(incoming)) {
		enum look what = look(incoming);

		if (what == LOOK_DAMAGED)
			note_damage(incoming);
		if (what == LOOK_OUTPUT || (what == LOOK_DAMAGED && incoming->held)) {
			incoming->scan++;
			continue;
		}
		if (what == LOOK_MORE)
			break;
		if (incoming->start < incoming->scan &&
		    !(incoming->held && what == LOOK_REQUEST && tells_damage(incoming, &incoming->frame)))
			return give_output(incoming);
		if (what == LOOK_REQUEST)
			return give_request(incoming);
		if (what == LOOK_DAMAGED) {
			incoming->held = true;
			incoming->scan++;
			continue;
		}
		skip_credit(incoming);
		if (what == LOOK_CREDIT)
			return INCOMING_CREDIT;
	}
	if (incoming->start == incoming->scan || (incoming->held && !incoming->silent && !holds_too_much(incoming)))
		return INCOMING_NONE;
	return give_output(incoming);
}
