/* SPDX-License-Identifier: MIT */
#include "fuse/operations.h"

#include "fuse/descriptors.h"
#include "fuse/vfs_attributes.h"
#include "fuse/vfs_dir.h"
#include "fuse/vfs_file.h"
#include "fuse/vfs_name.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The most that the kernel sends in one write, and asks for in one read: what cp and the kernel's read-ahead use. */
enum { MAX_TRANSFER = 128 << 10 };

static struct operations *operations_of(fuse_req_t req)
{
	return fuse_req_userdata(req);
}

static struct vfs *vfs_of(fuse_req_t req)
{
	return operations_of(req)->vfs;
}

static struct vfs_handle *handle_of(const struct fuse_file_info *info)
{
	return (struct vfs_handle *)(uintptr_t)info->fh;
}

static void op_init(void *user_data, struct fuse_conn_info *connection)
{
	(void)user_data;
	connection->max_write = MAX_TRANSFER;
	/*
	 * The kernel would drop its pages of a file whenever the time changes, also for our own writes, and what was just written
	 * would come back over the line. vfs_file_open tells instead whether they are still right.
	 */
	connection->want &= ~(unsigned)FUSE_CAP_AUTO_INVAL_DATA;
}

/* How long the kernel may keep the attributes of NUMBER. */
static double attr_timeout_of(fuse_req_t req, fuse_ino_t number)
{
	struct operations *operations = operations_of(req);

	return vfs_file_has_stale(operations->vfs, number) ? 0 : operations->timeout;
}

/* What is known of an entry of DIR. A file on FAT may be removed by one of its spellings: the kernel is to ask for each anew. */
static struct fuse_entry_param entry_of(fuse_req_t req, fuse_ino_t dir, const struct stat *about)
{
	double timeout = operations_of(req)->timeout;

	return (struct fuse_entry_param){
		.ino = about->st_ino,
		.attr = *about,
		.attr_timeout = attr_timeout_of(req, about->st_ino),
		.entry_timeout = vfs_is_fat(vfs_of(req), dir) ? 0 : timeout,
	};
}

/* Replies with what was looked up. A reply that the kernel does not want any more is a look-up that it does not know of. */
static void reply_entry(fuse_req_t req, fuse_ino_t dir, int rc, const struct stat *about)
{
	struct vfs *vfs = vfs_of(req);
	struct fuse_entry_param entry;

	if (rc < 0) {
		fuse_reply_err(req, -rc);
		return;
	}
	entry = entry_of(req, dir, about);
	if (fuse_reply_entry(req, &entry) == -ENOENT)
		vfs_forget(vfs, about->st_ino, 1);
}

static void reply_attributes(fuse_req_t req, int rc, const struct stat *about)
{
	if (rc < 0)
		fuse_reply_err(req, -rc);
	else
		fuse_reply_attr(req, about, attr_timeout_of(req, about->st_ino));
}

static void op_lookup(fuse_req_t req, fuse_ino_t dir, const char *name)
{
	struct stat about;
	int rc = vfs_name_look_up(vfs_of(req), dir, name, &about);

	reply_entry(req, dir, rc, &about);
}

static void op_forget(fuse_req_t req, fuse_ino_t number, uint64_t count)
{
	vfs_forget(vfs_of(req), number, count);
	fuse_reply_none(req);
}

static void op_forget_multi(fuse_req_t req, size_t count, struct fuse_forget_data *forgets)
{
	size_t i;

	for (i = 0; i < count; i++)
		vfs_forget(vfs_of(req), forgets[i].ino, forgets[i].nlookup);
	fuse_reply_none(req);
}

static void op_getattr(fuse_req_t req, fuse_ino_t number, struct fuse_file_info *info)
{
	struct stat about;
	int rc = vfs_attributes_get(vfs_of(req), number, &about);

	/* The kernel asks so before it reads: it must not take the end of another content for that of this one. */
	if (rc == 0 && info && vfs_file_is_stale(vfs_of(req), handle_of(info)))
		rc = -EIO;
	reply_attributes(req, rc, &about);
}

