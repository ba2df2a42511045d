/* SPDX-License-Identifier: MIT */
#include "fuse/vfs.h"

#include "fuse/file_times.h"
#include "fuse/listing.h"
#include "fuse/next_file.h"
#include "fuse/spelling.h"
#include "fuse/times_store.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>
#include <unistd.h>

struct vfs {
	struct board *board;
	struct nodes *nodes;
	struct vfs_options options;
	struct open_file_mount mount;
	struct next_file *next_file;
	struct times_store *times_store;
	pthread_mutex_t handles_lock;
	struct vfs_handle *handles; /* all there are: the kernel does not close them when the mount ends early */
};

struct vfs_handle {
	struct vfs_handle *next, **link; /* in vfs.handles */
	uint64_t number;
	struct node *node; /* of a file */
	struct open_file *file;
	bool append, writes;
	unsigned content;       /* open_file_content when it was opened */
	atomic_bool idle;       /* flushed, and not used since */
	struct listing listing; /* of a directory */
};

static void real_time(struct timespec *now)
{
	clock_gettime(CLOCK_REALTIME, now);
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
		rc = kept_times_open(&vfs->mount.times, board, board_info(board)->root);
	if (rc == 0 && options->times_folder)
		rc = times_store_open(&vfs->times_store, vfs->mount.times, options->times_folder, options->times_board,
				      options->log, options->log_context);
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

static struct vfs_handle *new_handle(struct vfs *vfs, uint64_t number)
{
	struct vfs_handle *handle = calloc(1, sizeof(*handle));

	if (!handle)
		return NULL;
	handle->number = number;
	atomic_init(&handle->idle, false);
	pthread_mutex_lock(&vfs->handles_lock);
	handle->next = vfs->handles;
	handle->link = &vfs->handles;
	if (handle->next)
		handle->next->link = &handle->next;
	vfs->handles = handle;
	pthread_mutex_unlock(&vfs->handles_lock);
	return handle;
}

static void free_handle(struct vfs *vfs, struct vfs_handle *handle)
{
	pthread_mutex_lock(&vfs->handles_lock);
	*handle->link = handle->next;
	if (handle->next)
		handle->next->link = handle->link;
	pthread_mutex_unlock(&vfs->handles_lock);
	listing_clear(&handle->listing);
	free(handle);
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

static void log_loss(struct vfs *vfs, const char *path, struct open_file *file, int rc)
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
			log_loss(vfs, claim.path, file, rc);
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
		file_times_settle(vfs->board, vfs->mount.times);
	times_store_close(vfs->times_store);
	while (vfs->handles)
		free_handle(vfs, vfs->handles);
	next_file_close(vfs->next_file);
	nodes_close(vfs->nodes);
	kept_times_close(vfs->mount.times);
	host_store_close(&vfs->mount.store);
	pthread_mutex_destroy(&vfs->handles_lock);
	free(vfs);
}

/* ---- attributes ---- */

static void fill(const struct vfs *vfs, uint64_t number, bool is_dir, uint64_t size, const struct kept_times_pair *times,
		 struct stat *out)
{
	mode_t allowed = ~vfs->options.umask & (vfs->options.read_only ? 0555 : 0777);

	*out = (struct stat){
		.st_ino = number,
		.st_mode = is_dir ? S_IFDIR | (0777 & allowed) : S_IFREG | (0666 & allowed),
		.st_nlink = 1,
		.st_uid = vfs->options.uid,
		.st_gid = vfs->options.gid,
		.st_size = is_dir ? 0 : (off_t)size,
		.st_blocks = is_dir ? 0 : (blkcnt_t)((size + 511) / 512),
		.st_blksize = 4096,
		.st_atim = times->atime,
		.st_mtim = times->mtime,
		.st_ctim = times->mtime,
	};
}

static void fill_from_board(struct vfs *vfs, uint64_t number, const char *path, const struct board_stat *on_board,
			    struct stat *out)
{
	struct kept_times_pair times;

	file_times_get(vfs->board, vfs->mount.times, path, on_board, &times);
	fill(vfs, number, on_board->is_dir, on_board->size, &times, out);
}

static void fill_from_file(const struct vfs *vfs, uint64_t number, const struct open_file_state *state, struct stat *out)
{
	fill(vfs, number, false, state->size, &state->times, out);
	if (state->gone)
		out->st_nlink = 0;
}

/* What the claimed node or name is. Returns 0 or a negative errno; -ESTALE for an open file that the board has no more. */
static int attributes(struct vfs *vfs, const struct nodes_claim *claim, uint64_t number, struct stat *out)
{
	struct open_file *file = claim->node ? nodes_open_file(vfs->nodes, claim->node) : NULL;
	struct open_file_state state;
	struct board_stat on_board;
	int rc;

	if (file) {
		rc = open_file_stat(file, claim->path, &state);
		if (rc == 0)
			fill_from_file(vfs, number, &state, out);
		open_file_unref(file);
		return rc;
	}
	if (!claim->path && node_is_dir(claim->node)) {
		/* Somebody's working directory that was removed. */
		fill(vfs, number, true, 0, &(struct kept_times_pair){0}, out);
		out->st_nlink = 0;
		return 0;
	}
	if (!claim->path)
		return -ENOENT;
	rc = board_stat(vfs->board, claim->path, &on_board);
	if (rc == 0)
		fill_from_board(vfs, number, claim->path, &on_board, out);
	return rc;
}

static void note_name(struct vfs *vfs, const char *path, enum kept_times_change change)
{
	struct timespec now;

	vfs->mount.now(&now);
	kept_times_note_name(vfs->mount.times, path, change, &now);
}

static int check_name(const char *name)
{
	return strlen(name) > VFS_NAME_MAX ? -ENAMETOOLONG : 0;
}

/*
 * Where a file manager finds no place for a trash folder, it offers to delete, which is what people mean on a board: a trash
 * folder there fills the flash. It looks for /.Trash and /.Trash-UID at the top of a mount (freedesktop.org's trash specification).
 */
static bool is_trash(uint64_t dir, const char *name)
{
	return dir == NODES_ROOT && (strcmp(name, ".Trash") == 0 || strncmp(name, ".Trash-", 7) == 0);
}

static int check_new_name(const struct vfs *vfs, uint64_t dir, const char *name)
{
	int rc = check_name(name);

	if (rc == 0 && vfs->options.read_only)
		rc = -EROFS;
	if (rc == 0 && is_trash(dir, name))
		rc = -EPERM;
	if (rc == 0 && board_hides(name)) /* it would be removed as a leftover of ours */
		rc = -EINVAL;
	return rc;
}

/* Claims NAME in DIR for a look-up. On FAT *NAME becomes the name that the board lists, in SPELLED. */
static int claim_to_look_up(struct vfs *vfs, uint64_t dir, const char **name, char spelled[VFS_NAME_MAX + 1],
			    struct nodes_claim *claim)
{
	int rc = nodes_claim_name(vfs->nodes, dir, *name, false, claim);

	if (rc < 0 || claim->node || !nodes_is_fat(vfs->nodes, dir))
		return rc;
	rc = spelling_find(vfs->board, claim->path, spelled);
	if (rc <= 0 || strcmp(spelled, *name) == 0)
		return rc < 0 ? rc : 0;
	nodes_release(vfs->nodes, claim);
	*name = spelled;
	return nodes_claim_name(vfs->nodes, dir, *name, false, claim);
}

int vfs_look_up(struct vfs *vfs, uint64_t dir, const char *name, struct stat *out)
{
	char spelled[VFS_NAME_MAX + 1];
	struct nodes_claim claim;
	struct node *node;
	int rc = check_name(name);

	if (rc == 0 && board_hides(name))
		rc = -ENOENT;
	if (rc < 0)
		return rc;
	rc = claim_to_look_up(vfs, dir, &name, spelled, &claim);
	if (rc == 0)
		rc = attributes(vfs, &claim, 0, out);
	if (rc == -ESTALE)
		rc = -ENOENT;
	if (rc == 0)
		rc = nodes_look_up(vfs->nodes, claim.dir, name, S_ISDIR(out->st_mode), &node);
	if (rc == 0)
		out->st_ino = node_number(node);
	else if (rc == -ENOENT && claim.node)
		nodes_remove(vfs->nodes, claim.node);
	nodes_release(vfs->nodes, &claim);
	return rc;
}

bool vfs_is_fat(struct vfs *vfs, uint64_t dir)
{
	return nodes_is_fat(vfs->nodes, dir);
}

void vfs_forget(struct vfs *vfs, uint64_t number, uint64_t count)
{
	nodes_forget(vfs->nodes, number, count);
}

int vfs_get_attributes(struct vfs *vfs, uint64_t number, struct stat *out)
{
	struct nodes_claim claim;
	int rc = nodes_claim(vfs->nodes, number, false, &claim);

	if (rc == 0)
		rc = attributes(vfs, &claim, number, out);
	if (rc == 0 && S_ISDIR(out->st_mode) != node_is_dir(claim.node))
		rc = -ESTALE;
	nodes_release(vfs->nodes, &claim);
	return rc == -ENOENT || rc == -ENOTDIR ? -ESTALE : rc;
}

/* ---- handles ---- */

/* open_file_sync of a claimed node. */
static int sync_claimed(struct vfs *vfs, const struct nodes_claim *claim, struct open_file *file)
{
	int rc = open_file_sync(file, claim->path);

	nodes_note_change(vfs->nodes, claim->node);
	return rc;
}

/* A handle in *OUT for NODE, whose open file becomes FRESH where there is none yet. */
static int new_file_handle(struct vfs *vfs, struct node *node, struct open_file *fresh, int flags, struct vfs_handle **out)
{
	struct vfs_handle *handle = new_handle(vfs, node_number(node));

	*out = handle;
	if (!handle) {
		open_file_unref(fresh);
		return -ENOMEM;
	}
	handle->node = node;
	handle->append = flags & O_APPEND;
	handle->writes = (flags & O_ACCMODE) != O_RDONLY;
	handle->file = nodes_add_handle(vfs->nodes, node, fresh);
	return 0;
}

/* The last handle of a dirty file goes: its changes are written now, or lost. Returns the number of the file when they are. */
static uint64_t drop_dirty(struct vfs *vfs, struct vfs_handle *handle)
{
	uint64_t lost = 0;
	struct open_file *file = open_file_ref(handle->file);
	struct nodes_claim claim;

	nodes_claim(vfs->nodes, handle->number, false, &claim); /* cannot fail but for want of memory: the handle uses the node */
	if (claim.node && open_file_failure(file) == 0)
		sync_claimed(vfs, &claim, file);
	if (nodes_drop_handle(vfs->nodes, handle->node, handle->idle, true) > 0 && open_file_is_dirty(file)) {
		lost = handle->number;
		log_loss(vfs, claim.path, file, open_file_failure(file));
		if (open_file_is_pending(file) && claim.node) {
			nodes_remove(vfs->nodes, claim.node);
			if (claim.path)
				note_name(vfs, claim.path, KEPT_TIMES_WENT);
		}
	}
	nodes_release(vfs->nodes, &claim);
	open_file_unref(file);
	return lost;
}

uint64_t vfs_release(struct vfs *vfs, struct vfs_handle *handle)
{
	uint64_t lost = 0;

	if (nodes_drop_handle(vfs->nodes, handle->node, handle->idle, false) == -EBUSY)
		lost = drop_dirty(vfs, handle);
	free_handle(vfs, handle);
	return lost;
}

/* Whether the kernel's pages of a file that has just been opened are right. FIRST: nobody else has it open. */
static bool may_keep_pages(struct vfs *vfs, struct vfs_handle *handle, bool first)
{
	struct board_stat on_board;

	if (open_file_changed_alone(handle->file))
		return false;
	if (!first)
		return true;
	return open_file_on_board(handle->file, &on_board) && nodes_may_keep_pages(vfs->nodes, handle->node, &on_board);
}

/* vfs_open_file of a claimed node. */
static int open_claimed(struct vfs *vfs, const struct nodes_claim *claim, int flags, struct vfs_handle **handle, bool *keep_pages)
{
	struct open_file *fresh;
	bool first;
	int rc;

	if (node_is_dir(claim->node))
		return -EISDIR;
	rc = open_file_open(&fresh, &vfs->mount);
	if (rc == 0)
		rc = new_file_handle(vfs, claim->node, fresh, flags, handle);
	if (rc != 0)
		return rc;
	first = (*handle)->file == fresh;
	rc = open_file_load((*handle)->file, claim->path);
	(*handle)->content = open_file_content((*handle)->file);
	if (rc == 0)
		*keep_pages = may_keep_pages(vfs, *handle, first);
	if (rc == 0 && (flags & O_TRUNC))
		rc = open_file_truncate((*handle)->file, claim->path, 0);
	return rc;
}

int vfs_open_file(struct vfs *vfs, uint64_t number, int flags, struct vfs_handle **handle, bool *keep_pages)
{
	struct nodes_claim claim;
	int rc = nodes_claim(vfs->nodes, number, false, &claim);

	*handle = NULL;
	*keep_pages = false;
	if (rc == 0)
		rc = open_claimed(vfs, &claim, flags, handle, keep_pages);
	nodes_release(vfs->nodes, &claim);
	if (rc != 0 && *handle) {
		vfs_release(vfs, *handle);
		*handle = NULL;
	}
	return rc == -ENOENT || rc == -ENOTDIR ? -ESTALE : rc;
}

static void set_idle(struct vfs *vfs, struct vfs_handle *handle, bool idle)
{
	if (atomic_exchange(&handle->idle, idle) != idle)
		nodes_set_idle(vfs->nodes, handle->node, idle);
}

/* Who is beside the file that is being read, for next_file. */
struct beside {
	struct nodes *nodes;
	const struct node *node;
};

static uint64_t number_beside(void *context, const char *name)
{
	const struct beside *beside = context;

	return nodes_number_beside(beside->nodes, beside->node, name);
}

bool vfs_is_stale(const struct vfs_handle *handle)
{
	return handle->content != open_file_content(handle->file);
}

ssize_t vfs_read(struct vfs *vfs, struct vfs_handle *handle, void *buf, size_t len, uint64_t offset)
{
	struct nodes_claim claim;
	ssize_t rc;

	set_idle(vfs, handle, false);
	rc = nodes_claim(vfs->nodes, handle->number, false, &claim);
	if (rc == 0 && claim.path && offset == 0) {
		struct beside beside = {vfs->nodes, claim.node};

		next_file_reading(vfs->next_file, claim.path, number_beside, &beside);
	}
	if (rc == 0)
		rc = open_file_read(handle->file, claim.path, buf, len, offset);
	if (rc >= 0 && vfs_is_stale(handle))
		rc = -EIO; /* half of one content and half of another is neither */
	nodes_release(vfs->nodes, &claim);
	return rc;
}

ssize_t vfs_write(struct vfs *vfs, struct vfs_handle *handle, const void *buf, size_t len, uint64_t offset, bool write_back)
{
	struct nodes_claim claim;
	ssize_t rc;

	set_idle(vfs, handle, false);
	rc = nodes_claim(vfs->nodes, handle->number, false, &claim);
	if (rc == 0)
		rc = open_file_write(handle->file, claim.path, buf, len, offset, handle->append && !write_back);
	nodes_release(vfs->nodes, &claim);
	return rc;
}

int vfs_sync(struct vfs *vfs, struct vfs_handle *handle)
{
	struct nodes_claim claim;
	int rc;

	if (!open_file_is_dirty(handle->file))
		return 0;
	rc = nodes_claim(vfs->nodes, handle->number, false, &claim);
	if (rc == 0)
		rc = sync_claimed(vfs, &claim, handle->file);
	nodes_release(vfs->nodes, &claim);
	return rc;
}

/* Whether the file is dirty and empty. */
static bool is_emptied(struct open_file *file)
{
	struct open_file_state state;

	return open_file_is_dirty(file) && open_file_peek(file, &state) && state.size == 0;
}

/* Whether MORE tells of a descriptor that will be closed after this one. */
static bool comes_again(struct vfs *vfs, const struct vfs_handle *handle, vfs_more_fn *more, void *context)
{
	struct nodes_claim claim;
	bool again;

	again = nodes_claim(vfs->nodes, handle->number, false, &claim) == 0 && claim.path && more(context, claim.path);
	nodes_release(vfs->nodes, &claim);
	return again;
}

int vfs_flush(struct vfs *vfs, struct vfs_handle *handle, vfs_more_fn *more, void *context)
{
	int rc = 0;

	if (handle->writes && is_emptied(handle->file) && comes_again(vfs, handle, more, context))
		return 0;
	/* Who only reads does not send what others are still writing. */
	if (handle->writes)
		rc = vfs_sync(vfs, handle);
	set_idle(vfs, handle, true);
	return rc;
}

/* ---- changes of attributes ---- */

/* truncate(2): like open, ftruncate, close. */
static int truncate_by_name(struct vfs *vfs, uint64_t number, uint64_t size)
{
	struct vfs_handle *handle;
	struct nodes_claim claim;
	bool keep_pages;
	int rc = vfs_open_file(vfs, number, O_WRONLY, &handle, &keep_pages);

	if (rc != 0)
		return rc;
	rc = nodes_claim(vfs->nodes, number, false, &claim);
	if (rc == 0)
		rc = open_file_truncate(handle->file, claim.path, size);
	nodes_release(vfs->nodes, &claim);
	if (rc == 0)
		rc = vfs_sync(vfs, handle);
	vfs_release(vfs, handle);
	return rc;
}

static int truncate_open(struct vfs *vfs, struct vfs_handle *handle, uint64_t size)
{
	struct nodes_claim claim;
	int rc;

	set_idle(vfs, handle, false);
	rc = nodes_claim(vfs->nodes, handle->number, false, &claim);
	if (rc == 0)
		rc = open_file_truncate(handle->file, claim.path, size);
	nodes_release(vfs->nodes, &claim);
	return rc;
}

/* utimensat(2) of something that is not open. */
static int keep_times(struct vfs *vfs, const struct nodes_claim *claim, const struct vfs_change *change)
{
	struct kept_times_pair times;
	struct board_stat on_board;
	int rc;

	if (!claim->path) /* a directory that was removed can still be somebody's working directory */
		return node_is_dir(claim->node) ? 0 : -ESTALE;
	rc = board_stat(vfs->board, claim->path, &on_board);
	if (rc < 0)
		return rc;
	file_times_get(vfs->board, vfs->mount.times, claim->path, &on_board, &times);
	if (change->atime)
		times.atime = *change->atime;
	if (change->mtime)
		times.mtime = *change->mtime;
	kept_times_put(vfs->mount.times, claim->path, &on_board, &times);
	return 0;
}

static int set_times(struct vfs *vfs, uint64_t number, const struct vfs_change *change)
{
	struct open_file *file = NULL;
	struct nodes_claim claim;
	int rc = nodes_claim(vfs->nodes, number, false, &claim);

	if (rc == 0) {
		file = nodes_open_file(vfs->nodes, claim.node);
		rc = file ? open_file_set_times(file, claim.path, change->atime, change->mtime) : keep_times(vfs, &claim, change);
	}
	if (rc == 0)
		nodes_note_change(vfs->nodes, claim.node);
	open_file_unref(file);
	nodes_release(vfs->nodes, &claim);
	return rc;
}

int vfs_set_attributes(struct vfs *vfs, uint64_t number, struct vfs_handle *handle, const struct vfs_change *change,
		       struct stat *out)
{
	int rc = 0;

	if (vfs->options.read_only)
		return -EROFS;
	if (change->size && handle)
		rc = truncate_open(vfs, handle, *change->size);
	else if (change->size)
		rc = truncate_by_name(vfs, number, *change->size);
	if (rc == 0 && (change->atime || change->mtime))
		rc = set_times(vfs, number, change);
	if (rc == 0)
		rc = vfs_get_attributes(vfs, number, out);
	return rc == -ENOENT || rc == -ENOTDIR ? -ESTALE : rc;
}

int vfs_access(struct vfs *vfs, uint64_t number, int mask, uid_t uid, gid_t gid)
{
	struct stat about;
	mode_t allowed;
	int rc = vfs_get_attributes(vfs, number, &about);

	if (rc != 0)
		return rc;
	if ((mask & W_OK) && vfs->options.read_only)
		return -EROFS;
	if (uid == 0)
		allowed = R_OK | W_OK | (S_ISDIR(about.st_mode) || (about.st_mode & 0111) ? X_OK : 0);
	else if (uid == about.st_uid)
		allowed = about.st_mode >> 6 & 7;
	else if (gid == about.st_gid)
		allowed = about.st_mode >> 3 & 7;
	else
		allowed = about.st_mode & 7;
	return ((mode_t)mask & ~allowed & 7) ? -EACCES : 0;
}

/* ---- names ---- */

/* Claims NAME in DIR for something new. What the kernel does not know under this name any more is taken away. */
static int claim_new_name(struct vfs *vfs, uint64_t dir, const char *name, struct nodes_claim *claim)
{
	struct open_file *file;
	int rc = check_new_name(vfs, dir, name);

	*claim = (struct nodes_claim){0};
	if (rc == 0)
		rc = nodes_claim_name(vfs->nodes, dir, name, false, claim);
	if (rc < 0 || !claim->node)
		return rc;
	file = nodes_open_file(vfs->nodes, claim->node);
	if (!file)
		nodes_remove(vfs->nodes, claim->node);
	open_file_unref(file);
	return file ? -EEXIST : 0;
}

/* The board has made PATH as ON_BOARD just now: its node, and what it is. */
static int note_made(struct vfs *vfs, const struct nodes_claim *claim, const char *name, const struct board_stat *on_board,
		     struct stat *out)
{
	struct kept_times_pair now;
	struct node *node;
	int rc = nodes_look_up(vfs->nodes, claim->dir, name, on_board->is_dir, &node);

	if (rc < 0)
		return rc;
	vfs->mount.now(&now.mtime);
	now.atime = now.mtime;
	if (on_board->is_dir)
		kept_times_put_made(vfs->mount.times, claim->path, &now);
	else
		kept_times_put_written(vfs->mount.times, claim->path, on_board, &now, NULL);
	note_name(vfs, claim->path, KEPT_TIMES_CAME);
	fill(vfs, node_number(node), on_board->is_dir, on_board->size, &now, out);
	return 0;
}

int vfs_create(struct vfs *vfs, uint64_t dir, const char *name, int flags, struct vfs_handle **handle, struct stat *out)
{
	struct open_file_state state;
	struct nodes_claim claim;
	struct open_file *file;
	struct node *node;
	int rc = claim_new_name(vfs, dir, name, &claim);

	*handle = NULL;
	if (rc == 0)
		rc = board_may_make(vfs->board, claim.path);
	if (rc == 0)
		rc = nodes_look_up(vfs->nodes, claim.dir, name, false, &node);
	if (rc == 0) {
		rc = open_file_create(&file, &vfs->mount);
		if (rc == 0)
			rc = new_file_handle(vfs, node, file, flags, handle);
		if (rc < 0)
			nodes_forget(vfs->nodes, node_number(node), 1);
	}
	if (rc == 0) {
		note_name(vfs, claim.path, KEPT_TIMES_CAME);
		open_file_peek((*handle)->file, &state);
		fill_from_file(vfs, node_number(node), &state, out);
	}
	nodes_release(vfs->nodes, &claim);
	return rc;
}

static int no_content(void *context, void *buf, size_t len, uint64_t offset)
{
	(void)context, (void)buf, (void)offset;
	return len == 0 ? 0 : -EIO;
}

int vfs_make_file(struct vfs *vfs, uint64_t dir, const char *name, struct stat *out)
{
	const struct board_content empty = {.read = no_content};
	struct board_stat on_board;
	struct nodes_claim claim;
	int rc = claim_new_name(vfs, dir, name, &claim);

	if (rc == 0)
		rc = board_replace(vfs->board, claim.path, &empty, &on_board);
	if (rc == 0)
		rc = note_made(vfs, &claim, name, &on_board, out);
	nodes_release(vfs->nodes, &claim);
	return rc;
}

int vfs_make_dir(struct vfs *vfs, uint64_t dir, const char *name, struct stat *out)
{
	struct nodes_claim claim;
	int rc = claim_new_name(vfs, dir, name, &claim);

	if (rc == 0)
		rc = board_mkdir(vfs->board, claim.path);
	if (rc == 0)
		rc = note_made(vfs, &claim, name, &(struct board_stat){.is_dir = true}, out);
	nodes_release(vfs->nodes, &claim);
	return rc;
}

/* Makes the claimed file's content safe from what is about to happen to it on the board. *FILE is the open file, or NULL. */
static int save_content(struct vfs *vfs, const struct nodes_claim *claim, struct open_file **file)
{
	*file = NULL;
	if (!claim->node || !nodes_has_handles(vfs->nodes, claim->node))
		return 0;
	*file = nodes_open_file(vfs->nodes, claim->node);
	return *file && !open_file_is_pending(*file) ? open_file_fetch(*file, claim->path) : 0;
}

static void set_gone(struct open_file *file)
{
	if (file)
		open_file_set_gone(file);
}

/* The name of CLAIM leads nowhere any more. */
static void note_removed(struct vfs *vfs, const struct nodes_claim *claim)
{
	if (claim->node)
		nodes_remove(vfs->nodes, claim->node);
	kept_times_remove(vfs->mount.times, claim->path);
	note_name(vfs, claim->path, KEPT_TIMES_WENT);
}

int vfs_unlink(struct vfs *vfs, uint64_t dir, const char *name)
{
	struct open_file *file = NULL;
	struct nodes_claim claim;
	int rc;

	if (vfs->options.read_only)
		return -EROFS;
	rc = nodes_claim_name(vfs->nodes, dir, name, true, &claim);
	if (rc == 0)
		rc = save_content(vfs, &claim, &file);
	if (rc == 0 && !(file && open_file_is_pending(file)))
		rc = board_remove(vfs->board, claim.path);
	if (rc == 0) {
		set_gone(file);
		note_removed(vfs, &claim);
	}
	open_file_unref(file);
	nodes_release(vfs->nodes, &claim);
	return rc;
}

static int refuse_pending(void *context, const char *name, uint64_t number, struct open_file *file)
{
	(void)context, (void)name, (void)number;
	return open_file_is_pending(file) ? -ENOTEMPTY : 0;
}

/* The board does not see that a directory is not empty when all that is in it is not there yet. */
static int check_empty(struct vfs *vfs, struct node *node)
{
	return node && node_is_dir(node) ? nodes_each_open(vfs->nodes, node, refuse_pending, NULL) : 0;
}

int vfs_remove_dir(struct vfs *vfs, uint64_t dir, const char *name)
{
	struct nodes_claim claim;
	int rc;

	if (vfs->options.read_only)
		return -EROFS;
	rc = nodes_claim_name(vfs->nodes, dir, name, true, &claim);
	if (rc == 0)
		rc = check_empty(vfs, claim.node);
	if (rc == 0)
		rc = board_rmdir(vfs->board, claim.path);
	if (rc == 0)
		note_removed(vfs, &claim);
	nodes_release(vfs->nodes, &claim);
	return rc;
}

/* A file that the board has not seen is put there, so that it can be renamed there like any other. */
static int make_real(struct vfs *vfs, const struct nodes_claim *claim)
{
	struct open_file *file = claim->node ? nodes_open_file(vfs->nodes, claim->node) : NULL;
	int rc = file && open_file_is_pending(file) ? open_file_sync(file, claim->path) : 0;

	open_file_unref(file);
	return rc;
}

/* The board does not see that a name is taken by a file that is not there yet. */
static int refuse_open(struct vfs *vfs, struct node *node)
{
	struct open_file *file = node ? nodes_open_file(vfs->nodes, node) : NULL;

	open_file_unref(file);
	return file ? -EEXIST : 0;
}

/* vfs_rename of what is claimed. */
static int rename_claimed(struct vfs *vfs, struct nodes_claim *from, struct nodes_claim *to, const char *to_name, bool noreplace)
{
	struct open_file *replaced = NULL;
	struct board_stat target;
	bool replaces = false;
	int rc = make_real(vfs, from);

	if (rc == 0)
		rc = check_empty(vfs, to->node);
	if (rc == 0)
		rc = noreplace ? refuse_open(vfs, to->node) : save_content(vfs, to, &replaced);
	if (rc == 0) {
		replaces = (replaced && open_file_is_pending(replaced)) || board_stat(vfs->board, to->path, &target) == 0;
		rc = board_rename(vfs->board, from->path, to->path, noreplace);
	}
	if (rc == 0) {
		set_gone(replaced);
		kept_times_rename(vfs->mount.times, from->path, to->path);
		note_name(vfs, from->path, KEPT_TIMES_WENT);
		note_name(vfs, to->path, replaces ? KEPT_TIMES_STAYED : KEPT_TIMES_CAME);
		rc = nodes_rename(vfs->nodes, from, to_name, to);
	}
	open_file_unref(replaced);
	return rc;
}

int vfs_rename(struct vfs *vfs, uint64_t from_dir, const char *from_name, uint64_t to_dir, const char *to_name, unsigned flags)
{
	struct nodes_claim from, to;
	int rc = check_new_name(vfs, to_dir, to_name);

	if (rc == 0 && (flags & ~(unsigned)RENAME_NOREPLACE))
		rc = -EINVAL;
	if (rc < 0)
		return rc;
	rc = nodes_claim_rename(vfs->nodes, from_dir, from_name, to_dir, to_name, &from, &to);
	if (rc == 0 && strcmp(from.path, to.path) != 0)
		rc = rename_claimed(vfs, &from, &to, to_name, flags & RENAME_NOREPLACE);
	nodes_release(vfs->nodes, &to);
	nodes_release(vfs->nodes, &from);
	return rc;
}

/* ---- directories ---- */

static int add_pending(void *context, const char *name, uint64_t number, struct open_file *file)
{
	(void)number;
	return open_file_is_pending(file) ? listing_add(context, name, &(struct board_stat){0}) : 0;
}

/* A listing whose first PENDING entries are files that the board had not seen when it was asked. */
struct merge {
	struct listing *listing;
	size_t pending;
};

static int add_entry(void *context, const char *name, const struct board_stat *on_board)
{
	struct merge *merge = context;
	size_t i;

	for (i = 0; i < merge->pending; i++) {
		if (strcmp(merge->listing->entries[i].name, name) == 0)
			return 0;
	}
	return listing_add(merge->listing, name, on_board);
}

int vfs_open_dir(struct vfs *vfs, uint64_t number, struct vfs_handle **handle)
{
	*handle = new_handle(vfs, number);
	return *handle ? 0 : -ENOMEM;
}

void vfs_release_dir(struct vfs *vfs, struct vfs_handle *handle)
{
	free_handle(vfs, handle);
}

int vfs_list(struct vfs *vfs, struct vfs_handle *handle)
{
	struct listing *listing = &handle->listing;
	struct merge merge = {.listing = listing};
	uint64_t moment = kept_times_moment(vfs->mount.times);
	struct nodes_claim claim;
	int rc = nodes_claim(vfs->nodes, handle->number, false, &claim);

	listing_clear(listing);
	if (rc == 0 && claim.path) {
		listing->changes = nodes_changes(vfs->nodes, claim.node);
		rc = nodes_each_open(vfs->nodes, claim.node, add_pending, listing);
		merge.pending = listing->count;
		if (rc == 0)
			rc = board_list(vfs->board, claim.path, add_entry, &merge);
		if (rc == 0)
			kept_times_listed(vfs->mount.times, claim.path, listing, moment);
	}
	nodes_release(vfs->nodes, &claim);
	if (rc < 0)
		listing_clear(listing);
	return rc;
}

/* What ENTRY of the claimed directory is now. *LOOK_UP gets false when the board would have to be asked for its times. */
static int fill_entry(struct vfs *vfs, const struct nodes_claim *claim, const struct listing_entry *entry, bool *look_up,
		      struct stat *out)
{
	struct kept_times_pair times = {0};
	struct open_file *file;
	struct open_file_state state;
	uint64_t number;
	char *path;

	file = nodes_open_child(vfs->nodes, claim->node, entry->name, &number);
	if (file && open_file_peek(file, &state)) {
		fill_from_file(vfs, number, &state, out);
		open_file_unref(file);
		return 0;
	}
	open_file_unref(file);
	if (asprintf(&path, "%s/%s", strcmp(claim->path, "/") == 0 ? "" : claim->path, entry->name) < 0)
		return -ENOMEM;
	if (!file_times_peek(vfs->mount.times, path, &entry->on_board, &times))
		*look_up = false;
	number = nodes_number_of(vfs->nodes, claim->node, entry->name);
	fill(vfs, number, entry->on_board.is_dir, entry->on_board.size, &times, out);
	free(path);
	return 0;
}

int vfs_list_entry(struct vfs *vfs, struct vfs_handle *handle, size_t entry, const char **name, bool *look_up, struct stat *out)
{
	const struct listing *listing = &handle->listing;
	struct nodes_claim claim;
	struct node *node;
	int rc;

	if (entry >= listing->count)
		return 0;
	*name = listing->entries[entry].name;
	rc = nodes_claim(vfs->nodes, handle->number, false, &claim);
	if (rc == 0)
		rc = claim.path ? fill_entry(vfs, &claim, &listing->entries[entry], look_up, out) : -ENOENT;
	if (rc == 0 && nodes_changes(vfs->nodes, claim.node) != listing->changes)
		*look_up = false;
	if (rc == 0 && *look_up)
		rc = nodes_look_up(vfs->nodes, claim.node, *name, S_ISDIR(out->st_mode), &node);
	if (rc == 0 && *look_up)
		out->st_ino = node_number(node);
	nodes_release(vfs->nodes, &claim);
	return rc < 0 ? rc : 1;
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
