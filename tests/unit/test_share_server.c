/* SPDX-License-Identifier: MIT */
#include "share/share_server.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/le.h"
#include "tests/unit/share_client.h"
#include "tests/unit/share_folder.h"

enum { READ = SHARE_OPEN_READ, WRITE = SHARE_OPEN_WRITE, CREATE = SHARE_OPEN_CREATE };

static struct share_server *server;
static struct share_client client;

/* No SHARE_HELLO yet. */
static int make_server(void **state)
{
	memset(&client, 0, sizeof(client));
	return share_folder_make(state) || !(server = share_folder_serve()) ? -1 : 0;
}

/* With a board of blocks of 512 bytes that cannot inflate. */
static int make_started(void **state)
{
	return make_server(state) ? -1 : share_client_open(&client, server, 512, 0);
}

static int remove_server(void **state)
{
	share_client_close(&client);
	share_server_close(server);
	return share_folder_remove(state);
}

static int ask_op(uint8_t op)
{
	share_client_begin(&client, op);
	return share_client_ask(&client);
}

static void before_and_at_hello(void **state)
{
	static const struct {
		uint16_t block;
		int bits;
	} refused[] = {{0, 0}, {SHARE_ANSWERS_BLOCK_MIN - 1, 0}, {512, 8}, {512, 16}, {512, 255}};
	struct share_client_stat stat;

	(void)state;
	client.server = server;
	client.block = 512;
	assert_int_equal(share_client_stat(&client, "d", &stat), -ESTALE);
	assert_int_equal(ask_op(SHARE_END), -ESTALE);
	assert_int_equal(client.answer.event, SHARE_EVENT_NONE);
	assert_int_equal(ask_op(SHARE_HELLO), -EINVAL);
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
		share_client_begin(&client, SHARE_HELLO);
		share_client_put16(&client, refused[i].block);
		share_client_put32(&client, 100000);
		share_client_put8(&client, (uint8_t)refused[i].bits);
		assert_int_equal(share_client_ask(&client), -EINVAL);
		assert_int_equal(client.answer.event, SHARE_EVENT_NONE);
	}
	assert_int_equal(share_client_open(&client, server, SHARE_ANSWERS_BLOCK_MIN, 9), 0);
	assert_int_equal(client.answer.event, SHARE_EVENT_STARTED);
	assert_int_equal(share_client_stat(&client, "d", &stat), 0);
}

/* An agent that comes after a reset counts from where the one before did, and has nothing open. */
static void a_second_hello(void **state)
{
	struct share_client_stat stat;

	(void)state;
	assert_int_equal(share_client_file(&client, 0, READ, "d/e/f"), 0);
	client.sequence = 0;
	assert_int_equal(share_client_open(&client, server, 512, 0), 0);
	assert_int_equal(client.answer.event, SHARE_EVENT_STARTED);
	assert_int_equal(share_client_read(&client, 0, 0), -EBADF);
	/* Nothing came between this and the next. */
	assert_int_equal(share_client_open(&client, server, 512, 0), 0);
	client.sequence--;
	assert_int_equal(share_client_open(&client, server, 512, 0), 0);
	assert_int_equal(client.answer.event, SHARE_EVENT_STARTED);
	/* Only its answer was lost. */
	assert_int_equal(share_client_ask_again(&client), 0);
	assert_int_equal(client.answer.event, SHARE_EVENT_NONE);
	assert_int_equal(share_client_stat(&client, "d", &stat), 0);
}

