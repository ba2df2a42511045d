/* SPDX-License-Identifier: MIT */
#include "cli/source_tree.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file_kind.h"
#include "romfs/romfs_format.h"

/* Whatever it is, to open it holds nobody up. */
enum { READ_FLAGS = O_RDONLY | O_NONBLOCK | O_NOCTTY };

static const char replaced[] = "another program has put something else in its place";

/* A directory that the walk is in. */
struct level {
	const struct level *above;
	dev_t device;
	ino_t inode;
	size_t depth;
	const char *path; /* from the top; "": the top */
	const char *real; /* the same, where no link is followed */
	int fd;
};

struct walk {
	struct source_tree *tree;
	struct source_rules *rules;
	const struct source_output *output;
	char *real;   /* the top's path without links */
	size_t ahead; /* so much may still be read on the way */
	struct diag *diag;
};

static int fail(const struct walk *walk, int err, const char *path, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

static int fail(const struct walk *walk, int err, const char *path, const char *format, ...)
{
	char what[512], entry[DIAG_PATH_SIZE];
	va_list args;

	va_start(args, format);
	vsnprintf(what, sizeof(what), format, args);
	va_end(args);
	return diag_fail(walk->diag, DIAG_ROMFS, err, "%s%s%s: %s", walk->tree->dir, *path ? walk->tree->slash : "",
			 diag_path(entry, path), what);
}

static char *join(const char *dir, const char *name)
{
	size_t dir_len = strlen(dir), name_len = strlen(name), slash = dir_len > 0;
	char *path = malloc(dir_len + slash + name_len + 1);

	if (path) {
		memcpy(path, dir, dir_len);
		memcpy(path + dir_len, "/", slash);
		memcpy(path + dir_len + slash, name, name_len + 1);
	}
	return path;
}

/* --- What an entry is --- */

/*
 * The link PATH leads to something beneath the top, whatever links it takes: *REAL, malloced, is the path from the top without links. It
 * is believed only as far as beneath_file opens it.
 */
static int resolve(const struct walk *walk, const char *path, char **real)
{
	char *full = join(walk->tree->dir, path), *found = full ? realpath(full, NULL) : NULL;
	size_t len = strcmp(walk->real, "/") != 0 ? strlen(walk->real) : 0;
	int err = full ? errno : ENOMEM, rc = 0;

	*real = NULL;
	if (!found)
		rc = fail(walk, err, path, "%s",
			  err == ENOMEM  ? "not enough memory"
			  : err == ELOOP ? "a link that leads in a circle"
					 : "a link that leads nowhere");
	else if (strncmp(found, walk->real, len) != 0 || (found[len] && found[len] != '/'))
		rc = fail(walk, EXDEV, path, "a link that leads out of %s, to %s", walk->tree->dir, found);
	else if (!(*real = strdup(found + len + (found[len] == '/'))))
		rc = fail(walk, ENOMEM, path, "not enough memory");
	free(found);
	free(full);
	return rc;
}

static bool goes_in_circle(const struct level *level, const struct stat *st)
{
	for (; level; level = level->above) {
		if (level->device == st->st_dev && level->inode == st->st_ino)
			return true;
	}
	return false;
}

/* What lies at REAL, where no link is. */
static int look_beneath(const struct walk *walk, const char *path, const char *real, struct stat *st)
{
	int fd =
		*real ? beneath_file(&walk->tree->near, walk->tree->fd, real, O_PATH) : fcntl(walk->tree->fd, F_DUPFD_CLOEXEC, 0);
	int rc = fd < 0 ? fd : fstat(fd, st) < 0 ? -errno : 0;

	if (fd >= 0)
		close(fd);
	return rc < 0 ? fail(walk, -rc, path, "%s", strerror(-rc)) : 0;
}

/* Of what ST is about, if that is a link, where it leads. *REAL: where it is found without links, malloced; NULL: at PATH. */
static int look_at(const struct walk *walk, const struct level *level, const char *path, const char *name, struct stat *st,
		   char **real)
{
	int rc = 0;

	*real = NULL;
	if (S_ISLNK(st->st_mode)) {
		rc = resolve(walk, path, real);
		if (rc == 0)
			rc = look_beneath(walk, path, *real, st);
	} else if (level->real != level->path && !(*real = join(level->real, name))) {
		rc = fail(walk, ENOMEM, path, "not enough memory");
	}
	if (rc != 0)
		return rc;
	if (S_ISDIR(st->st_mode) && goes_in_circle(level, st))
		return fail(walk, ELOOP, path, "a link that leads in a circle");
	if (!S_ISDIR(st->st_mode) && !S_ISREG(st->st_mode))
		return fail(walk, EINVAL, path, "%s, which cannot be in an image", file_kind(st->st_mode));
	return 0;
}

static int check_name(const struct walk *walk, const char *path, const char *name)
{
	const char *fault = romfs_format_name_fault(name, strlen(name));

	if (fault)
		return fail(walk, EINVAL, path, "a name that %s", fault);
	if (strlen(path) > ROMFS_PATH_MAX)
		return fail(walk, ENAMETOOLONG, path, "the path is too long for an image");
	return 0;
}

/* --- What is read on the way --- */

/* Reads FD to its end, where SIZE was its size a moment ago: with room for one byte more one call tells that this is still so. */
static int read_all(int fd, size_t size, struct source *source)
{
	size_t room = size + 1, used = 0;
	uint8_t *bytes = malloc(room), *larger;
	ssize_t n = -1;

	while (bytes && (n = read(fd, bytes + used, room - used)) > 0) {
		used += (size_t)n;
		if (used < room && used >= size)
			break;
		if (used < room)
			continue;
		larger = realloc(bytes, room *= 2);
		if (!larger)
			free(bytes);
		bytes = larger;
	}
	if (!bytes || n < 0) {
		n = bytes ? -errno : -ENOMEM;
		free(bytes);
		return (int)n;
	}
	source->content = bytes;
	source->size = used;
	return 0;
}

/*
 * Reads the file NAME of LEVEL, and fills ST: for a small file the second way to it is most of the work. False: it was not, for whatever
 * reason, and when its turn comes that is told.
 */
static bool read_ahead(struct walk *walk, const struct level *level, const char *name, struct source *source, struct stat *st)
{
	int fd = openat(level->fd, name, READ_FLAGS | O_NOFOLLOW | O_CLOEXEC);
	bool is_read = fd >= 0 && fstat(fd, st) == 0 && S_ISREG(st->st_mode) && (uintmax_t)st->st_size < walk->ahead &&
		       read_all(fd, (size_t)st->st_size, source) == 0;

	if (fd >= 0)
		close(fd);
	if (is_read)
		walk->ahead -= source->size < walk->ahead ? source->size + 1 : walk->ahead;
	return is_read;
}

/* Whether FD is the directory of these numbers. */
static bool is_that(int fd, dev_t device, ino_t inode)
{
	struct stat st;

	return fstat(fd, &st) == 0 && st.st_dev == device && st.st_ino == inode;
}

/* Files of LEVEL were read; so it has to be still where it was found. */
static int settle_level(const struct walk *walk, const struct level *level)
{
	int fd = beneath_directory(walk->tree->fd, level->real, strlen(level->real), false);
	bool is_there = fd >= 0 && is_that(fd, level->device, level->inode);

	if (fd >= 0)
		close(fd);
	return is_there ? 0 : fail(walk, ESTALE, level->path, "cannot be read: %s", replaced);
}

/* --- The walk --- */

struct name {
	char *name;
	bool is_file; /* for sure, and no link */
};

struct names {
	struct name *names;
	size_t count;
};

static void free_names(struct names *names)
{
	for (size_t i = 0; i < names->count; i++)
		free(names->names[i].name);
	free(names->names);
}

static int compare_names(const void *left, const void *right)
{
	return strcmp(((const struct name *)left)->name, ((const struct name *)right)->name);
}

static bool has_name(const struct names *names, char *name)
{
	const struct name key = {.name = name};

	return names->count > 0 && bsearch(&key, names->names, names->count, sizeof(key), compare_names) != NULL;
}

static int add_name(struct names *names, const char *name, bool is_file)
{
	struct name *larger = names->names;

	if ((names->count & (names->count - 1)) == 0) /* at each power of two */
		larger = reallocarray(names->names, names->count ? 2 * names->count : 1, sizeof(*larger));
	if (!larger)
		return -ENOMEM;
	names->names = larger;
	names->names[names->count] = (struct name){strdup(name), is_file};
	return names->names[names->count].name ? (int)(names->count++, 0) : -ENOMEM;
}

static bool is_directory(int dir, const struct dirent *entry)
{
	struct stat st;

	if (entry->d_type == DT_DIR)
		return true;
	return (entry->d_type == DT_LNK || entry->d_type == DT_UNKNOWN) && fstatat(dir, entry->d_name, &st, 0) == 0 &&
	       S_ISDIR(st.st_mode);
}

/* Adds the name of ENTRY to NAMES where it is to be packed. */
static int take_name(struct walk *walk, const struct level *level, const struct dirent *entry, struct names *names)
{
	char *path = join(level->path, entry->d_name);
	enum source_verdict verdict;

	if (!path)
		return -ENOMEM;
	verdict = source_rules_judge(walk->rules, path, entry->d_name, is_directory(level->fd, entry));
	walk->tree->left_out += verdict == SOURCE_LEFT_OUT;
	walk->tree->excluded += verdict == SOURCE_EXCLUDED;
	free(path);
	return verdict == SOURCE_PACKED ? add_name(names, entry->d_name, entry->d_type == DT_REG) : 0;
}

/* The names in an open directory that are packed, sorted. */
static int take_names(struct walk *walk, const struct level *level, DIR *stream, struct names *names)
{
	struct dirent *entry;
	int rc = 0;

	while (rc == 0 && (errno = 0, entry = readdir(stream))) {
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			rc = take_name(walk, level, entry, names);
	}
	if (rc == 0)
		rc = -errno;
	if (names->count > 0)
		qsort(names->names, names->count, sizeof(*names->names), compare_names);
	return rc;
}

static int list_names(struct walk *walk, const struct level *level, struct names *names)
{
	int fd = fcntl(level->fd, F_DUPFD_CLOEXEC, 0);
	DIR *stream = fd < 0 ? NULL : fdopendir(fd);
	int rc;

	if (!stream) {
		rc = -errno;
		if (fd >= 0)
			close(fd);
	} else {
		rc = take_names(walk, level, stream, names);
		closedir(stream);
	}
	return rc < 0 ? fail(walk, -rc, level->path, "%s", strerror(-rc)) : 0;
}

static void free_source(struct source *source)
{
	free(source->path);
	free(source->name);
	free(source->real);
	free(source->content);
}

/* Takes over SOURCE's memory, also when it fails. */
static int append(struct source_tree *tree, struct source *source)
{
	if (tree->count == tree->room) {
		size_t room = tree->room ? 2 * tree->room : 64;
		struct source *sources = reallocarray(tree->sources, room, sizeof(*sources));

		if (!sources) {
			free_source(source);
			return -ENOMEM;
		}
		tree->sources = sources;
		tree->room = room;
	}
	tree->sources[tree->count++] = *source;
	return 0;
}

/* What is too much for an image is refused before it is read. */
static int check_room(const struct walk *walk, const struct source *source)
{
	struct source_tree *tree = walk->tree;

	tree->bytes += strlen(source->name) + (source->is_dir ? 0 : source->size);
	if (tree->bytes > UINT32_MAX)
		return fail(walk, EFBIG, source->path, "with this it is more than 4 GiB, and no image can be so large");
	tree->linked += source->real != NULL;
	if (tree->linked > SOURCE_TREE_LINKED_MAX)
		return fail(walk, E2BIG, source->path,
			    "with this links lead to more than %d files and directories: to the same ones again and again?",
			    SOURCE_TREE_LINKED_MAX);
	return 0;
}

static bool is_image(const struct walk *walk, const struct source *source)
{
	char start[ROMFS_MAGIC_SIZE] = {0};
	ssize_t n = -1;
	int fd = source_tree_open_file(walk->tree, source, NULL);

	if (fd >= 0) {
		n = read(fd, start, sizeof(start));
		close(fd);
	}
	return n == sizeof(start) && memcmp(start, ROMFS_MAGIC, sizeof(start)) == 0;
}

/* An image that was made here once. */
static bool is_old_image(const struct walk *walk, const struct source *source)
{
	const char *suffix = strrchr(source->name, '.');

	return !source->is_dir && suffix && !strcmp(suffix, ".romfs") && is_image(walk, source);
}

/* Whether beside NAME.py there is a NAME.mpy already, whose place its bytecode would take. */
static bool has_mpy(const struct names *names, const char *name)
{
	size_t len = strlen(name);
	char mpy[ROMFS_NAME_MAX + 2];

	if (len < 3 || len > ROMFS_NAME_MAX || strcmp(name + len - 3, ".py") != 0)
		return false;
	memcpy(mpy, name, len - 2);
	memcpy(mpy + len - 2, "mpy", 4);
	return has_name(names, mpy);
}

static int add_directory(struct walk *walk, const struct level *level);

static int enter_directory(struct walk *walk, const struct level *level, const struct source *source)
{
	const char *real = source->real ? source->real : source->path;
	struct level below = {level, source->device, source->inode, level->depth + 1, source->path, real, -1};
	int rc;

	below.fd = beneath_directory(walk->tree->fd, real, strlen(real), false);
	if (below.fd < 0)
		return fail(walk, -below.fd, source->path, "%s", strerror(-below.fd));
	if (!is_that(below.fd, source->device, source->inode))
		rc = fail(walk, ESTALE, source->path, "%s", replaced);
	else
		rc = add_directory(walk, &below);
	close(below.fd);
	return rc;
}

/* The entry NAME of the directory LEVEL, whose path is SOURCE's. */
static int find_source(struct walk *walk, const struct level *level, const struct names *names, const struct name *entry,
		       struct source *source)
{
	const char *name = entry->name;
	struct stat st;
	int rc = check_name(walk, source->path, name);

	if (rc == 0 && !(entry->is_file && walk->ahead > 0 && read_ahead(walk, level, name, source, &st)) &&
	    fstatat(level->fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		rc = fail(walk, errno, source->path, "%s", strerror(errno));
	if (rc == 0) {
		/* NOLINTNEXTLINE(clang-analyzer-unix.Malloc): add_entry frees the path, or the tree does */
		rc = look_at(walk, level, source->path, name, &st, &source->real);
	}
	if (rc != 0)
		return rc;
	source->depth = level->depth;
	source->is_dir = S_ISDIR(st.st_mode);
	source->has_mpy = has_mpy(names, name);
	source->device = st.st_dev;
	source->inode = st.st_ino;
	if (!source->content)
		source->size = (size_t)st.st_size;
	source->name = strdup(name);
	return source->name ? 0 : fail(walk, ENOMEM, source->path, "not enough memory");
}

static bool is_output(const struct walk *walk, const struct source *source)
{
	return walk->output->exists && source->device == walk->output->device && source->inode == walk->output->inode;
}

/* A source that --output names by mistake would be lost. */
static int check_output(const struct walk *walk, const struct source *source)
{
	if (source->size == 0 || is_image(walk, source))
		return 0;
	return fail(walk, EEXIST, source->path,
		    "it is the file of --output, and no image: what is in it would be lost. Name another");
}

static int add_entry(struct walk *walk, const struct level *level, const struct names *names, const struct name *entry)
{
	struct source source = {.path = join(level->path, entry->name)};
	bool skipped = false;
	int rc;

	if (!source.path)
		return fail(walk, ENOMEM, level->path, "not enough memory");
	rc = find_source(walk, level, names, entry, &source);
	if (rc == 0 && is_output(walk, &source)) {
		rc = check_output(walk, &source);
		skipped = true;
	} else if (rc == 0 && !walk->rules->all && is_old_image(walk, &source)) {
		walk->tree->left_out++;
		skipped = true;
	} else if (rc == 0) {
		rc = check_room(walk, &source);
	}
	if (rc != 0 || skipped) {
		free_source(&source);
		return rc;
	}
	if (append(walk->tree, &source) < 0)
		return fail(walk, ENOMEM, level->path, "not enough memory");
	return source.is_dir ? enter_directory(walk, level, &source) : 0;
}

/* Goes as deep as ROMFS_DEPTH_MAX at most. */
static int add_directory(struct walk *walk, const struct level *level) /* NOLINT(misc-no-recursion): as deep as the tree */
{
	struct names names = {0};
	size_t ahead = walk->ahead;
	int rc;

	if (level->depth >= ROMFS_DEPTH_MAX)
		return fail(walk, ENAMETOOLONG, level->path, "more than 256 directories lie in each other");
	rc = list_names(walk, level, &names);
	for (size_t i = 0; i < names.count && rc == 0; i++)
		rc = add_entry(walk, level, &names, &names.names[i]);
	free_names(&names);
	return rc == 0 && walk->ahead < ahead ? settle_level(walk, level) : rc;
}

int source_tree_open(struct source_tree *tree, const char *dir, struct source_rules *rules, const struct source_output *output,
		     size_t ahead, struct diag *diag)
{
	struct walk walk = {.tree = tree, .rules = rules, .output = output, .ahead = ahead, .diag = diag};
	struct level top = {.path = ""};
	struct stat st;
	int rc;

	*tree = (struct source_tree){
		.dir = dir, .near = BENEATH_NEAR_NONE, .slash = *dir && dir[strlen(dir) - 1] == '/' ? "" : "/"};
	tree->fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (tree->fd < 0)
		return fail(&walk, errno, "", "%s", errno == ENOENT ? "there is no such directory" : strerror(errno));
	walk.real = realpath(dir, NULL);
	if (!walk.real || fstat(tree->fd, &st) < 0) {
		free(walk.real);
		return fail(&walk, errno, "", "%s", strerror(errno));
	}
	top.device = st.st_dev;
	top.inode = st.st_ino;
	top.real = top.path;
	top.fd = tree->fd;
	rc = add_directory(&walk, &top);
	free(walk.real);
	return rc;
}

/* --- Contents --- */

/* What was found at a path has to be there still. */
static int check_file(int fd, const struct source *source)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return -errno;
	return S_ISREG(st.st_mode) && st.st_dev == source->device && st.st_ino == source->inode ? 0 : -ESTALE;
}

static bool is_replaced(int err)
{
	return err == ESTALE || err == ELOOP || err == ENOTDIR || err == ENXIO;
}

static int fail_to_read(const struct source_tree *tree, const struct source *source, int err, struct diag *diag)
{
	char entry[DIAG_PATH_SIZE];

	return diag_fail(diag, DIAG_ROMFS, err, "%s%s%s: cannot be read: %s", tree->dir, tree->slash,
			 diag_path(entry, source->path), is_replaced(err) ? replaced : strerror(err));
}

int source_tree_settle(struct source_tree *tree, struct diag *diag)
{
	char entry[DIAG_PATH_SIZE], path[DIAG_PATH_SIZE] = "";

	if (tree->near.path)
		snprintf(path, sizeof(path), "%s", diag_path(entry, tree->near.path));
	if (beneath_near_leave(&tree->near, tree->fd) == 0)
		return 0;
	return diag_fail(diag, DIAG_ROMFS, ESTALE, "%s%s%s: cannot be read: %s", tree->dir, *path ? tree->slash : "", path,
			 replaced);
}

int source_tree_open_file(struct source_tree *tree, const struct source *source, struct diag *diag)
{
	const char *real = source->real ? source->real : source->path;

	if (!beneath_near_has(&tree->near, real) && source_tree_settle(tree, diag) < 0)
		return -ESTALE;
	int fd = beneath_file(&tree->near, tree->fd, real, READ_FLAGS);
	int rc = fd < 0 ? fd : check_file(fd, source);

	if (rc >= 0)
		return fd;
	if (fd >= 0)
		close(fd);
	return fail_to_read(tree, source, -rc, diag);
}

int source_tree_read(struct source_tree *tree, struct source *source, struct diag *diag)
{
	int fd = source_tree_open_file(tree, source, diag), rc;

	if (fd < 0)
		return fd;
	rc = read_all(fd, source->size, source);
	close(fd);
	return rc < 0 ? fail_to_read(tree, source, -rc, diag) : 0;
}

void source_tree_close(struct source_tree *tree)
{
	for (size_t i = 0; i < tree->count; i++)
		free_source(&tree->sources[i]);
	free(tree->sources);
	beneath_near_close(&tree->near);
	if (tree->fd >= 0)
		close(tree->fd);
	*tree = SOURCE_TREE_NONE;
}
