/* SPDX-License-Identifier: MIT */
/* Answers as a board gets them, from a server with real files. */
#include "share/share_answers.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "tests/unit/dice.h"
#include "tests/unit/share_client.h"
#include "tests/unit/share_folder.h"

enum { READ = SHARE_OPEN_READ, WRITE = SHARE_OPEN_WRITE, CREATE = SHARE_OPEN_CREATE };

static struct share_server *server;
static struct share_client client;

/* With a board of blocks of 512 bytes that cannot inflate. */
static int make_started(void **state)
{
	memset(&client, 0, sizeof(client));
	if (share_folder_make(state) || !(server = share_folder_serve()))
		return -1;
	return share_client_open(&client, server, 512, 0);
}

static int remove_server(void **state)
{
	share_client_close(&client);
	share_server_close(server);
	return share_folder_remove(state);
}

static void a_request_that_comes_twice(void **state)
{
	(void)state;
	assert_int_equal(share_client_file(&client, 0, WRITE | CREATE | SHARE_OPEN_APPEND, "log"), 0);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(share_client_write(&client, 0, 0, 0, "x", 1, NULL), 0);
		for (int again = 0; again < 3; again++) {
			assert_int_equal(share_client_ask(&client), SHARE_CLIENT_SILENT);
			assert_int_equal(share_client_ask_again(&client), 0);
			assert_int_equal(share_client_get32(&client), i + 1);
		}
	}
	share_folder_expect("top/log", "xxx");
	assert_int_equal(share_client_change(&client, SHARE_MKDIR, "made"), 0);
	assert_int_equal(share_client_ask_again(&client), 0);
	assert_int_equal(share_client_change(&client, SHARE_MKDIR, "made"), -EEXIST);
	assert_int_equal(share_client_ask_again(&client), -EEXIST);
	assert_int_equal(share_client_ask_again(&client), -EEXIST);
	/* The first tries were all lost. */
	share_client_begin(&client, SHARE_RMDIR);
	share_client_put8(&client, 0);
	share_client_text(&client, "made");
	client.payload[0] = 5;
	assert_int_equal(share_client_ask(&client), 0);
	/* The same number means another request when anything else differs. */
	assert_int_equal(share_client_change(&client, SHARE_MKDIR, "made"), 0);
	client.sequence--;
	assert_int_equal(share_client_change(&client, SHARE_MKDIR, "more"), 0);
	client.sequence--;
	assert_int_equal(share_client_change(&client, SHARE_RMDIR, "more"), 0);
	/* A read that is asked again has what was there at first, also when the file has changed since. */
	assert_int_equal(share_client_file(&client, 1, READ, "d/e/f"), 0);
	assert_int_equal(share_client_read(&client, 1, 0), 6);
	share_folder_write("top/d/e/f", "INSIDE", 6);
	assert_int_equal(share_client_ask_again(&client), 0);
	assert_int_equal(share_client_get_data(&client), 0);
	assert_memory_equal(client.data, "inside", 6);
}

static int write_more(unsigned before, uint32_t offset, const char *text)
{
	return share_client_write_more(&client, 0, before, offset, text, strlen(text));
}

static int end_run(unsigned before, uint8_t flags, const char *text, uint32_t *size)
{
	return share_client_write(&client, 0, (uint8_t)(before << 4 | flags), 0xffffffff, text, strlen(text), size);
}

