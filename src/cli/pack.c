/* SPDX-License-Identifier: MIT */
#include "cli/pack.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/say.h"
#include "romfs/romfs_writer.h"

/* So much may have been read in vain when something in the tree turns out to be wrong. */
enum { AHEAD_MAX = 64 << 20 };

static int find_sources(struct pack *pack, const char *dir, struct pack_options *options, struct diag *diag)
{
	const struct source_tree *tree = &pack->tree;
	/* What is compiled is not read here. */
	size_t ahead = options->mpy ? 0 : AHEAD_MAX;
	int rc = source_tree_open(&pack->tree, dir, &options->rules, &options->output_file, ahead, diag);

	if (rc < 0 || tree->count > 0)
		return rc;
	if (tree->left_out + tree->excluded == 0)
		return diag_fail(diag, DIAG_ROMFS, ENOENT, "%s: there is nothing in it to pack", dir);
	return diag_fail(diag, DIAG_ROMFS, ENOENT,
			 "%s: there is nothing in it to pack but what is left out (%zu, which --all packs) or excluded (%zu)",
			 dir, tree->left_out, tree->excluded);
}

static int read_sources(struct pack *pack, const struct pack_options *options, struct diag *diag)
{
	int rc = 0;

	if (options->mpy)
		pack->compiled = mpy_cross_compile(&pack->tree, &options->compiler, diag);
	if (pack->compiled < 0)
		return (int)pack->compiled;
	for (size_t i = 0; i < pack->tree.count && rc == 0; i++) {
		if (!pack->tree.sources[i].is_dir && !pack->tree.sources[i].content)
			rc = source_tree_read(&pack->tree, &pack->tree.sources[i], diag);
	}
	return rc < 0 ? rc : source_tree_settle(&pack->tree, diag);
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

static int make_image(struct pack *pack, bool dedupe, struct diag *diag)
{
	struct romfs_writer *writer;
	int rc = romfs_writer_open(&writer, dedupe);

	if (rc == 0)
		rc = add_sources(&pack->tree, writer);
	if (rc == 0)
		rc = romfs_writer_finish(writer, &pack->image, &pack->size);
	romfs_writer_close(writer);
	if (rc == -EFBIG)
		return diag_fail(diag, DIAG_ROMFS, EFBIG, "%s: the image would be larger than 4 GiB", pack->tree.dir);
	return rc < 0 ? diag_fail(diag, DIAG_ROMFS, -rc, "%s: %s", pack->tree.dir, strerror(-rc)) : 0;
}

/* What is written is read back before: no board gets an image that our own reader refuses. */
static int check_image(struct pack *pack, struct diag *diag)
{
	int rc = romfs_reader_open(&pack->reader, pack->image, pack->size, &pack->check.fault);

	if (rc == 0)
		rc = romfs_check_records(&pack->check, &pack->reader);
	return rc == -EBADMSG ? romfs_check_fail(&pack->check, pack->tree.dir, diag)
	       : rc < 0       ? diag_fail(diag, DIAG_ROMFS, -rc, "not enough memory")
			      : 0;
}

/* Without a file to compile nobody else looks at the name of the architecture. */
static int check_march(const struct pack *pack, const char *march, struct diag *diag)
{
	char names[300] = "";

	if (!march || pack->compiled > 0 || mpy_arch_number(march) >= 0)
		return 0;
	for (unsigned arch = 1; strcmp(mpy_arch_name(arch), "unknown") != 0; arch++)
		snprintf(names + strlen(names), sizeof(names) - strlen(names), "%s%s", arch > 1 ? ", " : "", mpy_arch_name(arch));
	return diag_fail(diag, DIAG_USAGE, EINVAL, "build: there is no architecture '%s' for --march; known are %s", march,
			 names);
}

int pack_make(struct pack *pack, const char *dir, struct pack_options *options, struct diag *diag)
{
	int rc = find_sources(pack, dir, options, diag);

	if (rc == 0)
		rc = read_sources(pack, options, diag);
	if (rc == 0)
		rc = check_march(pack, options->compiler.march, diag);
	if (rc == 0)
		rc = make_image(pack, options->dedupe, diag);
	return rc == 0 ? check_image(pack, diag) : rc;
}

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

void pack_warn(const struct pack *pack, const char *march)
{
	struct bytecode seen = {.march = march, .board = march ? mpy_arch_number(march) : -1};
	struct romfs_check check = {0};

	romfs_check_bytecode(&check, &pack->reader, warn_of_bytecode, &seen);
}

void pack_close(struct pack *pack)
{
	source_tree_close(&pack->tree);
	free(pack->image);
}
