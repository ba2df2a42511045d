/* SPDX-License-Identifier: MIT */
/*
 * The exchange in single steps, with what the board says written by hand. Whole conversations over lines of all kinds are in
 * test_exchange_random.c.
 */
#include "agent/exchange.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { START = 5000000, TIMEOUT = 10000000, SECOND = 1000000, MS = 1000, EMPTY = AGENT_HEADER_SIZE + AGENT_TRAILER_SIZE };

/* An exchange, its clock, and what it has sent. */
struct rig {
	struct exchange *exchange;
	int64_t now;
	uint8_t sent[8 * FRAME_SIZE_MAX];
	size_t sent_len;
	struct frame_reader reader; /* of what was sent */
	unsigned traced_out, traced_in, traced_words;
};

static void trace(void *context, bool outgoing, const struct frame *frame, const char *what)
{
	struct rig *rig = context;

	rig->traced_out += outgoing && frame;
	rig->traced_in += !outgoing && frame && !what;
	rig->traced_words += what != NULL;
}

static int set_up(void **state)
{
	struct rig *rig = calloc(1, sizeof(*rig));

	rig->now = START;
	rig->exchange = exchange_open(rig->now, TIMEOUT, trace, rig);
	frame_reader_init(&rig->reader);
	*state = rig;
	return rig->exchange ? 0 : -1;
}

static int tear_down(void **state)
{
	struct rig *rig = *state;

	exchange_close(rig->exchange);
	free(rig);
	return 0;
}

/* Takes at most LIMIT bytes of what the exchange wants to send now. Returns how many. */
static size_t transmit_some(struct rig *rig, size_t limit)
{
	const uint8_t *bytes;
	size_t len, sum = 0;

	while (sum < limit && (len = exchange_output(rig->exchange, rig->now, &bytes))) {
		if (len > limit - sum)
			len = limit - sum;
		assert_true(rig->sent_len + len <= sizeof(rig->sent));
		memcpy(rig->sent + rig->sent_len, bytes, len);
		rig->sent_len += len;
		exchange_sent(rig->exchange, len, rig->now);
		sum += len;
	}
	return sum;
}

static size_t transmit(struct rig *rig)
{
	return transmit_some(rig, SIZE_MAX);
}

/* The next whole frame of what was sent, which has to be there. */
static const struct frame *next_sent(struct rig *rig)
{
	size_t room;
	uint8_t *to = frame_reader_room(&rig->reader, &room);
	size_t len = rig->sent_len < room ? rig->sent_len : room;

	memcpy(to, rig->sent, len);
	frame_reader_fed(&rig->reader, len);
	memmove(rig->sent, rig->sent + len, rig->sent_len - len);
	rig->sent_len -= len;
	assert_int_equal(frame_reader_next(&rig->reader), FRAME_WHOLE);
	return &rig->reader.frame;
}

static uint8_t expect_sent(struct rig *rig, uint8_t type, const void *payload, size_t len)
{
	const struct frame *frame = next_sent(rig);

	assert_int_equal(frame->type, type);
	assert_int_equal(frame->len, len);
	if (len)
		assert_memory_equal(frame->payload, payload, len);
	return frame->sequence;
}

static void expect_nothing_sent(struct rig *rig)
{
	transmit(rig);
	assert_int_equal(rig->sent_len, 0);
	assert_false(frame_reader_begun(&rig->reader));
}

static void hear(struct rig *rig, const void *bytes, size_t len)
{
	size_t room;
	uint8_t *to = exchange_room(rig->exchange, &room);

	assert_true(len <= room);
	memcpy(to, bytes, len);
	exchange_received(rig->exchange, len, rig->now);
}

static void answer(struct rig *rig, uint8_t type, uint8_t sequence, const void *payload, size_t len)
{
	uint8_t out[FRAME_SIZE_MAX];

	hear(rig, out, frame_encode(out, type, sequence, payload, len));
}

static void answer_damaged(struct rig *rig, uint8_t type, uint8_t sequence, const void *payload, size_t len)
{
	uint8_t out[FRAME_SIZE_MAX];
	size_t size = frame_encode(out, type, sequence, payload, len);

	out[AGENT_HEADER_SIZE] ^= 0x20;
	hear(rig, out, size);
}

static void credit(struct rig *rig, uint8_t sequence, uint8_t count)
{
	uint8_t bytes[] = {AGENT_CREDIT_MARK, sequence, count, 0xff ^ sequence ^ count};

	hear(rig, bytes, sizeof(bytes));
}

/* Lets time pass until AFTER microseconds from now, with a tick whenever one is due, and no output. */
static void pass(struct rig *rig, int64_t after)
{
	int64_t end = rig->now + after;

	while (rig->now < end) {
		int64_t next = exchange_deadline(rig->exchange);

		assert_true(next > rig->now);
		rig->now = next < end ? next : end;
		exchange_tick(rig->exchange, rig->now);
		transmit(rig);
	}
}

static struct exchange_request read_request(const char *payload, void *room, size_t size)
{
	return (struct exchange_request){.op = AGENT_STAT,
					 .payload = (const uint8_t *)payload,
					 .len = strlen(payload),
					 .answer = room,
					 .answer_room = size};
}

static struct exchange_request change_request(const void *payload, size_t len)
{
	return (struct exchange_request){.op = AGENT_MKDIR, .kind = EXCHANGE_CHANGES, .payload = payload, .len = len};
}

static void add(struct rig *rig, struct exchange_request *request)
{
	exchange_add(rig->exchange, request, rig->now);
}

static void expect_finished(struct rig *rig, struct exchange_request *request, int result)
{
	assert_ptr_equal(exchange_finished(rig->exchange), request);
	assert_int_equal(request->state, EXCHANGE_FINISHED);
	assert_int_equal(request->result, result);
}

static void expect_none_finished(struct rig *rig)
{
	assert_null(exchange_finished(rig->exchange));
}

/* --- One request --- */

static void a_request_is_sent_and_answered(void **state)
{
	struct rig *rig = *state;
	uint8_t room[4];
	struct exchange_request request = read_request("/a", room, sizeof(room));

	expect_nothing_sent(rig);
	add(rig, &request);
	assert_int_equal(request.state, EXCHANGE_QUEUED);
	assert_int_equal(transmit_some(rig, 5), 5);
	assert_int_equal(request.state, EXCHANGE_SENDING);
	transmit(rig);
	assert_int_equal(request.state, EXCHANGE_SENT);
	uint8_t sequence = expect_sent(rig, AGENT_STAT, "/a", 2);
	expect_none_finished(rig);
	answer(rig, AGENT_DONE, sequence, "yes", 3);
	expect_finished(rig, &request, 0);
	expect_none_finished(rig);
	assert_int_equal(request.answer_len, 3);
	assert_memory_equal(room, "yes", 3);
	assert_int_equal(rig->traced_out, 1);
	assert_int_equal(rig->traced_in, 1);
}

static void a_failure_brings_the_boards_words(void **state)
{
	struct rig *rig = *state;
	struct exchange_request request = read_request("/a", NULL, 0);

	add(rig, &request);
	transmit(rig);
	answer(rig, AGENT_FAILED, request.sequence, "\x02\0\0\0OSError(2,)\x1b", 16);
	expect_finished(rig, &request, -EREMOTEIO);
	assert_int_equal(request.board_errno, 2);
	assert_string_equal(request.words, "OSError(2,)?");
}