/* Writes that are not answered, and one that is answered for all of them. */
static void a_run_of_writes(void **state)
{
	uint32_t size;

	(void)state;
	assert_int_equal(share_client_file(&client, 0, WRITE | CREATE | SHARE_OPEN_APPEND, "log"), 0);
	for (int run = 0; run < 3; run++) {
		assert_int_equal(write_more(0, 0xffffffff, "a"), SHARE_CLIENT_SILENT);
		assert_int_equal(write_more(1, 0xffffffff, "b"), SHARE_CLIENT_SILENT);
		assert_int_equal(end_run(2, 0, "c", &size), 0);
		assert_int_equal(size, 3 * run + 3);
		/* Only the answer was lost. */
		assert_int_equal(share_client_ask_again(&client), 0);
		assert_int_equal(share_client_get32(&client), size);
	}
	share_folder_expect("top/log", "abcabcabc");
	/* One that the board has given up, and the next. */
	assert_int_equal(write_more(0, 0xffffffff, "d"), SHARE_CLIENT_SILENT);
	assert_int_equal(end_run(0, SHARE_WRITE_CLOSE, "e", &size), 0);
	share_folder_expect("top/log", "abcabcabcde");
}

/* The line brings what is over once more. */
static void a_run_that_is_repeated(void **state)
{
	uint32_t size;

	(void)state;
	assert_int_equal(share_client_file(&client, 0, WRITE | CREATE | SHARE_OPEN_APPEND, "log"), 0);
	for (int run = 0; run < 2; run++) {
		uint8_t first = client.sequence;

		for (unsigned i = 0; i < SHARE_RUN_MAX; i++)
			assert_int_equal(write_more(i, 0xffffffff, "."), SHARE_CLIENT_SILENT);
		assert_int_equal(end_run(SHARE_RUN_MAX, 0, "|", &size), 0);
		uint8_t next = client.sequence;

		client.sequence = first;
		for (unsigned i = 0; i < SHARE_RUN_MAX; i++)
			assert_int_equal(write_more(i, 0xffffffff, "."), SHARE_CLIENT_SILENT);
		client.sequence = next;
	}
	/* Also in the middle of the next run. */
	assert_int_equal(write_more(0, 0xffffffff, "a"), SHARE_CLIENT_SILENT);
	client.sequence -= SHARE_RUN_MAX + 2;
	assert_int_equal(write_more(0, 0xffffffff, "."), SHARE_CLIENT_SILENT);
	client.sequence += SHARE_RUN_MAX + 1;
	assert_int_equal(end_run(1, 0, "b", &size), 0);
	share_folder_expect("top/log", ".......|.......|ab");
}

/* What is lost of a run is told at its end, and then comes again: nothing is written twice, or out of order. */
static void a_run_with_gaps(void **state)
{
	static const char *const text[] = {"0", "1", "2", "3"};
	struct share_client_stat stat;
	uint8_t first;
	uint32_t size;

	(void)state;
	assert_int_equal(share_client_file(&client, 0, WRITE | CREATE | SHARE_OPEN_APPEND, "log"), 0);
	first = client.sequence;
	for (unsigned lost = 0; lost < 4; lost++, first = client.sequence) {
		for (unsigned i = 0; i < 4; i++)
			if (i == lost)
				client.sequence++;
			else
				assert_int_equal(write_more(i, 0xffffffff, text[i]), SHARE_CLIENT_SILENT);
		client.interrupt = true;
		assert_int_equal(end_run(4, 0, "end ", &size), SHARE_CLIENT_GAP);
		assert_int_equal(client.have, lost);
		assert_true(client.flags & SHARE_INTERRUPT);
		client.interrupt = false;
		assert_int_equal(share_client_ask(&client), SHARE_CLIENT_SILENT);
		/* More comes again than has to, and one twice. */
		client.sequence = first;
		for (unsigned i = 0; i < 4; i++) {
			assert_int_equal(write_more(i, 0xffffffff, text[i]), SHARE_CLIENT_SILENT);
			assert_int_equal(share_client_ask(&client), SHARE_CLIENT_SILENT);
		}
		client.try = 1;
		assert_int_equal(end_run(4, 0, "end ", &size), 0);
		client.try = 0;
		assert_int_equal(size, 8 * (lost + 1));
		/* What told of the gap may have been lost, and the interrupt with it; but it is told for this run alone. */
		assert_true(client.flags & SHARE_INTERRUPT);
		assert_int_equal(share_client_stat(&client, "log", &stat), 0);
		assert_false(client.flags & SHARE_INTERRUPT);
	}
	share_folder_expect("top/log", "0123end 0123end 0123end 0123end ");
	/* The end of a run of which nothing has come, while there is another. */
	assert_int_equal(write_more(0, 0xffffffff, "x"), SHARE_CLIENT_SILENT);
	client.sequence += 5;
	assert_int_equal(end_run(1, 0, "end ", &size), SHARE_CLIENT_GAP);
	assert_int_equal(client.have, 0);
}

