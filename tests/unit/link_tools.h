/* SPDX-License-Identifier: MIT */
/* link_tools: what the tests of bytelink share. */
#ifndef TESTS_UNIT_LINK_TOOLS_H
#define TESTS_UNIT_LINK_TOOLS_H

#include "bytelink/bytelink.h"

/* So long a test waits for what has to come; no test is right because it has waited. */
#define PATIENCE_US 20000000

/* What would be the end of a test program that hangs: alarm(2). */
#define TEST_SECONDS 120

/* Opens DEVICE with the default options; the test fails, with the reason, when it cannot be. */
struct bytelink *open_link(const char *device);

/* Reads from LINK until TEXT has come, which has to be the very next bytes. */
void expect(struct bytelink *link, const char *text);

/* Reads from LINK, keeping the last SIZE - 1 bytes in SEEN, until it ends, and returns with what. */
int read_to_end(struct bytelink *link, char *seen, size_t size);

/* Writes TEXT to LINK. */
void tell(struct bytelink *link, const char *text);

/* "exec:" and PREFIX and the path of the program NAME of tests/unit in the build folder and SUFFIX, into TEXT. */
const char *exec_device(char *text, size_t size, const char *prefix, const char *name, const char *suffix);

/* A new pseudo-terminal. Returns its master; the path of its slave is in PATH. */
int new_pty(char *path, size_t size);

#endif
