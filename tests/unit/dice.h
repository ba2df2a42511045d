/* SPDX-License-Identifier: MIT */
/* dice: random numbers for tests, the same for the same seed on every computer. */
#ifndef UNIT_DICE_H
#define UNIT_DICE_H

#include <stdbool.h>
#include <stdint.h>

/* Set to the seed; any will do. */
struct dice {
	uint64_t state;
};

/* From 0 to SIDES - 1. SIDES is not 0. This is splitmix64. */
static inline uint32_t dice_roll(struct dice *dice, uint32_t sides)
{
	uint64_t x = dice->state += 0x9e3779b97f4a7c15u;

	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9u;
	x = (x ^ x >> 27) * 0x94d049bb133111ebu;
	return (uint32_t)((x ^ x >> 31) >> 32) % sides;
}

/* True once in ONE_IN times; never if it is 0. */
static inline bool dice_hit(struct dice *dice, uint32_t one_in)
{
	return one_in && dice_roll(dice, one_in) == 0;
}

#endif
