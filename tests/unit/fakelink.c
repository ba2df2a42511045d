/* SPDX-License-Identifier: MIT */
#include "tests/unit/fakelink.h"

#include <ctype.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define NEVER INT64_MAX

enum { TIMERS = 32, IDLE_CALLS = 10000000, FLOOD_AHEAD = 64 };

struct timer {
	int64_t at; /* NEVER: none */
	fakelink_timer_fn *call;
	void *context;
};

/* Bytes on their way to the host, each with its time of arrival, and those the host has written. */
struct bytes {
	unsigned char *data;
	size_t len, size;
};

struct fakelink {
	pthread_mutex_t lock; /* recursive: a board's function calls back */
	pthread_cond_t changed;
	int64_t now, byte_us, gone_at, back_at, look_us;
	int gone_err;
	unsigned idle_calls; /* since the clock moved or a byte did */
	bool woken;
	struct bytes said, written;
	int64_t *due;           /* of the bytes of `said`, which has as many */
	size_t due_size, taken; /* of `said`, those before `taken` are read */
	int64_t said_until;
	const unsigned char *flood;
	size_t flood_len, flood_at, limit;
	struct timer timers[TIMERS];
	fakelink_board_fn *board;
	void *board_context;
	const struct fakelink_step *steps;
	size_t step_count, step, matched;
	int64_t delay;
	bool any;
	char problem[512];
};

static void *need(void *memory)
{
	if (!memory) {
		fputs("fakelink: out of memory\n", stderr);
		abort();
	}
	return memory;
}

static void lock(struct fakelink *fake)
{
	pthread_mutex_lock(&fake->lock);
}

static void unlock(struct fakelink *fake)
{
	pthread_mutex_unlock(&fake->lock);
}

/* A host that neither waits nor gets anywhere would hang the test. */
static void count_idle_call(struct fakelink *fake)
{
	if (++fake->idle_calls < IDLE_CALLS)
		return;
	fputs("fakelink: the host asks for ever without waiting\n", stderr);
	abort();
}

static void append(struct bytes *to, const void *bytes, size_t len)
{
	if (to->len + len + 1 > to->size) {
		to->size = (to->len + len + 1) * 2;
		to->data = need(realloc(to->data, to->size));
	}
	if (len > 0)
		memcpy(to->data + to->len, bytes, len);
	to->len += len;
	to->data[to->len] = '\0';
}

/* --- What the board says --- */

static void say(struct fakelink *fake, int64_t at, const void *bytes, size_t len)
{
	size_t from, i;

	if (fake->taken == fake->said.len)
		fake->taken = fake->said.len = 0;
	from = fake->said.len;
	append(&fake->said, bytes, len);
	if (fake->said.size > fake->due_size) {
		fake->due_size = fake->said.size;
		fake->due = need(realloc(fake->due, fake->due_size * sizeof(*fake->due)));
	}
	if (fake->said_until < at)
		fake->said_until = at;
	for (i = from; i < fake->said.len; i++) {
		fake->said_until += fake->byte_us;
		fake->due[i] = fake->said_until;
	}
	pthread_cond_broadcast(&fake->changed);
}

/* Keeps a little of the flood ready, so that what is said has an end in memory but none in time. */
static void pour(struct fakelink *fake)
{
	while (fake->flood && fake->now < fake->gone_at && fake->said.len - fake->taken < FLOOD_AHEAD) {
		say(fake, fake->now, fake->flood + fake->flood_at, 1);
		fake->flood_at = (fake->flood_at + 1) % fake->flood_len;
	}
}

static int64_t next_due(struct fakelink *fake)
{
	pour(fake);
	return fake->taken < fake->said.len ? fake->due[fake->taken] : NEVER;
}

/* Whether the link has ended, as far as the host can know: what was said in time is still there to be read. */
static bool is_gone(struct fakelink *fake)
{
	return fake->now >= fake->gone_at && (fake->taken == fake->said.len || fake->due[fake->taken] > fake->gone_at);
}

/* --- The script --- */

static void escape(char *text, size_t size, const char *bytes, size_t len)
{
	size_t used = 0, i;

	for (i = 0; i < len && used + 5 < size; i++)
		used += (size_t)snprintf(text + used, size - used, isprint((unsigned char)bytes[i]) ? "%c" : "\\x%02x",
					 (unsigned char)bytes[i]);
	text[used] = '\0';
}

