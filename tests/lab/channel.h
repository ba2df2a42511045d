/* SPDX-License-Identifier: MIT */
/*
 * channel: one direction of a simulated serial line. Bytes are put in as they are sent and come out when they would arrive:
 * one after the other at the line's rate, then the latency later, some of them damaged.
 *
 * Does no input or output and has no clock: the caller passes the time, in nanoseconds from any start.
 */
#ifndef LAB_CHANNEL_H
#define LAB_CHANNEL_H

#include <stddef.h>
#include <stdint.h>

#define CHANNEL_SIZE 65536 /* bytes under way at most; a power of two */

/* What becomes of bytes above 127. */
enum channel_high { CHANNEL_CARRIES, CHANNEL_STRIPS, CHANNEL_EATS };

struct channel_settings {
	int64_t byte_ns;    /* time of one byte on the wire; 0: none */
	int64_t latency_ns; /* from the end of a byte on the wire to its arrival */
	int64_t delay_ns;   /* how long a delayed byte holds up the line */
	/* How many bytes in a million are damaged, each in one way at most. */
	unsigned flip, lose, repeat, delay;
	enum channel_high high;
};

struct channel_counters {
	uint64_t flipped, dropped, repeated, delayed;
};

struct channel {
	struct channel_settings settings;
	struct channel_counters counters;
	uint64_t random;
	int64_t wire_free; /* when the last byte put in leaves the wire, without slip */
	int64_t slip;      /* how much later than planned everything is: see channel_slip */
	size_t head, count;
	uint8_t bytes[CHANNEL_SIZE];
	int64_t due[CHANNEL_SIZE]; /* without slip */
};

/* Makes CHANNEL empty. The same SEED damages the same bytes. */
void channel_init(struct channel *channel, const struct channel_settings *settings, uint64_t seed);

/* Forgets the bytes under way. */
void channel_clear(struct channel *channel);

/*
 * How many bytes the sender may put in at NOW so that it is pushed back as by a real line: a few milliseconds of it. Once that
 * much is there, 0 until a quarter of it has gone, so that a sender in a hurry is not served byte by byte.
 */
size_t channel_room(const struct channel *channel, int64_t now);

/* When there is room again, where the wire makes it; INT64_MAX where only channel_take does. */
int64_t channel_room_at(const struct channel *channel);

/* Puts LEN bytes on the line at NOW; at most CHANNEL_SIZE / 2 - channel_count(). */
void channel_put(struct channel *channel, const uint8_t *bytes, size_t len, int64_t now);

/* Bytes under way. */
size_t channel_count(const struct channel *channel);

/* Bytes put in that at NOW are not on the wire yet. */
size_t channel_unsent(const struct channel *channel, int64_t now);

/* When no more than COUNT bytes will be unsent; a time in the past where that is so already. */
int64_t channel_unsent_at(const struct channel *channel, size_t count);

/* Copies up to MAX bytes that have arrived by NOW into OUT, and leaves them in. Returns how many. */
size_t channel_arrived(const struct channel *channel, int64_t now, uint8_t *out, size_t max);

/* Takes the first LEN bytes out. */
void channel_take(struct channel *channel, size_t len);

/*
 * Lets the line stand still: where the first byte should have arrived more than SLACK before NOW, it and all behind it arrive
 * that much later. For a line that the receiver holds up, and so that a simulator that was kept waiting sends no burst which
 * its line could not have sent. Returns by how much the line slipped.
 */
int64_t channel_slip(struct channel *channel, int64_t now, int64_t slack);

/*
 * When to look again: the arrival of the last byte, but not long after that of the first (a quarter of a millisecond, or eight
 * bytes), so that bytes move in batches and the end of a message is still in time. INT64_MAX: the line is empty.
 */
int64_t channel_next(const struct channel *channel);

#endif
