/* SPDX-License-Identifier: MIT */
/*
 * The agent's other side, src/agent/board/, on a real MicroPython, spoken to by hand: its frames, its manners on a bad line, and how
 * it comes and goes. What its requests do to files is in test_board_agent.c.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include <cmocka.h>

#include "agent/agent_parts.h"
#include "agent/statements.h"
#include "agent/frame.h"
#include "bytelink/device.h"
#include "rawrepl/rawrepl.h"
#include "tests/unit/real_board.h"

enum { SECOND = 1000000, MS = 1000, LONG = 20 * SECOND, EMPTY = AGENT_HEADER_SIZE + AGENT_TRAILER_SIZE, ANSWER_MAX = 1 << 16 };

/* What else than the answers came from the board since the last question. */
struct rig {
	struct real_board board;
	struct bytelink *link;
	struct rawrepl repl;
	struct frame_reader reader;
	unsigned block;
	bool deflate;
	uint8_t sequence;
	uint8_t sending;   /* the number of the frame that is being sent */
	unsigned credits;  /* granted for it */
	size_t heard;      /* bytes */
	char output[4096]; /* outside frames */
	size_t output_len;
	uint8_t answer[ANSWER_MAX];
	size_t answer_len;
	unsigned parts;
};

static struct rig *rig;

static const char *variant = "";

/* --- Bytes --- */

static void say(const void *bytes, size_t len)
{
	assert_int_equal(bytelink_write_all(rig->link, bytes, len, bytelink_now(rig->link) + LONG), 0);
}

static void note_output(void)
{
	size_t len = rig->reader.output_len;

	assert_true(rig->output_len + len < sizeof(rig->output));
	memcpy(rig->output + rig->output_len, rig->reader.output, len);
	rig->output_len += len;
	rig->output[rig->output_len] = 0;
}

static void note_credit(void)
{
	assert_int_equal(rig->reader.credit_sequence, rig->sending);
	rig->credits++;
	assert_int_equal(rig->reader.credit_count, rig->credits);
}

/* Reads until there is a frame (true), or TEXT (may be NULL) was put out, or so many credits (0: any) have come, or DEADLINE. */
static bool hear_until(int64_t deadline, const char *text, unsigned credits)
{
	while ((!text || !strstr(rig->output, text)) && (!credits || rig->credits < credits)) {
		enum frame_event event = frame_reader_next(&rig->reader);
		size_t room;

		assert_int_not_equal(event, FRAME_DAMAGED);
		if (event == FRAME_WHOLE)
			return true;
		if (event == FRAME_OUTPUT)
			note_output();
		if (event == FRAME_CREDIT)
			note_credit();
		if (event != FRAME_NONE)
			continue;
		if (bytelink_wait(rig->link, BYTELINK_READABLE, deadline) == 0)
			return false;
		uint8_t *to = frame_reader_room(&rig->reader, &room);
		ssize_t len = bytelink_read(rig->link, to, room);
		assert_true(len >= 0);
		frame_reader_fed(&rig->reader, (size_t)len);
		rig->heard += (size_t)len;
	}
	return false;
}

static bool hear(int64_t within)
{
	return hear_until(bytelink_now(rig->link) + within, NULL, 0);
}

static uint8_t expect_frame(uint8_t type, uint8_t sequence)
{
	if (!hear(LONG))
		fail_msg("no frame of type %c, but %s", type, rig->output);
	if (rig->reader.frame.type != type)
		fail_msg("a frame of type %c, not %c: %.*s", rig->reader.frame.type, type, rig->reader.frame.len,
			 (const char *)rig->reader.frame.payload);
	assert_int_equal(rig->reader.frame.channel, 0);
	if (type != AGENT_NAK)
		assert_int_equal(rig->reader.frame.sequence, sequence);
	return rig->reader.frame.sequence;
}

/* Waits until TEXT was put out. */
static void expect_output(const char *text)
{
	if (hear_until(bytelink_now(rig->link) + LONG, text, 0))
		fail_msg("a frame of type %c, not the output %s", rig->reader.frame.type, text);
	if (!strstr(rig->output, text))
		fail_msg("not %s was said, but %s", text, rig->output);
}

static void forget_output(void)
{
	rig->output_len = 0;
	rig->output[0] = 0;
}

/* --- Frames --- */

static size_t make_frame(uint8_t *out, uint8_t type, uint8_t sequence, const void *payload, size_t len)
{
	rig->credits = 0;
	rig->sending = sequence;
	return frame_encode(out, type, sequence, payload, len);
}

