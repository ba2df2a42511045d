/* SPDX-License-Identifier: MIT */
/*
 * talk: a conversation with a board over a link, with a deadline for all of it. What the board says is remembered in `heard`.
 * Everything ends at the deadline, also when the board never stops talking.
 */
#ifndef RAWREPL_TALK_H
#define RAWREPL_TALK_H

#include "bytelink/bytelink.h"
#include "rawrepl/heard.h"

#define TALK_MS(n) ((int64_t)(n)*1000)

enum {
	TALK_PIECE = 128,      /* bytes that any board's input holds, sent at a time where nothing acknowledges them */
	TALK_PIECE_US = 20000, /* the pause after a piece: 115,200 baud needs 11.1 ms for it, and the board is at work, too */
	TALK_TAKE_US = 500000, /* a link that takes not even a few bytes for so long does not take them */
};

struct talk {
	struct bytelink *link; /* not owned */
	int64_t deadline;      /* on the link's clock */
	struct heard heard;
};

/* When talk_hear ends; times in microseconds from the call. */
struct talk_wait {
	int64_t first;                             /* the longest wait for the first byte */
	int64_t quiet;                             /* the silence after a byte that ends it; 0: no silence does */
	int64_t most;                              /* the longest wait in all */
	bool (*enough)(const struct heard *heard); /* ends it at once when it says so; may be NULL */
};

/* A talk over LINK that ends TIMEOUT_US from now. */
void talk_start(struct talk *talk, struct bytelink *link, int64_t timeout_us);

/* Whether the deadline is over. */
bool talk_is_over(const struct talk *talk);

/* DEADLINE or the talk's own, whichever is first. */
int64_t talk_until(const struct talk *talk, int64_t deadline);

/*
 * Takes up to LEN bytes that have arrived into BUF and remembers them. Does not wait. Returns as bytelink_read.
 */
ssize_t talk_read(struct talk *talk, void *buf, size_t len);

/* Listens as WAIT says. Returns 0, also when nothing was said, or a negative errno of the link. */
int talk_hear(struct talk *talk, const struct talk_wait *wait);

/* Takes what has arrived, without waiting: at most 64 KiB, so that a board that never stops cannot hold it. Returns as talk_hear. */
int talk_drain(struct talk *talk);

/* Marks a new answer, then says LEN bytes (few). Returns 0, -ETIMEDOUT (the link does not take them), or the link's errno. */
int talk_say(struct talk *talk, const void *bytes, size_t len);

/* Says TEXT of any length in pieces with pauses, and reads nothing. Returns as talk_say. */
int talk_type(struct talk *talk, const char *text, size_t len);

/*
 * Fills DIAG for ERR, an errno of the link (ENODEV...), with what the board said last. Returns -ERR.
 */
int talk_fail_link(const struct talk *talk, int err, struct diag *diag);

/* The printable end of all that was said into TEXT of SIZE bytes, without white space around it. Returns TEXT. */
char *talk_last_words(const struct talk *talk, char *text, size_t size);

#endif
