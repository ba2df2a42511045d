/* SPDX-License-Identifier: MIT */
/*
 * The session against a board that says what no real one can be made to say at a given moment, on a clock of its own. The real board is in
 * tests/system/share_*.sh.
 */
#include "share/share_session.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cmocka.h>

#include "agent/frame.h"
#include "base/le.h"
#include "share/outlet.h"
#include "tests/unit/toyboard.h"

enum { SECOND = 1000000, PROGRAM = 3000, BYTE_US = 87, SLOW_BYTE_US = 700 };

enum { TOO_MUCH = (OUTLET_MAX / 1000 + 500) * 1000 };

#define BANNER "MicroPython v1.29 on a fake; board"

struct stage;

/* What the board does when its last request has been answered by FRAME; NULL: at its start. */
typedef void step_fn(struct stage *stage, const struct frame *frame);

struct stage {
	struct bytelink *link;
	struct fakelink *fake;
	struct toyboard repl;
	struct frame_reader reader;
	enum { AT_PROMPT, LOADING, SHARING, ENDED } phase;
	step_fn *const *steps;
	bool slow; /* while the window is looked for, so that it stays */
	uint8_t sequence;
	size_t heard;  /* bytes from the host since the last request */
	char keys[64]; /* what came for the program */
	size_t key_count;
	void (*interrupt)(struct stage *stage); /* what the program does with Ctrl-C; NULL: it catches it */
	unsigned interrupts;
	int64_t interrupted_at;
	uint8_t program[PROGRAM];
	struct share_server *server;
	int keyboard, stdin_before;
	pthread_t typist;
	int out[2]; /* stdout and stderr of the test, while the session has files in their place */
	char said[2][8192];
	int pipe[2]; /* where `paused`, stdout is this, which nobody reads before read_output */
	bool paused;
	pthread_t taker;
	size_t printed;        /* bytes that were read */
	unsigned typed_frames; /* came when the board was at its prompt */
	bool is_short;         /* the process can open so many descriptors more, and no others: */
	rlim_t spare;
	struct diag diag;
};

static void answer(struct stage *stage, uint8_t type, uint8_t sequence, const void *payload, size_t len)
{
	uint8_t out[FRAME_SIZE_MAX];

	fakelink_say(stage->fake, out, frame_encode(out, type, sequence, payload, len));
}

static void print(struct stage *stage, const char *text)
{
	fakelink_say(stage->fake, text, strlen(text));
}

/* Asks with TRY, and LEN bytes of PAYLOAD behind it. */
static void ask_again(struct stage *stage, uint8_t op, uint8_t try, const void *payload, size_t len)
{
	uint8_t behind_try[256], out[FRAME_SIZE_MAX];

	behind_try[0] = try;
	memcpy(behind_try + 1, payload, len);
	stage->heard = 0;
	fakelink_say(stage->fake, out, frame_encode_channel(out, op, 1, stage->sequence, behind_try, len + 1));
}

static void ask(struct stage *stage, uint8_t op, const void *payload, size_t len)
{
	stage->sequence++;
	ask_again(stage, op, 0, payload, len);
}

static void say_hello(struct stage *stage, const struct frame *frame)
{
	static const char hello[] = "\x00\x10\x20\xa1\x07\x00\x00" BANNER;

	assert_null(frame);
	ask(stage, SHARE_HELLO, hello, sizeof(hello) - 1);
}

/* Ends as HOW with the exit code 7 and WORDS. */
static void end_as(struct stage *stage, enum share_how how, const char *words)
{
	uint8_t payload[128] = {(uint8_t)how, 7};

	memcpy(payload + 5, words, strlen(words));
	ask(stage, SHARE_END, payload, 5 + strlen(words));
}

static void exit_7(struct stage *stage, const struct frame *frame)
{
	(void)frame;
	end_as(stage, SHARE_EXITED, "");
}

static void show_prompt(struct stage *stage, const struct frame *frame)
{
	assert_int_equal(frame->type, AGENT_DONE);
	stage->phase = ENDED; /* at its prompt, where the toy takes over */
	print(stage, ">>> ");
}

