/* SPDX-License-Identifier: MIT */
/*
 * What a board asks for at random, on a line that loses answers, and the same on a plain directory: each answer and in the end both trees
 * have to be the same. The seed can be given as argument.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/unit/dice.h"
#include "tests/unit/share_client.h"
#include "tests/unit/share_folder.h"

enum { STEPS = 10000, HANDLES = 8, CONTENT = 6000 };

static uint64_t seed = 1;
static struct share_server *server;
static struct share_client client;
static struct dice dice;
static int plain; /* the other directory */
static int files[HANDLES];
static char trail[200]; /* the last request, for a message */

/* One of few paths, one to three names deep. */
static void random_path(char *path)
{
	*path = '\0';
	for (uint32_t depth = 1 + dice_roll(&dice, 3); depth; depth--)
		sprintf(path + strlen(path), "%s%c", *path ? "/" : "", "abcde"[dice_roll(&dice, 5)]);
}

static void expect(int found, int expected)
{
	if (found != expected)
		fail_msg("seed %llu: %s: %d, on a plain directory %d", (unsigned long long)seed, trail, found, expected);
}

/* 0 or a negative errno of RESULT of a system call. */
static int outcome(int result)
{
	return result < 0 ? -errno : 0;
}

static int plain_open(const char *path, unsigned mode)
{
	struct stat status;
	int flags = mode & SHARE_OPEN_WRITE ? mode & SHARE_OPEN_READ ? O_RDWR : O_WRONLY : O_RDONLY;

	flags |= mode & SHARE_OPEN_CREATE ? O_CREAT : 0;
	flags |= mode & SHARE_OPEN_TRUNCATE ? O_TRUNC : 0;
	flags |= mode & SHARE_OPEN_APPEND ? O_APPEND : 0;
	flags |= mode & SHARE_OPEN_NEW ? O_EXCL : 0;
	int fd = openat(plain, path, flags | O_CLOEXEC, 0666);
	if (fd < 0)
		return -errno;
	if (fstat(fd, &status) == 0 && S_ISDIR(status.st_mode)) {
		close(fd);
		return -EISDIR;
	}
	return fd;
}

static void shut(unsigned handle)
{
	if (files[handle] >= 0)
		close(files[handle]);
	files[handle] = -1;
}

/* What came as DATA for OFFSET of HANDLE is what the plain file has there, and all of it where nothing is said to follow. */
static void expect_data(unsigned handle, uint32_t offset)
{
	static char bytes[UINT16_MAX + 1];
	ssize_t n = pread(files[handle], bytes, client.data_len + 1, offset);

	if (n < (ssize_t)client.data_len || memcmp(bytes, client.data, client.data_len) != 0)
		fail_msg("seed %llu: %s: other bytes", (unsigned long long)seed, trail);
	expect(client.flags & SHARE_LAST ? n == (ssize_t)client.data_len : 1, 1);
}

static void open_one(unsigned handle)
{
	/* As r, r+, w, w+, a, a+ and x of Python's open. */
	static const uint8_t modes[] = {1, 3, 14, 15, 22, 23, 38};
	uint8_t mode = modes[dice_roll(&dice, sizeof(modes))];
	char path[20];

	random_path(path);
	snprintf(trail, sizeof(trail), "open %s %u as %u", path, mode, handle);
	int result = share_client_file(&client, (uint8_t)handle, mode, path);
	shut(handle);
	int fd = plain_open(path, mode);
	expect(result, fd < 0 ? fd : 0);
	files[handle] = fd < 0 ? -1 : fd;
	if (!result && mode & SHARE_OPEN_READ && client.wanted)
		expect_data(handle, 0);
}

static void read_some(unsigned handle)
{
	uint32_t offset = dice_roll(&dice, 2 * CONTENT);

	snprintf(trail, sizeof(trail), "read %u at %u", handle, offset);
	int result = share_client_read(&client, (uint8_t)handle, offset);
	int readable = files[handle] >= 0 && (fcntl(files[handle], F_GETFL) & O_ACCMODE) != O_WRONLY;
	expect(result < 0 ? result : 0, readable ? 0 : -EBADF);
	if (result >= 0)
		expect_data(handle, offset);
}

