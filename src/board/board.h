/* SPDX-License-Identifier: MIT */
/*
 * board: the file systems of a MicroPython board, as this computer sees file systems.
 *
 * The only interface that fuse/, the romfs deploy and the share see. Implementations: board_agent.c (the agent on a real board),
 * and two that decorate another: board_cache.c (remembers) and board_mend.c (answers as Linux where the board's file system does
 * not). A program opens them in this order and sees Linux's answers. board_image.c (the file of a ROM image) needs no others.
 *
 * Paths are absolute, `/`-separated, without `.`, `..`, empty parts or a trailing slash (but "/" itself), NUL-terminated bytes;
 * "/" is the top that the user chose (root=). Any thread may call any function; every call blocks until it is done and ends
 * within the session's timeout after the board's last sign of life. All return 0 or a count, or a negative errno of this
 * computer. Beside the obvious ones:
 *   -ETIMEDOUT never: a silent board is -EIO; -EIO also for what has no better word; a board that is gone is -EIO
 *   -ENODEV  only from what lies below board_mend: no file system is mounted there
 *   -ENAMETOOLONG, -EINVAL  a name that the board's file system cannot hold
 */
#ifndef BOARD_BOARD_H
#define BOARD_BOARD_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/diag.h"

struct board;
struct board_rom_ops;

struct board_stat {
	bool is_dir;
	uint64_t size; /* bytes; 0 for a directory */
	int64_t mtime; /* seconds since 1970 (the board's epoch is already mended); 0: the board keeps none */
};

struct board_statfs {
	uint64_t block_size; /* bytes, never 0 */
	uint64_t blocks, blocks_free;
	uint32_t name_max; /* bytes */
};

enum { BOARD_HASH_SIZE = 32 }; /* bytes of a SHA-256 */

/* A file for board_hash. */
struct board_hash {
	const char *path;
	uint64_t size;                 /* that it is thought to have */
	int result;                    /* set: 0, -ESTALE: it has another size or is a directory, or the board's errno */
	uint8_t hash[BOARD_HASH_SIZE]; /* set when `result` is 0 */
};

struct board_info {
	const char *machine;    /* "ESP32 module with ESP32", printable */
	const char *version;    /* "1.29.0", printable */
	const char *unique_id;  /* machine.unique_id() in hex, or "" */
	const char *usb_serial; /* the serial number of its USB port, printable, or "" */
	const char *device;     /* what led to it at first, with short names, `auto` and links resolved, or "" */
	const char *root;       /* its directory that is the top, or "" for "/" */
	const char *warning;    /* what the user should be told once (what was interrupted...), or "" */
	bool read_only;         /* nothing on it can be changed */
};

/* What a board's file systems differ in. */
enum board_kind {
	BOARD_ORDINARY,
	BOARD_FAT,  /* names differ by more than the case of ASCII letters */
	BOARD_NONE, /* nothing is mounted: there are only directories on which other file systems are */
};

/* Called for each entry of a directory; NAME is one checked name (no `/`, `.`, `..`, NUL). A non-zero return ends the listing. */
typedef int board_entry_fn(void *context, const char *name, const struct board_stat *stat);

/* The new content of a file. READ fills BUF with LEN bytes from OFFSET (always within SIZE) and returns 0 or a negative errno. */
struct board_content {
	uint64_t size;
	int (*read)(void *context, void *buf, size_t len, uint64_t offset);
	void *context;
	bool differs; /* the board is known to have nothing, or another size, there: it is not asked whether it has the same */
	/*
	 * With KNOWN, the file that is to be replaced is still what WAS says (of size and mtime), or is not there if THERE is false:
	 * this is looked at where the board was out of sight while the content went over, and with UNSURE in any case.
	 */
	bool known, unsure, there;
	struct board_stat was;
};

/* What is NULL is as the board below has it, but `close`; at the lowest it means what stands beside it. */
struct board_ops {
	enum board_kind (*kind)(struct board *board, const char *dir); /* NULL: all is BOARD_ORDINARY */
	size_t (*top)(struct board *board, const char *path);          /* NULL: there is but one file system */
	bool (*is_fixed)(struct board *board, const char *path);       /* NULL: nothing is, or all (board_info) */
	int (*stat)(struct board *board, const char *path, struct board_stat *out);
	int (*probe)(struct board *board, const char *path, struct board_stat *out); /* NULL: as stat */
	int (*may_make)(struct board *board, const char *path);                      /* NULL: it may */
	int (*list)(struct board *board, const char *path, board_entry_fn *each, void *context);
	ssize_t (*read)(struct board *board, const char *path, void *buf, size_t len, uint64_t offset);
	int (*replace)(struct board *board, const char *path, const struct board_content *content, struct board_stat *out);
	int (*append)(struct board *board, const char *path, const struct board_content *content, uint64_t from,
		      struct board_stat *out);
	int (*mkdir)(struct board *board, const char *path);
	int (*rmdir)(struct board *board, const char *path);
	int (*remove)(struct board *board, const char *path);
	int (*rename)(struct board *board, const char *from, const char *to, bool noreplace);
	void (*ahead)(struct board *board, const char *path, uint64_t size);      /* NULL: of no use here */
	int (*hash)(struct board *board, struct board_hash *files, size_t count); /* NULL: it has none */
	int (*statfs)(struct board *board, const char *path, struct board_statfs *out);
	const struct board_info *(*info)(struct board *board);
	unsigned (*session)(struct board *board); /* NULL: there is but one */
	const struct board_rom_ops *rom;          /* its ROM partitions (board_rom.h); NULL: it has none */
	void (*close)(struct board *board);
};

