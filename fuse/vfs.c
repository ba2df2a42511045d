/* SPDX-License-Identifier: MIT */
#include "fuse/vfs.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>

#include "fuse/file_times.h"
#include "fuse/vfs_handle.h"

static void real_time(struct timespec *now)
{
	clock_gettime(CLOCK_REALTIME, now);
}

static void look_at_times(void *context)
{
	const struct vfs *vfs = context;

	file_times_look(vfs->board, vfs->mount.times);
}

static int open_times_store(struct vfs *vfs)
{
	const struct times_store_options options = {
		.folder = vfs->options.times_folder,
		.board = vfs->options.times_board,
		.look = look_at_times,
		.look_context = vfs,
		.log = vfs->options.log,
		.log_context = vfs->options.log_context,
	};

	return options.folder ? times_store_open(&vfs->times_store, vfs->mount.times, &options) : 0;
}

int vfs_open(struct vfs **out, struct board *board, const struct vfs_options *options)
{
	struct vfs *vfs = calloc(1, sizeof(*vfs));
	int rc;

	*out = NULL;
	if (!vfs)
		return -ENOMEM;
	vfs->board = board;
	vfs->options = *options;
	vfs->mount.board = board;
	vfs->mount.now = options->now ? options->now : real_time;
	vfs->mount.store.directory = -1;
	pthread_mutex_init(&vfs->handles_lock, NULL);
	rc = nodes_open(&vfs->nodes, board);
	if (rc == 0)
		rc = kept_times_open(&vfs->mount.times, board, board_info(board)->root, NULL);
	if (rc == 0)
		rc = open_times_store(vfs);
	if (rc == 0)
		rc = next_file_open(&vfs->next_file, board);
	if (rc == 0)
		rc = host_store_open(&vfs->mount.store);
	if (rc < 0) {
		next_file_close(vfs->next_file);
		times_store_close(vfs->times_store);
		kept_times_close(vfs->mount.times);
		nodes_close(vfs->nodes);
		pthread_mutex_destroy(&vfs->handles_lock);
		free(vfs);
		return rc;
	}
	*out = vfs;
	return 0;
}

/* What the board has of a file that could not be sent because of RC. */
static const char *what_is_left(struct open_file *file, const struct open_file_state *state, int rc)
{
	if (state->changed_away)
		return "another file than before: it was changed while the board was away.";
	/* It may have done the last step, and not have come to say so. */
	if (rc == -EIO && !state->only_added)
		return open_file_is_pending(file) ? "no such file, or all of it."
						  : "the file as it was before, or all of the new one.";
	if (open_file_is_pending(file))
		return "no such file.";
	return state->only_added ? "the file as it was before, or some of what was added as well." : "the file as it was before.";
}

void vfs_log_loss(struct vfs *vfs, const char *path, struct open_file *file, int rc)
{
	struct open_file_state state;
	char *text;

	if (!vfs->options.log || !path || !open_file_peek(file, &state))
		return;
	if (asprintf(&text, "%s: what was written to it is lost, %llu bytes did not reach the board: %s. The board has %s", path,
		     (unsigned long long)state.unsent, strerror(-rc), what_is_left(file, &state, rc)) < 0)
		return;
	vfs->options.log(vfs->options.log_context, LOG_ERR, text);
	free(text);
}

/* Brings to the board what open files hold, with words on what could not be. */
static void sync_all(struct vfs *vfs)
{
	struct nodes_claim claim;
	struct open_file *file;
	uint64_t number;
	int rc;

	while ((number = nodes_some_dirty(vfs->nodes)) != 0) {
		nodes_claim(vfs->nodes, number, false, &claim);
		file = nodes_open_file(vfs->nodes, claim.node);
		rc = open_file_sync(file, claim.path);
		if (rc < 0) {
			vfs_log_loss(vfs, claim.path, file, rc);
			open_file_set_gone(file);
		}
		open_file_unref(file);
		nodes_release(vfs->nodes, &claim);
	}
}

void vfs_close(struct vfs *vfs)
{
	if (!vfs)
		return;
	sync_all(vfs);
	if (vfs->times_store)
		file_times_settle(vfs->board, vfs->mount.times, NULL);
	times_store_close(vfs->times_store);
	while (vfs->handles)
		vfs_handle_free(vfs, vfs->handles);
	next_file_close(vfs->next_file);
	nodes_close(vfs->nodes);
	kept_times_close(vfs->mount.times);
	host_store_close(&vfs->mount.store);
	pthread_mutex_destroy(&vfs->handles_lock);
	free(vfs);
}

void vfs_note_name(struct vfs *vfs, const char *path, enum kept_times_change change)
{
	struct timespec now;

	vfs->mount.now(&now);
	kept_times_note_name(vfs->mount.times, path, change, &now);
}

bool vfs_is_fat(struct vfs *vfs, uint64_t dir)
{
	return nodes_is_fat(vfs->nodes, dir);
}

void vfs_forget(struct vfs *vfs, uint64_t number, uint64_t count)
{
	nodes_forget(vfs->nodes, number, count);
}

/* Where the board is asked for the file system of what is claimed: a file lies where its directory does, also before it is there. */
static const char *place_of(const struct nodes_claim *claim)
{
	char *slash = claim->path ? strrchr(claim->path, '/') : NULL;

	if (!slash)
		return "/";
	if (!node_is_dir(claim->node))
		slash[slash == claim->path] = '\0';
	return claim->path;
}

int vfs_statfs(struct vfs *vfs, uint64_t number, struct statvfs *out)
{
	struct board_statfs on_board;
	struct nodes_claim claim;
	int rc = nodes_claim(vfs->nodes, number, false, &claim);

	if (rc == 0)
		rc = board_statfs(vfs->board, place_of(&claim), &on_board);
	nodes_release(vfs->nodes, &claim);
	if (rc != 0)
		return rc;
	*out = (struct statvfs){
		.f_bsize = on_board.block_size,
		.f_frsize = on_board.block_size,
		.f_blocks = on_board.blocks,
		.f_bfree = on_board.blocks_free,
		.f_bavail = on_board.blocks_free,
		.f_namemax = on_board.name_max < VFS_NAME_MAX ? on_board.name_max : VFS_NAME_MAX,
	};
	return 0;
}