/* A piece of a run: the last of COUNT + 1 ends it. Where it is LOST, nobody hears it. */
static int write_piece(unsigned handle, unsigned number, unsigned count, uint32_t offset, const char *bytes, size_t len,
		       uint32_t *size, bool lost)
{
	size_t from = len * number / (count + 1), to = len * (number + 1) / (count + 1);

	if (offset != 0xffffffff)
		offset += (uint32_t)from;
	if (lost) {
		client.sequence++;
		return SHARE_CLIENT_SILENT;
	}
	if (number < count)
		return share_client_write_more(&client, (uint8_t)handle, number, offset, bytes + from, to - from);
	return share_client_write(&client, (uint8_t)handle, (uint8_t)(count << 4), offset, bytes + from, to - from, size);
}

/* The same as one write, in a run of which pieces are lost. */
static int write_run(unsigned handle, uint32_t offset, const char *bytes, size_t len, uint32_t *size)
{
	unsigned count = 1 + dice_roll(&dice, SHARE_RUN_MAX), from = 0;
	uint8_t first = client.sequence;
	int result;

	do {
		client.sequence = (uint8_t)(first + from);
		for (unsigned i = from; i < count; i++)
			expect(write_piece(handle, i, count, offset, bytes, len, size, dice_hit(&dice, 4)), SHARE_CLIENT_SILENT);
		result = write_piece(handle, count, count, offset, bytes, len, size, false);
		client.try++;
		from = client.have;
	} while (result == SHARE_CLIENT_GAP);
	client.try = 0;
	return result;
}

static void write_some(unsigned handle)
{
	static char bytes[CONTENT];
	size_t len = dice_roll(&dice, 300);
	uint32_t offset = dice_roll(&dice, CONTENT), size;
	struct stat status;

	for (size_t i = 0; i < len; i++)
		bytes[i] = (char)dice_roll(&dice, dice_hit(&dice, 9) ? 256 : 2);
	if (dice_hit(&dice, 4))
		offset = 0xffffffff;
	snprintf(trail, sizeof(trail), "write %zu to %u at %u", len, handle, offset);
	int result = dice_hit(&dice, 2) ? write_run(handle, offset, bytes, len, &size)
					: share_client_write(&client, (uint8_t)handle, (uint8_t)dice_roll(&dice, 2), offset,
							     bytes, len, &size);
	int writable = files[handle] >= 0 && (fcntl(files[handle], F_GETFL) & O_ACCMODE) != O_RDONLY;
	expect(result, writable ? 0 : -EBADF);
	if (!writable)
		return;
	assert_int_equal(fstat(files[handle], &status), 0);
	assert_int_equal(pwrite(files[handle], bytes, len, offset == 0xffffffff ? status.st_size : (off_t)offset), len);
	assert_int_equal(fstat(files[handle], &status), 0);
	expect((int)size, (int)status.st_size);
}

static void shut_one(unsigned handle)
{
	snprintf(trail, sizeof(trail), "close %u", handle);
	expect(share_client_shut(&client, (uint8_t)handle), files[handle] < 0 ? -EBADF : 0);
	shut(handle);
}

static void change_one(uint8_t op)
{
	char path[20], to[20];
	int result, expected;

	random_path(path);
	random_path(to);
	snprintf(trail, sizeof(trail), "%c %s %s", op, path, to);
	if (op == SHARE_RENAME)
		result = share_client_rename(&client, path, to);
	else
		result = share_client_change(&client, op, path);
	if (op == SHARE_MKDIR)
		expected = outcome(mkdirat(plain, path, 0777));
	else if (op == SHARE_RENAME)
		expected = outcome(renameat(plain, path, plain, to));
	else
		expected = outcome(unlinkat(plain, path, op == SHARE_RMDIR ? AT_REMOVEDIR : 0));
	expect(result, expected);
}

