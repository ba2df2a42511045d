/* SPDX-License-Identifier: MIT */
#include "fuse/times_store.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/unit/folder.h"

static const struct board_stat empty_file = {.mtime = 1750000000};

struct fixture {
	char top[FOLDER_SIZE], folder[64]; /* the folder is made by the store */
	char log[1024];
	struct kept_times *times;
	struct times_store *store;
	atomic_int looks;
};

static void take_log(void *context, int level, const char *text)
{
	struct fixture *f = context;

	(void)level;
	strncat(f->log, text, sizeof(f->log) - strlen(f->log) - 2);
	strcat(f->log, "\n");
}

static int set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	*state = f;
	if (folder_make(f->top) < 0)
		return -1;
	snprintf(f->folder, sizeof(f->folder), "%s/state/times", f->top);
	return 0;
}

static void unmount(struct fixture *f)
{
	times_store_close(f->store);
	f->store = NULL;
	kept_times_close(f->times);
	f->times = NULL;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	unmount(f);
	folder_remove(f->top);
	free(f);
	return 0;
}

static void look(void *context)
{
	struct fixture *f = context;

	atomic_fetch_add(&f->looks, 1);
}

static void open_store(struct fixture *f, struct times_store **store, struct kept_times *times, const char *board)
{
	const struct times_store_options options = {
		.folder = f->folder, .board = board, .look = look, .look_context = f, .log = take_log, .log_context = f};

	assert_int_equal(times_store_open(store, times, &options), 0);
}

static void mount(struct fixture *f, const char *board)
{
	f->log[0] = '\0';
	assert_int_equal(kept_times_open(&f->times, NULL, NULL, NULL), 0);
	open_store(f, &f->store, f->times, board);
}

static void put(struct fixture *f, const char *path, int64_t mtime)
{
	kept_times_put(f->times, path, &empty_file, &(struct kept_times_pair){.mtime = {.tv_sec = mtime}});
}

static int64_t get(struct fixture *f, const char *path)
{
	struct kept_times_pair found;

	return kept_times_get(f->times, path, &empty_file, &found) == KEPT_TIMES_FOUND ? found.mtime.tv_sec : -1;
}

/* The path of the only file in the folder. */
static const char *only_file(struct fixture *f)
{
	static char path[400];
	DIR *dir = opendir(f->folder);
	struct dirent *entry;
	int count = 0;

	assert_non_null(dir);
	while ((entry = readdir(dir))) {
		if (entry->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "%s/%s", f->folder, entry->d_name);
		count++;
	}
	closedir(dir);
	assert_int_equal(count, 1);
	return path;
}

/* Something of board "b" is kept. Returns the path of the file. */
static const char *keep_something(struct fixture *f)
{
	mount(f, "b");
	put(f, "/a", 77);
	unmount(f);
	return only_file(f);
}

/* What was kept does not count, the log says WORDS, and the next mount keeps as ever. */
static void expect_replaced(struct fixture *f, const char *words)
{
	mount(f, "b");
	assert_int_equal(get(f, "/a"), -1);
	assert_non_null(strstr(f->log, words));
	put(f, "/a", 78);
	unmount(f);
	mount(f, "b");
	assert_int_equal(get(f, "/a"), 78);
	assert_string_equal(f->log, "");
}

static void what_is_put_is_there_again(void **state)
{
	struct fixture *f = *state;
	struct stat about;

	mount(f, "b");
	assert_int_equal(get(f, "/a"), -1);
	put(f, "/a", 77);
	unmount(f);
	mount(f, "b");
	assert_int_equal(get(f, "/a"), 77);
	assert_string_equal(f->log, "");
	assert_int_equal(stat(only_file(f), &about), 0);
	assert_int_equal(about.st_mode & 07777, 0600);
	assert_int_equal(stat(f->folder, &about), 0);
	assert_int_equal(about.st_mode & 07777, 0700);
}

