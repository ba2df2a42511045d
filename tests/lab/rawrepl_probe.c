/* SPDX-License-Identifier: MIT */
/*
 * rawrepl_probe: drives rawrepl on a real board, for tests/system/rawrepl*.sh.
 *
 *   rawrepl_probe [-n] [-t SECONDS] [-r TEXT] DEVICE WORD...
 *
 * -n: nointerrupt; -t: the time to reach the prompt (10); -r: the rescue bytes. WORD is one of these, done in turn:
 *
 *   send TEXT    writes TEXT, in which \r \n \e \\ and \xNN stand for bytes
 *   expect TEXT  reads until TEXT comes, at most 10 seconds
 *   program CODE starts CODE, of any number of lines, in paste mode
 *   quiet        reads until nothing has come for 0.2 seconds
 *   enter        rawrepl_enter; prints "found STATE, interrupted N, raw_paste N" and "took N ms"
 *   try-enter    the same, and goes on when that failed
 *   run CODE     rawrepl_run; prints what the code printed
 *   file PATH    rawrepl_run with the content of file PATH; prints "ran N bytes in N ms"
 *   leave, type LINE, restart   as rawrepl has them
 *
 * What fails prints "failed: WORD: ERRNO: message" and ends the program with status 1.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bytelink/device.h"
#include "rawrepl/rawrepl.h"

#define SECOND 1000000

enum { CODE_MAX = 65536, EXPECT_KEPT = 4096 };

struct probe {
	struct bytelink *link;
	struct rawrepl repl;
	struct rawrepl_options options;
	struct diag diag;
	char kept[EXPECT_KEPT]; /* what was read and not yet expected */
	size_t used;
};

static void forget(struct probe *probe, size_t len)
{
	memmove(probe->kept, probe->kept + len, probe->used - len);
	probe->used -= len;
}

static void tell_failure(const struct probe *probe, const char *word, int err)
{
	printf("failed: %s: %s: %s\n", word, strerrorname_np(-err), probe->diag.text);
}

static int hex(char digit)
{
	const char *digits = "0123456789abcdef", *at = digit ? strchr(digits, digit) : NULL;

	return at ? (int)(at - digits) : 0;
}

/* TEXT with its escapes resolved into BYTES, which is as large. Returns the length. */
static size_t unescape(char *bytes, const char *text)
{
	size_t len = 0;

	for (; *text; text++) {
		if (*text != '\\' || !text[1]) {
			bytes[len++] = *text;
			continue;
		}
		text++;
		if (*text == 'x' && text[1] && text[2]) {
			bytes[len++] = (char)(hex(text[1]) * 16 + hex(text[2]));
			text += 2;
		} else {
			bytes[len++] = *text == 'r' ? '\r' : *text == 'n' ? '\n' : *text == 'e' ? '\x1b' : *text;
		}
	}
	return len;
}

static int do_send(struct probe *probe, const char *text)
{
	char *bytes = malloc(strlen(text) + 1);
	int err;

	if (!bytes)
		return -ENOMEM;
	err = bytelink_write_all(probe->link, bytes, unescape(bytes, text), bytelink_now(probe->link) + 5 * SECOND);
	free(bytes);
	return err;
}

/* Reads until WANTED of LEN bytes has come; what comes behind it is kept for the next. */
static int expect(struct probe *probe, const char *wanted, size_t len)
{
	int64_t until = bytelink_now(probe->link) + 10 * SECOND;
	char *at;
	ssize_t got;

	while (!(at = memmem(probe->kept, probe->used, wanted, len))) {
		if (probe->used > EXPECT_KEPT / 2)
			forget(probe, probe->used - len);
		if (bytelink_wait(probe->link, BYTELINK_READABLE, until) == 0)
			return diag_fail(&probe->diag, DIAG_NONE, ETIMEDOUT, "it never came; last was: %.*s", (int)probe->used,
					 probe->kept);
		got = bytelink_read(probe->link, probe->kept + probe->used, EXPECT_KEPT - probe->used);
		if (got < 0)
			return (int)got;
		probe->used += (size_t)got;
	}
	forget(probe, (size_t)(at - probe->kept) + len);
	return 0;
}

static int do_expect(struct probe *probe, const char *text)
{
	char wanted[EXPECT_KEPT / 4];

	if (strlen(text) >= sizeof(wanted))
		return -E2BIG;
	return expect(probe, wanted, unescape(wanted, text));
}

/* Line by line, each acknowledged by the prompt of the next: paste mode says more than it is told. */
static int do_program(struct probe *probe, const char *code)
{
	int64_t until = bytelink_now(probe->link) + 10 * SECOND;
	size_t len;
	int err = bytelink_write_all(probe->link, "\x05", 1, until);

	for (; err == 0 && *code; code += len + (code[len] == '\n')) {
		len = strcspn(code, "\n");
		err = expect(probe, "=== ", 4);
		if (err == 0)
			err = bytelink_write_all(probe->link, code, len, until);
		if (err == 0)
			err = bytelink_write_all(probe->link, "\r", 1, until);
	}
	if (err == 0)
		err = expect(probe, "=== ", 4);
	if (err == 0)
		err = bytelink_write_all(probe->link, "\x04", 1, until);
	return err ? err : expect(probe, "\r\n", 2);
}