/* Behind a write that fails none of the run is done, and its end tells why. */
static void a_run_that_fails(void **state)
{
	uint32_t size;

	(void)state;
	assert_int_equal(share_client_file(&client, 0, WRITE | CREATE, "file"), 0);
	assert_int_equal(write_more(0, 0, "first"), SHARE_CLIENT_SILENT);
	assert_int_equal(write_more(1, 0xfffffffe, "too far"), SHARE_CLIENT_SILENT);
	assert_int_equal(write_more(2, 5, "not this"), SHARE_CLIENT_SILENT);
	assert_int_equal(end_run(3, 0, "nor this", &size), -EFBIG);
	share_folder_expect("top/file", "first");
	/* It is over then; and the next one closes the file although it fails. */
	assert_int_equal(end_run(0, 0, ".", &size), 0);
	assert_int_equal(write_more(0, 0xfffffffe, "too far"), SHARE_CLIENT_SILENT);
	assert_int_equal(end_run(1, SHARE_WRITE_CLOSE, "", &size), -EFBIG);
	assert_int_equal(share_client_shut(&client, 0), -EBADF);
	share_folder_expect("top/file", "first.");
	assert_int_equal(write_more(0, 0, "to no file"), SHARE_CLIENT_SILENT);
	assert_int_equal(end_run(1, 0, "", &size), -EBADF);
	/* What is none: too long a run, and one that wants an answer. */
	assert_int_equal(write_more(SHARE_RUN_MAX, 0, ""), SHARE_CLIENT_SILENT);
	assert_int_equal(share_client_write(&client, 0, SHARE_WRITE_MORE | SHARE_WRITE_CLOSE, 0, "", 0, NULL),
			 SHARE_CLIENT_SILENT);
}

static void an_interrupt_rides_along(void **state)
{
	struct share_client_stat stat;

	(void)state;
	client.interrupt = true;
	assert_int_equal(share_client_stat(&client, "d", &stat), 0);
	assert_true(client.flags & SHARE_INTERRUPT);
	assert_int_equal(share_client_stat(&client, "missing", &stat), -ENOENT);
	assert_true(client.flags & SHARE_INTERRUPT);
	client.interrupt = false;
	assert_int_equal(share_client_ask_again(&client), -ENOENT);
	assert_true(client.flags & SHARE_INTERRUPT);
	assert_int_equal(share_client_stat(&client, "d", &stat), 0);
	assert_false(client.flags & SHARE_INTERRUPT);
	client.interrupt = true;
	assert_int_equal(share_client_ask_again(&client), 0);
	assert_true(client.flags & SHARE_INTERRUPT);
}

/* Text like a program's, of few words. */
static void make_text(char *text, size_t len)
{
	static const char *const words[] = {"def ",  "self", "return ", "(",       ")",    "\n    ",
					    "value", "= ",   ".",       "import ", "for ", "in "};
	struct dice dice = {1};

	for (size_t at = 0; at < len;) {
		const char *word = words[dice_roll(&dice, sizeof(words) / sizeof(words[0]))];
		size_t n = strlen(word) < len - at ? strlen(word) : len - at;

		memcpy(text + at, word, n);
		at += n;
	}
}

