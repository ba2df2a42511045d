/* SPDX-License-Identifier: MIT */
/* line: moves bytes between a link and an exchange. Never blocks. */
#ifndef AGENT_LINE_H
#define AGENT_LINE_H

#include "agent/exchange.h"
#include "bytelink/bytelink.h"

/* Writes what may be written now. *FULL: the link had no room for all of it. Returns 0, or the link's negative errno. */
int line_send(struct bytelink *link, struct exchange *exchange, bool *full);

/* Reads what has come and has EXCHANGE work on it. Returns 0, or the link's negative errno. */
int line_receive(struct bytelink *link, struct exchange *exchange);

#endif
