/* SPDX-License-Identifier: MIT */
#include "rawrepl/submit.h"

#include <errno.h>
#include <string.h>

enum {
	SUBMIT_UNREAD = 240,     /* bytes under way that a UART's ring of 255 holds while the board compiles */
	SUBMIT_ASK_US = 1000000, /* the longest wait for the answer to a raw-paste */
	SUBMIT_OLD_US = 100000,  /* and after a banner, which is the answer of firmware without raw-paste, or an earlier one */
};

/* An answer to be expected now. */
static void start(struct submit *submit, bool paste)
{
	reply_start(&submit->reply, paste, submit->out, submit->size);
	submit->reply.output = submit->output;
	submit->reply.context = submit->context;
}

/* The board is there: it has as much time again. */
static void go_on(struct submit *submit)
{
	if (submit->silence_us)
		submit->talk->deadline = bytelink_now(submit->talk->link) + submit->silence_us;
}

/* Takes what has arrived; where that is nothing, waits for EVENTS up to UNTIL. Returns 0 or a negative errno. */
static int take(struct submit *submit, unsigned events, int64_t until)
{
	unsigned char buf[512];
	ssize_t got = talk_read(submit->talk, buf, sizeof(buf));
	int err;

	if (got < 0)
		return (int)got;
	if (got > 0) {
		submit->reply.alive = false;
		reply_take(&submit->reply, buf, (size_t)got);
		if (submit->reply.alive)
			go_on(submit);
		return 0;
	}
	err = bytelink_wait(submit->talk->link, events, until);
	return err < 0 ? err : 0;
}

/* Takes the answer up to time UNTIL or until it is over. Returns 0 or a negative errno. */
static int take_until(struct submit *submit, int64_t until)
{
	int err = 0;

	while (err == 0 && !reply_is_over(&submit->reply) && bytelink_now(submit->talk->link) < until)
		err = take(submit, BYTELINK_READABLE, until);
	return err;
}

/* Takes the answer up to the deadline, wherever that moves, or until it is over. Returns 0 or a negative errno. */
static int take_all(struct submit *submit)
{
	int err = 0;

	while (err == 0 && !reply_is_over(&submit->reply) && !talk_is_over(submit->talk))
		err = take(submit, BYTELINK_READABLE, submit->talk->deadline);
	return err;
}

/* Asks for raw-paste. Returns 1: granted, 0: the board has none, or a negative errno. */
static int ask(struct submit *submit)
{
	struct reply *reply = &submit->reply;
	struct bytelink *link = submit->talk->link;
	int err = talk_say(submit->talk,
			   "\x05"
			   "A\x01",
			   3);
	int64_t until = talk_until(submit->talk, bytelink_now(link) + SUBMIT_ASK_US);

	while (err == 0 && reply->state < REPLY_SENDING && bytelink_now(link) < until) {
		err = take(submit, BYTELINK_READABLE, until);
		if (reply->banner && submit->raw_paste) {
			until = talk_until(submit->talk, bytelink_now(link) + SUBMIT_OLD_US);
			submit->raw_paste = false;
		}
	}
	if (err < 0)
		return err;
	if (reply->state == REPLY_BAD)
		return -EPROTO;
	if (reply->state == REPLY_SENDING || reply->state == REPLY_ABORTED)
		submit->raw_paste = true;
	else if (reply->state == REPLY_REFUSED)
		submit->raw_paste = false;
	else if (submit->raw_paste || reply->state >= REPLY_WINDOW_LOW)
		return -ETIMEDOUT;
	return submit->raw_paste;
}

/* How many of LEFT bytes may go now. A window too large for a UART's ring gives no timely word of what was read: pieces, then. */
static size_t allowed(const struct submit *submit, size_t left, int64_t next)
{
	const struct reply *reply = &submit->reply;
	size_t most = reply->credit;

	if (reply->window > SUBMIT_UNREAD) {
		if (bytelink_now(submit->talk->link) < next)
			return 0;
		most = most < TALK_PIECE ? most : TALK_PIECE;
	} else if (most > SUBMIT_UNREAD - reply->unread) {
		most = SUBMIT_UNREAD - reply->unread;
	}
	return left < most ? left : most;
}

/* Sends the code as the window allows, until all is sent or the board wants no more. Returns 0 or a negative errno. */
static int send_paste(struct submit *submit, const char *code, size_t len)
{
	struct bytelink *link = submit->talk->link;
	int64_t next = INT64_MIN, now;
	size_t sent = 0, room;
	ssize_t n;
	int err = 0;

	while (err == 0 && sent < len && submit->reply.state == REPLY_SENDING) {
		now = bytelink_now(link);
		if (talk_is_over(submit->talk))
			return -ETIMEDOUT;
		room = allowed(submit, len - sent, next);
		n = room > 0 ? bytelink_write(link, code + sent, room) : 0;
		if (n < 0)
			return (int)n;
		if (n > 0) {
			sent += (size_t)n;
			reply_bytes_sent(&submit->reply, (size_t)n);
			next = now + TALK_PIECE_US;
			go_on(submit);
		}
		/* With room on the board the link was full; without, only the board's word or the end of the pause makes some. */
		if (room > 0)
			err = take(submit, BYTELINK_READABLE | BYTELINK_WRITABLE, submit->talk->deadline);
		else
			err = take(submit, BYTELINK_READABLE, talk_until(submit->talk, now < next ? next : INT64_MAX));
	}
	return err;
}

/* Ends the code and takes the rest of the answer. */
static int finish(struct submit *submit)
{
	int err = bytelink_write_all(submit->talk->link, "\x04", 1, submit->talk->deadline);

	if (err == 0)
		err = reply_code_sent(&submit->reply);
	go_on(submit);
	if (err == 0)
		err = take_all(submit);
	if (err < 0)
		return err;
	if (!reply_is_over(&submit->reply))
		return -ETIMEDOUT;
	return submit->reply.state == REPLY_DONE ? 0 : -EPROTO;
}

/* Sends the code to the plain raw REPL, which acknowledges nothing and echoes nothing: in pieces, each followed by a pause. */
static int send_plain(struct submit *submit, const char *code, size_t len)
{
	struct talk *talk = submit->talk;
	size_t piece;
	int err = 0;

	start(submit, false);
	while (err == 0 && len > 0) {
		piece = len < TALK_PIECE ? len : TALK_PIECE;
		err = bytelink_write_all(talk->link, code, piece, talk->deadline);
		code += piece;
		len -= piece;
		go_on(submit);
		if (err == 0)
			err = take_until(submit, talk_until(talk, bytelink_now(talk->link) + TALK_PIECE_US));
		if (err == 0 && talk_is_over(talk))
			err = -ETIMEDOUT;
	}
	return err;
}

int submit_code(struct submit *submit, const char *code, size_t len)
{
	int err;

	start(submit, true);
	err = talk_drain(submit->talk);
	if (err < 0)
		return err;
	err = submit->raw_paste ? ask(submit) : 0;
	if (err > 0)
		err = send_paste(submit, code, len);
	else if (err == 0)
		err = send_plain(submit, code, len);
	return err < 0 ? err : finish(submit);
}
