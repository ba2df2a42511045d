/* SPDX-License-Identifier: MIT */
/*
 * foreground: Ctrl-C for the program in the foreground of a pseudo-terminal whose master we hold.
 *
 * MicroPython's unix port stands for a board in tests. On a board the interrupt character (0x03) stops a running program exactly
 * while the firmware has one set, and is a byte like any other at the prompt, in the raw REPL and after kbd_intr(-1). The unix
 * port does the same with a handler for SIGINT (ports/unix/unix_mphal.c, mp_hal_set_interrupt_char), so a handler that is
 * installed, as /proc/PID/status tells in SigCgt, is the sign by which 0x03 becomes a signal.
 */
#ifndef BYTELINK_FOREGROUND_H
#define BYTELINK_FOREGROUND_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define FOREGROUND_MAX 16

struct foreground {
	pid_t group; /* whose members these are */
	pid_t pids[FOREGROUND_MAX];
	int count;
	pid_t newest;           /* the computer's newest process then: a newer one may be a member, too */
	int64_t looked_at;      /* when they were found, in microseconds */
	int64_t interrupted_at; /* when the last SIGINT was sent; 0: it has been taken */
};

/*
 * Acts on a 0x03 for the terminal of MASTER at the time NOW, in microseconds. Returns true when it was a signal: sent now, or
 * merged into one sent just before; false when it is a byte to write.
 *
 * A board that is told to stop twice before it could stop once stops once, but the unix port ends at the second SIGINT that it
 * meets before it has taken the first. So one that comes soon after another counts as the same, unless the handler was seen
 * to be gone in between, for which foreground_watch looks.
 */
bool foreground_interrupt(struct foreground *foreground, int master, int64_t now);

/* Looks whether the last SIGINT has been taken; call it before anything else is written. */
void foreground_watch(struct foreground *foreground, int master, int64_t now);

#endif
