/* SPDX-License-Identifier: MIT */
/* le: numbers as little-endian bytes, as the agent's protocol has them. P has room for them. */
#ifndef BASE_LE_H
#define BASE_LE_H

#include <stdint.h>

static inline uint16_t le_get16(const uint8_t *p)
{
	return (uint16_t)(p[0] | p[1] << 8);
}

static inline uint32_t le_get32(const uint8_t *p)
{
	return (uint32_t)le_get16(p) | (uint32_t)le_get16(p + 2) << 16;
}

/* Of a VALUE that is larger only its lowest bits, as the next. */
static inline void le_put16(uint8_t *p, uint64_t value)
{
	p[0] = (uint8_t)value;
	p[1] = (uint8_t)(value >> 8);
}

static inline void le_put32(uint8_t *p, uint64_t value)
{
	le_put16(p, value);
	le_put16(p + 2, value >> 16);
}

#endif
