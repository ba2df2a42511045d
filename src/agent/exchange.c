/* SPDX-License-Identifier: MIT */
#include "agent/exchange.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "agent/answer.h"
#include "base/earlier.h"

enum {
	KEEPALIVE_US = 1500000, /* between two frames to the board, well below AGENT_IDLE_US */
	PROBE_US = 1000000,     /* silence after which the board is asked whether it got the request... */
	PROBE_MAX_US = 4000000, /* ... then after twice as long, up to this, which is below AGENT_IDLE_US */
	LATE_US = 2000000,      /* who looks after an exchange so much later than it asked for was stopped meanwhile */
	DAMAGE_US = 80000,      /* silence behind something damaged after which the request is sent again... */
	BABBLE_US = 500000,     /* ... or how long it is then waited for such a silence */
	TRIES_MAX = 20,         /* times that a request is sent before the board is taken for mad */
	PINGS_FROM = 0x80,      /* pings are numbered from here, requests below: they must not bring a number back */
	FOLLOW_US = 10000,      /* what waits at least this long behind a request that was let by may let its follower by, too */
	MISSES_MAX = 2,         /* signs of life without an answer, with nothing else to do, after which the agent has ended */
	UNDER_WAY_MAX = 3,      /* requests at the board at a time */
	URGENT_MAX = 16,        /* requests that may go before a bulk one that waits */
	LEAD_SLOW = 512,        /* bytes still to come when the next bulk request is sent, on a line with a window... */
	LEAD_FAST = 8192,       /* ... and on one without */
};

/* A list of requests, first in, first out. */
struct list {
	struct exchange_request *first, **last;
};

struct exchange {
	int64_t timeout_us;
	exchange_trace_fn *trace;
	void *trace_context;
	struct frame_reader reader;
	struct exchange_hello hello;
	struct exchange_counts counts;

	struct list urgent, bulk, under_way, finished;
	uint8_t next_sequence, next_ping;
	unsigned window;
	int64_t bulk_from; /* bulk requests that were added before `bulk_passed` wait until then */
	int64_t bulk_passed;
	unsigned urgent_streak; /* requests that went before a waiting bulk one */

	/* The frame that is being sent: out[out_sent .. out_len]. `unread`: sent, pings apart, and not known to be read. */
	uint8_t out[FRAME_SIZE_MAX];
	size_t out_len, out_sent, unread;
	struct exchange_request *sending; /* NULL: a ping, or nothing */

	int64_t heard, spoken; /* the last byte from the board, the last byte to it */
	int64_t alive;         /* the last frame or credit that brought something on: what a program prints, and what was not
	                          asked for, is no sign of the agent */
	int64_t probe_at;      /* when the board is asked for a sign of life */
	int64_t probe_pause;   /* how long it is then waited */
	bool probing;          /* a ping is under way */
	bool probe_follows;    /* ... that was sent behind all that is under way */
	uint8_t probe_sequence;
	bool ping_due;
	bool damaged;       /* nonsense was read since the last good answer... */
	int64_t damaged_at; /* ... first at this time */
	bool lapsed;        /* nothing was said for so long that the agent has ended */
	int64_t paused;     /* when it was found to have lapsed because nobody had looked after it in time */
	unsigned misses;    /* signs of life, one after the other, that were not answered in time */
	bool silent;        /* dead, until something is heard */
	int64_t silent_at;  /* since when */
	int64_t patience_us;
	bool failed; /* dead for good */
};

static void list_init(struct list *list)
{
	list->first = NULL;
	list->last = &list->first;
}

static void list_add(struct list *list, struct exchange_request *request)
{
	request->next = NULL;
	*list->last = request;
	list->last = &request->next;
}

static struct exchange_request *list_take(struct list *list)
{
	struct exchange_request *request = list->first;

	if (request) {
		list->first = request->next;
		if (!list->first)
			list->last = &list->first;
	}
	return request;
}

