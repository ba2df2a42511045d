/* SPDX-License-Identifier: MIT */
/* mpremotefs: mounts the files of a MicroPython board. */
#include <errno.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>

#include "base/standard_io.h"
#include "board/board_agent.h"
#include "board/board_cache.h"
#include "board/board_image.h"
#include "board/board_mend.h"
#include "board/board_roms.h"
#include "fuse/background.h"
#include "fuse/mount_log.h"
#include "fuse/mount_point.h"
#include "fuse/mount_session.h"
#include "fuse/options.h"
#include "fuse/port_list.h"
#include "fuse/times_store.h"

/* mount(8), "External helpers", has its own numbers. */
enum { EXIT_USAGE = 2, EXIT_HELPER_USAGE = 1, EXIT_HELPER_MOUNT = 32 };

struct mount {
	const struct options *options;
	struct mount_log *log;
	char *mount_point;   /* absolute */
	struct board *agent; /* owned by BOARD, as the cache on it; NULL: an image */
	struct board *board; /* the topmost of what is open */
	struct operations operations;
};

static const char *program_name(const struct options *options)
{
	return options->helper ? "mount.mpremote" : "mpremotefs";
}

static int failure(const struct options *options)
{
	return options->helper ? EXIT_HELPER_MOUNT : EXIT_FAILURE;
}

/* Small stacks and few heaps: a mount stays for days, and mostly waits. */
static void save_memory(void)
{
	setenv("FUSE_THREAD_STACK", "524288", 0);
#ifdef __GLIBC__
	mallopt(M_ARENA_MAX, 2);
	mallopt(M_MMAP_THRESHOLD, 64 << 10);
	mallopt(M_TRIM_THRESHOLD, 256 << 10);
#endif
}

/* For the board: whether it is not worth waiting for any more. */
static bool is_ending(void *context)
{
	struct mount *mount = context;

	return mount_session_is_ending(&mount->operations);
}

static int open_board(struct mount *mount, struct diag *diag)
{
	const struct options *options = mount->options;
	struct board_agent_options about = {
		.device = options->device_options,
		.root = options->root,
		.mount_point = mount->mount_point,
		.timeout_us = options->device_options.timeout_us,
		.reconnect_us = options->reconnect_us,
		.nointerrupt = options->nointerrupt,
		.read_only = options->read_only,
		.noreconnect = options->noreconnect,
		.restart = options->restart,
		.settime = options->settime,
		.trace = options->debug,
		.ending = is_ending,
		.ending_context = mount,
		.log = mount_log_say,
		.log_context = mount->log,
	};
	const struct board_roms_options roms = {.hide = options->noromfs, .log = mount_log_say, .log_context = mount->log};
	char *purpose;
	int rc;

	if (asprintf(&purpose, "mounted at %s", mount->mount_point) < 0)
		return diag_fail(diag, DIAG_FUSE, ENOMEM, "not enough memory");
	about.device.purpose = purpose;
	rc = board_agent_open(&mount->agent, options->device, &about, diag);
	free(purpose);
	if (rc < 0)
		return rc;
	mount->board = mount->agent;
	rc = board_cache_open(&mount->board, mount->agent, (int64_t)(options->attr_timeout * 1e6), NULL);
	if (rc == 0)
		rc = board_mend_open(&mount->board, mount->board, mount_log_say, mount->log);
	if (rc == 0)
		rc = board_roms_open(&mount->board, mount->board, &roms);
	return rc < 0 ? diag_fail(diag, DIAG_FUSE, -rc, "not enough memory") : 0;
}

/* A file that is an image needs no board. */
static int open_device(struct mount *mount, struct diag *diag)
{
	const struct options *options = mount->options;

	if (board_image_is(options->device))
		return board_image_open(&mount->board, options->device, options->root, options->force, diag);
	return open_board(mount, diag);
}

/* The board's threads leave signals to the thread that waits for them. */
static int run_board(struct mount *mount, struct diag *diag)
{
	sigset_t all, old;
	int rc;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	rc = board_agent_run(mount->agent);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	return rc < 0 ? diag_fail(diag, DIAG_BOARD, -rc, "cannot start the line's thread: %s", strerror(-rc)) : 0;
}

static int open_files(struct mount *mount, bool read_only, struct diag *diag)
{
	char *folder = mount->agent ? times_store_folder() : NULL; /* an image has nothing that could be kept */
	char board[2048];
	const struct vfs_options about = {
		.uid = mount->options->uid,
		.gid = mount->options->gid,
		.umask = mount->options->umask,
		.read_only = read_only,
		.times_folder = folder,
		.times_board = board,
		.log = mount_log_say,
		.log_context = mount->log,
	};
	int rc;

	times_store_board(board, sizeof(board), board_info(mount->board));
	rc = vfs_open(&mount->operations.vfs, mount->board, &about);
	free(folder);
	if (rc < 0)
		return diag_fail(diag, DIAG_FUSE, -rc,
				 "no folder for temporary files can be written to ($TMPDIR, /var/tmp, /tmp): %s", strerror(-rc));
	return 0;
}

