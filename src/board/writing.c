/* SPDX-License-Identifier: MIT */
#include "board/writing.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>

#include "base/le.h"
#include "board/file_systems.h"
#include "board/leftovers.h"
#include "board/reading.h"
#include "board/requests.h"

enum {
	STAT_SIZE = REQUESTS_STAT_SIZE,
	WRITE_HEADER = 7, /* bytes of AGENT_WRITE's payload before its path */
	HIDDEN_CUT = 200, /* bytes of a name in that of its temporary, see protocol.h */
	SPARE_BLOCKS = 2, /* that a file system may take for itself while a file is written */
	BESIDE = 0x100,   /* beside the flags of AGENT_WRITE: the temporary lies in the file's own directory */
};

static int write_in_place(void *context, const char *path, const struct board_content *content);

static bool is_on_fat(struct board_agent *board, const char *path)
{
	return file_systems_is_fat(mounts_now(&board->mounts), path);
}

static void log_leftover(void *context, const char *text)
{
	struct board_agent *board = context;

	board_agent_log(board, LOG_NOTICE, "%s: %s", board->device, text);
}

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

/* Puts the leftovers of an earlier session in order, on all FATs. `writing` is held. Returns whether one became a file. */
static bool settle_all(struct board_agent *board)
{
	char top[256];
	bool settled = false;

	for (size_t i = 0; !board->info.read_only && file_systems_fat(mounts_now(&board->mounts), i, top, sizeof(top)); i++) {
		uint8_t *answer;
		size_t len;

		if (!requests_list(board, top, &answer, &len) && settle_leftovers(board, top, answer, len))
			settled = true;
		free(answer);
	}
	return settled;
}

/* 1: the board has exactly CONTENT at PATH already, and *OUT says what it is; 0: it has not; or a negative errno. */
static int has_same(struct board_agent *board, const char *path, const struct board_content *content, struct board_stat *out)
{
	uint8_t theirs[BOARD_HASH_SIZE], ours[BOARD_HASH_SIZE];

	if (content->differs || !board->hashes || content->size > UINT32_MAX)
		return 0;
	int error = requests_hash(board, path, content->size, out, theirs);
	if (error)
		return error == -ENOENT || error == -ESTALE ? 0 : error;
	error = board_content_hash(content, ours);
	return error ? error : !memcmp(theirs, ours, sizeof(ours));
}

/* Whether a file system without room for a name, which LittleFS 2 calls too long then, would otherwise take that of PATH. */
static bool name_fits(struct board_agent *board, const char *path)
{
	struct board_statfs statfs;
	size_t len = strlen(strrchr(path, '/') + 1);
	size_t hidden = strlen(AGENT_HIDDEN "-") + (len < HIDDEN_CUT ? len : HIDDEN_CUT);

	return !requests_statfs(board, path, &statfs) && (len > hidden ? len : hidden) <= statfs.name_max;
}

/*
 * The length of the start of the whole path that is the directory for PATH's temporary; 0: it is beside PATH, or there is none. It is the
 * top of the file system: FAT's leftovers are looked for there, and LittleFS 2 reads all that was changed in the directory that a file is
 * renamed from, for each of those changes, which in a directory that is being filled are many.
 */
