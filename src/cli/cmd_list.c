/* SPDX-License-Identifier: MIT */
/* mpremote-romfs list */
#include <stdbool.h>
#include <stdlib.h>

#include "cli/command.h"
#include "cli/image.h"
#include "cli/one_image.h"
#include "cli/say.h"
#include "cli/view.h"

static void print_json(const struct image *image, const char *path)
{
	image_json_head(path, image->reader.size);
	fputs(",\n  \"entries\": ", stdout);
	view_json(stdout, &image->reader);
	fputs("\n}\n", stdout);
}

static int list(const char *path, bool json)
{
	struct image image;
	struct diag diag = {0};
	int rc = image_open(&image, path, &diag);

	if (rc == 0 && json)
		print_json(&image, path);
	else if (rc == 0)
		view_list(stdout, &image.reader);
	if (rc == 0)
		rc = romfs_file_check(&image.file, path, &diag);
	image_close(&image);
	return rc < 0 ? say_failure(&diag) : EXIT_SUCCESS;
}

static int run(const struct command *command, int argc, char **argv)
{
	return one_image_run(command, argc, argv, list);
}

const struct command cmd_list = {
	.name = "list",
	.arguments = "[--json] IMAGE",
	.summary = "show what is in an image: the sizes and the paths",
	.help = "  --json  for programs: also where in the image each file's content lies\n",
	.run = run,
};
