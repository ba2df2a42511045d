/* SPDX-License-Identifier: MIT */
/* mpremote-romfs extract */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/command.h"
#include "cli/image.h"
#include "cli/say.h"
#include "cli/whole_file.h"
#include "romfs/romfs_walk.h"

struct extraction {
	const char *image, *dir;
	bool force;
	char **paths; /* what is wanted; none: all */
	size_t path_count;
	bool *found; /* one for each of the paths */
	int top;     /* DIR's descriptor */
	int at;      /* the descriptor of the directory AT_PATH beneath it, into which the last file went; -1: none */
	char at_path[ROMFS_PATH_MAX + 1];
	size_t files;
};

/* Whether ENTRY of the image is WANTED or lies in it. Slashes at the ends of WANTED do not count. */
static bool is_beneath(const char *entry, const char *wanted)
{
	size_t len;

	wanted += strspn(wanted, "/");
	for (len = strlen(wanted); len > 0 && wanted[len - 1] == '/'; len--)
		;
	return len == 0 || (strncmp(entry, wanted, len) == 0 && (entry[len] == '\0' || entry[len] == '/'));
}

static bool is_wanted(struct extraction *extraction, const char *entry)
{
	bool wanted = extraction->path_count == 0;

	for (size_t i = 0; i < extraction->path_count; i++) {
		if (is_beneath(entry, extraction->paths[i]))
			wanted = extraction->found[i] = true;
	}
	return wanted;
}

/* Opens the directory NAME in PARENT, which is closed unless it is KEEP; makes it where it is missing. Follows no link. */
static int step_into(int parent, int keep, const char *name)
{
	int fd = -1;

	if (mkdirat(parent, name, 0777) == 0 || errno == EEXIST)
		fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	fd = fd < 0 ? -errno : fd;
	if (parent != keep)
		close(parent);
	return fd;
}

/* Makes the first LEN bytes of PATH, a directory beneath the top, the one into which files go. */
static int go_to(struct extraction *extraction, const char *path, size_t len)
{
	char copy[ROMFS_PATH_MAX + 1];
	char *name, *rest = copy;
	int fd = extraction->top;

	if (extraction->at >= 0 && strlen(extraction->at_path) == len && memcmp(extraction->at_path, path, len) == 0)
		return 0;
	if (extraction->at >= 0 && extraction->at != extraction->top)
		close(extraction->at);
	extraction->at = -1;
	memcpy(copy, path, len);
	copy[len] = '\0';
	memcpy(extraction->at_path, copy, len + 1);
	while (fd >= 0 && (name = strtok_r(rest, "/", &rest)))
		fd = step_into(fd, extraction->top, name);
	extraction->at = fd < 0 ? -1 : fd;
	return fd < 0 ? fd : 0;
}

static const char *reason(int err)
{
	if (err == EEXIST)
		return "it is there already, and nothing is overwritten without --force";
	if (err == ELOOP || err == ENOTDIR)
		return "there is a link or a file where the image has a directory";
	if (err == EISDIR)
		return "there is a directory where the image has a file";
	return strerror(err);
}

static int extract_entry(struct extraction *extraction, const struct image *image, const struct romfs_walk *walk,
			 const struct romfs_entry *entry, struct diag *diag)
{
	const char *slash = strrchr(walk->path, '/');
	const char *name = slash ? slash + 1 : walk->path;
	int rc;

	if (entry->is_dir) {
		rc = go_to(extraction, walk->path, strlen(walk->path));
	} else {
		rc = go_to(extraction, walk->path, slash ? (size_t)(slash - walk->path) : 0);
		if (rc == 0)
			rc = whole_file_write(extraction->at, name, image->reader.bytes + entry->content, entry->size,
					      extraction->force);
		extraction->files += rc == 0;
	}
	if (rc < 0)
		return diag_fail(diag, DIAG_ROMFS, -rc, "%s/%s: %s", extraction->dir, walk->path, reason(-rc));
	return 0;
}

