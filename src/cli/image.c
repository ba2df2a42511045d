/* SPDX-License-Identifier: MIT */
#include "cli/image.h"

#include <errno.h>
#include <stdio.h>

#include "base/json.h"

static int check_image(struct image *image, const char *path, struct diag *diag)
{
	int rc = romfs_reader_open(&image->reader, image->file.bytes, image->file.size, &image->check.fault);

	if (rc == 0)
		rc = romfs_check_records(&image->check, &image->reader);
	if (rc == -EBADMSG)
		return romfs_check_fail(&image->check, path, diag);
	return rc < 0 ? diag_fail(diag, DIAG_ROMFS, -rc, "%s: not enough memory", path) : 0;
}

int image_open(struct image *image, const char *path, struct diag *diag)
{
	int rc = romfs_file_open(&image->file, path, diag), changed;

	image->check = (struct romfs_check){0};
	if (rc < 0)
		return rc;
	rc = check_image(image, path, diag);
	changed = romfs_file_check(&image->file, path, diag);
	if (changed == 0)
		return rc;
	image->check.fault.what = NULL; /* nobody knows whose it was */
	return changed;
}

void image_close(struct image *image)
{
	romfs_file_close(&image->file);
}

void image_json_head(const char *path, size_t size)
{
	fputs("{\n  \"image\": ", stdout);
	json_print_string(stdout, path);
	if (size > 0)
		printf(",\n  \"size\": %zu", size);
}