static void play(struct stage *stage, const struct frame *frame)
{
	if (*stage->steps)
		(*stage->steps++)(stage, frame);
}

static void take_frame(struct stage *stage, const struct frame *frame)
{
	if (frame->channel == 1) {
		bool go = stage->phase == LOADING;

		fakelink_byte_time(stage->fake, BYTE_US);
		stage->phase = SHARING;
		play(stage, go ? NULL : frame);
	} else {
		answer(stage, AGENT_DONE, frame->sequence, NULL, 0);
	}
}

static void say_credit(struct stage *stage, uint8_t sequence, unsigned halves)
{
	const uint8_t credit[] = {AGENT_CREDIT_MARK, sequence, (uint8_t)halves, (uint8_t) ~(sequence ^ halves)};

	fakelink_say(stage->fake, credit, sizeof(credit));
}

/* For what is loaded: so much of a frame has been read. */
static void credit_pending(struct stage *stage)
{
	const struct frame_reader *reader = &stage->reader;
	size_t have = reader->end - reader->start;

	if (stage->phase == LOADING && have >= AGENT_WINDOW / 2)
		say_credit(stage, reader->bytes[reader->start + 3], (unsigned)(have / (AGENT_WINDOW / 2)));
}

/* What is no answer is for the program. */
static bool take_key(struct stage *stage, unsigned char byte)
{
	struct frame_reader *reader = &stage->reader;

	if (stage->phase != SHARING || reader->end > reader->start || byte == AGENT_FRAME_MARK)
		return false;
	if (stage->key_count < sizeof(stage->keys) - 1)
		stage->keys[stage->key_count++] = (char)byte;
	if (byte == '\3' && stage->interrupt)
		stage->interrupt(stage);
	stage->interrupted_at = byte == '\3' ? fakelink_now(stage->fake) : stage->interrupted_at;
	stage->interrupts += byte == '\3';
	return true;
}

