/* SPDX-License-Identifier: MIT */
#include "board/board_agent.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>

#include "agent/agent_parts.h"
#include "base/le.h"
#include "board/board_agent_state.h"
#include "board/fat_name.h"
#include "board/file_systems.h"
#include "board/greeting.h"
#include "board/reading.h"
#include "board/renaming.h"
#include "board/requests.h"
#include "board/roms.h"
#include "board/writing.h"

static struct board_agent *of(struct board *board)
{
	return (struct board_agent *)board;
}

void board_agent_log(struct board_agent *board, int level, const char *format, ...)
{
	char text[1024];
	va_list arguments;

	if (!board->options.log)
		return;
	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	board->options.log(board->options.log_context, level, text);
}

static enum board_kind op_kind(struct board *base, const char *dir)
{
	return file_systems_kind(mounts_now(&of(base)->mounts), dir);
}

static size_t op_top(struct board *base, const char *path)
{
	return file_systems_top(mounts_now(&of(base)->mounts), path);
}

static int op_stat(struct board *base, const char *path, struct board_stat *out)
{
	struct board_agent *board = of(base);
	int error = requests_stat(board, path, out);

	/* A board that came back meanwhile may have had it under a temporary's name. */
	return writing_catch_up(board) ? requests_stat(board, path, out) : error;
}

/* Hands the entries in the answer of AGENT_LIST on, LEN bytes at ANSWER. */
static int each_entry(struct board_agent *board, const char *dir, const uint8_t *answer, size_t len, board_entry_fn *each,
		      void *context)
{
	struct listing listing = {answer, len, board->epoch};
	struct listing_entry entry;
	enum listing_event event;
	bool fat = op_kind(&board->base, dir) == BOARD_FAT;
	int error = 0;

	while (!error && (event = listing_next(&listing, &entry)) != LISTING_END) {
		if (event == LISTING_REFUSED)
			board_agent_log(board, LOG_WARNING, "%s: %s holds a name that no directory here can hold: left out",
					board->device, dir);
		else if (event == LISTING_CUT)
			error = -EIO;
		else if (event == LISTING_ENTRY && !(fat && fat_name_is_torn(entry.name)))
			error = each(context, entry.name, &entry.stat);
	}
	return error;
}

static int op_list(struct board *base, const char *path, board_entry_fn *each, void *context)
{
	struct board_agent *board = of(base);
	uint8_t *answer;
	size_t len;
	int error = requests_list(board, path, &answer, &len);

	if (!error && writing_settle(board, path, answer, len)) {
		free(answer);
		error = requests_list(board, path, &answer, &len);
	}
	if (!error)
		error = each_entry(board, path, answer, len, each, context);
	free(answer);
	return error;
}

static ssize_t op_read(struct board *base, const char *path, void *buf, size_t len, uint64_t offset)
{
	return reading_read(of(base), path, buf, len, offset);
}

static void op_ahead(struct board *base, const char *path, uint64_t size)
{
	reading_ahead(of(base), path, size);
}

static int op_hash(struct board *base, struct board_hash *files, size_t count)
{
	return reading_hash(of(base), files, count);
}

static int op_replace(struct board *base, const char *path, const struct board_content *content, struct board_stat *out)
{
	return writing_replace(of(base), path, content, out);
}

static int op_append(struct board *base, const char *path, const struct board_content *content, uint64_t from,
		     struct board_stat *out)
{
	return writing_append(of(base), path, content, from, out);
}

static int change(struct board *base, uint8_t op, const char *path)
{
	int error = requests_call_path(of(base), op, EXCHANGE_CHANGES, NULL, 0, path, NULL, 0, NULL);

	ahead_forget(of(base)->ahead);
	return error;
}

static int op_mkdir(struct board *base, const char *path)
{
	return change(base, AGENT_MKDIR, path);
}

static int op_rmdir(struct board *base, const char *path)
{
	return change(base, AGENT_RMDIR, path);
}

