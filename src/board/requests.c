/* SPDX-License-Identifier: MIT */
#include "board/requests.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>

#include "base/le.h"
#include "board/board_errno.h"

size_t requests_block_size(struct board_agent *board)
{
	return agent_session(board->agent).block;
}

uint8_t *requests_payload(struct board_agent *board, size_t head, const char *path, size_t *len)
{
	size_t root = strlen(board->root);
	size_t rest = root && !strcmp(path, "/") ? 0 : strlen(path);

	*len = head + root + rest;
	if (*len > requests_block_size(board))
		return NULL;
	uint8_t *payload = calloc(1, *len);
	if (payload) {
		memcpy(payload + head, board->root, root);
		memcpy(payload + head + root, path, rest);
	}
	return payload;
}

int requests_outcome(struct board_agent *board, const struct exchange_request *request, const char *path)
{
	if (request->result != -EREMOTEIO)
		return request->result;
	int error = board_errno_to_host(request->board_errno);
	if (error == -EIO)
		board_agent_log(board, LOG_ERR, "%s: the board failed at %s (%c): %s", board->device, path, request->op,
				request->words);
	return error;
}

int requests_call(struct board_agent *board, struct exchange_request *request, const char *path)
{
	if (request->kind == EXCHANGE_CHANGES)
		room_spend(&board->room, 0);
	agent_call(board->agent, request);
	return requests_outcome(board, request, path);
}

int requests_call_path(struct board_agent *board, uint8_t op, enum exchange_kind kind, const void *head, size_t head_len,
		       const char *path, uint8_t *answer, size_t room, size_t *answer_len)
{
	struct exchange_request request = {.op = op, .kind = kind, .answer = answer, .answer_room = room};
	uint8_t *payload = requests_payload(board, head_len, path, &request.len);

	if (!payload)
		return -ENAMETOOLONG;
	if (head_len)
		memcpy(payload, head, head_len);
	request.payload = payload;
	int error = requests_call(board, &request, path);
	free(payload);
	if (!error && answer_len)
		*answer_len = request.answer_len;
	return error;
}

/* OP changes nothing, and PATH says all. */
static int ask(struct board_agent *board, uint8_t op, const char *path, uint8_t *answer, size_t room, size_t *len)
{
	return requests_call_path(board, op, EXCHANGE_READS, NULL, 0, path, answer, room, len);
}

void requests_get_stat(const struct board_agent *board, const uint8_t *p, struct board_stat *out)
{
	listing_stat(p, board->epoch, out);
}

int requests_stat(struct board_agent *board, const char *path, struct board_stat *out)
{
	uint8_t answer[REQUESTS_STAT_SIZE];
	size_t len = 0;
	int error = ask(board, AGENT_STAT, path, answer, sizeof(answer), &len);

	if (error)
		return error;
	if (len != sizeof(answer))
		return -EIO;
	requests_get_stat(board, answer, out);
	return 0;
}

int requests_statfs(struct board_agent *board, const char *path, struct board_statfs *out)
{
	uint8_t answer[20];
	size_t len = 0;
	int error = ask(board, AGENT_STATVFS, path, answer, sizeof(answer), &len);

	if (error)
		return error;
	if (len != sizeof(answer))
		return -EIO;
	uint32_t block = le_get32(answer), fragment = le_get32(answer + 4);
	out->block_size = fragment ? fragment : block ? block : 1;
	out->blocks = le_get32(answer + 8);
	/* LittleFS counts below zero when it is full. */
	out->blocks_free = le_get32(answer + 12) <= out->blocks ? le_get32(answer + 12) : 0;
	out->name_max = le_get32(answer + 16) && le_get32(answer + 16) < 255 ? le_get32(answer + 16) : 255;
	return 0;
}

int requests_list(struct board_agent *board, const char *path, uint8_t **answer, size_t *len)
{
	struct exchange_request request = {.op = AGENT_LIST, .parts = true, .grow = true};
	uint8_t *payload = requests_payload(board, 0, path, &request.len);

	*answer = NULL;
	*len = 0;
	if (!payload)
		return -ENAMETOOLONG;
	request.payload = payload;
	int error = requests_call(board, &request, path);
	free(payload);
	*answer = request.answer;
	*len = request.answer_len;
	return error;
}

int requests_get_hash(const struct board_agent *board, const uint8_t *p, size_t len, struct board_stat *out,
		      uint8_t hash[BOARD_HASH_SIZE])
{
	if (len != REQUESTS_HASH_SIZE)
		return -ESTALE;
	if (out)
		requests_get_stat(board, p, out);
	memcpy(hash, p + REQUESTS_STAT_SIZE, BOARD_HASH_SIZE);
	return 0;
}

int requests_hash(struct board_agent *board, const char *path, uint64_t size, struct board_stat *out,
		  uint8_t hash[BOARD_HASH_SIZE])
{
	uint8_t head[4], answer[REQUESTS_HASH_SIZE];
	size_t len = 0;

	le_put32(head, size);
	int error = requests_call_path(board, AGENT_HASH, EXCHANGE_READS, head, sizeof(head), path, answer, sizeof(answer), &len);
	return error ? error : requests_get_hash(board, answer, len, out, hash);
}
