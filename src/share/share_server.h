/* SPDX-License-Identifier: MIT */
/*
 * share_server: the host's side of SHARE in agent/protocol.h. A request's frame in, an answer's payload out: it knows no line, no clock
 * and no board. The board is not trusted: whatever it asks, nothing outside the shares is read or changed, nothing blocks for ever,
 * and what it can make us keep is bounded. One thread.
 *
 *   share_server_open, _add for each directory, _set_program
 *   every frame of channel 1: _answer, and its payload goes back as a frame with the request's sequence number
 */
#ifndef SHARE_SHARE_SERVER_H
#define SHARE_SHARE_SERVER_H

#include <stdbool.h>
#include <stddef.h>

#include "agent/frame.h"
#include "share/share_answers.h"
#include "share/share_tree.h"

struct share_server;

enum {
	SHARE_SERVER_SHARES = 16,
};

/* NULL: no memory. */
struct share_server *share_server_open(void);

/* Closes the trees and all files. NULL is accepted. */
void share_server_close(struct share_server *server);

/*
 * Adds TREE, which is the server's from now on, also when this fails: the first is share 0. Returns its number, or -EMFILE when there are
 * SHARE_SERVER_SHARES.
 */
int share_server_add(struct share_server *server, struct share_tree *tree);

/* What SHARE_PROGRAM reads: the LEN bytes of PROGRAM, which stay the caller's and have to stay as long as the server does. */
void share_server_set_program(struct share_server *server, const void *program, size_t len);

/* Is told, with CONTEXT, of what the board changes: a watch must not take it for somebody's edit. */
struct share_server_listener {
	/* The LEN bytes of PATH in TREE, which may be no path, are about to change; of a rename both are told. */
	void (*before)(void *context, const struct share_tree *tree, const char *path, size_t len);
	void (*closes)(void *context, const struct stat *file); /* FILE, which was open for writing, is about to be closed */
	void (*after)(void *context);                           /* that is done, or has failed */
	void *context;
};

/* LISTENER is copied. */
void share_server_on_change(struct share_server *server, const struct share_server_listener *listener);

/*
 * Answers FRAME, a whole one of channel 1, into ANSWER. With INTERRUPT the answer carries SHARE_INTERRUPT, and so do those that repeat it;
 * an answer that is not to be sent carries nothing.
 *
 * Nothing is to be sent (type 0) for a frame with no TRY, for a write of a run that is not its last, and for a TRY that was answered
 * already: a line can repeat bytes, and a late answer would reach the program. Before the first SHARE_HELLO all else fails with ESTALE.
 */
void share_server_answer(struct share_server *server, const struct frame *frame, bool interrupt, struct share_answer *answer);

/* The next part of an answer that was AGENT_MORE, to be called once that was sent. */
void share_server_go_on(struct share_server *server, struct share_answer *answer);

#endif
