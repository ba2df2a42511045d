/* SPDX-License-Identifier: MIT */
/*
 * toyagent: the board's half of agent/protocol.h behind a line that damages bytes, with a clock that the caller passes: for what
 * no real line can be made to do on demand, and thousands of times. Its twin is the real one in tests/unit/test_agent_board.c.
 *
 * It knows AGENT_PING and two requests of its own, whose answers can be checked:
 *
 *   TOYAGENT_READ    u32 id, u16 length, filler -> that many bytes that toyagent_content makes of the id, in numbered parts
 *   TOYAGENT_CHANGE  u32 id, filler -> the id; or, every seventh id, AGENT_FAILED with errno id % 100 and the word "toy".
 *                    Executed ids are logged.
 *
 * All times are in microseconds.
 */
#ifndef UNIT_TOYAGENT_H
#define UNIT_TOYAGENT_H

#include "agent/frame.h"

#include "tests/unit/dice.h"

enum { TOYAGENT_READ = 'R', TOYAGENT_CHANGE = 'M', TOYAGENT_LOG = 512, TOYAGENT_WIRE = 1 << 16 };

/* One direction: bytes and when they arrive, or have arrived. */
struct toyagent_wire {
	uint8_t bytes[TOYAGENT_WIRE];
	int64_t due[TOYAGENT_WIRE];
	size_t head, count;
	int64_t free_at; /* when the wire has carried all that was put on it */
};

struct toyagent_settings {
	uint64_t seed;
	int64_t byte_us, latency_us;
	size_t ring;                /* bytes that the board can have unread */
	bool loses;                 /* a full ring loses bytes, and so does a board that writes its flash; else the line waits */
	unsigned flip, lose, twice; /* one byte in so many is damaged so, in either direction; 0: none */
	unsigned rubbish;           /* one answer in so many has something printed before it */
	int64_t read_us, change_us; /* how long the board takes at most */
	size_t block;               /* its largest payload */
};

struct toyagent {
	struct toyagent_settings settings;
	struct dice dice;
	int64_t now;
	struct toyagent_wire up, down;

	/* What the tests look at. */
	uint32_t log[TOYAGENT_LOG];
	unsigned changes;        /* entries in `log` */
	unsigned frames, pings;  /* good frames read; those of them that were pings */
	unsigned naks, repeated; /* NAKs sent; answers repeated */
	size_t overflows;        /* bytes lost because the ring was full */
	size_t in_flash;         /* bytes lost because the board was writing */
	size_t damaged;          /* bytes that the line damaged */
	int64_t spoke;           /* when it last gave a byte to the line */
	bool left;               /* it has taken its host for dead and ended the agent */

	/* The board's own. */
	bool mute;
	enum { TOYAGENT_START, TOYAGENT_HEADER, TOYAGENT_BODY, TOYAGENT_QUIET, TOYAGENT_BUSY } state;
	bool writing;  /* BUSY: bytes that arrive now are lost */
	int64_t wake;  /* BUSY: its end; else when waiting for a byte ends */
	int64_t until; /* when the host is taken for dead */
	size_t at, end, grant, window;
	int done;
	uint8_t buf[FRAME_SIZE_MAX], last[64];
	size_t last_len;
};

/* Starts at time NOW. Says no hello. */
void toyagent_start(struct toyagent *agent, const struct toyagent_settings *settings, int64_t now);

/* MUTE: the board hangs from now on, and does nothing; else it goes on where it was. */
void toyagent_mute(struct toyagent *agent, bool mute);

/* How many bytes the line takes now: all that fits, for a line that loses; for the other what the board has room for. */
size_t toyagent_room(const struct toyagent *agent);

/* The host puts LEN bytes, at most toyagent_room, on the line. */
void toyagent_take(struct toyagent *agent, const uint8_t *bytes, size_t len);

/* Lets the board live until time NOW. */
void toyagent_run(struct toyagent *agent, int64_t now);

/* Copies up to ROOM bytes that have arrived at the host into BUF. Returns how many. */
size_t toyagent_give(struct toyagent *agent, uint8_t *buf, size_t room);

/* When something happens next, on the board or on the line; INT64_MAX: never. */
int64_t toyagent_next(const struct toyagent *agent);

/* Bytes that the board has not read, on the wire and in its ring. */
size_t toyagent_unread(const struct toyagent *agent);

/* Byte INDEX of the content for ID. */
uint8_t toyagent_content(uint32_t id, size_t index);

#endif
