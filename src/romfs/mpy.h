/* SPDX-License-Identifier: MIT */
/*
 * mpy: the header of a .mpy file, MicroPython's compiled code. (Source: py/persistentcode.h and mp_raw_code_load in
 * py/persistentcode.c of micropython/micropython; MicroPython has ROM images since 1.25.)
 */
#ifndef ROMFS_MPY_H
#define ROMFS_MPY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	MPY_HEADER_SIZE = 4,
	MPY_VERSION = 6,     /* what each MicroPython with ROM images loads */
	MPY_SUB_VERSION = 3, /* the same for native code */
};

/* Bytes: 'M', version, features, bits of a small int. Features: bits 0-1 sub-version, 2-5 and 7 architecture, 6 flags follow. */
struct mpy_header {
	unsigned version;
	unsigned sub_version; /* of native code; without meaning for bytecode */
	unsigned arch;        /* 0: bytecode, which runs on each board */
};

/* Whether the LEN bytes of NAME are the name of a .mpy file. */
bool mpy_is_name(const char *name, size_t len);

/*
 * Parses the LEN BYTES of a .mpy. Returns NULL, or what keeps a board with ROM images from loading it, in constant words; *HEADER is
 * what is said there all the same, zeros where the file is no .mpy at all.
 */
const char *mpy_parse(struct mpy_header *header, const uint8_t *bytes, size_t len);

/* The name of ARCH as mpy-cross's -march has it: "armv6m"; "bytecode" for 0, "unknown" for what we do not know. */
const char *mpy_arch_name(unsigned arch);

/* The number of the architecture NAME; -1: we know none of that name. */
int mpy_arch_number(const char *name);

/* Whether a board of the architecture BOARD loads code for ARCH: an ARM Cortex-M also that for smaller ones, and each bytecode. */
bool mpy_arch_runs_on(unsigned arch, unsigned board);

#endif
