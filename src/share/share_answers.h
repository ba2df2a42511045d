/* SPDX-License-Identifier: MIT */
/*
 * share_answers: the host's answers of SHARE in agent/protocol.h, from what a request has brought to the payloads that go back. The last
 * answer is kept: a request that is asked again is not done again, but answered with the same, or with as much of it as comes through.
 * Content is deflated where that makes it shorter, and goes in parts where the board takes them. Of a run of writes it counts what has
 * come. No input, no output, no clock. One thread.
 *
 *   share_answers_open; then for each request, as share_answers_asked says:
 *     for the first time:  a write of a run: the _run functions; any other, and a run's end: _begin, put what it brings, _end, _give
 *     again:               _give
 *     answered already:    nothing
 *   Before share_answers_start there are only answers without content.
 */
#ifndef SHARE_SHARE_ANSWERS_H
#define SHARE_SHARE_ANSWERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "agent/protocol.h"
#include "share/share_cursor.h"

struct share_answers;

enum {
	SHARE_ANSWERS_BLOCK_MIN = 320,          /* a payload that holds any entry of a listing */
	SHARE_ANSWERS_HEAD_MAX = 40,            /* what comes before DATA */
	SHARE_ANSWERS_CONTENT_MAX = UINT16_MAX, /* what WANTED can say */
};

struct share_request {
	uint8_t op, sequence, try;
	struct share_cursor in; /* what is unread behind TRY, without padding */
	uint32_t crc;           /* of all of that */
};

/* What a request asks of the server's caller, who has its payload. */
enum share_event {
	SHARE_EVENT_NONE,    /* nothing more than to send the answer */
	SHARE_EVENT_STARTED, /* SHARE_HELLO, which was good: the server has been started anew for this agent */
	SHARE_EVENT_BYTES,   /* SHARE_BYTES, `sure`, `maybe`, `seen` */
	SHARE_EVENT_END,     /* SHARE_END, `how`, `code`, `bytes` */
};

struct share_answer {
	/* AGENT_DONE, AGENT_FAILED, AGENT_NAK for a run with a gap, AGENT_MORE: it goes on; 0: nothing is to be sent */
	uint8_t type;
	size_t len; /* of the payload, never more than SHARE_HELLO's largest */
	uint8_t payload[SHARE_PAYLOAD_MAX];
	enum share_event event; /* only when it was asked for the first time; this and the rest are the server's */
	uint8_t how;
	int32_t code;
	uint32_t sure, maybe;
	uint8_t seen;
	const uint8_t *bytes; /* in the request's payload */
	size_t bytes_len;
};

/* NULL: no memory. */
struct share_answers *share_answers_open(void);

/* NULL is accepted. */
void share_answers_close(struct share_answers *answers);

/*
 * For an agent that takes payloads of BLOCK bytes, at least SHARE_ANSWERS_BLOCK_MIN, and has a window of BITS (9 to 15; 0: it cannot
 * inflate). Returns 0, or -ENOMEM, and then all is as before.
 */
int share_answers_start(struct share_answers *answers, size_t block, int bits);
bool share_answers_is_started(const struct share_answers *answers);

/* --- What was asked before --- */

enum share_asked {
	SHARE_ASKED_NEW,
	SHARE_ASKED_AGAIN,
	SHARE_ASKED_ANSWERED, /* with this TRY; a line can repeat bytes, and a late answer would reach the program */
};

/*
 * Whether REQUEST is the one that was answered last. A SHARE_HELLO that was not asked before is always another: of an agent that counts
 * from where the one before it did.
 */
enum share_asked share_answers_asked(const struct share_answers *answers, const struct share_request *request);

/* --- An answer, as a request brings it --- */

/* The answer to REQUEST begins; the one before it is forgotten. */
void share_answers_begin(struct share_answers *answers, const struct share_request *request);

/* What comes before DATA, SHARE_ANSWERS_HEAD_MAX bytes at most. Of VALUE goes as much as 32 bits tell. */
void share_answers_put8(struct share_answers *answers, uint8_t value);
void share_answers_put32(struct share_answers *answers, uint64_t value);

/* How many bytes of content always fit behind that into one payload, deflated or not. */
size_t share_answers_plain_room(const struct share_answers *answers);

/* How many bytes of content the answer can bring at most, where the board has room for WANTED. */
size_t share_answers_room(const struct share_answers *answers, size_t wanted);

/* Where the content is to be put: SHARE_ANSWERS_CONTENT_MAX bytes. */
uint8_t *share_answers_content(struct share_answers *answers);

/* The answer has DATA, of which LEN bytes lie there. AT_END: nothing follows them. */
void share_answers_set_content(struct share_answers *answers, size_t len, bool at_end);

/* That is all of it; ERR, a negative errno: the request has failed, and nothing of it goes back but that. It ends the run before it. */
void share_answers_end(struct share_answers *answers, int err);

/* --- A run of SHARE_WRITE --- */

/* Whether the run that the write with the number SEQUENCE is of was answered already: the line has repeated it. */
bool share_answers_run_is_over(const struct share_answers *answers, uint8_t sequence);

/*
 * How many of the run have come that the write with the number SEQUENCE is of, which says that BEFORE come before it. One of another run
 * ends that which was there.
 */
unsigned share_answers_run_count(struct share_answers *answers, uint8_t sequence, unsigned before);

/* One more has come. ERR: what the first that failed has failed with, negative; 0: none has. */
void share_answers_run_add(struct share_answers *answers, int err);

/* That. */
int share_answers_run_error(const struct share_answers *answers);

/* Makes ANSWER to the run's end, REQUEST, that some are missing; told once for each TRY. INTERRUPT: as share_answers_give. */
void share_answers_give_gap(struct share_answers *answers, const struct share_request *request, bool interrupt,
			    struct share_answer *answer);

/* --- What goes back --- */

/*
 * Makes ANSWER what is kept, for REQUEST, which was ASKED so. With INTERRUPT it carries SHARE_INTERRUPT, and so do those that repeat it. A
 * payload that was asked again was probably damaged: each time it is a quarter as long, and longer again when all goes well.
 */
void share_answers_give(struct share_answers *answers, const struct share_request *request, enum share_asked asked,
			bool interrupt, struct share_answer *answer);

/* The next part of an answer that was AGENT_MORE. */
void share_answers_go_on(struct share_answers *answers, struct share_answer *answer);

#endif
