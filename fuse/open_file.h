/* SPDX-License-Identifier: MIT */
/*
 * open_file: the content of one file that processes have open, shared by all their handles.
 *
 * Writes are held on this computer until open_file_sync brings them to the board. Which bytes are where:
 *
 *        0           far_from          far_to            size
 *        |  held here   |  on the board   |   held here    |
 *
 * A file that is only read lies wholly between far_from and far_to. One that is appended to keeps its old content there, and only
 * the new tail is held and sent. Writing from the start on moves far_from up, so that a file that is rewritten in place is never
 * fetched; a write into the middle fetches the middle first. A file that is held wholly (far_from = far_to) is sent as a whole.
 *
 *             open_file_load                      write, truncate
 *   UNLOADED ----------------> CLEAN ------------------------------------> DIRTY
 *                                ^ '--- removed ---> GONE <--- removed -----'|
 *                                '------------- open_file_sync --------------'   (stays DIRTY when it fails)
 *
 * Where the board was out of sight (board_session), the next use of the file looks at it there: a CLEAN file whose size or time is
 * another is CLEAN with another content (open_file_content); a DIRTY one is sent only if the board's is what it was, or is what
 * was to be sent already.
 *
 * A file made by open_file_create starts DIRTY: the board learns of it with the first sync. What is written to a file that is GONE
 * is held here and goes nowhere.
 *
 * Any thread may call any function, many at once. Those that take a path may talk to the board, with the path that the file has
 * now: the caller keeps the path from changing meanwhile (nodes.h), and passes NULL for a file that has been removed. None of them
 * holds a lock while the board works, so that a stat answers during a long copy; changes wait for a sync under way.
 */
#ifndef FUSE_OPEN_FILE_H
#define FUSE_OPEN_FILE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include <time.h>

#include "board/board.h"
#include "fuse/host_bytes.h"
#include "fuse/kept_times.h"

/* The largest size that a file can get: a board knows no 64-bit sizes. Past it is -EFBIG. */
#define OPEN_FILE_MAX UINT64_C(0xffffffff)

/* What all open files of a mount share. Outlives them. */
struct open_file_mount {
	struct board *board;
	struct kept_times *times;
	struct host_store store;
	void (*now)(struct timespec *now); /* the wall clock */
};

struct open_file;

/* What stat(2) tells of the file as this computer sees it. */
struct open_file_state {
	uint64_t size;
	struct kept_times_pair times;
	bool gone;         /* removed: no name leads to it */
	uint64_t unsent;   /* bytes that the board lacks; 0: none are changed */
	bool only_added;   /* those are at its end, and the board has all before them */
	bool changed_away; /* the board came back with another content: those bytes can go nowhere */
};

/* A file of the board in *OUT, UNLOADED, with one reference. Returns 0 or -ENOMEM. */
int open_file_open(struct open_file **out, struct open_file_mount *mount);

/* A new, empty file in *OUT that the board does not know yet, with one reference. Returns 0 or -ENOMEM. */
int open_file_create(struct open_file **out, struct open_file_mount *mount);

/* One more reference to FILE. Returns FILE. */
struct open_file *open_file_ref(struct open_file *file);

/* One reference less; the last frees FILE, and what was not synced is lost. NULL is accepted. */
void open_file_unref(struct open_file *file);

/* Asks the board what the file is, if nothing is known of it yet, or of before it was away. Returns 0, -EISDIR, or the board's errno. */
int open_file_load(struct open_file *file, const char *path);

/*
 * Reads up to LEN bytes at OFFSET into BUF. Returns the bytes read, fewer than LEN only at the file's end, or a negative errno: -EIO
 * also where the board came back with another content than LEN bytes ago.
 */
ssize_t open_file_read(struct open_file *file, const char *path, void *buf, size_t len, uint64_t offset);

/*
 * Writes the LEN bytes of BUF at OFFSET, or with APPEND at the end. Returns LEN, or a negative errno: -EFBIG, the board's when the
 * bytes around had to be fetched, or this computer's when it has no room.
 */
ssize_t open_file_write(struct open_file *file, const char *path, const void *buf, size_t len, uint64_t offset, bool append);

/* Cuts the file to SIZE bytes, or extends it with zeros. Returns 0 or a negative errno. */
int open_file_truncate(struct open_file *file, const char *path, uint64_t size);

/*
 * Brings to the board what it does not have yet. After 0 all that was written before the call is there; after an error (the
 * board's) the board has the file as it was, and the changes are held for the next attempt. -EIO also where the board came back
 * with another content than that which was changed here: then no attempt will succeed.
 */
int open_file_sync(struct open_file *file, const char *path);

/* Fetches what only the board has, so that the file can be removed there. Returns 0 or a negative errno. */
int open_file_fetch(struct open_file *file, const char *path);

/* The board has the file no more, or under its name another one. */
void open_file_set_gone(struct open_file *file);

/* Sets the times; a NULL member stays as it is. Returns 0 or the board's errno. */
int open_file_set_times(struct open_file *file, const char *path, const struct timespec *atime, const struct timespec *mtime);

/*
 * What the file is now, into *STATE. Of a file without changes the board is asked, so that what happened to it there is seen.
 * Returns 0, -ESTALE when the board has it no more, or the board's errno.
 */
int open_file_stat(struct open_file *file, const char *path, struct open_file_state *state);

/* The same, without asking the board: returns false, and leaves *STATE alone, where it would have to be asked. */
bool open_file_peek(struct open_file *file, struct open_file_state *state);

/* Whether the board lacks something of the file. */
bool open_file_is_dirty(struct open_file *file);

/* Whether FILE was created here and the board has not seen it yet. */
bool open_file_is_pending(struct open_file *file);

/*
 * The errno with which the last open_file_sync failed, negative, if nothing was changed since, so that another would fail as well;
 * otherwise 0.
 */
int open_file_failure(struct open_file *file);

/*
 * What the board says of the content that the readers of this file have seen, into *ON_BOARD. Returns false when there is no such
 * content: FILE is not loaded, is dirty or gone.
 */
bool open_file_on_board(struct open_file *file, struct board_stat *on_board);

/*
 * A number for the content that the board has: another one than before says that it came back with another content, so that who has
 * read some of the file must not read on.
 */
unsigned open_file_content(struct open_file *file);

/* Whether the board's content has changed by itself since the last call of this function, so that pages of it are stale. */
bool open_file_changed_alone(struct open_file *file);

#endif
