/* SPDX-License-Identifier: MIT */
#include "cli/source_tree.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "romfs/romfs_format.h"

/* What nobody wants on a board: Python's caches, version control, and what editors and file managers leave. */
static const char *const rubbish[] = {
	"__pycache__", "*.py[co]", ".git", ".hg", ".svn", "*~", ".*.sw[a-p]", "#*#", ".#*", ".DS_Store",
};

/* A directory that the walk is in. */
struct level {
	const struct level *above;
	dev_t device;
	ino_t inode;
	size_t depth;
	const char *path; /* from the top; "": the top */
};

struct walk {
	struct source_tree *tree;
	const struct source_rules *rules;
	char *real; /* the top's path without links */
	struct diag *diag;
};

/* Words about PATH; of one that is longer than a screen its ends are enough to know it. */
static int fail(const struct walk *walk, int err, const char *path, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

static int fail(const struct walk *walk, int err, const char *path, const char *format, ...)
{
	const size_t ends = 160, len = strlen(path);
	const char *dots = len > 2 * ends ? "..." : "";
	char what[512];
	va_list args;

	va_start(args, format);
	vsnprintf(what, sizeof(what), format, args);
	va_end(args);
	return diag_fail(walk->diag, DIAG_ROMFS, err, "%s%s%.*s%s%s: %s", walk->tree->dir, *path ? walk->tree->slash : "",
			 (int)(*dots ? ends : len), path, dots, *dots ? path + len - ends : "", what);
}

static bool matches(const char *glob, const char *path, const char *name)
{
	return fnmatch(glob, strchr(glob, '/') ? path : name, FNM_PATHNAME) == 0;
}

static bool is_rubbish(const char *name)
{
	for (size_t i = 0; i < sizeof(rubbish) / sizeof(rubbish[0]); i++) {
		if (fnmatch(rubbish[i], name, 0) == 0)
			return true;
	}
	return false;
}

static bool is_left_out(const struct source_rules *rules, const char *path, const char *name)
{
	if (!rules->all && is_rubbish(name))
		return true;
	for (size_t i = 0; i < rules->exclude_count; i++) {
		if (matches(rules->exclude[i], path, name))
			return true;
	}
	return false;
}

static bool is_output(const struct source_rules *rules, const struct stat *st)
{
	return rules->has_output && st->st_dev == rules->output_device && st->st_ino == rules->output_inode;
}

static char *join(const char *dir, const char *name)
{
	char *path;

	return asprintf(&path, "%s%s%s", dir, *dir ? "/" : "", name) < 0 ? NULL : path;
}

/* --- What an entry is --- */

/* The path PATH leads to something beneath the top, whatever links it takes. */
static int check_link(const struct walk *walk, const char *path)
{
	char *full = join(walk->tree->dir, path), *real = full ? realpath(full, NULL) : NULL;
	size_t len = strlen(walk->real);
	int rc = 0;

	if (!full)
		rc = fail(walk, ENOMEM, path, "not enough memory");
	else if (!real && errno == ELOOP)
		rc = fail(walk, ELOOP, path, "a link that leads in a circle");
	else if (!real)
		rc = fail(walk, errno, path, "a link that leads nowhere");
	else if (strcmp(walk->real, "/") != 0 && (strncmp(real, walk->real, len) != 0 || (real[len] && real[len] != '/')))
		rc = fail(walk, EXDEV, path, "a link that leads out of %s, to %s", walk->tree->dir, real);
	free(real);
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

static int look_at(const struct walk *walk, const struct level *level, const char *path, struct stat *st)
{
	int fd = walk->tree->fd;
	bool is_link;
	int rc = 0;

	if (fstatat(fd, path, st, AT_SYMLINK_NOFOLLOW) < 0)
		return fail(walk, errno, path, "%s", strerror(errno));
	is_link = S_ISLNK(st->st_mode);
	if (is_link)
		rc = check_link(walk, path);
	if (rc == 0 && is_link && fstatat(fd, path, st, 0) < 0)
		rc = fail(walk, errno, path, "%s", strerror(errno));
	if (rc != 0)
		return rc;
	if (S_ISDIR(st->st_mode) && goes_in_circle(level, st))
		return fail(walk, ELOOP, path, "a link that leads in a circle");
	if (!S_ISDIR(st->st_mode) && !S_ISREG(st->st_mode))
		return fail(walk, EINVAL, path, "a %s, which cannot be in an image",
			    S_ISFIFO(st->st_mode)   ? "FIFO"
			    : S_ISSOCK(st->st_mode) ? "socket"
						    : "device");
	return 0;
}

static int check_name(const struct walk *walk, const char *path, const char *name)
{
	const char *fault = romfs_format_name_fault(name, strlen(name));

	if (fault)
		return diag_fail(walk->diag, DIAG_ROMFS, EINVAL, "%s%s%s: a name that %s", walk->tree->dir, walk->tree->slash,
				 path, fault);
	if (strlen(path) > ROMFS_PATH_MAX)
		return fail(walk, ENAMETOOLONG, path, "the path is too long for an image");
	return 0;
}

/* --- The walk --- */

struct names {
	char **names;
	size_t count;
};

static void free_names(struct names *names)
{
	for (size_t i = 0; i < names->count; i++)
		free(names->names[i]);
	free(names->names);
}

static int compare_names(const void *left, const void *right)
{
	return strcmp(*(char *const *)left, *(char *const *)right);
}

static bool has_name(const struct names *names, const char *name)
{
	return names->count > 0 && bsearch(&name, names->names, names->count, sizeof(char *), compare_names) != NULL;
}

static int add_name(struct names *names, const char *name)
{
	char **larger = names->names;

	if ((names->count & (names->count - 1)) == 0) /* at each power of two */
		larger = reallocarray(names->names, names->count ? 2 * names->count : 1, sizeof(char *));
	if (!larger)
		return -ENOMEM;
	names->names = larger;
	names->names[names->count] = strdup(name);
	return names->names[names->count] ? (int)(names->count++, 0) : -ENOMEM;
}

/* The names in an open directory that are packed, sorted. */
static int take_names(struct walk *walk, const struct level *level, DIR *stream, struct names *names)
{
	struct dirent *entry;
	char *path;
	int rc = 0;

	while (rc == 0 && (errno = 0, entry = readdir(stream))) {
		if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, ".."))
			continue;
		path = join(level->path, entry->d_name);
		if (!path)
			rc = -ENOMEM;
		else if (is_left_out(walk->rules, path, entry->d_name))
			walk->tree->left_out++;
		else
			rc = add_name(names, entry->d_name);
		free(path);
	}
	if (rc == 0)
		rc = -errno;
	if (names->count > 0)
		qsort(names->names, names->count, sizeof(char *), compare_names);
	return rc;
}

