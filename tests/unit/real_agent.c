/* SPDX-License-Identifier: MIT */
#include "tests/unit/real_agent.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include <cmocka.h>

#include "agent/agent_parts.h"
#include "agent/statements.h"
#include "bytelink/device.h"

/* --- Bytes --- */

void real_agent_say(struct real_agent *agent, const void *bytes, size_t len)
{
	assert_int_equal(bytelink_write_all(agent->link, bytes, len, bytelink_now(agent->link) + LONG), 0);
}

static void note_output(struct real_agent *agent)
{
	size_t len = agent->reader.output_len;

	assert_true(agent->output_len + len < sizeof(agent->output));
	memcpy(agent->output + agent->output_len, agent->reader.output, len);
	agent->output_len += len;
	agent->output[agent->output_len] = 0;
}

static void note_credit(struct real_agent *agent)
{
	assert_int_equal(agent->reader.credit_sequence, agent->sending);
	agent->credits++;
	assert_int_equal(agent->reader.credit_count, agent->credits);
}

bool real_agent_hear_until(struct real_agent *agent, int64_t deadline, const char *text, unsigned credits)
{
	while ((!text || !strstr(agent->output, text)) && (!credits || agent->credits < credits)) {
		enum frame_event event = frame_reader_next(&agent->reader);
		size_t room;

		assert_int_not_equal(event, FRAME_DAMAGED);
		if (event == FRAME_WHOLE)
			return true;
		if (event == FRAME_OUTPUT)
			note_output(agent);
		if (event == FRAME_CREDIT)
			note_credit(agent);
		if (event != FRAME_NONE)
			continue;
		if (bytelink_wait(agent->link, BYTELINK_READABLE, deadline) == 0)
			return false;
		uint8_t *to = frame_reader_room(&agent->reader, &room);
		ssize_t len = bytelink_read(agent->link, to, room);
		assert_true(len >= 0);
		frame_reader_fed(&agent->reader, (size_t)len);
		agent->heard += (size_t)len;
	}
	return false;
}

bool real_agent_hear(struct real_agent *agent, int64_t within)
{
	return real_agent_hear_until(agent, bytelink_now(agent->link) + within, NULL, 0);
}

uint8_t real_agent_expect_frame(struct real_agent *agent, uint8_t type, uint8_t sequence)
{
	if (!real_agent_hear(agent, LONG))
		fail_msg("no frame of type %c, but %s", type, agent->output);
	if (agent->reader.frame.type != type)
		fail_msg("a frame of type %c, not %c: %.*s", agent->reader.frame.type, type, agent->reader.frame.len,
			 (const char *)agent->reader.frame.payload);
	assert_int_equal(agent->reader.frame.channel, 0);
	if (type != AGENT_NAK)
		assert_int_equal(agent->reader.frame.sequence, sequence);
	return agent->reader.frame.sequence;
}

void real_agent_expect_output(struct real_agent *agent, const char *text)
{
	if (real_agent_hear_until(agent, bytelink_now(agent->link) + LONG, text, 0))
		fail_msg("a frame of type %c, not the output %s", agent->reader.frame.type, text);
	if (!strstr(agent->output, text))
		fail_msg("not %s was said, but %s", text, agent->output);
}

void real_agent_forget_output(struct real_agent *agent)
{
	agent->output_len = 0;
	agent->output[0] = 0;
}

/* --- Frames --- */

size_t real_agent_make_frame(struct real_agent *agent, uint8_t *out, uint8_t type, uint8_t sequence, const void *payload,
			     size_t len)
{
	agent->credits = 0;
	agent->sending = sequence;
	return frame_encode(out, type, sequence, payload, len);
}

/* Sends a frame as the protocol has it: a window at a time. False: a frame came meanwhile. */
static bool send_frame(struct real_agent *agent, uint8_t type, uint8_t sequence, const void *payload, size_t len)
{
	uint8_t out[FRAME_SIZE_MAX];
	size_t size = real_agent_make_frame(agent, out, type, sequence, payload, len), at = 0;

	while (at < size) {
		size_t may = AGENT_WINDOW + agent->credits * (AGENT_WINDOW / 2);

		if (may > size)
			may = size;
		if (may > at)
			real_agent_say(agent, out + at, may - at);
		at = may;
		if (at < size && real_agent_hear_until(agent, bytelink_now(agent->link) + LONG, NULL, agent->credits + 1))
			return false;
	}
	return true;
}

