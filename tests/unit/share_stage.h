/* SPDX-License-Identifier: MIT */
/*
 * share_stage: a share_session and its board, for tests. The board says what no real one can be made to say at a given moment, on a clock
 * of its own; what it does is played step by step, each when the request before is answered. Stdin is at its end, if the test has no other
 * there; stdout and stderr are kept. The real board is in tests/system/share_*.sh.
 */
#ifndef UNIT_SHARE_STAGE_H
#define UNIT_SHARE_STAGE_H

#include <pthread.h>
#include <sys/resource.h>

#include "agent/frame.h"
#include "share/share_server.h"
#include "tests/unit/toyboard.h"

enum { SHARE_STAGE_SECOND = 1000000, SHARE_STAGE_PROGRAM = 3000 };

#define SHARE_STAGE_BANNER "MicroPython v1.29 on a fake; board"

struct share_stage;

/* What the board does when its last request has been answered by FRAME; NULL: at its start. */
typedef void share_stage_step(struct share_stage *stage, const struct frame *frame);

struct share_stage {
	struct bytelink *link;
	struct fakelink *fake;
	struct toyboard repl;
	struct frame_reader reader; /* what is not whole yet of an answer */
	enum { SHARE_STAGE_AT_PROMPT, SHARE_STAGE_LOADING, SHARE_STAGE_SHARING, SHARE_STAGE_ENDED } phase;
	bool slow;     /* to be set before: the line is, while the window is looked for, so that it stays AGENT_WINDOW */
	size_t heard;  /* bytes from the host since the last request */
	char keys[64]; /* what came for the program */
	void (*interrupt)(struct share_stage *stage); /* what the program does with Ctrl-C; NULL: it catches it */
	unsigned interrupts;
	int64_t interrupted_at;
	uint8_t program[SHARE_STAGE_PROGRAM]; /* what SHARE_PROGRAM brings */
	char said[2][8192];                   /* what came on stdout and stderr, once the session is over */
	bool paused;                          /* to be set before: stdout is a pipe, which nobody reads before share_stage_read */
	size_t printed;                       /* bytes that were read of it */
	unsigned typed_frames;                /* came when the board was at its prompt */
	unsigned quits_lost; /* to be set before: the agent leaves so often unheard, and then the board is at its prompt */
	bool is_short;       /* to be set before: the process can open so many descriptors more, and no others: */
	rlim_t spare;
	struct diag diag;

	share_stage_step *const *steps; /* from here on its own */
	uint8_t sequence;
	size_t key_count;
	struct share_server *server;
	int out[2]; /* stdout and stderr of the test, while the session has files in their place */
	int pipe[2];
	pthread_t taker;
};

/* For cmocka_unit_test_setup_teardown; *STATE is the stage. */
int share_stage_open(void **state);
int share_stage_close(void **state);

/* Runs a session, for which the board plays STEPS, of which the last is NULL. Returns what share_session_run does. */
int share_stage_run(struct share_stage *stage, share_stage_step *const *steps);

/* The program prints TEXT. */
void share_stage_print(struct share_stage *stage, const char *text);

/* The program asks, or asks once more with TRY: OP with LEN bytes of PAYLOAD behind TRY. */
void share_stage_ask(struct share_stage *stage, uint8_t op, const void *payload, size_t len);
void share_stage_ask_again(struct share_stage *stage, uint8_t op, uint8_t try, const void *payload, size_t len);

/* It ends as HOW with the exit code 7 and WORDS. */
void share_stage_end(struct share_stage *stage, enum share_how how, const char *words);

/* It asks for all of SHARE_PROGRAM, which is more than the window; and the board has read so much of the answer to that. */
void share_stage_ask_for_much(struct share_stage *stage);
void share_stage_say_credits(struct share_stage *stage);

/* The host is stopped, here in the middle of a write, for US microseconds. */
void share_stage_stop_host(struct share_stage *stage, int64_t us);

/* Whoever reads stdout goes on. */
void share_stage_read(struct share_stage *stage);

/* Steps: SHARE_HELLO, as every board begins with; exit code 7; the board's prompt, behind its end; nothing. */
void share_stage_hello(struct share_stage *stage, const struct frame *frame);
void share_stage_exit_7(struct share_stage *stage, const struct frame *frame);
void share_stage_prompt(struct share_stage *stage, const struct frame *frame);
void share_stage_ignore(struct share_stage *stage, const struct frame *frame);

/* Timers, whose context is the stage: asks for 100 bytes; once more; the window is full, and then has been read; exit code 7, also unheard. */
void share_stage_some(struct fakelink *fake, void *context);
void share_stage_some_again(struct fakelink *fake, void *context);
void share_stage_credits(struct fakelink *fake, void *context);
void share_stage_exit(struct fakelink *fake, void *context);
void share_stage_fall_back(struct fakelink *fake, void *context);

#endif