static int op_remove(struct board *base, const char *path)
{
	return change(base, AGENT_REMOVE, path);
}

static int op_rename(struct board *base, const char *from, const char *to, bool noreplace)
{
	return renaming_rename(of(base), from, to, noreplace);
}

static int op_statfs(struct board *base, const char *path, struct board_statfs *out)
{
	return requests_statfs(of(base), path, out);
}

static const struct board_info *op_info(struct board *base)
{
	return &of(base)->info;
}

static unsigned op_session(struct board *base)
{
	return agent_session(of(base)->agent).number;
}

static void board_agent_free(struct board_agent *board)
{
	packer_close(board->packer);
	pthread_mutex_destroy(&board->writing);
	room_destroy(&board->room);
	pthread_mutex_destroy(&board->loading);
	free(board->purpose);
	free(board->root);
	free(board->device);
	free(board->mount_point);
	mounts_free(&board->mounts);
	free(board);
}

static void op_close(struct board *base)
{
	struct board_agent *board = of(base);

	ahead_close(board->ahead);
	agent_close(board->agent, board->options.restart);
	board_agent_free(board);
}

static const struct board_ops ops = {
	.kind = op_kind,
	.top = op_top,
	.stat = op_stat,
	.list = op_list,
	.read = op_read,
	.ahead = op_ahead,
	.hash = op_hash,
	.replace = op_replace,
	.append = op_append,
	.mkdir = op_mkdir,
	.rmdir = op_rmdir,
	.remove = op_remove,
	.rename = op_rename,
	.statfs = op_statfs,
	.info = op_info,
	.session = op_session,
	.rom = &roms_ops,
	.close = op_close,
};

static int no_memory(struct diag *diag)
{
	return diag_fail(diag, DIAG_BOARD, ENOMEM, "not enough memory on this computer");
}

/* "/lib/" to "/lib", "/" to "", "lib" to "/lib". NULL: no memory. */
static char *clean_root(const char *root)
{
	while (root && *root == '/')
		root++;
	if (!root || !*root)
		return strdup("");
	char *clean = malloc(strlen(root) + 2);
	if (!clean)
		return NULL;
	sprintf(clean, "/%s", root);
	for (size_t len = strlen(clean); len > 1 && clean[len - 1] == '/'; len--)
		clean[len - 1] = 0;
	return clean;
}

static struct board_agent *board_agent_new(const char *device, const struct board_agent_options *options)
{
	struct board_agent *board = calloc(1, sizeof(*board));

	if (!board)
		return NULL;
	board->base.ops = &ops;
	board->options = *options;
	board->device = strdup(device);
	board->root = clean_root(options->root);
	board->root_given = options->root != NULL;
	board->purpose = options->device.purpose ? strdup(options->device.purpose) : NULL;
	board->mount_point = options->mount_point ? strdup(options->mount_point) : NULL;
	board->is_mount = options->mount_point;
	board->partition_number = -1;
	board->options.root = board->options.mount_point = board->options.device.purpose = NULL;
	pthread_mutex_init(&board->writing, NULL);
	room_init(&board->room);
	pthread_mutex_init(&board->loading, NULL);
	board->info = (struct board_info){.read_only = options->read_only,
					  .machine = board->identity.machine,
					  .version = board->identity.version,
					  .unique_id = board->identity.unique_id,
					  .usb_serial = board->identity.usb_serial,
					  .device = "",
					  .root = board->root,
					  .warning = board->warning};
	if (board->device && board->root && (board->purpose || !options->device.purpose) &&
	    (board->mount_point || !options->mount_point))
		return board;
	board_agent_free(board);
	return NULL;
}

/* Of a program that was stopped. */
static const char *when_it_starts(const struct board_agent *board)
{
	if (!board->is_mount)
		return "at the board's next reset.";
	return board->options.restart
		       ? "when you unmount. With -o nointerrupt a running program is left alone and the mount refused."
		       : "at the board's next reset, which with -o restart comes when you unmount. With -o nointerrupt a "
			 "running program is left alone and the mount refused.";
}