static size_t temporary_base(struct board_agent *board, const char *path, unsigned flags)
{
	size_t base = strlen(board->root) + file_systems_top(mounts_now(&board->mounts), path);

	if (flags & (AGENT_WRITE_IN_PLACE | AGENT_WRITE_APPEND | BESIDE) || base > UINT8_MAX)
		return 0;
	return board->identity.inode ? 0 : base; /* a computer's directory may have others of its file systems below */
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
	uint8_t *full = requests_payload(board, 0, path, &path_len);
	size_t block = requests_block_size(board);

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
	size_t base = temporary_base(board, path, flags);
	flags |= base && is_on_fat(board, path) ? AGENT_WRITE_TWO_STEPS : 0u;
	payload[0] = (uint8_t)flags;
	payload[1] = (uint8_t)board->window_bits;
	payload[6] = (uint8_t)base;
	le_put16(payload + 2, packed.taken);
	le_put16(payload + 4, path_len);
	request.len = WRITE_HEADER + path_len + packed.len;
	*at += packed.taken;
	room_spend(&board->room, packed.taken);
	error = requests_call(board, &request, path);
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

int writing_start(struct board_agent *board)
{
	board->packer = packer_open(board->offered_bits);
	if (!board->packer)
		return -ENOMEM;
	board->window_bits = board->offered_bits;
	follow_session(board);
	return 0;
}

void writing_begin(struct board_agent *board)
{
	pthread_mutex_lock(&board->writing);
	follow_session(board);
}

void writing_end(struct board_agent *board)
{
	pthread_mutex_unlock(&board->writing);
}

bool writing_catch_up(struct board_agent *board)
{
	if (agent_session(board->agent).number == board->packed_for || board->info.read_only)
		return false;
	if (pthread_mutex_trylock(&board->writing))
		return false;
	follow_session(board);
	pthread_mutex_unlock(&board->writing);
	return true;
}

bool writing_settle(struct board_agent *board, const char *dir, const uint8_t *answer, size_t len)
{
	if (board->info.read_only || pthread_mutex_trylock(&board->writing))
		return false;
	bool settled = settle_leftovers(board, dir, answer, len);
	pthread_mutex_unlock(&board->writing);
	return settled;
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
		requests_get_stat(board, stat, out);
	return error;
}

bool writing_give_up_packing(struct board_agent *board)
{
	struct packer *plain = board->window_bits ? packer_open(0) : NULL;

	if (!plain)
		return false;
	board_agent_log(board, LOG_NOTICE, "%s: the board has no memory to inflate: files go there as they are", board->device);
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
		ssize_t got = reading_read(board, path, theirs, len, at);
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
	int error = requests_stat(board, path, out), same;

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
	bool again = error == -ENOMEM && writing_give_up_packing(board);

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

	if (requests_stat(board, path, &old) || requests_statfs(board, path, &statfs))
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
	board_agent_log(board, LOG_WARNING, "%s: %s %s: written in place, which a power cut would leave incomplete",
			board->device, why, path);
	return write_content(board, path, content, AGENT_WRITE_IN_PLACE, out);
}

/*
 * Whether file PATH, which is there, is marked read-only in its FAT, as other computers can do it and no board: FAT has the same word
 * for that as for a full directory, but opens a file in a full one. Says so in the log. `writing` is held.
 */
static bool is_read_only(struct board_agent *board, const char *path)
{
	const struct board_content nothing = {0};
	uint8_t stat[STAT_SIZE];
	uint64_t at = 0;

	if (!is_on_fat(board, path) ||
	    write_piece(board, path, &nothing, AGENT_WRITE_FIRST | AGENT_WRITE_APPEND, &at, stat) != -EACCES)
		return false;
	board_agent_log(board, LOG_WARNING,
			"%s: %s is marked read-only in its FAT, which another computer can take off, but no board", board->device,
			path);
	return true;
}

bool writing_is_read_only(struct board_agent *board, const char *path)
{
	writing_begin(board);
	bool read_only = is_read_only(board, path);
	writing_end(board);
	return read_only;
}

/* Whether there is room for the temporary that FAT needs, in its name. */
static bool can_be_told(struct board_agent *board, const char *path)
{
	size_t top = file_systems_top(mounts_now(&board->mounts), path);

	return leftovers_can_tell(path, top) && strlen(board->root) + top <= UINT8_MAX;
}

/* As replace_in_place, where FAT has no place for a temporary, for WHY. */
static int replace_without_copy(struct board_agent *board, const char *path, const struct board_content *content, const char *why,
				struct board_stat *out)
{
	bool there = !requests_stat(board, path, out);

	if (there && is_read_only(board, path))
		return -EACCES;
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
	if (settle_all(board) && !requests_stat(board, path, out) && out->size == content->size)
		return 0;
	if (error == -EACCES)
		return replace_without_copy(board, path, content, "the top directory is full, without room for a copy of", out);
	return error;
}

/* Replaces PATH where a rename goes over it in one step. */
static int replace_in_one_step(struct board_agent *board, const char *path, const struct board_content *content,
			       struct board_stat *out)
{
	int error = write_content(board, path, content, 0, out);

	/* MicroPython's word for a rename to another file system: something is mounted further down than file_systems.h knows. */
	return error == -EPERM ? write_content(board, path, content, BESIDE, out) : error;
}

static int replace(struct board_agent *board, const char *path, const struct board_content *content, struct board_stat *out)
{
	follow_session(board);
	int same =
		content->known && content->unsure ? check_known(board, path, content, out) : has_same(board, path, content, out);

	if (same)
		return same < 0 ? same : 0;
	int error = is_on_fat(board, path) ? replace_on_fat(board, path, content, out)
					   : replace_in_one_step(board, path, content, out);
	if (error != -ENOSPC || !fits_in_place(board, path, content->size))
		return error;
	return replace_in_place(board, path, content, "no room on the board for both the old and the new", out);
}

int writing_replace(struct board_agent *board, const char *path, const struct board_content *content, struct board_stat *out)
{
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

	return requests_statfs(board, path, &statfs) || size / statfs.block_size <= statfs.blocks_free;
}

int writing_append(struct board_agent *board, const char *path, const struct board_content *content, uint64_t from,
		   struct board_stat *out)
{
	uint8_t stat[STAT_SIZE];

	if (content->size > UINT32_MAX)
		return -EFBIG;
	pthread_mutex_lock(&board->writing);
	int error;
	/* The board may have been out of sight while it was asked: what was packed until then is nothing to it. */
	do {
		follow_session(board);
		error = requests_stat(board, path, out);
	} while (!error && agent_session(board->agent).number != board->packed_for);
	if (!error && (out->is_dir || out->size != from))
		error = -ESTALE;
	if (!error && content->size - from > PACKER_INPUT_MAX && !has_room(board, path, content->size - from))
		error = -ENOSPC;
	while (!error && from < content->size) {
		error = write_piece(board, path, content, AGENT_WRITE_FIRST | AGENT_WRITE_APPEND, &from, stat);
		if (!error)
			requests_get_stat(board, stat, out);
	}
	if (error == -EACCES)
		is_read_only(board, path);
	/* The agent ended in the middle and is there again: nobody knows how much of it was added. */
	if (error == -EIO && agent_session(board->agent).number != board->packed_for)
		error = -ESTALE;
	ahead_forget(board->ahead);
	pthread_mutex_unlock(&board->writing);
	return error;
}
