/* SPDX-License-Identifier: MIT */
/*
 * board_image: the file of a ROM image as a board: there is no board, and nothing can be changed (-EROFS). Files and directories have
 * the image file's time.
 */
#ifndef BOARD_BOARD_IMAGE_H
#define BOARD_BOARD_IMAGE_H

#include "board/board.h"

/*
 * Whether DEVICE means an image: it is a file that begins as one, or it is called *.romfs and is no device; then also where there is
 * none, or something else, so that the words of board_image_open are about the image.
 */
bool board_image_is(const char *device);

/*
 * Opens the image file PATH; ROOT is the directory in it that is the top (NULL: "/"). All names are read now, contents later from the
 * file, which stays open. A damaged image, or one that is cut short, is -EBADMSG; with FORCE what is whole of it is there, and the
 * warning of board_info says what is not. -EIO: another program changed the file meanwhile; where one does later, so are reads: a new
 * image has to come under the old name as another file, as mpremote-romfs makes it. On success *OUT is the board, to be closed with
 * board_close; on failure *OUT is NULL and DIAG says why.
 */
int board_image_open(struct board **out, const char *path, const char *root, bool force, struct diag *diag);

#endif