/* Collects the answer to request SEQUENCE, of one or more parts. Returns the last one's type. */
static uint8_t collect_answer(struct real_agent *agent, uint8_t sequence)
{
	uint8_t type = AGENT_MORE;

	agent->answer_len = 0;
	for (agent->parts = 0; type == AGENT_MORE; agent->parts++) {
		assert_true(real_agent_hear(agent, LONG));
		type = agent->reader.frame.type;
		if (type == AGENT_NAK)
			break;
		assert_int_equal(agent->reader.frame.sequence, sequence);
		assert_true(agent->answer_len + agent->reader.frame.len <= ANSWER_MAX);
		memcpy(agent->answer + agent->answer_len, agent->reader.frame.payload, agent->reader.frame.len);
		agent->answer_len += agent->reader.frame.len;
	}
	return type;
}

uint8_t real_agent_answer_to(struct real_agent *agent, uint8_t type, uint8_t sequence, const void *payload, size_t len)
{
	uint8_t answer = AGENT_NAK;

	for (unsigned i = 0; i < 20 && answer == AGENT_NAK; i++) {
		if (send_frame(agent, type, sequence, payload, len))
			answer = collect_answer(agent, sequence);
		else
			assert_int_equal(agent->reader.frame.type, AGENT_NAK);
	}
	return answer;
}

uint8_t real_agent_ask(struct real_agent *agent, uint8_t type, const void *payload, size_t len)
{
	agent->sequence = (uint8_t)((agent->sequence + 1) % 128);
	return real_agent_answer_to(agent, type, agent->sequence, payload, len);
}

void real_agent_expect_done(struct real_agent *agent, uint8_t type, const void *payload, size_t len)
{
	uint8_t answer = real_agent_ask(agent, type, payload, len);

	if (answer != AGENT_DONE)
		fail_msg("%c is answered by %c: %.*s", type, answer, (int)agent->answer_len, (const char *)agent->answer);
}

void real_agent_ping(struct real_agent *agent)
{
	real_agent_expect_done(agent, AGENT_PING, NULL, 0);
	assert_int_equal(agent->answer_len, 0);
}

/* --- The agent comes --- */

const char *real_agent_at_prompt(struct real_agent *agent, const char *line)
{
	real_agent_forget_output(agent);
	real_agent_say(agent, line, strlen(line));
	real_agent_say(agent, "\r", 1);
	real_agent_expect_output(agent, "\r\n");
	real_agent_expect_output(agent, "\n>>> ");
	return agent->output;
}

static void run_python(struct real_agent *agent, const char *python, size_t len)
{
	struct diag diag = {0};

	if (rawrepl_run(&agent->repl, python, len, NULL, 0, NULL, LONG, &diag))
		fail_msg("%s", diag.text);
}

/* To the raw REPL, also from an agent that a test has left behind. */
static void enter(struct real_agent *agent)
{
	uint8_t quit[EMPTY];
	struct rawrepl_options options = {
		.timeout_us = LONG, .rescue = (char *)quit, .rescue_len = frame_encode(quit, AGENT_QUIT, 0, "", 0)};
	struct diag diag = {0};

	if (rawrepl_enter(&agent->repl, agent->link, &options, &diag))
		fail_msg("%s", diag.text);
}

void real_agent_start_core(struct real_agent *agent, const char *core, size_t len)
{
	struct diag diag = {0};

	enter(agent);
	run_python(agent, core, len);
	if (rawrepl_leave(&agent->repl, LONG, &diag))
		fail_msg("%s", diag.text);
	assert_int_equal(rawrepl_type(&agent->repl, "__mpremotefs__()()"), 0);
	frame_reader_init(&agent->reader);
	assert_true(real_agent_hear(agent, LONG));
	assert_int_equal(agent->reader.frame.type, AGENT_HELLO);
	assert_int_equal(agent->reader.frame.len, 7);
	const uint8_t *hello = agent->reader.frame.payload;
	agent->block = hello[0] | (unsigned)hello[1] << 8;
	agent->deflate = hello[6];
	real_agent_forget_output(agent);
}

void real_agent_start(struct real_agent *agent)
{
	real_agent_start_core(agent, agent_core, agent_core_len);
}

void real_agent_load(struct real_agent *agent, const void *python, size_t len, unsigned flags)
{
	uint8_t payload[AGENT_PAYLOAD_MAX];

	for (size_t at = 0, size; at < len; at += size) {
		size = len - at < agent->block - 1 ? len - at : agent->block - 1;
		payload[0] = (uint8_t)(flags | (at + size < len ? AGENT_LOAD_MORE : 0));
		memcpy(payload + 1, (const uint8_t *)python + at, size);
		real_agent_expect_done(agent, AGENT_LOAD, payload, size + 1);
	}
}

