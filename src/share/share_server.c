/* SPDX-License-Identifier: MIT */
#include "share/share_server.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

#include "base/le.h"
#include "share/share_cursor.h"
#include "share/share_files.h"

enum {
	WANTED_MIN = SHARE_ENTRY_HEAD + SHARE_TREE_NAME_MAX, /* for a listing */
};

struct share_server {
	struct share_tree *trees[SHARE_SERVER_SHARES];
	unsigned count;
	struct share_files *files;
	struct share_answers *answers;
	const uint8_t *program;
	size_t program_len;
	struct share_server_listener listener; /* NULLs: none */
};

struct share_server *share_server_open(void)
{
	struct share_server *server = calloc(1, sizeof(*server));

	if (!server)
		return NULL;
	server->files = share_files_create();
	server->answers = share_answers_open();
	if (!server->files || !server->answers) {
		share_server_close(server);
		return NULL;
	}
	return server;
}

void share_server_close(struct share_server *server)
{
	if (!server)
		return;
	share_files_free(server->files);
	share_answers_close(server->answers);
	for (unsigned i = 0; i < server->count; i++)
		share_tree_close(server->trees[i]);
	free(server);
}

int share_server_add(struct share_server *server, struct share_tree *tree)
{
	if (server->count == SHARE_SERVER_SHARES) {
		share_tree_close(tree);
		return -EMFILE;
	}
	server->trees[server->count] = tree;
	return (int)server->count++;
}

void share_server_set_program(struct share_server *server, const void *program, size_t len)
{
	server->program = program;
	server->program_len = len;
}

void share_server_on_change(struct share_server *server, const struct share_server_listener *listener)
{
	server->listener = *listener;
	share_files_on_close(server->files, &(struct share_files_listener){listener->closes, listener->after, listener->context});
}

/* Says that PATH of TREE is about to change. */
static void tell_change(const struct share_server *server, const struct share_tree *tree, struct share_text path)
{
	if (server->listener.before)
		server->listener.before(server->listener.context, tree, path.at, path.len);
}

/* Says that it has changed, or not: ERR, which is returned. */
static int tell_changed(const struct share_server *server, int err)
{
	if (server->listener.after)
		server->listener.after(server->listener.context);
	return err;
}

static void put_size_and_time(struct share_answers *answers, const struct stat *status)
{
	share_answers_put32(answers, S_ISDIR(status->st_mode) ? 0 : (uint64_t)status->st_size);
	share_answers_put32(answers, status->st_mtime < 0 ? 0 : (uint64_t)status->st_mtime);
}

static enum share_kind kind_of(const struct stat *status)
{
	return S_ISDIR(status->st_mode) ? SHARE_DIRECTORY : SHARE_FILE;
}

static int do_hello(struct share_server *server, struct share_cursor *in)
{
	uint16_t block = share_cursor_take16(in);

	share_cursor_take32(in);
	uint8_t bits = share_cursor_take8(in);
	if (in->bad || block < SHARE_ANSWERS_BLOCK_MIN || (bits && (bits < 9 || bits > 15)))
		return -EINVAL;
	if (share_answers_start(server->answers, block, bits) < 0)
		return -ENOMEM;
	share_files_close_all(server->files);
	for (unsigned i = 0; i < server->count; i++)
		share_tree_renew(server->trees[i]); /* one that is gone stays so */
	return 0;
}

/* The tree of the SHARE that comes next; NULL: there is none. */
static const struct share_tree *take_share(const struct share_server *server, struct share_cursor *in)
{
	uint8_t number = share_cursor_take8(in);

	return number < server->count ? server->trees[number] : NULL;
}

/* Why a request that is cut, or is of no share, is not done. */
static int refusal(const struct share_cursor *in)
{
	return in->bad ? -EINVAL : -ENODEV;
}

static int do_stat(struct share_server *server, struct share_cursor *in)
{
	const struct share_tree *tree = take_share(server, in);
	struct share_text path = share_cursor_take_rest(in);
	struct stat status;
	int err;

	if (in->bad || !tree)
		return refusal(in);
	err = share_tree_stat(tree, path.at, path.len, &status);
	if (err)
		return err;
	share_answers_put8(server->answers, kind_of(&status));
	put_size_and_time(server->answers, &status);
	return 0;
}

