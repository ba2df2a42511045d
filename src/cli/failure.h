/* SPDX-License-Identifier: MIT */
/* failure: what went wrong with a board, in words for people and, with --json, as a kind for programs. */
#ifndef CLI_FAILURE_H
#define CLI_FAILURE_H

#include <stdbool.h>

#include "base/diag.h"

enum failure_kind {
	FAILURE_OTHER, /* of this computer: a file, memory */
	FAILURE_DEVICE,
	FAILURE_BOARD,
	FAILURE_IMAGE,
	FAILURE_NO_ROM,
	FAILURE_NO_PARTITIONS,
	FAILURE_PARTITION,
	FAILURE_SPACE,
	FAILURE_BYTECODE,
	FAILURE_VERIFICATION,
	FAILURE_INTERRUPTED,
};

struct failure {
	enum failure_kind kind;
	struct diag diag;
};

/* Sets the kind of FAILURE where RC, which is returned, says that something has failed. */
int failure_is(struct failure *failure, enum failure_kind kind, int rc);

/* The word for KIND: "partition-not-found". */
const char *failure_word(enum failure_kind kind);

/* Says what has failed on stderr; with JSON also as an object on stdout. Returns EXIT_FAILURE. */
int failure_say(const struct failure *failure, bool json);

#endif