static void stat_one(void)
{
	struct share_client_stat stat;
	struct stat status;
	char path[20];

	random_path(path);
	snprintf(trail, sizeof(trail), "stat %s", path);
	int result = share_client_stat(&client, path, &stat);
	expect(result, outcome(fstatat(plain, path, &status, 0)));
	if (result)
		return;
	expect(stat.kind, S_ISDIR(status.st_mode) ? SHARE_DIRECTORY : SHARE_FILE);
	expect((int)stat.size, S_ISDIR(status.st_mode) ? 0 : (int)status.st_size);
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

static int no_dots(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

static void list_one(void)
{
	char path[20], names[4096], expected[4096] = "";
	struct dirent **entries;

	random_path(path);
	snprintf(trail, sizeof(trail), "list %s", path);
	uint16_t wanted = client.wanted;
	client.wanted = wanted < 261 ? 261 : wanted;
	int result = share_client_list(&client, path, names, sizeof(names));
	client.wanted = wanted;
	int count = scandirat(plain, path, &entries, no_dots, by_name);
	expect(result < 0 ? result : 0, outcome(count));
	for (int i = 0; i < count; i++) {
		sprintf(expected + strlen(expected), "%s%s ", entries[i]->d_name, entries[i]->d_type == DT_DIR ? "/" : "");
		free(entries[i]);
	}
	if (count >= 0)
		free(entries);
	if (result >= 0)
		assert_string_equal(names, expected);
}

/* The answer to the last request was lost, some times, and with it the stream. */
static void lose_answers(void)
{
	if (client.op == SHARE_LIST || !dice_hit(&dice, 5))
		return;
	bool failed = client.answer.type == AGENT_FAILED;
	for (uint32_t again = 1 + dice_roll(&dice, 3); again; again--) {
		share_client_close(&client);
		int result = share_client_ask_again(&client);
		assert_int_not_equal(result, SHARE_CLIENT_BAD);
		assert_int_equal(client.answer.type == AGENT_FAILED, failed);
	}
	/* It is read, so that the stream goes on from it. */
	if (!failed && client.op == SHARE_OPEN)
		for (int i = 0; i < 8; i++)
			share_client_get8(&client);
	if (!failed && (client.op == SHARE_READ || client.op == SHARE_OPEN))
		assert_int_equal(share_client_get_data(&client), 0);
}

static void start_anew(void)
{
	static const uint16_t blocks[] = {SHARE_ANSWERS_BLOCK_MIN, 512, 1024, 4096, SHARE_PAYLOAD_MAX};
	uint16_t block = blocks[dice_roll(&dice, sizeof(blocks) / sizeof(blocks[0]))];

	assert_int_equal(share_client_open(&client, server, block, dice_hit(&dice, 3) ? 0 : 9 + (int)dice_roll(&dice, 7)), 0);
	client.wanted = dice_hit(&dice, 3) ? (uint16_t)(1 + dice_roll(&dice, 5000)) : block;
	client.parts = dice_hit(&dice, 2);
	for (unsigned i = 0; i < HANDLES; i++)
		shut(i);
}

static void step(void)
{
	static const uint8_t changes[] = {SHARE_MKDIR, SHARE_MKDIR, SHARE_RMDIR, SHARE_REMOVE, SHARE_RENAME, SHARE_RENAME};
	unsigned handle = dice_roll(&dice, HANDLES);

	switch (dice_roll(&dice, 12)) {
	case 0:
	case 1:
	case 2:
		open_one(handle);
		break;
	case 3:
	case 4:
		read_some(handle);
		break;
	case 5:
	case 6:
	case 7:
		write_some(handle);
		break;
	case 8:
		shut_one(handle);
		break;
	case 9:
		change_one(changes[dice_roll(&dice, sizeof(changes))]);
		break;
	case 10:
		stat_one();
		break;
	default:
		list_one();
	}
	lose_answers();
}

static void as_on_a_plain_directory(void **state)
{
	struct share_tree *tree;

	(void)state;
	dice.state = seed;
	assert_int_equal(mkdir("shared", 0700), 0);
	assert_int_equal(mkdir("plain", 0700), 0);
	plain = open("plain", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(plain >= 0);
	memset(files, -1, sizeof(files));
	server = share_server_open();
	assert_non_null(server);
	assert_int_equal(share_tree_open(&tree, "shared", true, NULL), 0);
	assert_int_equal(share_server_add(server, tree), 0);
	for (int i = 0; i < STEPS; i++) {
		if (i % 500 == 0)
			start_anew();
		step();
	}
	share_client_close(&client);
	share_server_close(server);
	for (unsigned i = 0; i < HANDLES; i++)
		shut(i);
	close(plain);
	assert_int_equal(system("diff -r shared plain"), 0); /* NOLINT(cert-env33-c): a fixed command */
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(as_on_a_plain_directory, share_folder_make, share_folder_remove),
	};

	if (argc > 1)
		seed = strtoull(argv[1], NULL, 10);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