/* Sends a frame as the protocol has it: a window at a time. False: a frame came meanwhile. */
static bool send_frame(uint8_t type, uint8_t sequence, const void *payload, size_t len)
{
	uint8_t out[FRAME_SIZE_MAX];
	size_t size = make_frame(out, type, sequence, payload, len), at = 0;

	while (at < size) {
		size_t may = AGENT_WINDOW + rig->credits * (AGENT_WINDOW / 2);

		if (may > size)
			may = size;
		if (may > at)
			say(out + at, may - at);
		at = may;
		if (at < size && hear_until(bytelink_now(rig->link) + LONG, NULL, rig->credits + 1))
			return false;
	}
	return true;
}

/* Collects the answer to request SEQUENCE, of one or more parts. Returns the last one's type. */
static uint8_t collect_answer(uint8_t sequence)
{
	uint8_t type = AGENT_MORE;

	rig->answer_len = 0;
	for (rig->parts = 0; type == AGENT_MORE; rig->parts++) {
		assert_true(hear(LONG));
		type = rig->reader.frame.type;
		if (type == AGENT_NAK)
			break;
		assert_int_equal(rig->reader.frame.sequence, sequence);
		assert_true(rig->answer_len + rig->reader.frame.len <= ANSWER_MAX);
		memcpy(rig->answer + rig->answer_len, rig->reader.frame.payload, rig->reader.frame.len);
		rig->answer_len += rig->reader.frame.len;
	}
	return type;
}

/* Sends a request and collects its answer; again where a busy computer paused in the middle for longer than the board waits. */
static uint8_t answer_to(uint8_t type, uint8_t sequence, const void *payload, size_t len)
{
	uint8_t answer = AGENT_NAK;

	for (unsigned i = 0; i < 20 && answer == AGENT_NAK; i++) {
		if (send_frame(type, sequence, payload, len))
			answer = collect_answer(sequence);
		else
			assert_int_equal(rig->reader.frame.type, AGENT_NAK);
	}
	return answer;
}

static uint8_t ask(uint8_t type, const void *payload, size_t len)
{
	rig->sequence = (uint8_t)((rig->sequence + 1) % 128);
	return answer_to(type, rig->sequence, payload, len);
}

static void expect_done(uint8_t type, const void *payload, size_t len)
{
	uint8_t answer = ask(type, payload, len);

	if (answer != AGENT_DONE)
		fail_msg("%c is answered by %c: %.*s", type, answer, (int)rig->answer_len, (const char *)rig->answer);
}

static void check_failure(int number, const char *words)
{
	int got;

	assert_true(rig->answer_len >= 4);
	got = (int)(rig->answer[0] | (unsigned)rig->answer[1] << 8 | (unsigned)rig->answer[2] << 16 |
		    (unsigned)rig->answer[3] << 24);
	rig->answer[rig->answer_len] = 0;
	assert_int_equal(got, number);
	if (!strstr((char *)rig->answer + 4, words))
		fail_msg("the words are %s", (char *)rig->answer + 4);
	assert_true(rig->answer_len <= 44);
}

static void expect_failed(uint8_t type, const void *payload, size_t len, int number, const char *words)
{
	assert_int_equal(ask(type, payload, len), AGENT_FAILED);
	check_failure(number, words);
}

static void ping(void)
{
	expect_done(AGENT_PING, NULL, 0);
	assert_int_equal(rig->answer_len, 0);
}

/* Nothing comes but the answer to a ping: what was sent before had no other answer. */
static void expect_quiet(void)
{
	ping();
	assert_int_equal(rig->parts, 1);
}

/* --- The agent comes --- */

/* Types LINE at the friendly REPL and waits for the prompt behind what it prints. */
static const char *at_prompt(const char *line)
{
	forget_output();
	say(line, strlen(line));
	say("\r", 1);
	expect_output("\r\n");
	expect_output("\n>>> ");
	return rig->output;
}

static void run_python(const char *python, size_t len)
{
	struct diag diag = {0};

	if (rawrepl_run(&rig->repl, python, len, NULL, 0, NULL, LONG, &diag))
		fail_msg("%s", diag.text);
}

/* To the raw REPL, also from an agent that a test has left behind. */
static void enter(void)
{
	uint8_t quit[EMPTY];
	struct rawrepl_options options = {
		.timeout_us = LONG, .rescue = (char *)quit, .rescue_len = frame_encode(quit, AGENT_QUIT, 0, "", 0)};
	struct diag diag = {0};

	if (rawrepl_enter(&rig->repl, rig->link, &options, &diag))
		fail_msg("%s", diag.text);
}

static void start_core(const char *core, size_t len)
{
	struct diag diag = {0};

	enter();
	run_python(core, len);
	if (rawrepl_leave(&rig->repl, LONG, &diag))
		fail_msg("%s", diag.text);
	assert_int_equal(rawrepl_type(&rig->repl, "__mpremotefs__()"), 0);
	frame_reader_init(&rig->reader);
	assert_true(hear(LONG));
	assert_int_equal(rig->reader.frame.type, AGENT_HELLO);
	assert_int_equal(rig->reader.frame.len, 7);
	const uint8_t *hello = rig->reader.frame.payload;
	rig->block = hello[0] | (unsigned)hello[1] << 8;
	rig->deflate = hello[6];
	forget_output();
}