struct exchange *exchange_open(int64_t now, int64_t timeout_us, exchange_trace_fn *trace, void *context)
{
	struct exchange *exchange = calloc(1, sizeof(*exchange));

	if (!exchange)
		return NULL;
	exchange->timeout_us = timeout_us;
	exchange->trace = trace;
	exchange->trace_context = context;
	exchange->window = AGENT_WINDOW;
	exchange->heard = exchange->spoken = exchange->alive = now;
	exchange->bulk_from = exchange->bulk_passed = INT64_MIN;
	frame_reader_init(&exchange->reader);
	list_init(&exchange->urgent);
	list_init(&exchange->bulk);
	list_init(&exchange->under_way);
	list_init(&exchange->finished);
	return exchange;
}

void exchange_close(struct exchange *exchange)
{
	free(exchange);
}

void exchange_set_window(struct exchange *exchange, unsigned window)
{
	exchange->window = window;
}

static void finish(struct exchange *exchange, struct exchange_request *request, int result)
{
	request->result = result;
	request->state = EXCHANGE_FINISHED;
	list_add(&exchange->finished, request);
}

static void finish_all(struct exchange *exchange, struct list *list, int result)
{
	struct exchange_request *request;

	while ((request = list_take(list)))
		finish(exchange, request, result);
}

/* What was being sent is forgotten. */
static void forget_output(struct exchange *exchange)
{
	exchange->sending = NULL;
	exchange->out_len = exchange->out_sent = exchange->unread = 0;
}

void exchange_give_up(struct exchange *exchange)
{
	forget_output(exchange);
	finish_all(exchange, &exchange->under_way, -EIO);
	finish_all(exchange, &exchange->urgent, -EIO);
	finish_all(exchange, &exchange->bulk, -EIO);
}

/* What is under way and only reads is to be asked again. */
static void take_back(struct exchange *exchange)
{
	struct list before = exchange->under_way;
	struct exchange_request *request;

	list_init(&exchange->under_way);
	while (before.first && (request = list_take(&before))) {
		request->state = EXCHANGE_QUEUED;
		if (request->kind == EXCHANGE_CHANGES)
			finish(exchange, request, -EIO);
		else
			list_add(&exchange->under_way, request);
	}
}

void exchange_silence(struct exchange *exchange, int64_t now)
{
	if (!exchange->silent)
		exchange->silent_at = now;
	exchange->silent = true;
	exchange->spoken = now;
	forget_output(exchange);
	take_back(exchange);
	if (!exchange->patience_us)
		exchange_give_up(exchange);
}

void exchange_set_patience(struct exchange *exchange, int64_t patience_us)
{
	exchange->patience_us = patience_us;
}

bool exchange_waits(const struct exchange *exchange)
{
	return exchange->under_way.first || exchange->urgent.first || exchange->bulk.first;
}

void exchange_fail(struct exchange *exchange)
{
	exchange->failed = true;
	exchange_give_up(exchange);
}

bool exchange_dead(const struct exchange *exchange)
{
	return exchange->failed || exchange->silent;
}

const struct exchange_hello *exchange_hello(const struct exchange *exchange)
{
	return &exchange->hello;
}

const struct exchange_counts *exchange_counts(const struct exchange *exchange)
{
	return &exchange->counts;
}

struct exchange_request *exchange_finished(struct exchange *exchange)
{
	return list_take(&exchange->finished);
}

void exchange_add(struct exchange *exchange, struct exchange_request *request, int64_t now)
{
	request->result = 0;
	request->board_errno = 0;
	request->words[0] = 0;
	request->answer_len = 0;
	request->state = EXCHANGE_QUEUED;
	request->tries = 0;
	request->heard = 0;
	request->added = now;
	if (exchange->failed || (exchange->silent && !exchange->patience_us))
		finish(exchange, request, -EIO);
	else
		list_add(request->bulk ? &exchange->bulk : &exchange->urgent, request);
}

static int64_t last_byte(const struct exchange *exchange)
{
	return exchange->heard > exchange->spoken ? exchange->heard : exchange->spoken;
}

