/* SPDX-License-Identifier: MIT */
#include "fuse/nodes.h"

#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static int set_up(void **state)
{
	return nodes_open((struct nodes **)state, NULL);
}

static int tear_down(void **state)
{
	nodes_close(*state);
	return 0;
}

/* The number of NAME in DIR after a look-up by the kernel. */
static uint64_t look_up(struct nodes *nodes, uint64_t dir, const char *name, bool is_dir)
{
	struct nodes_claim claim;
	struct node *node;
	uint64_t number;

	assert_int_equal(nodes_claim(nodes, dir, false, &claim), 0);
	assert_int_equal(nodes_look_up(nodes, claim.node, name, is_dir, &node), 0);
	number = node_number(node);
	nodes_release(nodes, &claim);
	return number;
}

static void expect_path(struct nodes *nodes, uint64_t number, const char *path)
{
	struct nodes_claim claim;

	assert_int_equal(nodes_claim(nodes, number, false, &claim), 0);
	if (path)
		assert_string_equal(claim.path, path);
	else
		assert_null(claim.path);
	nodes_release(nodes, &claim);
}

static void remove_node(struct nodes *nodes, uint64_t number)
{
	struct nodes_claim claim;

	assert_int_equal(nodes_claim(nodes, number, true, &claim), 0);
	nodes_remove(nodes, claim.node);
	nodes_release(nodes, &claim);
}

static int rename_node(struct nodes *nodes, uint64_t dir, const char *name, uint64_t new_dir, const char *new_name)
{
	struct nodes_claim from, to;
	int rc = nodes_claim_rename(nodes, dir, name, new_dir, new_name, &from, &to);

	if (rc == 0)
		rc = nodes_rename(nodes, &from, new_name, &to);
	nodes_release(nodes, &to);
	nodes_release(nodes, &from);
	return rc;
}

static void paths_follow_names(void **state)
{
	uint64_t dir = look_up(*state, NODES_ROOT, "dir", true);
	uint64_t file = look_up(*state, dir, "file", false);

	expect_path(*state, NODES_ROOT, "/");
	expect_path(*state, dir, "/dir");
	expect_path(*state, file, "/dir/file");
	assert_int_equal(look_up(*state, dir, "file", false), file);
}

static void a_node_lives_as_long_as_it_is_known(void **state)
{
	struct nodes_claim claim;
	uint64_t dir = look_up(*state, NODES_ROOT, "dir", true);
	uint64_t file = look_up(*state, dir, "file", false);

	look_up(*state, dir, "file", false);
	nodes_forget(*state, dir, 1);
	expect_path(*state, file, "/dir/file");
	nodes_forget(*state, file, 1);
	expect_path(*state, file, "/dir/file");
	nodes_forget(*state, file, 1);
	assert_int_equal(nodes_claim(*state, file, false, &claim), -ESTALE);
	nodes_release(*state, &claim);
	assert_int_equal(nodes_claim(*state, dir, false, &claim), -ESTALE);
	nodes_release(*state, &claim);
	nodes_forget(*state, dir, 5);
	nodes_forget(*state, NODES_ROOT, 1);
	expect_path(*state, NODES_ROOT, "/");
}

static void a_file_that_comes_back_has_its_number_again(void **state)
{
	uint64_t file = look_up(*state, NODES_ROOT, "file", false);

	nodes_forget(*state, file, 1);
	assert_int_equal(look_up(*state, NODES_ROOT, "file", false), file);
}

static void a_number_belongs_to_one_file_at_a_time(void **state)
{
	uint64_t a = look_up(*state, NODES_ROOT, "a", false), new_a;

	assert_int_equal(rename_node(*state, NODES_ROOT, "a", NODES_ROOT, "b"), 0);
	new_a = look_up(*state, NODES_ROOT, "a", false);
	assert_int_not_equal(new_a, a);
	expect_path(*state, a, "/b");
	expect_path(*state, new_a, "/a");
}

static void a_removed_node_has_no_path(void **state)
{
	struct nodes_claim claim;
	uint64_t dir = look_up(*state, NODES_ROOT, "dir", true);
	uint64_t file = look_up(*state, dir, "file", false);

	remove_node(*state, dir);
	expect_path(*state, dir, NULL);
	expect_path(*state, file, NULL);
	assert_int_equal(nodes_claim_name(*state, dir, "new", false, &claim), -ENOENT);
	nodes_release(*state, &claim);
	assert_int_not_equal(look_up(*state, NODES_ROOT, "dir", true), dir);
}

