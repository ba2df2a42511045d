/* SPDX-License-Identifier: MIT */
#include "board/roms.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <syslog.h>

#include "agent/agent_parts.h"
#include "base/le.h"
#include "board/board_errno.h"
#include "board/requests.h"
#include "board/writing.h"

enum {
	REQUESTS_MAX = 32,       /* that are handed over before the first is waited for */
	HASHES_MAX = 512,        /* bytes of hashes in an answer */
	HASHED_MAX = 32 << 10,   /* bytes that are hashed at once, but for a longer block: others wait meanwhile */
	BLOCK_MAX = 1 << 30,     /* no flash erases more at once */
	PREPARED_MAX = 64 << 10, /* the same for erasing, which the slowest flash has to do within the time-out */
	WRITE_HEADER = 12,       /* bytes of AGENT_ROM_WRITE's payload before its data */
	PIECE = 256,             /* what the smallest write must divide: bytes that a board has at once */
	UNMOUNT = 255,           /* AGENT_ROM_MOUNT's number for it */
};

/* --- The parts of the agent --- */

static struct board_agent *of(struct board *board)
{
	return (struct board_agent *)board;
}

static int load_failed(struct board_agent *board, int error, const struct exchange_request *failed)
{
	if (error != -EREMOTEIO)
		return error;
	board_agent_log(board, LOG_ERR, "%s: what reads the ROM partitions does not run on the board: %s", board->device,
			failed->words);
	return failed->board_errno ? board_errno_to_host(failed->board_errno) : -EIO;
}

/* What the requests need, in the order in which it is loaded. */
enum part { PART_ROM, PART_RECORDS, PART_INFLATE, PART_CHANGES, PART_COUNT };

static const struct agent_part all_parts[PART_COUNT] = {[PART_ROM] = {agent_rom, &agent_rom_len},
							[PART_RECORDS] = {agent_rom_records, &agent_rom_records_len},
							[PART_INFLATE] = {agent_inflate, &agent_inflate_len},
							[PART_CHANGES] = {agent_rom_changes, &agent_rom_changes_len}};

/* The parts, as bits, that REQUEST needs. */
static unsigned parts_for(const struct exchange_request *request)
{
	if (request->kind == EXCHANGE_CHANGES)
		return 1 << PART_ROM | 1 << PART_INFLATE | 1 << PART_CHANGES;
	return 1 << PART_ROM | (request->op == AGENT_ROM_RECORDS ? 1 << PART_RECORDS : 0);
}

/* The parts that board_agent.c has loaded. */
static unsigned loaded_at_start(const struct board_agent_options *options)
{
	if (options->use == BOARD_AGENT_ROMS)
		return 1 << PART_ROM | 1 << PART_RECORDS;
	if (options->use == BOARD_AGENT_ROM_CHANGES)
		return 1 << PART_ROM | 1 << PART_INFLATE | 1 << PART_CHANGES;
	return options->read_only ? 0 : 1 << PART_INFLATE;
}

/* Loads those of the WANTED parts that are not there. `loading` is held. */
static int load_missing(struct board_agent *board, unsigned wanted, unsigned session, struct exchange_request *failed)
{
	struct agent_part missing[PART_COUNT];
	size_t count = 0;

	for (unsigned i = 0; i < PART_COUNT; i++)
		if (wanted & ~board->loaded & 1u << i)
			missing[count++] = all_parts[i];
	int error = count ? agent_load(board->agent, missing, count, failed) : 0;
	if (!error && agent_session(board->agent).number != session)
		error = -EIO;
	if (!error)
		board->loaded |= wanted;
	return error;
}

/* Sees to it that the WANTED parts are on the board. Returns 0 with the number of the session in *SESSION. */
static int load(struct board_agent *board, unsigned wanted, unsigned *session)
{
	struct exchange_request failed = {0};

	pthread_mutex_lock(&board->loading);
	*session = agent_session(board->agent).number;
	if (board->loaded_for != *session) {
		board->loaded = loaded_at_start(&board->options);
		board->partition_number = -1;
	}
	board->loaded_for = *session;
	int error = load_missing(board, wanted, *session, &failed);
	pthread_mutex_unlock(&board->loading);
	return error ? load_failed(board, error, &failed) : 0;
}

