/* SPDX-License-Identifier: MIT */
/*
 * times_codec: no file of kept times, however it lies, is read beyond its end or gives a path that leads elsewhere; and a memory
 * that has taken it over makes a file of it that is taken over again. The checksum is made right: it keeps nobody out.
 */
#include "fuse/kept_times.h"

#include <errno.h>
#include <string.h>

#include "fuse/times_codec.h"
#include "tests/fuzz/fuzz.h"

#define BOARD "id 00ff"

static void check_path(const char *path)
{
	FUZZ_CHECK(path[0] == '/' && strlen(path) < TIMES_PATH_MAX);
	FUZZ_CHECK(!strstr(path, "//") && !strstr(path, "/./") && !strstr(path, "/../"));
	FUZZ_CHECK(!path[1] || path[strlen(path) - 1] != '/');
}

/* Reads all entries of the file. Returns how that ended. */
static int read_all(const uint8_t *file, size_t len)
{
	struct times_reader reader;
	struct times_entry entry;
	size_t left;
	int rc;

	if (!times_codec_read(&reader, file, len, BOARD))
		return -EBADMSG;
	do {
		left = reader.left;
		rc = times_codec_next(&reader, &entry);
		FUZZ_CHECK(rc <= 0 || reader.left < left);
		if (rc > 0)
			check_path(entry.path);
	} while (rc > 0);
	FUZZ_CHECK(rc == 0 || rc == -EBADMSG);
	return rc;
}

/* Takes the file over, and what is made of it, and what is made of that, which has to be the same. */
static void take_over(const uint8_t *file, size_t len, int expected)
{
	struct kept_times *first, *second;
	uint8_t *once, *twice;
	size_t once_len, twice_len;

	FUZZ_CHECK(kept_times_open(&first, NULL, NULL, NULL) == 0 && kept_times_open(&second, NULL, NULL, NULL) == 0);
	FUZZ_CHECK(kept_times_decode(first, BOARD, file, len) == expected);
	FUZZ_CHECK(kept_times_encode(first, BOARD, &once, &once_len) == 0);
	FUZZ_CHECK(kept_times_decode(second, BOARD, once, once_len) == 0);
	FUZZ_CHECK(kept_times_encode(second, BOARD, &twice, &twice_len) == 0);
	FUZZ_CHECK(once_len == twice_len && memcmp(once, twice, once_len) == 0);
	FUZZ_CHECK(expected == 0 || once_len == times_codec_head_size(BOARD));
	free(once);
	free(twice);
	kept_times_close(first);
	kept_times_close(second);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *file = malloc(times_codec_head_size(BOARD) + size), *end;
	int rc;

	FUZZ_CHECK(file);
	read_all(data, size); /* as it is */
	end = times_codec_put_head(file, BOARD);
	memcpy(end, data, size);
	end = times_codec_put_end(file, end + size);
	rc = read_all(file, (size_t)(end - file));
	take_over(file, (size_t)(end - file), rc);
	free(file);
	return 0;
}
