/* SPDX-License-Identifier: MIT */
/* real_name: the path of an entry of a directory, without links, while the entry itself may be one. */
#ifndef BASE_REAL_NAME_H
#define BASE_REAL_NAME_H

/* That of PATH, which is there, into the PATH_MAX bytes of OUT. Returns 0 or a negative errno. */
int real_name(const char *path, char *out);

#endif
