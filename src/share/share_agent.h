/* SPDX-License-Identifier: MIT */
/*
 * share_agent: the agent for shares (board/share.py) is put on a board, and taken away from it, whatever runs there. Blocks on the
 * link's clock, and reads and writes the link itself. All return 0 or a negative errno with DIAG filled.
 */
#ifndef SHARE_SHARE_AGENT_H
#define SHARE_SHARE_AGENT_H

#include "bytelink/bytelink.h"
#include "share/share_plan.h"

/*
 * Brings the board at LINK to its prompt within TIMEOUT_US, and puts the agent with PLAN there, which waits for the first bytes of a
 * share_line. *WINDOW is how many bytes at a time the board takes. Fails as launch_open.
 */
int share_agent_start(struct bytelink *link, const struct share_plan *plan, int64_t timeout_us, unsigned *window,
		      struct diag *diag);

/*
 * Interrupts whatever runs on the board, and has the agent, where there is one, undo what it has mounted and say SHARE_END. The board's
 * prompt comes behind that: it is not waited for.
 */
int share_agent_end(struct bytelink *link, int64_t timeout_us, struct diag *diag);

/*
 * Interrupts whatever runs on the board and resets it softly from its raw REPL: that runs boot.py, but not the board's main.py. Its end is
 * not waited for.
 */
int share_agent_reset(struct bytelink *link, int64_t timeout_us, struct diag *diag);

/* Interrupts whatever runs on the board, which is then at its prompt, with what there was of an agent as it is. */
int share_agent_drop(struct bytelink *link, int64_t timeout_us, struct diag *diag);

#endif