size_t real_agent_deflated(const char *python, size_t len, uint8_t *out, size_t size)
{
	z_stream stream = {
		.next_in = (Bytef *)(uintptr_t)python, .avail_in = (uInt)len, .next_out = out, .avail_out = (uInt)size};

	assert_int_equal(deflateInit2(&stream, 9, Z_DEFLATED, -12, 9, Z_DEFAULT_STRATEGY), Z_OK);
	assert_int_equal(deflate(&stream, Z_FINISH), Z_STREAM_END);
	deflateEnd(&stream);
	return stream.total_out;
}

/* Loads a part of the agent as the host does. */
static void load_statements(struct real_agent *agent, const char *python, size_t len)
{
	uint8_t payload[AGENT_PAYLOAD_MAX];

	for (size_t at = 0, size; at < len; at += size) {
		bool more;

		size = statements_next(python + at, len - at, agent->block - 1, &more);
		payload[0] = more ? AGENT_LOAD_MORE : 0;
		memcpy(payload + 1, python + at, size);
		real_agent_expect_done(agent, AGENT_LOAD, payload, size + 1);
	}
}

static void load_part(struct real_agent *agent, const char *python, size_t len)
{
	uint8_t packed[1 << 15];

	if (agent->deflate && agent->block == AGENT_PAYLOAD_MAX)
		real_agent_load(agent, packed, real_agent_deflated(python, len, packed, sizeof(packed)), AGENT_LOAD_DEFLATED);
	else
		load_statements(agent, python, len);
}

void real_agent_load_parts(struct real_agent *agent)
{
	load_part(agent, agent_base, agent_base_len);
	load_part(agent, agent_info, agent_info_len);
	load_part(agent, agent_files, agent_files_len);
	load_part(agent, agent_inflate, agent_inflate_len);
	load_part(agent, agent_changes, agent_changes_len);
}

void real_agent_load_text(struct real_agent *agent, const char *python)
{
	real_agent_load(agent, python, strlen(python), 0);
}

size_t real_agent_put_write(uint8_t *payload, unsigned flags, size_t inflated, const char *path, const void *data, size_t len)
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

void real_agent_write_file(struct real_agent *agent, const char *path, const void *data, size_t len)
{
	uint8_t payload[AGENT_PAYLOAD_MAX];

	real_agent_expect_done(agent, AGENT_WRITE, payload,
			       real_agent_put_write(payload, AGENT_WRITE_FIRST | AGENT_WRITE_LAST, len, path, data, len));
	assert_int_equal(agent->answer_len, 9);
}

/* --- One test --- */

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

int real_agent_set_up(void **state)
{
	struct real_agent *agent = *state;

	agent->sequence = 0;
	enter(agent);
	run_python(agent, wipe, sizeof(wipe) - 1);
	real_agent_start(agent);
	return 0;
}

int real_agent_set_up_with_files(void **state)
{
	real_agent_set_up(state);
	real_agent_load_parts(*state);
	return 0;
}

int real_agent_tear_down(void **state)
{
	struct real_agent *agent = *state;
	uint8_t quit[EMPTY];

	/* What is not there any more takes it for a few odd keys. */
	real_agent_say(agent, quit, frame_encode(quit, AGENT_QUIT, 127, "", 0));
	return 0;
}

/* --- Groups of tests --- */

/* What the next group's board is: cmocka brings nothing into a group's set-up. */
static const char *variant;

static int open_board(void **state)
{
	struct real_agent *agent = calloc(1, sizeof(*agent));
	struct diag diag = {0};
	struct device_options device = {.timeout_us = LONG};

	*state = agent;
	if (!agent)
		return -1;
	real_board_make(&agent->board, variant);
	if (device_open(&agent->link, agent->board.device, &device, &diag))
		fail_msg("%s", diag.text);
	return 0;
}

static int close_board(void **state)
{
	struct real_agent *agent = *state;

	bytelink_close(agent->link);
	real_board_remove(&agent->board);
	free(agent);
	return 0;
}

int real_agent_run(const char *options, const struct CMUnitTest *tests, size_t count)
{
	variant = options;
	return _cmocka_run_group_tests(*options ? options : "a board with all", tests, count, open_board, close_board);
}

int real_agent_run_everywhere(const struct CMUnitTest *tests, size_t count)
{
	static const char *const boards[] = {
		"",           "--hide deflate",   "--hide binascii",
		"--heap 52k", "--blocking-stdin", "--hide deflate,binascii --heap 64k --blocking-stdin"};
	int failed = 0;

	for (size_t i = 0; i < sizeof(boards) / sizeof(boards[0]); i++)
		failed += real_agent_run(boards[i], tests, count);
	return failed;
}