static void requests(void **state)
{
	struct share_client_stat stat;
	char names[500];
	uint32_t size;

	(void)state;
	assert_int_equal(chmod("top/d/e/f", 0600), 0);
	assert_int_equal(utimensat(AT_FDCWD, "top/d/e/f", (struct timespec[]){{5, 0}, {1234567890, 0}}, 0), 0);
	assert_int_equal(share_client_stat(&client, "d/e/f", &stat), 0);
	assert_int_equal(stat.kind, SHARE_FILE);
	assert_int_equal(stat.size, 6);
	assert_int_equal(stat.mtime, 1234567890);
	assert_int_equal(share_client_stat(&client, "", &stat), 0);
	assert_int_equal(stat.kind, SHARE_DIRECTORY);
	assert_int_equal(stat.size, 0);
	assert_int_equal(share_client_file(&client, 3, READ, "d/e/f"), 0);
	assert_memory_equal(client.data, "inside", 6);
	assert_int_equal(client.data_len, 6);
	assert_true(client.flags & SHARE_LAST);
	assert_int_equal(share_client_read(&client, 3, 2), 4);
	assert_memory_equal(client.data, "side", 4);
	assert_int_equal(share_client_read(&client, 3, 6), 0);
	client.wanted = 3;
	assert_int_equal(share_client_read(&client, 3, 0), 3);
	assert_false(client.flags & SHARE_LAST);
	assert_int_equal(share_client_read(&client, 3, 3), 3);
	assert_true(client.flags & SHARE_LAST);
	client.wanted = 512;
	/* A handle is asked, also when the file has another name. */
	assert_int_equal(share_client_rename(&client, "d/e/f", "d/e/moved"), 0);
	share_client_begin(&client, SHARE_SIZE);
	share_client_put8(&client, 3);
	assert_int_equal(share_client_ask(&client), 0);
	assert_int_equal(share_client_get32(&client), 6);
	assert_int_equal(client.left, 0);
	assert_int_equal(share_client_shut(&client, 3), 0);
	assert_int_equal(share_client_shut(&client, 3), -EBADF);

	assert_int_equal(share_client_file(&client, 0, WRITE | CREATE, "new"), 0);
	assert_int_equal(client.data_len, 0);
	assert_int_equal(share_client_write(&client, 0, 0, 0, "abc", 3, &size), 0);
	assert_int_equal(size, 3);
	assert_int_equal(share_client_write(&client, 0, SHARE_WRITE_FLUSH, 0xffffffff, "def", 3, &size), 0);
	assert_int_equal(size, 6);
	assert_int_equal(share_client_write(&client, 0, SHARE_WRITE_CLOSE, 1, "B", 1, &size), 0);
	assert_int_equal(share_client_write(&client, 0, 0, 1, "B", 1, &size), -EBADF);
	share_folder_expect("top/new", "aBcdef");

	assert_int_equal(share_client_change(&client, SHARE_MKDIR, "made"), 0);
	assert_int_equal(share_client_rename(&client, "new", "made/newer"), 0);
	assert_int_equal(share_client_change(&client, SHARE_RMDIR, "made"), -ENOTEMPTY);
	assert_int_equal(share_client_list(&client, "", names, sizeof(names)), 1);
	assert_string_equal(names, "d/ leads_in/ made/ ");
	assert_int_equal(share_client_change(&client, SHARE_REMOVE, "made/newer"), 0);
	assert_int_equal(share_client_change(&client, SHARE_RMDIR, "made"), 0);
	assert_int_equal(access("top/made", F_OK), -1);
}

static void free_space(void **state)
{
	struct statvfs fs;

	(void)state;
	for (uint8_t share = 0; share < 2; share++) {
		share_client_begin(&client, SHARE_STATVFS);
		share_client_put8(&client, share);
		assert_int_equal(share_client_ask(&client), 0);
		assert_int_equal(statvfs("top", &fs), 0);
		assert_int_equal(share_client_get32(&client), fs.f_bsize);
		uint32_t unit = share_client_get32(&client), blocks = share_client_get32(&client);
		/* To the larger unit that it is told in. */
		assert_in_range((uint64_t)fs.f_blocks * fs.f_frsize - (uint64_t)blocks * unit, 0, unit - 1);
		assert_true(blocks <= INT32_MAX);
		assert_true(share_client_get32(&client) <= blocks);
		assert_true(share_client_get32(&client) <= blocks);
		for (int i = 0; i < 3; i++)
			share_client_get32(&client);
		assert_int_equal(share_client_get32(&client), share);
		assert_int_equal(share_client_get32(&client), 255);
		assert_int_equal(client.left, 0);
	}
}