static void op_setattr(fuse_req_t req, fuse_ino_t number, struct stat *wanted, int to_set, struct fuse_file_info *info)
{
	struct vfs_change change = {0};
	uint64_t size = (uint64_t)wanted->st_size;
	struct timespec now;
	struct stat about;
	int rc;

	clock_gettime(CLOCK_REALTIME, &now);
	if (to_set & FUSE_SET_ATTR_SIZE)
		change.size = &size;
	if (to_set & (FUSE_SET_ATTR_ATIME | FUSE_SET_ATTR_ATIME_NOW))
		change.atime = to_set & FUSE_SET_ATTR_ATIME_NOW ? &now : &wanted->st_atim;
	if (to_set & (FUSE_SET_ATTR_MTIME | FUSE_SET_ATTR_MTIME_NOW))
		change.mtime = to_set & FUSE_SET_ATTR_MTIME_NOW ? &now : &wanted->st_mtim;
	rc = vfs_attributes_set(vfs_of(req), number, info ? handle_of(info) : NULL, &change, &about);
	reply_attributes(req, rc, &about);
}

static void op_mknod(fuse_req_t req, fuse_ino_t dir, const char *name, mode_t mode, dev_t device)
{
	struct stat about;
	int rc = -EPERM;

	(void)device;
	if (S_ISREG(mode) || (mode & S_IFMT) == 0)
		rc = vfs_name_make_file(vfs_of(req), dir, name, &about);
	reply_entry(req, dir, rc, &about);
}

static void op_mkdir(fuse_req_t req, fuse_ino_t dir, const char *name, mode_t mode)
{
	struct stat about;
	int rc = vfs_name_make_dir(vfs_of(req), dir, name, &about);

	(void)mode;
	reply_entry(req, dir, rc, &about);
}

static void op_unlink(fuse_req_t req, fuse_ino_t dir, const char *name)
{
	fuse_reply_err(req, -vfs_name_unlink(vfs_of(req), dir, name));
}

static void op_rmdir(fuse_req_t req, fuse_ino_t dir, const char *name)
{
	fuse_reply_err(req, -vfs_name_remove_dir(vfs_of(req), dir, name));
}

static void op_symlink(fuse_req_t req, const char *target, fuse_ino_t dir, const char *name)
{
	(void)target, (void)dir, (void)name;
	fuse_reply_err(req, EPERM);
}

static void op_link(fuse_req_t req, fuse_ino_t number, fuse_ino_t dir, const char *name)
{
	(void)number, (void)dir, (void)name;
	fuse_reply_err(req, EPERM);
}

static void op_rename(fuse_req_t req, fuse_ino_t dir, const char *name, fuse_ino_t new_dir, const char *new_name, unsigned flags)
{
	fuse_reply_err(req, -vfs_name_rename(vfs_of(req), dir, name, new_dir, new_name, flags));
}

static void op_create(fuse_req_t req, fuse_ino_t dir, const char *name, mode_t mode, struct fuse_file_info *info)
{
	struct vfs *vfs = vfs_of(req);
	struct fuse_entry_param entry;
	struct vfs_handle *handle;
	struct stat about;
	int rc = vfs_name_create(vfs, dir, name, info->flags, &handle, &about);

	(void)mode;
	if (rc < 0) {
		fuse_reply_err(req, -rc);
		return;
	}
	info->fh = (uintptr_t)handle;
	entry = entry_of(req, dir, &about);
	if (fuse_reply_create(req, &entry, info) == -ENOENT) {
		vfs_file_release(vfs, handle);
		vfs_forget(vfs, about.st_ino, 1);
	}
}

static void op_open(fuse_req_t req, fuse_ino_t number, struct fuse_file_info *info)
{
	struct operations *operations = operations_of(req);
	struct vfs_handle *handle;
	bool keep_pages;
	int rc = vfs_file_open(operations->vfs, number, info->flags, &handle, &keep_pages);

	if (rc < 0) {
		fuse_reply_err(req, -rc);
		return;
	}
	info->fh = (uintptr_t)handle;
	info->keep_cache = keep_pages;
	/* Pages of what is there now are not for who has opened it before. */
	info->direct_io = vfs_file_has_stale(operations->vfs, number);
	/* The size that the kernel knows may be as old as the pages. */
	if (!keep_pages)
		fuse_lowlevel_notify_inval_inode(operations->session, number, -1, 0);
	if (fuse_reply_open(req, info) == -ENOENT)
		vfs_file_release(operations->vfs, handle);
}

