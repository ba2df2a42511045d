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
#include "cli/output.h"
#include "cli/pack.h"
#include "cli/say.h"
#include "cli/view.h"
#include "cli/whole_file.h"

struct build {
	const char *dir;
	const char *output; /* as given; NULL: the default */
	bool json;
	struct pack_options options;
	/* what is made */
	struct pack pack;
	char *path;   /* of the image */
	char *target; /* the same without links, where there is a file already: it is replaced, not a link to it; else NULL */
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
	build->options.output_file = (struct source_output){true, st.st_dev, st.st_ino};
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
	view_tree(stdout, &build->pack.reader);
	say_name(stdout, build->path);
	fputs(": ", stdout);
	view_totals(stdout, build->pack.size, &build->pack.check);
	if (build->pack.compiled > 0)
		printf(", %zd of them compiled", build->pack.compiled);
	print_left_out(&build->pack.tree);
	putchar('\n');
}

static void print_json(const struct build *build)
{
	image_json_head(build->path, build->pack.size);
	printf(",\n  \"files\": %zu,\n  \"directories\": %zu,\n  \"compiled\": %zd,\n  \"left_out\": %zu,\n"
	       "  \"excluded\": %zu,\n  \"entries\": ",
	       build->pack.check.files, build->pack.check.directories, build->pack.compiled, build->pack.tree.left_out,
	       build->pack.tree.excluded);
	view_json(stdout, &build->pack.reader);
	fputs("\n}\n", stdout);
}

/* A glob that is mistyped should not pack in silence what it was meant for. */
static void note_idle_globs(const struct build *build)
{
	for (size_t i = 0; i < build->options.rules.glob_count; i++) {
		const struct source_glob *glob = &build->options.rules.globs[i];

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
	int rc = whole_file_write(AT_FDCWD, build->target ? build->target : build->path, build->pack.image, build->pack.size,
				  true, NULL, NULL);

	return rc < 0 ? diag_fail(diag, DIAG_ROMFS, -rc, "%s: cannot be written: %s", build->path, strerror(-rc)) : 0;
}

static int build_image(struct build *build)
{
	struct diag diag = {0};
	int rc = find_output(build, &diag);

	if (rc == 0)
		rc = pack_make(&build->pack, build->dir, &build->options, &diag);
	if (rc == 0)
		rc = write_image(build, &diag);
	if (rc == 0) {
		pack_warn(&build->pack, build->options.compiler.march);
		note_idle_globs(build);
		(build->json ? print_json : print_text)(build);
	}
	pack_close(&build->pack);
	free(build->path);
	free(build->target);
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
		build->options.mpy = option == 'm';
		return true;
	case OPTION_MARCH:
		build->options.compiler.march = optarg;
		return true;
	case OPTION_MPY_CROSS:
		build->options.compiler.program = optarg;
		return true;
	case OPTION_ALL:
		return build->options.rules.all = true;
	case OPTION_DEDUPE:
		return build->options.dedupe = true;
	case OPTION_JSON:
		return build->json = true;
	default:
		return false;
	}
}

/* Returns EXIT_SUCCESS, or EXIT_USAGE with words. */
static int take_exclude(const struct command *command, struct build *build, const char *glob)
{
	int rc = source_rules_exclude(&build->options.rules, glob);

	if (rc == -EINVAL)
		return say_usage(command, "--exclude '%s' names nothing in DIR", glob);
	return rc < 0 ? say_usage(command, "--exclude: %s", strerror(-rc)) : EXIT_SUCCESS;
}

static bool is_empty(const char *word)
{
	return word && !*word;
}

/* What would be a path is empty: a variable of somebody's script, that was not set. */
static int check_words(const struct command *command, const struct build *build)
{
	if (is_empty(build->dir))
		return say_usage(command, "the name of DIR is empty");
	if (is_empty(build->output))
		return say_usage(command, "the name of the file for --output is empty");
	if (is_empty(build->options.compiler.program))
		return say_usage(command, "the name of the program for --mpy-cross is empty");
	if (is_empty(build->options.compiler.march))
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
	struct build build = {.options = {.mpy = true, .compiler.program = "mpy-cross"}, .pack.tree = SOURCE_TREE_NONE};
	int status = run_with(command, &build, argc, argv);

	source_rules_clear(&build.options.rules);
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
