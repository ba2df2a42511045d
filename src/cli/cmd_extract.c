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

#include "base/file_kind.h"
#include "cli/beneath.h"
#include "cli/command.h"
#include "cli/image.h"
#include "cli/say.h"
#include "cli/whole_file.h"
#include "romfs/romfs_walk.h"

struct extraction {
	const char *image_path, *dir;
	bool force;
	char **paths; /* what is wanted, as the image has it: "lib/net.py"; none: all */
	size_t path_count;
	bool *found; /* one for each of the paths */
	struct image image;
	bool writing; /* false: what lies in the way is looked for, and nothing changed */
	int top;      /* DIR's descriptor */
	int at;       /* the descriptor of the directory AT_PATH beneath it, into which the last file went; -1: none */
	char at_path[ROMFS_PATH_MAX + 1];
	size_t files;
};

/* --- What is wanted --- */

/*
 * Makes PATH what the image would have for it, in place: no empty parts and none that are a dot; "" is the top. Returns NULL, or what is
 * wrong with it.
 */
static const char *normalise(char *path)
{
	char *out = path, *part, *rest = path;
	size_t len;

	if (!*path)
		return "is empty";
	if (*path == '/')
		return "begins with a slash: paths are counted from the image's top";
	while ((part = strtok_r(rest, "/", &rest))) {
		if (!strcmp(part, ".."))
			return "has .. in it: name what is in the image";
		if (!strcmp(part, "."))
			continue;
		if (out > path)
			*out++ = '/';
		len = strlen(part);
		memmove(out, part, len);
		out += len;
	}
	*out = '\0';
	return NULL;
}

