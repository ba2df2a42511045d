/* SPDX-License-Identifier: MIT */
#include "fuse/vfs_file.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <syslog.h>

#include "fuse/vfs_handle.h"

/* open_file_sync of a claimed node. */
static int sync_claimed(struct vfs *vfs, const struct nodes_claim *claim, struct open_file *file)
{
	int rc = open_file_sync(file, claim->path);

	nodes_note_change(vfs->nodes, claim->node);
	return rc;
}

int vfs_file_add_handle(struct vfs *vfs, struct node *node, struct open_file *fresh, int flags, struct vfs_handle **out)
{
	struct vfs_handle *handle = vfs_handle_new(vfs, node_number(node));
	struct open_file *file;

	*out = handle;
	if (!handle) {
		open_file_unref(fresh);
		return -ENOMEM;
	}
	handle->node = node;
	handle->append = flags & O_APPEND;
	handle->writes = (flags & O_ACCMODE) != O_RDONLY;
	file = nodes_add_handle(vfs->nodes, node, fresh);
	/* Others see it in the list already. */
	pthread_mutex_lock(&vfs->handles_lock);
	handle->content = open_file_content(file);
	handle->file = open_file_ref(file);
	pthread_mutex_unlock(&vfs->handles_lock);
	return 0;
}

/* The last handle of a dirty file goes: its changes are written now, or lost. Returns the number of the file when they are. */
static uint64_t drop_dirty(struct vfs *vfs, struct vfs_handle *handle)
{
	uint64_t lost = 0;
	struct open_file *file = handle->file;
	struct nodes_claim claim;

	nodes_claim(vfs->nodes, handle->number, false, &claim); /* cannot fail but for want of memory: the handle uses the node */
	if (claim.node && open_file_failure(file) == 0)
		sync_claimed(vfs, &claim, file);
	if (nodes_drop_handle(vfs->nodes, handle->node, handle->idle, true) > 0 && open_file_is_dirty(file)) {
		lost = handle->number;
		vfs_log_loss(vfs, claim.path, file, open_file_failure(file));
		if (open_file_is_pending(file) && claim.node) {
			nodes_remove(vfs->nodes, claim.node);
			if (claim.path)
				vfs_note_name(vfs, claim.path, KEPT_TIMES_WENT);
		}
	}
	nodes_release(vfs->nodes, &claim);
	return lost;
}

uint64_t vfs_file_release(struct vfs *vfs, struct vfs_handle *handle)
{
	uint64_t lost = 0;

	if (nodes_drop_handle(vfs->nodes, handle->node, handle->idle, false) == -EBUSY)
		lost = drop_dirty(vfs, handle);
	vfs_handle_free(vfs, handle);
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

/* vfs_file_open of a claimed node. */
static int open_claimed(struct vfs *vfs, const struct nodes_claim *claim, int flags, struct vfs_handle **handle, bool *keep_pages)
{
	struct open_file *fresh;
	bool first;
	int rc;

	if (node_is_dir(claim->node))
		return -EISDIR;
	if (((flags & O_ACCMODE) != O_RDONLY || flags & O_TRUNC) && claim->path && board_is_fixed(vfs->board, claim->path))
		return -EROFS;
	rc = open_file_open(&fresh, &vfs->mount);
	if (rc == 0)
		rc = vfs_file_add_handle(vfs, claim->node, fresh, flags, handle);
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

int vfs_file_open(struct vfs *vfs, uint64_t number, int flags, struct vfs_handle **handle, bool *keep_pages)
{
	struct nodes_claim claim;
	int rc = nodes_claim(vfs->nodes, number, false, &claim);

	*handle = NULL;
	*keep_pages = false;
	if (rc == 0)
		rc = open_claimed(vfs, &claim, flags, handle, keep_pages);
	nodes_release(vfs->nodes, &claim);
	if (rc != 0 && *handle) {
		vfs_file_release(vfs, *handle);
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

static bool is_stale(const struct vfs_handle *handle)
{
	return handle->file && handle->content != open_file_content(handle->file);
}

/* Tells the log, once, that HANDLE of file PATH (NULL: nobody knows) is stale. */
static void tell_stale(struct vfs *vfs, struct vfs_handle *handle, const char *path)
{
	char *text;

	if (!path || !vfs->options.log || atomic_exchange(&handle->told, true))
		return;
	if (asprintf(&text, "%s: it was changed while the board was away, or removed: who had it open before cannot read on",
		     path) < 0)
		return;
	vfs->options.log(vfs->options.log_context, LOG_ERR, text);
	free(text);
}

bool vfs_file_is_stale(struct vfs *vfs, struct vfs_handle *handle)
{
	struct nodes_claim claim;

	if (!is_stale(handle))
		return false;
	if (nodes_claim(vfs->nodes, handle->number, false, &claim) == 0)
		tell_stale(vfs, handle, claim.path);
	nodes_release(vfs->nodes, &claim);
	return true;
}

bool vfs_file_has_stale(struct vfs *vfs, uint64_t number)
{
	bool stale = false;

	pthread_mutex_lock(&vfs->handles_lock);
	for (struct vfs_handle *handle = vfs->handles; handle && !stale; handle = handle->next)
		stale = handle->number == number && is_stale(handle);
	pthread_mutex_unlock(&vfs->handles_lock);
	return stale;
}

ssize_t vfs_file_read(struct vfs *vfs, struct vfs_handle *handle, void *buf, size_t len, uint64_t offset)
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
	if (is_stale(handle)) {
		tell_stale(vfs, handle, claim.path);
		rc = -EIO; /* half of one content and half of another is neither */
	}
	nodes_release(vfs->nodes, &claim);
	return rc;
}

ssize_t vfs_file_write(struct vfs *vfs, struct vfs_handle *handle, const void *buf, size_t len, uint64_t offset, bool write_back)
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

int vfs_file_truncate(struct vfs *vfs, struct vfs_handle *handle, uint64_t size)
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

int vfs_file_sync(struct vfs *vfs, struct vfs_handle *handle)
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
static bool comes_again(struct vfs *vfs, const struct vfs_handle *handle, vfs_file_more_fn *more, void *context)
{
	struct nodes_claim claim;
	bool again;

	again = nodes_claim(vfs->nodes, handle->number, false, &claim) == 0 && claim.path && more(context, claim.path);
	nodes_release(vfs->nodes, &claim);
	return again;
}

int vfs_file_flush(struct vfs *vfs, struct vfs_handle *handle, vfs_file_more_fn *more, void *context)
{
	int rc = 0;

	if (handle->writes && is_emptied(handle->file) && comes_again(vfs, handle, more, context))
		return 0;
	/* Who only reads does not send what others are still writing. */
	if (handle->writes)
		rc = vfs_file_sync(vfs, handle);
	set_idle(vfs, handle, true);
	return rc;
}
