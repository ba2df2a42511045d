/* SPDX-License-Identifier: MIT */
/* mpremote-romfs check */
#include <getopt.h>
#include <stdbool.h>
#include <stdlib.h>

#include "base/json.h"
#include "cli/command.h"
#include "cli/image.h"
#include "cli/say.h"

static void print_mpy(void *context, const char *path, const struct mpy_header *header, const char *fault)
{
	(void)context;
	if (fault)
		return;
	say_name(stdout, path);
	if (header->arch)
		printf(": .mpy %u.%u, native code for %s\n", header->version, header->sub_version, mpy_arch_name(header->arch));
	else
		printf(": .mpy %u, bytecode\n", header->version);
}

static void print_mpy_json(void *context, const char *path, const struct mpy_header *header, const char *fault)
{
	const char **before = context;

	printf("%s\n    {\"path\": ", *before);
	json_print_string(stdout, path);
	printf(", \"version\": %u, \"sub_version\": %u, \"arch\": \"%s\", \"fault\": ", header->version, header->sub_version,
	       mpy_arch_name(header->arch));
	if (fault)
		json_print_string(stdout, fault);
	else
		fputs("null", stdout);
	fputc('}', stdout);
	*before = ",";
}

static void print_fault_json(const struct romfs_check *check)
{
	if (!check->fault.what) {
		fputs("null", stdout);
		return;
	}
	printf("{\"offset\": %zu, \"path\": ", check->fault.offset);
	json_print_string(stdout, check->path);
	fputs(", \"what\": ", stdout);
	json_print_string(stdout, check->fault.what);
	fputc('}', stdout);
}

/* IMAGE's records are good, or CHECK has their fault. Returns what romfs_check_bytecode does. */
static int check_json(struct image *image, const char *path, bool records)
{
	const char *before = "";
	int rc = -1;

	fputs("{\n  \"image\": ", stdout);
	json_print_string(stdout, path);
	if (records) {
		printf(",\n  \"size\": %zu,\n  \"files\": %zu,\n  \"directories\": %zu,\n  \"mpy\": [", image->reader.size,
		       image->check.files, image->check.directories);
		rc = romfs_check_bytecode(&image->check, &image->reader, print_mpy_json, &before);
		fputs(*before ? "\n  ]" : "]", stdout);
	}
	printf(",\n  \"good\": %s,\n  \"fault\": ", rc == 0 ? "true" : "false");
	print_fault_json(&image->check);
	fputs("\n}\n", stdout);
	return rc;
}

static int check_text(struct image *image, const char *path)
{
	int rc = romfs_check_bytecode(&image->check, &image->reader, print_mpy, NULL);
	size_t behind = image->file.size - image->reader.size;

	if (rc < 0)
		return rc;
	say_name(stdout, path);
	printf(": good; %zu bytes, %zu files in %zu directories\n", image->reader.size, image->check.files,
	       image->check.directories + 1);
	if (behind > 0)
		printf("%zu bytes behind the image do not belong to it\n", behind);
	return 0;
}

static int check(const char *path, bool json)
{
	struct image image;
	struct diag diag = {0};
	int rc = image_open(&image, path, &diag);
	bool records = rc == 0;

	if (json && (records || image.check.fault.what))
		rc = check_json(&image, path, records);
	else if (records)
		rc = check_text(&image, path);
	if (rc < 0 && records)
		image_fault(&image.check, path, &diag);
	image_close(&image);
	return rc < 0 ? say_failure(&diag) : EXIT_SUCCESS;
}

static int run(const struct command *command, int argc, char **argv)
{
	static const struct option options[] = {
		{"json", no_argument, NULL, 'j'},
		{"help", no_argument, NULL, 'h'},
		{NULL, 0, NULL, 0},
	};
	bool json = false;
	int option;

	while ((option = getopt_long(argc, argv, ":h", options, NULL)) != -1) {
		if (option == 'h')
			return say_help(command);
		if (option != 'j')
			return say_bad_option(command, option, argv);
		json = true;
	}
	if (argc - optind != 1)
		return say_usage(command, "it takes one IMAGE");
	return check(argv[optind], json);
}

const struct command cmd_check = {
	.name = "check",
	.arguments = "[--json] IMAGE",
	.summary = "check each record of an image and the header of each .mpy",
	.help = "  --json  for programs\n\nEnds with status 1 and the offset of the first fault if there is one.\n",
	.run = run,
};
