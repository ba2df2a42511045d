/* SPDX-License-Identifier: MIT */
/*
 * share_line: the line to a board whose agent has shares. What comes is taken apart by an `incoming`; what goes is one answer at a time, no
 * more of it on its way than the board's window takes, or between two exchanges something else. It waits at the link, and knows nothing
 * of what the frames mean. One thread.
 *
 *           share_line_answer                       share_line_send_answer has sent all of it
 *   IDLE ---------------------> OPEN (an answer goes) ------------------------------------------> IDLE, `closed_at`
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

	uint8_t out[INCOMING_FRAME_MAX]; /* from here on its own: the answer's frame */
	size_t out_len, out_sent, out_read;
	unsigned window;
	bool open;
};

/* An agent waits at LINK, which takes WINDOW bytes at a time (0: any number). It is told to begin by the next share_line_send_answer. */
void share_line_start(struct share_line *line, struct bytelink *link, unsigned window, struct diag *diag);

/* There is no agent any more: what has come of a frame, and what is to be sent, is forgotten. */
void share_line_forget(struct share_line *line);

/* Answers the request SEQUENCE with a frame of TYPE and the LEN bytes of PAYLOAD. What was under way is given up. */
void share_line_answer(struct share_line *line, uint8_t type, uint8_t sequence, const uint8_t *payload, size_t len);

/* Whether an answer is under way: nothing else may go, and the board is no other than it was. */
bool share_line_is_open(const struct share_line *line);

/* The same, or the agent has not been told to begin. */
bool share_line_is_busy(const struct share_line *line);

/*
 * Sends as much of the answer as may go. *FULL: the link takes no more now. Returns 1 when that has ended the exchange, 0, or a negative
 * errno with the diag filled, as all here that return one.
 */
int share_line_send_answer(struct share_line *line, bool *full);

/* Sends LEN BYTES that are no answer. Returns how many have gone. */
ssize_t share_line_send(struct share_line *line, const uint8_t *bytes, size_t len, bool *full);

/* Waits until something comes, or with FULL until something can go, or until UNTIL on the link's clock, and takes in what has come. */
int share_line_wait(struct share_line *line, bool full, int64_t until);

/* The next thing in what came, as incoming_next; credits are taken here. */
enum incoming_event share_line_next(struct share_line *line);

/* Fills the diag for ERROR, a negative errno of the link's, and returns it. */
int share_line_failed(struct share_line *line, int error);

#endif