/* What PATH with SUFFIX is; where it is a file and none was FOUND yet, *FOUND is its path (PATH_MAX bytes), and STATUS its own. */
static enum share_kind look_for(const struct share_tree *tree, struct share_text path, const char *suffix, char *found,
				struct stat *status)
{
	char candidate[PATH_MAX];
	struct stat here;

	if (path.len + strlen(suffix) >= sizeof(candidate))
		return SHARE_NOTHING;
	memcpy(candidate, path.at, path.len);
	memcpy(candidate + path.len, suffix, strlen(suffix) + 1);
	if (share_tree_stat(tree, candidate, path.len + strlen(suffix), &here) < 0)
		return SHARE_NOTHING;
	if (kind_of(&here) == SHARE_FILE && !*found) {
		memcpy(found, candidate, path.len + strlen(suffix) + 1);
		*status = here;
	}
	return kind_of(&here);
}

/* Reads up to LEN bytes from FD into CONTENT; *READ: how many. Returns 1 when it has ended there, 0, or a negative errno. */
static int read_content(int fd, uint8_t *content, size_t len, size_t *read)
{
	ssize_t n = 1;

	while (*read < len && n) {
		n = pread(fd, content + *read, len - *read, (off_t)*read);
		if (n < 0 && errno != EINTR)
			return -errno;
		if (n > 0)
			*read += (size_t)n;
	}
	return n == 0;
}

/*
 * The first WANTED bytes of the module FOUND as the answer's content. One that cannot be read brings nothing: the board will open it, and
 * hear why.
 */
static void bring(struct share_server *server, const struct share_tree *tree, const char *found, size_t wanted,
		  struct stat *status)
{
	struct share_answers *answers = server->answers;
	int fd = share_tree_file(tree, found, strlen(found), O_RDONLY, status), ended = -EACCES;
	size_t len = 0;

	put_size_and_time(answers, status);
	if (fd >= 0) {
		ended = read_content(fd, share_answers_content(answers), share_answers_room(answers, wanted), &len);
		close(fd);
	}
	if (ended < 0)
		len = 0;
	share_answers_set_content(answers, len, ended == 1 || (!ended && len && (uint64_t)status->st_size == len));
}

/*
 * What import asks of a module, in its order (py/builtinimport.c): is it a directory; else is there a .py, else a .mpy; of a directory the
 * same for __init__. What is more, it opens and reads what it finds.
 */
static int do_import(struct share_server *server, struct share_cursor *in)
{
	struct share_answers *answers = server->answers;
	const struct share_tree *tree = take_share(server, in);
	uint16_t wanted = share_cursor_take16(in);
	struct share_text path = share_cursor_take_rest(in);
	struct stat status = {0}, module = {0};
	char found[PATH_MAX] = "";
	int err;

	if (in->bad || !tree)
		return refusal(in);
	err = share_tree_stat(tree, path.at, path.len, &status);
	if (err && err != -ENOENT)
		return err;
	share_answers_put8(answers, err ? SHARE_NOTHING : kind_of(&status));
	put_size_and_time(answers, &status);
	bool package = !err && S_ISDIR(status.st_mode);
	share_answers_put8(answers, look_for(tree, path, package ? "/__init__.py" : ".py", found, &module));
	share_answers_put8(answers, look_for(tree, path, package ? "/__init__.mpy" : ".mpy", found, &module));
	if (*found)
		bring(server, tree, found, wanted, &module);
	return 0;
}

/* A listing that is being made: LEN bytes of at most ROOM. */
struct listed {
	uint8_t *content;
	size_t len, room;
};

static bool list_entry(void *context, const struct share_entry *entry)
{
	struct listed *listed = context;
	uint8_t *to = listed->content + listed->len;
	size_t len = strlen(entry->name);

	if (SHARE_ENTRY_HEAD + len > listed->room - listed->len)
		return false;
	to[0] = entry->is_dir ? SHARE_DIRECTORY : SHARE_FILE;
	le_put32(to + 1, entry->size < UINT32_MAX ? entry->size : UINT32_MAX);
	to[5] = (uint8_t)len;
	memcpy(to + SHARE_ENTRY_HEAD, entry->name, len);
	listed->len += SHARE_ENTRY_HEAD + len;
	return true;
}

