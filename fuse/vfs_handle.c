/* SPDX-License-Identifier: MIT */
#include "fuse/vfs_handle.h"

#include <stdlib.h>

struct vfs_handle *vfs_handle_new(struct vfs *vfs, uint64_t number)
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

void vfs_handle_free(struct vfs *vfs, struct vfs_handle *handle)
{
	pthread_mutex_lock(&vfs->handles_lock);
	*handle->link = handle->next;
	if (handle->next)
		handle->next->link = handle->link;
	pthread_mutex_unlock(&vfs->handles_lock);
	open_file_unref(handle->file);
	listing_clear(&handle->listing);
	free(handle);
}
