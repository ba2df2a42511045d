/* SPDX-License-Identifier: MIT */
/* On real ports: tests/system/vm_no_id.sh and vm_replug.sh. */
#include "board/identity.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static const struct identity with_id = {.unique_id = "e661", .usb_serial = "5A1B", .machine = "Pico", .version = "1.29.0"};

static void the_unique_id_decides(void **state)
{
	struct identity other = with_id;

	(void)state;
	strcpy(other.usb_serial, "another adapter");
	strcpy(other.version, "1.30.0");
	assert_true(identity_is_same(&with_id, &other));
	strcpy(other.unique_id, "e662");
	strcpy(other.usb_serial, with_id.usb_serial);
	assert_false(identity_is_same(&with_id, &other));
	other.unique_id[0] = 0; /* the same adapter, and firmware without an id: nobody knows */
	assert_false(identity_is_same(&with_id, &other));
	assert_false(identity_is_same(&other, &with_id));
}

static void without_one_the_usb_serial_number_decides(void **state)
{
	struct identity ours = with_id, other;

	(void)state;
	ours.unique_id[0] = 0;
	other = ours;
	strcpy(other.version, "1.30.0");
	assert_true(identity_is_same(&ours, &other));
	strcpy(other.usb_serial, "5A1C");
	assert_false(identity_is_same(&ours, &other));
	other.usb_serial[0] = 0;
	assert_false(identity_is_same(&ours, &other));
}

static void without_both_it_is_what_it_says_it_is(void **state)
{
	struct identity ours = {.machine = "linux", .version = "1.29.0", .inode = 7, .device = 1}, other = ours;

	(void)state;
	assert_true(identity_is_same(&ours, &other));
	other.inode = 8;
	assert_false(identity_is_same(&ours, &other));
	other = ours;
	strcpy(other.machine, "Pico");
	assert_false(identity_is_same(&ours, &other));
}

static void it_is_named_by_what_decides(void **state)
{
	struct identity identity = with_id;
	char text[300];

	(void)state;
	assert_string_equal(identity_name(text, sizeof(text), &identity), "Pico with unique id e661");
	identity.unique_id[0] = 0;
	assert_string_equal(identity_name(text, sizeof(text), &identity), "Pico with USB serial number 5A1B");
	identity.usb_serial[0] = 0;
	assert_string_equal(identity_name(text, sizeof(text), &identity), "Pico without an id");
	assert_string_equal(identity_name(text, 5, &identity), "Pico");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_unique_id_decides),
		cmocka_unit_test(without_one_the_usb_serial_number_decides),
		cmocka_unit_test(without_both_it_is_what_it_says_it_is),
		cmocka_unit_test(it_is_named_by_what_decides),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