static void a_failure_may_be_negative_long_or_short(void **state)
{
	struct rig *rig = *state;
	struct exchange_request request = read_request("/a", NULL, 0);
	uint8_t payload[300] = {0xea, 0xff, 0xff, 0xff};

	memset(payload + 4, 'w', sizeof(payload) - 4);
	add(rig, &request);
	transmit(rig);
	answer(rig, AGENT_FAILED, request.sequence, payload, sizeof(payload));
	expect_finished(rig, &request, -EREMOTEIO);
	assert_int_equal(request.board_errno, -22);
	assert_int_equal(strlen(request.words), sizeof(request.words) - 1);
	for (size_t len = 0; len < 4; len++) {
		add(rig, &request);
		transmit(rig);
		answer(rig, AGENT_FAILED, request.sequence, payload, len);
		expect_finished(rig, &request, -EREMOTEIO);
		assert_int_equal(request.board_errno, 0);
		assert_string_equal(request.words, "");
	}
}

static void parts_are_put_together(void **state)
{
	struct rig *rig = *state;
	struct exchange_request request = {.op = AGENT_LIST, .parts = true, .grow = true};
	uint8_t part[AGENT_PAYLOAD_MAX];

	add(rig, &request);
	transmit(rig);
	memset(part, 'p', sizeof(part));
	for (unsigned i = 0; i < 300; i++) { /* the number is a byte, and begins anew */
		part[0] = (uint8_t)i;
		answer(rig, i == 299 ? AGENT_DONE : AGENT_MORE, request.sequence, part, sizeof(part));
		assert_int_equal(request.state, i == 299 ? EXCHANGE_FINISHED : EXCHANGE_SENT);
	}
	expect_finished(rig, &request, 0);
	assert_int_equal(request.answer_len, 300 * (AGENT_PAYLOAD_MAX - 1));
	for (size_t i = 0; i < request.answer_len; i++)
		assert_int_equal(request.answer[i], 'p');
	free(request.answer);
}

static void sequence_numbers_go_round(void **state)
{
	struct rig *rig = *state;
	struct exchange_request request = read_request("/a", NULL, 0);
	int before = -1;

	for (unsigned i = 0; i < 1000; i++) {
		add(rig, &request);
		transmit(rig);
		assert_int_not_equal(expect_sent(rig, AGENT_STAT, "/a", 2), before);
		before = request.sequence;
		answer(rig, AGENT_DONE, request.sequence, NULL, 0);
		expect_finished(rig, &request, 0);
	}
}

/*
 * A board takes a request with the number of the last one for its repetition. However many pings went between them, a request
 * never has the number of the one before.
 */
static void pings_do_not_bring_a_number_back(void **state)
{
	struct rig *rig = *state;
	struct exchange_request request = change_request("/a", 2);

	for (unsigned pings = 0; pings < 520; pings++) {
		int before = request.sequence;
		add(rig, &request);
		transmit(rig);
		expect_sent(rig, AGENT_MKDIR, "/a", 2);
		if (pings)
			assert_int_not_equal(request.sequence, before);
		answer(rig, AGENT_DONE, request.sequence, NULL, 0);
		expect_finished(rig, &request, 0);
		for (unsigned i = 0; i < pings; i++) {
			rig->now = exchange_deadline(rig->exchange);
			exchange_tick(rig->exchange, rig->now);
			transmit(rig);
			answer(rig, AGENT_DONE, expect_sent(rig, AGENT_PING, NULL, 0), NULL, 0);
		}
	}
}

static void the_hello_is_read(void **state)
{
	struct rig *rig = *state;
	const struct exchange_hello *hello = exchange_hello(rig->exchange);

	assert_false(hello->seen);
	answer(rig, AGENT_HELLO, 0, "\0\x10\x20\xa1\x07\0", 6); /* too short */
	assert_false(hello->seen);
	answer(rig, AGENT_HELLO, 0, "\0\x10\x20\xa1\x07\0\x01", 7);
	assert_true(hello->seen);
	assert_int_equal(hello->block, 4096);
	assert_int_equal(hello->free_heap, 500000);
	assert_true(hello->deflate);
}

/* --- Several requests --- */

static void reads_share_the_line(void **state)
{
	struct rig *rig = *state;
	struct exchange_request requests[5];

	for (unsigned i = 0; i < 5; i++) {
		requests[i] = read_request("/a", NULL, 0);
		add(rig, &requests[i]);
	}
	transmit(rig);
	for (unsigned i = 0; i < 3; i++)
		assert_int_equal(expect_sent(rig, AGENT_STAT, "/a", 2), requests[i].sequence);
	expect_nothing_sent(rig); /* three are enough */
	answer(rig, AGENT_DONE, requests[0].sequence, NULL, 0);
	transmit(rig);
	assert_int_equal(expect_sent(rig, AGENT_STAT, "/a", 2), requests[3].sequence);
	expect_nothing_sent(rig);
	for (unsigned i = 1; i < 5; i++) {
		answer(rig, AGENT_DONE, requests[i].sequence, NULL, 0);
		transmit(rig);
	}
	for (unsigned i = 0; i < 5; i++)
		expect_finished(rig, &requests[i], 0);
}

static void reads_share_the_window(void **state)
{
	struct rig *rig = *state;
	char name[101];
	struct exchange_request requests[3];

	memset(name, 'n', 100);
	name[100] = 0;
	for (unsigned i = 0; i < 3; i++) {
		requests[i] = read_request(name, NULL, 0);
		add(rig, &requests[i]);
	}
	assert_int_equal(transmit(rig), 2 * (100 + EMPTY)); /* a third would not fit into 240 */
	next_sent(rig);
	next_sent(rig);
	answer(rig, AGENT_DONE, requests[0].sequence, NULL, 0);
	assert_int_equal(transmit(rig), 100 + EMPTY);
	exchange_set_window(rig->exchange, 0);
	answer(rig, AGENT_DONE, requests[1].sequence, NULL, 0);
	answer(rig, AGENT_DONE, requests[2].sequence, NULL, 0);
	for (unsigned i = 0; i < 3; i++) {
		expect_finished(rig, &requests[i], 0);
		add(rig, &requests[i]);
	}
	next_sent(rig);
	assert_int_equal(transmit(rig), 3 * (100 + EMPTY)); /* where the line holds back, nothing is counted */
}

static void a_change_is_alone(void **state)
{
	struct rig *rig = *state;
	struct exchange_request before = read_request("/a", NULL, 0), change = change_request("/b", 2),
				after = read_request("/c", NULL, 0);

	for (unsigned window = 0; window <= AGENT_WINDOW; window += AGENT_WINDOW) {
		exchange_set_window(rig->exchange, window);
		add(rig, &before);
		add(rig, &change);
		add(rig, &after);
		transmit(rig);
		expect_sent(rig, AGENT_STAT, "/a", 2);
		expect_nothing_sent(rig);
		answer(rig, AGENT_DONE, before.sequence, NULL, 0);
		transmit(rig);
		expect_sent(rig, AGENT_MKDIR, "/b", 2);
		expect_nothing_sent(rig);
		answer(rig, AGENT_DONE, change.sequence, NULL, 0);
		transmit(rig);
		expect_sent(rig, AGENT_STAT, "/c", 2);
		answer(rig, AGENT_DONE, after.sequence, NULL, 0);
		expect_finished(rig, &before, 0);
		expect_finished(rig, &change, 0);
		expect_finished(rig, &after, 0);
	}
}

