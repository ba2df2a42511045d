/* SPDX-License-Identifier: MIT */
/* greeting: which board it is on which the agent was started, and whether it is the one that was asked for. */
#ifndef BOARD_GREETING_H
#define BOARD_GREETING_H

#include "board/board_agent_state.h"

/*
 * Asks what the board is, and keeps that in CONTEXT, a struct board_agent. The first time it refuses a board whose root must not be
 * shown; afterwards any other than the first, with -EMEDIUMTYPE. With `settime` it sets the board's clock. An agent_greet_fn, by whose
 * thread it is called.
 */
int greeting_meet(void *context, struct launch *launch, struct diag *diag);

#endif
