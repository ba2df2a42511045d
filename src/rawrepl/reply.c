/* SPDX-License-Identifier: MIT */
#include "rawrepl/reply.h"

#include <errno.h>
#include <string.h>

static const char banner[] = "raw REPL; CTRL-B to exit\r\n>";

enum { EOT = 0x04, GRANT = 0x01 };

void reply_start(struct reply *reply, bool paste, char *out, size_t size)
{
	*reply = (struct reply){.state = paste ? REPLY_ASKED : REPLY_WAIT_O, .out = out, .size = out ? size : 0};
	if (out && size > 0)
		out[0] = '\0';
}

bool reply_is_over(const struct reply *reply)
{
	return reply->state >= REPLY_DONE;
}

void reply_bytes_sent(struct reply *reply, size_t len)
{
	reply->credit -= len < reply->credit ? (uint32_t)len : reply->credit;
	reply->unread += (uint32_t)len;
}

int reply_code_sent(struct reply *reply)
{
	if (reply->code_sent)
		return -EINVAL;
	if (reply->state == REPLY_ABORTED)
		reply->state = REPLY_OUTPUT;
	else if (reply->state != REPLY_SENDING && reply->state != REPLY_WAIT_O)
		return -EINVAL;
	reply->code_sent = true;
	return 0;
}

static void match_banner(struct reply *reply, unsigned char byte)
{
	if (byte == (unsigned char)banner[reply->matched])
		reply->matched++;
	else
		reply->matched = byte == (unsigned char)banner[0];
	if (reply->matched == sizeof(banner) - 1) {
		reply->banner = true;
		reply->matched = 0;
	}
}

static void keep_output(struct reply *reply, unsigned char byte)
{
	if (reply->output && reply->output(reply->context, byte))
		reply->alive = true;
	if (reply->len + 1 < reply->size) {
		reply->out[reply->len++] = (char)byte;
		reply->out[reply->len] = '\0';
	}
}

/* The last words tell what the exception is, so the first ones go when they are too many. */
static void keep_error(struct reply *reply, unsigned char byte)
{
	size_t half = sizeof(reply->error) / 2;

	if (reply->error_len == sizeof(reply->error)) {
		memmove(reply->error, reply->error + half, reply->error_len - half);
		reply->error_len -= half;
	}
	reply->error[reply->error_len++] = (char)byte;
}

static void take_control(struct reply *reply, unsigned char byte)
{
	/* A board has granted two windows at most: more is noise, and must not add up. */
	if (byte == GRANT) {
		reply->credit = reply->credit < reply->window ? reply->credit + reply->window : 2 * reply->window;
		reply->unread -= reply->unread < reply->window ? reply->unread : reply->window;
	} else if (byte == EOT) {
		reply->state = reply->code_sent ? REPLY_OUTPUT : REPLY_ABORTED;
	}
}

static enum reply_state take_asked(struct reply *reply, unsigned char byte)
{
	match_banner(reply, byte);
	if (reply->state == REPLY_ASKED_R && byte <= 1)
		return byte ? REPLY_WINDOW_LOW : REPLY_REFUSED;
	return byte == 'R' ? REPLY_ASKED_R : REPLY_ASKED;
}

static void take_byte(struct reply *reply, unsigned char byte)
{
	switch (reply->state) {
	case REPLY_ASKED:
	case REPLY_ASKED_R:
		reply->state = take_asked(reply, byte);
		break;
	case REPLY_WINDOW_LOW:
		reply->window = byte;
		reply->state = REPLY_WINDOW_HIGH;
		break;
	case REPLY_WINDOW_HIGH:
		reply->window |= (uint32_t)byte << 8;
		reply->credit = reply->window;
		reply->state = reply->window ? REPLY_SENDING : REPLY_BAD;
		break;
	case REPLY_SENDING:
		take_control(reply, byte);
		break;
	case REPLY_WAIT_O:
	case REPLY_WAIT_K:
		if (reply->state == REPLY_WAIT_K && byte == 'K')
			reply->state = REPLY_OUTPUT;
		else
			reply->state = reply->code_sent && byte == 'O' ? REPLY_WAIT_K : REPLY_WAIT_O;
		break;
	case REPLY_OUTPUT:
		if (byte == EOT)
			reply->state = REPLY_ERROR;
		else
			keep_output(reply, byte);
		break;
	case REPLY_ERROR:
		if (byte == EOT)
			reply->state = REPLY_PROMPT;
		else
			keep_error(reply, byte);
		break;
	case REPLY_PROMPT:
		reply->state = byte == '>' ? REPLY_DONE : REPLY_BAD;
		break;
	case REPLY_ABORTED: /* the board says nothing more before the host's 04 */
	case REPLY_DONE:
	case REPLY_REFUSED:
	case REPLY_BAD:
		break;
	}
}

size_t reply_take(struct reply *reply, const unsigned char *bytes, size_t len)
{
	size_t i;

	for (i = 0; i < len && !reply_is_over(reply); i++)
		take_byte(reply, bytes[i]);
	return i;
}