/* Whether REQUEST came to another agent than that of SESSION, which knows nothing of such requests. */
static bool is_unknown(struct board_agent *board, const struct exchange_request *request, unsigned session)
{
	return request->result == -EREMOTEIO && !request->board_errno && strstr(request->words, "KeyError") &&
	       agent_session(board->agent).number != session;
}

static int outcome(struct board_agent *board, const struct exchange_request *request)
{
	char words[32];
	unsigned number = request->len ? request->payload[request->op == AGENT_ROM_WRITE ? 2 : 0] : 0;

	snprintf(words, sizeof(words), "ROM partition %u", number);
	return requests_outcome(board, request, words);
}

/* What is done while requests are under way. */
struct meanwhile {
	void (*work)(void *context);
	void *context;
};

/*
 * Has the board do COUNT requests, all handed over before the first is waited for, and MEANWHILE (may be NULL) what is not its work.
 * Returns 0 or the error of the first that failed.
 */
static int call_all(struct board_agent *board, struct exchange_request *requests, size_t count, const struct meanwhile *meanwhile)
{
	/* cppcheck-suppress uninitvar ; it takes none for filled */
	unsigned parts = count ? parts_for(&requests[0]) : 0, session;
	int error = 0;

	for (int tries = 0; tries < 2; tries++) {
		bool unknown = false;

		error = load(board, parts, &session);
		if (error)
			return error;
		for (size_t i = 0; i < count; i++)
			agent_submit(board->agent, &requests[i]);
		if (meanwhile && tries == 0)
			meanwhile->work(meanwhile->context);
		for (size_t i = 0; i < count; i++) {
			agent_wait(board->agent, &requests[i]);
			unknown |= is_unknown(board, &requests[i], session);
		}
		if (!unknown)
			break;
	}
	for (size_t i = 0; i < count && !error; i++)
		error = outcome(board, &requests[i]);
	return error;
}

static int call(struct board_agent *board, uint8_t op, enum exchange_kind kind, const void *payload, size_t len, void *answer,
		size_t room, size_t *answer_len)
{
	struct exchange_request request = {
		.op = op, .kind = kind, .payload = payload, .len = len, .answer = answer, .answer_room = room};
	int error = call_all(board, &request, 1, NULL);

	*answer_len = request.answer_len;
	return error;
}

/* --- What a board has --- */

static int op_count(struct board *base)
{
	int count = of(base)->rom_count;

	return count < 0 ? -EOPNOTSUPP : count < BOARD_ROM_MAX ? count : BOARD_ROM_MAX;
}

static int op_mpy(struct board *base)
{
	return of(base)->mpy;
}

static int check_number(struct board *base, unsigned number)
{
	int count = op_count(base);

	return count < 0 ? count : number < (unsigned)count ? 0 : -ENXIO;
}

static void note_partition(struct board_agent *board, unsigned number, const struct board_partition *partition)
{
	pthread_mutex_lock(&board->loading);
	board->partition = *partition;
	board->partition_number = (int)number;
	pthread_mutex_unlock(&board->loading);
}

/* Whether *OUT, what partition NUMBER is, is known without asking: it cannot change while the agent runs. */
static bool know_partition(struct board_agent *board, unsigned number, struct board_partition *out)
{
	pthread_mutex_lock(&board->loading);
	bool known = board->partition_number == (int)number && board->loaded_for == agent_session(board->agent).number;
	if (known)
		*out = board->partition;
	pthread_mutex_unlock(&board->loading);
	return known;
}

static int op_partition(struct board *base, unsigned number, struct board_partition *out)
{
	uint8_t payload = (uint8_t)number, answer[9];
	size_t len;
	int error = check_number(base, number);

	if (!error)
		error = call(of(base), AGENT_ROM, EXCHANGE_READS, &payload, 1, answer, sizeof(answer), &len);
	if (error)
		return error;
	if (len != sizeof(answer))
		return -EIO;
	*out = (struct board_partition){answer[0] == 1, le_get32(answer + 1), le_get32(answer + 5)};
	if ((!out->is_memory && !out->block_size) || out->block_size > BLOCK_MAX)
		return -EIO;
	note_partition(of(base), number, out);
	return 0;
}

/* --- Reading --- */

