/* SPDX-License-Identifier: MIT */
/*
 * board_process: the command that is the board, on its terminal, and Ctrl-C as MicroPython's unix port wants it.
 *
 * A real board looks at each byte as it arrives: Ctrl-C stops the program while one runs with an interrupt character, and is an
 * ordinary byte at other times. The unix port knows SIGINT instead, and catches it exactly while a real board would look.
 */
#ifndef LAB_BOARD_PROCESS_H
#define LAB_BOARD_PROCESS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct board_process {
	pid_t pid;        /* 0: none runs */
	bool killed;      /* it has lost its power, though it may not have ended yet */
	int status_fd;    /* /proc/PID/status */
	bool interrupted; /* a SIGINT was sent and has not been seen taken */
	int64_t cpu_ns;   /* the processor time the command had used then */
};

enum board_interrupt {
	BOARD_INTERRUPT_BYTE,   /* it runs without an interrupt character: Ctrl-C is a byte */
	BOARD_INTERRUPT_SENT,   /* it has got the signal */
	BOARD_INTERRUPT_MERGED, /* the one before has not been taken yet, and both are one */
};

/*
 * Starts COMMAND (NULL-terminated) in a session of its own on the terminal TTY, which becomes its stdin and stdout; stderr stays.
 * SIGINT is ignored until the command decides otherwise. It finds BOOT_MODE in its environment as BOARD_BOOT.
 * Returns 0 or a negative errno.
 */
int board_process_start(struct board_process *board, char *const command[], int tty, const char *boot_mode);

/* Gives it a Ctrl-C, if it would now be one. */
enum board_interrupt board_process_interrupt(struct board_process *board);

/* Looks whether the last Ctrl-C has been taken, so that the next one is not merged into it: call it before bytes are delivered. */
void board_process_watch(struct board_process *board);

/* Whether it has power. */
bool board_process_alive(const struct board_process *board);

/* Kills it and all in its session that it started, without a warning: the power is gone. It still has to be reaped. */
void board_process_kill(struct board_process *board);

/* Whether it has ended; *STATUS is as wait(2) has it. BLOCK: waits for that. */
bool board_process_reap(struct board_process *board, bool block, int *status);

#endif
