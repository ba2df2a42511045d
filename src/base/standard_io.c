/* SPDX-License-Identifier: MIT */
#include "base/standard_io.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

int standard_io_fill(void)
{
	int fd;

	/* The lowest number that is free is given. */
	do
		fd = open("/dev/null", O_RDONLY);
	while (fd >= 0 && fd <= STDERR_FILENO);
	if (fd < 0)
		return -errno;
	close(fd);
	return 0;
}
