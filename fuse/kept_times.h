/* SPDX-License-Identifier: MIT */
/*
 * kept_times: the times that the board cannot keep, kept on this computer.
 *
 * A board's clock is often wrong or missing, it has no utime, and LittleFS gives directories no time at all. So what the mount
 * writes carries this computer's time, remembered here by path, together with what the board said of the file then. When the
 * board says something else, the file is not the one that was remembered, and its times do not count. Between two mounts they
 * are bytes in a file (times_codec.h, times_store.h).
 *
 * What tells that it is the same is evidence (times_evidence.h). It costs next to nothing when the mount writes: the content is
 * here, and is hashed here, and names are counted as they come and go. To compare it costs the board's time. So it is compared
 * once in a mount, only for what is asked for and has an entry, and files in small groups, each together with others of its
 * directory (file_times.h).
 *
 * A file's time on the board becomes evidence when the board answers some seconds after it was written: so somebody has to ask
 * for an answer now and then (kept_times_wants_look), and what was not asked in time is compared by content.
 *
 * Any thread may call; nothing blocks. Paths are those of board/board.h, below the mount's root; entries are kept by the path on
 * the board, so that mounts with another `root=` share them, and leave alone what they do not see.
 */
#ifndef FUSE_KEPT_TIMES_H
#define FUSE_KEPT_TIMES_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include "board/board.h"
#include "fuse/listing.h"

struct kept_times;

struct kept_times_pair {
	struct timespec atime, mtime;
};

/*
 * An empty memory in *OUT, to be freed with kept_times_close, for a mount whose top is directory ROOT of the board ("" or NULL:
 * "/"). BOARD, which outlives it, is only asked for its session (may be NULL). NOW is a clock that nobody sets, in microseconds
 * (NULL: CLOCK_MONOTONIC). Returns 0 or -ENOMEM.
 */
int kept_times_open(struct kept_times **out, struct board *board, const char *root, int64_t (*now)(void));

/* Frees TIMES; NULL is accepted. */
void kept_times_close(struct kept_times *times);

/* Whether kept_times_put_written has a use for the content's hash of file ON_BOARD. */
bool kept_times_wants_hash(const struct board_stat *on_board);

/*
 * Remembers PAIR for PATH, of which the board says ON_BOARD now; its content is what it was. Where there is no memory the entry
 * is lost: the board's own time shows then.
 */
void kept_times_put(struct kept_times *times, const char *path, const struct board_stat *on_board,
		    const struct kept_times_pair *pair);

/* The same for a file that was written: HASH (BOARD_HASH_SIZE bytes) is its content's; NULL: not known. */
void kept_times_put_written(struct kept_times *times, const char *path, const struct board_stat *on_board,
			    const struct kept_times_pair *pair, const uint8_t *hash);

/* The same for a directory that was made, and is empty. */
void kept_times_put_made(struct kept_times *times, const char *path, const struct kept_times_pair *pair);

enum kept_times_change { KEPT_TIMES_WENT = -1, KEPT_TIMES_STAYED = 0, KEPT_TIMES_CAME = 1 };

/* The last name of PATH has come into its directory, or gone, or now means another file, at NOW: the directory's time from now on. */
void kept_times_note_name(struct kept_times *times, const char *path, enum kept_times_change change, const struct timespec *now);

enum kept_times_answer {
	KEPT_TIMES_NONE,  /* nothing is remembered that counts */
	KEPT_TIMES_FOUND, /* the pair was filled */
	KEPT_TIMES_ASK,   /* kept_times_group for a file, kept_times_listed for a directory, and then once more */
};

/* What is remembered for PATH, into *PAIR, if the board says of it now (ON_BOARD) what it said then. *PAIR is left alone otherwise. */
enum kept_times_answer kept_times_get(struct kept_times *times, const char *path, const struct board_stat *on_board,
				      struct kept_times_pair *pair);

/* Counts what is put, and names that are noted: for kept_times_listed. */
uint64_t kept_times_moment(struct kept_times *times);

/*
 * LISTING is all that is in directory PATH, not older than MOMENT; one from before a reset of the board tells nothing. What is
 * remembered of files that are not there any more is forgotten, and the directory's times count, or no more, unless they are
 * newer than MOMENT.
 */
void kept_times_listed(struct kept_times *times, const char *path, const struct listing *listing, uint64_t moment);

/* What the board is to be asked for. */
struct kept_times_question {
	char *path; /* to be freed */
	bool is_dir;
	uint64_t size;
	uint64_t moment; /* kept_times_moment when it was made */
};

/* File PATH, and files beside it, that have to be compared: up to MOST of them, as much as takes the board a moment. Returns how many. */
size_t kept_times_group(struct kept_times *times, const char *path, struct kept_times_question *questions, size_t most);

/* What could not be kept past this mount as it is, because evidence is missing: up to MOST files and directories. Returns how many. */
size_t kept_times_unproved(struct kept_times *times, struct kept_times_question *questions, size_t most);

/* The answer on a file: HASH (BOARD_HASH_SIZE bytes), or NULL: it is not there, or not as long. After a reset it tells nothing. */
void kept_times_answer(struct kept_times *times, const struct kept_times_question *question, const uint8_t *hash);

/* Now, by the clock of kept_times_open. */
int64_t kept_times_now(struct kept_times *times);

/* Whether the board's next answer will prove of some files that their times on the board tell, so that it is to be asked for one. */
bool kept_times_wants_look(struct kept_times *times);

/* The board has answered what it was asked at ASKED (kept_times_now). */
void kept_times_looked(struct kept_times *times, int64_t asked);

/*
 * In how many microseconds an answer of the board will have proved that of all files for which it matters past this mount; 0: it
 * matters for none. HASHES: the board computes hashes, so it matters only for those whose content nobody knows or may compare.
 */
int64_t kept_times_wait(struct kept_times *times, bool hashes);

/* Forgets PATH and all below it. */
void kept_times_remove(struct kept_times *times, const char *path);

/* What is remembered for FROM and all below it belongs to TO now; what was remembered for TO is forgotten. */
void kept_times_rename(struct kept_times *times, const char *from, const char *to);

/* Another number than before says that what kept_times_encode would make has changed. */
uint64_t kept_times_changes(struct kept_times *times);

/* All that can be kept past this mount, for BOARD, into *BYTES of *LEN, to be freed. Returns 0 or -ENOMEM. */
int kept_times_encode(struct kept_times *times, const char *board, uint8_t **bytes, size_t *len);

/* Takes over what kept_times_encode made, into a memory that is empty. Returns 0, -EBADMSG (nothing was taken over), or -ENOMEM. */
int kept_times_decode(struct kept_times *times, const char *board, const uint8_t *bytes, size_t len);

#endif