static int do_list(struct share_server *server, struct share_cursor *in)
{
	const struct share_tree *tree = take_share(server, in);
	uint16_t wanted = share_cursor_take16(in);
	struct share_text behind = share_cursor_take_text(in, share_cursor_take8(in)), path = share_cursor_take_rest(in);
	/* What is not deflated has to fit, too: an entry is never cut. */
	size_t plain = share_answers_plain_room(server->answers);
	struct listed listed = {share_answers_content(server->answers), 0, wanted < plain ? wanted : plain};
	char after[UINT8_MAX + 1] = "";

	if (in->bad || !tree)
		return refusal(in);
	if (wanted < WANTED_MIN || memchr(behind.at, 0, behind.len))
		return -EINVAL;
	memcpy(after, behind.at, behind.len);
	int done = share_tree_list(tree, path.at, path.len, after, list_entry, &listed);
	if (done < 0)
		return done;
	share_answers_set_content(server->answers, listed.len, done);
	return 0;
}

/* Up to WANTED bytes of the open file HANDLE from OFFSET as the answer's content. */
static int read_open(struct share_server *server, unsigned handle, uint32_t offset, size_t wanted)
{
	struct share_answers *answers = server->answers;
	uint64_t size;
	size_t room = share_answers_room(answers, wanted);
	ssize_t n = share_files_read(server->files, handle, share_answers_content(answers), room, offset, &size);

	if (n < 0)
		return (int)n;
	/* A file of the kernel's, as in /proc, says that its size is 0. */
	share_answers_set_content(answers, (size_t)n, (size_t)n < room || (size && offset + (uint64_t)n >= size));
	return 0;
}

static int do_open(struct share_server *server, struct share_cursor *in)
{
	const struct share_tree *tree = take_share(server, in);
	uint8_t handle = share_cursor_take8(in), mode = share_cursor_take8(in);
	uint16_t wanted = share_cursor_take16(in);
	struct share_text path = share_cursor_take_rest(in);
	struct stat status;
	int err;

	if (in->bad || !tree)
		return refusal(in);
	bool writes = mode & SHARE_OPEN_WRITE && share_tree_writable(tree);
	if (writes)
		tell_change(server, tree, path);
	err = share_files_open(server->files, handle, tree, path.at, path.len, mode, &status);
	if (writes)
		tell_changed(server, err);
	if (err)
		return err;
	put_size_and_time(server->answers, &status);
	share_answers_set_content(server->answers, 0, false);
	if (mode & SHARE_OPEN_READ && wanted)
		err = read_open(server, handle, 0, wanted);
	if (err)
		share_files_close(server->files, handle);
	return err;
}

static int do_read(struct share_server *server, struct share_cursor *in)
{
	uint8_t handle = share_cursor_take8(in);
	uint32_t offset = share_cursor_take32(in);
	uint16_t wanted = share_cursor_take16(in);

	return in->bad || !wanted ? -EINVAL : read_open(server, handle, offset, wanted);
}

/* A SHARE_WRITE, taken apart. */
struct write {
	uint8_t handle, flags;
	unsigned before;
	uint32_t offset;
	struct share_text bytes;
};

static struct write take_write(struct share_cursor *in)
{
	uint8_t handle = share_cursor_take8(in), flags = share_cursor_take8(in);
	uint32_t offset = share_cursor_take32(in);

	return (struct write){handle, flags & 0xf, flags >> 4, offset, share_cursor_take_rest(in)};
}

static int do_write(struct share_server *server, struct share_cursor *in)
{
	struct write write = take_write(in);
	uint32_t size = 0;
	int err = share_answers_run_error(server->answers), closed = 0;

	if (in->bad || write.flags & ~(SHARE_WRITE_FLUSH | SHARE_WRITE_CLOSE))
		return -EINVAL;
	if (!err)
		err = share_files_write(server->files, write.handle, write.bytes.at, write.bytes.len, write.offset, &size);
	if (!err && write.flags & SHARE_WRITE_FLUSH)
		err = share_files_flush(server->files, write.handle);
	if (write.flags & SHARE_WRITE_CLOSE)
		closed = share_files_close(server->files, write.handle);
	share_answers_put32(server->answers, size);
	return err ? err : closed;
}

/* One of a run, which is not answered. */
static void add_to_run(struct share_server *server, const struct write *write, uint8_t sequence)
{
	struct share_answers *answers = server->answers;
	uint32_t size;

	if (write->flags != SHARE_WRITE_MORE || write->before >= SHARE_RUN_MAX || share_answers_run_is_over(answers, sequence) ||
	    share_answers_run_count(answers, sequence, write->before) != write->before)
		return;
	int err = share_answers_run_error(answers);
	if (!err)
		err = share_files_write(server->files, write->handle, write->bytes.at, write->bytes.len, write->offset, &size);
	share_answers_run_add(answers, err);
}

