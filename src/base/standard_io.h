/* SPDX-License-Identifier: MIT */
/* standard_io: stdin, stdout and stderr of a program that was started without them, as some daemons do. */
#ifndef BASE_STANDARD_IO_H
#define BASE_STANDARD_IO_H

/*
 * To be called before anything is opened, since what is opened first would have their numbers: a serial port would be typed from, or a
 * lock file written to. In place of what is missing there is /dev/null, for reading: stdin is at its end, and a write fails (EBADF) as
 * one to what is closed does. Returns 0 or a negative errno.
 */
int standard_io_fill(void);

#endif