bool exchange_lapsed(const struct exchange *exchange, int64_t now)
{
	return !exchange_dead(exchange) && (exchange->lapsed || now - last_byte(exchange) >= AGENT_IDLE_US);
}

/* Has to be asked before anything is sent or heard at NOW. Returns whether nothing may be sent. */
static bool note_lapse(struct exchange *exchange, int64_t now)
{
	bool before = exchange->lapsed;
	bool late = exchange_deadline(exchange) <= now - LATE_US;

	exchange->lapsed = exchange_lapsed(exchange, now);
	if (exchange->lapsed && !before && late)
		exchange->paused = now;
	return exchange->lapsed || exchange_dead(exchange);
}

static void number(struct exchange *exchange, struct exchange_request *request)
{
	request->sequence = exchange->next_sequence;
	exchange->next_sequence = (uint8_t)((exchange->next_sequence + 1) % PINGS_FROM);
}

void exchange_restart(struct exchange *exchange, const struct exchange *first, unsigned window, int64_t now)
{
	struct exchange_request *request;

	/* The agent takes the number of its last request for a repetition of that request. */
	exchange->next_sequence = first->next_sequence;
	take_back(exchange);
	for (request = exchange->under_way.first; request; request = request->next) {
		number(exchange, request);
		request->added = now;
	}
	frame_reader_init(&exchange->reader);
	exchange->hello = first->hello;
	exchange->window = window;
	forget_output(exchange);
	exchange->misses = 0;
	exchange->heard = exchange->spoken = exchange->alive = now;
	exchange->probing = exchange->ping_due = exchange->damaged = exchange->lapsed = exchange->silent = false;
	exchange->probe_at = now + PROBE_US;
	exchange->probe_pause = PROBE_US;
}

static size_t frame_size(const struct exchange_request *request)
{
	return AGENT_HEADER_SIZE + request->len + AGENT_TRAILER_SIZE;
}

/* What changes something or is longer than the window has the line for itself. */
static bool alone(const struct exchange *exchange, const struct exchange_request *request)
{
	return request->kind == EXCHANGE_CHANGES || (exchange->window && frame_size(request) > exchange->window);
}

/* How many bytes the board still has to send for what is under way, as far as it can be known. */
static size_t still_to_come(const struct exchange *exchange)
{
	const struct exchange_request *request = exchange->under_way.first;
	size_t lacks = frame_reader_lacks(&exchange->reader);
	size_t sum = 0;

	for (; request; request = request->next) {
		sum += lacks ? lacks : request->answer_room;
		lacks = 0;
	}
	return sum;
}

/* Whether REQUEST can go to the board now, beside what is under way. */
static bool may_start(const struct exchange *exchange, const struct exchange_request *request)
{
	const struct exchange_request *other = exchange->under_way.first;
	unsigned count = 0;

	if (!other)
		return true;
	if (alone(exchange, request) || exchange->damaged || exchange->probing)
		return false;
	for (; other; other = other->next, count++)
		if (alone(exchange, other))
			return false;
	if (count >= UNDER_WAY_MAX)
		return false;
	if (exchange->window && exchange->unread + frame_size(request) > exchange->window)
		return false;
	return !request->bulk || still_to_come(exchange) <= (exchange->window ? LEAD_SLOW : LEAD_FAST);
}

/* Bulk makes way once more for who came while it waited: a stat rarely comes alone. */
static bool bulk_waits(const struct exchange *exchange, int64_t now)
{
	const struct exchange_request *request = exchange->bulk.first;

	return request && request->added < exchange->bulk_passed && now < exchange->bulk_from;
}

static void encode(struct exchange *exchange, uint8_t type, uint8_t sequence, const void *payload, size_t len)
{
	exchange->out_len = frame_encode(exchange->out, type, sequence, payload, len);
	exchange->out_sent = 0;
	if (exchange->trace) {
		struct frame frame = {.type = type, .sequence = sequence, .len = (uint16_t)len, .payload = payload};

		exchange->trace(exchange->trace_context, true, &frame, NULL);
	}
}

