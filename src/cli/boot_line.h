/* SPDX-License-Identifier: MIT */
/*
 * boot_line: the line in a boot.py that mounts a ROM partition at each start. It stands first, so that it is reached whatever else is
 * there, and cannot stop the start: all is in a try, in a namespace of its own. Its end, a comment, is how it is found again.
 */
#ifndef CLI_BOOT_LINE_H
#define CLI_BOOT_LINE_H

#include <stdbool.h>
#include <stddef.h>

/*
 * The LEN bytes of TEXT with the line for partition NUMBER (once; WANTED) or without it, in *OUT of *OUT_LEN bytes, which the caller
 * frees. Where nothing has to change *OUT is NULL. Returns 0 or -ENOMEM.
 */
int boot_line_set(const char *text, size_t len, unsigned number, bool wanted, char **out, size_t *out_len);

#endif
