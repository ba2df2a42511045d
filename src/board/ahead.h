/* SPDX-License-Identifier: MIT */
/*
 * ahead: one small file whose content is asked for before anybody reads it, so that the line does not rest between the files of
 * a tree that is copied. Any thread may call any function.
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
 * Asks for the first SIZE bytes of the file that the caller calls PATH, with the AGENT_READ in PAYLOAD (of LEN bytes, from
 * malloc, owned from now on). Does nothing while another is under way, or when PATH is there already.
 */
void ahead_start(struct ahead *ahead, const char *path, uint8_t *payload, size_t len, size_t size);

/*
 * Up to LEN bytes of the start of PATH into BUF, if that is what was asked for, waiting for them if need be. They are there only
 * once. Returns the bytes, 0: they are not there.
 */
size_t ahead_take(struct ahead *ahead, const char *path, void *buf, size_t len);

/* Something on the board has changed: what was asked for may be old. */
void ahead_forget(struct ahead *ahead);

#endif
