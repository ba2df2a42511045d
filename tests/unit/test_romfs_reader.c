/* SPDX-License-Identifier: MIT */
#include "romfs/romfs_reader.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/hand_image.h"

static struct hand hand;
static struct romfs_reader reader;
static struct romfs_cursor cursor;
static struct romfs_entry entry;
static struct romfs_fault fault;

static int start_anew(void **state)
{
	(void)state;
	hand = (struct hand){0};
	fault = (struct romfs_fault){0};
	return 0;
}

/* Opens what was made by hand, in memory of exactly its length, so that a sanitizer sees each step beyond it. */
static uint8_t *exact;

static int end_here(void **state)
{
	(void)state;
	free(exact);
	exact = NULL;
	return 0;
}

static int open_bytes(const void *bytes, size_t len)
{
	free(exact);
	exact = malloc(len ? len : 1);
	memcpy(exact, bytes, len);
	return romfs_reader_open(&reader, exact, len, &fault);
}

static void open_hand(void)
{
	assert_int_equal(open_bytes(hand.bytes, hand.len), 0);
	cursor = romfs_reader_top(&reader);
}

static void next_is(const char *name, bool is_dir)
{
	assert_int_equal(romfs_reader_next(&reader, &cursor, &entry, &fault), 1);
	assert_int_equal(entry.name_len, strlen(name));
	assert_memory_equal(entry.name, name, entry.name_len);
	assert_int_equal(entry.is_dir, is_dir);
}

static void next_is_file(const char *name, const char *content)
{
	next_is(name, false);
	assert_int_equal(entry.size, strlen(content));
	assert_memory_equal(reader.bytes + entry.content, content, entry.size);
}

static void next_is_bad(const char *words, size_t offset)
{
	assert_int_equal(romfs_reader_next(&reader, &cursor, &entry, &fault), -EBADMSG);
	assert_non_null(strstr(fault.what, words));
	assert_int_equal(fault.offset, offset);
}

static void next_is_end(void)
{
	assert_int_equal(romfs_reader_next(&reader, &cursor, &entry, &fault), 0);
	assert_int_equal(romfs_reader_next(&reader, &cursor, &entry, &fault), 0);
}

static void not_opened(const char *bytes, size_t len, const char *words)
{
	assert_int_equal(open_bytes(bytes, len), -EBADMSG);
	assert_non_null(strstr(fault.what, words));
}

static void what_is_no_image(void **state)
{
	(void)state;
	not_opened("", 0, "no ROM image");
	not_opened("\xd2\xcd", 2, "no ROM image");
	not_opened("\xd2\xcd\x32\x00", 4, "no ROM image");
	not_opened("\xff\xff\xff\xff", 4, "no ROM image");
	not_opened("\x80\xd2\xcd\x31\x00", 5, "no ROM image"); /* the kind may not be padded */
	not_opened("\xd2\xcd\x31", 3, "length is no number");
	not_opened("\xd2\xcd\x31\x80", 4, "length is no number");
	not_opened("\xd2\xcd\x31\x90\x80\x80\x80\x00", 8, "length is no number");
	not_opened("\xd2\xcd\x31\x01", 4, "cut short");
	not_opened("\xd2\xcd\x31\x8f\xff\xff\xff\x7f\x00", 9, "cut short");
}

static void empty_images(void **state)
{
	(void)state;
	assert_int_equal(open_bytes("\xd2\xcd\x31\x00", 4), 0);
	assert_int_equal(reader.size, 4);
	cursor = romfs_reader_top(&reader);
	next_is_end();
	assert_int_equal(open_bytes("\xd2\xcd\x31\x80\x80\x80\x80\x80\x80\x00\xff\xff", 12), 0);
	assert_int_equal(reader.size, 10); /* what comes behind is not its business */
	cursor = romfs_reader_top(&reader);
	next_is_end();
}

