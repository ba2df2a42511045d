/* SPDX-License-Identifier: MIT */
/* mpremote-romfs check */
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>

#include "base/json.h"
#include "cli/command.h"
#include "cli/image.h"
#include "cli/one_image.h"
#include "cli/say.h"
#include "cli/view.h"

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

/* The bytecode of IMAGE, whose records are good. Returns 0, or a negative errno with DIAG. */
static int check_bytecode(struct image *image, const char *path, romfs_check_mpy_fn *each, void *context, struct diag *diag)
{
	int rc = romfs_check_bytecode(&image->check, &image->reader, each, context);

	if (romfs_file_check(&image->file, path, diag) < 0) {
		image->check.fault.what = NULL; /* nobody knows whose it was */
		return -EIO;
	}
	return rc < 0 ? romfs_check_fail(&image->check, path, diag) : 0;
}

/* RC: what image_open has said. */
static int check_json(struct image *image, const char *path, int rc, struct diag *diag)
{
	const char *before = "";
	bool records = rc == 0;

	image_json_head(path, records ? image->reader.size : 0);
	if (records) {
		printf(",\n  \"files\": %zu,\n  \"directories\": %zu,\n  \"mpy\": [", image->check.files,
		       image->check.directories);
		rc = check_bytecode(image, path, print_mpy_json, &before, diag);
		fputs(*before ? "\n  ]" : "]", stdout);
	}
	printf(",\n  \"good\": %s,\n  \"fault\": ", rc == 0 ? "true" : "false");
	print_fault_json(&image->check);
	fputs("\n}\n", stdout);
	return rc;
}

static int check_text(struct image *image, const char *path, struct diag *diag)
{
	int rc = check_bytecode(image, path, print_mpy, NULL, diag);
	size_t behind = image->file.size - image->reader.size;

	if (rc < 0)
		return rc;
	say_name(stdout, path);
	fputs(": good; ", stdout);
	view_totals(stdout, image->reader.size, &image->check);
	putchar('\n');
	if (behind > 0) {
		say_count(stdout, behind, "byte", "bytes");
		puts(behind == 1 ? " behind the image does not belong to it" : " behind the image do not belong to it");
	}
	return 0;
}

static int check(const char *path, bool json)
{
	struct image image;
	struct diag diag = {0};
	int rc = image_open(&image, path, &diag);

	if (json && (rc == 0 || image.check.fault.what))
		rc = check_json(&image, path, rc, &diag);
	else if (rc == 0)
		rc = check_text(&image, path, &diag);
	image_close(&image);
	return rc < 0 ? say_failure(&diag) : EXIT_SUCCESS;
}

static int run(const struct command *command, int argc, char **argv)
{
	return one_image_run(command, argc, argv, check);
}

const struct command cmd_check = {
	.name = "check",
	.arguments = "[--json] IMAGE",
	.summary = "check each record of an image and the header of each .mpy",
	.help = "  --json  for programs\n\nEnds with status 1 and the offset of the first fault if there is one.\n",
	.run = run,
};