/* Up to REQUESTS_MAX payloads. */
static ssize_t read_some(struct board_agent *board, unsigned number, uint8_t *buf, size_t len, uint64_t offset)
{
	struct exchange_request requests[REQUESTS_MAX];
	uint8_t payloads[REQUESTS_MAX][9];
	size_t block = requests_block_size(board), count = 0;
	ssize_t got = 0;

	memset(requests, 0, sizeof(requests));
	for (size_t at = 0; at < len && count < REQUESTS_MAX; at += block, count++) {
		struct exchange_request *request = &requests[count];

		*request = (struct exchange_request){.op = AGENT_ROM_READ,
						     .bulk = len > block,
						     .payload = payloads[count],
						     .len = sizeof(payloads[count]),
						     .answer = buf + at,
						     .answer_room = len - at < block ? len - at : block};
		payloads[count][0] = (uint8_t)number;
		le_put32(payloads[count] + 1, offset + at);
		le_put32(payloads[count] + 5, request->answer_room);
	}
	int error = call_all(board, requests, count, NULL);
	if (error)
		return error;
	for (size_t i = 0; i < count; i++) {
		got += (ssize_t)requests[i].answer_len;
		if (requests[i].answer_len < requests[i].answer_room)
			break;
	}
	return got;
}

static ssize_t op_read(struct board *base, unsigned number, void *buf, size_t len, uint64_t offset)
{
	size_t done = 0, most;
	int error = check_number(base, number);

	if (error)
		return error;
	while (done < len && offset + done <= UINT32_MAX) {
		size_t want = len - done;

		most = requests_block_size(of(base)) * REQUESTS_MAX;
		if (want > most)
			want = most;
		ssize_t got = read_some(of(base), number, (uint8_t *)buf + done, want, offset + done);
		if (got < 0)
			return done ? (ssize_t)done : got;
		done += (size_t)got;
		if ((size_t)got < want)
			break;
	}
	return (ssize_t)done;
}

/* What is hashed. */
struct hashing {
	unsigned number;
	uint32_t block;
	size_t per;  /* blocks in a request */
	size_t size; /* bytes of each hash */
};

/* Up to REQUESTS_MAX requests. Returns how many bytes were hashed. */
static ssize_t hash_some(struct board_agent *board, const struct hashing *what, uint64_t offset, uint64_t len,
			 uint8_t (*hashes)[BOARD_HASH_SIZE])
{
	struct exchange_request requests[REQUESTS_MAX];
	uint8_t payloads[REQUESTS_MAX][14];
	/* cppcheck-suppress constVariable ; the answers are written to it */
	uint8_t answers[REQUESTS_MAX][HASHES_MAX];
	uint64_t at = 0, most = (uint64_t)what->per * what->block;
	size_t count = 0;

	for (; at < len && count < REQUESTS_MAX; count++) {
		uint64_t size = len - at < most ? len - at : most;

		payloads[count][0] = (uint8_t)what->number;
		le_put32(payloads[count] + 1, offset + at);
		le_put32(payloads[count] + 5, size);
		le_put32(payloads[count] + 9, what->block);
		payloads[count][13] = (uint8_t)what->size;
		requests[count] =
			(struct exchange_request){.op = AGENT_ROM_HASH,
						  .bulk = true,
						  .payload = payloads[count],
						  .len = sizeof(payloads[count]),
						  .answer = answers[count],
						  .answer_room = (size_t)((size + what->block - 1) / what->block) * what->size};
		at += size;
	}
	int error = call_all(board, requests, count, NULL);
	for (size_t i = 0; i < count && !error; i++) {
		if (requests[i].answer_len != requests[i].answer_room)
			return -EIO;
		for (size_t j = 0; j * what->size < requests[i].answer_len; j++)
			memcpy(hashes[i * what->per + j], answers[i] + j * what->size, what->size);
	}
	return error ? error : (ssize_t)at;
}

static int op_hash(struct board *base, unsigned number, uint64_t offset, uint64_t len, uint32_t block,
		   uint8_t (*hashes)[BOARD_HASH_SIZE], size_t size)
{
	struct board_agent *board = of(base);
	int error = check_number(base, number);

	if (!error && (!block || !size || size > BOARD_HASH_SIZE || offset + len > UINT32_MAX))
		error = -EINVAL;
	if (!error && !board->hashes)
		error = -EOPNOTSUPP;
	for (uint64_t at = 0; at < len && !error;) {
		size_t per = HASHED_MAX / block, most = requests_block_size(board);

		most = (most < HASHES_MAX ? most : HASHES_MAX) / size;
		if (per > most)
			per = most;
		const struct hashing what = {number, block, per ? per : 1, size};
		ssize_t done = hash_some(board, &what, offset + at, len - at, hashes + at / block);
		if (done < 0)
			error = (int)done;
		else
			at += (uint64_t)done;
	}
	return error;
}