static void the_program(void **state)
{
	static const char program[] = "print('hello')\n";

	(void)state;
	for (int i = 0; i < 2; i++) {
		share_client_begin(&client, SHARE_PROGRAM);
		share_client_put32(&client, i ? 6 : 0);
		share_client_put16(&client, client.wanted);
		assert_int_equal(share_client_ask(&client), 0);
		assert_int_equal(share_client_get32(&client), i ? strlen(program) : 0);
		assert_int_equal(share_client_get_data(&client), 0);
		assert_int_equal(client.data_len, i ? strlen(program) - 6 : 0);
		assert_memory_equal(client.data, program + 6, client.data_len);
		assert_true(client.flags & SHARE_LAST);
		share_server_set_program(server, program, strlen(program));
	}
}

/* Asks what import asks of NAME. Returns "abc", the kinds of NAME, .py and .mpy, and the content where there is some. */
static const char *import(const char *name)
{
	static char answer[200];

	share_client_begin(&client, SHARE_IMPORT);
	share_client_put8(&client, 0);
	share_client_put16(&client, client.wanted);
	share_client_text(&client, name);
	assert_int_equal(share_client_ask(&client), 0);
	uint8_t kind = share_client_get8(&client);
	for (int i = 0; i < 2; i++)
		share_client_get32(&client);
	uint8_t py = share_client_get8(&client), mpy = share_client_get8(&client);
	int len = snprintf(answer, sizeof(answer), "%d%d%d", kind, py, mpy);
	if (py != SHARE_FILE && mpy != SHARE_FILE) {
		assert_int_equal(client.left, 0);
		return answer;
	}
	uint32_t size = share_client_get32(&client);
	share_client_get32(&client);
	assert_int_equal(share_client_get_data(&client), 0);
	assert_int_equal(client.left, 0);
	snprintf(answer + len, sizeof(answer) - (size_t)len, " %u%s %.*s", size, client.flags & SHARE_LAST ? "" : "+",
		 (int)client.data_len, (const char *)client.data);
	return answer;
}

static void an_import_is_one_exchange(void **state)
{
	(void)state;
	if (mkdir("top/package", 0700) < 0 || mkdir("top/space", 0700) < 0 || mkdir("top/odd.py", 0700) < 0 ||
	    symlink("../out/f", "top/stolen.py") < 0)
		fail();
	share_folder_write("top/module.py", "source", 6);
	share_folder_write("top/both.py", "first", 5);
	share_folder_write("top/both.mpy", "second", 6);
	share_folder_write("top/code.mpy", "M\6\0", 3);
	share_folder_write("top/odd.mpy", "odd", 3);
	share_folder_write("top/package/__init__.py", "init", 4);
	share_folder_write("top/package.py", "not this", 8);
	share_folder_write("top/name", "file", 4);
	share_folder_write("top/empty.py", "", 0);
	assert_string_equal(import("module"), "010 6 source");
	assert_string_equal(import("both"), "011 5 first");
	assert_string_equal(import("code"), "001 3 M\6");
	assert_string_equal(import("odd"), "021 3 odd");
	assert_string_equal(import("package"), "210 4 init");
	assert_string_equal(import("space"), "200");
	assert_string_equal(import("name"), "100");
	assert_string_equal(import("missing"), "000");
	assert_string_equal(import("stolen"), "000");
	assert_string_equal(import("empty"), "010 0 ");
	client.wanted = 4;
	assert_string_equal(import("module"), "010 6+ sour");
	client.wanted = 0;
	assert_string_equal(import("module"), "010 6+ ");
	client.wanted = 512;
	/* Who is not root hears why when he opens it. */
	assert_int_equal(chmod("top/module.py", 0), 0);
	assert_string_equal(import("module"), geteuid() ? "010 6+ " : "010 6 source");
}

