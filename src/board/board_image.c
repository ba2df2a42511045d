/* SPDX-License-Identifier: MIT */
#include "board/board_image.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "board/image_tree.h"
#include "romfs/romfs_check.h"
#include "romfs/romfs_file.h"

enum { BLOCK_SIZE = 512 };

struct board_image {
	struct board base;
	struct board_info info;
	int fd;
	uint64_t size; /* of the image */
	int64_t mtime;
	size_t root; /* number of the directory that is the top */
	struct image_tree tree;
	char *path, *top;   /* of the file, absolute; the directory that is the top */
	struct diag damage; /* the words for what is not whole */
};

static struct board_image *of(struct board *board)
{
	return (struct board_image *)board;
}

static int find_path(const struct board_image *image, const char *path, const struct image_entry **out)
{
	size_t number = image->root;

	return image_tree_find(&image->tree, path, &number, out);
}

/* --- What board.h asks for --- */

static int op_stat(struct board *board, const char *path, struct board_stat *out)
{
	const struct image_entry *entry;
	int rc = find_path(of(board), path, &entry);

	if (rc == 0)
		image_tree_stat(entry, of(board)->mtime, out);
	return rc;
}

static int op_list(struct board *board, const char *path, board_entry_fn *each, void *context)
{
	const struct board_image *image = of(board);

	return image_tree_list(&image->tree, path, image->root, image->mtime, each, context);
}

static ssize_t op_read(struct board *board, const char *path, void *buf, size_t len, uint64_t offset)
{
	const struct board_image *image = of(board);
	const struct image_entry *entry;
	size_t done = 0;
	ssize_t n;
	int rc = find_path(image, path, &entry);

	if (rc < 0)
		return rc;
	if (!entry || entry->is_dir)
		return -EISDIR;
	if (offset >= entry->size)
		return 0;
	if (len > entry->size - offset)
		len = (size_t)(entry->size - offset);
	while (done < len) {
		n = pread(image->fd, (char *)buf + done, len - done, (off_t)(entry->content + offset + done));
		if (n <= 0) /* 0: somebody has made the file shorter */
			return n < 0 ? -errno : -EIO;
		done += (size_t)n;
	}
	return (ssize_t)done;
}

static int op_statfs(struct board *board, const char *path, struct board_statfs *out)
{
	(void)path;
	*out = (struct board_statfs){
		.block_size = BLOCK_SIZE,
		.blocks = (of(board)->size + BLOCK_SIZE - 1) / BLOCK_SIZE,
		.name_max = ROMFS_NAME_MAX,
	};
	return 0;
}

static const struct board_info *op_info(struct board *board)
{
	return &of(board)->info;
}

static void op_close(struct board *board)
{
	struct board_image *image = of(board);

	image_tree_free(&image->tree);
	free(image->path);
	free(image->top);
	if (image->fd >= 0)
		close(image->fd);
	free(image);
}

static int op_replace(struct board *board, const char *path, const struct board_content *content, struct board_stat *out)
{
	(void)board, (void)path, (void)content, (void)out;
	return -EROFS;
}

static int op_append(struct board *board, const char *path, const struct board_content *content, uint64_t from,
		     struct board_stat *out)
{
	(void)board, (void)path, (void)content, (void)from, (void)out;
	return -EROFS;
}

static int op_change(struct board *board, const char *path)
{
	(void)board, (void)path;
	return -EROFS;
}

static int op_rename(struct board *board, const char *from, const char *to, bool noreplace)
{
	(void)board, (void)from, (void)to, (void)noreplace;
	return -EROFS;
}

static const struct board_ops image_ops = {
	.stat = op_stat,
	.list = op_list,
	.read = op_read,
	.replace = op_replace,
	.append = op_append,
	.mkdir = op_change,
	.rmdir = op_change,
	.remove = op_change,
	.rename = op_rename,
	.statfs = op_statfs,
	.info = op_info,
	.close = op_close,
};

/* --- Opening --- */

static int fault_words(const struct romfs_check *check, const char *path, const char *rest, struct diag *diag)
{
	return diag_fail(diag, DIAG_ROMFS, EBADMSG, "%s is damaged: at offset %zu%s%s: %s. %s", path, check->fault.offset,
			 check->path[0] ? " in " : "", check->path, check->fault.what, rest);
}

