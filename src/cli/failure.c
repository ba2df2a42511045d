/* SPDX-License-Identifier: MIT */
#include "cli/failure.h"

#include "base/json.h"
#include "cli/say.h"

int failure_is(struct failure *failure, enum failure_kind kind, int rc)
{
	if (rc < 0)
		failure->kind = kind;
	return rc;
}

const char *failure_word(enum failure_kind kind)
{
	static const char *const words[] = {
		[FAILURE_OTHER] = "other",
		[FAILURE_DEVICE] = "device",
		[FAILURE_BOARD] = "board",
		[FAILURE_IMAGE] = "not-a-romfs-image",
		[FAILURE_NO_ROM] = "no-rom-support",
		[FAILURE_NO_PARTITIONS] = "no-partitions",
		[FAILURE_PARTITION] = "partition-not-found",
		[FAILURE_SPACE] = "insufficient-space",
		[FAILURE_BYTECODE] = "bytecode",
		[FAILURE_VERIFICATION] = "verification-failed",
		[FAILURE_INTERRUPTED] = "interrupted",
	};

	return words[kind];
}

int failure_say(const struct failure *failure, bool json)
{
	if (json) {
		printf("{\n  \"error\": {\"kind\": \"%s\", \"message\": ", failure_word(failure->kind));
		json_print_string(stdout, failure->diag.text);
		fputs("}\n}\n", stdout);
	}
	return say_failure(&failure->diag);
}