/* Reads FILE of LEN bytes, which must be BYTES, to its end. Returns the bytes of the frames both ways. */
static size_t read_all(const char *file, const char *bytes, size_t len)
{
	size_t at = 0, traffic;
	enum { FRAME = AGENT_HEADER_SIZE + AGENT_TRAILER_SIZE };

	assert_int_equal(share_client_file(&client, 0, READ, file), 0);
	traffic = client.len + client.answer.len + 2 * FRAME;
	while (true) {
		assert_true(client.data_len <= len - at);
		assert_memory_equal(client.data, bytes + at, client.data_len);
		at += client.data_len;
		if (client.flags & SHARE_LAST)
			break;
		assert_true(share_client_read(&client, 0, (uint32_t)at) > 0);
		traffic += client.len + client.answer.len + 2 * FRAME;
	}
	assert_int_equal(at, len);
	assert_int_equal(share_client_shut(&client, 0), 0);
	return traffic;
}

static char content[100 * 1024];

static size_t deflated_size(int bits)
{
	static uint8_t out[sizeof(content) * 2];
	z_stream stream = {.next_in = (Bytef *)content, .avail_in = sizeof(content), .next_out = out, .avail_out = sizeof(out)};

	assert_int_equal(deflateInit2(&stream, 9, Z_DEFLATED, -bits, 9, Z_DEFAULT_STRATEGY), Z_OK);
	assert_int_equal(deflate(&stream, Z_FINISH), Z_STREAM_END);
	deflateEnd(&stream);
	return stream.total_out;
}

/* What a long read costs in bytes, against the content alone, and the content deflated whole. */
static void long_reads_fill_their_blocks(void **state)
{
	struct dice dice = {2};

	(void)state;
	make_text(content, sizeof(content));
	share_folder_write("top/text", content, sizeof(content));
	for (int bits = 10; bits <= 15; bits++) {
		assert_int_equal(share_client_open(&client, server, 4096, bits), 0);
		assert_true((double)read_all("text", content, sizeof(content)) < 1.1 * (double)deflated_size(bits));
	}
	assert_int_equal(share_client_open(&client, server, 4096, 0), 0);
	assert_true((double)read_all("text", content, sizeof(content)) < 1.015 * sizeof(content));
	for (size_t i = 0; i < sizeof(content); i++)
		content[i] = (char)dice_roll(&dice, 256);
	share_folder_write("top/random", content, sizeof(content));
	assert_int_equal(share_client_open(&client, server, 4096, 12), 0);
	assert_true((double)read_all("random", content, sizeof(content)) < 1.015 * sizeof(content));
	/* Blocks of any size, which a board may say. */
	for (uint16_t block = SHARE_ANSWERS_BLOCK_MIN; block < 4096; block += 97) {
		assert_int_equal(share_client_open(&client, server, block, block & 1 ? 9 : 0), 0);
		read_all("random", content, sizeof(content));
	}
}

/* One request brings as much as the board wants, in frames of a block. */
static void answers_in_parts(void **state)
{
	struct dice dice = {3};
	static const size_t half = sizeof(content) / 2;

	(void)state;
	make_text(content, half);
	for (size_t i = half; i < sizeof(content); i++)
		content[i] = (char)dice_roll(&dice, 256);
	share_folder_write("top/mixed", content, sizeof(content));
	assert_int_equal(share_client_open(&client, server, SHARE_PAYLOAD_MAX, 12), 0);
	client.wanted = 49152;
	assert_int_equal(share_client_file(&client, 0, READ, "mixed"), 0);
	assert_int_equal(client.part_count, 1);
	client.parts = true;
	assert_int_equal(share_client_read(&client, 0, 0), 49152);
	assert_memory_equal(client.data, content, 49152);
	assert_in_range(client.part_count, 3, 4); /* of 16 KiB, of which each is deflated alone, but in one stream */
	assert_int_equal(share_client_read(&client, 0, 40000), 49152);
	assert_memory_equal(client.data, content + 40000, 49152);
	assert_in_range(client.part_count, 4, 5);
	assert_false(client.flags & SHARE_LAST);
	assert_int_equal(share_client_read(&client, 0, sizeof(content) - 20000), 20000);
	assert_true(client.flags & SHARE_LAST);
	/* The second part is damaged: all comes again, in shorter frames and maybe less of it, and the stream is a new one. */
	share_client_begin(&client, SHARE_READ);
	share_client_put(&client, "\0\0\0\0\0\0\xc0", 7);
	assert_int_equal(share_client_ask(&client), 0);
	assert_int_equal(client.answer.type, AGENT_MORE);
	share_server_go_on(server, &client.answer);
	for (int i = 0; i < 4; i++) {
		share_client_close(&client);
		assert_int_equal(share_client_ask_again(&client), 0);
		assert_int_equal(share_client_get_data(&client), 0);
		assert_in_range(client.part_count, 1, SHARE_PARTS_MAX);
		assert_true(client.data_len > 0);
		assert_memory_equal(client.data, content, client.data_len);
	}
	/* A listing is of one part, so that none of its entries is cut. */
	char names[100];
	assert_true(share_client_list(&client, "", names, sizeof(names)) > 0);
	assert_string_equal(names, "d/ leads_in/ mixed to_f ");
}