static void start_agent(void)
{
	start_core(agent_core, agent_core_len);
}

/* Loads LEN bytes of PYTHON, or of what it was deflated to, in as many requests as it needs. */
static void load(const void *python, size_t len, unsigned flags)
{
	uint8_t payload[AGENT_PAYLOAD_MAX];

	for (size_t at = 0, size; at < len; at += size) {
		size = len - at < rig->block - 1 ? len - at : rig->block - 1;
		payload[0] = (uint8_t)(flags | (at + size < len ? AGENT_LOAD_MORE : 0));
		memcpy(payload + 1, (const uint8_t *)python + at, size);
		expect_done(AGENT_LOAD, payload, size + 1);
	}
}

/* PYTHON as a raw deflate stream in OUT of SIZE bytes. Returns its length. */
static size_t deflated(const char *python, size_t len, uint8_t *out, size_t size)
{
	z_stream stream = {
		.next_in = (Bytef *)(uintptr_t)python, .avail_in = (uInt)len, .next_out = out, .avail_out = (uInt)size};

	assert_int_equal(deflateInit2(&stream, 9, Z_DEFLATED, -12, 9, Z_DEFAULT_STRATEGY), Z_OK);
	assert_int_equal(deflate(&stream, Z_FINISH), Z_STREAM_END);
	deflateEnd(&stream);
	return stream.total_out;
}

/* Loads a part of the agent as the host does. */
static void load_statements(const char *python, size_t len)
{
	uint8_t payload[AGENT_PAYLOAD_MAX];

	for (size_t at = 0, size; at < len; at += size) {
		bool more;

		size = statements_next(python + at, len - at, rig->block - 1, &more);
		payload[0] = more ? AGENT_LOAD_MORE : 0;
		memcpy(payload + 1, python + at, size);
		expect_done(AGENT_LOAD, payload, size + 1);
	}
}

static void load_part(const char *python, size_t len)
{
	uint8_t packed[1 << 15];

	if (rig->deflate && rig->block == AGENT_PAYLOAD_MAX)
		load(packed, deflated(python, len, packed, sizeof(packed)), AGENT_LOAD_DEFLATED);
	else
		load_statements(python, len);
}

static void load_parts(void)
{
	load_part(agent_files, agent_files_len);
	load_part(agent_changes, agent_changes_len);
	load_part(agent_info, agent_info_len);
}

static void load_text(const char *python)
{
	load(python, strlen(python), 0);
}

static int open_board(void **state)
{
	struct diag diag = {0};
	struct device_options device = {.timeout_us = LONG};

	(void)state;
	rig = calloc(1, sizeof(*rig));
	if (!rig)
		return -1;
	real_board_make(&rig->board, variant);
	if (device_open(&rig->link, rig->board.device, &device, &diag))
		fail_msg("%s", diag.text);
	return 0;
}

static int close_board(void **state)
{
	(void)state;
	bytelink_close(rig->link);
	real_board_remove(&rig->board);
	free(rig);
	return 0;
}

/* Removes all files, and leaves no name behind. */
static const char wipe[] = "exec('''\n"
			   "import gc, os\n"
			   "def wipe(path):\n"
			   " for entry in os.ilistdir(path):\n"
			   "  name = path + '/' + entry[0]\n"
			   "  if entry[1] & 0x4000:\n"
			   "   wipe(name)\n"
			   "   os.rmdir(name)\n"
			   "  else:\n"
			   "   os.remove(name)\n"
			   "wipe('')\n"
			   "gc.collect()\n"
			   "''', {})\n";

static int set_up(void **state)
{
	(void)state;
	rig->sequence = 0;
	enter();
	run_python(wipe, sizeof(wipe) - 1);
	start_agent();
	return 0;
}

static int set_up_with_files(void **state)
{
	set_up(state);
	load_parts();
	return 0;
}

static int tear_down(void **state)
{
	uint8_t quit[EMPTY];

	(void)state;
	/* What is not there any more takes it for a few odd keys. */
	say(quit, frame_encode(quit, AGENT_QUIT, 127, "", 0));
	return 0;
}

/* --- Frames and their sizes --- */

static void it_says_hello_and_answers(void **state)
{
	(void)state;
	assert_true(rig->block == 512 || rig->block == 1024 || rig->block == 4096);
	for (unsigned i = 0; i < 300; i++)
		ping();
	expect_failed('z', "what", 4, 0, "KeyError: 122");
	ping();
}

