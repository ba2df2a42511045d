/* SPDX-License-Identifier: MIT */
/*
 * port_lock: one program at a time on a port, and a name for the one that has it.
 *
 * Three locks, since each keeps off others: a file /run/lock/LCK..NAME (where that cannot be written, in /tmp), as minicom,
 * picocom and uucp know it, with our record in it; flock on the tty, as pyserial takes it (mpremote); and TIOCEXCL, which keeps
 * off everybody but root.
 *
 * The file holds the pid in ten columns, then, on lines of their own, the program and what it uses the port for. While our
 * process lives it holds a flock on the file: what is left of a dead one is seen by that, and taken over. The flock outlives a
 * fork to the background; port_lock_set_purpose then writes the new pid.
 */
#ifndef BYTELINK_PORT_LOCK_H
#define BYTELINK_PORT_LOCK_H

#include <stdbool.h>
#include <stddef.h>

#include "base/diag.h"

struct port_lock;

/*
 * Takes the lock file of the port at PATH (absolute, without links) for PURPOSE (may be NULL), without opening the port.
 * Returns 0 with *OUT the lock, or -EBUSY with *OUT NULL and DIAG naming the holder, or -ENOMEM.
 */
int port_lock_take(struct port_lock **out, const char *path, const char *purpose, struct diag *diag);

/* Takes flock and TIOCEXCL of the tty FD, which was opened at PATH. Returns 0, or -EBUSY and DIAG names the holder. */
int port_lock_tty(int fd, const char *path, struct diag *diag);

/* Rewrites the record: PURPOSE (may be NULL) and the pid of this process. LOCK may be NULL. */
void port_lock_set_purpose(struct port_lock *lock, const char *purpose);

/* Gives the lock file back; NULL is accepted. */
void port_lock_release(struct port_lock *lock);

/*
 * Which other process holds the port at PATH, as far as can be seen without opening it: "mpremotefs (pid 4711), mounted at /mnt/board", or
 * "screen (pid 12)". In WORDS of SIZE bytes. Returns whether somebody does; WORDS is "" when not.
 */
bool port_lock_holder(const char *path, char *words, size_t size);

/* Whether another process has the file at PATH open, as far as this user may see. WORDS names it. */
bool port_lock_opener(const char *path, char *words, size_t size);

/* Fills DIAG for the port PATH that WORDS holds ("": it is not known who). Returns -EBUSY. */
int port_lock_refuse(const char *path, const char *words, struct diag *diag);

#endif