/* To deflate what is deflated takes time, and brings nothing: what looks like that is not tried. */
static void what_looks_like_noise_goes_as_it_is(void **state)
{
	(void)state;
	for (size_t i = 0; i < 1024; i++)
		content[i] = (char)i;
	share_folder_write("top/even", content, 1024);
	assert_int_equal(share_client_open(&client, server, 4096, 12), 0);
	assert_int_equal(share_client_file(&client, 0, READ, "even"), 0);
	assert_int_equal(client.flags, SHARE_LAST);
	assert_memory_equal(client.data, content, 1024);
	/* One is far more frequent. */
	memset(content, 0, 128);
	share_folder_write("top/even", content, 1024);
	assert_int_equal(share_client_read(&client, 0, 0), 1024);
	assert_int_equal(client.flags, SHARE_DEFLATED | SHARE_RESET | SHARE_LAST);
	assert_memory_equal(client.data, content, 1024);
}

/* A board that says more than a frame holds gets no more than that. */
static void a_block_that_is_too_large(void **state)
{
	(void)state;
	make_text(content, sizeof(content));
	share_folder_write("top/text", content, sizeof(content));
	assert_int_equal(share_client_open(&client, server, UINT16_MAX, 0), 0);
	client.block = SHARE_PAYLOAD_MAX;
	read_all("text", content, sizeof(content));
	assert_int_equal(share_client_open(&client, server, UINT16_MAX, 15), 0);
	client.block = SHARE_PAYLOAD_MAX;
	read_all("text", content, sizeof(content));
}

static void one_stream_runs_through_all(void **state)
{
	(void)state;
	make_text(content, sizeof(content));
	share_folder_write("top/text", content, 8000);
	share_folder_write("top/same", content, 1000);
	assert_int_equal(share_client_open(&client, server, 4096, 12), 0);
	client.wanted = 1000;
	assert_int_equal(share_client_file(&client, 0, READ, "text"), 0);
	assert_int_equal(client.flags, SHARE_DEFLATED | SHARE_RESET);
	size_t first = client.answer.len;
	assert_int_equal(share_client_file(&client, 1, READ, "same"), 0);
	assert_int_equal(client.flags, SHARE_DEFLATED | SHARE_LAST);
	assert_true(client.answer.len < first / 4);
	/* What was lost is deflated anew, and so is what comes after it, from the new start on. */
	assert_int_equal(share_client_read(&client, 0, 1000), 1000);
	share_client_close(&client);
	assert_int_equal(share_client_ask_again(&client), 0);
	assert_int_equal(client.flags, SHARE_DEFLATED | SHARE_RESET);
	assert_int_equal(share_client_get_data(&client), 0);
	assert_memory_equal(client.data, content + 1000, 1000);
	assert_int_equal(share_client_read(&client, 0, 2000), 1000);
	assert_int_equal(client.flags, SHARE_DEFLATED);
	/* A board that gave up says so with its next request. */
	share_client_begin(&client, SHARE_READ);
	client.payload[0] = SHARE_FRESH;
	share_client_put(&client, "\0\0\0\0\0\0\2", 7);
	share_client_close(&client);
	assert_int_equal(share_client_ask(&client), 0);
	assert_int_equal(client.flags, SHARE_DEFLATED | SHARE_RESET);
	assert_int_equal(share_client_get_data(&client), 0);
	assert_memory_equal(client.data, content, 512);
	/* What is not deflated leaves the stream as it is. */
	share_folder_write("top/short", "x", 1);
	assert_int_equal(share_client_file(&client, 1, READ, "short"), 0);
	assert_int_equal(client.flags, SHARE_LAST);
	assert_int_equal(share_client_read(&client, 0, 3000), 1000);
	assert_int_equal(client.flags, SHARE_DEFLATED);
}

