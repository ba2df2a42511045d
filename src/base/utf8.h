/* SPDX-License-Identifier: MIT */
/* utf8: what is a character of UTF-8 (RFC 3629), and what is none. */
#ifndef BASE_UTF8_H
#define BASE_UTF8_H

#include <stdbool.h>
#include <stddef.h>

/* The length of the well-formed character at the start of the LEN (at least 1) BYTES; 0: there is none. */
size_t utf8_length(const void *bytes, size_t len);

/* Whether the LEN BYTES are UTF-8 throughout. */
bool utf8_is_valid(const void *bytes, size_t len);

#endif