static void start_flood(struct fakelink *fake, const void *bytes, size_t len)
{
	fake->flood = bytes;
	fake->flood_len = len;
	fake->flood_at = 0;
	pthread_cond_broadcast(&fake->changed);
}

static void forget(struct fakelink *fake)
{
	fake->flood = NULL;
	fake->taken = fake->said.len;
	fake->said_until = fake->now;
}

/* Takes the steps that need nothing from the host. */
static void play(struct fakelink *fake)
{
	const struct fakelink_step *step;

	for (; fake->step < fake->step_count && !fake->any; fake->step++) {
		step = &fake->steps[fake->step];
		switch (step->kind) {
		case FAKELINK_KIND_EXPECT:
		case FAKELINK_KIND_TAKE:
			return;
		case FAKELINK_KIND_SAY:
			say(fake, fake->now + fake->delay, step->bytes, step->len);
			break;
		case FAKELINK_KIND_DELAY:
			fake->delay += step->number;
			break;
		case FAKELINK_KIND_FLOOD:
			start_flood(fake, step->bytes, step->len);
			break;
		case FAKELINK_KIND_FORGET:
			forget(fake);
			break;
		case FAKELINK_KIND_GONE:
			fake->gone_at = (fake->said_until > fake->now ? fake->said_until : fake->now) + fake->delay;
			fake->gone_err = (int)step->number;
			break;
		case FAKELINK_KIND_ANY:
			fake->any = true;
			break;
		}
	}
}

static void mismatch(struct fakelink *fake, const struct fakelink_step *step, const unsigned char *bytes, size_t len)
{
	char wanted[200] = "nothing", got[200];

	if (step)
		escape(wanted, sizeof(wanted), step->bytes + fake->matched, step->len - fake->matched);
	escape(got, sizeof(got), (const char *)bytes, len);
	snprintf(fake->problem, sizeof(fake->problem), "step %zu: the host should write '%s', but wrote '%s'", fake->step, wanted,
		 got);
}

/* Gives what the host wrote to the script. */
static void match(struct fakelink *fake, const unsigned char *bytes, size_t len)
{
	const struct fakelink_step *step;

	while (len > 0 && !fake->any && !fake->problem[0]) {
		step = fake->step < fake->step_count ? &fake->steps[fake->step] : NULL;
		if (!step || (step->kind == FAKELINK_KIND_EXPECT && bytes[0] != (unsigned char)step->bytes[fake->matched])) {
			mismatch(fake, step, bytes, len);
			return;
		}
		bytes++;
		len--;
		if (++fake->matched < step->len)
			continue;
		fake->matched = 0;
		fake->delay = 0;
		fake->step++;
		play(fake);
	}
}

/* --- The clock --- */

static struct timer *next_timer(struct fakelink *fake)
{
	struct timer *next = &fake->timers[0];
	size_t i;

	for (i = 1; i < TIMERS; i++)
		if (fake->timers[i].at < next->at)
			next = &fake->timers[i];
	return next;
}

/* Moves the clock to UNTIL, or to the first timer on the way, which is called. */
static void advance(struct fakelink *fake, int64_t until)
{
	struct timer *timer = next_timer(fake), called = *timer;

	fake->idle_calls = 0;
	if (called.at > until) {
		fake->now = until;
		return;
	}
	if (called.at > fake->now)
		fake->now = called.at;
	timer->at = NEVER;
	called.call(fake, called.context);
}

/* Nothing will ever come by itself: waits for another thread. */
static void wait_really(struct fakelink *fake)
{
	struct timespec until;

	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += FAKELINK_HANG_S;
	if (pthread_cond_timedwait(&fake->changed, &fake->lock, &until) != ETIMEDOUT)
		return;
	fputs("fakelink: the host waits for ever, and the board says nothing\n", stderr);
	abort();
}

/* --- The backend --- */

static struct fakelink *fake_of(struct bytelink *link)
{
	return link->state;
}

