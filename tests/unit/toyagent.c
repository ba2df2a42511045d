/* SPDX-License-Identifier: MIT */
#include "tests/unit/toyagent.h"

#include <assert.h>
#include <string.h>
#include <zlib.h>

#include "base/le.h"

enum {
	BYTE_WAIT_US = 300000, /* core.py: between two bytes of a frame */
	QUIET_US = 60000,      /* core.py: before a NAK */
};

uint8_t toyagent_content(uint32_t id, size_t index)
{
	/* With marks in it, so that content is mistaken for frames if anything is. */
	uint32_t x = (id * 2654435761u) ^ ((uint32_t)index * 40503u);

	return (uint8_t)(x >> 13 & 7 ? x >> 5 : AGENT_FRAME_MARK + (x & 1));
}

static void wire_put(struct toyagent_wire *wire, uint8_t byte, int64_t due)
{
	assert(wire->count < TOYAGENT_WIRE);
	size_t at = (wire->head + wire->count++) % TOYAGENT_WIRE;
	wire->bytes[at] = byte;
	wire->due[at] = due;
}

static uint8_t wire_take(struct toyagent_wire *wire)
{
	uint8_t byte = wire->bytes[wire->head];

	wire->head = (wire->head + 1) % TOYAGENT_WIRE;
	wire->count--;
	return byte;
}

static int64_t wire_due(const struct toyagent_wire *wire)
{
	return wire->count ? wire->due[wire->head] : INT64_MAX;
}

/* Sends LEN bytes over WIRE, from time NOW on, with the line's damage. */
static void carry(struct toyagent *agent, struct toyagent_wire *wire, const uint8_t *bytes, size_t len, int64_t now)
{
	const struct toyagent_settings *settings = &agent->settings;

	for (size_t i = 0; i < len; i++) {
		uint8_t byte = bytes[i];
		int64_t start = wire->free_at > now ? wire->free_at : now;

		wire->free_at = start + settings->byte_us;
		if (dice_hit(&agent->dice, settings->lose)) {
			agent->damaged++;
			continue;
		}
		if (dice_hit(&agent->dice, settings->flip)) {
			agent->damaged++;
			byte ^= (uint8_t)(1u << dice_roll(&agent->dice, 8));
		}
		wire_put(wire, byte, wire->free_at + settings->latency_us);
		if (dice_hit(&agent->dice, settings->twice)) {
			agent->damaged++;
			wire_put(wire, byte, wire->free_at + settings->latency_us);
		}
	}
}

void toyagent_start(struct toyagent *agent, const struct toyagent_settings *settings, int64_t now)
{
	memset(agent, 0, sizeof(*agent));
	agent->settings = *settings;
	agent->dice.state = settings->seed;
	agent->now = now;
	agent->window = AGENT_WINDOW;
	agent->done = -1;
	agent->until = agent->wake = now + AGENT_IDLE_US;
}

void toyagent_mute(struct toyagent *agent, bool mute)
{
	agent->mute = mute;
	if (mute)
		return;
	agent->until = agent->now + AGENT_IDLE_US;
	if (agent->wake < agent->now)
		agent->wake = agent->state == TOYAGENT_START ? agent->until : agent->now;
}

size_t toyagent_unread(const struct toyagent *agent)
{
	return agent->up.count;
}

size_t toyagent_room(const struct toyagent *agent)
{
	size_t most = agent->settings.loses ? TOYAGENT_WIRE / 2 : agent->settings.ring;

	return agent->up.count < most ? most - agent->up.count : 0;
}

void toyagent_take(struct toyagent *agent, const uint8_t *bytes, size_t len)
{
	assert(len <= toyagent_room(agent));
	carry(agent, &agent->up, bytes, len, agent->now);
}

size_t toyagent_give(struct toyagent *agent, uint8_t *buf, size_t room)
{
	size_t len = 0;

	while (len < room && wire_due(&agent->down) <= agent->now)
		buf[len++] = wire_take(&agent->down);
	return len;
}

/* Gives LEN bytes to the line. The board does nothing else meanwhile. */
static void say(struct toyagent *agent, const uint8_t *bytes, size_t len)
{
	int64_t start = agent->state == TOYAGENT_BUSY && agent->wake > agent->now ? agent->wake : agent->now;

	carry(agent, &agent->down, bytes, len, start);
	agent->spoke = start;
	agent->state = TOYAGENT_BUSY;
	agent->wake = agent->down.free_at;
}