static int do_size(struct share_server *server, struct share_cursor *in)
{
	uint8_t handle = share_cursor_take8(in);
	uint32_t size = 0;
	int err = in->bad ? -EINVAL : share_files_size(server->files, handle, &size);

	share_answers_put32(server->answers, size);
	return err;
}

static int do_close(struct share_server *server, struct share_cursor *in)
{
	uint8_t handle = share_cursor_take8(in);

	return in->bad ? -EINVAL : share_files_close(server->files, handle);
}

/* What CALL answers for the path that is asked to be changed. */
static int change(struct share_server *server, struct share_cursor *in,
		  int (*call)(const struct share_tree *tree, const char *path, size_t len))
{
	const struct share_tree *tree = take_share(server, in);
	struct share_text path = share_cursor_take_rest(in);

	if (in->bad || !tree)
		return refusal(in);
	if (share_tree_writable(tree))
		tell_change(server, tree, path);
	int err = call(tree, path.at, path.len);
	return share_tree_writable(tree) ? tell_changed(server, err) : err;
}

static int do_mkdir(struct share_server *server, struct share_cursor *in)
{
	return change(server, in, share_tree_mkdir);
}

static int do_rmdir(struct share_server *server, struct share_cursor *in)
{
	return change(server, in, share_tree_rmdir);
}

static int do_remove(struct share_server *server, struct share_cursor *in)
{
	return change(server, in, share_tree_remove);
}

static int do_rename(struct share_server *server, struct share_cursor *in)
{
	const struct share_tree *tree = take_share(server, in);
	struct share_text from = share_cursor_take_text(in, share_cursor_take16(in)), to = share_cursor_take_rest(in);

	if (in->bad || !tree)
		return refusal(in);
	if (share_tree_writable(tree)) {
		tell_change(server, tree, from);
		tell_change(server, tree, to);
	}
	int err = share_tree_rename(tree, from.at, from.len, to.at, to.len);
	return share_tree_writable(tree) ? tell_changed(server, err) : err;
}

static int do_statvfs(struct share_server *server, struct share_cursor *in)
{
	const struct share_tree *tree = take_share(server, in);
	struct share_text path = share_cursor_take_rest(in);
	struct statvfs status;
	unsigned shift = 0;
	int err;

	if (in->bad || !tree)
		return refusal(in);
	err = share_tree_statvfs(tree, path.at, path.len, &status);
	if (err)
		return err;
	/* More blocks than 32 bits tell are told as fewer larger ones. */
	while (status.f_blocks >> shift > INT32_MAX)
		shift++;
	const uint64_t answer[] = {
		status.f_bsize,
		(uint64_t)status.f_frsize << shift,
		status.f_blocks >> shift,
		status.f_bfree >> shift,
		status.f_bavail >> shift,
		status.f_files,
		status.f_ffree,
		status.f_favail,
		status.f_flag & ST_RDONLY || !share_tree_writable(tree),
		status.f_namemax,
	};
	for (size_t i = 0; i < sizeof(answer) / sizeof(answer[0]); i++)
		share_answers_put32(server->answers, answer[i]);
	return 0;
}

static int do_program(struct share_server *server, struct share_cursor *in)
{
	struct share_answers *answers = server->answers;
	uint32_t offset = share_cursor_take32(in);
	uint16_t wanted = share_cursor_take16(in);

	if (in->bad)
		return -EINVAL;
	share_answers_put32(answers, server->program_len);
	size_t left = offset < server->program_len ? server->program_len - offset : 0;
	size_t room = share_answers_room(answers, wanted), len = left < room ? left : room;
	if (len)
		memcpy(share_answers_content(answers), server->program + offset, len);
	share_answers_set_content(answers, len, len == left);
	return 0;
}

/* This and the next are the caller's business. */
static int do_bytes(struct share_server *server, struct share_cursor *in)
{
	(void)server;
	share_cursor_take(in, 9);
	return in->bad ? -EINVAL : 0;
}

static int do_end(struct share_server *server, struct share_cursor *in)
{
	(void)server;
	share_cursor_take(in, 5);
	return in->bad ? -EINVAL : 0;
}