static void entries_in_their_order(void **state)
{
	size_t image = hand_begin_image(&hand), dir;

	(void)state;
	hand_file(&hand, "z.py", "print(1)");
	dir = hand_begin_named(&hand, ROMFS_DIRECTORY, "lib");
	hand_file(&hand, "empty", "");
	hand_end(&hand, dir);
	hand_file(&hand, "a", "b");
	hand_end_image(&hand, image);
	open_hand();
	next_is_file("z.py", "print(1)");
	assert_false(entry.is_pointer);
	next_is("lib", true);
	struct romfs_cursor top = cursor;
	cursor = romfs_reader_inside(&entry);
	next_is_file("empty", "");
	next_is_end();
	cursor = top;
	next_is_file("a", "b");
	next_is_end();
}

/* Padding before, between, and in files, and records of the future, are passed over. */
static void records_that_are_skipped(void **state)
{
	size_t image = hand_begin_image(&hand), file;

	(void)state;
	hand_record(&hand, ROMFS_PADDING, "\0\0\0\0\0\0\0", 7);
	hand_record(&hand, ROMFS_VERBATIM, "shared", 6);
	hand_record(&hand, 77777, "later", 5);
	hand_record(&hand, ROMFS_IMAGE, "\x00", 1); /* an image in an image means nothing */
	file = hand_begin_named(&hand, ROMFS_FILE, "aligned");
	hand_record(&hand, ROMFS_PADDING, "\0\0\0", 3);
	hand_record(&hand, 6, "a time", 6);
	hand_record(&hand, ROMFS_VERBATIM, "data", 4);
	hand_record(&hand, ROMFS_VERBATIM, "more", 4); /* the first counts */
	hand_record(&hand, ROMFS_PADDING, "", 0);
	hand_end(&hand, file);
	hand_record(&hand, ROMFS_PADDING, "", 0);
	hand_end_image(&hand, image);
	open_hand();
	next_is_file("aligned", "data");
	next_is_end();
}

/* A file whose content is LEN bytes from OFFSET on, counted from the first record. */
static size_t put_pointer(const char *name, uint32_t len, uint32_t offset)
{
	size_t file = hand_begin_named(&hand, ROMFS_FILE, name), at = hand.len;
	size_t pointer = hand_begin(&hand, ROMFS_POINTER);

	hand_number(&hand, len);
	hand_number(&hand, offset);
	hand_end(&hand, pointer);
	hand_end(&hand, file);
	return at;
}

static void pointers_to_data(void **state)
{
	size_t image = hand_begin_image(&hand);

	(void)state;
	hand_record(&hand, ROMFS_VERBATIM, "shared", 6); /* behind a kind of 1 byte and a length of 5 */
	put_pointer("first", 6, 6);
	put_pointer("second", 3, 7);
	put_pointer("nothing", 0, 0);
	hand_end_image(&hand, image);
	open_hand();
	next_is_file("first", "shared");
	assert_true(entry.is_pointer);
	next_is_file("second", "har");
	next_is_file("nothing", "");
	next_is_end();
}

/* An image with nothing but a pointer, whose records take *ROOM bytes. Returns what the reader says of it. */
static int open_pointer(uint32_t len, uint32_t offset, size_t *room)
{
	size_t image = hand_begin_image(&hand), at = put_pointer("p", len, offset);
	int rc;

	hand_end(&hand, image);
	open_hand();
	*room = reader.size - reader.top;
	rc = romfs_reader_next(&reader, &cursor, &entry, &fault);
	if (rc == 1) {
		assert_int_equal(entry.content, reader.top + offset);
		assert_int_equal(entry.size, len);
	} else {
		assert_int_equal(rc, -EBADMSG);
		assert_non_null(strstr(fault.what, "leads out of the image"));
		assert_int_equal(fault.offset, at);
	}
	return rc;
}