static void op_read(fuse_req_t req, fuse_ino_t number, size_t size, off_t offset, struct fuse_file_info *info)
{
	char *buf = malloc(size);
	ssize_t got = buf ? vfs_file_read(vfs_of(req), handle_of(info), buf, size, (uint64_t)offset) : -ENOMEM;

	(void)number;
	if (got < 0)
		fuse_reply_err(req, (int)-got);
	else
		fuse_reply_buf(req, buf, (size_t)got);
	free(buf);
}

static void op_write(fuse_req_t req, fuse_ino_t number, const char *buf, size_t size, off_t offset, struct fuse_file_info *info)
{
	ssize_t done = vfs_file_write(vfs_of(req), handle_of(info), buf, size, (uint64_t)offset, info->writepage);

	(void)number;
	if (done < 0)
		fuse_reply_err(req, (int)-done);
	else
		fuse_reply_write(req, (size_t)done);
}

/* For vfs_file_flush: whether the process of request CONTEXT has another descriptor for writing to file PATH of the board. */
static bool has_more(void *context, const char *path)
{
	fuse_req_t req = context;
	const char *mount_point = operations_of(req)->mount_point;
	char *here;
	bool has;

	if (asprintf(&here, "%s%s", strcmp(mount_point, "/") == 0 ? "" : mount_point, path) < 0)
		return false;
	has = descriptors_write_to(fuse_req_ctx(req)->pid, here);
	free(here);
	return has;
}

static void op_flush(fuse_req_t req, fuse_ino_t number, struct fuse_file_info *info)
{
	(void)number;
	fuse_reply_err(req, -vfs_file_flush(vfs_of(req), handle_of(info), has_more, req));
}

static void op_fsync(fuse_req_t req, fuse_ino_t number, int only_data, struct fuse_file_info *info)
{
	(void)number, (void)only_data;
	fuse_reply_err(req, -vfs_file_sync(vfs_of(req), handle_of(info)));
}

static void op_release(fuse_req_t req, fuse_ino_t number, struct fuse_file_info *info)
{
	struct operations *operations = operations_of(req);
	uint64_t lost = vfs_file_release(operations->vfs, handle_of(info));

	(void)number;
	if (lost)
		fuse_lowlevel_notify_inval_inode(operations->session, lost, -1, 0);
	fuse_reply_err(req, 0);
}

static void op_opendir(fuse_req_t req, fuse_ino_t number, struct fuse_file_info *info)
{
	struct vfs *vfs = vfs_of(req);
	struct vfs_handle *handle;
	int rc = vfs_dir_open(vfs, number, &handle);

	if (rc < 0) {
		fuse_reply_err(req, -rc);
		return;
	}
	info->fh = (uintptr_t)handle;
	if (fuse_reply_open(req, info) == -ENOENT)
		vfs_dir_release(vfs, handle);
}

/* A readdir request being answered. */
struct page {
	fuse_req_t req;
	fuse_ino_t number;
	bool plus;
	char *buf;
	size_t size, used;
};

/* Adds an entry to PAGE. Returns whether it fitted. */
static bool add_to_page(struct page *page, const char *name, struct fuse_entry_param *entry, off_t next)
{
	char *at = page->buf + page->used;
	size_t room = page->size - page->used, need;

	if (page->plus)
		need = fuse_add_direntry_plus(page->req, at, room, name, entry, next);
	else
		need = fuse_add_direntry(page->req, at, room, name, &entry->attr, next);
	if (need > room)
		return false;
	page->used += need;
	return true;
}

/* `.` and `..`, which the kernel looks up by itself: their numbers only show in d_ino. */
static bool add_dots(struct page *page, off_t *at)
{
	struct fuse_entry_param entry = {.attr = {.st_ino = page->number, .st_mode = S_IFDIR}};

	for (; *at < 2; ++*at) {
		if (!add_to_page(page, *at == 0 ? "." : "..", &entry, *at + 1))
			return false;
	}
	return true;
}

