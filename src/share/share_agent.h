/* SPDX-License-Identifier: MIT */
/*
 * share_agent: the agent for shares (board/share.py) is put on a board, and taken away from it, whatever runs there. Blocks on the
 * link's clock, and reads and writes the link itself. All that have a DIAG return 0 or a negative errno with DIAG filled.
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
 * What interrupts the board, below, tries for about ten seconds, or twice TIMEOUT_US where that is less, and types Ctrl-C in bursts, too,
 * which ends many a program that catches it. Fails as rawrepl_enter, -ETIMEDOUT where the program still runs; or as a wait at LINK.
 */

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

/*
 * Brings the board to its prompt, with what there was of an agent as it is, within TIMEOUT_US: for when putting the agent there was given
 * up. Fails as rawrepl_enter.
 */
int share_agent_drop(struct bytelink *link, int64_t timeout_us, struct diag *diag);

/*
 * Whether the board is at its friendly prompt, as it is when the agent has ended: it has to work out a sum that is typed there. What is
 * printed meanwhile is dropped. Returns 1, 0: there is no such answer within three seconds, or a negative errno.
 */
int share_agent_has_ended(struct bytelink *link, struct diag *diag);

/*
 * Whether the board, which is at its prompt, has an agent that has mounted something, as told within TIMEOUT_US or twice that: false, too,
 * where the board does not say so. It is at a new prompt then; what its program has in memory stays.
 */
bool share_agent_is_there(struct bytelink *link, int64_t timeout_us);

#endif
