# SPDX-License-Identifier: MIT
# In what boards differ from the unix port, for tests. TRAITS is a list of words:
#
#   hide=NAME   firmware without the module NAME (deflate, binascii, hashlib...), or with stdin.buffer: without sys.stdin.buffer
#   blocking    sys.stdin as on bare metal: no file descriptor is behind it, and a read waits for all that was asked for (as
#               MicroPython's streams do on the unix port too, but for read1 and readinto1, which bare metal lacks)
#   virtual-root  as on a pyboard: the flash is at /flash, an SD card in the file FLASH.sd at /sd, and at / is nothing
import builtins, io, sys, vfs

GET_FILENO = 10  # py/stream.h


class Stdin(io.IOBase):
    def __init__(self, stream):
        self.read = stream.read
        self.readinto = stream.readinto
        self.readline = stream.readline

    def ioctl(self, command, argument):  # for select.poll
        return 0 if command == GET_FILENO else -22


class Sys:
    def __getattr__(self, name):
        return getattr(sys, name)


def replace_stdin(with_buffer):
    replacement = Sys()
    replacement.stdin = Stdin(sys.stdin)
    if with_buffer:
        replacement.stdin.buffer = Stdin(sys.stdin.buffer)
    sys.modules["sys"] = replacement


def hide_modules(hidden):
    original = builtins.__import__

    def find(name, *rest):
        if name in hidden:
            raise ImportError("no module named '" + name + "'")
        return original(name, *rest)

    builtins.__import__ = find


# What mounts the flash for the board, and the card beside it, which is opened while this computer's files are there.
def beside(card):
    def mount(system, path):
        vfs.mount(system, "/flash")
        vfs.mount(card, "/sd")
        sys.path[2:] = ["/flash/lib"]

    return mount


# OPEN_FLASH is board_setup.py's. Returns what is to mount the flash, or None: it is mounted as on most boards.
def install(traits, flash, open_flash):
    words = traits.split(",")
    hidden = [word[5:] for word in words if word.startswith("hide=")]
    with_buffer = "stdin.buffer" not in hidden
    if "blocking" in words or not with_buffer:
        replace_stdin(with_buffer)
    if hidden:
        hide_modules(hidden)
    return beside(open_flash(flash + ".sd", "fat")) if "virtual-root" in words else None
