/* SPDX-License-Identifier: MIT */
/* mpremote-romfs dump */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "board/board_rom_image.h"
#include "cli/command.h"
#include "cli/image.h"
#include "cli/partition.h"
#include "cli/progress.h"
#include "cli/say.h"
#include "cli/whole_file.h"

enum {
	AT_ONCE = 16384, /* bytes that are asked for at once */
	HEAD = 16,       /* bytes that tell how long an image is: its kind and its length */
};

struct dump {
	struct device_args args;
	unsigned number;
	const char *output;
	bool json;
	/* what is read */
	struct partition partition;
	uint8_t *bytes; /* as many as the partition has; only the image's are read */
	struct romfs_reader reader;
	struct romfs_check check;
};

/* RC is what was found out about the image. */
static int no_image(struct dump *dump, int rc, struct failure *failure)
{
	char name[32];

	if (rc == 0)
		return 0;
	if (rc != -EBADMSG)
		return failure_is(failure, FAILURE_OTHER, diag_fail(&failure->diag, DIAG_ROMFS, -rc, "not enough memory"));
	failure->kind = FAILURE_IMAGE;
	snprintf(name, sizeof(name), "partition %u", dump->number);
	if (board_rom_image_is_empty(dump->bytes))
		return diag_fail(&failure->diag, DIAG_ROMFS, EBADMSG, "%s is empty", name);
	return romfs_check_fail(&dump->check, name, &failure->diag);
}

/* Reads the image's header, and so its length. */
static int read_head(struct dump *dump, struct failure *failure)
{
	uint32_t size = dump->partition.is.size;
	int rc;

	dump->bytes = calloc(1, (size_t)size + HEAD);
	if (!dump->bytes)
		return no_image(dump, -ENOMEM, failure);
	rc = partition_read(&dump->partition, dump->bytes, 0, size < HEAD ? size : HEAD, &failure->diag);
	if (rc < 0)
		return failure_is(failure, FAILURE_BOARD, rc);
	return no_image(dump, romfs_reader_open(&dump->reader, dump->bytes, size, &dump->check.fault), failure);
}

static int read_image(struct dump *dump, struct failure *failure)
{
	uint32_t size = (uint32_t)dump->reader.size, n;
	struct progress progress;
	int rc = 0;

	progress_start(&progress, "reading");
	for (uint32_t at = 0; at < size && rc == 0; at += n) {
		n = size - at < AT_ONCE ? size - at : AT_ONCE;
		progress_show(&progress, at, size);
		rc = partition_read(&dump->partition, dump->bytes + at, at, n, &failure->diag);
		if (session_is_stopped(dump->partition.session))
			break;
	}
	progress_end(&progress);
	if (session_is_stopped(dump->partition.session))
		return session_check(dump->partition.session, failure);
	if (rc < 0)
		return failure_is(failure, FAILURE_BOARD, rc);
	return no_image(dump, romfs_check_records(&dump->check, &dump->reader), failure);
}

static int write_image(const struct dump *dump, struct failure *failure)
{
	int rc = whole_file_write(AT_FDCWD, dump->output, dump->bytes, dump->reader.size, true, NULL, NULL);

	if (rc == 0)
		return 0;
	diag_fail(&failure->diag, DIAG_ROMFS, -rc, "%s: cannot be written: %s", dump->output, strerror(-rc));
	return failure_is(failure, FAILURE_OTHER, rc);
}

static void print(const struct dump *dump)
{
	if (!dump->json) {
		say_name(stdout, dump->output);
		printf(": %zu bytes, the image in partition %u\n", dump->reader.size, dump->number);
		return;
	}
	fputs("{\n  \"output\": ", stdout);
	json_print_string(stdout, dump->output);
	printf(",\n  \"partition\": %u,\n  \"size\": %zu\n}\n", dump->number, dump->reader.size);
}

static int dump_board(struct dump *dump)
{
	struct session session;
	struct failure failure = {0};
	int rc = session_open(&session, &dump->args, "dump", BOARD_AGENT_ROMS, &failure);

	if (rc == 0)
		rc = partition_find(&dump->partition, &session, dump->number, &failure);
	if (rc == 0)
		rc = read_head(dump, &failure);
	if (rc == 0)
		rc = read_image(dump, &failure);
	session_close(&session);
	if (rc == 0)
		rc = write_image(dump, &failure);
	if (rc == 0)
		print(dump);
	free(dump->bytes);
	return rc < 0 ? failure_say(&failure, dump->json) : EXIT_SUCCESS;
}

static int run(const struct command *command, int argc, char **argv)
{
	static const struct option options[] = {
		DEVICE_ARGS_LONG,
		{"partition", required_argument, NULL, 'p'},
		{"output", required_argument, NULL, 'o'},
		{"json", no_argument, NULL, 'j'},
		{"help", no_argument, NULL, 'h'},
		{NULL, 0, NULL, 0},
	};
	struct dump dump = {0};
	struct diag diag = {0};
	int option;

	device_args_start(&dump.args);
	while ((option = getopt_long(argc, argv, ":" DEVICE_ARGS_LETTERS "p:o:h", options, NULL)) != -1) {
		if (option == 'h')
			return say_help(command);
		if (device_args_has(option)) {
			if (device_args_take(&dump.args, option, optarg, &diag) < 0)
				return say_usage(command, "%s", diag.text);
		} else if (option == 'p') {
			if (partition_parse(optarg, &dump.number) < 0)
				return say_usage(command, "--partition needs a number, not '%s'", optarg);
		} else if (option == 'o') {
			dump.output = optarg;
		} else if (option == 'j') {
			dump.json = true;
		} else {
			return say_bad_option(command, option, argv);
		}
	}
	if (optind < argc)
		return say_usage(command, "it takes nothing else, but there is '%s'", argv[optind]);
	if (!dump.output)
		return say_usage(command, "it needs -o IMAGE, the file to write");
	return dump_board(&dump);
}

const struct command cmd_dump = {
	.name = "dump",
	.arguments = "[OPTION]... -o IMAGE",
	.summary = "read the image out of a board's ROM partition",
	.help = "  -p, --partition N    which (0)\n"
		"  -o, --output IMAGE   the file to write\n"
		"  --json               for programs\n" DEVICE_ARGS_HELP
		"\nThe image is checked first; there is no file where it is damaged.\n",
	.run = run,
};