/* Answers that are asked again get shorter, so that one comes through at last, and longer when all goes well. */
static void a_line_that_damages(void **state)
{
	static char names[8000], expected[8000];
	char name[100];
	size_t last = 4096;
	int exchanges = 0;

	(void)state;
	for (size_t i = 0; i < sizeof(content); i++)
		content[i] = (char)(i * i >> 7 ^ i);
	share_folder_write("top/data", content, sizeof(content));
	assert_int_equal(share_client_open(&client, server, 4096, 0), 0);
	assert_int_equal(share_client_file(&client, 0, READ, "data"), 0);
	assert_int_equal(share_client_read(&client, 0, 5000), 4092);
	for (int i = 0; i < 4; i++, last = client.answer.len) {
		assert_int_equal(share_client_ask_again(&client), 0);
		assert_int_equal(share_client_get_data(&client), 0);
		assert_memory_equal(client.data, content + 5000, client.data_len);
		assert_true(client.answer.len < last || client.answer.len == SHARE_ANSWERS_BLOCK_MIN);
		assert_false(client.flags & SHARE_LAST);
	}
	assert_int_equal(last, SHARE_ANSWERS_BLOCK_MIN);
	while (share_client_read(&client, 0, 0) < 4092)
		exchanges++;
	assert_in_range(exchanges, 10, 20);
	/* Entries are never cut. */
	assert_int_equal(mkdir("top/many", 0700), 0);
	for (int i = 0; i < 50; i++) {
		snprintf(name, sizeof(name), "top/many/%04d%.*s", i, i, "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx");
		share_folder_write(name, "", 0);
		strcat(strcat(expected, name + 9), " ");
	}
	assert_int_equal(share_client_list(&client, "many", names, sizeof(names)), 1);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(share_client_ask_again(&client), 0);
		assert_int_equal(share_client_get_data(&client), 0);
		assert_false(client.flags & SHARE_LAST);
		size_t at = 0;
		while (at < client.data_len)
			at += 6u + client.data[at + 5];
		assert_int_equal(at, client.data_len);
	}
	assert_in_range(share_client_list(&client, "many", names, sizeof(names)), 2, 10);
	assert_string_equal(names, expected);
}

/* --- Without a server --- */

/* The answer to REQUEST, which brings LEN bytes of content, asked so often before. Returns its type. */
static uint8_t give(struct share_answers *answers, struct share_request *request, size_t len, uint8_t count)
{
	static struct share_answer answer;

	request->try = (uint8_t)((request->try & ~SHARE_COUNT) | count);
	enum share_asked asked = share_answers_asked(answers, request);
	assert_int_equal(asked, count ? SHARE_ASKED_AGAIN : SHARE_ASKED_NEW);
	if (!count) {
		share_answers_begin(answers, request);
		share_answers_set_content(answers, len, true);
		share_answers_end(answers, 0);
	}
	share_answers_give(answers, request, asked, false, &answer);
	assert_int_equal(share_answers_asked(answers, request),
			 request->op == SHARE_HELLO && !count ? SHARE_ASKED_NEW : SHARE_ASKED_ANSWERED);
	return answer.type;
}

