/* SPDX-License-Identifier: MIT */
#ifndef BASE_EARLIER_H
#define BASE_EARLIER_H

#include <stdint.h>

/* The earlier of two times, of which INT64_MAX is never. */
static inline int64_t earlier(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

#endif
