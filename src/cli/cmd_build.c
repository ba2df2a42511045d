/* SPDX-License-Identifier: MIT */
/* mpremote-romfs build */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file_kind.h"
#include "cli/command.h"
#include "cli/image.h"
#include "cli/mpy_cross.h"
#include "cli/output.h"
#include "cli/say.h"
#include "cli/view.h"
#include "cli/whole_file.h"
#include "romfs/romfs_writer.h"

struct build {
	const char *dir;
	const char *output; /* as given; NULL: the default */
	bool mpy, dedupe, json;
	struct mpy_cross_options compiler;
	struct source_rules rules;
	struct source_output output_file;
	/* what is made */
	struct source_tree tree;
	char *path;   /* of the image */
	char *target; /* the same without links, where there is a file already: it is replaced, not a link to it; else NULL */
	ssize_t compiled;
	uint8_t *image;
	size_t size;
	struct romfs_reader reader;
	struct romfs_check check;
};

/* --- Where it goes --- */

/* What is there already: a file, which is replaced and never packed, or nothing. */
static int look_at_output(struct build *build, struct diag *diag)
{
	struct stat st;

	if (stat(build->path, &st) < 0)
		return 0; /* if something is wrong with it, writing will tell */
	if (!S_ISREG(st.st_mode))
		return diag_fail(diag, DIAG_ROMFS, EINVAL, "%s is %s: name a file with --output", build->path,
				 file_kind(st.st_mode));
	build->output_file = (struct source_output){true, st.st_dev, st.st_ino};
	build->target = realpath(build->path, NULL);
	if (!build->target)
		return diag_fail(diag, DIAG_ROMFS, errno, "%s: %s", build->path, strerror(errno));
	return 0;
}

static int find_output(struct build *build, struct diag *diag)
{
	int rc = build->output ? 0 : output_default(build->dir, &build->path, diag);

	if (rc < 0)
		return rc;
	if (build->output)
		build->path = strdup(build->output);
	return build->path ? look_at_output(build, diag) : diag_fail(diag, DIAG_ROMFS, ENOMEM, "not enough memory");
}

/* --- The image --- */

static int read_sources(struct build *build, struct diag *diag)
{
	int rc = 0;

	if (build->mpy)
		build->compiled = mpy_cross_compile(&build->tree, &build->compiler, diag);
	if (build->compiled < 0)
		return (int)build->compiled;
	for (size_t i = 0; i < build->tree.count && rc == 0; i++) {
		if (!build->tree.sources[i].is_dir && !build->tree.sources[i].content)
			rc = source_tree_read(&build->tree, &build->tree.sources[i], diag);
	}
	return rc;
}

static int add_sources(const struct source_tree *tree, struct romfs_writer *writer)
{
	size_t depth = 0;
	int rc = 0;

	for (size_t i = 0; i < tree->count && rc == 0; i++) {
		const struct source *source = &tree->sources[i];

		for (; depth > source->depth; depth--)
			romfs_writer_leave(writer);
		if (source->is_dir) {
			rc = romfs_writer_enter(writer, source->name);
			depth++;
		} else {
			rc = romfs_writer_add(writer, source->name, source->content, source->size);
		}
	}
	for (; depth > 0 && rc == 0; depth--)
		rc = romfs_writer_leave(writer);
	return rc;
}

static int make_image(struct build *build, struct diag *diag)
{
	struct romfs_writer *writer;
	int rc = romfs_writer_open(&writer, build->dedupe);

	if (rc == 0)
		rc = add_sources(&build->tree, writer);
	if (rc == 0)
		rc = romfs_writer_finish(writer, &build->image, &build->size);
	romfs_writer_close(writer);
	if (rc == -EFBIG)
		return diag_fail(diag, DIAG_ROMFS, EFBIG, "%s: the image would be larger than 4 GiB", build->dir);
	return rc < 0 ? diag_fail(diag, DIAG_ROMFS, -rc, "%s: %s", build->dir, strerror(-rc)) : 0;
}

/* What is written is read back before: no board gets an image that our own reader refuses. */
static int check_image(struct build *build, struct diag *diag)
{
	int rc = romfs_reader_open(&build->reader, build->image, build->size, &build->check.fault);

	if (rc == 0)
		rc = romfs_check_records(&build->check, &build->reader);
	return rc == -EBADMSG ? romfs_check_fail(&build->check, build->path, diag)
	       : rc < 0       ? diag_fail(diag, DIAG_ROMFS, -rc, "not enough memory")
			      : 0;
}

/* --- Bytecode that came with the sources --- */

struct bytecode {
	const char *march;
	int board;     /* the architecture of that name; -1: none was given, or only mpy-cross knows it */
	unsigned arch; /* of the first file with native code; 0: there was none */
	char path[ROMFS_PATH_MAX + 1];
};