static void start(struct exchange *exchange, struct exchange_request *request)
{
	request->state = EXCHANGE_SENDING;
	answer_start(request);
	exchange->sending = request;
	encode(exchange, request->op, request->sequence, request->payload, request->len);
}

static void start_ping(struct exchange *exchange)
{
	exchange->ping_due = false;
	exchange->probing = true;
	exchange->probe_follows = exchange->under_way.first != NULL;
	exchange->probe_sequence = (uint8_t)(PINGS_FROM | exchange->next_ping++);
	encode(exchange, AGENT_PING, exchange->probe_sequence, NULL, 0);
}

/* The request that is under way and has to be sent (again), if there is one. */
static struct exchange_request *unsent(const struct exchange *exchange)
{
	struct exchange_request *request = exchange->under_way.first;

	while (request && request->state == EXCHANGE_SENT)
		request = request->next;
	return request;
}

/* The list whose first request is next; NULL: none is. */
static struct list *next_list(struct exchange *exchange, int64_t now)
{
	if (exchange->bulk.first && exchange->urgent_streak >= URGENT_MAX)
		return &exchange->bulk;
	if (exchange->urgent.first)
		return &exchange->urgent;
	return exchange->bulk.first && !bulk_waits(exchange, now) ? &exchange->bulk : NULL;
}

static void start_next(struct exchange *exchange, int64_t now)
{
	struct exchange_request *request = unsent(exchange);
	struct list *list;

	if (request) {
		start(exchange, request);
		return;
	}
	if (exchange->ping_due) {
		start_ping(exchange);
		return;
	}
	list = next_list(exchange, now);
	if (!list || !may_start(exchange, list->first))
		return;
	if (!exchange->under_way.first) {
		exchange->probe_at = now + PROBE_US;
		exchange->probe_pause = PROBE_US;
		exchange->probe_follows = false;
		exchange->probing = false; /* the answer to what is on its way will tell the same */
		exchange->damaged = false;
	}
	request = list_take(list);
	exchange->urgent_streak = request->bulk || !exchange->bulk.first ? 0 : exchange->urgent_streak + 1;
	number(exchange, request);
	list_add(&exchange->under_way, request);
	start(exchange, request);
}

struct exchange_request *exchange_take(struct exchange *exchange)
{
	struct exchange_request *request = unsent(exchange);
	struct list *list;

	if (!request) {
		list = next_list(exchange, INT64_MAX);
		request = list ? list_take(list) : NULL;
		if (!request)
			return NULL;
		exchange->urgent_streak = request->bulk || !exchange->bulk.first ? 0 : exchange->urgent_streak + 1;
		list_add(&exchange->under_way, request);
	}
	request->state = EXCHANGE_SENT;
	return request;
}

size_t exchange_output(struct exchange *exchange, int64_t now, const uint8_t **bytes)
{
	if (note_lapse(exchange, now))
		return 0;
	if (exchange->out_sent == exchange->out_len)
		start_next(exchange, now);
	size_t left = exchange->out_len - exchange->out_sent;
	/* A ping is sent in any case: it fits beside a full window into any ring, and tells whether the window is full. */
	if (exchange->window && exchange->sending) {
		size_t room = exchange->unread < exchange->window ? exchange->window - exchange->unread : 0;
		if (left > room)
			left = room;
	}
	*bytes = exchange->out + exchange->out_sent;
	return left;
}

void exchange_sent(struct exchange *exchange, size_t len, int64_t now)
{
	exchange->out_sent += len;
	if (exchange->sending)
		exchange->unread += len;
	exchange->spoken = now;
	if (exchange->out_sent < exchange->out_len)
		return;
	if (exchange->sending)
		exchange->sending->state = EXCHANGE_SENT;
	exchange->sending = NULL;
	/* The answer cannot be expected before the request was there. */
	if (exchange->probe_at < now + exchange->probe_pause)
		exchange->probe_at = now + exchange->probe_pause;
}

