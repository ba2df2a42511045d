/* SPDX-License-Identifier: MIT */
/* frame: the agent's frames (protocol.h) to bytes and back. No input, no output, no clock. */
#ifndef AGENT_FRAME_H
#define AGENT_FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "agent/protocol.h"

enum { FRAME_SIZE_MAX = AGENT_HEADER_SIZE + AGENT_PAYLOAD_MAX + AGENT_TRAILER_SIZE };

struct frame {
	uint8_t type;
	uint8_t channel;
	uint8_t sequence;
	uint16_t len;
	const uint8_t *payload; /* in the reader's buffer (valid until the next frame_reader_next), or in frame_decode's BYTES */
};

/*
 * Writes the frame with TYPE, SEQUENCE and the LEN (at most UINT16_MAX) bytes of PAYLOAD to OUT, which has room for them between
 * AGENT_HEADER_SIZE and AGENT_TRAILER_SIZE bytes more. PAYLOAD may already lie at OUT + AGENT_HEADER_SIZE. Returns the frame's size in bytes.
 */
size_t frame_encode(uint8_t *out, uint8_t type, uint8_t sequence, const void *payload, size_t len);

/* The same on another channel than 0. */
size_t frame_encode_channel(uint8_t *out, uint8_t type, uint8_t channel, uint8_t sequence, const void *payload, size_t len);

/* Whether the AGENT_HEADER_SIZE BYTES are the header, undamaged, of a frame with a payload of MOST bytes at most. */
bool frame_header_good(const uint8_t *bytes, size_t most);

/* Whether the LEN BYTES are a frame, no more and no less, which is in *FRAME then, with its payload in BYTES. */
bool frame_decode(const uint8_t *bytes, size_t len, struct frame *frame);

/* What frame_reader_next found. */
enum frame_event {
	FRAME_NONE,    /* more bytes are needed */
	FRAME_WHOLE,   /* a frame, in `frame` */
	FRAME_CREDIT,  /* a credit, in `credit_sequence` and `credit_count` */
	FRAME_DAMAGED, /* something that began as a frame or a credit was none; reading goes on behind its mark */
	FRAME_OUTPUT,  /* bytes outside frames, in `output` */
};

/*
 *            mark 0xFA             header good            CRC good
 *   OUTSIDE -----------> HEADER ------------> BODY ---------------> FRAME_WHOLE, OUTSIDE
 *      | 0xFB                | bad              | bad
 *      v                     v                  v
 *   CREDIT -> FRAME_CREDIT  FRAME_DAMAGED, and the bytes behind the mark are looked at again, OUTSIDE
 *
 * The reader keeps the bytes it was fed until they are a frame; where they are in that is read off them.
 */
struct frame_reader {
	uint8_t bytes[2 * FRAME_SIZE_MAX];
	size_t start, end; /* what is unread in `bytes` */
	struct frame frame;
	uint8_t credit_sequence, credit_count;
	const uint8_t *output; /* in `bytes`, valid until the next call */
	size_t output_len;
};

void frame_reader_init(struct frame_reader *reader);

/* Where up to *ROOM bytes (at least FRAME_SIZE_MAX) can be put that then are told to frame_reader_fed. */
uint8_t *frame_reader_room(struct frame_reader *reader, size_t *room);

/* LEN bytes were put where frame_reader_room said. */
void frame_reader_fed(struct frame_reader *reader, size_t len);

/* The next thing in what was fed. To be called until it returns FRAME_NONE before more is fed. */
enum frame_event frame_reader_next(struct frame_reader *reader);

/* How many bytes the frame that is coming in still lacks; 0 when none has begun or its header is not there yet. */
size_t frame_reader_lacks(const struct frame_reader *reader);

/* Whether a frame or a credit has begun and is not whole. */
bool frame_reader_begun(const struct frame_reader *reader);

/* What has begun will not end: forgets its mark, so that frame_reader_next looks at the rest. */
void frame_reader_give_up(struct frame_reader *reader);

#endif