/* --- The window --- */

static void a_long_frame_waits_for_its_credits(void **state)
{
	struct rig *rig = *state;
	uint8_t payload[1000] = {0};
	struct exchange_request request = change_request(payload, sizeof(payload));
	size_t left = sizeof(payload) + EMPTY;

	add(rig, &request);
	assert_int_equal(transmit(rig), AGENT_WINDOW);
	left -= AGENT_WINDOW;
	for (uint8_t count = 1; left; count++) {
		size_t more = left < AGENT_WINDOW / 2 ? left : AGENT_WINDOW / 2;

		assert_int_equal(transmit(rig), 0);
		credit(rig, request.sequence, count);
		assert_int_equal(transmit(rig), more);
		left -= more;
	}
	assert_int_equal(request.state, EXCHANGE_SENT);
	expect_sent(rig, AGENT_MKDIR, payload, sizeof(payload));
	answer(rig, AGENT_DONE, request.sequence, NULL, 0);
	expect_finished(rig, &request, 0);
}

static void lost_credits_are_in_the_next_one(void **state)
{
	struct rig *rig = *state;
	uint8_t payload[1000] = {0};
	struct exchange_request request = change_request(payload, sizeof(payload));

	add(rig, &request);
	transmit(rig);
	credit(rig, request.sequence, 2); /* all that was sent is read */
	assert_int_equal(transmit(rig), AGENT_WINDOW);
	credit(rig, request.sequence, 3);
	assert_int_equal(transmit(rig), AGENT_WINDOW / 2);
}

static void credits_that_lie_give_nothing(void **state)
{
	struct rig *rig = *state;
	uint8_t payload[2000] = {0};
	struct exchange_request request = change_request(payload, sizeof(payload)), other = read_request("/a", NULL, 0);

	credit(rig, 1, 1); /* nothing is being sent */
	add(rig, &request);
	add(rig, &other);
	transmit(rig);
	credit(rig, request.sequence, 3); /* more was read than was sent */
	assert_int_equal(transmit(rig), 0);
	credit(rig, request.sequence, 255);
	assert_int_equal(transmit(rig), 0);
	credit(rig, (uint8_t)(request.sequence + 1), 1); /* of another frame */
	assert_int_equal(transmit(rig), 0);
	credit(rig, request.sequence, 0);
	assert_int_equal(transmit(rig), 0);
	credit(rig, request.sequence, 2);
	assert_int_equal(transmit(rig), AGENT_WINDOW);
	credit(rig, request.sequence, 2); /* twice the same */
	credit(rig, request.sequence, 1); /* an old one */
	assert_int_equal(transmit(rig), 0);
}

/* On a line where no credit comes any more, nothing is ever sent beyond the window, whatever time does. */
static void without_credits_the_window_stays_shut(void **state)
{
	struct rig *rig = *state;
	uint8_t payload[2000] = {0};
	struct exchange_request request = change_request(payload, sizeof(payload));

	add(rig, &request);
	assert_int_equal(transmit(rig), AGENT_WINDOW);
	pass(rig, 900 * MS);
	assert_int_equal(rig->sent_len, AGENT_WINDOW);
	pass(rig, TIMEOUT);
	expect_finished(rig, &request, -EIO);
}

/*
 * A credit is lost, and so is the NAK of the board, which waits in vain for the rest of the frame: after a while the host begins
 * anew. The board has long given up the half frame then.
 */
static void a_frame_that_is_stuck_is_sent_again(void **state)
{
	struct rig *rig = *state;
	uint8_t payload[500] = {0};
	struct exchange_request request = change_request(payload, sizeof(payload));

	add(rig, &request);
	transmit(rig);
	rig->sent_len = 0;
	pass(rig, 1500 * MS);
	answer(rig, AGENT_DONE, expect_sent(rig, AGENT_PING, NULL, 0), NULL, 0);
	assert_int_equal(transmit(rig), AGENT_WINDOW);
	credit(rig, request.sequence, 2);
	assert_int_equal(transmit(rig), AGENT_WINDOW);
	credit(rig, request.sequence, 4);
	transmit(rig);
	expect_sent(rig, AGENT_MKDIR, payload, sizeof(payload));
	answer(rig, AGENT_DONE, request.sequence, NULL, 0);
	expect_finished(rig, &request, 0);
}

static void a_ping_goes_beside_a_full_window(void **state)
{
	struct rig *rig = *state;
	char name[AGENT_WINDOW - EMPTY + 1];
	struct exchange_request request;

	memset(name, 'n', sizeof(name) - 1);
	name[sizeof(name) - 1] = 0;
	request = read_request(name, NULL, 0);
	add(rig, &request);
	assert_int_equal(transmit(rig), AGENT_WINDOW);
	next_sent(rig);
	pass(rig, 1500 * MS);
	answer(rig, AGENT_DONE, expect_sent(rig, AGENT_PING, NULL, 0), NULL, 0);
	assert_int_equal(transmit(rig), AGENT_WINDOW); /* lost: sent again */
	next_sent(rig);
	answer(rig, AGENT_DONE, request.sequence, NULL, 0);
	expect_finished(rig, &request, 0);
}

/* --- Repair --- */

static void a_nak_brings_all_again_in_order(void **state)
{
	struct rig *rig = *state;
	struct exchange_request requests[3];
	static const char *const names[] = {"/a", "/b", "/c"};
	uint8_t sequences[3];

	for (unsigned i = 0; i < 3; i++) {
		requests[i] = read_request(names[i], NULL, 0);
		add(rig, &requests[i]);
	}
	transmit(rig);
	for (unsigned i = 0; i < 3; i++)
		sequences[i] = expect_sent(rig, AGENT_STAT, names[i], 2);
	answer(rig, AGENT_DONE, sequences[0], NULL, 0);
	answer(rig, AGENT_NAK, 0, NULL, 0);
	transmit(rig);
	assert_int_equal(expect_sent(rig, AGENT_STAT, "/b", 2), sequences[1]);
	assert_int_equal(expect_sent(rig, AGENT_STAT, "/c", 2), sequences[2]);
	expect_nothing_sent(rig);
	assert_int_equal(exchange_counts(rig->exchange)->naks, 1);
	assert_int_equal(exchange_counts(rig->exchange)->resent, 2);
	/* An answer to the first sending counts only for what is not about to be sent again. */
	answer(rig, AGENT_DONE, sequences[1], NULL, 0);
	answer(rig, AGENT_DONE, sequences[2], NULL, 0);
	for (unsigned i = 0; i < 3; i++)
		expect_finished(rig, &requests[i], 0);
}