/* Sends a frame; with a NUL behind it where it would end on a multiple of 64. Keeps what a repetition needs in `last`. */
static void answer(struct toyagent *agent, uint8_t type, const void *payload, size_t len, bool keep)
{
	uint8_t out[FRAME_SIZE_MAX + 1];
	size_t size = frame_encode(out, type, agent->buf[3], payload, len);

	if (size % 64 == 0)
		out[size++] = 0;
	if (dice_hit(&agent->dice, agent->settings.rubbish))
		say(agent, (const uint8_t *)"print\r\n\xfa\xfb", 9);
	say(agent, out, size);
	if (type == AGENT_NAK || agent->buf[1] == AGENT_PING)
		return;
	agent->last_len = keep && size < sizeof(agent->last) ? size : 0;
	memcpy(agent->last, out, agent->last_len);
}

static void start_over(struct toyagent *agent)
{
	agent->state = TOYAGENT_START;
	agent->at = agent->end = 0;
	agent->wake = agent->until;
}

static int64_t some_time(struct toyagent *agent, int64_t most)
{
	return most ? (int64_t)dice_roll(&agent->dice, (uint32_t)most) : 0;
}

static void do_read(struct toyagent *agent)
{
	uint32_t id = le_get32(agent->buf + 8);
	size_t len = le_get16(agent->buf + 12), at = 0;
	uint8_t part[AGENT_PAYLOAD_MAX];
	unsigned number = 0;

	agent->state = TOYAGENT_BUSY;
	agent->wake = agent->now + some_time(agent, agent->settings.read_us);
	do {
		size_t size = 1;

		part[0] = (uint8_t)number++;
		while (at < len && size < agent->settings.block)
			part[size++] = toyagent_content(id, at++);
		answer(agent, at < len ? AGENT_MORE : AGENT_DONE, part, size, number == 1);
	} while (at < len);
}

static void do_change(struct toyagent *agent)
{
	uint32_t id = le_get32(agent->buf + 8);
	uint8_t failure[7] = {(uint8_t)(id % 100), 0, 0, 0, 't', 'o', 'y'};

	assert(agent->changes < TOYAGENT_LOG);
	agent->log[agent->changes++] = id;
	agent->state = TOYAGENT_BUSY;
	agent->wake = agent->now + some_time(agent, agent->settings.change_us);
	agent->writing = true;
	if (id % 7)
		answer(agent, AGENT_DONE, agent->buf + 8, 4, true);
	else
		answer(agent, AGENT_FAILED, failure, sizeof(failure), true);
}

static void do_frame(struct toyagent *agent)
{
	uint8_t type = agent->buf[1];

	agent->frames++;
	if (type == AGENT_PING) {
		agent->pings++;
		if (agent->end == AGENT_HEADER_SIZE + 2 + AGENT_TRAILER_SIZE)
			agent->window = le_get16(agent->buf + 8);
		answer(agent, AGENT_DONE, NULL, 0, false);
		return;
	}
	if (agent->buf[3] == agent->done && agent->last_len) {
		agent->repeated++;
		say(agent, agent->last, agent->last_len);
		return;
	}
	agent->done = agent->buf[3];
	if (type == TOYAGENT_READ)
		do_read(agent);
	else
		do_change(agent);
}

/* What came is no frame: all that is still to come is lost. */
static void be_quiet(struct toyagent *agent)
{
	agent->end = 0;
	agent->state = TOYAGENT_QUIET;
	agent->wake = agent->now + QUIET_US;
}

static bool check_header(struct toyagent *agent)
{
	size_t len = le_get16(agent->buf + 4);

	if (le_get16(agent->buf + 6) != (crc32(0, agent->buf, 6) & 0xffff) || len > agent->settings.block)
		return false;
	agent->end = AGENT_HEADER_SIZE + len + AGENT_TRAILER_SIZE;
	agent->grant = agent->window && agent->end > agent->window ? agent->window / 2 : 0;
	return true;
}