static int do_quiet(struct probe *probe, const char *argument)
{
	char buf[EXPECT_KEPT];
	ssize_t got = 0;

	(void)argument;
	probe->used = 0;
	while (got >= 0 && bytelink_wait(probe->link, BYTELINK_READABLE, bytelink_now(probe->link) + SECOND / 5) > 0)
		got = bytelink_read(probe->link, buf, sizeof(buf));
	return got < 0 ? (int)got : 0;
}

static int do_enter(struct probe *probe, const char *argument)
{
	int64_t start = bytelink_now(probe->link);
	int err = rawrepl_enter(&probe->repl, probe->link, &probe->options, &probe->diag);

	(void)argument;
	probe->used = 0;
	if (err == 0)
		printf("found %s, interrupted %d, raw_paste %d\n", rawrepl_state_words(probe->repl.found),
		       probe->repl.interrupted, probe->repl.raw_paste);
	printf("took %lld ms\n", (long long)(bytelink_now(probe->link) - start) / 1000);
	return err;
}

static int do_try_enter(struct probe *probe, const char *argument)
{
	int err = do_enter(probe, argument);

	if (err < 0)
		tell_failure(probe, "enter", err);
	return 0;
}

static int do_run(struct probe *probe, const char *code)
{
	char out[EXPECT_KEPT];
	int err = rawrepl_run(&probe->repl, code, strlen(code), out, sizeof(out), NULL, 10 * SECOND, &probe->diag);

	if (err == 0)
		fputs(out, stdout);
	return err;
}

static int do_file(struct probe *probe, const char *path)
{
	char *code = malloc(CODE_MAX);
	FILE *file = fopen(path, "r");
	int64_t start = bytelink_now(probe->link);
	size_t len;
	int err = -ENOENT;

	if (code && file) {
		len = fread(code, 1, CODE_MAX, file);
		err = rawrepl_run(&probe->repl, code, len, NULL, 0, NULL, 10 * SECOND, &probe->diag);
		if (err == 0)
			printf("ran %zu bytes in %lld ms\n", len, (long long)(bytelink_now(probe->link) - start) / 1000);
	}
	if (file)
		fclose(file);
	free(code);
	return err;
}

static int do_leave(struct probe *probe, const char *argument)
{
	(void)argument;
	return rawrepl_leave(&probe->repl, 5 * SECOND, &probe->diag);
}

static int do_type(struct probe *probe, const char *line)
{
	return rawrepl_type(&probe->repl, line);
}

static int do_restart(struct probe *probe, const char *argument)
{
	(void)argument;
	return rawrepl_restart(&probe->repl);
}

static const struct word {
	const char *name;
	int (*act)(struct probe *probe, const char *argument);
	bool has_argument;
} words[] = {
	{"send", do_send, true},    {"expect", do_expect, true},    {"program", do_program, true},
	{"quiet", do_quiet, false}, {"enter", do_enter, false},     {"try-enter", do_try_enter, false},
	{"run", do_run, true},      {"file", do_file, true},        {"leave", do_leave, false},
	{"type", do_type, true},    {"restart", do_restart, false},
};

static const struct word *find_word(const char *name)
{
	size_t i;

	for (i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strcmp(words[i].name, name) == 0)
			return &words[i];
	return NULL;
}

/* Does the WORDs of ARGV in turn. Returns the exit status. */
static int act_all(struct probe *probe, char **argv)
{
	const struct word *word;
	const char *argument;
	int err = 0;

	while (*argv && err == 0) {
		word = find_word(*argv++);
		argument = word && word->has_argument ? *argv++ : "";
		if (!word || !argument) {
			fprintf(stderr, "rawrepl_probe: not a word, or one without its argument\n");
			return 2;
		}
		diag_clear(&probe->diag);
		err = word->act(probe, argument);
		if (err < 0)
			tell_failure(probe, word->name, err);
		fflush(stdout);
	}
	return err ? 1 : 0;
}

int main(int argc, char *argv[])
{
	struct probe probe = {.options = {.timeout_us = 10 * SECOND}};
	struct device_options device = {.timeout_us = 5 * SECOND};
	char rescue[64];
	int option, status;

	while ((option = getopt(argc, argv, "+nt:r:")) != -1) {
		if (option == 'n')
			probe.options.nointerrupt = true;
		else if (option == 't')
			probe.options.timeout_us = (int64_t)(atof(optarg) * SECOND);
		else if (option == 'r' && strlen(optarg) < sizeof(rescue))
			probe.options.rescue_len = unescape(rescue, optarg);
		else
			return 2;
	}
	if (probe.options.rescue_len > 0)
		probe.options.rescue = rescue;
	if (optind >= argc || device_open(&probe.link, argv[optind], &device, &probe.diag)) {
		fprintf(stderr, "rawrepl_probe: %s\n", probe.diag.text);
		return 2;
	}
	status = act_all(&probe, argv + optind + 1);
	bytelink_close(probe.link);
	return status;
}
