/* SPDX-License-Identifier: MIT */
#include "romfs/romfs_check.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/hand_image.h"

static struct hand hand;
static struct romfs_reader reader;
static struct romfs_check check;

static int check_hand(void)
{
	assert_int_equal(romfs_reader_open(&reader, hand.bytes, hand.len, &check.fault), 0);
	return romfs_check_records(&check, &reader);
}

static void is_bad(const char *words, size_t offset, const char *path)
{
	assert_int_equal(check_hand(), -EBADMSG);
	assert_non_null(strstr(check.fault.what, words));
	assert_int_equal(check.fault.offset, offset);
	assert_string_equal(check.path, path);
}

static void what_is_good_is_counted(void **state)
{
	size_t image = hand_begin_image(&hand), lib;

	(void)state;
	hand_file(&hand, "b", "x"); /* no order is asked for */
	hand_file(&hand, "a", "x");
	lib = hand_begin_named(&hand, ROMFS_DIRECTORY, "lib");
	hand_file(&hand, "a", "x");
	hand_file(&hand, "ab", "x");
	hand_end(&hand, lib);
	hand_end_image(&hand, image);
	assert_int_equal(check_hand(), 0);
	assert_int_equal(check.files, 4);
	assert_int_equal(check.directories, 1);
	assert_null(check.fault.what);
}

static void two_of_one_name(void **state)
{
	size_t image = hand_begin_image(&hand), lib, at;

	(void)state;
	hand_file(&hand, "a", "x");
	at = hand.len;
	hand_file(&hand, "a", "y");
	hand_end_image(&hand, image);
	is_bad("two entries", at, "");

	image = hand_begin_image(&hand);
	hand_file(&hand, "a", "x");
	lib = hand_begin_named(&hand, ROMFS_DIRECTORY, "lib");
	hand_file(&hand, "z", "x");
	hand_file(&hand, "m", "x");
	hand_file(&hand, "a", "x");
	at = hand.len;
	hand_end(&hand, hand_begin_named(&hand, ROMFS_DIRECTORY, "m"));
	hand_file(&hand, "z", "x");
	hand_end(&hand, lib);
	hand_end_image(&hand, image);
	is_bad("two entries", at, "lib");
}

/* Of several faults the first in the image is told. */
static void the_first_fault(void **state)
{
	size_t image = hand_begin_image(&hand), lib, at;

	(void)state;
	lib = hand_begin_named(&hand, ROMFS_DIRECTORY, "lib");
	at = hand.len;
	hand_end(&hand, hand_begin_named(&hand, ROMFS_FILE, "nothing.py"));
	hand_end(&hand, lib);
	hand_file(&hand, "a", "x");
	hand_file(&hand, "a", "x");
	hand_file(&hand, "", "x");
	hand_end_image(&hand, image);
	is_bad("no data record", at, "lib/nothing.py");
}

/* Names are the image's own words: of them nothing gets to a terminal, or begins a line of a log. */
static void a_name_that_is_not_printable(void **state)
{
	size_t image = hand_begin_image(&hand), at = hand.len;
	char words[100];
	struct diag diag;

	(void)state;
	hand_end(&hand, hand_begin_named(&hand, ROMFS_FILE, "a\n\033[31mb"));
	hand_end_image(&hand, image);
	is_bad("no data record", at, "a\n\033[31mb");
	assert_int_equal(romfs_check_fail(&check, "x.romfs", &diag), -EBADMSG);
	snprintf(words, sizeof(words), "x.romfs: at offset %zu in a??[31mb: a file has no data record", at);
	assert_string_equal(diag.text, words);
}

static void an_odd_length(void **state)
{
	(void)state;
	memcpy(hand.bytes, "\xd2\xcd\x31\x01\x01", hand.len = 5);
	assert_int_equal(check_hand(), -EBADMSG);
	memcpy(hand.bytes, "\xd2\xcd\x31\x80\x00", hand.len = 5);
	is_bad("not even", 0, "");
	memcpy(hand.bytes, "\xd2\xcd\x31\x00\xff", hand.len = 5);
	assert_int_equal(check_hand(), 0); /* the image itself has 4 bytes */
}

static void note_mpy(void *context, const char *path, const struct mpy_header *header, const char *fault)
{
	char *seen = context;

	sprintf(seen + strlen(seen), "%s %u %s%s;", path, header->version, mpy_arch_name(header->arch), fault ? " bad" : "");
}

static void bytecode(void **state)
{
	char seen[200] = "";
	size_t image = hand_begin_image(&hand), lib;

	(void)state;
	hand_file(&hand, "a.mpy", "M\x06\x13\x1f...");
	lib = hand_begin_named(&hand, ROMFS_DIRECTORY, "lib.mpy");
	hand_file(&hand, "mpy", "no such file");
	hand_file(&hand, "b.mpy", "M\x06\x01\x1f...");
	hand_end(&hand, lib);
	hand_file(&hand, "c.py", "M\x05");
	hand_end_image(&hand, image);
	assert_int_equal(check_hand(), 0);
	assert_int_equal(romfs_check_bytecode(&check, &reader, note_mpy, seen), 0);
	assert_string_equal(seen, "a.mpy 6 armv6m;lib.mpy/b.mpy 6 bytecode;");
	assert_int_equal(romfs_check_bytecode(&check, &reader, NULL, NULL), 0);

	image = hand_begin_image(&hand);
	hand_file(&hand, "old.mpy", "M\x05\x01\x1f...");
	hand_file(&hand, "short.mpy", "M");
	hand_end_image(&hand, image);
	assert_int_equal(check_hand(), 0);
	*seen = '\0';
	assert_int_equal(romfs_check_bytecode(&check, &reader, note_mpy, seen), -EBADMSG);
	assert_string_equal(seen, "old.mpy 5 bytecode bad;short.mpy 0 bytecode bad;");
	assert_string_equal(check.path, "old.mpy");
	assert_memory_equal(reader.bytes + check.fault.offset, "M\x05", 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_good_is_counted), cmocka_unit_test(two_of_one_name),
		cmocka_unit_test(the_first_fault),         cmocka_unit_test(a_name_that_is_not_printable),
		cmocka_unit_test(an_odd_length),           cmocka_unit_test(bytecode),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