static void a_nak_ends_what_is_half_sent(void **state)
{
	struct rig *rig = *state;
	uint8_t payload[600] = {7};
	struct exchange_request request = change_request(payload, sizeof(payload));

	add(rig, &request);
	assert_int_equal(transmit(rig), AGENT_WINDOW);
	rig->sent_len = 0;
	answer(rig, AGENT_NAK, 0, NULL, 0);
	assert_int_equal(transmit(rig), AGENT_WINDOW);
	credit(rig, request.sequence, 2);
	transmit(rig);
	credit(rig, request.sequence, 4);
	transmit(rig);
	expect_sent(rig, AGENT_MKDIR, payload, sizeof(payload));
}

static void a_nak_for_nothing_is_nothing(void **state)
{
	struct rig *rig = *state;

	answer(rig, AGENT_NAK, 0, NULL, 0);
	expect_nothing_sent(rig);
	assert_int_equal(exchange_counts(rig->exchange)->resent, 0);
}

static void a_board_that_only_naks_ends(void **state)
{
	struct rig *rig = *state;
	struct exchange_request request = change_request("/a", 2), after = read_request("/b", NULL, 0);
	unsigned sent = 0;

	add(rig, &request);
	add(rig, &after);
	while (request.state != EXCHANGE_FINISHED) {
		transmit(rig);
		expect_sent(rig, AGENT_MKDIR, "/a", 2);
		answer(rig, AGENT_NAK, 0, NULL, 0);
		assert_true(++sent < 100);
	}
	expect_finished(rig, &request, -EIO);
	assert_true(sent > 10); /* but not at the first trouble */
	transmit(rig);
	expect_sent(rig, AGENT_STAT, "/b", 2);
	answer(rig, AGENT_DONE, after.sequence, NULL, 0);
	expect_finished(rig, &after, 0);
}

/* Silence, a ping, its answer: the request was lost, or its answer was. It has the same number again: the board knows which. */
static void what_was_lost_is_found_by_a_ping(void **state)
{
	struct rig *rig = *state;
	struct exchange_request request = change_request("/a", 2);

	add(rig, &request);
	transmit(rig);
	uint8_t sequence = expect_sent(rig, AGENT_MKDIR, "/a", 2);
	pass(rig, 900 * MS);
	expect_nothing_sent(rig);
	pass(rig, 200 * MS);
	uint8_t ping = expect_sent(rig, AGENT_PING, NULL, 0);
	expect_nothing_sent(rig);
	answer(rig, AGENT_DONE, ping, NULL, 0);
	transmit(rig);
	assert_int_equal(expect_sent(rig, AGENT_MKDIR, "/a", 2), sequence);
	answer(rig, AGENT_DONE, sequence, NULL, 0);
	expect_finished(rig, &request, 0);
	assert_int_equal(exchange_counts(rig->exchange)->resent, 1);
}

/* The board was only slow: the answers to the request and the ping come in order, and nothing is sent again. */
static void a_slow_board_is_not_asked_twice(void **state)
{
	struct rig *rig = *state;
	struct exchange_request request = change_request("/a", 2), next = change_request("/b", 2);

	add(rig, &request);
	add(rig, &next);
	transmit(rig);
	expect_sent(rig, AGENT_MKDIR, "/a", 2);
	pass(rig, 3500 * MS);
	uint8_t first = expect_sent(rig, AGENT_PING, NULL, 0);
	uint8_t second = expect_sent(rig, AGENT_PING, NULL, 0); /* after twice the time */
	expect_nothing_sent(rig);
	answer(rig, AGENT_DONE, request.sequence, NULL, 0);
	transmit(rig);
	expect_sent(rig, AGENT_MKDIR, "/b", 2);
	answer(rig, AGENT_DONE, first, NULL, 0);
	answer(rig, AGENT_DONE, second, NULL, 0);
	expect_nothing_sent(rig);
	answer(rig, AGENT_DONE, next.sequence, NULL, 0);
	expect_finished(rig, &request, 0);
	expect_finished(rig, &next, 0);
	assert_int_equal(exchange_counts(rig->exchange)->resent, 0);
}

static void a_damaged_answer_is_asked_for_again(void **state)
{
	struct rig *rig = *state;
	uint8_t room[8];
	struct exchange_request request = read_request("/a", room, sizeof(room));

	add(rig, &request);
	transmit(rig);
	expect_sent(rig, AGENT_STAT, "/a", 2);
	answer_damaged(rig, AGENT_DONE, request.sequence, "text", 4);
	expect_nothing_sent(rig); /* the line is not quiet yet */
	pass(rig, 100 * MS);
	answer(rig, AGENT_DONE, expect_sent(rig, AGENT_PING, NULL, 0), NULL, 0);
	transmit(rig);
	expect_sent(rig, AGENT_STAT, "/a", 2);
	answer(rig, AGENT_DONE, request.sequence, "text", 4);
	expect_finished(rig, &request, 0);
	assert_memory_equal(room, "text", 4);
	assert_true(exchange_counts(rig->exchange)->damaged >= 1);
}

/* Half an answer, and no more: it is not waited for until the time-out, and does not swallow what follows. */
static void half_an_answer_is_asked_for_again(void **state)
{
	struct rig *rig = *state;
	uint8_t out[FRAME_SIZE_MAX], room[100];
	struct exchange_request request = read_request("/a", room, sizeof(room));

	add(rig, &request);
	transmit(rig);
	expect_sent(rig, AGENT_STAT, "/a", 2);
	memset(room, 'x', sizeof(room));
	frame_encode(out, AGENT_DONE, request.sequence, room, sizeof(room));
	for (size_t cut = 1; cut < EMPTY + sizeof(room); cut += 7) {
		hear(rig, out, cut);
		pass(rig, 100 * MS);
		answer(rig, AGENT_DONE, expect_sent(rig, AGENT_PING, NULL, 0), NULL, 0);
		transmit(rig);
		expect_sent(rig, AGENT_STAT, "/a", 2);
	}
	answer(rig, AGENT_DONE, request.sequence, "end", 3);
	expect_finished(rig, &request, 0);
	assert_int_equal(request.answer_len, 3);
}

static void a_missing_part_brings_the_whole_again(void **state)
{
	struct rig *rig = *state;
	struct exchange_request request = {.op = AGENT_LIST, .parts = true, .grow = true};

	add(rig, &request);
	transmit(rig);
	expect_sent(rig, AGENT_LIST, NULL, 0);
	answer(rig, AGENT_MORE, request.sequence, "\0one", 4);
	answer(rig, AGENT_DONE, request.sequence, "\2three", 6); /* where is two? */
	expect_none_finished(rig);
	pass(rig, 100 * MS);
	answer(rig, AGENT_DONE, expect_sent(rig, AGENT_PING, NULL, 0), NULL, 0);
	transmit(rig);
	expect_sent(rig, AGENT_LIST, NULL, 0);
	answer(rig, AGENT_MORE, request.sequence, "\0one", 4);
	answer(rig, AGENT_MORE, request.sequence, "\1two", 4);
	answer(rig, AGENT_DONE, request.sequence, "\2three", 6);
	expect_finished(rig, &request, 0);
	assert_int_equal(request.answer_len, 11);
	assert_memory_equal(request.answer, "onetwothree", 11);
	free(request.answer);
}

