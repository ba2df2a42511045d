/* SPDX-License-Identifier: MIT */
#include "tests/unit/share_stage.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "share/share_session.h"

enum { BYTE_US = 87, SLOW_BYTE_US = 700 };

static void answer(struct share_stage *stage, uint8_t type, uint8_t sequence, const void *payload, size_t len)
{
	uint8_t out[FRAME_SIZE_MAX];

	fakelink_say(stage->fake, out, frame_encode(out, type, sequence, payload, len));
}

void share_stage_print(struct share_stage *stage, const char *text)
{
	fakelink_say(stage->fake, text, strlen(text));
}

void share_stage_ask_again(struct share_stage *stage, uint8_t op, uint8_t try, const void *payload, size_t len)
{
	uint8_t behind_try[256], out[FRAME_SIZE_MAX];

	behind_try[0] = try;
	memcpy(behind_try + 1, payload, len);
	stage->heard = 0;
	fakelink_say(stage->fake, out, frame_encode_channel(out, op, SHARE_CHANNEL, stage->sequence, behind_try, len + 1));
}

void share_stage_ask(struct share_stage *stage, uint8_t op, const void *payload, size_t len)
{
	stage->sequence++;
	share_stage_ask_again(stage, op, 0, payload, len);
}

void share_stage_end(struct share_stage *stage, enum share_how how, const char *words)
{
	uint8_t payload[128] = {(uint8_t)how, 7};

	memcpy(payload + 5, words, strlen(words));
	share_stage_ask(stage, SHARE_END, payload, 5 + strlen(words));
}

void share_stage_ask_for_much(struct share_stage *stage)
{
	share_stage_ask(stage, SHARE_PROGRAM, "\0\0\0\0\xff\x0f", 6);
}

static void say_credit(struct share_stage *stage, uint8_t sequence, unsigned halves)
{
	const uint8_t credit[] = {AGENT_CREDIT_MARK, sequence, (uint8_t)halves, (uint8_t) ~(sequence ^ halves)};

	fakelink_say(stage->fake, credit, sizeof(credit));
}

void share_stage_say_credits(struct share_stage *stage)
{
	for (unsigned halves = 1; halves * AGENT_WINDOW / 2 < SHARE_STAGE_PROGRAM + 30; halves++)
		say_credit(stage, stage->sequence, halves);
}

void share_stage_stop_host(struct share_stage *stage, int64_t us)
{
	assert_int_equal(bytelink_wait(stage->link, 0, bytelink_now(stage->link) + us), 0);
	stage->heard = 0;
}

/* --- Steps --- */

void share_stage_hello(struct share_stage *stage, const struct frame *frame)
{
	static const char hello[] = "\x00\x10\x20\xa1\x07\x00\x00" SHARE_STAGE_BANNER;

	assert_null(frame);
	share_stage_ask(stage, SHARE_HELLO, hello, sizeof(hello) - 1);
}

void share_stage_exit_7(struct share_stage *stage, const struct frame *frame)
{
	(void)frame;
	share_stage_end(stage, SHARE_EXITED, "");
}

void share_stage_prompt(struct share_stage *stage, const struct frame *frame)
{
	assert_int_equal(frame->type, AGENT_DONE);
	stage->phase = SHARE_STAGE_ENDED; /* at its prompt, where the toy takes over */
	share_stage_print(stage, ">>> ");
}

void share_stage_ignore(struct share_stage *stage, const struct frame *frame)
{
	(void)stage;
	(void)frame;
}

/* --- Timers --- */

void share_stage_some(struct fakelink *fake, void *context)
{
	(void)fake;
	share_stage_ask(context, SHARE_PROGRAM, "\0\0\0\0\x64\x00", 6);
}

void share_stage_some_again(struct fakelink *fake, void *context)
{
	(void)fake;
	share_stage_ask_again(context, SHARE_PROGRAM, 1, "\0\0\0\0\x64\x00", 6);
}

void share_stage_credits(struct fakelink *fake, void *context)
{
	struct share_stage *stage = context;

	(void)fake;
	assert_int_equal(stage->heard, AGENT_WINDOW);
	share_stage_say_credits(stage);
}

void share_stage_exit(struct fakelink *fake, void *context)
{
	(void)fake;
	share_stage_exit_7(context, NULL);
}

