/* SPDX-License-Identifier: MIT */
#include "fuse/port_list.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static char pico_path[] = "/dev/ttyACM0", pico[] = "Board in FS mode", maker[] = "Micro\"Python\\", serial[] = "e661\n\x01";
static char held[] = "mpremotefs (pid 7), mounted at /mnt", uart_path[] = "/dev/ttyS0", uart[] = "ttyS0";

static const struct device_port ports[] = {
	{.path = pico_path,
	 .product = pico,
	 .manufacturer = maker,
	 .serial = serial,
	 .usb_vendor = 0x2e8a,
	 .usb_product = 5,
	 .held_by = held},
	{.path = uart_path, .description = uart, .usb_vendor = -1, .usb_product = -1},
};

typedef void print_fn(FILE *out, const struct device_port *list, size_t count);

static char *printed(print_fn *print, size_t count)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	assert_non_null(out);
	print(out, ports, count);
	fclose(out);
	return text;
}

static void people_get_a_table(void **state)
{
	char *text = printed(port_list_print, 2);

	(void)state;
	assert_string_equal(text,
			    "/dev/ttyACM0  Board in FS mode, Micro\"Python\\ (USB 2e8a:0005), id:e661??, held by mpremotefs "
			    "(pid 7), mounted at /mnt\n"
			    "/dev/ttyS0    ttyS0\n");
	free(text);
	text = printed(port_list_print, 0);
	assert_string_equal(text, "");
	free(text);
}

static void programs_get_json(void **state)
{
	char *text = printed(port_list_print_json, 2);

	(void)state;
	assert_string_equal(text,
			    "[\n"
			    "  {\"path\": \"/dev/ttyACM0\", \"description\": null, \"manufacturer\": \"Micro\\\"Python\\\\\", "
			    "\"product\": \"Board in FS mode\", \"serial\": \"e661??\", \"usb_vendor\": \"2e8a\", "
			    "\"usb_product\": \"0005\", \"held_by\": \"mpremotefs (pid 7), mounted at /mnt\"},\n"
			    "  {\"path\": \"/dev/ttyS0\", \"description\": \"ttyS0\", \"manufacturer\": null, \"product\": null, "
			    "\"serial\": null, \"usb_vendor\": null, \"usb_product\": null, \"held_by\": null}\n"
			    "]\n");
	free(text);
	text = printed(port_list_print_json, 0);
	assert_string_equal(text, "[]\n");
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(people_get_a_table),
		cmocka_unit_test(programs_get_json),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