/* Payloads of every size go both ways: what is in the buffer of the frame before is never seen. */
static void payloads_of_all_sizes_are_read(void **state)
{
	uint8_t payload[AGENT_PAYLOAD_MAX];

	(void)state;
	for (size_t i = 0; i < sizeof(payload); i++)
		payload[i] = (uint8_t)(i % 7 ? i * 31 : AGENT_FRAME_MARK);
	for (size_t len = 0; len <= rig->block; len += len < 300 ? 1 : 97) {
		if (len == 2)
			continue; /* would set the window */
		rig->sequence = (uint8_t)((rig->sequence + 1) % 128);
		assert_int_equal(answer_to(AGENT_PING, rig->sequence, payload, len), AGENT_DONE);
	}
	rig->sequence = 1;
	assert_int_equal(answer_to(AGENT_PING, rig->sequence, payload, rig->block), AGENT_DONE);
}

/* A frame that is too long for it, as its header says rightly, is refused at once. */
static void more_than_a_block_is_refused(void **state)
{
	uint8_t out[FRAME_SIZE_MAX];

	(void)state;
	if (rig->block == AGENT_PAYLOAD_MAX)
		skip();
	make_frame(out, AGENT_PING, 9, out, rig->block + 100);
	say(out, 200);
	expect_frame(AGENT_NAK, 0);
	ping();
}

static void credits_come_for_each_half_window(void **state)
{
	uint8_t out[FRAME_SIZE_MAX];
	size_t size = make_frame(out, AGENT_PING, 5, out, 500);

	(void)state;
	say(out, AGENT_WINDOW / 2 - 1);
	assert_false(hear(100 * MS));
	assert_int_equal(rig->credits, 0);
	say(out + AGENT_WINDOW / 2 - 1, 1);
	assert_false(hear_until(bytelink_now(rig->link) + LONG, NULL, 1));
	say(out + AGENT_WINDOW / 2, AGENT_WINDOW / 2 - 1);
	assert_false(hear(100 * MS));
	assert_int_equal(rig->credits, 1);
	say(out + AGENT_WINDOW - 1, size - AGENT_WINDOW + 1);
	expect_frame(AGENT_DONE, 5);
	assert_int_equal(rig->credits, (size - 1) / (AGENT_WINDOW / 2));
}

static void no_credits_where_none_are_needed(void **state)
{
	uint8_t out[FRAME_SIZE_MAX];
	static const uint8_t none[2] = {0, 0}, window[2] = {100, 0};

	(void)state;
	say(out, make_frame(out, AGENT_PING, 5, out, AGENT_WINDOW - EMPTY));
	expect_frame(AGENT_DONE, 5);
	assert_int_equal(rig->credits, 0);
	expect_done(AGENT_PING, none, 2); /* a line that holds back its writer */
	say(out, make_frame(out, AGENT_PING, 6, out, 500));
	expect_frame(AGENT_DONE, 6);
	assert_int_equal(rig->credits, 0);
	expect_done(AGENT_PING, window, 2);
	say(out, make_frame(out, AGENT_PING, 7, out, 500));
	expect_frame(AGENT_DONE, 7);
	assert_int_equal(rig->credits, 511 / 50);
}

static void put_read(uint8_t *payload, size_t offset, size_t len, const char *path)
{
	for (unsigned i = 0; i < 4; i++) {
		payload[i] = (uint8_t)(offset >> 8 * i);
		payload[4 + i] = (uint8_t)(len >> 8 * i);
	}
	memcpy(payload + 8, path, strlen(path));
}

static size_t put_write(uint8_t *payload, unsigned flags, size_t inflated, const char *path, const void *data, size_t len)
{
	size_t path_len = strlen(path);

	payload[0] = (uint8_t)flags;
	payload[1] = 10;
	payload[2] = (uint8_t)inflated;
	payload[3] = (uint8_t)(inflated >> 8);
	payload[4] = (uint8_t)path_len;
	payload[5] = 0;
	payload[6] = 0;
	memcpy(payload + 7, path, path_len);
	memcpy(payload + 7 + path_len, data, len);
	return 7 + path_len + len;
}

static void write_file(const char *path, const void *data, size_t len)
{
	uint8_t payload[AGENT_PAYLOAD_MAX];

	expect_done(AGENT_WRITE, payload, put_write(payload, AGENT_WRITE_FIRST | AGENT_WRITE_LAST, len, path, data, len));
	assert_int_equal(rig->answer_len, 9);
}

static void expect_content(const char *path, const char *text)
{
	uint8_t payload[64];

	put_read(payload, 0, rig->block, path);
	expect_done(AGENT_READ, payload, 8 + strlen(path));
	assert_int_equal(rig->answer_len, strlen(text));
	assert_memory_equal(rig->answer, text, strlen(text));
}

