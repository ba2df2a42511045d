/* SPDX-License-Identifier: MIT */
/* load: Python onto a board on which the agent runs, as requests that fit there: AGENT_LOAD (protocol.h). */
#ifndef AGENT_LOAD_H
#define AGENT_LOAD_H

#include "agent/launch.h"

/* Has REQUEST answered. Returns request->result. */
typedef int load_call_fn(void *context, struct exchange_request *request);

/*
 * Runs COUNT PARTS, whose Python ends with a newline, once, in this order, in the agent's own namespace, by way of CALL; SESSION is the
 * board's. Returns 0, -ENOMEM: not enough memory on this computer, or the result of the request that failed, which is then in *FAILED.
 */
int load_parts(const struct agent_session *session, const struct agent_part *parts, size_t count, load_call_fn *call,
	       void *context, struct exchange_request *failed);

#endif
