/* SPDX-License-Identifier: MIT */
/*
 * The agent's other side, src/agent/board/, on a real MicroPython, spoken to by hand: its frames, its manners on a bad line, how its parts
 * come. How it leaves is in test_agent_board_end.c; what its requests do to files is in test_board_agent.c.
 */
#include "tests/unit/real_agent.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include <cmocka.h>

#include "agent/agent_parts.h"

static void check_failure(struct real_agent *agent, int number, const char *words)
{
	int got;

	assert_true(agent->answer_len >= 4);
	got = (int)(agent->answer[0] | (unsigned)agent->answer[1] << 8 | (unsigned)agent->answer[2] << 16 |
		    (unsigned)agent->answer[3] << 24);
	agent->answer[agent->answer_len] = 0;
	assert_int_equal(got, number);
	if (!strstr((char *)agent->answer + 4, words))
		fail_msg("the words are %s", (char *)agent->answer + 4);
	assert_true(agent->answer_len <= 44);
}

static void expect_failed(struct real_agent *agent, uint8_t type, const void *payload, size_t len, int number, const char *words)
{
	assert_int_equal(real_agent_ask(agent, type, payload, len), AGENT_FAILED);
	check_failure(agent, number, words);
}

/* Nothing comes but the answer to a ping: what was sent before had no other answer. */
static void expect_quiet(struct real_agent *agent)
{
	real_agent_ping(agent);
	assert_int_equal(agent->parts, 1);
}

/* --- Frames and their sizes --- */

static void it_says_hello_and_answers(void **state)
{
	struct real_agent *agent = *state;

	assert_true(agent->block == 512 || agent->block == 1024 || agent->block == 4096);
	for (unsigned i = 0; i < 300; i++)
		real_agent_ping(agent);
	expect_failed(agent, 'z', "what", 4, 0, "KeyError: 122");
	real_agent_ping(agent);
}

/* Payloads of every size go both ways: what is in the buffer of the frame before is never seen. */
static void payloads_of_all_sizes_are_read(void **state)
{
	struct real_agent *agent = *state;
	uint8_t payload[AGENT_PAYLOAD_MAX];

	for (size_t i = 0; i < sizeof(payload); i++)
		payload[i] = (uint8_t)(i % 7 ? i * 31 : AGENT_FRAME_MARK);
	for (size_t len = 0; len <= agent->block; len += len < 300 ? 1 : 97) {
		if (len == 2)
			continue; /* would set the window */
		agent->sequence = (uint8_t)((agent->sequence + 1) % 128);
		assert_int_equal(real_agent_answer_to(agent, AGENT_PING, agent->sequence, payload, len), AGENT_DONE);
	}
	agent->sequence = 1;
	assert_int_equal(real_agent_answer_to(agent, AGENT_PING, agent->sequence, payload, agent->block), AGENT_DONE);
}

/* A frame that is too long for it, as its header says rightly, is refused at once. */
static void more_than_a_block_is_refused(void **state)
{
	struct real_agent *agent = *state;
	uint8_t out[FRAME_SIZE_MAX] = {0};

	if (agent->block == AGENT_PAYLOAD_MAX)
		skip();
	real_agent_make_frame(agent, out, AGENT_PING, 9, out, agent->block + 100);
	real_agent_say(agent, out, 200);
	real_agent_expect_frame(agent, AGENT_NAK, 0);
	real_agent_ping(agent);
}

static void credits_come_for_each_half_window(void **state)
{
	struct real_agent *agent = *state;
	uint8_t out[FRAME_SIZE_MAX] = {0};
	size_t size = real_agent_make_frame(agent, out, AGENT_PING, 5, out, 500);

	real_agent_say(agent, out, AGENT_WINDOW / 2 - 1);
	assert_false(real_agent_hear(agent, 100 * MS));
	assert_int_equal(agent->credits, 0);
	real_agent_say(agent, out + AGENT_WINDOW / 2 - 1, 1);
	assert_false(real_agent_hear_until(agent, bytelink_now(agent->link) + LONG, NULL, 1));
	real_agent_say(agent, out + AGENT_WINDOW / 2, AGENT_WINDOW / 2 - 1);
	assert_false(real_agent_hear(agent, 100 * MS));
	assert_int_equal(agent->credits, 1);
	real_agent_say(agent, out + AGENT_WINDOW - 1, size - AGENT_WINDOW + 1);
	real_agent_expect_frame(agent, AGENT_DONE, 5);
	assert_int_equal(agent->credits, (size - 1) / (AGENT_WINDOW / 2));
}

