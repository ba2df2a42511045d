/* SPDX-License-Identifier: MIT */
/*
 * roms: the ROM partitions of the board of board_agent, by the requests AGENT_ROM_... of agent/protocol.h. The parts of the agent that
 * answer these are put on the board with the first request of its kind in a session.
 */
#ifndef BOARD_ROMS_H
#define BOARD_ROMS_H

#include "board/board_agent_state.h"
#include "board/board_rom.h"

/* What board_agent answers to board_rom.h. */
extern const struct board_rom_ops roms_ops;

#endif
