/* SPDX-License-Identifier: MIT */
#include "board/reading.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/le.h"
#include "board/requests.h"

enum {
	READS_MAX = 64,  /* requests that one reading_read hands over at a time */
	HASHES_MAX = 16, /* the same of reading_hash */
};

/* Up to READS_MAX blocks of a file, all handed over before the first is waited for, so that the line never rests. */
static ssize_t read_blocks(struct board_agent *board, const char *path, uint8_t *buf, size_t len, uint64_t offset, bool bulk)
{
	struct exchange_request requests[READS_MAX];
	uint8_t *payloads[READS_MAX];
	size_t block = requests_block_size(board);
	size_t count = 0;
	ssize_t got = 0;
	int error = 0;
	bool end = false;

	memset(requests, 0, sizeof(requests));
	for (size_t at = 0; at < len && count < READS_MAX; at += block, count++) {
		struct exchange_request *request = &requests[count];

		payloads[count] = requests_payload(board, 8, path, &request->len);
		if (!payloads[count])
			break;
		request->op = AGENT_READ;
		request->bulk = bulk;
		request->answer = buf + at;
		request->answer_room = len - at < block ? len - at : block;
		request->payload = payloads[count];
		le_put32(payloads[count], offset + at);
		le_put32(payloads[count] + 4, request->answer_room);
		agent_submit(board->agent, request);
	}
	ahead_go(board->ahead);
	for (size_t i = 0; i < count; i++) {
		agent_wait(board->agent, &requests[i]);
		int failed = requests_outcome(board, &requests[i], path);
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

ssize_t reading_read(struct board_agent *board, const char *path, void *buf, size_t len, uint64_t offset)
{
	size_t most = requests_block_size(board) * READS_MAX;
	bool bulk = offset || len > requests_block_size(board);
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

void reading_ahead(struct board_agent *board, const char *path, uint64_t size)
{
	size_t len;

	if (size > requests_block_size(board))
		return;
	uint8_t *payload = requests_payload(board, 8, path, &len);
	if (!payload)
		return;
	le_put32(payload + 4, size);
	ahead_wish(board->ahead, path, payload, len, size);
}

/* Up to HASHES_MAX files, all handed over before the first is waited for. */
static void hash_some(struct board_agent *board, struct board_hash *files, size_t count)
{
	struct exchange_request requests[HASHES_MAX];
	uint8_t answers[HASHES_MAX][REQUESTS_HASH_SIZE], *payloads[HASHES_MAX];

	memset(requests, 0, sizeof(requests));
	for (size_t i = 0; i < count; i++) {
		payloads[i] = files[i].size > UINT32_MAX ? NULL : requests_payload(board, 4, files[i].path, &requests[i].len);
		if (!payloads[i])
			continue;
		le_put32(payloads[i], files[i].size);
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
		files[i].result = requests_outcome(board, &requests[i], files[i].path);
		if (!files[i].result)
			files[i].result = requests_get_hash(board, answers[i], requests[i].answer_len, NULL, files[i].hash);
		free(payloads[i]);
	}
}

int reading_hash(struct board_agent *board, struct board_hash *files, size_t count)
{

	if (!board->hashes)
		return -EOPNOTSUPP;
	for (size_t at = 0; at < count; at += HASHES_MAX)
		hash_some(board, files + at, count - at < HASHES_MAX ? count - at : HASHES_MAX);
	return 0;
}
