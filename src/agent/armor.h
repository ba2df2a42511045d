/* SPDX-License-Identifier: MIT */
/*
 * armor: frames as text, for boards and lines that cannot do binary: base64 (RFC 4648), one frame a line. No input, no output, no
 * clock. The other side is board/text.py.
 */
#ifndef AGENT_ARMOR_H
#define AGENT_ARMOR_H

#include "agent/frame.h"

#define ARMOR_CALL "__mpremotefs__(\""

enum {
	ARMOR_TEXT_MAX = (FRAME_SIZE_MAX + 2) / 3 * 4,
	ARMOR_CALL_MAX = sizeof(ARMOR_CALL) - 1 + ARMOR_TEXT_MAX + 2, /* the longest call, in bytes */
};

/* Writes LEN BYTES in base64 to OUT, which has room for (LEN + 2) / 3 * 4 characters. Returns their number; no NUL is added. */
size_t armor_encode(char *out, const uint8_t *bytes, size_t len);

/*
 * Writes the line of Python that has the board do a request, a frame with TYPE, SEQUENCE and the LEN (at most AGENT_PAYLOAD_MAX)
 * bytes of PAYLOAD, to OUT, which has room for ARMOR_CALL_MAX bytes. Returns its length; no NUL is added.
 */
size_t armor_call(char *out, uint8_t type, uint8_t sequence, const void *payload, size_t len);

/* What the board prints, as far as it is the line that is coming in. */
struct armor {
	uint8_t bytes[FRAME_SIZE_MAX]; /* decoded so far */
	size_t len;
	uint32_t group; /* the digits since the last whole group of four, six bits each */
	unsigned digits, padding;
	bool bad; /* what no frame has is in this line */
	struct frame frame;
};

void armor_init(struct armor *armor);

/*
 * Takes the next byte that the board prints. Returns FRAME_WHOLE where it ends a line that is a frame, in `frame` (its payload is
 * valid until the next call), FRAME_DAMAGED where it ends another line, FRAME_NONE else; an empty line is nothing.
 */
enum frame_event armor_take(struct armor *armor, unsigned char byte);

#endif
