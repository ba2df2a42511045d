/* SPDX-License-Identifier: MIT */
/*
 * A board that reads what is piped to it, and asks for things, at any time, on a line that loses requests, and damages what is behind the
 * head of an answer: its program reads each byte once and in order. Where answers are lost, or come in pieces, some bytes can be lost, but
 * none comes twice. The seed can be given as argument.
 */
#include "share/typed.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/dice.h"

enum { ROUNDS = 300, STEPS = 1500, WIRE = 4096, STEP_US = 30000, HEADLESS = 14 };

/* What is on its way to the board: bytes that are typed, as their places in all that is piped, and answers to a TRY. */
enum { ANSWER = 1 << 28, HARMED = 1 << 29, IN_PIECES = 1 << 30, TRY = 0xff };

struct request {
	unsigned sequence, tries;
	bool tells; /* it is SHARE_BYTES, with these */
	size_t sure, maybe;
	unsigned seen;
};

struct host {
	struct typed typed;
	struct request last;
	bool answered, begun;
	unsigned piped;
};

struct board {
	unsigned ring[WIRE];
	size_t ring_len;
	bool waits;
	struct request request; /* the one that it waits for */
	size_t sure, maybe;     /* what it found before that */
	int seen;
	unsigned read, lost;
};

static uint64_t seed = 1;
static struct dice dice;
static int64_t now;
static struct host host;
static struct board board;
static unsigned down[WIRE];
static struct request up[WIRE];
static size_t down_len, up_len;
static unsigned loses, harmed,
	harms; /* one in so many requests is lost, answers have a head, answers have none or are lost; 0: none */

/* --- The board --- */

static void read_some(size_t count)
{
	for (size_t i = 0; i < count; i++) {
		unsigned at = board.ring[i];

		if (at < board.read || (at > board.read && !harms))
			fail_msg("seed %llu: byte %u comes after %u", (unsigned long long)seed, at, board.read);
		board.lost += at - board.read;
		board.read = at + 1;
	}
	board.ring_len -= count;
	memmove(board.ring, board.ring + count, board.ring_len * sizeof(*board.ring));
}

static void send_request(void)
{
	if (!dice_hit(&dice, loses))
		up[up_len++] = board.request;
}

/* Asks for something, or (TELLS) tells what was found when it asked. */
static void ask(bool tells)
{
	board.request = (struct request){board.request.sequence + 1, 0, tells, board.sure, board.maybe, (unsigned)board.seen};
	board.sure = board.ring_len;
	board.maybe = board.ring_len = 0;
	board.seen = -1;
	board.waits = true;
	send_request();
}

static void ask_again(void)
{
	if (board.request.tries >= 20)
		return; /* it would give up soon */
	board.request.tries++;
	send_request();
}

static void hear_answer(unsigned answer)
{
	if (answer & IN_PIECES && board.seen < 0)
		board.maybe += HEADLESS;
	if (answer & IN_PIECES)
		return;
	if (board.seen < 0)
		board.seen = (int)(answer & TRY);
	if (answer & HARMED || (answer & TRY) != board.request.tries)
		return;
	board.waits = false;
	if (board.sure || board.maybe)
		ask(true);
}

static void hear(size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (down[i] & ANSWER && board.waits)
			hear_answer(down[i]);
		else if (!board.waits)
			board.ring[board.ring_len++] = down[i];
		else if (board.seen < 0)
			board.maybe++;
	down_len -= count;
	memmove(down, down + count, down_len * sizeof(*down));
}

/* --- The host --- */

/* What is piped has no Ctrl-C in it. */
static uint8_t byte_at(unsigned at)
{
	return (uint8_t)(4 + at % 251);
}

static void pipe_some(size_t count)
{
	for (size_t i = 0; i < count && typed_room(&host.typed); i++) {
		uint8_t byte = byte_at(host.piped++);

		typed_add(&host.typed, &byte, 1, false);
	}
}

