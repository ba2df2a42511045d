/* SPDX-License-Identifier: MIT */
/*
 * Whole conversations of the exchange with toyagent, thousands of them, over lines of all kinds, each from a seed: what a person
 * would not think of writing by hand. A failure names its seed; EXCHANGE_SEED=that runs it alone, and prints what goes over the
 * line. EXCHANGE_SEEDS=N runs the first N.
 */
#include "agent/exchange.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/le.h"
#include "tests/unit/toyagent.h"

enum { SEEDS = 160, REQUESTS_MAX = 48, TIMEOUT = 10000000, SECOND = 1000000, ANSWER_MAX = 9000, ROUNDS_AT_A_TIME = 5000 };

/* What a line and the board behind it are like, and what the exchange has to make of it. */
struct kind {
	const char *name;
	struct toyagent_settings line;
	unsigned window;
	bool hangs;        /* the board stops in the middle for a while, or for good */
	bool all_succeed;  /* no request may fail with -EIO */
	bool nothing_lost; /* the line loses nothing, so there must be nothing to repair */
};

enum { UART_BYTE_US = 87, UART_LATENCY_US = 1000, UART_RING = 255, USB_BYTE_US = 1, USB_LATENCY_US = 250, USB_RING = 511 };

/* The two standard lines, without damage; OTHERS are further fields. */
#define UART(change, ...)                       \
	.line = {.byte_us = UART_BYTE_US,       \
		 .latency_us = UART_LATENCY_US, \
		 .ring = UART_RING,             \
		 .loses = true,                 \
		 .read_us = 20000,              \
		 .change_us = (change),         \
		 .block = 1024,                 \
		 ##__VA_ARGS__},                \
	.window = AGENT_WINDOW
#define USB(...)                               \
	.line = {.byte_us = USB_BYTE_US,       \
		 .latency_us = USB_LATENCY_US, \
		 .ring = USB_RING,             \
		 .read_us = 2000,              \
		 .change_us = 30000,           \
		 .block = AGENT_PAYLOAD_MAX,   \
		 ##__VA_ARGS__}

static const struct kind kinds[] = {
	{.name = "clean UART", UART(100000), .all_succeed = true, .nothing_lost = true},
	{.name = "clean USB", USB(), .all_succeed = true, .nothing_lost = true},
	{.name = "USB with a window", USB(), .window = AGENT_WINDOW, .all_succeed = true, .nothing_lost = true},
	{.name = "USB, a program that prints", USB(.rubbish = 3), .all_succeed = true},
	{.name = "UART, slow flash", UART(4 * SECOND), .all_succeed = true},
	{.name = "UART, a few wrong bits", UART(100000, .flip = 20000), .all_succeed = true},
	{.name = "UART, a few lost bytes", UART(100000, .lose = 20000), .all_succeed = true},
	{.name = "UART, a few bytes twice", UART(100000, .twice = 20000), .all_succeed = true},
	{.name = "USB, a few of all", USB(.flip = 60000, .lose = 60000, .twice = 60000, .rubbish = 20), .all_succeed = true},
	{.name = "UART, terrible", UART(100000, .flip = 1500, .lose = 3000, .twice = 5000, .rubbish = 10)},
	{.name = "USB, terrible", USB(.flip = 1500, .lose = 3000, .twice = 5000, .rubbish = 10)},
	{.name = "UART, a board that hangs", UART(100000, .flip = 50000), .hangs = true},
	{.name = "USB, a board that hangs", USB(), .hangs = true},
};

struct job {
	struct exchange_request request;
	uint8_t payload[AGENT_PAYLOAD_MAX];
	uint8_t room[ANSWER_MAX];
	uint32_t id;
	size_t length; /* of a read's answer */
	int64_t at;    /* when it is asked */
};

struct run {
	const struct kind *kind;
	unsigned seed;
	bool traced;
	struct dice dice;
	struct exchange *exchange;
	struct toyagent agent;
	int64_t now, heard;
	struct job jobs[REQUESTS_MAX];
	unsigned count, asked, ended, failed;
	struct job *order[REQUESTS_MAX]; /* as they ended */
	int64_t mute_at, unmute_at;
	int64_t batch; /* how rarely the host looks at its port while bytes come in */
};

static void complain(const struct run *run, const char *what)
{
	fail_msg("%s, seed %u, at %lld us: not so: %s", run->kind->name, run->seed, (long long)run->now, what);
}

#define CHECK(run, what) ((what) ? (void)0 : complain((run), #what))

/* A size for a payload: often small, sometimes about a window, sometimes all that fits. */
static size_t some_size(struct run *run)
{
	uint32_t kind = dice_roll(&run->dice, 8);

	if (kind < 4)
		return 6 + dice_roll(&run->dice, 60);
	if (kind < 6)
		return AGENT_WINDOW - 30 + dice_roll(&run->dice, 40);
	return 6 + dice_roll(&run->dice, (uint32_t)run->kind->line.block - 5);
}

static void make_job(struct run *run, struct job *job, uint32_t id, int64_t at)
{
	bool change = dice_hit(&run->dice, 2);

	job->id = id;
	job->at = at;
	job->length = dice_hit(&run->dice, 3) ? dice_roll(&run->dice, ANSWER_MAX) : dice_roll(&run->dice, 50);
	job->request = (struct exchange_request){
		.op = change ? TOYAGENT_CHANGE : TOYAGENT_READ,
		.kind = change ? EXCHANGE_CHANGES : EXCHANGE_READS,
		.bulk = dice_hit(&run->dice, 3),
		.parts = !change,
		.payload = job->payload,
		.len = some_size(run),
	};
	job->request.grow = dice_hit(&run->dice, 2);
	if (!job->request.grow) {
		job->request.answer = job->room;
		job->request.answer_room = change ? 4 : job->length;
	}
	for (size_t i = 0; i < job->request.len; i++)
		job->payload[i] = (uint8_t)(dice_hit(&run->dice, 8) ? AGENT_FRAME_MARK : dice_roll(&run->dice, 256));
	le_put32(job->payload, id);
	job->payload[4] = (uint8_t)job->length;
	job->payload[5] = (uint8_t)(job->length >> 8);
}

static void trace(void *context, bool outgoing, const struct frame *frame, const char *what)
{
	const struct run *run = context;

	if (frame)
		print_message("%10lld %s %c #%u %u %s\n", (long long)run->now, outgoing ? "->" : "<-", what ? '-' : frame->type,
			      frame->sequence, frame->len, what ? what : "");
	else
		print_message("%10lld %s\n", (long long)run->now, what);
}

static void start(struct run *run)
{
	struct toyagent_settings settings = run->kind->line;
	int64_t at = run->now;

	settings.seed = run->seed;
	run->dice.state = run->seed ^ 0x5eed;
	run->exchange = exchange_open(run->now, TIMEOUT, run->traced ? trace : NULL, run);
	CHECK(run, run->exchange);
	exchange_set_window(run->exchange, run->kind->window);
	toyagent_start(&run->agent, &settings, run->now);
	run->agent.window = run->kind->window;
	run->batch = dice_hit(&run->dice, 8) ? 0 : dice_roll(&run->dice, 3000);
	run->count = 1 + dice_roll(&run->dice, REQUESTS_MAX);
	for (unsigned i = 0; i < run->count; i++) {
		/* Bursts, small pauses, and now and then a long one. */
		if (!dice_hit(&run->dice, 3))
			at += dice_roll(&run->dice, dice_hit(&run->dice, 10) ? 8 * SECOND : 20000);
		make_job(run, &run->jobs[i], 1000 * run->seed + i + 1, at);
	}
	run->mute_at = run->unmute_at = INT64_MAX;
	if (run->kind->hangs) {
		run->mute_at = run->jobs[dice_roll(&run->dice, run->count)].at + dice_roll(&run->dice, 200000);
		if (!dice_hit(&run->dice, 3))
			run->unmute_at = run->mute_at + dice_roll(&run->dice, 15 * SECOND);
	}
}

static void check_read(struct run *run, const struct job *job)
{
	CHECK(run, job->request.result == 0);
	CHECK(run, job->request.answer_len == job->length);
	for (size_t i = 0; i < job->length; i++)
		CHECK(run, job->request.answer[i] == toyagent_content(job->id, i));
}

static void check_change(struct run *run, const struct job *job)
{
	uint8_t id[4];

	le_put32(id, job->id);
	if (job->id % 7) {
		CHECK(run, job->request.result == 0);
		CHECK(run, job->request.answer_len == 4);
		CHECK(run, !memcmp(job->request.answer, id, 4));
	} else {
		CHECK(run, job->request.result == -EREMOTEIO);
		CHECK(run, job->request.board_errno == (int)(job->id % 100));
		CHECK(run, !strcmp(job->request.words, "toy"));
	}
}

static void settle(struct run *run)
{
	struct exchange_request *request;

	while ((request = exchange_finished(run->exchange))) {
		struct job *job = (struct job *)((char *)request - offsetof(struct job, request));

		CHECK(run, request->state == EXCHANGE_FINISHED);
		CHECK(run, run->ended < run->count);
		run->order[run->ended++] = job;
		if (request->result == -EIO) {
			int64_t since = run->heard > job->at ? run->heard : job->at;

			run->failed++;
			CHECK(run, !run->kind->all_succeed);
			CHECK(run, run->now <= since + TIMEOUT + SECOND / 10);
		} else if (request->kind == EXCHANGE_READS) {
			check_read(run, job);
		} else {
			check_change(run, job);
		}
		if (request->grow)
			free(request->answer);
	}
}

/* Returns whether the line had no room. */
static bool transmit(struct run *run)
{
	const uint8_t *bytes;
	size_t len, room;

	while ((len = exchange_output(run->exchange, run->now, &bytes))) {
		room = toyagent_room(&run->agent);
		if (room > len)
			room = len;
		if (room > 1 && dice_hit(&run->dice, 4))
			room = 1 + dice_roll(&run->dice, (uint32_t)room); /* a write may take less */
		if (!room)
			return true;
		toyagent_take(&run->agent, bytes, room);
		exchange_sent(run->exchange, room, run->now);
		/* A ping goes beside a full window. Where the board only was slow, a second one does. */
		if (run->kind->window && run->kind->nothing_lost)
			CHECK(run, toyagent_unread(&run->agent) <= run->kind->window + AGENT_HEADER_SIZE + AGENT_TRAILER_SIZE);
	}
	return false;
}

static void receive(struct run *run)
{
	size_t room, len;
	uint8_t *to = exchange_room(run->exchange, &room);

	if (room > 1 && dice_hit(&run->dice, 4))
		room = 1 + dice_roll(&run->dice, (uint32_t)room);
	len = toyagent_give(&run->agent, to, room);
	if (!len)
		return;
	run->heard = run->now;
	exchange_received(run->exchange, len, run->now);
}

static void ask(struct run *run)
{
	while (run->asked < run->count && run->jobs[run->asked].at <= run->now) {
		struct job *job = &run->jobs[run->asked++];

		/* Some of what is asked is a while in coming, as where threads wait for each other. */
		job->at = run->now;
		exchange_add(run->exchange, &job->request, run->now);
	}
}

static int64_t earlier(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

/* The next time at which anything happens. */
static int64_t next_time(struct run *run)
{
	int64_t next = toyagent_next(&run->agent);

	/* Bytes are seen in heaps, as from a real port. */
	if (next < run->now + run->batch)
		next = run->now + run->batch;
	next = earlier(next, exchange_deadline(run->exchange));
	if (run->asked < run->count)
		next = earlier(next, run->jobs[run->asked].at);
	next = earlier(next, run->mute_at);
	return earlier(next, run->unmute_at);
}

static void hang(struct run *run)
{
	if (run->now >= run->mute_at) {
		toyagent_mute(&run->agent, true);
		run->mute_at = INT64_MAX;
	}
	if (run->now >= run->unmute_at) {
		toyagent_mute(&run->agent, false);
		run->unmute_at = INT64_MAX;
	}
}

static void converse(struct run *run)
{
	int64_t before = run->now;
	unsigned rounds = 0;

	while (run->ended < run->count) {
		ask(run);
		transmit(run);
		settle(run);
		if (run->ended == run->count)
			break;
		/* A deadline that is not to come makes a busy loop of the line thread. */
		CHECK(run, exchange_deadline(run->exchange) > run->now);
		int64_t next = next_time(run);
		CHECK(run, next < INT64_MAX);
		if (next > run->now)
			run->now = next;
		rounds = run->now == before ? rounds + 1 : 0;
		before = run->now;
		CHECK(run, rounds < ROUNDS_AT_A_TIME);
		toyagent_run(&run->agent, run->now);
		hang(run);
		receive(run);
		exchange_tick(run->exchange, run->now);
		settle(run);
	}
}

static bool was_done(const struct run *run, uint32_t id, unsigned *index)
{
	unsigned times = 0;

	for (unsigned i = 0; i < run->agent.changes; i++) {
		if (run->agent.log[i] != id)
			continue;
		*index = i;
		times++;
	}
	CHECK(run, times <= 1); /* never twice, whatever happened */
	return times;
}

/* Each change that succeeded was done once, and in the order in which they ended. */
static void check_changes(struct run *run)
{
	unsigned index = 0, last = 0;
	bool first = true;

	for (unsigned i = 0; i < run->count; i++) {
		const struct job *job = run->order[i];
		bool done = was_done(run, job->id, &index);

		if (job->request.kind == EXCHANGE_READS)
			CHECK(run, !done);
		if (job->request.kind == EXCHANGE_READS || job->request.result == -EIO)
			continue;
		CHECK(run, done);
		CHECK(run, first || index > last);
		first = false;
		last = index;
	}
}

/* What is asked first is answered first, among what is bulk and among what is not. */
static void check_order(struct run *run)
{
	uint32_t last[2] = {0};

	for (unsigned i = 0; i < run->count; i++) {
		const struct job *job = run->order[i];
		uint32_t *before = &last[job->request.bulk];

		if (job->request.result == -EIO)
			continue;
		CHECK(run, job->id > *before);
		*before = job->id;
	}
}

static void check_line(struct run *run)
{
	const struct exchange_counts *counts = exchange_counts(run->exchange);

	if (run->kind->window && !run->kind->line.twice && !run->kind->hangs)
		CHECK(run, run->agent.overflows == 0);
	if (!run->kind->nothing_lost)
		return;
	CHECK(run, run->agent.in_flash == 0);
	CHECK(run, run->agent.naks == 0);
	CHECK(run, run->agent.repeated == 0);
	CHECK(run, !run->agent.left);
	CHECK(run, counts->naks == 0 && counts->resent == 0 && counts->damaged == 0);
}

static void converse_once(const struct kind *kind, unsigned seed, bool traced, unsigned *failed)
{
	struct run *run = calloc(1, sizeof(*run));

	assert_non_null(run);
	run->kind = kind;
	run->seed = seed;
	run->traced = traced;
	run->now = 7 * SECOND;
	start(run);
	converse(run);
	check_changes(run);
	check_order(run);
	check_line(run);
	*failed += run->failed;
	exchange_close(run->exchange);
	free(run);
}

static void every_request_ends_as_it_should(void **state)
{
	const char *only = getenv("EXCHANGE_SEED"), *many = getenv("EXCHANGE_SEEDS");
	unsigned from = only ? (unsigned)atoi(only) : 1, to = only ? from : many ? (unsigned)atoi(many) : SEEDS;

	(void)state;
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		unsigned failed = 0;

		for (unsigned seed = from; seed <= to; seed++)
			converse_once(&kinds[i], seed, only, &failed);
		if (!kinds[i].all_succeed)
			print_message("%s: %u requests ended with -EIO\n", kinds[i].name, failed);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_request_ends_as_it_should),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
