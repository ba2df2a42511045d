/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "tests/lab/channel.h"

enum {
	BATCH_NS = 250000,   /* how long a byte waits for its successors, ... */
	BATCH_BYTES = 8,     /* ... or for so many of them on a slow line */
	AHEAD_NS = 12000000, /* how much of the line's time a sender may be ahead of it, ... */
	AHEAD_BYTES = 64,    /* ... and at least so many bytes, as in an adapter's buffer */
};

/* splitmix64, by Sebastiano Vigna (public domain). */
static uint64_t random_next(struct channel *channel)
{
	uint64_t z = (channel->random += 0x9e3779b97f4a7c15u);

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
	return z ^ (z >> 31);
}

static size_t position(const struct channel *channel, size_t index)
{
	return (channel->head + index) % CHANNEL_SIZE;
}

void channel_init(struct channel *channel, const struct channel_settings *settings, uint64_t seed)
{
	memset(channel, 0, sizeof(*channel));
	channel->settings = *settings;
	channel->random = seed;
}

void channel_clear(struct channel *channel)
{
	channel->count = 0;
	channel->wire_free = INT64_MIN / 2;
}

size_t channel_count(const struct channel *channel)
{
	return channel->count;
}

size_t channel_unsent(const struct channel *channel, int64_t now)
{
	int64_t busy = channel->wire_free + channel->slip - now;

	if (!channel->settings.byte_ns)
		return channel->count;
	return busy > 0 ? (size_t)((busy + channel->settings.byte_ns - 1) / channel->settings.byte_ns) : 0;
}

int64_t channel_unsent_at(const struct channel *channel, size_t count)
{
	return channel->wire_free + channel->slip - (int64_t)count * channel->settings.byte_ns;
}

/* How many bytes may wait for the wire. */
static size_t ahead_max(const struct channel *channel)
{
	size_t ahead = CHANNEL_SIZE / 4;

	if (channel->settings.byte_ns)
		ahead = (size_t)(AHEAD_NS / channel->settings.byte_ns);
	return ahead > AHEAD_BYTES ? ahead : AHEAD_BYTES;
}

size_t channel_room(const struct channel *channel, int64_t now)
{
	size_t ahead = ahead_max(channel), unsent = channel_unsent(channel, now);

	if (unsent > ahead - ahead / 4 || channel->count > CHANNEL_SIZE / 2 - ahead)
		return 0;
	return ahead - unsent;
}

int64_t channel_room_at(const struct channel *channel)
{
	size_t ahead = ahead_max(channel);

	return channel->settings.byte_ns ? channel_unsent_at(channel, ahead - ahead / 4) : INT64_MAX;
}

static void append(struct channel *channel, uint8_t byte)
{
	channel->wire_free += channel->settings.byte_ns;
	if (byte > 127 && channel->settings.high == CHANNEL_EATS)
		return;
	if (channel->settings.high == CHANNEL_STRIPS)
		byte &= 127;
	size_t end = position(channel, channel->count++);
	channel->bytes[end] = byte;
	channel->due[end] = channel->wire_free + channel->settings.latency_ns;
}

static void append_damaged(struct channel *channel, uint8_t byte)
{
	const struct channel_settings *settings = &channel->settings;
	uint64_t dice = random_next(channel), bit = dice >> 61;

	dice %= 1000000;
	if (dice < settings->flip) {
		channel->counters.flipped++;
		append(channel, byte ^ (uint8_t)(1u << bit));
	} else if (dice < settings->flip + settings->lose) {
		channel->counters.dropped++;
		channel->wire_free += settings->byte_ns;
	} else if (dice < settings->flip + settings->lose + settings->repeat) {
		channel->counters.repeated++;
		append(channel, byte);
		append(channel, byte);
	} else if (dice < settings->flip + settings->lose + settings->repeat + settings->delay) {
		channel->counters.delayed++;
		channel->wire_free += settings->delay_ns;
		append(channel, byte);
	} else {
		append(channel, byte);
	}
}

void channel_put(struct channel *channel, const uint8_t *bytes, size_t len, int64_t now)
{
	if (channel->wire_free + channel->slip < now)
		channel->wire_free = now - channel->slip;
	for (size_t i = 0; i < len; i++)
		append_damaged(channel, bytes[i]);
}

size_t channel_arrived(const struct channel *channel, int64_t now, uint8_t *out, size_t max)
{
	size_t count = 0;

	while (count < channel->count && count < max) {
		size_t at = position(channel, count);

		if (channel->due[at] + channel->slip > now)
			break;
		out[count++] = channel->bytes[at];
	}
	return count;
}

void channel_take(struct channel *channel, size_t len)
{
	channel->head = position(channel, len);
	channel->count -= len;
}

int64_t channel_slip(struct channel *channel, int64_t now, int64_t slack)
{
	int64_t late;

	if (!channel->count)
		return 0;
	late = now - slack - (channel->due[channel->head] + channel->slip);
	if (late <= 0)
		return 0;
	channel->slip += late;
	return late;
}

int64_t channel_next(const struct channel *channel)
{
	int64_t first, last, batch = BATCH_BYTES * channel->settings.byte_ns;

	if (!channel->count)
		return INT64_MAX;
	if (batch < BATCH_NS)
		batch = BATCH_NS;
	first = channel->due[channel->head] + channel->slip;
	last = channel->due[position(channel, channel->count - 1)] + channel->slip;
	return last - first > batch ? first + batch : last;
}