static void boards_do_not_mix(void **state)
{
	struct fixture *f = *state;

	mount(f, "id 00ff");
	put(f, "/a", 77);
	unmount(f);
	mount(f, "id 00fe");
	assert_int_equal(get(f, "/a"), -1);
	put(f, "/a", 78);
	unmount(f);
	mount(f, "id 00ff");
	assert_int_equal(get(f, "/a"), 77);
}

static void a_name_is_no_path(void **state)
{
	struct fixture *f = *state;
	const char *file;

	mount(f, "device ../../../../../../../../../../tmp/x\n and a very long command that goes on and on and on and on");
	put(f, "/a", 77);
	unmount(f);
	file = only_file(f);
	assert_int_equal(strspn(file + strlen(f->folder) + 1, "abcdefghijklmnopqrstuvwxyz0123456789-"),
			 strlen(file) - strlen(f->folder) - 1);
	assert_int_equal(strlen(file) - strlen(f->folder) - 1, 57);
}

static void a_damaged_file_is_replaced(void **state)
{
	struct fixture *f = *state;
	int fd = open(keep_something(f), O_WRONLY);

	assert_int_equal(pwrite(fd, "X", 1, 20), 1);
	close(fd);
	expect_replaced(f, "damaged or of another version");
}

static void a_damaged_file_is_replaced_without_a_change(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(truncate(keep_something(f), 10), 0);
	mount(f, "b");
	assert_non_null(strstr(f->log, "damaged"));
	unmount(f);
	mount(f, "b");
	assert_string_equal(f->log, "");
}

static void an_empty_file_is_replaced(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(truncate(keep_something(f), 0), 0);
	expect_replaced(f, "damaged");
}

static void a_huge_file_is_replaced(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(truncate(keep_something(f), (off_t)1 << 40), 0);
	expect_replaced(f, "damaged");
}

static void a_link_is_replaced_and_not_followed(void **state)
{
	struct fixture *f = *state;
	const char *file = keep_something(f);
	char elsewhere[64];
	struct stat about;

	snprintf(elsewhere, sizeof(elsewhere), "%s/elsewhere", f->top);
	assert_int_equal(rename(file, elsewhere), 0);
	assert_int_equal(symlink(elsewhere, file), 0);
	assert_int_equal(lstat(elsewhere, &about), 0);
	expect_replaced(f, "forgotten");
	assert_int_equal(lstat(only_file(f), &about), 0);
	assert_true(S_ISREG(about.st_mode));
	assert_int_equal(lstat(elsewhere, &about), 0);
}

static void a_pipe_is_replaced_and_not_waited_for(void **state)
{
	struct fixture *f = *state;
	const char *file = keep_something(f);

	assert_int_equal(unlink(file), 0);
	assert_int_equal(mkfifo(file, 0600), 0);
	expect_replaced(f, "damaged");
}

static void a_leftover_is_in_nobodys_way(void **state)
{
	struct fixture *f = *state;
	char leftover[420];

	snprintf(leftover, sizeof(leftover), "%s.new", keep_something(f));
	assert_int_equal(symlink("/nowhere", leftover), 0);
	mount(f, "b");
	put(f, "/b", 78);
	unmount(f);
	only_file(f);
	mount(f, "b");
	assert_int_equal(get(f, "/a"), 77);
	assert_int_equal(get(f, "/b"), 78);
}

static void a_folder_that_cannot_be_is_said_once(void **state)
{
	struct fixture *f = *state;
	char file[64];
	FILE *made;

	snprintf(file, sizeof(file), "%s/state", f->top);
	made = fopen(file, "w");
	assert_non_null(made);
	fclose(made);
	mount(f, "b");
	put(f, "/a", 77);
	assert_int_equal(get(f, "/a"), 77);
	unmount(f);
	assert_non_null(strstr(f->log, "cannot be kept there, and are forgotten at unmount: "));
	assert_ptr_equal(strchr(f->log, '\n'), f->log + strlen(f->log) - 1);
}

