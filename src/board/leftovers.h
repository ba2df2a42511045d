/* SPDX-License-Identifier: MIT */
/*
 * leftovers: the temporaries of ours that a power cut, or a host that died, left on a board.
 *
 * A file's new content goes to a temporary in the top directory of its file system. Where that renames over a file in one step, as
 * LittleFS does:
 *
 *   .mpremotefs~-NAME   incomplete until it is renamed to what it was to become, whose last part is NAME, cut to 200 bytes. On a
 *                       computer's file system, or where the top cannot be it, it lies beside that
 *
 * FAT removes what a rename goes over, and only then renames. There the name has to tell what it was to become, and whether it is
 * complete, and the next mount looks for it:
 *
 *   .mpremotefs~-PATH   incomplete
 *   .mpremotefs~+PATH   complete; PATH is from that directory on, with `,` as `,,` and `/` as `,-`
 *
 * What FatFs's own steps leave (f_rename registers the new name, then removes the old one; f_unlink removes the name, then frees the
 * blocks) decides what is to be done:
 *
 *   found                              the power failed while             what is done
 *   incomplete alone                   it was written                     it is removed
 *   complete, PATH is missing          PATH was removed                   it becomes PATH
 *   complete, PATH is another          nothing had been done to PATH yet  it is removed
 *   both                               it was renamed to be complete:     both are removed
 *                                      two names for the same blocks
 *   complete, PATH has its content     it was renamed to PATH: likewise   PATH gets blocks of its own, see separate()
 *
 * A file that is renamed over another, as editors and rsync save, takes its place only when that one was put aside, in the same directory:
 *
 *   .mpremotefs~=PATH,+FROM   the old PATH, while FROM becomes PATH; without `,+FROM` where that makes the name too long
 *
 *   found                              the power failed while             what is done
 *   aside, PATH is missing             FROM had not become PATH yet       it becomes PATH again
 *   aside, PATH is another             it was removed, or was to be       it is removed
 *   aside, PATH has its content        it was put aside: two names        PATH gets blocks of its own
 *   aside, FROM has PATH's content     FROM was renamed to PATH: likewise PATH gets blocks of its own, FROM is removed
 */
#ifndef BOARD_LEFTOVERS_H
#define BOARD_LEFTOVERS_H

#include "board/board.h"

enum leftover {
	LEFTOVER_INCOMPLETE,
	LEFTOVER_COMPLETE,
	LEFTOVER_ASIDE,
};

/*
 * What NAME in directory DIR is; board_hides(NAME) is true. *PATH is what a complete one was to become, or what one that was put aside
 * was, and *FROM what was to become that, or NULL; free() both.
 */
enum leftover leftovers_parse(const char *dir, const char *name, char **path, char **from);

/* Whether a temporary in the directory that is the first TOP bytes of PATH can tell PATH in its name. */
bool leftovers_can_tell(const char *path, size_t top);

/*
 * Where PATH is put aside while FROM takes its place: in the directory that is the first TOP bytes of both. free() it. NULL: its name
 * would be too long, or there is no memory.
 */
char *leftovers_aside(const char *path, const char *from, size_t top);

/* The board whose leftovers they are, and how a copy is written to PATH on it, as it comes. */
struct leftovers {
	struct board *board;
	int (*write)(void *context, const char *path, const struct board_content *content);
	void (*log)(void *context, const char *text); /* what became of one */
	void *context;
};

/*
 * Puts the leftover NAME in DIR in order. Nothing else may be written meanwhile. Returns 1 when other files changed by that, 0 when it went, or a negative errno: it is still there.
 */
int leftovers_settle(const struct leftovers *leftovers, const char *dir, const char *name);

#endif