static void no_credits_where_none_are_needed(void **state)
{
	struct real_agent *agent = *state;
	uint8_t out[FRAME_SIZE_MAX] = {0};
	static const uint8_t none[2] = {0, 0}, window[2] = {100, 0};

	real_agent_say(agent, out, real_agent_make_frame(agent, out, AGENT_PING, 5, out, AGENT_WINDOW - EMPTY));
	real_agent_expect_frame(agent, AGENT_DONE, 5);
	assert_int_equal(agent->credits, 0);
	real_agent_expect_done(agent, AGENT_PING, none, 2); /* a line that holds back its writer */
	real_agent_say(agent, out, real_agent_make_frame(agent, out, AGENT_PING, 6, out, 500));
	real_agent_expect_frame(agent, AGENT_DONE, 6);
	assert_int_equal(agent->credits, 0);
	real_agent_expect_done(agent, AGENT_PING, window, 2);
	real_agent_say(agent, out, real_agent_make_frame(agent, out, AGENT_PING, 7, out, 500));
	real_agent_expect_frame(agent, AGENT_DONE, 7);
	assert_int_equal(agent->credits, 511 / 50);
}

static void put_read(uint8_t *payload, size_t offset, size_t len, const char *path)
{
	for (unsigned i = 0; i < 4; i++) {
		payload[i] = (uint8_t)(offset >> 8 * i);
		payload[4 + i] = (uint8_t)(len >> 8 * i);
	}
	memcpy(payload + 8, path, strlen(path));
}

static void expect_content(struct real_agent *agent, const char *path, const char *text)
{
	uint8_t payload[64];

	put_read(payload, 0, agent->block, path);
	real_agent_expect_done(agent, AGENT_READ, payload, 8 + strlen(path));
	assert_int_equal(agent->answer_len, strlen(text));
	assert_memory_equal(agent->answer, text, strlen(text));
}

/* A full USB packet of 64 bytes would stick in some drivers. */
static void no_reply_ends_on_a_full_packet(void **state)
{
	struct real_agent *agent = *state;
	uint8_t payload[64], content[400];

	memset(content, 'c', sizeof(content));
	real_agent_write_file(agent, "/c", content, sizeof(content));
	for (size_t len = 0; len <= 260; len++) {
		size_t before = agent->heard;

		put_read(payload, 0, len, "/c");
		real_agent_expect_done(agent, AGENT_READ, payload, 10);
		assert_int_equal(agent->answer_len, len);
		real_agent_ping(agent); /* whatever was to come behind the reply has come now */
		size_t size = agent->heard - before - EMPTY;
		assert_int_equal(size, (len + EMPTY) % 64 ? len + EMPTY : len + EMPTY + 1);
	}
}

/* --- A bad line --- */

static void damage_is_answered_by_a_nak(void **state)
{
	struct real_agent *agent = *state;
	uint8_t frame[FRAME_SIZE_MAX], bad[FRAME_SIZE_MAX];
	size_t size = real_agent_make_frame(agent, frame, AGENT_PING, 9, "some payload", 12);

	for (size_t at = 0; at < size; at++) {
		memcpy(bad, frame, size);
		bad[at] ^= 0x10;
		real_agent_say(agent, bad, size);
		real_agent_expect_frame(agent, AGENT_NAK, 0);
	}
	expect_quiet(agent);
}

static void half_a_frame_is_answered_by_a_nak(void **state)
{
	struct real_agent *agent = *state;
	uint8_t frame[FRAME_SIZE_MAX];
	size_t size = real_agent_make_frame(agent, frame, AGENT_PING, 9, "some payload", 12);

	for (size_t at = 1; at < size; at += 3) {
		int64_t start = bytelink_now(agent->link);
		real_agent_say(agent, frame, at);
		real_agent_expect_frame(agent, AGENT_NAK, 0);
		assert_true(bytelink_now(agent->link) - start >= 300 * MS); /* the rest was waited for */
		real_agent_ping(agent);
	}
	expect_quiet(agent);
}