/* What the user is told once. */
static void note_session(struct board_agent *board)
{
	struct agent_session session = agent_session(board->agent);
	size_t len = 0;

	if (session.interrupted)
		len = (size_t)snprintf(board->warning, sizeof(board->warning),
				       "%s: the board was %s, which was stopped; it starts again %s", board->device,
				       rawrepl_state_words(session.found), when_it_starts(board));
	if (session.text && len < sizeof(board->warning))
		snprintf(board->warning + len, sizeof(board->warning) - len,
			 "%s%s: %s: all goes there as text, which is slower and gives the same results.", len ? "\n" : "",
			 board->device, session.text);
}

#define PART(name)                                \
	{                                         \
		agent_##name, &agent_##name##_len \
	}

/* The parts of the agent for the board's use, in *COUNT. */
static const struct agent_part *parts_of(const struct board_agent_options *options, size_t *count)
{
	static const struct agent_part files[] = {PART(base), PART(info), PART(files), PART(inflate), PART(changes)};
	static const struct agent_part roms[] = {PART(base), PART(info), PART(rom), PART(rom_records)};
	static const struct agent_part rom_changes[] = {PART(base), PART(info), PART(rom), PART(inflate), PART(rom_changes)};
	enum { TO_READ_FILES = 3 };

	switch (options->use) {
	case BOARD_AGENT_ROMS:
		*count = sizeof(roms) / sizeof(roms[0]);
		return roms;
	case BOARD_AGENT_ROM_CHANGES:
		*count = sizeof(rom_changes) / sizeof(rom_changes[0]);
		return rom_changes;
	case BOARD_AGENT_FILES:
		break;
	}
	*count = options->read_only ? TO_READ_FILES : sizeof(files) / sizeof(files[0]);
	return files;
}

static int start_agent(struct board_agent *board, struct diag *diag)
{
	size_t count;
	const struct agent_part *parts = parts_of(&board->options, &count);
	const struct agent_options options = {
		.timeout_us = board->options.timeout_us,
		.reconnect_us = board->options.reconnect_us,
		.nointerrupt = board->options.nointerrupt,
		.noreconnect = board->options.noreconnect,
		.parts = parts,
		.part_count = count,
		.greet = greeting_meet,
		.greet_context = board,
		.ending = board->options.ending,
		.ending_context = board->options.ending_context,
		.trace = board->options.trace,
		.log = board->options.log,
		.log_context = board->options.log_context,
	};

	return agent_open(&board->agent, board->link, &options, diag);
}

static int start(struct board_agent *board, const char *device, struct diag *diag)
{
	int error = device_open(&board->link, device, &board->options.device, diag);

	if (error)
		return error;
	/* `auto` says little in a message. */
	char *path = strdup(bytelink_device(board->link));
	if (path) {
		free(board->device);
		board->device = path;
	}
	board->info.device = board->device;
	error = start_agent(board, diag);
	if (error) {
		bytelink_close(board->link);
		return error;
	}
	board->ahead = ahead_open(board->agent);
	if (!board->ahead || writing_start(board)) {
		ahead_close(board->ahead);
		agent_close(board->agent, false);
		return no_memory(diag);
	}
	note_session(board);
	return 0;
}

int board_agent_open(struct board **out, const char *device, const struct board_agent_options *options, struct diag *diag)
{
	struct board_agent *board = board_agent_new(device, options);

	*out = NULL;
	if (!board)
		return no_memory(diag);
	int error = start(board, device, diag);
	if (error) {
		board_agent_free(board);
		return error;
	}
	*out = &board->base;
	return 0;
}

int board_agent_run(struct board *board)
{
	struct board_agent *self = of(board);

	/* The lock on the port names the process that holds it, and that is another one now. */
	if (self->purpose)
		device_set_purpose(self->link, self->purpose);
	return agent_run(self->agent);
}
