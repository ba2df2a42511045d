/* SPDX-License-Identifier: MIT */
/* listing_next: no answer of AGENT_LIST, however it lies, makes it read beyond its end or give a name that leads elsewhere. */
#include "board/listing.h"

#include <stdlib.h>
#include <string.h>

#include "board/leftovers.h"
#include "tests/fuzz/fuzz.h"

static void check_path(const char *path)
{
	FUZZ_CHECK(!strncmp(path, "/top/", 5) && path[5] && path[strlen(path) - 1] != '/');
	FUZZ_CHECK(!strstr(path, "//") && !strstr(path, "/../") && strcmp(path + strlen(path) - 3, "/.."));
}

/* What a leftover was to become, or to make room for, lies below its directory. */
static void check_leftover(const char *name)
{
	char *path, *from;
	enum leftover kind = leftovers_parse("/top", name, &path, &from);

	FUZZ_CHECK(!path == (kind == LEFTOVER_INCOMPLETE) && (!from || kind == LEFTOVER_ASIDE));
	if (path)
		check_path(path);
	if (from)
		check_path(from);
	free(path);
	free(from);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct listing listing = {data, size, 946684800};
	struct listing_entry entry;
	enum listing_event event;
	size_t left = size;

	while ((event = listing_next(&listing, &entry)) != LISTING_END && event != LISTING_CUT) {
		FUZZ_CHECK(listing.left < left);
		FUZZ_CHECK(listing.at + listing.left == data + size);
		left = listing.left;
		if (event == LISTING_REFUSED)
			continue;
		FUZZ_CHECK(*entry.name && strlen(entry.name) < sizeof(entry.name));
		FUZZ_CHECK(!strchr(entry.name, '/') && strcmp(entry.name, ".") && strcmp(entry.name, ".."));
		FUZZ_CHECK(!entry.stat.is_dir || !entry.stat.size);
		if (event == LISTING_LEFTOVER)
			check_leftover(entry.name);
	}
	FUZZ_CHECK(event == LISTING_END ? !listing.left : listing.left > 0);
	return 0;
}
