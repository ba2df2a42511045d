/* SPDX-License-Identifier: MIT */
#include "share/share_answers.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "agent/packer.h"
#include "base/le.h"

enum {
	ANSWER_HEAD = 2, /* SHARE_TRY and flags */
	DATA_HEAD = 2,
};

/* The last request, and the answer to it as it was before it was deflated. */
struct kept {
	bool any;
	uint8_t op, sequence;
	uint32_t crc;  /* of the request's payload behind TRY */
	uint8_t count; /* that was answered last, of SHARE_COUNT */
	bool interrupt;
	int err;
	uint8_t head[SHARE_ANSWERS_HEAD_MAX]; /* what comes before DATA */
	size_t head_len;
	bool has_data, at_end; /* AT_END: nothing follows the content */
	bool parts;            /* it may go in several */
	uint8_t try;
	unsigned part; /* how many of them there were, ... */
	size_t given;  /* ... and the bytes of the content in them */
	size_t content_len;
	uint8_t content[SHARE_ANSWERS_CONTENT_MAX]; /* the last member */
};

/* The run of SHARE_WRITE that is not answered yet, as far as it has come. */
struct run {
	unsigned count;
	uint8_t first;  /* its sequence number */
	int err;        /* of the first that failed */
	unsigned told;  /* the TRY behind the one that was told of a gap; 0: none was */
	bool interrupt; /* it was told, too; that may have been lost */
};

struct share_answers {
	struct packer *packer; /* NULL: no SHARE_HELLO has come */
	size_t block;
	size_t reach; /* the largest payload that is sent now: less than the block while the line damages many */
	bool deflates;
	struct kept kept;
	struct run run;
};

struct share_answers *share_answers_open(void)
{
	return calloc(1, sizeof(struct share_answers));
}

void share_answers_close(struct share_answers *answers)
{
	if (!answers)
		return;
	packer_close(answers->packer);
	free(answers);
}

int share_answers_start(struct share_answers *answers, size_t block, int bits)
{
	struct packer *packer = packer_open(bits);

	if (!packer)
		return -ENOMEM;
	packer_close(answers->packer);
	answers->packer = packer;
	answers->deflates = bits;
	answers->block = block < SHARE_PAYLOAD_MAX ? block : SHARE_PAYLOAD_MAX;
	answers->reach = answers->block;
	return 0;
}

bool share_answers_is_started(const struct share_answers *answers)
{
	return answers->packer;
}

/* --- What was asked before --- */

enum share_asked share_answers_asked(const struct share_answers *answers, const struct share_request *request)
{
	const struct kept *kept = &answers->kept;
	uint8_t count = request->try & SHARE_COUNT;

	if (!kept->any || kept->op != request->op || kept->sequence != request->sequence || kept->crc != request->crc)
		return SHARE_ASKED_NEW;
	if (request->op == SHARE_HELLO && !count)
		return SHARE_ASKED_NEW;
	return count == kept->count ? SHARE_ASKED_ANSWERED : SHARE_ASKED_AGAIN;
}

/* --- An answer, as a request brings it --- */

void share_answers_begin(struct share_answers *answers, const struct share_request *request)
{
	struct kept *kept = &answers->kept;

	memset(kept, 0, offsetof(struct kept, content)); /* not the bytes of its content */
	kept->any = true;
	kept->op = request->op;
	kept->sequence = request->sequence;
	kept->crc = request->crc;
	kept->parts = request->try & SHARE_PARTS && request->op != SHARE_LIST;
}

void share_answers_put8(struct share_answers *answers, uint8_t value)
{
	answers->kept.head[answers->kept.head_len++] = value;
}

void share_answers_put32(struct share_answers *answers, uint64_t value)
{
	struct kept *kept = &answers->kept;

	le_put32(kept->head + kept->head_len, value < UINT32_MAX ? value : UINT32_MAX);
	kept->head_len += 4;
}

size_t share_answers_plain_room(const struct share_answers *answers)
{
	size_t room = answers->block - ANSWER_HEAD - answers->kept.head_len - DATA_HEAD;

	return room < PACKER_INPUT_MAX ? room : PACKER_INPUT_MAX;
}

size_t share_answers_room(const struct share_answers *answers, size_t wanted)
{
	size_t plain = share_answers_plain_room(answers), room = answers->deflates ? PACKER_INPUT_MAX : plain;

	/* A board asks for its block; a little less than that fits also where it cannot be deflated. */
	if (wanted > plain && wanted - plain < plain / 8)
		return plain;
	if (answers->kept.parts)
		room = SHARE_PARTS_MAX * plain;
	return wanted < room ? wanted : room;
}

uint8_t *share_answers_content(struct share_answers *answers)
{
	return answers->kept.content;
}

void share_answers_set_content(struct share_answers *answers, size_t len, bool at_end)
{
	answers->kept.has_data = true;
	answers->kept.content_len = len;
	answers->kept.at_end = at_end;
}

void share_answers_end(struct share_answers *answers, int err)
{
	answers->kept.err = err;
	answers->kept.interrupt = answers->run.interrupt;
	answers->run = (struct run){0};
}