/* A pointer reaches the last byte of the image, and none behind it. */
static void pointers_to_elsewhere(void **state)
{
	size_t room;

	(void)state;
	open_pointer(0, 0, &room);
	assert_true(room < 128);
	const uint32_t all = (uint32_t)room;
	assert_int_equal(open_pointer(all, 0, &room), 1);
	assert_int_equal(room, all);
	assert_int_equal(open_pointer(0, all, &room), 1);
	assert_int_equal(open_pointer(all - 1, 1, &room), 1);
	assert_int_equal(open_pointer(all + 1, 0, &room), -EBADMSG);
	assert_int_equal(open_pointer(0, all + 1, &room), -EBADMSG);
	assert_int_equal(open_pointer(1, all, &room), -EBADMSG);
	assert_int_equal(open_pointer(all, 1, &room), -EBADMSG);
	assert_int_equal(open_pointer(UINT32_MAX, 1, &room), -EBADMSG);
	assert_int_equal(open_pointer(1, UINT32_MAX, &room), -EBADMSG);
	assert_int_equal(open_pointer(2, UINT32_MAX, &room), -EBADMSG);
	assert_int_equal(open_pointer(UINT32_MAX, UINT32_MAX, &room), -EBADMSG);
}

static void pointers_that_are_none(void **state)
{
	static const struct {
		const char *bytes;
		size_t len;
	} bad[] = {{"", 0}, {"\x01", 1}, {"\x80", 1}, {"\x01\x80", 2}, {"\x90\x80\x80\x80\x00\x00", 6}};
	size_t image, file, at;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		image = hand_begin_image(&hand);
		file = hand_begin_named(&hand, ROMFS_FILE, "p");
		at = hand.len;
		hand_record(&hand, ROMFS_POINTER, bad[i].bytes, bad[i].len);
		hand_end(&hand, file);
		hand_file(&hand, "next", "good");
		hand_end(&hand, image);
		open_hand();
		next_is_bad("no pair of numbers", at);
		assert_int_equal(entry.name_len, 1);
		next_is_file("next", "good");
		next_is_end();
	}
}

static void files_without_data(void **state)
{
	size_t image = hand_begin_image(&hand), file, first = hand.len, second;

	(void)state;
	file = hand_begin_named(&hand, ROMFS_FILE, "none");
	hand_end(&hand, file);
	second = hand.len;
	file = hand_begin_named(&hand, ROMFS_FILE, "padded");
	hand_record(&hand, ROMFS_PADDING, "xx", 2);
	hand_end(&hand, file);
	hand_file(&hand, "next", "good");
	hand_end(&hand, image);
	open_hand();
	next_is_bad("no data record", first);
	next_is_bad("no data record", second);
	assert_memory_equal(entry.name, "padded", 6);
	next_is_file("next", "good");
	next_is_end();
}

/* A record that is longer than what it lies in, by a byte and by much. */
static void records_that_are_too_long(void **state)
{
	static const int extras[] = {1, 2, 100, 1 << 30};
	size_t image, file, data, at;

	(void)state;
	for (size_t i = 0; i < sizeof(extras) / sizeof(extras[0]); i++) {
		/* data in a file */
		image = hand_begin_image(&hand);
		file = hand_begin_named(&hand, ROMFS_FILE, "long");
		at = hand.len;
		data = hand_begin(&hand, ROMFS_VERBATIM);
		hand_put(&hand, "abc", 3);
		hand_end_with(&hand, data, extras[i]);
		hand_end(&hand, file);
		hand_file(&hand, "next", "good");
		hand_end(&hand, image);
		open_hand();
		next_is_bad("beyond the end", at);
		next_is_file("next", "good");
		next_is_end();
		/* a file in the top: nobody knows where the next one begins */
		image = hand_begin_image(&hand);
		hand_file(&hand, "first", "good");
		at = hand.len;
		file = hand_begin_named(&hand, ROMFS_FILE, "long");
		hand_record(&hand, ROMFS_VERBATIM, "abc", 3);
		hand_end_with(&hand, file, extras[i]);
		hand_end(&hand, image);
		open_hand();
		next_is_file("first", "good");
		next_is_bad("beyond the end", at);
		assert_int_equal(entry.name_len, 0);
		next_is_end();
	}
}

