/* SPDX-License-Identifier: MIT */
/*
 * times_evidence: what tells that a file or directory of the board is the one that was remembered, when nobody watched it for a
 * while: after a new mount, and after a reset of the board.
 *
 *   - A file: its size, and its time on the board.
 *   - A file whose time on the board tells nothing: its size, and the SHA-256 of its content. That is so where there is no time
 *     (LittleFS 1), and where it lies in the first minute of a year: a clock that nobody has set starts there at each power-up
 *     (ports/rp2/main.c, ports/stm32/rtc.c, and both epochs), and a program that writes a file soon after comes to the same
 *     second again. Past that minute a coincidence is possible and not looked for, as it is for a clock that was set back.
 *   - A file whose time on the board is FRESH: the same. The board's time goes in steps, of two seconds on FAT and of one on
 *     LittleFS 2: a program that rewrites a file in the step in which the mount wrote it leaves the same size and time. So a
 *     time tells nothing until it was seen that its step is over: the board has answered TIMES_EVIDENCE_STEP_US after the file
 *     was written, by this computer's monotonic clock, and was never out of sight in between. Whoever wrote while nobody
 *     watched can only have done it after that. Where the mount ended or the board was reset before, the time stays fresh, also
 *     over several such mounts. Only when the content was compared is it known that nobody wrote before this mount, or before
 *     the board came back; and so the step is over when the board has answered so long after that.
 *   - A directory: the names in it, in either case. LittleFS has no time for it, and FAT never changes it.
 *
 * Of files longer than TIMES_EVIDENCE_HASH_MAX, whose content would take seconds, nothing is kept where their content would
 * have to tell: better a file that is copied once more than a change that is missed. A mount that ends waits for the step's end
 * with such a file (file_times.h), so that it is lost only where the board is reset, or the mount killed, within seconds after
 * it was written.
 *
 *               put, of which evidence is known                       load, reset of the board
 *   (new) ------------------------------------> PROVED <------------------------------------------> TO_CHECK
 *     | put                                       ^               the evidence is the same             |
 *     +-------------> UNPROVED -------------------+                                                    | it is not
 *                        |        evidence comes                                                       v
 *                        +------------------------------ reset of the board ---------------------> (forgotten)
 *
 * What is FRESH is no more when it was UNPROVED or PROVED all the time until its step was over.
 *
 * Plain data; one thread at a time.
 */
#ifndef FUSE_TIMES_EVIDENCE_H
#define FUSE_TIMES_EVIDENCE_H

#include <stdbool.h>
#include <stdint.h>

#include "board/board.h"
#include "fuse/times_codec.h"

enum {
	TIMES_EVIDENCE_HASH_MAX = 1 << 20, /* bytes of a file whose content is compared */
	TIMES_EVIDENCE_STEP_US = 3000000,  /* of the board's time: FAT's two seconds, and one more, as clocks go wrong */
};

enum times_evidence_proof { TIMES_UNPROVED, TIMES_TO_CHECK, TIMES_PROVED };

/* All zero: UNPROVED, of an empty file. */
struct times_evidence {
	struct board_stat on_board; /* what the board said */
	enum times_evidence_proof proof;
	bool fresh;                   /* of a file; from `since` on it is watched, unless it is TO_CHECK */
	int64_t since;                /* microseconds */
	uint64_t names;               /* of a directory: the sum of its names' hashes */
	uint8_t hash[TIMES_EVIDENCE]; /* of a file: the start of its content's SHA-256 */
};

/* What NAME adds to the sum of a directory's names: the same in either case, as it is not always typed as a FAT has it. */
uint64_t times_evidence_hash_name(const char *name);

/* Whether the content of file ON_BOARD, which was written just now, may have to tell, and may be compared. */
bool times_evidence_wants_hash(const struct board_stat *on_board);

/* Whether the board says ON_BOARD of what EVIDENCE is about, too. */
bool times_evidence_is_about(const struct times_evidence *evidence, const struct board_stat *on_board);

/* Whether more than what the board says has to tell: the content, or the names. */
bool times_evidence_is_wanted(const struct times_evidence *evidence);

/* The board says ON_BOARD at NOW. WRITTEN: what was known of the content or the names does not count any more. */
void times_evidence_put(struct times_evidence *evidence, const struct board_stat *on_board, bool written, int64_t now);

/* It is PROVED: HASH (BOARD_HASH_SIZE bytes) is the content's; or NAMES is the sum of the names' hashes. */
void times_evidence_set_hash(struct times_evidence *evidence, const uint8_t *hash);
void times_evidence_set_names(struct times_evidence *evidence, uint64_t names);

/*
 * The board's file has HASH, its directory has NAMES. Returns whether that is what was remembered, if it was: it is PROVED
 * then. The board has been in sight since WATCHED.
 */
bool times_evidence_check_hash(struct times_evidence *evidence, const uint8_t *hash, int64_t watched);
bool times_evidence_check_names(struct times_evidence *evidence, uint64_t names);

/* The board was out of sight: what it has may be something else now. Returns false when nothing will tell. */
bool times_evidence_doubt(struct times_evidence *evidence);

/* When the board has to have answered so that the file's time tells, where that changes anything; INT64_MAX: it changes nothing. */
int64_t times_evidence_due(const struct times_evidence *evidence);

/* The board has answered at SEEN or later. */
void times_evidence_age(struct times_evidence *evidence, int64_t seen);

/* Whether the content has to be compared, and may be. */
bool times_evidence_is_to_compare(const struct times_evidence *evidence);

/* Whether something is UNPROVED that the board could be asked for. */
bool times_evidence_is_missing(const struct times_evidence *evidence);

/* Whether something will tell in the next mount. */
bool times_evidence_can_be_kept(const struct times_evidence *evidence);

/* EVIDENCE into what is kept of an entry, and back. */
void times_evidence_encode(const struct times_evidence *evidence, struct times_entry *out);
void times_evidence_decode(struct times_evidence *evidence, const struct times_entry *in);

#endif