static void what_is_for_the_caller(void **state)
{
	(void)state;
	share_client_begin(&client, SHARE_BYTES);
	share_client_put32(&client, 70000);
	share_client_put32(&client, 3);
	share_client_put8(&client, 2);
	assert_int_equal(share_client_ask(&client), 0);
	assert_int_equal(client.answer.event, SHARE_EVENT_BYTES);
	assert_int_equal(client.answer.sure, 70000);
	assert_int_equal(client.answer.maybe, 3);
	assert_int_equal(client.answer.seen, 2);
	assert_int_equal(share_client_ask_again(&client), 0);
	assert_int_equal(client.answer.event, SHARE_EVENT_NONE);
	assert_int_equal(ask_op(SHARE_BYTES), -EINVAL);
	assert_int_equal(client.answer.event, SHARE_EVENT_NONE);

	share_client_begin(&client, SHARE_END);
	share_client_put8(&client, 2);
	share_client_put32(&client, (uint32_t)-3);
	share_client_text(&client, "Traceback");
	assert_int_equal(share_client_ask(&client), 0);
	assert_int_equal(client.answer.event, SHARE_EVENT_END);
	assert_int_equal(client.answer.how, 2);
	assert_int_equal(client.answer.code, -3);
	assert_int_equal(client.answer.bytes_len, 9);
	assert_memory_equal(client.answer.bytes, "Traceback", 9);
	/* One that is cut is none. */
	share_client_begin(&client, SHARE_END);
	share_client_put32(&client, 0);
	assert_int_equal(share_client_ask(&client), -EINVAL);
	assert_int_equal(client.answer.event, SHARE_EVENT_NONE);
}

static void padding(void **state)
{
	(void)state;
	share_client_begin(&client, SHARE_MKDIR);
	client.payload[0] = SHARE_PADDED;
	share_client_put8(&client, 0);
	share_client_text(&client, "made_");
	assert_int_equal(share_client_ask(&client), 0);
	assert_int_equal(access("top/made", F_OK), 0);
	/* Only TRY: the padding is missing, and so is all else. */
	share_client_begin(&client, SHARE_MKDIR);
	client.payload[0] = SHARE_PADDED;
	assert_int_equal(share_client_ask(&client), -EINVAL);
}

/* All ops, and what a good request has behind TRY. */
static const struct {
	uint8_t op, len;
	const char *payload;
} good[] = {
	{SHARE_STAT, 2, "\0d"},
	{SHARE_IMPORT, 4, "\0\0\2d"},
	{SHARE_LIST, 7, "\0\0\2\2abd"},
	{SHARE_OPEN, 9, "\0\0\2\0\2new"},
	{SHARE_READ, 7, "\1\0\0\0\0\0\2"},
	{SHARE_WRITE, 7, "\1\0\0\0\0\0i"},
	{SHARE_SIZE, 1, "\1"},
	{SHARE_CLOSE, 1, "\1"},
	{SHARE_MKDIR, 2, "\0d"},
	{SHARE_RMDIR, 2, "\0d"},
	{SHARE_REMOVE, 2, "\0d"},
	{SHARE_RENAME, 5, "\0\1\0de"},
	{SHARE_STATVFS, 1, "\0"},
	{SHARE_PROGRAM, 6, "\0\0\0\0\0\2"},
};

