# SPDX-License-Identifier: MIT
# Reads the flash of board_flash.py where it is mapped into memory, as many a board's own: that takes no calls of this computer, of
# which a file system would make thousands for a file that is written. A file of its own because not every MicroPython compiles viper.
# Each new name would take memory from the board: these are board_flash.py's, or MicroPython's.


@micropython.viper
def copy(buf: ptr32, start: ptr32, blocks: int):
    at = 0
    while at < blocks:
        buf[at] = start[at]
        at += 1


# START: its address. File systems read multiples of four bytes.
def install(flash, start):
    block = flash.block

    def readblocks(number, buf, offset=0):
        copy(buf, start + number * block + offset, len(buf) >> 2)

    flash.readblocks = readblocks
