/* SPDX-License-Identifier: MIT */
/*
 * ahead: small files whose content is asked for before anybody reads it, so that the line does not rest between the files of a
 * tree that is copied. Two at most: one that is being read, and the next. Any thread may call any function.
 */
#ifndef BOARD_AHEAD_H
#define BOARD_AHEAD_H

#include <sys/types.h>

#include "agent/agent.h"

struct ahead;

/* For the board behind AGENT, which outlives it. NULL: no memory. */
struct ahead *ahead_open(struct agent *agent);

/* Waits for what is under way. NULL is accepted. */
void ahead_close(struct ahead *ahead);

/*
 * The first SIZE bytes (at most AGENT_PAYLOAD_MAX) of the file that the caller calls PATH are to be asked for next, with the
 * AGENT_READ in PAYLOAD (of LEN bytes, from malloc, owned from now on). Takes the place of a wish that was not granted yet.
 */
void ahead_wish(struct ahead *ahead, const char *path, uint8_t *payload, size_t len, size_t size);

/* Asks for what is wished, if there is room: to be called when the requests that are to come before it have been handed over. */
void ahead_go(struct ahead *ahead);

/*
 * Up to LEN bytes of the start of PATH into BUF, if they were asked for, waiting for them if need be, after an ahead_go. They are
 * there only once. Returns the bytes, 0: they are not there.
 */
size_t ahead_take(struct ahead *ahead, const char *path, void *buf, size_t len);

/* Something on the board has changed: what was asked for may be old. */
void ahead_forget(struct ahead *ahead);

#endif
