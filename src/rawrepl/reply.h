/* SPDX-License-Identifier: MIT */
/*
 * reply: what a board answers to code that is sent to its raw REPL, byte by byte (micropython shared/runtime/pyexec.c). Does no
 * input or output; every byte is taken for possible, and none can make it write past its buffers or wait by itself.
 */
#ifndef RAWREPL_REPLY_H
#define RAWREPL_REPLY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * By raw-paste (reply_start with PASTE) the host says 05 'A' 01, then as much code as `credit` allows, then 04:
 *
 *   ASKED --'R' 01--> WINDOW_LOW --> WINDOW_HIGH --> SENDING --04--> OUTPUT --04--> ERROR --04--> PROMPT --'>'--> DONE
 *     |                                  |            |  ^ |            ^                            |
 *     |--'R' 00--> REFUSED               |            |  | 01: credit   |                            | anything else
 *     |                                  |            |  +-+            |                            v
 *     +--the raw REPL's banner           +--0 bytes   |                 | reply_code_sent           BAD
 *        (firmware that knows no            a window  +--04 before------+
 *        raw-paste): `banner`               --> BAD      reply_code_sent --> ABORTED
 *
 * In the plain raw REPL it says the code, then 04:
 *
 *   WAIT_O --'O' after reply_code_sent--> WAIT_K --'K'--> OUTPUT, and on as above
 *
 * ABORTED: the board reads no more code, and waits for the host's 04. In ASKED, WAIT_O and SENDING bytes that mean nothing are
 * passed over: answers to what was said before, or words of a thread or a timer on the board.
 */
enum reply_state {
	REPLY_ASKED,
	REPLY_ASKED_R, /* in ASKED, after an 'R' */
	REPLY_WINDOW_LOW,
	REPLY_WINDOW_HIGH,
	REPLY_SENDING,
	REPLY_ABORTED,
	REPLY_WAIT_O,
	REPLY_WAIT_K,
	REPLY_OUTPUT,
	REPLY_ERROR,
	REPLY_PROMPT,
	REPLY_DONE,
	REPLY_REFUSED,
	REPLY_BAD,
};

struct reply {
	enum reply_state state;
	bool banner;      /* the raw REPL's banner came in ASKED */
	size_t matched;   /* bytes of the banner that match so far */
	bool code_sent;   /* the host's 04 is out */
	uint32_t window;  /* bytes that each 01 grants, once SENDING */
	uint32_t credit;  /* bytes that the board takes now, once SENDING */
	uint32_t unread;  /* bytes sent that no 01 has told to be read */
	char *out;        /* where the output goes; NULL: nowhere */
	size_t size, len; /* of `out`, and what is in it */
	/* Where each byte of the output goes, too; may be NULL. Returns whether that was a sign of life, which sets `alive`. */
	bool (*output)(void *context, unsigned char byte);
	void *context;
	bool alive;
	char error[700]; /* the end of the exception's words, not NUL-terminated */
	size_t error_len;
};

/* An answer to be expected now, by raw-paste or plain; the output goes to OUT of SIZE bytes, which is NUL-terminated if SIZE > 0. */
void reply_start(struct reply *reply, bool paste, char *out, size_t size);

/* Takes LEN BYTES of the answer. Returns how many it took: fewer only at its end (DONE, REFUSED, BAD). */
size_t reply_take(struct reply *reply, const unsigned char *bytes, size_t len);

/* The host has sent LEN bytes of code, at most `credit`. */
void reply_bytes_sent(struct reply *reply, size_t len);

/* The host has sent its 04. An error when code was neither asked for nor aborted: returns 0 or -EINVAL. */
int reply_code_sent(struct reply *reply);

/* Whether nothing more is to come: DONE, REFUSED or BAD. */
bool reply_is_over(const struct reply *reply);

#endif