static void take_frames(struct stage *stage, const unsigned char *bytes, size_t len)
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
	struct stage *stage = context;

	(void)fake;
	for (; len > 0 && (stage->phase == AT_PROMPT || stage->phase == ENDED); bytes++, len--) {
		if (stage->phase == AT_PROMPT && *bytes == '\r' && toyboard_is_asked(&stage->repl, "__mpremotefs__()()")) {
			stage->phase = LOADING;
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

static int set_up(void **state)
{
	struct stage *stage = calloc(1, sizeof(*stage));

	assert_non_null(stage);
	*state = stage;
	stage->fake = fakelink_open(&stage->link);
	fakelink_board(stage->fake, take, stage);
	fakelink_timer(stage->fake, 100 * 24 * 3600 * (int64_t)SECOND, end_hang, NULL); /* half a minute of a real clock */
	stage->repl = (struct toyboard){.fake = stage->fake};
	frame_reader_init(&stage->reader);
	for (size_t i = 0; i < PROGRAM; i++)
		stage->program[i] = (uint8_t)(i * i >> 3);
	stage->server = share_server_open();
	assert_non_null(stage->server);
	share_server_set_program(stage->server, stage->program, PROGRAM);
	return 0;
}

static int tear_down(void **state)
{
	struct stage *stage = *state;

	share_server_close(stage->server);
	bytelink_close(stage->link);
	free(stage);
	return 0;
}

/* A file in place of the descriptor FD, 1 or 2; and what is in it, once the session is over. */
static void redirect(struct stage *stage, int fd)
{
	char name[] = "test_share_session.XXXXXX";
	int file = mkstemp(name);

	assert_true(file >= 0);
	unlink(name);
	stage->out[fd - 1] = dup(fd);
	dup2(file, fd);
	close(file);
}

static void collect(struct stage *stage, int fd)
{
	ssize_t len = pread(fd, stage->said[fd - 1], sizeof(stage->said[0]) - 1, 0);

	dup2(stage->out[fd - 1], fd);
	close(stage->out[fd - 1]);
	assert_true(len >= 0);
}

/* Stdin is what is written to the keyboard. */
static void take_stdin(struct stage *stage)
{
	int ends[2];

	assert_int_equal(pipe(ends), 0);
	stage->stdin_before = dup(STDIN_FILENO);
	dup2(ends[0], STDIN_FILENO);
	close(ends[0]);
	stage->keyboard = ends[1];
}

static void give_back_stdin(struct stage *stage)
{
	close(stage->keyboard);
	dup2(stage->stdin_before, STDIN_FILENO);
	close(stage->stdin_before);
}

/* A full pipe in place of stdout. */
static void redirect_to_pipe(struct stage *stage)
{
	assert_int_equal(pipe2(stage->pipe, O_CLOEXEC), 0);
	stage->out[0] = dup(STDOUT_FILENO);
	dup2(stage->pipe[1], STDOUT_FILENO);
	close(stage->pipe[1]);
}

static void *read_pipe(void *context)
{
	struct stage *stage = context;
	char bytes[65536];
	ssize_t n;

	while ((n = read(stage->pipe[0], bytes, sizeof(bytes))) > 0)
		stage->printed += (size_t)n;
	return NULL;
}

/* Whoever reads stdout goes on. */
static void read_output(struct stage *stage)
{
	assert_int_equal(pthread_create(&stage->taker, NULL, read_pipe, stage), 0);
}

static void collect_from_pipe(struct stage *stage)
{
	dup2(stage->out[0], STDOUT_FILENO);
	close(stage->out[0]);
	pthread_join(stage->taker, NULL);
	close(stage->pipe[0]);
}

/* Runs the session, where the stage is short of descriptors, with no more than its spare ones. */
static int run_session(struct stage *stage, const struct share_session_options *options)
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

/* Plays STEPS, of which the last is NULL. Returns what share_session_run does. */
static int run(struct stage *stage, step_fn *const *steps)
{
	char board[] = "/remote", file[] = "x.py";
	char *paths[] = {board}, *argv[] = {file, NULL};
	const struct share_session_options options = {
		.link = stage->link,
		.server = stage->server,
		.plan = {.paths = paths, .count = 1, .name = file, .argv = argv},
		.timeout_us = 10 * SECOND,
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

/* --- Ends --- */

static void print_and_exit(struct stage *stage, const struct frame *frame)
{
	print(stage, "hello\r\n");
	exit_7(stage, frame);
}

static void it_ends_as_the_program_does(void **state)
{
	static step_fn *const steps[] = {say_hello, print_and_exit, show_prompt, NULL};
	struct stage *stage = *state;

	assert_int_equal(run(stage, steps), 7);
	assert_string_equal(stage->said[0], "hello\r\n");
	assert_string_equal(stage->said[1], "");
}

static void raise_it(struct stage *stage, const struct frame *frame)
{
	(void)frame;
	end_as(stage, SHARE_MORE, "Traceback\n");
}

static void raise_the_rest(struct stage *stage, const struct frame *frame)
{
	(void)frame;
	end_as(stage, SHARE_RAISED, "ValueError\n");
}

static void a_traceback_is_on_stderr(void **state)
{
	static step_fn *const steps[] = {say_hello, raise_it, raise_the_rest, show_prompt, NULL};
	struct stage *stage = *state;

	assert_int_equal(run(stage, steps), 1);
	assert_string_equal(stage->said[0], "");
	assert_string_equal(stage->said[1], "Traceback\nValueError\n");
}

static void show_nothing(struct stage *stage, const struct frame *frame)
{
	(void)frame;
	stage->phase = ENDED;
}

static void a_board_that_shows_another_prompt_is_left_all_the_same(void **state)
{
	static step_fn *const steps[] = {say_hello, exit_7, show_nothing, NULL};
	struct stage *stage = *state;

	stage->repl.ps1 = "$ ";
	assert_int_equal(run(stage, steps), 7);
}

/* --- An agent that fails --- */

#define FAILURE "Traceback (most recent call last):\r\n  File \"<stdin>\", line 1, in <module>\r\nMemoryError: \r\n>>> "

static void fail_at_last(struct stage *stage, const struct frame *frame)
{
	(void)frame;
	print(stage, FAILURE);
	stage->phase = ENDED;
}

static void a_prompt_without_an_end_is_one(void **state)
{
	static step_fn *const steps[] = {say_hello, fail_at_last, NULL};
	struct stage *stage = *state;

	assert_int_equal(run(stage, steps), -EIO);
	assert_string_equal(stage->said[0], FAILURE);
	assert_non_null(strstr(stage->diag.text, "has not told"));
	assert_int_equal(stage->repl.mode, TOYBOARD_FRIENDLY);
}

static void exit_late(struct fakelink *fake, void *context)
{
	(void)fake;
	exit_7(context, NULL);
}

static void speak_of_failure(struct stage *stage, const struct frame *frame)
{
	(void)frame;
	print(stage, FAILURE);
	fakelink_timer(stage->fake, 60 * (int64_t)SECOND, exit_late, stage);
}

static void a_program_that_prints_the_same_goes_on(void **state)
{
	static step_fn *const steps[] = {say_hello, speak_of_failure, show_prompt, NULL};
	struct stage *stage = *state;

	assert_int_equal(run(stage, steps), 7);
	assert_int_equal(stage->interrupts, 0);
}

/* --- Programs that do not end --- */

static void end_now(struct stage *stage)
{
	stage->interrupt = NULL;
	end_as(stage, SHARE_RAISED, "KeyboardInterrupt\n");
}

static void print_prompt(struct stage *stage, const struct frame *frame)
{
	(void)frame;
	stage->interrupt = end_now;
	print(stage, ">>> ");
}

static void a_program_that_only_says_so_is_ended(void **state)
{
	static step_fn *const steps[] = {say_hello, exit_7, print_prompt, show_prompt, NULL};
	struct stage *stage = *state;

	assert_int_equal(run(stage, steps), -EPROTO);
	assert_int_equal(stage->phase, ENDED);
	assert_int_equal(stage->interrupts, 1);
	assert_non_null(strstr(stage->diag.text, "went on"));
}

static void terminate(struct stage *stage, const struct frame *frame)
{
	(void)stage;
	(void)frame;
	kill(getpid(), SIGTERM);
}

static void a_program_that_catches_every_ctrl_c_is_told(void **state)
{
	static step_fn *const steps[] = {say_hello, terminate, NULL};
	struct stage *stage = *state;
	int64_t start = fakelink_now(stage->fake);

	assert_int_equal(run(stage, steps), 128 + SIGTERM);
	assert_non_null(strstr(stage->said[1], "still runs on the board"));
	assert_true(stage->interrupts > 100);
	assert_true(fakelink_now(stage->fake) - start < 15 * (int64_t)SECOND);
}

/* Ctrl-C is caught where the program waits for it; but not so soon after another. */
static void end_when_busy(struct stage *stage)
{
	if (fakelink_now(stage->fake) - stage->interrupted_at >= 60000)
		return;
	stage->phase = ENDED;
	print(stage, "Traceback (most recent call last):\r\nKeyboardInterrupt: \r\n>>> ");
}

static void terminate_busy(struct stage *stage, const struct frame *frame)
{
	stage->interrupt = end_when_busy;
	terminate(stage, frame);
}

static void a_program_that_catches_one_ctrl_c_at_a_time_is_ended(void **state)
{
	static step_fn *const steps[] = {say_hello, terminate_busy, NULL};
	struct stage *stage = *state;

	assert_int_equal(run(stage, steps), 128 + SIGTERM);
	assert_string_equal(stage->said[1], "");
	assert_int_equal(stage->phase, ENDED);
	assert_int_equal(stage->repl.mode, TOYBOARD_FRIENDLY);
}

static void refuse(struct stage *stage, const struct frame *frame)
{
	(void)frame;
	end_as(stage, SHARE_REFUSED, "/remote");
}

static void a_place_that_is_taken_is_told(void **state)
{
	static step_fn *const steps[] = {say_hello, refuse, show_prompt, NULL};
	struct stage *stage = *state;

	assert_int_equal(run(stage, steps), -EEXIST);
	assert_non_null(strstr(stage->diag.text, "/remote"));
	assert_int_equal(stage->phase, ENDED); /* it was answered, so that the board does not ask again */
}

static void be_unplugged(struct stage *stage, const struct frame *frame)
{
	(void)frame;
	print(stage, "last words");
	fakelink_hang_up(stage->fake, SECOND, ENODEV);
}

static void an_unplugged_board_is_told(void **state)
{
	static step_fn *const steps[] = {say_hello, be_unplugged, NULL};
	struct stage *stage = *state;

	assert_int_equal(run(stage, steps), -ENODEV);
	assert_true(*stage->diag.text != '\0');
	assert_string_equal(stage->said[0], "last words");
}

/* --- Resets --- */

static void be_reset(struct stage *stage, const struct frame *frame)
{
	(void)frame;
	print(stage, "\r\nrst:0x10 (RTCWDT)\r\n" BANNER "\r\nType \"help()\" for more information.\r\n>>> ");
}

static void a_board_that_was_reset_is_told(void **state)
{
	static step_fn *const steps[] = {say_hello, be_reset, NULL};
	struct stage *stage = *state;

	assert_int_equal(run(stage, steps), -ECONNRESET);
	assert_non_null(strstr(stage->diag.text, "reset"));
}

static void exit_later(struct fakelink *fake, void *context)
{
	(void)fake;
	exit_7(context, NULL);
}

static void speak_of_a_reset(struct stage *stage, const struct frame *frame)
{
	(void)frame;
	print(stage, "MPY: soft reboot\r\nMicroPython v1.0 on a fake\r\nType \"help()\" for more information.\r\n>>> ");
	stage->heard = 0;
	fakelink_timer(stage->fake, 60 * (int64_t)SECOND, exit_later, stage);
}

static void check_silence(struct stage *stage, const struct frame *frame)
{
	/* Nothing but this answer has reached the board in a minute. */
	assert_int_equal(stage->heard, AGENT_HEADER_SIZE + frame->len + AGENT_TRAILER_SIZE);
	show_prompt(stage, frame);
}

static void a_program_that_prints_what_a_reset_does_is_left_alone(void **state)
{
	static step_fn *const steps[] = {say_hello, speak_of_a_reset, check_silence, NULL};
	struct stage *stage = *state;

	assert_int_equal(run(stage, steps), 7);
	assert_int_equal(strncmp(stage->said[0], "MPY: soft reboot", 16), 0);
}

/* --- Long answers, and the window --- */

static void ask_for_much(struct stage *stage)
{
	ask(stage, SHARE_PROGRAM, "\0\0\0\0\xff\x0f", 6);
}

static void say_credits(struct stage *stage)
{
	for (unsigned halves = 1; halves * AGENT_WINDOW / 2 < PROGRAM + 30; halves++)
		say_credit(stage, stage->sequence, halves);
}

static void give_credits(struct fakelink *fake, void *context)
{
	struct stage *stage = context;

	(void)fake;
	assert_int_equal(stage->heard, AGENT_WINDOW);
	say_credits(stage);
}

static void want_credits(struct stage *stage, const struct frame *frame)
{
	(void)frame;
	ask_for_much(stage);
	fakelink_timer(stage->fake, SECOND, give_credits, stage);
}

static void check_much(struct stage *stage, const struct frame *frame)
{
	assert_int_equal(frame->type, AGENT_DONE);
	assert_int_equal(le_get16(frame->payload + 6), PROGRAM);
	assert_memory_equal(frame->payload + 8, stage->program, PROGRAM);
	exit_7(stage, frame);
}

static void a_long_answer_waits_for_credits(void **state)
{
	static step_fn *const steps[] = {say_hello, want_credits, check_much, show_prompt, NULL};
	struct stage *stage = *state;

	stage->slow = true;
	assert_int_equal(run(stage, steps), 7);
	assert_string_equal(stage->said[0], "");
}

static bool is_taken(void)
{
	sigset_t pending;
	int waiting;

	return sigpending(&pending) == 0 && !sigismember(&pending, SIGINT) && ioctl(STDIN_FILENO, FIONREAD, &waiting) == 0 &&
	       !waiting;
}

/* Types while the session waits for credits, which come a second after it has got that. */
static void *typist(void *context)
{
	struct stage *stage = context;

	assert_int_equal(write(stage->keyboard, "typed", 5), 5);
	kill(getpid(), SIGINT);
	while (!is_taken())
		usleep(1000);
	fakelink_timer(stage->fake, SECOND, give_credits, stage);
	return NULL;
}

static void start_typist(struct fakelink *fake, void *context)
{
	struct stage *stage = context;

	(void)fake;
	assert_int_equal(stage->heard, AGENT_WINDOW);
	assert_int_equal(pthread_create(&stage->typist, NULL, typist, stage), 0);
}

static void type_meanwhile(struct stage *stage, const struct frame *frame)
{
	(void)frame;
	ask_for_much(stage);
	fakelink_timer(stage->fake, SECOND, start_typist, stage);
}

static void be_typed_to(struct stage *stage, const struct frame *frame)
{
	assert_int_equal(frame->type, AGENT_DONE);
	assert_memory_equal(frame->payload + 8, stage->program, PROGRAM);
	assert_string_equal(stage->keys, "");
	fakelink_timer(stage->fake, SECOND, exit_later, stage);
}

static void what_is_typed_waits_for_the_end_of_an_answer(void **state)
{
	static step_fn *const steps[] = {say_hello, type_meanwhile, be_typed_to, show_prompt, NULL};
	struct stage *stage = *state;

	signal(SIGINT, SIG_DFL); /* in the background it is ignored, and the session would, too */
	stage->slow = true;
	take_stdin(stage);
	assert_int_equal(run(stage, steps), 7);
	pthread_join(stage->typist, NULL);
	give_back_stdin(stage);
	assert_string_equal(stage->keys, "\3typed");
}

static void try_again(struct fakelink *fake, void *context)
{
	struct stage *stage = context;

	(void)fake;
	assert_true(stage->heard > 0 && stage->heard <= AGENT_WINDOW);
	frame_reader_init(&stage->reader); /* the board forgets what has come of it */
	ask_again(stage, SHARE_PROGRAM, 1, "\0\0\0\0\x64\x00", 6);
}

static void lose_credits(struct stage *stage, const struct frame *frame)
{
	(void)frame;
	ask_for_much(stage);
	fakelink_timer(stage->fake, SECOND, try_again, stage);
}

static void check_second_try(struct stage *stage, const struct frame *frame)
{
	assert_int_equal(frame->payload[0], 1);
	exit_7(stage, frame);
}

static void what_is_asked_again_is_answered_anew(void **state)
{
	static step_fn *const steps[] = {say_hello, lose_credits, check_second_try, show_prompt, NULL};
	struct stage *stage = *state;

	stage->slow = true;
	assert_int_equal(run(stage, steps), 7);
}

/* --- What the line repeats --- */

static void ask_twice(struct stage *stage, const struct frame *frame)
{
	(void)frame;
	ask(stage, SHARE_PROGRAM, "\0\0\0\0\x64\x00", 6);
	ask_again(stage, SHARE_PROGRAM, 0, "\0\0\0\0\x64\x00", 6);
	fakelink_timer(stage->fake, SECOND, exit_later, stage);
}

static void ignore(struct stage *stage, const struct frame *frame)
{
	(void)stage;
	(void)frame;
}

static void a_request_that_comes_twice_is_answered_once(void **state)
{
	static step_fn *const steps[] = {say_hello, ask_twice, ignore, show_prompt, NULL};
	struct stage *stage = *state;

	assert_int_equal(run(stage, steps), 7);
}

/* --- What it needs of the process --- */

static void what_it_lacks_is_told(void **state)
{
	static step_fn *const steps[] = {NULL};
	struct stage *stage = *state;

	stage->is_short = true;
	for (stage->spare = 0; stage->spare < 2; stage->spare++) {
		*stage->diag.text = '\0';
		assert_int_equal(run(stage, steps), -EMFILE);
		assert_string_not_equal(stage->diag.text, "");
	}
}

static void signals_are_given_back(void **state)
{
	static step_fn *const steps[] = {say_hello, exit_7, show_prompt, NULL};
	struct stage *stage = *state;
	sigset_t before, after;

	sigemptyset(&before);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	assert_int_equal(run(stage, steps), 7);
	pthread_sigmask(SIG_BLOCK, NULL, &after);
	for (int number = 1; number < SIGRTMIN; number++)
		assert_int_equal(sigismember(&after, number), sigismember(&before, number));
}

/* --- Absences --- */

/* The host is stopped, here in the middle of a write, for US microseconds. */
static void stop_host(struct stage *stage, int64_t us)
{
	assert_int_equal(bytelink_wait(stage->link, 0, bytelink_now(stage->link) + us), 0);
	stage->heard = 0;
}

static void ask_for_some(struct fakelink *fake, void *context)
{
	(void)fake;
	ask(context, SHARE_PROGRAM, "\0\0\0\0\x64\x00", 6);
}

static void ask_for_some_again(struct fakelink *fake, void *context)
{
	(void)fake;
	ask_again(context, SHARE_PROGRAM, 1, "\0\0\0\0\x64\x00", 6);
}

static void fall_back_to_prompt(struct fakelink *fake, void *context)
{
	struct stage *stage = context;

	exit_later(fake, stage);
	stage->phase = ENDED;
	print(stage, "\r\n>>> ");
}

static void end_unheard(struct stage *stage, const struct frame *frame)
{
	(void)frame;
	fakelink_timer(stage->fake, SECOND, ask_for_some, stage);
	fakelink_timer(stage->fake, 2 * SECOND, ask_for_some_again, stage);
	fakelink_timer(stage->fake, 16 * SECOND, fall_back_to_prompt, stage);
	stop_host(stage, 20 * SECOND);
}

static void a_board_that_has_given_up_gets_no_answer(void **state)
{
	static step_fn *const steps[] = {say_hello, end_unheard, NULL};
	struct stage *stage = *state;

	assert_int_equal(run(stage, steps), 7);
	assert_int_equal(stage->typed_frames, 0);
	assert_string_equal(stage->said[0], "");
}

static void ask_unheard(struct stage *stage, const struct frame *frame)
{
	(void)frame;
	fakelink_timer(stage->fake, SECOND, ask_for_some, stage);
	fakelink_timer(stage->fake, 2 * SECOND + SECOND / 2, ask_for_some_again, stage);
	stop_host(stage, 2 * SECOND);
}

static void a_board_that_still_asks_is_answered(void **state)
{
	static step_fn *const steps[] = {say_hello, ask_unheard, check_second_try, show_prompt, NULL};
	struct stage *stage = *state;

	assert_int_equal(run(stage, steps), 7);
}

static void print_one(struct fakelink *fake, void *context)
{
	(void)fake;
	print(context, "x");
}

/* A line that was throttled brings some of what came meanwhile a little later. */
static void ask_behind_output(struct stage *stage, const struct frame *frame)
{
	(void)frame;
	fakelink_timer(stage->fake, SECOND, print_one, stage);
	fakelink_timer(stage->fake, 2 * SECOND + SECOND / 20, ask_for_some, stage);
	fakelink_timer(stage->fake, 3 * SECOND, ask_for_some_again, stage);
	stop_host(stage, 2 * SECOND);
}

static void what_comes_at_once_behind_an_absence_is_as_old(void **state)
{
	static step_fn *const steps[] = {say_hello, ask_behind_output, check_second_try, show_prompt, NULL};
	struct stage *stage = *state;

	assert_int_equal(run(stage, steps), 7);
	assert_string_equal(stage->said[0], "x");
}

static void check_nothing_and_exit(struct fakelink *fake, void *context)
{
	struct stage *stage = context;

	(void)fake;
	assert_int_equal(stage->heard, 0);
	frame_reader_init(&stage->reader); /* the board forgets what has come of it */
	exit_7(stage, NULL);
}

static void stop_in_answer(struct fakelink *fake, void *context)
{
	struct stage *stage = context;

	assert_true(stage->heard > 0);
	stop_host(stage, SECOND);
	say_credits(stage);
	fakelink_timer(fake, SECOND, check_nothing_and_exit, stage);
}

static void want_and_stop(struct stage *stage, const struct frame *frame)
{
	(void)frame;
	ask_for_much(stage);
	fakelink_timer(stage->fake, SECOND / 10, stop_in_answer, stage);
}

static void the_rest_of_an_answer_does_not_follow(void **state)
{
	static step_fn *const steps[] = {say_hello, want_and_stop, show_prompt, NULL};
	struct stage *stage = *state;

	stage->slow = true;
	assert_int_equal(run(stage, steps), 7);
}

/* --- Output that nobody takes --- */

static void print_much(struct stage *stage, size_t len)
{
	static char line[1001];

	memset(line, 'x', sizeof(line) - 1);
	for (size_t printed = 0; printed < len; printed += sizeof(line) - 1)
		print(stage, line);
}

static void print_and_ask(struct stage *stage, const struct frame *frame)
{
	(void)frame;
	print_much(stage, 300000);
	ask_for_some(stage->fake, stage);
}

static void check_answer_and_exit(struct stage *stage, const struct frame *frame)
{
	assert_int_equal(frame->type, AGENT_DONE);
	exit_7(stage, frame);
}

static void show_prompt_and_read(struct stage *stage, const struct frame *frame)
{
	show_prompt(stage, frame);
	read_output(stage);
}

static void requests_are_answered_while_nobody_takes_the_output(void **state)
{
	static step_fn *const steps[] = {say_hello, print_and_ask, check_answer_and_exit, show_prompt_and_read, NULL};
	struct stage *stage = *state;

	stage->paused = true;
	assert_int_equal(run(stage, steps), 7);
	assert_int_equal(stage->printed, 300000);
}

static void check_and_read(struct fakelink *fake, void *context)
{
	struct stage *stage = context;

	(void)fake;
	assert_int_equal(stage->heard, 0);
	read_output(stage);
}

static void print_too_much(struct stage *stage, const struct frame *frame)
{
	(void)frame;
	fakelink_byte_time(stage->fake, 0);
	print_much(stage, TOO_MUCH);
	ask_for_some(stage->fake, stage);
	fakelink_timer(stage->fake, 60 * SECOND, check_and_read, stage);
	fakelink_timer(stage->fake, 120 * SECOND, fall_back_to_prompt, stage);
}

static void more_than_is_kept_stays_on_the_line(void **state)
{
	static step_fn *const steps[] = {say_hello, print_too_much, NULL};
	struct stage *stage = *state;

	stage->paused = true;
	assert_int_equal(run(stage, steps), 7);
	assert_int_equal(stage->printed, TOO_MUCH);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(it_ends_as_the_program_does),
		TEST(a_traceback_is_on_stderr),
		TEST(a_board_that_shows_another_prompt_is_left_all_the_same),
		TEST(a_prompt_without_an_end_is_one),
		TEST(a_program_that_prints_the_same_goes_on),
		TEST(a_program_that_only_says_so_is_ended),
		TEST(a_program_that_catches_every_ctrl_c_is_told),
		TEST(a_program_that_catches_one_ctrl_c_at_a_time_is_ended),
		TEST(a_place_that_is_taken_is_told),
		TEST(an_unplugged_board_is_told),
		TEST(a_board_that_was_reset_is_told),
		TEST(a_program_that_prints_what_a_reset_does_is_left_alone),
		TEST(a_long_answer_waits_for_credits),
		TEST(what_is_typed_waits_for_the_end_of_an_answer),
		TEST(what_is_asked_again_is_answered_anew),
		TEST(a_request_that_comes_twice_is_answered_once),
		TEST(what_it_lacks_is_told),
		TEST(signals_are_given_back),
		TEST(a_board_that_has_given_up_gets_no_answer),
		TEST(a_board_that_still_asks_is_answered),
		TEST(what_comes_at_once_behind_an_absence_is_as_old),
		TEST(the_rest_of_an_answer_does_not_follow),
		TEST(requests_are_answered_while_nobody_takes_the_output),
		TEST(more_than_is_kept_stays_on_the_line),
	};
	int nothing = open("/dev/null", O_RDONLY | O_CLOEXEC);

	dup2(nothing, STDIN_FILENO);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
