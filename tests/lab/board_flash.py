# SPDX-License-Identifier: MIT
# The flash of a simulated board, in a file of this computer. Two files beside it, of ten digits each:
#
#   FLASH.writes  how many blocks, or parts of one, were written to it since it was made
#   FLASH.cut     at which of them the power fails, half way through it; the sectors of FAT are written whole or not at all, as SD
#                 cards do it: nothing that FAT does bears half a sector
#
# Tests run on small heaps: this takes little of it, and the set-up is elsewhere because it is forgotten afterwards. No read and no
# write takes memory, as on a real flash: a MemoryError would leave LittleFS in the middle of what it does.
import os


class Flash:
    def __init__(self, path, block):
        self.file = open(path, "r+b")
        self.block = block
        self.blocks = os.stat(path)[6] // block
        self.open_counters(path)

    def open_counters(self, path):
        self.writes_file = open(path + ".writes", "r+b")
        self.writes = bytearray(self.writes_file.read(10))
        self.cut_file = open(path + ".cut", "rb")
        self.cut = bytearray(10)

    def readblocks(self, number, buf, offset=0):
        self.file.seek(number * self.block + offset)
        self.file.readinto(buf)

    # Before a write. Returns whether the power fails in it.
    def begin(self):
        digit = 9
        while self.writes[digit] == 57:
            self.writes[digit] = 48
            digit -= 1
        self.writes[digit] += 1
        self.cut_file.seek(0)
        self.cut_file.readinto(self.cut)
        return self.cut == self.writes

    # After it, or after what is done of it.
    def end(self, cut):
        self.writes_file.seek(0)
        self.writes_file.write(self.writes)
        if cut:
            os.system("kill -9 $PPID")

    def write(self, at, buf):
        cut = self.begin()
        self.file.seek(at)
        self.file.write(buf if not cut else b"" if self.block == 512 else memoryview(buf)[: len(buf) // 2])
        self.end(cut)

    def writeblocks(self, number, buf, offset=0):
        at = number * self.block + offset
        if len(buf) <= self.block:
            self.write(at, buf)
            return
        for start in range(0, len(buf), self.block):
            self.write(at + start, memoryview(buf)[start : start + self.block])

    def ioctl(self, command, argument):
        if command == 4:
            return self.blocks
        if command == 5:
            return self.block
        if command == 6:
            return 0
