/* SPDX-License-Identifier: MIT */
/*
 * share: a board that asks anything, in frames that are right. Every answer is what protocol.h says, and nothing beside the shares is
 * read or changed: neither by paths, nor by links, which lead there.
 */
#include "share/share_server.h"

#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/fuzz/fuzz.h"
#include "tests/unit/share_client.h"

static const char secret[] = "what no board may read";
static struct stat outside[2];
static bool changed = true; /* the shares have to be made anew */
static char folder[] = "/dev/shm/fuzz_share.XXXXXX";

/* Of a path: names, links, and what is none. */
static const char *const parts[] = {
	"a",         "b",      "d",        "d2",   "out",      "leads_out",
	"to_secret", "to_new", "absolute", "up",   "broken",   "fifo",
	"loop",      "in",     "m",        "m.py", "m.mpy",    "__init__.py",
	".",         "..",     "",         "\xff", "\xc3\xa4", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
};

static void write_file(const char *path, const char *text)
{
	int fd = open(path, O_CREAT | O_WRONLY | O_TRUNC | O_CLOEXEC, 0600);

	FUZZ_CHECK(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text));
	close(fd);
}

static void remove_folder(void)
{
	char command[100];

	snprintf(command, sizeof(command), "rm -rf %s", folder);
	if (chdir("/") < 0 || system(command) != 0) /* NOLINT(cert-env33-c): a fixed command */
		fprintf(stderr, "%s could not be removed\n", folder);
}

static void make_outside(void)
{
	FUZZ_CHECK(mkdtemp(folder) && chdir(folder) == 0);
	atexit(remove_folder);
	FUZZ_CHECK(mkdir("out", 0700) == 0);
	write_file("out/f", secret);
	FUZZ_CHECK(stat("out", &outside[0]) == 0 && stat("out/f", &outside[1]) == 0);
	signal(SIGXFSZ, SIG_IGN);
	struct rlimit limit = {1 << 20, 1 << 20};
	setrlimit(RLIMIT_FSIZE, &limit);
}

static int remove_one(const char *path, const struct stat *status, int kind, struct FTW *where)
{
	(void)status;
	(void)kind;
	(void)where;
	return remove(path);
}

