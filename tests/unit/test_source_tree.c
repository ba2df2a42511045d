/* SPDX-License-Identifier: MIT */
#include "cli/source_tree.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "romfs/romfs_format.h"
#include "tests/unit/folder.h"

static char folder[FOLDER_SIZE];
static struct source_tree tree;
static struct source_rules rules;
static struct source_output output;
static struct diag diag;
static size_t ahead;
static void (*on_judge)(void), (*on_enter)(void);

enum source_verdict __real_source_rules_judge(struct source_rules *judged_by, const char *path, const char *name, bool is_dir);
enum source_verdict __wrap_source_rules_judge(struct source_rules *judged_by, const char *path, const char *name, bool is_dir);

/* Called by the walk when lib/ is open, and b.py in it was not looked at: the moment for another program to do something. */
enum source_verdict __wrap_source_rules_judge(struct source_rules *judged_by, const char *path, const char *name, bool is_dir)
{
	if (on_judge && !strcmp(path, "lib/b.py"))
		on_judge();
	return __real_source_rules_judge(judged_by, path, name, is_dir);
}

int __real_beneath_directory(int top, const char *path, size_t len, bool make);
int __wrap_beneath_directory(int top, const char *path, size_t len, bool make);

/* Called by the walk when it has looked at lib/ and is about to open it: the next such moment. */
int __wrap_beneath_directory(int top, const char *path, size_t len, bool make)
{
	if (on_enter && len == 3 && !memcmp(path, "lib", 3)) {
		on_enter();
		on_enter = NULL;
	}
	return __real_beneath_directory(top, path, len, make);
}

/* In the folder: top/ with a.py, lib/ and lib/b.py, and secret beside it. */
static int make_folder(void **state)
{
	(void)state;
	if (folder_enter(folder) < 0)
		return -1;
	mkdir("top", 0700);
	mkdir("top/lib", 0700);
	folder_put("top/a.py", "a = 1");
	folder_put("top/lib/b.py", "b = 2");
	folder_put("secret", "secret");
	return 0;
}

static int remove_folder(void **state)
{
	(void)state;
	source_tree_close(&tree);
	source_rules_clear(&rules);
	output = (struct source_output){0};
	ahead = 0;
	on_judge = on_enter = NULL;
	return folder_remove(folder);
}

static int open_top(void)
{
	source_tree_close(&tree);
	return source_tree_open(&tree, "top", &rules, &output, ahead, &diag);
}

/* The tree has these paths, in one line. */
static void has(const char *expected)
{
	char found[500] = "";

	assert_int_equal(open_top(), 0);
	for (size_t i = 0; i < tree.count; i++)
		sprintf(found + strlen(found), "%s%s ", tree.sources[i].path, tree.sources[i].is_dir ? "/" : "");
	assert_string_equal(found, expected);
}

static void refused(int err, const char *words)
{
	assert_int_equal(open_top(), -err);
	assert_non_null(strstr(diag.text, words));
}

static void reads(size_t index, const char *expected)
{
	struct source *source = &tree.sources[index];

	assert_int_equal(source_tree_read(&tree, source, &diag), 0);
	assert_int_equal(source->size, strlen(expected));
	assert_memory_equal(source->content, expected, source->size);
}

static void in_the_order_of_the_image(void **state)
{
	(void)state;
	folder_put("top/lib.py", "");
	folder_put("top/lib-a.py", "");
	folder_put("top/a.mpy", "");
	mkdir("top/Z", 0700);
	has("Z/ a.mpy a.py lib/ lib/b.py lib-a.py lib.py ");
	assert_int_equal(tree.sources[4].depth, 1);
	assert_string_equal(tree.sources[4].name, "b.py");
	assert_true(tree.sources[2].has_mpy);
	assert_false(tree.sources[1].has_mpy || tree.sources[4].has_mpy);
	reads(2, "a = 1");
	reads(4, "b = 2");
	reads(6, "");
	folder_put("top/a.py", "longer than it was when it was found");
	free(tree.sources[2].content);
	reads(2, "longer than it was when it was found");
}