/* Whether ENTRY of the image is WANTED or lies in it. */
static bool is_beneath(const char *entry, const char *wanted)
{
	size_t len = strlen(wanted);

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

/* --- Directories --- */

static void leave_directory(struct extraction *extraction)
{
	if (extraction->at >= 0)
		close(extraction->at);
	extraction->at = -1;
}

/*
 * Makes the first LEN bytes of PATH, a directory beneath the top, the one into which files go. Where nothing is written it may be
 * missing: -ENOENT.
 */
static int go_to(struct extraction *extraction, const char *path, size_t len)
{
	int fd;

	if (extraction->at >= 0 && strlen(extraction->at_path) == len && memcmp(extraction->at_path, path, len) == 0)
		return 0;
	leave_directory(extraction);
	fd = beneath_directory(extraction->top, path, len, extraction->writing);
	if (fd < 0)
		return fd;
	memcpy(extraction->at_path, path, len);
	extraction->at_path[len] = '\0';
	extraction->at = fd;
	return 0;
}

/* --- One entry --- */

static int fail(const struct extraction *extraction, const char *path, int err, const char *words, struct diag *diag)
{
	char dir[DIAG_PATH_SIZE], entry[DIAG_PATH_SIZE];

	return diag_fail(diag, DIAG_ROMFS, err, "%s/%s: %s", diag_path(dir, extraction->dir), diag_path(entry, path), words);
}

/* Whether the file NAME can be written to the directory AT; PATH is where that is. */
static int look_at_target(const struct extraction *extraction, const char *name, const char *path, struct diag *diag)
{
	struct stat st;
	char words[100];

	if (fstatat(extraction->at, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? 0 : fail(extraction, path, errno, strerror(errno), diag);
	if (!S_ISREG(st.st_mode) && !S_ISLNK(st.st_mode)) {
		snprintf(words, sizeof(words), "there is %s where the image has a file; it is not replaced",
			 file_kind(st.st_mode));
		return fail(extraction, path, EEXIST, words, diag);
	}
	if (!extraction->force)
		return fail(extraction, path, EEXIST, "it is there already, and nothing is overwritten without --force", diag);
	return 0;
}

/* The content goes to DIR only when it is still that of the image which was checked. */
struct vetting {
	const struct extraction *extraction;
	struct diag *diag;
};

static int vet(void *context)
{
	const struct vetting *vetting = context;

	return romfs_file_check(&vetting->extraction->image.file, vetting->extraction->image_path, vetting->diag);
}

static int write_file(struct extraction *extraction, const char *name, const char *path, const struct romfs_entry *entry,
		      struct diag *diag)
{
	struct vetting vetting = {extraction, diag};
	int rc = whole_file_write(extraction->at, name, extraction->image.reader.bytes + entry->content, entry->size,
				  extraction->force, vet, &vetting);

	if (rc < 0 && vet(&vetting) == 0)
		return look_at_target(extraction, name, path, diag) < 0 ? -EEXIST
									: fail(extraction, path, -rc, strerror(-rc), diag);
	extraction->files += rc == 0;
	return rc;
}

static int extract_entry(struct extraction *extraction, const char *path, const struct romfs_entry *entry, struct diag *diag)
{
	const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
	size_t dir_len = entry->is_dir ? strlen(path) : slash ? (size_t)(slash - path) : 0;
	int rc = go_to(extraction, path, dir_len);

	if (rc == -ENOENT && !extraction->writing)
		return 0;
	if (rc == -ENOTDIR)
		return fail(extraction, path, -rc, "there is a link or a file where the image has a directory", diag);
	if (rc < 0)
		return fail(extraction, path, -rc, strerror(-rc), diag);
	if (entry->is_dir)
		return 0;
	return (extraction->writing ? write_file(extraction, name, path, entry, diag)
				    : look_at_target(extraction, name, path, diag));
}

/* --- All of them --- */

/* Whether the image has all the PATHs. */
static int find_paths(struct extraction *extraction, struct diag *diag)
{
	struct romfs_walk walk;
	struct romfs_entry entry;
	struct romfs_fault fault;

	romfs_walk_start(&walk, &extraction->image.reader);
	while (extraction->path_count > 0 && romfs_walk_next(&walk, &entry, &fault) > 0)
		is_wanted(extraction, walk.path);
	for (size_t i = 0; i < extraction->path_count; i++) {
		if (!extraction->found[i] && *extraction->paths[i])
			return diag_fail(diag, DIAG_ROMFS, ENOENT, "%s has no %s", extraction->image_path, extraction->paths[i]);
	}
	return 0;
}

static int extract_wanted(struct extraction *extraction, bool writing, struct diag *diag)
{
	struct romfs_walk walk;
	struct romfs_entry entry;
	struct romfs_fault fault;
	int rc = 0;

	extraction->writing = writing;
	romfs_walk_start(&walk, &extraction->image.reader);
	while (rc == 0 && romfs_walk_next(&walk, &entry, &fault) > 0) {
		if (is_wanted(extraction, walk.path))
			rc = extract_entry(extraction, walk.path, &entry, diag);
	}
	leave_directory(extraction);
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

/* Nothing is written before it is known that nothing lies in the way. */
static int extract(struct extraction *extraction)
{
	struct diag diag = {0};
	int rc = image_open(&extraction->image, extraction->image_path, &diag);

	if (rc == 0)
		rc = find_paths(extraction, &diag);
	if (rc == 0)
		rc = open_top(extraction, &diag);
	if (rc == 0)
		rc = extract_wanted(extraction, false, &diag);
	if (rc == 0)
		rc = extract_wanted(extraction, true, &diag);
	if (rc == 0)
		rc = romfs_file_check(&extraction->image.file, extraction->image_path, &diag);
	if (rc == 0) {
		say_count(stdout, extraction->files, "file", "files");
		puts(" extracted");
	}
	if (extraction->top >= 0)
		close(extraction->top);
	image_close(&extraction->image);
	return rc < 0 ? say_failure(&diag) : EXIT_SUCCESS;
}

/* The words behind the options. */
static int extract_words(const struct command *command, struct extraction *extraction, int count, char **words)
{
	if (count == 0 || !*words[0])
		return say_usage(command, count == 0 ? "an IMAGE is missing" : "the name of the IMAGE is empty");
	extraction->image_path = words[0];
	extraction->paths = words + 1;
	extraction->path_count = (size_t)count - 1;
	for (int i = 1; i < count; i++) {
		char *typed = strdup(words[i]);
		const char *fault = typed ? normalise(words[i]) : "cannot be kept in mind";

		if (fault)
			say_usage(command, "the PATH '%s' %s", typed ? typed : "", fault);
		free(typed);
		if (fault)
			return EXIT_USAGE;
	}
	extraction->found = calloc((size_t)count, sizeof(bool));
	return extraction->found ? extract(extraction) : EXIT_FAILURE;
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
	if (!*extraction.dir)
		return say_usage(command, "the name of the directory for -C is empty");
	status = extract_words(command, &extraction, argc - optind, argv + optind);
	free(extraction.found);
	return status;
}

const struct command cmd_extract = {
	.name = "extract",
	.arguments = "[-C DIR] [--force] IMAGE [PATH]...",
	.summary = "write the files of an image, or those in some PATHs of it, to a directory",
	.help = "  -C, --directory DIR  where they go (the current directory); made if it is missing\n"
		"  --force              overwrite files that are there\n\n"
		"Nothing is written when one of the files is there already without --force.\n",
	.run = run,
};