static void a_folder_of_somebody_else_is_not_used(void **state)
{
	struct fixture *f = *state;

	if (geteuid() != 0)
		skip();
	keep_something(f);
	assert_int_equal(chown(f->folder, 12345, 12345), 0);
	mount(f, "b");
	assert_int_equal(get(f, "/a"), -1);
	put(f, "/a", 78);
	unmount(f);
	assert_non_null(strstr(f->log, "cannot be kept there"));
}

static void changes_are_saved_before_the_end(void **state)
{
	struct fixture *f = *state;
	struct kept_times *later;
	struct times_store *store;
	struct kept_times_pair found;
	int answer = KEPT_TIMES_NONE, waited;

	mount(f, "b");
	put(f, "/a", 77);
	for (waited = 0; answer != KEPT_TIMES_FOUND && waited < 600; waited++) {
		usleep(100000);
		assert_int_equal(kept_times_open(&later, NULL, NULL, NULL), 0);
		open_store(f, &store, later, "b");
		answer = kept_times_get(later, "/a", &empty_file, &found);
		times_store_close(store);
		kept_times_close(later);
	}
	assert_int_equal(answer, KEPT_TIMES_FOUND);
	assert_true(atomic_load(&f->looks) > 0); /* before it was saved */
}

static void boards_have_names(void **state)
{
	char name[64];
	struct board_info info = {.unique_id = "e6614103e7452d2f", .usb_serial = "5A1B", .device = "/dev/pts/4"};

	(void)state;
	times_store_board(name, sizeof(name), &info);
	assert_string_equal(name, "id e6614103e7452d2f");
	info.unique_id = "";
	times_store_board(name, sizeof(name), &info);
	assert_string_equal(name, "usb 5A1B");
	info.usb_serial = "";
	times_store_board(name, sizeof(name), &info);
	assert_string_equal(name, "device /dev/pts/4");
	/* What firmware says that has no number. */
	info.unique_id = "000000000000";
	times_store_board(name, sizeof(name), &info);
	assert_string_equal(name, "device /dev/pts/4");
	info.unique_id = "ffffffff";
	info.usb_serial = "0000";
	times_store_board(name, sizeof(name), &info);
	assert_string_equal(name, "device /dev/pts/4");
}

static void the_folder_is_where_it_should_be(void **state)
{
	char *folder;

	(void)state;
	setenv("XDG_STATE_HOME", "/x/state", 1);
	folder = times_store_folder();
	assert_string_equal(folder, "/x/state/mpremotefs/times");
	free(folder);
	setenv("XDG_STATE_HOME", "relative", 1);
	setenv("HOME", "/home/ann", 1);
	folder = times_store_folder();
	assert_string_equal(folder, geteuid() == 0 ? "/var/lib/mpremotefs/times" : "/home/ann/.local/state/mpremotefs/times");
	free(folder);
	unsetenv("XDG_STATE_HOME");
	unsetenv("HOME");
	folder = times_store_folder();
	if (geteuid() == 0)
		assert_string_equal(folder, "/var/lib/mpremotefs/times");
	else
		assert_null(folder);
	free(folder);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(what_is_put_is_there_again),
		TEST(boards_do_not_mix),
		TEST(a_name_is_no_path),
		TEST(a_damaged_file_is_replaced),
		TEST(a_damaged_file_is_replaced_without_a_change),
		TEST(an_empty_file_is_replaced),
		TEST(a_huge_file_is_replaced),
		TEST(a_link_is_replaced_and_not_followed),
		TEST(a_pipe_is_replaced_and_not_waited_for),
		TEST(a_leftover_is_in_nobodys_way),
		TEST(a_folder_that_cannot_be_is_said_once),
		TEST(a_folder_of_somebody_else_is_not_used),
		TEST(changes_are_saved_before_the_end),
		TEST(boards_have_names),
		TEST(the_folder_is_where_it_should_be),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
