/* SPDX-License-Identifier: MIT */
#include "share/typed.h"

#include <string.h>

#include "base/earlier.h"

static size_t smaller(size_t a, size_t b)
{
	return a < b ? a : b;
}

static int64_t later(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

/* The first COUNT bytes, all of which have gone, were read. */
static void forget(struct typed *typed, size_t count)
{
	typed->len -= count;
	memmove(typed->bytes, typed->bytes + count, typed->len);
	typed->sent -= count;
	typed->mark -= smaller(count, typed->mark);
}

/* The board's ring is empty, as far as it seems. */
static void empty_ring(struct typed *typed)
{
	typed->ring = 0;
	typed->answered = typed->regardless = false;
}

void typed_init(struct typed *typed)
{
	memset(typed, 0, sizeof(*typed));
	typed->pause = TYPED_QUIET_US;
}

void typed_begin(struct typed *typed, bool loses)
{
	forget(typed, typed->sent);
	typed->pause = TYPED_QUIET_US;
	typed->put_off = 0;
	typed->loses = loses;
	typed->gap = 0;
	typed->believed = false;
	empty_ring(typed);
}

void typed_drop(struct typed *typed)
{
	typed->len = typed->sent = typed->mark = 0;
}

const uint8_t *typed_waiting(const struct typed *typed, size_t *len)
{
	*len = typed->len - typed->sent;
	return typed->bytes + typed->sent;
}

size_t typed_room(const struct typed *typed)
{
	size_t waiting = typed->len - typed->sent;

	return waiting < TYPED_WAITING ? TYPED_WAITING - waiting : 0;
}

void typed_add(struct typed *typed, const uint8_t *bytes, size_t len, bool lines)
{
	if (len > TYPED_MAX - typed->len) /* no way to a board is so long */
		forget(typed, smaller(typed->sent, len - (TYPED_MAX - typed->len)));
	for (size_t i = 0; i < len && typed->len < TYPED_MAX; i++) {
		uint8_t byte = bytes[i];
		bool second = byte == '\n' && typed->after_cr;

		typed->after_cr = byte == '\r';
		if (lines && second)
			continue;
		typed->bytes[typed->len++] = lines && byte == '\n' ? '\r' : byte;
	}
}

/* --- Requests --- */

/* What had gone before a request of which it is the TRY TRIES, is out of the ring, one way or the other. */
static void mark(struct typed *typed, unsigned tries)
{
	typed->tries = tries;
	typed->mark = typed->sent;
	typed->believed = false;
	empty_ring(typed);
}

void typed_asked(struct typed *typed, unsigned tries)
{
	if (typed->mark)
		typed->pause = TYPED_QUIET_US;
	forget(typed, typed->mark);
	mark(typed, tries);
}

void typed_returned(struct typed *typed, unsigned tries, size_t sure, size_t maybe, unsigned seen)
{
	size_t count = seen == typed->tries ? sure + maybe : sure;
	size_t unread = smaller(count, typed->mark);

	if (unread < typed->mark)
		typed->pause = TYPED_QUIET_US;
	else
		typed->pause = earlier(2 * typed->pause, TYPED_QUIET_MAX_US);
	forget(typed, typed->mark - unread);
	typed->sent = 0;
	mark(typed, tries);
}

void typed_asked_again(struct typed *typed, unsigned tries, bool answered)
{
	if (answered) {
		typed->sent = typed->mark;
		tries = typed->tries;
	}
	mark(typed, tries);
}

void typed_exchanged(struct typed *typed, int64_t now)
{
	if (typed->sent == typed->len)
		typed->put_off = 0;
	else if (!typed->put_off)
		typed->put_off = now;
	typed->from = now + typed->pause;
	if (typed->put_off)
		typed->from = earlier(typed->from, later(now, typed->put_off + later(TYPED_PUT_OFF_US, typed->pause)));
}

/* --- The ring --- */

void typed_heard(struct typed *typed, int64_t now)
{
	if (typed->believed && now - typed->heard > TYPED_SILENT_US)
		typed->gap = later(now - later(typed->heard, typed->said), typed->gap * 5 / 8);
	typed->answered = typed->ring > 0;
	typed->heard = now;
}

/* When silence behind output tells that all that has gone was read. */
static int64_t believed_at(const struct typed *typed)
{
	if (!typed->answered)
		return INT64_MAX;
	return later(typed->heard, typed->said) + (typed->believed ? 2 * typed->gap : 0) + TYPED_SILENT_US;
}

/* Whether a full ring is one still at NOW. */
static void look_at_ring(struct typed *typed, int64_t now)
{
	if (!typed->loses || typed->ring < TYPED_RING)
		return;
	if (now >= believed_at(typed)) {
		empty_ring(typed);
		typed->believed = true;
	} else if (now >= typed->said + TYPED_STUCK_US) {
		typed->regardless = true;
	}
}

static size_t ring_room(const struct typed *typed)
{
	if (!typed->loses || typed->regardless)
		return TYPED_PIECE;
	return TYPED_RING - smaller(typed->ring, TYPED_RING);
}

size_t typed_due(struct typed *typed, int64_t now, int64_t *next)
{
	size_t waiting = typed->len - typed->sent;

	*next = waiting ? typed->from : INT64_MAX;
	if (!waiting || now < typed->from)
		return 0;
	look_at_ring(typed, now);
	size_t room = ring_room(typed);
	if (!room)
		*next = earlier(believed_at(typed), typed->said + TYPED_STUCK_US);
	return smaller(smaller(waiting, TYPED_PIECE), room);
}

/* Takes the Ctrl-Cs out of the LEN bytes that come next: they do not stay in a ring, and are never given back. Returns how many are left. */
static size_t take_interrupts(struct typed *typed, size_t len)
{
	uint8_t *bytes = typed->bytes + typed->sent;
	size_t kept = 0;

	for (size_t i = 0; i < len; i++)
		if (bytes[i] != TYPED_CTRL_C)
			bytes[kept++] = bytes[i];
	memmove(bytes + kept, bytes + len, typed->len - typed->sent - len);
	typed->len -= len - kept;
	return kept;
}

void typed_sent(struct typed *typed, size_t len, int64_t now)
{
	size_t kept = take_interrupts(typed, len);

	typed->sent += kept;
	typed->ring += kept;
	if (!typed->regardless)
		typed->said = now;
	typed->put_off = 0;
	typed->from = later(typed->from, now + (typed->regardless ? TYPED_SLOW_US : TYPED_PIECE_US));
}
