/* SPDX-License-Identifier: MIT */
/*
 * romfs_reader: what is in a ROM image (romfs_format.h). Bytes in, entries out: no input or output, no memory of its own.
 *
 * Nothing in an image is believed: a length, a pointer or a name that is wrong is a fault, and is told with its offset; no call
 * reads outside of the image. Bytes behind the image, as a partition has them, are left alone. A reader is constant once it is open,
 * so any thread may use it; a cursor belongs to one.
 */
#ifndef ROMFS_ROMFS_READER_H
#define ROMFS_ROMFS_READER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What is wrong with an image. */
struct romfs_fault {
	size_t offset;    /* of the record that it is in, in bytes from the image's start */
	const char *what; /* a sentence of constant words without its point; NULL: nothing */
};

struct romfs_reader {
	const uint8_t *bytes; /* the image; must stay as it is while the reader is used */
	size_t size;          /* of the image, its header included */
	size_t present;       /* how many bytes of it are there: SIZE, or fewer of one that is cut short */
	size_t top;           /* where its first record lies; pointers count from here */
};

/* A place between two entries of a directory. */
struct romfs_cursor {
	size_t at, end;
};

struct romfs_entry {
	const char *name; /* in the image: not terminated. One checked name: UTF-8, no `/`, `.`, `..`, NUL */
	size_t name_len;
	bool is_dir;
	bool is_pointer; /* its content does not lie in its own record */
	size_t offset;   /* of its record in the image */
	size_t content;  /* offset of a file's content, or of a directory's first record, in the image */
	size_t size;     /* bytes of these */
};

/*
 * Opens the image at the start of the LEN bytes at BYTES; at once, however large it is. There is nothing to close.
 * Returns 0, or -EBADMSG with *FAULT: that is no image, or it was cut short.
 */
int romfs_reader_open(struct romfs_reader *reader, const void *bytes, size_t len, struct romfs_fault *fault);

/*
 * The same, but an image that is cut short is opened, too: 0 with *FAULT saying so (else its `what` is NULL). In it a file is good when
 * all of its records and its content are there, a directory when its name is; where more was to come romfs_reader_next has a fault.
 */
int romfs_reader_open_cut(struct romfs_reader *reader, const void *bytes, size_t len, struct romfs_fault *fault);

/* The start of the image's top directory. */
struct romfs_cursor romfs_reader_top(const struct romfs_reader *reader);

/* The start of the directory ENTRY. */
struct romfs_cursor romfs_reader_inside(const struct romfs_entry *entry);

/*
 * The next entry of a directory, in the image's order; its own records are checked, what is in a directory is not yet. Returns
 * 1 with *ENTRY, 0 at the directory's end, or -EBADMSG with *FAULT; the call after that goes on behind the fault, as far as it can
 * be told where that is. With a fault ENTRY's name is that of the bad entry, where it has a good one (else its name_len is 0).
 */
int romfs_reader_next(const struct romfs_reader *reader, struct romfs_cursor *cursor, struct romfs_entry *entry,
		      struct romfs_fault *fault);

#endif