static int open_mount(struct mount *mount, struct diag *diag)
{
	bool read_only = mount->options->read_only;
	int rc = open_device(mount, diag);

	if (rc < 0)
		return rc;
	mount_log_say(mount->log, LOG_WARNING, board_info(mount->board)->warning);
	read_only = read_only || board_info(mount->board)->read_only;
	mount->operations.timeout = mount->options->attr_timeout;
	rc = open_files(mount, read_only, diag);
	if (rc == 0 && mount->agent)
		rc = run_board(mount, diag);
	if (rc == 0)
		rc = mount_session_open(&mount->operations, mount->options, mount->mount_point, read_only, diag);
	return rc;
}

/* First nobody can write any more, then what was written goes to the board, then the board is left. */
static void close_mount(struct mount *mount)
{
	mount_session_close(&mount->operations);
	vfs_close(mount->operations.vfs);
	board_close(mount->board);
}

static int say_failure(struct mount_log *log, const struct diag *diag)
{
	mount_log_say(log, LOG_ERR, diag->text);
	return -diag->err;
}

/* Mounts, serves and unmounts. READY: for background_ready; -1: stay in the foreground. Returns 0 or a negative errno. */
static int serve(struct mount *mount, int ready)
{
	struct diag diag = {0};
	int rc = open_mount(mount, &diag);

	if (rc < 0)
		say_failure(mount->log, &diag);
	if (rc == 0 && mount->options->verbose)
		printf("%s mounted at %s\n", mount->options->device, mount->mount_point);
	if (rc == 0 && ready >= 0) {
		fflush(stdout);
		mount_log_to_syslog(mount->log);
		background_ready(ready);
	}
	if (rc == 0) {
		rc = mount_session_run(&mount->operations);
		if (rc < 0)
			mount_log_say(mount->log, LOG_ERR, "the kernel has ended the mount");
	}
	close_mount(mount);
	return rc;
}

/* `mpremotefs DEVICE MOUNTPOINT`, from the checks on. Returns the exit status. */
static int mount_command(const struct options *options, struct mount_log *log)
{
	struct mount mount = {.options = options, .log = log, .operations = {.ending_lock = PTHREAD_MUTEX_INITIALIZER}};
	struct diag diag = {0};
	int ready = -1, status = EXIT_SUCCESS;
	bool hides;
	int rc = mount_point_check(options->mount_point, options->allow_other, &mount.mount_point, &hides, &diag);

	if (rc < 0) {
		say_failure(log, &diag);
		return failure(options);
	}
	if (hides)
		mount_log_say(log, LOG_NOTICE,
			      "the mount point is not empty; what is in it is hidden until the board is unmounted");
	if (!options->fake && !options->foreground)
		rc = background_fork(&ready, &status);
	if (rc < 0) {
		mount_log_say(log, LOG_ERR, "cannot go to the background: no second process can be started");
		status = failure(options);
	} else if (rc == 0 && !options->fake) {
		status = serve(&mount, ready) < 0 ? failure(options) : EXIT_SUCCESS;
	}
	free(mount.mount_point);
	return status;
}

static int list_command(const struct options *options, struct mount_log *log)
{
	struct device_port *ports;
	struct diag diag = {0};
	size_t count;

	if (device_list(&ports, &count, true, &diag) < 0) {
		say_failure(log, &diag);
		return EXIT_FAILURE;
	}
	if (options->json)
		port_list_print_json(stdout, ports, count);
	else
		port_list_print(stdout, ports, count);
	if (count == 0)
		mount_log_say(log, LOG_NOTICE, "no serial port found; is the board plugged in with a cable that carries data?");
	device_list_free(ports, count);
	return EXIT_SUCCESS;
}

static int run(const struct options *options, struct mount_log *log)
{
	switch (options->command) {
	case OPTIONS_HELP:
		options_print_help(stdout, options->helper);
		return EXIT_SUCCESS;
	case OPTIONS_VERSION:
		printf("%s %s\n", program_name(options), PACKAGE_VERSION);
		return EXIT_SUCCESS;
	case OPTIONS_LIST:
		return list_command(options, log);
	default:
		return mount_command(options, log);
	}
}

int main(int argc, char **argv)
{
	struct options options;
	struct mount_log log;
	struct diag diag = {0};
	int status;

	if (standard_io_fill() < 0)
		return EXIT_FAILURE;
	save_memory();
	if (options_parse(&options, argc, argv, &diag) < 0) {
		fprintf(stderr, "%s: %s\n", program_name(&options), diag.text);
		status = options.helper ? EXIT_HELPER_USAGE : EXIT_USAGE;
	} else {
		mount_log_start(&log, program_name(&options), options.debug);
		status = run(&options, &log);
	}
	options_free(&options);
	return status;
}