/* Fills PAGE from the listing of HANDLE, from entry AT - 2 on. Returns 0 or a negative errno. */
static int fill_page(struct page *page, struct vfs_handle *handle, off_t at)
{
	struct vfs *vfs = vfs_of(page->req);
	struct fuse_entry_param entry;
	struct stat about;
	const char *name;
	bool looked_up;
	int rc;

	if (!add_dots(page, &at))
		return 0;
	for (;; at++) {
		looked_up = page->plus;
		rc = vfs_dir_entry(vfs, handle, (size_t)(at - 2), &name, &looked_up, &about);
		if (rc <= 0)
			return page->used > 0 ? 0 : rc;
		entry = entry_of(page->req, page->number, &about);
		/* Number 0: only the name is told. */
		if (!looked_up)
			entry.ino = 0;
		if (add_to_page(page, name, &entry, at + 1))
			continue;
		if (looked_up)
			vfs_forget(vfs, about.st_ino, 1);
		return 0;
	}
}

static void read_directory(fuse_req_t req, fuse_ino_t number, size_t size, off_t offset, struct fuse_file_info *info, bool plus)
{
	struct page page = {.req = req, .number = number, .plus = plus, .buf = malloc(size), .size = size};
	struct vfs_handle *handle = handle_of(info);
	int rc = page.buf ? 0 : -ENOMEM;

	if (rc == 0 && offset == 0)
		rc = vfs_dir_list(vfs_of(req), handle);
	if (rc == 0)
		rc = fill_page(&page, handle, offset);
	if (rc < 0)
		fuse_reply_err(req, -rc);
	else
		fuse_reply_buf(req, page.buf, page.used);
	free(page.buf);
}

static void op_readdir(fuse_req_t req, fuse_ino_t number, size_t size, off_t offset, struct fuse_file_info *info)
{
	read_directory(req, number, size, offset, info, false);
}

static void op_readdirplus(fuse_req_t req, fuse_ino_t number, size_t size, off_t offset, struct fuse_file_info *info)
{
	read_directory(req, number, size, offset, info, true);
}

static void op_releasedir(fuse_req_t req, fuse_ino_t number, struct fuse_file_info *info)
{
	(void)number;
	vfs_dir_release(vfs_of(req), handle_of(info));
	fuse_reply_err(req, 0);
}

static void op_fsyncdir(fuse_req_t req, fuse_ino_t number, int only_data, struct fuse_file_info *info)
{
	(void)number, (void)only_data, (void)info;
	/* Names are on the board when the call that changed them returns. */
	fuse_reply_err(req, 0);
}

static void op_statfs(fuse_req_t req, fuse_ino_t number)
{
	struct statvfs about;
	int rc = vfs_statfs(vfs_of(req), number, &about);

	if (rc < 0)
		fuse_reply_err(req, -rc);
	else
		fuse_reply_statfs(req, &about);
}

static void op_access(fuse_req_t req, fuse_ino_t number, int mask)
{
	const struct fuse_ctx *who = fuse_req_ctx(req);

	fuse_reply_err(req, -vfs_attributes_access(vfs_of(req), number, mask, who->uid, who->gid));
}

/* What is not here answers ENOSYS, and the kernel knows what to do: no extended attributes, its own locks, copies by reading. */
const struct fuse_lowlevel_ops operations_table = {
	.init = op_init,
	.lookup = op_lookup,
	.forget = op_forget,
	.forget_multi = op_forget_multi,
	.getattr = op_getattr,
	.setattr = op_setattr,
	.mknod = op_mknod,
	.mkdir = op_mkdir,
	.unlink = op_unlink,
	.rmdir = op_rmdir,
	.symlink = op_symlink,
	.link = op_link,
	.rename = op_rename,
	.create = op_create,
	.open = op_open,
	.read = op_read,
	.write = op_write,
	.flush = op_flush,
	.fsync = op_fsync,
	.release = op_release,
	.opendir = op_opendir,
	.readdir = op_readdir,
	.readdirplus = op_readdirplus,
	.releasedir = op_releasedir,
	.fsyncdir = op_fsyncdir,
	.statfs = op_statfs,
	.access = op_access,
};
