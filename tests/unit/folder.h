/* SPDX-License-Identifier: MIT */
/* folder: a directory that a test has for itself, in /tmp. */
#ifndef UNIT_FOLDER_H
#define UNIT_FOLDER_H

enum { FOLDER_SIZE = 32 };

/* Makes one, and puts its path into FOLDER of FOLDER_SIZE bytes. Returns 0 or -1, as a set-up of cmocka does. */
int folder_make(char *folder);

/* The same, and the test's current directory is there. */
int folder_enter(char *folder);

/* Leaves it, and removes it with all that is in it. Returns 0 or -1. */
int folder_remove(const char *folder);

/* Makes file PATH with CONTENT, or fails the test. */
void folder_put(const char *path, const char *content);

#endif