static ssize_t fake_read(struct bytelink *self, void *buf, size_t len)
{
	struct fakelink *fake = fake_of(self);
	size_t n = 0;
	ssize_t got;

	lock(fake);
	count_idle_call(fake);
	while (n < len && next_due(fake) <= fake->now && next_due(fake) <= fake->gone_at)
		((unsigned char *)buf)[n++] = fake->said.data[fake->taken++];
	got = n == 0 && is_gone(fake) ? -fake->gone_err : (ssize_t)n;
	if (n > 0)
		fake->idle_calls = 0;
	unlock(fake);
	return got;
}

static ssize_t fake_write(struct bytelink *self, const void *buf, size_t len)
{
	struct fakelink *fake = fake_of(self);
	size_t n = len;
	ssize_t put;

	lock(fake);
	count_idle_call(fake);
	if (n > fake->limit)
		n = fake->limit;
	put = fake->now >= fake->gone_at ? -fake->gone_err : (ssize_t)n;
	if (put > 0) {
		fake->idle_calls = 0;
		append(&fake->written, buf, n);
		if (fake->board)
			fake->board(fake, fake->board_context, buf, n);
		if (fake->steps)
			match(fake, buf, n);
	}
	unlock(fake);
	return put;
}

/* What of EVENTS is true now. */
static int look(struct fakelink *fake, unsigned events)
{
	bool gone = is_gone(fake);
	unsigned true_now = 0;

	if (next_due(fake) <= fake->now || gone)
		true_now |= BYTELINK_READABLE;
	if (fake->limit > 0 || fake->now >= fake->gone_at)
		true_now |= BYTELINK_WRITABLE;
	true_now &= events;
	if (fake->woken)
		true_now |= BYTELINK_WOKEN;
	return (int)true_now;
}

/* When something happens by itself that a wait for EVENTS up to DEADLINE has to see. */
static int64_t next_event(struct fakelink *fake, unsigned events, int64_t deadline)
{
	int64_t next = deadline, due = next_due(fake), timer = next_timer(fake)->at;

	if ((events & BYTELINK_READABLE) && due < next)
		next = due;
	if (fake->gone_at > fake->now && fake->gone_at < next)
		next = fake->gone_at;
	return timer < next ? timer : next;
}

static int fake_wait(struct bytelink *self, unsigned events, int64_t deadline)
{
	struct fakelink *fake = fake_of(self);
	int64_t next;
	int happened;

	lock(fake);
	for (;;) {
		count_idle_call(fake);
		happened = look(fake, events);
		if (happened || fake->now >= deadline)
			break;
		next = next_event(fake, events, deadline);
		if (next == NEVER)
			wait_really(fake);
		else
			advance(fake, next);
	}
	fake->woken = false;
	unlock(fake);
	return happened;
}

static int64_t fake_now(struct bytelink *self)
{
	return fakelink_now(fake_of(self));
}

static void fake_wake(struct bytelink *self)
{
	struct fakelink *fake = fake_of(self);

	lock(fake);
	fake->woken = true;
	pthread_cond_broadcast(&fake->changed);
	unlock(fake);
}

static int fake_reopen(struct bytelink *self, struct diag *diag)
{
	struct fakelink *fake = fake_of(self);
	bool back;

	lock(fake);
	count_idle_call(fake);
	for (int64_t until = fake->now + fake->look_us; fake->now < until;)
		advance(fake, until);
	back = fake->now >= fake->back_at;
	if (back) {
		fake->gone_at = fake->back_at = NEVER;
		forget(fake);
	}
	unlock(fake);
	return back ? 0 : diag_fail(diag, DIAG_BYTELINK, ENODEV, "fake: is not there");
}

static void fake_close(struct bytelink *self)
{
	struct fakelink *fake = fake_of(self);

	pthread_cond_destroy(&fake->changed);
	pthread_mutex_destroy(&fake->lock);
	free(fake->said.data);
	free(fake->written.data);
	free(fake->due);
	free(fake);
}

static const char *fake_ended(struct bytelink *self)
{
	(void)self;
	return "was hung up by the test";
}

static const struct bytelink_backend fake_backend = {
	.name = "fake",
	.read = fake_read,
	.write = fake_write,
	.wait = fake_wait,
	.now = fake_now,
	.wake = fake_wake,
	.reopen = fake_reopen,
	.close = fake_close,
	.ended = fake_ended,
};

/* --- For tests --- */

struct fakelink *fakelink_open(struct bytelink **link)
{
	struct fakelink *fake = need(calloc(1, sizeof(*fake)));
	pthread_mutexattr_t attributes;
	size_t i;