/* Everything under way is sent again, in its order. The board has read, or lost, all that was sent. */
static void send_again(struct exchange *exchange)
{
	struct list again = exchange->under_way;
	struct exchange_request *request;

	exchange->out_len = exchange->out_sent = 0;
	exchange->sending = NULL;
	exchange->unread = 0;
	exchange->damaged = false;
	exchange->probing = false;
	if (!again.first)
		return;
	list_init(&exchange->under_way);
	/* Only the first has failed: the others wait for it. */
	if (++again.first->tries > TRIES_MAX)
		finish(exchange, list_take(&again), -EIO);
	while ((request = list_take(&again))) {
		request->state = EXCHANGE_QUEUED;
		exchange->counts.resent++;
		list_add(&exchange->under_way, request);
	}
}

void exchange_complete(struct exchange *exchange, int result, int64_t now)
{
	struct exchange_request *request = list_take(&exchange->under_way);

	exchange->unread -= exchange->unread < frame_size(request) ? exchange->unread : frame_size(request);
	if (!exchange->under_way.first) {
		exchange->unread = 0;
		exchange->probe_follows = false;
	}
	exchange->probe_at = now + PROBE_US;
	exchange->probe_pause = PROBE_US;
	if (!request->bulk && exchange->bulk.first) {
		exchange->bulk_passed = now;
		exchange->bulk_from = now + FOLLOW_US;
	}
	finish(exchange, request, result);
}

static void set_damaged(struct exchange *exchange)
{
	if (!exchange->damaged)
		exchange->damaged_at = exchange->heard;
	exchange->damaged = true;
}

/* The answers come in order, so a ping that is answered tells of what was asked before it: it never arrived. */
static void take_ping(struct exchange *exchange)
{
	exchange->probing = false;
	if (!exchange->probe_follows)
		return;
	exchange->unread = 0;
	send_again(exchange);
}

/* Returns whether it was a sign of life. */
static bool take_answer(struct exchange *exchange, const struct frame *frame, int64_t now)
{
	struct exchange_request *request = exchange->under_way.first;

	if (exchange->probing && frame->sequence == exchange->probe_sequence && frame->type == AGENT_DONE) {
		take_ping(exchange);
		return true;
	}
	if (!request || request->state != EXCHANGE_SENT || request->sequence != frame->sequence)
		return false; /* late, or the answer to what was damaged: what is missing will be asked again */
	exchange->damaged = false;
	enum answer_event event = answer_take(request, frame);
	if (event == ANSWER_BAD) {
		exchange->counts.damaged++;
		set_damaged(exchange);
	}
	if (frame->type == AGENT_MORE)
		return answer_brings_on(request, frame);
	if (event != ANSWER_BAD)
		exchange_complete(exchange, event == ANSWER_FAILED ? -EREMOTEIO : 0, now);
	return event != ANSWER_BAD;
}

/* Returns whether it was a sign of life. */
static bool take_frame(struct exchange *exchange, int64_t now)
{
	const struct frame *frame = &exchange->reader.frame;

	if (exchange->trace)
		exchange->trace(exchange->trace_context, false, frame, NULL);
	switch (frame->type) {
	case AGENT_HELLO:
		answer_hello(frame, &exchange->hello);
		return false;
	case AGENT_NAK:
		exchange->counts.naks++;
		send_again(exchange);
		return true;
	case AGENT_DONE:
	case AGENT_MORE:
	case AGENT_FAILED:
		return take_answer(exchange, frame, now);
	default:
		return false; /* of a later version of the protocol: not ours */
	}
}

/* Returns whether it was a sign of life. */
static bool take_credit(struct exchange *exchange)
{
	const struct exchange_request *request = exchange->sending;
	const struct frame_reader *reader = &exchange->reader;
	size_t read = (size_t)reader->credit_count * (exchange->window / 2);

	if (!request || reader->credit_sequence != request->sequence || read > exchange->out_sent ||
	    exchange->out_sent - read >= exchange->unread)
		return false;
	exchange->unread = exchange->out_sent - read;
	return true;
}

