/* SPDX-License-Identifier: MIT */
#include "tests/unit/share_folder.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static char folder[] = "/tmp/test_share.XXXXXX";

void share_folder_write(const char *file, const void *bytes, size_t len)
{
	int fd = open(file, O_CREAT | O_WRONLY | O_TRUNC | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, bytes, len), len);
	close(fd);
}

void share_folder_expect(const char *file, const char *text)
{
	char found[200];
	int fd = open(file, O_RDONLY | O_CLOEXEC);

	assert_true(fd >= 0);
	ssize_t n = read(fd, found, sizeof(found) - 1);
	assert_true(n >= 0);
	found[n] = '\0';
	close(fd);
	assert_string_equal(found, text);
}

int share_folder_make(void **state)
{
	static const char *const links[][2] = {
		{"../out", "top/leads_out"},
		{"../../out", "top/d/out"},
		{"../out/f", "top/to_secret"},
		{"../out/new", "top/to_new"},
		{"d", "top/leads_in"},
		{"d/e/f", "top/to_f"},
		{"..", "top/up"},
		{"nothing", "top/broken"},
		{"loop", "top/loop"},
	};
	char absolute[PATH_MAX];

	(void)state;
	strcpy(folder + strlen(folder) - 6, "XXXXXX");
	if (!mkdtemp(folder) || chdir(folder) < 0 || mkdir("top", 0700) < 0 || mkdir("top/d", 0700) < 0 ||
	    mkdir("top/d/e", 0700) < 0 || mkdir("out", 0700) < 0 || mkdir("out/d", 0700) < 0)
		return -1;
	share_folder_write("top/d/e/f", "inside", 6);
	share_folder_write("out/f", "secret", 6);
	for (size_t i = 0; i < sizeof(links) / sizeof(links[0]); i++)
		if (symlink(links[i][0], links[i][1]) < 0)
			return -1;
	snprintf(absolute, sizeof(absolute), "%s/out", folder);
	return symlink(absolute, "top/absolute");
}

/* Whether out/ has its f and its d/, and nothing else. */
static void expect_outside(void)
{
	DIR *dir = opendir("out");
	const struct dirent *entry;

	assert_non_null(dir);
	while ((entry = readdir(dir)))
		if (*entry->d_name != '.' && strcmp(entry->d_name, "f") && strcmp(entry->d_name, "d"))
			fail_msg("the board made out/%s", entry->d_name);
	closedir(dir);
	share_folder_expect("out/f", "secret");
	assert_int_equal(rmdir("out/d"), 0);
}

int share_folder_remove(void **state)
{
	char command[100];

	(void)state;
	expect_outside();
	snprintf(command, sizeof(command), "rm -r %s", folder);
	return chdir("/") == 0 ? system(command) : -1; /* NOLINT(cert-env33-c): a fixed command */
}

struct share_server *share_folder_serve(void)
{
	struct share_server *server = share_server_open();
	struct share_tree *tree;

	for (int i = 0; server && i < 2; i++)
		if (share_tree_open(&tree, i ? "top/d" : "top", !i, NULL) < 0 || share_server_add(server, tree) != i) {
			share_server_close(server);
			return NULL;
		}
	return server;
}