static void what_is_left_out(void **state)
{
	struct stat st;

	(void)state;
	folder_put("top/a.pyc", "");
	mkdir("top/lib/__pycache__", 0700);
	folder_put("top/lib/__pycache__/x", "");
	folder_put("top/old.romfs", ROMFS_MAGIC "\x00");
	folder_put("top/text.romfs", "no image");
	folder_put("top/image.img", ROMFS_MAGIC "\x00");
	has("a.py image.img lib/ lib/b.py text.romfs ");
	assert_int_equal(tree.left_out, 3);
	assert_int_equal(tree.excluded, 0);
	rules.all = true;
	has("a.py a.pyc image.img lib/ lib/__pycache__/ lib/__pycache__/x lib/b.py old.romfs text.romfs ");
	assert_int_equal(tree.left_out, 0);
	assert_int_equal(source_rules_exclude(&rules, "lib/"), 0);
	assert_int_equal(source_rules_exclude(&rules, "*.romfs"), 0);
	has("a.py a.pyc image.img ");
	assert_int_equal(tree.excluded, 3);
	assert_int_equal(stat("top/image.img", &st), 0);
	output = (struct source_output){true, st.st_dev, st.st_ino};
	has("a.py a.pyc ");
	assert_int_equal(stat("top/a.pyc", &st), 0); /* empty: nothing is lost */
	output = (struct source_output){true, st.st_dev, st.st_ino};
	has("a.py image.img ");
	assert_int_equal(stat("top/a.py", &st), 0);
	output = (struct source_output){true, st.st_dev, st.st_ino};
	refused(EEXIST, "top/a.py: it is the file of --output, and no image");
}

static void links(void **state)
{
	char target[100];

	(void)state;
	assert_int_equal(symlink("lib", "top/same"), 0);
	assert_int_equal(symlink("../a.py", "top/lib/a.py"), 0);
	snprintf(target, sizeof(target), "%s/top/lib/b.py", folder);
	assert_int_equal(symlink(target, "top/whole"), 0);
	has("a.py lib/ lib/a.py lib/b.py same/ same/a.py same/b.py whole ");
	reads(2, "a = 1");
	reads(5, "a = 1");
	reads(6, "b = 2");
	reads(7, "b = 2");
	assert_int_equal(source_rules_exclude(&rules, "same/"), 0); /* a link to a directory is one in the image */
	has("a.py lib/ lib/a.py lib/b.py whole ");
}

static void links_that_lead_elsewhere(void **state)
{
	(void)state;
	assert_int_equal(symlink("../secret", "top/link"), 0);
	refused(EXDEV, "top/link: a link that leads out of top");
	unlink("top/link");
	assert_int_equal(symlink("../topmost", "top/link"), 0);
	folder_put("topmost", "secret");
	refused(EXDEV, "top/link: a link that leads out of top");
	unlink("top/link");
	assert_int_equal(symlink("link", "top/link"), 0);
	refused(ELOOP, "top/link: a link that leads in a circle");
	unlink("top/link");
	assert_int_equal(symlink("nothing", "top/link"), 0);
	refused(ENOENT, "top/link: a link that leads nowhere");
	unlink("top/link");
	assert_int_equal(symlink("..", "top/lib/up"), 0);
	refused(ELOOP, "top/lib/up: a link that leads in a circle");
}

static void what_cannot_be_packed(void **state)
{
	(void)state;
	assert_int_equal(mkfifo("top/fifo", 0600), 0);
	refused(EINVAL, "top/fifo: a FIFO, which cannot be in an image");
	unlink("top/fifo");
	assert_int_equal(symlink("/dev/null", "top/device"), 0);
	refused(EXDEV, "top/device: a link that leads out");
	unlink("top/device");
	folder_put("top/lib/bad\xff", "");
	refused(EINVAL, "a name that is not UTF-8");
	source_tree_close(&tree);
	assert_int_equal(source_tree_open(&tree, "nowhere", &rules, &output, ahead, &diag), -ENOENT);
	assert_string_equal(diag.text, "nowhere: there is no such directory");
}

/* Another program puts something else in the place of a file that was found: nothing of that is read, and nothing hangs. */
static void files_that_are_replaced(void **state)
{
	static const char words[] = "top/lib/b.py: cannot be read: another program has put something else in its place";

	(void)state;
	for (int i = 0; i < 5; i++) {
		has("a.py lib/ lib/b.py ");
		unlink("top/lib/b.py");
		if (i == 0)
			assert_int_equal(symlink("../../secret", "top/lib/b.py"), 0);
		else if (i == 1)
			assert_int_equal(symlink("../a.py", "top/lib/b.py"), 0);
		else if (i == 2)
			assert_int_equal(mkfifo("top/lib/b.py", 0600), 0);
		else if (i == 3)
			assert_int_equal(mkdir("top/lib/b.py", 0700), 0);
		else
			assert_int_equal(link("secret", "top/lib/b.py"), 0);
		assert_true(source_tree_read(&tree, &tree.sources[2], &diag) < 0);
		assert_string_equal(diag.text, words);
		assert_null(tree.sources[2].content);
		assert_true(source_tree_open_file(&tree, &tree.sources[2], &diag) < 0);
		if (i == 3)
			rmdir("top/lib/b.py");
		unlink("top/lib/b.py");
		folder_put("top/lib/b.py", "b = 2");
	}
}