	pthread_mutexattr_init(&attributes);
	pthread_mutexattr_settype(&attributes, PTHREAD_MUTEX_RECURSIVE);
	pthread_mutex_init(&fake->lock, &attributes);
	pthread_mutexattr_destroy(&attributes);
	pthread_cond_init(&fake->changed, NULL);
	fake->now = FAKELINK_START;
	fake->byte_us = 87; /* 115,200 baud */
	fake->gone_at = fake->back_at = NEVER;
	fake->limit = SIZE_MAX;
	for (i = 0; i < TIMERS; i++)
		fake->timers[i].at = NEVER;
	append(&fake->written, "", 0);
	if (bytelink_init(link, &fake_backend, fake, "fake"))
		need(NULL);
	return fake;
}

void fakelink_board(struct fakelink *fake, fakelink_board_fn *board, void *context)
{
	lock(fake);
	fake->board = board;
	fake->board_context = context;
	unlock(fake);
}

void fakelink_timer(struct fakelink *fake, int64_t after, fakelink_timer_fn *timer, void *context)
{
	size_t i;

	lock(fake);
	for (i = 0; i < TIMERS && fake->timers[i].at != NEVER; i++)
		;
	if (i == TIMERS) {
		fputs("fakelink: too many timers\n", stderr);
		abort();
	}
	fake->timers[i] = (struct timer){fake->now + after, timer, context};
	pthread_cond_broadcast(&fake->changed);
	unlock(fake);
}

void fakelink_say(struct fakelink *fake, const void *bytes, size_t len)
{
	fakelink_say_after(fake, 0, bytes, len);
}

void fakelink_say_after(struct fakelink *fake, int64_t after, const void *bytes, size_t len)
{
	lock(fake);
	say(fake, fake->now + after, bytes, len);
	unlock(fake);
}

void fakelink_flood(struct fakelink *fake, const void *bytes, size_t len)
{
	lock(fake);
	start_flood(fake, bytes, len);
	unlock(fake);
}

void fakelink_forget(struct fakelink *fake)
{
	lock(fake);
	forget(fake);
	unlock(fake);
}

void fakelink_hang_up(struct fakelink *fake, int64_t after, int err)
{
	lock(fake);
	fake->gone_at = fake->now + after;
	fake->gone_err = err;
	pthread_cond_broadcast(&fake->changed);
	unlock(fake);
}

void fakelink_return(struct fakelink *fake, int64_t after)
{
	lock(fake);
	fake->back_at = fake->now + after;
	unlock(fake);
}

void fakelink_look_time(struct fakelink *fake, int64_t us)
{
	lock(fake);
	fake->look_us = us;
	unlock(fake);
}

void fakelink_limit(struct fakelink *fake, size_t limit)
{
	lock(fake);
	fake->limit = limit;
	pthread_cond_broadcast(&fake->changed);
	unlock(fake);
}

void fakelink_byte_time(struct fakelink *fake, int64_t us)
{
	lock(fake);
	fake->byte_us = us;
	unlock(fake);
}

int64_t fakelink_now(struct fakelink *fake)
{
	int64_t now;

	lock(fake);
	now = fake->now;
	unlock(fake);
	return now;
}

const char *fakelink_written(struct fakelink *fake, size_t *len)
{
	const char *written;

	lock(fake);
	if (len)
		*len = fake->written.len;
	written = (const char *)fake->written.data;
	unlock(fake);
	return written;
}

void fakelink_script(struct fakelink *fake, const struct fakelink_step *steps, size_t count)
{
	lock(fake);
	fake->steps = steps;
	fake->step_count = count;
	fake->step = fake->matched = 0;
	fake->delay = 0;
	fake->any = false;
	fake->problem[0] = '\0';
	play(fake);
	unlock(fake);
}

const char *fakelink_problem(struct fakelink *fake)
{
	const char *problem;

	lock(fake);
	if (!fake->problem[0] && fake->step < fake->step_count && !fake->any)
		snprintf(fake->problem, sizeof(fake->problem), "step %zu of %zu was never reached", fake->step, fake->step_count);
	problem = fake->problem[0] ? fake->problem : NULL;
	unlock(fake);
	return problem;
}
