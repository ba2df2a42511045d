/* SPDX-License-Identifier: MIT */
#include "tests/unit/quirkyboard.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "tests/unit/fakeboard.h"

enum { NAME_BYTES = 255, PATH_BYTES = 4096 };

struct quirkyboard {
	struct board base;
	enum quirkyboard_kind kind;
	bool split;
	unsigned losses;
};

static struct quirkyboard *of(struct board *board)
{
	return (struct quirkyboard *)board;
}

static bool is_fat(const struct quirkyboard *quirky)
{
	return quirky->kind == QUIRKYBOARD_FAT;
}

/* FAT has one word for all that is not there. */
static int missing(const struct quirkyboard *quirky, int error)
{
	return is_fat(quirky) && error == -ENOTDIR ? -ENOENT : error;
}

/* What becomes of a name that is too long. LittleFS 1 stores the length modulo 256. */
static int check_names(struct quirkyboard *quirky, const char *path)
{
	bool too_long = false;

	while (*path) {
		size_t len = strcspn(path, "/");

		too_long = too_long || len > NAME_BYTES;
		path += len + (path[len] == '/');
	}
	if (!too_long)
		return 0;
	if (quirky->kind == QUIRKYBOARD_LFS1)
		quirky->losses++;
	return is_fat(quirky) ? -EINVAL : -ENAMETOOLONG;
}

/* --- FAT's names --- */

/* The short name that FAT makes of NAME if it needs one: a stand-in for the real rules, right for what the tests use. */
static void short_name(const char *name, char out[13])
{
	size_t len = 0;
	const char *dot = strrchr(name, '.');

	for (const char *c = name; *c && c != dot && len < 6; c++)
		if (isalnum((unsigned char)*c))
			out[len++] = (char)toupper((unsigned char)*c);
	sprintf(out + len, "~1%.4s", dot ? dot : "");
	for (char *c = out; *c; c++)
		*c = (char)toupper((unsigned char)*c);
}

/* Whether FAT finds LISTED when it is asked for NAME of LEN bytes. */
static bool fat_finds(const char *listed, const char *name, size_t len)
{
	char alias[13];

	short_name(listed, alias);
	if (strlen(listed) > 12 && strlen(alias) == len && !strncasecmp(alias, name, len))
		return true;
	if (strlen(listed) != len)
		return false;
	for (size_t i = 0; i < len; i++) {
		/* 0x88 ... 0x8a are E with different accents in code page 437. */
		bool same_e = (unsigned char)listed[i] >= 0x88 && (unsigned char)listed[i] <= 0x8a &&
			      (unsigned char)name[i] >= 0x88 && (unsigned char)name[i] <= 0x8a;
		if (!same_e && tolower((unsigned char)listed[i]) != tolower((unsigned char)name[i]))
			return false;
	}
	return true;
}

struct finding {
	const char *name;
	size_t len;
	char found[NAME_BYTES + 1];
};

static int find_one(void *context, const char *name, const struct board_stat *stat)
{
	struct finding *finding = context;

	(void)stat;
	if (!fat_finds(name, finding->name, finding->len))
		return 0;
	snprintf(finding->found, sizeof(finding->found), "%s", name);
	return 1;
}

/* PATH as FAT takes it, into OUT: parts without what it cuts off, and spelled as what they find. Returns 0 or -EINVAL. */
static int fat_path(struct quirkyboard *quirky, const char *path, char out[PATH_BYTES])
{
	size_t at = 0;

	out[0] = 0;
	while (*path) {
		struct finding finding = {.name = path + strspn(path, "/\\")};
		size_t all = strcspn(finding.name, "/\\");

		path = finding.name + all;
		for (finding.len = all; finding.len && strchr(". ", finding.name[finding.len - 1]); finding.len--)
			;
		if (!all)
			continue;
		for (size_t i = 0; i < finding.len; i++)
			if ((unsigned char)finding.name[i] < ' ' || strchr("\"*:<>?|\x7f", finding.name[i]))
				return -EINVAL;
		if (!finding.len)
			return -EINVAL;
		snprintf(finding.found, sizeof(finding.found), "%.*s", (int)finding.len, finding.name);
		board_list(quirky->base.below, at ? out : "/", find_one, &finding);
		at += (size_t)snprintf(out + at, PATH_BYTES - at, "/%s", finding.found);
	}
	if (!at)
		strcpy(out, "/");
	return 0;
}

/* --- */

/* What is asked for at PATH: OUT is the path as the board takes it. */
static int resolve(struct quirkyboard *quirky, const char *path, char out[PATH_BYTES])
{
	struct board_stat stat;
	int error = check_names(quirky, path);

	if (!error && is_fat(quirky))
		error = fat_path(quirky, path, out);
	else
		snprintf(out, PATH_BYTES, "%s", path);
	/* In / there is no file system, so that nothing can be found there, or made. */
	if (!error && quirky->split && strrchr(out, '/') == out && board_stat(quirky->base.below, out, &stat))
		error = -ENODEV;
	return error;
}

