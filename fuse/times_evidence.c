/* SPDX-License-Identifier: MIT */
#include "fuse/times_evidence.h"

#include <string.h>
#include <time.h>

enum { UNSET_CLOCK = 60 /* seconds from the start of a year, in which a clock that nobody has set may come again */ };

/* FNV-1a of 64 bits. */
uint64_t times_evidence_hash_name(const char *name)
{
	uint64_t sum = 0xcbf29ce484222325u;

	for (; *name; name++) {
		unsigned char byte = (unsigned char)*name;

		if (byte >= 'A' && byte <= 'Z')
			byte = (unsigned char)(byte + ('a' - 'A'));
		sum = (sum ^ byte) * 0x100000001b3u;
	}
	return sum;
}

/* A time that a clock which nobody has set could show again after the next power-up, or none at all. */
static bool tells_nothing(int64_t mtime)
{
	time_t time = (time_t)mtime;
	struct tm tm;

	return mtime <= 0 || !gmtime_r(&time, &tm) ||
	       (tm.tm_yday == 0 && tm.tm_hour == 0 && tm.tm_min * 60 + tm.tm_sec < UNSET_CLOCK);
}

bool times_evidence_wants_hash(const struct board_stat *on_board)
{
	return !on_board->is_dir && on_board->size > 0 && on_board->size <= TIMES_EVIDENCE_HASH_MAX;
}

bool times_evidence_is_about(const struct times_evidence *evidence, const struct board_stat *on_board)
{
	const struct board_stat *was = &evidence->on_board;

	return was->is_dir == on_board->is_dir && (was->is_dir || (was->mtime == on_board->mtime && was->size == on_board->size));
}

bool times_evidence_is_wanted(const struct times_evidence *evidence)
{
	const struct board_stat *on_board = &evidence->on_board;

	return on_board->is_dir || (on_board->size > 0 && (evidence->fresh || tells_nothing(on_board->mtime)));
}

void times_evidence_put(struct times_evidence *evidence, const struct board_stat *on_board, bool written, int64_t now)
{
	bool other = written || !times_evidence_is_about(evidence, on_board);

	if (other)
		evidence->fresh = true;
	/* What has to be compared first is not known to be right, but for the times that it gets now. */
	if (other || evidence->proof != TIMES_PROVED) {
		evidence->proof = TIMES_UNPROVED;
		evidence->since = now;
	}
	evidence->on_board = *on_board;
}

void times_evidence_set_hash(struct times_evidence *evidence, const uint8_t *hash)
{
	memcpy(evidence->hash, hash, sizeof(evidence->hash));
	evidence->proof = TIMES_PROVED;
}

void times_evidence_set_names(struct times_evidence *evidence, uint64_t names)
{
	evidence->names = names;
	evidence->proof = TIMES_PROVED;
}

bool times_evidence_check_hash(struct times_evidence *evidence, const uint8_t *hash, int64_t watched)
{
	if (evidence->proof != TIMES_UNPROVED && memcmp(evidence->hash, hash, sizeof(evidence->hash)) != 0)
		return false;
	if (evidence->proof == TIMES_TO_CHECK)
		evidence->since = watched;
	times_evidence_set_hash(evidence, hash);
	return true;
}

bool times_evidence_check_names(struct times_evidence *evidence, uint64_t names)
{
	if (evidence->proof != TIMES_UNPROVED && evidence->names != names)
		return false;
	times_evidence_set_names(evidence, names);
	return true;
}

bool times_evidence_doubt(struct times_evidence *evidence)
{
	if (evidence->proof == TIMES_UNPROVED)
		return !times_evidence_is_wanted(evidence);
	evidence->proof = TIMES_TO_CHECK;
	return true;
}

int64_t times_evidence_due(const struct times_evidence *evidence)
{
	const struct board_stat *on_board = &evidence->on_board;

	if (!evidence->fresh || evidence->proof == TIMES_TO_CHECK || on_board->is_dir || on_board->size == 0 ||
	    tells_nothing(on_board->mtime))
		return INT64_MAX;
	return evidence->since + TIMES_EVIDENCE_STEP_US;
}

void times_evidence_age(struct times_evidence *evidence, int64_t seen)
{
	if (times_evidence_due(evidence) <= seen)
		evidence->fresh = false;
}

/* Whether the content has to tell, and can. */
static bool is_told_by_content(const struct times_evidence *evidence)
{
	return times_evidence_wants_hash(&evidence->on_board) && times_evidence_is_wanted(evidence);
}

bool times_evidence_is_to_compare(const struct times_evidence *evidence)
{
	return evidence->proof == TIMES_TO_CHECK && is_told_by_content(evidence);
}

bool times_evidence_is_missing(const struct times_evidence *evidence)
{
	return evidence->proof == TIMES_UNPROVED && (evidence->on_board.is_dir || is_told_by_content(evidence));
}

bool times_evidence_can_be_kept(const struct times_evidence *evidence)
{
	return evidence->proof != TIMES_UNPROVED || !times_evidence_is_wanted(evidence);
}

void times_evidence_encode(const struct times_evidence *evidence, struct times_entry *out)
{
	const struct board_stat *on_board = &evidence->on_board;
	size_t i;

	out->is_dir = on_board->is_dir;
	out->has_evidence = times_evidence_is_wanted(evidence);
	out->size = on_board->is_dir ? 0 : on_board->size;
	out->board_mtime = on_board->is_dir ? 0 : on_board->mtime;
	memset(out->evidence, 0, sizeof(out->evidence));
	if (!on_board->is_dir)
		memcpy(out->evidence, evidence->hash, sizeof(out->evidence));
	for (i = 0; on_board->is_dir && i < sizeof(evidence->names); i++)
		out->evidence[i] = (uint8_t)(evidence->names >> 8 * i);
}

void times_evidence_decode(struct times_evidence *evidence, const struct times_entry *in)
{
	size_t i;

	*evidence = (struct times_evidence){
		.on_board = {.is_dir = in->is_dir, .size = in->size, .mtime = in->board_mtime},
		.proof = in->has_evidence ? TIMES_TO_CHECK : TIMES_UNPROVED,
		.fresh = in->has_evidence,
	};
	memcpy(evidence->hash, in->evidence, sizeof(evidence->hash));
	for (i = 0; i < sizeof(evidence->names); i++)
		evidence->names |= (uint64_t)in->evidence[i] << 8 * i;
}