/* Reads the image that is mapped in FILE. */
static int read_image(struct board_image *image, const struct romfs_file *file, const char *path, bool force, struct diag *diag)
{
	struct romfs_reader reader;
	struct romfs_check check = {0};
	int rc = romfs_reader_open(&reader, file->bytes, file->size, &check.fault);

	if (rc < 0)
		return diag_fail(diag, DIAG_ROMFS, -rc, "%s: %s", path, check.fault.what);
	rc = romfs_check_records(&check, &reader);
	if (rc == -EBADMSG && !force)
		return fault_words(&check, path, "With -o force what is whole of it is mounted", diag);
	if (rc == -EBADMSG) {
		fault_words(&check, path, "What is whole of it is here", &image->damage);
		rc = 0;
	}
	image->size = reader.size;
	if (rc == 0)
		rc = image_tree_take(&image->tree, &reader);
	return rc < 0 ? diag_fail(diag, DIAG_ROMFS, -rc, "%s: not enough memory", path) : 0;
}

/* Opens the file for its contents, and maps it for as long as its names are read. */
static int open_file(struct board_image *image, const char *path, bool force, struct diag *diag)
{
	struct romfs_file file;
	struct stat st;
	int rc;

	image->fd = open(path, O_RDONLY | O_CLOEXEC);
	if (image->fd < 0 || fstat(image->fd, &st) < 0)
		return diag_fail(diag, DIAG_ROMFS, errno, "%s: cannot be opened: %s", path, strerror(errno));
	image->mtime = st.st_mtime;
	rc = romfs_file_map(&file, image->fd, path, diag);
	if (rc == 0)
		rc = read_image(image, &file, path, force, diag);
	romfs_file_close(&file);
	return rc;
}

static int find_root(struct board_image *image, const char *path, const char *root, struct diag *diag)
{
	const struct image_entry *entry;
	int rc = image_tree_find(&image->tree, root, &image->root, &entry);

	if (rc == 0 && entry && !entry->is_dir)
		rc = -ENOTDIR;
	return rc < 0 ? diag_fail(diag, DIAG_ROMFS, -rc, "%s has no directory %s", path, root) : 0;
}

static int fill_info(struct board_image *image, const char *path, const char *root, struct diag *diag)
{
	image->path = realpath(path, NULL);
	image->top = strdup(root ? root : "");
	if (!image->path || !image->top)
		return diag_fail(diag, DIAG_ROMFS, errno, "%s: %s", path, strerror(errno));
	image->info = (struct board_info){
		.machine = "ROM image",
		.version = "",
		.unique_id = "",
		.usb_serial = "",
		.device = image->path,
		.root = image->top,
		.warning = image->damage.text,
		.read_only = true,
	};
	return 0;
}

bool board_image_is(const char *device)
{
	const char *suffix = strrchr(device, '.');
	char start[ROMFS_MAGIC_SIZE];
	struct stat st;
	ssize_t n;
	int fd;

	if (stat(device, &st) < 0 || !S_ISREG(st.st_mode))
		return false;
	if (suffix && !strcmp(suffix, ".romfs"))
		return true;
	fd = open(device, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	n = read(fd, start, sizeof(start));
	close(fd);
	return n == sizeof(start) && memcmp(start, ROMFS_MAGIC, sizeof(start)) == 0;
}

int board_image_open(struct board **out, const char *path, const char *root, bool force, struct diag *diag)
{
	struct board_image *image = calloc(1, sizeof(*image));
	int rc;

	*out = NULL;
	if (!image)
		return diag_fail(diag, DIAG_ROMFS, ENOMEM, "not enough memory");
	image->base.ops = &image_ops;
	image->fd = -1;
	rc = open_file(image, path, force, diag);
	if (rc == 0)
		rc = fill_info(image, path, root, diag);
	if (rc == 0 && root)
		rc = find_root(image, path, root, diag);
	if (rc < 0) {
		op_close(&image->base);
		return rc;
	}
	*out = &image->base;
	return 0;
}
