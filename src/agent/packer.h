/* SPDX-License-Identifier: MIT */
/*
 * packer: content to the payloads of AGENT_WRITE and of SHARE's DATA (agent/protocol.h): one raw deflate stream that runs through all
 * files, so that a file profits from those before it; what does not get smaller goes as it is. No input, no output.
 */
#ifndef AGENT_PACKER_H
#define AGENT_PACKER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct packer;

enum { PACKER_INPUT_MAX = 16384 }; /* more content at once only makes others wait longer */

/* What packer_pack made. */
struct packed {
	size_t taken;  /* bytes of the content that it stands for */
	size_t len;    /* bytes of it */
	bool deflated; /* else it is the content itself */
	bool reset;    /* the stream starts here */
};

/* A packer for a board with a window of WINDOW_BITS (9 to 15; 0: it cannot inflate, nothing is deflated). NULL: no memory. */
struct packer *packer_open(int window_bits);

/* NULL is accepted. */
void packer_close(struct packer *packer);

/*
 * Packs as much of the LEN bytes (at most PACKER_INPUT_MAX) of CONTENT as fits into the ROOM (at least 1) bytes of OUT, at least
 * one byte if there is one.
 */
struct packed packer_pack(struct packer *packer, const uint8_t *content, size_t len, uint8_t *out, size_t room);

/* The same for content that goes over in units of UNIT bytes, of which LEN and ROOM hold at least one and LEN is a multiple. */
struct packed packer_pack_units(struct packer *packer, const uint8_t *content, size_t len, size_t unit, uint8_t *out,
				size_t room);

/* The board may not have got what was packed last: the stream starts anew with the next packer_pack. */
void packer_reset(struct packer *packer);

#endif