static void note_damage(struct exchange *exchange)
{
	exchange->counts.damaged++;
	set_damaged(exchange);
	if (exchange->trace)
		exchange->trace(exchange->trace_context, false, NULL, "damaged");
}

static void note_output(struct exchange *exchange)
{
	struct frame frame = {.payload = exchange->reader.output, .len = (uint16_t)exchange->reader.output_len};

	/* The program's words, or what is left of a frame whose first byte was damaged. */
	set_damaged(exchange);
	if (exchange->trace)
		exchange->trace(exchange->trace_context, false, &frame, "output");
}

uint8_t *exchange_room(struct exchange *exchange, size_t *room)
{
	return frame_reader_room(&exchange->reader, room);
}

/* Works on what the reader has. */
static void read_frames(struct exchange *exchange, int64_t now)
{
	enum frame_event event;

	while ((event = frame_reader_next(&exchange->reader)) != FRAME_NONE) {
		if (event == FRAME_WHOLE || event == FRAME_CREDIT) {
			exchange->silent = false;
			exchange->misses = 0;
			if (event == FRAME_WHOLE ? take_frame(exchange, now) : take_credit(exchange))
				exchange->alive = now;
		} else if (event == FRAME_DAMAGED) {
			note_damage(exchange);
		} else {
			note_output(exchange);
		}
	}
}

void exchange_received(struct exchange *exchange, size_t len, int64_t now)
{
	note_lapse(exchange, now);
	exchange->heard = now;
	frame_reader_fed(&exchange->reader, len);
	read_frames(exchange, now);
}

static bool all_sent(const struct exchange *exchange)
{
	return exchange->out_sent == exchange->out_len;
}

/* The request that has waited longest, as far as it matters: what is queued behind others ends with them. */
static const struct exchange_request *waiting(const struct exchange *exchange)
{
	if (exchange->under_way.first)
		return exchange->under_way.first;
	return exchange->urgent.first ? exchange->urgent.first : exchange->bulk.first;
}

/* When a request that waits for a dead board has waited long enough; INT64_MAX: none waits. */
static int64_t patience_deadline(const struct exchange *exchange)
{
	const struct list *lists[] = {&exchange->under_way, &exchange->urgent, &exchange->bulk};
	int64_t first = INT64_MAX;

	/* Each list is in the order in which its requests came. */
	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++)
		if (lists[i]->first && lists[i]->first->added < first)
			first = lists[i]->first->added;
	if (first == INT64_MAX)
		return first;
	return (first > exchange->silent_at ? first : exchange->silent_at) + exchange->patience_us;
}

/* Finishes what has waited long enough for a dead board. */
static void lose_patience(struct exchange *exchange, int64_t now)
{
	struct list *lists[] = {&exchange->under_way, &exchange->urgent, &exchange->bulk};

	while (now >= patience_deadline(exchange))
		for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
			const struct exchange_request *request = lists[i]->first;
			if (request && now - request->added >= exchange->patience_us)
				finish(exchange, list_take(lists[i]), -EIO);
		}
}

/*
 * When the board is taken for dead; INT64_MAX: it owes us nothing. How long we did not look, because this process was stopped or
 * this computer slept, does not count: the agent is started again then, and asked again.
 */
static int64_t death_deadline(const struct exchange *exchange)
{
	const struct exchange_request *request = waiting(exchange);
	int64_t from = exchange->alive;

	if (!request)
		return INT64_MAX;
	if (request->added > from)
		from = request->added;
	if (exchange->lapsed && exchange->paused > from)
		from = exchange->paused;
	return from + exchange->timeout_us;
}