static void a_part_without_its_number_is_none(void **state)
{
	struct rig *rig = *state;
	struct exchange_request request = {.op = AGENT_LIST, .parts = true, .grow = true};

	add(rig, &request);
	transmit(rig);
	answer(rig, AGENT_DONE, request.sequence, NULL, 0);
	expect_none_finished(rig);
	answer(rig, AGENT_MORE, request.sequence, "\1", 1);
	expect_none_finished(rig);
	assert_int_equal(exchange_counts(rig->exchange)->damaged, 2);
	answer(rig, AGENT_DONE, request.sequence, "\0", 1);
	expect_finished(rig, &request, 0);
	assert_int_equal(request.answer_len, 0);
	free(request.answer);
}

static void an_answer_that_is_too_long_is_none(void **state)
{
	struct rig *rig = *state;
	uint8_t room[5] = "....", part[AGENT_PAYLOAD_MAX] = {0};
	struct exchange_request request = read_request("/a", room, 4);

	add(rig, &request);
	transmit(rig);
	answer(rig, AGENT_DONE, request.sequence, "12345", 5);
	expect_none_finished(rig);
	assert_string_equal((char *)room, "....");
	answer(rig, AGENT_DONE, request.sequence, "1234", 4);
	expect_finished(rig, &request, 0);

	struct exchange_request endless = {.op = AGENT_LIST, .parts = true, .grow = true};
	add(rig, &endless);
	for (unsigned i = 0; endless.state != EXCHANGE_FINISHED && i < 200; i++) {
		transmit(rig);
		rig->sent_len = 0;
		for (unsigned n = 0; n < EXCHANGE_ANSWER_MAX / AGENT_PAYLOAD_MAX + 2 && endless.state == EXCHANGE_SENT; n++) {
			part[0] = (uint8_t)n;
			answer(rig, AGENT_MORE, endless.sequence, part, sizeof(part));
		}
		assert_true(endless.answer_len <= EXCHANGE_ANSWER_MAX);
		answer(rig, AGENT_NAK, 0, NULL, 0);
	}
	expect_finished(rig, &endless, -EIO);
	free(endless.answer);
}

static void answers_that_nobody_waits_for_are_ignored(void **state)
{
	struct rig *rig = *state;
	uint8_t room[8];
	struct exchange_request request = read_request("/a", room, sizeof(room));

	answer(rig, AGENT_DONE, 1, "no", 2);
	answer(rig, AGENT_FAILED, 1, "\1\0\0\0", 4);
	add(rig, &request);
	answer(rig, AGENT_DONE, 1, "no", 2); /* not sent yet */
	transmit_some(rig, 3);
	answer(rig, AGENT_DONE, request.sequence, "no", 2); /* half sent */
	expect_none_finished(rig);
	transmit(rig);
	answer(rig, AGENT_DONE, (uint8_t)(request.sequence + 1), "no", 2);
	answer(rig, 'z', request.sequence, "no", 2);        /* of another version */
	answer(rig, AGENT_STAT, request.sequence, "/a", 2); /* our own, echoed */
	expect_none_finished(rig);
	answer(rig, AGENT_DONE, request.sequence, "yes", 3);
	answer(rig, AGENT_DONE, request.sequence, "no", 2); /* a duplicate */
	expect_finished(rig, &request, 0);
	expect_none_finished(rig);
	assert_int_equal(request.answer_len, 3);
	assert_memory_equal(room, "yes", 3);
}

static void a_program_may_print_beside_answers(void **state)
{
	struct rig *rig = *state;
	struct exchange_request request = read_request("/a", NULL, 0);

	add(rig, &request);
	transmit(rig);
	hear(rig, "timer tick\r\n", 12);
	answer(rig, AGENT_DONE, request.sequence, NULL, 0);
	expect_finished(rig, &request, 0);
	assert_int_equal(rig->traced_words, 1);
}

/* --- Keep-alive, silence, death --- */

static void an_idle_host_pings(void **state)
{
	struct rig *rig = *state;
	int64_t last = rig->now;

	for (unsigned i = 0; i < 100; i++) {
		int64_t at = exchange_deadline(rig->exchange);

		assert_true(at > rig->now);
		assert_true(at - last < AGENT_IDLE_US / 2);
		rig->now = last = at;
		exchange_tick(rig->exchange, rig->now);
		assert_int_equal(transmit(rig), EMPTY);
		answer(rig, AGENT_DONE, expect_sent(rig, AGENT_PING, NULL, 0), NULL, 0);
		expect_nothing_sent(rig);
	}
	assert_false(exchange_dead(rig->exchange));
}

static void a_ping_that_is_not_answered_holds_nothing_up(void **state)
{
	struct rig *rig = *state;
	struct exchange_request requests[3];

	pass(rig, 2 * SECOND);
	expect_sent(rig, AGENT_PING, NULL, 0);
	/* The first request's answer proves that the line is as before, and reads share it again. */
	for (unsigned i = 0; i < 3; i++) {
		requests[i] = read_request("/a", NULL, 0);
		add(rig, &requests[i]);
	}
	transmit(rig);
	answer(rig, AGENT_DONE, expect_sent(rig, AGENT_STAT, "/a", 2), NULL, 0);
	transmit(rig);
	expect_sent(rig, AGENT_STAT, "/a", 2);
	expect_sent(rig, AGENT_STAT, "/a", 2);
}

static void silence_ends_everything(void **state)
{
	struct rig *rig = *state;
	struct exchange_request sent = read_request("/a", NULL, 0), queued = change_request("/b", 2),
				bulk = read_request("/c", NULL, 0), late = read_request("/d", NULL, 0);

	bulk.bulk = true;
	add(rig, &sent);
	add(rig, &queued);
	add(rig, &bulk);
	transmit(rig);
	pass(rig, TIMEOUT - MS);
	expect_none_finished(rig);
	assert_false(exchange_dead(rig->exchange));
	pass(rig, 2 * MS);
	expect_finished(rig, &sent, -EIO);
	expect_finished(rig, &queued, -EIO);
	expect_finished(rig, &bulk, -EIO);
	assert_true(exchange_dead(rig->exchange));
	add(rig, &late);
	expect_finished(rig, &late, -EIO);
}

/* With a patience requests wait for a dead board, each so long, and go on when another agent is there. */
static void who_is_patient_waits_for_a_dead_board(void **state)
{
	struct rig *rig = *state;
	struct exchange_request sent = read_request("/a", NULL, 0), queued = change_request("/b", 2),
				late = read_request("/c", NULL, 0);
	struct exchange *first = exchange_open(rig->now, TIMEOUT, NULL, NULL);

	exchange_set_patience(rig->exchange, 30 * SECOND);
	add(rig, &sent);
	add(rig, &queued);
	transmit(rig);
	rig->sent_len = 0;
	exchange_silence(rig->exchange, rig->now);
	expect_none_finished(rig);
	assert_true(exchange_waits(rig->exchange));
	pass(rig, 20 * SECOND);
	add(rig, &late);
	expect_nothing_sent(rig);
	assert_int_equal(exchange_deadline(rig->exchange), START + 30 * SECOND);
	pass(rig, 10 * SECOND + MS);
	expect_finished(rig, &sent, -EIO);
	expect_finished(rig, &queued, -EIO);
	expect_none_finished(rig);
	exchange_restart(rig->exchange, first, AGENT_WINDOW, rig->now);
	transmit(rig);
	expect_sent(rig, AGENT_STAT, "/c", 2);
	answer(rig, AGENT_DONE, late.sequence, NULL, 0);
	expect_finished(rig, &late, 0);
	assert_false(exchange_waits(rig->exchange));
	exchange_close(first);
}