static void grant(struct toyagent *agent)
{
	unsigned count = (unsigned)(agent->grant / (agent->window / 2));
	uint8_t credit[] = {AGENT_CREDIT_MARK, agent->buf[3], (uint8_t)count, (uint8_t)(0xff ^ agent->buf[3] ^ count)};

	carry(agent, &agent->down, credit, sizeof(credit), agent->now);
	agent->spoke = agent->now;
	agent->grant += agent->window / 2;
}

/* The board reads a byte. */
static void hear(struct toyagent *agent, uint8_t byte)
{
	agent->wake = agent->now + (agent->state == TOYAGENT_QUIET ? QUIET_US : BYTE_WAIT_US);
	if (agent->state == TOYAGENT_QUIET)
		return;
	agent->buf[agent->at++] = byte;
	if (agent->state == TOYAGENT_START) {
		agent->state = TOYAGENT_HEADER;
		if (byte != AGENT_FRAME_MARK)
			be_quiet(agent);
	} else if (agent->state == TOYAGENT_HEADER && agent->at == AGENT_HEADER_SIZE) {
		agent->state = TOYAGENT_BODY;
		if (!check_header(agent))
			be_quiet(agent);
	} else if (agent->state == TOYAGENT_BODY && agent->at == agent->end) {
		if (le_get32(agent->buf + agent->end - 4) == crc32(0, agent->buf, (uInt)agent->end - 4))
			do_frame(agent);
		else
			be_quiet(agent);
	} else if (agent->state == TOYAGENT_BODY && agent->grant && agent->at >= agent->grant) {
		grant(agent);
	}
}

/* What the board waited for has not come, or what it was busy with is done. */
static void wake(struct toyagent *agent)
{
	if (agent->state == TOYAGENT_START) {
		agent->left = true;
	} else if (agent->state == TOYAGENT_BUSY) {
		agent->writing = false;
		if (agent->end) /* it was a good frame that is done */
			agent->until = agent->now + AGENT_IDLE_US;
		start_over(agent);
	} else if (agent->state == TOYAGENT_QUIET) {
		agent->naks++;
		agent->buf[3] = 0; /* of nothing in particular */
		answer(agent, AGENT_NAK, NULL, 0, false);
	} else {
		be_quiet(agent);
	}
}

/* Bytes that have arrived and are more than the ring holds, or come while the flash is written, are lost on such a line. */
static void lose(struct toyagent *agent)
{
	struct toyagent_wire *wire = &agent->up;
	size_t kept, arrived = 0;

	if (!agent->settings.loses || (wire->count <= agent->settings.ring && !agent->writing))
		return;
	while (arrived < wire->count && wire->due[(wire->head + arrived) % TOYAGENT_WIRE] <= agent->now)
		arrived++;
	if (arrived <= agent->settings.ring && !agent->writing)
		return;
	kept = agent->writing ? 0 : agent->settings.ring;
	for (size_t i = arrived; i < wire->count; i++) {
		size_t from = (wire->head + i) % TOYAGENT_WIRE, to = (wire->head + kept + i - arrived) % TOYAGENT_WIRE;

		wire->bytes[to] = wire->bytes[from];
		wire->due[to] = wire->due[from];
	}
	if (agent->writing)
		agent->in_flash += arrived;
	else
		agent->overflows += arrived - kept;
	wire->count -= arrived - kept;
}

static bool reads(const struct toyagent *agent)
{
	return !agent->mute && !agent->left && agent->state != TOYAGENT_BUSY;
}

/* When the board does something next. */
static int64_t next_step(const struct toyagent *agent)
{
	int64_t byte = wire_due(&agent->up);
	int64_t step = agent->wake;

	if (agent->mute || agent->left)
		return INT64_MAX;
	if (reads(agent) && byte < step)
		step = byte;
	return step < agent->now ? agent->now : step;
}

void toyagent_run(struct toyagent *agent, int64_t now)
{
	int64_t step;

	while ((step = next_step(agent)) <= now) {
		agent->now = step;
		lose(agent);
		if (reads(agent) && wire_due(&agent->up) <= agent->now)
			hear(agent, wire_take(&agent->up));
		else if (agent->wake <= agent->now)
			wake(agent);
	}
	agent->now = now;
	if (agent->left)
		agent->up.count = 0; /* the REPL reads it */
	lose(agent);
}

int64_t toyagent_next(const struct toyagent *agent)
{
	int64_t step = next_step(agent), byte = wire_due(&agent->down);

	return step < byte ? step : byte;
}