static void type_some(void)
{
	int64_t next;
	size_t len = typed_due(&host.typed, now, &next), waiting;
	const uint8_t *bytes = typed_waiting(&host.typed, &waiting);

	for (size_t i = 0; i < len; i++) {
		unsigned at = host.piped - (unsigned)(waiting - i);

		assert_int_equal(bytes[i], byte_at(at));
		down[down_len++] = at;
	}
	if (len)
		typed_sent(&host.typed, len, now);
}

static void note_request(const struct request *request)
{
	bool again = request->sequence == host.last.sequence;

	host.answered = again && (host.answered || host.begun);
	if (again)
		typed_asked_again(&host.typed, request->tries, host.answered);
	else if (request->tells)
		typed_returned(&host.typed, request->tries, request->sure, request->maybe, request->seen);
	else
		typed_asked(&host.typed, request->tries);
	host.last = *request;
}

/* Answers the request that came first, or comes too late for that. */
static void answer(void)
{
	note_request(&up[0]);
	host.begun = !dice_hit(&dice, 8);
	if (host.begun && !dice_hit(&dice, harms))
		down[down_len++] = ANSWER | up[0].tries |
				   (dice_hit(&dice, harmed)  ? HARMED
				    : dice_hit(&dice, harms) ? IN_PIECES
							     : 0);
	typed_exchanged(&host.typed, now);
	memmove(up, up + 1, --up_len * sizeof(*up));
}

/* --- Both --- */

static void begin(void)
{
	memset(&host, 0, sizeof(host));
	memset(&board, 0, sizeof(board));
	down_len = up_len = 0;
	typed_init(&host.typed);
	typed_begin(&host.typed, dice_hit(&dice, 2));
}

static void step(void)
{
	now += dice_roll(&dice, STEP_US);
	switch (dice_roll(&dice, 8)) {
	case 0:
		pipe_some(dice_roll(&dice, 100));
		break;
	case 1:
	case 2:
		type_some();
		break;
	case 3:
	case 4:
		hear(dice_roll(&dice, (uint32_t)down_len + 1));
		break;
	case 5:
		if (!board.waits)
			read_some(dice_roll(&dice, (uint32_t)board.ring_len + 1));
		break;
	case 6:
		if (up_len)
			answer();
		break;
	default:
		if (!board.waits)
			ask(false);
		else if (dice_hit(&dice, 4))
			ask_again();
	}
	if (host.typed.loses && !host.typed.regardless)
		assert_in_range(board.ring_len, 0, TYPED_RING);
}

static bool is_over(void)
{
	size_t waiting;

	typed_waiting(&host.typed, &waiting);
	return !waiting && !board.waits && !board.ring_len && !down_len;
}

/* The program reads all that comes. */
static void end(void)
{
	for (int i = 0; i < 100000 && !is_over(); i++) {
		now += STEP_US;
		type_some();
		hear(down_len);
		while (up_len)
			answer();
		if (board.waits && !down_len)
			ask_again();
		if (!board.waits)
			read_some(board.ring_len);
		if (board.request.tries >= 20)
			return; /* it has given up */
	}
	assert_true(is_over());
	if (!harms)
		assert_int_equal(board.read, host.piped);
}

/* Returns how many bytes were read. */
static unsigned run(unsigned one_in_loses, unsigned one_in_harmed, unsigned one_in_harms)
{
	unsigned read = 0;

	loses = one_in_loses;
	harmed = one_in_harmed;
	harms = one_in_harms;
	dice.state = seed;
	for (int round = 0; round < ROUNDS; round++) {
		begin();
		for (int i = 0; i < STEPS; i++)
			step();
		end();
		read += board.read - board.lost;
	}
	return read;
}

static void nothing_is_lost(void **state)
{
	(void)state;
	assert_true(run(0, 0, 0) > 100000);
}

static void nor_where_requests_are(void **state)
{
	(void)state;
	assert_true(run(5, 5, 0) > 100000);
}

static void nothing_comes_twice_where_answers_are(void **state)
{
	(void)state;
	assert_true(run(20, 20, 20) > 100000);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_is_lost),
		cmocka_unit_test(nor_where_requests_are),
		cmocka_unit_test(nothing_comes_twice_where_answers_are),
	};

	if (argc > 1)
		seed = strtoull(argv[1], NULL, 0);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
