/* SPDX-License-Identifier: MIT */
/* json: what is printed for programs (RFC 8259). */
#ifndef BASE_JSON_H
#define BASE_JSON_H

#include <stdio.h>

/* Prints WORDS as a JSON string. What is not UTF-8 becomes U+FFFD, byte by byte. */
void json_print_string(FILE *out, const char *words);

#endif
