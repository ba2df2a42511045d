/* SPDX-License-Identifier: MIT */
/* Thousands of steps at random do to an open file what they do to an array. */
#include "fuse/open_file.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/dice.h"
#include "tests/unit/onefile.h"

/* A file as an array: what every step must do. */
struct model {
	unsigned char bytes[300000];
	size_t size, on_board_size;
	unsigned char on_board[300000];
};

static void random_write(struct onefile *f, struct model *model, struct dice *dice)
{
	static unsigned char buf[80000];
	size_t offset = dice_roll(dice, dice_roll(dice, 2) ? 1000 : 200000),
	       len = dice_roll(dice, dice_roll(dice, 3) ? 100 : 80000);
	bool append = dice_hit(dice, 4);

	memset(buf, (int)dice_roll(dice, 255) + 1, len);
	if (append && model->size + len > sizeof(model->bytes))
		append = false;
	if (append)
		offset = model->size;
	assert_int_equal(open_file_write(f->file, "/f", buf, len, append ? 7 : offset, append), len);
	if (len == 0)
		return;
	if (offset > model->size)
		memset(model->bytes + model->size, 0, offset - model->size);
	memcpy(model->bytes + offset, buf, len);
	if (offset + len > model->size)
		model->size = offset + len;
}

static void random_truncate(struct onefile *f, struct model *model, struct dice *dice)
{
	size_t size = dice_hit(dice, 3) ? 0 : dice_roll(dice, 100000);

	assert_int_equal(open_file_truncate(f->file, "/f", size), 0);
	if (size > model->size)
		memset(model->bytes + model->size, 0, size - model->size);
	model->size = size;
}

static void compare(struct onefile *f, const struct model *model, struct dice *dice)
{
	static unsigned char buf[300000];
	size_t offset = dice_roll(dice, 150000), len = dice_roll(dice, sizeof(buf)), expected;

	expected = offset >= model->size ? 0 : len < model->size - offset ? len : model->size - offset;
	assert_int_equal(open_file_read(f->file, "/f", buf, len, offset), expected);
	assert_memory_equal(buf, model->bytes + offset, expected);
}

static void random_sync(struct onefile *f, struct model *model, struct dice *dice)
{
	size_t len;
	char *content;

	if (dice_hit(dice, 4)) {
		fakeboard_fail(f->board, FAKEBOARD_REPLACE, ENOSPC, 1);
		fakeboard_fail(f->board, FAKEBOARD_APPEND, ENOSPC, 1);
	}
	if (open_file_sync(f->file, "/f") == 0) {
		memcpy(model->on_board, model->bytes, model->size);
		model->on_board_size = model->size;
	}
	fakeboard_fail(f->board, FAKEBOARD_REPLACE, 0, 0);
	fakeboard_fail(f->board, FAKEBOARD_APPEND, 0, 0);
	content = fakeboard_content(f->board, "/f", &len);
	assert_non_null(content);
	assert_int_equal(len, model->on_board_size);
	assert_memory_equal(content, model->on_board, len);
	free(content);
}

static void random_steps_are_those_of_an_array(void **state)
{
	struct onefile *f = *state;
	struct model *model = calloc(1, sizeof(*model));
	struct dice dice = {.state = 3};
	int step;

	assert_non_null(model);
	onefile_open_with(f, "");
	for (step = 0; step < 3000; step++) {
		switch (dice_roll(&dice, 6)) {
		case 0:
			random_truncate(f, model, &dice);
			break;
		case 1:
			random_sync(f, model, &dice);
			break;
		case 2:
			open_file_unref(f->file);
			memcpy(model->bytes, model->on_board, model->on_board_size);
			model->size = model->on_board_size;
			assert_int_equal(open_file_open(&f->file, &f->mount), 0);
			assert_int_equal(open_file_load(f->file, "/f"), 0);
			break;
		default:
			random_write(f, model, &dice);
		}
		compare(f, model, &dice);
	}
	free(model);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, onefile_set_up, onefile_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(random_steps_are_those_of_an_array),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
