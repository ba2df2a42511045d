/* SPDX-License-Identifier: MIT */
#include "cli/source_rules.h"

#include <errno.h>
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

/* What nobody wants on a board: Python's caches, version control, what editors and file managers leave, and half files of whole_file. */
static const char *const rubbish[] = {
	"__pycache__", ".git", ".hg", ".svn", ".*.sw[a-p]", "#*#", ".#*", ".DS_Store", ".romfs-[0-9]*",
};
static const char *const rubbish_ends[] = {".pyc", ".pyo", "~"};

static bool ends_with(const char *name, const char *end)
{
	size_t len = strlen(name), end_len = strlen(end);

	return len >= end_len && memcmp(name + len - end_len, end, end_len) == 0;
}

static bool is_rubbish(const char *name)
{
	for (size_t i = 0; i < sizeof(rubbish_ends) / sizeof(rubbish_ends[0]); i++) {
		if (ends_with(name, rubbish_ends[i]))
			return true;
	}
	for (size_t i = 0; i < sizeof(rubbish) / sizeof(rubbish[0]); i++) {
		if (rubbish[i][0] == name[0] && fnmatch(rubbish[i], name, 0) == 0)
			return true;
	}
	return false;
}

/* What TEXT begins with and says no more than "from the top". */
static size_t top_len(const char *text)
{
	size_t len = 0;

	for (;;) {
		if (text[len] == '/')
			len++;
		else if (text[len] == '.' && text[len + 1] == '/')
			len += 2;
		else
			return len;
	}
}

int source_rules_exclude(struct source_rules *rules, const char *glob)
{
	const char *start = glob + top_len(glob);
	size_t len = strlen(start);
	struct source_glob added = {.typed = glob}, *globs;

	while (len > 0 && start[len - 1] == '/')
		len--;
	if (len == 0 || (len == 1 && *start == '.'))
		return -EINVAL;
	globs = reallocarray(rules->globs, rules->glob_count + 1, sizeof(*globs));
	if (!globs)
		return -ENOMEM;
	rules->globs = globs;
	added.pattern = strndup(start, len);
	if (!added.pattern)
		return -ENOMEM;
	added.directories = start[len] == '/';
	added.from_top = start > glob || strchr(added.pattern, '/');
	rules->globs[rules->glob_count++] = added;
	return 0;
}

enum source_verdict source_rules_judge(struct source_rules *rules, const char *path, const char *name, bool is_dir)
{
	bool excluded = false;

	for (size_t i = 0; i < rules->glob_count; i++) {
		struct source_glob *glob = &rules->globs[i];

		if (glob->directories && !is_dir)
			continue;
		if (fnmatch(glob->pattern, glob->from_top ? path : name, FNM_PATHNAME) == 0)
			excluded = glob->matched = true;
	}
	if (excluded)
		return SOURCE_EXCLUDED;
	return !rules->all && is_rubbish(name) ? SOURCE_LEFT_OUT : SOURCE_PACKED;
}

void source_rules_clear(struct source_rules *rules)
{
	for (size_t i = 0; i < rules->glob_count; i++)
		free(rules->globs[i].pattern);
	free(rules->globs);
	*rules = (struct source_rules){0};
}