/* --- A run of SHARE_WRITE --- */

bool share_answers_run_is_over(const struct share_answers *answers, uint8_t sequence)
{
	return answers->kept.any && (uint8_t)(answers->kept.sequence - sequence) <= SHARE_RUN_MAX;
}

unsigned share_answers_run_count(struct share_answers *answers, uint8_t sequence, unsigned before)
{
	struct run *run = &answers->run;
	uint8_t first = (uint8_t)(sequence - before);

	if (run->first != first)
		*run = (struct run){.first = first};
	return run->count;
}

void share_answers_run_add(struct share_answers *answers, int err)
{
	answers->run.count++;
	answers->run.err = err;
}

int share_answers_run_error(const struct share_answers *answers)
{
	return answers->run.err;
}

void share_answers_give_gap(struct share_answers *answers, const struct share_request *request, bool interrupt,
			    struct share_answer *answer)
{
	struct run *run = &answers->run;
	unsigned behind = 1u + (request->try & SHARE_COUNT);

	if (run->told == behind)
		return;
	run->told = behind;
	run->interrupt |= interrupt;
	answer->type = AGENT_NAK;
	answer->len = ANSWER_HEAD + 1;
	answer->payload[0] = request->try;
	answer->payload[1] = run->interrupt ? SHARE_INTERRUPT : 0;
	answer->payload[2] = (uint8_t)run->count;
}

/* --- What goes back --- */

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
		next += SHARE_ENTRY_HEAD + kept->content[at + SHARE_ENTRY_HEAD - 1];
	}
	return next <= room ? next : at;
}

/* Writes DATA, what was not given of the kept content as far as it fits, to OUT of ROOM bytes. Returns its length; adds to FLAGS. */
static size_t put_data(struct share_answers *answers, uint8_t *out, size_t room, uint8_t *flags)
{
	struct kept *kept = &answers->kept;
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
		packed = packer_pack(answers->packer, content, len, out + DATA_HEAD, room);
	le_put16(out, packed.taken);
	kept->given += packed.taken;
	*flags |= (packed.deflated ? SHARE_DEFLATED : 0) | (packed.reset ? SHARE_RESET : 0) |
		  (kept->at_end && kept->given == kept->content_len ? SHARE_LAST : 0);
	return DATA_HEAD + packed.len;
}

/* Makes ANSWER's payload the next part of what is kept. */
static void put_part(struct share_answers *answers, struct share_answer *answer)
{
	struct kept *kept = &answers->kept;
	uint8_t *out = answer->payload, flags = (uint8_t)(kept->part * SHARE_PART) | (kept->interrupt ? SHARE_INTERRUPT : 0);

	answer->type = AGENT_DONE;
	answer->len = ANSWER_HEAD;
	if (!kept->part) {
		memcpy(out + answer->len, kept->head, kept->head_len);
		answer->len += kept->head_len;
	}
	if (kept->has_data)
		answer->len += put_data(answers, out + answer->len, answers->reach - answer->len, &flags);
	if (kept->parts && kept->given < kept->content_len && ++kept->part < SHARE_PARTS_MAX)
		answer->type = AGENT_MORE;
	out[0] = kept->try;
	out[1] = flags;
}

/* Makes ANSWER's payload what is kept, from its beginning, for a request with TRY. */
static void put_answer(struct share_answers *answers, uint8_t try, struct share_answer *answer)
{
	struct kept *kept = &answers->kept;

	kept->try = try;
	kept->given = kept->part = 0;
	if (!kept->err) {
		put_part(answers, answer);
		return;
	}
	answer->type = AGENT_FAILED;
	answer->payload[0] = try;
	answer->payload[1] = kept->interrupt ? SHARE_INTERRUPT : 0;
	le_put32(answer->payload + ANSWER_HEAD, (uint32_t)-kept->err);
	answer->len = ANSWER_HEAD + 4;
}

/*
 * An answer that is asked again was probably damaged, and a shorter one comes through more easily: a quarter of it each time. After that
 * each request, which says that one has come through, allows a little more again.
 */
static void adapt_reach(struct share_answers *answers, bool again)
{
	size_t reach = again ? answers->reach / 4 : answers->reach + answers->block / 16;

	if (reach < SHARE_ANSWERS_BLOCK_MIN)
		reach = SHARE_ANSWERS_BLOCK_MIN;
	answers->reach = reach < answers->block ? reach : answers->block;
}

void share_answers_give(struct share_answers *answers, const struct share_request *request, enum share_asked asked,
			bool interrupt, struct share_answer *answer)
{
	bool again = asked == SHARE_ASKED_AGAIN;

	adapt_reach(answers, again);
	answers->kept.count = request->try & SHARE_COUNT;
	answers->kept.interrupt |= interrupt;
	if (answers->packer && (again || request->try & SHARE_FRESH))
		packer_reset(answers->packer);
	put_answer(answers, request->try, answer);
}

void share_answers_go_on(struct share_answers *answers, struct share_answer *answer)
{
	put_part(answers, answer);
}