static void a_rename_carries_what_is_below(void **state)
{
	uint64_t dir = look_up(*state, NODES_ROOT, "dir", true);
	uint64_t file = look_up(*state, dir, "file", false);
	uint64_t other = look_up(*state, NODES_ROOT, "other", true);
	uint64_t old = look_up(*state, other, "target", true);

	assert_int_equal(rename_node(*state, NODES_ROOT, "dir", other, "target"), 0);
	expect_path(*state, dir, "/other/target");
	expect_path(*state, file, "/other/target/file");
	expect_path(*state, old, NULL);
	nodes_forget(*state, old, 1);
	nodes_forget(*state, other, 1);
	expect_path(*state, file, "/other/target/file");
}

static void a_rename_into_itself_is_refused(void **state)
{
	uint64_t dir = look_up(*state, NODES_ROOT, "dir", true);
	uint64_t sub = look_up(*state, dir, "sub", true);

	look_up(*state, sub, "subsub", true);
	assert_int_equal(rename_node(*state, NODES_ROOT, "dir", sub, "x"), -EINVAL);
	assert_int_equal(rename_node(*state, sub, "subsub", NODES_ROOT, "dir"), -ENOTEMPTY);
	assert_int_equal(rename_node(*state, dir, "sub", dir, "sub"), 0);
	expect_path(*state, sub, "/dir/sub");
}

static void another_kind_is_another_node(void **state)
{
	uint64_t file = look_up(*state, NODES_ROOT, "x", false);
	uint64_t dir = look_up(*state, NODES_ROOT, "x", true);

	assert_int_not_equal(file, dir);
	expect_path(*state, file, NULL);
	expect_path(*state, dir, "/x");
}

/* A thread that claims a node, tells so, and gives it back. */
struct claimer {
	pthread_t thread;
	struct nodes *nodes;
	uint64_t number;
	bool alone;
	atomic_bool has_it;
};

static void *claim_and_release(void *context)
{
	struct claimer *claimer = context;
	struct nodes_claim claim;

	if (nodes_claim(claimer->nodes, claimer->number, claimer->alone, &claim) == 0)
		claimer->has_it = true;
	nodes_release(claimer->nodes, &claim);
	return NULL;
}

static void start(struct claimer *claimer)
{
	assert_int_equal(pthread_create(&claimer->thread, NULL, claim_and_release, claimer), 0);
}

static void who_wants_a_node_alone_waits_for_those_below(void **state)
{
	uint64_t dir = look_up(*state, NODES_ROOT, "dir", true);
	uint64_t file = look_up(*state, dir, "file", false);
	struct claimer wants = {.nodes = *state, .number = dir, .alone = true};
	struct nodes_claim claim, again;

	assert_int_equal(nodes_claim(*state, file, false, &claim), 0);
	assert_int_equal(nodes_claim(*state, file, false, &again), 0);
	start(&wants);
	nodes_release(*state, &again);
	assert_false(wants.has_it);
	nodes_release(*state, &claim);
	pthread_join(wants.thread, NULL);
	assert_true(wants.has_it);
}

static void who_comes_below_a_node_alone_waits(void **state)
{
	uint64_t dir = look_up(*state, NODES_ROOT, "dir", true);
	uint64_t file = look_up(*state, dir, "file", false);
	struct claimer comes = {.nodes = *state, .number = file};
	struct claimer elsewhere = {.nodes = *state, .number = NODES_ROOT};
	struct nodes_claim claim;

	assert_int_equal(nodes_claim_name(*state, NODES_ROOT, "dir", true, &claim), 0);
	start(&comes);
	start(&elsewhere);
	pthread_join(elsewhere.thread, NULL);
	assert_true(elsewhere.has_it);
	assert_false(comes.has_it);
	nodes_release(*state, &claim);
	pthread_join(comes.thread, NULL);
	assert_true(comes.has_it);
}

/* Threads that rename up and down, and threads that use what is renamed: nobody waits for ever, and every path is a true one. */
struct wanderer {
	pthread_t thread;
	struct nodes *nodes;
	uint64_t a, b, file;
	bool renames;
	unsigned wrong;
};

enum { ROUNDS = 3000 };

static void *wander(void *context)
{
	struct wanderer *w = context;
	struct nodes_claim claim;
	int i;

	for (i = 0; i < ROUNDS; i++) {
		if (w->renames) {
			if (rename_node(w->nodes, i % 2 ? w->b : w->a, "sub", i % 2 ? w->a : w->b, "sub") != 0)
				w->wrong++;
			continue;
		}
		if (nodes_claim(w->nodes, w->file, i % 16 == 0, &claim) != 0 || !claim.path ||
		    (strcmp(claim.path, "/a/sub/file") != 0 && strcmp(claim.path, "/b/sub/file") != 0))
			w->wrong++;
		nodes_release(w->nodes, &claim);
	}
	return NULL;
}

