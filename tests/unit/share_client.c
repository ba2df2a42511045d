/* SPDX-License-Identifier: MIT */
#include "tests/unit/share_client.h"

#include <string.h>

#include "base/le.h"

int share_client_open(struct share_client *client, struct share_server *server, uint16_t block, int bits)
{
	client->server = server;
	client->block = block;
	client->bits = bits;
	client->wanted = block;
	share_client_begin(client, SHARE_HELLO);
	share_client_put16(client, block);
	share_client_put32(client, 100000);
	share_client_put8(client, (uint8_t)bits);
	return share_client_ask(client);
}

void share_client_close(struct share_client *client)
{
	if (client->streaming)
		inflateEnd(&client->stream);
	client->streaming = false;
}

void share_client_begin(struct share_client *client, uint8_t op)
{
	client->op = op;
	client->sequence++;
	client->payload[0] = client->try | (client->parts ? SHARE_PARTS : 0);
	client->len = 1;
}

void share_client_put(struct share_client *client, const void *bytes, size_t len)
{
	if (len > sizeof(client->payload) - client->len)
		len = sizeof(client->payload) - client->len;
	if (len)
		memcpy(client->payload + client->len, bytes, len);
	client->len += len;
}

void share_client_put8(struct share_client *client, uint8_t value)
{
	share_client_put(client, &value, 1);
}

void share_client_put16(struct share_client *client, uint16_t value)
{
	uint8_t bytes[2];

	le_put16(bytes, value);
	share_client_put(client, bytes, sizeof(bytes));
}

void share_client_put32(struct share_client *client, uint32_t value)
{
	uint8_t bytes[4];

	le_put32(bytes, value);
	share_client_put(client, bytes, sizeof(bytes));
}

void share_client_text(struct share_client *client, const char *text)
{
	share_client_put(client, text, strlen(text));
}

/* What the answer says: 0, an error, or that it is not what it has to be. */
static int read_answer(struct share_client *client)
{
	const struct share_answer *answer = &client->answer;

	if (!answer->type)
		return answer->len ? SHARE_CLIENT_BAD : SHARE_CLIENT_SILENT;
	if (answer->len < 2 || answer->len > client->block || answer->payload[0] != client->payload[0])
		return SHARE_CLIENT_BAD;
	client->flags = answer->payload[1];
	client->body = answer->payload + 2;
	client->left = answer->len - 2;
	if (answer->type == AGENT_MORE && !(client->payload[0] & SHARE_PARTS))
		return SHARE_CLIENT_BAD;
	if (answer->type == AGENT_DONE || answer->type == AGENT_MORE)
		return client->flags / SHARE_PART == client->part_count++ ? 0 : SHARE_CLIENT_BAD;
	if (answer->type == AGENT_NAK) {
		client->have = share_client_get8(client);
		return client->left ? SHARE_CLIENT_BAD : SHARE_CLIENT_GAP;
	}
	int32_t err = (int32_t)share_client_get32(client);
	return answer->type == AGENT_FAILED && !client->left && err > 0 && err < 200 ? -err : SHARE_CLIENT_BAD;
}

int share_client_ask(struct share_client *client)
{
	const struct frame request = {
		.type = client->op,
		.channel = SHARE_CHANNEL,
		.sequence = client->sequence,
		.len = (uint16_t)client->len,
		.payload = client->payload,
	};

	client->data_len = 0;
	client->part_count = 0;
	share_server_answer(client->server, &request, client->interrupt, &client->answer);
	return read_answer(client);
}

int share_client_ask_again(struct share_client *client)
{
	client->payload[0]++;
	return share_client_ask(client);
}

static const uint8_t *get(struct share_client *client, size_t len)
{
	static const uint8_t zeros[4];
	const uint8_t *at = client->body;

	if (client->left < len || client->left == SIZE_MAX) {
		client->left = SIZE_MAX;
		return zeros;
	}
	client->body += len;
	client->left -= len;
	return at;
}

uint8_t share_client_get8(struct share_client *client)
{
	return *get(client, 1);
}

uint16_t share_client_get16(struct share_client *client)
{
	return le_get16(get(client, 2));
}

uint32_t share_client_get32(struct share_client *client)
{
	return le_get32(get(client, 4));
}

/* Inflates what is left of the answer to LEN bytes, no more and no less. */
static int inflate_data(struct share_client *client, size_t len)
{
	z_stream *stream = &client->stream;

	if (client->flags & SHARE_RESET) {
		share_client_close(client);
		memset(stream, 0, sizeof(*stream));
		if (inflateInit2(stream, -client->bits) != Z_OK)
			return SHARE_CLIENT_BAD;
		client->streaming = true;
	}
	if (!client->streaming)
		return SHARE_CLIENT_BAD;
	stream->next_in = (Bytef *)(uintptr_t)client->body;
	stream->avail_in = (uInt)client->left;
	stream->next_out = client->data + client->data_len;
	stream->avail_out = (uInt)(sizeof(client->data) - client->data_len);
	uInt room = stream->avail_out;
	if (inflate(stream, Z_SYNC_FLUSH) != Z_OK || stream->avail_in || room - stream->avail_out != len)
		return SHARE_CLIENT_BAD;
	client->left = 0;
	return 0;
}