/* How much of each op is not PATH or bytes: less is refused, and changes nothing. */
static void requests_that_are_cut(void **state)
{
	static const uint8_t least[] = {1, 3, 6, 5, 7, 6, 1, 1, 1, 1, 1, 4, 1, 6};

	(void)state;
	assert_int_equal(share_client_file(&client, 1, READ | WRITE, "d/e/f"), 0);
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		for (uint8_t len = 0; len < least[i]; len++) {
			share_client_begin(&client, good[i].op);
			share_client_put(&client, good[i].payload, len);
			assert_int_equal(share_client_ask(&client), -EINVAL);
		}
	/* Not even TRY. */
	share_client_begin(&client, SHARE_STAT);
	client.len = 0;
	assert_int_equal(share_client_ask(&client), SHARE_CLIENT_SILENT);
	assert_int_equal(share_client_read(&client, 1, 0), 6);
	share_folder_expect("top/d/e/f", "inside");
}

static void ops_that_are_none(void **state)
{
	(void)state;
	for (unsigned op = 0; op < 256; op++)
		if (!op || !strchr("HSILORWsCMduNVPYZ", (int)op))
			assert_int_equal(ask_op((uint8_t)op), -EINVAL);
}

static void shares_that_are_none(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		if (strchr("RWsCP", good[i].op))
			continue;
		for (unsigned share = 2; share < 256; share++) {
			share_client_begin(&client, good[i].op);
			share_client_put8(&client, (uint8_t)share);
			share_client_put(&client, good[i].payload + 1, good[i].len - 1u);
			assert_int_equal(share_client_ask(&client), -ENODEV);
		}
	}
}

static void lengths_that_lie(void **state)
{
	static char longest[AGENT_PAYLOAD_MAX];

	(void)state;
	memset(longest, 'x', sizeof(longest));
	for (unsigned len = 2; len < 65536; len = len * 2 + 1) {
		share_client_begin(&client, SHARE_RENAME);
		share_client_put8(&client, 0);
		share_client_put16(&client, (uint16_t)len);
		share_client_put8(&client, 'd');
		assert_int_equal(share_client_ask(&client), -EINVAL);
		if (len > 255)
			continue;
		share_client_begin(&client, SHARE_LIST);
		share_client_put8(&client, 0);
		share_client_put16(&client, 512);
		share_client_put8(&client, (uint8_t)len);
		share_client_put8(&client, 'd');
		assert_int_equal(share_client_ask(&client), -EINVAL);
	}
	/* Paths as long as a frame allows, and one too short a WANTED. */
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		if (strchr("RWsCPNL", good[i].op))
			continue;
		share_client_begin(&client, good[i].op);
		share_client_put(&client, good[i].payload, good[i].op == SHARE_OPEN ? 5 : good[i].op == SHARE_IMPORT ? 3 : 1);
		share_client_put(&client, longest, sizeof(longest));
		assert_int_equal(share_client_ask(&client), -ENAMETOOLONG);
	}
	share_client_begin(&client, SHARE_LIST);
	share_client_put8(&client, 0);
	share_client_put16(&client, 260);
	share_client_put8(&client, 0);
	assert_int_equal(share_client_ask(&client), -EINVAL);
	share_client_begin(&client, SHARE_READ);
	share_client_put(&client, "\1\0\0\0\0\0\0", 7);
	assert_int_equal(share_client_ask(&client), -EINVAL);
}

static void what_leads_out(void **state)
{
	static const char *const paths[] = {"..",          "../out/f",  "/etc/passwd", "d/../../out/f",
					    "leads_out/f", "to_secret", "absolute/f",  "up/out/f"};
	struct share_client_stat stat;
	char names[100];

	(void)state;
	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		int expected = i < 4 ? -EINVAL : -EACCES;

		assert_int_equal(share_client_stat(&client, paths[i], &stat), expected);
		assert_int_equal(share_client_file(&client, 0, READ, paths[i]), expected);
		assert_int_equal(share_client_file(&client, 0, WRITE | CREATE | SHARE_OPEN_TRUNCATE, paths[i]), expected);
		assert_int_equal(share_client_list(&client, paths[i], names, sizeof(names)), expected);
		assert_int_equal(share_client_read(&client, 0, 0), -EBADF);
	}
	assert_int_equal(share_client_rename(&client, "d/e/f", "leads_out/new"), -EACCES);
	assert_int_equal(share_client_rename(&client, "d/e/f", "../out/new"), -EINVAL);
	assert_int_equal(share_client_change(&client, SHARE_MKDIR, "leads_out/new"), -EACCES);
	/* NUL ends no path. */
	share_client_begin(&client, SHARE_STAT);
	share_client_put(&client, "\0d/e/f\0x", 8);
	assert_int_equal(share_client_ask(&client), -EINVAL);
}

