/* SPDX-License-Identifier: MIT */
#include "board/board_image.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
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
	uint64_t size;  /* of the image */
	struct stat st; /* of the file, when its names were read */
	size_t root;    /* number of the directory that is the top */
	struct image_tree tree;
	char *path, *top;   /* of the file, absolute; the directory that is the top */
	struct diag damage; /* the words for what is not whole */
};

static struct board_image *of(struct board *board)
{
	return (struct board_image *)board;
}

/* Whether the file is still the one whose names were read: what lies at their offsets in another image is not theirs. */
static bool is_unchanged(const struct board_image *image)
{
	struct stat now;

	return fstat(image->fd, &now) == 0 && now.st_size == image->st.st_size &&
	       now.st_mtim.tv_sec == image->st.st_mtim.tv_sec && now.st_mtim.tv_nsec == image->st.st_mtim.tv_nsec;
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
		image_tree_stat(entry, of(board)->st.st_mtime, out);
	return rc;
}

static int op_list(struct board *board, const char *path, board_entry_fn *each, void *context)
{
	const struct board_image *image = of(board);

	return image_tree_list(&image->tree, path, image->root, image->st.st_mtime, each, context);
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
	return is_unchanged(image) ? (ssize_t)done : -EIO;
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

/* The words for CHECK's fault, and REST. */
static int say_damage(const struct romfs_check *check, const char *path, const char *rest, struct diag *diag)
{
	struct diag fault;

	romfs_check_fail(check, path, &fault);
	return diag_fail(diag, DIAG_ROMFS, EBADMSG, "%s. %s", fault.text, rest);
}

/* Of the image only LEN bytes are there. CHECK has the first fault that comes of it, if there is one: only padding may be gone. */
static void note_cut(struct board_image *image, const struct romfs_check *check, const char *path, uint64_t len)
{
	char rest[100];

	snprintf(rest, sizeof(rest), "%" PRIu64 " of its %" PRIu64 " bytes are there. What is whole of it is here", len,
		 image->size);
	if (check->fault.what)
		say_damage(check, path, rest, &image->damage);
	else
		diag_fail(&image->damage, DIAG_ROMFS, EBADMSG, "%s is cut short: %s", path, rest);
}

/* Looks at all records. With FORCE damage is noted, and no failure. */
static int check_image(struct board_image *image, const struct romfs_reader *reader, const char *path, bool force,
		       struct diag *diag)
{
	struct romfs_check check;
	int rc = romfs_check_records(&check, reader);

	if (reader->present < reader->size)
		note_cut(image, &check, path, reader->present);
	else if (rc == -EBADMSG && force)
		say_damage(&check, path, "What is whole of it is here", &image->damage);
	else if (rc == -EBADMSG)
		return say_damage(&check, path, "With -o force what is whole of it is mounted", diag);
	return rc == -EBADMSG ? 0 : rc;
}

/* Reads the image that is mapped in FILE. */
static int read_image(struct board_image *image, const struct romfs_file *file, const char *path, bool force, struct diag *diag)
{
	struct romfs_reader reader;
	struct romfs_check check = {0};
	int rc = romfs_reader_open_cut(&reader, file->bytes, file->size, &check.fault);

	if (rc < 0)
		return romfs_check_fail(&check, path, diag);
	if (check.fault.what && !force)
		return say_damage(&check, path, "With -o force what is whole of it is mounted", diag);
	image->size = reader.size;
	rc = check_image(image, &reader, path, force, diag);
	if (rc == 0)
		rc = image_tree_take(&image->tree, &reader);
	return rc == -ENOMEM ? diag_fail(diag, DIAG_ROMFS, ENOMEM, "%s: not enough memory", path) : rc;
}

/* Opens the file for its contents, and maps it for as long as its names are read. */
static int open_file(struct board_image *image, const char *path, bool force, struct diag *diag)
{
	struct romfs_file file = ROMFS_FILE_NONE;
	int rc;

	image->fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (image->fd < 0 || fstat(image->fd, &image->st) < 0)
		return diag_fail(diag, DIAG_ROMFS, errno, "the ROM image %s cannot be opened: %s", path, strerror(errno));
	rc = romfs_file_map(&file, image->fd, path, diag);
	if (rc < 0)
		return rc;
	rc = read_image(image, &file, path, force, diag);
	if (romfs_file_check(&file, path, diag) < 0)
		rc = -EIO;
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

/* Whether PATH ends as the name of an image does, and does not begin with a kind of device, as exec:COMMAND. */
static bool has_image_name(const char *path)
{
	const char *suffix = strrchr(path, '.');

	return suffix && !strcmp(suffix, ".romfs") && path[strcspn(path, ":/")] != ':';
}

static bool begins_as_image(const char *path)
{
	char start[ROMFS_MAGIC_SIZE];
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, start, sizeof(start));

	if (fd >= 0)
		close(fd);
	return n == sizeof(start) && memcmp(start, ROMFS_MAGIC, sizeof(start)) == 0;
}

bool board_image_is(const char *device)
{
	struct stat st;

	if (stat(device, &st) < 0)
		return has_image_name(device);
	if (S_ISREG(st.st_mode))
		return has_image_name(device) || begins_as_image(device);
	return has_image_name(device) && !S_ISCHR(st.st_mode);
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
