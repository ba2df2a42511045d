/* SPDX-License-Identifier: MIT */
/* trace: a frame in words, for who watches the line with -d. No input, no output. */
#ifndef AGENT_TRACE_H
#define AGENT_TRACE_H

#include <stdbool.h>
#include <stddef.h>

#include "agent/frame.h"

/*
 * Writes FRAME, which we send (OUTGOING) or which has come, to TEXT of SIZE bytes, cut to fit: its direction, what it is, its
 * number and its length; then the path of a request, where it says one, or what the board says of a failure.
 * "-> stat #8, 9 bytes: /main.py". A type that protocol.h does not know is shown as its number. Returns TEXT.
 */
char *trace_frame(char *text, size_t size, bool outgoing, const struct frame *frame);

#endif
