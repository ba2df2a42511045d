/* SPDX-License-Identifier: MIT */
/*
 * exchange: the host's half of the agent's protocol (protocol.h): which request goes next, how much of it, what its answer is,
 * and what is sent again when. A state machine without input, output, threads or a clock: it is fed bytes and times.
 *
 * A request's life:
 *
 *            exchange_add        its turn           last byte sent          DONE, FAILED
 *   (caller) ------------> QUEUED ------> SENDING ----------------> SENT ----------------> FINISHED (caller's again)
 *                                            ^                       |
 *                                            +-----------------------+  NAK, damage, or a probe that overtook it: sent again
 *
 * and from anywhere to FINISHED with -EIO when the board has been silent for the time-out.
 */
#ifndef AGENT_EXCHANGE_H
#define AGENT_EXCHANGE_H

#include "agent/frame.h"

enum exchange_kind {
	EXCHANGE_READS,   /* changes nothing on the board: may share the line with others of its kind */
	EXCHANGE_CHANGES, /* has the line for itself */
};

enum exchange_state { EXCHANGE_IDLE, EXCHANGE_QUEUED, EXCHANGE_SENDING, EXCHANGE_SENT, EXCHANGE_FINISHED };

/* A request. The caller fills the first part, keeps it and what it points to alive until it is finished, and reads the result. */
struct exchange_request {
	uint8_t op; /* enum agent_op */
	enum exchange_kind kind;
	bool bulk;              /* part of a long transfer: lets all that is not bulk go first */
	bool parts;             /* the answer comes in numbered parts: each payload begins with a u8 that counts from 0 */
	const uint8_t *payload; /* LEN bytes, at most the board's largest payload */
	size_t len;
	uint8_t *answer; /* room for `answer_room` bytes; with `grow` from malloc or NULL, made larger as needed, the caller's */
	size_t answer_room;
	bool grow;

	int result;        /* 0, -EIO (silence, nonsense), or -EREMOTEIO: the board raised, see the next two */
	int board_errno;   /* what the board's OSError said; 0: it was none */
	char words[64];    /* the board's exception, printable */
	size_t answer_len; /* bytes in `answer` */

	enum exchange_state state; /* from here on the exchange's own */
	uint8_t sequence;
	unsigned part;
	unsigned tries;
	size_t heard; /* bytes of all its answers */
	int64_t added;
	struct exchange_request *next;
};

enum { EXCHANGE_ANSWER_MAX = 16 << 20 }; /* no answer that grows is longer, in bytes */

/* Told of each frame that comes and goes, for a trace. OUTGOING: to the board. */
typedef void exchange_trace_fn(void *context, bool outgoing, const struct frame *frame, const char *what);

struct exchange;

/*
 * A new exchange at time NOW (microseconds, any start), silent board taken for dead after TIMEOUT_US. NULL without memory.
 * TRACE may be NULL.
 */
struct exchange *exchange_open(int64_t now, int64_t timeout_us, exchange_trace_fn *trace, void *context);

/* Frees EXCHANGE; requests still in it are forgotten. NULL is accepted. */
void exchange_close(struct exchange *exchange);

/* The window in bytes that is kept from now on; 0: the line holds back its writer (protocol.h). */
void exchange_set_window(struct exchange *exchange, unsigned window);

/*
 * How long a request waits for a board that is dead, in microseconds; 0, as at first: it is finished at once. Those that have waited
 * longer than a new, smaller patience are finished by the next exchange_tick.
 */
void exchange_set_patience(struct exchange *exchange, int64_t patience_us);

/* Queues REQUEST. On a dead line it is finished at once, or waits as exchange_set_patience has it. */
void exchange_add(struct exchange *exchange, struct exchange_request *request, int64_t now);

/*
 * The bytes that may be sent at NOW, in *BYTES (valid until the next call of any function); 0: none. What was really sent of
 * them is told to exchange_sent.
 */
size_t exchange_output(struct exchange *exchange, int64_t now, const uint8_t **bytes);
void exchange_sent(struct exchange *exchange, size_t len, int64_t now);

/* Where to put up to *ROOM bytes from the board, which are then worked on by exchange_received. */
uint8_t *exchange_room(struct exchange *exchange, size_t *room);
void exchange_received(struct exchange *exchange, size_t len, int64_t now);

/* Does what is due at NOW: sends again, probes, keeps the agent alive, gives up. */
void exchange_tick(struct exchange *exchange, int64_t now);

/* When exchange_tick or exchange_output has to be called at the latest if nothing happens before. */
int64_t exchange_deadline(const struct exchange *exchange);

/*
 * The board cannot be reached now: it is dead until it is heard of. Finishes all requests with -EIO; with a patience only those that
 * change something and are under way, since nobody knows whether they were done.
 */
void exchange_silence(struct exchange *exchange, int64_t now);

/* Finishes all requests with -EIO. */
void exchange_give_up(struct exchange *exchange);

/* Whether a request waits. */
bool exchange_waits(const struct exchange *exchange);

/* The link has failed: finishes all requests, and those to come, with -EIO. */
void exchange_fail(struct exchange *exchange);

/* The board has been silent for the time-out, or one of the two above was called. A sign of life ends all but exchange_fail. */
bool exchange_dead(const struct exchange *exchange);

/* Takes out a finished request, in the order in which they finished; NULL: none. */
struct exchange_request *exchange_finished(struct exchange *exchange);

/* The board's hello since the exchange was opened: the largest payload it takes, its free heap in bytes, whether it inflates. */
struct exchange_hello {
	bool seen;
	unsigned block;
	uint32_t free_heap;
	bool deflate;
};
const struct exchange_hello *exchange_hello(const struct exchange *exchange);

/*
 * Whether the agent has ended: nothing was sent for so long (a stopped process, a sleeping computer), or with nothing to do it
 * does not answer to signs of life.
 */
bool exchange_lapsed(const struct exchange *exchange, int64_t now);

/*
 * The agent is a new one, which answered FIRST so far: what only reads and was under way is asked again, what changes something
 * is finished with -EIO, since nobody knows whether it was done. WINDOW as exchange_set_window.
 */
void exchange_restart(struct exchange *exchange, const struct exchange *first, unsigned window, int64_t now);

/*
 * For a line without frames (text.h), in place of exchange_output to exchange_deadline: the request whose turn it is, which is
 * under way then, one at a time, until exchange_complete (or one of those above) finishes it with RESULT. NULL: there is none.
 */
struct exchange_request *exchange_take(struct exchange *exchange);
void exchange_complete(struct exchange *exchange, int result, int64_t now);

/* What went wrong on the line so far: damaged frames from the board, NAKs, requests sent again. For the log. */
struct exchange_counts {
	unsigned long damaged, naks, resent;
};
const struct exchange_counts *exchange_counts(const struct exchange *exchange);

#endif