static const struct op {
	uint8_t op;
	int (*call)(struct share_server *server, struct share_cursor *in);
} ops[] = {
	{SHARE_STAT, do_stat},       {SHARE_IMPORT, do_import},   {SHARE_LIST, do_list},     {SHARE_OPEN, do_open},
	{SHARE_READ, do_read},       {SHARE_WRITE, do_write},     {SHARE_SIZE, do_size},     {SHARE_CLOSE, do_close},
	{SHARE_MKDIR, do_mkdir},     {SHARE_RMDIR, do_rmdir},     {SHARE_REMOVE, do_remove}, {SHARE_RENAME, do_rename},
	{SHARE_STATVFS, do_statvfs}, {SHARE_PROGRAM, do_program}, {SHARE_BYTES, do_bytes},   {SHARE_END, do_end},
	{SHARE_HELLO, do_hello},
};

static int do_request(struct share_server *server, uint8_t op, struct share_cursor in)
{
	if (!share_answers_is_started(server->answers) && op != SHARE_HELLO)
		return -ESTALE;
	for (size_t i = 0; i < sizeof(ops) / sizeof(ops[0]); i++)
		if (ops[i].op == op)
			return ops[i].call(server, &in);
	return -EINVAL;
}

/* What the caller has to do for a request that came for the first time and was answered with DONE. */
static void tell_event(struct share_answer *answer, uint8_t op, struct share_cursor in)
{
	if (op == SHARE_HELLO)
		answer->event = SHARE_EVENT_STARTED;
	if (op == SHARE_BYTES) {
		answer->event = SHARE_EVENT_BYTES;
		answer->sure = share_cursor_take32(&in);
		answer->maybe = share_cursor_take32(&in);
		answer->seen = share_cursor_take8(&in);
	}
	if (op != SHARE_END)
		return;
	answer->event = SHARE_EVENT_END;
	answer->how = share_cursor_take8(&in);
	answer->code = (int32_t)share_cursor_take32(&in);
	answer->bytes_len = in.left;
	answer->bytes = share_cursor_take(&in, in.left);
}

/* Sees to a request that comes for the first time where it is of a run. Returns whether that is all. */
static bool look_at_run(struct share_server *server, const struct share_request *request, bool interrupt,
			struct share_answer *answer)
{
	struct share_cursor in = request->in;
	struct write write = take_write(&in);

	if (request->op != SHARE_WRITE || in.bad || !share_answers_is_started(server->answers))
		return false;
	if (write.flags & SHARE_WRITE_MORE) {
		add_to_run(server, &write, request->sequence);
		return true;
	}
	if (share_answers_run_count(server->answers, request->sequence, write.before) == write.before)
		return false;
	share_answers_give_gap(server->answers, request, interrupt, answer);
	return true;
}

/* Does REQUEST, which comes for the first time, and has its answer kept. */
static void do_new(struct share_server *server, const struct share_request *request, struct share_answer *answer)
{
	share_answers_begin(server->answers, request);
	int err = do_request(server, request->op, request->in);
	share_answers_end(server->answers, err);
	if (!err)
		tell_event(answer, request->op, request->in);
}

/* Takes TRY, and the padding, off FRAME. Returns whether there is a TRY. */
static bool take_request(const struct frame *frame, struct share_request *request)
{
	struct share_cursor in = {frame->payload, frame->len, false};

	*request = (struct share_request){.op = frame->type, .sequence = frame->sequence, .try = share_cursor_take8(&in)};
	if (request->try & SHARE_PADDED && in.left)
		in.left--;
	request->in = in;
	request->crc = (uint32_t)crc32(0, in.at, (uInt)in.left);
	return !in.bad;
}

void share_server_answer(struct share_server *server, const struct frame *frame, bool interrupt, struct share_answer *answer)
{
	struct share_request request;

	answer->type = 0;
	answer->len = 0;
	answer->event = SHARE_EVENT_NONE;
	if (!take_request(frame, &request))
		return;
	enum share_asked asked = share_answers_asked(server->answers, &request);
	if (asked == SHARE_ASKED_NEW ? look_at_run(server, &request, interrupt, answer) : asked == SHARE_ASKED_ANSWERED)
		return;
	if (asked == SHARE_ASKED_NEW)
		do_new(server, &request, answer);
	share_answers_give(server->answers, &request, asked, interrupt, answer);
}

void share_server_go_on(struct share_server *server, struct share_answer *answer)
{
	answer->event = SHARE_EVENT_NONE;
	share_answers_go_on(server->answers, answer);
}
