/* SPDX-License-Identifier: MIT */
#include "cli/boot.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/boot_line.h"

enum { BOOT_MAX = 1 << 20 }; /* bytes of a boot.py; a larger one is something else */

static bool is_there(struct session *session, const char *path)
{
	struct board_stat stat;

	return board_stat(session->board, path, &stat) == 0;
}

/*
 * Where the board's boot.py is, or would be. Where nothing is mounted at the top, as on a pyboard, the card is first, unless the flash
 * says otherwise (ports/stm32/main.c).
 */
static const char *find(struct session *session)
{
	if (board_kind(session->board, "/") != BOARD_NONE)
		return "/boot.py";
	return is_there(session, "/sd") && !is_there(session, "/flash/SKIPSD") ? "/sd/boot.py" : "/flash/boot.py";
}

/* Reads the file PATH, which is terminated; nothing where there is none. */
static ssize_t read_all(struct session *session, const char *path, char **text)
{
	struct board_stat stat;
	ssize_t n;
	int rc = board_stat(session->board, path, &stat);

	*text = NULL;
	if (rc == 0 && (stat.is_dir || stat.size > BOOT_MAX))
		return stat.is_dir ? -EISDIR : -EFBIG;
	if (rc < 0 && rc != -ENOENT)
		return rc;
	*text = calloc(1, rc == 0 ? stat.size + 1 : 1);
	if (!*text)
		return -ENOMEM;
	n = rc == 0 ? board_read(session->board, path, *text, stat.size, 0) : 0;
	return n >= 0 && rc == 0 && (uint64_t)n < stat.size ? -EIO : n;
}

static int give(void *context, void *buf, size_t len, uint64_t offset)
{
	memcpy(buf, (const char *)context + offset, len);
	return 0;
}

int boot_set(struct session *session, unsigned number, bool wanted, struct boot_change *change, struct diag *diag)
{
	struct board_content content = {.read = give};
	char *text, *changed = NULL;
	size_t len;
	int rc;
	ssize_t n;

	*change = (struct boot_change){0};
	snprintf(change->path, sizeof(change->path), "%s", find(session));
	n = read_all(session, change->path, &text);
	rc = n < 0 ? (int)n : boot_line_set(text, (size_t)n, number, wanted, &changed, &len);
	if (rc == 0 && changed) {
		content.size = len;
		content.context = changed;
		change->changed = true;
		rc = len > 0 ? board_replace(session->board, change->path, &content, NULL)
			     : board_remove(session->board, change->path);
	}
	free(text);
	free(changed);
	return rc < 0 ? diag_fail(diag, DIAG_BOARD, -rc, "the board's %s cannot be changed: %s", change->path, strerror(-rc)) : 0;
}
