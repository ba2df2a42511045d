/* SPDX-License-Identifier: MIT */
/*
 * real_agent: the agent on a real_board, spoken to by hand, frame by frame. What the functions do not say otherwise must succeed, within
 * LONG.
 */
#ifndef UNIT_REAL_AGENT_H
#define UNIT_REAL_AGENT_H

#include "agent/frame.h"
#include "rawrepl/rawrepl.h"
#include "tests/unit/real_board.h"

enum { SECOND = 1000000, MS = 1000, LONG = 20 * SECOND, EMPTY = AGENT_HEADER_SIZE + AGENT_TRAILER_SIZE, ANSWER_MAX = 1 << 16 };

struct CMUnitTest;

struct real_agent {
	struct real_board board;
	struct bytelink *link;
	struct rawrepl repl;
	struct frame_reader reader;
	unsigned block; /* these two as the hello has them */
	bool deflate;
	uint8_t sequence;  /* the last request's number */
	uint8_t sending;   /* the number of the frame that is being sent */
	unsigned credits;  /* granted for it */
	size_t heard;      /* bytes */
	char output[4096]; /* outside frames */
	size_t output_len;
	uint8_t answer[ANSWER_MAX];
	size_t answer_len;
	unsigned parts; /* of the answer */
};

/*
 * Runs TESTS on a board with the OPTIONS of scripts/board, and on each kind of board that the agent makes a difference of. Returns how
 * many failed. *STATE of the tests is a real_agent.
 */
int real_agent_run(const char *options, const struct CMUnitTest *tests, size_t count);
int real_agent_run_everywhere(const struct CMUnitTest *tests, size_t count);

/* For cmocka: an agent that has just been started on an empty flash, and one that has loaded its parts for files as well. */
int real_agent_set_up(void **state);
int real_agent_set_up_with_files(void **state);
int real_agent_tear_down(void **state);

/* --- Bytes --- */

void real_agent_say(struct real_agent *agent, const void *bytes, size_t len);

/* Reads until there is a frame (true), or TEXT (may be null) was put out, or so many credits (0: any) have come, or DEADLINE. */
bool real_agent_hear_until(struct real_agent *agent, int64_t deadline, const char *text, unsigned credits);

/* Whether a frame comes WITHIN so many microseconds. */
bool real_agent_hear(struct real_agent *agent, int64_t within);

/* The next frame is of TYPE, with number SEQUENCE where it is no NAK. Returns its number. */
uint8_t real_agent_expect_frame(struct real_agent *agent, uint8_t type, uint8_t sequence);

/* Waits until TEXT was put out since the output was last forgotten. */
void real_agent_expect_output(struct real_agent *agent, const char *text);
void real_agent_forget_output(struct real_agent *agent);

/* Types LINE at the friendly REPL and waits for the prompt behind what it prints. Returns that, which holds until the next call. */
const char *real_agent_at_prompt(struct real_agent *agent, const char *line);

/* --- Requests --- */

/* The bytes of a frame that the test sends by itself, into OUT of FRAME_SIZE_MAX. Returns how many. */
size_t real_agent_make_frame(struct real_agent *agent, uint8_t *out, uint8_t type, uint8_t sequence, const void *payload,
			     size_t len);

/*
 * Sends a request and collects its answer, whose last frame's type it returns; again where a busy computer paused in the middle for
 * longer than the board waits. The second has the next number; the third must bring AGENT_DONE; the fourth is one that is answered
 * by nothing.
 */
uint8_t real_agent_answer_to(struct real_agent *agent, uint8_t type, uint8_t sequence, const void *payload, size_t len);
uint8_t real_agent_ask(struct real_agent *agent, uint8_t type, const void *payload, size_t len);
void real_agent_expect_done(struct real_agent *agent, uint8_t type, const void *payload, size_t len);
void real_agent_ping(struct real_agent *agent);

/* The payload of an AGENT_WRITE request, with timeless content DATA. Returns its length. */
size_t real_agent_put_write(uint8_t *payload, unsigned flags, size_t inflated, const char *path, const void *data, size_t len);
void real_agent_write_file(struct real_agent *agent, const char *path, const void *data, size_t len);

/* --- The agent comes --- */

/* From any state, also from an agent that was left behind, to one that was just started; or to one with LEN bytes of Python as its CORE. */
void real_agent_start(struct real_agent *agent);
void real_agent_start_core(struct real_agent *agent, const char *core, size_t len);

/* Loads LEN bytes of PYTHON, or of what it was deflated to, in as many requests as it needs; a text as it is; the parts for files. */
void real_agent_load(struct real_agent *agent, const void *python, size_t len, unsigned flags);
void real_agent_load_text(struct real_agent *agent, const char *python);
void real_agent_load_parts(struct real_agent *agent);

/* PYTHON as a raw deflate stream in OUT of SIZE bytes. Returns its length. */
size_t real_agent_deflated(const char *python, size_t len, uint8_t *out, size_t size);

#endif