/* --- The records of an image --- */

/* A walk's steps, as protocol.h has them. */
struct walk {
	uint8_t payload[AGENT_PAYLOAD_MAX];
	size_t len;
	uint64_t here;                        /* the end of the last piece */
	uint8_t pieces[2][AGENT_PAYLOAD_MAX]; /* the last piece, and the one before */
	size_t last_len;
};

static int take_number(const uint8_t **p, const uint8_t *end, uint64_t *value)
{
	*value = 0;
	for (unsigned shift = 0; *p < end && shift < 35; shift += 7) {
		uint8_t byte = *(*p)++;

		*value |= (uint64_t)(byte & 0x7f) << shift;
		if (!(byte & 0x80))
			return 0;
	}
	return -EIO;
}

/* Takes the piece at *P, which ends before END, into PIECE: a part of it is in LAST. Returns its length, or -EIO. */
static ssize_t take_piece(struct walk *walk, const uint8_t **p, const uint8_t *end, uint8_t *piece, const uint8_t *last)
{
	uint64_t gap, len, head, tail;

	if (take_number(p, end, &gap) || take_number(p, end, &len) || take_number(p, end, &head) || take_number(p, end, &tail))
		return -EIO;
	if (head + tail > len || head + tail > walk->last_len || len > sizeof(walk->pieces[0]) ||
	    len - head - tail > (uint64_t)(end - *p))
		return -EIO;
	size_t own = (size_t)(len - head - tail);
	memcpy(piece, last, (size_t)head);
	memcpy(piece + head, *p, own);
	memcpy(piece + head + own, last + walk->last_len - tail, (size_t)tail);
	*p += own;
	walk->here += gap;
	walk->last_len = (size_t)len;
	return (ssize_t)len;
}

/* Hands on the pieces from P to END. */
static int take_pieces(struct walk *walk, const uint8_t *p, const uint8_t *end, board_rom_piece_fn *each, void *context)
{
	int error = 0;

	walk->last_len = 0;
	for (unsigned i = 0; p < end && !error; i = !i) {
		ssize_t len = take_piece(walk, &p, end, walk->pieces[i], walk->pieces[!i]);

		if (len < 0)
			return (int)len;
		error = each(context, walk->here, walk->pieces[i], (size_t)len);
		walk->here += (uint64_t)len;
	}
	return error;
}

/* Takes the answer of a step, and makes the payload of the next. Returns 1, or 0: it was the last. */
static int take_step(struct walk *walk, const uint8_t *answer, size_t len, board_rom_piece_fn *each, void *context)
{
	uint32_t before = le_get32(walk->payload + 2), next;

	if (len < 5 || len - 5 < (size_t)answer[4] * 4)
		return -EIO;
	next = le_get32(answer);
	int error = take_pieces(walk, answer + 5 + (size_t)answer[4] * 4, answer + len, each, context);
	if (error || !next)
		return error;
	if (next <= before) /* it would never end */
		return -EIO;
	walk->here = next;
	le_put32(walk->payload + 2, next);
	memcpy(walk->payload + 6, answer + 5, (size_t)answer[4] * 4);
	walk->len = 6 + (size_t)answer[4] * 4;
	return 1;
}

static int op_records(struct board *base, unsigned number, bool bytecode, board_rom_piece_fn *each, void *context)
{
	struct walk walk; /* most of which needs no value */
	uint8_t answer[AGENT_PAYLOAD_MAX];
	size_t len;
	int error = check_number(base, number);
	int more = 1;

	memset(walk.payload, 0, sizeof(walk.payload));
	walk.payload[0] = (uint8_t)number;
	walk.payload[1] = bytecode;
	walk.len = 6;
	walk.here = 0;
	while (!error && more > 0) {
		error = call(of(base), AGENT_ROM_RECORDS, EXCHANGE_READS, walk.payload, walk.len, answer, sizeof(answer), &len);
		if (!error)
			more = take_step(&walk, answer, len, each, context);
	}
	return error ? error : more;
}

