/* SPDX-License-Identifier: MIT */
#include "cli/image.h"

#include <errno.h>

int image_fault(const struct romfs_check *check, const char *path, struct diag *diag)
{
	const char *in = check->path[0] ? " in " : "";

	return diag_fail(diag, DIAG_ROMFS, EBADMSG, "%s: at offset %zu%s%s: %s", path, check->fault.offset, in, check->path,
			 check->fault.what);
}

int image_open(struct image *image, const char *path, struct diag *diag)
{
	int rc = romfs_file_open(&image->file, path, diag);

	image->check = (struct romfs_check){0};
	if (rc < 0)
		return rc;
	rc = romfs_reader_open(&image->reader, image->file.bytes, image->file.size, &image->check.fault);
	if (rc == 0)
		rc = romfs_check_records(&image->check, &image->reader);
	if (rc == -EBADMSG)
		return image_fault(&image->check, path, diag);
	return rc < 0 ? diag_fail(diag, DIAG_ROMFS, -rc, "%s: not enough memory", path) : 0;
}

void image_close(struct image *image)
{
	romfs_file_close(&image->file);
}
