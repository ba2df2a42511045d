/* SPDX-License-Identifier: MIT */
#include "board/greeting.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <syslog.h>
#include <time.h>

#include "board/requests.h"

enum { EPOCH_2000 = 946684800 }; /* seconds from 1970 to 2000 */

/* What AGENT_INFO tells, a line each. */
enum info_line {
	INFO_MACHINE,
	INFO_VERSION,
	INFO_UNIQUE_ID,
	INFO_EPOCH,
	INFO_WINDOW_BITS,
	INFO_HASHES,
	INFO_INODE,
	INFO_DEVICE,
	INFO_IS_DIR,
	INFO_ROMS,
	INFO_MPY,
	INFO_FILE_SYSTEMS,
	INFO_LINES
};

/* Splits TEXT into its lines, in place. Returns how many of at most INFO_LINES there are. */
static int split_lines(char *text, char *lines[INFO_LINES])
{
	int count = 0;

	for (char *line = text; line && count < INFO_LINES; count++) {
		lines[count] = line;
		line = strchr(line, '\n');
		if (line)
			*line++ = 0;
	}
	return count;
}

/* Whether the board's directory INODE of DEVICE is PATH on this computer. */
static bool is_here(const char *path, long long inode, long long device)
{
	struct stat here;

	return !stat(path, &here) && (long long)here.st_ino == inode && (long long)here.st_dev == device;
}

/* A board on which the top is a directory of this computer must not show all of it, nor hold the mount point. */
static int check_root(struct board_agent *board, long long inode, long long device, struct diag *diag)
{
	const char *mount_point = board->mount_point;
	char path[4096];

	if (!inode)
		return 0; /* no board's own file system counts inodes: only a computer's does */
	if (!board->root_given)
		return diag_fail(
			diag, DIAG_BOARD, EINVAL,
			"%s: the root of this board is %s: it is MicroPython's unix port without a flash of its own; give "
			"the directory that is to be mounted with -o root=DIR",
			board->device, is_here("/", inode, device) ? "this computer's own" : "a computer's file system");
	if (!mount_point)
		return 0;
	snprintf(path, sizeof(path), "%s", mount_point);
	for (;;) {
		if (is_here(path, inode, device))
			return diag_fail(diag, DIAG_BOARD, EINVAL,
					 "%s: the board's directory %s is this computer's %s, which holds the "
					 "mount point %s: a directory cannot be mounted inside itself",
					 board->device, board->root[0] ? board->root : "/", path, mount_point);
		char *slash = strrchr(path, '/');
		if (!slash || !strcmp(path, "/"))
			return 0;
		slash[slash == path ? 1 : 0] = 0;
	}
}

/* Asks the board on which the agent was just started what it is. TEXT has SIZE bytes. */
static int ask_info(struct board_agent *board, struct launch *launch, char *text, size_t size, struct diag *diag)
{
	const char *top = board->root[0] ? board->root : "/";
	struct exchange_request request = {.op = AGENT_INFO,
					   .payload = (const uint8_t *)top,
					   .len = strlen(top),
					   .answer = (uint8_t *)text,
					   .answer_room = size - 1};
	int error = -ENAMETOOLONG;

	if (request.len <= launch_session(launch)->block) {
		launch_call(launch, &request);
		error = requests_outcome(board, &request, "/");
	}
	text[request.answer_len] = 0;
	if (error == -ENOENT)
		return diag_fail(diag, DIAG_BOARD, ENOENT, "%s: the board has no directory %s (-o root=)", board->device, top);
	if (error)
		return diag_fail(diag, DIAG_BOARD, -error, "%s: the board does not tell what it is: %s", board->device,
				 strerror(-error));
	return 0;
}

static void copy_line(char *out, size_t size, const char *line)
{
	diag_printable(out, size, line, strlen(line));
}

/* What the board is, by the LINES of its AGENT_INFO and by its port. */
static void identify(struct board_agent *board, char *const lines[INFO_LINES], struct identity *out)
{
	copy_line(out->machine, sizeof(out->machine), lines[INFO_MACHINE]);
	copy_line(out->version, sizeof(out->version), lines[INFO_VERSION]);
	copy_line(out->unique_id, sizeof(out->unique_id), lines[INFO_UNIQUE_ID]);
	device_usb_serial(out->usb_serial, sizeof(out->usb_serial), bytelink_device(board->link));
	out->inode = atoll(lines[INFO_INODE]);
	out->device = atoll(lines[INFO_DEVICE]);
}

static int refuse(struct board_agent *board, const struct identity *other, struct diag *diag)
{
	char ours[300], theirs[300];

	return diag_fail(
		diag, DIAG_BOARD, EMEDIUMTYPE,
		"%s: another board is there: the mount is of %s, this is %s. It is left alone, and the mount goes on when "
		"its own board is plugged in there",
		bytelink_device(board->link), identity_name(ours, sizeof(ours), &board->identity),
		identity_name(theirs, sizeof(theirs), other));
}

/* What the board can do, which another firmware may have changed. */
static void learn(struct board_agent *board, char *const lines[INFO_LINES])
{
	board->epoch = atoi(lines[INFO_EPOCH]) == 2000 ? EPOCH_2000 : 0;
	board->hashes = atoi(lines[INFO_HASHES]) == 1;
	board->offered_bits = atoi(lines[INFO_WINDOW_BITS]);
	board->rom_count = atoi(lines[INFO_ROMS]);
	board->mpy = atoi(lines[INFO_MPY]);
}

/* The board's clock, in UTC as the times of files are understood. Boards without an RTC say so in the log. */
static void set_clock(struct board_agent *board, struct launch *launch)
{
	char python[128];
	struct diag diag = {0};
	time_t now = time(NULL);
	struct tm tm;

	gmtime_r(&now, &tm);
	int len = snprintf(python, sizeof(python), "from machine import RTC\nRTC().datetime((%d,%d,%d,%d,%d,%d,%d,0))\n",
			   tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday, (tm.tm_wday + 6) % 7, tm.tm_hour, tm.tm_min, tm.tm_sec);
	if (launch_load(launch, python, (size_t)len, &diag))
		board_agent_log(board, LOG_WARNING, "%s: the board's clock cannot be set (-o settime): %s", board->device,
				diag.text);
}

int greeting_meet(void *context, struct launch *launch, struct diag *diag)
{
	struct board_agent *board = context;
	char text[AGENT_PAYLOAD_MAX + 1], *lines[INFO_LINES];
	struct identity identity = {0};
	int error = ask_info(board, launch, text, sizeof(text), diag);

	if (error)
		return error;
	if (split_lines(text, lines) != INFO_LINES)
		return diag_fail(diag, DIAG_BOARD, EPROTO, "%s: the board's description of itself makes no sense", board->device);
	identify(board, lines, &identity);
	if (board->met && !identity_is_same(&board->identity, &identity))
		return refuse(board, &identity, diag);
	if (strcmp(lines[INFO_IS_DIR], "1"))
		return diag_fail(diag, DIAG_BOARD, ENOTDIR, "%s: %s on the board is not a directory (-o root=)", board->device,
				 board->root);
	if (!board->met)
		error = check_root(board, identity.inode, identity.device, diag);
	if (error)
		return error;
	if (!board->met)
		board->identity = identity;
	board->met = true;
	learn(board, lines);
	if (mounts_learn(&board->mounts, lines[INFO_FILE_SYSTEMS]))
		return diag_fail(diag, DIAG_BOARD, ENOMEM, "not enough memory on this computer");
	if (board->options.settime)
		set_clock(board, launch);
	return 0;
}
