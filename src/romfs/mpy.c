/* SPDX-License-Identifier: MIT */
#include "romfs/mpy.h"

#include <string.h>

/* MP_NATIVE_ARCH_... in py/persistentcode.h. */
static const char *const archs[] = {
	"bytecode",  "x86",       "x64",    "armv6",     "armv6m",  "armv7m",  "armv7em",
	"armv7emsp", "armv7emdp", "xtensa", "xtensawin", "rv32imc", "rv64imc",
};

enum { ARCH_COUNT = sizeof(archs) / sizeof(archs[0]), ARMV6M = 4, ARMV7EMDP = 8 };

bool mpy_is_name(const char *name, size_t len)
{
	return len >= 4 && memcmp(name + len - 4, ".mpy", 4) == 0;
}

const char *mpy_parse(struct mpy_header *header, const uint8_t *bytes, size_t len)
{
	*header = (struct mpy_header){0};
	if (len < MPY_HEADER_SIZE || bytes[0] != 'M')
		return "this is no .mpy file: it does not begin with M and a version";
	header->version = bytes[1];
	header->sub_version = bytes[2] & 3;
	header->arch = bytes[2] >> 2 & 0x2f;
	if (header->version != MPY_VERSION)
		return "its version is not 6, the one that MicroPython with ROM images loads";
	if (header->arch >= ARCH_COUNT)
		return "it is for an unknown architecture";
	if (header->arch && header->sub_version != MPY_SUB_VERSION)
		return "its native code has another version than 6.3, the one that MicroPython with ROM images loads";
	return NULL;
}

const char *mpy_arch_name(unsigned arch)
{
	return arch < ARCH_COUNT ? archs[arch] : "unknown";
}

int mpy_arch_number(const char *name)
{
	for (int arch = 1; arch < ARCH_COUNT; arch++) {
		if (!strcmp(archs[arch], name))
			return arch;
	}
	return -1;
}

bool mpy_arch_runs_on(unsigned arch, unsigned board)
{
	return arch == 0 || arch == board || (arch >= ARMV6M && arch <= board && board <= ARMV7EMDP);
}