static void rubbish_is_one_nak(void **state)
{
	struct real_agent *agent = *state;
	char rubbish[3000];

	memset(rubbish, 'r', sizeof(rubbish));
	real_agent_say(agent, rubbish, sizeof(rubbish));
	real_agent_expect_frame(agent, AGENT_NAK, 0);
	expect_quiet(agent);
	memset(rubbish, AGENT_FRAME_MARK, sizeof(rubbish));
	real_agent_say(agent, rubbish, sizeof(rubbish));
	real_agent_expect_frame(agent, AGENT_NAK, 0);
	expect_quiet(agent);
}

/* The same number again is the same request: it is answered as before, and not done again. */
static void a_change_is_done_once(void **state)
{
	struct real_agent *agent = *state;
	uint8_t payload[64];

	real_agent_expect_done(agent, AGENT_MKDIR, "/d", 2);
	for (unsigned i = 0; i < 3; i++) {
		assert_int_equal(real_agent_answer_to(agent, AGENT_MKDIR, agent->sequence, "/d", 2), AGENT_DONE);
		/* Pings between, as of a host that waits in vain, change nothing of that. */
		assert_int_equal(real_agent_answer_to(agent, AGENT_PING, 200, NULL, 0), AGENT_DONE);
	}
	expect_failed(agent, AGENT_MKDIR, "/d", 2, EEXIST, "OSError");
	assert_int_equal(real_agent_ask(agent, AGENT_RMDIR, "/d", 2), AGENT_DONE);
	expect_failed(agent, AGENT_RMDIR, "/d", 2, ENOENT, "OSError");
	assert_int_equal(real_agent_answer_to(agent, AGENT_RMDIR, agent->sequence, "/d", 2),
			 AGENT_FAILED); /* failures, too, are repeated */
	check_failure(agent, ENOENT, "OSError");

	real_agent_write_file(agent, "/a", "text", 4);
	size_t len =
		real_agent_put_write(payload, AGENT_WRITE_FIRST | AGENT_WRITE_LAST | AGENT_WRITE_APPEND, 5, "/a", " more", 5);
	real_agent_expect_done(agent, AGENT_WRITE, payload, len);
	assert_int_equal(real_agent_answer_to(agent, AGENT_WRITE, agent->sequence, payload, len), AGENT_DONE);
	assert_int_equal(agent->answer_len, 9);
	assert_int_equal(agent->answer[1], 9); /* the size */
	expect_content(agent, "/a", "text more");
}

/* An answer of several parts is not repeated by its last part alone. */
static void a_long_listing_can_be_asked_for_again(void **state)
{
	struct real_agent *agent = *state;
	char path[64];
	uint8_t first[ANSWER_MAX];

	real_agent_expect_done(agent, AGENT_MKDIR, "/d", 2);
	memset(path, 'n', sizeof(path));
	for (unsigned i = 0; i < 5 + agent->block / 50; i++) {
		snprintf(path, sizeof(path), "/d/%040u", i);
		real_agent_write_file(agent, path, "x", 1);
	}
	real_agent_expect_done(agent, AGENT_LIST, "/d", 2);
	assert_int_equal(agent->parts, 2);
	size_t len = agent->answer_len;
	memcpy(first, agent->answer, len);
	assert_int_equal(real_agent_answer_to(agent, AGENT_LIST, agent->sequence, "/d", 2), AGENT_DONE);
	assert_int_equal(agent->parts, 2);
	assert_int_equal(agent->answer_len, len);
	assert_memory_equal(agent->answer, first, len);
}

/* --- Parts and their errors --- */

static void parts_are_loaded_in_pieces(void **state)
{
	struct real_agent *agent = *state;

	real_agent_load_text(agent, "x = 6 * 7\n");
	real_agent_load_text(agent, "print(x)\n");
	real_agent_expect_output(agent, "42"); /* outside frames, as a program's words */
	char python[3000];
	memset(python, '#', sizeof(python));
	python[sizeof(python) - 1] = '\n';
	memcpy(python, "y = 43\n", 7);
	real_agent_load(agent, python, sizeof(python), 0);
	real_agent_forget_output(agent);
	real_agent_load_text(agent, "print(y)\n");
	real_agent_expect_output(agent, "43");
}

