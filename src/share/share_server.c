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

#include "agent/packer.h"
#include "base/le.h"
#include "share/share_files.h"

enum {
	ANSWER_HEAD = 2, /* SHARE_TRY and flags */
	DATA_HEAD = 2,
	ENTRY_HEAD = 6, /* of an entry of a listing, without its name */
	HEAD_MAX = 40,
	WANTED_MIN = ENTRY_HEAD + SHARE_TREE_NAME_MAX,
	CONTENT_MAX = UINT16_MAX, /* what WANTED can say */
};

/* The last request, and the answer to it as it was before it was deflated. */
struct kept {
	bool any;
	uint8_t op, sequence;
	uint32_t crc;  /* of the request's payload behind TRY */
	uint8_t count; /* that was answered last, of SHARE_COUNT */
	bool interrupt;
	int err;
	uint8_t head[HEAD_MAX]; /* what comes before DATA */
	size_t head_len;
	bool has_data, at_end; /* AT_END: nothing follows the content */
	bool parts;            /* it may go in several */
	uint8_t try;
	unsigned part; /* how many of them there were, ... */
	size_t given;  /* ... and the bytes of the content in them */
	size_t content_len;
	uint8_t content[CONTENT_MAX]; /* the last member */
};

/* The run of SHARE_WRITE that is not answered yet, as far as it has come. */
struct run {
	unsigned count;
	uint8_t first;  /* its sequence number */
	int err;        /* of the first that failed */
	unsigned told;  /* the TRY behind the one that was told of a gap; 0: none was */
	bool interrupt; /* it was told, too; that may have been lost */
};

struct share_server {
	struct share_tree *trees[SHARE_SERVER_SHARES];
	unsigned count;
	struct share_files *files;
	struct packer *packer; /* NULL: no SHARE_HELLO has come */
	size_t block;
	size_t reach; /* the largest payload that is sent now: less than the block while the line damages many */
	bool deflates;
	const uint8_t *program;
	size_t program_len;
	struct share_server_listener listener; /* before and after NULL: none */
	struct kept kept;
	struct run run;
};

/* What is unread of a request. What is read behind its end is 0, and the request is BAD. */
struct cursor {
	const uint8_t *at;
	size_t left;
	bool bad;
};

/* The next LEN bytes. Where they are not all there: NULL. */
static const uint8_t *take(struct cursor *in, size_t len)
{
	const uint8_t *at = in->at;

	if (len > in->left) {
		in->bad = true;
		in->left = 0;
		return NULL;
	}
	in->at += len;
	in->left -= len;
	return at;
}

static uint8_t take8(struct cursor *in)
{
	const uint8_t *p = take(in, 1);

	return p ? *p : 0;
}

static uint16_t take16(struct cursor *in)
{
	const uint8_t *p = take(in, 2);

	return p ? le_get16(p) : 0;
}

static uint32_t take32(struct cursor *in)
{
	const uint8_t *p = take(in, 4);

	return p ? le_get32(p) : 0;
}

/* A path, or another text, of LEN bytes; it does not end on a NUL. */
struct text {
	const char *at;
	size_t len;
};

static struct text take_text(struct cursor *in, size_t len)
{
	const uint8_t *p = take(in, len);

	return p ? (struct text){(const char *)p, len} : (struct text){"", 0};
}

static struct text take_rest(struct cursor *in)
{
	return take_text(in, in->left);
}

struct share_server *share_server_open(void)
{
	struct share_server *server = calloc(1, sizeof(*server));

	if (server && !(server->files = share_files_create())) {
		free(server);
		return NULL;
	}
	return server;
}

void share_server_close(struct share_server *server)
{
	if (!server)
		return;
	share_files_free(server->files);
	packer_close(server->packer);
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
}

/* Says that PATH of the share NUMBER is about to change. One that is no path changes nothing. */
static void tell_change(const struct share_server *server, unsigned number, struct text path)
{
	char copy[PATH_MAX];

	if (!server->listener.before || path.len >= sizeof(copy) || memchr(path.at, 0, path.len))
		return;
	memcpy(copy, path.at, path.len);
	copy[path.len] = '\0';
	server->listener.before(server->listener.context, number, copy);
}

