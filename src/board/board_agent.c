/* SPDX-License-Identifier: MIT */
#include "board/board_agent.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <syslog.h>
#include <time.h>

#include "agent/agent.h"
#include "agent/agent_parts.h"
#include "board/ahead.h"
#include "board/board_errno.h"
#include "board/fat_name.h"
#include "board/file_systems.h"
#include "board/leftovers.h"
#include "board/listing.h"
#include "board/packer.h"

enum {
	STAT_SIZE = LISTING_STAT_SIZE,
	WRITE_HEADER = 7,       /* bytes of AGENT_WRITE's payload before its path */
	READS_MAX = 64,         /* requests that one board_read hands over at a time */
	HASHES_MAX = 16,        /* the same of board_hash */
	EPOCH_2000 = 946684800, /* seconds from 1970 to 2000 */
	HIDDEN_CUT = 200,       /* bytes of a name in that of its temporary, see protocol.h */
	SPARE_BLOCKS = 2,       /* that a file system may take for itself while a file is written */
};

/* What AGENT_INFO tells, a line each. */
enum info_line {
	INFO_MACHINE,
	INFO_VERSION,
	INFO_UNIQUE_ID,
	INFO_EPOCH,
	INFO_WINDOW_BITS,
	INFO_HASHES,
	INFO_INODE,
	INFO_DEVICE,
	INFO_IS_DIR,
	INFO_FILE_SYSTEMS,
	INFO_LINES
};

/* By what a board is known again. */
struct identity {
	char unique_id[80];   /* "": it has none, as the next two */
	char usb_serial[128]; /* of its port */
	char machine[128], version[64];
	long long inode, device; /* of the top, where it is a directory of a computer; 0: it is not */
};

/* The board's file systems, as file_systems.h has them. */
struct mounts {
	struct mounts *older; /* somebody may still look at it */
	char line[256];
};

struct board_agent {
	struct board base;
	struct agent *agent;
	struct ahead *ahead;
	struct bytelink *link; /* the agent's */
	struct board_agent_options options;
	char *purpose; /* owned, as the next two */
	char *root;    /* "" for "/" */
	bool root_given;
	char *device;
	char *mount_point; /* until the board was met; NULL: none */
	bool met;
	struct identity identity;
	_Atomic int64_t epoch;   /* of the board's clock, in seconds since 1970 */
	atomic_bool hashes;      /* the board has SHA-256 */
	atomic_int offered_bits; /* the window that it has memory for, to inflate; 0: none */
	_Atomic(struct mounts *) mounts;
	struct board_info info;
	char warning[768];

	pthread_mutex_t writing; /* the board writes one file at a time; guards all below */
	struct packer *packer;
	int window_bits;        /* of `packer`; 0: the board is not asked to inflate */
	bool plain;             /* it has failed to: never again */
	atomic_uint packed_for; /* the agent's session that has what was packed so far; written with `writing` held */
};

static struct board_agent *of(struct board *board)
{
	return (struct board_agent *)board;
}

static void log_at(struct board_agent *board, int level, const char *format, ...) __attribute__((format(printf, 3, 4)));

static void log_at(struct board_agent *board, int level, const char *format, ...)
{
	char text[1024];
	va_list arguments;

	if (!board->options.log)
		return;
	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	board->options.log(board->options.log_context, level, text);
}

/* The largest payload that the board takes now. */
static size_t block_size(struct board_agent *board)
{
	return agent_session(board->agent).block;
}

static void put16(uint8_t *p, size_t value)
{
	p[0] = (uint8_t)value;
	p[1] = (uint8_t)(value >> 8);
}

static void put32(uint8_t *p, uint64_t value)
{
	put16(p, value & 0xffff);
	put16(p + 2, value >> 16 & 0xffff);
}

