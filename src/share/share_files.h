/* SPDX-License-Identifier: MIT */
/*
 * share_files: the files that a board has open in its shares, under the numbers that it gave them: 0 to SHARE_HANDLES - 1 of
 * agent/protocol.h. A file ends at 0xFFFFFFFF bytes at most: -EFBIG tells of one that is larger, or would become so.
 *
 * Functions return 0 or a negative errno if nothing else is said; -EBADF: there is no such file, or not one for that.
 */
#ifndef SHARE_SHARE_FILES_H
#define SHARE_SHARE_FILES_H

#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/types.h>

#include "share/share_tree.h"

struct share_files;

/* NULL: no memory. */
struct share_files *share_files_create(void);

/* Is told, with CONTEXT, of each file that was open for writing, before and after it is closed. */
struct share_files_listener {
	void (*before)(void *context, const struct stat *file);
	void (*after)(void *context);
	void *context;
};

/* LISTENER is copied. */
void share_files_on_close(struct share_files *files, const struct share_files_listener *listener);

/* Closes all. NULL is accepted. */
void share_files_free(struct share_files *files);

/*
 * Opens the file at PATH of TREE as HANDLE, with MODE of enum share_open, and tells its STATUS. What HANDLE was is closed first; should
 * that tell of a write that failed late, its error comes from here and nothing is opened.
 */
int share_files_open(struct share_files *files, unsigned handle, const struct share_tree *tree, const char *path, size_t len,
		     unsigned mode, struct stat *status);

/* Reads up to LEN bytes into BUF. Returns how many: fewer only at the end of the file, whose size is in *SIZE then. */
ssize_t share_files_read(const struct share_files *files, unsigned handle, void *buf, size_t len, uint32_t offset,
			 uint64_t *size);

/* Writes all LEN bytes at OFFSET, 0xFFFFFFFF: at the end. Where it fails, a part of them may be in the file. *SIZE: of the file. */
int share_files_write(const struct share_files *files, unsigned handle, const void *bytes, size_t len, uint32_t offset,
		      uint32_t *size);

/* The file's size, 0xFFFFFFFF: so much or more. */
int share_files_size(const struct share_files *files, unsigned handle, uint32_t *size);

/* Waits until what was written is on the disk. */
int share_files_flush(const struct share_files *files, unsigned handle);

/* An error is that of a write that failed late; HANDLE is closed all the same. */
int share_files_close(struct share_files *files, unsigned handle);

void share_files_close_all(struct share_files *files);

#endif