static int list_names(struct walk *walk, const struct level *level, struct names *names)
{
	int fd = openat(walk->tree->fd, *level->path ? level->path : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
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

/* Takes over PATH, also when it fails. */
static int add_source(struct source_tree *tree, char *path, const char *name, const struct level *level, const struct stat *st)
{
	struct source source = {.path = path,
				.depth = level->depth,
				.is_dir = S_ISDIR(st->st_mode),
				.name = strdup(name),
				.size = (size_t)st->st_size};

	if (source.name && tree->count == tree->room) {
		size_t room = tree->room ? 2 * tree->room : 64;
		struct source *sources = reallocarray(tree->sources, room, sizeof(*sources));

		if (sources) {
			tree->sources = sources;
			tree->room = room;
		}
	}
	if (!source.name || tree->count == tree->room) {
		free(source.name);
		free(path);
		return -ENOMEM;
	}
	tree->sources[tree->count++] = source;
	return 0;
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

static int add_entry(struct walk *walk, const struct level *level, const struct names *names, const char *name)
{
	struct source_tree *tree = walk->tree;
	char *path = join(level->path, name);
	struct stat st;
	int rc;

	if (!path)
		return fail(walk, ENOMEM, level->path, "not enough memory");
	rc = check_name(walk, path, name);
	if (rc == 0)
		rc = look_at(walk, level, path, &st);
	if (rc != 0 || is_output(walk->rules, &st)) {
		free(path);
		return rc;
	}
	if (add_source(tree, path, name, level, &st) < 0)
		return fail(walk, ENOMEM, level->path, "not enough memory");
	tree->sources[tree->count - 1].has_mpy = has_mpy(names, name);
	if (!S_ISDIR(st.st_mode))
		return 0;
	const struct level below = {level, st.st_dev, st.st_ino, level->depth + 1, path};
	return add_directory(walk, &below);
}

/* Goes as deep as ROMFS_DEPTH_MAX at most. */
static int add_directory(struct walk *walk, const struct level *level) /* NOLINT(misc-no-recursion): as deep as the tree */
{
	struct names names = {0};
	int rc;

	if (level->depth >= ROMFS_DEPTH_MAX)
		return fail(walk, ENAMETOOLONG, level->path, "more than 256 directories lie in each other");
	rc = list_names(walk, level, &names);
	for (size_t i = 0; i < names.count && rc == 0; i++)
		rc = add_entry(walk, level, &names, names.names[i]);
	free_names(&names);
	return rc;
}

int source_tree_open(struct source_tree *tree, const char *dir, const struct source_rules *rules, struct diag *diag)
{
	struct walk walk = {.tree = tree, .rules = rules, .diag = diag};
	struct level top = {.path = ""};
	struct stat st;
	int rc;

	*tree = (struct source_tree){.dir = dir, .slash = *dir && dir[strlen(dir) - 1] == '/' ? "" : "/"};
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
	rc = add_directory(&walk, &top);
	free(walk.real);
	return rc;
}

/* --- Contents --- */

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

int source_tree_read(const struct source_tree *tree, struct source *source, struct diag *diag)
{
	int fd = openat(tree->fd, source->path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	int rc = fd < 0 ? -errno : read_all(fd, source->size, source);

	if (fd >= 0)
		close(fd);
	if (rc < 0)
		return diag_fail(diag, DIAG_ROMFS, -rc, "%s%s%s: cannot be read: %s", tree->dir, tree->slash, source->path,
				 strerror(-rc));
	return 0;
}

void source_tree_close(struct source_tree *tree)
{
	for (size_t i = 0; i < tree->count; i++) {
		free(tree->sources[i].path);
		free(tree->sources[i].name);
		free(tree->sources[i].content);
	}
	free(tree->sources);
	if (tree->fd >= 0)
		close(tree->fd);
	*tree = (struct source_tree){.fd = -1};
}