static void nobody_waits_for_ever(void **state)
{
	uint64_t a = look_up(*state, NODES_ROOT, "a", true), b = look_up(*state, NODES_ROOT, "b", true);
	uint64_t sub = look_up(*state, a, "sub", true), file = look_up(*state, sub, "file", false);
	struct wanderer wanderers[4];
	int i;

	for (i = 0; i < 4; i++) {
		wanderers[i] = (struct wanderer){.nodes = *state, .a = a, .b = b, .file = file, .renames = i == 0};
		assert_int_equal(pthread_create(&wanderers[i].thread, NULL, wander, &wanderers[i]), 0);
	}
	for (i = 0; i < 4; i++) {
		pthread_join(wanderers[i].thread, NULL);
		assert_int_equal(wanderers[i].wrong, 0);
	}
	expect_path(*state, file, "/a/sub/file");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

/* --- FAT, below /sd --- */

static enum board_kind kind_of_sd(struct board *board, const char *dir)
{
	(void)board;
	return strcmp(dir, "/sd") == 0 || strncmp(dir, "/sd/", 4) == 0 ? BOARD_FAT : BOARD_ORDINARY;
}

static const struct board_ops sd_ops = {.kind = kind_of_sd};

static int set_up_sd(void **state)
{
	static struct board board = {.ops = &sd_ops};

	return nodes_open((struct nodes **)state, &board);
}

static void on_fat_a_name_is_the_same_in_either_case(void **state)
{
	struct nodes *nodes = *state;
	struct nodes_claim claim;
	uint64_t sd = look_up(nodes, NODES_ROOT, "sd", true), dir = look_up(nodes, sd, "Lib", true);
	uint64_t file = look_up(nodes, dir, "Main.py", false);

	assert_false(nodes_is_fat(nodes, NODES_ROOT));
	assert_true(nodes_is_fat(nodes, sd) && nodes_is_fat(nodes, dir));
	assert_int_equal(look_up(nodes, sd, "LIB", true), dir);
	assert_int_equal(look_up(nodes, dir, "mAIN.pY", false), file);
	assert_true(look_up(nodes, dir, "main_py", false) != file);
	expect_path(nodes, file, "/sd/Lib/Main.py");
	assert_int_equal(nodes_claim_name(nodes, dir, "MAIN.PY", false, &claim), 0);
	assert_int_equal(node_number(claim.node), file);
	assert_string_equal(claim.path, "/sd/Lib/Main.py");
	nodes_release(nodes, &claim);
	assert_int_equal(nodes_claim_name(nodes, dir, "New", false, &claim), 0);
	assert_null(claim.node);
	assert_string_equal(claim.path, "/sd/Lib/New");
	nodes_release(nodes, &claim);
	assert_true(look_up(nodes, NODES_ROOT, "SD", true) != sd);
	assert_true(look_up(nodes, NODES_ROOT, "x", false) != look_up(nodes, NODES_ROOT, "X", false));
}

static void on_fat_a_rename_can_change_the_case(void **state)
{
	struct nodes *nodes = *state;
	struct nodes_claim from, to;
	uint64_t sd = look_up(nodes, NODES_ROOT, "sd", true), dir = look_up(nodes, sd, "lib", true);
	uint64_t file = look_up(nodes, dir, "a", false);

	assert_int_equal(nodes_claim_rename(nodes, sd, "lib", sd, "LIB", &from, &to), 0);
	assert_null(to.node);
	assert_string_equal(from.path, "/sd/lib");
	assert_string_equal(to.path, "/sd/LIB");
	assert_int_equal(nodes_rename(nodes, &from, "LIB", &to), 0);
	nodes_release(nodes, &from);
	nodes_release(nodes, &to);
	expect_path(nodes, file, "/sd/LIB/a");
	assert_int_equal(look_up(nodes, sd, "lib", true), dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(paths_follow_names),
		TEST(a_node_lives_as_long_as_it_is_known),
		TEST(a_file_that_comes_back_has_its_number_again),
		TEST(a_number_belongs_to_one_file_at_a_time),
		TEST(a_removed_node_has_no_path),
		TEST(a_rename_carries_what_is_below),
		TEST(a_rename_into_itself_is_refused),
		TEST(another_kind_is_another_node),
		TEST(who_wants_a_node_alone_waits_for_those_below),
		TEST(who_comes_below_a_node_alone_waits),
		TEST(nobody_waits_for_ever),
		cmocka_unit_test_setup_teardown(on_fat_a_name_is_the_same_in_either_case, set_up_sd, tear_down),
		cmocka_unit_test_setup_teardown(on_fat_a_rename_can_change_the_case, set_up_sd, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
