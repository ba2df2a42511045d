/* SPDX-License-Identifier: MIT */
/* output: where the image of a directory goes. */
#ifndef CLI_OUTPUT_H
#define CLI_OUTPUT_H

#include "base/diag.h"

/*
 * The path of the image of directory DIR where none is given, in *PATH, which the caller frees: DIR.romfs beside DIR; where DIR ends
 * in `.` or `..`, the directory's name with .romfs, in it. Slashes at DIR's end do not count. Returns 0 or a negative errno with DIAG:
 * there is no such directory, or it is the root, which has no name.
 */
int output_default(const char *dir, char **path, struct diag *diag);

#endif
