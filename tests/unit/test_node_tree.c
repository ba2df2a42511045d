/* SPDX-License-Identifier: MIT */
#include "fuse/node_tree.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { ROOT = 1 };

static int set_up(void **state)
{
	struct node_tree *tree = calloc(1, sizeof(*tree));

	assert_non_null(tree);
	*state = tree;
	return node_tree_open(tree, ROOT, NULL);
}

static int tear_down(void **state)
{
	node_tree_close(*state);
	free(*state);
	return 0;
}

/* A node NAME in DIR that the kernel knows. */
static struct node *add(struct node_tree *tree, struct node *dir, const char *name, bool is_dir)
{
	struct node *node = node_tree_add(tree, dir, name, is_dir);

	assert_non_null(node);
	node->lookups = 1;
	assert_ptr_equal(node_tree_find(tree, node->number), node);
	assert_ptr_equal(node_tree_find_name(tree, dir, name), node);
	return node;
}

static void forget(struct node_tree *tree, struct node *node)
{
	node->lookups = 0;
	node_tree_drop_unused(tree, node);
}

static void expect_path(const struct node *node, const char *name, const char *expected)
{
	char *path;

	assert_int_equal(node_tree_path(node, name, &path), 0);
	if (expected)
		assert_string_equal(path, expected);
	else
		assert_null(path);
	free(path);
}

static void paths(void **state)
{
	struct node_tree *tree = *state;
	struct node *dir = add(tree, &tree->root, "dir", true), *file = add(tree, dir, "file", false);

	expect_path(&tree->root, NULL, "/");
	expect_path(&tree->root, "new", "/new");
	expect_path(dir, NULL, "/dir");
	expect_path(dir, "new", "/dir/new");
	expect_path(file, NULL, "/dir/file");
	assert_true(node_tree_lies_in(file, dir));
	assert_true(node_tree_lies_in(file, file));
	assert_false(node_tree_lies_in(dir, file));
	node_tree_remove(tree, dir);
	expect_path(dir, NULL, NULL);
	expect_path(file, NULL, NULL);
	expect_path(dir, "new", NULL);
	assert_null(node_tree_find_name(tree, &tree->root, "dir"));
	assert_ptr_equal(node_tree_find(tree, dir->number), dir);
	/* Removed once; and the root never is. */
	node_tree_remove(tree, dir);
	node_tree_remove(tree, &tree->root);
	expect_path(&tree->root, NULL, "/");
	assert_int_equal(tree->root.changes, 1);
}

/* What is below keeps it, and goes with it in the end. */
static void a_directory_stays_as_long_as_its_files(void **state)
{
	struct node_tree *tree = *state;
	struct node *dir = add(tree, &tree->root, "dir", true), *file = add(tree, dir, "file", false);
	uint64_t number = dir->number;

	file->uses++;
	forget(tree, dir);
	forget(tree, file);
	assert_ptr_equal(node_tree_find_name(tree, dir, "file"), file);
	node_tree_unuse(tree, file);
	assert_null(node_tree_find(tree, number));
	assert_null(node_tree_find_name(tree, &tree->root, "dir"));
	assert_int_equal(tree->root.uses, 0);
	node_tree_drop_unused(tree, &tree->root);
	assert_ptr_equal(node_tree_find(tree, ROOT), &tree->root);
}

static void a_node_moves_with_its_number(void **state)
{
	struct node_tree *tree = *state;
	struct node *from = add(tree, &tree->root, "from", true), *to = add(tree, &tree->root, "to", true);
	struct node *file = add(tree, from, "file", false);
	uint64_t number = file->number, from_number = from->number, to_number = to->number;
	char *name = strdup("moved");

	assert_non_null(name);
	assert_int_equal(node_tree_number_of(tree, from, "file"), number);
	node_tree_move(tree, file, to, name);
	expect_path(file, NULL, "/to/moved");
	assert_null(node_tree_find_name(tree, from, "file"));
	assert_int_equal(node_tree_number_of(tree, to, "moved"), number);
	/* Its number was made of the old name, and is still taken. */
	assert_int_not_equal(node_tree_number_of(tree, from, "file"), number);
	assert_int_not_equal(add(tree, from, "file", false)->number, number);
	assert_int_equal(from->changes, 1);
	/* It is what keeps the new directory. */
	forget(tree, to);
	assert_ptr_equal(node_tree_find(tree, to_number), to);
	/* Nothing is left in the old directory but what it got since. */
	forget(tree, node_tree_find_name(tree, from, "file"));
	forget(tree, from);
	assert_null(node_tree_find(tree, from_number));
}

/* No number is less than the root's: to the kernel 0 is none. */
static void a_name_that_makes_no_number_has_one(void **state)
{
	struct node_tree *tree = *state;

	assert_int_equal(add(tree, &tree->root, "og434na", false)->number, ROOT + 1); /* the sum over it is 0 */
}

static void many_nodes_are_found(void **state)
{
	enum { MANY = 2000 };
	struct node_tree *tree = *state;
	struct node *dirs[2] = {add(tree, &tree->root, "a", true), add(tree, &tree->root, "b", true)};
	struct node **nodes = calloc(MANY, sizeof(struct node *));
	char name[32];

	assert_non_null(nodes);
	for (int i = 0; i < MANY; i++) {
		snprintf(name, sizeof(name), "file%d", i / 2);
		nodes[i] = add(tree, dirs[i % 2], name, false);
		assert_true(nodes[i]->number > ROOT);
		if (i % 7 == 0)
			node_tree_remove(tree, nodes[i]);
	}
	assert_true(tree->bucket_count >= tree->node_count); /* soon */
	for (int i = 0; i < MANY; i++) {
		snprintf(name, sizeof(name), "file%d", i / 2);
		assert_ptr_equal(node_tree_find(tree, nodes[i]->number), nodes[i]);
		assert_ptr_equal(node_tree_find_name(tree, dirs[i % 2], name), i % 7 ? nodes[i] : NULL);
	}
	for (int i = 0; i < MANY; i++)
		forget(tree, nodes[i]);
	free(nodes);
	assert_int_equal(tree->node_count, 2);
	assert_int_equal(dirs[0]->uses + dirs[1]->uses, 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(paths),
		TEST(a_directory_stays_as_long_as_its_files),
		TEST(a_node_moves_with_its_number),
		TEST(a_name_that_makes_no_number_has_one),
		TEST(many_nodes_are_found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