void share_stage_fall_back(struct fakelink *fake, void *context)
{
	struct share_stage *stage = context;

	share_stage_exit(fake, stage);
	stage->phase = SHARE_STAGE_ENDED;
	share_stage_print(stage, "\r\n>>> ");
}

/* --- The board --- */

static void play(struct share_stage *stage, const struct frame *frame)
{
	if (*stage->steps)
		(*stage->steps++)(stage, frame);
}

static void take_frame(struct share_stage *stage, const struct frame *frame)
{
	if (frame->channel == SHARE_CHANNEL) {
		bool go = stage->phase == SHARE_STAGE_LOADING;

		fakelink_byte_time(stage->fake, BYTE_US);
		stage->phase = SHARE_STAGE_SHARING;
		play(stage, go ? NULL : frame);
	} else if (frame->type == AGENT_QUIT && stage->quits_lost) {
		stage->quits_lost--;
		stage->phase = SHARE_STAGE_AT_PROMPT;
	} else {
		answer(stage, AGENT_DONE, frame->sequence, NULL, 0);
	}
}

/* For what is loaded: so much of a frame has been read. */
static void credit_pending(struct share_stage *stage)
{
	const struct frame_reader *reader = &stage->reader;
	size_t have = reader->end - reader->start;

	if (stage->phase == SHARE_STAGE_LOADING && have >= AGENT_WINDOW / 2)
		say_credit(stage, reader->bytes[reader->start + 3], (unsigned)(have / (AGENT_WINDOW / 2)));
}

/* What is no answer is for the program. */
static bool take_key(struct share_stage *stage, unsigned char byte)
{
	struct frame_reader *reader = &stage->reader;

	if (stage->phase != SHARE_STAGE_SHARING || reader->end > reader->start || byte == AGENT_FRAME_MARK)
		return false;
	if (stage->key_count < sizeof(stage->keys) - 1)
		stage->keys[stage->key_count++] = (char)byte;
	if (byte == '\3' && stage->interrupt)
		stage->interrupt(stage);
	stage->interrupted_at = byte == '\3' ? fakelink_now(stage->fake) : stage->interrupted_at;
	stage->interrupts += byte == '\3';
	return true;
}

static void take_frames(struct share_stage *stage, const unsigned char *bytes, size_t len)
{
	enum frame_event event;
	size_t room;

	stage->heard += len;
	while (len > 0 && take_key(stage, *bytes)) {
		bytes++;
		len--;
	}
	while (len > 0) {
		uint8_t *to = frame_reader_room(&stage->reader, &room);

		if (room > len)
			room = len;
		memcpy(to, bytes, room);
		frame_reader_fed(&stage->reader, room);
		bytes += room;
		len -= room;
		while ((event = frame_reader_next(&stage->reader)) != FRAME_NONE)
			if (event == FRAME_WHOLE)
				take_frame(stage, &stage->reader.frame);
	}
	credit_pending(stage);
}

static void take(struct fakelink *fake, void *context, const unsigned char *bytes, size_t len)
{
	struct share_stage *stage = context;

	(void)fake;
	for (; len > 0 && (stage->phase == SHARE_STAGE_AT_PROMPT || stage->phase == SHARE_STAGE_ENDED); bytes++, len--) {
		if (stage->phase == SHARE_STAGE_AT_PROMPT && *bytes == '\r' &&
		    toyboard_is_asked(&stage->repl, "__mpremotefs__()()")) {
			stage->phase = SHARE_STAGE_LOADING;
			if (stage->slow)
				fakelink_byte_time(stage->fake, SLOW_BYTE_US);
			answer(stage, AGENT_HELLO, 0, "\x00\x10\x20\xa1\x07\x00\x00", 7);
		} else {
			stage->typed_frames += *bytes == AGENT_FRAME_MARK;
			toyboard_take(&stage->repl, bytes, 1);
		}
	}
	if (len > 0)
		take_frames(stage, bytes, len);
}

/* The session looks at the line now and then: no wait of its is for ever. */
static void end_hang(struct fakelink *fake, void *context)
{
	(void)fake;
	(void)context;
	fprintf(stderr, "the session has not ended in a hundred days\n");
	abort();
}