/* A full USB packet of 64 bytes would stick in some drivers. */
static void no_reply_ends_on_a_full_packet(void **state)
{
	uint8_t payload[64], content[400];

	(void)state;
	memset(content, 'c', sizeof(content));
	write_file("/c", content, sizeof(content));
	for (size_t len = 0; len <= 260; len++) {
		size_t before = rig->heard;

		put_read(payload, 0, len, "/c");
		expect_done(AGENT_READ, payload, 10);
		assert_int_equal(rig->answer_len, len);
		ping(); /* whatever was to come behind the reply has come now */
		size_t size = rig->heard - before - EMPTY;
		assert_int_equal(size, (len + EMPTY) % 64 ? len + EMPTY : len + EMPTY + 1);
	}
}

/* --- A bad line --- */

static void damage_is_answered_by_a_nak(void **state)
{
	uint8_t frame[FRAME_SIZE_MAX], bad[FRAME_SIZE_MAX];
	size_t size = make_frame(frame, AGENT_PING, 9, "some payload", 12);

	(void)state;
	for (size_t at = 0; at < size; at++) {
		memcpy(bad, frame, size);
		bad[at] ^= 0x10;
		say(bad, size);
		expect_frame(AGENT_NAK, 0);
	}
	expect_quiet();
}

static void half_a_frame_is_answered_by_a_nak(void **state)
{
	uint8_t frame[FRAME_SIZE_MAX];
	size_t size = make_frame(frame, AGENT_PING, 9, "some payload", 12);

	(void)state;
	for (size_t at = 1; at < size; at += 3) {
		int64_t start = bytelink_now(rig->link);
		say(frame, at);
		expect_frame(AGENT_NAK, 0);
		assert_true(bytelink_now(rig->link) - start >= 300 * MS); /* the rest was waited for */
		ping();
	}
	expect_quiet();
}

static void rubbish_is_one_nak(void **state)
{
	char rubbish[3000];

	(void)state;
	memset(rubbish, 'r', sizeof(rubbish));
	say(rubbish, sizeof(rubbish));
	expect_frame(AGENT_NAK, 0);
	expect_quiet();
	memset(rubbish, AGENT_FRAME_MARK, sizeof(rubbish));
	say(rubbish, sizeof(rubbish));
	expect_frame(AGENT_NAK, 0);
	expect_quiet();
}

/* The same number again is the same request: it is answered as before, and not done again. */
static void a_change_is_done_once(void **state)
{
	uint8_t payload[64];

	(void)state;
	expect_done(AGENT_MKDIR, "/d", 2);
	for (unsigned i = 0; i < 3; i++) {
		assert_int_equal(answer_to(AGENT_MKDIR, rig->sequence, "/d", 2), AGENT_DONE);
		/* Pings between, as of a host that waits in vain, change nothing of that. */
		assert_int_equal(answer_to(AGENT_PING, 200, NULL, 0), AGENT_DONE);
	}
	expect_failed(AGENT_MKDIR, "/d", 2, EEXIST, "OSError");
	assert_int_equal(ask(AGENT_RMDIR, "/d", 2), AGENT_DONE);
	expect_failed(AGENT_RMDIR, "/d", 2, ENOENT, "OSError");
	assert_int_equal(answer_to(AGENT_RMDIR, rig->sequence, "/d", 2), AGENT_FAILED); /* failures, too, are repeated */
	check_failure(ENOENT, "OSError");

	write_file("/a", "text", 4);
	size_t len = put_write(payload, AGENT_WRITE_FIRST | AGENT_WRITE_LAST | AGENT_WRITE_APPEND, 5, "/a", " more", 5);
	expect_done(AGENT_WRITE, payload, len);
	assert_int_equal(answer_to(AGENT_WRITE, rig->sequence, payload, len), AGENT_DONE);
	assert_int_equal(rig->answer_len, 9);
	assert_int_equal(rig->answer[1], 9); /* the size */
	expect_content("/a", "text more");
}

/* An answer of several parts is not repeated by its last part alone. */
static void a_long_listing_can_be_asked_for_again(void **state)
{
	char path[64];
	uint8_t first[ANSWER_MAX];

	(void)state;
	expect_done(AGENT_MKDIR, "/d", 2);
	memset(path, 'n', sizeof(path));
	for (unsigned i = 0; i < 5 + rig->block / 50; i++) {
		snprintf(path, sizeof(path), "/d/%040u", i);
		write_file(path, "x", 1);
	}
	expect_done(AGENT_LIST, "/d", 2);
	assert_int_equal(rig->parts, 2);
	size_t len = rig->answer_len;
	memcpy(first, rig->answer, len);
	assert_int_equal(answer_to(AGENT_LIST, rig->sequence, "/d", 2), AGENT_DONE);
	assert_int_equal(rig->parts, 2);
	assert_int_equal(rig->answer_len, len);
	assert_memory_equal(rig->answer, first, len);
}

/* --- Parts and their errors --- */