static void records_that_are_damaged(void **state)
{
	static const struct {
		const char *bytes;
		size_t len;
		const char *words;
	} bad[] = {
		{"\x00\x00", 2, "kind 0"},
		{"\x80\x80\x00\x01x", 5, "kind 0"},
		{"\x80\x80", 2, "kind of a record"},
		{"\x90\x80\x80\x80\x04\x00", 6, "kind of a record"}, /* a directory, to a board with 32 bits */
		{"\x05", 1, "length of a record"},
		{"\x05\x80", 2, "length of a record"},
		{"\x04\x90\x80\x80\x80\x00", 6, "length of a record"},
		{"\x05\x00", 2, "length of a name"},
		{"\x05\x01\x80", 3, "length of a name"},
		{"\x05\x06\x90\x80\x80\x80\x01x", 8, "length of a name"},
		{"\x05\x01\x01", 3, "a name reaches"},
		{"\x04\x02\x02x", 4, "a name reaches"},
		{"\x04\x06\x8f\xff\xff\xff\x7fx", 8, "a name reaches"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		size_t image = hand_begin_image(&hand), at = hand.len;

		hand_put(&hand, bad[i].bytes, bad[i].len);
		hand_end(&hand, image);
		open_hand();
		next_is_bad(bad[i].words, at);
		next_is_end();
	}
}

static void names_that_lead_elsewhere(void **state)
{
	static const char *const bad[] = {"", ".", "..", "a/b", "/", "/etc", "../x", "a\xff", "\xc3"};
	char longest[258];

	(void)state;
	for (size_t i = 0; i < 2 * sizeof(bad) / sizeof(bad[0]); i++) {
		size_t image = hand_begin_image(&hand), at = hand.len, start;

		start = hand_begin_named(&hand, i % 2 ? ROMFS_FILE : ROMFS_DIRECTORY, bad[i / 2]);
		hand_record(&hand, ROMFS_VERBATIM, "x", 1);
		hand_end(&hand, start);
		hand_file(&hand, "next", "good");
		hand_end(&hand, image);
		open_hand();
		next_is_bad("a name is", at);
		assert_int_equal(entry.name_len, 0);
		next_is_file("next", "good");
		next_is_end();
	}
	for (size_t len = 255; len <= 256; len++) {
		size_t image = hand_begin_image(&hand), at = hand.len;

		memset(longest, 'x', len);
		longest[len] = '\0';
		hand_file(&hand, longest, "x");
		hand_end(&hand, image);
		open_hand();
		if (len == 255)
			next_is_file(longest, "x");
		else
			next_is_bad("a name is", at);
		next_is_end();
	}
}

static void a_name_with_nul(void **state)
{
	size_t image = hand_begin_image(&hand), at = hand.len;

	(void)state;
	hand_put(&hand,
		 "\x05\x06\x03"
		 "a\0b"
		 "\x02\x00",
		 8);
	hand_end(&hand, image);
	open_hand();
	next_is_bad("a name is", at);
	next_is_end();
}

/* Each image that is cut short is noticed: at its header. */
static void every_cut(void **state)
{
	size_t image = hand_begin_image(&hand);

	(void)state;
	hand_file(&hand, "main.py", "print(1)");
	hand_end_image(&hand, image);
	for (size_t len = 0; len < hand.len; len++)
		assert_int_equal(open_bytes(hand.bytes, len), -EBADMSG);
}

/* The same image, cut at LEN, and opened all the same. */
static void open_cut(size_t len)
{
	free(exact);
	exact = malloc(len);
	memcpy(exact, hand.bytes, len);
	assert_int_equal(romfs_reader_open_cut(&reader, exact, len, &fault), 0);
	assert_non_null(strstr(fault.what, "cut short"));
	assert_int_equal(fault.offset, 3);
	assert_int_equal(reader.present, len);
	assert_int_equal(reader.size, hand.len);
	cursor = romfs_reader_top(&reader);
}

/* What is whole before a cut is found: also in a directory whose end is gone. */
static void whole_before_a_cut(void **state)
{
	size_t image = hand_begin_image(&hand), lib, first, second, second_end;
	struct romfs_cursor top;

	(void)state;
	hand_file(&hand, "a", "first");
	lib = hand_begin_named(&hand, ROMFS_DIRECTORY, "lib");
	first = hand.len;
	hand_file(&hand, "b", "second");
	second = hand.len;
	hand_file(&hand, "c", "third");
	second_end = hand.len;
	hand_end(&hand, lib);
	hand_file(&hand, "d", "");
	hand_end_image(&hand, image);
	open_cut(second_end - 1);
	next_is_file("a", "first");
	next_is("lib", true);
	top = cursor;
	cursor = romfs_reader_inside(&entry);
	next_is_file("b", "second");
	next_is_bad("cut short in a file", second);
	next_is_end();
	cursor = top;
	next_is_bad("more was to come here", second_end - 1);
	next_is_end();
	open_cut(first);
	next_is_file("a", "first");
	next_is("lib", true);
	cursor = romfs_reader_inside(&entry);
	next_is_bad("more was to come here", first);
	next_is_end();
	open_cut(first + 6); /* kind and length are there, and nothing of the name */
	next_is_file("a", "first");
	next_is("lib", true);
	cursor = romfs_reader_inside(&entry);
	next_is_bad("cut short", first);
	next_is_bad("more was to come here", first + 6);
	next_is_end();
}

static void pointers_behind_a_cut(void **state)
{
	size_t image = hand_begin_image(&hand), at = hand.len;

	(void)state;
	put_pointer("here", 1, 4);
	put_pointer("gone", 3, 200);
	put_pointer("nothing", 0, 200);
	hand_record(&hand, ROMFS_VERBATIM, (char[300]){0}, 300);
	hand_end_image(&hand, image);
	open_cut(at + 150);
	next_is("here", false);
	assert_int_equal(romfs_reader_next(&reader, &cursor, &entry, &fault), -EBADMSG);
	assert_non_null(strstr(fault.what, "data that was cut off"));
	next_is_file("nothing", "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(what_is_no_image, start_anew, end_here),
		cmocka_unit_test_setup_teardown(empty_images, start_anew, end_here),
		cmocka_unit_test_setup_teardown(entries_in_their_order, start_anew, end_here),
		cmocka_unit_test_setup_teardown(records_that_are_skipped, start_anew, end_here),
		cmocka_unit_test_setup_teardown(pointers_to_data, start_anew, end_here),
		cmocka_unit_test_setup_teardown(pointers_to_elsewhere, start_anew, end_here),
		cmocka_unit_test_setup_teardown(pointers_that_are_none, start_anew, end_here),
		cmocka_unit_test_setup_teardown(files_without_data, start_anew, end_here),
		cmocka_unit_test_setup_teardown(records_that_are_too_long, start_anew, end_here),
		cmocka_unit_test_setup_teardown(records_that_are_damaged, start_anew, end_here),
		cmocka_unit_test_setup_teardown(names_that_lead_elsewhere, start_anew, end_here),
		cmocka_unit_test_setup_teardown(a_name_with_nul, start_anew, end_here),
		cmocka_unit_test_setup_teardown(every_cut, start_anew, end_here),
		cmocka_unit_test_setup_teardown(whole_before_a_cut, start_anew, end_here),
		cmocka_unit_test_setup_teardown(pointers_behind_a_cut, start_anew, end_here),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