/* Share 1, which is read-only, lies in share 0, which is not: each has its own rights. */
static void a_read_only_share(void **state)
{
	static const uint8_t changes[] = {SHARE_MKDIR, SHARE_RMDIR, SHARE_REMOVE};

	(void)state;
	for (size_t i = 0; i < sizeof(changes); i++) {
		share_client_begin(&client, changes[i]);
		share_client_put8(&client, 1);
		share_client_text(&client, "e/f");
		assert_int_equal(share_client_ask(&client), -EROFS);
	}
	for (uint8_t mode = WRITE; mode < 64; mode++) {
		share_client_begin(&client, SHARE_OPEN);
		share_client_put8(&client, 1);
		share_client_put8(&client, 0);
		share_client_put8(&client, mode);
		share_client_put16(&client, 100);
		share_client_text(&client, "e/f");
		assert_true(share_client_ask(&client) < 0);
	}
	share_client_begin(&client, SHARE_RENAME);
	share_client_put(&client, "\1\3\0e/fx", 7);
	assert_int_equal(share_client_ask(&client), -EROFS);
	share_client_begin(&client, SHARE_OPEN);
	share_client_put(&client, "\1\0\1\0\2e/f", 8);
	assert_int_equal(share_client_ask(&client), 0);
	assert_int_equal(share_client_write(&client, 0, 0, 0, "x", 1, NULL), -EBADF);
	assert_int_equal(share_client_write(&client, 0, SHARE_WRITE_FLUSH, 0, "", 0, NULL), -EBADF);
	share_folder_expect("top/d/e/f", "inside");
	/* A file is written by the share that it was opened in. */
	assert_int_equal(share_client_file(&client, 0, WRITE, "d/e/f"), 0);
	assert_int_equal(share_client_write(&client, 0, SHARE_WRITE_CLOSE, 0, "I", 1, NULL), 0);
	share_folder_expect("top/d/e/f", "Inside");
}

static void a_long_listing(void **state)
{
	static char names[100000], expected[100000];
	char name[300];

	(void)state;
	assert_int_equal(mkdir("top/many", 0700), 0);
	for (int i = 0; i < 300; i++) {
		int len = snprintf(name, sizeof(name), "top/many/%03d", i);
		memset(name + len, 'x', (size_t)i * 250 / 300);
		name[len + i * 250 / 300] = '\0';
		share_folder_write(name, "", 0);
		strcat(strcat(expected, name + 9), " ");
	}
	for (int bits = 0; bits < 16; bits += 15) {
		assert_int_equal(share_client_open(&client, server, SHARE_ANSWERS_BLOCK_MIN, bits), 0);
		assert_in_range(share_client_list(&client, "many", names, sizeof(names)), 100, 300);
		assert_string_equal(names, expected);
		assert_int_equal(share_client_open(&client, server, 4096, bits), 0);
		assert_in_range(share_client_list(&client, "many", names, sizeof(names)), 10, 13);
		assert_string_equal(names, expected);
	}
	assert_int_equal(share_client_list(&client, "d/e/f", names, sizeof(names)), -ENOTDIR);
}