static void warn_of_bytecode(void *context, const char *path, const struct mpy_header *header, const char *fault)
{
	struct bytecode *seen = context;
	unsigned arch = header->arch;

	if (fault)
		say("warning: %s: %s", path, fault);
	else if (seen->board >= 0 && !mpy_arch_runs_on(arch, (unsigned)seen->board))
		say("warning: %s has native code for %s, not for %s", path, mpy_arch_name(arch), seen->march);
	else if (seen->arch && !mpy_arch_runs_on(arch, seen->arch) && !mpy_arch_runs_on(seen->arch, arch))
		say("warning: %s has native code for %s, but %s for %s: no board loads both", path, mpy_arch_name(arch),
		    seen->path, mpy_arch_name(seen->arch));
	if (!fault && !seen->arch && arch) {
		seen->arch = arch;
		memcpy(seen->path, path, strlen(path) + 1);
	}
}

static void check_bytecode(struct build *build)
{
	const char *march = build->compiler.march;
	struct bytecode seen = {.march = march, .board = march ? mpy_arch_number(march) : -1};
	struct romfs_check check = {0};

	romfs_check_bytecode(&check, &build->reader, warn_of_bytecode, &seen);
}

/* --- The words about it --- */

/* What is not in it: "; 2 left out as caches or left-overs (--all packs them), 1 excluded". */
static void print_left_out(const struct source_tree *tree)
{
	if (tree->left_out > 0)
		printf("; %zu left out as caches or left-overs (--all packs them)", tree->left_out);
	if (tree->excluded > 0)
		printf("%c %zu excluded", tree->left_out > 0 ? ',' : ';', tree->excluded);
}

static void print_text(const struct build *build)
{
	view_tree(stdout, &build->reader);
	say_name(stdout, build->path);
	fputs(": ", stdout);
	view_totals(stdout, build->size, &build->check);
	if (build->compiled > 0)
		printf(", %zd of them compiled", build->compiled);
	print_left_out(&build->tree);
	putchar('\n');
}

static void print_json(const struct build *build)
{
	image_json_head(build->path, build->size);
	printf(",\n  \"files\": %zu,\n  \"directories\": %zu,\n  \"compiled\": %zd,\n  \"left_out\": %zu,\n"
	       "  \"excluded\": %zu,\n  \"entries\": ",
	       build->check.files, build->check.directories, build->compiled, build->tree.left_out, build->tree.excluded);
	view_json(stdout, &build->reader);
	fputs("\n}\n", stdout);
}

/* A glob that is mistyped should not pack in silence what it was meant for. */
static void note_idle_globs(const struct build *build)
{
	for (size_t i = 0; i < build->rules.glob_count; i++) {
		const struct source_glob *glob = &build->rules.globs[i];

		if (glob->matched)
			continue;
		say("note: --exclude %s matched nothing%s%s%s", glob->typed,
		    glob->from_top ? ": with a slash in it, it is compared with the paths below " : "",
		    glob->from_top ? build->dir : "", glob->directories ? " (of directories alone)" : "");
	}
}

/* --- All of it --- */

static int write_image(struct build *build, struct diag *diag)
{
	int rc = whole_file_write(AT_FDCWD, build->target ? build->target : build->path, build->image, build->size, true, NULL,
				  NULL);

	return rc < 0 ? diag_fail(diag, DIAG_ROMFS, -rc, "%s: cannot be written: %s", build->path, strerror(-rc)) : 0;
}

static int find_sources(struct build *build, struct diag *diag)
{
	const struct source_tree *tree = &build->tree;
	int rc = source_tree_open(&build->tree, build->dir, &build->rules, &build->output_file, diag);

	if (rc < 0 || tree->count > 0)
		return rc;
	if (tree->left_out + tree->excluded == 0)
		return diag_fail(diag, DIAG_ROMFS, ENOENT, "%s: there is nothing in it to pack", build->dir);
	return diag_fail(diag, DIAG_ROMFS, ENOENT,
			 "%s: there is nothing in it to pack but what is left out (%zu, which --all packs) or excluded (%zu)",
			 build->dir, tree->left_out, tree->excluded);
}

/* Without a file to compile nobody else looks at the name of the architecture. */
static int check_march(struct build *build, struct diag *diag)
{
	const char *march = build->compiler.march;
	char names[300] = "";

	if (!march || build->compiled > 0 || mpy_arch_number(march) >= 0)
		return 0;
	for (unsigned arch = 1; strcmp(mpy_arch_name(arch), "unknown") != 0; arch++)
		snprintf(names + strlen(names), sizeof(names) - strlen(names), "%s%s", arch > 1 ? ", " : "", mpy_arch_name(arch));
	return diag_fail(diag, DIAG_USAGE, EINVAL, "build: there is no architecture '%s' for --march; known are %s", march,
			 names);
}