/* When what came in damaged or cut short is given up: once the line is quiet, or soon where it never is. INT64_MAX: it was not. */
static int64_t damage_deadline(const struct exchange *exchange)
{
	int64_t quiet = last_byte(exchange) + DAMAGE_US;
	int64_t since = exchange->damaged_at > exchange->spoken ? exchange->damaged_at : exchange->spoken;

	if (!exchange->damaged)
		return frame_reader_begun(&exchange->reader) ? quiet : INT64_MAX;
	return quiet < since + BABBLE_US ? quiet : since + BABBLE_US;
}

/* When the board is asked for a sign of life. */
static int64_t probe_deadline(const struct exchange *exchange)
{
	int64_t at = exchange->alive + exchange->probe_pause;

	return at > exchange->probe_at ? at : exchange->probe_at;
}

/* When a frame that the window holds up is given up: a credit was lost, and the board's NAK, too. INT64_MAX: there is none. */
static int64_t stall_deadline(const struct exchange *exchange)
{
	bool full = exchange->window && exchange->sending && exchange->unread >= exchange->window;

	return full ? last_byte(exchange) + PROBE_US : INT64_MAX;
}

/* The board no longer waits for the rest of what is being sent: a ping finds out whether it is there. */
static void stop_sending(struct exchange *exchange)
{
	exchange->sending->state = EXCHANGE_SENT;
	exchange->sending = NULL;
	exchange->out_len = exchange->out_sent = 0;
	exchange->ping_due = true;
}

/* With nothing else to do the agent answers at once: one that does not is no more. */
static void keep_alive(struct exchange *exchange, int64_t now)
{
	if (now - exchange->spoken < KEEPALIVE_US || exchange->ping_due)
		return;
	exchange->misses = exchange->probing ? exchange->misses + 1 : 0;
	exchange->ping_due = true;
	if (exchange->misses >= MISSES_MAX)
		exchange->lapsed = true;
}

static void probe(struct exchange *exchange, int64_t now)
{
	exchange->ping_due = true;
	if (exchange->probe_pause < PROBE_MAX_US)
		exchange->probe_pause *= 2;
	exchange->probe_at = now + exchange->probe_pause;
}

/* No more comes of what was damaged or cut short. A whole answer may be in it; if none is, a ping tells what the board knows. */
static void settle_damage(struct exchange *exchange, int64_t now)
{
	bool quiet = now - last_byte(exchange) >= DAMAGE_US;

	while (quiet && frame_reader_begun(&exchange->reader)) {
		frame_reader_give_up(&exchange->reader);
		read_frames(exchange, now);
	}
	exchange->damaged = false;
	exchange->ping_due = exchange->under_way.first && !unsent(exchange);
}

/* What is due while requests are under way. */
static void look_after(struct exchange *exchange, int64_t now)
{
	if (now >= stall_deadline(exchange)) {
		stop_sending(exchange);
	} else if (!all_sent(exchange) || unsent(exchange)) {
		return;
	} else if (now >= damage_deadline(exchange)) {
		settle_damage(exchange, now);
	} else if (now >= probe_deadline(exchange)) {
		probe(exchange, now);
	}
}

void exchange_tick(struct exchange *exchange, int64_t now)
{
	bool held = note_lapse(exchange, now);

	if (exchange->silent)
		lose_patience(exchange, now);
	else if (now >= death_deadline(exchange))
		exchange_silence(exchange, now);
	else if (!held && exchange->under_way.first)
		look_after(exchange, now);
	else if (!held)
		keep_alive(exchange, now);
}

int64_t exchange_deadline(const struct exchange *exchange)
{
	int64_t at = exchange->silent ? patience_deadline(exchange) : death_deadline(exchange);

	if (exchange_dead(exchange) || exchange->lapsed)
		return at;
	if (!all_sent(exchange) || exchange->ping_due || unsent(exchange))
		return earlier(at, stall_deadline(exchange));
	if (exchange->under_way.first)
		return earlier(at, earlier(probe_deadline(exchange), damage_deadline(exchange)));
	if (exchange->bulk.first)
		at = earlier(at, exchange->bulk_from);
	return earlier(at, exchange->spoken + KEEPALIVE_US);
}