static void directories_that_are_replaced(void **state)
{
	(void)state;
	mkdir("outside", 0700);
	folder_put("outside/b.py", "secret");
	has("a.py lib/ lib/b.py ");
	assert_int_equal(rename("top/lib", "top/moved"), 0);
	assert_int_equal(symlink("../outside", "top/lib"), 0);
	assert_int_equal(source_tree_read(&tree, &tree.sources[2], &diag), -ENOTDIR);
	assert_non_null(strstr(diag.text, "something else in its place"));
	unlink("top/lib");
	assert_int_equal(source_tree_read(&tree, &tree.sources[2], &diag), -ENOENT);
	assert_int_equal(rename("top/moved", "top/lib"), 0);
	reads(2, "b = 2");
	assert_int_equal(source_tree_settle(&tree, &diag), 0);
	close(source_tree_open_file(&tree, &tree.sources[2], &diag));
	assert_int_equal(rename("top/lib", "outside/lib"), 0);
	assert_int_equal(source_tree_read(&tree, &tree.sources[0], &diag), -ESTALE);
	assert_string_equal(diag.text, "top/lib: cannot be read: another program has put something else in its place");
	assert_int_equal(source_tree_settle(&tree, &diag), 0);
}

/* Of "a = 1" and "b = 2" that which fits is read on the way, and the other later. */
static void what_is_read_ahead(void **state)
{
	(void)state;
	for (ahead = 1; ahead < 20; ahead++) {
		has("a.py lib/ lib/b.py ");
		assert_true(!tree.sources[0].content == (ahead < 6));
		assert_true(!tree.sources[2].content == (ahead < 12));
		assert_int_equal(tree.sources[2].size, 5);
		if (ahead >= 12)
			assert_memory_equal(tree.sources[2].content, "b = 2", 5);
		else
			reads(2, "b = 2");
	}
	folder_put("top/lib/b.py", "");
	assert_int_equal(symlink("lib/b.py", "top/link"), 0);
	has("a.py lib/ lib/b.py link ");
	assert_non_null(tree.sources[2].content);
	assert_null(tree.sources[3].content);
	assert_int_equal(tree.sources[2].size, 0);
}

static void move_lib_away(void)
{
	rename("top/lib", "moved");
}

static void put_another_directory(void)
{
	rename("top/lib", "moved");
	mkdir("top/lib", 0700);
}

static void put_a_fifo(void)
{
	unlink("top/lib/b.py");
	mkfifo("top/lib/b.py", 0600);
}

static void put_a_link(void)
{
	unlink("top/lib/b.py");
	assert_int_equal(symlink("../../secret", "top/lib/b.py"), 0);
}

/* Another program is quicker than the walk that reads. */
static void what_is_replaced_meanwhile(void **state)
{
	(void)state;
	ahead = 100;
	on_judge = put_a_fifo;
	refused(EINVAL, "top/lib/b.py: a FIFO, which cannot be in an image");
	unlink("top/lib/b.py");
	folder_put("top/lib/b.py", "b = 2");
	on_judge = put_a_link;
	refused(EXDEV, "top/lib/b.py: a link that leads out of top");
	unlink("top/lib/b.py");
	folder_put("top/lib/b.py", "b = 2");
	on_judge = move_lib_away;
	refused(ESTALE, "top/lib: cannot be read: another program has put something else in its place");
	rename("moved", "top/lib");
	on_judge = NULL;
	on_enter = put_another_directory;
	refused(ESTALE, "top/lib: another program has put something else in its place");
}

/* Links that multiply end early, and so does what is too much for an image. */
static void bounds(void **state)
{
	char path[50], target[50];

	(void)state;
	for (int i = 0; i < 20; i++) {
		snprintf(path, sizeof(path), "top/%d", i);
		mkdir(path, 0700);
		snprintf(target, sizeof(target), "../%d", i + 1);
		for (const char *name = "ab"; *name && i < 19; name++) {
			snprintf(path, sizeof(path), "top/%d/%c", i, *name);
			assert_int_equal(symlink(target, path), 0);
		}
	}
	refused(E2BIG, "links lead to more than 65536 files and directories");
	assert_non_null(strstr(diag.text, "top/0/a/a/"));
	assert_in_range(tree.count, 65536, 65600);
	assert_int_equal(source_rules_exclude(&rules, "[0-9]*"), 0);
	folder_put("top/large", "");
	assert_int_equal(truncate("top/large", (off_t)3 << 30), 0);
	folder_put("top/more", "");
	assert_int_equal(truncate("top/more", (off_t)3 << 30), 0);
	refused(EFBIG, "top/more: with this it is more than 4 GiB");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(in_the_order_of_the_image, make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(what_is_left_out, make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(links, make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(links_that_lead_elsewhere, make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(what_cannot_be_packed, make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(files_that_are_replaced, make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(directories_that_are_replaced, make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(what_is_read_ahead, make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(what_is_replaced_meanwhile, make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(bounds, make_folder, remove_folder),
	};

	tree = SOURCE_TREE_NONE;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
