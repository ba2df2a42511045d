/* SPDX-License-Identifier: MIT */
#include "tests/unit/real_board.h"

#include <stdio.h>
#include <stdlib.h>

#include "tests/unit/folder.h"

/* Prints the MicroPython that scripts/board would take; the same order. */
#define FIND_MICROPYTHON                                                                                       \
	". '%s/scripts/lib/micropython.sh'; "                                                                  \
	"if [ -n \"${MICROPYTHON:-}\" ]; then command -v \"$MICROPYTHON\"; "                                   \
	"elif [ -x \"$micropython_venv/bin/micropython\" ]; then echo \"$micropython_venv/bin/micropython\"; " \
	"else command -v micropython; fi"

static const char *top(void)
{
	const char *top_srcdir = getenv("top_srcdir");

	return top_srcdir ? top_srcdir : ".";
}

bool real_board_there(void)
{
	char command[1024];

	snprintf(command, sizeof(command), FIND_MICROPYTHON " >/dev/null", top());
	if (system(command) == 0)
		return true;
	fprintf(stderr, "There is no MicroPython here: run scripts/install-deps, or set MICROPYTHON to one.\n");
	return false;
}

static void make_dir(struct real_board *board)
{
	const char *tmp = getenv("TMPDIR");

	snprintf(board->dir, sizeof(board->dir), "%s/mpremotefs-test-XXXXXX", tmp ? tmp : "/tmp");
	if (!mkdtemp(board->dir)) {
		perror(board->dir);
		abort();
	}
}

void real_board_make(struct real_board *board, const char *options)
{
	make_dir(board);
	snprintf(board->device, sizeof(board->device), "exec:exec '%s/scripts/board' %s '%s/flash'", top(), options, board->dir);
}

void real_board_make_posix(struct real_board *board)
{
	make_dir(board);
	snprintf(board->device, sizeof(board->device),
		 "exec:micropython=$(" FIND_MICROPYTHON "); cd '%s' && exec \"$micropython\"", top(), board->dir);
}

void real_board_remove(struct real_board *board)
{
	folder_remove(board->dir);
}
