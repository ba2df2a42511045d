# SPDX-License-Identifier: MIT
# ROM partitions, of the two kinds that boards have: memory (as stm32 and qemu have them; even numbers) and block devices that can
# be read as memory too (as esp32 and rp2 have them; odd numbers). They lie in memory that scripts/board has mapped from files.
# The calls are those of extmod/modvfs.c and ports/*/vfs_rom_ioctl.c. As on flash, a write clears bits, and only erasing sets them; so
# does one to what was not erased. FLASH.rom.writes and FLASH.rom.cut are as board_flash.py has them: of writes, and of blocks erased.
import sys, uctypes, vfs
from board_flash import Flash

BLOCK = 4096
EINVAL = -22
ENOMEM = -12
BLANK = b"\xff" * 256


class Writes(Flash):
    def __init__(self, path):
        self.open_counters(path)


class Partition(memoryview):
    def __init__(self, memory):
        super().__init__(memory)

    def readblocks(self, number, buf, offset=0):
        at = number * BLOCK + offset
        buf[:] = self[at : at + len(buf)]

    def writeblocks(self, number, buf, offset=None):
        if offset is None:
            self.ioctl(6, number)
        program(self, number * BLOCK + (offset or 0), buf)

    def ioctl(self, command, argument):
        if command == 4:
            return len(self) // BLOCK
        if command == 5:
            return BLOCK
        if command == 6:
            erase(self, argument * BLOCK, BLOCK)
            return 0


def erase(memory, start, size):
    for block in range(start, start + size, BLOCK):
        cut = writes.begin()
        for at in range(block, block + (BLOCK // 2 if cut else BLOCK), len(BLANK)):
            memory[at : at + len(BLANK)] = BLANK
        writes.end(cut)


def program(memory, start, buf):
    cut = writes.begin()
    buf = memoryview(buf)[: len(buf) // 2 if cut else len(buf)]
    for at in range(0, len(buf), len(BLANK)):
        size = min(len(BLANK), len(buf) - at)
        old = memory[start + at : start + at + size]
        if old == BLANK[:size]:
            old[:] = buf[at : at + size]
        else:
            for i in range(size):
                old[i] &= buf[at + i]
    writes.end(cut)


def prepare(memory, start, size):
    if start < 0 or size < 0 or start + size > len(memory):
        return ENOMEM
    erase(memory, start, (size + BLOCK - 1) // BLOCK * BLOCK)
    return 4


def write(memory, start, buf):
    if start < 0 or start + len(buf) > len(memory):
        return EINVAL
    program(memory, start, buf)
    return 0


# That of esp8266 takes the first of two numbers for the length, and knows of no block size and no end.
def old_ioctl(command, *arguments):
    if command == 3 and not arguments[0]:
        return prepare(partitions[0], 0, arguments[1])
    return rom_ioctl(command, *arguments) if command < 5 else EINVAL


def rom_ioctl(command, *arguments):
    if command == 1:
        return len(partitions)
    if not 0 <= arguments[0] < len(partitions):
        return EINVAL
    partition = partitions[arguments[0]]
    if command == 2:
        return partition
    if isinstance(partition, Partition):
        return EINVAL
    if command == 3:
        return prepare(partition, *arguments[1:]) if len(arguments) > 2 else prepare(partition, 0, arguments[1])
    if command == 4:
        return write(partition, *arguments[1:])
    if command == 5:
        return 0
    if command == 6:
        return BLOCK
    return EINVAL


# The vfs module with what bare-metal ports have in it.
class Vfs:
    rom_ioctl = staticmethod(rom_ioctl)

    def __getattr__(self, name):
        return getattr(vfs, name)


def mount():
    if not partitions:
        return
    try:
        vfs.mount(vfs.VfsRom(partitions[0]), "/rom")
    except OSError:
        return  # blank or damaged: boards are silent about it
    sys.path.extend(("/rom", "/rom/lib"))


# WHERE is "ADDRESS:SIZE,...", or nothing. Returns what mounts the first partition, for when the root is there.
def install(where, flash, old):
    global writes
    writes = Writes(flash + ".rom")
    if old:
        Vfs.rom_ioctl = staticmethod(old_ioctl)
    for part in where.split(",") if where else ():
        address, size = part.split(":")
        memory = uctypes.bytearray_at(int(address), int(size))
        partitions.append(Partition(memory) if len(partitions) % 2 else memoryview(memory))
    sys.modules["vfs"] = Vfs()
    return mount


partitions = []
