/* SPDX-License-Identifier: MIT */
#include "fuse/host_bytes.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/unit/dice.h"

static int set_up(void **state)
{
	struct host_store *store = malloc(sizeof(*store));

	*state = store;
	return host_store_open(store);
}

static int tear_down(void **state)
{
	struct host_store *store = *state;

	assert_int_equal(store->in_memory, 0);
	host_store_close(store);
	free(store);
	return 0;
}

static void expect(const struct host_bytes *bytes, uint64_t offset, const char *text, size_t len)
{
	char buf[64];

	memset(buf, 'x', sizeof(buf));
	assert_int_equal(host_bytes_read(bytes, buf, len, offset), 0);
	assert_memory_equal(buf, text, len);
	assert_int_equal(buf[len], 'x');
}

static void what_was_not_written_is_zero(void **state)
{
	struct host_bytes bytes;

	host_bytes_init(&bytes, *state);
	expect(&bytes, 5, "\0\0\0", 3);
	assert_int_equal(host_bytes_write(&bytes, "ab", 2, 5), 0);
	expect(&bytes, 3, "\0\0ab\0\0", 6);
	assert_int_equal(host_bytes_write(&bytes, "cd", 2, 10), 0);
	expect(&bytes, 5, "ab\0\0\0cd\0", 8);
	assert_int_equal(host_bytes_write(&bytes, "ef", 2, 1), 0);
	expect(&bytes, 0, "\0ef\0\0ab\0", 8);
	host_bytes_clear(&bytes);
	expect(&bytes, 5, "\0\0", 2);
}

static void what_is_cut_is_zero_for_ever(void **state)
{
	struct host_bytes bytes;

	host_bytes_init(&bytes, *state);
	host_bytes_write(&bytes, "abcdef", 6, 0);
	assert_int_equal(host_bytes_cut(&bytes, 2), 0);
	host_bytes_write(&bytes, "z", 1, 5);
	expect(&bytes, 0, "ab\0\0\0z", 6);
	assert_int_equal(host_bytes_cut(&bytes, 100), 0);
	assert_int_equal(host_bytes_cut(&bytes, 0), 0);
	expect(&bytes, 0, "\0\0", 2);
}

/* The tail of a long file takes no more memory than the tail. */
static void the_end_of_a_long_file_stays_in_memory(void **state)
{
	struct host_store *store = *state;
	struct host_bytes bytes;

	host_bytes_init(&bytes, store);
	assert_int_equal(host_bytes_write(&bytes, "tail", 4, 3000000000u), 0);
	assert_int_equal(bytes.fd, -1);
	assert_in_range(store->in_memory, 4, 4096);
	expect(&bytes, 3000000000u, "tail", 4);
	host_bytes_clear(&bytes);
}

static void much_goes_to_a_file(void **state)
{
	struct host_store *store = *state;
	struct host_bytes bytes;

	host_bytes_init(&bytes, store);
	host_bytes_write(&bytes, "start", 5, 100);
	assert_int_equal(host_bytes_write(&bytes, "end", 3, HOST_BYTES_IN_MEMORY + 200), 0);
	assert_int_not_equal(bytes.fd, -1);
	assert_int_equal(store->in_memory, 0);
	expect(&bytes, 98, "\0\0start\0", 8);
	expect(&bytes, HOST_BYTES_IN_MEMORY + 199, "\0end\0", 5);
	host_bytes_cut(&bytes, 102);
	expect(&bytes, 99, "\0st\0\0", 5);
	host_bytes_write(&bytes, "!", 1, 106);
	expect(&bytes, 99, "\0st\0\0\0\0!", 8);
	host_bytes_clear(&bytes);
}

/* Many files that are not large each do not fill the memory together. */
static void all_files_together_have_a_limit(void **state)
{
	enum { FILES = 2 * HOST_STORE_IN_MEMORY / HOST_BYTES_IN_MEMORY };
	struct host_store *store = *state;
	struct host_bytes files[FILES];
	char *content = calloc(1, HOST_BYTES_IN_MEMORY);
	int i;

	assert_non_null(content);
	for (i = 0; i < FILES; i++) {
		host_bytes_init(&files[i], store);
		content[7] = (char)i;
		assert_int_equal(host_bytes_write(&files[i], content, HOST_BYTES_IN_MEMORY, 0), 0);
		assert_in_range(store->in_memory, 0, HOST_STORE_IN_MEMORY);
	}
	for (i = 0; i < FILES; i++) {
		assert_int_equal(host_bytes_read(&files[i], content, 1, 7), 0);
		assert_int_equal(content[0], i);
		host_bytes_clear(&files[i]);
	}
	free(content);
}

static void a_store_needs_no_tmpdir(void **state)
{
	struct host_store store;

	(void)state;
	setenv("TMPDIR", "/nonexistent/folder", 1);
	assert_int_equal(host_store_open(&store), 0);
	host_store_close(&store);
	setenv("TMPDIR", "relative", 1);
	assert_int_equal(host_store_open(&store), 0);
	host_store_close(&store);
	unsetenv("TMPDIR");
}

/* The same steps on a plain array. */
static void random_steps_are_those_of_an_array(void **state)
{
	enum { SIZE = 3 << 20, STEPS = 400 };
	unsigned char *model = calloc(1, SIZE), *buf = malloc(SIZE);
	struct host_bytes bytes;
	struct dice dice = {.state = 20261122};
	size_t offset, len;
	int step;

	assert_true(model && buf);
	host_bytes_init(&bytes, *state);
	for (step = 0; step < STEPS; step++) {
		offset = dice_roll(&dice, dice_roll(&dice, 3) ? SIZE : 20000);
		len = dice_roll(&dice, dice_roll(&dice, 8) ? 5000 : 400000);
		if (len > SIZE - offset)
			len = SIZE - offset;
		if (dice_roll(&dice, 4) == 0) {
			assert_int_equal(host_bytes_cut(&bytes, offset), 0);
			memset(model + offset, 0, SIZE - offset);
		} else {
			memset(buf, (int)dice_roll(&dice, 256), len);
			assert_int_equal(host_bytes_write(&bytes, buf, len, offset), 0);
			memcpy(model + offset, buf, len);
		}
		offset = dice_roll(&dice, SIZE - 10000);
		assert_int_equal(host_bytes_read(&bytes, buf, 10000, offset), 0);
		assert_memory_equal(buf, model + offset, 10000);
	}
	assert_int_equal(host_bytes_read(&bytes, buf, SIZE, 0), 0);
	assert_memory_equal(buf, model, SIZE);
	host_bytes_clear(&bytes);
	free(model);
	free(buf);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(what_was_not_written_is_zero),           TEST(what_is_cut_is_zero_for_ever),
		TEST(the_end_of_a_long_file_stays_in_memory), TEST(much_goes_to_a_file),
		TEST(all_files_together_have_a_limit),        cmocka_unit_test(a_store_needs_no_tmpdir),
		TEST(random_steps_are_those_of_an_array),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
