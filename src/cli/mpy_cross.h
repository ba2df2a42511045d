/* SPDX-License-Identifier: MIT */
/* mpy_cross: the .py files of a source_tree become .mpy, by the program mpy-cross, so many at a time that no processor waits. */
#ifndef CLI_MPY_CROSS_H
#define CLI_MPY_CROSS_H

#include "cli/source_tree.h"

struct mpy_cross_options {
	const char *program; /* a path, or a name to find in $PATH */
	const char *march;   /* for -march; NULL: none is given */
};

/*
 * Compiles each NAME.py of TREE that has no NAME.mpy beside it: its source then has the name NAME.mpy and the bytecode as its
 * content. The name that the bytecode has for its source is DIR as typed, a slash and the path below it, as mpremote has it. Writes
 * no file. Returns how many were compiled, or a negative errno with DIAG:
 *   -ENOENT   there is no such program
 *   -EINVAL   a source is wrong; DIAG has the compiler's words and the file
 *   -EBADMSG  what came out is no bytecode, or none that a board with ROM images loads
 */
ssize_t mpy_cross_compile(struct source_tree *tree, const struct mpy_cross_options *options, struct diag *diag);

#endif
