/* SPDX-License-Identifier: MIT */
#include "tests/unit/ask.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static int read_bytes(void *context, void *buf, size_t len, uint64_t offset)
{
	memcpy(buf, (const uint8_t *)context + offset, len);
	return 0;
}

struct board_content ask_content(const void *bytes, size_t len)
{
	return (struct board_content){.size = len, .read = read_bytes, .context = (void *)(uintptr_t)bytes};
}

int ask_replace_bytes(struct board *board, const char *path, const void *bytes, size_t len)
{
	struct board_content content = ask_content(bytes, len);
	struct board_stat stat;
	int error = board_replace(board, path, &content, &stat);

	if (!error) {
		assert_false(stat.is_dir);
		assert_int_equal(stat.size, len);
	}
	return error;
}

int ask_replace(struct board *board, const char *path, const char *text)
{
	return ask_replace_bytes(board, path, text, strlen(text));
}

int ask_append(struct board *board, const char *path, const char *text, uint64_t from)
{
	struct board_content content = ask_content(text, strlen(text));

	return board_append(board, path, &content, from, NULL);
}

int ask_stat(struct board *board, const char *path)
{
	struct board_stat stat;
	int error = board_stat(board, path, &stat);

	return error ? error : stat.is_dir ? 'd' : 'f';
}

static int count_entry(void *context, const char *name, const struct board_stat *stat)
{
	int *count = context;

	(void)name;
	(void)stat;
	++*count;
	return 0;
}

int ask_list(struct board *board, const char *path)
{
	int count = 0;
	int error = board_list(board, path, count_entry, &count);

	return error ? error : count;
}

int ask_read(struct board *board, const char *path)
{
	char buf[8];

	return (int)board_read(board, path, buf, sizeof(buf), 0);
}

void ask_random_path(struct dice *dice, char *path)
{
	unsigned depth = 1 + dice_roll(dice, 3);

	*path = 0;
	while (depth--) {
		char name[] = {'/', (char)('a' + dice_roll(dice, 3)), 0};
		strcat(path, name);
	}
}

int ask_step(struct board *board, uint32_t kind, const char *path, const char *other)
{
	switch (kind) {
	case 0:
		return ask_stat(board, path);
	case 1:
		return ask_list(board, path);
	case 2:
		return ask_read(board, path);
	case 3:
	case 4:
		return ask_replace(board, path, other);
	case 5:
		return ask_append(board, path, "/a/b/c", 2);
	case 6:
	case 7:
		return board_mkdir(board, path);
	case 8:
		return board_rmdir(board, path);
	case 9:
		return board_remove(board, path);
	default:
		return board_rename(board, path, other, kind == 10);
	}
}