/* Nobody knows whether a change that was under way was done; what had not begun waits. */
static void a_change_under_way_does_not_wait_for_a_dead_board(void **state)
{
	struct rig *rig = *state;
	struct exchange_request change = change_request("/a", 2), queued = change_request("/b", 2);

	exchange_set_patience(rig->exchange, 30 * SECOND);
	add(rig, &change);
	add(rig, &queued);
	transmit(rig);
	exchange_silence(rig->exchange, rig->now);
	expect_finished(rig, &change, -EIO);
	expect_none_finished(rig);
	/* Less patience ends the waiting of those who have had enough. */
	exchange_set_patience(rig->exchange, 0);
	exchange_tick(rig->exchange, rig->now);
	expect_finished(rig, &queued, -EIO);
	add(rig, &change);
	expect_finished(rig, &change, -EIO);
}

static void giving_up_ends_all_that_waits(void **state)
{
	struct rig *rig = *state;
	struct exchange_request read = read_request("/a", NULL, 0), bulk = read_request("/b", NULL, 0), late = read;

	bulk.bulk = true;
	exchange_set_patience(rig->exchange, SECOND);
	exchange_silence(rig->exchange, rig->now);
	add(rig, &read);
	add(rig, &bulk);
	exchange_give_up(rig->exchange);
	expect_finished(rig, &read, -EIO);
	expect_finished(rig, &bulk, -EIO);
	add(rig, &late);
	expect_none_finished(rig);
	pass(rig, SECOND + MS);
	expect_finished(rig, &late, -EIO);
}

/* An agent with nothing to do answers at once: one that does not is no more. A late answer is one. */
static void an_idle_agent_that_does_not_answer_has_ended(void **state)
{
	struct rig *rig = *state;
	uint8_t sequence = 0;

	for (unsigned i = 0; i < 2; i++) {
		rig->now = exchange_deadline(rig->exchange);
		exchange_tick(rig->exchange, rig->now);
		transmit(rig);
		sequence = expect_sent(rig, AGENT_PING, NULL, 0);
		assert_false(exchange_lapsed(rig->exchange, rig->now));
	}
	answer(rig, AGENT_DONE, sequence, NULL, 0);
	for (unsigned i = 0; i < 2; i++) {
		rig->now = exchange_deadline(rig->exchange);
		exchange_tick(rig->exchange, rig->now);
		transmit(rig);
		expect_sent(rig, AGENT_PING, NULL, 0);
		assert_false(exchange_lapsed(rig->exchange, rig->now));
	}
	rig->now = exchange_deadline(rig->exchange);
	exchange_tick(rig->exchange, rig->now);
	assert_true(exchange_lapsed(rig->exchange, rig->now));
	expect_nothing_sent(rig);
	assert_false(exchange_dead(rig->exchange));
}

static void a_sign_of_life_ends_death(void **state)
{
	struct rig *rig = *state;
	struct exchange_request request = read_request("/a", NULL, 0);

	add(rig, &request);
	transmit(rig);
	pass(rig, TIMEOUT + MS);
	expect_finished(rig, &request, -EIO);
	rig->sent_len = 0;
	pass(rig, 2 * SECOND);
	expect_nothing_sent(rig);                                /* who knows what reads it now */
	hear(rig, "Traceback (most recent call last):\r\n", 36); /* a board, not the agent */
	assert_true(exchange_dead(rig->exchange));
	answer(rig, AGENT_DONE, request.sequence, NULL, 0); /* late, but from the agent */
	assert_false(exchange_dead(rig->exchange));
	add(rig, &request);
	transmit(rig);
	expect_sent(rig, AGENT_STAT, "/a", 2);
	answer(rig, AGENT_DONE, request.sequence, NULL, 0);
	expect_finished(rig, &request, 0);
}

/* The process was stopped, or the computer slept: the agent has ended, and a prompt would read what we say. */
static void after_a_long_pause_nothing_is_sent(void **state)
{
	struct rig *rig = *state;
	struct exchange_request request = read_request("/a", NULL, 0);
	const uint8_t *bytes;

	assert_false(exchange_lapsed(rig->exchange, rig->now + AGENT_IDLE_US - 1));
	rig->now += AGENT_IDLE_US;
	assert_true(exchange_lapsed(rig->exchange, rig->now));
	exchange_tick(rig->exchange, rig->now);
	assert_int_equal(exchange_output(rig->exchange, rig->now, &bytes), 0);
	add(rig, &request);
	pass(rig, TIMEOUT / 2);
	expect_nothing_sent(rig);
	expect_none_finished(rig);
	hear(rig, ">>> ", 4); /* also not when the prompt says something */
	assert_true(exchange_lapsed(rig->exchange, rig->now));
	expect_nothing_sent(rig);
	pass(rig, TIMEOUT / 2); /* and nobody starts the agent again */
	expect_finished(rig, &request, -EIO);
	assert_true(exchange_dead(rig->exchange));
}

/* However long the process was stopped: what only reads is asked again, for as long as any other request. */
static void a_pause_is_no_silence_of_the_board(void **state)
{
	struct rig *rig = *state;
	struct exchange *first;
	struct exchange_request request = read_request("/a", NULL, 0);

	add(rig, &request);
	transmit(rig);
	expect_sent(rig, AGENT_STAT, "/a", 2);
	rig->now += 10 * TIMEOUT;
	exchange_tick(rig->exchange, rig->now);
	expect_none_finished(rig);
	assert_true(exchange_lapsed(rig->exchange, rig->now));
	first = exchange_open(rig->now, TIMEOUT, NULL, NULL);
	exchange_restart(rig->exchange, first, AGENT_WINDOW, rig->now);
	exchange_close(first);
	transmit(rig);
	expect_sent(rig, AGENT_STAT, "/a", 2);
	answer(rig, AGENT_DONE, request.sequence, NULL, 0);
	expect_finished(rig, &request, 0);
}

/* While the board works, however long, and while it sends a long answer, the agent is known to be there. */
static void a_long_answer_is_no_pause(void **state)
{
	struct rig *rig = *state;
	struct exchange_request request = {.op = AGENT_LIST, .parts = true, .grow = true};
	uint8_t part[100];

	add(rig, &request);
	transmit(rig);
	expect_sent(rig, AGENT_LIST, NULL, 0);
	memset(part, 'p', sizeof(part));
	for (unsigned i = 0; i <= 100; i++) {
		pass(rig, 300 * MS);
		part[0] = (uint8_t)i;
		answer(rig, i == 100 ? AGENT_DONE : AGENT_MORE, request.sequence, part, sizeof(part));
		assert_false(exchange_lapsed(rig->exchange, rig->now));
	}
	expect_finished(rig, &request, 0);
	assert_int_equal(request.answer_len, 101 * 99);
	free(request.answer);
}

