/* SPDX-License-Identifier: MIT */
/* source_rules: which entries of a directory are packed into an image. No input or output. */
#ifndef CLI_SOURCE_RULES_H
#define CLI_SOURCE_RULES_H

#include <stdbool.h>
#include <stddef.h>

/* What --exclude says. */
struct source_glob {
	const char *typed;
	char *pattern;    /* without what only says the three below */
	bool from_top;    /* compared with the path from the top; else with the last name, at any depth */
	bool directories; /* only they are meant */
	bool matched;     /* something */
};

struct source_rules {
	bool all; /* pack what is left out by itself: __pycache__, *.pyc, .git..., left-overs of editors, images */
	struct source_glob *globs;
	size_t glob_count;
};

enum source_verdict { SOURCE_PACKED, SOURCE_LEFT_OUT, SOURCE_EXCLUDED };

/*
 * Adds GLOB, which must outlive RULES: shell wildcards, where a star and a question mark do not stand for a slash. With a slash before
 * its end it is compared with the path from the top (a ./ or / that it begins with says just that), else with each name; a slash at
 * its end says that a directory is meant. Returns 0, -EINVAL (it is empty, or names the top itself) or -ENOMEM.
 */
int source_rules_exclude(struct source_rules *rules, const char *glob);

/* What becomes of NAME, whose path from the top is PATH. All globs that match it are marked. */
enum source_verdict source_rules_judge(struct source_rules *rules, const char *path, const char *name, bool is_dir);

/* Frees what was added to RULES. */
void source_rules_clear(struct source_rules *rules);

#endif