static uint32_t get32(const uint8_t *p)
{
	return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

static void get_stat(const struct board_agent *board, const uint8_t *p, struct board_stat *out)
{
	listing_stat(p, board->epoch, out);
}

/* The host's errno for what became of REQUEST; what has no better word is told to the log, with the board's. */
static int outcome(struct board_agent *board, const struct exchange_request *request, const char *path)
{
	if (request->result != -EREMOTEIO)
		return request->result;
	int error = board_errno_to_host(request->board_errno);
	if (error == -EIO)
		log_at(board, LOG_ERR, "%s: the board failed at %s (%c): %s", board->device, path, request->op, request->words);
	return error;
}

static int call(struct board_agent *board, struct exchange_request *request, const char *path)
{
	agent_call(board->agent, request);
	return outcome(board, request, path);
}

/*
 * A payload of HEAD bytes, which the caller fills, and then PATH as the board knows it. NULL: it is longer than the board takes.
 * free() it.
 */
static uint8_t *path_payload(struct board_agent *board, size_t head, const char *path, size_t *len)
{
	size_t root = strlen(board->root);
	size_t rest = root && !strcmp(path, "/") ? 0 : strlen(path);

	*len = head + root + rest;
	if (*len > block_size(board))
		return NULL;
	uint8_t *payload = calloc(1, *len);
	if (payload) {
		memcpy(payload + head, board->root, root);
		memcpy(payload + head + root, path, rest);
	}
	return payload;
}

/* A request whose payload is HEAD (of HEAD_LEN bytes) and PATH, and whose answer is ROOM bytes at ANSWER. */
static int path_call(struct board_agent *board, uint8_t op, enum exchange_kind kind, const void *head, size_t head_len,
		     const char *path, uint8_t *answer, size_t room, size_t *answer_len)
{
	struct exchange_request request = {.op = op, .kind = kind, .answer = answer, .answer_room = room};
	uint8_t *payload = path_payload(board, head_len, path, &request.len);

	if (!payload)
		return -ENAMETOOLONG;
	if (head_len)
		memcpy(payload, head, head_len);
	request.payload = payload;
	int error = call(board, &request, path);
	free(payload);
	if (!error && answer_len)
		*answer_len = request.answer_len;
	return error;
}

static bool catch_up(struct board_agent *board);

static int ask_stat(struct board_agent *board, const char *path, struct board_stat *out)
{
	uint8_t answer[STAT_SIZE];
	size_t len = 0;
	int error = path_call(board, AGENT_STAT, EXCHANGE_READS, NULL, 0, path, answer, sizeof(answer), &len);

	if (error)
		return error;
	if (len != STAT_SIZE)
		return -EIO;
	get_stat(board, answer, out);
	return 0;
}

static int op_stat(struct board *base, const char *path, struct board_stat *out)
{
	struct board_agent *board = of(base);
	int error = ask_stat(board, path, out);

	/* A board that came back meanwhile may have had it under a temporary's name. */
	return catch_up(board) ? ask_stat(board, path, out) : error;
}

static const char *mounts_of(struct board_agent *board)
{
	return atomic_load(&board->mounts)->line;
}

static enum board_kind op_kind(struct board *base, const char *dir)
{
	return file_systems_kind(mounts_of(of(base)), dir);
}

static size_t op_top(struct board *base, const char *path)
{
	return file_systems_top(mounts_of(of(base)), path);
}

/* Whether the entry PATH lies on FAT. */
static bool is_on_fat(struct board_agent *board, const char *path)
{
	char top[256];
	size_t len = file_systems_top(mounts_of(board), path);

	return snprintf(top, sizeof(top), "%.*s", (int)len, path) < (int)sizeof(top) && op_kind(&board->base, top) == BOARD_FAT;
}

static void log_leftover(void *context, const char *text)
{
	struct board_agent *board = context;

	log_at(board, LOG_NOTICE, "%s: %s", board->device, text);
}

static int write_in_place(void *context, const char *path, const struct board_content *content);

/*
 * Puts the leftovers in order that are in the answer of AGENT_LIST for DIR, LEN bytes at ANSWER. `writing` is held. Returns whether
 * one of them became a file, which is not in the answer.
 */
static bool settle_leftovers(struct board_agent *board, const char *dir, const uint8_t *answer, size_t len)
{
	const struct leftovers leftovers = {&board->base, write_in_place, log_leftover, board};
	struct listing listing = {answer, len, board->epoch};
	struct listing_entry entry;
	enum listing_event event;
	bool settled = false;

	while ((event = listing_next(&listing, &entry)) != LISTING_END && event != LISTING_CUT)
		if (event == LISTING_LEFTOVER && leftovers_settle(&leftovers, dir, entry.name) > 0)
			settled = true;
	return settled;
}

/* Hands the entries in the answer of AGENT_LIST on, LEN bytes at ANSWER. */
static int each_entry(struct board_agent *board, const char *dir, const uint8_t *answer, size_t len, board_entry_fn *each,
		      void *context)
{
	struct listing listing = {answer, len, board->epoch};
	struct listing_entry entry;
	enum listing_event event;
	bool fat = op_kind(&board->base, dir) == BOARD_FAT;
	int error = 0;

	while (!error && (event = listing_next(&listing, &entry)) != LISTING_END) {
		if (event == LISTING_REFUSED)
			log_at(board, LOG_WARNING, "%s: %s holds a name that no directory here can hold: left out", board->device,
			       dir);
		else if (event == LISTING_CUT)
			error = -EIO;
		else if (event == LISTING_ENTRY && !(fat && fat_name_is_torn(entry.name)))
			error = each(context, entry.name, &entry.stat);
	}
	return error;
}

/* The answer of AGENT_LIST for PATH into *ANSWER, which is to be freed, also behind an error. */
static int ask_list(struct board_agent *board, const char *path, uint8_t **answer, size_t *len)
{
	struct exchange_request request = {.op = AGENT_LIST, .parts = true, .grow = true};
	uint8_t *payload = path_payload(board, 0, path, &request.len);

	*answer = NULL;
	*len = 0;
	if (!payload)
		return -ENAMETOOLONG;
	request.payload = payload;
	int error = call(board, &request, path);
	free(payload);
	*answer = request.answer;
	*len = request.answer_len;
	return error;
}

static int op_list(struct board *base, const char *path, board_entry_fn *each, void *context)
{
	struct board_agent *board = of(base);
	uint8_t *answer;
	size_t len;
	bool settled = false;
	int error = ask_list(board, path, &answer, &len);

	/* What is written now is no leftover. */
	if (!error && !board->info.read_only && !pthread_mutex_trylock(&board->writing)) {
		settled = settle_leftovers(board, path, answer, len);
		pthread_mutex_unlock(&board->writing);
	}
	if (settled) {
		free(answer);
		error = ask_list(board, path, &answer, &len);
	}
	if (!error)
		error = each_entry(board, path, answer, len, each, context);
	free(answer);
	return error;
}

/* Puts the leftovers of an earlier session in order, on all FATs. `writing` is held. Returns whether one became a file. */
static bool settle_all(struct board_agent *board)
{
	char top[256];
	bool settled = false;

	for (size_t i = 0; !board->info.read_only && file_systems_fat(mounts_of(board), i, top, sizeof(top)); i++) {
		uint8_t *answer;
		size_t len;

		if (!ask_list(board, top, &answer, &len) && settle_leftovers(board, top, answer, len))
			settled = true;
		free(answer);
	}
	return settled;
}

/* Up to READS_MAX blocks of a file, all handed over before the first is waited for, so that the line never rests. */
static ssize_t read_blocks(struct board_agent *board, const char *path, uint8_t *buf, size_t len, uint64_t offset, bool bulk)
{
	struct exchange_request requests[READS_MAX];
	uint8_t *payloads[READS_MAX];
	size_t block = block_size(board);
	size_t count = 0;
	ssize_t got = 0;
	int error = 0;
	bool end = false;

	memset(requests, 0, sizeof(requests));
	for (size_t at = 0; at < len && count < READS_MAX; at += block, count++) {
		struct exchange_request *request = &requests[count];

		payloads[count] = path_payload(board, 8, path, &request->len);
		if (!payloads[count])
			break;
		request->op = AGENT_READ;
		request->bulk = bulk;
		request->answer = buf + at;
		request->answer_room = len - at < block ? len - at : block;
		request->payload = payloads[count];
		put32(payloads[count], offset + at);
		put32(payloads[count] + 4, request->answer_room);
		agent_submit(board->agent, request);
	}
	ahead_go(board->ahead);
	for (size_t i = 0; i < count; i++) {
		agent_wait(board->agent, &requests[i]);
		int failed = outcome(board, &requests[i], path);
		if (failed && !error && !end)
			error = failed;
		if (!error && !end)
			got += (ssize_t)requests[i].answer_len;
		if (requests[i].answer_len < requests[i].answer_room)
			end = true;
		free(payloads[i]);
	}
	if (!count)
		return -ENAMETOOLONG;
	return error ? error : got;
}

static ssize_t op_read(struct board *base, const char *path, void *buf, size_t len, uint64_t offset)
{
	struct board_agent *board = of(base);
	size_t most = block_size(board) * READS_MAX;
	bool bulk = offset || len > block_size(board);
	size_t done = 0;

	if (offset > UINT32_MAX)
		return 0;
	if (!offset)
		done = ahead_take(board->ahead, path, buf, len);
	while (done < len && offset + done <= UINT32_MAX) {
		size_t want = len - done < most ? len - done : most;
		ssize_t got = read_blocks(board, path, (uint8_t *)buf + done, want, offset + done, bulk);

		if (got < 0)
			return done ? (ssize_t)done : got;
		done += (size_t)got;
		if ((size_t)got < want)
			break;
	}
	return (ssize_t)done;
}

static void op_ahead(struct board *base, const char *path, uint64_t size)
{
	struct board_agent *board = of(base);
	size_t len;

	if (size > block_size(board))
		return;
	uint8_t *payload = path_payload(board, 8, path, &len);
	if (!payload)
		return;
	put32(payload + 4, size);
	ahead_wish(board->ahead, path, payload, len, size);
}

/*
 * Takes the answer of AGENT_HASH, LEN bytes at ANSWER, apart. Returns 0 with HASH, and *OUT (may be NULL) what the file is, or
 * -ESTALE: the board has another size there, or a directory.
 */
static int get_hash(const struct board_agent *board, const uint8_t *answer, size_t len, struct board_stat *out,
		    uint8_t hash[BOARD_HASH_SIZE])
{
	if (len != STAT_SIZE + BOARD_HASH_SIZE)
		return -ESTALE;
	if (out)
		get_stat(board, answer, out);
	memcpy(hash, answer + STAT_SIZE, BOARD_HASH_SIZE);
	return 0;
}

/* Up to HASHES_MAX files, all handed over before the first is waited for. */
static void hash_some(struct board_agent *board, struct board_hash *files, size_t count)
{
	struct exchange_request requests[HASHES_MAX];
	uint8_t answers[HASHES_MAX][STAT_SIZE + BOARD_HASH_SIZE], *payloads[HASHES_MAX];

	memset(requests, 0, sizeof(requests));
	for (size_t i = 0; i < count; i++) {
		payloads[i] = files[i].size > UINT32_MAX ? NULL : path_payload(board, 4, files[i].path, &requests[i].len);
		if (!payloads[i])
			continue;
		put32(payloads[i], files[i].size);
		requests[i].op = AGENT_HASH;
		requests[i].bulk = true;
		requests[i].payload = payloads[i];
		requests[i].answer = answers[i];
		requests[i].answer_room = sizeof(answers[i]);
		agent_submit(board->agent, &requests[i]);
	}
	for (size_t i = 0; i < count; i++) {
		files[i].result = -ENAMETOOLONG;
		if (!payloads[i])
			continue;
		agent_wait(board->agent, &requests[i]);
		files[i].result = outcome(board, &requests[i], files[i].path);
		if (!files[i].result)
			files[i].result = get_hash(board, answers[i], requests[i].answer_len, NULL, files[i].hash);
		free(payloads[i]);
	}
}

static int op_hash(struct board *base, struct board_hash *files, size_t count)
{
	struct board_agent *board = of(base);

	if (!board->hashes)
		return -EOPNOTSUPP;
	for (size_t at = 0; at < count; at += HASHES_MAX)
		hash_some(board, files + at, count - at < HASHES_MAX ? count - at : HASHES_MAX);
	return 0;
}

/* 1: the board has exactly CONTENT at PATH already, and *OUT says what it is; 0: it has not; or a negative errno. */
static int has_same(struct board_agent *board, const char *path, const struct board_content *content, struct board_stat *out)
{
	uint8_t size[4], answer[STAT_SIZE + BOARD_HASH_SIZE], theirs[BOARD_HASH_SIZE], ours[BOARD_HASH_SIZE];
	size_t len = 0;

	if (content->differs || !board->hashes || content->size > UINT32_MAX)
		return 0;
	put32(size, content->size);
	int error = path_call(board, AGENT_HASH, EXCHANGE_READS, size, sizeof(size), path, answer, sizeof(answer), &len);
	if (error == -ENOENT)
		return 0;
	if (error)
		return error;
	if (get_hash(board, answer, len, out, theirs))
		return 0;
	error = board_content_hash(content, ours);
	return error ? error : !memcmp(theirs, ours, sizeof(ours));
}

static int op_statfs(struct board *base, const char *path, struct board_statfs *out);

/* Whether a file system without room for a name, which LittleFS 2 calls too long then, would otherwise take that of PATH. */
static bool name_fits(struct board_agent *board, const char *path)
{
	struct board_statfs statfs;
	size_t len = strlen(strrchr(path, '/') + 1);
	size_t hidden = strlen(AGENT_HIDDEN "-") + (len < HIDDEN_CUT ? len : HIDDEN_CUT);

	return !op_statfs(&board->base, path, &statfs) && (len > hidden ? len : hidden) <= statfs.name_max;
}

/* The length of the start of the whole path that is the directory for PATH's temporary; 0: it is beside PATH, or there is none. */
static size_t temporary_base(struct board_agent *board, const char *path, unsigned flags)
{
	if (flags & (AGENT_WRITE_IN_PLACE | AGENT_WRITE_APPEND) || !is_on_fat(board, path))
		return 0;
	return strlen(board->root) + file_systems_top(mounts_of(board), path);
}

/* One AGENT_WRITE with as much of the content from *AT as it holds; *AT moves behind it. */
static int write_piece(struct board_agent *board, const char *path, const struct board_content *content, unsigned flags,
		       uint64_t *at, uint8_t stat[STAT_SIZE])
{
	uint8_t input[PACKER_INPUT_MAX], payload[AGENT_PAYLOAD_MAX];
	struct exchange_request request = {.op = AGENT_WRITE,
					   .kind = EXCHANGE_CHANGES,
					   .bulk = !(flags & AGENT_WRITE_FIRST),
					   .payload = payload,
					   .answer = stat,
					   .answer_room = STAT_SIZE};
	size_t path_len = 0;
	uint8_t *full = path_payload(board, 0, path, &path_len);
	size_t block = block_size(board);

	if (!full || WRITE_HEADER + path_len + 64 > block) {
		free(full);
		return -ENAMETOOLONG;
	}
	size_t len = content->size - *at < sizeof(input) ? (size_t)(content->size - *at) : sizeof(input);
	/* A small board inflates from a buffer of a block, and has it only as often as it must. */
	if (len > 4 * block)
		len = 4 * block;
	memcpy(payload + WRITE_HEADER, full, path_len);
	free(full);
	int error = len ? content->read(content->context, input, len, *at) : 0;
	if (error)
		return error;
	uint8_t *data = payload + WRITE_HEADER + path_len;
	struct packed packed = packer_pack(board->packer, input, len, data, block - WRITE_HEADER - path_len);
	flags |= (packed.deflated ? AGENT_WRITE_DEFLATED : 0u) | (packed.reset ? AGENT_WRITE_RESET : 0u);
	flags |= *at + packed.taken == content->size || flags & AGENT_WRITE_APPEND ? AGENT_WRITE_LAST : 0u;
	payload[0] = (uint8_t)flags;
	payload[1] = (uint8_t)board->window_bits;
	payload[6] = (uint8_t)temporary_base(board, path, flags);
	put16(payload + 2, packed.taken);
	put16(payload + 4, path_len);
	request.len = WRITE_HEADER + path_len + packed.len;
	*at += packed.taken;
	error = call(board, &request, path);
	if (error == -ENAMETOOLONG && name_fits(board, path))
		error = -ENOSPC;
	if (error)
		packer_reset(board->packer);
	else if (flags & AGENT_WRITE_LAST && request.answer_len != STAT_SIZE)
		return -EIO;
	return error;
}

/* The packer follows what the board offers. Without memory the one that is there has to do. */
static void follow_offer(struct board_agent *board)
{
	int bits = board->plain ? 0 : board->offered_bits;
	struct packer *packer = bits != board->window_bits ? packer_open(bits) : NULL;

	if (!packer)
		return;
	packer_close(board->packer);
	board->packer = packer;
	board->window_bits = bits;
}

/* A new agent knows nothing of what was packed for the one before, and its board may have been without power. */
static void follow_session(struct board_agent *board)
{
	unsigned number = agent_session(board->agent).number;

	if (board->packed_for == number)
		return;
	board->packed_for = number;
	follow_offer(board);
	packer_reset(board->packer);
	settle_all(board);
}

/* follow_session, unless somebody writes, who does it himself. Returns whether the session was another one. */
static bool catch_up(struct board_agent *board)
{
	if (agent_session(board->agent).number == board->packed_for || board->info.read_only)
		return false;
	if (pthread_mutex_trylock(&board->writing))
		return false;
	follow_session(board);
	pthread_mutex_unlock(&board->writing);
	return true;
}

static int write_once(struct board_agent *board, const char *path, const struct board_content *content, unsigned mode,
		      struct board_stat *out)
{
	uint8_t stat[STAT_SIZE];
	uint64_t at = 0;
	unsigned flags = mode | AGENT_WRITE_FIRST;
	int error;

	do {
		error = write_piece(board, path, content, flags, &at, stat);
		flags = mode;
	} while (!error && at < content->size);
	if (!error)
		get_stat(board, stat, out);
	return error;
}

/* The board has no memory for a window: from now on it gets all as it is. Returns whether that changes anything. */
static bool give_up_packing(struct board_agent *board)
{
	struct packer *plain = board->window_bits ? packer_open(0) : NULL;

	if (!plain)
		return false;
	log_at(board, LOG_NOTICE, "%s: the board has no memory to inflate: files go there as they are", board->device);
	packer_close(board->packer);
	board->packer = plain;
	board->window_bits = 0;
	board->plain = true;
	return true;
}

/* Whether the board's file PATH, which has the size of CONTENT, is CONTENT: by reading it. Returns 1, 0, or a negative errno. */
static int reads_same(struct board_agent *board, const char *path, const struct board_content *content)
{
	uint8_t theirs[4096], ours[sizeof(theirs)];

	for (uint64_t at = 0; at < content->size; at += sizeof(theirs)) {
		size_t len = content->size - at < sizeof(theirs) ? (size_t)(content->size - at) : sizeof(theirs);
		ssize_t got = op_read(&board->base, path, theirs, len, at);
		int error = got < 0 ? (int)got : content->read(content->context, ours, len, at);

		if (error)
			return error;
		if ((size_t)got != len || memcmp(theirs, ours, len) != 0)
			return 0;
	}
	return 1;
}

/*
 * Whether what the caller knows of the file that he replaces is still true. Returns 0; 1 when the board has CONTENT already, which came
 * over before it was out of sight, with *OUT filled; -ESTALE; or another negative errno.
 */
static int check_known(struct board_agent *board, const char *path, const struct board_content *content, struct board_stat *out)
{
	struct board_content there = *content;
	int error = op_stat(&board->base, path, out), same;

	if (error == -ENOENT)
		return content->there ? -ESTALE : 0;
	if (error)
		return error;
	if (content->there && out->size == content->was.size && out->mtime == content->was.mtime)
		return 0;
	if (out->is_dir || out->size != content->size)
		return -ESTALE;
	there.differs = false;
	same = board->hashes ? has_same(board, path, &there, out) : reads_same(board, path, &there);
	return same ? same : -ESTALE;
}

/* Writes the whole content; once more where an agent that ended in the middle is there again, or the board cannot inflate. */
static int write_content(struct board_agent *board, const char *path, const struct board_content *content, unsigned mode,
			 struct board_stat *out)
{
	follow_session(board);
	int error = write_once(board, path, content, mode, out);
	bool again = error == -ENOMEM && give_up_packing(board);

	if (error == -EIO && agent_session(board->agent).number != board->packed_for) {
		follow_session(board);
		/* What is written in place is no more what it was, by our doing. */
		int known = content->known && !(mode & AGENT_WRITE_IN_PLACE) ? check_known(board, path, content, out) : 0;

		if (known)
			return known < 0 ? known : 0;
		again = true;
	}
	return again ? write_once(board, path, content, mode, out) : error;
}

static int write_in_place(void *context, const char *path, const struct board_content *content)
{
	struct board_stat unwanted;

	return write_content(context, path, content, AGENT_WRITE_IN_PLACE, &unwanted);
}

/* Whether the file system has room for the new content of PATH, which is there, without the old. */
static bool fits_in_place(struct board_agent *board, const char *path, uint64_t size)
{
	struct board_stat old;
	struct board_statfs statfs;

	if (op_stat(&board->base, path, &old) || op_statfs(&board->base, path, &statfs))
		return false;
	uint64_t block = statfs.block_size;
	if (is_on_fat(board, path))
		return (size + block - 1) / block <= statfs.blocks_free + (old.size + block - 1) / block;
	/* LittleFS keeps a pointer or two in each block of a file. */
	uint64_t needed = (size + block - 9) / (block - 8) + SPARE_BLOCKS;
	return needed <= statfs.blocks_free + old.size / block;
}

/* Replaces PATH without a temporary. Not atomic, so WHY goes to the log. */
static int replace_in_place(struct board_agent *board, const char *path, const struct board_content *content, const char *why,
			    struct board_stat *out)
{
	log_at(board, LOG_WARNING, "%s: %s %s: written in place, which a power cut would leave incomplete", board->device, why,
	       path);
	return write_content(board, path, content, AGENT_WRITE_IN_PLACE, out);
}

/* Whether there is room for the temporary that FAT needs, in its name. */
static bool can_be_told(struct board_agent *board, const char *path)
{
	size_t top = file_systems_top(mounts_of(board), path);

	return leftovers_can_tell(path, top) && strlen(board->root) + top <= UINT8_MAX;
}

/* As replace_in_place, where FAT has no place for a temporary, for WHY. */
static int replace_without_copy(struct board_agent *board, const char *path, const struct board_content *content, const char *why,
				struct board_stat *out)
{
	bool there = !op_stat(&board->base, path, out);

	if (there && !fits_in_place(board, path, content->size))
		return -ENOSPC;
	int error = replace_in_place(board, path, content, why, out);
	return error == -EACCES && !there ? -ENOSPC : error; /* FAT's word for a full directory */
}

/* Replaces PATH on FAT, by way of a temporary that a power cut leaves in any case. */
static int replace_on_fat(struct board_agent *board, const char *path, const struct board_content *content,
			  struct board_stat *out)
{
	if (!can_be_told(board, path))
		return replace_without_copy(board, path, content, "the name is too long for a copy of", out);
	int error = write_content(board, path, content, 0, out);
	if (!error || error == -EIO)
		return error;
	/* What was complete has become PATH by now, or is gone. */
	if (settle_all(board) && !op_stat(&board->base, path, out) && out->size == content->size)
		return 0;
	if (error == -EACCES)
		return replace_without_copy(board, path, content, "the top directory is full, without room for a copy of", out);
	return error;
}

static int replace(struct board_agent *board, const char *path, const struct board_content *content, struct board_stat *out)
{
	follow_session(board);
	int same =
		content->known && content->unsure ? check_known(board, path, content, out) : has_same(board, path, content, out);

	if (same)
		return same < 0 ? same : 0;
	int error =
		is_on_fat(board, path) ? replace_on_fat(board, path, content, out) : write_content(board, path, content, 0, out);
	if (error != -ENOSPC || !fits_in_place(board, path, content->size))
		return error;
	return replace_in_place(board, path, content, "no room on the board for both the old and the new", out);
}

static int op_replace(struct board *base, const char *path, const struct board_content *content, struct board_stat *out)
{
	struct board_agent *board = of(base);

	if (content->size > UINT32_MAX)
		return -EFBIG;
	pthread_mutex_lock(&board->writing);
	int error = replace(board, path, content, out);
	ahead_forget(board->ahead);
	pthread_mutex_unlock(&board->writing);
	return error;
}

/* Whether the flash has room for SIZE more bytes in PATH; pieces that fit before one that does not would only fill it. */
static bool has_room(struct board_agent *board, const char *path, uint64_t size)
{
	struct board_statfs statfs;

	return op_statfs(&board->base, path, &statfs) || size / statfs.block_size <= statfs.blocks_free;
}

static int op_append(struct board *base, const char *path, const struct board_content *content, uint64_t from,
		     struct board_stat *out)
{
	struct board_agent *board = of(base);
	uint8_t stat[STAT_SIZE];

	if (content->size > UINT32_MAX)
		return -EFBIG;
	pthread_mutex_lock(&board->writing);
	follow_session(board);
	int error = op_stat(base, path, out);
	if (!error && (out->is_dir || out->size != from))
		error = -ESTALE;
	if (!error && content->size - from > PACKER_INPUT_MAX && !has_room(board, path, content->size - from))
		error = -ENOSPC;
	while (!error && from < content->size) {
		error = write_piece(board, path, content, AGENT_WRITE_FIRST | AGENT_WRITE_APPEND, &from, stat);
		if (!error)
			get_stat(board, stat, out);
	}
	/* The agent ended in the middle and is there again: nobody knows how much of it was added. */
	if (error == -EIO && agent_session(board->agent).number != board->packed_for)
		error = -ESTALE;
	ahead_forget(board->ahead);
	pthread_mutex_unlock(&board->writing);
	return error;
}

static int change(struct board *base, uint8_t op, const char *path)
{
	int error = path_call(of(base), op, EXCHANGE_CHANGES, NULL, 0, path, NULL, 0, NULL);

	ahead_forget(of(base)->ahead);
	return error;
}

static int op_mkdir(struct board *base, const char *path)
{
	return change(base, AGENT_MKDIR, path);
}

static int op_rmdir(struct board *base, const char *path)
{
	return change(base, AGENT_RMDIR, path);
}

static int op_remove(struct board *base, const char *path)
{
	return change(base, AGENT_REMOVE, path);
}

static int op_rename(struct board *base, const char *from, const char *to, bool noreplace)
{
	struct board_agent *board = of(base);
	size_t len;
	uint8_t *first = path_payload(board, 2, from, &len);
	struct board_stat stat;

	if (!first)
		return -ENAMETOOLONG;
	int error = noreplace ? op_stat(base, to, &stat) : -ENOENT;
	put16(first, len - 2);
	if (error == -ENOENT)
		error = path_call(board, AGENT_RENAME, EXCHANGE_CHANGES, first, len, to, NULL, 0, NULL);
	else if (!error)
		error = -EEXIST;
	free(first);
	ahead_forget(board->ahead);
	return error;
}

static int op_statfs(struct board *base, const char *path, struct board_statfs *out)
{
	uint8_t answer[20];
	size_t len = 0;
	int error = path_call(of(base), AGENT_STATVFS, EXCHANGE_READS, NULL, 0, path, answer, sizeof(answer), &len);

	if (error)
		return error;
	if (len != sizeof(answer))
		return -EIO;
	uint32_t block = get32(answer), fragment = get32(answer + 4);
	out->block_size = fragment ? fragment : block ? block : 1;
	out->blocks = get32(answer + 8);
	/* LittleFS counts below zero when it is full. */
	out->blocks_free = get32(answer + 12) <= out->blocks ? get32(answer + 12) : 0;
	out->name_max = get32(answer + 16) && get32(answer + 16) < 255 ? get32(answer + 16) : 255;
	return 0;
}

static const struct board_info *op_info(struct board *base)
{
	return &of(base)->info;
}

static unsigned op_session(struct board *base)
{
	return agent_session(of(base)->agent).number;
}

static void board_agent_free(struct board_agent *board)
{
	packer_close(board->packer);
	pthread_mutex_destroy(&board->writing);
	free(board->purpose);
	free(board->root);
	free(board->device);
	free(board->mount_point);
	for (struct mounts *mounts = board->mounts, *older; mounts; mounts = older) {
		older = mounts->older;
		free(mounts);
	}
	free(board);
}

static void op_close(struct board *base)
{
	struct board_agent *board = of(base);

	ahead_close(board->ahead);
	agent_close(board->agent, board->options.restart);
	board_agent_free(board);
}

static const struct board_ops ops = {
	.kind = op_kind,
	.top = op_top,
	.stat = op_stat,
	.list = op_list,
	.read = op_read,
	.ahead = op_ahead,
	.hash = op_hash,
	.replace = op_replace,
	.append = op_append,
	.mkdir = op_mkdir,
	.rmdir = op_rmdir,
	.remove = op_remove,
	.rename = op_rename,
	.statfs = op_statfs,
	.info = op_info,
	.session = op_session,
	.close = op_close,
};

static int no_memory(struct diag *diag)
{
	return diag_fail(diag, DIAG_BOARD, ENOMEM, "not enough memory on this computer");
}

/* "/lib/" to "/lib", "/" to "", "lib" to "/lib". NULL: no memory. */
static char *clean_root(const char *root)
{
	while (root && *root == '/')
		root++;
	if (!root || !*root)
		return strdup("");
	char *clean = malloc(strlen(root) + 2);
	if (!clean)
		return NULL;
	sprintf(clean, "/%s", root);
	for (size_t len = strlen(clean); len > 1 && clean[len - 1] == '/'; len--)
		clean[len - 1] = 0;
	return clean;
}

static struct board_agent *board_agent_new(const char *device, const struct board_agent_options *options)
{
	struct board_agent *board = calloc(1, sizeof(*board));

	if (!board)
		return NULL;
	board->base.ops = &ops;
	board->options = *options;
	board->device = strdup(device);
	board->root = clean_root(options->root);
	board->root_given = options->root != NULL;
	board->purpose = options->device.purpose ? strdup(options->device.purpose) : NULL;
	board->mount_point = options->mount_point ? strdup(options->mount_point) : NULL;
	board->options.root = board->options.mount_point = board->options.device.purpose = NULL;
	pthread_mutex_init(&board->writing, NULL);
	board->info = (struct board_info){.read_only = options->read_only,
					  .machine = board->identity.machine,
					  .version = board->identity.version,
					  .unique_id = board->identity.unique_id,
					  .usb_serial = board->identity.usb_serial,
					  .device = "",
					  .root = board->root,
					  .warning = board->warning};
	if (board->device && board->root && (board->purpose || !options->device.purpose) &&
	    (board->mount_point || !options->mount_point))
		return board;
	board_agent_free(board);
	return NULL;
}

/* Splits TEXT into its lines, in place. Returns how many of at most INFO_LINES there are. */
static int split_lines(char *text, char *lines[INFO_LINES])
{
	int count = 0;

	for (char *line = text; line && count < INFO_LINES; count++) {
		lines[count] = line;
		line = strchr(line, '\n');
		if (line)
			*line++ = 0;
	}
	return count;
}

/* Whether the board's directory INODE of DEVICE is PATH on this computer. */
static bool is_here(const char *path, long long inode, long long device)
{
	struct stat here;

	return !stat(path, &here) && (long long)here.st_ino == inode && (long long)here.st_dev == device;
}

/* A board on which the top is a directory of this computer must not show all of it, nor hold the mount point. */
static int check_root(struct board_agent *board, long long inode, long long device, struct diag *diag)
{
	const char *mount_point = board->mount_point;
	char path[4096];

	if (!inode)
		return 0; /* no board's own file system counts inodes: only a computer's does */
	if (!board->root_given)
		return diag_fail(
			diag, DIAG_BOARD, EINVAL,
			"%s: the root of this board is %s: it is MicroPython's unix port without a flash of its own; give "
			"the directory that is to be mounted with -o root=DIR",
			board->device, is_here("/", inode, device) ? "this computer's own" : "a computer's file system");
	if (!mount_point)
		return 0;
	snprintf(path, sizeof(path), "%s", mount_point);
	for (;;) {
		if (is_here(path, inode, device))
			return diag_fail(diag, DIAG_BOARD, EINVAL,
					 "%s: the board's directory %s is this computer's %s, which holds the "
					 "mount point %s: a directory cannot be mounted inside itself",
					 board->device, board->root[0] ? board->root : "/", path, mount_point);
		char *slash = strrchr(path, '/');
		if (!slash || !strcmp(path, "/"))
			return 0;
		slash[slash == path ? 1 : 0] = 0;
	}
}

/* Asks the board on which the agent was just started what it is. TEXT has SIZE bytes. */
static int ask_info(struct board_agent *board, struct launch *launch, char *text, size_t size, struct diag *diag)
{
	const char *top = board->root[0] ? board->root : "/";
	struct exchange_request request = {.op = AGENT_INFO,
					   .payload = (const uint8_t *)top,
					   .len = strlen(top),
					   .answer = (uint8_t *)text,
					   .answer_room = size - 1};
	int error = -ENAMETOOLONG;

	if (request.len <= launch_session(launch)->block) {
		launch_call(launch, &request);
		error = outcome(board, &request, "/");
	}
	text[request.answer_len] = 0;
	if (error == -ENOENT)
		return diag_fail(diag, DIAG_BOARD, ENOENT, "%s: the board has no directory %s (-o root=)", board->device, top);
	if (error)
		return diag_fail(diag, DIAG_BOARD, -error, "%s: the board does not tell what it is: %s", board->device,
				 strerror(-error));
	return 0;
}

static void copy_line(char *out, size_t size, const char *line)
{
	diag_printable(out, size, line, strlen(line));
}

/* What the board is, by the LINES of its AGENT_INFO and by its port. */
static void identify(struct board_agent *board, char *const lines[INFO_LINES], struct identity *out)
{
	copy_line(out->machine, sizeof(out->machine), lines[INFO_MACHINE]);
	copy_line(out->version, sizeof(out->version), lines[INFO_VERSION]);
	copy_line(out->unique_id, sizeof(out->unique_id), lines[INFO_UNIQUE_ID]);
	device_usb_serial(out->usb_serial, sizeof(out->usb_serial), bytelink_device(board->link));
	out->inode = atoll(lines[INFO_INODE]);
	out->device = atoll(lines[INFO_DEVICE]);
}

static bool is_same_board(const struct identity *a, const struct identity *b)
{
	if (a->unique_id[0] || b->unique_id[0])
		return !strcmp(a->unique_id, b->unique_id);
	if (a->usb_serial[0] || b->usb_serial[0])
		return !strcmp(a->usb_serial, b->usb_serial);
	return !strcmp(a->machine, b->machine) && a->inode == b->inode && a->device == b->device;
}

static const char *name_of(char *text, size_t size, const struct identity *identity)
{
	if (identity->unique_id[0])
		snprintf(text, size, "%s with unique id %s", identity->machine, identity->unique_id);
	else if (identity->usb_serial[0])
		snprintf(text, size, "%s with USB serial number %s", identity->machine, identity->usb_serial);
	else
		snprintf(text, size, "%s without an id", identity->machine);
	return text;
}

static int refuse(struct board_agent *board, const struct identity *other, struct diag *diag)
{
	char ours[300], theirs[300];

	return diag_fail(
		diag, DIAG_BOARD, EMEDIUMTYPE,
		"%s: another board is there: the mount is of %s, this is %s. It is left alone, and the mount goes on when "
		"its own board is plugged in there",
		bytelink_device(board->link), name_of(ours, sizeof(ours), &board->identity),
		name_of(theirs, sizeof(theirs), other));
}

/* What is mounted on the board, as LINE tells. What it said before stays as long as BOARD. */
static int learn_mounts(struct board_agent *board, const char *line)
{
	struct mounts *old = board->mounts;

	if (old && !strncmp(old->line, line, sizeof(old->line) - 1))
		return 0;
	struct mounts *mounts = calloc(1, sizeof(*mounts));
	if (!mounts)
		return -ENOMEM;
	mounts->older = old;
	snprintf(mounts->line, sizeof(mounts->line), "%s", line);
	board->mounts = mounts;
	return 0;
}

/* What the board can do, which another firmware may have changed. */
static void learn(struct board_agent *board, char *const lines[INFO_LINES])
{
	board->epoch = atoi(lines[INFO_EPOCH]) == 2000 ? EPOCH_2000 : 0;
	board->hashes = atoi(lines[INFO_HASHES]) == 1;
	board->offered_bits = atoi(lines[INFO_WINDOW_BITS]);
}

/* The board's clock, in UTC as the times of files are understood. Boards without an RTC say so in the log. */
static void set_clock(struct board_agent *board, struct launch *launch)
{
	char python[128];
	struct diag diag = {0};
	time_t now = time(NULL);
	struct tm tm;

	gmtime_r(&now, &tm);
	int len = snprintf(python, sizeof(python), "from machine import RTC\nRTC().datetime((%d,%d,%d,%d,%d,%d,%d,0))\n",
			   tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday, (tm.tm_wday + 6) % 7, tm.tm_hour, tm.tm_min, tm.tm_sec);
	if (launch_load(launch, python, (size_t)len, &diag))
		log_at(board, LOG_WARNING, "%s: the board's clock cannot be set (-o settime): %s", board->device, diag.text);
}

/* The agent has been started: finds out on which board, and whether that can be ours. An agent_greet_fn. */
static int greet(void *context, struct launch *launch, struct diag *diag)
{
	struct board_agent *board = context;
	char text[AGENT_PAYLOAD_MAX + 1], *lines[INFO_LINES];
	struct identity identity = {0};
	int error = ask_info(board, launch, text, sizeof(text), diag);

	if (error)
		return error;
	if (split_lines(text, lines) != INFO_LINES)
		return diag_fail(diag, DIAG_BOARD, EPROTO, "%s: the board's description of itself makes no sense", board->device);
	identify(board, lines, &identity);
	if (board->met && !is_same_board(&board->identity, &identity))
		return refuse(board, &identity, diag);
	if (strcmp(lines[INFO_IS_DIR], "1"))
		return diag_fail(diag, DIAG_BOARD, ENOTDIR, "%s: %s on the board is not a directory (-o root=)", board->device,
				 board->root);
	if (!board->met)
		error = check_root(board, identity.inode, identity.device, diag);
	if (error)
		return error;
	if (!board->met)
		board->identity = identity;
	board->met = true;
	learn(board, lines);
	if (learn_mounts(board, lines[INFO_FILE_SYSTEMS]))
		return no_memory(diag);
	if (board->options.settime)
		set_clock(board, launch);
	return 0;
}

/* What the user is told once. */
static void note_session(struct board_agent *board)
{
	struct agent_session session = agent_session(board->agent);
	size_t len = 0;

	if (session.interrupted)
		len = (size_t)snprintf(board->warning, sizeof(board->warning),
				       "%s: the board was %s, which was stopped; it starts again %s. With -o nointerrupt a "
				       "running program is left alone and the mount refused.",
				       board->device, rawrepl_state_words(session.found),
				       board->options.restart
					       ? "when you unmount"
					       : "at the board's next reset, which with -o restart comes when you unmount");
	if (session.text && len < sizeof(board->warning))
		snprintf(board->warning + len, sizeof(board->warning) - len,
			 "%s%s: %s: all goes there as text, which is slower and gives the same results.", len ? "\n" : "",
			 board->device, session.text);
}

static int start_agent(struct board_agent *board, struct diag *diag)
{
	static const struct agent_part parts[] = {
		{agent_files, &agent_files_len}, {agent_changes, &agent_changes_len}, {agent_info, &agent_info_len}};
	const struct agent_options options = {
		.timeout_us = board->options.timeout_us,
		.reconnect_us = board->options.reconnect_us,
		.nointerrupt = board->options.nointerrupt,
		.noreconnect = board->options.noreconnect,
		.parts = parts,
		.part_count = sizeof(parts) / sizeof(parts[0]),
		.greet = greet,
		.greet_context = board,
		.ending = board->options.ending,
		.ending_context = board->options.ending_context,
		.trace = board->options.trace,
		.log = board->options.log,
		.log_context = board->options.log_context,
	};

	return agent_open(&board->agent, board->link, &options, diag);
}

static int start(struct board_agent *board, const char *device, struct diag *diag)
{
	int error = device_open(&board->link, device, &board->options.device, diag);

	if (error)
		return error;
	/* `auto` says little in a message. */
	char *path = strdup(bytelink_device(board->link));
	if (path) {
		free(board->device);
		board->device = path;
	}
	board->info.device = board->device;
	error = start_agent(board, diag);
	if (error) {
		bytelink_close(board->link);
		return error;
	}
	board->ahead = ahead_open(board->agent);
	board->packer = packer_open(board->offered_bits);
	board->window_bits = board->offered_bits;
	if (!board->ahead || !board->packer) {
		ahead_close(board->ahead);
		agent_close(board->agent, false);
		return no_memory(diag);
	}
	follow_session(board);
	note_session(board);
	return 0;
}

int board_agent_open(struct board **out, const char *device, const struct board_agent_options *options, struct diag *diag)
{
	struct board_agent *board = board_agent_new(device, options);

	*out = NULL;
	if (!board)
		return no_memory(diag);
	int error = start(board, device, diag);
	if (error) {
		board_agent_free(board);
		return error;
	}
	*out = &board->base;
	return 0;
}

int board_agent_run(struct board *board)
{
	struct board_agent *self = of(board);

	/* The lock on the port names the process that holds it, and that is another one now. */
	if (self->purpose)
		device_set_purpose(self->link, self->purpose);
	return agent_run(self->agent);
}
