/* SPDX-License-Identifier: MIT */
/*
 * beneath: what lies beneath an open directory, whatever other programs do to the tree meanwhile. No link is followed, in no part of
 * a path, and none leads upward; so nothing outside is ever opened.
 */
#ifndef CLI_BENEATH_H
#define CLI_BENEATH_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Opens the directory whose path from the directory TOP (a descriptor) is the first LEN bytes of PATH; none: TOP itself. MAKE: makes
 * what is missing of it. Returns a new descriptor, or a negative errno:
 *   -ENOENT   it is missing
 *   -ENOTDIR  a part of it is a file, or a link
 *   -EINVAL   a part of it is `..`
 *   -ENAMETOOLONG
 */
int beneath_directory(int top, const char *path, size_t len, bool make);

/* The directory of the file that was opened last: for the next one in it that is one step instead of many. */
struct beneath_near {
	int fd; /* -1: none */
	char *path;
};

/* None, yet. */
#define BENEATH_NEAR_NONE ((struct beneath_near){.fd = -1})

/*
 * Opens the file at PATH, from the directory TOP, with open's FLAGS. NEAR is for the files of one TOP. Returns a new descriptor or a
 * negative errno: as above, -ENOMEM, and -ELOOP for a link.
 */
int beneath_file(struct beneath_near *near, int top, const char *path, int flags);

/* Whether the file at PATH lies in the directory that NEAR has. */
bool beneath_near_has(const struct beneath_near *near, const char *path);

/*
 * Closes what NEAR has kept open; nothing is said where that is none. Returns 0, or -ESTALE: from TOP its path leads elsewhere by now, so
 * files may have been opened in it that were not beneath TOP any more.
 */
int beneath_near_leave(struct beneath_near *near, int top);

/* The same where it does not matter. */
void beneath_near_close(struct beneath_near *near);

#endif