static void make_shares(void)
{
	char absolute[100];

	if (access("top", F_OK) == 0)
		FUZZ_CHECK(nftw("top", remove_one, 8, FTW_DEPTH | FTW_PHYS) == 0);
	snprintf(absolute, sizeof(absolute), "%s/out", folder);
	FUZZ_CHECK(mkdir("top", 0700) == 0 && mkdir("top/d", 0700) == 0);
	write_file("top/a", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa");
	write_file("top/d/m.py", "import m\n");
	FUZZ_CHECK(!symlink("../out", "top/leads_out") && !symlink("../out/f", "top/to_secret"));
	FUZZ_CHECK(!symlink("../out/new", "top/to_new") && !symlink(absolute, "top/absolute") && !symlink("..", "top/up"));
	FUZZ_CHECK(!symlink("nothing", "top/broken") && !symlink("loop", "top/loop") && !symlink("d", "top/in"));
	FUZZ_CHECK(!symlink("../../out", "top/d/out") && !mkfifo("top/fifo", 0600));
}

static void note_change(void *context, const struct share_tree *tree, const char *path, size_t len)
{
	(void)context;
	(void)tree;
	(void)path;
	(void)len;
	changed = true;
}

static void check_outside(void)
{
	static const char *const paths[] = {"out", "out/f"};
	struct stat now;

	for (unsigned i = 0; i < 2; i++) {
		FUZZ_CHECK(lstat(paths[i], &now) == 0 && now.st_ino == outside[i].st_ino && now.st_size == outside[i].st_size);
		FUZZ_CHECK(now.st_nlink == outside[i].st_nlink && now.st_ctim.tv_sec == outside[i].st_ctim.tv_sec &&
			   now.st_ctim.tv_nsec == outside[i].st_ctim.tv_nsec);
	}
}

static uint32_t number(struct fuzz_input *input)
{
	static const uint32_t some[] = {0, 1, 2, 31, 32, 255, 256, 261, 4096, 65535, 1 << 20, 0x7fffffff, 0xfffffffe, 0xffffffff};
	uint8_t which = fuzz_byte(input);

	return which < 128 ? some[which % (sizeof(some) / sizeof(some[0]))] : (uint32_t)(fuzz_byte(input) << (which & 7));
}

static size_t make_path(struct fuzz_input *input, char *path)
{
	uint8_t form = fuzz_byte(input);
	size_t len = 0;

	for (unsigned i = 0; i < (form & 3u); i++)
		len += (size_t)sprintf(path + len, "%s%s", i || form & 64 ? "/" : "",
				       parts[fuzz_byte(input) % (sizeof(parts) / sizeof(parts[0]))]);
	if (form & 128)
		path[len++] = (char)fuzz_byte(input);
	return len;
}

static void put_path(struct share_client *client, struct fuzz_input *input)
{
	char path[400];

	share_client_put(client, path, make_path(input, path));
}

static void put_bytes(struct share_client *client, struct fuzz_input *input)
{
	for (unsigned n = fuzz_byte(input); n && input->left; n--)
		share_client_put8(client, fuzz_byte(input));
}

/* What OP has behind TRY, more often than not in its form. */
static void put_request(struct share_client *client, struct fuzz_input *input)
{
	char path[400];
	size_t len;

	switch (client->op) {
	case SHARE_READ:
	case SHARE_WRITE:
	case SHARE_SIZE:
	case SHARE_CLOSE:
		share_client_put8(client, fuzz_byte(input) & 3);
		if (client->op == SHARE_WRITE)
			share_client_put8(client, fuzz_byte(input) & 0x77);
		if (client->op == SHARE_READ || client->op == SHARE_WRITE)
			share_client_put32(client, number(input));
		if (client->op == SHARE_READ)
			share_client_put16(client, client->wanted);
		if (client->op == SHARE_WRITE)
			put_bytes(client, input);
		return;
	case SHARE_PROGRAM:
		share_client_put32(client, number(input));
		share_client_put16(client, client->wanted);
		return;
	default:
		share_client_put8(client, fuzz_byte(input) & 3);
	}
	if (client->op == SHARE_OPEN) {
		share_client_put8(client, fuzz_byte(input) & 3);
		share_client_put8(client, fuzz_byte(input));
	}
	if (client->op == SHARE_IMPORT || client->op == SHARE_LIST || client->op == SHARE_OPEN)
		share_client_put16(client, client->wanted);
	if (client->op == SHARE_RENAME || client->op == SHARE_LIST) {
		len = make_path(input, path);
		if (client->op == SHARE_RENAME)
			share_client_put16(client, (uint16_t)len);
		else
			share_client_put8(client, (uint8_t)len);
		share_client_put(client, path, len);
	}
	put_path(client, input);
}

/* How many bytes come before DATA in an answer to OP; -1: it has none. */
static int before_data(const struct share_client *client)
{
	switch (client->op) {
	case SHARE_LIST:
	case SHARE_READ:
		return 0;
	case SHARE_PROGRAM:
		return 4;
	case SHARE_OPEN:
		return 8;
	case SHARE_IMPORT:
		return client->left > 11 ? 19 : -1;
	default:
		return -1;
	}
}

static void check_answer(struct share_client *client, int result)
{
	int skip = before_data(client);

	FUZZ_CHECK(result != SHARE_CLIENT_BAD);
	if (result)
		return;
	for (int i = 0; i < skip; i++)
		share_client_get8(client);
	if (skip >= 0)
		FUZZ_CHECK(share_client_get_data(client) == 0);
	FUZZ_CHECK(!memmem(client->data, client->data_len, secret, strlen(secret)));
	FUZZ_CHECK(!memmem(client->answer.payload, client->answer.len, secret, strlen(secret)));
}

static void start(struct share_client *client, struct share_server *server, uint8_t how)
{
	static const uint16_t blocks[] = {SHARE_ANSWERS_BLOCK_MIN, 512, 1024, SHARE_PAYLOAD_MAX};

	FUZZ_CHECK(share_client_open(client, server, blocks[how & 3], how & 4 ? 9 + (how >> 4) % 7 : 0) == 0);
	FUZZ_CHECK(client->answer.event == SHARE_EVENT_STARTED);
}

static void step(struct share_client *client, struct fuzz_input *input)
{
	static const uint8_t ops[] = "SILORWCMduNVPYZORWHs";
	uint8_t what = fuzz_byte(input);

	client->wanted = (uint16_t)number(input);
	if (what & 128) {
		share_client_begin(client, fuzz_byte(input));
		put_bytes(client, input);
		/* How much DATA an answer may bring is in there, too, but where? */
		client->wanted = UINT16_MAX;
	} else {
		share_client_begin(client, ops[what % (sizeof(ops) - 1)]);
		put_request(client, input);
	}
	if (client->op == SHARE_HELLO) {
		start(client, client->server, fuzz_byte(input));
		return;
	}
	client->payload[0] = fuzz_byte(input) & (SHARE_FRESH | SHARE_PADDED | SHARE_PARTS);
	int result = share_client_ask(client);
	check_answer(client, result);
	for (uint8_t again = fuzz_byte(input); again & 1; again >>= 1) {
		int same = share_client_ask_again(client);

		FUZZ_CHECK(same == result && client->answer.event == SHARE_EVENT_NONE);
		check_answer(client, same);
	}
	if (result != SHARE_CLIENT_SILENT)
		FUZZ_CHECK(share_client_ask(client) == SHARE_CLIENT_SILENT);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct share_client client;
	struct fuzz_input input = {data, size};
	struct share_server *server = share_server_open();
	struct share_tree *tree;

	if (!outside[0].st_ino)
		make_outside();
	if (changed)
		make_shares();
	changed = false;
	FUZZ_CHECK(server);
	share_server_on_change(server, &(struct share_server_listener){.before = note_change});
	for (int i = 0; i < 2; i++) {
		FUZZ_CHECK(share_tree_open(&tree, i ? "top/d" : "top", !i, NULL) == 0);
		FUZZ_CHECK(share_server_add(server, tree) == i);
	}
	share_server_set_program(server, secret, 4);
	memset(&client, 0, offsetof(struct share_client, stream));
	start(&client, server, fuzz_byte(&input));
	while (input.left)
		step(&client, &input);
	share_client_close(&client);
	share_server_close(server);
	check_outside();
	return 0;
}