static void parts_are_loaded_in_pieces(void **state)
{
	(void)state;
	load_text("x = 6 * 7\n");
	load_text("print(x)\n");
	expect_output("42"); /* outside frames, as a program's words */
	char python[3000];
	memset(python, '#', sizeof(python));
	python[sizeof(python) - 1] = '\n';
	memcpy(python, "y = 43\n", 7);
	load(python, sizeof(python), 0);
	forget_output();
	load_text("print(y)\n");
	expect_output("43");
}

static void a_deflated_part_is_inflated(void **state)
{
	static const char python[] = "print('inflated ' * 3)\n";
	uint8_t payload[200] = {AGENT_LOAD_DEFLATED};

	(void)state;
	if (!rig->deflate) {
		assert_int_equal(ask(AGENT_LOAD, payload, 1), AGENT_FAILED);
		return;
	}
	size_t len = 1 + deflated(python, sizeof(python) - 1, payload + 1, sizeof(payload) - 1);
	expect_done(AGENT_LOAD, payload, len);
	expect_output("inflated inflated inflated");
}

static void what_raises_says_so(void **state)
{
	static const char none[] = "\0bytearray(1 << 30)\n", os_error[] = "\0raise OSError(28)\n",
			  text[] = "\0raise OSError('odd')\n",
			  value[] = "\0raise ValueError('a value that is much too long for an answer of ours')\n",
			  syntax[] = "\0this is no Python\n";

	(void)state;
	expect_failed(AGENT_LOAD, none, sizeof(none) - 1, ENOMEM, "MemoryError");
	expect_failed(AGENT_LOAD, os_error, sizeof(os_error) - 1, ENOSPC, "OSError");
	expect_failed(AGENT_LOAD, text, sizeof(text) - 1, 0, "OSError: odd");
	expect_failed(AGENT_LOAD, value, sizeof(value) - 1, 0, "ValueError: a value that is much too");
	expect_failed(AGENT_LOAD, syntax, sizeof(syntax) - 1, 0, "SyntaxError");
	ping();
}

static void a_file_in_several_requests(void **state)
{
	uint8_t payload[200];

	(void)state;
	expect_failed(AGENT_WRITE, payload, put_write(payload, 0, 1, "", "x", 1), AGENT_ERRNO_NOT_OPEN, "");
	expect_failed(AGENT_WRITE, payload,
		      put_write(payload, AGENT_WRITE_FIRST | AGENT_WRITE_APPEND | AGENT_WRITE_DEFLATED, 1, "/a", "x", 1),
		      AGENT_ERRNO_NOT_OPEN, ""); /* its stream began before this agent did */
	expect_done(AGENT_REMOVE, "/a", 2);
	expect_done(AGENT_WRITE, payload, put_write(payload, AGENT_WRITE_FIRST, 4, "/a", "one ", 4));
	assert_int_equal(rig->answer_len, 0);
	expect_failed(AGENT_STAT, "/a", 2, ENOENT, "OSError"); /* not before it is whole */
	expect_done(AGENT_STAT, "/" AGENT_HIDDEN "-a", 3 + sizeof(AGENT_HIDDEN) - 1);
	expect_done(AGENT_WRITE, payload, put_write(payload, 0, 4, "", "two ", 4));
	expect_done(AGENT_WRITE, payload, put_write(payload, AGENT_WRITE_LAST, 5, "/a", "three", 5));
	assert_int_equal(rig->answer_len, 9);
	assert_int_equal(rig->answer[1], 13);
	expect_content("/a", "one two three");
	expect_failed(AGENT_STAT, "/" AGENT_HIDDEN "-a", 3 + sizeof(AGENT_HIDDEN) - 1, ENOENT, "OSError");
	/* Another one begins while the first is not whole: that one is dropped. */
	expect_done(AGENT_WRITE, payload, put_write(payload, AGENT_WRITE_FIRST, 4, "/a", "new ", 4));
	expect_done(AGENT_WRITE, payload, put_write(payload, AGENT_WRITE_FIRST | AGENT_WRITE_LAST, 4, "/b", "text", 4));
	expect_content("/a", "one two three");
	expect_failed(AGENT_STAT, "/" AGENT_HIDDEN "-a", 3 + sizeof(AGENT_HIDDEN) - 1, ENOENT, "OSError");
	/* In place, as where there is no room for two. */
	expect_done(AGENT_WRITE, payload, put_write(payload, AGENT_WRITE_FIRST | AGENT_WRITE_IN_PLACE, 3, "/a", "in ", 3));
	expect_done(AGENT_WRITE, payload, put_write(payload, AGENT_WRITE_LAST | AGENT_WRITE_IN_PLACE, 5, "/a", "place", 5));
	expect_content("/a", "in place");
}