/* An implementation embeds this as its first member. */
struct board {
	const struct board_ops *ops;
	struct board *below; /* the one that it decorates, and closes; NULL: none */
};

/* The kind of the file system that the entries of directory DIR lie on, or would lie on. Asks nobody. */
enum board_kind board_kind(struct board *board, const char *dir);

/*
 * The length of the start of PATH, with its slash, that is the top of the file system that the entry PATH lies on: 1 for "/sd", and
 * 4 for "/sd/" and "/sd/x" where /sd is one. Asks nobody.
 */
size_t board_top(struct board *board, const char *path);

/* Whether what is at PATH, or would be, can in no case be changed, as in a ROM partition: each change is -EROFS. Asks nobody. */
bool board_is_fixed(struct board *board, const char *path);

/* What PATH is. -ENOENT, -ENOTDIR as stat(2). */
int board_stat(struct board *board, const char *path, struct board_stat *out);

/* The same, of the board itself, whatever is remembered of it; what FAT finds by another name as well. */
int board_probe(struct board *board, const char *path, struct board_stat *out);

/*
 * Whether something new may be made at PATH, of which board_stat says that it is not there, so that a file whose content comes
 * later is refused at once. Returns 0, -EINVAL for a name that the board would store as another or that leads to another file,
 * -EPERM where no file system is mounted, or another errno of board_stat.
 */
int board_may_make(struct board *board, const char *path);

/* Whether NAME, one name, is kept for temporaries of ours: no listing shows it, and what bears it is removed some day. */
bool board_hides(const char *name);

/* The entries of directory PATH, in the board's order, without `.` and `..` and without temporaries of ours. */
int board_list(struct board *board, const char *path, board_entry_fn *each, void *context);

/* Reads up to LEN bytes of file PATH from OFFSET into BUF. Returns the bytes read; fewer than LEN only at the file's end. */
ssize_t board_read(struct board *board, const char *path, void *buf, size_t len, uint64_t offset);

/*
 * A hint that file PATH, which is SIZE bytes long, is probably read from its start after the next board_read, which takes the
 * opportunity to ask for it. Does not block.
 */
void board_ahead(struct board *board, const char *path, uint64_t size);

/*
 * Makes CONTENT the content of file PATH, which is made where it is missing. Atomic: until this returns 0 the board has the old
 * file or none, afterwards the new one, whatever happens between (but for a full flash with room for only one of both: then the
 * file is written in place, after it was checked that it fits, and the log says so). Where the board has exactly this content
 * already nothing is written. *OUT (may be NULL) is the file as it is now. -EISDIR, -ENOENT (no such directory), -ENOSPC..., and
 * -ESTALE: the file is neither what the caller knows it to be nor CONTENT.
 */
int board_replace(struct board *board, const char *path, const struct board_content *content, struct board_stat *out);

/*
 * Appends to file PATH, which must be FROM bytes long now (-ESTALE otherwise), the bytes FROM ... CONTENT->size of CONTENT.
 * Goes over in pieces of some KiB, each whole or not at all on LittleFS; what fails in the middle leaves the pieces before it.
 */
int board_append(struct board *board, const char *path, const struct board_content *content, uint64_t from,
		 struct board_stat *out);

/* mkdir(2), rmdir(2), unlink(2), rename(2) with RENAME_NOREPLACE, as Linux answers them. */
int board_mkdir(struct board *board, const char *path);
int board_rmdir(struct board *board, const char *path);
int board_remove(struct board *board, const char *path);
int board_rename(struct board *board, const char *from, const char *to, bool noreplace);

/*
 * Has the board compute the SHA-256 of COUNT files, whose contents so need not come over the line; they are asked for all together.
 * Takes the board's time for reading them, and a long file holds up what others want meanwhile. Returns 0 with the `result` of each
 * set, or -EOPNOTSUPP on a board that has no SHA-256.
 */
int board_hash(struct board *board, struct board_hash *files, size_t count);

/* The SHA-256 of CONTENT. Returns 0, or what its `read` failed with. */
int board_content_hash(const struct board_content *content, uint8_t hash[BOARD_HASH_SIZE]);

/* The size and the free space of the file system that holds PATH. */
int board_statfs(struct board *board, const char *path, struct board_statfs *out);

/* What is known of the board; valid until board_close. */
const struct board_info *board_info(struct board *board);

/*
 * Another number than before says that the board was, or is, out of sight: what was known of it may no longer be true. Where a board
 * comes back it is the same one: another is refused.
 */
unsigned board_session(struct board *board);

/* Ends the session (friendly REPL back on a live board) and frees BOARD and all below it; NULL is accepted. */
void board_close(struct board *board);

#endif