static int build_image(struct build *build)
{
	static int (*const steps[])(struct build *, struct diag *) = {
		find_output, find_sources, read_sources, check_march, make_image, check_image, write_image,
	};
	struct diag diag = {0};
	int rc = 0;

	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]) && rc == 0; i++)
		rc = steps[i](build, &diag);
	if (rc == 0) {
		check_bytecode(build);
		note_idle_globs(build);
		(build->json ? print_json : print_text)(build);
	}
	source_tree_close(&build->tree);
	free(build->path);
	free(build->target);
	free(build->image);
	return rc < 0 ? say_failure(&diag) : EXIT_SUCCESS;
}

enum { OPTION_MPY_CROSS = 256, OPTION_MARCH, OPTION_EXCLUDE, OPTION_ALL, OPTION_DEDUPE, OPTION_JSON, OPTION_NO_MPY };

static const struct option options[] = {
	{"output", required_argument, NULL, 'o'},
	{"mpy", no_argument, NULL, 'm'},
	{"no-mpy", no_argument, NULL, OPTION_NO_MPY},
	{"march", required_argument, NULL, OPTION_MARCH},
	{"mpy-cross", required_argument, NULL, OPTION_MPY_CROSS},
	{"exclude", required_argument, NULL, OPTION_EXCLUDE},
	{"all", no_argument, NULL, OPTION_ALL},
	{"dedupe", no_argument, NULL, OPTION_DEDUPE},
	{"json", no_argument, NULL, OPTION_JSON},
	{"help", no_argument, NULL, 'h'},
	{NULL, 0, NULL, 0},
};

/* False: unknown. */
static bool take_option(struct build *build, int option)
{
	switch (option) {
	case 'o':
		build->output = optarg;
		return true;
	case 'm':
	case OPTION_NO_MPY:
		build->mpy = option == 'm';
		return true;
	case OPTION_MARCH:
		build->compiler.march = optarg;
		return true;
	case OPTION_MPY_CROSS:
		build->compiler.program = optarg;
		return true;
	case OPTION_ALL:
		return build->rules.all = true;
	case OPTION_DEDUPE:
		return build->dedupe = true;
	case OPTION_JSON:
		return build->json = true;
	default:
		return false;
	}
}

/* Returns EXIT_SUCCESS, or EXIT_USAGE with words. */
static int take_exclude(const struct command *command, struct build *build, const char *glob)
{
	int rc = source_rules_exclude(&build->rules, glob);

	if (rc == -EINVAL)
		return say_usage(command, "--exclude '%s' names nothing in DIR", glob);
	return rc < 0 ? say_usage(command, "--exclude: %s", strerror(-rc)) : EXIT_SUCCESS;
}

/* What would be a path is empty: a variable of somebody's script, that was not set. */
static int check_words(const struct command *command, const struct build *build)
{
	if (!*build->dir)
		return say_usage(command, "the name of DIR is empty");
	if (build->output && !*build->output)
		return say_usage(command, "the name of the file for --output is empty");
	if (!*build->compiler.program)
		return say_usage(command, "the name of the program for --mpy-cross is empty");
	if (build->compiler.march && !*build->compiler.march)
		return say_usage(command, "the name of the architecture for --march is empty");
	return EXIT_SUCCESS;
}

static int run_with(const struct command *command, struct build *build, int argc, char **argv)
{
	int option, status = EXIT_SUCCESS;

	while (status == EXIT_SUCCESS && (option = getopt_long(argc, argv, ":o:mh", options, NULL)) != -1) {
		if (option == 'h')
			return say_help(command);
		if (option == OPTION_EXCLUDE)
			status = take_exclude(command, build, optarg);
		else if (!take_option(build, option))
			status = say_bad_option(command, option, argv);
	}
	if (status != EXIT_SUCCESS)
		return status;
	if (argc - optind != 1)
		return say_usage(command, "it takes one DIR");
	build->dir = argv[optind];
	status = check_words(command, build);
	return status == EXIT_SUCCESS ? build_image(build) : status;
}

static int run(const struct command *command, int argc, char **argv)
{
	struct build build = {.mpy = true, .compiler.program = "mpy-cross", .tree.fd = -1};
	int status = run_with(command, &build, argc, argv);

	source_rules_clear(&build.rules);
	return status;
}

const struct command cmd_build = {
	.name = "build",
	.arguments = "[OPTION]... DIR",
	.summary = "make an image of a directory",
	.help = "  -o, --output OUT  the image file (DIR.romfs beside DIR)\n"
		"  -m, --mpy         compile each .py to .mpy (the default)\n"
		"  --no-mpy          leave .py as it is\n"
		"  --march ARCH      for @native and @viper: the board's architecture, as mpy-cross names it\n"
		"  --mpy-cross PATH  the compiler (mpy-cross in $PATH)\n"
		"  --exclude GLOB    leave out what has such a name, at any depth; with a slash in it: such a path below DIR;\n"
		"                    with a slash at its end: directories only; again for more\n"
		"  --all             pack caches and left-overs, too: __pycache__, *.pyc, .git, *~, images (*.romfs)...\n"
		"  --dedupe          store files with the same content once\n"
		"  --json            for programs\n",
	.run = run,
};