/* The same for what is to be made or changed: under that name, and no other. */
static int resolve_new(struct quirkyboard *quirky, const char *path, char out[PATH_BYTES])
{
	int error = resolve(quirky, path, out);

	if (!error && strcasecmp(path, out) != 0)
		quirky->losses++;
	return error;
}

static size_t op_top(struct board *board, const char *path)
{
	const char *slash = strchr(path + 1, '/');

	return of(board)->split && slash ? (size_t)(slash - path) + 1 : 1;
}

static enum board_kind op_kind(struct board *board, const char *dir)
{
	if (of(board)->split && !strcmp(dir, "/"))
		return BOARD_NONE;
	return is_fat(of(board)) ? BOARD_FAT : BOARD_ORDINARY;
}

static bool is_dir(struct quirkyboard *quirky, const char *path)
{
	struct board_stat stat;

	return !board_stat(quirky->base.below, path, &stat) && stat.is_dir;
}

static bool is_file(struct quirkyboard *quirky, const char *path)
{
	struct board_stat stat;

	return !board_stat(quirky->base.below, path, &stat) && !stat.is_dir;
}

static int op_stat(struct board *board, const char *given, struct board_stat *out)
{
	char path[PATH_BYTES];
	int error = resolve(of(board), given, path);

	return error ? error : missing(of(board), board_stat(board->below, path, out));
}

static int op_list(struct board *board, const char *given, board_entry_fn *each, void *context)
{
	char path[PATH_BYTES];
	int error = resolve(of(board), given, path);

	return error ? error : missing(of(board), board_list(board->below, path, each, context));
}

static ssize_t op_read(struct board *board, const char *given, void *buf, size_t len, uint64_t offset)
{
	char path[PATH_BYTES];
	int error = resolve(of(board), given, path);

	if (error)
		return error;
	if (is_fat(of(board)) && is_dir(of(board), path))
		return -ENOENT;
	ssize_t got = board_read(board->below, path, buf, len, offset);
	return got < 0 ? missing(of(board), (int)got) : got;
}

static int may_write(struct quirkyboard *quirky, const char *given, char path[PATH_BYTES])
{
	int error = resolve_new(quirky, given, path);

	return error ? error : is_fat(quirky) && is_dir(quirky, path) ? -EACCES : 0;
}

static int op_replace(struct board *board, const char *given, const struct board_content *content, struct board_stat *out)
{
	char path[PATH_BYTES];
	int error = may_write(of(board), given, path);

	return error ? error : missing(of(board), board_replace(board->below, path, content, out));
}

static int op_append(struct board *board, const char *given, const struct board_content *content, uint64_t from,
		     struct board_stat *out)
{
	char path[PATH_BYTES];
	int error = may_write(of(board), given, path);

	return error ? error : missing(of(board), board_append(board->below, path, content, from, out));
}

static int op_mkdir(struct board *board, const char *given)
{
	char path[PATH_BYTES];
	int error = resolve_new(of(board), given, path);

	return error ? error : missing(of(board), board_mkdir(board->below, path));
}

static int op_rmdir(struct board *board, const char *given)
{
	struct quirkyboard *quirky = of(board);
	char path[PATH_BYTES];
	int error = resolve(quirky, given, path);

	if (error)
		return error;
	if (!is_fat(quirky) && is_file(quirky, path)) {
		quirky->losses++;
		return board_remove(quirky->base.below, path);
	}
	error = board_rmdir(quirky->base.below, path);
	if (is_fat(quirky) && error == -ENOTEMPTY)
		return -EACCES;
	return is_file(quirky, path) ? error : missing(quirky, error);
}

static int op_remove(struct board *board, const char *given)
{
	struct quirkyboard *quirky = of(board);
	char path[PATH_BYTES];
	int error = resolve(quirky, given, path);

	if (error)
		return error;
	if (is_fat(quirky) || !is_dir(quirky, path))
		return missing(quirky, board_remove(quirky->base.below, path));
	error = board_rmdir(quirky->base.below, path);
	quirky->losses += !error;
	return error;
}

/* Takes PATH away with all below it. */
static void lose(struct quirkyboard *quirky, const char *path);

struct losing {
	struct quirkyboard *quirky;
	const char *dir;
	char *child;
};

static int first_child(void *context, const char *name, const struct board_stat *stat)
{
	struct losing *losing = context;

	(void)stat;
	return asprintf(&losing->child, "%s/%s", losing->dir, name) < 0 ? -ENOMEM : 1;
}

