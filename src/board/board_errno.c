/* SPDX-License-Identifier: MIT */
#include "board/board_errno.h"

#include <errno.h>
#include <stddef.h>

/* py/mperrno.h numbers them as Linux does on most platforms, but this computer need not. 84 is LittleFS's LFS_ERR_CORRUPT. */
static const struct {
	int board, host;
} table[] = {
	{1, EPERM},   {2, ENOENT},        {5, EIO},        {9, EBADF},   {11, EAGAIN},  {12, ENOMEM},     {13, EACCES},
	{16, EBUSY},  {17, EEXIST},       {18, EXDEV},     {19, ENODEV}, {20, ENOTDIR}, {21, EISDIR},     {22, EINVAL},
	{23, ENFILE}, {24, EMFILE},       {26, ETXTBSY},   {27, EFBIG},  {28, ENOSPC},  {29, ESPIPE},     {30, EROFS},
	{31, EMLINK}, {36, ENAMETOOLONG}, {39, ENOTEMPTY}, {40, ELOOP},  {84, EIO},     {95, EOPNOTSUPP}, {122, EDQUOT},
};

int board_errno_to_host(int number)
{
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		if (table[i].board == number)
			return -table[i].host;
	return -EIO;
}