/* The DATA of one part, behind what came before. */
static int get_part(struct share_client *client)
{
	size_t len = share_client_get16(client);

	if (client->left == SIZE_MAX || (!len && (client->left || client->answer.type == AGENT_MORE)) ||
	    len > client->wanted - client->data_len)
		return SHARE_CLIENT_BAD;
	if (client->flags & SHARE_DEFLATED) {
		if (client->left >= len || inflate_data(client, len))
			return SHARE_CLIENT_BAD;
	} else {
		if (client->flags & SHARE_RESET || client->left != len)
			return SHARE_CLIENT_BAD;
		memcpy(client->data + client->data_len, get(client, len), len);
	}
	client->data_len += len;
	return 0;
}

int share_client_get_data(struct share_client *client)
{
	int result = get_part(client);

	while (!result && client->answer.type == AGENT_MORE) {
		if (client->flags & SHARE_LAST)
			return SHARE_CLIENT_BAD;
		share_server_go_on(client->server, &client->answer);
		result = read_answer(client);
		if (!result)
			result = get_part(client);
	}
	return result;
}

/* RESULT, unless it is 0 and something is left of the answer, or lacks. */
static int whole(const struct share_client *client, int result)
{
	return result == 0 && client->left ? SHARE_CLIENT_BAD : result;
}

int share_client_stat(struct share_client *client, const char *path, struct share_client_stat *stat)
{
	share_client_begin(client, SHARE_STAT);
	share_client_put8(client, 0);
	share_client_text(client, path);
	int result = share_client_ask(client);
	if (!result) {
		stat->kind = share_client_get8(client);
		stat->size = share_client_get32(client);
		stat->mtime = share_client_get32(client);
	}
	return whole(client, result);
}

int share_client_file(struct share_client *client, uint8_t handle, uint8_t mode, const char *path)
{
	share_client_begin(client, SHARE_OPEN);
	share_client_put8(client, 0);
	share_client_put8(client, handle);
	share_client_put8(client, mode);
	share_client_put16(client, client->wanted);
	share_client_text(client, path);
	int result = share_client_ask(client);
	if (!result) {
		share_client_get32(client);
		share_client_get32(client);
		result = share_client_get_data(client);
	}
	return whole(client, result);
}

int share_client_read(struct share_client *client, uint8_t handle, uint32_t offset)
{
	share_client_begin(client, SHARE_READ);
	share_client_put8(client, handle);
	share_client_put32(client, offset);
	share_client_put16(client, client->wanted);
	int result = share_client_ask(client);
	if (!result)
		result = share_client_get_data(client);
	if (!result && !client->data_len && !(client->flags & SHARE_LAST))
		result = SHARE_CLIENT_BAD;
	return result ? result : (int)client->data_len;
}

int share_client_write(struct share_client *client, uint8_t handle, uint8_t flags, uint32_t offset, const void *bytes, size_t len,
		       uint32_t *size)
{
	share_client_begin(client, SHARE_WRITE);
	share_client_put8(client, handle);
	share_client_put8(client, flags);
	share_client_put32(client, offset);
	share_client_put(client, bytes, len);
	int result = share_client_ask(client);
	uint32_t told = result ? 0 : share_client_get32(client);
	if (size)
		*size = told;
	return whole(client, result);
}

int share_client_write_more(struct share_client *client, uint8_t handle, unsigned before, uint32_t offset, const void *bytes,
			    size_t len)
{
	return share_client_write(client, handle, (uint8_t)(SHARE_WRITE_MORE | before << 4), offset, bytes, len, NULL);
}

int share_client_shut(struct share_client *client, uint8_t handle)
{
	share_client_begin(client, SHARE_CLOSE);
	share_client_put8(client, handle);
	return whole(client, share_client_ask(client));
}

int share_client_change(struct share_client *client, uint8_t op, const char *path)
{
	share_client_begin(client, op);
	share_client_put8(client, 0);
	share_client_text(client, path);
	return whole(client, share_client_ask(client));
}

int share_client_rename(struct share_client *client, const char *from, const char *to)
{
	share_client_begin(client, SHARE_RENAME);
	share_client_put8(client, 0);
	share_client_put16(client, (uint16_t)strlen(from));
	share_client_text(client, from);
	share_client_text(client, to);
	return whole(client, share_client_ask(client));
}

/* Adds the entries in `data` to NAMES; the last is left in AFTER. Returns 0 or SHARE_CLIENT_BAD. */
static int add_entries(const struct share_client *client, char *names, size_t size, char *after)
{
	size_t used = strlen(names);

	for (size_t at = 0, len; at < client->data_len; at += 6 + len) {
		if (client->data_len - at < 6)
			return SHARE_CLIENT_BAD;
		len = client->data[at + 5];
		if (!len || client->data_len - at < 6 + len || used + len + 3 > size)
			return SHARE_CLIENT_BAD;
		memcpy(after, client->data + at + 6, len);
		after[len] = '\0';
		used = (size_t)(stpcpy(stpcpy(names + used, after), client->data[at] == SHARE_DIRECTORY ? "/ " : " ") - names);
	}
	return 0;
}

int share_client_list(struct share_client *client, const char *path, char *names, size_t size)
{
	char after[256] = "";
	int result, exchanges = 0;

	*names = '\0';
	do {
		share_client_begin(client, SHARE_LIST);
		share_client_put8(client, 0);
		share_client_put16(client, client->wanted);
		share_client_put8(client, (uint8_t)strlen(after));
		share_client_text(client, after);
		share_client_text(client, path);
		result = share_client_ask(client);
		if (!result)
			result = share_client_get_data(client);
		if (!result)
			result = add_entries(client, names, size, after);
		if (!result && !client->data_len && !(client->flags & SHARE_LAST))
			result = SHARE_CLIENT_BAD;
		exchanges++;
	} while (!result && !(client->flags & SHARE_LAST));
	return result ? result : exchanges;
}