static void lose(struct quirkyboard *quirky, const char *path)
{
	struct losing losing = {quirky, path, NULL};

	while (is_dir(quirky, path) && board_list(quirky->base.below, path, first_child, &losing) == 1) {
		lose(quirky, losing.child);
		free(losing.child);
	}
	if (is_dir(quirky, path))
		board_rmdir(quirky->base.below, path);
	else
		board_remove(quirky->base.below, path);
}

static bool is_below(const char *path, const char *dir)
{
	size_t len = strlen(dir);

	return !strncmp(path, dir, len) && path[len] == '/';
}

static bool is_there(struct quirkyboard *quirky, const char *path)
{
	return is_dir(quirky, path) || is_file(quirky, path);
}

/* LittleFS 1 marks what it is to rename before it finds out that it cannot, and does not find its way past the mark later. */
static int rename_lfs1(struct quirkyboard *quirky, const char *from, const char *to)
{
	bool there = is_there(quirky, from);
	int error = is_dir(quirky, from) && is_file(quirky, to) ? -EISDIR : board_rename(quirky->base.below, from, to, false);

	quirky->losses += error && error != -EPERM && there; /* EPERM comes before it is asked */
	return error;
}

/* LittleFS 1 removes what a rename goes over, also when it is the same. */
static int rename_onto_itself(struct quirkyboard *quirky, const char *path)
{
	if (quirky->kind != QUIRKYBOARD_LFS1)
		return 0;
	int error = is_dir(quirky, path) ? board_rmdir(quirky->base.below, path) : board_remove(quirky->base.below, path);
	quirky->losses += !error;
	return error;
}

/* FOUND is what is there under the last name of GIVEN, perhaps in other letters: it is spelled as it is given now. */
static int rename_fat(struct quirkyboard *quirky, const char *from, const char *given, const char *found)
{
	bool itself = !strcmp(from, found);
	char to[PATH_BYTES];

	snprintf(to, sizeof(to), "%s", found);
	if (!strcasecmp(given, found))
		strcpy(strrchr(to, '/'), strrchr(given, '/'));
	if (is_dir(quirky, found) && !itself)
		return -EISDIR;
	if (is_dir(quirky, from) && is_file(quirky, found))
		quirky->losses++;
	if (is_file(quirky, found) && !itself)
		board_remove(quirky->base.below, found);
	return missing(quirky, board_rename(quirky->base.below, from, to, false));
}

static bool is_across(struct board *board, const char *a, const char *b)
{
	return op_top(board, a) != op_top(board, b) || strncmp(a, b, op_top(board, a)) != 0;
}

static int op_rename(struct board *board, const char *given_from, const char *given_to, bool noreplace)
{
	struct quirkyboard *quirky = of(board);
	char from[PATH_BYTES], to[PATH_BYTES];
	int error = resolve(quirky, given_from, from);

	if (!error)
		error = resolve_new(quirky, given_to, to);
	if (!error && quirky->split && (is_across(board, from, to) || op_top(board, from) == 1))
		error = -EPERM;
	if (error)
		return error;
	if (noreplace && is_there(quirky, to))
		return -EEXIST; /* as board_agent does: no board knows the flag */
	if (!strcmp(given_from, given_to) && is_there(quirky, from))
		return rename_onto_itself(quirky, from);
	if (is_below(to, from) && is_dir(quirky, from)) {
		quirky->losses++;
		lose(quirky, from);
		return 0;
	}
	if (is_fat(quirky))
		return rename_fat(quirky, from, given_to, to);
	if (quirky->kind == QUIRKYBOARD_LFS1)
		return rename_lfs1(quirky, from, to);
	return board_rename(quirky->base.below, from, to, false);
}

static void op_close(struct board *board)
{
	board_close(board->below);
	free(board);
}

static const struct board_ops ops = {
	.kind = op_kind,
	.top = op_top,
	.stat = op_stat,
	.probe = op_stat,
	.list = op_list,
	.read = op_read,
	.replace = op_replace,
	.append = op_append,
	.mkdir = op_mkdir,
	.rmdir = op_rmdir,
	.remove = op_remove,
	.rename = op_rename,
	.close = op_close,
};

int quirkyboard_open(struct board **out, enum quirkyboard_kind kind)
{
	struct quirkyboard *quirky = calloc(1, sizeof(*quirky));

	*out = NULL;
	if (!quirky)
		return -ENOMEM;
	quirky->base.ops = &ops;
	quirky->kind = kind;
	if (fakeboard_open(&quirky->base.below)) {
		free(quirky);
		return -ENOMEM;
	}
	*out = &quirky->base;
	return 0;
}

int quirkyboard_split(struct board *board)
{
	int error = board_mkdir(board->below, "/flash");

	of(board)->split = true;
	return error ? error : board_mkdir(board->below, "/sd");
}

struct board *quirkyboard_below(struct board *board)
{
	return board->below;
}

unsigned quirkyboard_losses(struct board *board)
{
	return of(board)->losses;
}
