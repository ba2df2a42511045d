/* SPDX-License-Identifier: MIT */
/*
 * requests: what board_agent asks the agent, one request at a time, in the words of agent/protocol.h. PATH is board.h's: the root that
 * the user chose comes before it here. All block until the board has answered, and any thread may call, as in agent/agent.h. All
 * return 0, -ENAMETOOLONG: the path is longer than the board takes, the board's errno as this computer's, or -EIO.
 */
#ifndef BOARD_REQUESTS_H
#define BOARD_REQUESTS_H

#include "board/board_agent_state.h"
#include "board/listing.h"

enum {
	REQUESTS_STAT_SIZE = LISTING_STAT_SIZE,                   /* bytes of STAT in the protocol */
	REQUESTS_HASH_SIZE = REQUESTS_STAT_SIZE + BOARD_HASH_SIZE /* bytes of the answer of AGENT_HASH */
};

/* The largest payload that the board takes now, in bytes. */
size_t requests_block_size(struct board_agent *board);

/*
 * A payload for agent_submit: HEAD bytes of zero for the caller to fill, and then PATH as the board knows it. *LEN is set to the length
 * of all. NULL: it is longer than the board takes, or there is no memory. free() it.
 */
uint8_t *requests_payload(struct board_agent *board, size_t head, const char *path, size_t *len);

/* What became of REQUEST, which is finished, as an errno. What has no better word than -EIO is told to the log, with the board's. */
int requests_outcome(struct board_agent *board, const struct exchange_request *request, const char *path);

/* Has the board do REQUEST, which is about PATH. */
int requests_call(struct board_agent *board, struct exchange_request *request, const char *path);

/*
 * Has the board do OP, with the HEAD_LEN bytes at HEAD and PATH as payload. The answer goes to ANSWER, of ROOM bytes, and its length,
 * on success, to *ANSWER_LEN (may be NULL).
 */
int requests_call_path(struct board_agent *board, uint8_t op, enum exchange_kind kind, const void *head, size_t head_len,
		       const char *path, uint8_t *answer, size_t room, size_t *answer_len);

/* The REQUESTS_STAT_SIZE bytes at P, from this board. */
void requests_get_stat(const struct board_agent *board, const uint8_t *p, struct board_stat *out);

/* AGENT_STAT. */
int requests_stat(struct board_agent *board, const char *path, struct board_stat *out);

/* AGENT_STATVFS. */
int requests_statfs(struct board_agent *board, const char *path, struct board_statfs *out);

/* AGENT_LIST: the LEN bytes of its answer, for listing.h, in *ANSWER, which is to be freed, also behind an error. */
int requests_list(struct board_agent *board, const char *path, uint8_t **answer, size_t *len);

/*
 * The LEN bytes at P as the answer of AGENT_HASH. Returns 0 with HASH, and *OUT (may be NULL) what the file is; or -ESTALE: the board
 * has another size there than it was asked for, or a directory.
 */
int requests_get_hash(const struct board_agent *board, const uint8_t *p, size_t len, struct board_stat *out,
		      uint8_t hash[BOARD_HASH_SIZE]);

/* AGENT_HASH of the file PATH, which is thought to have SIZE bytes (at most UINT32_MAX). Returns as requests_get_hash, too. */
int requests_hash(struct board_agent *board, const char *path, uint64_t size, struct board_stat *out,
		  uint8_t hash[BOARD_HASH_SIZE]);

#endif