static void a_long_work_is_no_pause(void **state)
{
	struct rig *rig = *state;
	struct exchange *patient = exchange_open(rig->now, 60 * SECOND, NULL, NULL);
	struct exchange_request request = change_request("/a", 2);

	exchange_close(rig->exchange);
	rig->exchange = patient;
	add(rig, &request);
	transmit(rig);
	for (unsigned i = 0; i < 59; i++) {
		pass(rig, SECOND);
		assert_false(exchange_lapsed(rig->exchange, rig->now));
	}
	assert_true(rig->sent_len < AGENT_WINDOW); /* nor do the pings fill the board's ring */
	answer(rig, AGENT_DONE, request.sequence, NULL, 0);
	expect_finished(rig, &request, 0);
}

/* What a new agent is asked: what only read again, what changed something not; its first numbers are others' already. */
static void a_new_agent_is_asked_again(void **state)
{
	struct rig *rig = *state;
	struct exchange *first = exchange_open(rig->now, TIMEOUT, NULL, NULL);
	struct exchange_request hello = read_request("", NULL, 0), before = read_request("/a", NULL, 0),
				reads[2] = {read_request("/b", NULL, 0), read_request("/c", NULL, 0)},
				change = change_request("/d", 2), queued = change_request("/e", 2);
	const uint8_t *bytes;
	struct rig *starter = calloc(1, sizeof(*starter));

	starter->exchange = first;
	starter->now = rig->now;
	frame_reader_init(&starter->reader);
	for (unsigned i = 0; i < 200; i++) {
		add(starter, &hello);
		transmit(starter);
		starter->sent_len = 0;
		answer(starter, AGENT_DONE, hello.sequence, NULL, 0);
		expect_finished(starter, &hello, 0);
	}
	add(rig, &before);
	add(rig, &reads[0]);
	add(rig, &reads[1]);
	transmit(rig);
	rig->sent_len = 0;
	answer(rig, AGENT_DONE, before.sequence, NULL, 0);
	expect_finished(rig, &before, 0);
	add(rig, &queued);
	rig->now += AGENT_IDLE_US;
	assert_int_equal(exchange_output(rig->exchange, rig->now, &bytes), 0);
	exchange_restart(rig->exchange, first, AGENT_WINDOW, rig->now);
	assert_false(exchange_lapsed(rig->exchange, rig->now));
	transmit(rig);
	uint8_t sequence = expect_sent(rig, AGENT_STAT, "/b", 2);
	assert_int_not_equal(sequence, hello.sequence);
	expect_sent(rig, AGENT_STAT, "/c", 2);
	expect_nothing_sent(rig);
	answer(rig, AGENT_DONE, reads[0].sequence, NULL, 0);
	answer(rig, AGENT_DONE, reads[1].sequence, NULL, 0);
	expect_finished(rig, &reads[0], 0);
	expect_finished(rig, &reads[1], 0);
	transmit(rig);
	expect_sent(rig, AGENT_MKDIR, "/e", 2); /* it had not been sent */
	answer(rig, AGENT_DONE, queued.sequence, NULL, 0);
	expect_finished(rig, &queued, 0);

	add(rig, &change);
	transmit_some(rig, 4);
	rig->sent_len = 0;
	exchange_restart(rig->exchange, first, 0, rig->now);
	expect_finished(rig, &change, -EIO); /* nobody knows whether it was done */
	expect_nothing_sent(rig);
	exchange_close(first);
	free(starter);
}

/* A board whose program prints for ever, the agent gone: every request ends in time all the same. */
static void babble_is_no_sign_of_life(void **state)
{
	struct rig *rig = *state;
	struct exchange_request request = read_request("/a", NULL, 0);
	int64_t start = rig->now;

	add(rig, &request);
	while (request.state != EXCHANGE_FINISHED) {
		transmit(rig);
		rig->sent_len = 0;
		rig->now += 20 * MS;
		hear(rig, "still here\xfa\xfb\r\n", 14);
		exchange_tick(rig->exchange, rig->now);
		assert_true(rig->now < start + 2 * TIMEOUT);
	}
	expect_finished(rig, &request, -EIO);
	assert_in_range(rig->now - start, TIMEOUT, TIMEOUT + SECOND);
}

/* A board that says what nobody asked for, in whole frames, for ever: every request ends in time all the same. */
static void what_brings_nothing_on_is_no_sign_of_life(void **state)
{
	enum { EMPTY_PART, OTHER_NUMBER, HELLO, CREDIT, LATER_VERSION, KINDS };
	struct rig *rig = *state;

	for (int kind = EMPTY_PART; kind < KINDS; kind++) {
		struct exchange_request request = read_request("/a", NULL, 0);
		int64_t start = rig->now;

		add(rig, &request);
		while (request.state != EXCHANGE_FINISHED) {
			transmit(rig);
			rig->sent_len = 0;
			rig->now += 200 * MS;
			if (kind == EMPTY_PART)
				answer(rig, AGENT_MORE, request.sequence, NULL, 0);
			else if (kind == OTHER_NUMBER)
				answer(rig, AGENT_DONE, request.sequence ^ 1, NULL, 0);
			else if (kind == HELLO)
				answer(rig, AGENT_HELLO, 0, "\x00\x10\x00\x00\x01\x00\x01", 7);
			else if (kind == CREDIT)
				credit(rig, request.sequence, 1);
			else
				answer(rig, 'z', request.sequence, "new", 3);
			exchange_tick(rig->exchange, rig->now);
			assert_true(rig->now < start + 2 * TIMEOUT);
		}
		expect_finished(rig, &request, -EIO);
		answer(rig, AGENT_NAK, 0, NULL, 0);
	}
}

/* The line takes no bytes: what waits in the queue ends too, also where nothing is under way but a stuck ping. */
static void a_stuck_line_ends_what_is_queued(void **state)
{
	struct rig *rig = *state;
	struct exchange_request request = read_request("/a", NULL, 0), bulk = read_request("/b", NULL, 0);
	const uint8_t *bytes;

	bulk.bulk = true;
	rig->now = exchange_deadline(rig->exchange);
	exchange_tick(rig->exchange, rig->now);
	assert_int_equal(exchange_output(rig->exchange, rig->now, &bytes), EMPTY);
	exchange_sent(rig->exchange, 5, rig->now);
	add(rig, &request);
	add(rig, &bulk);
	int64_t end = rig->now + 2 * TIMEOUT;
	while (request.state != EXCHANGE_FINISHED || bulk.state != EXCHANGE_FINISHED) {
		int64_t next = exchange_deadline(rig->exchange);

		assert_true(next > rig->now);
		assert_true(next < end);
		rig->now = next;
		exchange_tick(rig->exchange, rig->now);
		exchange_output(rig->exchange, rig->now, &bytes);
	}
	expect_finished(rig, &request, -EIO);
	expect_finished(rig, &bulk, -EIO);
}