static void a_deflated_part_is_inflated(void **state)
{
	struct real_agent *agent = *state;
	static const char python[] = "n = 42\n\0print('inflated ' * 3, end='')\n\0print(n)\n"; /* three parts */
	uint8_t payload[200] = {AGENT_LOAD_DEFLATED};

	if (!agent->deflate) {
		assert_int_equal(real_agent_ask(agent, AGENT_LOAD, payload, 1), AGENT_FAILED);
		return;
	}
	size_t len = 1 + real_agent_deflated(python, sizeof(python) - 1, payload + 1, sizeof(payload) - 1);
	real_agent_expect_done(agent, AGENT_LOAD, payload, len);
	real_agent_expect_output(agent, "inflated inflated inflated 42");
}

static void what_raises_says_so(void **state)
{
	struct real_agent *agent = *state;
	static const char none[] = "\0bytearray(1 << 30)\n", os_error[] = "\0raise OSError(28)\n",
			  text[] = "\0raise OSError('odd')\n",
			  value[] = "\0raise ValueError('a value that is much too long for an answer of ours')\n",
			  syntax[] = "\0this is no Python\n";

	expect_failed(agent, AGENT_LOAD, none, sizeof(none) - 1, ENOMEM, "MemoryError");
	expect_failed(agent, AGENT_LOAD, os_error, sizeof(os_error) - 1, ENOSPC, "OSError");
	expect_failed(agent, AGENT_LOAD, text, sizeof(text) - 1, 0, "OSError: odd");
	expect_failed(agent, AGENT_LOAD, value, sizeof(value) - 1, 0, "ValueError: a value that is much too");
	expect_failed(agent, AGENT_LOAD, syntax, sizeof(syntax) - 1, 0, "SyntaxError");
	real_agent_ping(agent);
}

/* One byte of what the core calls its own for the parts came as another: the first part notices, before a file is asked for. */
static void a_damaged_core_is_known_at_once(void **state)
{
	struct real_agent *agent = *state;
	static const char *const names[] = {"{\"buf\":", " \"mem\":", " \"block\":", " \"requests\":", "{\"send\":"};
	uint8_t payload[AGENT_PAYLOAD_MAX] = {AGENT_LOAD_DEFLATED};
	size_t len = 1 + real_agent_deflated(agent_base, agent_base_len, payload + 1, sizeof(payload) - 1);

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		char *core = strdup(agent_core), *at = core ? strstr(core, names[i]) : NULL;

		if (!at)
			fail_msg("the core has no %s", names[i]);
		else
			at[2] = 'X';
		real_agent_start_core(agent, core, agent_core_len);
		free(core);
		expect_failed(agent, AGENT_LOAD, payload, len, 0, "NameError");
	}
}