/* One stream through two files, and one that is damaged: nothing of it stays, and the next begins anew. */
static void a_stream_runs_through_files(void **state)
{
	static const char text[] = "the same text again, the same text again, the same text again";
	uint8_t packed[200], payload[400];
	z_stream stream = {0};
	unsigned flags = AGENT_WRITE_FIRST | AGENT_WRITE_LAST | AGENT_WRITE_DEFLATED;

	(void)state;
	if (!rig->deflate)
		skip();
	assert_int_equal(deflateInit2(&stream, 9, Z_DEFLATED, -10, 9, Z_DEFAULT_STRATEGY), Z_OK);
	for (unsigned i = 0; i < 3; i++) {
		char path[] = {'/', (char)('a' + i), 0};
		stream.next_in = (Bytef *)(uintptr_t)text;
		stream.avail_in = sizeof(text) - 1;
		stream.next_out = packed;
		stream.avail_out = sizeof(packed);
		assert_int_equal(deflate(&stream, Z_SYNC_FLUSH), Z_OK);
		size_t len = sizeof(packed) - stream.avail_out;
		assert_true(i == 0 || len < 20); /* it refers to the file before */
		expect_done(AGENT_WRITE, payload,
			    put_write(payload, flags | (i ? 0 : AGENT_WRITE_RESET), sizeof(text) - 1, path, packed, len));
		expect_content(path, text);
	}
	deflateEnd(&stream);
	memset(packed, 0xff, 20);
	assert_int_equal(ask(AGENT_WRITE, payload, put_write(payload, flags | AGENT_WRITE_RESET, 100, "/bad", packed, 20)),
			 AGENT_FAILED);
	expect_failed(AGENT_STAT, "/bad", 4, ENOENT, "OSError");
	expect_failed(AGENT_STAT, "/" AGENT_HIDDEN "bad", 4 + sizeof(AGENT_HIDDEN) - 1, ENOENT, "OSError");
	write_file("/good", "good", 4);
}

/* --- It goes --- */

static void expect_prompt(void)
{
	expect_output(">>> ");
	/* Ctrl-C stops programs again. */
	forget_output();
	say("print('be' 'gun'); exec('while True: pass')\r", 44);
	expect_output("begun");
	say("\x03", 1);
	expect_output("KeyboardInterrupt");
	expect_output("\n>>> ");
	assert_non_null(strstr(at_prompt("print(6 * 7)"), "42"));
}

static void it_leaves_when_asked_to(void **state)
{
	(void)state;
	expect_done(AGENT_QUIT, NULL, 0);
	expect_prompt();
}

/* The host is dead: after AGENT_IDLE_US the board is its user's again. */
static void it_leaves_a_dead_host(void **state)
{
	int64_t start = bytelink_now(rig->link);

	(void)state;
	ping();
	expect_output(">>> ");
	assert_true(bytelink_now(rig->link) - start >= AGENT_IDLE_US - 100 * MS);
	expect_prompt();
}

/* Also when rubbish comes all the time. */
static void it_leaves_a_mad_host(void **state)
{
	int64_t start = bytelink_now(rig->link);

	(void)state;
	while (!strstr(rig->output, ">>> ")) {
		say("mad ", 4);
		if (hear(20 * MS))
			assert_int_equal(rig->reader.frame.type, AGENT_NAK);
		assert_true(bytelink_now(rig->link) - start < AGENT_IDLE_US + LONG);
	}
	say("\x03", 1);
	forget_output();
	expect_prompt();
}

/* But not one that has had to wait for it. */
static void long_work_is_no_dead_host(void **state)
{
	(void)state;
	load_text("import time\ntime.sleep_ms(6000)\n");
	assert_false(hear(SECOND));
	assert_int_equal(rig->output_len, 0);
	ping();
}

static void a_user_who_comes_gets_the_board(void **state)
{
	static const char *const words[] = {"\r\x03", "\x03\x03", "\r\x03\x03", "123456\x03"};

	(void)state;
	for (unsigned i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		int64_t start = bytelink_now(rig->link);

		forget_output();
		say(words[i], strlen(words[i]));
		expect_output(">>> ");
		assert_true(bytelink_now(rig->link) - start < AGENT_IDLE_US); /* not because nothing came */
		expect_prompt();
		start_agent();
	}
}

static void noise_is_no_user(void **state)
{
	uint8_t frame[FRAME_SIZE_MAX];

	(void)state;
	say("noise", 5);
	expect_frame(AGENT_NAK, 0);
	ping();
	say("much noise and Ctrl-C\x03", 22);
	expect_frame(AGENT_NAK, 0);
	/* Half a frame of ours that happens to end so. */
	for (unsigned sequence = 0; sequence < 256; sequence++) {
		size_t size = make_frame(frame, AGENT_PING, (uint8_t)sequence, NULL, 0);
		if (frame[size - 1] != 3)
			continue;
		frame[1] ^= 1;
		say(frame, size);
		expect_frame(AGENT_NAK, 0);
		ping();
	}
	frame[0] = AGENT_FRAME_MARK;
	frame[1] = 3;
	say(frame, 2);
	expect_frame(AGENT_NAK, 0);
	ping();
}

