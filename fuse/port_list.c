/* SPDX-License-Identifier: MIT */
#include "fuse/port_list.h"

#include <string.h>

#include "base/json.h"

/* What a device says of itself can be anything: only what can be printed is, on one line. */
static const char *clean(char *text, size_t size, const char *words)
{
	return diag_printable_line(text, size, words, strlen(words));
}

static const char *what_it_is(const struct device_port *port)
{
	if (port->product)
		return port->product;
	return port->description ? port->description : "serial port";
}

static void print_port(FILE *out, const struct device_port *port, int width)
{
	char text[256];

	fprintf(out, "%-*s  %s", width, port->path, clean(text, sizeof(text), what_it_is(port)));
	if (port->manufacturer)
		fprintf(out, ", %s", clean(text, sizeof(text), port->manufacturer));
	if (port->usb_vendor >= 0)
		fprintf(out, " (USB %04x:%04x)", (unsigned)port->usb_vendor, (unsigned)port->usb_product);
	if (port->serial)
		fprintf(out, ", id:%s", clean(text, sizeof(text), port->serial));
	if (port->held_by)
		fprintf(out, ", held by %s", clean(text, sizeof(text), port->held_by));
	fputc('\n', out);
}

void port_list_print(FILE *out, const struct device_port *ports, size_t count)
{
	int width = 0;
	size_t i;

	for (i = 0; i < count; i++) {
		if ((int)strlen(ports[i].path) > width)
			width = (int)strlen(ports[i].path);
	}
	for (i = 0; i < count; i++)
		print_port(out, &ports[i], width);
}

/* WORDS once they are printable; or null. */
static void print_string(FILE *out, const char *words)
{
	char text[1024];

	if (words)
		json_print_string(out, clean(text, sizeof(text), words));
	else
		fputs("null", out);
}

static void print_member(FILE *out, const char *name, const char *value)
{
	fprintf(out, ", \"%s\": ", name);
	print_string(out, value);
}

static void print_usb_number(FILE *out, const char *name, int number)
{
	if (number < 0)
		fprintf(out, ", \"%s\": null", name);
	else
		fprintf(out, ", \"%s\": \"%04x\"", name, (unsigned)number);
}

void port_list_print_json(FILE *out, const struct device_port *ports, size_t count)
{
	size_t i;

	fputs("[", out);
	for (i = 0; i < count; i++) {
		fprintf(out, "%s\n  {\"path\": ", i ? "," : "");
		print_string(out, ports[i].path);
		print_member(out, "description", ports[i].description);
		print_member(out, "manufacturer", ports[i].manufacturer);
		print_member(out, "product", ports[i].product);
		print_member(out, "serial", ports[i].serial);
		print_usb_number(out, "usb_vendor", ports[i].usb_vendor);
		print_usb_number(out, "usb_product", ports[i].usb_product);
		print_member(out, "held_by", ports[i].held_by);
		fputc('}', out);
	}
	fputs(count ? "\n]\n" : "]\n", out);
}