/* --- Writing --- */

/* Whether the range lies in the partition, which is looked at. */
static int check_range(struct board *base, unsigned number, uint64_t offset, uint64_t len, struct board_partition *partition)
{
	int error = know_partition(of(base), number, partition) ? 0 : op_partition(base, number, partition);

	return error ? error : offset > partition->size || len > partition->size - offset ? -EINVAL : 0;
}

static int prepare_some(struct board_agent *board, unsigned number, uint64_t offset, uint64_t len)
{
	uint8_t payload[9] = {(uint8_t)number}, answer[4];
	size_t answer_len;

	le_put32(payload + 1, offset);
	le_put32(payload + 5, len);
	int error =
		call(board, AGENT_ROM_PREPARE, EXCHANGE_CHANGES, payload, sizeof(payload), answer, sizeof(answer), &answer_len);
	if (error)
		return error;
	uint32_t smallest = answer_len == sizeof(answer) ? le_get32(answer) : 0;
	return !smallest || smallest > INT32_MAX ? -EIO : (int)smallest;
}

static int op_prepare(struct board *base, unsigned number, uint64_t offset, uint64_t len)
{
	struct board_partition partition;
	int rc = check_range(base, number, offset, len, &partition);

	if (rc)
		return rc;
	if (!len || (partition.block_size ? offset % partition.block_size : offset))
		return -EINVAL;
	if (!partition.block_size)
		return prepare_some(of(base), number, 0, len);
	uint64_t step = partition.block_size > PREPARED_MAX ? partition.block_size : PREPARED_MAX;
	step -= step % partition.block_size;
	for (uint64_t at = 0; at < len && rc >= 0; at += step)
		rc = prepare_some(of(base), number, offset + at, len - at < step ? len - at : step);
	return rc;
}

/* One AGENT_ROM_WRITE. */
struct piece {
	uint8_t payload[AGENT_PAYLOAD_MAX];
	size_t len;
	size_t taken; /* bytes of what is written, that it has; 0: it could take none */
};

/* What is written. `writing` is held. */
struct writer {
	struct board_agent *board;
	unsigned number;
	const struct board_rom_bytes *what;
	size_t end; /* of what is written, a multiple of the smallest write */
	size_t at;  /* where PIECE begins */
	struct piece pieces[2];
	struct piece *piece; /* that is under way, or next */
};

/* Packs what comes at AT into PIECE, as much as it holds. */
static void pack(struct writer *writer, size_t at, struct piece *piece)
{
	struct board_agent *board = writer->board;
	size_t block = requests_block_size(board), unit = writer->what->smallest, len = writer->end - at;

	if (len > PACKER_INPUT_MAX)
		len = PACKER_INPUT_MAX;
	if (len > 4 * block)
		len = 4 * block;
	struct packed packed = packer_pack_units(board->packer, (const uint8_t *)writer->what->bytes + at, len - len % unit, unit,
						 piece->payload + WRITE_HEADER, block - WRITE_HEADER);
	memset(piece->payload, 0, WRITE_HEADER);
	piece->payload[0] = (uint8_t)((packed.deflated ? AGENT_WRITE_DEFLATED : 0) | (packed.reset ? AGENT_WRITE_RESET : 0));
	piece->payload[1] = (uint8_t)board->window_bits;
	piece->payload[2] = (uint8_t)writer->number;
	le_put32(piece->payload + 4, writer->what->offset + at);
	le_put16(piece->payload + 8, packed.taken);
	piece->len = WRITE_HEADER + packed.len;
	piece->taken = packed.taken;
}

static struct piece *other(struct writer *writer)
{
	return &writer->pieces[writer->piece == writer->pieces];
}

/* While the line is busy with a piece. */
static void pack_next(void *context)
{
	struct writer *writer = context;

	if (writer->at + writer->piece->taken < writer->end)
		pack(writer, writer->at + writer->piece->taken, other(writer));
}

/* Has the board write the piece that is next, and packs another. */
static int write_piece(struct writer *writer)
{
	const struct meanwhile meanwhile = {pack_next, writer};
	struct exchange_request request = {
		.op = AGENT_ROM_WRITE, .kind = EXCHANGE_CHANGES, .payload = writer->piece->payload, .len = writer->piece->len};
	/* It takes less at once than it can write. */
	int error = writer->piece->taken ? call_all(writer->board, &request, 1, &meanwhile) : -EOPNOTSUPP;

	if (error)
		packer_reset(writer->board->packer);
	return error;
}