int share_stage_open(void **state)
{
	struct share_stage *stage = calloc(1, sizeof(*stage));
	int nothing = open("/dev/null", O_RDONLY | O_CLOEXEC);

	assert_non_null(stage);
	*state = stage;
	dup2(nothing, STDIN_FILENO);
	close(nothing);
	stage->fake = fakelink_open(&stage->link);
	fakelink_board(stage->fake, take, stage);
	fakelink_timer(stage->fake, 100 * 24 * 3600 * (int64_t)SHARE_STAGE_SECOND, end_hang,
		       NULL); /* half a minute of a real clock */
	stage->repl = (struct toyboard){.fake = stage->fake};
	frame_reader_init(&stage->reader);
	for (size_t i = 0; i < SHARE_STAGE_PROGRAM; i++)
		stage->program[i] = (uint8_t)(i * i >> 3);
	stage->server = share_server_open();
	assert_non_null(stage->server);
	share_server_set_program(stage->server, stage->program, SHARE_STAGE_PROGRAM);
	return 0;
}

int share_stage_close(void **state)
{
	struct share_stage *stage = *state;

	share_server_close(stage->server);
	bytelink_close(stage->link);
	free(stage);
	return 0;
}

/* --- The session's stdout and stderr --- */

/* A file in place of the descriptor FD, 1 or 2; and what is in it, once the session is over. */
static void redirect(struct share_stage *stage, int fd)
{
	char name[] = "test_share_stage.XXXXXX";
	int file = mkstemp(name);

	assert_true(file >= 0);
	unlink(name);
	stage->out[fd - 1] = dup(fd);
	dup2(file, fd);
	close(file);
}

static void collect(struct share_stage *stage, int fd)
{
	ssize_t len = pread(fd, stage->said[fd - 1], sizeof(stage->said[0]) - 1, 0);

	dup2(stage->out[fd - 1], fd);
	close(stage->out[fd - 1]);
	assert_true(len >= 0);
}

/* A full pipe in place of stdout. */
static void redirect_to_pipe(struct share_stage *stage)
{
	assert_int_equal(pipe2(stage->pipe, O_CLOEXEC), 0);
	stage->out[0] = dup(STDOUT_FILENO);
	dup2(stage->pipe[1], STDOUT_FILENO);
	close(stage->pipe[1]);
}

static void *read_pipe(void *context)
{
	struct share_stage *stage = context;
	char bytes[65536];
	ssize_t n;

	while ((n = read(stage->pipe[0], bytes, sizeof(bytes))) > 0)
		stage->printed += (size_t)n;
	return NULL;
}

void share_stage_read(struct share_stage *stage)
{
	assert_int_equal(pthread_create(&stage->taker, NULL, read_pipe, stage), 0);
}

static void collect_from_pipe(struct share_stage *stage)
{
	dup2(stage->out[0], STDOUT_FILENO);
	close(stage->out[0]);
	pthread_join(stage->taker, NULL);
	close(stage->pipe[0]);
}

/* --- The session --- */

/* Runs the session, where the stage is short of descriptors, with no more than its spare ones. */
static int run_session(struct share_stage *stage, const struct share_session_options *options)
{
	struct rlimit before, few;
	int next = dup(STDIN_FILENO);

	close(next);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
	few = before;
	if (stage->is_short)
		few.rlim_cur = (rlim_t)next + stage->spare;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
	int rc = share_session_run(options, &stage->diag);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
	return rc;
}

int share_stage_run(struct share_stage *stage, share_stage_step *const *steps)
{
	char board[] = "/remote", file[] = "x.py";
	char *paths[] = {board}, *argv[] = {file, NULL};
	const struct share_session_options options = {
		.link = stage->link,
		.server = stage->server,
		.plan = {.paths = paths, .count = 1, .name = file, .argv = argv},
		.timeout_us = 10 * SHARE_STAGE_SECOND,
	};

	stage->steps = steps;
	if (stage->paused)
		redirect_to_pipe(stage);
	else
		redirect(stage, STDOUT_FILENO);
	redirect(stage, STDERR_FILENO);
	int rc = run_session(stage, &options);
	if (stage->paused)
		collect_from_pipe(stage);
	else
		collect(stage, STDOUT_FILENO);
	collect(stage, STDERR_FILENO);
	return rc;
}
