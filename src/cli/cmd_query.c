/* SPDX-License-Identifier: MIT */
/* mpremote-romfs query */
#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "board/board_rom_image.h"
#include "cli/command.h"
#include "cli/partition.h"
#include "cli/say.h"
#include "cli/view.h"
#include "romfs/romfs_check.h"

struct query {
	struct device_args args;
	bool json;
	bool one; /* only `number` */
	unsigned number;
};

/* What is in a partition. */
struct found {
	struct partition partition;
	struct board_rom_image image;
	struct romfs_reader reader; /* where neither `empty` nor `fault` */
	struct romfs_check check;
	bool empty, damaged;
};

static int look(struct found *found, struct session *session, unsigned number, struct failure *failure)
{
	int rc = partition_find(&found->partition, session, number, failure);

	if (rc < 0)
		return rc;
	rc = board_rom_image_open(&found->image, session->agent, number, false);
	if (session_is_stopped(session))
		return session_check(session, failure);
	if (rc < 0) {
		failure->kind = FAILURE_BOARD;
		return diag_fail(&failure->diag, DIAG_BOARD, -rc, "partition %u cannot be read: %s", number, strerror(-rc));
	}
	found->empty = found->image.empty;
	if (found->empty)
		return 0;
	rc = romfs_reader_open(&found->reader, found->image.bytes, found->image.size, &found->check.fault);
	if (rc == 0)
		rc = romfs_check_records(&found->check, &found->reader);
	found->damaged = rc == -EBADMSG;
	return rc < 0 && !found->damaged
		       ? failure_is(failure, FAILURE_OTHER, diag_fail(&failure->diag, DIAG_ROMFS, -rc, "not enough memory"))
		       : 0;
}

static void print_text(const struct found *found)
{
	const struct romfs_check *check = &found->check;
	char words[128];

	partition_describe(&found->partition, words, sizeof(words));
	printf("partition %u: %s; ", found->partition.number, words);
	if (found->empty) {
		puts("empty");
	} else if (found->damaged) {
		printf("a damaged image: at offset %zu%s", check->fault.offset, check->path[0] ? " in " : "");
		say_name(stdout, check->path);
		printf(": %s\n", check->fault.what);
	} else {
		printf("an image of %zu bytes, %zu free\n", found->reader.size, found->partition.is.size - found->reader.size);
		view_tree(stdout, &found->reader);
	}
}

static void print_fault(const struct romfs_check *check)
{
	printf(",\n  \"damage\": {\"offset\": %zu, \"path\": ", check->fault.offset);
	json_print_string(stdout, check->path);
	fputs(", \"what\": ", stdout);
	json_print_string(stdout, check->fault.what);
	putchar('}');
}

static void print_json(const struct found *found)
{
	const struct board_partition *is = &found->partition.is;

	printf("{\n  \"partition\": %u,\n  \"kind\": \"%s\",\n  \"size\": %u,\n  \"block_size\": ", found->partition.number,
	       is->is_memory ? "memory" : "block device", is->size);
	if (is->block_size)
		printf("%u", is->block_size);
	else
		fputs("null", stdout);
	printf(",\n  \"state\": \"%s\"", found->empty ? "empty" : found->damaged ? "damaged" : "good");
	if (found->damaged) {
		print_fault(&found->check);
	} else if (!found->empty) {
		printf(",\n  \"image_size\": %zu,\n  \"free\": %zu,\n  \"entries\": ", found->reader.size,
		       is->size - found->reader.size);
		view_json(stdout, &found->reader);
	}
	fputs("\n}", stdout);
}

static void print(const struct query *query, const struct found *found, size_t count)
{
	if (query->json)
		fputs("{\n\"partitions\": [", stdout);
	for (size_t i = 0; i < count; i++) {
		if (query->json && i > 0)
			putchar(',');
		(query->json ? print_json : print_text)(&found[i]);
	}
	if (query->json)
		puts("]\n}");
}

/* Looks at COUNT partitions from FIRST on, and prints what is in them. Returns the exit status or a negative errno with FAILURE. */
static int query_some(const struct query *query, struct session *session, unsigned first, size_t count, struct failure *failure)
{
	struct found *found = calloc(count, sizeof(*found));
	int rc = 0;
	bool damaged = false;

	if (!found)
		return failure_is(failure, FAILURE_OTHER, diag_fail(&failure->diag, DIAG_ROMFS, ENOMEM, "not enough memory"));
	for (size_t i = 0; i < count && rc == 0; i++) {
		rc = look(&found[i], session, first + (unsigned)i, failure);
		damaged = damaged || found[i].damaged;
	}
	if (rc == 0)
		print(query, found, count);
	for (size_t i = 0; i < count; i++)
		board_rom_image_close(&found[i].image);
	free(found);
	return rc == 0 && damaged ? EXIT_FAILURE : rc;
}

static int query_board(const struct query *query)
{
	struct session session;
	struct failure failure = {0};
	int rc = session_open(&session, &query->args, "query", BOARD_AGENT_ROMS, &failure);

	if (rc == 0)
		rc = partition_count(&session, &failure);
	if (rc > 0)
		rc = query_some(query, &session, query->number, query->one ? 1 : (size_t)rc, &failure);
	session_close(&session);
	return rc < 0 ? failure_say(&failure, query->json) : rc;
}

static int run(const struct command *command, int argc, char **argv)
{
	static const struct option options[] = {
		DEVICE_ARGS_LONG,
		{"partition", required_argument, NULL, 'p'},
		{"json", no_argument, NULL, 'j'},
		{"help", no_argument, NULL, 'h'},
		{NULL, 0, NULL, 0},
	};
	struct query query = {0};
	struct diag diag = {0};
	int option;

	device_args_start(&query.args);
	while ((option = getopt_long(argc, argv, ":" DEVICE_ARGS_LETTERS "p:h", options, NULL)) != -1) {
		if (option == 'h')
			return say_help(command);
		if (device_args_has(option)) {
			if (device_args_take(&query.args, option, optarg, &diag) < 0)
				return say_usage(command, "%s", diag.text);
		} else if (option == 'p') {
			query.one = true;
			if (partition_parse(optarg, &query.number) < 0)
				return say_usage(command, "--partition needs a number, not '%s'", optarg);
		} else if (option == 'j') {
			query.json = true;
		} else {
			return say_bad_option(command, option, argv);
		}
	}
	if (optind < argc)
		return say_usage(command, "it takes nothing else, but there is '%s'", argv[optind]);
	return query_board(&query);
}

const struct command cmd_query = {
	.name = "query",
	.arguments = "[OPTION]...",
	.summary = "show a board's ROM partitions and what is in them",
	.help = "  -p, --partition N    only this one\n"
		"  --json               for programs\n" DEVICE_ARGS_HELP
		"\nEnds with status 1 where an image is damaged, and where the board has no ROM partition.\n",
	.run = run,
};