static void nothing_of_it_stays(void **state)
{
	static const char *const questions[] = {"print(dir())", "print(sorted(__import__('sys').modules))",
						"print(__import__('os').listdir('/'))"};
	char before[3][sizeof(rig->output)];
	uint8_t payload[100];

	(void)state;
	expect_done(AGENT_QUIT, NULL, 0);
	expect_output(">>> ");
	for (unsigned i = 0; i < 3; i++)
		snprintf(before[i], sizeof(before[i]), "%s", at_prompt(questions[i]));
	start_agent();
	load_parts();
	/* A file that is half written and one that is half read. */
	write_file("/a", "text", 4);
	expect_done(AGENT_REMOVE, "/a", 2);
	expect_done(AGENT_WRITE, payload, put_write(payload, AGENT_WRITE_FIRST, 4, "/b", "half", 4));
	expect_done(AGENT_QUIT, NULL, 0);
	expect_output(">>> ");
	for (unsigned i = 0; i < 3; i++)
		assert_string_equal(at_prompt(questions[i]), before[i]);
}

/* However often it comes and goes, the board's memory comes back. */
static void its_memory_comes_back(void **state)
{
	static const char question[] = "import gc; gc.collect(); print('free', gc.mem_free())";
	long before = 0, after = 0;

	(void)state;
	for (unsigned i = 0; i < 4; i++) {
		expect_done(AGENT_QUIT, NULL, 0);
		expect_output(">>> ");
		at_prompt(question);
		after = atol(strstr(strstr(at_prompt(question), "\r\n"), "free") + 5);
		if (i == 0)
			before = after;
		start_agent();
		load_parts();
	}
	assert_true(after > before - 2000);
}

#define CORE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
#define FILES(name) cmocka_unit_test_setup_teardown(name, set_up_with_files, tear_down)

/* What may differ between boards... */
static int run_on(const char *options)
{
	const struct CMUnitTest tests[] = {
		CORE(it_says_hello_and_answers),
		CORE(payloads_of_all_sizes_are_read),
		CORE(more_than_a_block_is_refused),
		CORE(credits_come_for_each_half_window),
		CORE(no_credits_where_none_are_needed),
		FILES(no_reply_ends_on_a_full_packet),
		CORE(damage_is_answered_by_a_nak),
		CORE(rubbish_is_one_nak),
		FILES(a_change_is_done_once),
		FILES(a_long_listing_can_be_asked_for_again),
		CORE(parts_are_loaded_in_pieces),
		CORE(a_deflated_part_is_inflated),
		CORE(what_raises_says_so),
		FILES(a_file_in_several_requests),
		FILES(a_stream_runs_through_files),
		CORE(it_leaves_when_asked_to),
		CORE(nothing_of_it_stays),
		CORE(its_memory_comes_back),
	};

	variant = options;
	return cmocka_run_group_tests_name(*options ? options : "a board with all", tests, open_board, close_board);
}

/* One byte of what the core calls its own for the parts came as another: the first part notices, before a file is asked for. */
static void a_damaged_core_is_known_at_once(void **state)
{
	static const char *const names[] = {"{\"buf\":", " \"mem\":", " \"block\":", " \"requests\":", "[\"send\"]"};
	uint8_t payload[AGENT_PAYLOAD_MAX] = {AGENT_LOAD_DEFLATED};
	size_t len = 1 + deflated(agent_files, agent_files_len, payload + 1, sizeof(payload) - 1);

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		char *core = strdup(agent_core), *at = core ? strstr(core, names[i]) : NULL;

		if (!at)
			fail_msg("the core has no %s", names[i]);
		else
			at[2] = 'X';
		start_core(core, agent_core_len);
		free(core);
		expect_failed(AGENT_LOAD, payload, len, 0, "NameError");
	}
}

/* ... and what takes its time, and does not. */
static int run_slow(void)
{
	const struct CMUnitTest tests[] = {
		CORE(half_a_frame_is_answered_by_a_nak), CORE(it_leaves_a_dead_host),           CORE(it_leaves_a_mad_host),
		CORE(long_work_is_no_dead_host),         CORE(a_user_who_comes_gets_the_board), CORE(noise_is_no_user),
		CORE(a_damaged_core_is_known_at_once),
	};

	variant = "";
	return cmocka_run_group_tests(tests, open_board, close_board);
}

int main(void)
{
	static const char *const variants[] = {
		"",           "--hide deflate",   "--hide binascii",
		"--heap 52k", "--blocking-stdin", "--hide deflate,binascii --heap 64k --blocking-stdin"};
	int failed = 0;

	if (!real_board_there())
		return 77;
	for (size_t i = 0; i < sizeof(variants) / sizeof(variants[0]); i++)
		failed += run_on(variants[i]);
	return failed + run_slow();
}
