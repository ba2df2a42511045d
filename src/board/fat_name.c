/* SPDX-License-Identifier: MIT */
#include "board/fat_name.h"

#include <stdint.h>
#include <string.h>

static bool is_storable_byte(char c)
{
	return (unsigned char)c >= ' ' && !strchr("\"*:<>?|\\\x7f", c);
}

bool fat_name_is_storable(const char *name, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (!is_storable_byte(name[i]))
			return false;
	return len && name[len - 1] != '.' && name[len - 1] != ' ';
}

unsigned char fat_name_fold(char c)
{
	return (unsigned char)(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
}

int fat_name_compare_n(const char *a, const char *b, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		int difference = fat_name_fold(a[i]) - fat_name_fold(b[i]);

		if (difference || !a[i])
			return difference;
	}
	return 0;
}

int fat_name_compare(const char *a, const char *b)
{
	return fat_name_compare_n(a, b, SIZE_MAX);
}

/* The short name of ".mpremotefs~..." is MPREMO~1, or with the last of what follows a dot MPREMO~1.PY. */
bool fat_name_is_torn(const char *name)
{
	static const char start[] = "MPREMO~";

	if (strncmp(name, start, sizeof(start) - 1))
		return false;
	name += sizeof(start) - 1;
	size_t digits = strspn(name, "0123456789ABCDEF");
	return digits && (!name[digits] || (name[digits] == '.' && strlen(name + digits) <= 4));
}