/* What is removed while it is listed is no reason to leave something out. */
static void a_listing_of_what_is_removed(void **state)
{
	char name[300], after[256] = "";
	unsigned seen = 0;

	(void)state;
	assert_int_equal(mkdir("top/many", 0700), 0);
	for (int i = 0; i < 50; i++) {
		snprintf(name, sizeof(name), "top/many/%0200d", i);
		share_folder_write(name, "", 0);
	}
	do {
		share_client_begin(&client, SHARE_LIST);
		share_client_put8(&client, 0);
		share_client_put16(&client, 512);
		share_client_put8(&client, (uint8_t)strlen(after));
		share_client_text(&client, after);
		share_client_text(&client, "many");
		assert_int_equal(share_client_ask(&client), 0);
		assert_int_equal(share_client_get_data(&client), 0);
		bool last = client.flags & SHARE_LAST;
		snprintf(after, sizeof(after), "%.*s", client.data[5], (const char *)client.data + 6);
		snprintf(name, sizeof(name), "many/%s", after);
		assert_int_equal(share_client_change(&client, SHARE_REMOVE, name), 0);
		seen++;
		if (last)
			break;
	} while (true);
	/* An exchange brings two; only the first was taken, and removed. */
	assert_int_equal(seen, 49);
}

static char told[1000];

static void tell(void *context, const struct share_tree *tree, const char *path, size_t len)
{
	assert_ptr_equal(context, &told);
	assert_true(share_tree_writable(tree));
	sprintf(told + strlen(told), "%.*s ", (int)len, path);
}

static void tell_closes(void *context, const struct stat *file)
{
	assert_ptr_equal(context, &told);
	sprintf(told + strlen(told), "closes %d ", (int)file->st_size);
}

static void tell_done(void *context)
{
	assert_ptr_equal(context, &told);
	strcat(told, "done ");
}

static void changes_are_told(void **state)
{
	struct share_client_stat stat;

	(void)state;
	*told = '\0';
	share_server_on_change(server, &(struct share_server_listener){tell, tell_closes, tell_done, &told});
	share_client_file(&client, 0, READ, "d/e/f");
	share_client_stat(&client, "d", &stat);
	share_client_change(&client, SHARE_MKDIR, "made");
	share_client_file(&client, 0, WRITE | CREATE, "made/new");
	share_client_write(&client, 0, SHARE_WRITE_CLOSE, 0, "x", 1, NULL);
	share_client_rename(&client, "made/new", "made/newer");
	share_client_change(&client, SHARE_REMOVE, "made/newer");
	share_client_change(&client, SHARE_RMDIR, "made");
	share_client_begin(&client, SHARE_MKDIR);
	share_client_put(&client, "\1x", 2);
	share_client_ask(&client);
	share_client_file(&client, 0, WRITE, "missing");
	assert_string_equal(told, "made done made/new done closes 1 done made/new made/newer done made/newer done made done "
				  "missing done ");
	*told = '\0';
	share_client_file(&client, 1, WRITE | CREATE, "left_open");
	assert_int_equal(share_client_open(&client, server, 1024, 9), 0); /* which closes all */
	assert_string_equal(told, "left_open done closes 0 done ");
}

static void as_many_shares_as_there_can_be(void **state)
{
	struct share_tree *tree;

	(void)state;
	for (int i = 2; i <= SHARE_SERVER_SHARES; i++) {
		assert_int_equal(share_tree_open(&tree, "top", false, NULL), 0);
		assert_int_equal(share_server_add(server, tree), i < SHARE_SERVER_SHARES ? i : -EMFILE);
	}
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, make_started, remove_server)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(before_and_at_hello, make_server, remove_server),
		TEST(a_second_hello),
		TEST(requests),
		TEST(free_space),
		TEST(the_program),
		TEST(an_import_is_one_exchange),
		TEST(what_is_for_the_caller),
		TEST(padding),
		TEST(requests_that_are_cut),
		TEST(ops_that_are_none),
		TEST(shares_that_are_none),
		TEST(lengths_that_lie),
		TEST(what_leads_out),
		TEST(a_read_only_share),
		TEST(a_long_listing),
		TEST(a_listing_of_what_is_removed),
		TEST(changes_are_told),
		TEST(as_many_shares_as_there_can_be),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