/* Says that it has changed, or not: ERR, which is returned. */
static int tell_changed(const struct share_server *server, bool opened, int err)
{
	if (server->listener.after)
		server->listener.after(server->listener.context, opened);
	return err;
}

static void put8(struct kept *kept, uint8_t value)
{
	kept->head[kept->head_len++] = value;
}

static void put32(struct kept *kept, uint64_t value)
{
	le_put32(kept->head + kept->head_len, value < UINT32_MAX ? value : UINT32_MAX);
	kept->head_len += 4;
}

static void put_size_and_time(struct kept *kept, const struct stat *status)
{
	put32(kept, S_ISDIR(status->st_mode) ? 0 : (uint64_t)status->st_size);
	put32(kept, status->st_mtime < 0 ? 0 : (uint64_t)status->st_mtime);
}

static enum share_kind kind_of(const struct stat *status)
{
	return S_ISDIR(status->st_mode) ? SHARE_DIRECTORY : SHARE_FILE;
}

/* How many bytes of content always fit behind the answer's head. */
static size_t plain_room(const struct share_server *server)
{
	size_t room = server->block - ANSWER_HEAD - server->kept.head_len - DATA_HEAD;

	return room < PACKER_INPUT_MAX ? room : PACKER_INPUT_MAX;
}

/* How many bytes of content the answer can bring at most, where the board has room for WANTED. */
static size_t content_room(const struct share_server *server, size_t wanted)
{
	size_t plain = plain_room(server), room = server->deflates ? PACKER_INPUT_MAX : plain;

	/* A board asks for its block; a little less than that fits also where it cannot be deflated. */
	if (wanted > plain && wanted - plain < plain / 8)
		return plain;
	if (server->kept.parts)
		room = SHARE_PARTS_MAX * plain;
	return wanted < room ? wanted : room;
}

static int do_hello(struct share_server *server, struct cursor *in)
{
	uint16_t block = take16(in);
	struct packer *packer;

	take32(in);
	uint8_t bits = take8(in);
	if (in->bad || block < SHARE_SERVER_BLOCK_MIN || (bits && (bits < 9 || bits > 15)))
		return -EINVAL;
	packer = packer_open(bits);
	if (!packer)
		return -ENOMEM;
	packer_close(server->packer);
	share_files_close_all(server->files);
	for (unsigned i = 0; i < server->count; i++)
		share_tree_renew(server->trees[i]); /* one that is gone stays so */
	server->packer = packer;
	server->deflates = bits;
	server->block = block < SHARE_PAYLOAD_MAX ? block : SHARE_PAYLOAD_MAX;
	server->reach = server->block;
	return 0;
}

/* The tree of the SHARE that comes next, its number in *NUMBER; NULL: there is none. */
static const struct share_tree *take_share(const struct share_server *server, struct cursor *in, uint8_t *number)
{
	*number = take8(in);
	if (*number >= server->count)
		return NULL;
	return server->trees[*number];
}

/* Why a request that is cut, or is of no share, is not done. */
static int refusal(const struct cursor *in)
{
	return in->bad ? -EINVAL : -ENODEV;
}

static int do_stat(struct share_server *server, struct cursor *in)
{
	uint8_t number;
	const struct share_tree *tree = take_share(server, in, &number);
	struct text path = take_rest(in);
	struct stat status;
	int err;

	if (in->bad || !tree)
		return refusal(in);
	err = share_tree_stat(tree, path.at, path.len, &status);
	if (err)
		return err;
	put8(&server->kept, kind_of(&status));
	put_size_and_time(&server->kept, &status);
	return 0;
}

