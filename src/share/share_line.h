/* SPDX-License-Identifier: MIT */
/*
 * share_line: the line to a board whose agent has shares. What comes is taken apart by an `incoming`; what goes is one answer at a time, no
 * more of it on its way than the board's window takes, or between two exchanges something else. It waits at the link, and knows nothing
 * of what the frames mean. One thread.
 *
 *           share_line_answer                       share_line_send_answer has sent all of it
 *   IDLE ---------------------> OPEN (an answer goes) ------------------------------------------> IDLE, `closed_at`
 *                                                 '--------- it is late: `given_up` ------------^
 *
 * No answer goes to a board that may have given up its request: it would be typed into its program, or at its prompt. A request is
 * as old as the last look at the line before it came; so where nobody has looked for a while (this program was stopped, the computer slept,
 * a disk was slow), what has come meanwhile is too old. A board that still waits asks again.
 */
#ifndef SHARE_SHARE_LINE_H
#define SHARE_SHARE_LINE_H

#include "bytelink/bytelink.h"
#include "share/incoming.h"

struct share_line {
	struct bytelink *link; /* the caller's */
	struct diag *diag;     /* why the link has failed */
	struct incoming incoming;
	int64_t heard;     /* when the last byte came */
	int64_t said;      /* when the last byte went that is of no answer */
	int64_t closed_at; /* when the last exchange ended */
	bool given_up;     /* ... without its answer */
	bool begun;        /* some of that answer has gone */

	uint8_t out[INCOMING_FRAME_MAX]; /* from here on its own: the answer's frame */
	size_t out_len, out_sent, out_read;
	unsigned window;
	bool open;
	int64_t looked;  /* when it was last looked what has come */
	int64_t since;   /* what was read last has come since then */
	int64_t settled; /* until then, SINCE stays what it was before an absence */
	int64_t asked; /* the request whose answer goes has come since then; INT64_MIN: it has gone in part, and then there was an absence */
};

/* An agent waits at LINK, which takes WINDOW bytes at a time (0: any number). It is told to begin by the next share_line_send_answer. */
void share_line_start(struct share_line *line, struct bytelink *link, unsigned window, struct diag *diag);

/* Somebody else has read at the link meanwhile: what had come of a frame, and what was to be sent, is forgotten. */
void share_line_forget(struct share_line *line);

/* Answers the request SEQUENCE with a frame of TYPE and the LEN bytes of PAYLOAD. What was under way is given up. */
void share_line_answer(struct share_line *line, uint8_t type, uint8_t sequence, const uint8_t *payload, size_t len);

/* Whether nobody has looked for a while what the board has said: it may have ended, or been reset. */
bool share_line_is_behind(const struct share_line *line);

/* Whether an answer is under way: nothing else may go, and the board is no other than it was. */
bool share_line_is_open(const struct share_line *line);

/* The same, or the agent has not been told to begin. */
bool share_line_is_busy(const struct share_line *line);

/*
 * Sends as much of the answer as may go. *FULL: the link takes no more now. Returns 1 when that has ended the exchange, or it was given up,
 * 0, or a negative errno with the diag filled, as all here that return one.
 */
int share_line_send_answer(struct share_line *line, bool *full);

/* Sends LEN BYTES that are no answer. Returns how many have gone. */
ssize_t share_line_send(struct share_line *line, const uint8_t *bytes, size_t len, bool *full);

/*
 * Waits until something comes, or with FULL until something can go, or until UNTIL on the link's clock, or for some 0.3 s, and takes in MOST
 * bytes of what has come; 0: what comes is not waited for.
 */
int share_line_wait(struct share_line *line, size_t most, bool full, int64_t until);

/* The next thing in what came, as incoming_next; credits are taken here. */
enum incoming_event share_line_next(struct share_line *line);

#endif
