/* SPDX-License-Identifier: MIT */
/*
 * fakerom: a ROM partition in memory, as flash is: erasing makes ones of whole blocks, writing makes zeros of ones and nothing else;
 * the power can fail at any of both, in its middle.
 */
#ifndef UNIT_FAKEROM_H
#define UNIT_FAKEROM_H

#include "romfs/romfs_deploy.h"
#include "tests/unit/dice.h"

enum { FAKEROM_SIZE = 1 << 17 };

/* What happens once all is written. */
enum fakerom_end {
	FAKEROM_WELL,
	FAKEROM_INCOMPLETE, /* `complete` fails */
	FAKEROM_UNREAD,     /* nothing is hashed any more, and nothing but a header read */
	FAKEROM_CUT_OFF,    /* the power fails */
};

struct fakerom {
	uint8_t bytes[FAKEROM_SIZE];
	uint32_t erase_block; /* as it is: what is erased is rounded up to it */
	uint32_t smallest;    /* what can be written at once, and is written whole or not at all; 0: a block device of pages */
	bool from_start;      /* esp8266: erases only from the start */
	bool no_erasing;      /* MRAM: nothing is erased, and all can be written over */
	bool protected;       /* says that it erases and writes, and does nothing */
	bool stuck;           /* says that it erases, and does not; it writes as flash does */
	bool no_hash;
	int read_error; /* errno of each read beyond READ_TO; 0: none. What is hashed is not read */
	uint32_t read_to;
	enum fakerom_end end;
	const uint8_t *chance; /* a part of a hash is that of these FAKEROM_SIZE bytes; NULL: of its own */
	bool lies;             /* a bit of what was written is not as it was sent: the lowest of the byte LIE_AT */
	uint32_t lie_at;
	unsigned cut;                             /* at which change from now the power fails; 0: never */
	struct dice dice;                         /* for what a cut leaves of it */
	bool off;                                 /* the power has failed */
	unsigned changes, erases, completes, bad; /* so many so far; bad: writes to what is not erased, or not in whole units */
	struct romfs_deploy_target target;
};

/* A partition of FAKEROM_SIZE in which there is nothing. What it is made of is set after this, and before fakerom_start. */
void fakerom_init(struct fakerom *rom);

/* Makes `target` of it. Also after a cut: the power is back. */
void fakerom_start(struct fakerom *rom);

#endif