static void a_failed_link_ends_everything_for_good(void **state)
{
	struct rig *rig = *state;
	struct exchange_request sent = read_request("/a", NULL, 0), queued = change_request("/b", 2);
	const uint8_t *bytes;

	add(rig, &sent);
	add(rig, &queued);
	transmit_some(rig, 3);
	exchange_fail(rig->exchange);
	expect_finished(rig, &sent, -EIO);
	expect_finished(rig, &queued, -EIO);
	answer(rig, AGENT_DONE, sent.sequence, NULL, 0);
	assert_true(exchange_dead(rig->exchange));
	assert_int_equal(exchange_output(rig->exchange, rig->now, &bytes), 0);
	assert_int_equal(exchange_deadline(rig->exchange), INT64_MAX);
	exchange_tick(rig->exchange, rig->now + 100 * SECOND);
	assert_int_equal(exchange_output(rig->exchange, rig->now, &bytes), 0);
	add(rig, &queued);
	expect_finished(rig, &queued, -EIO);
}

/* --- Bulk --- */

static void bulk_gives_way(void **state)
{
	struct rig *rig = *state;
	struct exchange_request bulk = change_request("/bulk", 5), second = change_request("/bulk2", 6),
				urgent = read_request("/a", NULL, 0), follower = read_request("/b", NULL, 0);

	bulk.bulk = second.bulk = true;
	add(rig, &bulk);
	add(rig, &second);
	transmit(rig);
	expect_sent(rig, AGENT_MKDIR, "/bulk", 5);
	add(rig, &urgent);
	answer(rig, AGENT_DONE, bulk.sequence, NULL, 0);
	transmit(rig);
	expect_sent(rig, AGENT_STAT, "/a", 2);
	rig->now += MS;
	answer(rig, AGENT_DONE, urgent.sequence, NULL, 0);
	expect_nothing_sent(rig); /* who asked once will ask again */
	pass(rig, 5 * MS);
	expect_nothing_sent(rig);
	add(rig, &follower);
	transmit(rig);
	expect_sent(rig, AGENT_STAT, "/b", 2);
	answer(rig, AGENT_DONE, follower.sequence, NULL, 0);
	expect_nothing_sent(rig);
	pass(rig, 11 * MS);
	expect_sent(rig, AGENT_MKDIR, "/bulk2", 6);
	answer(rig, AGENT_DONE, second.sequence, NULL, 0);
	expect_finished(rig, &bulk, 0);
	expect_finished(rig, &urgent, 0);
	expect_finished(rig, &follower, 0);
	expect_finished(rig, &second, 0);
}

/* Somebody asks without end: the copy goes on all the same. */
static void bulk_is_not_starved(void **state)
{
	struct rig *rig = *state;
	struct exchange_request bulk = change_request("/bulk", 5), urgent[2];
	unsigned before = 0;

	bulk.bulk = true;
	for (unsigned i = 0; i < 2; i++) {
		urgent[i] = read_request("/a", NULL, 0);
		add(rig, &urgent[i]);
	}
	transmit(rig);
	add(rig, &bulk);
	for (;;) {
		const struct frame *frame = next_sent(rig);

		if (frame->type == AGENT_MKDIR)
			break;
		assert_true(++before < 40);
		answer(rig, AGENT_DONE, frame->sequence, NULL, 0);
		struct exchange_request *done = exchange_finished(rig->exchange);
		add(rig, done);
		transmit(rig);
	}
	assert_true(before >= 10);
}

/* The next block of a long read is asked for while the one before still comes in, but not much before. */
static void bulk_reads_keep_the_line_full(void **state)
{
	struct rig *rig = *state;
	static uint8_t rooms[3][4096];
	uint8_t out[FRAME_SIZE_MAX];
	struct exchange_request requests[3], urgent = read_request("/u", NULL, 0);

	for (unsigned i = 0; i < 3; i++) {
		requests[i] = read_request("/a", rooms[i], sizeof(rooms[i]));
		requests[i].bulk = true;
		add(rig, &requests[i]);
	}
	transmit(rig);
	expect_sent(rig, AGENT_STAT, "/a", 2);
	expect_nothing_sent(rig);
	size_t len = frame_encode(out, AGENT_DONE, requests[0].sequence, rooms[0], sizeof(rooms[0])), at = 0;
	for (; transmit(rig) == 0; at += 64)
		hear(rig, out + at, 64);
	assert_true(at < len);
	assert_true(len - at <= 512);
	expect_sent(rig, AGENT_STAT, "/a", 2);
	/* What is not bulk goes now, and waits for what is under way alone. */
	add(rig, &urgent);
	transmit(rig);
	expect_sent(rig, AGENT_STAT, "/u", 2);
	hear(rig, out + at, len - at);
	expect_finished(rig, &requests[0], 0);
	answer(rig, AGENT_DONE, requests[1].sequence, rooms[1], sizeof(rooms[1]));
	answer(rig, AGENT_DONE, urgent.sequence, NULL, 0);
	expect_finished(rig, &requests[1], 0);
	expect_finished(rig, &urgent, 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(a_request_is_sent_and_answered),
		TEST(a_failure_brings_the_boards_words),
		TEST(a_failure_may_be_negative_long_or_short),
		TEST(parts_are_put_together),
		TEST(sequence_numbers_go_round),
		TEST(pings_do_not_bring_a_number_back),
		TEST(the_hello_is_read),
		TEST(reads_share_the_line),
		TEST(reads_share_the_window),
		TEST(a_change_is_alone),
		TEST(a_long_frame_waits_for_its_credits),
		TEST(lost_credits_are_in_the_next_one),
		TEST(credits_that_lie_give_nothing),
		TEST(without_credits_the_window_stays_shut),
		TEST(a_frame_that_is_stuck_is_sent_again),
		TEST(a_ping_goes_beside_a_full_window),
		TEST(a_nak_brings_all_again_in_order),
		TEST(a_nak_ends_what_is_half_sent),
		TEST(a_nak_for_nothing_is_nothing),
		TEST(a_board_that_only_naks_ends),
		TEST(what_was_lost_is_found_by_a_ping),
		TEST(a_slow_board_is_not_asked_twice),
		TEST(a_damaged_answer_is_asked_for_again),
		TEST(half_an_answer_is_asked_for_again),
		TEST(a_missing_part_brings_the_whole_again),
		TEST(a_part_without_its_number_is_none),
		TEST(an_answer_that_is_too_long_is_none),
		TEST(answers_that_nobody_waits_for_are_ignored),
		TEST(a_program_may_print_beside_answers),
		TEST(an_idle_host_pings),
		TEST(a_ping_that_is_not_answered_holds_nothing_up),
		TEST(silence_ends_everything),
		TEST(who_is_patient_waits_for_a_dead_board),
		TEST(a_change_under_way_does_not_wait_for_a_dead_board),
		TEST(giving_up_ends_all_that_waits),
		TEST(an_idle_agent_that_does_not_answer_has_ended),
		TEST(a_sign_of_life_ends_death),
		TEST(after_a_long_pause_nothing_is_sent),
		TEST(a_pause_is_no_silence_of_the_board),
		TEST(a_long_answer_is_no_pause),
		TEST(a_long_work_is_no_pause),
		TEST(a_new_agent_is_asked_again),
		TEST(babble_is_no_sign_of_life),
		TEST(what_brings_nothing_on_is_no_sign_of_life),
		TEST(a_stuck_line_ends_what_is_queued),
		TEST(a_failed_link_ends_everything_for_good),
		TEST(bulk_gives_way),
		TEST(bulk_is_not_starved),
		TEST(bulk_reads_keep_the_line_full),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
