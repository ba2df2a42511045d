/* SPDX-License-Identifier: MIT */
/*
 * share_client: the board's side of SHARE in agent/protocol.h, without a board: it puts requests together, and takes answers apart as
 * strictly as a board has to. No test library: the fuzzer uses it, too.
 */
#ifndef UNIT_SHARE_CLIENT_H
#define UNIT_SHARE_CLIENT_H

#include <zlib.h>

#include "share/share_server.h"

enum {
	SHARE_CLIENT_BAD = -1000,    /* the answer is not what protocol.h says */
	SHARE_CLIENT_SILENT = -1001, /* there was none */
	SHARE_CLIENT_GAP = -1002,    /* of the run of writes before it only `have` have come */
};

struct share_client {
	struct share_server *server;
	uint16_t block, wanted;
	uint8_t op, sequence;
	uint8_t payload[SHARE_PAYLOAD_MAX]; /* of the request */
	size_t len;
	bool interrupt; /* with which the server is asked */
	bool parts;     /* answers may come in parts */
	uint8_t try;    /* how often what begins now was asked before */
	struct share_answer answer;
	uint8_t flags;       /* of the answer */
	const uint8_t *body; /* what is unread of it */
	size_t left;
	uint8_t data[UINT16_MAX]; /* what came as DATA, inflated */
	size_t data_len;
	unsigned part_count; /* in so many frames */
	unsigned have;
	int bits;
	bool streaming; /* STREAM is in use */
	z_stream stream;
};

/* Says SHARE_HELLO: BLOCK and window BITS. Returns as share_client_ask. The client is zeros before, or was closed. */
int share_client_open(struct share_client *client, struct share_server *server, uint16_t block, int bits);
void share_client_close(struct share_client *client);

/* A new request: its payload has TRY. What does not fit is left out. */
void share_client_begin(struct share_client *client, uint8_t op);
void share_client_put(struct share_client *client, const void *bytes, size_t len);
void share_client_put8(struct share_client *client, uint8_t value);
void share_client_put16(struct share_client *client, uint16_t value);
void share_client_put32(struct share_client *client, uint32_t value);
void share_client_text(struct share_client *client, const char *text);

/* Sends the request. Returns 0, what failed as a negative errno, SHARE_CLIENT_BAD or SHARE_CLIENT_SILENT. */
int share_client_ask(struct share_client *client);

/* The same request once more, with the next TRY. */
int share_client_ask_again(struct share_client *client);

/* Of the answer. Behind its end, 0 and a `left` of SIZE_MAX. */
uint8_t share_client_get8(struct share_client *client);
uint16_t share_client_get16(struct share_client *client);
uint32_t share_client_get32(struct share_client *client);

/* Takes the DATA that ends the answer into `data`, with all other parts of it. Returns 0 or SHARE_CLIENT_BAD. */
int share_client_get_data(struct share_client *client);

/*
 * Whole requests to the share 0; the result is 0, or a count, or as that of share_client_ask. An answer with more or less in it than it
 * should have is SHARE_CLIENT_BAD.
 */
struct share_client_stat {
	uint8_t kind;
	uint32_t size, mtime;
};
int share_client_stat(struct share_client *client, const char *path, struct share_client_stat *stat);
/* MODE of enum share_open. What came of the content is in `data`. */
int share_client_file(struct share_client *client, uint8_t handle, uint8_t mode, const char *path);
/* Into `data`; fewer than `wanted` bytes does not mean the end, but SHARE_LAST in `flags` does. Returns how many. */
int share_client_read(struct share_client *client, uint8_t handle, uint32_t offset);
/* FLAGS of enum share_write; *SIZE, which can be NULL: of the file. */
int share_client_write(struct share_client *client, uint8_t handle, uint8_t flags, uint32_t offset, const void *bytes, size_t len,
		       uint32_t *size);
/* One of a run, which nobody answers, with BEFORE others before it: SHARE_CLIENT_SILENT. */
int share_client_write_more(struct share_client *client, uint8_t handle, unsigned before, uint32_t offset, const void *bytes,
			    size_t len);
int share_client_shut(struct share_client *client, uint8_t handle);
/* OP that has only a path: SHARE_MKDIR, SHARE_RMDIR, SHARE_REMOVE. */
int share_client_change(struct share_client *client, uint8_t op, const char *path);
int share_client_rename(struct share_client *client, const char *from, const char *to);
/* All names of PATH into NAMES of SIZE bytes: a directory with a slash, each with a space behind it. Returns how many exchanges. */
int share_client_list(struct share_client *client, const char *path, char *names, size_t size);

#endif