/* What PATH with SUFFIX is; where it is a file and none was FOUND yet, *FOUND is its path (PATH_MAX bytes), and STATUS its own. */
static enum share_kind look_for(const struct share_tree *tree, struct text path, const char *suffix, char *found,
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

/* Reads from FD until LEN bytes are in the answer's content, or it ends. Returns 1 when it has ended, 0, or a negative errno. */
static int read_content(struct kept *kept, int fd, size_t len)
{
	ssize_t n = 1;

	while (kept->content_len < len && n) {
		n = pread(fd, kept->content + kept->content_len, len - kept->content_len, (off_t)kept->content_len);
		if (n < 0 && errno != EINTR)
			return -errno;
		if (n > 0)
			kept->content_len += (size_t)n;
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
	struct kept *kept = &server->kept;
	int fd = share_tree_file(tree, found, strlen(found), O_RDONLY, status), ended;

	put_size_and_time(kept, status);
	kept->has_data = true;
	if (fd < 0)
		return;
	ended = read_content(kept, fd, content_room(server, wanted));
	close(fd);
	if (ended < 0)
		kept->content_len = 0;
	kept->at_end = ended == 1 || (!ended && kept->content_len && (uint64_t)status->st_size == kept->content_len);
}

/*
 * What import asks of a module, in its order (py/builtinimport.c): is it a directory; else is there a .py, else a .mpy; of a directory the
 * same for __init__. What is more, it opens and reads what it finds.
 */
static int do_import(struct share_server *server, struct cursor *in)
{
	struct kept *kept = &server->kept;
	uint8_t number;
	const struct share_tree *tree = take_share(server, in, &number);
	uint16_t wanted = take16(in);
	struct text path = take_rest(in);
	struct stat status = {0}, module = {0};
	char found[PATH_MAX] = "";
	int err;

	if (in->bad || !tree)
		return refusal(in);
	err = share_tree_stat(tree, path.at, path.len, &status);
	if (err && err != -ENOENT)
		return err;
	put8(kept, err ? SHARE_NOTHING : kind_of(&status));
	put_size_and_time(kept, &status);
	bool package = !err && S_ISDIR(status.st_mode);
	put8(kept, look_for(tree, path, package ? "/__init__.py" : ".py", found, &module));
	put8(kept, look_for(tree, path, package ? "/__init__.mpy" : ".mpy", found, &module));
	if (*found)
		bring(server, tree, found, wanted, &module);
	return 0;
}

/* A listing that is being made. */
struct listed {
	struct kept *kept;
	size_t room;
};

static bool list_entry(void *context, const struct share_entry *entry)
{
	struct listed *listed = context;
	struct kept *kept = listed->kept;
	uint8_t *to = kept->content + kept->content_len;
	size_t len = strlen(entry->name);

	if (ENTRY_HEAD + len > listed->room - kept->content_len)
		return false;
	to[0] = entry->is_dir ? SHARE_DIRECTORY : SHARE_FILE;
	le_put32(to + 1, entry->size < UINT32_MAX ? entry->size : UINT32_MAX);
	to[5] = (uint8_t)len;
	memcpy(to + ENTRY_HEAD, entry->name, len);
	kept->content_len += ENTRY_HEAD + len;
	return true;
}

static int do_list(struct share_server *server, struct cursor *in)
{
	struct kept *kept = &server->kept;
	uint8_t number;
	const struct share_tree *tree = take_share(server, in, &number);
	uint16_t wanted = take16(in);
	struct text behind = take_text(in, take8(in)), path = take_rest(in);
	/* What is not deflated has to fit, too: an entry is never cut. */
	size_t plain = plain_room(server);
	struct listed listed = {kept, wanted < plain ? wanted : plain};
	char after[UINT8_MAX + 1] = "";

	if (in->bad || !tree)
		return refusal(in);
	if (wanted < WANTED_MIN || memchr(behind.at, 0, behind.len))
		return -EINVAL;
	memcpy(after, behind.at, behind.len);
	int done = share_tree_list(tree, path.at, path.len, after, list_entry, &listed);
	if (done < 0)
		return done;
	kept->has_data = true;
	kept->at_end = done;
	return 0;
}

/* Up to WANTED bytes of the open file HANDLE from OFFSET as the answer's content. */
static int read_open(struct share_server *server, unsigned handle, uint32_t offset, size_t wanted)
{
	struct kept *kept = &server->kept;
	uint64_t size;
	size_t room = content_room(server, wanted);
	ssize_t n = share_files_read(server->files, handle, kept->content, room, offset, &size);

	if (n < 0)
		return (int)n;
	kept->has_data = true;
	kept->content_len = (size_t)n;
	/* A file of the kernel's, as in /proc, says that its size is 0. */
	kept->at_end = (size_t)n < room || (size && offset + (uint64_t)n >= size);
	return 0;
}

static int do_open(struct share_server *server, struct cursor *in)
{
	uint8_t number;
	const struct share_tree *tree = take_share(server, in, &number);
	uint8_t handle = take8(in), mode = take8(in);
	uint16_t wanted = take16(in);
	struct text path = take_rest(in);
	struct stat status;
	int err;

	if (in->bad || !tree)
		return refusal(in);
	bool writes = mode & SHARE_OPEN_WRITE && share_tree_writable(tree);
	if (writes)
		tell_change(server, number, path);
	err = share_files_open(server->files, handle, tree, path.at, path.len, mode, &status);
	if (writes)
		tell_changed(server, !err, err);
	if (err)
		return err;
	put_size_and_time(&server->kept, &status);
	server->kept.has_data = true;
	if (mode & SHARE_OPEN_READ && wanted)
		err = read_open(server, handle, 0, wanted);
	if (err)
		share_files_close(server->files, handle);
	return err;
}

static int do_read(struct share_server *server, struct cursor *in)
{
	uint8_t handle = take8(in);
	uint32_t offset = take32(in);
	uint16_t wanted = take16(in);

	return in->bad || !wanted ? -EINVAL : read_open(server, handle, offset, wanted);
}

/* A SHARE_WRITE, taken apart. */
struct write {
	uint8_t handle, flags;
	unsigned before;
	uint32_t offset;
	struct text bytes;
};

static struct write take_write(struct cursor *in)
{
	uint8_t handle = take8(in), flags = take8(in);
	uint32_t offset = take32(in);

	return (struct write){handle, flags & 0xf, flags >> 4, offset, take_rest(in)};
}

static int do_write(struct share_server *server, struct cursor *in)
{
	struct write write = take_write(in);
	uint32_t size = 0;
	int err = server->run.err, closed = 0;

	if (in->bad || write.flags & ~(SHARE_WRITE_FLUSH | SHARE_WRITE_CLOSE))
		return -EINVAL;
	if (!err)
		err = share_files_write(server->files, write.handle, write.bytes.at, write.bytes.len, write.offset, &size);
	if (!err && write.flags & SHARE_WRITE_FLUSH)
		err = share_files_flush(server->files, write.handle);
	if (write.flags & SHARE_WRITE_CLOSE)
		closed = share_files_close(server->files, write.handle);
	put32(&server->kept, size);
	return err ? err : closed;
}

/* How many of the run that the write with the number SEQUENCE is of have come. One of another run ends that which was there. */
static unsigned have_of_run(struct share_server *server, uint8_t sequence, unsigned before)
{
	struct run *run = &server->run;
	uint8_t first = (uint8_t)(sequence - before);

	if (run->first != first)
		*run = (struct run){.first = first};
	return run->count;
}

/* One of a run, which is not answered. */
static void add_to_run(struct share_server *server, const struct write *write, uint8_t sequence)
{
	struct run *run = &server->run;
	uint32_t size;

	if (write->flags != SHARE_WRITE_MORE || write->before >= SHARE_RUN_MAX ||
	    have_of_run(server, sequence, write->before) != write->before)
		return;
	run->count++;
	if (!run->err)
		run->err =
			share_files_write(server->files, write->handle, write->bytes.at, write->bytes.len, write->offset, &size);
}

static int do_size(struct share_server *server, struct cursor *in)
{
	uint8_t handle = take8(in);
	uint32_t size = 0;
	int err = in->bad ? -EINVAL : share_files_size(server->files, handle, &size);

	put32(&server->kept, size);
	return err;
}

static int do_close(struct share_server *server, struct cursor *in)
{
	uint8_t handle = take8(in);

	return in->bad ? -EINVAL : share_files_close(server->files, handle);
}

/* What CALL answers for the path that is asked to be changed. */
static int change(struct share_server *server, struct cursor *in,
		  int (*call)(const struct share_tree *tree, const char *path, size_t len))
{
	uint8_t number;
	const struct share_tree *tree = take_share(server, in, &number);
	struct text path = take_rest(in);

	if (in->bad || !tree)
		return refusal(in);
	if (share_tree_writable(tree))
		tell_change(server, number, path);
	int err = call(tree, path.at, path.len);
	return share_tree_writable(tree) ? tell_changed(server, false, err) : err;
}

static int do_mkdir(struct share_server *server, struct cursor *in)
{
	return change(server, in, share_tree_mkdir);
}

static int do_rmdir(struct share_server *server, struct cursor *in)
{
	return change(server, in, share_tree_rmdir);
}

static int do_remove(struct share_server *server, struct cursor *in)
{
	return change(server, in, share_tree_remove);
}

static int do_rename(struct share_server *server, struct cursor *in)
{
	uint8_t number;
	const struct share_tree *tree = take_share(server, in, &number);
	struct text from = take_text(in, take16(in)), to = take_rest(in);

	if (in->bad || !tree)
		return refusal(in);
	if (share_tree_writable(tree)) {
		tell_change(server, number, from);
		tell_change(server, number, to);
	}
	int err = share_tree_rename(tree, from.at, from.len, to.at, to.len);
	return share_tree_writable(tree) ? tell_changed(server, false, err) : err;
}

static int do_statvfs(struct share_server *server, struct cursor *in)
{
	uint8_t number;
	const struct share_tree *tree = take_share(server, in, &number);
	struct text path = take_rest(in);
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
		put32(&server->kept, answer[i]);
	return 0;
}

static int do_program(struct share_server *server, struct cursor *in)
{
	struct kept *kept = &server->kept;
	uint32_t offset = take32(in);
	uint16_t wanted = take16(in);

	if (in->bad)
		return -EINVAL;
	put32(kept, server->program_len);
	kept->has_data = true;
	size_t left = offset < server->program_len ? server->program_len - offset : 0, room = content_room(server, wanted);
	kept->content_len = left < room ? left : room;
	if (kept->content_len)
		memcpy(kept->content, server->program + offset, kept->content_len);
	kept->at_end = kept->content_len == left;
	return 0;
}

/* This and the next are the caller's business. */
static int do_bytes(struct share_server *server, struct cursor *in)
{
	(void)server;
	take(in, 9);
	return in->bad ? -EINVAL : 0;
}

static int do_end(struct share_server *server, struct cursor *in)
{
	(void)server;
	take(in, 5);
	return in->bad ? -EINVAL : 0;
}

static const struct op {
	uint8_t op;
	int (*call)(struct share_server *server, struct cursor *in);
} ops[] = {
	{SHARE_STAT, do_stat},       {SHARE_IMPORT, do_import},   {SHARE_LIST, do_list},     {SHARE_OPEN, do_open},
	{SHARE_READ, do_read},       {SHARE_WRITE, do_write},     {SHARE_SIZE, do_size},     {SHARE_CLOSE, do_close},
	{SHARE_MKDIR, do_mkdir},     {SHARE_RMDIR, do_rmdir},     {SHARE_REMOVE, do_remove}, {SHARE_RENAME, do_rename},
	{SHARE_STATVFS, do_statvfs}, {SHARE_PROGRAM, do_program}, {SHARE_BYTES, do_bytes},   {SHARE_END, do_end},
	{SHARE_HELLO, do_hello},
};

static int do_request(struct share_server *server, uint8_t op, struct cursor in)
{
	if (!server->packer && op != SHARE_HELLO)
		return -ESTALE;
	for (size_t i = 0; i < sizeof(ops) / sizeof(ops[0]); i++)
		if (ops[i].op == op)
			return ops[i].call(server, &in);
	return -EINVAL;
}

/* What the caller has to do for a request that came for the first time and was answered with DONE. */
static void tell_event(struct share_answer *answer, uint8_t op, struct cursor in)
{
	if (op == SHARE_HELLO)
		answer->event = SHARE_EVENT_STARTED;
	if (op == SHARE_BYTES) {
		answer->event = SHARE_EVENT_BYTES;
		answer->sure = take32(&in);
		answer->maybe = take32(&in);
		answer->seen = take8(&in);
	}
	if (op != SHARE_END)
		return;
	answer->event = SHARE_EVENT_END;
	answer->how = take8(&in);
	answer->code = (int32_t)take32(&in);
	answer->bytes_len = in.left;
	answer->bytes = take(&in, in.left);
}

/*
 * Whether CONTENT is deflated already, or noise: all bytes are about as frequent in it. To find that out by deflating it takes half a
 * millisecond, which a fast line does not have.
 */
static bool is_packed(const uint8_t *content, size_t len)
{
	uint32_t counts[256] = {0};
	uint64_t squares = 0;

	for (size_t i = 0; i < len; i++)
		counts[content[i]]++;
	for (size_t i = 0; i < 256; i++)
		squares += (uint64_t)counts[i] * counts[i];
	/* Noise comes to len * len / 256 + len; text to more than len * len / 30. */
	return len >= 256 && squares < (uint64_t)len * len / 200 + len;
}

/* CONTENT as it is, as far as it fits. */
static struct packed put_plain(const uint8_t *content, size_t len, uint8_t *out, size_t room)
{
	struct packed packed = {.taken = len < room ? len : room};

	packed.len = packed.taken;
	memcpy(out, content, packed.len);
	return packed;
}

/* How many of the listing's bytes are whole entries of at most ROOM bytes. */
static size_t whole_entries(const struct kept *kept, size_t room)
{
	size_t at = 0, next = 0;

	while (next <= room && next < kept->content_len) {
		at = next;
		next += ENTRY_HEAD + kept->content[at + ENTRY_HEAD - 1];
	}
	return next <= room ? next : at;
}

/* Writes DATA, what was not given of the kept content as far as it fits, to OUT of ROOM bytes. Returns its length; adds to FLAGS. */
static size_t put_data(struct share_server *server, uint8_t *out, size_t room, uint8_t *flags)
{
	struct kept *kept = &server->kept;
	const uint8_t *content = kept->content + kept->given;
	struct packed packed;
	size_t len = kept->content_len - kept->given;

	room -= DATA_HEAD;
	if (kept->op == SHARE_LIST)
		len = whole_entries(kept, room);
	if (len > PACKER_INPUT_MAX)
		len = PACKER_INPUT_MAX;
	if (is_packed(content, len))
		packed = put_plain(content, len, out + DATA_HEAD, room);
	else
		packed = packer_pack(server->packer, content, len, out + DATA_HEAD, room);
	le_put16(out, packed.taken);
	kept->given += packed.taken;
	*flags |= (packed.deflated ? SHARE_DEFLATED : 0) | (packed.reset ? SHARE_RESET : 0) |
		  (kept->at_end && kept->given == kept->content_len ? SHARE_LAST : 0);
	return DATA_HEAD + packed.len;
}

/* Makes ANSWER's payload the next part of what is kept. */
static void put_part(struct share_server *server, struct share_answer *answer)
{
	struct kept *kept = &server->kept;
	uint8_t *out = answer->payload, flags = (uint8_t)(kept->part * SHARE_PART) | (kept->interrupt ? SHARE_INTERRUPT : 0);

	answer->type = AGENT_DONE;
	answer->len = ANSWER_HEAD;
	if (!kept->part) {
		memcpy(out + answer->len, kept->head, kept->head_len);
		answer->len += kept->head_len;
	}
	if (kept->has_data)
		answer->len += put_data(server, out + answer->len, server->reach - answer->len, &flags);
	if (kept->parts && kept->given < kept->content_len && ++kept->part < SHARE_PARTS_MAX)
		answer->type = AGENT_MORE;
	out[0] = kept->try;
	out[1] = flags;
}

/* Makes ANSWER's payload what is kept, for a request with TRY. */
static void put_answer(struct share_server *server, uint8_t try, struct share_answer *answer)
{
	struct kept *kept = &server->kept;

	kept->try = try;
	kept->given = kept->part = 0;
	if (!kept->err) {
		put_part(server, answer);
		return;
	}
	answer->type = AGENT_FAILED;
	answer->payload[0] = try;
	answer->payload[1] = kept->interrupt ? SHARE_INTERRUPT : 0;
	le_put32(answer->payload + ANSWER_HEAD, (uint32_t)-kept->err);
	answer->len = ANSWER_HEAD + 4;
}

void share_server_go_on(struct share_server *server, struct share_answer *answer)
{
	answer->event = SHARE_EVENT_NONE;
	put_part(server, answer);
}

/*
 * An answer that is asked again was probably damaged, and a shorter one comes through more easily: a quarter of it each time. After that
 * each request, which says that one has come through, allows a little more again.
 */
static void adapt_reach(struct share_server *server, bool repeated)
{
	size_t reach = repeated ? server->reach / 4 : server->reach + server->block / 16;

	server->reach = reach > server->block ? server->block : reach > SHARE_SERVER_BLOCK_MIN ? reach : SHARE_SERVER_BLOCK_MIN;
}

/*
 * Whether the request is the one that was answered last. A SHARE_HELLO that was not asked before is always another: of an agent that
 * counts from where the one before it did.
 */
static bool is_repeated(const struct kept *kept, const struct frame *request, uint8_t count, uint32_t crc)
{
	return kept->any && kept->op == request->type && kept->sequence == request->sequence && kept->crc == crc &&
	       (request->type != SHARE_HELLO || count);
}

/* Says that the run before a write is not whole. */
static void put_gap(struct share_server *server, uint8_t try, bool interrupt, struct share_answer *answer)
{
	server->run.interrupt |= interrupt;
	answer->type = AGENT_NAK;
	answer->len = ANSWER_HEAD + 1;
	answer->payload[0] = try;
	answer->payload[1] = server->run.interrupt ? SHARE_INTERRUPT : 0;
	answer->payload[2] = (uint8_t)server->run.count;
}

/* Sees to a request that comes for the first time where it is of a run. Returns whether that is all. */
static bool look_at_run(struct share_server *server, const struct frame *request, struct cursor in, bool interrupt,
			struct share_answer *answer)
{
	struct write write = take_write(&in);

	if (request->type != SHARE_WRITE || in.bad || !server->packer)
		return false;
	if (write.flags & SHARE_WRITE_MORE) {
		add_to_run(server, &write, request->sequence);
		return true;
	}
	if (have_of_run(server, request->sequence, write.before) == write.before)
		return false;
	/* Only once for each TRY, as all answers. */
	unsigned behind = 1u + (request->payload[0] & SHARE_COUNT);
	if (server->run.told != behind)
		put_gap(server, request->payload[0], interrupt, answer);
	server->run.told = behind;
	return true;
}

/* Forgets what was kept, but not the bytes of its content, for a new REQUEST with TRY. */
static void begin_kept(struct kept *kept, const struct frame *request, uint8_t try)
{
	memset(kept, 0, offsetof(struct kept, content));
	kept->any = true;
	kept->op = request->type;
	kept->sequence = request->sequence;
	kept->parts = try & SHARE_PARTS && request->type != SHARE_LIST;
}

void share_server_answer(struct share_server *server, const struct frame *request, bool interrupt, struct share_answer *answer)
{
	struct kept *kept = &server->kept;
	struct cursor in = {request->payload, request->len, false};
	uint8_t try = take8(&in), count = try & SHARE_COUNT;

	answer->type = 0;
	answer->len = 0;
	answer->event = SHARE_EVENT_NONE;
	if (in.bad)
		return;
	if (try & SHARE_PADDED && in.left)
		in.left--;
	uint32_t crc = (uint32_t)crc32(0, in.at, (uInt)in.left);
	bool repeated = is_repeated(kept, request, count, crc);
	if (repeated ? count == kept->count : look_at_run(server, request, in, interrupt, answer))
		return;
	adapt_reach(server, repeated);
	if (!repeated) {
		begin_kept(kept, request, try);
		kept->crc = crc;
		kept->err = do_request(server, request->type, in);
		kept->interrupt = server->run.interrupt;
		server->run = (struct run){0};
		if (!kept->err)
			tell_event(answer, request->type, in);
	}
	kept->count = count;
	kept->interrupt |= interrupt;
	if (server->packer && (repeated || try & SHARE_FRESH))
		packer_reset(server->packer);
	put_answer(server, try, answer);
}