static void a_file_in_several_requests(void **state)
{
	struct real_agent *agent = *state;
	uint8_t payload[200];

	expect_failed(agent, AGENT_WRITE, payload, real_agent_put_write(payload, 0, 1, "", "x", 1), AGENT_ERRNO_NOT_OPEN, "");
	expect_failed(
		agent, AGENT_WRITE, payload,
		real_agent_put_write(payload, AGENT_WRITE_FIRST | AGENT_WRITE_APPEND | AGENT_WRITE_DEFLATED, 1, "/a", "x", 1),
		AGENT_ERRNO_NOT_OPEN, ""); /* its stream began before this agent did */
	real_agent_expect_done(agent, AGENT_REMOVE, "/a", 2);
	real_agent_expect_done(agent, AGENT_WRITE, payload, real_agent_put_write(payload, AGENT_WRITE_FIRST, 4, "/a", "one ", 4));
	assert_int_equal(agent->answer_len, 0);
	expect_failed(agent, AGENT_STAT, "/a", 2, ENOENT, "OSError"); /* not before it is whole */
	real_agent_expect_done(agent, AGENT_STAT, "/" AGENT_HIDDEN "-a", 3 + sizeof(AGENT_HIDDEN) - 1);
	real_agent_expect_done(agent, AGENT_WRITE, payload, real_agent_put_write(payload, 0, 4, "", "two ", 4));
	real_agent_expect_done(agent, AGENT_WRITE, payload, real_agent_put_write(payload, AGENT_WRITE_LAST, 5, "/a", "three", 5));
	assert_int_equal(agent->answer_len, 9);
	assert_int_equal(agent->answer[1], 13);
	expect_content(agent, "/a", "one two three");
	expect_failed(agent, AGENT_STAT, "/" AGENT_HIDDEN "-a", 3 + sizeof(AGENT_HIDDEN) - 1, ENOENT, "OSError");
	/* Another one begins while the first is not whole: that one is dropped. */
	real_agent_expect_done(agent, AGENT_WRITE, payload, real_agent_put_write(payload, AGENT_WRITE_FIRST, 4, "/a", "new ", 4));
	real_agent_expect_done(agent, AGENT_WRITE, payload,
			       real_agent_put_write(payload, AGENT_WRITE_FIRST | AGENT_WRITE_LAST, 4, "/b", "text", 4));
	expect_content(agent, "/a", "one two three");
	expect_failed(agent, AGENT_STAT, "/" AGENT_HIDDEN "-a", 3 + sizeof(AGENT_HIDDEN) - 1, ENOENT, "OSError");
	/* In place, as where there is no room for two. */
	real_agent_expect_done(agent, AGENT_WRITE, payload,
			       real_agent_put_write(payload, AGENT_WRITE_FIRST | AGENT_WRITE_IN_PLACE, 3, "/a", "in ", 3));
	real_agent_expect_done(agent, AGENT_WRITE, payload,
			       real_agent_put_write(payload, AGENT_WRITE_LAST | AGENT_WRITE_IN_PLACE, 5, "/a", "place", 5));
	expect_content(agent, "/a", "in place");
}

/* One stream through two files, and one that is damaged: nothing of it stays, and the next begins anew. */
static void a_stream_runs_through_files(void **state)
{
	struct real_agent *agent = *state;
	static const char text[] = "the same text again, the same text again, the same text again";
	uint8_t packed[200], payload[400];
	z_stream stream = {0};
	unsigned flags = AGENT_WRITE_FIRST | AGENT_WRITE_LAST | AGENT_WRITE_DEFLATED;

	if (!agent->deflate)
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
		real_agent_expect_done(
			agent, AGENT_WRITE, payload,
			real_agent_put_write(payload, flags | (i ? 0 : AGENT_WRITE_RESET), sizeof(text) - 1, path, packed, len));
		expect_content(agent, path, text);
	}
	deflateEnd(&stream);
	memset(packed, 0xff, 20);
	assert_int_equal(real_agent_ask(agent, AGENT_WRITE, payload,
					real_agent_put_write(payload, flags | AGENT_WRITE_RESET, 100, "/bad", packed, 20)),
			 AGENT_FAILED);
	expect_failed(agent, AGENT_STAT, "/bad", 4, ENOENT, "OSError");
	expect_failed(agent, AGENT_STAT, "/" AGENT_HIDDEN "bad", 4 + sizeof(AGENT_HIDDEN) - 1, ENOENT, "OSError");
	real_agent_write_file(agent, "/good", "good", 4);
}

#define CORE(name) cmocka_unit_test_setup_teardown(name, real_agent_set_up, real_agent_tear_down)
#define FILES(name) cmocka_unit_test_setup_teardown(name, real_agent_set_up_with_files, real_agent_tear_down)

int main(void)
{
	/* What may differ between boards... */
	const struct CMUnitTest everywhere[] = {
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
	};
	/* ... and what takes its time, and does not. */
	const struct CMUnitTest once[] = {
		CORE(half_a_frame_is_answered_by_a_nak),
		CORE(a_damaged_core_is_known_at_once),
	};

	if (!real_board_there())
		return 77;
	return real_agent_run_everywhere(everywhere, sizeof(everywhere) / sizeof(everywhere[0])) +
	       real_agent_run("", once, sizeof(once) / sizeof(once[0]));
}
