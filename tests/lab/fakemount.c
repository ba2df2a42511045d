/* SPDX-License-Identifier: MIT */
/*
 * fakemount: mounts a board in memory (tests/unit/fakeboard.h), in the foreground, so that what lies above the board can be tried
 * with real programs and no line:  fakemount [-o OPTIONS] NAME MOUNTPOINT
 */
#include <stdio.h>
#include <stdlib.h>

#include "board/board_cache.h"
#include "fuse/mount_log.h"
#include "fuse/mount_session.h"
#include "tests/unit/fakeboard.h"

static int serve(struct board *board, const struct options *options, struct mount_log *log)
{
	const struct vfs_options about = {
		.uid = options->uid,
		.gid = options->gid,
		.umask = options->umask,
		.read_only = options->read_only,
		.log = mount_log_say,
		.log_context = log,
	};
	struct operations operations = {.timeout = options->attr_timeout};
	struct diag diag;
	int rc = vfs_open(&operations.vfs, board, &about);

	if (rc == 0)
		rc = mount_session_open(&operations, options, options->mount_point, options->read_only, &diag);
	if (rc == 0)
		rc = mount_session_run(&operations);
	mount_session_close(&operations);
	vfs_close(operations.vfs);
	return rc;
}

int main(int argc, char **argv)
{
	struct board *fake, *board;
	struct options options;
	struct mount_log log;
	struct diag diag;
	int rc;

	mount_log_start(&log, "fakemount", false);
	if (options_parse(&options, argc, argv, &diag) < 0) {
		fprintf(stderr, "fakemount: %s\n", diag.text);
		return EXIT_FAILURE;
	}
	if (fakeboard_open(&fake) < 0 || board_cache_open(&board, fake, (int64_t)(options.attr_timeout * 1e6), NULL) < 0)
		return EXIT_FAILURE;
	rc = serve(board, &options, &log);
	board_close(board);
	options_free(&options);
	return rc < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