static int write_all(struct writer *writer)
{
	const struct board_rom_bytes *what = writer->what;
	int error = 0;

	writer->piece = writer->pieces;
	if (writer->end)
		pack(writer, 0, writer->piece);
	while (writer->at < writer->end && !error) {
		error = write_piece(writer);
		/* Nothing was written then: a board makes its window first. */
		if (error == -ENOMEM && writing_give_up_packing(writer->board)) {
			pack(writer, writer->at, writer->piece);
			error = write_piece(writer);
		}
		writer->at += writer->piece->taken;
		writer->piece = other(writer);
		if (!error && what->written && what->written(what->context, writer->at))
			error = -EINTR;
	}
	if (error) /* the board does not get what was packed last */
		packer_reset(writer->board->packer);
	return error;
}

/* Writes the part of WHAT that is whole units, and then the rest, filled up. */
static int write_filled(struct board_agent *board, unsigned number, const struct board_rom_bytes *what)
{
	size_t rest = what->len % what->smallest;
	uint8_t last[PIECE];
	const struct board_rom_bytes filled = {
		.offset = what->offset + what->len - rest, .bytes = last, .len = what->smallest, .smallest = what->smallest};
	struct writer writer = {.board = board, .number = number, .what = what, .end = what->len - rest};
	int error = write_all(&writer);

	if (error || !rest)
		return error;
	memset(last, 0xff, sizeof(last));
	memcpy(last, (const uint8_t *)what->bytes + what->len - rest, rest);
	writer = (struct writer){.board = board, .number = number, .what = &filled, .end = filled.len};
	return write_all(&writer);
}

static int op_write(struct board *base, unsigned number, const struct board_rom_bytes *what)
{
	struct board_partition partition;

	if (!what->smallest || PIECE % what->smallest)
		return -EOPNOTSUPP;
	if (what->offset % what->smallest)
		return -EINVAL;
	int error = check_range(base, number, what->offset, what->len, &partition);
	if (error)
		return error;
	writing_begin(of(base));
	error = write_filled(of(base), number, what);
	writing_end(of(base));
	return error;
}

static int op_complete(struct board *base, unsigned number)
{
	uint8_t payload = (uint8_t)number;
	size_t unwanted;
	struct board_partition partition;
	int error = check_number(base, number);

	if (error || (know_partition(of(base), number, &partition) && !partition.is_memory)) /* a block device is asked nothing */
		return error;
	return call(of(base), AGENT_ROM_COMPLETE, EXCHANGE_CHANGES, &payload, 1, NULL, 0, &unwanted);
}

/* --- What the board's programs see --- */

static int mount(struct board *base, uint8_t number, const char *path, uint8_t *answer, size_t *answer_len)
{
	uint8_t payload[256] = {number};
	size_t len = strlen(path);

	if (len >= sizeof(payload) || len >= requests_block_size(of(base)))
		return -ENAMETOOLONG;
	memcpy(payload + 1, path, len);
	return call(of(base), AGENT_ROM_MOUNT, EXCHANGE_CHANGES, payload, len + 1, answer, 1, answer_len);
}

static int op_umount(struct board *base, const char *path)
{
	uint8_t was_mounted = 0;
	size_t len;
	int error = op_count(base);

	if (error >= 0)
		error = mount(base, UNMOUNT, path, &was_mounted, &len);
	return error < 0 ? error : len == 1 && was_mounted;
}

static int op_mount(struct board *base, unsigned number, const char *path)
{
	uint8_t unwanted;
	size_t len;
	int error = check_number(base, number);

	if (!error)
		error = mount(base, (uint8_t)number, path, &unwanted, &len);
	return error == -EPERM ? -EBUSY : error; /* its word for a place that is taken */
}

const struct board_rom_ops roms_ops = {
	.count = op_count,
	.mpy = op_mpy,
	.partition = op_partition,
	.read = op_read,
	.records = op_records,
	.hash = op_hash,
	.prepare = op_prepare,
	.write = op_write,
	.complete = op_complete,
	.umount = op_umount,
	.mount = op_mount,
};