/* What differs in anything is another request; and one hello may be just as the one of another agent. */
static void what_is_asked_again(void **state)
{
	struct share_answers *answers = share_answers_open();
	struct share_request request = {.op = SHARE_READ, .sequence = 7, .crc = 9}, other = request;

	(void)state;
	assert_non_null(answers);
	assert_false(share_answers_is_started(answers));
	assert_int_equal(share_answers_start(answers, 512, 0), 0);
	assert_true(share_answers_is_started(answers));
	assert_int_equal(give(answers, &request, 1, 0), AGENT_DONE);
	assert_int_equal(give(answers, &request, 1, 2), AGENT_DONE);
	other.try = 1;
	assert_int_equal(share_answers_asked(answers, &other), SHARE_ASKED_AGAIN);
	other.op++;
	assert_int_equal(share_answers_asked(answers, &other), SHARE_ASKED_NEW);
	other = request;
	other.sequence++;
	assert_int_equal(share_answers_asked(answers, &other), SHARE_ASKED_NEW);
	other = request;
	other.crc++;
	assert_int_equal(share_answers_asked(answers, &other), SHARE_ASKED_NEW);
	request.op = SHARE_HELLO;
	for (int i = 0; i < 2; i++)
		give(answers, &request, 0, 0);
	give(answers, &request, 0, 1);
	share_answers_close(answers);
}

/* Where a listing, of which a part would begin with the middle of an entry, has to be sent in shorter frames than it was made for. */
static void a_listing_has_no_parts(void **state)
{
	struct share_answers *answers = share_answers_open();
	struct share_request request = {.op = SHARE_LIST, .try = SHARE_PARTS};

	(void)state;
	assert_non_null(answers);
	assert_int_equal(share_answers_start(answers, 4096, 0), 0);
	memset(share_answers_content(answers), 100, 4092); /* entries of 106 bytes */
	for (uint8_t count = 0; count < 3; count++)
		assert_int_equal(give(answers, &request, 38 * 106, count), AGENT_DONE);
	request = (struct share_request){.op = SHARE_READ, .try = SHARE_PARTS, .sequence = 1};
	assert_int_equal(give(answers, &request, 4096, 0), AGENT_MORE);
	share_answers_close(answers);
}

/* A board asks for its block, where a little less fits: that is no reason for a second frame. */
static void a_block_is_one_part(void **state)
{
	struct share_answers *answers = share_answers_open();
	struct share_request request = {.op = SHARE_READ, .try = SHARE_PARTS};

	(void)state;
	assert_non_null(answers);
	assert_int_equal(share_answers_start(answers, 4096, 12), 0);
	share_answers_begin(answers, &request);
	share_answers_put32(answers, 0);
	assert_int_equal(share_answers_plain_room(answers), 4088);
	assert_int_equal(share_answers_room(answers, 100), 100);
	assert_int_equal(share_answers_room(answers, 4096), 4088);
	assert_int_equal(share_answers_room(answers, 8192), 8192);
	assert_int_equal(share_answers_room(answers, UINT16_MAX), 8 * 4088);
	share_answers_close(answers);
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, make_started, remove_server)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_request_that_comes_twice),
		TEST(a_run_of_writes),
		TEST(a_run_that_is_repeated),
		TEST(a_run_with_gaps),
		TEST(a_run_that_fails),
		TEST(an_interrupt_rides_along),
		TEST(long_reads_fill_their_blocks),
		TEST(answers_in_parts),
		TEST(what_looks_like_noise_goes_as_it_is),
		TEST(a_block_that_is_too_large),
		TEST(one_stream_runs_through_all),
		TEST(a_line_that_damages),
		cmocka_unit_test(what_is_asked_again),
		cmocka_unit_test(a_listing_has_no_parts),
		cmocka_unit_test(a_block_is_one_part),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
