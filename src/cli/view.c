/* SPDX-License-Identifier: MIT */
#include "cli/view.h"

#include <string.h>

#include "base/json.h"
#include "cli/say.h"
#include "romfs/romfs_walk.h"

enum { SIZE_COLUMN = 40 };

void view_list(FILE *out, const struct romfs_reader *reader)
{
	struct romfs_walk walk;
	struct romfs_entry entry;
	struct romfs_fault fault;

	romfs_walk_start(&walk, reader);
	while (romfs_walk_next(&walk, &entry, &fault) > 0) {
		if (entry.is_dir)
			fprintf(out, "%10s  ", "");
		else
			fprintf(out, "%10zu  ", entry.size);
		say_name(out, walk.path);
		fputs(entry.is_dir ? "/\n" : "\n", out);
	}
}

static const char *last_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* How many columns the UTF-8 of NAME takes, if each character takes one. */
static int width(const char *name)
{
	int columns = 0;

	for (; *name; name++)
		columns += (*name & 0xc0) != 0x80;
	return columns;
}

void view_tree(FILE *out, const struct romfs_reader *reader)
{
	struct romfs_walk walk;
	struct romfs_entry entry;
	struct romfs_fault fault;
	char text[ROMFS_NAME_MAX + 1];

	fputs("/\n", out);
	romfs_walk_start(&walk, reader);
	while (romfs_walk_next(&walk, &entry, &fault) > 0) {
		const char *name = last_name(walk.path);
		int indent = 2 * (int)walk.depth, gap = SIZE_COLUMN - indent - width(name);

		diag_printable_line(text, sizeof(text), name, strlen(name));
		if (entry.is_dir)
			fprintf(out, "%*s%s/\n", indent, "", text);
		else
			fprintf(out, "%*s%s%*s %9zu\n", indent, "", text, gap > 0 ? gap : 0, "", entry.size);
	}
}

void view_json(FILE *out, const struct romfs_reader *reader)
{
	struct romfs_walk walk;
	struct romfs_entry entry;
	struct romfs_fault fault;
	const char *before = "";

	fputc('[', out);
	romfs_walk_start(&walk, reader);
	while (romfs_walk_next(&walk, &entry, &fault) > 0) {
		fprintf(out, "%s\n    {\"path\": ", before);
		json_print_string(out, walk.path);
		if (entry.is_dir)
			fputs(", \"type\": \"directory\"}", out);
		else
			fprintf(out, ", \"type\": \"file\", \"size\": %zu, \"offset\": %zu}", entry.size, entry.content);
		before = ",";
	}
	fputs(*before ? "\n  ]" : "]", out);
}

void view_totals(FILE *out, size_t size, const struct romfs_check *check)
{
	say_count(out, size, "byte", "bytes");
	fputs(", ", out);
	say_count(out, check->files, "file", "files");
	fputs(", ", out);
	say_count(out, check->directories, "directory", "directories");
}