/* Whether the image has all the PATHs, before anything is written. */
static int find_paths(struct extraction *extraction, const struct image *image, struct diag *diag)
{
	struct romfs_walk walk;
	struct romfs_entry entry;
	struct romfs_fault fault;

	romfs_walk_start(&walk, &image->reader);
	while (extraction->path_count > 0 && romfs_walk_next(&walk, &entry, &fault) > 0)
		is_wanted(extraction, walk.path);
	for (size_t i = 0; i < extraction->path_count; i++) {
		if (!extraction->found[i])
			return diag_fail(diag, DIAG_ROMFS, ENOENT, "%s has no %s", extraction->image, extraction->paths[i]);
	}
	return 0;
}

static int extract_wanted(struct extraction *extraction, const struct image *image, struct diag *diag)
{
	struct romfs_walk walk;
	struct romfs_entry entry;
	struct romfs_fault fault;
	int rc = 0;

	romfs_walk_start(&walk, &image->reader);
	while (rc == 0 && romfs_walk_next(&walk, &entry, &fault) > 0) {
		if (is_wanted(extraction, walk.path))
			rc = extract_entry(extraction, image, &walk, &entry, diag);
	}
	return rc;
}

static int open_top(struct extraction *extraction, struct diag *diag)
{
	if (mkdir(extraction->dir, 0777) < 0 && errno != EEXIST)
		return diag_fail(diag, DIAG_ROMFS, errno, "%s: cannot be made: %s", extraction->dir, strerror(errno));
	extraction->top = open(extraction->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (extraction->top < 0)
		return diag_fail(diag, DIAG_ROMFS, errno, "%s: %s", extraction->dir, strerror(errno));
	return 0;
}

static int extract(struct extraction *extraction)
{
	struct image image;
	struct diag diag = {0};
	int rc = image_open(&image, extraction->image, &diag);

	if (rc == 0)
		rc = find_paths(extraction, &image, &diag);
	if (rc == 0)
		rc = open_top(extraction, &diag);
	if (rc == 0)
		rc = extract_wanted(extraction, &image, &diag);
	if (rc == 0)
		printf("%zu files extracted\n", extraction->files);
	if (extraction->at >= 0 && extraction->at != extraction->top)
		close(extraction->at);
	if (extraction->top >= 0)
		close(extraction->top);
	image_close(&image);
	return rc < 0 ? say_failure(&diag) : EXIT_SUCCESS;
}

static int run(const struct command *command, int argc, char **argv)
{
	static const struct option options[] = {
		{"directory", required_argument, NULL, 'C'},
		{"force", no_argument, NULL, 'f'},
		{"help", no_argument, NULL, 'h'},
		{NULL, 0, NULL, 0},
	};
	struct extraction extraction = {.dir = ".", .top = -1, .at = -1};
	int option, status;

	while ((option = getopt_long(argc, argv, ":C:h", options, NULL)) != -1) {
		switch (option) {
		case 'C':
			extraction.dir = optarg;
			break;
		case 'f':
			extraction.force = true;
			break;
		case 'h':
			return say_help(command);
		default:
			return say_bad_option(command, option, argv);
		}
	}
	if (optind == argc)
		return say_usage(command, "an IMAGE is missing");
	extraction.image = argv[optind];
	extraction.paths = argv + optind + 1;
	extraction.path_count = (size_t)(argc - optind - 1);
	extraction.found = calloc(extraction.path_count + 1, sizeof(bool));
	if (!extraction.found)
		return EXIT_FAILURE;
	status = extract(&extraction);
	free(extraction.found);
	return status;
}

const struct command cmd_extract = {
	.name = "extract",
	.arguments = "[-C DIR] [--force] IMAGE [PATH]...",
	.summary = "write the files of an image, or those in some PATHs of it, to a directory",
	.help = "  -C, --directory DIR  where they go (the current directory); made if it is missing\n"
		"  --force              overwrite files that are there\n",
	.run = run,
};
