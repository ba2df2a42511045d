/* SPDX-License-Identifier: MIT */
/* board_errno: the errno values of MicroPython and its file systems to those of this computer. */
#ifndef BOARD_BOARD_ERRNO_H
#define BOARD_BOARD_ERRNO_H

/*
 * The negative errno of this computer for NUMBER, a positive errno as MicroPython numbers them (py/mperrno.h) or LittleFS's own
 * (lib/littlefs/lfs2.h). -EIO for all that says nothing here: 0, negative and unknown numbers.
 */
int board_errno_to_host(int number);

#endif
