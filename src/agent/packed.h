/* SPDX-License-Identifier: MIT */
/* packed: Python for the board in fewer bytes. No input, no output. */
#ifndef AGENT_PACKED_H
#define AGENT_PACKED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * LEN bytes of PYTHON as a raw deflate stream (RFC 1951) whose window takes 4 KiB of the board's memory: deflate.DeflateIO(stream,
 * deflate.RAW, 12). From malloc, the caller's, *OUT_LEN bytes; NULL: not enough memory.
 */
uint8_t *packed_deflate(const char *python, size_t len, size_t *out_len);

/*
 * Python that prints how many bytes of the board's memory are free; it raises on a board that cannot run what packed_text makes. Before
 * that it takes away a share whose host has gone, if there is one (board/share.py): each import would ask that host for files.
 */
extern const char packed_question[];

/* Whether packed_text may be used on a board that has answered packed_question by ANSWER. */
bool packed_fits(const char *answer);

/*
 * Python that runs LEN bytes of PYTHON, which define the function __mpremotefs__, for the raw REPL: printable ASCII and line ends,
 * about half as long. It has a CRC-32 of them, and raises ValueError or OSError without running any where it came to the board
 * damaged. From malloc, the caller's, *OUT_LEN bytes; NULL: not enough memory.
 */
char *packed_text(const char *python, size_t len, size_t *out_len);

#endif
